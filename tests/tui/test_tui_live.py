"""Live, driven by keys, with a session in a process of its own that runs the real loop, guard, store and pipe."""

from __future__ import annotations

import sys

import pytest
from driving import NARROW, WIDE, Opened, becomes, shows, start, text, told, type_in, until

from agent.store import SessionRow, Store
from tui.messages import Done, NoteArrived
from tui.widgets.timeline import MOST_LINES, Line, Timeline


def only(store: Store) -> SessionRow:
    (row,) = store.sessions()
    return row


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


async def test_a_session_is_watched_to_its_end(store: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await start(pilot, "Add a bill Lunch of 12.50 paid by Alex")
        await shows(pilot, "ended: done: the bill is there", "F6 new task")
        assert '2  type "What" [4] "Lunch"' in text(pilot)
        assert 'row "Lunch 12.50 Alex"' in text(pilot)
        await shows(pilot, "0.8 s, 412 tokens read, 9 written a step")
    assert (only(store).stop_reason, only(store).steps) == ("done", 6)


@pytest.mark.parametrize("display", [True, False], ids=["window", "no window"])
async def test_a_session_is_paused_and_goes_on(
    store: Store, opened: Opened, display: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not display:
        monkeypatch.delenv("DISPLAY")
        monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    async with opened() as pilot:
        await start(pilot, "Pause before the amount")
        await shows(pilot, '1  click "Add a bill"')
        await pilot.press("f7")
        await shows(pilot, "you have the wheel", "hands it back" if display else "F7 lets the agent go on")
        assert len(store.steps(only(store).id)) == 1, "what the agent was about to do is not done"
        await pilot.press("f7")
        await shows(pilot, "ended: done: the bill is there")
    assert (only(store).stop_reason, only(store).steps) == ("done", 6)


async def test_something_else_is_done_in_the_place_of_what_waits_for_approval(store: Store, opened: Opened) -> None:
    async with opened(NARROW) as pilot:
        await start(pilot, "Delete the last one")
        await shows(pilot, "Allow it? y yes, n no, ctrl+r something else")
        await pilot.press("ctrl+r")
        await shows(pilot, "Instead of what the agent does next")
        assert "Allow it?" not in text(pilot)
        await pilot.press("escape")
        await shows(pilot, "Allow it?")
        await pilot.press("ctrl+r")
        await type_in(pilot, "fly")
        await pilot.press("enter")
        await shows(pilot, "unknown action 'fly'")
        await pilot.press(
            *["backspace"] * 3, *"click", "space", "quotation_mark", *"Add", "space", "a", "space", *"bill"
        )
        await pilot.press("quotation_mark", "enter")
        await shows(pilot, 'click "Add a bill"', "ended: done")
    steps = store.steps(only(store).id)
    assert [(step.actor, step.action.render(with_ref=False)) for step in steps] == [
        ("person", 'click "Add a bill"'),
        ("agent", "done"),
    ]


async def test_a_question_is_answered_by_what_is_to_be_done(store: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await start(pilot, "Ask for the hotel")
        await shows(pilot, "What did the hotel cost?")
        await pilot.press("ctrl+r")
        await pilot.press(*"type", "space", "quotation_mark", *"Amount", "quotation_mark", "space", "quotation_mark")
        await pilot.press("7", "quotation_mark", "enter")
        await shows(pilot, "ended: done")
    assert [step.actor for step in store.steps(only(store).id)] == ["agent", "agent", "person", "agent"]


async def test_enter_in_the_last_field_starts_under_the_apps_name(store: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await type_in(pilot, "Add")
        await pilot.press("enter")
        await type_in(pilot, "http://127.0.0.1:8000/")
        await pilot.press("tab")
        await type_in(pilot, "bills")
        await pilot.press("enter")
        await shows(pilot, "ended: done")
    assert only(store).app == "bills"


async def test_a_note_that_comes_after_the_first_page_says_nothing_any_more(opened: Opened) -> None:
    # Two pipes have no order: what was said while the model was read in may arrive once the session is at work.
    async with opened() as pilot:
        await start(pilot, "Ask for the hotel")
        await shows(pilot, "The session asks")
        pilot.app.screen.post_message(NoteArrived("loading the example"))
        await pilot.pause()
        assert "needs your answer" in text(pilot)
        assert "loading the example" not in text(pilot)


@pytest.mark.parametrize(
    ("task", "url", "said"),
    [
        ("", "http://127.0.0.1:8000/", "The task is empty"),
        ("Add", "", "begins with http://"),
        ("Add", "127.0.0.1", "begins with http://"),
        ("Add", "http://", "it needs a host"),
    ],
)
async def test_what_is_missing_is_said_before_anything_starts(
    store: Store, opened: Opened, task: str, url: str, said: str
) -> None:
    async with opened(session_command=python("raise SystemExit('started')")) as pilot:
        await start(pilot, task, url)
        await shows(pilot, said, "No session is running")
    assert store.sessions() == []


async def test_lessons_in_context_are_named(filled: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await start(pilot, "Ask Chris about the museum bill")
        await shows(pilot, "3 lessons in context", "Asked: Chris paid Bea back 20")


async def test_an_answer_reaches_the_session(store: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await start(pilot, "Ask for the hotel")
        await shows(pilot, "The session asks: What did the hotel cost?", "needs your answer, step 2")
        await pilot.press("enter")  # an empty answer is none
        await type_in(pilot, "90 euros")
        await pilot.press("enter")
        await shows(pilot, "the person answers: 90 euros", "ended: done")
        assert "The session asks" not in text(pilot)
    assert store.steps(only(store).id)[1].note == "the person answers: 90 euros"


async def test_a_question_can_be_left_open(store: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await start(pilot, "Ask for the hotel")
        await shows(pilot, "The session asks")
        await pilot.press("escape")
        await shows(pilot, "ended: asked: What did the hotel cost?")
    assert only(store).stop_reason == "asked"


@pytest.mark.parametrize(("key", "allowed"), [("y", True), ("n", False)])
async def test_an_action_with_consequences_waits_for_the_person(
    store: Store, opened: Opened, key: str, allowed: bool
) -> None:
    async with opened() as pilot:
        await start(pilot, "Delete the dinner")
        await shows(pilot, 'The session wants to: click "Delete the last bill" [8]', "Consequence: delete")
        await pilot.press("x", "enter", "space")  # no other key decides
        assert "Allow it?" in text(pilot)
        await pilot.press(key)
        await shows(pilot, "ended: done")
        assert ("refused:" in text(pilot)) is not allowed
    verdict = store.steps(only(store).id)[0].guard
    assert verdict is not None
    assert (verdict["allowed"], verdict["by"]) == (allowed, "person")


async def test_one_key_stops_a_session_and_the_store_says_so(store: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await start(pilot, "Ask for the hotel")
        await shows(pilot, "The session asks")
        await pilot.press("f8")
        await shows(pilot, "ended: interrupted")
        assert "The session asks" not in text(pilot)
    assert only(store).stop_reason == "interrupted"


async def test_a_failed_step_says_why(store: Store, opened: Opened) -> None:
    async with opened(NARROW) as pilot:
        await start(pilot, "Wrong key")
        await shows(pilot, "failed: the page did not react", "ended: failed: there is no such bill")


async def test_an_error_is_shown_with_its_next_step(opened: Opened) -> None:
    async with opened() as pilot:
        await start(pilot, "Add", "http://unreachable.test/")
        await shows(pilot, "ended: http://unreachable.test/ does not answer. Start the app and try again")


async def test_a_process_that_dies_without_a_word_is_no_riddle(opened: Opened) -> None:
    async with opened(session_command=python("raise SystemExit(9)")) as pilot:
        await start(pilot, "Add")
        await shows(pilot, "ended: the process ended with 9; what was recorded before is kept")


async def test_a_command_that_cannot_be_started_says_so(opened: Opened) -> None:
    async with opened(session_command=["/nonexistent/apprentice"]) as pilot:
        await start(pilot, "Add")
        await shows(pilot, "/nonexistent/apprentice cannot be started")


async def test_words_of_the_process_are_notes_and_never_markup(opened: Opened) -> None:
    code = "import sys; print('[bold]loading[/] [12]'); print('[oops', file=sys.stderr); sys.stdout.flush(); sys.stdin.read()"
    async with opened(session_command=python(code)) as pilot:
        await start(pilot, "Add")
        await until(pilot, lambda: "[bold]loading[/] [12]" in text(pilot) or "[oops" in text(pilot))
        await pilot.press("f8")
        await shows(pilot, "ended")


async def test_a_new_task_keeps_the_address(opened: Opened) -> None:
    async with opened() as pilot:
        await start(pilot, "Add")
        await shows(pilot, "ended: done", "F6 new task")
        await pilot.press("f6")
        await shows(pilot, "No session is running", "http://127.0.0.1:8000/")
        await pilot.press("f5")
        await shows(pilot, "ended: done")


async def test_a_waiting_session_calls_from_any_screen(opened: Opened) -> None:
    async with opened() as pilot:
        await start(pilot, "Ask for the hotel")
        await pilot.press("f3")
        await shows(pilot, "session: needs your answer")
        await told(pilot, "The session waits for you: press F2.")
        await pilot.press("f2")
        await shows(pilot, "The session asks")
        await type_in(pilot, "90")
        await pilot.press("enter")
        await shows(pilot, "ended: done")


async def test_turning_away_from_a_question_is_told(opened: Opened) -> None:
    async with opened() as pilot:
        await start(pilot, "Ask for the hotel")
        await shows(pilot, "The session asks")
        pilot.app.post_message(Done("Something else was done."))
        await told(pilot, "Something else was done.")
        await pilot.press("f3")
        await told(pilot, "The session waits for you: press F2.")


async def test_leaving_stops_a_session_only_when_the_person_agrees(store: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await start(pilot, "Ask for the hotel")
        await shows(pilot, "The session asks")
        await pilot.press("ctrl+q")
        await shows(pilot, "Stop it and leave?")
        await pilot.press("n")
        await shows(pilot, "The session asks")
        await pilot.press("ctrl+q", "y")
        assert pilot.app.return_code == 0
    await becomes(lambda: only(store).stop_reason == "interrupted")


async def test_sixty_steps_a_second_are_all_told_in_their_order(opened: Opened) -> None:
    async with opened(WIDE, session_command=python("from bench.live import emit; emit(300, 1.5)")) as pilot:
        await start(pilot, "many steps")
        await until(pilot, lambda: "ended: done" in text(pilot))
        timeline = pilot.app.screen.query_one(Timeline)
        await until(pilot, lambda: len(timeline.query(Line)) <= MOST_LINES)
        lines = list(timeline.query(Line))
        told = "\n".join(line.said.plain for line in lines).splitlines()
        assert [int(line.split()[0]) for line in told[:-1]] == list(range(1, 451))
        assert told[-1] == "ended: done"
        assert len(lines) <= MOST_LINES
        assert timeline.virtual_size.height == 451, "what became one widget looks as it did"
        assert "Page 449" in text(pilot)
