"""`apprentice replay`: step through a recorded session."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from agent.store import StepRow, Store
from browser.errors import UsageError
from tui.output import print_json, say


def replay(
    session: Annotated[str, typer.Argument(help="The session's id, or its beginning.")],
    step: Annotated[int | None, typer.Option(min=1, help="Show only this step, with its whole page.")] = None,
    pages: Annotated[bool, typer.Option(help="Show the page of every step.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a step.")] = False,
) -> None:
    """Show what a session saw and did, step by step. At a terminal, Enter shows the next step."""
    with Store.open() as store:
        row = store.session(session)
        steps = store.steps(row.id)
    if step is not None:
        if step > len(steps):
            raise UsageError(f"the session has {len(steps)} steps", f"Give --step 1 to {len(steps)}")
        steps = [steps[step - 1]]
    if as_json:
        for item in steps:
            print_json(step_record(item))
        return
    say(f"{row.id}  {row.task}  ({row.app})")
    for number, item in enumerate(steps):
        _show(item, whole=pages or step is not None)
        if number + 1 < len(steps) and sys.stdin.isatty() and sys.stdout.isatty():
            input("")
    say(f"ended: {row.stop_reason or 'killed or still running'}" + (f": {row.answer}" if row.answer else ""))


def step_record(step: StepRow) -> dict[str, Any]:
    """Return a step as JSON."""
    return {
        "step": step.step_no + 1,
        "url": step.observation.url,
        "title": step.observation.title,
        "lines": [line.render() for line in step.observation.lines],
        "action": step.action.render(),
        "actor": step.actor,
        "ok": step.ok,
        "note": step.note,
        "guard": step.guard,
        "decided_ms": step.decided_ms,
        "acted_ms": step.acted_ms,
        "prompt_tokens": step.prompt_tokens,
        "new_tokens": step.new_tokens,
    }


def _show(step: StepRow, *, whole: bool) -> None:
    page = step.observation
    say(f"\n{step.step_no + 1:3}  {page.title}  {page.path}")
    if whole:
        for line in page.lines:
            say(f"       {line.render()}")
    result = "result unknown" if step.ok is None else ("" if step.ok else "failed")
    say(f"  -> {step.action.render()}   {step.actor}, {step.decided_ms:.0f} ms  {result} {step.note}".rstrip())
