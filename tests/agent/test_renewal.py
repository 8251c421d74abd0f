"""A recorded session done again after its page changed, and its lesson brought up to date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pytest

from agent.guard import Guard
from agent.lessons.renewal import renew
from agent.lessons.text import demonstration_text
from agent.loop import Session
from agent.rerun import Rerun
from agent.stop import StopReason
from agent.store import LessonStep, Store
from browser.actions import Action, Verb, parse
from browser.healing import heal
from browser.types import Line, Observation, StepResult

URL = "http://a.example/"
FORM = Observation(
    URL,
    "Bills",
    (Line("heading", "Bill"), Line("textbox", "What", 1), Line("textbox", "Password", 2), Line("button", "Save", 3)),
)
STEPS = ('type "What" [1] "Fuel"', 'click "Save" [3]')


@dataclass
class Still:
    """A page on which every action succeeds and nothing moves."""

    page: Observation

    def reset(self) -> Observation:
        return self.page

    def step(self, action: Action) -> StepResult:
        return StepResult(self.page, note="seen")

    def close(self) -> None:
        """Nothing to give back."""


@pytest.fixture
def store() -> Iterable[Store]:
    with Store.open() as opened:
        yield opened


def later(**names: str) -> Observation:
    """The form with other refs, and other names."""
    return replace(
        FORM,
        lines=tuple(
            replace(line, name=names.get(line.name, line.name), ref=line.ref and line.ref + 40) for line in FORM.lines
        ),
    )


def recorded(store: Store, steps: tuple[str, ...]) -> str:
    """A session in which a person did these steps on the form."""
    session_id = store.begin_session("a bill of fuel", URL, URL, kind="teach")
    for number, step in enumerate(steps):
        store.begin_step(session_id, number, FORM, parse(step), actor="person")
        store.finish_step(session_id, number, StepResult(FORM))
    store.end_session(session_id, StopReason.DONE)
    return session_id


def perform(store: Store, page: Observation, steps: tuple[str, ...] = STEPS) -> Session:
    source = recorded(store, steps)
    session_id = store.begin_session("a bill of fuel", URL, URL, kind="replay", parent_id=source)
    policy = Rerun(store.steps(source), find=heal)
    session = Session(session_id, "a bill of fuel", Still(page), policy, Guard.for_task(URL), store)
    session.run()
    return session


def test_recorded_refs_are_not_used_but_found_again(store: Store) -> None:
    session = perform(store, later())
    rows = store.steps(session.id)
    assert [row.action.render() for row in rows] == ['type "What" [41] "Fuel"', 'click "Save" [43]', "done"]
    assert [row.note for row in rows] == ["seen", "seen", ""]


def test_what_is_called_otherwise_is_noted_with_the_step(store: Store) -> None:
    session = perform(store, later(Save="Save bill"))
    rows = store.steps(session.id)
    assert rows[1].action == parse('click "Save bill" [43]')
    assert rows[1].note.startswith('found again: "Save" is now "Save bill", a like name and role')
    assert rows[1].note.endswith("; seen")


def test_what_is_not_found_ends_the_session_with_the_reason(store: Store) -> None:
    session = perform(store, later(Save="Delete"))
    assert store.session(session.id).stop_reason == StopReason.FAILED
    assert session.answer == 'step 2: button "Delete" is not it: its name promises something else'


def test_a_secret_is_not_typed_as_it_was_recorded(store: Store) -> None:
    session = perform(store, later(), ('type "Password" [2] "<secret>"',))
    assert session.answer == 'step 1: what was typed into "Password" was a secret: no record has it'


def lesson(store: Store) -> str:
    source = store.begin_session("a bill of fuel", URL, URL, kind="teach")
    actions = [replace(parse(step), ref=None) for step in STEPS]
    return store.add_lesson(
        "demonstration",
        URL,
        "a bill of fuel",
        demonstration_text("a bill of fuel", [*actions, Action(Verb.DONE)]),
        steps=[LessonStep(action.render()) for action in actions],
        source_session_id=source,
    )


def test_a_lesson_is_renewed_by_a_session_that_found_its_controls_again(store: Store) -> None:
    old = lesson(store)
    session = perform(store, later(Save="Save bill"))
    new = renew(store, store.lesson(old), session.id)
    assert new is not None
    assert store.lesson(new).text == 'Asked: a bill of fuel\ntype "What" "Fuel"\nclick "Save bill"\ndone'
    assert store.lesson(new).steps[1].action == 'click "Save bill"'
    assert store.lesson(new).source_session_id == session.id
    assert [row.id for row in store.find_lessons(URL, "a bill of fuel")] == [new]
    assert store.lesson(old).text.endswith('click "Save"\ndone'), "what was taught is kept as it was"


@pytest.mark.parametrize("page", [later(), later(Save="Delete")])
def test_a_lesson_stays_when_nothing_changed_or_not_all_was_done(store: Store, page: Observation) -> None:
    old = lesson(store)
    assert renew(store, store.lesson(old), perform(store, page).id) is None
    assert store.lesson(old).retired_at is None
