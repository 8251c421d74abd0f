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

    def show(self, title: str, url: str, lines: Sequence[str]) -> None:
        """Show another page, from its top."""
        self.query_one(Heading).update(f"{title or 'Page'}  {url}")
        self.query_one("VerticalScroll > Static", Static).update("\n".join(lines) or "(the page is empty)")
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def turn(self, pages: int) -> None:
        """Scroll by so many screens: down, or up when negative."""
        scroll = self.query_one(VerticalScroll)
        scroll.scroll_relative(y=pages * max(1, scroll.size.height - 1), animate=False)
