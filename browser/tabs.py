"""The tabs of one browser, which of them is active, and what they do beside what was asked: dialogs, downloads, new tabs."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Dialog, Download, Error, FileChooser, Page

from browser.downloads import DownloadLimit
from browser.page import PageView
from browser.secrets import Redact
from browser.types import quote
from browser.world import BrowserLost

MAX_MESSAGE = 200
SHOWN = frozenset({"http", "https", "about", "chrome-error"})
"""What a tab may show: a page of any other kind (`blob:`, `data:`, `file:`) has no address that could be judged."""
Decide = Callable[[str, str], bool]
"""Given a dialog's kind (`confirm`, `prompt`, `beforeunload`) and its message, whether to accept it."""


class Tabs:
    """Follows the tabs of a context. A tab that an action opens becomes active; when it closes, its opener is again."""

    def __init__(
        self,
        context: BrowserContext,
        *,
        downloads: Path,
        decide: Decide | None = None,
        limit: DownloadLimit | None = None,
        redact: Redact | None = None,
    ) -> None:
        self.notes: list[str] = []
        """What happened since the last step, one line each."""
        self.chooser: FileChooser | None = None
        """The page's open question for a file."""
        self.downloading = 0
        self.on_view: list[Callable[[PageView], None]] = []
        """Called with each tab when it is first read."""
        self._context = context
        self._downloads = downloads
        self._decide = decide
        self._limit = limit
        self._redact = redact
        self._pages: list[Page] = []
        self._openers: dict[Page, Page | None] = {}
        self._views: dict[Page, PageView] = {}
        self._fresh: list[Page] = []
        self._crashed = False
        context.on("page", self._opened)
        context.on("dialog", self._dialog)
        for page in context.pages:
            self._opened(page)
        self._fresh.clear()

    @property
    def page(self) -> Page:
        """The active tab. Raises BrowserLost when there is none."""
        if self._crashed:
            raise BrowserLost("The page crashed", "Start the session again.")
        if not self._pages:
            raise BrowserLost("The browser was closed", "Start the session again.")
        return self._pages[-1]

    @property
    def view(self) -> PageView:
        """The active tab, as it is read."""
        page = self.page
        if page not in self._views:
            self._views[page] = view = PageView(page)
            for tell in self.on_view:
                tell(view)
        return self._views[page]

    @property
    def views(self) -> list[PageView]:
        """The tabs that were read so far."""
        return list(self._views.values())

    @property
    def count(self) -> int:
        """How many tabs are open."""
        return len(self._pages)

    def forget_search(self) -> None:
        """Look for nothing any more, in any tab: another action is done."""
        for view in self.views:
            view.forget_search()

    def restart(self) -> Page:
        """Close every tab but a new one."""
        old = list(self._pages)
        fresh = self._context.new_page()
        for page in old:
            page.close()
        self._fresh.clear()
        self.notes.clear()
        self._crashed = False
        return fresh

    def close_active(self) -> None:
        """Close the active tab; its opener becomes active."""
        self.page.close()
        self.notes = [note for note in self.notes if note != "the tab was closed"]

    def leave_sealed(self, home: str) -> bool:
        """Leave the active tab when it shows what no origin answers for. Return whether it did; the notes say so."""
        kind = urlsplit(self.page.url).scheme
        if kind in SHOWN:
            return False
        if self.count > 1:
            self.close_active()
        else:
            self.page.goto(home, wait_until="commit")
        self.notes.append(f"a page of the kind {kind}: may not be shown")
        return True

    def drain(self) -> list[str]:
        """Return and forget what happened, new tabs with the titles they have by now."""
        for page in self._fresh:
            if not page.is_closed():
                self.notes.append(f"opened a new tab: {_one_line(page.title()) or urlsplit(page.url).path}")
        self._fresh.clear()
        notes, self.notes = self.notes, []
        return notes

    def _opened(self, page: Page) -> None:
        if page in self._pages:
            return
        self._pages.append(page)
        self._fresh.append(page)
        page.on("close", self._closed)
        page.on("crash", self._crash)
        page.on("download", self._download)
        page.on("filechooser", self._choose)
        self._openers[page] = page.opener()

    def _closed(self, page: Page) -> None:
        was_active = self._pages[-1:] == [page]
        self._pages.remove(page)
        self._views.pop(page, None)
        opener = self._openers.pop(page, None)
        if was_active and self._pages:
            if opener in self._pages:
                self._pages.remove(opener)
                self._pages.append(opener)
            self.notes.append("the tab was closed")

    def _crash(self, page: Page) -> None:
        self._crashed = self._crashed or self._pages[-1:] == [page]
        with contextlib.suppress(Error):  # what waits for the crashed page waits for ever unless it is closed
            page.close()

    def _dialog(self, dialog: Dialog) -> None:
        kind, message = dialog.type, _one_line(dialog.message)
        accept = False
        try:
            accept = kind != "alert" and self._decide is not None and self._decide(kind, message)
        finally:
            with contextlib.suppress(Error):  # its page may be gone by now
                if accept:
                    dialog.accept(dialog.default_value)
                else:
                    dialog.dismiss()
        message = message or ("leave this page?" if kind == "beforeunload" else "")
        said = "alert" if kind == "alert" else "accepted dialog" if accept else "dismissed dialog"
        self.notes.append(f"{said} {quote(message)}")

    def _download(self, download: Download) -> None:
        suggested = download.suggested_filename
        name = safe_name(self._redact.text(suggested) if self._redact else suggested)
        self.downloading += 1
        try:
            target = _unused(self._downloads / name)
            download.save_as(target)
            target.chmod(0o600)
            if self._limit and target.stat().st_size > self._limit.cap:  # it came faster than word of it
                target.unlink()
                self.notes.append(f"the download of {quote(name)} is too large")
            else:
                self.notes.append(f"downloaded {quote(target.name)}")
        except Error:
            why = "is too large" if self._limit and self._limit.cut(download.url) else "failed"
            self.notes.append(f"the download of {quote(name)} {why}")
        finally:
            self.downloading -= 1

    def _choose(self, chooser: FileChooser) -> None:
        self.chooser = chooser
        self.notes.append("the page asks for a file: type its name into the same control")


def safe_name(suggested: str) -> str:
    """Make a file name of what a server suggests: no folders, no control characters, not hidden, not long."""
    name = PurePosixPath(suggested.replace("\\", "/")).name
    name = re.sub(r"[^\w .()+,=@\[\]-]", "_", name).strip(" .")
    stem, dot, ending = name.rpartition(".")
    return (f"{stem[:100]}{dot}{ending[:16]}" if stem else ending[:100]) or "download"


def _unused(path: Path) -> Path:
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_stem(f"{path.stem} ({number})")
    return candidate


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"
