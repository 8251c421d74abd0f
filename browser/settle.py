"""When a page is quiet: nothing in it changes, nothing that was asked of the server is still to come."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from playwright.sync_api import BrowserContext, Error, Page, Request

from browser.page import PageView
from browser.tabs import Tabs
from browser.world import BrowserLost, DocumentGone

STILL_MS = 80
"""No change for so long, and the page is taken to be done."""
LIMIT = 5.0
RESTLESS_LIMIT = 1.0
"""A page that was found to change without end is not waited for as long the next time."""
FRAME_LIMIT_MS = 500
IMPATIENT_MS = 30
"""Somebody who may cut the waiting short is asked so often."""
POLL_SECONDS = 1.0
COUNTED = frozenset({"document", "xhr", "fetch"})
READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Quiet(StrEnum):
    """How waiting for a page ended."""

    STILL = ""
    CHANGING = "the page keeps changing"
    LOADING = "the page is still loading"


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request under way."""

    page: Page | None
    """None while the tab it opens is not there yet."""
    address: str
    at: float
    is_navigation: bool
    is_write: bool
    """Whether it may change something on the server."""


class Traffic:
    """The requests under way that an action caused.

    What was under way before it is none of its doing. Nor is what is asked for again and again, each time with a long wait
    (polls): a page's next request to an address where one was already waiting for a second when an action began.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.last_sent = 0.0
        """When something was asked last, on the monotonic clock."""
        self._flying: dict[Request, _Asked] = {}
        self._earlier: set[Request] = set()
        self._polled: set[str] = set()
        context.on("request", self._sent)
        context.on("requestfinished", self._over)
        context.on("requestfailed", self._over)

    def begin(self) -> None:
        """Take what is under way now for granted."""
        now = time.monotonic()
        self._earlier = set(self._flying)
        self._polled |= {
            asked.address
            for asked in self._flying.values()
            if not asked.is_navigation and now - asked.at >= POLL_SECONDS
        }

    @property
    def busy(self) -> bool:
        """Whether something asked since `begin` is still to come."""
        self._forget_closed()
        return any(
            request not in self._earlier and (asked.is_navigation or asked.address not in self._polled)
            for request, asked in self._flying.items()
        )

    @property
    def saving(self) -> bool:
        """Whether something that may change data is under way, whenever it was asked."""
        self._forget_closed()
        return any(asked.is_write and asked.address not in self._polled for asked in self._flying.values())

    def _forget_closed(self) -> None:
        """Forget what closed tabs asked: nobody tells how that ended."""
        for request in [request for request, asked in self._flying.items() if asked.page and asked.page.is_closed()]:
            del self._flying[request]

    def _sent(self, request: Request) -> None:
        if request.resource_type not in COUNTED:
            return
        try:
            page = request.frame.page
        except Error:  # Playwright does not know the new tab's frame yet
            page = None
        address = f"{request.method} {request.url.split('?')[0]}"
        self.last_sent = time.monotonic()
        self._flying[request] = _Asked(
            page, address, self.last_sent, request.is_navigation_request(), request.method not in READING
        )

    def _over(self, request: Request) -> None:
        self._flying.pop(request, None)


class Settling:
    """Waits for the active tab, whichever that becomes."""

    def __init__(self, tabs: Tabs, traffic: Traffic) -> None:
        self._tabs = tabs
        self._traffic = traffic
        self._restless: PageView | None = None
        self.hurried: Callable[[], bool] | None = None
        """Whether to wait no longer: the person wants to take over."""

    def settle(self) -> Quiet:
        """Wait until the active tab is quiet, at most five seconds in all."""
        view = self._tabs.view
        deadline = time.monotonic() + (RESTLESS_LIMIT if self._restless is view else LIMIT)
        was_still, begun = False, time.monotonic()
        while True:
            left = max(deadline - time.monotonic(), 0.0)
            busy = self._traffic.busy or self._tabs.downloading > 0
            waited_ms = (time.monotonic() - begun) * 1000
            still = self._still(min(left * 1000, IMPATIENT_MS) if self.hurried else left * 1000, waited_ms)
            if still is not False:
                begun = time.monotonic()  # another stretch, or another document
            was_still = was_still or bool(still)
            if still and not busy and not self._traffic.busy:
                self._restless = None
                return Quiet.STILL
            if left == 0.0 or (self.hurried and self.hurried()):
                self._restless = None if was_still else self._tabs.view
                return Quiet.LOADING if busy else Quiet.CHANGING

    def _still(self, limit_ms: float, waited_ms: float) -> bool | None:
        """Wait for a stretch without changes, that may have begun `waited_ms` ago. False when there was none.

        None when the tab or its document went away meanwhile.
        """
        view = self._tabs.view
        try:
            if not view.main.call("quiet", STILL_MS, limit_ms, waited_ms):
                return False
            for frame in list(view.frames())[1:]:
                frame.call("quiet", STILL_MS, min(max(limit_ms, STILL_MS), FRAME_LIMIT_MS), None)
        except DocumentGone:
            return None
        except BrowserLost:
            if not view.page.is_closed():
                raise
        return self._tabs.view is view or None
