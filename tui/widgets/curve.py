"""The learning curve. Its plot is imported when it is first composed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from tui.widgets.heading import Heading

Points = Sequence[tuple[int, float]]


class Curve(Vertical):
    """Divergence from the teacher by update, with first and last value in words."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"curve--line"}
    DEFAULT_CSS = """
    Curve {
        height: 10;
        & > .curve--line { color: $primary; }
        & Plot { height: 1fr; }
        & Plot > .plot--axis { color: $foreground-muted; }
        & Plot > .plot--tick { color: $foreground-muted; text-style: none; }
    }
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._points: Points = ()
        self._updates = 0

    def compose(self) -> ComposeResult:
        """Put the words above the plot."""
        from tui.widgets.plot import Plot

        yield Heading("")
        yield Plot()

    def show(self, points: Points, updates: int) -> None:
        """Draw the curve again, in the room that all updates will take; it needs two points."""
        self._points, self._updates = points, updates
        self.display = len(points) > 1
        if self.display:
            (first, high), (last, low) = points[0], points[-1]
            self.query_one(Heading).update(f"Divergence: {high:.3f} at update {first}, {low:.3f} at {last}")
            self._draw()

    def notify_style_update(self) -> None:
        """Draw in the colour of a new theme."""
        super().notify_style_update()
        if self.is_mounted and len(self._points) > 1:
            self._draw()

    def _draw(self) -> None:
        from tui.widgets.plot import Plot

        style = str(self.get_component_rich_style("curve--line"))
        self.query_one(Plot).draw(self._points, self._updates, style)
