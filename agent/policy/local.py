"""LocalPolicy: a causal language model of this machine, decoding under the grammar of the current page.

The key-value cache lives as long as the policy. A new prompt keeps the longest prefix that it shares with the last one: within a
keyframe that is all but the latest lines, across keyframes the system turn and the task. How an action is written, and what the
model reads for it, says `agent/policy/writing.py`.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Self, TypeVar

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

from agent.policy.attention import fastest
from agent.policy.encode import Encoder, shared_length
from agent.policy.precision import compute_dtype
from agent.policy.reading import Cut, Feed, Peek, Reading, Writing
from agent.policy.writing import Writer
from agent.prompt import Prompt
from agent.types import Decision
from browser.errors import UsageError
from browser.types import Observation

_T = TypeVar("_T")


class LocalPolicy:
    """Greedy at temperature 0, sampling above."""

    def __init__(self, model: Any, encoder: Encoder, *, name: str, temperature: float = 0.0, seed: int = 0) -> None:
        self.name = name
        self.model = model.eval()
        self.encoder = encoder
        vocabulary = model.config.get_text_config().vocab_size
        self.writer = Writer(encoder, vocabulary, temperature=temperature, seed=seed)
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
        logits_V = self._run(ids[len(self._cached) :], last=1)[0]
        action, written = self._carry_out(self.writer.write(prompt, page, logits_V, can_cut=self._cache.is_croppable))
        took_ms = (time.perf_counter() - started) * 1e3
        return Decision(action, took_ms, len(ids), fed, len(written.tokens), written.confidence, written.admitted)

    def _carry_out(self, writing: Writing[_T]) -> _T:
        """Read what a writer asks for, one thing after the other, until it has written."""
        try:
            request = next(writing)
            while True:
                request = writing.send(self._obey(request))
        except StopIteration as end:
            return end.value

    def _obey(self, request: Reading) -> list[torch.Tensor]:
        match request:
            case Feed(ids, last):
                return [self._run(ids, last)]
            case Peek(paths, since):
                return [self._peek(ids, since) for ids in paths]
            case Cut(count):
                self._cut(count)
                return []

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
        self._cut(surplus)
        return shared

    def _run(self, ids: list[int], last: int) -> torch.Tensor:
        """Run tokens through the model, append them to the cache, return logits_T_V of the last ones."""
        hidden_1_T_D = self.model.get_decoder()(
            input_ids=torch.tensor([ids]), past_key_values=self._cache, use_cache=True
        ).last_hidden_state
        self._cached.extend(ids)
        return self.model.get_output_embeddings()(hidden_1_T_D[0, -last:])

    def _peek(self, ids: list[int], since: int) -> torch.Tensor:
        """Return logits_T_V after each of some tokens from `since` on, and forget them all."""
        logits_T_V = self._run(ids, last=len(ids) - since)
        self._cut(len(ids))
        return logits_T_V

    def _cut(self, count: int) -> None:
        """Forget so many of the latest tokens."""
        if count:
            self._cache.crop(-count)
            del self._cached[-count:]


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
