"""Self-healing references: the control of a recorded action, found again on a page that has changed since.

Works on Observations alone, so on stored pages, live ones and dreams alike. Every control of the present page that can take the
action is weighed against the recorded one: name, role, what stands around it, row, value, place. Controls that are plainly
another recorded one are out, and so are those whose name promises another deed. The best is taken when it scores at least
`THRESHOLD` and the next one is clearly worse; otherwise the answer is "not found" with the reason, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from browser.actions import Action, Verb
from browser.likeness import SAME, alike, contrary, deed
from browser.surroundings import FIELDS, Surroundings, can_take, is_made_up, kind_fit, offers_same, role_fit, shared
from browser.types import Line, Observation, quote

THRESHOLD = 0.6
"""The least score of a control that is taken for the recorded one."""
MARGIN = 0.08
"""By so much the next best must be worse."""
UNLIKE = 0.3
"""Below this likeness two names have nothing in common, and all else must agree."""
ROW = 0.5
"""The least share of its words by which a row is known again."""
_WEIGHTS = {
    "name": 0.38,
    "around": 0.25,
    "row": 0.15,
    "page": 0.12,
    "kind": 0.1,
    "order": 0.1,
    "role": 0.07,
    "place": 0.03,
}
_NEAR = (1.0, 0.8, 0.6, 0.4)
"""What a neighbour weighs, by how far it stands from the control."""
_REACH = 8
"""How far around a control its recorded neighbours may have moved."""
_ON_AN_ITEM = frozenset(
    {"delete", "edit", "pay", "send", "accept", "reject", "archive", "publish", "open", "move", "copy"}
)
"""Deeds that are done to the thing a button stands at: with another thing there, it is another button."""


@dataclass(frozen=True, slots=True)
class Healing:
    """What became of a recorded control."""

    line: Line | None
    """The control on the present page; None when it was not found."""
    score: float
    """How well the best candidate fits, 0 to 1; found or not."""
    reason: str
    """One line for people: why it is the one, or why none is."""

    def apply(self, action: Action) -> Action:
        """Return the action on the control as it is now. Raises ValueError when it was not found."""
        if self.line is None:
            raise ValueError(self.reason)
        return replace(action, name=self.line.name, ref=self.line.ref)


def heal(action: Action, recorded: Observation, present: Observation) -> Healing:
    """Find the control of `action`, which was decided on the page `recorded`, on the page `present`."""
    then, now = Surroundings(recorded), Surroundings(present)
    at = then.index_of(action)
    if at is None:
        return Healing(None, 0.0, f"{quote(action.name)} is not on the recorded page")
    if recorded.lines == present.lines:
        return Healing(present.lines[at], 1.0, "the page is as it was recorded")
    return _Search(action.verb, then, at, now).best()


@dataclass
class _Search:
    """The weighing of one recorded control against a page."""

    verb: Verb
    then: Surroundings
    at: int
    now: Surroundings

    def best(self) -> Healing:
        """Weigh every candidate and decide."""
        weighed: list[tuple[float, int]] = []
        out: list[tuple[float, str]] = []
        for i, line in enumerate(self.now.lines):
            if not can_take(self.verb, line) or not role_fit(self.target.role, line.role):
                continue
            score = self.score(self.at, i)
            why = self.objection(i, score)
            if why:
                out.append((score, f"{_said(line)} is not it: {why}"))
            else:
                weighed.append((score, i))
        weighed.sort(key=lambda found: -found[0])
        if not weighed:
            closest = max(out, default=(0.0, "nothing here takes this action"))
            return Healing(None, closest[0], closest[1])
        score, i = weighed[0]
        if score < THRESHOLD:
            return Healing(None, score, f"the closest is {_said(self.now.lines[i])}, and too little fits ({score:.2f})")
        if len(weighed) > 1 and score - weighed[1][0] < MARGIN:
            other = self.now.lines[weighed[1][1]]
            return Healing(None, score, f"{_said(self.now.lines[i])} and {_said(other)} fit equally well")
        return Healing(self.now.lines[i], score, self.praise(i, score))

    @property
    def target(self) -> Line:
        """The recorded control."""
        return self.then.lines[self.at]

    def score(self, a: int, b: int) -> float:
        """Return how well a recorded line and a present one fit, 0 to 1."""
        mine, other = self.then.lines[a], self.now.lines[b]
        found = {
            "name": alike(self.then.parts[a][0], self.now.parts[b][0]),
            "role": role_fit(mine.role, other.role),
            "around": self.around(a, b),
            "page": self.page,
            "place": 1 - abs(a / len(self.then.lines) - b / len(self.now.lines)),
        }
        if self.then.row(a):
            found["row"] = shared(self.then.row(a), self.now.row(b) or self.now.beside(b))
        if mine.role in FIELDS:
            found["kind"] = kind_fit(mine, other)
        twins = self.then.keys[self.then.key(a)]
        if twins > 1 and twins == self.now.keys[self.now.key(b)]:
            found["order"] = float(self.then.parts[a][2] == self.now.parts[b][2])
        if found["name"] < UNLIKE and self.fits_without_name(a, b):
            del found["name"]
        return sum(_WEIGHTS[key] * value for key, value in found.items()) / sum(_WEIGHTS[key] for key in found)

    @cached_property
    def page(self) -> float:
        """How much of the recorded page is still there."""
        kept = sum(min(count, self.now.keys[key]) for key, count in self.then.keys.items())
        share = kept / max(1, self.then.keys.total())
        same = self.then.page.url.split("?")[0] == self.now.page.url.split("?")[0]
        return 0.7 * share + 0.3 * same

    def around(self, a: int, b: int) -> float:
        """Return which share of what stood around a line is still near it, its heading included."""
        near = [side[: len(_NEAR)] for side in self.then.around(a, len(_NEAR))]
        there = [name for side in self.now.around(b, _REACH) for name in side]
        kept = total = 0.0
        for side in near:
            for weight, name in zip(_NEAR, side, strict=False):
                total += weight
                kept += weight * max((alike(name, other) for other in there), default=0.0)
        nearby = kept / total if total else 0.0
        section = self.then.sections[a]
        return nearby if not section else 0.7 * nearby + 0.3 * alike(section, self.now.sections[b])

    def objection(self, i: int, score: float) -> str:
        """Return what speaks against a candidate whatever its score; empty when nothing does."""
        mine, other = self.then.parts[self.at][0], self.now.parts[i][0]
        like = alike(mine, other)
        if self.is_another(i):
            return "it was recorded as another control"
        if contrary(mine, other):
            return "its name promises something else"
        if self.row_differs(i):
            return "it stands at another thing"
        if self.came_with_its_section(i):
            return "it came with a new part of the page"
        if like < UNLIKE and not self.fits_without_name(self.at, i):
            return "its name has nothing in common with the recorded one"
        if like < SAME and self.claimed_by_another(i, score):
            return "it fits another recorded control better"
        return ""

    def is_another(self, i: int) -> bool:
        """Whether a line of the present page is plainly another recorded control."""
        key = self.now.key(i)
        return key != self.then.key(self.at) and key in self.then.keys

    def row_differs(self, i: int) -> bool:
        """Whether a control stands in a row, or at a thing, that is not the recorded one."""
        mine, other = self.then.row(self.at), self.now.row(i) or self.now.beside(i)
        if mine and other:
            return shared(mine, other) < ROW
        beside, base = self.then.beside(self.at), self.then.parts[self.at][0]
        if not beside or not other or not deed(base, _ON_AN_ITEM):
            return False
        return shared(beside, other) < ROW and not any(shared(beside, line.name) >= SAME for line in self.now.lines)

    def came_with_its_section(self, i: int) -> bool:
        """Whether a control is under a heading that is new, while the recorded heading is still there without it."""
        mine, other = self.then.sections[self.at], self.now.sections[i]
        if not other or alike(mine, other) >= UNLIKE or self.has_its_neighbour(i):
            return False
        known = any(alike(other, name) >= SAME for name in self.then.sections)
        return not known and (not mine or any(alike(mine, name) >= SAME for name in self.now.sections))

    def has_its_neighbour(self, i: int) -> bool:
        """Whether what stood right before or right after the recorded control still does."""
        sides = zip(self.then.around(self.at, 1), self.now.around(i, 1), strict=True)
        return any(mine and other and alike(mine[0], other[0]) >= SAME for mine, other in sides)

    def fits_without_name(self, a: int, b: int) -> bool:
        """Whether a field is known by all but its name: by what it holds or offers, or since its new name is a machine's.

        A button is known by nothing else: what it does is in its name.
        """
        mine, other = self.then.lines[a], self.now.lines[b]
        if mine.role not in FIELDS or mine.role != other.role or self.around(a, b) < 0.6:
            return False
        same_value = bool(mine.value) and mine.value == other.value and "secret" not in mine.states
        return kind_fit(mine, other) >= 0.7 and (same_value or offers_same(mine, other) or is_made_up(other.name))

    def claimed_by_another(self, i: int, score: float) -> bool:
        """Whether another recorded control, itself no longer there, fits this line at least as well."""
        rivals = (
            a
            for a, line in enumerate(self.then.lines)
            if a != self.at and line.ref is not None and role_fit(line.role, self.now.lines[i].role) and not self.now.keys[self.then.key(a)]
        )  # fmt: skip
        return any(self.score(a, i) > score for a in rivals)

    def praise(self, i: int, score: float) -> str:
        """Say by what a control was known."""
        mine, other = self.target, self.now.lines[i]
        like = alike(self.then.parts[self.at][0], self.now.parts[i][0])
        named = "the same name" if like >= SAME else "a like name" if like >= UNLIKE else "another name"
        role = "role" if mine.role == other.role else f"role {other.role} instead of {mine.role}"
        return f"{named} and {role}, {self.around(self.at, i):.0%} of what stood around it ({score:.2f})"


def _said(line: Line) -> str:
    return f"{line.role} {quote(line.name)}"
