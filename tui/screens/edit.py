"""The words of a lesson, to be said anew."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.widgets.field import Field


class EditScreen(ModalScreen[str]):
    """A field that holds the words. Enter keeps them, Escape changes nothing; the result is None then."""

    CSS_PATH = "confirm.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel", id="edit.cancel", tooltip="Leave the lesson as it is"),
    ]

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words

    def compose(self) -> ComposeResult:
        """Show the field and the keys."""
        with Vertical(id="dialog"):
            yield Static("The lesson in other words. The old one is retired, and stays in the record.", markup=False)
            yield Field(self._words, id="words")
            yield Static("Enter to keep the new words, Escape to change nothing", id="dialog-keys")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Close with the words."""
        self.dismiss(event.value)

    def action_leave(self) -> None:
        """Close without any."""
        self.dismiss(None)
