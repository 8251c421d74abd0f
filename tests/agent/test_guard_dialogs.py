"""A dialog that an action raises is decided by the guard, told as an event and kept with the step."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from agent.guard import Guard
from agent.loop import Session
from agent.policy.scripted import ScriptedPolicy
from agent.store import Store
from browser.actions import Action
from browser.types import Line, Observation, StepResult

URL = "http://a.example/"
PAGE = Observation(URL, "Bills", (Line("button", "Tidy up", 1), Line("button", "Delete", 2)))


@dataclass
class Asking:
    """Every step raises a confirm."""

    guard: Guard
    message: str

    def reset(self) -> Observation:
        return PAGE

    def step(self, action: Action) -> StepResult:
        accepted = self.guard.decide_dialog("confirm", self.message)
        return StepResult(PAGE, note=f"{'accepted' if accepted else 'dismissed'} dialog")

    def close(self) -> None:
        pass


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.open() as opened:
        yield opened


def test_what_was_decided_about_a_dialog_is_told_and_kept_with_the_step(store: Store) -> None:
    guard, events = Guard.for_task(URL, ["change"]), list[dict[str, Any]]()
    session_id = store.begin_session("t", URL, URL)
    Session(
        session_id,
        "t",
        Asking(guard, "Delete all of them?"),
        ScriptedPolicy(['click "Tidy up"']),
        guard,
        store,
        listen=events.append,
    ).run()
    step = store.steps(session_id)[0]
    assert step.note == "dismissed dialog" and step.guard and step.guard["allowed"]
    (dialog,) = step.guard["dialogs"]
    assert (dialog["allowed"], dialog["consequence"], dialog["by"]) == (False, "delete", "nobody")
    assert "Delete all of them?" in dialog["reason"]
    assert [event["verdict"] for event in events if event["event"] == "dialog"] == [dialog]


def test_a_dialog_of_an_approved_action_is_accepted(store: Store) -> None:
    guard = Guard.for_task(URL, ["delete"])
    session_id = store.begin_session("t", URL, URL)
    Session(session_id, "t", Asking(guard, "Really?"), ScriptedPolicy(['click "Delete"']), guard, store).run()
    step = store.steps(session_id)[0]
    assert step.note == "accepted dialog" and step.guard and step.guard["dialogs"][0]["by"] == "policy"
