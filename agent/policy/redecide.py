"""Decide again: what a policy would do at every recorded decision, many of them side by side.

A recorded action is a draft: one pass over a prompt and what was done says of every token in it whether greedy decoding under the
grammar would have written the same. Only where the policy turns off, an action is written on from there. Every pass carries both
the next prompts, in the order of their tokens, so that what several begin with (the same session a step before, the same task on
the same page, on another day or under other lessons) is read once, and the next token of each action that is being written.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch

from agent.policy.abreast import Abreast, Text
from agent.policy.draft import LEAST, draft_of
from agent.policy.forest import Forest
from agent.policy.local import LocalPolicy
from agent.policy.reading import Cut, Writing
from agent.policy.tokens import allowed_tokens
from agent.policy.writing import MAX_NEW_TOKENS, Written
from agent.prompt import Prompt
from browser.actions import Action, Verb
from browser.types import Observation


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


class Redecider(LocalPolicy):
    """A LocalPolicy that is asked about many decisions at once. Greedy."""

    decoded = 0
    """How many actions had to be written: the others were known from reading what was done."""

    def redecide(self, questions: Sequence[Question], told: Callable[[int], None] = lambda _: None) -> list[Answer]:
        """Answer every question as `decide` would; `told` hears how many are answered."""
        found = self._abreast if Forest.fits(self.model) else self._one_by_one
        answers: dict[int, Answer] = {}
        with torch.inference_mode():
            for number, answer in found(questions):
                answers[number] = answer
                told(len(answers))
        return [answers[number] for number in range(len(questions))]

    def _abreast(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        done = [self._piece(question.done.render() + "\n") for question in questions]

        def begin(number: int, logits_N_V: torch.Tensor) -> Writing[Answer]:
            return self._answer(questions[number], done[number], logits_N_V)

        texts = [self._text(question.prompt, action) for question, action in zip(questions, done, strict=True)]
        return Abreast(self.model).write(texts, begin)

    def _answer(self, question: Question, done: Sequence[int], logits_N_V: torch.Tensor) -> Writing[Answer]:
        """Answer a question whose prompt was read, and of what was done all but the last token."""
        prompt, page, action = question.prompt, question.page, question.done
        draft = draft_of(prompt, page)
        probability, written = self._follow(question, done, logits_N_V, LEAST if draft else None)
        written.read = min(len(written.tokens), len(done) - 1)
        if draft != action if draft else prompt.copying:
            self.decoded += 1
            yield Cut(len(done) - 1)
            action, _ = yield from self.writer.write(prompt, page, logits_N_V[0], can_cut=True)
            return Answer(action, probability)
        if len(written.tokens) < len(done):
            self.decoded += 1
            yield Cut(len(done) - 1 - written.read)
            action = yield from self.writer.finish(prompt, logits_N_V[written.read], written)
        if draft is None:
            action = yield from self.writer.reconsidered(action, prompt, page, written.read)
        return Answer(action, probability)

    def _follow(
        self, question: Question, done: Sequence[int], logits_N_V: torch.Tensor, least: float | None = None
    ) -> tuple[float, Written]:
        """Read what was done under the grammar; return how probable it is, and as much of it as would be written.

        With `least` it is a draft, of which every token counts; else a greedy text, of which the free choices count.
        """
        written = self.writer.begin(question.prompt, question.page)
        matcher, taken, logp, forced = written.matcher, True, 0.0, list[int]()
        for token, row_V in zip(done, logits_N_V, strict=True):
            forced = forced or (matcher.compute_ff_tokens() if least is None else [])
            if forced and forced[0] == token:
                forced, own, would = forced[1:], 0.0, True
            else:  # where something is forced, these are the same letters as other tokens: read on to say how probable
                own, would = _judge(row_V, allowed_tokens(matcher, len(row_V)), token, least)
                would = would and not forced and (least is not None or len(written.tokens) < MAX_NEW_TOKENS)
                forced = []
            if taken and not would:
                taken, written.matcher = False, matcher.deep_copy()
            if own == float("-inf"):
                return 0.0, written
            matcher.consume_tokens([token])
            logp += own
            written.tokens += [token] if taken else []
        return math.exp(logp), written

    def _one_by_one(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        """Answer with a model that cannot read side by side: it reads a session once, and writes on its own where it turns off."""
        done = [self._piece(question.done.render() + "\n") for question in questions]
        texts = [self._text(question.prompt, action) for question, action in zip(questions, done, strict=True)]
        read, hidden_T_D = list[int](), torch.empty(0)
        for number in sorted(range(len(texts)), key=lambda number: texts[number].ids, reverse=True):
            question, ids = questions[number], texts[number].ids
            if read[: len(ids)] != ids:  # else a later decision's text begins with this one
                outputs = self.model.get_decoder()(input_ids=torch.tensor([ids]), use_cache=False)
                read, hidden_T_D = ids, outputs.last_hidden_state[0]
            logits_N_V = self.model.get_output_embeddings()(hidden_T_D[texts[number].since : len(ids)])
            probability, written = self._follow(question, done[number], logits_N_V)
            action = question.done
            looks_ahead = draft_of(question.prompt, question.page) or question.prompt.copying
            if looks_ahead or action.verb in (Verb.TYPE, Verb.OPEN) or len(written.tokens) < len(done[number]):
                self.decoded += 1
                action = self.decide(question.prompt, question.page).action
            yield number, Answer(action, probability)

    def _text(self, prompt: Prompt, done: Sequence[int]) -> Text:
        """Return a prompt and all of what was done but its last token: after each of these, and before, is the next one judged."""
        ids = list(self._head(prompt.system, prompt.user))
        for piece in prompt.reply:
            ids += self._piece(piece.text)
        return Text([*ids, *done[:-1]], since=len(ids) - 1)

    @lru_cache(maxsize=4096)  # noqa: B019 - a policy lives as long as its process
    def _piece(self, text: str) -> tuple[int, ...]:
        return tuple(self.encoder.text(text))

    @lru_cache(maxsize=4096)  # noqa: B019 - a policy lives as long as its process
    def _head(self, system: str, user: str) -> tuple[int, ...]:
        return tuple(self.encoder.head(Prompt(system, user)))


def _judge(row_V: torch.Tensor, allowed_V: torch.Tensor, token: int, least: float | None) -> tuple[float, bool]:
    """Return how probable a token is under the grammar, as a logarithm, and whether it would be written."""
    if not allowed_V[token]:
        return float("-inf"), False
    admitted_V = row_V.float().masked_fill(~allowed_V, float("-inf"))
    own = float(admitted_V.log_softmax(-1)[token])
    return own, int(admitted_V.argmax()) == token if least is None else math.exp(own) >= least
