"""The loop, driven by a scripted policy in a scripted environment, writing to a real store."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from agent.guard import Guard
from agent.loop import Budget, Session
from agent.policy.scripted import ScriptedPolicy
from agent.stop import StopReason
from agent.store import Store
from browser.actions import Action, Verb
from browser.errors import AppUnreachable
from browser.types import Line, Observation, StepResult

URL = "http://a.example/"
PAGE = Observation(URL, "Bills", (Line("textbox", "What", 1), Line("button", "Save", 2), Line("button", "Delete", 3)))


@dataclass
class ScriptedEnvironment:
    """Fields keep what is typed; every click is counted; one click can be told to break."""

    page: Observation = PAGE
    done: list[Action] = field(default_factory=list)
    breaks_at: int = -1
    closed: bool = False

    def reset(self) -> Observation:
        return self.page

    def step(self, action: Action) -> StepResult:
        if len(self.done) == self.breaks_at:
            raise AppUnreachable("http://a.example does not answer", "Start it")
        self.done.append(action)
        if action.verb is Verb.TYPE:
            lines = tuple(
                replace(line, value=action.text) if line.ref == action.ref else line for line in self.page.lines
            )
            self.page = replace(self.page, lines=lines)
        return StepResult(self.page)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def store() -> Iterable[Store]:
    with Store.open() as opened:
        yield opened


def session(store: Store, actions: list[str], **options: Any) -> tuple[Session, ScriptedEnvironment]:
    environment = options.pop("environment", None) or ScriptedEnvironment()
    guard = options.pop("guard", None) or Guard.for_task(URL)
    session_id = store.begin_session("t", URL, URL)
    return Session(session_id, "t", environment, ScriptedPolicy(actions), guard, store, **options), environment


def test_a_session_is_recorded_step_by_step(store: Store) -> None:
    run, environment = session(store, ['type "What" "Lunch"', 'click "Save"', 'done "saved"'])
    assert run.run() is StopReason.DONE
    steps = store.steps(run.id)
    assert [step.action.render() for step in steps] == ['type "What" [1] "Lunch"', 'click "Save" [2]', 'done "saved"']
    assert steps[0].result_observation == steps[1].observation
    assert all(step.ok and step.guard and step.guard["allowed"] for step in steps)
    row = store.session(run.id)
    assert (row.stop_reason, row.answer, len(environment.done)) == ("done", "saved", 2)


def test_what_is_said_is_what_happened(store: Store) -> None:
    events: list[dict[str, Any]] = []
    run, _ = session(store, ['click "Save"'], listen=events.append)
    run.run()
    assert [event["event"] for event in events] == [
        "session_started",
        *("observed", "decided", "stepped"),
        *("observed", "decided", "stepped"),
        "session_ended",
    ]
    assert all(event["schema"] == 1 for event in events)


@pytest.mark.parametrize(
    ("actions", "reason"),
    [
        (['fail "no such bill"'], StopReason.FAILED),
        (['ask "Which?"'], StopReason.ASKED),
        (['click "Delete"'], StopReason.DENIED),
        (['open "http://b.example/"'], StopReason.DENIED),
        (['click "Save"'] * 9, StopReason.LOOP),
        ([f'type "What" "{n}"' for n in range(9)], StopReason.BUDGET),
        (['click "Nowhere"'], StopReason.FAILED),
    ],
)
def test_how_sessions_end(store: Store, actions: list[str], reason: StopReason) -> None:
    run, _ = session(store, [*actions, 'open "http://b.example/"'], budget=Budget(steps=5))
    assert run.run() is reason
    assert store.session(run.id).stop_reason == reason.value


def test_a_refused_action_never_reaches_the_page(store: Store) -> None:
    run, environment = session(store, ['click "Delete"', 'click "Save"'])
    run.run()
    assert environment.done == []
    step = store.steps(run.id)[0]
    assert step.ok is False and "nobody can approve" in step.note


def test_the_person_answers_and_the_session_goes_on(store: Store) -> None:
    run, _ = session(store, ['ask "Which?"', 'click "Save"'], ask=lambda question: f"the answer to {question}")
    assert run.run() is StopReason.DONE
    assert store.steps(run.id)[0].note == "the person answers: the answer to Which?"


def test_a_person_who_says_no_is_asked_again_once(store: Store) -> None:
    guard = Guard.for_task(URL, approver=lambda _action, _verdict: False)
    run, environment = session(store, ['click "Delete"', 'click "Delete"', 'click "Save"'], guard=guard)
    assert run.run() is StopReason.DENIED
    assert environment.done == [] and len(store.steps(run.id)) == 2


def test_time_runs_out(store: Store) -> None:
    run, _ = session(store, ['click "Save"'], budget=Budget(seconds=-1))
    assert run.run() is StopReason.BUDGET


def test_an_app_that_goes_away_ends_the_session_in_the_store_too(store: Store) -> None:
    environment = ScriptedEnvironment(breaks_at=1)
    run, _ = session(store, ['type "What" "x"', 'click "Save"'], environment=environment)
    with pytest.raises(AppUnreachable):
        run.run()
    steps = store.steps(run.id)
    assert (steps[0].ok, steps[1].ok) == (True, None)
    assert store.session(run.id).stop_reason == "unreachable"


def test_an_interrupt_ends_the_session_in_the_store_too(store: Store) -> None:
    def interrupt(_: str) -> str:
        raise KeyboardInterrupt

    run, _ = session(store, ['ask "Which?"'], ask=interrupt)
    with pytest.raises(KeyboardInterrupt):
        run.run()
    assert store.session(run.id).stop_reason == "interrupted"


def test_a_hundred_steps_fit(store: Store) -> None:
    seen: list[int] = []

    class Watching(ScriptedPolicy):
        def decide(self, prompt: Any, page: Observation) -> Any:
            seen.append(len(prompt.render()))
            return super().decide(prompt, page)

    run, _ = session(store, [], budget=Budget(steps=120))
    run.policy = Watching([f'type "What" "value {n}"' for n in range(100)])
    assert run.run() is StopReason.DONE
    assert len(store.steps(run.id)) == 101
    assert max(seen) < 8000
