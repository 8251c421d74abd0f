"""What a dream is made of: a session as it was recorded, its mistakes included."""

from __future__ import annotations

from dataclasses import dataclass

from agent.store import Store
from browser.errors import UsageError
from browser.types import Observation, StepResult
from consolidation.segments import Step


@dataclass(frozen=True, slots=True)
class Recording:
    """The steps of a session up to one whose result is unknown; at least one."""

    session: str
    task: str
    steps: tuple[Step, ...]

    @property
    def start(self) -> Observation:
        """The page that the session began on."""
        return self.steps[0].observation

    @property
    def end(self) -> Observation:
        """The page that the session ended on."""
        return self.steps[-1].result.observation


def recording_of(store: Store, session_id: str) -> Recording:
    """Read a session. Raises UsageError when it has no step whose result is known."""
    session = store.session(session_id)
    steps: list[Step] = []
    for row in store.steps(session.id):
        if row.ok is None or row.result_observation is None:
            break
        steps.append(Step(row.observation, row.action, StepResult(row.result_observation, row.ok, row.note)))
    if not steps:
        raise UsageError(f"session {session.id} has no finished step to dream of", "Choose a session with steps")
    return Recording(session.id, session.task, tuple(steps))


def recordings_of(store: Store, app: str) -> list[Recording]:
    """Read all sessions of an app that have a finished step, the earliest first."""
    rows = [row for row in store.sessions(limit=1 << 30) if row.app == app and row.steps]
    found = []
    for row in reversed(rows):
        try:
            found.append(recording_of(store, row.id))
        except UsageError:
            continue
    return found
