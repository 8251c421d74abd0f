"""A limit on what a page may put on the disk."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Error

log = logging.getLogger(__name__)

CAP = 512 * 1024 * 1024
"""Bytes that one download may have."""


class DownloadLimit:
    """Ends downloads that are larger than the cap, as soon as that shows: by what the server says, or by what has come."""

    def __init__(self, context: BrowserContext, folder: Path, cap: int = CAP) -> None:
        """Watch the downloads of a context; `folder` is where its browser puts them while they come."""
        self.cap = cap
        self._addresses: dict[str, str] = {}
        self._cut: set[str] = set()
        browser = context.browser
        if browser is None:  # the browser of a profile, driven by an old Playwright
            log.warning("downloads are not limited in size: this version of Playwright does not tell of them")
            return
        self._session = browser.new_browser_cdp_session()
        self._session.on("Browser.downloadWillBegin", self._begins)
        self._session.on("Browser.downloadProgress", self._comes)
        named = self._session.send("Target.getBrowserContexts")["browserContextIds"]
        self._context = {"browserContextId": named[0]} if named else {}
        self._session.send(
            "Browser.setDownloadBehavior",
            {"behavior": "allowAndName", "downloadPath": str(folder), "eventsEnabled": True, **self._context},
        )

    def cut(self, url: str) -> bool:
        """Whether a download of this address was ended."""
        return url in self._cut

    def _begins(self, event: dict[str, Any]) -> None:
        self._addresses[event["guid"]] = event["url"]

    def _comes(self, event: dict[str, Any]) -> None:
        url = self._addresses.get(event["guid"], "")
        if event["state"] != "inProgress" or max(event["totalBytes"], event["receivedBytes"]) <= self.cap:
            return
        self._cut.add(url)
        with suppress(Error):  # it ended by itself meanwhile
            self._session.send("Browser.cancelDownload", {"guid": event["guid"], **self._context})
