"""LocalPolicy: a causal language model of this machine, decoding under the grammar of the current page.

The key-value cache lives as long as the policy. A new prompt keeps the longest prefix that it shares with the last one: within a
keyframe that is all but the latest lines, across keyframes the system turn and the task. Tokens that the grammar leaves no
choice about are appended without asking the model, and what a cue says is read as a draft (`agent/policy/draft.py`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from llguidance import LLMatcher, LLTokenizer
from llguidance.hf import from_tokenizer
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

from agent.grammar import action_grammar, read_action
from agent.policy.attention import fastest
from agent.policy.draft import LEAST, draft_of
from agent.policy.encode import Encoder, shared_length
from agent.policy.precision import compute_dtype
from agent.policy.spans import Phrases, copying_of, most_probable
from agent.prompt import Prompt
from agent.types import Decision
from browser.actions import Action
from browser.errors import UsageError
from browser.types import Observation

MAX_NEW_TOKENS = 160
"""From here on a free text is closed at the first chance."""
CLOSERS, JSON_CLOSERS = ('"',), ('"', "]", "}")
"""What closes a text, and what closes a structured answer."""


@dataclass(slots=True)
class _Written:
    """An action being written, with the least certain of its free choices."""

    closers: list[int]
    """Tokens that end a free text, the first choice first."""
    tokens: list[int] = field(default_factory=list)
    confidence: float = 1.0
    admitted: float = 1.0

    def note(self, confidence: float, admitted: float) -> None:
        """Take a choice into account."""
        self.confidence = min(self.confidence, confidence)
        self.admitted = min(self.admitted, admitted)


class LocalPolicy:
    """Greedy at temperature 0, sampling above."""

    def __init__(self, model: Any, encoder: Encoder, *, name: str, temperature: float = 0.0, seed: int = 0) -> None:
        self.name = name
        self.model = model.eval()
        self.encoder = encoder
        self.temperature = temperature
        self._generator = torch.Generator().manual_seed(seed)
        self._grammar_tokens = grammar_tokenizer(encoder, model.config.get_text_config().vocab_size)
        self._cache: DynamicCache = self._new_cache()
        self._cached: list[int] = []

    @classmethod
    def load(cls, path: Path, adapter: Path | None = None, **options: Any) -> Self:
        """Load a model from a folder, with an adapter merged into it when one is given. Raises UsageError for a bad path."""
        model = load_model(path)
        if adapter is not None:
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, adapter).merge_and_unload()
        return cls(model, Encoder(load_tokenizer(path)), name=path.name, **options)

    @torch.inference_mode()
    def decide(self, prompt: Prompt, page: Observation) -> Decision:
        """Choose the next action. Whatever the model's weights, it can be performed on `page`."""
        started = time.perf_counter()
        ids = self.encoder.prompt(prompt)
        fed = len(ids) - self._keep_prefix(ids)
        logits = self._feed(ids[len(self._cached) :])
        draft, least = self._draft(prompt, page) if self.temperature == 0 and self._cache.is_croppable else (None, 0.0)
        schema = prompt.answer_schema if can_constrain(prompt.answer_schema) else ""
        grammar = action_grammar(
            page, prompt.copying, prompt.futile, prompt.secrets, with_rare=prompt.with_manual, answer_schema=schema
        )
        closers = JSON_CLOSERS if schema else CLOSERS
        written = self._decode(
            logits, grammar, self.encoder.text(draft.render() + "\n") if draft else [], least, closers
        )
        action = read_action(self.encoder.tokenizer.decode(written.tokens, skip_special_tokens=False), schema)
        if self.temperature == 0 and draft is None:
            action = self._reconsidered(action, prompt, page, ids)
        took_ms = (time.perf_counter() - started) * 1e3
        return Decision(action, took_ms, len(ids), fed, len(written.tokens), written.confidence, written.admitted)

    def _reconsidered(self, action: Action, prompt: Prompt, page: Observation, ids: list[int]) -> Action:
        """Return a text that was written word by word, or what of the task the model finds more probable as a whole.

        The decision's confidence stays that of what was written first.
        """
        copying = copying_of(action, prompt.task)
        phrases = Phrases.of(copying, page) if copying and prompt.copying is None else None
        if phrases is None or not self._cache.is_croppable:
            return action
        surplus = len(self._cached) - len(ids)
        if surplus:
            self._cache.crop(-surplus)
            del self._cached[-surplus:]
        return most_probable(phrases, self.encoder.text, self._peek, action) or action

    def _draft(self, prompt: Prompt, page: Observation) -> tuple[Action | None, float]:
        """Return what the lesson proposes, and the probability below which a token of it is refused.

        That is the cue itself, or the words of the task that fit best where it says `like`: these were chosen among all others.
        """
        draft = draft_of(prompt, page)
        phrases = Phrases.of(prompt.copying, page) if draft is None and prompt.copying else None
        if phrases is None:
            return draft, LEAST
        return most_probable(phrases, self.encoder.text, self._peek), 0.0

    def _decode(
        self, logits_V: torch.Tensor, grammar: str, draft: list[int], least: float, closers: Sequence[str] = CLOSERS
    ) -> _Written:
        """Write one action: as much of the draft as is no less probable than `least`, then token by token."""
        matcher = LLMatcher(self._grammar_tokens, LLMatcher.grammar_from_lark(grammar))
        if matcher.is_error():
            raise RuntimeError(f"the page's grammar does not compile: {matcher.get_error()}")
        written = _Written([self.encoder.text(closer)[0] for closer in closers])
        if draft:
            logits_V = self._take(draft, least, logits_V, matcher, written)
        pending: list[int] = []
        while True:
            forced = matcher.compute_ff_tokens()
            if not forced:
                if matcher.is_stopped() or matcher.is_accepting():
                    return written
                if pending:
                    logits_V = self._feed(pending)
                    pending = []
                forced = [self._choose(logits_V, matcher, written)]
            matcher.consume_tokens(forced)
            written.tokens.extend(forced)
            pending.extend(forced)

    def _take(
        self, draft: list[int], least: float, logits_V: torch.Tensor, matcher: LLMatcher, written: _Written
    ) -> torch.Tensor:
        """Write the draft up to the first token that is less probable than `least`; return the logits_V that follow."""
        logits_T_V = torch.cat([logits_V[None], self._run(draft)])
        for token, row_V in zip(draft, logits_T_V[:-1], strict=True):
            probabilities_V, admitted = _under_grammar(row_V.float(), matcher)
            if probabilities_V[token] < least:
                break
            matcher.consume_tokens([token])
            written.tokens.append(token)
            written.note(float(probabilities_V[token]), admitted)
        if refused := len(draft) - len(written.tokens):
            self._cache.crop(-refused)
            del self._cached[-refused:]
        return logits_T_V[len(written.tokens)]

    def _choose(self, logits_V: torch.Tensor, matcher: LLMatcher, written: _Written) -> int:
        probabilities_V, admitted = _under_grammar(logits_V.float() / (self.temperature or 1.0), matcher)
        if len(written.tokens) >= MAX_NEW_TOKENS:
            allowed_V = allowed_tokens(matcher, logits_V.shape[-1])
            closer = next((token for token in written.closers if allowed_V[token]), None)
            if closer is not None:
                return closer
        token = (
            int(torch.multinomial(probabilities_V, 1, generator=self._generator))
            if self.temperature > 0
            else int(probabilities_V.argmax())
        )
        written.note(float(probabilities_V[token]), admitted)
        return token

    # ---- the key-value cache ----------------------------------------------------------------------------------

    def _new_cache(self) -> DynamicCache:
        return DynamicCache(config=self.model.config)

    def _keep_prefix(self, ids: list[int]) -> int:
        """Cut the cache back to the prefix it shares with `ids` (always less than all of them); return its length."""
        shared = shared_length([self._cached, ids[:-1]])
        surplus = len(self._cached) - shared
        if surplus and not self._cache.is_croppable:
            self._cache, self._cached = self._new_cache(), []  # linear attention keeps a state, not keys: start over
            return 0
        if surplus:
            self._cache.crop(-surplus)
            del self._cached[shared:]
        return shared

    def _feed(self, ids: list[int]) -> torch.Tensor:
        """Run tokens through the model, append them to the cache, return the last one's logits_V."""
        return self._run(ids, last=1)[0]

    def _run(self, ids: list[int], last: int = 0) -> torch.Tensor:
        """Run tokens through the model, append them to the cache, return logits_T_V of the last ones (0: of all)."""
        hidden_1_T_D = self.model.get_decoder()(
            input_ids=torch.tensor([ids]), past_key_values=self._cache, use_cache=True
        ).last_hidden_state
        self._cached.extend(ids)
        return self.model.get_output_embeddings()(hidden_1_T_D[0, -last:])

    def _peek(self, ids: list[int]) -> torch.Tensor:
        """Return logits_T_V after each of some tokens, and forget them."""
        logits_T_V = self._run(ids)
        self._cache.crop(-len(ids))
        del self._cached[-len(ids) :]
        return logits_T_V


def _under_grammar(logits_V: torch.Tensor, matcher: LLMatcher) -> tuple[torch.Tensor, float]:
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


def load_model(path: Path) -> Any:
    """Load a causal language model in the precision and with the attention that are fastest here. Raises UsageError for a bad path."""
    if not (path / "config.json").is_file():
        raise UsageError(
            f"no model in {path}", "Give a folder with config.json and safetensors, or run: apprentice setup"
        )
    try:
        return AutoModelForCausalLM.from_pretrained(path, dtype=compute_dtype(), attn_implementation=fastest())
    except (OSError, ValueError) as error:
        raise UsageError(
            f"the model in {path} cannot be loaded: {str(error).splitlines()[0]}",
            "Check that it is a causal language model that transformers supports",
        ) from error


def load_tokenizer(path: Path) -> Any:
    """Load the tokenizer beside a model. Raises UsageError when there is none."""
    try:
        return AutoTokenizer.from_pretrained(path)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no tokenizer in {path}: {str(error).splitlines()[0]}", "Copy the model's tokenizer files into the folder"
        ) from error
