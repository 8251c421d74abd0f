"""Manners: how the agent behaves towards a site. One page load at a time, a polite pace, and no for an answer.

On the public network the next page load of an origin waits until the one before is over and at least `pace_seconds` after it
began. A site that answers 429 or 503 with `Retry-After` is left alone for that long, up to `max_wait_seconds`; so is an
origin on loopback, since it asked. Everything else about pace is for public origins only: loopback, private and link-local
addresses, and names without a dot or under `.local`, `.internal`, `.localhost`, `.home.arpa`, `.lan`, are a person's own machines.

The browser says who it is: a product token of ours is added to its user agent. Nothing is disguised.
"""

from __future__ import annotations

import email.utils
import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Error, Page, Request, Response

from browser.world import translated

PRODUCT = "Apprentice/0.1"
"""Our product token (RFC 9110, 10.1.5)."""
TURNED_AWAY = {403: "forbidden", 429: "too many requests", 503: "service unavailable"}
PATIENCE = 30.0
"""Seconds that a page load may keep the next one of its origin waiting."""
POLL_MS = 20
_OWN_NAMES = (".local", ".localhost", ".internal", ".home.arpa", ".lan")


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient the agent is. Seconds."""

    pace_seconds: float = 1.0
    """Least time between the beginnings of two page loads of one public origin."""
    max_wait_seconds: float = 60.0
    """The longest wait that a site may ask for; who asks for more is not visited again."""


@dataclass(slots=True)
class _Site:
    """What is known of one origin."""

    flying: set[Request] = field(default_factory=set)
    began: float = float("-inf")
    not_before: float = float("-inf")
    """When the site wants to be asked again."""


class Manners:
    """Watches the page loads of a context and holds the next one back as long as it must wait."""

    def __init__(self, context: BrowserContext, pace: Pace, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = pace
        self._clock = clock
        self._sites: dict[str, _Site] = {}
        self._blocks: list[str] = []
        self._fresh = False
        context.on("request", self._sent)
        context.on("requestfinished", self._over)
        context.on("requestfailed", self._over)
        context.on("response", self._answered)

    def wait_turn(self, page: Page, url: str) -> str:
        """Wait until the origin of an address may be asked for a page; return why it may not be asked at all, or nothing."""
        site = self._site(url)
        longest = max(PATIENCE, self._pace.pace_seconds)
        if site.not_before - self._clock() > self._pace.max_wait_seconds:
            self._turned_away(f"{_origin(url)} asks for a longer wait than the agent may spend")
            return self._blocks[-1]
        if self._ready(url, site):
            return ""
        deadline = self._clock() + max(longest, site.not_before - self._clock())
        with translated():
            while not self._ready(url, site) and self._clock() < deadline:
                page.wait_for_timeout(POLL_MS)
        return ""

    def may_retry(self, url: str) -> bool:
        """Whether the site turned the agent away and said when to come again, soon enough to wait for."""
        left = self._site(url).not_before - self._clock()
        return self._fresh and 0 < left <= self._pace.max_wait_seconds

    def take_blocks(self) -> tuple[str, ...]:
        """Return how the last page loads in a row were refused; empty when the last was not, or when that was told."""
        fresh, self._fresh = self._fresh, False
        return tuple(self._blocks) if fresh else ()

    def _ready(self, url: str, site: _Site) -> bool:
        now = self._clock()
        if now < site.not_before:
            return False
        return not is_public(url) or (not site.flying and now - site.began >= self._pace.pace_seconds)

    def _site(self, url: str) -> _Site:
        return self._sites.setdefault(_origin(url), _Site())

    def _sent(self, request: Request) -> None:
        if _is_page_load(request):
            site = self._site(request.url)
            site.flying.add(request)
            site.began = self._clock()

    def _over(self, request: Request) -> None:
        for site in self._sites.values():
            site.flying.discard(request)

    def _answered(self, response: Response) -> None:
        if not _is_page_load(response.request):
            return
        if response.status not in TURNED_AWAY:
            if response.status < 400:
                self._blocks.clear()
                self._fresh = False
            return
        said = f"{_origin(response.url)} answered {response.status} ({TURNED_AWAY[response.status]})"
        wait = seconds_of(response.headers.get("retry-after", ""))
        if wait is not None:
            self._site(response.url).not_before = self._clock() + wait
            said += f" and asks to wait {wait:.0f} seconds"
        self._turned_away(said)

    def _turned_away(self, said: str) -> None:
        self._blocks.append(said)
        self._fresh = True


def seconds_of(retry_after: str) -> float | None:
    """Read a `Retry-After`: seconds, or a date. None for what is neither."""
    text = retry_after.strip()
    if text.isdigit():
        return float(text)
    try:
        at = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def is_public(url: str) -> bool:
    """Whether an address is somebody else's: not loopback, private or link-local by number, nor by name."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(_OWN_NAMES)


def introduce(context: BrowserContext) -> None:
    """Add our product token to the browser's own user agent, in every request of a context."""
    assert context.browser is not None
    session = context.browser.new_browser_cdp_session()
    own = session.send("Browser.getVersion")["userAgent"]
    session.detach()
    context.set_extra_http_headers({"User-Agent": f"{own} {PRODUCT}"})


def _is_page_load(request: Request) -> bool:
    try:
        return request.is_navigation_request() and request.frame.parent_frame is None
    except Error:  # a new tab's frame, which Playwright does not know yet: tabs load pages
        return True


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
