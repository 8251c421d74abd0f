"""Where the person answers the session: a question takes words, an action with consequences yes or no, a demonstration actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from tui.starting import problem_with_action
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


class StepField(Field):
    """Takes an action. The keys that would scroll a long text scroll the page instead."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "screen.page(1)", "Page", id="page.down", tooltip="See what is further down on the page"),
        Binding(
            "pageup",
            "screen.page(-1)",
            "Page up",
            show=False,
            id="page.up",
            tooltip="See what is further up on the page",
        ),
    ]


class StepBox(Vertical):
    """What the person does next in a demonstration, as an action that is completed from what the page offers."""

    DEFAULT_CSS = _BOX.format(name="StepBox") + "StepBox > #step-problem { color: $text-error; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "tab",
            "complete",
            "Complete",
            id="step.complete",
            tooltip="Take the action that is suggested",
            priority=True,
        ),
        Binding(
            "escape", "leave", "Leave", id="step.leave", tooltip="Leave the demonstration; nothing is learned from it"
        ),
    ]

    @dataclass
    class Answered(Message):
        """The person said what they do; None leaves the demonstration."""

        text: str | None

    def __init__(self, step: int, offers: Sequence[str], problem: str, written: str) -> None:
        super().__init__()
        self._step = step
        self._offers = offers
        self._problem = problem
        self._written = written

    def compose(self) -> ComposeResult:
        """Show what is wanted, and what was wrong with the last answer, above the field."""
        yield Static(
            f"Step {self._step + 1}, done by you. Tab completes, Enter does it, done ends, Esc leaves.", markup=False
        )
        if self._problem:
            yield Static(self._problem, id="step-problem", markup=False)
        yield StepField(
            self._written if self._problem else "",
            placeholder='click "Save"   type "Name" "Ada"   select "Size" "M"   done',
            suggester=SuggestFromList(self._offers, case_sensitive=False),
            select_on_focus=False,
            compact=True,
            id="step",
        )

    def on_mount(self) -> None:
        """Be ready to be typed into."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Send the action; an empty one is none yet."""
        event.stop()
        if event.value.strip():
            self.post_message(self.Answered(event.value.strip()))

    def action_complete(self) -> None:
        """Take what is suggested: what the right arrow does at the end of the field."""
        field = self.query_one(Input)
        field.cursor_position = len(field.value)
        field.action_cursor_right()

    def action_leave(self) -> None:
        """Leave the demonstration."""
        self.post_message(self.Answered(None))


class CorrectionBox(Vertical):
    """What the person wants done in the place of what the agent does next."""

    DEFAULT_CSS = _BOX.format(name="CorrectionBox") + "CorrectionBox > #correction-problem { color: $text-error; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", id="correction.leave", tooltip="Correct nothing")
    ]

    @dataclass
    class Answered(Message):
        """The person said what is to be done; None corrects nothing."""

        text: str | None

    def compose(self) -> ComposeResult:
        """Show what the field is for, and what was wrong with what was typed, above it."""
        yield Static("Instead of what the agent does next. Enter has it done, Esc leaves.", markup=False)
        yield Static(id="correction-problem", markup=False)
        yield Field(placeholder='click "Cancel"   type "Name" "Ada"   select "Size" "M"', id="correction", compact=True)

    def on_mount(self) -> None:
        """Be ready to be typed into."""
        self.query_one("#correction-problem").display = False
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Send the action, or say what is wrong with it; an empty one is none yet."""
        event.stop()
        if text := event.value.strip():
            problem = problem_with_action(text)
            said = self.query_one("#correction-problem", Static)
            said.update(problem)
            said.display = bool(problem)
            if not problem:
                self.post_message(self.Answered(text))

    def action_leave(self) -> None:
        """Correct nothing."""
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
        text = f"The session wants to: {action}\nConsequence: {consequence}{why}\nAllow it? y yes, n no, ctrl+r something else"
        super().__init__(text, markup=False)

    def on_mount(self) -> None:
        """Take the two keys."""
        self.focus()

    def action_say(self, approve: bool) -> None:
        """Pass on what the person said."""
        self.post_message(self.Answered(approve))
