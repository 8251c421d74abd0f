"""Growth: a night goes on from the champion where it can, and begins anew from the base where it must.

What is new is rehearsed in full; of what the champion holds, a few variants each are reviewed, and the gate asks about all of it. So a
night costs what was taught since the last one, and a little for what is older. The teacher stays the base with its adapter
switched off, every night the same: nothing is distilled from what an earlier night has made of it. After some nights everything
is built anew, since small faults of one adapter would be handed on to the next.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from agent.store import AdapterRow
from consolidation.config import NightConfig

GENERATIONS = 8
"""So many nights grow from one that was built from the base; the next is built from the base again."""
_SHAPE = ("rank", "alpha", "untouched")
"""What an adapter must share with the one it grows from."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a night begins with. A folder keeps it, so that a night which is taken up again goes on as it began."""

    start: str
    """The adapter that the night goes on from; empty for the base."""
    new: tuple[str, ...]
    """Lessons that are learned."""
    held: tuple[str, ...]
    """Lessons that `start` holds, and that must stay."""
    generation: int
    """How many nights lie between this one and one from the base."""
    champion: str = ""
    """What acted when it began; empty for the base alone."""
    config: str = ""
    """A digest of what it may cost and how it learns: what was measured under another is not compared with what is measured now."""

    def to_json(self) -> dict[str, Any]:
        """Return the plan as its file keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Plan:
        """Read what `to_json` wrote."""
        return cls(**{**record, "new": tuple(record["new"]), "held": tuple(record["held"])})


def plan(lesson_ids: Sequence[str], parent: AdapterRow | None, config: NightConfig) -> Plan:
    """Say how a night over these lessons begins: from `parent`, if there is one and it fits, else from the base."""
    if parent is None or not _fits(parent, lesson_ids, config):
        return Plan("", tuple(lesson_ids), (), 0, config=digest(config))
    new = tuple(lesson_id for lesson_id in lesson_ids if lesson_id not in parent.lesson_ids)
    return Plan(parent.id, new, parent.lesson_ids, generation_of(parent) + 1, config=digest(config))


def digest(config: NightConfig) -> str:
    """Return a few letters that another config has not."""
    return hashlib.sha256(json.dumps(asdict(config), sort_keys=True).encode()).hexdigest()[:16]


def generation_of(adapter: AdapterRow) -> int:
    """Return how many nights an adapter is away from the base."""
    return int(adapter.receipt.get("generation", 0))


def _fits(parent: AdapterRow, lesson_ids: Sequence[str], config: NightConfig) -> bool:
    """Whether a night can go on from an adapter: it holds only lessons that are still taught, there are others, and it has the shape.

    A lesson that was retired cannot be taken out of the weights, and one that is to be learned better must be learned anew.
    """
    was, wanted = parent.receipt.get("config", {}).get("distill", {}), asdict(config.distill)
    return (
        bool(parent.lesson_ids)
        and set(parent.lesson_ids) < set(lesson_ids)
        and generation_of(parent) < GENERATIONS
        and all(was.get(name) == wanted[name] for name in _SHAPE)
    )
