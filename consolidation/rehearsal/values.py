"""New values for a slot: of the same kind and form as the old one, and never said before."""

from __future__ import annotations

import random
import re
from typing import Any

_NUMBER = re.compile(r"(\d+)([.,]\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_EMAIL = re.compile(r"[\w.+-]+@[\w.-]+")
_JOINERS = (" ", "_", "_", "-")
"""What holds the words of a name together."""
WORD = re.compile(r"[^\W\d_]+")
"""One word of a value, an address or a file name."""


def vocabulary_words(tokenizer: Any) -> tuple[str, ...]:
    """Return the plain words among a tokenizer's tokens: three letters and more, ready in every language it knows."""
    words = set()
    for token in tokenizer.get_vocab():
        word = token[1:] if token[:1] in ("Ġ", "▁") else ""
        if len(word) >= 3 and word.isascii() and word.isalpha() and word[1:].islower():
            words.add(word)
    return tuple(sorted(words))


def draw_value(old: str, words: tuple[str, ...], rng: random.Random, several: float = 0.2) -> str:
    """Draw a value that could stand where `old` stood; in the share `several` one of several words for one of a single word."""
    if match := _NUMBER.fullmatch(old):
        return _number(match[1], match[2] or "", rng)
    if _DATE.fullmatch(old):
        return f"{rng.randint(2019, 2029)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
    if _EMAIL.fullmatch(old):
        return f"{rng.choice(words).lower()}@{rng.choice(words).lower()}.example"
    parts = re.split(r"([\s:_-]+)", old)
    if len(parts) == 1:
        return _name(old, words, rng, several)
    if rng.random() < 0.5:
        count, joiner = rng.choice((1, 1, 2, 2, 3)), parts[1]
        drawn = [_like(old if i == 0 or old.istitle() else old.lower(), rng.choice(words)) for i in range(count)]
        return _phrase(drawn, rng) if joiner == " " else joiner.join(drawn)
    return "".join(part if i % 2 or not part else _part(part, words, rng) for i, part in enumerate(parts))


def _name(old: str, words: tuple[str, ...], rng: random.Random, several: float) -> str:
    """Draw a name for one of a single word: of one again, or of several, held together in one of the ways that names are."""
    count = rng.choice((2, 2, 3)) if rng.random() < several else 1
    drawn = [_like(old if i == 0 or old.istitle() else old.lower(), rng.choice(words)) for i in range(count)]
    return rng.choice(_JOINERS).join(drawn)


def _part(old: str, words: tuple[str, ...], rng: random.Random) -> str:
    """Draw one of several words of a value; numbers among them stay numbers."""
    match = _NUMBER.fullmatch(old)
    return _number(match[1], match[2] or "", rng) if match else _like(old, rng.choice(words))


def borrow(value: str, word: str, rng: random.Random) -> str:
    """Exchange one word of a value for another one, written as it was."""
    match = rng.choice(list(WORD.finditer(value)))
    return value[: match.start()] + _like(match[0], word) + value[match.end() :]


def as_in_address(value: str) -> str:
    """Write a value so that an address can hold it: there are no spaces in one."""
    return "_".join(value.split())


def _phrase(drawn: list[str], rng: random.Random) -> str:
    """Write free text as people do: with a capital or without, with an article or without, whatever the old one had."""
    text = " ".join(drawn)
    match rng.choice(("as it was", "capital", "plain", "article")):
        case "capital":
            return text[:1].upper() + text[1:]
        case "plain":
            return text.lower()
        case "article":
            return f"{rng.choice(('the', 'a', 'my', 'our', 'this'))} {text.lower()}"
        case _:
            return text


def _number(whole: str, fraction: str, rng: random.Random) -> str:
    """Keep the manner of writing: with decimals mostly where there were some."""
    digits = rng.choice((len(whole), len(whole), max(1, len(whole) - 1), len(whole) + 1))
    value = str(rng.randint(1 if digits == 1 else 10 ** (digits - 1), 10**digits - 1))
    mark = fraction[:1] or "."
    if rng.random() < (0.8 if fraction else 0.35):
        value += f"{mark}{rng.randint(0, 99):02d}"
    return value


def _like(old: str, word: str) -> str:
    """Give a word the capitals of another."""
    if old.isupper() and len(old) > 1:
        return word.upper()
    return word.capitalize() if old[:1].isupper() else word.lower()
