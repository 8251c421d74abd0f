"""The tables of the screens: their columns, and how a record becomes a row."""

from __future__ import annotations

from collections.abc import Sequence

from agent.store import AdapterRow, SessionRow
from tui import words
from tui.reading import Learning
from tui.widgets.rows import Column, Row

SESSIONS = (Column("when", 16), Column("task"), Column("steps", 5), Column("ended", 11), Column("outcome", 12))
LESSONS = (Column("where", 14), Column("taught with"), Column("kind", 13))
ADAPTERS = (Column("adapter", 12), Column("state", 10), Column("gate"), Column("made", 16))
GATE = (Column("row", 4), Column("what must hold", least=34), Column("measured", 21), Column("bound", 21))


def sessions(rows: Sequence[SessionRow]) -> list[Row]:
    """Return a row for each session."""
    return [
        Row(
            row.id, (words.when(row.started_at), row.task, str(row.steps), words.ended(row), words.outcome(row.outcome))
        )
        for row in rows
    ]


def lessons(learning: Learning) -> list[Row]:
    """Return a row for each lesson in use."""
    return [
        Row(row.id, (words.place(row, learning.champion), row.task or row.text.replace("\n", " "), row.kind))
        for row in learning.lessons
    ]


def adapters(learning: Learning) -> list[Row]:
    """Return a row for each adapter."""
    return [
        Row(
            row.id,
            (words.short(row.id), words.state(row, learning.champion), words.gate(row), words.when(row.created_at)),
        )
        for row in learning.adapters
    ]


def gate(adapter: AdapterRow, learning: Learning) -> list[Row]:
    """Return a row for each thing that was checked of an adapter; lessons are named by their task."""
    tasks = {lesson.id: lesson.task for lesson in learning.lessons}
    rows = []
    for number, item in enumerate(adapter.receipt.get("gate", [])):
        name = str(item["name"])
        for identity, task in tasks.items():
            name = name.replace(identity, task)
        verdict = "ok" if item["passed"] else "FAIL"
        rows.append(Row(f"{adapter.id} {number}", (verdict, name, words.measured(item), str(item["bound"]))))
    return rows
