"""Ways to turn a page into text, all asked alike: ours, Playwright's snapshot, and peers that run in an environment of their own."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from playwright.sync_api import Page

from browser.errors import SetupError
from browser.page import PageView
from browser.types import COLLAPSED

PEERS = ("browser-use", "browsergym-core")
"""Packages whose own observation code is measured, by their names in the package index."""
PROGRAM = Path(__file__).with_name("peer.py")
SNAPSHOT_LIMIT_MS = 60_000
MANY_PARTS = 40
"""Parts of a collapsed run that are looked at, at most."""


class Reader(Protocol):
    """One way to read a page."""

    name: str

    def open(self, url: str, cookies: Sequence[Any]) -> None:
        """Go to a page."""
        ...

    def look(self) -> tuple[float, str]:
        """Read the page; return how many ms that took and the text."""
        ...

    def evaluate(self, expression: str) -> Any:
        """Ask the page itself, in its own world."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


class Snapshot:
    """Playwright's `aria_snapshot(mode="ai")`, in a tab that it may share."""

    name = "playwright"

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, url: str, cookies: Sequence[Any]) -> None:
        """Go to a page, unless the tab shows it; the cookies are there already."""
        if self.page.url != url:
            self.page.goto(url, wait_until="networkidle")

    def look(self) -> tuple[float, str]:
        """Take the snapshot."""
        return _timed(lambda: self.page.aria_snapshot(mode="ai", timeout=SNAPSHOT_LIMIT_MS))

    def evaluate(self, expression: str) -> Any:
        """Ask the page itself."""
        return self.page.evaluate(expression)

    def close(self) -> None:
        """Nothing is held that the browser does not hold."""


class Ours(Snapshot):
    """Our walker, and its lines as text."""

    name = "apprentice"

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.view = PageView(page)

    def look(self) -> tuple[float, str]:
        """Read the page and write it as lines."""
        return _timed(lambda: self.view.observe().render())

    def look_into(self) -> str:
        """Read the page, and all that `expand` shows of what was collapsed; each control once."""
        found: dict[int, str] = {}
        for _ in range(MANY_PARTS):
            page = self.view.observe()
            known = len(found)
            found |= {line.ref: line.render() for line in page.lines if line.ref is not None and line.role != COLLAPSED}
            collapsed = [line.ref for line in page.lines if line.role == COLLAPSED and line.ref is not None]
            if not collapsed or len(found) == known:
                break
            for ref in collapsed:
                self.view.locate(ref).call("expand", ref)
        return "\n".join(found.values())


class Peer:
    """A peer in a process of the peers' environment, with a browser of its own of the same program."""

    def __init__(self, name: str, python: Path, chromium: Path) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [python, PROGRAM, name, chromium],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._read()

    def open(self, url: str, cookies: Sequence[Any]) -> None:
        """Go to a page with these cookies."""
        self._ask(open=url, cookies=list(cookies))

    def look(self) -> tuple[float, str]:
        """Read the page; timed on the other side, without the way there."""
        answer = self._ask(look=True)
        return answer["ms"], answer["text"]

    def evaluate(self, expression: str) -> Any:
        """Ask the page itself."""
        return self._ask(evaluate=expression)["value"]

    def close(self) -> None:
        """End the process; it ends its browser."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ask(self, **asked: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return self._read()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SetupError(f"{self.name} ended", f"Start it by hand to see why: {PROGRAM} {self.name}")
        answer = json.loads(line)
        if "error" in answer:
            raise SetupError(f"{self.name} failed: {answer['error']}", "Measure without it, or another version of it.")
        return answer


def absent(python: Path) -> list[str]:
    """Return the peers that the environment of this Python does not have."""
    if not python.exists():
        return list(PEERS)
    code = (
        "import importlib.metadata as m, sys\nfor p in sys.argv[1:]:\n try: m.version(p)\n except Exception: print(p)"
    )
    done = subprocess.run([python, "-c", code, *PEERS], capture_output=True, text=True, check=False)
    return done.stdout.split() if done.returncode == 0 else list(PEERS)


def how_to_install(python: Path, missing: Sequence[str]) -> str:
    """Say how the missing peers are installed, apart from our own packages: they pin other versions."""
    folder = python.parents[1]
    return f"python -m venv {folder} && {folder}/bin/pip install {' '.join(missing)}"


def _timed(look: Callable[[], str]) -> tuple[float, str]:
    started = time.perf_counter()
    text = look()
    return (time.perf_counter() - started) * 1000, text
