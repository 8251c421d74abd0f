"""The tables of the screens: their columns, and how a record becomes a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent.store import AdapterRow, SessionRow
from tui import words
from tui.lineage import lineage
from tui.reading import Learning, Taught
from tui.widgets.rows import Column, Row

SESSIONS = (Column("when", 16), Column("task"), Column("steps", 5), Column("ended", 11), Column("outcome", 12))
TAUGHT = (Column("where", 14), Column("approved", 8), Column("taught with"), Column("kind", 13))
LESSONS = (Column("where", 14), Column("taught with"), Column("kind", 13))
ADAPTERS = (Column("adapter", 12), Column("state", 10), Column("gate"), Column("made", 16))
LINEAGE = (Column("adapter"), Column("state", 18), Column("gate", 9))
FINDINGS = (Column("", 4), Column("what", 14), Column("found"))
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


def taught(all_of_it: Taught) -> list[Row]:
    """Return a row for each lesson, also those that are retired."""
    return [
        Row(
            row.id,
            (
                words.place(row, all_of_it.champion),
                "yes" if row.approved_at else "no",
                row.task or row.text.replace("\n", " "),
                row.kind,
            ),
        )
        for row in all_of_it.lessons
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


def lineage_rows(learning: Learning, marked: str | None) -> list[Row]:
    """Return a row for each adapter, indented below the one it came from."""
    return [
        Row(
            row.id,
            (
                f"{'  ' * depth}{words.short(row.id)}",
                words.state(row, learning.champion) + (", marked" if row.id == marked else ""),
                words.gate(row),
            ),
        )
        for row, depth in lineage(learning.adapters)
    ]


def findings(found: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return a row for each finding of the doctor, and one for what to do about it."""
    rows = []
    for item in found:
        mark = {True: "ok", False: "FAIL", None: "note"}[item["ok"]]
        rows.append(Row(item["name"], (mark, item["name"], item["detail"])))
        if item["ok"] is not True and item["next_step"]:
            rows.append(Row(f"{item['name']} next", ("", "", item["next_step"])))
    return rows


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
