"""What a task says: which values of an action were copied from the person's words, and will be others the next time."""

from __future__ import annotations

import re
from collections.abc import Mapping

_WORD = re.compile(r"\d[\d.,:/-]*\d(?!\w)|\w+")
"""A number, date or time is one word; an address is as many as it has parts."""


def says(text: str, words: str) -> bool:
    """Whether the text contains these words as words, in this case."""
    return bool(words) and re.search(as_words(words), text) is not None


def as_words(value: str) -> str:
    """Return the pattern of a value standing by itself: `20` is neither in `20.50` nor in `2026-11-20`, but is `20.00`."""
    if re.fullmatch(r"\d+", value):
        return rf"(?<![\w.,:/-]){value}(?:[.,]00)?(?!\w|[.,:/-]\d)"
    if re.fullmatch(r"\d+[.,]\d+", value):
        return rf"(?<![\w.,:/-]){re.escape(value)}(?!\w|[.,:/-]\d)"
    return rf"(?<!\w){re.escape(value)}(?!\w)"


def copied(task: str, text: str) -> str:
    """Return the longest run of words of `text` that the task says too, if it is long enough to be no accident.

    It stands in both as words: the 20 of `20.5set` does not.
    """
    if says(task, text.strip()):
        return text.strip()
    words = [match.span() for match in _WORD.finditer(text)]
    for count in range(len(words), 0, -1):
        for first in range(len(words) - count + 1):
            run = text[words[first][0] : words[first + count - 1][1]]
            if (len(run) >= 4 or any(char.isdigit() for char in run)) and says(task, run) and says(text, run):
                return run
    return ""


def replaced(text: str, values: Mapping[str, str]) -> str:
    """Put other values in the place of old ones, all at once, where they stand as words; what is shown of 20 as 20.00 as well."""
    if not values:
        return text
    pattern = re.compile("|".join(as_words(old) for old in sorted(values, key=len, reverse=True)))

    def other(match: re.Match[str]) -> str:
        if match[0] in values:
            return values[match[0]]
        new = values[match[0][:-3]]
        return new if re.search(r"[.,]\d\d$", new) else new + match[0][-3:]

    return pattern.sub(other, text)


def frame_of(task: str, value: str) -> frozenset[str]:
    """Return the words of four letters and more, in lower case, that a task has around a value and not in it."""
    around = re.sub(as_words(value), " ", task)
    return frozenset(long_words(around)) - frozenset(long_words(value))


def long_words(text: str) -> list[str]:
    """Return the words of four letters and more, in lower case: shorter ones stand in any sentence and in any value."""
    return [word.lower() for word in re.findall(r"[^\W\d_]{4,}", text)]


def row_of(name: str) -> str:
    """Return the row that a control's name puts in brackets: `Museum` of `Delete (Museum)`; empty without one."""
    match = re.search(r"\(([^()]*)\)$", name)
    return match[1].rstrip("…") if match else ""
