"""Outcome checks: what the person who gives a task asserts of its end. Facts, no opinion of a model.

    url~REGEX                              the address of the last page
    text~REGEX                             what the last page shows, below the visible part too
    answer~REGEX                           what the agent answered with `done`
    http METHOD URL STATUS [JSONPATH]      what a server answers; the RFC 9535 path must find something in its JSON

A page or a server may need a moment after the last action, so a check that fails is tried again for some seconds.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from browser.errors import ApprenticeError, UsageError
from browser.types import Observation

PATIENCE = 3.0
"""Seconds that a failing check is tried again."""
PAUSE = 0.2
"""Seconds between two tries."""
HTTP_SECONDS = 20.0
METHODS = ("GET", "HEAD", "OPTIONS")
"""Only what asks and changes nothing: a check must not become part of what it checks."""
FORMS = "url~REGEX, text~REGEX, answer~REGEX, or http METHOD URL STATUS [JSONPATH]"
SHOWN = 200
"""So much of what was found instead is told."""


@dataclass(frozen=True, slots=True)
class End:
    """How a session stands at its end, looked at when asked."""

    look: Callable[[], Observation]
    """Look at the whole last page. Raises ApprenticeError when there is none."""
    answer: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one check."""

    expect: str
    passed: bool
    found: str
    """What was there, shortened."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """One assertion, as it was written, and how it is tried."""

    written: str
    attempt: Callable[[End], Checked]

    def check(self, end: End, patience: float = PATIENCE) -> Checked:
        """Try until it holds, or for `patience` seconds."""
        deadline = time.monotonic() + patience
        while True:
            try:
                checked = self.attempt(end)
            except ApprenticeError as error:
                checked = Checked(self.written, False, error.message)
            if checked.passed or time.monotonic() >= deadline:
                return checked
            time.sleep(PAUSE)  # page and server are other programs; there is nothing to wait on


def parse_expectation(written: str) -> Expectation:
    """Read one assertion. Raises UsageError that says what is wrong with it."""
    kind, separator, pattern = written.partition("~")
    if separator and kind in _READ:
        return Expectation(written, _matches(written, _READ[kind], _regex(written, pattern)))
    words = written.split(maxsplit=4)
    if words and words[0] == "http":
        return Expectation(written, _http(written, words))
    raise UsageError(f"the check {written!r} is none of the known kinds", f"Write {FORMS}")


def note_of(results: Iterable[Checked]) -> str:
    """Say in one line what was checked and what was found where it failed, for the record."""
    return "; ".join(
        f"{result.expect}: {'holds' if result.passed else f'failed, found {result.found}'}" for result in results
    )


def page_text(page: Observation) -> str:
    """Return what a page shows: of each line its name and its value."""
    return "\n".join(f"{line.name} {line.value}".rstrip() for line in page.lines)


_READ: dict[str, Callable[[End], str]] = {
    "url": lambda end: end.look().url,
    "text": lambda end: page_text(end.look()),
    "answer": lambda end: end.answer,
}


def _matches(written: str, read: Callable[[End], str], regex: re.Pattern[str]) -> Callable[[End], Checked]:
    def attempt(end: End) -> Checked:
        text = read(end)
        return Checked(written, regex.search(text) is not None, _short(text))

    return attempt


def _regex(written: str, pattern: str) -> re.Pattern[str]:
    if not pattern:
        raise UsageError(f"the check {written!r} has nothing to look for", f"Write {FORMS}")
    try:
        return re.compile(pattern, re.MULTILINE)
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageError(
            f"the check {written!r} holds no regular expression: {error}", "See docs/headless.md"
        ) from error


def _http(written: str, words: list[str]) -> Callable[[End], Checked]:
    """Make the check of a server's answer."""
    if len(words) < 4:
        raise UsageError(f"the check {written!r} is not complete", "Write http METHOD URL STATUS [JSONPATH]")
    method, url, status = words[1].upper(), words[2], words[3]
    if method not in METHODS:
        raise UsageError(f"the check {written!r} would not only ask", f"The methods are {', '.join(METHODS)}")
    if not re.fullmatch(r"[1-5]\d\d", status):
        raise UsageError(f"the check {written!r} has no status", "A status is a number from 100 to 599")
    _web_address(written, url)
    path = _json_path(written, words[4]) if len(words) == 5 else None

    def attempt(end: End) -> Checked:
        import httpx

        try:
            reply = httpx.request(method, url, timeout=HTTP_SECONDS)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Checked(written, False, f"no answer: {error}")
        if reply.status_code != int(status):
            return Checked(written, False, f"status {reply.status_code}")
        if path is None:
            return Checked(written, True, f"status {reply.status_code}")
        return Checked(written, _finds(path, reply.content), _short(reply.text))

    return attempt


def _web_address(written: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise UsageError(f"the check {written!r} has no web address", "It begins with http:// or https://")


def _json_path(written: str, text: str) -> Any:
    import jsonpath

    try:
        return jsonpath.compile(text)
    except (jsonpath.JSONPathError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(
            f"the check {written!r} holds no JSONPath: {reason}", "Write for example $.bills[?@.what == 'Lunch']"
        ) from error


def _finds(path: Any, content: bytes) -> bool:
    import json

    try:
        return path.match(json.loads(content)) is not None
    except ValueError:
        return False


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= SHOWN else flat[: SHOWN - 1] + "…"
