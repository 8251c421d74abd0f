"""Sessions: the list, the search, and one session step by step."""

from __future__ import annotations

import sqlite3
from typing import get_args

from driving import NARROW, Opened, go, shows, text, told, type_in, until

from agent.store import Store, Which
from browser.actions import parse
from browser.types import StepResult
from tests.judged import promoted, worked
from tui.example import ORIGIN, BillsApp


async def test_sessions_of_other_processes_appear(store: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await go(pilot, "f3")
        await shows(pilot, "No sessions yet. Press F2")
        with Store.open(store.path) as other:
            other.begin_session("Order more paper", ORIGIN, ORIGIN)
        await shows(pilot, "Order more paper", "unfinished")


async def test_the_search_finds_words_while_they_are_typed(filled: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await go(pilot, "f3")
        await pilot.press("ctrl+f")
        await type_in(pilot, "bill mus")
        await until(pilot, lambda: "Taxi" not in text(pilot))
        assert "Add a bill Museum of 20 paid by Bea" in text(pilot)
        await type_in(pilot, "x")
        await shows(pilot, "No task has the words 'bill musx'")
        await pilot.press("escape")
        await shows(pilot, "Taxi", "Museum")
        await pilot.press("enter")
        await shows(pilot, "Step 1 of 2")


async def test_a_part_of_the_sessions_is_listed_alone(filled: Store, opened: Opened) -> None:
    achieved, failed = (filled.begin_session(task, ORIGIN, ORIGIN) for task in ("Order paper", "Order ink"))
    for session_id, succeeded in ((achieved, True), (failed, False)):
        filled.end_session(session_id, "done")
        filled.add_outcome(session_id, succeeded, "person")
    async with opened(NARROW) as pilot:
        await go(pilot, "f3")
        await shows(pilot, "Order paper", "Order ink", "Taxi")
        await pilot.press("f")
        await shows(pilot, "Only: achieved", "Order paper")
        await until(pilot, lambda: "Order ink" not in text(pilot))
        await pilot.press("f")
        await shows(pilot, "Only: not achieved", "Order ink")
        await until(pilot, lambda: "Order paper" not in text(pilot))
        await pilot.press("ctrl+f")
        await type_in(pilot, "paper")
        await shows(pilot, "No task has the words 'paper' and is not achieved")
        await pilot.press("escape")
        await shows(pilot, "Order paper", "Order ink", "Taxi")
        assert "Only:" not in text(pilot)


def test_every_part_is_known_to_the_store_and_together_they_leave_nothing_out(filled: Store) -> None:
    for succeeded in (True, False):
        session_id = filled.begin_session("Order", ORIGIN, ORIGIN)
        filled.end_session(session_id, "done")
        filled.add_outcome(session_id, succeeded, "check")
    filled.begin_session("Order more", ORIGIN, ORIGIN)
    parts = {part: {row.id for row in filled.sessions(limit=100, only=part)} for part in get_args(Which)}
    taught = parts.pop("taught")
    assert all(parts.values()) and sum(map(len, parts.values())) == len(set().union(*parts.values()))
    assert set().union(*parts.values()) == {row.id for row in filled.sessions(limit=100)}
    assert taught == {row.id for row in filled.sessions(limit=100) if row.kind == "teach"} != set()


async def test_the_cursor_stays_on_its_session_when_another_comes(filled: Store, opened: Opened) -> None:
    async with opened(NARROW) as pilot:
        await go(pilot, "f3")
        await pilot.press("down", "down", "down")
        filled.begin_session("Order more paper", ORIGIN, ORIGIN)
        await shows(pilot, "Order more paper")
        await pilot.press("enter")
        await shows(pilot, "Add a bill Taxi of 18 paid by Alex", "Step 1 of 6")


async def test_steps_are_gone_through_with_keys(filled: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await go(pilot, "f3")
        await pilot.press("down", "down")
        await go(pilot, "enter")
        assert 'Step 1 of 6: click "Add a bill" [3]' in text(pilot)
        await pilot.press("left")
        assert "Step 1 of 6" in text(pilot)
        await pilot.press("right", "right")
        assert 'type "Amount" [5] "12.50"' in text(pilot)
        assert 'textbox "What" [4] = "Lunch" required' in text(pilot)
        await pilot.press("end", "right")
        assert "Step 6 of 6: done" in text(pilot)
        await pilot.press("home")
        await shows(pilot, "Step 1 of 6", "guard: allowed", "decided in 820 ms, acted in 140 ms", "1 lesson in context")
        await pilot.press("escape")
        await shows(pilot, "when", "outcome", "Remove the dinner")


async def test_a_refused_step_says_who_refused(filled: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await go(pilot, "f3")
        await pilot.press("down")
        await go(pilot, "enter")
        await shows(pilot, "ended: denied", "guard: refused, delete", "(nobody)", "failed: not allowed")


async def test_the_persons_word_is_kept_and_the_last_one_counts(filled: Store, opened: Opened) -> None:
    latest = filled.sessions()[0]
    async with opened() as pilot:
        await go(pilot, "f3")
        await go(pilot, "enter")
        await shows(pilot, "outcome: unknown")
        await pilot.press("y")
        await shows(pilot, "outcome: achieved")
        await pilot.press("n")
        await shows(pilot, "outcome: not achieved")
        await pilot.press("escape")
        await shows(pilot, "Search the tasks", "not achieved")
    assert [(row.succeeded, row.source) for row in filled.outcomes(latest.id)] == [(True, "person"), (False, "person")]


async def test_what_followed_from_the_persons_word_is_told(store: Store, opened: Opened) -> None:
    found, champion = worked(store), promoted(store)
    failed = [worked(store, champion) for _ in range(2)]
    store.add_outcome(failed[0], False, "check")
    async with opened() as pilot:
        await go(pilot, "f3")
        await go(pilot, "enter")
        await pilot.press("n", "escape")
        await told(pilot, f"adapter {champion} failed 2 times and was taken back", "the base acts")
        await pilot.press("down", "down")
        await go(pilot, "enter")
        await pilot.press("y")
        await shows(pilot, "outcome: achieved")
        learned = [row.id for row in store.lessons() if row.kind == "correction"]
        await told(pilot, f"lesson {learned[0]} was learned from it")
    assert [row.succeeded for row in store.outcomes(found)] == [True]


async def test_keys_that_are_pressed_while_a_word_is_recorded_wait_for_their_turn(store: Store, opened: Opened) -> None:
    session_id = worked(store)
    other = sqlite3.connect(store.path, isolation_level=None)
    async with opened() as pilot:
        await go(pilot, "f3")
        await go(pilot, "enter")
        other.execute("BEGIN IMMEDIATE")  # no word is on the disk before all keys are pressed
        await pilot.press("y", "y", "n", "n", "y")
        other.execute("ROLLBACK")
        await pilot.app.workers.wait_for_complete()
        await shows(pilot, "outcome: achieved")
        await pilot.press("y")
        await pilot.app.workers.wait_for_complete()
    assert [row.succeeded for row in store.outcomes(session_id)] == [True, False, True]
    assert [row.source_session_id for row in store.lessons()] == [session_id]
    other.close()


async def test_a_session_that_goes_on_elsewhere_is_followed(store: Store, opened: Opened) -> None:
    page = BillsApp().reset()
    session_id = store.begin_session("Order more paper", ORIGIN, ORIGIN)
    store.begin_step(session_id, 0, page, parse('find "paper"'))
    async with opened() as pilot:
        await go(pilot, "f3")
        await go(pilot, "enter")
        assert "ended: unfinished" in text(pilot)
        assert "result unknown" in text(pilot)
        store.finish_step(session_id, 0, StepResult(page, note="found"))
        await shows(pilot, "by the agent, ok: found")
        store.end_session(session_id, "done", "ordered")
        await shows(pilot, "ended: done: ordered")


async def test_a_session_without_steps_says_so(store: Store, opened: Opened) -> None:
    store.begin_session("Order more paper", ORIGIN, ORIGIN)
    async with opened(NARROW) as pilot:
        await go(pilot, "f3")
        await go(pilot, "enter")
        assert "This session ended before its first step" in text(pilot)
        await pilot.press("right", "left", "end", "home")
        assert "This session ended before its first step" in text(pilot)


async def test_a_damaged_page_is_an_error_in_words(filled: Store, opened: Opened) -> None:
    connection = sqlite3.connect(filled.path)
    with connection:
        connection.execute("UPDATE blobs SET data = x'00'")
    connection.close()
    async with opened() as pilot:
        await go(pilot, "f3")
        await pilot.press("enter")
        await told(pilot, "is damaged", "Put a backup of the file")
