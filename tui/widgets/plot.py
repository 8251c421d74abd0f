"""A plot to look at. The only place that knows the plotting library, which takes long to import."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Grid
from textual.strip import Strip
from textual_hires_canvas import Canvas
from textual_plot import HiResMode, PlotWidget
from textual_plot.plot_widget import Legend


class PaintedCanvas(Canvas):
    """A canvas that gives every line a style, also before it has its size: the filter behind NO_COLOR needs one."""

    def render_line(self, y: int) -> Strip:
        """Draw a line; one beyond the canvas is blank."""
        strip = super().render_line(y)
        return strip if strip.cell_length else Strip.blank(self.size.width, self.rich_style)


Points = Sequence[tuple[int, float]]


class Plot(PlotWidget, can_focus=False):
    """A plot to look at: what it shows is also said in words, so it takes no keys."""

    def __init__(self) -> None:
        super().__init__(allow_pan_and_zoom=False)

    def compose(self) -> ComposeResult:
        """Lay out the same parts as the library does, on canvases of our own."""
        with Grid():
            for name in ("margin-top", "margin-left", "plot", "margin-bottom"):
                yield PaintedCanvas(1, 1, id=name)
        yield Legend(id="legend")

    def on_mount(self) -> None:
        """Leave the room that axis labels take."""
        self.margin_top, self.margin_bottom, self.margin_left = 0, 2, 7

    def draw(self, points: Points, last: int, style: str) -> None:
        """Draw points as one line in a style, from nought to `last`."""
        self.clear()
        places, values = zip(*points, strict=True)
        self.set_xlimits(0, max(last, places[-1]))
        self.set_ylimits(0.0, max(values) or 1.0)
        self.plot(places, values, line_style=style, hires_mode=HiResMode.BRAILLE)
