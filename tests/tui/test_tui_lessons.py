"""Lessons: reviewed, approved, said in other words, retired, forgotten."""

from __future__ import annotations

from driving import NARROW, Opened, go, shows, text, told, type_in, until

from agent.store import Store
from tui.example import TAUGHT


async def test_a_lesson_says_who_taught_it_when_where_and_what(filled: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await go(pilot, "f9")
        await shows(
            pilot, "said by the person", "from no session", "not approved yet", "Told: amounts have two decimals"
        )
        await pilot.press("down", "down")
        await shows(pilot, "shown by the person", "in the weights (adapter 4c1f4c1f4c1f)", "Asked: Add a bill Museum")
        source = next(row for row in filled.sessions() if row.task == TAUGHT)
        assert source.id in text(pilot)
        await go(pilot, "enter")
        await shows(pilot, TAUGHT, "Step 1 of 6", "teach in")


async def test_a_lesson_is_approved(filled: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await go(pilot, "f9")
        await pilot.press("a")
        await told(pilot, "The lesson is approved")
        await shows(pilot, "in context      yes")
    assert [bool(row.approved_at) for row in filled.lessons()] == [True, False, False]


async def test_words_are_said_anew_and_the_old_ones_are_kept(filled: Store, opened: Opened) -> None:
    old = filled.lessons()[0]
    async with opened(NARROW) as pilot:
        await go(pilot, "f9")
        await pilot.press("e")
        await shows(pilot, "The lesson in other words", "amounts have two decimals")
        await pilot.press("end")
        await type_in(pilot, " always")
        await pilot.press("enter")
        await told(pilot, "The lesson has the new words")
        await until(pilot, lambda: "Told: amounts have two decimals always" in text(pilot))
    new = filled.lessons()[0]
    assert (new.text, new.kind, new.app) == ("Told: amounts have two decimals always", old.kind, old.app)
    assert filled.lesson(old.id).text == "Told: amounts have two decimals"
    assert filled.lesson(old.id).retired_at is not None


async def test_escape_leaves_the_words(filled: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await go(pilot, "f9")
        await pilot.press("e", "x", "escape")
        await pilot.app.workers.wait_for_complete()
    assert filled.lessons()[0].text == "Told: amounts have two decimals"


async def test_what_was_shown_cannot_be_edited(filled: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await go(pilot, "f9")
        assert "e Edit" in text(pilot)
        await pilot.press("down")
        await shows(pilot, "shown by the person")
        assert "e Edit" not in text(pilot)
        await pilot.press("e")
        assert "The lesson in other words" not in text(pilot)


async def test_retiring_asks_first_and_keeps_the_lesson(filled: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await go(pilot, "f9")
        await pilot.press("x")
        await shows(pilot, "Retire this lesson?")
        await pilot.press("n")
        assert len(filled.lessons()) == 3
        await pilot.press("x", "y")
        await told(pilot, "The lesson is retired")
        await shows(pilot, "retired")
    assert len(filled.lessons()) == 2
    assert len(filled.lessons(include_retired=True)) == 3


async def test_forgetting_says_what_goes_before_it_goes(filled: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await go(pilot, "f9")
        await pilot.press("down", "down", "delete")
        await shows(pilot, "Forget 1 session, 1 lesson, 1 adapter", "4c1f4c1f4c1f", "cannot be")
        await pilot.press("escape")
    assert len(filled.lessons()) == 3


async def test_a_newcomer_is_told_how_to_teach(store: Store, opened: Opened) -> None:
    async with opened(NARROW) as pilot:
        await go(pilot, "f9")
        await shows(pilot, "Nothing was taught yet", "apprentice teach")
        await pilot.press("a", "e", "x", "delete", "enter")
        await shows(pilot, "Nothing was taught yet")
