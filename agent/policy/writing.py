"""Writing: how an action comes to be, token by token, whoever runs the model.

What the model shall read is asked for by yielding it, so that one action can be written from the cache of a `LocalPolicy`, and many
side by side in passes that they share (`agent/policy/redecide.py`). Tokens that the grammar leaves no choice about are appended
without asking the model, and what a cue says is read as a draft (`agent/policy/draft.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from llguidance import LLMatcher

from agent.grammar import action_grammar, read_action
from agent.policy.draft import LEAST, draft_of
from agent.policy.encode import Encoder
from agent.policy.reading import Cut, Feed, Writing
from agent.policy.spans import Phrases, copying_of, most_probable
from agent.policy.tokens import allowed_tokens, can_constrain, grammar_tokenizer, under_grammar
from agent.prompt import Prompt
from browser.actions import Action
from browser.types import Observation

MAX_NEW_TOKENS = 160
"""From here on a free text is closed at the first chance."""
CLOSERS, JSON_CLOSERS = ('"',), ('"', "]", "}")
"""What closes a text, and what closes a structured answer."""


@dataclass(slots=True)
class Written:
    """An action being written, with the least certain of its free choices."""

    matcher: LLMatcher
    """Where the grammar stands."""
    closers: list[int]
    """Tokens that end a free text, the first choice first."""
    tokens: list[int] = field(default_factory=list)
    read: int = 0
    """So many of its tokens the model has read."""
    confidence: float = 1.0
    admitted: float = 1.0

    def append(self, tokens: Sequence[int]) -> None:
        """Write tokens that the grammar admits."""
        self.matcher.consume_tokens(list(tokens))
        self.tokens.extend(tokens)

    def note(self, confidence: float, admitted: float) -> None:
        """Take a choice into account."""
        self.confidence = min(self.confidence, confidence)
        self.admitted = min(self.admitted, admitted)


class Writer:
    """Writes actions with one tokenizer. Greedy at temperature 0, sampling above."""

    def __init__(self, encoder: Encoder, vocabulary: int, *, temperature: float = 0.0, seed: int = 0) -> None:
        self.encoder = encoder
        self.temperature = temperature
        self._generator = torch.Generator().manual_seed(seed)
        self._tokens = grammar_tokenizer(encoder, vocabulary)

    def begin(self, prompt: Prompt, page: Observation) -> Written:
        """Return an action of which nothing is written."""
        schema = _schema(prompt)
        grammar = action_grammar(
            page, prompt.copying, prompt.futile, prompt.secrets, with_rare=prompt.with_manual, answer_schema=schema
        )
        matcher = LLMatcher(self._tokens, LLMatcher.grammar_from_lark(grammar))
        if matcher.is_error():
            raise RuntimeError(f"the page's grammar does not compile: {matcher.get_error()}")
        return Written(matcher, [self.encoder.text(closer)[0] for closer in (JSON_CLOSERS if schema else CLOSERS)])

    def write(
        self, prompt: Prompt, page: Observation, logits_V: torch.Tensor, *, can_cut: bool
    ) -> Writing[tuple[Action, Written]]:
        """Write one action after a prompt that was read, `logits_V` being what follows it.

        Where what was read cannot be cut back, there are no drafts, and no text is reconsidered.
        """
        looks_ahead = self.temperature == 0 and can_cut
        draft, least = (yield from self._draft(prompt, page)) if looks_ahead else (None, LEAST)
        written = self.begin(prompt, page)
        if draft:
            logits_V = yield from self._take(self.encoder.text(draft.render() + "\n"), least, logits_V, written)
        action = yield from self.finish(prompt, logits_V, written)
        if looks_ahead and draft is None:
            action = yield from self.reconsidered(action, prompt, page, written.read)
        return action, written

    def finish(self, prompt: Prompt, logits_V: torch.Tensor, written: Written) -> Writing[Action]:
        """Write the rest of an action token by token, `logits_V` being what follows what is written."""
        while True:
            forced = written.matcher.compute_ff_tokens()
            if not forced:
                if written.matcher.is_stopped() or written.matcher.is_accepting():
                    text = self.encoder.tokenizer.decode(written.tokens, skip_special_tokens=False)
                    return read_action(text, _schema(prompt))
                if pending := written.tokens[written.read :]:
                    [logits_1_V] = yield Feed(pending, last=1)
                    logits_V, written.read = logits_1_V[0], len(written.tokens)
                forced = [self._choose(logits_V, written)]
            written.append(forced)

    def reconsidered(self, action: Action, prompt: Prompt, page: Observation, read: int) -> Writing[Action]:
        """Return a text that was written word by word, or what of the task the model finds more probable as a whole.

        `read` tokens of it were read. The decision's confidence stays that of what was written first.
        """
        copying = copying_of(action, prompt.task)
        phrases = Phrases.of(copying, page) if copying and prompt.copying is None else None
        if phrases is None:
            return action
        yield Cut(read)
        return (yield from most_probable(phrases, self.encoder.text, action)) or action

    def _draft(self, prompt: Prompt, page: Observation) -> Writing[tuple[Action | None, float]]:
        """Return what the lesson proposes, and the probability below which a token of it is refused.

        That is the cue itself, or the words of the task that fit best where it says `like`: these were chosen among all others.
        """
        draft = draft_of(prompt, page)
        phrases = Phrases.of(prompt.copying, page) if draft is None and prompt.copying else None
        if phrases is None:
            return draft, LEAST
        return (yield from most_probable(phrases, self.encoder.text)), 0.0

    def _take(self, draft: list[int], least: float, logits_V: torch.Tensor, written: Written) -> Writing[torch.Tensor]:
        """Write the draft up to the first token that is less probable than `least`; return the logits_V that follow."""
        [read_T_V] = yield Feed(draft, last=len(draft))
        logits_T_V = torch.cat([logits_V[None], read_T_V])
        for token, row_V in zip(draft, logits_T_V[:-1], strict=True):
            probabilities_V, admitted = under_grammar(row_V.float(), written.matcher)
            if probabilities_V[token] < least:
                break
            written.append([token])
            written.note(float(probabilities_V[token]), admitted)
        written.read = len(written.tokens)
        yield Cut(len(draft) - written.read)
        return logits_T_V[written.read]

    def _choose(self, logits_V: torch.Tensor, written: Written) -> int:
        probabilities_V, admitted = under_grammar(logits_V.float() / (self.temperature or 1.0), written.matcher)
        if len(written.tokens) >= MAX_NEW_TOKENS:
            allowed_V = allowed_tokens(written.matcher, logits_V.shape[-1])
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


def _schema(prompt: Prompt) -> str:
    """Return the schema that the answer is constrained to; empty without one, or where no grammar can be made of it."""
    return prompt.answer_schema if can_constrain(prompt.answer_schema) else ""
