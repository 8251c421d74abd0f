"""Decide again what was recorded: at each observation of a session, what would this policy have done, and does it agree?

The counterfactual of a store: nothing is performed. Every decision is asked for on the recorded path, so a policy that turned off
at one step is asked about the next one as if it had not. This is the regression test of an adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from agent.policy.redecide import Answer, Question
from agent.prompt import Transcript
from agent.store import SessionRow, StepRow, Store
from browser.actions import Action
from browser.types import StepResult
from consolidation.segments import granted

SCHEMA = 1


class Lessons(StrEnum):
    """Which lessons stand in the prompt of a decision that is asked for again."""

    TODAY = "today"
    """Those that a session would read now: what the voice's adapter carries is left out."""
    RECORDED = "recorded"
    """Those that the session read: the prompt is the recorded one."""
    NONE = "none"


class Decides(Protocol):
    """Answers many recorded decisions at once."""

    def redecide(self, questions: Sequence[Question], told: Callable[[int], None] = ...) -> list[Answer]:
        """Answer every question as the policy would have decided by day."""
        ...


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody who is asked: a policy and what it reads."""

    name: str
    policy: Decides
    adapter_id: str | None = None
    lessons: Lessons = Lessons.TODAY
    with_manual: bool = False


@dataclass(frozen=True, slots=True)
class Redecided:
    """One recorded decision, and what a voice says of it. `step` counts from 1."""

    session: str
    step: int
    done: Action
    action: Action
    probability: float
    """Of what was done, by the voice."""

    @property
    def agrees(self) -> bool:
        """Whether the voice does what was done."""
        return self.action == self.done

    def to_json(self) -> dict[str, Any]:
        """Return the decision for `--json`."""
        return {
            "session": self.session,
            "step": self.step,
            "done": self.done.render(),
            "action": self.action.render(),
            "agrees": self.agrees,
            "probability": float(f"{self.probability:.4g}"),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What one voice says of all that was asked."""

    voice: str
    lessons: Lessons
    decisions: tuple[Redecided, ...]

    @property
    def agreement(self) -> float:
        """The share of the decisions that agree; 1 when there are none."""
        return sum(item.agrees for item in self.decisions) / len(self.decisions) if self.decisions else 1.0

    @property
    def probability(self) -> float:
        """How probable what was done is to the voice, on average."""
        return sum(item.probability for item in self.decisions) / max(1, len(self.decisions))

    @property
    def first_divergences(self) -> dict[str, Redecided]:
        """Return, by session, the first decision that does not agree."""
        found: dict[str, Redecided] = {}
        for item in self.decisions:
            if not item.agrees:
                found.setdefault(item.session, item)
        return found

    @property
    def sessions(self) -> int:
        """How many sessions were asked about."""
        return len({item.session for item in self.decisions})

    def to_json(self) -> dict[str, Any]:
        """Return the report for `--json`; it is the same whenever the same is asked."""
        return {
            "voice": self.voice,
            "lessons": self.lessons.value,
            "sessions": self.sessions,
            "steps": len(self.decisions),
            "agreement": round(self.agreement, 4),
            "sessions_that_agree": self.sessions - len(self.first_divergences),
            "probability": float(f"{self.probability:.4g}"),
            "first_divergences": [item.to_json() for item in self.first_divergences.values()],
            "decisions": [item.to_json() for item in self.decisions],
        }


def questions(
    task: str, steps: Sequence[StepRow], lessons: Sequence[str], *, with_manual: bool = False
) -> list[Question]:
    """Return what was read at each step of a session, with these lessons in the prompt, up to one whose result is unknown."""
    transcript: Transcript | None = None
    asked: list[Question] = []
    for step in steps:
        if transcript is None:
            transcript = Transcript(task, lessons, with_manual, granted=granted(steps))
            transcript.start(step.observation)
        asked.append(Question(transcript.prompt(), step.observation, step.action))
        if step.ok is None or step.result_observation is None:
            break
        transcript.advance(step.action, StepResult(step.result_observation, step.ok, step.note))
    return asked


def redecide(
    store: Store, sessions: Sequence[SessionRow], voice: Voice, told: Callable[[int], None] = lambda _: None
) -> Report:
    """Ask a voice about every step of these sessions."""
    asked: list[Question] = []
    places: list[tuple[str, int]] = []
    for session in sessions:
        lessons = lessons_for(store, session, voice.lessons, voice.adapter_id)
        found = questions(session.task, store.steps(session.id), lessons, with_manual=voice.with_manual)
        asked += found
        places += [(session.id, number) for number in range(1, len(found) + 1)]
    answers = voice.policy.redecide(asked, told)
    return Report(
        voice.name,
        voice.lessons,
        tuple(
            Redecided(session, step, question.done, answer.action, answer.probability)
            for (session, step), question, answer in zip(places, asked, answers, strict=True)
        ),
    )


def lessons_for(store: Store, session: SessionRow, which: Lessons, adapter_id: str | None = None) -> list[str]:
    """Return the lessons that are read in a session; `adapter_id` carries some of today's in its weights."""
    match which:
        case Lessons.NONE:
            return []
        case Lessons.RECORDED:
            return [store.lesson(lesson_id).text for lesson_id in session.lesson_ids]
        case Lessons.TODAY:
            found = store.find_lessons(session.app, session.task, adapter_id=adapter_id)
            return [lesson.text for lesson in found]
