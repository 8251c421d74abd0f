"""A small example: an app for shared bills in memory, and a store as it looks after a few days of work in it.

The picture in the README and the tests of the screens show it. Its sessions are made by the real loop; the figures of
its nights are examples, not measurements.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from agent.guard import Guard
from agent.lessons.text import demonstration_text
from agent.loop import Session
from agent.policy.scripted import ScriptedPolicy
from agent.prompt import Prompt
from agent.store import LessonStep, Store
from agent.types import Decision
from browser.actions import Action, Verb
from browser.types import Line, Observation, StepResult
from consolidation.job import KIND

ORIGIN = "http://127.0.0.1:8000"
TAUGHT = "Add a bill Museum of 20 paid by Bea"
REPAID = "Chris paid Bea back 20"
UPDATES = 100


@dataclass(slots=True)
class BillsApp:
    """An Environment without a browser: a list of bills, and a form that adds one."""

    bills: list[str] = field(default_factory=lambda: ["Train 48 Alex", "Dinner 61.50 Chris"])
    form: dict[int, str] | None = None

    def reset(self) -> Observation:
        """Show the list."""
        return self._look()

    def step(self, action: Action) -> StepResult:
        """Do one action and look again."""
        if action.verb in (Verb.TYPE, Verb.SELECT) and self.form is not None:
            self.form[action.ref or 0] = action.text
        elif action.name == "Add a bill":
            self.form = {4: "", 5: "", 6: ""}
        elif action.name == "Save" and self.form is not None:
            self.bills.append(" ".join(self.form.values()))
            self.form = None
        elif action.name == "Delete the last bill" and self.bills:
            self.bills.pop()
        else:
            return StepResult(self._look(), ok=False, note="the page did not react")
        return StepResult(self._look())

    def close(self) -> None:
        """Give nothing back: there is nothing."""

    def _look(self) -> Observation:
        if self.form is None:
            rows = [Line("row", bill) for bill in self.bills]
            controls = (Line("button", "Add a bill", 3), Line("button", "Delete the last bill", 8))
            return Observation(f"{ORIGIN}/trip/", "Bills", (Line("heading", "Bills"), *rows, *controls))
        form = self.form
        lines = (
            Line("heading", "Add a bill"),
            Line("textbox", "What", 4, value=form[4], states=("required",)),
            Line("textbox", "Amount", 5, value=form[5], states=("required",)),
            Line("combobox", "Payer", 6, value=form[6], options=("Alex", "Bea", "Chris")),
            Line("button", "Save", 7),
        )
        return Observation(f"{ORIGIN}/trip/add", "Add a bill", lines)


class ExamplePolicy(ScriptedPolicy):
    """Scripted actions at what a decision of the embedded base roughly costs."""

    name = "example"

    def decide(self, prompt: Prompt, page: Observation) -> Decision:
        """Return the next action with its cost."""
        return replace(super().decide(prompt, page), took_ms=820.0, prompt_tokens=412, new_tokens=9)


def bill(what: str, amount: str, payer: str) -> list[str]:
    """Return the actions that add a bill."""
    return [
        'click "Add a bill"',
        f'type "What" "{what}"',
        f'type "Amount" "{amount}"',
        f'select "Payer" "{payer}"',
        'click "Save"',
    ]


def fill(store: Store, *, night: str = "running") -> None:
    """Put the example into an empty store. `night` is the state of its latest night: running, refused or interrupted."""
    museum = _teach(store, TAUGHT, bill("Museum", "20", "Bea"))
    repaid = _teach(store, REPAID, bill("Paid back", "20", "Chris"))
    store.add_lesson("words", ORIGIN, "", "Told: amounts have two decimals")
    _work(store, "Add a bill Taxi of 18 paid by Alex", bill("Taxi", "18", "Alex"), achieved=True)
    _work(store, "Add a bill Lunch of 12.50 paid by Alex", [*bill("Lunch", "12.50", "Alex")], lessons=[museum])
    _work(store, "Remove the dinner", ['click "Delete the last bill"'], achieved=False)
    _work(store, "Add a bill for the hotel", ['click "Add a bill"', 'ask "What did the hotel cost?"'])
    first, second = f"sha256:{'4c1f' * 16}", f"sha256:{'9e02' * 16}"
    store.add_adapter(
        second, "base", "adapters/9e02", lesson_ids=[repaid], receipt=_receipt(repaid, 0.031), state="refused"
    )
    store.add_adapter(first, "base", "adapters/4c1f", lesson_ids=[museum], receipt=_receipt(museum, 0.612))
    store.promote(first, "passed the gate", [museum])
    _night(store, night, [TAUGHT, REPAID])
    _at_fixed_times(store.path)


def _teach(store: Store, task: str, actions: Sequence[str]) -> str:
    session_id = _work(store, task, actions, actor="person")
    rows = store.steps(session_id)
    steps = [LessonStep(row.action.render(with_ref=False), row.observation_hash) for row in rows]
    text = demonstration_text(task, [row.action for row in rows])
    return store.add_lesson("demonstration", ORIGIN, task, text, steps=steps, source_session_id=session_id)


def _work(
    store: Store,
    task: str,
    actions: Sequence[str],
    *,
    lessons: Sequence[str] = (),
    achieved: bool | None = None,
    actor: str = "agent",
) -> str:
    kind = "teach" if actor == "person" else "run"
    session_id = store.begin_session(task, ORIGIN, f"{ORIGIN}/trip/", kind=kind, policy="example", lesson_ids=lessons)
    guard = Guard.for_task(ORIGIN)
    Session(session_id, task, BillsApp(), ExamplePolicy(actions), guard, store, actor=actor).run()
    if achieved is not None:
        store.add_outcome(session_id, achieved, "person")
    return session_id


def _receipt(lesson_id: str, gain: float) -> dict[str, Any]:
    def row(name: str, value: float, bound: str, passed: bool, spread: float | None = None) -> dict[str, Any]:
        low, high = (None, None) if spread is None else (value - spread, value + spread)
        return {"name": name, "value": value, "bound": bound, "passed": passed, "low": low, "high": high}

    rows = [
        row(f"learned: {lesson_id}", gain, "interval above 0.0", gain > 0.2, 0.19),
        row(f"share of the lesson's gain: {lesson_id}", gain / 0.7, ">= 0.5", gain > 0.35),
        row(f"still follows the lesson: {lesson_id}", -0.012, ">= -0.05", True, 0.04),
        row("drift on unrelated prompts", 0.021, "<= 0.1 nats a token", True),
        row("unrelated actions kept", 0.958, ">= 0.9", True),
        row("valid actions without the grammar", 0.913, ">= 0.5", True),
    ]
    return {"gate": rows, "passed": all(item["passed"] for item in rows), "lessons": [lesson_id]}


def _night(store: Store, state: str, tasks: Sequence[str]) -> None:
    job = store.begin_job(KIND)
    store.job_event(job, {"phase": "load", "base": "embedded", "lessons": list(tasks)})
    store.job_event(job, {"phase": "headroom", "seconds": 41.5})
    store.job_event(job, {"phase": "rehearse", "sequences": 96, "anchors": 28, "seconds": 63.0})
    last = UPDATES if state == "refused" else 64
    for update in range(1, last + 1):
        divergence = 0.05 + 0.6 * math.exp(-update / 28) + 0.03 * math.sin(update * 1.7)
        fact = {"update": update, "of": UPDATES, "divergence": divergence, "tokens": 900 * update, "skipped": 0}
        store.job_event(job, {"phase": "learn", **fact})
    if state == "refused":
        store.job_event(job, {"phase": "decided", "adapter": "9e029e029e02", "passed": False, "arm": "opsd"})
        store.end_job(job, "refused")
    elif state == "interrupted":
        store.end_job(job, "interrupted", "process 4711 is gone")


def _at_fixed_times(path: Path) -> None:
    """Date everything, so that the picture does not change with the clock; a running job must stay younger than its process."""
    connection = sqlite3.connect(path)
    with connection:
        day = "'2026-03-' || printf('%02d', 1 + seq) || 'T09:15:00.000+00:00'"
        connection.execute(f"UPDATE sessions SET started_at = {day}")
        connection.execute(f"UPDATE adapters SET created_at = {day}")
        connection.execute(f"UPDATE jobs SET started_at = {day} WHERE state != 'running'")
        connection.execute("UPDATE steps SET acted_ms = 140 WHERE acted_ms IS NOT NULL")
    connection.close()
