"""What the embedded base costs on this machine: one decision by day, one training step by night.

    python -m bench.model [--model FOLDER] [--rounds N] [--json FILE]

A decision is measured cold (the whole page is new) and warm (one step later on the same page: the cache is appended to), on a
page of 60 lines, greedy and under the page's grammar. Claims of speed are ratios within this run: the two sides take turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from agent.policy.attention import grouped_attention
from agent.policy.encode import Encoder
from agent.policy.local import LocalPolicy, load_model, load_tokenizer
from agent.policy.precision import compute_dtype
from agent.prompt import Transcript
from browser.errors import ApprenticeError
from browser.types import Line, Observation, StepResult
from consolidation.lora import attach_lora, logits_at, mixed_precision, trainable
from tui.wiring import find_base

LINES = 60
ROUNDS = 7
SEQUENCE, PROMPT = 512, 1_200
FORMATS = (torch.float32, torch.bfloat16)
HEADS, GROUPS, WIDTH = 9, 3, 64
"""The embedded base's attention: 9 query heads over 3 key-value heads of 64."""


def page_of(lines: int) -> Observation:
    """Make a page of so many lines: links, a form, and rows with a button each."""
    head = [Line("link", f"Section {i}", i + 1) for i in range(8)]
    form = [Line("textbox", f"Field {i}", 20 + i, value=f"{i}.50", states=("required",)) for i in range(4)]
    rows = [
        line
        for i in range(lines)
        for line in (
            Line("row", f"2026-03-{i % 28 + 1:02d} | Invoice {i} | {i * 13 % 900}.50"),
            Line("button", f"Edit (Invoice {i})", 40 + i),
        )
    ]
    kept = [Line("heading", "Invoices"), *head, *form, *rows][: lines - 1]
    return Observation("http://127.0.0.1/", "Invoices", (*kept, Line("button", "Save", 900)))


def decisions(policy: LocalPolicy, rounds: int) -> dict[str, float]:
    """Measure decisions in seconds, cold and warm, and the tokens they read."""
    cold, warm, tokens = [], [], 0
    for number in range(rounds):
        page = page_of(LINES)
        transcript = Transcript(f'Click "Edit (Invoice {number})", then type "{number}" into "Field 1"')
        transcript.start(page)
        first = policy.decide(transcript.prompt(), page)
        cold.append(first.took_ms / 1e3)
        tokens = first.prompt_tokens
        transcript.advance(first.action, StepResult(page))
        warm.append(policy.decide(transcript.prompt(), page).took_ms / 1e3)
    return {
        "prompt_tokens": tokens,
        "cold_seconds": round(statistics.median(cold), 3),
        "warm_seconds": round(statistics.median(warm), 3),
    }


def training(model: Any, rounds: int) -> dict[str, float]:
    """Measure one sequence forward and backward with LoRA, our precision against PEFT's own, in turns."""
    adapted = attach_lora(model, 16, 32, seed=1)
    adapted.train()
    ids = torch.randint(100, 40_000, (SEQUENCE,))
    positions = torch.arange(SEQUENCE - 40, SEQUENCE - 1)

    def step(context: Any) -> None:
        with context:
            loss = torch.nn.functional.cross_entropy(logits_at(adapted, ids, positions).float(), ids[positions + 1])
        loss.backward()
        for parameter in trainable(adapted):
            parameter.grad = None

    def autocast() -> Any:
        return torch.autocast("cpu", dtype, enabled=dtype is not torch.float32)

    dtype = compute_dtype()
    ours, plain = in_turns(lambda: step(mixed_precision(adapted)), lambda: step(autocast()), rounds)
    return {
        "sequence_tokens": SEQUENCE,
        "step_seconds": round(ours, 3),
        "tokens_per_second": round(SEQUENCE / ours),
        "times_as_fast_as_peft_casting": round(plain / ours, 2),
    }


def precision(rounds: int) -> dict[str, Any]:
    """Measure one matrix product of the embedded base in fp32 and in bf16, in turns."""
    sides = {dtype: (torch.randn(500, 576).to(dtype), torch.randn(1536, 576).to(dtype)) for dtype in FORMATS}
    full, half = in_turns(
        lambda: _product(*sides[torch.float32]), lambda: _product(*sides[torch.bfloat16]), rounds * 10
    )
    return {
        "chosen": str(compute_dtype()),
        "fp32_ms": round(full * 1e3, 2),
        "bf16_ms": round(half * 1e3, 2),
        "fp32_times_as_fast": round(half / full, 2),
    }


def _product(a: torch.Tensor, b: torch.Tensor) -> None:
    torch.nn.functional.linear(a, b)


def attention(rounds: int, tokens: int, *, backward: bool) -> dict[str, float]:
    """Measure our attention and PyTorch's fused kernel, in turns."""
    module: Any = torch.nn.Module()
    module.num_key_value_groups = HEADS // GROUPS
    query, key, value = (
        torch.randn((1, heads, tokens, WIDTH), dtype=compute_dtype(), requires_grad=backward)
        for heads in (HEADS, GROUPS, GROUPS)
    )

    def attend(how: Callable[..., tuple[torch.Tensor, Any]]) -> None:
        out, _ = how(module, query, key, value, None)
        if backward:
            torch.autograd.grad(out.sum(), (query, key, value))

    with nullcontext() if backward else torch.no_grad():
        ours, fused = in_turns(lambda: attend(grouped_attention), lambda: attend(sdpa_attention_forward), rounds * 5)
    return {
        "tokens": tokens,
        "ours_ms": round(ours * 1e3, 2),
        "fused_ms": round(fused * 1e3, 2),
        "ours_times_as_fast": round(fused / ours, 2),
    }


def in_turns(one: Callable[[], None], other: Callable[[], None], rounds: int) -> tuple[float, float]:
    """Return the median seconds of two things done in turns, so that a busy moment hits both."""
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):
        for act, list_of in zip((one, other), took, strict=True):
            started = time.perf_counter()
            act()
            if number:  # the first round warms up
                list_of.append(time.perf_counter() - started)
    return statistics.median(took[0]), statistics.median(took[1])


def measure(folder: Path, rounds: int) -> dict[str, Any]:
    """Measure everything for one model."""
    policy = LocalPolicy(load_model(folder), Encoder(load_tokenizer(folder)), name=folder.name)
    by_day = decisions(policy, rounds)
    return {
        "threads": torch.get_num_threads(),
        "page_lines": LINES,
        "decision": by_day,
        "training": training(load_model(folder), rounds),
        "precision": precision(rounds),
        "attention_of_a_prompt": attention(rounds, PROMPT, backward=False),
        "attention_in_training": attention(rounds, SEQUENCE, backward=True),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and keep the figures when a file is named."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.model", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", help="folder of a base model; default: the embedded one")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args(argv)
    try:
        figures = measure(find_base(args.model).path, args.rounds)
    except ApprenticeError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program's error
        return error.exit_code
    text = json.dumps(figures, indent=1)
    print(text)  # noqa: T201 - the result
    if args.json:
        args.json.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
