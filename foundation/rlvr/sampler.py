"""Actions for many pages at once, sampled under each page's grammar; on a GPU hundreds of episodes go side by side.

Equal prompts, as those of a group's episodes until they part, are read once. For models whose cache holds keys and values alone:
linear attention would take the padding in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from llguidance import LLMatcher
from torch.nn.utils.rnn import pad_sequence
from transformers import DynamicCache

from agent.grammar import action_grammar
from agent.policy.encode import Encoder
from agent.policy.local import allowed_tokens, grammar_tokenizer
from agent.prompt import Prompt
from browser.actions import Action, parse
from browser.types import Observation
from foundation.rlvr.objective import admitted_logp


@dataclass(slots=True)
class Choice:
    """A token that the policy was free to choose."""

    at: int
    """Its place in the action's tokens."""
    token: int
    allowed: bytes
    """What the grammar admitted instead: a bit a token, packed."""
    logp: float
    """How probable it was among those, when it was chosen."""


@dataclass(slots=True)
class Turn:
    """One decision: what was read, what was written, and where there was a choice."""

    prompt: list[int]
    written: list[int] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    action: Action | None = None
    """None when nothing whole was written in time."""


class Sampler:
    """Sample actions with a model that has an adapter attached; `generator` is the only source of chance."""

    def __init__(
        self, model: Any, encoder: Encoder, generator: torch.Generator, *, longest: int, read_tokens: int, device: str
    ) -> None:
        self.model, self.encoder, self.generator = model, encoder, generator
        self.longest = longest
        """Tokens of an action after which a text is closed; after twice as many it counts as none."""
        self.read_tokens = read_tokens
        """Padded prompt tokens that are read at once."""
        self.device = device
        self.vocabulary = model.config.get_text_config().vocab_size
        self._closer = encoder.text('"')[0]
        self._tokens = grammar_tokenizer(encoder, self.vocabulary)
        bare: Any = model.get_base_model()
        self._decoder, self._head = bare.get_decoder(), bare.get_output_embeddings()

    @torch.no_grad()
    def act(self, prompts: Sequence[Prompt], pages: Sequence[Observation]) -> list[Turn]:
        """Decide once for each prompt and the page that it describes."""
        turns = [Turn(self.encoder.prompt(prompt)) for prompt in prompts]
        matchers = [self._matcher(prompt, page) for prompt, page in zip(prompts, pages, strict=True)]
        for group in self._groups(turns):
            self._write([turns[i] for i in group], [matchers[i] for i in group])
        for turn in turns:
            turn.action = self._read(turn)
        return turns

    def _matcher(self, prompt: Prompt, page: Observation) -> LLMatcher:
        grammar = action_grammar(page, prompt.copying, prompt.futile, prompt.secrets)
        return LLMatcher(self._tokens, LLMatcher.grammar_from_lark(grammar))

    def _groups(self, turns: Sequence[Turn]) -> list[list[int]]:
        """Part the turns into groups of like length, whose distinct prompts hold `read_tokens` at most when padded."""
        groups: list[list[int]] = []
        longest, distinct = 0, set[tuple[int, ...]]()
        for i in sorted(range(len(turns)), key=lambda i: (-len(turns[i].prompt), turns[i].prompt)):
            key = tuple(turns[i].prompt)
            if not groups or (key not in distinct and (len(distinct) + 1) * longest > self.read_tokens):
                groups.append([])
                longest, distinct = len(key), set()
            distinct.add(key)
            groups[-1].append(i)
        return groups

    def _write(self, turns: list[Turn], matchers: list[LLMatcher]) -> None:
        """Write an action for each turn, a token at a time for all of them."""
        cache, logits_B_V, mask_B_T = self._begin(turns)
        positions_B = mask_B_T.sum(-1)
        forced = [deque[int]() for _ in turns]
        while True:
            tokens = [
                self._next(turn, matcher, queue, logits_B_V[row])
                for row, (turn, matcher, queue) in enumerate(zip(turns, matchers, forced, strict=True))
            ]
            if all(token is None for token in tokens):
                return
            fed_B_1 = torch.tensor([[0 if token is None else token] for token in tokens], device=self.device)
            mask_B_T = torch.cat([mask_B_T, mask_B_T.new_ones(len(turns), 1)], dim=1)
            hidden_B_1_D = self._decoder(
                input_ids=fed_B_1,
                attention_mask=mask_B_T,
                position_ids=positions_B[:, None],
                past_key_values=cache,
                use_cache=True,
            ).last_hidden_state
            logits_B_V = self._head(hidden_B_1_D[:, 0])
            positions_B = positions_B + 1

    def _begin(self, turns: list[Turn]) -> tuple[DynamicCache, torch.Tensor, torch.Tensor]:
        """Read every distinct prompt once; return the cache, logits_B_V and mask_B_T of all turns.

        Padding stands on the right, where nothing looks at it until the first token is written, and behind the mask from then on.
        """
        distinct = list({tuple(turn.prompt): None for turn in turns})
        ids_U_T = pad_sequence([torch.tensor(key) for key in distinct], batch_first=True).to(self.device)
        lengths_U = torch.tensor([len(key) for key in distinct], device=self.device)
        cache = DynamicCache(config=self.model.config)
        hidden_U_T_D = self._decoder(input_ids=ids_U_T, past_key_values=cache, use_cache=True).last_hidden_state
        logits_U_V = self._head(hidden_U_T_D[torch.arange(len(distinct)), lengths_U - 1])
        mask_U_T = (torch.arange(ids_U_T.shape[1], device=self.device) < lengths_U[:, None]).long()
        rows_B = torch.tensor([distinct.index(tuple(turn.prompt)) for turn in turns], device=self.device)
        cache.batch_select_indices(rows_B)
        return cache, logits_U_V[rows_B], mask_U_T[rows_B]

    def _next(self, turn: Turn, matcher: LLMatcher, forced: deque[int], logits_V: torch.Tensor) -> int | None:
        """Return the turn's next token: what the grammar forces, or a sample; None once the action is whole, or too long."""
        if not forced:
            forced.extend(matcher.compute_ff_tokens())
        if forced:
            token = forced.popleft()
        elif matcher.is_accepting() or matcher.is_stopped() or len(turn.written) >= 2 * self.longest:
            return None
        else:
            token = self._choose(turn, allowed_tokens(matcher, self.vocabulary), logits_V)
        matcher.consume_token(token)
        turn.written.append(token)
        return token

    def _choose(self, turn: Turn, allowed_V: torch.Tensor, logits_V: torch.Tensor) -> int:
        """Sample a token; close a text that has grown too long, which is no choice of the policy's."""
        if len(turn.written) >= self.longest and allowed_V[self._closer]:
            return self._closer
        logp_V = admitted_logp(logits_V, allowed_V.to(self.device)).cpu()
        token = int(torch.multinomial(logp_V.exp(), 1, generator=self.generator))
        packed = np.packbits(allowed_V.numpy()).tobytes()
        turn.choices.append(Choice(len(turn.written), token, packed, float(logp_V[token])))
        return token

    def _read(self, turn: Turn) -> Action | None:
        try:
            return parse(self.encoder.tokenizer.decode(turn.written, skip_special_tokens=False))
        except ValueError:
            return None


def unpack(choices: Sequence[Choice], vocabulary: int) -> torch.Tensor:
    """Return allowed_N_V (bool) of some choices."""
    rows = [np.unpackbits(np.frombuffer(choice.allowed, np.uint8), count=vocabulary) for choice in choices]
    return torch.from_numpy(np.stack(rows).astype(bool))
