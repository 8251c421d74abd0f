"""Behaviour cloning: the embedded base learns the trade from experts in procedural apps, on a CPU or a GPU.

One flat loop. The data are drawn as the loop goes, each episode from its own seed, so a run is fixed by its config
and resumes exactly. The learning rate is constant after a warm-up and falls to a tenth over the last part: a run that
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
from agent.policy.embedded import HUB_ID, file_sha256
from agent.policy.encode import Encoder
from agent.policy.precision import compute_dtype
from browser.errors import UsageError
from consolidation.lora import attach_lora, trainable
from foundation.dataset import HELD_OUT, Batch, Drawing, batches, draw_sequences, padded_groups
from foundation.keep import Ordinary, hold
from foundation.resuming import CHECKPOINT, identity, stopped
from foundation.tasks import named_suites
from foundation.taught import taught_logits


@dataclass(frozen=True, slots=True)
class CloneConfig:
    """Everything that shapes a run."""

    tokens: int = 3_000_000
    """Prompt and reply tokens to train on."""
    suites: str = ""
    """Names of the suites that episodes come from, with commas between; empty: all, by their shares."""
    batch_tokens: int = 1400
    micro_tokens: int = 1
    """Padded tokens that are computed at once; 1: a sequence at a time, which is best on a CPU."""
    pool_episodes: int = 100
    rank: int = 32
    alpha: int = 64
    lr: float = 8e-4
    warmup: int = 50
    decay: float = 0.2
    """Share of the tokens over which the rate falls."""
    max_length: int = 1400
    known: float = 0.01
    """Mean loss below which a sequence is not learned from any more."""
    keep_tokens: int = 0
    """Tokens of ordinary text, an update, on which the model is held to the pretrained one."""
    keep_weight: float = 1.0
    seed: int = 1
    checkpoint_every: int = 25
    eval_every: int = 300
    eval_episodes: int = 32


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a run is computed. Changes its speed and its rounding, not what it learns from."""

    device: str = "cpu"
    workers: int = 0
    """Processes that draw the data ahead."""


CPU = Machine()
MAY_CHANGE = frozenset({"tokens", "micro_tokens", "checkpoint_every", "eval_every", "eval_episodes"})
"""Options that a resumed run may have otherwise: they decide when it ends, what it writes, and its rounding."""


def train_batch(model: Any, batch: Batch, config: CloneConfig, device: str = "cpu") -> tuple[float, int, int]:
    """Accumulate the gradient of the mean taught-token loss; return (loss, exact actions, sequences passed over).

    A sequence whose mean loss is below `known` is passed over: its backward pass, most of its cost where sequences are computed
    one by one, would teach nothing (Selective-Backprop, arXiv 1910.00762).
    """
    total = sum(len(tokens.positions) for tokens in batch)
    loss_sum, exact, passed = 0.0, 0, 0
    for group in padded_groups(batch, config.micro_tokens):
        logits_N_V = taught_logits(model, group, device).float()
        sizes = [len(tokens.positions) for tokens in group]
        losses = F.cross_entropy(
            logits_N_V, torch.cat([tokens.targets for tokens in group]).to(device), reduction="none"
        )
        taught = [part.sum() for part in losses.split(sizes) if part.mean() >= config.known]
        if taught:
            (torch.stack(taught).sum() / total).backward()
        loss_sum += losses.sum().item() / total
        passed += len(group) - len(taught)
        exact += count_exact(group, logits_N_V)
    return loss_sum, exact, passed


def count_exact(group: Batch, logits_N_V: torch.Tensor) -> int:
    """Count the taught actions all of whose tokens are the likeliest ones."""
    predicted = logits_N_V.argmax(-1).cpu().split([len(tokens.positions) for tokens in group])
    return sum(sum(tokens.exact(part)) for tokens, part in zip(group, predicted, strict=True))


@torch.no_grad()
def evaluate(model: Any, encoder: Encoder, config: CloneConfig, device: str = "cpu") -> dict[str, tuple[int, int]]:
    """Count exact next actions on held-out episodes, teacher-forced and unconstrained: {suite: (exact, all)}."""
    counts: dict[str, tuple[int, int]] = {}
    for index in range(config.eval_episodes):
        suite, sequences = draw_sequences(encoder, HELD_OUT + index, config.max_length, training=False)
        for group in padded_groups(sequences, config.micro_tokens):
            old = counts.get(suite, (0, 0))
            exact = count_exact(group, taught_logits(model, group, device))
            counts[suite] = (old[0] + exact, old[1] + sum(len(tokens.spans) for tokens in group))
    return counts


def rate(config: CloneConfig, update: int, seen: int) -> float:
    """Return the learning rate: warm-up, constant, then down to a tenth."""
    left = (1 - seen / config.tokens) / config.decay
    return config.lr * min(1.0, (update + 1) / config.warmup, max(0.1, left))


def save_checkpoint(
    folder: Path, model: Any, optimizer: torch.optim.Optimizer, state: dict[str, Any], of: dict[str, Any]
) -> None:
    """Write adapter, optimiser, cursor and what the run is of aside, then swap them in by one rename."""
    temporary = folder / f"checkpoint.{os.getpid()}.pt"
    weights = {name: parameter.detach() for name, parameter in model.named_parameters() if parameter.requires_grad}
    torch.save({"weights": weights, "optimizer": optimizer.state_dict(), "state": state, "of": of}, temporary)
    temporary.replace(folder / CHECKPOINT)


def clone(
    base: Path,
    out: Path,
    config: CloneConfig,
    start: Path | None = None,
    machine: Machine = CPU,
    ordinary: Path | None = None,
) -> None:
    """Train until `config.tokens` are seen; write `out/adapter` and a log. Resumes from `out/checkpoint.pt`.

    `start` is the folder of an adapter of the same rank to begin from, with a fresh optimiser; `ordinary` a file of texts that
    general language is kept by (`foundation/keep.py`), of which `config.keep_tokens` says how much. Raises UsageError where one of
    the two is given without the other, where a file is not there, and where the checkpoint is of another run.
    """
    among = named_suites(config.suites)
    device = machine.device
    of = identity(base, start, config, MAY_CHANGE) | {"ordinary": _texts(ordinary, config)}
    saved = stopped(out, of, device)
    out.mkdir(parents=True, exist_ok=True)
    encoder = Encoder(AutoTokenizer.from_pretrained(base))
    bare: Any = AutoModelForCausalLM.from_pretrained(
        base, dtype=compute_dtype(device), attn_implementation=fastest(device)
    )
    bare.to(device)
    model = attach_lora(bare, config.rank, config.alpha, config.seed)
    origin: dict[str, Any] | None = None
    if start is not None:
        origin = json.loads((start / "recipe.json").read_text())
        set_peft_model_state_dict(model, load_file(start / "adapter_model.safetensors"))
    optimizer = torch.optim.AdamW(trainable(model), lr=config.lr, betas=(0.9, 0.95), weight_decay=0.0)
    state: dict[str, Any] = {"update": 0, "pool": 0, "position": 0, "tokens": 0, "actions": 0}
    if saved is not None:
        model.load_state_dict(saved["weights"], strict=False)
        optimizer.load_state_dict(saved["optimizer"])
        state = saved["state"]
    texts = Ordinary(ordinary, config.seed) if ordinary else None
    started = time.monotonic()
    drawing = Drawing(base, config.seed, config.max_length, config.pool_episodes, among)

    for batch, pool, position in batches(
        drawing, config.batch_tokens, state["pool"], state["position"], machine.workers
    ):
        if state["tokens"] >= config.tokens:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate(config, state["update"], state["tokens"])
        loss, exact, passed = train_batch(model, batch, config, device)
        kept = None
        if texts:
            ordinary_batch = texts.batch(state["update"], config.keep_tokens)
            kept = hold(model, ordinary_batch, config.keep_weight, config.micro_tokens, device)
        norm = torch.nn.utils.clip_grad_norm_(trainable(model), 1.0)
        optimizer.step()
        optimizer.zero_grad()

        actions = sum(len(tokens.spans) for tokens in batch)
        state["update"] += 1
        state["pool"], state["position"] = pool, position
        state["tokens"] += sum(len(tokens.ids) for tokens in batch)
        state["actions"] += actions
        record: dict[str, Any] = {
            **state,
            "loss": round(loss, 4),
            "exact": round(exact / actions, 3),
            "norm": round(float(norm), 3),
            "passed": f"{passed}/{len(batch)}",
            **({} if kept is None else {"kl_to_pretrained": round(kept, 4)}),
            "seconds": round(time.monotonic() - started, 1),
        }
        if state["update"] % config.checkpoint_every == 0:
            save_checkpoint(out, model, optimizer, state, of)
        if state["update"] % config.eval_every == 0:
            record["held_out"] = evaluate(model, encoder, config, device)
            export(model, out / "adapter", config, state, origin)
        with (out / "log.jsonl").open("a") as log:
            log.write(json.dumps(record) + "\n")
    export(model, out / "adapter", config, state, origin)


def _texts(ordinary: Path | None, config: CloneConfig) -> str:
    """Return the hash of the texts that are held to, empty where none are."""
    if bool(ordinary) != bool(config.keep_tokens):
        raise UsageError(
            "--ordinary and --keep-tokens belong together: with one alone nothing is kept",
            "Give both, as in --ordinary FILE --keep-tokens 4096, or neither",
        )
    if ordinary and not ordinary.is_file():
        raise UsageError(f"there is no file {ordinary}", "`python -m foundation ordinary` writes one")
    return file_sha256(ordinary) if ordinary else ""


def export(model: Any, folder: Path, config: Any, state: dict[str, Any], origin: dict[str, Any] | None) -> None:
    """Write the adapter in PEFT's format, in bf16, with the recipe (a dataclass) beside it, and in it that of the adapter it began from."""
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
