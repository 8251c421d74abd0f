"""`apprentice lessons`: what was taught."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.store import Store
from tui.output import print_json, print_table, say


def lessons(
    show: Annotated[str, typer.Option(help="Show one lesson whole: its id, or its beginning.")] = "",
    retire: Annotated[str, typer.Option(help="Take a lesson out of use: its id, or its beginning.")] = "",
    app: Annotated[str, typer.Option(help="Only this app's.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List lessons, show one, or retire one."""
    with Store.open() as store:
        if retire:
            row = store.lesson(retire)
            store.retire_lesson(row.id)
            say(f"lesson {row.id} is no longer used")
            return
        if show:
            row = store.lesson(show)
            if as_json:
                print_json(row)
            else:
                say(row.text)
            return
        rows = store.lessons(app or None)
    if as_json:
        print_json(rows)
    elif not rows:
        say('Nothing was taught yet. Show something once: apprentice teach "…" --url http://…')
    else:
        print_table(
            ("lesson", "kind", "app", "taught with", "where"),
            [
                (
                    row.id,
                    row.kind,
                    row.app,
                    row.task or row.text,
                    "in the weights" if row.in_weights_adapter_id else "in context",
                )
                for row in rows
            ],
        )
