"""A line that names what follows."""

from __future__ import annotations

from textual.widgets import Static


class Heading(Static):
    """The name of a part of the screen; text is taken as it is, never as markup."""

    DEFAULT_CSS = """
    Heading {
        height: 1;
        padding: 0 1;
        color: $text-accent;
        text-style: bold;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    """

    def __init__(self, text: str, *, id: str | None = None) -> None:
        super().__init__(text, id=id, markup=False)
