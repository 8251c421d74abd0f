"""Everything that shapes a run of reinforcement learning. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RlvrConfig:
    """Everything that shapes a run."""

    updates: int = 100
    suites: str = ""
    """Names of the suites that tasks come from, with commas between; empty: all, by their shares."""
    groups: int = 32
    """Tasks that an update draws."""
    group_size: int = 8
    """Episodes a task."""
    parts: int = 1
    """Optimiser steps into which an update's trajectories are parted; with one, every step is exactly on-policy."""
    rank: int = 64
    alpha: int = 64
    lr: float = 3e-5
    warmup: int = 5
    kl: float = 0.02
    clip_low: float = 0.2
    clip_high: float = 0.28
    episode_tokens: int = 64
    """The constant that token sums are divided by, an episode: its own length would favour long failures."""
    longest_action: int = 96
    longest_prompt: int = 1800
    read_tokens: int = 65_536
    """Padded prompt tokens that are read at once while sampling."""
    micro_tokens: int = 1
    """Padded tokens that are computed at once while learning; a GPU wants thousands."""
    seed: int = 1
    checkpoint_every: int = 1


MAY_CHANGE = frozenset({"updates", "read_tokens", "micro_tokens", "checkpoint_every"})
"""Options that a resumed run may have otherwise: they decide when it ends, what it writes, and its rounding."""
