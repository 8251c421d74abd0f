"""A limit on how long a page may leave us waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil


class Watchdog:
    """Ends the browser's page processes when a watched stretch takes too long.

    A page whose script never ends answers nothing, and a call into it would wait for ever. The tabs then report a crash.
    """

    def __init__(self, pid: int, seconds: float) -> None:
        self.seconds = seconds
        self.bit = False
        """Whether it had to act."""
        self._pid = pid
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
        self._timer = threading.Timer(self.seconds, self._bite)
        self._timer.daemon = True
        self._timer.start()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _bite(self) -> None:
        self.bit = True
        try:
            for process in psutil.Process(self._pid).children(recursive=True):
                if "--type=renderer" in process.cmdline():
                    process.kill()
        except psutil.NoSuchProcess:  # it ended by itself meanwhile
            return
