"""The steps of a session as they happen: number, action, and what came of it."""

from __future__ import annotations

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static


class Timeline(VerticalScroll):
    """Grows downwards and stays at its end."""

    DEFAULT_CSS = """
    Timeline {
        height: 1fr;
        padding: 0 1;
        & > Static { height: auto; }
    }
    """

    def add_step(self, step: int, action: str, refused: str) -> None:
        """Write the action of a step, and why the guard refuses it when it does. Steps count from 0."""
        said = Content.assemble((f"{step + 1:3}  ", "$text-muted"), action)
        if refused:
            said = Content.assemble(said, (f"\n     refused: {refused}", "$text-error"))
        self._add(Static(said))

    def finish_step(self, note: str, *, ok: bool) -> None:
        """Write what came of the latest step, below it. Silence means that it went well."""
        words = note if ok else f"failed: {note}".removesuffix(": ")
        if words:
            self._add(Static(Content.assemble((f"     {words}", "$text-muted" if ok else "$text-error"))))

    def add_note(self, words: str) -> None:
        """Write what the page did beside the steps: a dialog, or something that only a person may pass."""
        self._add(Static(Content.assemble((f"     {words}", "$text-warning"))))

    def end(self, words: str) -> None:
        """Write why the session ended, whole."""
        self._add(Static(Content.assemble((words, "bold"))))

    def _add(self, line: Static) -> None:
        self.mount(line)
        self.scroll_end(animate=False)
