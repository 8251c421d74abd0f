"""The latest night: what it does in words, how far it is, and its learning curve."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import ProgressBar, Static

from tui.progress import NightProgress
from tui.widgets.curve import Curve


class NightView(Vertical):
    """Words first, then a bar where the phase can be counted, then the curve once there is one."""

    DEFAULT_CSS = """
    NightView {
        height: auto;
        & > Static { height: auto; padding: 0 1; }
        & > ProgressBar { padding: 0 1; width: 100%; }
        & Bar { width: 1fr; }
    }
    """

    def compose(self) -> ComposeResult:
        """Lay out words, bar and curve."""
        yield Static(id="night-words", markup=False)
        yield ProgressBar(id="night-bar", show_eta=False)
        yield Curve(id="night-curve")

    def show(self, words: str, progress: NightProgress | None) -> None:
        """Say where the night stands; without progress, only the words."""
        self.query_one("#night-words", Static).update(words)
        bar = self.query_one(ProgressBar)
        bar.display = progress is not None and progress.total is not None
        if progress is not None and progress.total is not None:
            bar.update(total=progress.total, progress=progress.done or 0)
        self.query_one(Curve).show(progress.curve if progress else (), progress.updates if progress else 0)
