"""Decide again: what a policy would do at every recorded decision, in one pass over each session instead of one per token.

A recorded action is a draft: one forward pass over a session's prompt and reply says of every token in it whether greedy decoding
under the grammar would have written the same, since all its decisions stand in one growing sequence. Only where the policy turns
off, or where it is too close to call in the arithmetic of another batch, is an action decoded, by `LocalPolicy.decide` itself and
from the keys and values that the pass has left. Sequences are read in the order of their tokens, so what several sessions begin
with (the same task on the same page, on another day or under other lessons) is computed once.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from llguidance import LLMatcher

from agent.grammar import action_grammar
from agent.policy.draft import LEAST, draft_of
from agent.policy.encode import shared_length
from agent.policy.local import MAX_NEW_TOKENS, LocalPolicy, allowed_tokens
from agent.prompt import Prompt
from browser.actions import Action, Verb
from browser.types import Observation

CLOSE = 0.5
"""Two tokens whose logits are nearer than this are not told apart by a pass of another shape: in bf16 it differs by up to 0.2."""
NEAR = 2.0
"""Nor is a draft's token whose probability is within such a factor of the least that is taken."""


@dataclass(frozen=True, slots=True)
class Question:
    """A recorded decision: what was read, the page it was read on, and what was done."""

    prompt: Prompt
    page: Observation
    done: Action


@dataclass(frozen=True, slots=True)
class Answer:
    """What the policy does there, and how probable it finds what was done."""

    action: Action
    probability: float
    """Of the recorded action as a whole, under the grammar: 0 when it cannot be produced."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a question stands in a sequence of tokens."""

    number: int
    question: Question
    ids: tuple[int, ...]
    told: tuple[int, ...]

    @property
    def whole(self) -> tuple[int, ...]:
        return self.ids + self.told


class Redecider(LocalPolicy):
    """A LocalPolicy that is asked about many decisions at once. Greedy."""

    decoded = 0
    """How many actions had to be written: the others were known from the pass."""
    _hidden: torch.Tensor | None = None
    """hidden_T_D: the last hidden state of every token that was read."""

    @torch.inference_mode()
    def redecide(self, questions: Sequence[Question], told: Callable[[int], None] = lambda _: None) -> list[Answer]:
        """Answer every question as `decide` would; `told` hears how many are answered."""
        answers: dict[int, Answer] = {}
        for places in _sequences([self._place(number, question) for number, question in enumerate(questions)]):
            hidden_T_D = self._read(list(places[-1].whole))
            kept = self._keep()
            for place in places:
                start = len(place.ids) - 1
                rows_N_D = hidden_T_D[start : start + len(place.told)].contiguous()
                logits_N_V = self.model.get_output_embeddings()(rows_N_D).float()
                answers[place.number] = self._answer(place, logits_N_V, kept)
            self._restore(kept)
            told(len(answers))
        return [answers[number] for number in range(len(questions))]

    def _place(self, number: int, question: Question) -> _Place:
        ids = list(self._head(question.prompt.system, question.prompt.user))
        for piece in question.prompt.reply:
            ids.extend(self._piece(piece.text))
        return _Place(number, question, tuple(ids), self._piece(question.done.render() + "\n"))

    def _answer(self, place: _Place, logits_N_V: torch.Tensor, kept: Any) -> Answer:
        question = place.question
        draft = draft_of(question.prompt, question.page) if self._cache.is_croppable else None
        probability, taken = self._follow(place, logits_N_V, LEAST if draft else None)
        copies = question.prompt.copying is not None and draft is None
        if not taken or copies or (draft and draft != question.done) or len(place.told) >= MAX_NEW_TOKENS:
            self._restore(kept)
            self.decoded += 1
            return Answer(self.decide(question.prompt, question.page).action, probability)
        if draft is None and question.done.verb in (Verb.TYPE, Verb.OPEN):
            self._restore(kept)
            reconsidered = self._reconsidered(question.done, question.prompt, question.page, list(place.ids))
            return Answer(reconsidered, probability)
        return Answer(question.done, probability)

    def _follow(self, place: _Place, logits_N_V: torch.Tensor, least: float | None) -> tuple[float, bool]:
        """Write what was done under the grammar; return how probable it is, and whether it is surely what would be written.

        With `least` it is a draft, of which every token counts; else a greedy text, of which the free choices count.
        """
        prompt = place.question.prompt
        grammar = action_grammar(place.question.page, prompt.copying, prompt.futile, prompt.secrets)
        matcher = LLMatcher(self._grammar_tokens, LLMatcher.grammar_from_lark(grammar))
        logp, taken, forced = 0.0, True, []
        for token, row_V in zip(place.told, logits_N_V, strict=True):
            forced = forced or (matcher.compute_ff_tokens() if least is None else [])
            if forced and forced[0] == token:
                forced = forced[1:]
            else:
                taken = taken and not forced  # the same letters as other tokens: read on to say how probable it is
                forced = []
                allowed_V = allowed_tokens(matcher, row_V.shape[-1])
                if not allowed_V[token]:
                    return 0.0, False
                admitted_V = row_V.masked_fill(~allowed_V, float("-inf"))
                own = float(admitted_V.log_softmax(-1)[token])
                taken = taken and (_is_greedy(admitted_V, token) if least is None else math.exp(own) > least * NEAR)
                logp += own
            matcher.consume_tokens([token])
        return math.exp(logp), taken

    # ---- what was read ----------------------------------------------------------------------------------------

    def _read(self, ids: list[int]) -> torch.Tensor:
        """Return hidden_T_D of a sequence; what it shares with the one before is not computed again."""
        if self._cached and not self._cache.is_croppable:
            self._cache, self._cached = self._new_cache(), []
        shared = shared_length([self._cached, ids])
        if surplus := len(self._cached) - shared:
            self._cache.crop(-surplus)
            del self._cached[shared:]
        before_T_D = self._hidden[:shared] if self._hidden is not None else None
        if rest := ids[shared:]:
            found = self.model.get_decoder()(
                input_ids=torch.tensor([rest]), past_key_values=self._cache, use_cache=True
            ).last_hidden_state[0]
            self._cached.extend(rest)
            before_T_D = found if before_T_D is None else torch.cat([before_T_D, found])
        assert before_T_D is not None, "a sequence has a token"
        self._hidden = before_T_D
        return before_T_D

    def _keep(self) -> tuple[list[Any], list[int]]:
        """Remember the cache. Tensors are never changed in place, so nothing is copied."""
        return [copy.copy(layer) for layer in self._cache.layers], list(self._cached)

    def _restore(self, kept: tuple[list[Any], list[int]]) -> None:
        layers, ids = kept
        if self._cache.is_croppable:
            self._cache.layers = [copy.copy(layer) for layer in layers]
            self._cached = list(ids)

    @lru_cache(maxsize=4096)  # noqa: B019 - a policy lives as long as its process
    def _piece(self, text: str) -> tuple[int, ...]:
        return tuple(self.encoder.text(text))

    @lru_cache(maxsize=4096)  # noqa: B019 - a policy lives as long as its process
    def _head(self, system: str, user: str) -> tuple[int, ...]:
        return tuple(self.encoder.head(Prompt(system, user)))


def _is_greedy(admitted_V: torch.Tensor, token: int) -> bool:
    """Whether a token is the most probable one, and not by a hair."""
    first, second = admitted_V.topk(2).values.tolist()
    return float(admitted_V[token]) == first and first - second > CLOSE


def _sequences(places: Sequence[_Place]) -> list[list[_Place]]:
    """Group places that stand in one sequence, the whole of which is the last one's, in the order of their tokens."""
    groups: list[list[_Place]] = []
    for place in sorted(places, key=lambda place: place.whole):
        before = groups[-1][-1].whole if groups else ()
        if before and place.whole[: len(before)] == before:
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups
