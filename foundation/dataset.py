"""The training data of the foundation: expert episodes of seeded tasks, as token sequences, drawn while training goes on."""

from __future__ import annotations

import random
from collections.abc import Iterator

from agent.policy.encode import Encoder
from consolidation.segments import cut
from consolidation.tokens import Tokens, encode
from foundation.episodes import run_expert
from foundation.tasks import draw_task

HELD_OUT = 1 << 40
"""Task seeds from here on are for evaluation only."""
EPISODES_PER_POOL = 100
Batch = list[Tokens]


def draw_sequences(encoder: Encoder, seed: int, max_length: int, *, training: bool) -> tuple[str, list[Tokens]]:
    """Run the expert on one seeded task; return its suite and its segments, encoded.

    In training a third of the episodes contains planted mistakes, and most of the long segments that teach a single
    action are left out, since each costs a whole page.
    """
    rng = random.Random(f"episode {seed}")
    task = draw_task(seed)
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


def batches(
    encoder: Encoder, seed: int, batch_tokens: int, max_length: int, pool_index: int, skip: int
) -> Iterator[tuple[Batch, int, int]]:
    """Yield (batch, pool, position in it): segments of 100 episodes, shuffled, cut into batches of `batch_tokens`.

    A run resumes at the batch after (pool_index, skip).
    """
    while True:
        pool: Batch = []
        for index in range(pool_index * EPISODES_PER_POOL, (pool_index + 1) * EPISODES_PER_POOL):
            pool += draw_sequences(encoder, (seed << 32) + index, max_length, training=True)[1]
        random.Random(pool_index).shuffle(pool)
        batch: Batch = []
        position = 0
        for tokens in pool:
            batch.append(tokens)
            if sum(len(item.ids) for item in batch) >= batch_tokens:
                position += 1
                if position > skip:
                    yield batch, pool_index, position
                batch = []
        pool_index, skip = pool_index + 1, 0
