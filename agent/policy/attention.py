"""Attention for CPUs in bf16: plain products, a block of queries at a time, each with the keys that it may look at.

A causal block skips the keys behind it, which is nearly half of all, and its scores still fit into the cache. On 2 cores without AMX,
with 9 heads over 3 key-value heads of 64, a layer was 1.4 times as fast as PyTorch's fused kernel over a prompt of 1,200 tokens, and 2.2
times with its backward pass over 512 (`bench/model.py`). In fp32 PyTorch's kernel is used. Registered with transformers under the name
`grouped`,
so every architecture that uses its attention interface can have it.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import sdpa_mask

from agent.policy.precision import compute_dtype

NAME = "grouped"
BLOCK = 256
"""Queries in a block: 128 and 192 were slower at every length but 440 tokens."""


def grouped_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attend. query_B_H_Q_D, key_B_G_K_D, value_B_G_K_D -> out_B_Q_H_D; H is a multiple of G.

    Without a mask the attention is causal, the last query standing at the last key.
    """
    query = query * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    outs = []
    for b in range(len(query)):
        mask = attention_mask[min(b, len(attention_mask) - 1)] if attention_mask is not None else None
        blocks = [
            _attend(query[b, :, start : start + BLOCK], key[b], value[b], mask, start, query.shape[2])
            for start in range(0, query.shape[2], BLOCK)
        ]
        outs.append(torch.cat(blocks, dim=1).transpose(0, 1))
    return torch.stack(outs), None


def _attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, start: int, queries: int
) -> torch.Tensor:
    """Attend with the block of queries that begins at `start` of `queries`: query_H_Q_D -> out_H_Q_D."""
    (heads, count, width), (groups, keys, _) = query.shape, key.shape
    seen = keys if mask is not None else keys - queries + start + count
    folded = query.reshape(groups, heads // groups * count, width)
    scores = (folded @ key[:, :seen].transpose(-1, -2)).view(groups, heads // groups, count, seen)
    if mask is not None:
        part = mask[:, start : start + count, :keys]
        scores = scores.masked_fill(~part, float("-inf")) if part.dtype == torch.bool else scores + part
    elif count > 1:
        scores[..., seen - count :] += _causal(count, scores.dtype, scores.device)
    weights = torch.softmax(scores, dim=-1).view(groups, -1, seen)
    return (weights @ value[:, :seen]).view(heads, count, width)


def _causal(count: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """What a query may not look at of its own block: everything to its right."""
    return torch.full((count, count), float("-inf"), dtype=dtype, device=device).triu_(1)


def register() -> str:
    """Make the attention known to transformers and return its name. Safe to call again."""
    AttentionInterface.register(NAME, grouped_attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    return NAME


def fastest(device: str = "cpu") -> str:
    """Return the name of the attention that is fastest on this device."""
    return register() if device == "cpu" and compute_dtype() is torch.bfloat16 else "sdpa"
