"""Adapters: where each came from, its receipt, how two of them differ, and which of them acts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import DataTable, Footer, Static

from agent.store import AdapterRow, Store
from browser.errors import ApprenticeError
from tui import tables, words
from tui.feed import Errand
from tui.lineage import comparison
from tui.messages import Answered, Failed, LearningRead
from tui.reading import Learning, read_learning
from tui.screens.errands import ChampionScreen
from tui.widgets.heading import Heading
from tui.widgets.masthead import Masthead
from tui.widgets.rows import RowTable

COMPARED = 20
"""Two adapters are asked about the steps of so many of the latest sessions."""
NONE_YET = "No adapters yet: the base acts alone. Press F4, then c, to move what was taught into the weights."


class AdaptersScreen(ChampionScreen):
    """The lineage, and the receipt of the adapter under the cursor."""

    CSS_PATH = "adapters.tcss"
    AUTO_FOCUS = "#lineage"
    ABOUT: ClassVar[str] = (
        "Adapters shows every adapter below the one it came from. Beside it is the receipt of the one under the cursor: what "
        "the gate measured, each bound, and the verdict. The champion acts. Press m on one adapter and d on another to ask "
        "both what they would do at the same recorded steps; without a mark the base is asked. A forgotten adapter's files "
        "are gone; a corrupt one does not verify and never acts."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "promote", "Promote", id="adapters.promote", tooltip="Let this adapter act"),
        Binding("r", "roll_back", "Roll back", id="adapters.roll_back", tooltip="Let the one before the champion act"),
        Binding("m", "mark", "Mark", show=False, id="adapters.mark", tooltip="Remember this adapter to compare it"),
        Binding(
            "d",
            "compare",
            "Compare",
            id="adapters.compare",
            tooltip="Compare this adapter with the marked one, or the base",
        ),
        Binding(
            "delete",
            "forget",
            "Forget",
            show=False,
            id="adapters.forget",
            tooltip="Forget this adapter and the sessions it learned from",
        ),
    ]

    def __init__(self, store: Store, command: Sequence[str]) -> None:
        super().__init__(store)
        self._command = command
        self._learning: Learning | None = None
        self._marked: str | None = None
        self._errand: Errand | None = None
        self._names: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        """Lay out lineage, receipt and comparison."""
        yield Masthead("adapters")
        yield Static(NONE_YET, id="no-lineage", markup=False)
        with Container(id="adapters-work"):
            yield RowTable(tables.LINEAGE, id="lineage")
            with VerticalScroll(id="receipt-part", can_focus=False):
                yield Heading("Receipt", id="receipt-heading")
                yield Static(id="receipt-facts", markup=False)
                yield RowTable(tables.GATE, id="receipt")
        yield Static(id="comparison", markup=False)
        yield Footer()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        if action not in ("promote", "roll_back", "mark", "compare", "forget"):
            return True
        adapter = self._adapter() if self.is_mounted else None
        if adapter is None or self._learning is None:
            return False
        champion = self._learning.champion
        if action == "roll_back":
            return champion is not None
        usable = adapter.forgotten_at is None and adapter.state != "corrupt"
        return usable and not (action == "compare" and self._errand is not None)

    def look(self) -> None:
        """Read adapters and lessons."""
        self.read(lambda store: LearningRead(read_learning(store)))

    def on_unmount(self) -> None:
        """Leave no comparison behind without a screen."""
        if self._errand is not None:
            self._errand.stop()

    def on_learning_read(self, message: LearningRead) -> None:
        """Draw the lineage and the receipt."""
        self._learning = message.learning
        rows = tables.lineage_rows(message.learning, self._marked)
        self.query_one("#lineage", RowTable).show(rows)
        self.query_one("#adapters-work").display = bool(rows)
        self.query_one("#no-lineage").display = not rows
        self._draw_receipt()
        self.drawn.set()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Show the receipt of the adapter under the cursor."""
        if event.data_table.id == "lineage":
            self._draw_receipt()

    # ---- what the person does ---------------------------------------------------------------------------------

    def action_forget(self) -> None:
        """Say what would go, then forget every session that the adapter learned from."""
        adapter, learning = self._adapter(), self._learning
        if adapter is None or learning is None:
            return
        sources = [row.source_session_id for row in learning.lessons if row.id in adapter.lesson_ids]
        names = sorted({name for name in sources if name})
        if names:
            self.ask_and_forget(names)
        else:
            self.notify("No session that this adapter learned from is in the store.", severity="warning")

    def action_mark(self) -> None:
        """Remember the adapter under the cursor."""
        adapter = self._adapter()
        if adapter is not None and self._learning is not None:
            self._marked = None if self._marked == adapter.id else adapter.id
            self.on_learning_read(LearningRead(self._learning))

    def action_compare(self) -> None:
        """Ask the marked adapter (or the base) and this one about the same recorded steps, in a process of their own."""
        adapter = self._adapter()
        if adapter is None or adapter.id == self._marked or self._errand is not None:
            return
        first = self._marked or "base"
        self._names = {first: words.short(first), adapter.id: words.short(adapter.id)}
        self._say([f"Comparing {words.short(first)} with {words.short(adapter.id)}…"])
        self._compare(first, adapter.id)

    @work(thread=True, group="compare", exclusive=True)
    def _compare(self, first: str, second: str) -> None:
        try:
            sessions = [row.id for row in self._store.sessions(limit=COMPARED) if row.steps]
            by = ["--by", first, "--by", second]
            self._errand = Errand([*self._command, "decide", *sessions, *by, "--lessons", "none", "--json"])
            self._errand.run()
        except ApprenticeError as error:
            self.post_message(Failed(error))
            self.post_message(Answered(None))
        else:
            self.post_message(Answered(self._errand.records[-1]))

    def on_answered(self, message: Answered) -> None:
        """Show how the two differ."""
        self._errand = None
        self._say(comparison(message.answer, self._names) if message.answer else [])
        self.refresh_bindings()

    # ---- drawing ----------------------------------------------------------------------------------------------

    def _say(self, lines: list[str]) -> None:
        shown = self.query_one("#comparison", Static)
        shown.update("\n".join(lines))
        shown.display = bool(lines)

    def _adapter(self) -> AdapterRow | None:
        current = self.query_one("#lineage", RowTable).current
        rows = self._learning.adapters if self._learning else ()
        return next((row for row in rows if row.id == current), None)

    def _draw_receipt(self) -> None:
        adapter, learning = self._adapter(), self._learning
        self.refresh_bindings()
        if adapter is None or learning is None:
            return
        facts = [
            f"{words.state(adapter, learning.champion)}, made {words.when(adapter.created_at)}, base {words.short(adapter.base_id)}",
            f"from {words.short(adapter.parent_id)}" if adapter.parent_id else "from the base",
            f"{len(adapter.lesson_ids)} lessons learned",
        ]
        if adapter.forgotten_at:
            facts.append(f"forgotten {words.when(adapter.forgotten_at)}: its files and its receipt are gone")
        if adapter.state == "corrupt":
            facts.append("its files do not verify: it never acts")
        rows = tables.gate(adapter, learning)
        self.query_one("#receipt-heading", Heading).update(
            f"Receipt of {words.short(adapter.id)}: {words.gate(adapter)}"
        )
        self.query_one("#receipt-facts", Static).update("\n".join(facts))
        receipt = self.query_one("#receipt", RowTable)
        receipt.show(rows)
        receipt.display = bool(rows)
