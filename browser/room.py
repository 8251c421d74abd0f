"""How much of a page a policy is given to read: so many lines, and no more than they may cost it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

CAP = 120
"""Lines that a policy reads of a page."""
BUDGET = 1465
"""What the lines of a page may cost, about in tokens of the embedded model, as `relevance.js` reckons: with its error, 1,500 at most."""
FRAME_LINES = 24
"""So many of the cap's lines are kept for frames of other origins, and of the budget alike."""
SHARE = 4
"""Frames of other origins get a quarter of a small cap at most."""


@dataclass(frozen=True, slots=True)
class Room:
    """Lines, and what they may cost together."""

    lines: int
    cost: float

    @classmethod
    def of(cls, cap: int) -> Self:
        """Return the room of a page of at most so many lines. Who asks for more lines than usual may have them cost more."""
        return cls(cap, BUDGET * max(cap / CAP, 1))

    @property
    def is_left(self) -> bool:
        """Whether anything fits."""
        return self.lines > 0 and self.cost > 0

    def after(self, raw: dict[str, Any]) -> Room:
        """Return what is left beside what was read."""
        return Room(self.lines - len(raw["lines"]), self.cost - raw["cost"])

    def for_frames(self, raw: dict[str, Any]) -> Room:
        """Return what frames have beside a page that was read: what it left, and some in any case."""
        kept = min(FRAME_LINES, self.lines // SHARE)
        left = self.after(raw)
        return Room(max(left.lines, kept), max(left.cost, self.cost / SHARE))

    def beside(self, lines: list[dict[str, Any]], costs: list[float], others: Room) -> int:
        """Return how many of these lines fit beside others; the last give way."""
        kept, cost = len(lines), sum(costs)
        while kept and (kept + others.lines > self.lines or cost + others.cost > self.cost):
            kept -= 1
            cost -= costs[kept]
        return kept

    def holds(self, lines: list[dict[str, Any]], cost: float) -> bool:
        """Whether lines of this cost fit."""
        return len(lines) <= self.lines and cost <= self.cost
