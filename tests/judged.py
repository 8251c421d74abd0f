"""Sessions as somebody's word on them finds them: of one a lesson may come, by another a champion may be taken back."""

from __future__ import annotations

from agent.guard import Consequence, Verdict
from agent.store import Store
from browser.actions import parse
from browser.types import Line, Observation, StepResult

ORIGIN, ASKED = "http://127.0.0.1:8000", "set the amount to 90"
LOST = ('click "Help"', 'click "Home"', 'type "Amount" "90"', 'click "Save"')
"""A path with a detour: of such a session a lesson is left once somebody says that it achieved its task."""


def worked(store: Store, adapter_id: str | None = None) -> str:
    """Record a session on the taught task that went astray before it found its way."""
    session_id = store.begin_session(ASKED, ORIGIN, ORIGIN, policy="scripted", adapter_id=adapter_id)
    for number, written in enumerate(LOST):
        page = Observation(f"{ORIGIN}/{'help' if number == 1 else ''}", "Bills", (Line("button", "Save", 1),))
        verdict = Verdict(allowed=True, consequence=Consequence.READ if number < 2 else Consequence.CHANGE, reason="")
        store.begin_step(session_id, number, page, parse(written), guard=verdict.to_json())
        store.finish_step(session_id, number, StepResult(page))
    store.end_session(session_id, "done")
    return session_id


def promoted(store: Store) -> str:
    """Promote an adapter that carries the task's lesson, and return its id."""
    lesson = store.add_lesson("demonstration", ORIGIN, ASKED, "Asked: it")
    store.add_adapter("b" * 16, "base", "adapters/b", lesson_ids=[lesson])
    store.promote("b" * 16, "passed the gate")
    return "b" * 16
