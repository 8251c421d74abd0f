"""The fields of a session that is to begin, and what a newcomer can do with them."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Label, Static

from tui.starting import Start, problem_with
from tui.widgets.field import Field

NO_SESSION = (
    "No session is running. Write a task and the address it begins at, then press\n"
    "F5: the agent does it. Or Ctrl+T: you show it once, and the agent learns it."
)
FIRST_STEPS = (
    "New here?  1 Ctrl+T: show a task you do often  2 F5: give it the next one\n"
    "3 F9: approve the lesson  4 F4, c: a night moves it into the weights"
)


class StartForm(Vertical):
    """Task, address and the app's name."""

    DEFAULT_CSS = """
    StartForm {
        padding: 1 2;
        height: 1fr;
        overflow-y: auto;
        & > #form-hint { margin-bottom: 1; }
        & > #form-problem { height: auto; padding: 0 1; color: $text-error; }
        & > #first-steps { display: none; height: auto; color: $text-accent; }
    }
    """

    def compose(self) -> ComposeResult:
        """Lay out the fields under what can be done with them."""
        yield Static(NO_SESSION, id="form-hint", markup=False)
        yield Label("Task, in your own words")
        yield Field(placeholder="Add a bill of 12.50 paid by Alex", id="task")
        yield Label("Address to begin at")
        yield Field(placeholder="http://127.0.0.1:8000/", id="url")
        yield Label("Name of the app (optional): lessons are kept under it")
        yield Field(placeholder="the address's origin", id="app")
        yield Static(id="form-problem", markup=False)
        yield Static(FIRST_STEPS, id="first-steps", markup=False)

    def start(self) -> Start | None:
        """Return what was written; None when something is missing: that is said, and its field waits."""
        start = Start(*(self.query_one(f"#{name}", Input).value.strip() for name in ("task", "url", "app")))
        problem = problem_with(start)
        self.query_one("#form-problem", Static).update(problem.words if problem else "")
        if problem is None:
            return start
        self.query_one(f"#{problem.field}").focus()
        return None

    def welcome(self, *, newcomer: bool) -> None:
        """Show the first steps while nothing was done yet."""
        self.query_one("#first-steps").display = newcomer
