"""Help: what the screen below shows, and every key it knows at this moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static


@dataclass(frozen=True, slots=True)
class Key:
    """A key, its word, and what it does."""

    key: str
    word: str
    tooltip: str


class HelpScreen(ModalScreen[None]):
    """Text and keys; Escape or F1 closes it."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1", "close", "Close", id="help.close", tooltip="Go back to the screen below")
    ]

    def __init__(self, text: str, keys: Sequence[Key]) -> None:
        super().__init__()
        self._text, self._keys = text, keys

    def compose(self) -> ComposeResult:
        """Show the text, then the keys."""
        with VerticalScroll(id="help"):
            yield Static(self._text, markup=False)
            yield Static(self._table(), id="help-keys")
            yield Static("Escape closes this help.", id="help-end")

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()

    def _table(self) -> Content:
        wide = max((len(key.key) for key in self._keys), default=0)
        rows = [Content.assemble((key.key.ljust(wide + 2), "bold"), f"{key.word}: {key.tooltip}") for key in self._keys]
        return Content("\n").join(rows)
