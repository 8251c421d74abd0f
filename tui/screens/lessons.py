"""Lessons: everything that was taught, to be read, approved, said better, retired or forgotten."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import DataTable, Footer, Static

from agent.lessons.editing import edit, words_of
from agent.store import LessonRow, Store
from browser.errors import UsageError
from tui import tables, words
from tui.messages import Done, LessonReworded, TaughtRead
from tui.reading import Taught, read_taught
from tui.screens.edit import EditScreen
from tui.screens.errands import ErrandScreen
from tui.screens.session import SessionScreen
from tui.widgets.heading import Heading
from tui.widgets.masthead import Masthead
from tui.widgets.rows import RowTable

NONE_YET = (
    "Nothing was taught yet. Show something once: F2, then Ctrl+T. Or in a terminal:\n"
    '  apprentice teach "…" --url http://…\n'
    "Its lesson appears here: read it, approve it, and press F4 then c to move it into the weights."
)


class LessonTable(RowTable):
    """The list of lessons, with the key that opens where one came from."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.source", "Session", id="lesson.source", tooltip="Open the session that taught it"),
    ]


class LessonsScreen(ErrandScreen):
    """The list, and the lesson under the cursor whole."""

    CSS_PATH = "lessons.tcss"
    AUTO_FOCUS = "#taught"
    ABOUT: ClassVar[str] = (
        "Lessons lists everything that was taught, and shows the one under the cursor as the agent reads it: who taught it, "
        "when, in which session, and whether it is read in context or is in the weights. Approve what is right. Words can "
        "be said anew: the new lesson takes the place of the old one, which is retired and kept. What was shown is a "
        "record and cannot be edited, only retired. Forgetting deletes the session that taught it, for good. "
        "apprentice consolidate --approved learns only what is approved."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "a", "approve", "Approve", id="lesson.approve", tooltip="Say that you read this lesson and it is right"
        ),
        Binding("e", "edit", "Edit", id="lesson.edit", tooltip="Say this lesson in other words"),
        Binding("x", "retire", "Retire", id="lesson.retire", tooltip="Take this lesson out of use"),
        Binding(
            "delete",
            "forget",
            "Forget",
            show=False,
            id="lesson.forget",
            tooltip="Delete the session that taught it for good",
        ),
    ]

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._taught: Taught | None = None
        self._wanted = ""

    def compose(self) -> ComposeResult:
        """Lay out the list and the lesson."""
        yield Masthead("lessons")
        yield Static(NONE_YET, id="no-taught", markup=False)
        with Container(id="lessons-work"):
            yield LessonTable(tables.TAUGHT, id="taught")
            with VerticalScroll(id="lesson"):
                yield Heading("Lesson", id="lesson-heading")
                yield Static(id="lesson-facts", markup=False)
                yield Static(id="lesson-text", markup=False)
        yield Footer()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done with the lesson under the cursor."""
        if action not in ("approve", "edit", "retire", "forget", "source"):
            return True
        lesson = self._lesson() if self.is_mounted else None
        if lesson is None:
            return False
        match action:
            case "approve":
                return lesson.retired_at is None and lesson.approved_at is None
            case "edit":
                return lesson.retired_at is None and not lesson.steps and lesson.kind != "demonstration"
            case "retire":
                return lesson.retired_at is None
        return lesson.source_session_id is not None

    def look(self) -> None:
        """Read the lessons."""
        self.read(lambda store: TaughtRead(read_taught(store)))

    def on_taught_read(self, message: TaughtRead) -> None:
        """Draw the list and the lesson under the cursor."""
        self._taught = message.taught
        rows = tables.taught(message.taught)
        table = self.query_one("#taught", RowTable)
        table.show(rows)
        if any(row.key == self._wanted for row in rows):
            table.go_to(self._wanted)
            self._wanted = ""
        self.query_one("#lessons-work").display = bool(rows)
        self.query_one("#no-taught").display = not rows
        self._draw_lesson()
        self.drawn.set()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Show the lesson under the cursor."""
        self._draw_lesson()

    def on_data_table_row_selected(self, event: DataTable.RowSelected) -> None:
        """Open where the lesson that Enter was pressed on came from."""
        self.action_source()

    # ---- what the person does ---------------------------------------------------------------------------------

    def action_source(self) -> None:
        """Go through the session that taught this lesson."""
        lesson = self._lesson()
        if lesson is not None and lesson.source_session_id is not None:
            self.app.push_screen(SessionScreen(self._store, lesson.source_session_id))

    def action_approve(self) -> None:
        """Record that the lesson is right."""
        lesson = self._lesson()
        if lesson is not None:
            self._change(lambda store: store.approve_lesson(lesson.id), "The lesson is approved.")

    def action_edit(self) -> None:
        """Take other words for the lesson."""
        lesson = self._lesson()
        if lesson is None:
            return
        try:
            before = words_of(lesson)
        except UsageError as error:
            self.notify(str(error), severity="warning", markup=False)
            return

        def said(after: str | None) -> None:
            if after is not None:
                self.do(lambda store: LessonReworded(edit(store, lesson, after)))

        self.app.push_screen(EditScreen(before), said)

    def on_lesson_reworded(self, message: LessonReworded) -> None:
        """Go to the lesson that took the other one's place, once it is read."""
        self._wanted = message.lesson_id
        self.post_message(Done("The lesson has the new words."))

    def action_retire(self) -> None:
        """Ask, then take the lesson out of use."""
        lesson = self._lesson()
        if lesson is None:
            return
        carried = "The adapter that carries it still knows it. " if lesson.in_weights_adapter_id else ""
        self.confirm(
            f"Retire this lesson? It is not read any more and no later night learns it. {carried}It stays in the record.",
            lambda: self._change(lambda store: store.retire_lesson(lesson.id), "The lesson is retired."),
        )

    def action_forget(self) -> None:
        """Say what would go, then forget the session that taught this lesson."""
        lesson = self._lesson()
        if lesson is not None and lesson.source_session_id is not None:
            self.ask_and_forget([lesson.source_session_id])

    def _change(self, act: Callable[[Store], object], said: str) -> None:
        def change(store: Store) -> Done:
            act(store)
            return Done(said)

        self.do(change)

    # ---- drawing ----------------------------------------------------------------------------------------------

    def _lesson(self) -> LessonRow | None:
        current = self.query_one("#taught", RowTable).current
        rows = self._taught.lessons if self._taught else ()
        return next((row for row in rows if row.id == current), None)

    def _draw_lesson(self) -> None:
        lesson, taught = self._lesson(), self._taught
        self.refresh_bindings()
        if lesson is None or taught is None:
            return
        source = taught.sources.get(lesson.source_session_id or "")
        adapter = f" (adapter {words.short(lesson.in_weights_adapter_id)})" if lesson.in_weights_adapter_id else ""
        facts = [
            f"{words.taught_by(lesson, source)}, {words.when(lesson.created_at)}",
            f"for {lesson.app}",
            f"{words.place(lesson, taught.champion)}{adapter}",
            f"approved {words.when(lesson.approved_at)}" if lesson.approved_at else "not approved yet",
            f"session {lesson.source_session_id}" if lesson.source_session_id else "from no session",
        ]
        if lesson.expires_at:
            facts.append(f"until {words.when(lesson.expires_at)}")
        self.query_one("#lesson-heading", Heading).update(f"Lesson {lesson.id}")
        self.query_one("#lesson-facts", Static).update("\n".join(facts))
        self.query_one("#lesson-text", Static).update(lesson.text)
