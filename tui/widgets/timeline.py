"""The steps of a session as they happen: number, action, and what came of it."""

from __future__ import annotations

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

MOST_LINES, KEPT = 120, 40
"""When there are more lines than this, all but the latest become one: what a step costs does not grow with the session."""


class Line(Static):
    """Something that was said, which can be said together with more."""

    def __init__(self, said: Content) -> None:
        super().__init__(said)
        self.said = said

    def take(self, more: list[Line]) -> None:
        """Say what the lines below this one say, too, in their places."""
        self.said = Content("\n").join([self.said, *(line.said for line in more)])
        self.update(self.said)


class Timeline(VerticalScroll):
    """Grows downwards and stays at its end. What was added is seen after `show_new`, however much it is, at the cost of one layout."""

    DEFAULT_CSS = """
    Timeline {
        height: 1fr;
        padding: 0 1;
        & > Static { height: auto; }
    }
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._lines: list[Line] = []
        self._new: list[Line] = []

    def add_step(self, step: int, action: str, refused: str) -> None:
        """Write the action of a step, and why the guard refuses it when it does. Steps count from 0."""
        said = Content.assemble((f"{step + 1:3}  ", "$text-muted"), action)
        if refused:
            said = Content.assemble(said, (f"\n     refused: {refused}", "$text-error"))
        self._new.append(Line(said))

    def finish_step(self, note: str, *, ok: bool) -> None:
        """Write what came of the latest step, below it. Silence means that it went well."""
        words = note if ok else f"failed: {note}".removesuffix(": ")
        if words:
            self._new.append(Line(Content.assemble((f"     {words}", "$text-muted" if ok else "$text-error"))))

    def add_note(self, words: str) -> None:
        """Write what the page did beside the steps: a dialog, or something that only a person may pass."""
        self._new.append(Line(Content.assemble((f"     {words}", "$text-warning"))))

    def end(self, words: str) -> None:
        """Write why the session ended, whole."""
        self._new.append(Line(Content.assemble((words, "bold"))))

    def clear(self) -> None:
        """Begin anew."""
        self._lines, self._new = [], []
        self.remove_children()

    def show_new(self) -> None:
        """Show what was added since the last time, and go to its end."""
        if not self._new:
            return
        self._lines += self._new
        self._new = []
        if len(self._lines) > MOST_LINES:
            first, *old = self._lines[:-KEPT]
            first.take(old)
            self.remove_children([line for line in old if line.is_attached])
            self._lines = [first, *self._lines[-KEPT:]]
        self.mount_all([line for line in self._lines if not line.is_attached])
        self.scroll_end(animate=False)
