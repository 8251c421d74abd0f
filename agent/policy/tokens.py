"""What a grammar admits, as tokens of a model."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from llguidance import LLMatcher, LLTokenizer
from llguidance.hf import from_tokenizer
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask

from agent.policy.encode import Encoder


def under_grammar(logits_V: torch.Tensor, matcher: LLMatcher) -> tuple[torch.Tensor, float]:
    """Return probabilities_V among the tokens that the grammar admits next, and how probable those were altogether."""
    allowed_V = allowed_tokens(matcher, logits_V.shape[-1])
    admitted = float(torch.softmax(logits_V, dim=-1)[allowed_V].sum())
    return torch.softmax(logits_V.masked_fill(~allowed_V, float("-inf")), dim=-1), admitted


def allowed_tokens(matcher: LLMatcher, vocabulary: int) -> torch.Tensor:
    """Return allowed_V (bool): which tokens the grammar admits next. One bit mask, no torch.compile."""
    mask = allocate_token_bitmask(1, vocabulary)
    fill_next_token_bitmask(matcher, mask)
    return torch.from_numpy(np.unpackbits(mask.view(np.uint8)[0], bitorder="little", count=vocabulary).astype(bool))


@lru_cache(maxsize=8)
def can_constrain(schema: str) -> bool:
    """Whether a grammar can be made of a JSON Schema; not of every keyword. The answer is checked afterwards in any case."""
    return bool(schema) and not LLMatcher.validate_grammar(LLMatcher.grammar_from_json_schema(schema))


@lru_cache(maxsize=2)
def grammar_tokenizer(encoder: Encoder, vocabulary: int) -> LLTokenizer:
    """Give llguidance the tokenizer; takes a second, so policies of one encoder share it."""
    return from_tokenizer(encoder.tokenizer, n_vocab=vocabulary)
