"""Behaviour cloning: the embedded base learns the trade from experts in procedural apps.

One flat loop. The data are drawn as the loop goes, each episode from its own seed, so a run is fixed by (seed, tokens)
and resumes exactly. The learning rate is constant after a warm-up and falls to a tenth over the last fifth: a run that
was stopped early can be given more tokens.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from peft import set_peft_model_state_dict
from safetensors.torch import load_file, save_file
from torch.nn import functional as F
from transformers import AutoModelForCausalLM, AutoTokenizer

from agent.policy.attention import fastest
from agent.policy.embedded import HUB_ID
from agent.policy.encode import Encoder
from agent.policy.precision import compute_dtype
from consolidation.lora import attach_lora, logits_at, mixed_precision, trainable
from foundation.dataset import HELD_OUT, Batch, batches, draw_sequences


@dataclass(frozen=True, slots=True)
class CloneConfig:
    """Everything that shapes a run."""

    tokens: int = 3_000_000
    """Prompt and reply tokens to train on."""
    batch_tokens: int = 1400
    rank: int = 32
    alpha: int = 64
    lr: float = 8e-4
    warmup: int = 50
    decay: float = 0.2
    """Share of the tokens over which the rate falls."""
    max_length: int = 1400
    known: float = 0.01
    """Mean loss below which a sequence is not learned from any more."""
    seed: int = 1
    checkpoint_every: int = 25
    eval_every: int = 300
    eval_episodes: int = 32


def train_batch(model: Any, batch: Batch, known: float) -> tuple[float, int, int]:
    """Accumulate the gradient of the mean taught-token loss; return (loss, exact actions, sequences passed over).

    A sequence whose mean loss is below `known` is passed over: its backward pass, most of its cost, would teach nothing
    (Selective-Backprop, arXiv 1910.00762).
    """
    total = sum(len(tokens.positions) for tokens in batch)
    loss_sum, exact, passed = 0.0, 0, 0
    for tokens in batch:
        with mixed_precision(model):
            logits_N_V = logits_at(model, tokens.ids, tokens.positions).float()
        loss = F.cross_entropy(logits_N_V, tokens.targets, reduction="sum") / total
        loss_sum += loss.item()
        exact += sum(tokens.exact(logits_N_V.argmax(-1)))
        if loss.item() * total / len(tokens.positions) < known:
            passed += 1
        else:
            loss.backward()
    return loss_sum, exact, passed


@torch.no_grad()
def evaluate(model: Any, encoder: Encoder, episodes: int, max_length: int) -> dict[str, tuple[int, int]]:
    """Count exact next actions on held-out episodes, teacher-forced and unconstrained: {suite: (exact, all)}."""
    counts: dict[str, tuple[int, int]] = {}
    for index in range(episodes):
        suite, sequences = draw_sequences(encoder, HELD_OUT + index, max_length, training=False)
        for tokens in sequences:
            with mixed_precision(model):
                predicted = logits_at(model, tokens.ids, tokens.positions).argmax(-1)
            exact = tokens.exact(predicted)
            old = counts.get(suite, (0, 0))
            counts[suite] = (old[0] + sum(exact), old[1] + len(exact))
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


def clone(base: Path, out: Path, config: CloneConfig, start: Path | None = None) -> None:
    """Train until `config.tokens` are seen; write `out/adapter` and a log. Resumes from `out/checkpoint.pt`.

    `start` is the folder of an adapter of the same rank to begin from, with a fresh optimiser.
    """
    out.mkdir(parents=True, exist_ok=True)
    encoder = Encoder(AutoTokenizer.from_pretrained(base))
    model = attach_lora(
        AutoModelForCausalLM.from_pretrained(base, dtype=compute_dtype(), attn_implementation=fastest()),
        config.rank,
        config.alpha,
        config.seed,
    )
    origin: dict[str, Any] | None = None
    if start is not None:
        origin = json.loads((start / "recipe.json").read_text())
        set_peft_model_state_dict(model, load_file(start / "adapter_model.safetensors"))
    optimizer = torch.optim.AdamW(trainable(model), lr=config.lr, betas=(0.9, 0.95), weight_decay=0.0)
    state: dict[str, Any] = {"update": 0, "pool": 0, "position": 0, "tokens": 0, "actions": 0}
    if (out / "checkpoint.pt").exists():
        saved = torch.load(out / "checkpoint.pt", weights_only=True)
        model.load_state_dict(saved["weights"], strict=False)
        optimizer.load_state_dict(saved["optimizer"])
        state = saved["state"]
    started, recent = time.monotonic(), (0, 0)

    for batch, pool, position in batches(
        encoder, config.seed, config.batch_tokens, config.max_length, state["pool"], state["position"]
    ):
        if state["tokens"] >= config.tokens:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate(config, state["update"], state["tokens"])
        loss, exact, passed = train_batch(model, batch, config.known)
        norm = torch.nn.utils.clip_grad_norm_(trainable(model), 1.0)
        optimizer.step()
        optimizer.zero_grad()

        actions = sum(len(tokens.spans) for tokens in batch)
        state["update"] += 1
        state["pool"], state["position"] = pool, position
        state["tokens"] += sum(len(tokens.ids) for tokens in batch)
        state["actions"] += actions
        recent = (recent[0] + exact, recent[1] + actions)
        record: dict[str, Any] = {
            **state,
            "loss": round(loss, 4),
            "exact": round(exact / actions, 3),
            "norm": round(float(norm), 3),
            "passed": f"{passed}/{len(batch)}",
            "seconds": round(time.monotonic() - started, 1),
        }
        if state["update"] % config.checkpoint_every == 0:
            save_checkpoint(out, model, optimizer, state)
        if state["update"] % config.eval_every == 0:
            record["held_out"] = evaluate(model, encoder, config.eval_episodes, config.max_length)
            export(model, out / "adapter", config, state, origin)
        with (out / "log.jsonl").open("a") as log:
            log.write(json.dumps(record) + "\n")
    export(model, out / "adapter", config, state, origin)


def export(model: Any, folder: Path, config: CloneConfig, state: dict[str, Any], origin: dict[str, Any] | None) -> None:
    """Write the adapter in PEFT's format, in bf16, with the recipe beside it, and in it that of the adapter it began from."""
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    shape = json.loads((folder / "adapter_config.json").read_text())
    shape["base_model_name_or_path"] = HUB_ID  # not the folder that it happened to lie in
    (folder / "adapter_config.json").write_text(json.dumps(shape, indent=2) + "\n")
    weights = load_file(folder / "adapter_model.safetensors")
    save_file(
        {name: tensor.to(torch.bfloat16) for name, tensor in weights.items()},
        folder / "adapter_model.safetensors",
        metadata={"format": "pt"},
    )
    recipe: dict[str, Any] = {"recipe": asdict(config), "state": state}
    if origin is not None:
        recipe["start"] = origin
    (folder / "recipe.json").write_text(json.dumps(recipe, indent=1) + "\n")
