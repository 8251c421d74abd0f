"""The learning curve. The only place that knows the plotting library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Grid, Vertical
from textual.strip import Strip
from textual_hires_canvas import Canvas
from textual_plot import HiResMode, PlotWidget
from textual_plot.plot_widget import Legend

from tui.widgets.heading import Heading

Points = Sequence[tuple[int, float]]


class PaintedCanvas(Canvas):
    """A canvas that gives every line a style, also before it has its size: the filter behind NO_COLOR needs one."""

    def render_line(self, y: int) -> Strip:
        """Draw a line; one beyond the canvas is blank."""
        strip = super().render_line(y)
        return strip if strip.cell_length else Strip.blank(self.size.width, self.rich_style)


class Plot(PlotWidget, can_focus=False):
    """A plot to look at: what it shows is also said in words, so it takes no keys."""

    def compose(self) -> ComposeResult:
        """Lay out the same parts as the library does, on canvases of our own."""
        with Grid():
            for name in ("margin-top", "margin-left", "plot", "margin-bottom"):
                yield PaintedCanvas(1, 1, id=name)
        yield Legend(id="legend")


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
        yield Heading("")
        yield Plot(allow_pan_and_zoom=False)

    def on_mount(self) -> None:
        """Leave the plot the room that axis labels would take."""
        plot = self.query_one(Plot)
        plot.margin_top, plot.margin_bottom, plot.margin_left = 0, 2, 7

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
        plot = self.query_one(Plot)
        plot.clear()
        style = str(self.get_component_rich_style("curve--line"))
        updates, values = zip(*self._points, strict=True)
        plot.set_xlimits(0, max(self._updates, updates[-1]))
        plot.set_ylimits(0.0, max(values) or 1.0)
        plot.plot(updates, values, line_style=style, hires_mode=HiResMode.BRAILLE)
