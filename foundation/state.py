"""The moving parts of a procedural app: an open form, an event, the page being drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from browser.types import Line
from foundation.schema import Field, Section

Record = dict[str, str]
Handler = Callable[[str], str | None]
"""Takes what was typed or chosen (empty for a click); returns a note for the policy or None."""


@dataclass(slots=True)
class Form:
    """An open form and what it holds so far."""

    fields: list[Field]
    values: Record
    section: Section | None = None
    editing: int | None = None
    expanded: bool = False
    step: int = 0
    invalid: set[str] = field(default_factory=set)
    tab: int = 0


@dataclass(slots=True)
class View:
    """What of a list is shown, and what is unfolded on it."""

    page: int = 0
    filtered: str = ""
    """The value that rows must have to be shown; empty: any."""
    unfolded: int = -1
    """The `id` of the row whose actions are unfolded."""


@dataclass(frozen=True, slots=True)
class Month:
    """An open calendar: whose field, and what it shows."""

    key: str
    year: int
    month: int

    def turned(self, by: int) -> Month:
        """Return the calendar so many months on."""
        months = self.year * 12 + self.month - 1 + by
        return Month(self.key, months // 12, months % 12 + 1)


@dataclass(slots=True)
class Event:
    """Something that changed the app's data: what verifiers look at."""

    kind: str
    target: str
    values: Record


class Screen:
    """The page being drawn: lines in order, and what each control does."""

    def __init__(self, refs: dict[str, int]) -> None:
        self.lines: list[Line] = []
        self.handlers: dict[int, Handler] = {}
        self._refs = refs

    def words(self, role: str, text: str) -> None:
        """Add a line that cannot be acted on."""
        if text:
            self.lines.append(Line(role, text))

    def control(
        self,
        key: str,
        role: str,
        name: str,
        handler: Handler,
        value: str = "",
        states: tuple[str, ...] = (),
        options: tuple[str, ...] = (),
    ) -> None:
        """Add a control; `key` is its identity for as long as the page lives."""
        ref = self._refs.setdefault(key, len(self._refs) + 1)
        same = sum(
            1 for line in self.lines if line.role == role and (line.name == name or line.name.startswith(f"{name} #"))
        )
        self.lines.append(Line(role, f"{name} #{same + 1}" if same else name, ref, value, states, options))
        self.handlers[ref] = handler
