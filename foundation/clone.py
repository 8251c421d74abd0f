"""Behaviour cloning: the embedded base learns the trade from experts in procedural apps.

One flat loop. The data are drawn as the loop goes, each episode from its own seed, so a run is fixed by (seed, tokens)
and resumes exactly. The learning rate is constant after a warm-up and falls to a tenth over the last fifth: a run that
was stopped early can be given more tokens.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F
from transformers import AutoModelForCausalLM, AutoTokenizer

from agent.policy.attention import register
from agent.policy.encode import Encoder
from consolidation.lora import attach_lora, logits_at, mixed_precision, trainable
from foundation.episodes import run_expert, segments
from foundation.tasks import draw_task

HELD_OUT = 1 << 40
"""Seeds from here on are for evaluation only."""


@dataclass(frozen=True, slots=True)
class CloneConfig:
    """Everything that shapes a run."""

    tokens: int = 3_000_000
    """Prompt and reply tokens to train on."""
    batch_tokens: int = 4096
    rank: int = 32
    alpha: int = 64
    lr: float = 4e-4
    warmup: int = 40
    decay: float = 0.2
    """Share of the tokens over which the rate falls."""
    max_length: int = 1400
    seed: int = 1
    eval_every: int = 100
    eval_episodes: int = 48


@dataclass(frozen=True, slots=True)
class Sequence:
    """One training sequence: ids (T,), and the positions (N,) whose next token is taught."""

    ids: torch.Tensor
    positions: torch.Tensor
    spans: tuple[tuple[int, int], ...]
    """Start and end, within `positions`, of each taught action."""
    suite: str


def encode_segment(encoder: Encoder, segment: Any, suite: str) -> Sequence:
    """Encode a segment; a decision's tokens are taught, outcomes and planted mistakes are not."""
    ids = encoder.head(segment.prompt)
    positions: list[int] = []
    spans = []
    for text, taught in segment.reply:
        piece = encoder.text(text)
        if taught:
            spans.append((len(positions), len(positions) + len(piece)))
            positions.extend(range(len(ids) - 1, len(ids) + len(piece) - 1))
        ids.extend(piece)
    return Sequence(torch.tensor(ids), torch.tensor(positions), tuple(spans), suite)


def draw_sequences(encoder: Encoder, seed: int, max_length: int, *, training: bool) -> list[Sequence]:
    """Run the expert on one seeded task and encode its segments.

    In training a third of the episodes contains planted mistakes, and half of the segments that teach nothing but
    `done` are left out, since each costs a whole page.
    """
    rng = random.Random(f"episode {seed}")
    task = draw_task(seed)
    steps = run_expert(task.app, task.goal, task.answer, rng if training and rng.random() < 0.33 else None)
    if not task.goal.achieved(task.app) and task.suite != "impossible":
        return []
    out = []
    for segment in segments(task.text, task.lessons, steps):
        if training and segment.reply == (("done\n", True),) and rng.random() < 0.5:
            continue
        sequence = encode_segment(encoder, segment, task.suite)
        if len(sequence.positions) and len(sequence.ids) <= max_length:
            out.append(sequence)
    return out


def batches(encoder: Encoder, config: CloneConfig, cursor: int) -> Iterator[tuple[list[Sequence], int]]:
    """Yield (sequences, next cursor): segments of many episodes, shuffled, cut into batches of `batch_tokens`."""
    while True:
        pool: list[Sequence] = []
        while sum(len(sequence.ids) for sequence in pool) < 8 * config.batch_tokens:
            pool += draw_sequences(encoder, (config.seed << 32) + cursor, config.max_length, training=True)
            cursor += 1
        random.Random(cursor).shuffle(pool)
        batch: list[Sequence] = []
        for sequence in pool:
            batch.append(sequence)
            if sum(len(item.ids) for item in batch) >= config.batch_tokens:
                yield batch, cursor
                batch = []


def train_batch(model: Any, batch: list[Sequence]) -> tuple[float, int]:
    """Accumulate the gradient of the mean taught-token loss; return (loss, exact actions)."""
    total = sum(len(sequence.positions) for sequence in batch)
    loss_sum, exact = 0.0, 0
    for sequence in batch:
        with mixed_precision(model):
            logits_N_V = logits_at(model, sequence.ids, sequence.positions).float()
        targets = sequence.ids[sequence.positions + 1]
        loss = F.cross_entropy(logits_N_V, targets, reduction="sum") / total
        loss.backward()
        loss_sum += loss.item()
        right = logits_N_V.argmax(-1) == targets
        exact += sum(bool(right[a:b].all()) for a, b in sequence.spans)
    return loss_sum, exact


@torch.no_grad()
def evaluate(model: Any, encoder: Encoder, episodes: int, max_length: int) -> dict[str, tuple[int, int]]:
    """Count exact next actions on held-out episodes, teacher-forced and unconstrained: {suite: (exact, all)}."""
    counts: dict[str, tuple[int, int]] = {}
    for index in range(episodes):
        for sequence in draw_sequences(encoder, HELD_OUT + index, max_length, training=False):
            with mixed_precision(model):
                logits_N_V = logits_at(model, sequence.ids, sequence.positions)
            right = logits_N_V.argmax(-1) == sequence.ids[sequence.positions + 1]
            exact = sum(bool(right[a:b].all()) for a, b in sequence.spans)
            old = counts.get(sequence.suite, (0, 0))
            counts[sequence.suite] = (old[0] + exact, old[1] + len(sequence.spans))
    return counts


def rate(config: CloneConfig, update: int, seen: int) -> float:
    """Return the learning rate: warm-up, constant, then down to a tenth."""
    left = (1 - seen / config.tokens) / config.decay
    return config.lr * min(1.0, (update + 1) / config.warmup, max(0.1, left))


def save_checkpoint(folder: Path, model: Any, optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Write adapter, optimiser and cursor aside, then swap them in by one rename."""
    temporary = folder / f"checkpoint.{os.getpid()}.pt"
    weights = {name: parameter.detach() for name, parameter in model.named_parameters() if parameter.requires_grad}
    torch.save({"weights": weights, "optimizer": optimizer.state_dict(), "state": state}, temporary)
    temporary.replace(folder / "checkpoint.pt")


def clone(base: Path, out: Path, config: CloneConfig) -> None:
    """Train until `config.tokens` are seen; write `out/adapter` and a log. Resumes from `out/checkpoint.pt`."""
    out.mkdir(parents=True, exist_ok=True)
    encoder = Encoder(AutoTokenizer.from_pretrained(base))
    model = attach_lora(AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16, attn_implementation=register()), config.rank, config.alpha, config.seed)
    optimizer = torch.optim.AdamW(trainable(model), lr=config.lr, betas=(0.9, 0.95), weight_decay=0.0)
    state: dict[str, Any] = {"update": 0, "cursor": 0, "tokens": 0, "actions": 0}
    if (out / "checkpoint.pt").exists():
        saved = torch.load(out / "checkpoint.pt", weights_only=True)
        model.load_state_dict(saved["weights"], strict=False)
        optimizer.load_state_dict(saved["optimizer"])
        state = saved["state"]
    log = (out / "log.jsonl").open("a")
    started, recent = time.monotonic(), (0, 0)

    for batch, cursor in batches(encoder, config, state["cursor"]):
        if state["tokens"] >= config.tokens:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate(config, state["update"], state["tokens"])
        loss, exact = train_batch(model, batch)
        norm = torch.nn.utils.clip_grad_norm_(trainable(model), 1.0)
        optimizer.step()
        optimizer.zero_grad()

        actions = sum(len(sequence.spans) for sequence in batch)
        state["update"] += 1
        state["cursor"] = cursor
        state["tokens"] += sum(len(sequence.ids) for sequence in batch)
        state["actions"] += actions
        recent = (recent[0] + exact, recent[1] + actions)
        record: dict[str, Any] = {**state, "loss": round(loss, 4), "exact": round(exact / actions, 3), "norm": round(float(norm), 3), "seconds": round(time.monotonic() - started, 1)}
        if state["update"] % config.eval_every == 0:
            record["held_out"] = evaluate(model, encoder, config.eval_episodes, config.max_length)
            save_checkpoint(out, model, optimizer, state)
            export(model, out / "adapter", config, state)
        print(json.dumps(record), file=log, flush=True)
    export(model, out / "adapter", config, state)


def export(model: Any, folder: Path, config: CloneConfig, state: dict[str, Any]) -> None:
    """Write the adapter in PEFT's format, in bf16, with the recipe beside it."""
    model.save_pretrained(folder)
    weights = load_file(folder / "adapter_model.safetensors")
    save_file({name: tensor.to(torch.bfloat16) for name, tensor in weights.items()}, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    (folder / "recipe.json").write_text(json.dumps({"recipe": asdict(config), "state": state}, indent=1) + "\n")
