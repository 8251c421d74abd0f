"""What a control stands among on its page, and how alike two controls are in all but their place; for `browser.healing`."""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property
from statistics import fmean

from browser.actions import Action, Verb
from browser.likeness import words_of
from browser.types import Line, Observation

_FAMILIES = (
    frozenset({"button", "link", "menuitem", "menuitemcheckbox", "menuitemradio", "tab", "clickable", "option", "treeitem", "gridcell"}),
    frozenset({"textbox", "searchbox", "spinbutton", "combobox", "slider"}),
    frozenset({"combobox", "listbox"}),
    frozenset({"checkbox", "switch", "menuitemcheckbox"}),
    frozenset({"radio", "menuitemradio", "option"}),
    frozenset({"file", "button"}),
)  # fmt: skip
_CAN = {
    Verb.TYPE: frozenset({"textbox", "searchbox", "spinbutton", "combobox", "slider", "file", "gridcell"}),
    Verb.SELECT: frozenset({"combobox", "listbox"}),
}
FIELDS = frozenset(
    {"textbox", "searchbox", "spinbutton", "combobox", "listbox", "slider", "checkbox", "switch", "radio", "file"}
)
_SHAPES = ("date", "time", "datetime-local", "month", "week", "color", "multiline", "secret")
_SECTIONS = frozenset({"heading", "dialog", "alertdialog"})
_PARTS = re.compile(r"(?P<base>.+?)(?: \((?P<where>[^()]*)\))?(?: #(?P<nth>\d+))?")


class Surroundings:
    """A page, and what each of its lines stands among."""

    def __init__(self, page: Observation) -> None:
        self.page = page
        self.lines = page.lines
        self.parts = [parts_of(line) for line in page.lines]

    def index_of(self, action: Action) -> int | None:
        """Return the line that the action means: by ref, else by name when only one has it."""
        by_ref = next((i for i, line in enumerate(self.lines) if line.ref is not None and line.ref == action.ref), None)
        if by_ref is not None:
            return by_ref
        named = [
            i
            for i, line in enumerate(self.lines)
            if line.ref is not None and line.name == action.name and can_take(action.verb, line)
        ]
        return named[0] if len(named) == 1 else None

    @cached_property
    def keys(self) -> Counter[tuple[str, ...]]:
        """How often each control's key is there."""
        return Counter(self.key(i) for i, line in enumerate(self.lines) if line.ref is not None)

    @cached_property
    def sections(self) -> list[str]:
        """The heading or dialog that each line is under."""
        found, now = [], ""
        for line in self.lines:
            now = line.name if line.role in _SECTIONS else now
            found.append(now)
        return found

    def key(self, i: int) -> tuple[str, ...]:
        """Return what makes a control this one and no other, but for its number among twins."""
        base, where, _ = self.parts[i]
        return (" ".join(words_of(base)), " ".join(words_of(where)) if where else "")

    def row(self, i: int) -> str:
        """Return the words of the row that a control stands in."""
        if not self.lines[i].in_row:
            return self.parts[i][1]
        line = next((line for line in reversed(self.lines[:i]) if line.role == "row"), None)
        return f"{self.parts[i][1]} {line.name if line else ''}".strip()

    def beside(self, i: int) -> str:
        """Return the text right before a control."""
        before = self.lines[i - 1] if i else None
        return before.name if before is not None and before.role in ("text", "row") else ""

    def around(self, i: int, reach: int) -> tuple[list[str], list[str]]:
        """Return the names before and after a line, the nearest first."""
        names = [base for base, _, _ in self.parts]
        return names[max(0, i - reach) : i][::-1], names[i + 1 : i + 1 + reach]


def parts_of(line: Line) -> tuple[str, str, str]:
    """Take a name apart: what is printed, the row or group that tells it from its twins, its number among them."""
    match = _PARTS.fullmatch(line.name)
    if match is None or line.ref is None:
        return line.name, "", ""
    where = match["where"] or ""
    return match["base"], where if re.search(r"[^\W\d_]", where) else "", match["nth"] or ""


def can_take(verb: Verb, line: Line) -> bool:
    """Whether a verb makes sense on a control, by its role."""
    return line.ref is not None and line.role in _CAN.get(verb, frozenset({line.role}))


def role_fit(one: str, other: str) -> float:
    """Return 1 for the same role, less for one of the same use, 0 for any other."""
    return 1.0 if one == other else 0.6 if any(one in family and other in family for family in _FAMILIES) else 0.0


def kind_fit(one: Line, other: Line) -> float:
    """Return how alike what two fields hold is: their options, what they take, their values."""
    found = [float({*one.states} & {*_SHAPES} == {*other.states} & {*_SHAPES})]
    if one.options:
        mine, theirs = set(one.options), set(other.options)
        found.append(len(mine & theirs) / len(mine | theirs) if theirs else 0.5)
    if one.value or other.value:
        found.append(1.0 if one.value == other.value else 0.5 if bool(one.value) == bool(other.value) else 0.3)
    return fmean(found)


def offers_same(one: Line, other: Line) -> bool:
    """Whether two lists have at least half of their options in common."""
    mine, theirs = set(one.options), set(other.options)
    return bool(mine) and len(mine & theirs) * 2 >= len(mine | theirs)


def is_made_up(name: str) -> bool:
    """Whether a name is an id that a framework made: `r3fa21`, `field 8231`."""
    return name == name.lower() and bool(re.search(r"\d[a-z]|[a-z]\d|\d{3}", name))


def shared(one: str, other: str) -> float:
    """Return the share of the words of the shorter text that are in the other too; numbers count when there is nothing else."""
    mine, theirs = (_letters(text) for text in (one, other))
    return len(mine & theirs) / min(len(mine), len(theirs)) if mine and theirs else 0.0


def _letters(text: str) -> set[str]:
    words = set(words_of(text))
    return {word for word in words if not word.isdigit()} or words
