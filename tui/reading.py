"""What the screens read of the store, one function a screen. Called in thread workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.store import AdapterRow, JobEventRow, JobRow, LessonRow, SessionRow, Store
from browser.actions import Verb


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
class Taught:
    """Everything the Lessons screen shows."""

    lessons: tuple[LessonRow, ...]
    """Those in use first, each group the latest first."""
    sources: Mapping[str, SessionRow]
    """The session that a lesson came from, by its id."""
    champion: AdapterRow | None


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
    from consolidation.job import KIND, teachable  # not for the first screen

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


def read_taught(store: Store) -> Taught:
    """Read the lessons, those that are retired too, and the sessions that they came from."""
    rows = sorted(store.lessons(include_retired=True), key=lambda row: row.retired_at is not None)
    names = {row.source_session_id for row in rows if row.source_session_id}
    return Taught(tuple(rows), {name: store.session(name) for name in names}, store.champion())


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
