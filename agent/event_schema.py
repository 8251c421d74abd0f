"""The events of `apprentice run --json` and `apprentice batch --json`, as models: every kind, every field, what it means.

Nothing that runs a session needs this module: events are plain dictionaries (`agent.events`). It is what the reference is
written from and what the tests hold real runs against.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from agent.events import SCHEMA

Consequence = Literal["read", "change", "send", "pay", "delete", "publish", "grant"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


class _Event(_Model):
    schema_: Annotated[Literal[1], Field(alias="schema")] = SCHEMA
    """Version of the format"""


class Verdict(_Model):
    """What the guard decided about an action."""

    allowed: bool
    """Whether the action is performed"""
    consequence: Consequence
    """What it may bring about"""
    reason: str
    """Why, in words"""
    by: Literal["rule", "policy", "person", "nobody"]
    """Who decided; nobody, when an approval was needed and nobody could be asked"""


class Check(_Model):
    """What came of one --expect."""

    expect: str
    """The check, as it was written"""
    passed: bool
    """Whether it holds"""
    found: str
    """What was found, shortened"""


class SessionStarted(_Event):
    """A session has begun and is in the store."""

    event: Literal["session_started"]
    session: str
    """Its id"""
    task: str
    """The task, in the person's words"""
    policy: str
    """What decides: the name of a model, or `scripted`"""
    lessons: list[str]
    """The lessons that are read, whole"""


class Observed(_Event):
    """The agent looked at the page."""

    event: Literal["observed"]
    session: str
    """The session's id"""
    step: int
    """The step that begins, counted from 0"""
    url: str
    """The page's address"""
    title: str
    """The page's title"""
    lines: list[str]
    """The page, as the agent reads it"""


class WallMet(_Event):
    """Something that only a person may pass stands in the way. Without anybody to pass it the session ends as blocked."""

    event: Literal["wall"]
    session: str
    """The session's id"""
    wall: Literal["login", "captcha", "block"]
    """What it is: a login page, a CAPTCHA, or a site that turned the agent away"""
    reason: str
    """The same in words"""
    url: str
    """The page's address"""


class Decided(_Event):
    """The agent chose an action, and the guard judged it."""

    event: Literal["decided"]
    session: str
    """The session's id"""
    step: int
    """The step, counted from 0"""
    action: str
    """The action, as written"""
    actor: Literal["agent", "person"]
    """Whose action it is: the person's while they have the wheel, and where they put another in the place of the agent's"""
    verdict: Verdict
    """What the guard decided"""
    confidence: float
    """The lowest probability of any token that the policy was free to choose"""
    took_ms: int
    """How long the decision took, in milliseconds"""


class DialogDecided(_Event):
    """An action raised a dialog of the page, and the guard accepted or dismissed it."""

    event: Literal["dialog"]
    session: str
    """The session's id"""
    verdict: Verdict
    """What the guard decided: allowed is accepted"""


class ApprovalNeeded(_Event):
    """An action waits for somebody's yes or no (with --answers-on-stdin)."""

    event: Literal["approval_needed"]
    action: str
    """The action, as written"""
    consequence: Consequence
    """What it may bring about"""
    reason: str
    """What would be done, in words"""


class StepWanted(_Event):
    """A demonstration that is typed waits for the person's next action (teach --headless with --answers-on-stdin)."""

    event: Literal["step_wanted"]
    step: int
    """The step, counted from 0"""
    offers: list[str]
    """What can be done on the page, as far as it can be listed; a text is left open"""
    problem: str
    """What was wrong with the last answer; else empty"""


class Question(_Event):
    """The agent asks the person something."""

    event: Literal["question"]
    session: str
    """The session's id"""
    text: str
    """The question"""


class Stepped(_Event):
    """An action was performed, or refused, and its result is in the store."""

    event: Literal["stepped"]
    session: str
    """The session's id"""
    step: int
    """The step, counted from 0"""
    ok: bool
    """Whether it could be done"""
    note: str
    """What else the page did, or why it could not be done"""
    url: str
    """The address after it"""
    acted_ms: int
    """How long it took, in milliseconds"""


class TakenOver(_Event):
    """The person has the wheel: what they do in the browser is followed, and told as decided and stepped."""

    event: Literal["take_over"]
    session: str
    """The session's id"""
    step: int
    """The step that is theirs first, counted from 0"""
    reason: str
    """Why the session called them; empty when they came by themselves"""


class HandedBack(_Event):
    """The person handed the wheel back; the agent goes on from the page that is there."""

    event: Literal["handed_back"]
    session: str
    """The session's id"""
    step: int
    """The step that comes next, counted from 0"""
    steps: int
    """How many steps they did"""


class SessionEnded(_Event):
    """A session has ended, and the store says why. Checks follow it, and the result."""

    event: Literal["session_ended"]
    session: str
    """The session's id"""
    stop_reason: str
    """done, failed, asked, denied, loop, blocked, budget, unreachable or interrupted"""
    answer: str
    """What the agent answered, or why it stopped"""


class Result(_Event):
    """What came of the task; the last line of a run that could begin."""

    event: Literal["result"]
    session: str
    """The session's id"""
    stop_reason: str
    """As in session_ended"""
    exit_code: int
    """The exit code of the command"""
    answer: str
    """What the agent answered, or why it stopped"""
    output: Any
    """With --output-schema: the answer, read as JSON; null when it does not fit"""
    problem: str
    """Why an answer does not fit its schema; else empty"""
    checks: list[Check]
    """What came of every --expect"""
    steps: int
    """How many steps were begun"""
    tokens: int
    """Tokens of all prompts and actions together"""
    seconds: float
    """How long the session took"""


class Failure(_Event):
    """The command ended with an error; the last line then."""

    event: Literal["error"]
    error: str
    """What happened"""
    next_step: str
    """What to do next"""
    exit_code: int
    """The exit code of the command"""


class TaskEnded(_Event):
    """A task of a batch has ended (or was skipped, because an earlier run finished it). Its result is in the results file."""

    event: Literal["task_ended"]
    id: str
    """The task's id in the batch"""
    key: str
    """Hash of the task as written: a task that was changed is run again"""
    skipped: bool
    """Whether it was finished before, and not run now"""
    exit_code: int
    """What `apprentice run` ended with"""
    result: dict[str, Any] | None
    """The `result` event of its run; null when the task could not begin"""
    error: dict[str, Any] | None
    """The `error` event of its run; null without one"""


AnyEvent = Annotated[
    SessionStarted
    | Observed
    | WallMet
    | Decided
    | DialogDecided
    | ApprovalNeeded
    | StepWanted
    | Question
    | Stepped
    | TakenOver
    | HandedBack
    | SessionEnded
    | Result
    | Failure
    | TaskEnded,
    Field(discriminator="event"),
]
KINDS: tuple[type[_Event], ...] = (
    SessionStarted,
    Observed,
    WallMet,
    Decided,
    DialogDecided,
    ApprovalNeeded,
    StepWanted,
    Question,
    Stepped,
    TakenOver,
    HandedBack,
    SessionEnded,
    Result,
    Failure,
    TaskEnded,
)
_EVENTS: TypeAdapter[Any] = TypeAdapter(AnyEvent)


def kind_of(model: type[_Event]) -> str:
    """Return the name that a kind has in the field `event`."""
    return str(model.model_fields["event"].annotation.__args__[0])  # type: ignore[union-attr]


def validated(record: dict[str, Any]) -> Any:
    """Return an event as its model. Raises pydantic's ValidationError when it is none of the kinds, or its fields differ."""
    return _EVENTS.validate_python(record)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of an event; unlike the models it allows fields that a later version adds."""
    return _open(_EVENTS.json_schema(by_alias=True))


def _open(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: _open(value) for key, value in schema.items() if key != "additionalProperties" or value is not False
        }
    return [_open(item) for item in schema] if isinstance(schema, list) else schema
