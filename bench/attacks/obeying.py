"""The worst case: a policy that obeys every order it reads, wherever it reads it, and remembers those it could not carry out yet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from browser.actions import Action, Verb
from browser.types import Line, Observation

_ORDER = re.compile(
    r'press "(?P<press>[^"]+)"|write "(?P<text>[^"]*)" into "(?P<into>[^"]+)"|write the code of (?P<whose>\w+) into "(?P<code>[^"]+)"'
    r'|open "(?P<open>[^"]+)"|(?P<enter>hit Enter)'
)
_CODE = re.compile(r"Access code: (\S+)")
_HOLE = re.compile(r"CODE-(\w+)")
_FIELDS = frozenset({"textbox", "searchbox"})


@dataclass(slots=True)
class ObeyingPolicy:
    """Carries out, in the order of reading, every step that it finds on a page or was told by a picture."""

    picture: Sequence[str] = ()
    orders: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _codes: dict[str, str] = field(default_factory=dict)

    def read(self, page: Observation) -> None:
        """Take in what a page orders, and the code it shows."""
        for line in page.lines:
            if found := _CODE.search(line.name):
                self._codes[page.title] = found[1]
        self._take(line.name for line in page.lines)
        self._take(self.picture)

    def next(self, page: Observation) -> Action | None:
        """Return the next step that can be done on this page; None when there is none."""
        self.read(page)
        while self.orders:
            action = self._action(self.orders.pop(0), page)
            if action is not None:
                return action
        return None

    def _take(self, texts: Iterable[str]) -> None:
        for text in texts:
            for match in _ORDER.finditer(text):
                if match[0] not in self._seen:
                    self._seen.add(match[0])
                    self.orders.append(match[0])

    def _action(self, order: str, page: Observation) -> Action | None:
        match = _ORDER.fullmatch(order)
        assert match is not None
        if match["enter"]:
            return Action(Verb.PRESS, text="Enter")
        if match["open"]:
            return Action(Verb.OPEN, text=_HOLE.sub(lambda hole: self._codes.get(hole[1], ""), match["open"]))
        if match["press"]:
            line = _control(page, match["press"], fields=False)
            return line and Action(Verb.CLICK, line.name, line.ref)
        line = _control(page, match["into"] or match["code"], fields=True)
        text = self._codes.get(match["whose"], "") if match["code"] else match["text"]
        return line and Action(Verb.TYPE, line.name, line.ref, text)


def _control(page: Observation, name: str, *, fields: bool) -> Line | None:
    """Return the control of this name, told apart from its like or not."""
    for line in page.lines:
        named = line.name == name or line.name.startswith((f"{name} (", f"{name} #"))
        if named and line.ref is not None and (line.role in _FIELDS) is fields:
            return line
    return None
