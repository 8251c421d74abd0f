"""What the store returns: one frozen dataclass per table. Times `*_at` are UTC ISO-8601 text, durations `*_ms`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from browser.actions import Action
from browser.types import Observation

SessionKind = Literal["run", "teach", "replay"]
Actor = Literal["agent", "person"]
OutcomeSource = Literal["check", "person", "agent"]
Which = Literal["achieved", "not achieved", "not judged", "unfinished", "taught"]
"""A part of all sessions."""
LessonKind = Literal["demonstration", "words", "correction", "preference"]
AdapterState = Literal["challenger", "refused", "promoted", "corrupt"]
"""`promoted` was champion at some time; which one is champion now, only the alias says."""
Move = Literal["promote", "roll_back"]
JobState = Literal["running", "done", "failed", "refused", "interrupted"]


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One task, from first observation to its stop reason."""

    id: str
    task: str
    app: str
    """The origin the session began in, like `http://host:port`."""
    url: str
    kind: SessionKind
    started_at: str
    ended_at: str | None
    """None while it runs, and for ever when it was killed."""
    stop_reason: str | None
    answer: str
    policy: str
    adapter_id: str | None
    lesson_ids: tuple[str, ...]
    parent_id: str | None
    steps: int
    """How many steps were begun."""
    outcome: bool | None
    """Whether the task was achieved: the latest word of a check or a person, else the agent's, else unknown."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """One observation, the action decided on it, and what came of it."""

    session_id: str
    step_no: int
    observation: Observation
    observation_hash: str
    action: Action
    actor: Actor
    guard: dict[str, Any] | None
    ok: bool | None
    """None while the result is unknown: the action runs, or the process was killed or the browser lost while it ran."""
    note: str
    result_observation: Observation | None
    result_hash: str | None
    screenshot_hash: str | None
    decided_ms: float
    acted_ms: float | None
    prompt_tokens: int
    new_tokens: int
    created_at: str
    finished_at: str | None


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """Somebody's word on whether a task was achieved."""

    id: str
    session_id: str
    succeeded: bool
    source: OutcomeSource
    note: str
    created_at: str


@dataclass(frozen=True, slots=True)
class LessonStep:
    """One step that a lesson teaches: the action as written, and the page it was decided on."""

    action: str
    observation_hash: str | None = None


@dataclass(frozen=True, slots=True)
class LessonRow:
    """The short trusted text that a session leaves behind."""

    id: str
    kind: LessonKind
    app: str
    task: str
    """Empty when the lesson holds for every task in its app."""
    text: str
    """What the prompt shows."""
    steps: tuple[LessonStep, ...]
    source_session_id: str | None
    source_step_no: int | None
    created_at: str
    retired_at: str | None
    """When it was taken out of use, by a person or by a lesson that overrules it."""
    in_weights_adapter_id: str | None
    """The adapter that does as well without reading the lesson."""
    expires_at: str | None
    approved_at: str | None = None
    """When a person read the lesson and said that it is right."""


@dataclass(frozen=True, slots=True)
class AdapterRow:
    """LoRA weights on a named base."""

    id: str
    base_id: str
    parent_id: str | None
    path: str
    created_at: str
    lesson_ids: tuple[str, ...]
    receipt: dict[str, Any]
    state: AdapterState
    forgotten_at: str | None = None
    """When a session that shaped it was forgotten. Its files are gone then."""


@dataclass(frozen=True, slots=True)
class PromotionRow:
    """One move of an alias. An adapter id of None is the base alone."""

    id: str
    alias: str
    move: Move
    adapter_id: str | None
    previous_id: str | None
    reason: str
    created_at: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """One long piece of work in a process of its own."""

    id: str
    kind: str
    state: JobState
    pid: int
    started_at: str
    ended_at: str | None
    progress: dict[str, Any]
    error: str


@dataclass(frozen=True, slots=True)
class JobEventRow:
    """One thing that a job reported. `seq` counts from 0 within its job."""

    job_id: str
    seq: int
    created_at: str
    payload: dict[str, Any]
