"""Live: start a task or show how it is done, watch every step, answer questions, allow or refuse what has consequences, stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.timer import Timer
from textual.widgets import Footer, Input

from agent.store import Store
from browser.errors import ApprenticeError
from tui.feed import Child, error_of
from tui.messages import CostRead, NewcomerSeen, NoteArrived, PictureRead, RecordArrived, SessionExited, StateChanged
from tui.progress import WAITING, SessionProgress
from tui.reading import Cost, read_cost
from tui.screens.picture import picture_key, read_picture
from tui.screens.steering import SteeringScreen
from tui.starting import has_display
from tui.widgets.form import StartForm
from tui.widgets.masthead import Masthead
from tui.widgets.watch import WatchView

TAUGHT = "taught: F9 shows the lesson, F6 a new task, F4 the night"

FRAME_S, COST_S = 0.05, 0.5
"""What arrives within a frame is drawn together, and the store is asked for the cost so seldom: sixty steps a second do not lag."""


class LiveScreen(SteeringScreen):
    """One session, in a process of its own: fields before it begins, its steps and pages from then on."""

    CSS_PATH = "live.tcss"
    AUTO_FOCUS = "#task"
    ABOUT: ClassVar[str] = (
        "Live starts one session and shows what it sees and does. Write the task in your own words and the address it "
        "begins at. F5 lets the agent try. Ctrl+T teaches it: you do the task yourself, in the browser window or, where "
        "there is no display, by typing each action here, and it becomes a lesson. The session may ask a question: type "
        "the answer. F7 pauses it. Before it sends, pays, deletes or publishes, it shows the exact action and waits for your "
        "y or n. Lessons that fit the task are read by themselves."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "start", "Start", id="session.start", tooltip="Begin the task that the fields describe"),
        Binding(
            "ctrl+t", "teach", "Teach", id="session.teach", tooltip="Do the task yourself, once; it becomes a lesson"
        ),
        Binding("f6", "again", "New task", id="session.new", tooltip="Go back to the fields, with the same address"),
        Binding(
            "f7",
            "turn_wheel",
            "Pause",
            id="session.pause",
            tooltip="The agent waits, and you may do things yourself in the browser window; press it again and it goes on from there",
        ),
        Binding(
            "ctrl+r",
            "correct",
            "Correct",
            show=False,
            id="session.correct",
            tooltip="Have something else done in the place of what the agent does next, or wants to do now",
        ),
        Binding("f8", "stop", "Stop", id="session.stop", tooltip="End the session now; what it did so far is kept"),
        picture_key("session.picture"),
    ]

    def __init__(self, store: Store, command: Sequence[str], teach_command: Sequence[str]) -> None:
        super().__init__(store)
        self._command = command
        self._teach_command = teach_command
        self._teaches = False
        self._cost: Cost | None = None
        self._note = ""
        self._error = ""
        self._undrawn: list[dict[str, Any]] = []
        self._next_frame: Timer | None = None
        self._next_cost: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out the fields and, hidden until a session begins, what is watched."""
        yield Masthead("live")
        yield StartForm(id="form")
        yield WatchView(id="watch")
        yield Footer()

    def on_screen_resume(self) -> None:
        """See whether anything was done yet."""
        self.read(lambda store: NewcomerSeen(not store.sessions(limit=1)))

    def on_newcomer_seen(self, message: NewcomerSeen) -> None:
        """Tell a newcomer the way."""
        self.query_one(StartForm).welcome(newcomer=message.newcomer)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done now."""
        match action:
            case "start" | "teach":
                return self._progress is None
            case "again":
                return self._progress is not None and not self.running
            case "stop":
                return self.running
            case "picture":
                return self._progress is not None
            case "correct":
                return self.running and not self._teaches
            case "turn_wheel":
                return self.running and (has_display() or not self._teaches)
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
        self._begin(self._command, teaches=False)

    def action_teach(self) -> None:
        """Begin a demonstration, or say what is missing."""
        self._begin(self._teach_command, teaches=True)

    def _begin(self, command: Sequence[str], *, teaches: bool) -> None:
        if self._progress is not None:
            return
        start = self.query_one(StartForm).start()
        if start is None:
            return
        self._progress, self._cost, self._note, self._error = SessionProgress(), None, start.note, ""
        self._teaches, self._written = teaches, ""
        self._child = Child(
            [*command, *start.options()],
            lambda record: self.post_message(RecordArrived(record)),
            lambda text: self.post_message(NoteArrived(text)),
        )
        self.add_class("-watching")
        self.set_class(teaches, "-teaching")
        self._watch.begin(start.task)
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

    def action_page(self, pages: int) -> None:
        """Scroll the page that is shown while a step is typed."""
        self._watch.turn(pages)

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
        self._tell()

    async def _draw_frame(self) -> None:
        """Draw everything that has arrived."""
        self._next_frame = None
        records, self._undrawn = self._undrawn, []
        await self._watch.draw(records, self._written)
        for record in records:
            match record.get("event"):
                case "observed":
                    self._note = ""
                case "take_over":
                    yours = (
                        "the browser window is yours; F7 hands it back" if has_display() else "F7 lets the agent go on"
                    )
                    self._note = f"{record['reason'] or 'paused'}; {yours}"
        stepped = any(record.get("event") == "stepped" for record in records)
        if stepped and not self._teaches and self._next_cost is None:
            self._next_cost = self.set_timer(COST_S, self._read_cost)
        self._tell()

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
            taught = self._teaches and message.code == 0
            self._note = TAUGHT if taught else "F6 new task, F3 to judge it"
            await self._watch.end(self._progress.words())
        self._child = None
        self.refresh_bindings()
        self._tell()

    def on_cost_read(self, message: CostRead) -> None:
        """Show what a step costs."""
        self._cost = message.cost
        self._tell()

    def action_picture(self) -> None:
        """Show the page as it was last seen, as a picture."""
        session_id = self._progress.session_id if self._progress else ""

        def fetch(store: Store) -> PictureRead:
            seen = [step for step in store.steps(session_id) if step.screenshot_hash] if session_id else []
            return read_picture(store, seen[-1] if seen else None)

        self.read(fetch)

    # ---- drawing ----------------------------------------------------------------------------------------------

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
        if self._teaches:
            cost = ["what you do here becomes the lesson"]
        lines = ("   ".join(part for part in parts if part) for parts in (now, cost))
        self._watch.stand("\n".join(lines))
        self.post_message(StateChanged(progress.brief(), needs_person=progress.phase in WAITING))
