"""A limit on how long a page may leave us waiting."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

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
        self._browser, self._driver = browser, driver
        self._over = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch what happens inside."""
        self.bit = False
        self._start()
        try:
            yield
        finally:
            self._over.set()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the clock while a person is asked."""
        self._over.set()
        try:
            yield
        finally:
            self._start()

    def _start(self) -> None:
        self._over = threading.Event()
        threading.Thread(target=self._guard, args=(self._over,), name="watchdog", daemon=True).start()

    def _guard(self, over: threading.Event) -> None:
        if over.wait(self.seconds):
            return
        self.bit = True
        with suppress(psutil.NoSuchProcess):  # it ended by itself meanwhile
            self._end_pages()
        if over.wait(min(self.seconds, LONGER)) or self._driver is None:
            return
        log.warning("ending Playwright's driver: it did not answer either")
        with suppress(psutil.NoSuchProcess):
            self._driver.kill()

    def _end_pages(self) -> None:
        for process in psutil.Process(self._browser).children(recursive=True):
            if "--type=renderer" in process.cmdline():
                process.kill()
