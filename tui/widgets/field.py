"""A field to type into."""

from __future__ import annotations

from textual.widgets import Input


class Field(Input):
    """An input whose cursor stands still: nothing on these screens blinks."""

    def on_mount(self) -> None:
        """Stop the blinking."""
        self.cursor_blink = False
