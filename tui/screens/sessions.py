"""Sessions: everything that was done, the latest first."""

from __future__ import annotations

from typing import ClassVar, get_args

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, Footer, Input, Static

from agent.store import Store, Which
from tui import tables
from tui.messages import SessionsRead
from tui.screens.base import FollowingScreen
from tui.screens.session import SessionScreen
from tui.widgets.field import Field
from tui.widgets.masthead import Masthead
from tui.widgets.rows import RowTable

PAGE = 100
"""So many sessions are listed at first, and so many more whenever the cursor has reached the last of them."""
NONE_YET = 'No sessions yet. Press F2 and start one, or type in a terminal: apprentice run "…" --url http://…'


class SessionTable(RowTable):
    """The list of sessions, with the key that opens one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.open", "Open", id="sessions.open", tooltip="Go through the steps of this session"),
        Binding(
            "f",
            "screen.filter",
            "Filter",
            id="sessions.filter",
            tooltip="List the next part: achieved, not achieved, …",
        ),
    ]


class SessionsScreen(FollowingScreen):
    """A list to search and to open."""

    CSS_PATH = "sessions.tcss"
    AUTO_FOCUS = "#sessions"
    ABOUT: ClassVar[str] = (
        "Sessions lists every task that was worked on, by this dashboard or by a command. Search finds words of the "
        "task, f leaves a part of them. Enter opens one: there you go through its steps and say whether the task was achieved, now or "
        "months later."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+f", "search", "Search", id="sessions.search", tooltip="Find sessions by words of their task"),
        Binding(
            "escape",
            "leave_search",
            "List",
            show=False,
            id="sessions.list",
            tooltip="Clear the search and go back to the list",
        ),
    ]

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._limit = PAGE
        self._only: Which | None = None

    def compose(self) -> ComposeResult:
        """Lay out search, list and what stands for an empty one."""
        yield Masthead("sessions")
        yield Field(placeholder="Search the tasks (ctrl+f)", id="search", compact=True)
        yield Static(id="only", markup=False)
        yield SessionTable(tables.SESSIONS, id="sessions")
        yield Static(id="no-sessions", markup=False)
        yield Footer()

    def look(self) -> None:
        """Read the list, as searched."""
        search, limit, only = self.query_one("#search", Input).value, self._limit, self._only
        self.read(lambda store: SessionsRead(search, only, store.sessions(search or None, limit, only=only)))

    def on_sessions_read(self, message: SessionsRead) -> None:
        """Draw the list."""
        table, empty = self.query_one(RowTable), self.query_one("#no-sessions", Static)
        table.show(tables.sessions(message.rows))
        table.display = bool(message.rows)
        empty.display = not message.rows
        empty.update(_none(message))
        self._say_which()
        self.drawn.set()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search while it is being typed."""
        self._limit = PAGE
        self.look()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go from the search to what was found."""
        self.query_one(RowTable).focus()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """List more of them at the end."""
        if event.cursor_row == self._limit - 1:
            self._limit += PAGE
            self.look()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Open the session that Enter was pressed on."""
        self.action_open()

    def action_open(self) -> None:
        """Go through the session under the cursor."""
        current = self.query_one(RowTable).current
        if current is not None:
            self.app.push_screen(SessionScreen(self._store, current))

    def action_filter(self) -> None:
        """List the next part of the sessions, after the last one all of them."""
        parts: tuple[Which | None, ...] = (None, *get_args(Which))
        self._only = parts[(parts.index(self._only) + 1) % len(parts)]
        self._limit = PAGE
        self._say_which()
        self.look()

    def _say_which(self) -> None:
        only = self.query_one("#only", Static)
        only.display = self._only is not None
        only.update(f"Only: {self._only}   (f: the next part)")

    def action_search(self) -> None:
        """Type a search."""
        self.query_one("#search").focus()

    def action_leave_search(self) -> None:
        """Show all sessions again."""
        self._only = None
        self._say_which()
        self.query_one("#search", Input).value = ""
        self.look()
        self.query_one(RowTable).focus()


def _none(message: SessionsRead) -> str:
    """Say why the list is empty."""
    part = f" and is {message.only}" if message.only else ""
    if message.search:
        return f"No task has the words {message.search!r}{part}."
    return f"No session is {message.only}." if message.only else NONE_YET
