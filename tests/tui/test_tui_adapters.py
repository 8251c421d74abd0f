"""Adapters: lineage, receipts, comparison, and what the doctor says."""

from __future__ import annotations

import json
import sqlite3
import sys

import pytest
from driving import NARROW, Opened, go, shows, text, told

from agent.store import AdapterRow, Store
from tui.lineage import comparison, lineage


def adapter(name: str, parent: str | None = None) -> AdapterRow:
    return AdapterRow(name, "base", parent, "", "2026-03-01T00:00:00.000+00:00", (), {}, "challenger")


def test_children_stand_below_their_parents() -> None:
    rows = [adapter("d", "b"), adapter("c"), adapter("b", "a"), adapter("a"), adapter("e", "gone")]
    assert [(row.id, depth) for row, depth in lineage(rows)] == [("c", 0), ("a", 0), ("b", 1), ("d", 2), ("e", 0)]


def test_a_comparison_names_where_two_differ() -> None:
    def report(voice: str, actions: list[str]) -> dict[str, object]:
        decided = [
            {"session": "s", "step": number, "done": "back", "action": action}
            for number, action in enumerate(actions, 1)
        ]
        agreement = actions.count("back") / len(actions)
        return {
            "voice": voice,
            "steps": 2,
            "sessions": 1,
            "agreement": agreement,
            "probability": 0.5,
            "decisions": decided,
        }

    said = comparison({"reports": [report("base", ["back", "wait"]), report("x", ["back", "back"])]}, {"x": "mine"})
    assert said[0].startswith("base does what was done at 50% of 2 steps of 1 sessions")
    assert said[1].startswith("mine does what was done at 100%")
    assert said[2:] == ["They differ at 1 steps.", "session s, step 2, done: back", "  first: wait   second: back"]


async def test_the_receipt_follows_the_cursor(filled: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await go(pilot, "f10")
        await shows(pilot, "Receipt of 4c1f4c1f4c1f: 6 of 6 ok", "champion, made", "from the base")
        await pilot.press("down")
        await shows(pilot, "Receipt of 9e029e029e02: 4 of 6 ok", "refused, made", "FAIL")


async def test_forgotten_and_corrupt_adapters_say_so(filled: Store, opened: Opened) -> None:
    first, second = (row.id for row in filled.adapters())
    filled.judge_adapter(second, "corrupt")
    connection = sqlite3.connect(filled.path)
    with connection:
        connection.execute("UPDATE adapters SET forgotten_at = '2026-03-05T00:00:00.000+00:00' WHERE id = ?", [first])
    connection.close()
    async with opened(NARROW) as pilot:
        await go(pilot, "f10")
        await shows(pilot, "its files and its receipt are gone")
        assert "p Promote" not in text(pilot)
        await pilot.press("down")
        await shows(pilot, "do not verify")
        assert "p Promote" not in text(pilot)


async def test_rolling_back_asks_first(filled: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await go(pilot, "f10")
        await pilot.press("r")
        await shows(pilot, "Roll back adapter 4c1f4c1f4c1f?")
        await pilot.press("y")
        await told(pilot, "was rolled back")
    assert filled.champion() is None


async def test_forgetting_an_adapter_names_its_sessions(filled: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await go(pilot, "f10")
        await pilot.press("delete")
        await shows(pilot, "Forget 1 session, 1 lesson, 1 adapter", "cannot be")
        await pilot.press("n")
    assert filled.champion() is not None


def decided(voice: str, action: str) -> dict[str, object]:
    steps = [{"session": "01KH", "step": 1, "done": "back", "action": action}]
    return {"voice": voice, "steps": 1, "sessions": 1, "agreement": 1.0, "probability": 0.5, "decisions": steps}


ANSWER = json.dumps({"schema": 1, "reports": [decided("base", "back"), decided("other", "wait")]})


async def test_two_are_compared_on_the_same_steps(filled: Store, opened: Opened) -> None:
    async with opened(command=[sys.executable, "-c", f"print({ANSWER!r})"]) as pilot:
        await go(pilot, "f10")
        await pilot.press("m")
        await shows(pilot, "champion, marked")
        await pilot.press("m", "down", "d")
        await shows(pilot, "They differ at 1 steps", "first: back   second: wait")


async def test_comparing_says_why_it_cannot(filled: Store, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPRENTICE_MODEL", "/nowhere/at/all")
    async with opened() as pilot:
        await go(pilot, "f10")
        await pilot.press("d")
        await told(pilot, "/nowhere/at/all")


async def test_without_adapters_the_base_acts(store: Store, opened: Opened) -> None:
    async with opened(NARROW) as pilot:
        await go(pilot, "f10")
        await shows(pilot, "No adapters yet: the base acts alone")
        await pilot.press("p", "r", "m", "d", "delete")
        await shows(pilot, "No adapters yet")


FINDINGS = [
    {"name": "python", "ok": True, "detail": "3.11", "next_step": ""},
    {"name": "browser", "ok": False, "detail": "no Chromium was found", "next_step": "Install Chromium or Chrome"},
]
IDLE = {"may_run": False, "reason": "the machine runs on battery"}
SAYS = f"import json, sys; print({json.dumps(json.dumps(FINDINGS))} if 'doctor' in sys.argv else {json.dumps(json.dumps(IDLE))})"


async def test_the_doctor_says_what_is_wrong_and_what_to_do(opened: Opened) -> None:
    async with opened(NARROW, command=[sys.executable, "-c", SAYS]) as pilot:
        await go(pilot, "f12")
        await shows(pilot, "1 of 2 need attention", "FAIL", "no Chromium was found", "Install Chromium or Chrome")
        await shows(pilot, "no night now: the machine runs on battery")


async def test_the_real_doctor_answers(opened: Opened) -> None:
    async with opened() as pilot:
        await go(pilot, "f12")
        await shows(pilot, "sqlite", "data directory", "Idle:")


async def test_a_doctor_that_does_not_answer_says_so(opened: Opened) -> None:
    async with opened(command=[sys.executable, "-c", "pass"]) as pilot:
        await go(pilot, "f12")
        await told(pilot, "does not answer", "Run it in a terminal")
