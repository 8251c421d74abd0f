"""Live: start a task, watch every step, answer questions, allow or refuse what has consequences, stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.timer import Timer
from textual.widgets import Footer, Input, Label, Static

from agent.store import Store
from browser.errors import ApprenticeError
from tui import words
from tui.feed import Child, error_of
from tui.messages import CostRead, NoteArrived, RecordArrived, SessionExited, StateChanged
from tui.progress import WAITING, Phase, SessionProgress
from tui.reading import Cost, read_cost
from tui.screens.base import StoreScreen
from tui.starting import Start, has_display, problem_with
from tui.widgets.field import Field
from tui.widgets.heading import Heading
from tui.widgets.masthead import Masthead
from tui.widgets.page import PageView
from tui.widgets.person import ApprovalBox, QuestionBox
from tui.widgets.timeline import Timeline

FRAME_S, COST_S = 0.05, 0.5
"""What arrives within a frame is drawn together, and the store is asked for the cost so seldom: sixty steps a second do not lag."""


class LiveScreen(StoreScreen):
    """One session, in a process of its own: fields before it begins, its steps and pages from then on."""

    CSS_PATH = "live.tcss"
    AUTO_FOCUS = "#task"
    ABOUT: ClassVar[str] = (
        "Live starts one session and shows what it sees and does. Write the task in your own words and the address it "
        "begins at. The session may ask a question: type the answer. Before it sends, pays, deletes or publishes, it "
        "shows the exact action and waits for your y or n. Lessons that fit the task are read by themselves."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "start", "Start", id="session.start", tooltip="Begin the task that the fields describe"),
        Binding("f6", "again", "New task", id="session.new", tooltip="Go back to the fields, with the same address"),
        Binding(
            "f7",
            "turn_wheel",
            "Take over",
            id="session.take_over",
            tooltip="Do it yourself in the browser window for a while; press it again and the session goes on from there",
        ),
        Binding("f8", "stop", "Stop", id="session.stop", tooltip="End the session now; what it did so far is kept"),
    ]

    def __init__(self, store: Store, command: Sequence[str]) -> None:
        super().__init__(store)
        self._command = command
        self._child: Child | None = None
        self._progress: SessionProgress | None = None
        self._cost: Cost | None = None
        self._note = ""
        self._error = ""
        self._undrawn: list[dict[str, Any]] = []
        self._next_frame: Timer | None = None
        self._next_cost: Timer | None = None

    @property
    def running(self) -> bool:
        """Whether the process of a session is there: it closes its browser after the session's end."""
        return self._child is not None

    def compose(self) -> ComposeResult:
        """Lay out the fields and, hidden until a session begins, what is watched."""
        yield Masthead("live")
        with Vertical(id="form"):
            yield Static("No session is running. Write a task and an address, then press F5 to start.", id="form-hint")
            yield Label("Task, in your own words")
            yield Field(placeholder="Add a bill of 12.50 paid by Alex", id="task")
            yield Label("Address to begin at")
            yield Field(placeholder="http://127.0.0.1:8000/", id="url")
            yield Label("Name of the app (optional): lessons are kept under it")
            yield Field(placeholder="the address's origin", id="app")
            yield Static(id="form-problem", markup=False)
        with Vertical(id="watch"):
            yield Heading("", id="watch-task")
            with Container(id="watch-work"):
                yield Timeline(id="timeline")
                yield PageView(id="page")
            yield Vertical(id="person")
            yield Static(id="status", markup=False)
        yield Footer()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        match action:
            case "start":
                return self._progress is None
            case "again":
                return self._progress is not None and not self.running
            case "stop":
                return self.running
            case "turn_wheel":
                return self.running and has_display()
        return True

    # ---- what the person does ---------------------------------------------------------------------------------

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on to the address after the task; after the others, start."""
        if event.input.id == "task":
            self.query_one("#url").focus()
        else:
            self.action_start()

    def action_start(self) -> None:
        """Begin the session, or say what is missing."""
        if self._progress is not None:
            return
        start = Start(*(self.query_one(f"#{name}", Input).value.strip() for name in ("task", "url", "app")))
        problem = problem_with(start)
        self.query_one("#form-problem", Static).update(problem.words if problem else "")
        if problem:
            self.query_one(f"#{problem.field}").focus()
            return
        self._progress, self._cost, self._note, self._error = SessionProgress(), None, start.note, ""
        self._child = Child(
            [*self._command, *start.options()],
            lambda record: self.post_message(RecordArrived(record)),
            lambda text: self.post_message(NoteArrived(text)),
        )
        self.query_one("#watch-task", Heading).update(start.task)
        self.query_one(Timeline).clear()
        self.query_one(PageView).show("", "", ["The first page appears here once the browser is open."])
        self.add_class("-watching")
        self.query_one(Timeline).focus()
        self._follow(self._child)
        self.refresh_bindings()
        self._tell()

    def action_again(self) -> None:
        """Show the fields again."""
        if self.running:
            return
        self._progress = None
        self.remove_class("-watching")
        self.query_one("#task").focus()
        self.refresh_bindings()
        self._tell()

    def action_stop(self) -> None:
        """End the session."""
        if self._child is None or self._progress is None:
            return
        if self._progress.phase is not Phase.ENDED:
            self._progress.phase = Phase.STOPPING
        self._child.stop()
        self._tell()

    def action_turn_wheel(self) -> None:
        """Take the wheel, or hand it back when the person has it."""
        if self._child is None or self._progress is None:
            return
        theirs = self._progress.phase is Phase.THEIRS
        self._child.answer({"hand_back": True} if theirs else {"take_over": True})

    async def on_question_box_answered(self, message: QuestionBox.Answered) -> None:
        """Pass the answer on."""
        await self._reply({"answer": message.text})

    async def on_approval_box_answered(self, message: ApprovalBox.Answered) -> None:
        """Pass yes or no on."""
        await self._reply({"approve": message.approve})

    def on_unmount(self) -> None:
        """Leave no session behind without a screen."""
        if self._child is not None:
            self._child.stop()

    # ---- what the session tells -------------------------------------------------------------------------------

    @work(thread=True, group="session", exclusive=True)
    def _follow(self, child: Child) -> None:
        try:
            code = child.follow()
        except ApprenticeError as error:
            self.post_message(RecordArrived({"error": error.message, "next_step": error.next_step}))
            code = error.exit_code
        self.post_message(SessionExited(code))

    async def on_record_arrived(self, message: RecordArrived) -> None:
        """Draw an event."""
        record, progress = message.record, self._progress
        if progress is None:
            return
        error = error_of(record)
        if error is not None:
            self._error = str(error)
            return
        progress.apply(record)
        self._undrawn.append(record)
        if self._next_frame is None:
            self._next_frame = self.set_timer(FRAME_S, self._draw_frame)

    async def _draw_frame(self) -> None:
        """Draw everything that has arrived; of the pages, which replace one another, the latest."""
        self._next_frame = None
        records, self._undrawn = self._undrawn, []
        for record in records:
            await self._draw(record)
        page = next((record for record in reversed(records) if record.get("event") == "observed"), None)
        if page is not None:
            self.query_one(PageView).show(page["title"], page["url"], page["lines"])
        self.query_one(Timeline).show_new()
        if any(record.get("event") == "stepped" for record in records) and self._next_cost is None:
            self._next_cost = self.set_timer(COST_S, self._read_cost)
        self._tell()

    async def _draw(self, record: dict[str, Any]) -> None:
        match record.get("event"):
            case "observed":
                self._note = ""
            case "decided":
                verdict = record["verdict"]
                refused = "" if verdict["allowed"] else verdict["reason"]
                self.query_one(Timeline).add_step(record["step"], record["action"], refused)
            case "dialog" | "wall":
                self.query_one(Timeline).add_note(words.beside(record))
            case "approval_needed":
                await self._ask(ApprovalBox(record["action"], record["consequence"], record.get("reason", "")))
            case "take_over":
                await self.query_one("#person").remove_children()
                self._note = f"{record['reason'] or 'the browser window is yours'}; F7 hands it back"
            case "question":
                await self._ask(QuestionBox(record["text"]))
            case "stepped":
                self.query_one(Timeline).finish_step(record["note"], ok=record["ok"])

    def on_note_arrived(self, message: NoteArrived) -> None:
        """Show what takes its time before the first page; notes come by a pipe of their own, so one may come too late."""
        if self._progress is not None and self._progress.step == 0:
            self._note = message.text
            self._tell()

    async def on_session_exited(self, message: SessionExited) -> None:
        """Say how it ended, after all that it did."""
        if self._progress is not None:
            await self._draw_frame()
            self._progress.exit(message.code, self._error)
            self._note = "F6 new task, F3 to judge it"
            self.query_one(Timeline).end(self._progress.words())
            self.query_one(Timeline).show_new()
        self._child = None
        await self.query_one("#person").remove_children()
        self.refresh_bindings()
        self._tell()

    def on_cost_read(self, message: CostRead) -> None:
        """Show what a step costs."""
        self._cost = message.cost
        self._tell()

    # ---- drawing ----------------------------------------------------------------------------------------------

    async def _ask(self, box: ApprovalBox | QuestionBox) -> None:
        place = self.query_one("#person")
        await place.remove_children()
        await place.mount(box)

    async def _reply(self, record: dict[str, object]) -> None:
        if self._child is not None and self._progress is not None:
            self._child.answer(record)
            self._progress.phase = Phase.ACTING
        await self.query_one("#person").remove_children()
        self.query_one(Timeline).focus()
        self._tell()

    def _read_cost(self) -> None:
        self._next_cost = None
        if self._progress is None:
            return
        session_id = self._progress.session_id

        def fetch(store: Store) -> CostRead | None:
            cost = read_cost(store, session_id)
            return CostRead(cost) if cost else None

        self.read(fetch)

    def _tell(self) -> None:
        """Write the status line, and tell the other screens."""
        progress = self._progress
        if progress is None:
            self.post_message(StateChanged(""))
            return
        now = [progress.words(), self._note]
        cost = [self._cost.words() if self._cost else "", progress.lessons_words()]
        lines = ("   ".join(part for part in parts if part) for parts in (now, cost))
        self.query_one("#status", Static).update("\n".join(lines))
        self.post_message(StateChanged(progress.brief(), needs_person=progress.phase in WAITING))
