"""Doctor: what is in order on this machine, what to do about the rest, and whether a night may begin by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer, Static

from agent.store import Store
from tui import tables
from tui.checkup import check_up
from tui.messages import CheckedUp
from tui.screens.base import FollowingScreen
from tui.widgets.masthead import Masthead
from tui.widgets.rows import RowTable


class DoctorScreen(FollowingScreen):
    """The findings, in words, and the idle watch."""

    CSS_PATH = "doctor.tcss"
    AUTO_FOCUS = "#findings"
    ABOUT: ClassVar[str] = (
        "Doctor looks at everything that a session or a night needs: Python, SQLite, the disk, the store, the base model, the "
        "browser. What is wrong says what to do about it. The last line says whether a night may begin by itself now, and "
        "why not: apprentice idle install begins to watch."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "again", "Look again", id="doctor.again", tooltip="Examine everything once more"),
    ]

    def __init__(self, store: Store, command: Sequence[str]) -> None:
        super().__init__(store)
        self._command = command
        self._asked = False

    def compose(self) -> ComposeResult:
        """Lay out the findings and the idle watch."""
        yield Masthead("doctor")
        yield Static("Examining…", id="doctor-words", markup=False)
        yield RowTable(tables.FINDINGS, id="findings")
        yield Static(id="idle-words", markup=False)
        yield Footer()

    def look(self) -> None:
        """Examine when the screen is first seen; later only when asked to: it takes a moment."""
        if not self._asked:
            self.action_again()

    def action_again(self) -> None:
        """Examine everything."""
        self._asked = True
        self.query_one("#doctor-words", Static).update("Examining…")
        self.read(lambda _: CheckedUp(check_up(self._command)))

    def on_checked_up(self, message: CheckedUp) -> None:
        """Show what was found."""
        found = message.checkup.findings
        wrong = sum(item["ok"] is False for item in found)
        said = f"{wrong} of {len(found)} need attention." if wrong else "Everything is in order."
        self.query_one("#doctor-words", Static).update(said)
        self.query_one(RowTable).show(tables.findings(found))
        self.query_one("#idle-words", Static).update(message.checkup.night_words())
        self.drawn.set()
