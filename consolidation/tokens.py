"""Segments as tokens, with the positions that are learned from."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from agent.policy.encode import Encoder
from consolidation.segments import Segment


@dataclass(frozen=True, slots=True)
class Tokens:
    """A segment as tokens: ids (T,), and the positions (N,) whose next token is taught."""

    ids: torch.Tensor
    positions: torch.Tensor
    spans: tuple[tuple[int, int], ...]
    """Start and end, within `positions`, of each taught action."""

    @property
    def targets(self) -> torch.Tensor:
        """The taught tokens (N,)."""
        return self.ids[self.positions + 1]

    def exact(self, predicted: torch.Tensor) -> list[bool]:
        """Say of each taught action whether all its tokens were predicted (N,) rightly."""
        right = predicted == self.targets
        return [bool(right[start:end].all()) for start, end in self.spans]


def encode(encoder: Encoder, segment: Segment) -> Tokens:
    """Encode a segment as the policy would read and write it."""
    ids = encoder.head(segment.prompt)
    positions: list[int] = []
    spans: list[tuple[int, int]] = []
    for text, taught in segment.reply:
        piece = encoder.text(text)
        if taught:
            spans.append((len(positions), len(positions) + len(piece)))
            positions.extend(range(len(ids) - 1, len(ids) + len(piece) - 1))
        ids.extend(piece)
    if positions:
        ids = ids[: positions[-1] + 2]  # nothing after the last taught token is ever looked at
    return Tokens(torch.tensor(ids), torch.tensor(positions, dtype=torch.long), tuple(spans))
