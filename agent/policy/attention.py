"""Attention for CPUs in bf16: two plain products for short training sequences, PyTorch's fused kernel for the rest.

The fused kernel never writes the scores to memory, which wins wherever there is no backward pass (at 1,200 tokens, a cold
prompt, 9 ms against 17 ms a layer, drawing the numbers included) and in long training sequences. With a backward pass up to `SHORT`
tokens, grouped queries as one product a key-value head are faster: 3.2 ms against 4.8 ms at 256 tokens (2 cores with AMX, 9 heads
over 3 key-value heads; `bench/model.py`); at 512 both took as long. In fp32 PyTorch's kernel is used alone. Registered with
transformers under the name `grouped`, so every architecture that uses its attention interface can have it.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from agent.policy.precision import compute_dtype

NAME = "grouped"
SHORT = 512
"""Training sequences up to here (tokens) are attended to with plain products."""


def attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """Attend with whichever is faster here. Shapes as in `grouped_attention`; without a mask it is causal."""
    queries, keys = query.shape[2], key.shape[2]
    aligned = attention_mask is not None or queries in (1, keys)  # the library takes a bare causal mask for upper-left
    if not aligned or (torch.is_grad_enabled() and keys <= SHORT):
        return grouped_attention(module, query, key, value, attention_mask, scaling)
    out, _ = sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **options)
    return out, None


def grouped_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
) -> tuple[torch.Tensor, None]:
    """Attend. query_B_H_Q_D, key_B_G_K_D, value_B_G_K_D -> out_B_Q_H_D; H is a multiple of G.

    Without a mask the attention is causal, the last query standing at the last key.
    """
    batch, heads, queries, width = query.shape
    groups, keys = key.shape[1], key.shape[2]
    scale = width**-0.5 if scaling is None else scaling
    folded = (query * scale).reshape(batch, groups, heads // groups * queries, width)
    outs = []
    for b in range(batch):  # one sequence at a time keeps the scores in cache
        scores = (folded[b] @ key[b].transpose(-1, -2)).view(groups, heads // groups, queries, keys)
        if attention_mask is not None:
            mask = attention_mask[min(b, attention_mask.shape[0] - 1), :, :, :keys]
            scores = scores.masked_fill(~mask, float("-inf")) if mask.dtype == torch.bool else scores + mask
        elif queries > 1:
            scores = scores + _causal(queries, keys, scores.dtype, scores.device)
        weights = torch.softmax(scores, dim=-1)
        outs.append((weights.view(groups, -1, keys) @ value[b]).view(heads, queries, width).transpose(0, 1))
    return torch.stack(outs), None


def _causal(queries: int, keys: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    return torch.full((queries, keys), float("-inf"), dtype=dtype, device=device).triu_(keys - queries + 1)


def register() -> str:
    """Make the attention known to transformers and return its name. Safe to call again."""
    AttentionInterface.register(NAME, attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    return NAME


def fastest() -> str:
    """Return the name of the attention that is fastest in this machine's precision."""
    return register() if compute_dtype() is torch.bfloat16 else "sdpa"
