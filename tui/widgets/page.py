"""A page as the agent sees it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from tui.widgets.heading import Heading


class PageView(Vertical):
    """Title and address, then one line for each thing on the page. Text of the page is never read as markup."""

    DEFAULT_CSS = """
    PageView {
        height: 1fr;
        & > VerticalScroll { height: 1fr; padding: 0 1; }
        & > VerticalScroll > Static { height: auto; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """

    def compose(self) -> ComposeResult:
        """Lay out the title and the lines."""
        yield Heading("Page")
        with VerticalScroll():
            yield Static(markup=False)

    _url = ""
    _lines: Sequence[str] = ()

    def show(self, title: str, url: str, lines: Sequence[str]) -> None:
        """Show another page, from its top; of the same page again what is new on it."""
        self.query_one(Heading).update(f"{title or 'Page'}  {url}")
        self.query_one("VerticalScroll > Static", Static).update("\n".join(lines) or "(the page is empty)")
        scroll = self.query_one(VerticalScroll)
        fresh = _first_new(lines, self._lines) if url == self._url else 0
        self._url, self._lines = url, lines
        scroll.scroll_to(y=fresh - 1 if fresh >= scroll.size.height else 0, animate=False)

    def turn(self, pages: int) -> None:
        """Scroll by so many screens: down, or up when negative."""
        scroll = self.query_one(VerticalScroll)
        scroll.scroll_relative(y=pages * max(1, scroll.size.height - 1), animate=False)


def _first_new(lines: Sequence[str], before: Sequence[str]) -> int:
    """Return where the first line is that was not there before; 0 without one."""
    known = set(before)
    return next((number for number, line in enumerate(lines) if line not in known), 0)
