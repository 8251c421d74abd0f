"""`apprentice forget`: delete a session or a site for good, and every adapter that learned from it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from agent.store import Store
from agent.store.forgetting import ForgetPlan
from browser.errors import StorageError, UsageError
from tui.output import print_json, say


def forget(
    what: Annotated[
        str, typer.Argument(help="A session's id (or its beginning), an app's name, or an address. Nothing: complete.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and delete nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Forget a session, or all that was done in a site: steps, pages, pictures, lessons, adapters, nights.

    Without WHAT, complete forgetting that was killed half-way. The browser's profile and downloaded files are not touched.
    """
    if not what:
        begun = _complete()
        if as_json:
            print_json({"completed": begun})
        else:
            say(f"{begun} forgettings completed" if begun else "Nothing was left half forgotten")
        return
    if not dry_run:
        _complete()
    with Store.open() as store:
        plan = store.plan_forgetting(what)
        if dry_run:
            _show(plan, "would be forgotten", as_json=as_json)
            return
        if not yes:
            _ask(plan)
        from consolidation.forget import forget as forget_for_good

        done = forget_for_good(store, what)
    if done.found:
        raise StorageError(
            f"something of it is still in {', '.join(done.found)}", "Delete these files, or run apprentice forget again"
        )
    _show(done.plan, "forgotten, and found in no file", as_json=as_json, nights=done.nights)
    if done.plan.adapter_ids and not as_json:
        say("apprentice consolidate learns the other lessons again, from the base; until then they are read in context")


def _complete() -> int:
    """Complete forgetting that was killed half-way, and return how often it was."""
    with Store.open() as store:
        begun = len(store.unfinished_forgettings())
        if begun:
            from agent.lock import instance_lock
            from consolidation.forget import complete

            with instance_lock("session"), instance_lock("consolidation"):
                complete(store)
    return begun


def _ask(plan: ForgetPlan) -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            "forgetting cannot be undone and nobody can be asked", "Say --yes, or look first with --dry-run"
        )
    typer.confirm(f"Forget {_counted(plan)}? This cannot be undone", abort=True, err=True)


def _show(plan: ForgetPlan, what: str, *, as_json: bool, nights: int = 0) -> None:
    if as_json:
        names = {"sessions": plan.session_ids, "lessons": plan.lesson_ids, "adapters": plan.adapter_ids}
        print_json({"state": what, **names, "nights": nights})
    else:
        say(f"{_counted(plan)} {what}")


def _counted(plan: ForgetPlan) -> str:
    counts = (("session", plan.session_ids), ("lesson", plan.lesson_ids), ("adapter", plan.adapter_ids))
    return ", ".join(f"{len(ids)} {name}{'' if len(ids) == 1 else 's'}" for name, ids in counts)
