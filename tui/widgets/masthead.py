"""The line at the top: which screens there are, which one this is, and what the running session does."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

PLACES = (
    ("live", "F2", "Live"),
    ("sessions", "F3", "Sessions"),
    ("learning", "F4", "Learning"),
    ("lessons", "F9", "Lessons"),
    ("adapters", "F10", "Adapters"),
    ("doctor", "F12", "Doctor"),
)
"""The modes: name, key, word."""
WIDE = 100
"""From this width on there is room for the name, and for what the session does beside all words."""


class Masthead(Static):
    """Names the modes, with the current one in brackets, and says what the session is doing."""

    DEFAULT_CSS = """
    Masthead {
        dock: top;
        height: 1;
        padding: 0 1;
        background: $panel;
        color: $foreground;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    """

    def __init__(self, mode: str) -> None:
        super().__init__()
        self._mode = mode
        self._session_words = ""

    def on_mount(self) -> None:
        """Follow what the app says of the session."""
        self.watch(self.app, "session_words", self._show)

    def on_resize(self) -> None:
        """Use the room there is."""
        self._show(self._session_words)

    def _show(self, session_words: str) -> None:
        self._session_words = session_words
        wide = self.app.size.width >= WIDE
        parts: list[Content | tuple[str, str]] = [("Apprentice ", "bold")] if wide else []
        for name, key, word in PLACES:
            here = name == self._mode
            label = f"{key} {word}" if wide or here or not session_words else key
            parts.append((f"[{label}]" if here else f" {label} ", "bold $text-accent" if here else ""))
        if session_words:
            parts.append((f"  session: {session_words}", "$text-warning"))
        self.update(Content.assemble(*parts))
