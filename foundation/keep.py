"""General language, kept while the trade is learned: on ordinary text the adapted model is held to what the pretrained one would say.

    python -m foundation ordinary --base FOLDER --count N --device D > runs/ordinary.jsonl

The text is the pretrained model's own, so that none has to be had: half of it begins as a document, half as a conversation whose first
turn it writes, too (Magpie, arXiv 2406.08464). Holding to it is learning without forgetting (arXiv 1606.09282).
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from agent.policy.precision import compute_dtype
from consolidation.losses import divergence, on_support
from consolidation.tokens import Tokens
from foundation.dataset import Batch, padded_groups
from foundation.taught import taught_logits

LENGTH = 256
"""Tokens of a text."""
SIDE_BY_SIDE = 64
MOST_AT_ONCE = 8192
"""Padded tokens that are compared at once: a token costs the whole vocabulary, twice."""


def write_ordinary(base: Path, count: int, seed: int, device: str) -> Iterator[str]:
    """Let the pretrained model write texts; yield JSON lines of token ids, documents and conversations in turns."""
    tokenizer: Any = AutoTokenizer.from_pretrained(base)
    loaded: Any = AutoModelForCausalLM.from_pretrained(base, dtype=compute_dtype(device))
    model = loaded.to(device).eval()
    torch.manual_seed(seed)
    openings = [tokenizer("<|endoftext|>", add_special_tokens=False)["input_ids"], _conversation(tokenizer)]
    for first in range(0, count, SIDE_BY_SIDE):
        opening = openings[first // SIDE_BY_SIDE % len(openings)]
        begun = torch.tensor([opening] * min(SIDE_BY_SIDE, count - first), device=device)
        with torch.inference_mode():
            made = model.generate(
                input_ids=begun,
                attention_mask=torch.ones_like(begun),
                max_new_tokens=LENGTH,
                do_sample=True,
                temperature=1.0,
                top_k=0,
                top_p=1.0,
                eos_token_id=None,
                pad_token_id=0,
            )
        for ids in made.tolist():
            yield json.dumps({"ids": ids, "opening": len(opening)}) + "\n"


def _conversation(tokenizer: Any) -> list[int]:
    """Return a conversation up to where the person begins to speak."""
    if not tokenizer.chat_template:
        return tokenizer("\n", add_special_tokens=False)["input_ids"]
    text = tokenizer.apply_chat_template([{"role": "user", "content": "\0"}], tokenize=False)
    return tokenizer(text.split("\0", 1)[0], add_special_tokens=False)["input_ids"]


class Ordinary:
    """Texts to be held to, in the same order for the same seed."""

    def __init__(self, file: Path, seed: int) -> None:
        self.seed = seed
        self.texts: Batch = []
        for line in file.read_text().splitlines():
            record = json.loads(line)
            ids = torch.tensor(record["ids"])
            positions = torch.arange(record["opening"] - 1, len(ids) - 1)
            self.texts.append(Tokens(ids, positions, ((0, len(positions)),)))

    def batch(self, update: int, tokens: int) -> Batch:
        """Return at least so many tokens for an update."""
        rng = random.Random(f"keep {self.seed} {update}")
        out: Batch = []
        while sum(len(text.ids) for text in out) < tokens:
            out.append(rng.choice(self.texts))
        return out


def hold(model: Any, batch: Batch, weight: float, micro_tokens: int, device: str) -> float:
    """Accumulate the gradient of `weight` times the mean KL(pretrained || adapted) on these texts; return that mean, in nats."""
    total = sum(len(text.positions) for text in batch)
    mean = 0.0
    for group in padded_groups(batch, min(micro_tokens, MOST_AT_ONCE)):
        with torch.no_grad(), model.disable_adapter():
            before_N_V = on_support(taught_logits(model, group, device))
        after_N_V = on_support(taught_logits(model, group, device))
        loss = divergence(before_N_V, after_N_V).sum() / total
        (weight * loss).backward()
        mean += float(loss.detach())
    return mean
