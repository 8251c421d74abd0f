"""What the foundation cost in general language: perplexity of ordinary text and following of instructions, before and after.

    python -m bench.language [--model FOLDER] [--pretrained FOLDER] [--windows N] [--skip-instructions] [--json FILE]

The text is what lies on every machine that runs this: Python's language reference and docstrings, the licences and package
descriptions of a Debian system where there are some. Nothing of it was trained on. Both models read the same windows. Instructions
(`bench/instructions.py`) are answered greedily, and code checks their form.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import inspect
import json
import math
import pydoc_data.topics
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from agent.paths import models_dir
from agent.policy.embedded import set_up_pretrained
from agent.policy.precision import compute_dtype
from bench.arena import wilson
from bench.instructions import INSTRUCTIONS
from browser.errors import ApprenticeError
from tui.wiring import find_base

WINDOW = 512
"""Tokens that are read at once."""
WORST_RATIO = 1.05
ANSWER_TOKENS, BATCH = 200, 8
LICENCES = Path("/usr/share/common-licenses")
PACKAGES = Path("/var/lib/dpkg/status")
MODULES = (
    "argparse",
    "asyncio",
    "calendar",
    "csv",
    "datetime",
    "decimal",
    "email",
    "fractions",
    "heapq",
    "logging",
    "pathlib",
    "random",
)


def corpora() -> dict[str, str]:
    """Return ordinary texts by name, those that this machine has."""
    topics = pydoc_data.topics.topics
    found = {
        "Python's language reference": "\n".join(topics[name] for name in sorted(topics)),
        "Python's docstrings": "\n\n".join(_docstrings()),
    }
    if LICENCES.is_dir():
        files = sorted(path for path in LICENCES.iterdir() if path.is_file() and not path.is_symlink())
        found["licences"] = "\n".join(path.read_text(errors="replace") for path in files)
    if PACKAGES.is_file():
        found["package descriptions"] = _descriptions(PACKAGES.read_text(errors="replace"))
    return found


def _docstrings() -> list[str]:
    out: dict[str, None] = {}
    for name in MODULES:
        module = importlib.import_module(name)
        things = [module, *(thing for _, thing in inspect.getmembers(module, inspect.isclass))]
        for thing in things:
            out.update({text: None for text in (inspect.getdoc(thing),) if text and len(text) > 200})
    return list(out)


def _descriptions(status: str) -> str:
    """Return the prose of a Debian system's package list."""
    blocks = re.findall(r"^Description: (.*\n(?: .*\n)+)", status, re.MULTILINE)
    return "\n\n".join(re.sub(r"^ \.?", "", block, flags=re.MULTILINE).strip() for block in blocks)


def windows(tokenizer: Any, text: str, count: int) -> list[torch.Tensor]:
    """Cut a text into windows of `WINDOW` tokens and return at most `count` of them, evenly spread."""
    ids = torch.tensor(tokenizer(text, add_special_tokens=False)["input_ids"])
    whole = [ids[first : first + WINDOW] for first in range(0, len(ids) - WINDOW + 1, WINDOW)]
    return [whole[i * len(whole) // min(count, len(whole))] for i in range(min(count, len(whole)))]


@torch.inference_mode()
def perplexity(model: Any, pieces: Sequence[torch.Tensor]) -> float:
    """Return e to the mean loss of every token but each window's first, given those before it."""
    total, tokens = 0.0, 0
    for ids_T in pieces:
        logits_T_V = model(input_ids=ids_T[None]).logits[0, :-1].float()
        total += float(torch.nn.functional.cross_entropy(logits_T_V, ids_T[1:], reduction="sum"))
        tokens += len(ids_T) - 1
    return math.exp(total / tokens)


@torch.inference_mode()
def answers(model: Any, tokenizer: Any) -> list[str]:
    """Answer every instruction, greedily."""
    tokenizer.padding_side = "left"
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    out: list[str] = []
    for first in range(0, len(INSTRUCTIONS), BATCH):
        turns = [[{"role": "user", "content": item.prompt}] for item in INSTRUCTIONS[first : first + BATCH]]
        texts = [tokenizer.apply_chat_template(turn, add_generation_prompt=True, tokenize=False) for turn in turns]
        batch = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
        made = model.generate(
            **batch, max_new_tokens=ANSWER_TOKENS, do_sample=False, pad_token_id=tokenizer.pad_token_id
        )
        out += tokenizer.batch_decode(made[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
    return out


def measure(folder: Path, texts: dict[str, str], count: int, *, with_instructions: bool) -> dict[str, Any]:
    """Measure one model."""
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=compute_dtype()).eval()
    found: dict[str, Any] = {
        "perplexity": {name: perplexity(model, windows(tokenizer, text, count)) for name, text in texts.items()}
    }
    if with_instructions:
        said = answers(model, tokenizer)
        found["answers"] = said
        found["followed"] = [item.check(text.strip()) for item, text in zip(INSTRUCTIONS, said, strict=True)]
    return found


def table(before: dict[str, Any], after: dict[str, Any]) -> str:
    """Write both models' figures side by side."""
    rows = [f"{'perplexity':32} {'pretrained':>11} {'foundation':>11} {'ratio':>7}"]
    ratios = []
    for name, was in before["perplexity"].items():
        now = after["perplexity"][name]
        ratios.append(now / was)
        rows.append(f"{name:32} {was:>11.2f} {now:>11.2f} {now / was:>7.3f}")
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    verdict = "within" if mean <= WORST_RATIO else "NOT within"
    rows.append(f"{'all, geometric mean':32} {'':>11} {'':>11} {mean:>7.3f}   {verdict} {WORST_RATIO:.2f}")
    if "followed" in before:
        for name, found in (("pretrained", before), ("foundation", after)):
            hits, low_high = sum(found["followed"]), wilson(sum(found["followed"]), len(found["followed"]))
            interval = f"95 % {low_high[0]:.3f} to {low_high[1]:.3f}"
            rows.append(f"instructions followed, {name:10} {hits:>4} of {len(found['followed'])}   {interval}")
    return "\n".join(rows)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure both models, print, and keep the figures when a file is named."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.language", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", help="folder of the model after; default: the embedded one")
    parser.add_argument(
        "--pretrained", type=Path, help="folder of the model before; default: the embedded one's weights"
    )
    parser.add_argument("--windows", type=int, default=24, help=f"windows of {WINDOW} tokens a text")
    parser.add_argument("--skip-instructions", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures and the answers here")
    args = parser.parse_args(argv)
    texts = corpora()
    try:
        after = find_base(args.model).path
        before = args.pretrained or set_up_pretrained(models_dir())
    except ApprenticeError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program's error
        return error.exit_code
    with_instructions = not args.skip_instructions
    found = [measure(folder, texts, args.windows, with_instructions=with_instructions) for folder in (before, after)]
    print(table(*found))  # noqa: T201 - the result
    if args.json:
        hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
        args.json.write_text(json.dumps({"texts": hashes, "before": found[0], "after": found[1]}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
