"""Logits where a sequence is taught, for many sequences side by side."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.utils.rnn import pad_sequence

from consolidation.lora import mixed_precision
from foundation.dataset import Batch


def taught_logits(model: Any, group: Batch, device: str) -> torch.Tensor:
    """Run sequences side by side, padded on the right, and return logits_N_V where they are taught, one after the other.

    No mask is needed: under causal attention nothing looks to the right.
    """
    ids = pad_sequence([tokens.ids for tokens in group], batch_first=True).to(device)
    positions = [row * ids.shape[1] + tokens.positions for row, tokens in enumerate(group)]
    bare: Any = model.get_base_model()
    with mixed_precision(model, device):
        hidden = bare.get_decoder()(input_ids=ids, use_cache=False).last_hidden_state
        return bare.get_output_embeddings()(hidden.flatten(0, 1)[torch.cat(positions).to(device)])
