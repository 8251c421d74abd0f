"""Playwright's driver, and seeing processes end."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress

import psutil
from playwright.sync_api import Error, Playwright, sync_playwright

from browser.errors import UsageError

GRACE = 3.0
"""Seconds that a process has to end by itself."""
POLL = 0.01
"""Seconds between looks at a process that is about to end."""


class Driver(threading.local):
    """Playwright's driver, one for each thread: Playwright allows no second one, and its objects stay in their thread."""

    playwright: Playwright | None = None
    process: psutil.Process | None = None
    """What it runs in, known once it has started a browser."""
    users: int = 0

    def acquire(self) -> Playwright:
        """Return the driver, started when it does not run. Each call needs a `release`."""
        if has_ended(self.process):  # what its other users hold is gone with it
            self._stop()
        if self.playwright is None:
            try:
                self.playwright = sync_playwright().start()
            except Error as error:
                raise UsageError(
                    "The browser cannot be driven from inside an event loop", "Drive it from a thread of its own."
                ) from error
        self.users += 1
        return self.playwright

    def release(self) -> None:
        """Give the driver back; the last user stops it."""
        self.users -= 1
        if self.users == 0:
            self._stop()

    def started(self, browser: int) -> None:
        """Note the process id of a browser that it started: the driver is the child of ours that the browser descends from."""
        try:
            line = [process for process in psutil.Process(browser).parents() if process.ppid() == os.getpid()]
        except psutil.NoSuchProcess:  # it ended at once; what it is asked next says so
            line = []
        self.process = line[0] if line else None

    def _stop(self) -> None:
        if self.playwright is not None:
            self.playwright.stop()
        self.playwright = self.process = None


DRIVER = Driver()
"""This thread's driver."""


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all that it started; nothing when it is gone."""
    if not pid:
        return []
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def end(processes: list[psutil.Process]) -> None:
    """Wait a moment for processes that were asked to end, then end them."""
    _, alive = psutil.wait_procs([process for process in processes if _runs(process)], timeout=GRACE)
    for process in alive:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(alive, timeout=GRACE)


def has_ended(process: psutil.Process | None) -> bool:
    """Whether a process that we know of is gone."""
    return process is not None and not _runs(process)


def end_now(processes: list[psutil.Process]) -> None:
    """End processes and wait a moment until they are gone. Not by reaping them: whoever started them does that."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # it ended by itself meanwhile
            process.kill()
    limit = time.monotonic() + GRACE
    while any(_runs(process) for process in processes) and time.monotonic() < limit:
        time.sleep(POLL)


def _runs(process: psutil.Process) -> bool:
    """Whether it still does something; one that only waits for its parent to notice its end does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
