"""What the screens look like, at both sizes. What they do is asserted as text elsewhere."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable

import pytest
from driving import NARROW, WIDE, Opened, go, shows, start, type_in
from textual.pilot import Pilot

from agent.store import Store

FINDINGS = [
    {"name": "python", "ok": True, "detail": "3.11.2", "next_step": ""},
    {"name": "browser", "ok": False, "detail": "no Chromium was found", "next_step": "Install Chromium or Chrome"},
    {"name": "running", "ok": None, "detail": "nothing", "next_step": ""},
]
IDLE = {"may_run": False, "reason": "somebody was here 12 s ago"}
SAYS = f"import sys; print({json.dumps(FINDINGS)!r} if 'doctor' in sys.argv else {json.dumps(IDLE)!r})"
"""What stands for this machine's doctor, whose findings differ from machine to machine."""
Same = Callable[[Pilot[None]], bool]
both_sizes = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
Size = tuple[int, int]


@both_sizes
async def test_live_before_a_session(opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await shows(pilot, "New here?")
        assert same(pilot)


@both_sizes
async def test_live_with_a_question(filled: Store, opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await start(pilot, "Ask for the hotel")
        await shows(pilot, "The session asks", "tokens read")
        assert same(pilot)


@both_sizes
async def test_live_with_an_approval(opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await start(pilot, "Delete the dinner")
        await shows(pilot, "Allow it?")
        assert same(pilot)


@both_sizes
async def test_live_with_a_step_to_type(opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await type_in(pilot, "Add a bill Lunch")
        await pilot.press("enter")
        await type_in(pilot, "http://127.0.0.1:8000/")
        await pilot.press("ctrl+t")
        await shows(pilot, "Step 1, done by you", 'button "Add a bill" [3]', "needs your next step")
        assert same(pilot)


@both_sizes
async def test_live_at_the_end(opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await start(pilot, "Add a bill Lunch of 12.50 paid by Alex")
        await shows(pilot, "ended: done", "tokens read", "F6 new task")
        await pilot.app.workers.wait_for_complete()
        assert same(pilot)


@both_sizes
async def test_sessions(filled: Store, opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await go(pilot, "f3")
        assert same(pilot)


@both_sizes
async def test_session_step(filled: Store, opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await go(pilot, "f3")
        await pilot.press("down", "down")
        await go(pilot, "enter")
        await go(pilot, "right")
        assert same(pilot)


@both_sizes
async def test_learning(filled: Store, opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await go(pilot, "f4")
        await shows(pilot, "palette")
        assert same(pilot)


@both_sizes
async def test_learning_with_nothing_taught(opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await go(pilot, "f4")
        await shows(pilot, "palette")
        assert same(pilot)


@both_sizes
async def test_lessons(filled: Store, opened: Opened, same: Same, size: Size) -> None:
    _with_fixed_names(filled)
    async with opened(size) as pilot:
        await go(pilot, "f9")
        await pilot.press("down")
        await shows(pilot, "shown by the person")
        await shows(pilot, "palette")
        assert same(pilot)


@both_sizes
async def test_a_lesson_said_anew(filled: Store, opened: Opened, same: Same, size: Size) -> None:
    _with_fixed_names(filled)
    async with opened(size) as pilot:
        await go(pilot, "f9")
        await shows(pilot, "said by the person", "e Edit")
        await go(pilot, "e")
        assert same(pilot)


@both_sizes
@pytest.mark.parametrize(
    ("key", "shown"),
    [("f3", "F3 Sessions"), ("f9", "Nothing was taught yet"), ("f10", "F10 Adapters")],
    ids=["sessions", "lessons", "adapters"],
)
async def test_before_anything_was_done(opened: Opened, same: Same, size: Size, key: str, shown: str) -> None:
    async with opened(size) as pilot:
        await go(pilot, key)
        await shows(pilot, shown, "palette")
        assert same(pilot)


@both_sizes
async def test_adapters(filled: Store, opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await go(pilot, "f10")
        await shows(pilot, "Receipt of 4c1f4c1f4c1f")
        await shows(pilot, "palette")
        assert same(pilot)


@both_sizes
async def test_doctor(opened: Opened, same: Same, size: Size) -> None:
    async with opened(size, command=[sys.executable, "-c", SAYS]) as pilot:
        await go(pilot, "f12")
        await shows(pilot, "need attention", "no night now")
        await shows(pilot, "palette")
        assert same(pilot)


@both_sizes
async def test_help(opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await go(pilot, "f4")
        await go(pilot, "f1")
        assert same(pilot)


@both_sizes
async def test_confirm(filled: Store, opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await go(pilot, "f4")
        await go(pilot, "p")
        assert same(pilot)


def _with_fixed_names(store: Store) -> None:
    """Give the lessons ids and times that do not change with the clock."""
    connection = sqlite3.connect(store.path)
    with connection:
        for seq, name in connection.execute("SELECT seq, id FROM lessons").fetchall():
            new = f"01KHG0000000000000000000{seq:02}"
            connection.execute("UPDATE lessons SET id = ? WHERE id = ?", [new, name])
            for table in ("sessions", "adapters"):
                connection.execute(f"UPDATE {table} SET lesson_ids = replace(lesson_ids, ?, ?)", [name, new])
        connection.execute("UPDATE lessons SET created_at = '2026-03-01T09:15:00.000+00:00'")
        for seq, name in connection.execute("SELECT seq, id FROM sessions").fetchall():
            new = f"01KHF0000000000000000000{seq:02}"
            connection.execute("UPDATE sessions SET id = ? WHERE id = ?", [new, name])
            for table, column in (
                ("steps", "session_id"),
                ("outcomes", "session_id"),
                ("lessons", "source_session_id"),
            ):
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", [new, name])
    connection.close()
