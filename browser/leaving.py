"""Leaving pages as a person does: a page that says it has unsaved work is given the time to save it."""

from __future__ import annotations

import logging
import time

from playwright.sync_api import Error

from browser.page import PageView
from browser.settle import Traffic
from browser.tabs import Tabs
from browser.watchdog import Watchdog
from browser.world import BrowserLost, DocumentGone

log = logging.getLogger(__name__)

SILENCE = 3.0
"""A page with unsaved work that has asked its server for nothing for so many seconds is not about to save it."""
LIMIT = 10.0
"""Seconds that saving may take in all."""
PAUSE_MS = 100
PATIENCE = 15.0
"""A page that does not even answer for so many seconds is ended."""


class Leaving:
    """Waits, before tabs are left, until what was done in them is saved.

    Apps that save by themselves do so a moment after the page looks quiet, and let the browser ask before they are left
    meanwhile (`beforeunload`). Their pages are asked as the browser would ask them, and again until they have nothing against
    it. A page that warns for ever, since a form was filled in and never sent, is left all the same.
    """

    def __init__(self, tabs: Tabs, traffic: Traffic, watchdog: Watchdog) -> None:
        self._tabs = tabs
        self._traffic = traffic
        self._watchdog = watchdog

    def wait(self) -> bool:
        """Wait until no tab has anything to save, ten seconds at most; return whether that is so."""
        try:
            with self._watchdog.watching(PATIENCE):
                return self._wait()
        except (BrowserLost, Error) as error:  # what crashed or hangs saves nothing
            log.debug("leaving the pages: %s", error)
            return False

    def _wait(self) -> bool:
        started = time.monotonic()
        while self._traffic.saving or self._unsaved():
            now = time.monotonic()
            silent = now - max(started, self._traffic.last_sent) >= SILENCE and not self._traffic.saving
            if silent or now - started >= LIMIT:
                log.info("left a page with unsaved work")
                return False
            self._tabs.page.wait_for_timeout(PAUSE_MS)
        return True

    def _unsaved(self) -> bool:
        return any(_warns(view) for view in self._tabs.views)


def _warns(view: PageView) -> bool:
    """Whether the page, or a frame in it, would have the browser ask before it is left."""
    for frame in list(view.frames()):
        try:
            if frame.call("unsaved"):
                return True
        except DocumentGone:
            continue
        except BrowserLost:  # a tab that is gone has nothing more to save
            if not view.page.is_closed():
                raise
    return False
