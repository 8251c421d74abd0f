"""What it takes to bring a lost browser back: where it was, as whom, and how often that was done already."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Cookie

from browser.page import PageView
from browser.world import BrowserLost

LIMIT = 3
"""So many times a session's browser is brought back; then the session ends."""


class Recovery:
    """Watches a session so that it can go on in another browser, without sending anything twice.

    Where a form led is never opened again by itself: what it sent is in the address, or a second visit may do what it did.
    """

    def __init__(self) -> None:
        self._times = 0
        self._cookies: list[Cookie] = []
        self._submitted: set[str] = set()

    def begin(self) -> None:
        """Begin a session."""
        self._times = 0

    def heed(self, view: PageView) -> None:
        """Note where the forms of a tab lead."""

        def requested(event: dict[str, Any]) -> None:
            if event["reason"].startswith("formSubmission"):
                self._submitted.add(event["url"])

        view.world.session.on("Page.frameRequestedNavigation", requested)

    def keep(self, context: BrowserContext) -> None:
        """Keep the cookies, in memory: those of a login often are not on the disk, nor are the latest of any kind."""
        self._cookies = context.cookies()

    def restore(self, context: BrowserContext) -> None:
        """Give a new browser the cookies that were kept."""
        if self._cookies:
            context.add_cookies(cast("Any", self._cookies))  # what cookies() returns is what it takes

    def place(self, last: str, home: str) -> str:
        """Return what to open: the page that was seen last, or the start page where that cannot be asked for again."""
        return home if last in self._submitted or urlsplit(last).scheme not in ("http", "https") else last

    def count(self, lost: BrowserLost) -> None:
        """Count one more recovery. Raises what made it necessary when it comes too often."""
        self._times += 1
        if self._times > LIMIT:
            raise lost


def what_happened(lost: BrowserLost, *, begun: bool) -> str:
    """Say in one line what the policy has to know: it must look before it does anything again."""
    left = "whether the action was done is unknown" if begun else "the action was not done"
    return f"{lost.message[0].lower()}{lost.message[1:]}: the app was opened again; {left}"
