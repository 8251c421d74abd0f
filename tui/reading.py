"""What the screens read of the store, one function a screen. Called in thread workers."""

from __future__ import annotations

from dataclasses import dataclass

from agent.store import AdapterRow, JobEventRow, JobRow, LessonRow, Store
from browser.actions import Verb
from consolidation.job import KIND, teachable


@dataclass(frozen=True, slots=True)
class Learning:
    """Everything the Learning screen shows."""

    lessons: tuple[LessonRow, ...]
    adapters: tuple[AdapterRow, ...]
    champion: AdapterRow | None
    night: JobRow | None
    events: tuple[JobEventRow, ...]
    teachable: int
    """How many lessons a night could learn."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the steps of a session cost, on average. Tokens are those of a step's prompt and of its action."""

    steps: int
    seconds: float
    read_tokens: int
    written_tokens: int

    def words(self) -> str:
        """Say it for the status line."""
        return f"{self.seconds:.1f} s, {self.read_tokens} tokens read, {self.written_tokens} written a step"


def read_learning(store: Store) -> Learning:
    """Read lessons, adapters and the latest night. A night whose process is gone is recorded as interrupted first."""
    if store.jobs(KIND, "running"):
        store.interrupt_dead_jobs()
    night = store.latest_job(KIND)
    return Learning(
        lessons=tuple(store.lessons()),
        adapters=tuple(store.adapters()),
        champion=store.champion(),
        night=night,
        events=tuple(store.job_events(night.id)) if night else (),
        teachable=len(teachable(store)),
    )


def read_cost(store: Store, session_id: str) -> Cost | None:
    """Average the finished steps of a session, None when it has none. Questions are left out: a person takes their time."""
    rows = store.steps(session_id)
    steps = [row for row in rows if row.acted_ms is not None and row.action.verb is not Verb.ASK]
    if not steps:
        return None
    count = len(steps)
    return Cost(
        steps=count,
        seconds=sum(step.decided_ms + (step.acted_ms or 0) for step in steps) / count / 1000,
        read_tokens=round(sum(step.prompt_tokens for step in steps) / count),
        written_tokens=round(sum(step.new_tokens for step in steps) / count),
    )
