"""When a page is quiet: nothing in it changes, nothing that was asked of the server is still to come."""

from __future__ import annotations

import time
from enum import StrEnum

from playwright.sync_api import BrowserContext, Request

from browser.page import PageView
from browser.tabs import Tabs
from browser.world import BrowserLost, DocumentGone

STILL_MS = 80
"""No change for so long, and the page is taken to be done."""
LIMIT = 5.0
RESTLESS_LIMIT = 1.0
"""A page that was found to change without end is not waited for as long the next time."""
FRAME_LIMIT_MS = 500
COUNTED = frozenset({"document", "xhr", "fetch"})


class Quiet(StrEnum):
    """How waiting for a page ended."""

    STILL = ""
    CHANGING = "the page keeps changing"
    LOADING = "the page is still loading"


class Traffic:
    """The requests under way. Those that were there before an action (long polls, streams) are none of its doing."""

    def __init__(self, context: BrowserContext) -> None:
        self._flying: set[Request] = set()
        self._earlier: set[Request] = set()
        context.on("request", self._sent)
        context.on("requestfinished", self._over)
        context.on("requestfailed", self._over)

    def begin(self) -> None:
        """Take what is under way now for granted."""
        self._earlier = set(self._flying)

    @property
    def busy(self) -> bool:
        """Whether something asked since `begin` is still to come."""
        return not self._flying <= self._earlier

    def _sent(self, request: Request) -> None:
        if request.resource_type in COUNTED:
            self._flying.add(request)

    def _over(self, request: Request) -> None:
        self._flying.discard(request)


class Settling:
    """Waits for the active tab, whichever that becomes."""

    def __init__(self, tabs: Tabs, traffic: Traffic) -> None:
        self._tabs = tabs
        self._traffic = traffic
        self._restless: PageView | None = None

    def settle(self) -> Quiet:
        """Wait until the active tab is quiet, at most five seconds in all."""
        view = self._tabs.view
        deadline = time.monotonic() + (RESTLESS_LIMIT if self._restless is view else LIMIT)
        while True:
            left = max(deadline - time.monotonic(), 0.0)
            busy = self._traffic.busy or self._tabs.downloading > 0
            still = self._still(left * 1000)
            if still and not busy and not self._traffic.busy:
                self._restless = None
                return Quiet.STILL
            if left == 0.0:
                self._restless = self._tabs.view if not still else None
                return Quiet.LOADING if busy else Quiet.CHANGING

    def _still(self, limit_ms: float) -> bool:
        """Wait for a stretch without changes. False when there was none, or the tab or its document went away meanwhile."""
        view = self._tabs.view
        try:
            if not view.main.call("quiet", STILL_MS, limit_ms, True):
                return False
            for frame in list(view.frames())[1:]:
                frame.call("quiet", STILL_MS, min(limit_ms, FRAME_LIMIT_MS), False)
        except DocumentGone:
            return False
        except BrowserLost:
            if not view.page.is_closed():
                raise
            return self._tabs.view is view
        return self._tabs.view is view
