"""The training data of the foundation: expert episodes of seeded tasks, as token sequences, drawn while training goes on."""

from __future__ import annotations

import pickle
import random
from collections import deque
from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import count
from multiprocessing import get_context
from pathlib import Path

import torch
from transformers import AutoTokenizer

from agent.policy.encode import Encoder
from consolidation.segments import cut
from consolidation.tokens import Tokens, encode
from foundation.episodes import run_expert
from foundation.tasks import SUITES, draw_task

HELD_OUT = 1 << 40
"""Task seeds from here on are for evaluation only."""
Batch = list[Tokens]


def draw_sequences(
    encoder: Encoder, seed: int, max_length: int, *, training: bool, among: Collection[str] = tuple(SUITES)
) -> tuple[str, list[Tokens]]:
    """Run the expert on one seeded task of one `among` these suites; return its suite and its segments, encoded.

    In training a third of the episodes contains planted mistakes, and most of the long segments that teach a single
    action are left out, since each costs a whole page.
    """
    rng = random.Random(f"episode {seed}")
    task = draw_task(seed, among=among)
    steps = run_expert(task.app, task.goal, task.answer, rng if training and rng.random() < 0.33 else None)
    if not task.goal.achieved(task.app) and task.suite != "impossible":
        return task.suite, []
    out = []
    for segment in cut(task.text, task.lessons, steps):
        tokens = encode(encoder, segment)
        if training and len(tokens.spans) == 1 and len(tokens.ids) > 150 and rng.random() < 0.7:
            continue
        if len(tokens.positions) and len(tokens.ids) <= max_length:
            out.append(tokens)
    return task.suite, out


@dataclass(frozen=True, slots=True)
class Drawing:
    """What to train on. The seed fixes it all, whoever draws it."""

    base: Path
    """Folder of the model, for its tokenizer."""
    seed: int
    max_length: int
    pool_episodes: int
    """Episodes whose segments are shuffled together."""
    among: tuple[str, ...] = tuple(SUITES)
    """The suites that episodes are drawn from."""

    def pool(self, index: int) -> Batch:
        """Return the shuffled segments of one pool."""
        out: Batch = []
        for episode in range(index * self.pool_episodes, (index + 1) * self.pool_episodes):
            seed = (self.seed << 32) + episode
            out += draw_sequences(_encoder(self.base), seed, self.max_length, training=True, among=self.among)[1]
        random.Random(index).shuffle(out)
        return out

    def packed_pool(self, index: int) -> bytes:
        """Return a pool for another process. Tensors sent as they are would each hold a file open there."""
        return pickle.dumps(self.pool(index))

    def pools(self, first: int, workers: int) -> Iterator[tuple[int, Batch]]:
        """Yield (index, pool) from `first` on, without end. `workers` processes draw ahead; with none, this one does."""
        if not workers:
            for index in count(first):
                yield index, self.pool(index)
        with ProcessPoolExecutor(workers, get_context("spawn"), torch.set_num_threads, (1,)) as others:
            ahead = deque(others.submit(self.packed_pool, first + number) for number in range(2 * workers))
            try:
                for index in count(first):
                    yield index, pickle.loads(ahead.popleft().result())
                    ahead.append(others.submit(self.packed_pool, index + 2 * workers))
            finally:
                others.shutdown(cancel_futures=True)


@cache
def _encoder(base: Path) -> Encoder:
    return Encoder(AutoTokenizer.from_pretrained(base))


def batches(
    drawing: Drawing, batch_tokens: int, pool_index: int = 0, skip: int = 0, workers: int = 0
) -> Iterator[tuple[Batch, int, int]]:
    """Yield (batch, pool, position in it): segments cut into batches of `batch_tokens`. What a pool has left joins no batch.

    A run resumes at the batch after (pool_index, skip).
    """
    for index, pool in drawing.pools(pool_index, workers):
        batch: Batch = []
        position = 0
        for tokens in pool:
            batch.append(tokens)
            if sum(len(item.ids) for item in batch) >= batch_tokens:
                position += 1
                if index > pool_index or position > skip:
                    yield batch, index, position
                batch = []


def padded_groups(batch: Batch, most: int) -> Iterator[list[Tokens]]:
    """Part a batch into groups of like length, none of which holds more than `most` tokens when padded, or one sequence."""
    group: list[Tokens] = []
    for tokens in sorted(batch, key=lambda item: -len(item.ids)):
        if group and len(group[0].ids) * (len(group) + 1) > most:
            yield group
            group = []
        group.append(tokens)
    if group:
        yield group
