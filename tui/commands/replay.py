"""`apprentice replay`: step through a recorded session."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.store import SessionRow, StepRow, Store
from browser.errors import UsageError
from tui.output import print_json, say


def replay(
    session: Annotated[str, typer.Argument(help="The session's id, or its beginning.")],
    step: Annotated[int | None, typer.Option(min=1, help="Show only this step, with its whole page.")] = None,
    pages: Annotated[bool, typer.Option(help="Show the page of every step.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write a page for a web browser into this file instead.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a step.")] = False,
) -> None:
    """Show what a session saw and did, step by step. At a terminal, Enter shows the next step."""
    with Store.open() as store:
        row = store.session(session)
        if html is not None:
            _write_page(store, row, html)
            return
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


def _write_page(store: Store, row: SessionRow, path: Path) -> None:
    """Write a session's page aside and put it in its place. Raises UsageError for a place that cannot be written."""
    from tui.report import session_page

    page, aside = session_page(store, row), path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(page, encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise UsageError(f"{path} cannot be written: {error.strerror}", "Name a file in a folder of yours") from error
    say(f"written to {path}")


def _show(step: StepRow, *, whole: bool) -> None:
    page = step.observation
    say(f"\n{step.step_no + 1:3}  {page.title}  {page.path}")
    if whole:
        for line in page.lines:
            say(f"       {line.render()}")
    result = "result unknown" if step.ok is None else ("" if step.ok else "failed")
    say(f"  -> {step.action.render()}   {step.actor}, {step.decided_ms:.0f} ms  {result} {step.note}".rstrip())
