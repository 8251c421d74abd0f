"""Mentions: the things of a page that the person's words name, and the numbers in them, counted in the order they are said.

`Dmitri paid Elsa back 56` and `note that 56 went from Dmitri to Elsa` name the same first and the same second person. Which words
of a task are names is bookkeeping: the page offers them as choices.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent.lessons.said import as_words, row_of, says
from browser.types import Line, quote

CHOICES = frozenset(
    {
        "checkbox",
        "radio",
        "switch",
        "option",
        "link",
        "menuitem",
        "menuitemcheckbox",
        "menuitemradio",
        "tab",
        "treeitem",
    }
)
"""Roles whose names are things that one chooses among."""
MAX = 6
"""So many of a kind are counted; a task that names more is a dictation."""
_NUMBER = re.compile(r"(?<![\w.,:/-])\d[\d.,:/-]*(?<=\d)(?!\w)")
_PART_BEFORE, _PART_AFTER = r"(?<!\w[:._-])", r"(?![:._-]\w)"


@dataclass(frozen=True, slots=True)
class Mentions:
    """What a task mentions, each once, first said first."""

    names: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    @classmethod
    def of(cls, task: str, things: Iterable[str]) -> Mentions:
        """Find `things` in a task as whole words, the longest where two overlap; then the numbers in between.

        `Slate` is not mentioned in `US:Slate`, nor in `Slate-blue`: a part of a name that is written as one is another name.
        """
        found: dict[int, str] = {}
        left = task
        for thing in sorted({thing.strip() for thing in things}, key=lambda thing: (-len(thing), thing)):
            if len(thing) < 2 or thing not in left:  # `in` first: it is quicker, and most things are not said
                continue
            pattern = _PART_BEFORE + as_words(thing) + _PART_AFTER
            if match := re.search(pattern, left):
                found[match.start()] = thing
                left = re.sub(pattern, lambda match: " " * len(match[0]), left)
        numbers = dict.fromkeys(match[0] for match in _NUMBER.finditer(left))
        return cls(tuple(found[at] for at in sorted(found))[:MAX], tuple(numbers)[:MAX])

    def counterpart(self, value: str, here: Mentions) -> str:
        """Return what another task says in the place of a value; empty where the two do not mention as many of its kind."""
        for mine, theirs in ((self.names, here.names), (self.numbers, here.numbers)):
            if value in mine and len(mine) == len(theirs):
                return theirs[mine.index(value)]
        return ""

    def left(self, said: Iterable[str]) -> list[str]:
        """Return the mentions that none of these texts says: what a session has not come to yet."""
        done = list(said)
        return [value for value in (*self.names, *self.numbers) if not any(says(text, value) for text in done)]

    def lines(self) -> list[str]:
        """Write them for a prompt, a line for each kind that there is."""
        kinds = (("Names", self.names), ("Numbers", self.numbers))
        return [f"{kind}: {_counted(values)}" for kind, values in kinds if values]


def numbers(task: str) -> set[str]:
    """Return every number of a task as `Mentions` reads it, those within names too."""
    return {match[0] for match in _NUMBER.finditer(task)}


def _counted(values: Sequence[str]) -> str:
    return " ".join(f"{number} {quote(value)}" for number, value in enumerate(values, 1))


def choices(lines: Iterable[Line]) -> set[str]:
    """Return what a page offers to choose from: options, links, boxes to tick, and the rows that buttons stand in."""
    offered: set[str] = set()
    for line in lines:
        offered.update(line.options)
        if line.ref is not None:
            offered.add(row_of(line.name))
            if line.role in CHOICES:
                offered.add(line.name)
    return offered
