"""The line at the top: which screens there are, which one this is, and what the running session does."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

PLACES = (("live", "F2", "Live"), ("sessions", "F3", "Sessions"), ("learning", "F4", "Learning"))
"""The three modes: name, key, word."""


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

    def on_mount(self) -> None:
        """Follow what the app says of the session."""
        self.watch(self.app, "session_words", self._show)

    def _show(self, session_words: str) -> None:
        parts: list[Content | tuple[str, str]] = [("Apprentice  ", "bold")]
        for name, key, word in PLACES:
            here = name == self._mode
            parts.append((f"[{key} {word}] " if here else f" {key} {word}  ", "bold $text-accent" if here else ""))
        if session_words:
            parts.append((f"session: {session_words}", "$text-warning"))
        self.update(Content.assemble(*parts))
