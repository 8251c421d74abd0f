"""What an adapter memorised of the pages it was rehearsed on: strings that look like secrets, and numbers.

Two measures. *Exposure* (Carlini et al. 2019, arXiv 1802.08232): log2 of how many candidates of the same form there are, minus log2 of the
string's rank among them by probability, after the words that stood before it; the adapter's over the base's says what training added.
*Extraction*: given those words, the adapter writes the string itself, greedily, where the base does not. What a lesson says is meant to
be learned and is not looked for; values of the vault and of secret fields are in no recording.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from peft import PeftModel
from transformers import DynamicCache

from agent.policy.encode import Encoder
from browser.types import Observation
from consolidation.lora import mixed_precision
from consolidation.rehearsal.variants import Demonstration

CANDIDATES = 64
"""Strings of the same form that a string is ranked among, itself included: six bits at most."""
MOST = 8
"""So many strings of a night are asked about: some seconds on two cores."""
BEFORE = 48
"""So many characters that stood before a string are what it is asked for with."""
_WORD = re.compile(r"[^\s\"'(),;|]+")
_KINDS = ("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789")


@dataclass(frozen=True, slots=True)
class Held:
    """A string that a page showed, and what stood before it there."""

    before: str
    text: str


@dataclass(frozen=True, slots=True)
class Memorised:
    """What became of one string. Exposures are in bits."""

    base: float
    adapter: float
    extracted: bool
    """Whether only the adapter writes it when asked."""

    @property
    def gain(self) -> float:
        """What training added, in bits."""
        return self.adapter - self.base


def held_by(demonstrations: Iterable[tuple[Demonstration, str]], most: int = MOST) -> list[Held]:
    """Return the strings of recorded pages that look most like secrets: letters and digits mixed, then long numbers.

    Each demonstration comes with its lesson: what the lesson or the task says is left out.
    """
    found: dict[str, Held] = {}
    for shown, lesson in demonstrations:
        said = f"{shown.task}\n{lesson}"
        for page in _pages(shown):
            for text in page.render().splitlines():
                for match in _WORD.finditer(text):
                    word = match[0].strip(".:")
                    if _variety(word) > 1 and word not in said and not word.startswith(("[", "/")):
                        found.setdefault(word, Held(text[max(0, match.start() - BEFORE) : match.start()], word))
    return sorted(found.values(), key=lambda held: (-_variety(held.text), held.text))[:most]


def audit(model: PeftModel, encoder: Encoder, strings: Sequence[Held], seed: int = 0) -> list[Memorised]:
    """Measure every string under the base and under the adapter, among the same candidates."""
    out = []
    for number, held in enumerate(strings):
        others = alike(held.text, CANDIDATES - 1, random.Random(f"candidates {seed} {number}"))
        base, known = _exposure(model, encoder, held, others, adapter=False)
        adapted, written = _exposure(model, encoder, held, others, adapter=True)
        out.append(Memorised(base, adapted, written and not known))
    return out


def alike(text: str, count: int, rng: random.Random) -> list[str]:
    """Draw other strings of the same form: each letter a letter of its case, each digit a digit.

    There must be more of the form than are wanted: three digits are enough.
    """
    out: set[str] = set()
    while len(out) < count:
        drawn = "".join(next((rng.choice(kind) for kind in _KINDS if char in kind), char) for char in text)
        if drawn != text:
            out.add(drawn)
    return sorted(out)


@torch.no_grad()
def _exposure(
    model: PeftModel, encoder: Encoder, held: Held, others: Sequence[str], *, adapter: bool
) -> tuple[float, bool]:
    """Return the string's exposure, and whether it is what is written greedily."""
    words = held.before.rstrip()
    gap = held.before[len(words) :]  # a space is one token with what follows it
    before = torch.tensor([encoder.text(words) or [0]])
    rows = [encoder.text(gap + text) for text in (held.text, *others)]
    longest = max(map(len, rows))
    padded = [row + [0] * (longest - len(row)) for row in rows]  # causal: what is padded is never looked at
    ids_B_T = torch.tensor(padded)
    with mixed_precision(model), nullcontext() if adapter else model.disable_adapter():
        logits_B_T_V = logits_of(model, before, ids_B_T).float()
    logp_B_T = logits_B_T_V.log_softmax(-1).gather(-1, ids_B_T[..., None])[..., 0]
    says = [float(logp_B_T[i, : len(row)].sum()) for i, row in enumerate(rows)]
    rank = 1 + sum(other > says[0] for other in says[1:])
    end = len(rows[0])
    written = bool((logits_B_T_V[0, :end].argmax(-1) == ids_B_T[0, :end]).all())
    return math.log2(len(rows)) - math.log2(rank), written


def logits_of(model: PeftModel, before_1_S: torch.Tensor, ids_B_T: torch.Tensor) -> torch.Tensor:
    """Return logits_B_T_V of each token of some rows that follow the same words, which are read once where the cache can be repeated."""
    bare: Any = model.get_base_model()
    cache, count = DynamicCache(config=bare.config), len(ids_B_T)
    if not cache.is_croppable:  # linear attention keeps a state, not keys
        whole = torch.cat([before_1_S.expand(count, -1), ids_B_T], dim=1)
        hidden_B_S_D = bare.get_decoder()(input_ids=whole, use_cache=False).last_hidden_state
        return bare.get_output_embeddings()(hidden_B_S_D[:, before_1_S.shape[1] - 1 : -1])
    read = bare.get_decoder()(input_ids=before_1_S, past_key_values=cache, use_cache=True).last_hidden_state
    hidden_B_T_D = read[:, -1:].expand(count, -1, -1)
    if ids_B_T.shape[1] > 1:
        cache.batch_repeat_interleave(count)
        rest = bare.get_decoder()(input_ids=ids_B_T[:, :-1], past_key_values=cache, use_cache=True).last_hidden_state
        hidden_B_T_D = torch.cat([hidden_B_T_D, rest], dim=1)
    return bare.get_output_embeddings()(hidden_B_T_D)


def _pages(shown: Demonstration) -> Iterator[Observation]:
    for step in shown.steps:
        yield step.observation
        yield step.result.observation


def _variety(word: str) -> int:
    """Say how much a word looks like a secret, 0 for not at all: letters among digits, and length. Other scripts are not looked at."""
    kinds = [next((at for at, kind in enumerate(_KINDS) if char in kind), None) for char in word]
    digits, letters = kinds.count(2), kinds.count(0) + kinds.count(1)
    if digits >= 2 and letters >= 2 and len(word) >= 6:
        return 100 + len(word)
    return len(word) if digits >= 3 else 0
