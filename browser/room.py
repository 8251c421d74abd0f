"""How much of a page a policy is given to read: so many lines, and no more than they may cost it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

CAP = 120
"""Lines that a policy reads of a page."""
BUDGET = 1465
"""What the lines of a page may cost, in tokens of the embedded model as `relevance.js` reckons them.

It reckons 0.978 of the true count at least, on pages as large as this: 1,498 tokens at most; 1,493 were the most that was measured.
"""
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

    def beside(self, costs: list[float], ranks: list[int], others: Room) -> list[int]:
        """Return which lines fit beside others, by their places; the lowest in rank give way, of these the last first."""
        kept, cost = set(range(len(costs))), sum(costs)
        for at in sorted(kept, key=lambda at: (ranks[at], -at)):
            if len(kept) + others.lines <= self.lines and cost + others.cost <= self.cost:
                break
            kept.remove(at)
            cost -= costs[at]
        return sorted(kept)

    def holds(self, lines: list[dict[str, Any]], cost: float) -> bool:
        """Whether lines of this cost fit."""
        return len(lines) <= self.lines and cost <= self.cost
