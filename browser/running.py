"""A running browser with all that belongs to it, and how it is started: as often as it takes, always in the same way."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from browser.downloads import DownloadLimit
from browser.driver import DRIVER, has_ended
from browser.egress import EgressProxy, EgressRules
from browser.hands import LiveHands
from browser.launch import Launched, launch
from browser.leaving import Leaving
from browser.manners import Manners, Pace
from browser.recovery import Recovery
from browser.secrets import Redact, Resolve
from browser.settle import Settling, Traffic
from browser.tabs import Decide, Tabs
from browser.watchdog import Watchdog


@dataclass(slots=True)
class Running:
    """What exists while the browser runs."""

    launched: Launched
    tabs: Tabs
    traffic: Traffic
    settling: Settling
    leaving: Leaving
    hands: LiveHands
    manners: Manners
    watchdog: Watchdog
    browser: psutil.Process
    driver: psutil.Process | None
    """What Playwright's driver runs in."""

    @property
    def is_alive(self) -> bool:
        """Whether neither the browser nor the driver has ended."""
        browser = self.launched.context.browser
        ended = has_ended(self.browser) or has_ended(self.driver)
        return browser is not None and browser.is_connected() and not ended


@dataclass(slots=True)
class Starter:
    """Starts an environment's browsers, one after the other. They share the proxy that they connect by and the place of downloads."""

    options: dict[str, Any]
    """What `launch` is told."""
    staging: Path | None
    downloads: Path | None
    decide: Decide | None
    patience: float
    """Seconds that a step may take."""
    pace: Pace
    secrets: Resolve | None
    redact: Redact | None
    egress: EgressRules | None
    proxy: EgressProxy | None = None
    _temporary: tempfile.TemporaryDirectory[str] | None = field(default=None, init=False)

    def start(self, home: str, recovery: Recovery) -> Running:
        """Start a browser as the one that `recovery` watched; `home` is where the app begins."""
        if self.egress is not None and self.proxy is None:
            self.proxy = EgressProxy(self.egress)
            self.proxy.start()
        launched = launch(**self.options, egress=self.proxy)
        context, driver = launched.context, DRIVER.process
        recovery.restore(context)
        watchdog = Watchdog(launched.pid, driver, self.patience)
        tabs = Tabs(
            context,
            downloads=self._quarantine(),
            decide=self._decider(watchdog),
            limit=DownloadLimit(context, launched.arriving),
            redact=self.redact,
        )
        tabs.on_view.append(recovery.heed)
        traffic = Traffic(context)
        return Running(
            launched,
            tabs,
            traffic,
            Settling(tabs, traffic),
            Leaving(tabs, traffic, watchdog),
            LiveHands(tabs, home, self.staging, self.secrets),
            Manners(context, self.pace),
            watchdog,
            psutil.Process(launched.pid),
            driver,
        )

    def refused(self) -> str:
        """Say what the egress proxy refused since the last call; empty for nothing."""
        return self.proxy.tell() if self.proxy else ""

    def close(self) -> None:
        """Give back what the browsers shared. Safe to call twice."""
        if self.proxy is not None:
            self.proxy.close()
            self.proxy = None
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None

    def _quarantine(self) -> Path:
        if self.downloads is None:
            if self._temporary is None:  # else it is of the browser before
                self._temporary = tempfile.TemporaryDirectory(prefix="apprentice-downloads-")
            return Path(self._temporary.name)
        self.downloads.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.downloads

    def _decider(self, watchdog: Watchdog) -> Decide | None:
        """Let the person take their time with a dialog."""
        decide = self.decide
        if decide is None:
            return None

        def unhurried(kind: str, message: str) -> bool:
            with watchdog.paused():
                return decide(kind, message)

        return unhurried
