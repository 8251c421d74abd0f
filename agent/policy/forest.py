"""A forest of token sequences: what begins alike is read once, and any number of stretches are read in one pass.

Each stretch of tokens hangs on a path of stretches that were read before, or stand before it in the same pass; it attends to these and
to itself. On a CPU a pass over a single token costs as much as one over twenty, so that decisions which have nothing to do with
each other are best read side by side. Keys and values belong to their stretch, and are gone when nobody holds a path through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import AttentionInterface, DynamicCache
from transformers.cache_utils import DynamicLayer

from agent.policy.attention import grouped_attention

NAME = "forest"


@dataclass(frozen=True, slots=True)
class Path:
    """A sequence of tokens that was read, as parts of stretches: each with how many of its tokens belong to it."""

    parts: tuple[tuple[Stretch, int], ...] = ()

    def __len__(self) -> int:
        return sum(count for _, count in self.parts)

    def cut(self, length: int) -> Path:
        """Return its first tokens."""
        kept: list[tuple[Stretch, int]] = []
        for stretch, count in self.parts:
            if length <= 0:
                break
            kept.append((stretch, min(count, length)))
            length -= count
        return Path(tuple(kept))

    def hidden(self, start: int) -> torch.Tensor:
        """Return hidden_T_D, the last hidden state of its tokens from `start` on."""
        found, at = [], 0
        for stretch, count in self.parts:
            if at + count > start:
                assert stretch.hidden is not None, "it was read"
                found.append(stretch.hidden[max(0, start - at) : count])
            at += count
        return torch.cat(found)

    def layer(self, number: int) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Return keys_G_T_D and values_G_T_D of its parts in one layer."""
        return (
            [stretch.keys[number][:, :count] for stretch, count in self.parts],
            [stretch.values[number][:, :count] for stretch, count in self.parts],
        )


@dataclass(slots=True, eq=False)
class Stretch:
    """Tokens that are read in one go, after a path. Once they are read, their keys and values by layer are known."""

    before: Path
    ids: Sequence[int]
    keys: list[torch.Tensor] = field(default_factory=list)
    values: list[torch.Tensor] = field(default_factory=list)
    hidden: torch.Tensor | None = None
    """hidden_T_D: the last hidden state of each token."""

    @property
    def whole(self) -> Path:
        """The path up to its last token."""
        return Path((*self.before.parts, (self, len(self.ids))))


class Forest:
    """Reads stretches with a model whose every layer attends to all that stands before."""

    def __init__(self, model: Any) -> None:
        self._model = model
        AttentionInterface.register(NAME, _attend)  # without a mask of that name none is made

    @staticmethod
    def fits(model: Any) -> bool:
        """Whether a model is of that kind: with linear attention or a window it is not."""
        layers = DynamicCache(config=model.config).layers
        return (
            model._supports_attention_backend and bool(layers) and all(type(layer) is DynamicLayer for layer in layers)
        )

    def read(self, stretches: Sequence[Stretch]) -> None:
        """Read all of them in one pass. What a stretch hangs on was read, or stands before it here."""
        if not stretches:
            return
        ids = [token for stretch in stretches for token in stretch.ids]
        places = [place for stretch in stretches for place in range(len(stretch.before), len(stretch.whole))]
        usual = self._model.config._attn_implementation
        self._model.set_attn_implementation(NAME)
        try:
            hidden_T_D = self._model.get_decoder()(
                input_ids=torch.tensor([ids]), position_ids=torch.tensor([places]), use_cache=False, stretches=stretches
            ).last_hidden_state[0]
        finally:
            self._model.set_attn_implementation(usual)
        for stretch, rows_T_D in zip(stretches, _split(hidden_T_D, stretches, 0), strict=True):
            stretch.hidden = rows_T_D


def _attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    *,
    stretches: Sequence[Stretch],
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attend with each stretch to its path and itself: query_1_H_T_D, key_1_G_T_D, value_1_G_T_D -> out_1_T_H_D."""
    outs: list[torch.Tensor] = []
    parts = zip(*(_split(tensor[0], stretches, 1) for tensor in (query, key, value)), strict=True)
    for stretch, (query_H_T_D, key_G_T_D, value_G_T_D) in zip(stretches, parts, strict=True):
        stretch.keys.append(key_G_T_D)
        stretch.values.append(value_G_T_D)
        keys, values = stretch.whole.layer(module.layer_idx)
        out_1_T_H_D, _none = grouped_attention(
            module, query_H_T_D[None], torch.cat(keys, dim=1)[None], torch.cat(values, dim=1)[None], None, scaling
        )
        outs.append(out_1_T_H_D)
    return torch.cat(outs, dim=1), None


def _split(tensor: torch.Tensor, stretches: Sequence[Stretch], dim: int) -> tuple[torch.Tensor, ...]:
    return tensor.split([len(stretch.ids) for stretch in stretches], dim=dim)
