"""What one training step of a larger base costs: a plan without any memory, and a real step at reduced depth beside it.

    python -m bench.memory_plan [--shapes NAME…] [--tokens 4096] [--layers N] [--device cpu|cuda] [--json FILE]

The plan builds the model on torch's meta device, which has shapes and no bytes, and adds up weights in bf16, adapter, gradients,
optimiser, what each layer keeps for the backward pass, and a chunk of logits. The real step has random weights of the same width,
`--layers` of the layers (0: all, which wants a GPU), and is our own distillation step: the teacher's pass, then the student's
forward and backward pass and AdamW. It runs in a process of its own; the plan for that depth stands beside it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
from peft import PeftModel
from transformers import Qwen3_5ForCausalLM, Qwen3_5TextConfig

from agent.policy.attention import fastest
from agent.policy.precision import compute_dtype
from bench.trainer_ours import peak_mib
from browser.errors import ApprenticeError, SetupError
from consolidation.distill import DistillConfig, distill
from consolidation.examples import TOP_K, Example
from consolidation.lora import attach_lora, logits_at, mixed_precision, trainable
from consolidation.losses import on_support, top_ids
from consolidation.passes import CHUNK
from consolidation.tokens import Tokens

TOKENS, REPLY = 4_096, 64
"""A prompt, and the taught tokens at its end."""
LESSON = 128
"""What the teacher reads more."""
SHAPES: dict[str, dict[str, int]] = {
    "qwen3.5-2b": {
        "hidden_size": 2048,
        "intermediate_size": 6144,
        "num_hidden_layers": 24,
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
        "linear_num_key_heads": 16,
        "linear_num_value_heads": 16,
    },
    "qwen3.5-4b": {
        "hidden_size": 2560,
        "intermediate_size": 9216,
        "num_hidden_layers": 32,
        "num_attention_heads": 16,
        "num_key_value_heads": 4,
        "linear_num_key_heads": 16,
        "linear_num_value_heads": 32,
    },
    "tiny": {
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 4,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "linear_num_key_heads": 2,
        "linear_num_value_heads": 2,
        "vocab_size": 1_000,
    },
}
"""Widths by hand; heads of 256, 248,320 words and three linear layers to one of attention are the class's own defaults."""
PLANNED = ("qwen3.5-2b", "qwen3.5-4b")
"""The tiny one is for a look at the bench in seconds."""
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Plan:
    """Bytes of one training step, checkpointed layer by layer."""

    shape: str
    layers: int
    tokens: int
    parameters: int
    adapter_parameters: int
    weights: int
    adapter: int
    gradients: int
    optimizer: int
    kept: int
    """What the checkpoints keep: each adapted layer's input."""
    layer: int
    """What one layer holds while it is computed again."""
    logits: int
    """A chunk of logits with their log-probabilities and gradients."""

    @property
    def total(self) -> int:
        """All of it."""
        parts = (self.weights, self.adapter, self.gradients, self.optimizer, self.kept, self.layer, self.logits)
        return sum(parts)

    def to_json(self) -> dict[str, Any]:
        """Return the plan for `--json FILE`."""
        return asdict(self) | {"total": self.total}


def config_of(shape: str, layers: int = 0) -> Qwen3_5TextConfig:
    """Return the configuration of a shape, with so many of its layers (0: all). Layers come in fours: three linear, one of attention."""
    values: dict[str, Any] = dict(SHAPES[shape])
    if layers:
        values["num_hidden_layers"] = layers
    return Qwen3_5TextConfig(**values, tie_word_embeddings=True)


def adapted(config: Qwen3_5TextConfig, device: str, shape: DistillConfig, dtype: torch.dtype) -> PeftModel:
    """Build a random model on a device and put an adapter on it; on `meta` that takes no memory."""
    with torch.device(device):
        attention = "sdpa" if device == "meta" else fastest(device)
        model = Qwen3_5ForCausalLM._from_config(config, dtype=dtype, attn_implementation=attention)
        return attach_lora(model, shape.rank, shape.alpha, shape.seed, shape.untouched)


def plan(name: str, tokens: int, layers: int = 0, shape: DistillConfig | None = None) -> Plan:
    """Add up one step on the meta device."""
    shape = shape or DistillConfig()
    config = config_of(name, layers)
    model = adapted(config, "meta", shape, torch.bfloat16)
    own = sum(parameter.numel() for parameter in trainable(model))
    every = sum(parameter.numel() for parameter in model.parameters())
    above = config.num_hidden_layers - round(shape.untouched * config.num_hidden_layers)
    half = 2
    rows = min(REPLY, max(1, CHUNK // config.vocab_size))
    return Plan(
        name,
        config.num_hidden_layers,
        tokens,
        every - own,
        own,
        weights=(every - own) * half,
        adapter=own * 4,
        gradients=own * 4,
        optimizer=own * 8,
        kept=above * tokens * config.hidden_size * half,
        layer=saved_by_a_layer(model, config, tokens),
        logits=rows * config.vocab_size * 4 * 4,
    )


def saved_by_a_layer(model: PeftModel, config: Qwen3_5TextConfig, tokens: int) -> int:
    """Return the bytes that the hungriest kind of layer saves for its backward pass, by asking autograd on the meta device."""
    bare: Any = model.get_base_model()
    weights = {id(parameter) for parameter in model.parameters()}
    most = 0
    for at in _one_of_each(config):
        saved: dict[int, torch.Tensor] = {}  # held, since an id is a tensor's own only while it lives

        def keep(tensor: torch.Tensor, saved: dict[int, torch.Tensor] = saved) -> torch.Tensor:
            if id(tensor) not in weights:
                saved[id(tensor)] = tensor
            return tensor

        decoder = bare.get_decoder()
        read = torch.empty(1, tokens, config.hidden_size, dtype=torch.bfloat16, device="meta", requires_grad=True)
        places = torch.arange(tokens, device="meta")[None]
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), mixed_precision(model):
            turns = decoder.rotary_emb(read, places)
            decoder.layers[at](read, position_embeddings=turns, attention_mask=None, position_ids=places)
        most = max(most, sum(tensor.numel() * tensor.element_size() for tensor in saved.values()))
    return most


def _one_of_each(config: Qwen3_5TextConfig) -> list[int]:
    """Return the last layer of each kind."""
    kinds = config.layer_types or []
    return [len(kinds) - 1 - kinds[::-1].index(kind) for kind in sorted(set(kinds))]


def step(name: str, tokens: int, layers: int, device: str = "cpu") -> dict[str, Any]:
    """Take one distillation step of a random model, in this process; return its seconds and what memory it took beyond the libraries."""
    idle = psutil.Process().memory_info().rss / MIB
    shape = DistillConfig(sequences=1, anchors=0, agreed=0.0, checkpointing=True)
    config = config_of(name, layers)
    torch.manual_seed(1)
    model = adapted(config, device, shape, compute_dtype(device))
    ids = torch.randint(100, config.vocab_size, (tokens + LESSON,))
    began, used = time.perf_counter(), time.process_time()
    example = _scored(model, ids, device)
    taught, processor = time.perf_counter() - began, time.process_time() - used
    distill(model, [example], [], shape, 1, 0, 1)
    peak = torch.cuda.max_memory_allocated() / MIB if device != "cpu" else peak_mib() - idle
    return {
        "shape": name,
        "layers": config.num_hidden_layers,
        "tokens": tokens,
        "device": torch.cuda.get_device_name() if device != "cpu" else "cpu",
        "threads": torch.get_num_threads(),
        "teacher_seconds": round(taught, 1),
        "step_seconds": round(time.perf_counter() - began - taught, 1),
        "cpu_seconds": round(time.process_time() - used, 1),
        "teacher_cpu_seconds": round(processor, 1),
        "peak_mib": round(peak),
    }


def _scored(model: PeftModel, ids: torch.Tensor, device: str) -> Example:
    """Let the teacher, which reads a lesson more, score the last tokens of the student's prompt."""
    places = torch.arange(len(ids) - REPLY - 1, len(ids) - 1)
    with torch.no_grad(), mixed_precision(model, device), model.disable_adapter():
        logits_N_V = logits_at(model, ids, places).float().cpu()
    support = top_ids(logits_N_V, TOP_K)
    return Example(Tokens(ids[LESSON:], places - LESSON, ()), support, on_support(logits_N_V, support), "bench")


def measured(name: str, tokens: int, layers: int, device: str) -> dict[str, Any]:
    """Take the step in a process of its own, and put the plan for its depth beside it."""
    command = [sys.executable, "-m", "bench.memory_plan", "--shapes", name, "--tokens", str(tokens)]
    command += ["--layers", str(layers), "--device", device, "--step"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or "killed").splitlines()[-1]
        raise SetupError(f"the step of {name} failed: {said}", "Take fewer --layers or --tokens")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    planned = plan(name, tokens, layers).total / MIB
    return found | {"planned_mib": round(planned), "planned_to_measured": round(planned / found["peak_mib"], 2)}


def table(plans: Sequence[Plan]) -> str:
    """Write plans for a terminal, in MiB."""
    parts = ("weights", "adapter", "gradients", "optimizer", "kept", "layer", "logits", "total")
    head = f"{'shape':<12} {'layers':>6} {'tokens':>6} {'parameters':>13} " + " ".join(f"{part:>9}" for part in parts)
    lines = [
        f"{one.shape:<12} {one.layers:>6} {one.tokens:>6,} {one.parameters:>13,} "
        + " ".join(f"{getattr(one, part) / MIB:>9,.0f}" for part in parts)
        for one in plans
    ]
    return "\n".join([head, "-" * len(head), *lines])


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="python -m bench.memory_plan", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--shapes", nargs="*", choices=SHAPES, default=PLANNED)
    made.add_argument("--tokens", type=int, default=TOKENS, help="length of the student's prompt with its reply")
    made.add_argument("--layers", type=int, default=4, help="layers of the real step; 0 for all of them")
    made.add_argument("--device", default="cpu")
    made.add_argument("--only-plan", action="store_true", help="take no real step")
    made.add_argument("--step", action="store_true", help="take the step here and print it alone")
    made.add_argument("--json", type=Path, help="write the figures here")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Plan, take the steps, print both, and keep the figures when a file is named."""
    args = parser().parse_args(argv)
    if args.step:
        print(json.dumps(step(args.shapes[0], args.tokens, args.layers, args.device)))  # noqa: T201 - the result
        return 0
    plans = [plan(name, args.tokens) for name in args.shapes]
    print(table(plans) + "\n")  # noqa: T201
    try:
        names = [] if args.only_plan else args.shapes
        steps = [measured(name, args.tokens, args.layers, args.device) for name in names]
    except ApprenticeError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program's error
        return error.exit_code
    for one in steps:
        print(json.dumps(one))  # noqa: T201
    if args.json:
        figures = {"plans": [one.to_json() for one in plans], "steps": steps}
        args.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
