"""A limit on how long a page may leave us waiting."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from browser.driver import GRACE, end_now, family

log = logging.getLogger(__name__)

LONGER = 10.0
"""Seconds between ending the pages and ending the driver, at most."""


class Watchdog:
    """Ends what does not answer when a watched stretch takes too long: first the page processes, then Playwright's driver.

    A page whose script never ends answers nothing, and a call into it would wait for ever. Without its process the tabs report
    a crash. A driver can lose a call as well, and then nothing that happens to the browser brings it back: without the
    driver every call under way ends with an error, in each browser of this thread.
    """

    def __init__(self, browser: int, driver: psutil.Process | None, seconds: float) -> None:
        self.seconds = seconds
        self.bit = False
        """Whether it had to act."""
        self._limit = seconds
        self._browser, self._driver = browser, driver
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watching(self, seconds: float | None = None) -> Iterator[None]:
        """Watch what happens inside; it may take `seconds` where that is less than the usual."""
        self.bit = False
        self._limit = min(self.seconds, seconds or self.seconds)
        self._start()
        try:
            yield
        finally:
            self._stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the clock while a person is asked."""
        self._stop()
        try:
            yield
        finally:
            self._start()

    def _start(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._guard, args=(self._over,), name="watchdog", daemon=True)
        self._thread.start()

    def _stop(self) -> None:
        """Stop the clock. What was being ended is gone when this returns, not only silent: pipes close before a process ends."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(GRACE)

    def _guard(self, over: threading.Event) -> None:
        if over.wait(self._limit):
            return
        self.bit = True
        end_now([process for process in family(self._browser) if _draws_pages(process)])
        if over.wait(min(self._limit, LONGER)) or self._driver is None:
            return
        log.warning("ending Playwright's driver: it did not answer either")
        end_now([self._driver])


def _draws_pages(process: psutil.Process) -> bool:
    """Whether it holds pages. One of these is the browser's spare: a tab opened while that dies would never answer."""
    try:
        return "--type=renderer" in process.cmdline()
    except psutil.NoSuchProcess:
        return False
