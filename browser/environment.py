"""A live web app as an Environment."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import Error

from browser.actions import PERFORM, WITHOUT_PAGE, Action, ActionFailed, Verb
from browser.errors import AppUnreachable, UsageError
from browser.hands import NAVIGATION_MS, LiveHands
from browser.launch import Launched, launch
from browser.settle import Quiet, Settling, Traffic
from browser.tabs import Decide, Tabs
from browser.types import Observation, StepResult
from browser.watchdog import Watchdog
from browser.world import BrowserLost

log = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that a step may take before its page is given up as hung; more than all its bounded waits together."""
ERROR_PAGE = "chrome-error:"
SECRET_FIELDS = ", ".join(
    ["input[type=password]", *(f'[autocomplete*="{hint}" i]' for hint in ("cc-", "one-time-code", "current-password", "new-password"))]
    + [f'input[{key}*="{part}" i]' for key in ("name", "id", "aria-label") for part in ("passw", "otp", "cvv", "cvc", "cardnumber", "card-number", "card_number", "card number")]
)
"""What is painted over in screenshots; wider than what the walker withholds, since a box too many costs nothing."""


class LiveEnvironment:
    """Drives a real browser. Belongs to the thread that calls `reset`, since Playwright's objects do.

    After each action the page is left to settle: no change for 80 ms, no document or data request that the action caused
    still under way, five seconds at most. A page that does not settle is read as it stands; the note says so only when the
    action showed nothing else, so that a clock or an animation does not speak in every step.
    """

    def __init__(
        self,
        url: str,
        *,
        headless: bool = True,
        browser: str | None = None,
        profile: Path | None = None,
        staging: Path | None = None,
        downloads: Path | None = None,
        cap: int = 120,
        storage_state: Path | dict[str, Any] | None = None,
        slow_mo: float = 0,
        decide_dialog: Decide | None = None,
        patience: float = PATIENCE,
        args: Sequence[str] = (),
    ) -> None:
        """Remember what to open; the browser starts with `reset`.

        `staging` is the only folder that files are uploaded from. Downloads go to `downloads`, without it to a folder that
        is gone after `close`. Dialogs but alerts are dismissed unless `decide_dialog` accepts them. `slow_mo` in ms.
        """
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise UsageError(f"{url!r} is not a web address", "Give one that begins with http:// or https://.")
        self.url = url
        self.cap = cap
        self.notices: list[str] = []
        """What the person should know about how the browser was started."""
        self._launch = {"browser": browser, "profile": profile, "headless": headless, "storage_state": storage_state, "slow_mo": slow_mo, "args": args}
        self._staging = staging
        self._downloads = downloads
        self._decide = decide_dialog
        self._patience = patience
        self._launched: Launched | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._last: Observation | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def reset(self) -> Observation:
        """Open the app in a single tab and look at it; the browser is started when it does not run. Cookies are kept."""
        if self._launched is not None and not self._alive(self._launched):
            self.close()
        if self._launched is None:
            self._start()
        with self._watchdog.watching():
            page = self.tabs.restart()
            self._traffic.begin()
            try:
                page.goto(self.url, wait_until="commit", timeout=NAVIGATION_MS)
            except Error as error:
                log.debug("opening %s: %s", self.url, error.message)
                raise AppUnreachable(f"{self.url} does not answer", "Check that the app runs and that the address is right.") from error
            self._settling.settle()
            return self.look()

    def step(self, action: Action) -> StepResult:
        """Do one action, wait until the page is quiet, and look again. Raises BrowserLost when the page or browser crashed."""
        if self._last is None:
            raise UsageError("There is no page yet", "Call reset() first.")
        if action.verb in WITHOUT_PAGE:
            return StepResult(self._last)
        try:
            with self._watchdog.watching():
                return self._step(action, self._last)
        except BrowserLost as error:
            if self._watchdog.bit:
                raise BrowserLost(f"The page did not answer for {self._patience:.0f} seconds", "Start the session again.") from error
            raise

    def look(self) -> Observation:
        """Look at the active tab as it stands."""
        self._last = self.hands.seen = self.tabs.view.observe(self.cap)
        return self._last

    def settle(self) -> Quiet:
        """Wait until the active tab is quiet."""
        return self._settling.settle()

    def screenshot(self) -> bytes:
        """Return the visible part of the active tab as a JPEG, with secret fields painted over."""
        page = self.tabs.page
        masks = [frame.locator(SECRET_FIELDS) for frame in page.frames]
        return page.screenshot(type="jpeg", quality=60, mask=masks, mask_color="#808080", caret="initial", timeout=10_000)

    def storage(self) -> dict[str, Any]:
        """Return cookies and local storage, to be given as `storage_state` later. They are secrets."""
        if self._launched is None:
            raise UsageError("There is no browser yet", "Call reset() first.")
        return dict(self._launched.context.storage_state())

    def close(self) -> None:
        """End the browser and all its processes. Safe to call twice, and after a crash."""
        launched, self._launched, self._last = self._launched, None, None
        if launched is not None:
            launched.close()
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None

    def _start(self) -> None:
        if self._downloads is not None:
            self._downloads.mkdir(parents=True, exist_ok=True, mode=0o700)
        else:
            self._temporary = tempfile.TemporaryDirectory(prefix="apprentice-downloads-")
        self._launched = launch(**self._launch)
        self.notices = self._launched.notices
        self._watchdog = Watchdog(self._launched.pid, self._patience)
        context = self._launched.context
        folder = self._downloads if self._temporary is None else Path(self._temporary.name)
        assert folder is not None
        self.tabs = Tabs(context, downloads=folder, decide=self._ask if self._decide else None)
        self._traffic = Traffic(context)
        self._settling = Settling(self.tabs, self._traffic)
        self.hands = LiveHands(self.tabs, self.url, self._staging)

    def _step(self, action: Action, before: Observation) -> StepResult:
        ok, notes = True, []
        self._traffic.begin()
        if action.verb is not Verb.TYPE:
            self.tabs.chooser = None
        tab, self.hands.named = self.tabs.page, action.name
        try:
            PERFORM[action.verb](self.hands, action)
        except ActionFailed as failure:
            ok = False
            notes.append(str(failure))
        except BrowserLost:
            if not (tab.is_closed() and self.tabs.count):  # the action may close its own tab
                raise
        quiet = self._settling.settle()
        notes += self.tabs.drain()
        after = self.look()
        if after.url.startswith(ERROR_PAGE) and before.url != after.url:
            ok = False
            notes.append("the page did not load")
        if quiet and not notes and after.lines == before.lines:
            notes.append(quiet.value)
        return StepResult(after, ok, "; ".join(notes))

    def _ask(self, kind: str, message: str) -> bool:
        assert self._decide is not None
        with self._watchdog.paused():
            return self._decide(kind, message)

    def _alive(self, launched: Launched) -> bool:
        browser = launched.context.browser
        return browser is not None and browser.is_connected()
