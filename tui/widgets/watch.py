"""A session as it is watched: its steps, the page, what it asks, and where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.widgets import Input, Static

from tui import words
from tui.widgets.heading import Heading
from tui.widgets.page import PageView
from tui.widgets.person import ApprovalBox, CorrectionBox, QuestionBox, StepBox
from tui.widgets.timeline import Timeline


class WatchView(Vertical):
    """Draws events. What the person answers is told by the boxes that it puts up."""

    def compose(self) -> ComposeResult:
        """Lay out steps and page, one below the other or side by side, above the question and the status."""
        yield Heading("", id="watch-task")
        with Container(id="watch-work"):
            yield Timeline(id="timeline")
            yield PageView(id="page")
        yield Vertical(id="person")
        yield Static(id="status", markup=False)

    def begin(self, task: str) -> None:
        """Show an empty session."""
        self.query_one("#watch-task", Heading).update(task)
        self.query_one(Timeline).clear()
        self.query_one(PageView).show("", "", ["The first page appears here once the browser is open."])
        self.screen.set_focus(self.query_one(Timeline))  # at once: later it would take the keys from the next question

    async def draw(self, records: Sequence[dict[str, Any]], written: str) -> None:
        """Draw events; of the pages, which replace one another, the latest.

        `written` is what the person typed last, to be mended when it was no action.
        """
        for record in records:
            await self._draw(record, written)
        page = next((record for record in reversed(records) if record.get("event") == "observed"), None)
        if page is not None:
            self.query_one(PageView).show(page["title"], page["url"], page["lines"])
        self.query_one(Timeline).show_new()

    async def _draw(self, record: dict[str, Any], written: str) -> None:
        timeline = self.query_one(Timeline)
        match record.get("event"):
            case "decided":
                verdict = record["verdict"]
                timeline.add_step(record["step"], record["action"], "" if verdict["allowed"] else verdict["reason"])
            case "dialog" | "wall":
                timeline.add_note(words.beside(record))
            case "stepped":
                timeline.finish_step(record["note"], ok=record["ok"])
            case "take_over":
                await self.clear()
            case "approval_needed":
                await self._ask(ApprovalBox(record["action"], record["consequence"], record.get("reason", "")))
            case "question":
                await self._ask(QuestionBox(record["text"]))
            case "step_wanted":
                await self._ask(StepBox(record["step"], record["offers"], record["problem"], written))

    async def correct(self) -> None:
        """Take a correction; what is asked meanwhile waits behind it."""
        person = self.query_one("#person")
        if not person.query(CorrectionBox):
            for box in person.children:
                box.display = False
            await person.mount(CorrectionBox())

    async def corrected(self) -> None:
        """Take the correction away, and put up again what it hid."""
        await self.query(CorrectionBox).remove()
        hidden = self.query_one("#person").children
        for box in hidden:
            box.display = True
        last = hidden[-1] if hidden else None
        field = last.query(Input).first(Input) if last and last.query(Input) else last
        self.screen.set_focus(field or self.query_one(Timeline))

    async def clear(self) -> None:
        """Take the question away."""
        await self.query_one("#person").remove_children()

    async def answered(self) -> None:
        """Take the question away and give the keys back to the steps."""
        await self.clear()
        self.screen.set_focus(self.query_one(Timeline))  # at once: later it would take the keys from the next question

    async def end(self, reason: str) -> None:
        """Write why the session ended."""
        self.query_one(Timeline).end(reason)
        self.query_one(Timeline).show_new()
        await self.clear()

    def stand(self, lines: str) -> None:
        """Write where the session stands."""
        self.query_one("#status", Static).update(lines)

    def turn(self, pages: int) -> None:
        """Scroll the page, whatever has the keys."""
        self.query_one(PageView).turn(pages)

    async def _ask(self, box: ApprovalBox | QuestionBox | StepBox) -> None:
        await self.clear()
        await self.query_one("#person").mount(box)
