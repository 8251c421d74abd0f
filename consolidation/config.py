"""What one night may cost, and how it learns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from consolidation.distill import DistillConfig
from consolidation.examples import Arm
from consolidation.gate import Bounds
from consolidation.privilege import Privilege


@dataclass(frozen=True, slots=True)
class NightConfig:
    """Everything that shapes a night. The receipt of its adapter keeps it."""

    arm: Arm = Arm.OPSD
    privilege: Privilege = Privilege.LESSON
    variants: int = 24
    """Rehearsed sessions of each skill that is learned."""
    reviewed: int = 24
    """Rehearsed sessions, shared among the skills that are held: what is forgotten on the way shows in them, and is learned again."""
    review: float = 0.25
    """What may be read more in a night that has skills to hold, as a share of what one skill may cost."""
    rollouts: int = 3
    """Sessions that the student dreams itself of each skill that is learned, in each round."""
    rounds: tuple[float, ...] = (0.3, 0.5, 0.7)
    """After which share of the updates the student dreams."""
    probes: int = 6
    """Held-out variants of a skill that is learned."""
    kept_probes: int = 2
    """Held-out variants of a skill that is held."""
    page_anchors: int = 10
    dictations: int = 16
    """Anchors in which the beginning of a skill is dictated, and then something else."""
    shipped_anchors: int = 24
    held_anchors: int = 24
    """Shipped prompts kept for the gate."""
    held_dictations: int = 16
    distill: DistillConfig = field(default_factory=DistillConfig)
    bounds: Bounds = field(default_factory=Bounds)
    judged: bool = True
    """Whether the gate is asked. What was not judged is never promoted: a control that is measured live need not be."""
    with_manual: bool = False
    seed: int = 1

    def scaled(self, scale: float) -> NightConfig:
        """Return a night with a share of the dreams, probes and anchors, at least one of each."""
        counts = (
            "reviewed",
            "rollouts",
            "probes",
            "kept_probes",
            "page_anchors",
            "dictations",
            "shipped_anchors",
            "held_anchors",
            "held_dictations",
        )
        return replace(self, **{name: max(1, round(scale * getattr(self, name))) for name in counts})
