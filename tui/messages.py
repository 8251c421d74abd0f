"""What workers tell screens. A worker never touches a widget: it posts one of these, and the screen draws it.

Facts that replace each other say so with `can_replace`, so that a burst is drawn once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.message import Message

from agent.store import SessionRow, StepRow, Which
from agent.store.forgetting import ForgetPlan
from browser.errors import ApprenticeError

if TYPE_CHECKING:
    from tui.checkup import Checkup
    from tui.reading import Cost, Learning, Taught


@dataclass
class RecordArrived(Message):
    """The session's process wrote one JSON object: an event, or the error it ended with."""

    record: dict[str, Any]


@dataclass
class NoteArrived(Message):
    """The session's process said something about the work itself."""

    text: str

    def can_replace(self, message: Message) -> bool:
        """Let a later note stand for this one."""
        return isinstance(message, NoteArrived)


@dataclass
class SessionExited(Message):
    """The session's process has ended."""

    code: int


@dataclass
class StateChanged(Message):
    """What the session of this screen is doing, in words; empty when there is none."""

    words: str
    needs_person: bool = False


@dataclass
class NewcomerSeen(Message):
    """Whether this store has no session yet."""

    newcomer: bool


@dataclass
class CostRead(Message):
    """What the steps of the session cost so far."""

    cost: Cost

    def can_replace(self, message: Message) -> bool:
        """Let a later figure stand for this one."""
        return isinstance(message, CostRead)


@dataclass
class SessionsRead(Message):
    """The list of sessions, as the store has it."""

    search: str
    only: Which | None
    rows: list[SessionRow]

    def can_replace(self, message: Message) -> bool:
        """Let a later list stand for this one."""
        return isinstance(message, SessionsRead)


@dataclass
class PictureRead(Message):
    """A picture of a page, as it was stored."""

    data: bytes


@dataclass
class StepsRead(Message):
    """One session with its steps."""

    session: SessionRow
    steps: list[StepRow]

    def can_replace(self, message: Message) -> bool:
        """Let a later reading stand for this one."""
        return isinstance(message, StepsRead)


@dataclass
class LearningRead(Message):
    """Lessons, adapters and the latest night, as the store has them."""

    learning: Learning

    def can_replace(self, message: Message) -> bool:
        """Let a later reading stand for this one."""
        return isinstance(message, LearningRead)


@dataclass
class TaughtRead(Message):
    """All lessons and where they came from, as the store has them."""

    taught: Taught

    def can_replace(self, message: Message) -> bool:
        """Let a later reading stand for this one."""
        return isinstance(message, TaughtRead)


@dataclass
class LessonReworded(Message):
    """A lesson of other words took the place of one."""

    lesson_id: str


@dataclass
class ForgettingPlanned(Message):
    """What would go if the person went on."""

    plan: ForgetPlan
    commands: Sequence[Sequence[str]]
    """What does it, once the person says yes."""


@dataclass
class CheckedUp(Message):
    """What the doctor found."""

    checkup: Checkup


@dataclass
class Answered(Message):
    """A command that was asked something answered."""

    answer: Any


@dataclass
class NightTold(Message):
    """The process that began the night said something."""

    text: str

    def can_replace(self, message: Message) -> bool:
        """Let a later note stand for this one."""
        return isinstance(message, NightTold)


@dataclass
class NightReturned(Message):
    """The process that began the night has ended."""


@dataclass
class Done(Message):
    """Something the person asked for was done; one sentence says what."""

    text: str


@dataclass
class Failed(Message):
    """Something the person asked for, or a reading of the store, did not work."""

    error: ApprenticeError
