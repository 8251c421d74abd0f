"""Learning: what was taught, the night that moves it into the weights, its gate, and which adapter acts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import DataTable, Footer, Static

from agent.store import AdapterRow, Store
from browser.errors import ApprenticeError
from tui import tables, words
from tui.feed import Errand
from tui.messages import Failed, LearningRead, NightReturned, NightTold
from tui.progress import NightProgress
from tui.reading import Learning, read_learning
from tui.screens.errands import ChampionScreen
from tui.widgets.heading import Heading
from tui.widgets.masthead import Masthead
from tui.widgets.night import NightView
from tui.widgets.rows import Row, RowTable

TEACH = 'Show something once: F2, then Ctrl+T; or in a terminal: apprentice teach "…" --url http://…'
NONE_TAUGHT = f"Nothing was taught yet. {TEACH}"
NO_NIGHT = "No night yet. Press c to move what was taught into the weights."
NOTHING_TO_LEARN = "No night yet: it needs a demonstration to learn from."
NO_ADAPTER = "No adapters yet: the base acts alone."
NO_GATE = "An adapter's gate rows appear here."


class LearningScreen(ChampionScreen):
    """Four parts: lessons, night, adapters, gate."""

    CSS_PATH = "learning.tcss"
    AUTO_FOCUS = "#lessons"
    ABOUT: ClassVar[str] = (
        "Learning shows the two speeds. A lesson is read in context from the moment it is taught. A night (consolidation) "
        "moves lessons into an adapter: it rehearses variants of what was shown, trains, and tests the adapter at the "
        "gate. Every gate row must hold, or the lessons stay in context. The champion is the adapter that acts. Tab goes "
        "from table to table; the gate shows the adapter under the cursor."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "consolidate", "Consolidate", id="night.start", tooltip="Begin a night now, in the background"),
        Binding("p", "promote", "Promote", id="adapter.promote", tooltip="Let the adapter under the cursor act"),
        Binding(
            "r",
            "roll_back",
            "Roll back",
            id="adapter.roll_back",
            tooltip="Let the adapter before the champion act again",
        ),
        Binding("tab", "app.focus_next", "Next part", id="learning.next", tooltip="Go on to the next table"),
    ]

    def __init__(self, store: Store, night_command: Sequence[str]) -> None:
        super().__init__(store)
        self._night_command = night_command
        self._learning: Learning | None = None
        self._errand: Errand | None = None
        self._told = ""
        self._night_before: str | None = None

    def compose(self) -> ComposeResult:
        """Lay out the four parts: one below the other, or two by two where there is room."""
        yield Masthead("learning")
        with VerticalScroll(id="parts", can_focus=False):
            with Vertical(id="lessons-part"):
                yield Heading("Lessons")
                yield Static(NONE_TAUGHT, id="no-lessons", markup=False)
                yield RowTable(tables.LESSONS, id="lessons")
            with Vertical(id="night-part"):
                yield Heading("Night")
                yield NightView()
            with Vertical(id="adapters-part"):
                yield Heading("Adapters")
                yield Static(NO_ADAPTER, id="no-adapters", markup=False)
                yield RowTable(tables.ADAPTERS, id="adapters")
            with Vertical(id="gate-part"):
                yield Heading("Gate", id="gate-heading")
                yield Static(NO_GATE, id="no-gate", markup=False)
                yield RowTable(tables.GATE, id="gate")
        yield Footer()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        learning = self._learning
        match action:
            case "promote":
                return learning is not None and bool(learning.adapters)
            case "roll_back":
                return learning is not None and learning.champion is not None
        return True

    def look(self) -> None:
        """Read everything this screen shows."""
        self.read(lambda store: LearningRead(read_learning(store)))

    def on_unmount(self) -> None:
        """Stop following; a night that has begun goes on by itself."""
        if self._errand is not None:
            self._errand.stop()

    # ---- what the person does ---------------------------------------------------------------------------------

    def action_consolidate(self) -> None:
        """Begin a night, unless one runs."""
        learning = self._learning
        if learning is None:
            return
        night = learning.night
        if self._errand is not None or (night is not None and night.state == "running"):
            self.notify("A consolidation is running already.", severity="warning")
        elif not learning.teachable:
            self.notify(f"There is no demonstration to consolidate. {TEACH}", severity="warning", markup=False)
        else:
            self._night_before = night.id if night else None
            self._told = "starting"
            self._errand = Errand(self._night_command, lambda text: self.post_message(NightTold(text)))
            self._spend_night(self._errand)
            self._draw_night(learning)

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Show the gate of the adapter under the cursor."""
        if event.data_table.id == "adapters":
            self._draw_gate()

    # ---- workers, and what they tell --------------------------------------------------------------------------

    @work(thread=True, group="night", exclusive=True)
    def _spend_night(self, errand: Errand) -> None:
        try:
            errand.run()
        except ApprenticeError as error:
            self.post_message(Failed(error))
        self.post_message(NightReturned())

    def on_night_told(self, message: NightTold) -> None:
        """Show what takes its time before the night itself reports."""
        self._told = f"starting: {message.text}"
        if self._learning is not None:
            self._draw_night(self._learning)

    def on_night_returned(self) -> None:
        """Show how it ended."""
        self._errand = None
        self.look()

    # ---- drawing ----------------------------------------------------------------------------------------------

    def on_learning_read(self, message: LearningRead) -> None:
        """Draw all four parts."""
        known = {row.id for row in self._learning.adapters} if self._learning else None
        learning = self._learning = message.learning
        self._fill("lessons", tables.lessons(learning))
        self._fill("adapters", tables.adapters(learning))
        is_new = known is not None and bool(learning.adapters) and learning.adapters[0].id not in known
        if is_new:
            self.query_one("#adapters", RowTable).move_cursor(row=0)
        self._draw_night(learning)
        self._draw_gate()
        if is_new:
            self._show_gate()
        self.refresh_bindings()
        self.drawn.set()

    def _fill(self, name: str, rows: Sequence[Row]) -> None:
        table = self.query_one(f"#{name}", RowTable)
        table.show(rows)
        table.display = bool(rows)
        self.query_one(f"#no-{name}").display = not rows

    def _draw_night(self, learning: Learning) -> None:
        view, night = self.query_one(NightView), learning.night
        if self._errand is not None and (night is None or night.id == self._night_before):
            view.show(self._told, None)
        elif night is not None:
            progress = NightProgress.of(night, learning.events)
            since = "" if night.state == "running" else f"{words.when(night.started_at)}  "
            view.show(since + progress.words, progress)
        else:
            view.show(NO_NIGHT if learning.teachable else NOTHING_TO_LEARN, None)

    def _draw_gate(self) -> None:
        adapter = self._adapter()
        rows = tables.gate(adapter, self._learning) if adapter and self._learning else []
        self._fill("gate", rows)
        name = f"Gate of adapter {words.short(adapter.id)}: {words.gate(adapter)}" if adapter else "Gate"
        self.query_one("#gate-heading", Heading).update(name)

    def _show_gate(self) -> None:
        """Bring what the night came to into view: on a small screen it is below the curve."""
        self.query_one("#gate").focus(scroll_visible=False)
        self.call_after_refresh(self.query_one("#gate-part").scroll_visible, animate=False, top=True)

    def _adapter(self) -> AdapterRow | None:
        current = self.query_one("#adapters", RowTable).current
        rows = self._learning.adapters if self._learning else ()
        return next((row for row in rows if row.id == current), None)
