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
from llguidance import LLExecutor, LLMatcher
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask_par
from torch.nn.utils.rnn import pad_sequence
from transformers import DynamicCache

from agent.grammar import action_grammar
from agent.policy.encode import Encoder
from agent.policy.tokens import grammar_tokenizer
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
    """What the grammar admitted: a bit a token, in words of 32."""
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


@dataclass(slots=True)
class _Writing:
    """A turn while it is written."""

    turn: Turn
    matcher: LLMatcher
    forced: deque[int] = field(default_factory=deque)
    over: bool = False

    def append(self, token: int) -> int:
        """Take a token into the action."""
        self.matcher.consume_token(token)
        self.turn.written.append(token)
        return token


class Sampler:
    """Sample actions with a model that has an adapter attached; `generator`, on the CPU, is the only source of chance."""

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
        self._executor = LLExecutor()
        bare: Any = model.get_base_model()
        self._decoder, self._head = bare.get_decoder(), bare.get_output_embeddings()

    @torch.no_grad()
    def act(self, prompts: Sequence[Prompt], pages: Sequence[Observation]) -> list[Turn]:
        """Decide once for each prompt and the page that it describes."""
        turns = [Turn(self.encoder.prompt(prompt)) for prompt in prompts]
        writings = [
            _Writing(turn, self._matcher(prompt, page))
            for turn, prompt, page in zip(turns, prompts, pages, strict=True)
        ]
        for group in self._groups(writings):
            self._write(group)
        for turn in turns:
            turn.action = self._read(turn)
        return turns

    def _matcher(self, prompt: Prompt, page: Observation) -> LLMatcher:
        grammar = action_grammar(page, prompt.copying, prompt.futile, prompt.secrets)
        return LLMatcher(self._tokens, LLMatcher.grammar_from_lark(grammar))

    def _groups(self, writings: Sequence[_Writing]) -> list[list[_Writing]]:
        """Part the turns into groups of like length, whose distinct prompts hold `read_tokens` at most when padded."""
        groups: list[list[_Writing]] = []
        longest, distinct = 0, set[tuple[int, ...]]()
        for writing in sorted(writings, key=lambda one: (-len(one.turn.prompt), one.turn.prompt)):
            key = tuple(writing.turn.prompt)
            if not groups or (key not in distinct and (len(distinct) + 1) * longest > self.read_tokens):
                groups.append([])
                longest, distinct = len(key), set()
            distinct.add(key)
            groups[-1].append(writing)
        return groups

    def _write(self, group: list[_Writing]) -> None:
        """Write an action for each turn, a token at a time for all of them."""
        cache, logits_B_V, mask_B_T = self._begin([writing.turn for writing in group])
        positions_B = mask_B_T.sum(-1)
        while (tokens := self._next(group, logits_B_V)) is not None:
            mask_B_T = torch.cat([mask_B_T, mask_B_T.new_ones(len(group), 1)], dim=1)
            hidden_B_1_D = self._decoder(
                input_ids=torch.tensor(tokens, device=self.device)[:, None],
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
        rows_U = torch.arange(len(distinct), device=self.device)
        logits_U_V = self._head(hidden_U_T_D[rows_U, lengths_U - 1])
        mask_U_T = (torch.arange(ids_U_T.shape[1], device=self.device) < lengths_U[:, None]).long()
        places = {key: place for place, key in enumerate(distinct)}
        rows_B = torch.tensor([places[tuple(turn.prompt)] for turn in turns], device=self.device)
        cache.batch_select_indices(rows_B)
        return cache, logits_U_V[rows_B], mask_U_T[rows_B]

    def _next(self, group: list[_Writing], logits_B_V: torch.Tensor) -> list[int] | None:
        """Return every turn's next token, 0 for those that are over; None when all are."""
        tokens = [0] * len(group)
        free: list[int] = []
        for row, writing in enumerate(group):
            if writing.over:
                continue
            if not writing.forced:
                writing.forced.extend(writing.matcher.compute_ff_tokens())
            if writing.forced:
                tokens[row] = writing.append(writing.forced.popleft())
            elif self._is_whole(writing):
                writing.over = True
            else:
                free.append(row)
        if free:
            for row, token in zip(free, self._choose([group[row] for row in free], logits_B_V[free]), strict=True):
                tokens[row] = token
        return None if all(writing.over for writing in group) else tokens

    def _is_whole(self, writing: _Writing) -> bool:
        too_long = len(writing.turn.written) >= 2 * self.longest
        return writing.matcher.is_accepting() or writing.matcher.is_stopped() or too_long

    def _choose(self, writings: list[_Writing], logits_R_V: torch.Tensor) -> list[int]:
        """Sample a token for each of these turns; close a text that has grown too long, which is no choice of the policy's."""
        bits_R_W = allocate_token_bitmask(len(writings), self.vocabulary)
        pairs = [(writing.matcher, row) for row, writing in enumerate(writings)]
        fill_next_token_bitmask_par(self._executor, pairs, bits_R_W)
        allowed_R_V = spread(bits_R_W, self.vocabulary, self.device)
        logp_R_V = admitted_logp(logits_R_V, allowed_R_V)
        draws_R = torch.rand(len(writings), generator=self.generator, dtype=torch.float64)
        tokens_R = sample(logp_R_V, draws_R.to(self.device))
        closing_R = allowed_R_V[:, self._closer].tolist()
        chosen_R = logp_R_V.gather(-1, tokens_R[:, None])[:, 0].tolist()
        out: list[int] = []
        for row, (writing, token) in enumerate(zip(writings, tokens_R.tolist(), strict=True)):
            turn = writing.turn
            if len(turn.written) >= self.longest and closing_R[row]:
                out.append(writing.append(self._closer))
                continue
            turn.choices.append(Choice(len(turn.written), token, bits_R_W[row].tobytes(), chosen_R[row]))
            out.append(writing.append(token))
        return out

    def _read(self, turn: Turn) -> Action | None:
        try:
            return parse(self.encoder.tokenizer.decode(turn.written, skip_special_tokens=False))
        except ValueError:
            return None


def sample(logp_R_V: torch.Tensor, draws_R: torch.Tensor) -> torch.Tensor:
    """Return the token of each row at which the sum of probabilities first exceeds the draw (0 to below 1): tokens_R.

    One draw is one token on every device; a token without probability is never chosen.
    """
    sums_R_V = logp_R_V.double().exp().cumsum(-1)
    below_R_V = sums_R_V <= (draws_R * (1 - 1e-9))[:, None] * sums_R_V[:, -1:]
    return below_R_V.sum(-1)


def spread(bits_R_W: np.ndarray[Any, Any], vocabulary: int, device: str) -> torch.Tensor:
    """Turn bit masks into allowed_R_V (bool)."""
    words_R_W = torch.from_numpy(bits_R_W).to(device)
    bits_R_W_32 = (words_R_W[..., None] >> torch.arange(32, device=device, dtype=torch.int32)) & 1
    return bits_R_W_32.flatten(1)[:, :vocabulary].bool()


def unpack(choices: Sequence[Choice], vocabulary: int, device: str) -> torch.Tensor:
    """Return allowed_N_V (bool) of some choices."""
    return spread(np.stack([np.frombuffer(choice.allowed, np.int32) for choice in choices]), vocabulary, device)
