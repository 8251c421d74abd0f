"""A live web app as an Environment."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import Error, Page

from browser.actions import PERFORM, WITHOUT_PAGE, Action, ActionFailed, Verb
from browser.egress import EgressRules
from browser.errors import AppUnreachable, UsageError
from browser.hands import NAVIGATION_MS, LiveHands, web_address, why_not
from browser.manners import Pace
from browser.masking import SECRET_FIELDS, secret_places
from browser.recovery import Recovery, what_happened
from browser.running import Running, Starter
from browser.secrets import Redact, Resolve
from browser.settle import Quiet
from browser.tabs import Decide, Tabs
from browser.types import Observation, StepResult
from browser.world import BrowserLost, translated

log = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that a step may take before its page is given up as hung; more than all its bounded waits together."""
ERROR_PAGE = "chrome-error:"


class LiveEnvironment:
    """Drives a real browser. Belongs to the thread that calls `reset`, since Playwright's objects do.

    After each action the page is left to settle: no change for 80 ms, no document or data request that the action caused
    still under way, five seconds at most. A page that does not settle is read as it stands; the note says so only when the
    action showed nothing else, so that a clock or an animation does not speak in every step.

    When the page crashes or hangs, or the browser ends, it is brought back, with the same profile and cookies, to the page that
    was seen last. That is asked for by GET, the start page in its place when a form led there: nothing is ever sent twice.

    Before its pages are left, by `reset` and by `close`, those that say they have unsaved work are given the time to save it.
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
        pace: Pace | None = None,
        secrets: Resolve | None = None,
        redact: Redact | None = None,
        args: Sequence[str] = (),
        egress: EgressRules | None = None,
    ) -> None:
        """Remember what to open; the browser starts with `reset`.

        `secrets` gives the value that `<secret:name>` stands for; `redact` keeps such values out of all that is read of a page.
        `staging` is the only folder that files are uploaded from. Downloads go to `downloads`, without it to a folder that
        is gone after `close`. Dialogs but alerts are dismissed unless `decide_dialog` accepts them. `slow_mo` in ms.
        `pace` says how patient the agent is with public sites.
        `egress` says where the browser may connect to; without it, it may connect to anything.
        """
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
            raise UsageError(f"{url!r} is not a web address", "Give one that begins with http:// or https://.")
        self.url = url
        self.cap = cap
        self.notices: list[str] = []
        """What the person should know about how the browser was started."""
        options = {
            "browser": browser,
            "profile": profile,
            "headless": headless,
            "storage_state": storage_state,
            "slow_mo": slow_mo,
            "args": args,
        }
        self._starter = Starter(
            options, staging, downloads, decide_dialog, patience, pace or Pace(), secrets, redact, egress
        )
        self._patience = patience
        self._redact = redact
        self._running: Running | None = None
        self._last: Observation | None = None
        self._here = ""
        self._recovery = Recovery()
        self._hurried: Callable[[], bool] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether there is a page to act on."""
        return self._last is not None

    @property
    def tabs(self) -> Tabs:
        """The tabs of the running browser."""
        return self._live.tabs

    @property
    def hands(self) -> LiveHands:
        """The hands on the running browser."""
        return self._live.hands

    def reset(self) -> Observation:
        """Open the app in a single tab and look at it; the browser is started when it does not run. Cookies are kept."""
        self.leave()
        self._recovery.begin()
        return self._open(self.url)

    def step(self, action: Action) -> StepResult:
        """Do one action, wait until the page is quiet, and look again.

        When page or browser is lost meanwhile, it is brought back and the result says that the action's is unknown. Raises
        BrowserLost when that was done too often, AppUnreachable when the app does not answer any more.
        """
        live = self._live
        if action.verb in WITHOUT_PAGE:
            return StepResult(self._last or self.look())
        begun = False
        try:
            before = self._last or self.look()
            refusal = self._wait_turn(live, action, before)
            if refusal:
                return StepResult(self._with_blocks(live, before), ok=False, note=refusal)
            with live.watchdog.watching():
                live.tabs.view.answer()
                begun = True
                result = self._step(live, action, before)
            if action.verb is Verb.OPEN and live.manners.may_retry(_goes_to(action, before)):
                self._wait_turn(live, action, before)
                with live.watchdog.watching():
                    result = self._step(live, action, before)
            return replace(result, observation=self._with_blocks(live, result.observation))
        except BrowserLost as lost:
            hung = BrowserLost(f"The page did not answer for {self._patience:.0f} seconds")
            return self._recover(hung if live.watchdog.bit else lost, begun=begun)

    def look(self) -> Observation:
        """Look at the active tab as it stands."""
        live = self._live
        seen = live.tabs.view.observe(self.cap)
        self._here = seen.url  # whole: what is brought back after a loss is the page, not what may be told of it
        self._last = live.hands.seen = self.redacted(seen)
        return self._last

    def redacted(self, page: Observation) -> Observation:
        """Return the page as it may be seen by policies and kept: without secrets."""
        return page if self._redact is None else self._redact.observation(page)

    def settle(self) -> Quiet:
        """Wait until the active tab is quiet. What is still under way then counts no longer."""
        quiet = self._live.settling.settle()
        self._live.traffic.begin()
        return quiet

    def hurry(self, hurried: Callable[[], bool]) -> None:
        """Have the waiting for quiet cut short whenever `hurried` says so, in this browser and those to come."""
        self._hurried = hurried
        if self._running is not None:
            self._running.settling.hurried = hurried

    def leave(self) -> bool:
        """Wait until the pages have saved what was done in them, ten seconds at most; False when one still says it has not."""
        live = self._running
        return live is None or not live.is_alive or live.leaving.wait()

    def screenshot(self) -> bytes:
        """Return the visible part of the active tab as a JPEG, with secret fields and secrets in its words painted over."""
        page = self.tabs.page
        masks = [frame.locator(SECRET_FIELDS) for frame in page.frames]
        if self._redact is not None:
            masks += secret_places(self.tabs.view, self._redact)
        return page.screenshot(
            type="jpeg", quality=60, mask=masks, mask_color="#808080", caret="initial", timeout=10_000
        )

    def storage(self) -> dict[str, Any]:
        """Return cookies and local storage, to be given as `storage_state` later. They are secrets."""
        return dict(self._live.launched.context.storage_state())

    def close(self) -> None:
        """End the browser and all its processes. Safe to call twice, and after a crash."""
        self.leave()
        self._end()
        self._recovery = Recovery()
        self._starter.close()

    @property
    def _live(self) -> Running:
        if self._running is None:
            raise UsageError("There is no page yet", "Call reset() first.")
        return self._running

    def _open(self, url: str) -> Observation:
        """Open an address in a single tab and look at it. Raises AppUnreachable."""
        if self._running is not None and not self._running.is_alive:
            self._end(lost=True)
        live, page = self._fresh_tab()
        self._begin(live, page, url)
        if live.manners.may_retry(url):
            self._begin(live, page, url)
        self._news()  # it is in the log, and no step's doing
        with live.watchdog.watching():
            return self._with_blocks(live, self.look())

    def _begin(self, live: Running, page: Page, url: str) -> None:
        """Ask for a page and let it settle. Raises AppUnreachable."""
        live.manners.wait_turn(page, url)
        with live.watchdog.watching():
            live.traffic.begin()
            _ = live.tabs.view  # our scripts are there before the page's, and hear of a press first
            try:
                page.goto(url, wait_until="commit", timeout=NAVIGATION_MS)
            except Error as error:
                log.debug("opening %s: %s", url, error.message)
                raise AppUnreachable(
                    f"{url} {self._why_not(error)}", "Check that the app runs and that the address is right."
                ) from error
            live.settling.settle()

    def _fresh_tab(self) -> tuple[Running, Page]:
        """Return the browser with a single new tab. One that turns out to be lost is replaced."""
        live = self._running or self._launch()
        try:
            with live.watchdog.watching():
                return live, live.tabs.restart()
        except Error as error:
            log.debug("no new tab: %s", error.message)
        self._end(lost=True)
        live = self._launch()
        with live.watchdog.watching(), translated():
            return live, live.tabs.restart()

    def _recover(self, lost: BrowserLost, *, begun: bool) -> StepResult:
        """Bring the browser back to the page that was seen last. What was under way is not done again."""
        self._recovery.count(lost)
        page = self._open(self._recovery.place(self._here or self.url, self.url))
        note = what_happened(lost, begun=begun)
        log.warning("%s", note)
        return StepResult(page, ok=False, note=note, unknown=begun)

    def _end(self, *, lost: bool = False) -> None:
        live, self._running, self._last = self._running, None, None
        if live is not None:
            live.launched.close(lost=lost)

    def _wait_turn(self, live: Running, action: Action, before: Observation) -> str:
        """Wait until the site may be asked for another page, where the action may ask for one; return why it may not be, or nothing."""
        if action.verb not in (Verb.CLICK, Verb.PRESS, Verb.OPEN, Verb.BACK):
            return ""
        return live.manners.wait_turn(live.tabs.page, _goes_to(action, before))

    def _with_blocks(self, live: Running, page: Observation) -> Observation:
        """Add how the site turned the agent away, if it did."""
        blocks = live.manners.take_blocks()
        return replace(page, blocks=blocks) if blocks else page

    def _launch(self) -> Running:
        live = self._running = self._starter.start(self.url, self._recovery)
        self.notices = live.launched.notices
        live.settling.hurried = self._hurried
        return live

    def _step(self, live: Running, action: Action, before: Observation) -> StepResult:
        ok, notes = True, []
        live.traffic.begin()
        if action.verb is not Verb.TYPE:
            live.tabs.chooser = None
        tab, live.hands.named = live.tabs.page, action.name
        live.tabs.forget_search()
        try:
            PERFORM[action.verb](live.hands, action)
        except ActionFailed as failure:
            ok = False
            notes.append(str(failure))
        except BrowserLost:
            if not (tab.is_closed() and live.tabs.count):  # the action may close its own tab
                raise
        quiet = live.settling.settle()
        notes += live.tabs.drain()
        after = self.look()
        if live.tabs.leave_sealed(self.url):
            ok = False
            live.settling.settle()
            notes += live.tabs.drain()
            after = self.look()
        if after.url.startswith(ERROR_PAGE) and before.url != after.url:
            ok = False
            notes.append("the page did not load")
        notes += self._news()
        if after.url != before.url:
            self._recovery.keep(live.launched.context)
        if quiet and not notes and (after.url, after.lines) == (before.url, before.lines):
            notes.append(quiet.value)
        note = "; ".join(notes)
        return StepResult(after, ok, self._redact.text(note) if self._redact else note)

    def _news(self) -> list[str]:
        """Say what the egress proxy refused since the last call."""
        told = self._starter.refused()
        return [told] if told else []

    def _why_not(self, error: Error) -> str:
        told = self._starter.refused()
        return f"cannot be opened: {told}" if told else why_not(error)


def _goes_to(action: Action, page: Observation) -> str:
    """Return the address that an action asks for, as far as the page tells; else its own."""
    if action.verb is Verb.OPEN:
        try:
            return web_address(page.url, action.text)
        except ActionFailed:
            return page.url
    target = page.targets.get(action.ref) if action.ref is not None else None
    return target.url if target is not None else page.url
