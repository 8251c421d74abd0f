"""Where the person answers the session: a question takes words, an action with consequences takes yes or no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from tui.widgets.field import Field

_BOX = """
    {name} {{
        height: auto;
        padding: 0 1;
        background: $boost;
        border-left: thick $warning;
        & > Static {{ height: auto; }}
        &:focus-within, &:focus {{ background: $surface-lighten-1; }}
    }}
    """


class QuestionBox(Vertical):
    """A question of the session and a field for the answer."""

    DEFAULT_CSS = _BOX.format(name="QuestionBox")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape",
            "leave_open",
            "Leave it open",
            id="question.leave",
            tooltip="Give no answer: the session ends and keeps its question",
        )
    ]

    @dataclass
    class Answered(Message):
        """The person answered; None leaves the question open."""

        text: str | None

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """Show the question above the field."""
        yield Static(f"The session asks: {self._question}", markup=False)
        yield Field(placeholder="Type the answer and press Enter; Escape leaves it open", id="answer", compact=True)

    def on_mount(self) -> None:
        """Be ready to be typed into."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Send the answer; an empty one is none yet."""
        event.stop()
        if event.value.strip():
            self.post_message(self.Answered(event.value.strip()))

    def action_leave_open(self) -> None:
        """Give no answer."""
        self.post_message(self.Answered(None))


class ApprovalBox(Static, can_focus=True):
    """The exact action that waits, what it may bring about, and two keys."""

    DEFAULT_CSS = _BOX.format(name="ApprovalBox")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "say(True)", "Yes, do it", id="approval.yes", tooltip="Approve this one action"),
        Binding(
            "n", "say(False)", "No", id="approval.no", tooltip="Refuse this one action; the session goes on without it"
        ),
    ]

    @dataclass
    class Answered(Message):
        """The person said yes or no."""

        approve: bool

    def __init__(self, action: str, consequence: str, reason: str = "") -> None:
        why = f" ({reason})" if reason else ""
        text = f"The session wants to: {action}\nConsequence: {consequence}{why}\nAllow it? y yes, n no"
        super().__init__(text, markup=False)

    def on_mount(self) -> None:
        """Take the two keys."""
        self.focus()

    def action_say(self, approve: bool) -> None:
        """Pass on what the person said."""
        self.post_message(self.Answered(approve))
