"""Words a person wrote, as a full-text query that FTS5 always accepts, whatever they wrote."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+")
MAX_WORDS = 64
"""A pasted page is no query; the first words say what it is about."""


def any_word(text: str) -> str:
    """Match what has at least one of the words. Empty when there are none."""
    return " OR ".join(_quoted(text))


def every_word(text: str) -> str:
    """Match what has all the words, the last of them as a beginning, since it may still be being typed."""
    words = _quoted(text)
    return " ".join(words) + "*" if words else ""


def _quoted(text: str) -> list[str]:
    # Letters, digits and underscores only, each word in quotes: nothing is left that FTS5 reads as syntax.
    return [f'"{word}"' for word in list(dict.fromkeys(_WORD.findall(text)))[:MAX_WORDS]]
