"""The data-flow rule: what was read on one origin does not reach another by the agent's hand, unless a person says so.

What pages showed is kept by origin, as words. Before a value is typed, selected or put into an address, its words are looked for
in what other origins showed. Words of the task, of lessons and of answers are the person's and free everywhere. And a
destination (an e-mail or web address, an account number) that the person never gave goes nowhere without a question: an
order that a page gives away needs one.

Compared are words without regard to case, spelling of letters and punctuation, also when they come in base64, in
hexadecimal, percent-encoded or reversed. Words under six letters, or under four with a digit, are too common to tell anything.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from agent.guard.origins import origin_or_none
from browser.types import Observation

MIN_WORD = 6
MIN_NUMBER = 4
"""So many characters a word has that has a digit."""
MIN_RUN = 6
"""So many letters and digits in a row, spaces and punctuation left out, are no accident."""
_DESTINATION = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # e-mail
    r"|https?://[^\s\"'<>]+"
    r"|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"  # IBAN
    r"|\+?\d(?: ?\d){9,}",  # account and telephone numbers
)


@dataclass(frozen=True, slots=True)
class Leak:
    """Words of one origin on their way to another."""

    words: str
    source: str


@dataclass(slots=True)
class _Shown:
    """What one origin showed so far."""

    words: set[str] = field(default_factory=set)
    run: str = ""
    _texts: set[str] = field(default_factory=set)

    def add(self, text: str) -> None:
        if text in self._texts:
            return
        self._texts.add(text)
        self.words.update(words_of(text))
        self.run += squeezed(text) + "\n"


@dataclass(slots=True)
class Flow:
    """What the person said and what each origin showed, in one session."""

    allowed: frozenset[tuple[str, str]] = frozenset()
    """Pairs of origins (source, target) between which words may travel without a question."""
    _person: _Shown = field(default_factory=_Shown)
    _shown: dict[str, _Shown] = field(default_factory=dict)

    def heard(self, texts: Iterable[str]) -> None:
        """Take note of words of the person: they are free everywhere."""
        for text in texts:
            self._person.add(text)

    def saw(self, page: Observation) -> None:
        """Take note of what a page shows, each part of it under the origin it came from."""
        self._of(origin_or_none(page.url)).add(page.title)
        for number, line in enumerate(page.lines):
            shown = self._of(origin_or_none(page.origin_at(number)))
            for text in (line.name, line.value, *line.options):
                if text:
                    shown.add(text)

    def leak(self, value: str, target: str) -> Leak | None:
        """Return what in a value was read on another origin than `target`; None when it may go there."""
        there = self._of(target)
        for source, shown in self._shown.items():
            if source == target or (source, target) in self.allowed:
                continue
            for text in spellings(value):
                found = self._shared(text, shown, there)
                if found:
                    return Leak(found, source)
        return None

    def strange_destinations(self, value: str) -> list[str]:
        """Return the addresses and account numbers in a value that the person never gave."""
        found = [match[0] for match in _DESTINATION.finditer(value)]
        return [destination for destination in found if squeezed(destination) not in self._person.run]

    def _shared(self, text: str, shown: _Shown, there: _Shown) -> str:
        if all(word in self._person.words for word in words_of(text)):
            return ""
        run = squeezed(text)
        if len(run) >= MIN_RUN and run in shown.run and run not in self._person.run and run not in there.run:
            return text.strip()
        for word in words_of(text):
            numbered = any(char.isdigit() for char in word)
            if len(word) < (MIN_NUMBER if numbered else MIN_WORD) or word in self._person.words:
                continue
            if word in shown.words and (numbered or word not in there.words):
                return word
        return ""

    def _of(self, origin: str) -> _Shown:
        return self._shown.setdefault(origin, _Shown())


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return re.findall(r"\w+", _plain(text))


def squeezed(text: str) -> str:
    """Return the letters and digits of a text, in lower case and without a gap."""
    return "".join(words_of(text)).replace("_", "")


def spellings(value: str) -> Iterator[str]:
    """Yield a value as it stands, and what it may stand for: percent-encoded, reversed, base64, hexadecimal."""
    yield value
    plain = unquote_plus(value)
    if plain != value:
        yield plain
    yield plain[::-1]
    for word in re.findall(r"[A-Za-z0-9+/_-]{8,}={0,2}", plain):
        for decode in (_from_hex, _from_base64):
            text = decode(word)
            if text:
                yield text


def _from_base64(word: str) -> str:
    stem = word.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return _printable(base64.b64decode(stem + "=" * (-len(stem) % 4), validate=True))
    except (binascii.Error, ValueError):
        return ""


def _from_hex(word: str) -> str:
    try:
        return _printable(bytes.fromhex(word))
    except ValueError:
        return ""


def _printable(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text if text.isprintable() else ""


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
