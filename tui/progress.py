"""What a session or a night is doing, derived from what it told. No screen in here: events in, words out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from agent.store import JobEventRow, JobRow


class Phase(StrEnum):
    """What the session is doing now, as the person reads it."""

    STARTING = "starting"
    LOOKING = "looking"
    DECIDING = "deciding"
    ACTING = "acting"
    ANSWER = "needs your answer"
    APPROVAL = "needs your approval"
    STEP = "needs your next step"
    THEIRS = "you have the wheel"
    STOPPING = "stopping"
    ENDED = "ended"


WAITING = frozenset({Phase.ANSWER, Phase.APPROVAL, Phase.STEP})
"""The session stands still until the person says something."""
_AFTER = {
    "session_started": Phase.LOOKING,
    "observed": Phase.DECIDING,
    "approval_needed": Phase.APPROVAL,
    "step_wanted": Phase.STEP,
    "decided": Phase.ACTING,
    "question": Phase.ANSWER,
    "stepped": Phase.LOOKING,
    "take_over": Phase.THEIRS,
    "handed_back": Phase.LOOKING,
    "session_ended": Phase.ENDED,
}


@dataclass(slots=True)
class SessionProgress:
    """Where a session stands. Feed it every event; unknown kinds are passed over."""

    phase: Phase = Phase.STARTING
    session_id: str = ""
    lessons: list[str] = field(default_factory=list)
    step: int = 0
    """Number of the current step, counted from 1; 0 before the first."""
    stop: str = ""
    """The stop reason, in one word."""
    end: str = ""
    """Why the session ended, with its answer."""

    def apply(self, event: dict[str, Any]) -> None:
        """Take one event into account."""
        kind = event.get("event")
        if kind not in _AFTER or (self.phase is Phase.ENDED):
            return
        if self.phase is Phase.THEIRS and kind in ("decided", "stepped"):
            return  # what the person does themselves
        if self.phase is not Phase.STOPPING or kind == "session_ended":
            self.phase = _AFTER[kind]
        if kind == "session_started":
            self.session_id = str(event.get("session", ""))
            self.lessons = [str(lesson) for lesson in event.get("lessons", ())]
        elif kind == "observed":
            self.step = int(event.get("step", self.step)) + 1
        elif kind == "session_ended":
            self.stop = str(event.get("stop_reason", ""))
            self.end = _joined(self.stop, str(event.get("answer", "")))

    def exit(self, code: int, error: str) -> None:
        """Take the end of the process into account; it may come without the session's own end."""
        self.phase = Phase.ENDED
        if error:
            self.end = error
        elif not self.end:
            self.end = f"the process ended with {code}; what was recorded before is kept"

    def words(self) -> str:
        """Say it in a few words: `deciding, step 3`."""
        if self.phase is Phase.ENDED:
            return f"ended: {self.end}"
        return f"{self.phase}, step {self.step}" if self.step else str(self.phase)

    def brief(self) -> str:
        """Say it in at most three words, for the other screens."""
        return f"ended: {self.stop or 'error'}" if self.phase is Phase.ENDED else str(self.phase)

    def lessons_words(self) -> str:
        """Say which lessons the session reads, each by its first line."""
        if not self.lessons:
            return "no lesson in context"
        titles = "; ".join(lesson.split("\n")[0] for lesson in self.lessons)
        return f"{len(self.lessons)} {'lesson' if len(self.lessons) == 1 else 'lessons'} in context: {titles}"


@dataclass(frozen=True, slots=True)
class NightProgress:
    """Where a night stands, derived from its job and what it reported."""

    words: str
    done: int | None = None
    """How much of the current phase is done, of `total`; None when the phase cannot say."""
    total: int | None = None
    curve: tuple[tuple[int, float], ...] = ()
    """Mean divergence from the teacher, by update."""
    updates: int = 0
    """How many updates the night will make."""

    @classmethod
    def of(cls, job: JobRow, events: Sequence[JobEventRow]) -> NightProgress:
        """Read a job. What it reported last says what it is doing now: most phases report when they end."""
        payloads = [event.payload for event in events]
        curve = tuple((int(item["update"]), float(item["divergence"])) for item in payloads if item["phase"] == "learn")
        last = payloads[-1] if payloads else {"phase": "begin"}
        words, done, total = _now(last)
        if job.state != "running":
            words = _ended(job, payloads)
        updates = next((int(item["of"]) for item in payloads if item["phase"] == "learn"), 0)
        return cls(words, done, total, curve, updates)


def _now(last: dict[str, Any]) -> tuple[str, int | None, int | None]:
    match last["phase"]:
        case "begin":
            return "starting", None, None
        case "load":
            return "loading the base, then measuring how far the lesson in context lifts it", None, None
        case "headroom":
            return "rehearsing", None, None
        case "rehearse" if "variant" in last:
            return f"rehearsing, variant {last['variant']} of {last['of']}", last["variant"], last["of"]
        case "learn" if last["update"] < last["of"]:
            return f"learning, update {last['update']} of {last['of']}", last["update"], last["of"]
        case "learn":
            return "testing the adapter at the gate", last["update"], last["of"]
        case "rehearse" | "dream":
            return "learning", None, None
        case "gate":
            return "deciding", None, None
    return str(last["phase"]), None, None


def _ended(job: JobRow, payloads: Sequence[dict[str, Any]]) -> str:
    decided = next((item for item in reversed(payloads) if item["phase"] == "decided"), {})
    adapter = f"adapter {decided.get('adapter', '')}".strip()
    match job.state:
        case "refused":
            return f"refused: {adapter} did not pass the gate, the lessons stay in context"
        case "done" if decided.get("arm", "opsd") == "opsd":
            return f"done: {adapter} passed the gate and was promoted"
        case "done":
            return f"done: {adapter} is a control ({decided['arm']}), never promoted"
        case "interrupted":
            return "interrupted: consolidate again to go on where it stood"
    return _joined(job.state, job.error)


def _joined(first: str, second: str) -> str:
    return f"{first}: {second}" if second else first
