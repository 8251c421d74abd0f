"""One session, step by step: what the agent saw, what it did, what came of it, and what it cost."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import Footer, Static

from agent.store import SessionRow, StepRow, Store
from agent.verdicts import judge
from tui import words
from tui.messages import Done, StepsRead
from tui.screens.base import FollowingScreen
from tui.screens.picture import picture_key, read_picture
from tui.widgets.heading import Heading
from tui.widgets.masthead import Masthead
from tui.widgets.page import PageView

STEPPING = Binding.Group("Step", compact=True)


class SessionScreen(FollowingScreen):
    """Left and right go through the steps; up and down move the page. A session that has not ended is read again."""

    CSS_PATH = "session.tcss"
    AUTO_FOCUS = "PageView VerticalScroll"
    ABOUT: ClassVar[str] = (
        "This is one recorded session. Each step shows the page as the agent read it, the action it decided on, what the "
        "guard said, what came of it and what it cost. Say with y or n whether the task was achieved: the latest word "
        "of a person or a check counts, and earlier words are kept. Ctrl+G shows the page after the step as a picture."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left", "move(-1)", "Before", id="step.before", tooltip="Go one step back", group=STEPPING, priority=True
        ),
        Binding("right", "move(1)", "Next", id="step.next", tooltip="Go one step on", group=STEPPING, priority=True),
        Binding("home", "go(0)", "First", show=False, id="step.first", tooltip="Go to the first step", priority=True),
        Binding("end", "go(-1)", "Last", show=False, id="step.last", tooltip="Go to the last step", priority=True),
        Binding("y", "judge(True)", "Achieved", id="outcome.achieved", tooltip="Say that the task was achieved"),
        Binding("n", "judge(False)", "Not achieved", id="outcome.not", tooltip="Say that the task was not achieved"),
        picture_key("step.picture"),
        Binding("escape", "app.pop_screen", "Back", id="session.back", tooltip="Go back to the list"),
    ]

    def __init__(self, store: Store, session_id: str) -> None:
        super().__init__(store)
        self._session_id = session_id
        self._session: SessionRow | None = None
        self._steps: list[StepRow] = []
        self._at = 0
        self._verdicts: deque[bool] = deque()
        """The person's words that are not recorded yet."""

    def compose(self) -> ComposeResult:
        """Lay out what the session was, the page, and the details of the step."""
        yield Masthead("sessions")
        yield Heading("", id="session-task")
        yield Static(id="session-facts", markup=False)
        with Container(id="session-work"):
            yield PageView(id="session-page")
            with VerticalScroll(id="step", can_focus=False):
                yield Static(id="step-facts", markup=False)
        yield Footer()

    def look(self) -> None:
        """Read the session, unless it was read to its end."""
        if self._session is None or self._session.ended_at is None:
            self.read(lambda store: _steps_of(store, self._session_id))

    def on_steps_read(self, message: StepsRead) -> None:
        """Draw the session, and the step it stands at when there is more to see of it."""
        row, more = message.session, self._session is None or message.steps != self._steps
        self._session, self._steps = row, message.steps
        self.query_one("#session-task", Heading).update(row.task)
        self.query_one("#session-facts", Static).update(_facts(row))
        if more:
            self._show()
        self.drawn.set()

    def action_move(self, by: int) -> None:
        """Go some steps on or back, not beyond the ends."""
        self._at = max(0, min(self._at + by, len(self._steps) - 1))
        self._show()

    def action_go(self, to: int) -> None:
        """Go to a step, counted from the end when negative."""
        self._at = to if to >= 0 else max(0, len(self._steps) + to)
        self._show()

    def action_picture(self) -> None:
        """Show the page after this step as a picture."""
        step = self._steps[self._at] if self._steps else None
        self.do(lambda store: read_picture(store, step))

    def action_judge(self, achieved: bool) -> None:
        """Record the person's word, and show it with what followed."""
        self._verdicts.append(achieved)
        self.do(partial(self._record, self.app))

    def _record(self, app: App[Any], store: Store) -> StepsRead:
        """Record the first word that waits, unless it is what the person said last: a key that was pressed twice is one word."""
        achieved, before = self._verdicts.popleft(), store.outcomes(self._session_id)[-1:]
        if [(word.source, word.succeeded) for word in before] != [("person", achieved)]:
            said = judge(store, self._session_id, achieved, "person").said()
            if said:
                app.post_message(Done("\n".join(said)))  # to the app, since the person may have left this screen
        return _steps_of(store, self._session_id)

    def _show(self) -> None:
        page, facts = self.query_one(PageView), self.query_one("#step-facts", Static)
        if not self._steps:
            page.show("", "", ["This session ended before its first step."])
            facts.update("")
            return
        step = self._steps[self._at]
        page.show(step.observation.title, step.observation.url, step.observation.render().split("\n"))
        facts.update("\n".join(_details(step, self._at + 1, len(self._steps))))


def _steps_of(store: Store, session_id: str) -> StepsRead:
    return StepsRead(store.session(session_id), store.steps(session_id))


def _facts(row: SessionRow) -> str:
    answer = f": {row.answer}" if row.answer else ""
    adapter = f"adapter {words.short(row.adapter_id)}" if row.adapter_id else "no adapter"
    count = len(row.lesson_ids)
    read = f"{count} {'lesson' if count == 1 else 'lessons'} in context"
    return (
        f"{words.when(row.started_at)}  {row.kind} in {row.app}, {adapter}, {read}\n"
        f"ended: {words.ended(row)}{answer}   outcome: {words.outcome(row.outcome)}"
    )


def _details(step: StepRow, number: int, of: int) -> list[str]:
    acted = "not finished" if step.acted_ms is None else f"acted in {step.acted_ms:.0f} ms"
    return [
        f"Step {number} of {of}: {step.action.render()}",
        f"by the {step.actor}, {words.result(step)}{': ' + step.note if step.note else ''}",
        f"guard: {words.guard(step.guard)}",
        f"decided in {step.decided_ms:.0f} ms, {acted}",
        f"{step.prompt_tokens} tokens read, {step.new_tokens} written",
    ]
