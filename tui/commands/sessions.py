"""`apprentice sessions` and `apprentice outcome`: what was done, and whether it was achieved."""

from __future__ import annotations

from typing import Annotated, get_args

import typer

from agent.store import Store, Which
from browser.errors import UsageError
from tui.output import note, print_json, print_table, say

PARTS: dict[str, Which] = {name: name for name in get_args(Which)}


def sessions(
    search: Annotated[str, typer.Argument(help="Words of the task.")] = "",
    only: Annotated[str, typer.Option(help=f"Only a part: {', '.join(PARTS)}.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="How many, the latest first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List sessions."""
    part = PARTS.get(only.replace("-", " ")) if only else None
    if only and part is None:
        raise UsageError(f"there is no part of the sessions called {only!r}", f"The parts are {', '.join(PARTS)}")
    with Store.open() as store:
        rows = store.sessions(search or None, limit, only=part)
    if as_json:
        print_json(rows)
        return
    if not rows:
        say("No such session." if search or only else 'No sessions yet. Begin one: apprentice run "…" --url http://…')
        return
    print_table(
        ("session", "kind", "task", "steps", "ended", "outcome"),
        [
            (row.id, row.kind, row.task, row.steps, row.stop_reason or "unfinished", _outcome(row.outcome))
            for row in rows
        ],
    )


def outcome(
    session: Annotated[str, typer.Argument(help="The session's id, or its beginning.")],
    succeeded: Annotated[bool | None, typer.Option("--succeeded/--failed", help="Was the task achieved?")] = None,
    remark: Annotated[str, typer.Option("--note", help="Why.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say, now or months later, whether a session achieved its task."""
    if succeeded is None:
        raise UsageError(
            "say --succeeded or --failed",
            f"For example: apprentice outcome {session} --failed --note 'the bill was rejected'",
        )
    from agent.verdicts import judge  # with the guard, which no list needs

    with Store.open() as store:
        row = store.session(session)
        followed = judge(store, row.id, succeeded, "person", remark)
        if as_json:
            print_json(store.outcomes(row.id))
        else:
            say(f"{row.id}: {'achieved' if succeeded else 'not achieved'}")
    for line in followed.said():
        note(line)


def _outcome(value: bool | None) -> str:
    return "" if value is None else ("achieved" if value else "not achieved")
