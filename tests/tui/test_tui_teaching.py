"""Teaching in the dashboard, by keys: each action typed and completed, what is wrong said, and the lesson that comes of it."""

from __future__ import annotations

import sys

from driving import NARROW, Opened, go, shows, text, type_in, until
from textual.pilot import Pilot
from textual.widgets import Input

from agent.store import Store

TASK = "Add a bill Lunch of 12.50 paid by Alex"
URL = "http://127.0.0.1:8000/"
NAMES = {'"': "quotation_mark", " ": "space", ".": "full_stop", ":": "colon", "/": "slash", "[": "left_square_bracket"}


async def begin(pilot: Pilot[None]) -> None:
    await type_in(pilot, TASK)
    await pilot.press("enter")
    await type_in(pilot, URL)
    await pilot.press("ctrl+t")
    await shows(pilot, "Step 1, done by you", 'button "Add a bill" [3]')


async def do(pilot: Pilot[None], action: str, then: str) -> None:
    for char in action:
        await pilot.press(NAMES.get(char, char))
    await pilot.press("enter")
    await shows(pilot, then)


async def test_a_task_is_shown_once_and_becomes_a_lesson(store: Store, opened: Opened) -> None:
    async with opened(NARROW) as pilot:
        await shows(pilot, "New here?")
        await begin(pilot)
        assert "what you do here becomes the lesson" in text(pilot)
        for number, action in enumerate(
            [
                'click "Add a bill"',
                'type "What" "Lunch"',
                'type "Amount" "12.50"',
                'select "Payer" "Alex"',
                'click "Save"',
            ],
            start=2,
        ):
            await do(pilot, action, f"Step {number}, done by you")
        await do(pilot, "done", "taught: F9 shows the lesson")
        assert "New here?" not in text(pilot)
        await go(pilot, "f9")
        await shows(pilot, "shown by the person", TASK[:20])
    (session,), (lesson,) = store.sessions(), store.lessons()
    assert (session.kind, session.policy, session.stop_reason) == ("teach", "person", "done")
    assert {step.actor for step in store.steps(session.id)} == {"person"}
    assert [step.action for step in lesson.steps] == [
        *('click "Add a bill"', 'type "What" "Lunch"', 'type "Amount" "12.50"', 'select "Payer" "Alex"'),
        *('click "Save"', "done"),
    ]


async def test_tab_completes_from_what_the_page_offers(opened: Opened) -> None:
    async with opened(NARROW) as pilot:
        await begin(pilot)
        await type_in(pilot, "cl")
        field = pilot.app.screen.query_one("#step", Input)
        await until(pilot, lambda: field._suggestion)
        await pilot.press("tab")
        assert field.value == 'click "Add a bill"'
        assert pilot.app.focused is field
        await pilot.press("enter")
        await shows(pilot, "Step 2, done by you", 'heading "Add a bill"')


async def test_what_cannot_be_done_is_said_and_kept_to_be_mended(store: Store, opened: Opened) -> None:
    async with opened(NARROW) as pilot:
        await begin(pilot)
        await do(pilot, 'click "Add a bil"', '"Add a bil" is not on this page')
        field = pilot.app.screen.query_one("#step", Input)
        assert field.value == 'click "Add a bil"'
        await pilot.press("backspace", "l", "quotation_mark", "enter")
        await shows(pilot, "Step 2, done by you")
        assert "is not on this page" not in text(pilot)
    assert [step.action.render() for step in store.steps(store.sessions()[0].id)] == ['click "Add a bill" [3]']


async def test_an_action_that_fails_is_no_part_of_the_lesson(store: Store, opened: Opened) -> None:
    async with opened(NARROW) as pilot:
        await begin(pilot)
        await do(pilot, 'press "Enter"', "failed: the page did not react")
        await do(pilot, 'click "Delete the last bill"', "Step 3, done by you")
        await do(pilot, "done", "taught:")
    assert [step.action for step in store.lessons()[0].steps] == ['click "Delete the last bill"', "done"]


async def test_who_leaves_teaches_nothing(store: Store, opened: Opened) -> None:
    async with opened(NARROW) as pilot:
        await begin(pilot)
        await pilot.press("escape")
        await shows(pilot, "ended: the demonstration stopped: it was left before its end")
        assert "taught:" not in text(pilot)
    assert store.lessons() == [] and len(store.sessions()) == 1


async def test_a_demonstration_needs_a_task_and_an_address_like_a_session(store: Store, opened: Opened) -> None:
    async with opened(NARROW, teach_command=[sys.executable, "-c", "raise SystemExit('started')"]) as pilot:
        await pilot.press("ctrl+t")
        await shows(pilot, "The task is empty")
    assert store.sessions() == []


async def test_keys_scroll_a_page_that_is_longer_than_the_screen(opened: Opened) -> None:
    async with opened((80, 16)) as pilot:
        await begin(pilot)
        await do(pilot, 'click "Add a bill"', "Step 2, done by you")
        top = text(pilot)
        await pilot.press("pagedown")
        await until(pilot, lambda: text(pilot) != top)
        await pilot.press("pageup")
        await until(pilot, lambda: text(pilot) == top)
