"""Witnesses of the gate: live sessions with a lesson in context, which the challenger must do alone, and which nothing trains on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from agent.prompt import Prompt
from agent.store import Store
from agent.types import Decision
from browser.actions import Action, Verb, parse
from browser.types import Line, Observation, StepResult
from consolidation.job import Request, recorded, witnesses_of
from consolidation.probes import done_alike
from consolidation.rehearsal.variants import Demonstration
from consolidation.segments import Step

APP = "trip"


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open() as opened:
        yield opened


def live(store: Store, demonstration: Demonstration, *lessons: str, stop: str = "done", actor: str = "agent") -> str:
    session_id = store.begin_session("Bea paid Alex back 7", APP, "http://127.0.0.1/", lesson_ids=lessons)
    for number, step in enumerate(demonstration.steps):
        store.begin_step(session_id, number, step.observation, step.action, actor=actor)
        store.finish_step(session_id, number, step.result)
    store.end_session(session_id, stop)
    return session_id


class Repeats:
    """A policy that knows one session by heart and turns off at one step of it. It must not be shown a lesson."""

    name = "repeats"

    def __init__(self, demonstration: Demonstration, wrong: int | None = None) -> None:
        self.left = list(demonstration.steps)
        self.wrong = wrong
        self.asked = 0

    def decide(self, prompt: Prompt, page: Observation) -> Decision:
        assert "Lesson" not in prompt.user
        step = self.left.pop(0)
        assert page == step.observation
        self.asked += 1
        action = step.action if self.asked - 1 != self.wrong else replace(step.action, verb=Verb.WAIT, ref=None)
        return Decision(action)


def test_what_went_well_with_the_lesson_is_asked_about_the_latest_first(
    store: Store, demonstration: Demonstration
) -> None:
    lesson = store.add_lesson("demonstration", APP, "Chris paid Bea back 20", "Lesson")
    other = store.add_lesson("demonstration", APP, "Invite Bea", "Lesson")
    good, judged = live(store, demonstration, lesson), live(store, demonstration, lesson, other)
    store.add_outcome(judged, True, "check")
    bad = live(store, demonstration, lesson)
    store.add_outcome(bad, False, "person", "the bill was rejected")
    live(store, demonstration)
    live(store, demonstration, other, lesson)
    live(store, demonstration, lesson, stop="failed")
    live(store, demonstration, lesson, actor="person")
    asked = Request("base", "0", (lesson,))
    idle = store.begin_session("nothing to do", APP, "http://127.0.0.1/", lesson_ids=[lesson])
    store.begin_step(idle, 0, demonstration.steps[0].observation, Action(Verb.DONE))
    store.finish_step(idle, 0, StepResult(demonstration.steps[0].observation))
    store.end_session(idle, "done")
    assert [(which, row.id) for which, row, _ in witnesses_of(store, asked)] == [(lesson, judged), (lesson, good)]
    named = replace(asked, witness_ids=(good,))
    assert [row.id for _, row, _ in witnesses_of(store, named)] == [good]
    assert witnesses_of(store, replace(asked, witness_ids=())) == []


def test_a_session_is_done_alike_or_not(store: Store, demonstration: Demonstration) -> None:
    steps = recorded(store, live(store, demonstration))
    assert steps == demonstration.steps
    assert done_alike(Repeats(demonstration), demonstration.task, steps)
    for wrong in range(len(steps)):
        student = Repeats(demonstration, wrong)
        assert not done_alike(student, demonstration.task, steps) and student.asked == wrong + 1


def test_a_session_without_a_result_teaches_nothing(store: Store, demonstration: Demonstration) -> None:
    session_id = store.begin_session("x", APP, "http://127.0.0.1/")
    store.begin_step(session_id, 0, demonstration.steps[0].observation, Action(Verb.WAIT))
    assert recorded(store, session_id) == ()


def test_the_secrets_of_a_session_are_offered_again() -> None:
    field = Line("textbox", "Password", 3, states=("secret",))
    page = Observation("http://127.0.0.1/login", "Log in", (field, Line("button", "Log in", 4)))
    typed = parse('type "Password" [3] <secret:wiki>')
    steps = (Step(page, typed, StepResult(page)), Step(page, Action(Verb.DONE), StepResult(page)))

    class Types(Repeats):
        def decide(self, prompt: Prompt, page: Observation) -> Decision:
            assert prompt.secrets == ("wiki",)
            return super().decide(prompt, page)

    assert done_alike(Types(Demonstration("log in", steps)), "log in", steps)
