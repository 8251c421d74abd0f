"""`apprentice lessons`: what was taught."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.lessons.editing import edit as reworded
from agent.store import LessonRow, Store
from browser.errors import UsageError
from tui.output import print_json, print_table, say


def lessons(
    show: Annotated[str, typer.Option(help="Show one lesson whole: its id, or its beginning.")] = "",
    retire: Annotated[str, typer.Option(help="Take a lesson out of use: its id, or its beginning.")] = "",
    approve: Annotated[str, typer.Option(help="Say that a lesson is right: its id, or its beginning.")] = "",
    edit: Annotated[str, typer.Option(help="Say a lesson in other words (--words): its id, or its beginning.")] = "",
    words: Annotated[str, typer.Option(help="With --edit: the new words. The old lesson is retired.")] = "",
    app: Annotated[str, typer.Option(help="Only this app's.")] = "",
    retired: Annotated[bool, typer.Option("--retired", help="List those that are no longer used, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List lessons, show one, approve or retire one, or say one in other words."""
    if sum(map(bool, (show, retire, approve, edit))) > 1:
        raise UsageError("only one thing is done at a time", "Use one of --show, --retire, --approve and --edit")
    if words and not edit:
        raise UsageError("--words are the new words of a lesson", "Name the lesson with --edit")
    with Store.open() as store:
        if retire or approve or edit:
            done = _change(store, retire, approve, edit, words)
            if as_json:
                print_json(done)
            else:
                say(_said(done, edit))
            return
        if show:
            row = store.lesson(show)
            if as_json:
                print_json(row)
            else:
                say(row.text)
            return
        rows = store.lessons(app or None, include_retired=retired)
    if as_json:
        print_json(rows)
    elif not rows:
        say('Nothing was taught yet. Show something once: apprentice teach "…" --url http://…')
    else:
        print_table(
            ("lesson", "kind", "app", "taught with", "where", "approved"),
            [
                (
                    row.id,
                    row.kind,
                    row.app,
                    row.task or row.text,
                    _place(row),
                    "yes" if row.approved_at else "no",
                )
                for row in rows
            ],
        )


def _change(store: Store, retire: str, approve: str, edit: str, words: str) -> LessonRow:
    """Do the one thing that was asked for, and return the lesson as it is then."""
    lesson = store.lesson(retire or approve or edit)
    if edit:
        return store.lesson(reworded(store, lesson, words))
    if retire:
        store.retire_lesson(lesson.id)
    else:
        store.approve_lesson(lesson.id)
    return store.lesson(lesson.id)


def _said(row: LessonRow, edit: str) -> str:
    if edit:
        return f"lesson {row.id} takes its place"
    return f"lesson {row.id} is {'no longer used' if row.retired_at else 'approved'}"


def _place(row: LessonRow) -> str:
    if row.retired_at:
        return "retired"
    return "in the weights" if row.in_weights_adapter_id else "in context"
