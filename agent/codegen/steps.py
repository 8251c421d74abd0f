"""What a codegen program says: which control, what is done to it, on which line. Plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from agent.grammar import FIELD_ROLES
from browser.types import Line, Observation

By = Literal["role", "label", "placeholder", "text", "title"]
Deed = Literal[
    "click", "fill", "select_option", "check", "uncheck", "press", "hover", "goto", "go_back", "go_forward", "dialog"
]
FIELDS = FIELD_ROLES | {"listbox", "checkbox", "radio", "switch", "file"}
"""Roles that a label or a placeholder names."""


@dataclass(frozen=True, slots=True)
class Target:
    """A control as the program finds it."""

    by: By
    role: str
    """With `role` only."""
    name: str
    exact: bool
    within: tuple[str, ...] = ()
    """Words of the rows or groups around it."""
    nth: int | None = None
    """Which of several; -1 for the last."""

    def describe(self) -> str:
        """Say which control is meant."""
        what = self.role if self.by == "role" else f"what get_by_{self.by} finds"
        where = f" in {', '.join(map(repr, self.within))}" if self.within else ""
        return f"{what} {self.name!r}{where}" if self.name else what + where

    def find(self, page: Observation) -> Line | str:
        """Return the line that is meant, or what is wrong: none is there, or several are."""
        found = self._there([line for line in page.lines if line.ref is not None and self._has_role(line)])
        for fits in (self._is_named, self._is_named_like):
            named = [line for line in found if fits(line)]
            if named and self.nth is not None:
                return (
                    named[self.nth]
                    if -len(named) <= self.nth < len(named)
                    else f"there are only {len(named)} of {self.describe()}"
                )
            if len(named) == 1:
                return named[0]
            if named:
                return f"{self.describe()} is there {len(named)} times"
        return f"{self.describe()} is not on this page"

    def _has_role(self, line: Line) -> bool:
        match self.by:
            case "role":
                return line.role == self.role
            case "label" | "placeholder":
                return line.role in FIELDS
            case _:
                return True

    def _is_named(self, line: Line) -> bool:
        return not self.name or _words(self.name) in {_words(line.name), _words(_bare(line.name))}

    def _is_named_like(self, line: Line) -> bool:
        return not self.exact and _words(self.name).casefold() in _words(_bare(line.name)).casefold()

    def _there(self, lines: list[Line]) -> list[Line]:
        """Return the controls in the rows that are meant: by what their lines have in brackets, which one without twins has not."""
        if not self.within:
            return lines
        return [line for line in lines if self._is_within(_context(line.name))] or [
            line for line in lines if not _context(line.name)
        ]

    def _is_within(self, context: str) -> bool:
        around = " ".join(self.within).casefold()
        parts = [part.rstrip("…").casefold() for part in context.split(", ")]
        return bool(context) and (around in context.casefold() or all(part in around for part in parts))


@dataclass(frozen=True, slots=True)
class CodegenStep:
    """One thing that the program does."""

    line: int
    deed: Deed
    target: Target | None = None
    text: str = ""
    """What is typed, chosen (label or value), pressed or opened; `accept` or `dismiss` for a dialog."""


def without_focus(steps: Sequence[CodegenStep]) -> list[CodegenStep]:
    """Leave out what only moves the focus: a press on a field before it is filled in, Tab after it, the dialogs' answers stay."""
    kept: list[CodegenStep] = []
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        if (
            following
            and step.deed == "click"
            and following.deed in ("fill", "select_option")
            and step.target == following.target
        ):
            continue
        if step.deed == "press" and step.text == "Tab":
            continue
        if kept and step.deed == kept[-1].deed == "fill" and step.target == kept[-1].target:
            kept[-1] = replace(step)
            continue
        kept.append(step)
    return kept


def _words(text: str) -> str:
    return " ".join(text.split())


def _bare(name: str) -> str:
    """Return a name without what the page's lines add to tell it from its twins."""
    name = name.rsplit(" #", 1)[0] if name.rpartition(" #")[2].isdigit() else name
    return name.rsplit(" (", 1)[0] if name.endswith(")") else name


def _context(name: str) -> str:
    name = name.rsplit(" #", 1)[0] if name.rpartition(" #")[2].isdigit() else name
    return name.rsplit(" (", 1)[1][:-1] if name.endswith(")") and " (" in name else ""
