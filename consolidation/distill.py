"""Distillation: one flat loop from examples to an adapter.

Each update: a few sequences, the divergence between what the teacher said and what the student says now, one step of AdamW.
Sequences are drawn by how much is still to be learned from them, and one on which both agree already costs a forward pass
and no backward. State is written to disk at step boundaries (weights, optimiser, cursor, what was last seen of each
sequence), so a killed run resumes and ends with the same weights.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel

from consolidation.examples import Example, Support
from consolidation.lora import backward, device_of, mixed_precision, trainable
from consolidation.losses import Divergence, clipped_mean
from consolidation.passes import Room, divergences, grouped
from consolidation.storage import write_atomically


@dataclass(frozen=True, slots=True)
class DistillConfig:
    """What shapes one training run. The rate was chosen by one comparison (docs/log.md); no sweep is on record."""

    rank: int = 16
    alpha: int = 32
    untouched: float = 1 / 3
    """Share of the layers, from the first, that no adapter is put on: a third of the backward pass is saved."""
    lr: float = 1e-3
    warmup: int = 6
    tokens: int = 100_000
    """What a run may read, about: short sequences leave room for more updates."""
    updates: int | None = None
    """How many updates instead, whatever they read."""
    sequences: int = 6
    """Sequences in one update."""
    anchors: int = 2
    """How many of them are anchors."""
    hold: float = 2.0
    """How many skill sequences an anchor counts for: what turns is seen in few of its tokens, and in few of all anchors."""
    kind: Divergence = Divergence.FORWARD_KL
    support: Support = Support.TEACHER
    clip: float | None = None
    agreed: float = 0.02
    """Divergence, in nats, up to which a token teaches nothing: the mean is over the others, so that the one name that is still
    wrong is not lost among seventy tokens that are right. A sequence without such a token is spared its backward pass."""
    seed: int = 1
    at_once: int = 1
    """Padded tokens that are computed side by side; 1: a sequence at a time, as is best on a CPU. Halved where memory does not suffice."""
    checkpointing: bool | None = None
    """Whether activations are computed again in the backward pass instead of kept; None: those of a large model are."""


LEAST_UPDATES = 12
"""However long the sequences are."""
COOLING = 0.5
"""The last part of a run, over which the rate falls (a constant rate, then a decay: Hägele et al. 2024, arXiv 2405.18392)."""
SAVE_EVERY = 5
"""Updates between checkpoints: what a kill can cost."""
UNSEEN, LEAST = 20.0, 0.3
"""Nats that a skill sequence not yet seen is taken to have left to teach, and the least that any is drawn with."""
STAYS = 1.0
"""The least that any anchor is drawn with: at first all of them agree, and what was seen then says nothing of later."""


@dataclass(slots=True)
class Progress:
    """Where a run stands. `curve` holds the mean divergence of each update; `last` the nats that each skill sequence last had to teach,
    `kept` those by which each anchor was last missed.
    """

    update: int = 0
    tokens: int = 0
    skipped: int = 0
    curve: list[float] = field(default_factory=list)
    last: dict[int, float] = field(default_factory=dict)
    kept: dict[int, float] = field(default_factory=dict)


Report = Callable[[Progress], None]


def planned(config: DistillConfig, skills: Sequence[Example], anchors: Sequence[Example]) -> int:
    """Return how many updates a run makes: those that are asked for, or as many as `config.tokens` pay for."""
    if config.updates is not None:
        return config.updates

    def mean(examples: Sequence[Example]) -> float:
        return sum(len(example.tokens.ids) for example in examples) / len(examples) if examples else 0.0

    held = held_in_batch(config, anchors)
    drawn = min(len(skills), config.sequences - held)
    cost = drawn * mean(skills) + held * mean(anchors)
    return max(LEAST_UPDATES, round(config.tokens / cost)) if cost else LEAST_UPDATES


def distill(
    model: PeftModel,
    skills: Sequence[Example],
    anchors: Sequence[Example],
    config: DistillConfig,
    updates: int,
    first: int,
    last: int,
    checkpoint: Path | None = None,
    report: Report = lambda _: None,
) -> Progress:
    """Train the model's adapter from update `first` to `last` of a run of `updates`; return where it stands.

    Resumes from `checkpoint` when that file is there and belongs to these updates.
    """
    optimizer = torch.optim.AdamW(trainable(model), lr=config.lr, betas=(0.9, 0.95), weight_decay=0.0)
    progress = Progress(first)
    if checkpoint is not None and checkpoint.exists():
        progress = restore(model, optimizer, checkpoint)
    model.train()
    room = Room.of(model, config.at_once, config.checkpointing)
    while progress.update < last and not is_settled(progress, len(skills)):
        rng = random.Random(f"{config.seed} {progress.update}")
        for group in optimizer.param_groups:
            group["lr"] = rate(config, updates, progress.update)
        batch = draw_batch(skills, anchors, config, rng, progress)
        longest = max(len(example.tokens.ids) for _, _, example in batch)
        loss = room.fit(partial(_accumulated, model, batch, config, progress, room), longest)
        torch.nn.utils.clip_grad_norm_(trainable(model), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        progress.update += 1
        progress.curve.append(round(loss, 5))
        settled = is_settled(progress, len(skills))
        if checkpoint is not None and (progress.update % SAVE_EVERY == 0 or progress.update == last or settled):
            save(model, optimizer, progress, checkpoint)
        report(progress)
    model.eval()
    return progress


def is_settled(progress: Progress, count: int) -> bool:
    """Whether nothing is left to learn: student and teacher were seen to agree on every one of `count` skill sequences."""
    return all(progress.last.get(index, UNSEEN) == 0.0 for index in range(count))


Draw = tuple[dict[int, float], int, Example]
"""A sequence, with its place in the record of what each of its kind last had to teach."""


def draw_batch(
    skills: Sequence[Example],
    anchors: Sequence[Example],
    config: DistillConfig,
    rng: random.Random,
    progress: Progress,
) -> list[Draw]:
    """Draw the sequences of one update, skills first, then anchors: each kind in proportion to what it last had to teach."""
    held = held_in_batch(config, anchors)
    learned = draw(len(skills), config.sequences - held, progress.last, rng, UNSEEN, LEAST)
    stayed = draw(len(anchors), held, progress.kept, rng, STAYS, STAYS)
    return [
        *((progress.last, index, skills[index]) for index in learned),
        *((progress.kept, index, anchors[index]) for index in stayed),
    ]


def draw(
    size: int, count: int, left: Mapping[int, float], rng: random.Random, unseen: float, least: float
) -> list[int]:
    """Draw `count` of `size` indices in proportion to the nats that are left in each, `least` at the least, none twice.

    Weighted sampling without replacement: Efraimidis and Spirakis 2006.
    """
    keys = [rng.random() ** (1 / max(left.get(index, unseen), least)) for index in range(size)]
    return sorted(range(size), key=lambda index: -keys[index])[:count]


def held_in_batch(config: DistillConfig, anchors: Sequence[Example]) -> int:
    """Return how many anchors an update has: never all of its sequences."""
    return min(config.anchors, config.sequences - 1, len(anchors))


def accumulate(
    model: PeftModel, batch: Sequence[Draw], config: DistillConfig, progress: Progress, at_once: int | None = None
) -> float:
    """Add up the gradient of the weighted mean divergence of the tokens that still teach; return the plain mean over all tokens.

    `at_once` is how many tokens there is room for, where that is not what the config says.
    """
    total = 0.0
    weights = [config.hold if ledger is progress.kept else 1.0 for ledger, _, _ in batch]
    skipped, lengths = 0, [len(example.tokens.ids) for _, _, example in batch]
    for group in grouped(lengths, config.at_once if at_once is None else at_once):
        with mixed_precision(model, device_of(model).type):
            found = divergences(model, [batch[at][2] for at in group], config.kind)
        losses = []
        for at, per_token_N in zip(group, found, strict=True):
            ledger, index, _ = batch[at]
            teaching_N = per_token_N[per_token_N > config.agreed]
            total += per_token_N.mean().item() / len(batch)
            ledger[index] = teaching_N.sum().item()
            skipped += not len(teaching_N)
            if len(teaching_N):
                losses.append(weights[at] / sum(weights) * clipped_mean(teaching_N, config.clip))
        if losses:
            backward(model, sum(losses[1:], losses[0]))
    progress.tokens += sum(lengths)
    progress.skipped += skipped
    return total


def _accumulated(
    model: PeftModel, batch: Sequence[Draw], config: DistillConfig, progress: Progress, room: Room
) -> float:
    return accumulate(model, batch, config, progress, room.tokens)


def rate(config: DistillConfig, updates: int, update: int) -> float:
    """Return the learning rate of one of `updates`: warm-up, the full rate, and over the last part straight down to a tenth.

    Falling from the start, it was at a third when the last dreams showed what was still wrong, and they were not learned.
    """
    left = (1 - update / updates) / COOLING
    return config.lr * min(1.0, (update + 1) / config.warmup) * min(1.0, max(0.1, left))


def save(model: PeftModel, optimizer: torch.optim.Optimizer, progress: Progress, path: Path) -> None:
    """Write the training state beside the old one, then swap."""
    weights = {name: parameter.detach() for name, parameter in model.named_parameters() if parameter.requires_grad}
    state = {
        "weights": weights,
        "optimizer": optimizer.state_dict(),
        "progress": [progress.update, progress.tokens, progress.skipped, progress.curve, progress.last, progress.kept],
    }
    write_atomically(path, lambda temporary: torch.save(state, temporary))


def restore(model: PeftModel, optimizer: torch.optim.Optimizer, path: Path) -> Progress:
    """Read the training state that `save` wrote."""
    state: dict[str, Any] = torch.load(path, weights_only=True)
    model.load_state_dict(state["weights"], strict=False)
    optimizer.load_state_dict(state["optimizer"])
    return Progress(*state["progress"])
