"""A limit on how long a page may leave us waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

GRACE = 5.0
"""Seconds between the end of the page's processes and the end of the browser."""


class Watchdog:
    """Ends the browser's page processes when a watched stretch takes too long.

    A page whose script never ends answers nothing, and a call into it would wait for ever. The tabs then report a crash. Where
    that frees nobody, since the page had crashed before and nobody was told, the whole browser ends a little later.
    """

    def __init__(self, pid: int, seconds: float) -> None:
        self.seconds = seconds
        self.bit = False
        """Whether it had to act."""
        self._pid = pid
        self._stretch = 0
        """Counts what was watched, so that a timer that comes late does nothing."""
        self._timer: threading.Timer | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch what happens inside."""
        self.bit = False
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
        self._after(self.seconds, self._bite)

    def _stop(self) -> None:
        self._stretch += 1
        if self._timer is not None:
            self._timer.cancel()

    def _after(self, seconds: float, act: Callable[[int], None]) -> None:
        self._timer = threading.Timer(seconds, act, [self._stretch])
        self._timer.daemon = True
        self._timer.start()

    def _bite(self, stretch: int) -> None:
        if stretch != self._stretch:
            return
        self.bit = True
        with suppress(psutil.NoSuchProcess):  # it may end by itself meanwhile
            for process in psutil.Process(self._pid).children(recursive=True):
                if "--type=renderer" in process.cmdline():
                    process.kill()
        if stretch == self._stretch:
            self._after(GRACE, self._end)

    def _end(self, stretch: int) -> None:
        if stretch == self._stretch:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(self._pid).kill()
