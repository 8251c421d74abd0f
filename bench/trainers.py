"""Our distillation beside TRL's SDFT trainer: tokens a second, peak memory, and the same loss on the same input.

    python -m bench.trainers [--peers PYTHON] [--sessions N] [--passes N] [--rows NAMES] [--model FOLDER] [--json FILE]

Both learn from the same recorded sessions of procedural apps, in token ids: the same base, LoRA of the same rank on the same layers,
AdamW, forward KL over 64 ids and a tail. Each row is a process of its own, one after the other, and only learning is timed, not
loading. A decision is a prompt and its reply; TRL reads each by itself, and `tokens/s` counts the tokens of the decisions so, whatever
a row really read.

*given*: the recorded replies are learned from. *its own*: the student writes the replies, anew in each pass. *as shipped*: the
first third of the layers has no adapter, as in a night. TRL is not installed with this package:

    python -m venv runs/trl && runs/trl/bin/pip install trl    # without a second torch: docs/bench.md
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from agent.policy.encode import Encoder
from agent.policy.local import load_tokenizer
from bench.trainer_input import LENGTHS, Asked, decisions, sessions
from bench.trainer_ours import Request
from browser.errors import ApprenticeError, SetupError, UsageError
from tui.wiring import find_base

PEER = Path(__file__).with_name("trainer_peer.py")
PEERS_PYTHON = Path("runs/trl/bin/python")
CLOSE = 1e-5
"""How far two losses of the same input may lie apart, in nats, or as a share of what is above one nat."""
OURS, TRL = "apprentice", "TRL SDFT"


@dataclass(frozen=True, slots=True)
class Row:
    """One way to learn, with what it does about replies and memory."""

    name: str
    ours: bool
    way: str
    """Of ours: decisions, sessions, dreams. Of TRL's: given, own."""
    checkpointing: bool = False
    untouched: float = 0.0
    at_once: int = 1
    """Decisions that TRL computes at once."""


def rows(batch: int) -> list[Row]:
    """Return what is compared, for updates of `batch` sequences."""
    return [
        Row(f"{OURS}, decisions, given", True, "decisions"),
        Row(f"{OURS}, decisions, given, layers recomputed", True, "decisions", checkpointing=True),
        Row(f"{OURS}, whole sessions, given, as shipped", True, "sessions", untouched=1 / 3),
        Row(f"{OURS}, whole sessions, given, as shipped, layers recomputed", True, "sessions", True, 1 / 3),
        Row(f"{OURS}, whole sessions, its own, as shipped, layers recomputed", True, "dreams", True, 1 / 3),
        Row(f"{TRL}, given, one at a time", False, "given"),
        Row(f"{TRL}, its own, one at a time", False, "own"),
        Row(f"{TRL}, its own, {batch} at once", False, "own", at_once=batch),
    ]


def run(program: Sequence[str | Path], request: dict[str, Any], *more: str | Path) -> dict[str, Any]:
    """Run one side in a process of its own and return what it printed last. Raises SetupError when it fails."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as asked:
        json.dump(request, asked)
        asked.flush()
        return _answer([*map(str, program), asked.name, *map(str, more)])


def _answer(command: Sequence[str]) -> dict[str, Any]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    root = str(Path(__file__).parents[1])
    own = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env=own if command[0] == sys.executable else kept,
        cwd=None if command[0] == sys.executable else tempfile.gettempdir(),
    )
    if done.returncode:
        said = (done.stderr.strip() or "nothing").splitlines()[-1]
        raise SetupError(f"a trainer ended with {done.returncode}: {said}", f"Run it by hand: {' '.join(command)}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def peer(python: Path) -> list[str | Path]:
    """Return the command of the other side; `-P` keeps our folder of benches off its path."""
    return [python, "-P", PEER]


def has_trl(python: Path) -> bool:
    """Whether this Python has TRL."""
    if not python.exists():
        return False
    code = "import importlib.metadata as m; m.version('trl')"
    return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0


def measure(row: Row, request: Request, asked: Sequence[Asked], python: Path) -> dict[str, Any]:
    """Run one row; add its speed in decisions and in tokens as one reads them by themselves."""
    record = asdict(request)
    if row.ours:
        record |= {"way": row.way, "checkpointing": row.checkpointing, "untouched": row.untouched}
        found = run([sys.executable, "-m", "bench.trainer_ours"], record)
    else:
        learned = [asdict(one) for one in asked]
        found = run(peer(python), record | {"given": row.way == "given", "at_once": row.at_once, "asked": learned})
    tokens = found["decisions"] * sum(one.tokens for one in asked) / len(asked)
    return {
        "name": row.name,
        "ours": row.ours,
        "way": row.way,
        **found,
        "tokens_per_second": round(tokens / found["seconds"], 1),
        "tokens_per_cpu_second": round(tokens / found["cpu_seconds"], 1),
        "load": round(psutil.getloadavg()[0], 1),
    }


def equal_losses(request: Request, python: Path) -> dict[str, float]:
    """Return, by kind and support, the largest difference between our divergence and TRL's of the same logits."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "logits.pt"
        record = asdict(request) | {"way": "logits"}
        ours = run([sys.executable, "-m", "bench.trainer_ours"], record, kept)
        theirs = _answer([*map(str, peer(python)), "losses", str(kept)])
    return {kind: apart(ours[kind], theirs[kind]) for kind in ours}


def apart(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how far losses lie apart at the most, in nats, or as a share of what is above one nat; nan where one is no number."""
    found = [abs(a - b) / max(1.0, abs(a)) for a, b in zip(one, other, strict=True)]
    return math.nan if any(map(math.isnan, found)) else max(found)


def verdict(differences: dict[str, float]) -> int:
    """Return the exit code: 1 where losses over the whole vocabulary are not `CLOSE`; with a tail they need not be (docs/bench.md)."""
    return int(not all(value <= CLOSE for kind, value in differences.items() if "full" in kind))


def ratios(found: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return how many times as many tokens each of our rows learns from as each of TRL's, and its share of the memory."""
    pairs = [(a, b) for a in found if a["ours"] for b in found if not b["ours"]]
    out: dict[str, float] = {}
    for a, b in pairs:
        key = f"{a['name']} / {b['name']}"
        out[f"{key}: tokens per cpu second"] = round(a["tokens_per_cpu_second"] / b["tokens_per_cpu_second"], 2)
        out[f"{key}: tokens per second"] = round(a["tokens_per_second"] / b["tokens_per_second"], 2)
        out[f"{key}: peak memory"] = round(a["peak_mib"] / b["peak_mib"], 2)
        out[f"{key}: memory beyond loading"] = round(_beyond(a) / _beyond(b), 2)
    return out


def _beyond(row: dict[str, Any]) -> float:
    return row["peak_mib"] - row["loaded_mib"]


def table(found: Sequence[dict[str, Any]]) -> str:
    """Write the rows for a terminal."""
    columns = (
        ("decisions", 9),
        ("read", 8),
        ("s", 7),
        ("cpu s", 7),
        ("tokens/s", 9),
        ("/cpu s", 7),
        ("peak MiB", 9),
        ("loaded", 7),
    )
    head = f"{'trainer':<66}" + "".join(f" {name:>{width}}" for name, width in (*columns, ("loss", 15)))
    lines = [
        f"{row['name']:<66} {row['decisions']:>9} {row['read']:>8,} {row['seconds']:>7.1f} {row['cpu_seconds']:>7.1f} "
        f"{row['tokens_per_second']:>9.1f} {row['tokens_per_cpu_second']:>7.1f} {row['peak_mib']:>9.0f} {row['loaded_mib']:>7.0f} "
        f"{row['first']:>7.3f} {row['last']:>7.3f}"
        for row in found
    ]
    return "\n".join([head, "-" * len(head), *lines])


def compare(
    request: Request, chosen: Sequence[Row], python: Path, tell: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Measure the chosen rows, and the losses where TRL is there."""
    encoder = Encoder(load_tokenizer(Path(request.model)))
    asked = list(decisions(encoder, sessions(encoder, request.sessions, request.lengths)))
    asked = asked[: len(asked) // request.batch * request.batch]  # TRL leaves out what fills no batch
    if not asked:
        raise UsageError(f"{request.sessions} sessions have no {request.batch} decisions", "Ask for more --sessions")
    there = has_trl(python)
    if not there:
        tell(f"not measured, since TRL is not in {python}; the first lines of `--help` say how it gets there")
    found = []
    for row in chosen:
        if row.ours or there:
            tell(row.name)
            found.append(measure(row, request, asked, python))
    losses = equal_losses(request, python) if there else {}
    return {
        "request": asdict(request),
        "threads": os.environ.get("OMP_NUM_THREADS", ""),
        "decisions": len(asked),
        "mean_tokens": round(sum(one.tokens for one in asked) / len(asked)),
        "rows": found,
        "ratios": ratios(found),
        "largest_difference_of_losses": losses,
    }


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="python -m bench.trainers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--peers", type=Path, default=PEERS_PYTHON, help="the Python that has TRL")
    made.add_argument("--sessions", type=int, default=3, help="recorded sessions to learn from")
    made.add_argument("--passes", type=int, default=2, help="times that each decision is learned from")
    made.add_argument("--batch", type=int, default=6, help="sequences in one update")
    made.add_argument("--rank", type=int, default=16)
    made.add_argument("--lengths", type=int, nargs=2, default=LENGTHS, help="tokens of a sequence, from and to")
    made.add_argument("--rows", nargs="+", default=[""], help="only rows whose names have one of these in them")
    made.add_argument("--model", help="folder of a base model; default: the embedded one")
    made.add_argument("--json", type=Path, help="write the figures here")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print a table, and keep the figures when a file is named."""
    args = parser().parse_args(argv)
    chosen = [row for row in rows(args.batch) if any(part in row.name for part in args.rows)]
    try:
        base = str(find_base(args.model).path.absolute())
        request = Request(
            base, "", args.sessions, args.passes, args.batch, args.rank, 1e-3, lengths=tuple(args.lengths)
        )
        figures = compare(request, chosen, args.peers.absolute(), print_error)
    except ApprenticeError as error:
        print_error(f"error: {error}")
        return error.exit_code
    print(table(figures["rows"]))  # noqa: T201 - the result
    for name, value in {**figures["ratios"], **figures["largest_difference_of_losses"]}.items():
        print(f"{name}: {value:.2g}" if value < CLOSE else f"{name}: {value}")  # noqa: T201
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n")
    return verdict(figures["largest_difference_of_losses"])


def print_error(text: str) -> None:
    """Tell of the progress beside the results."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a program's progress


if __name__ == "__main__":
    sys.exit(main())
