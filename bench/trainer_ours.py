"""One side of `bench.trainers`, in a process of its own: `python -m bench.trainer_ours REQUEST.json` prints one JSON object.

Three ways to learn from the same sessions. *decisions*: a sequence is one prompt and one reply, as other trainers have it.
*sessions*: a sequence is a page with all decisions on it, as a night has it. *dreams*: the same, on sessions that the student acts
out itself, anew in each pass.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import torch
from peft import PeftModel

from agent.policy.encode import Encoder
from agent.policy.local import LocalPolicy, load_model, load_tokenizer
from bench.trainer_input import Asked, Recorded, decisions, sessions
from consolidation.distill import DistillConfig, Progress, distill
from consolidation.examples import TOP_K, Example, distilled
from consolidation.lora import attach_lora, logits_at, merged, mixed_precision
from consolidation.losses import Divergence, divergence, on_support, top_ids
from consolidation.probes import roll_out
from consolidation.rehearsal.variants import Variant
from consolidation.tokens import Tokens

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Request:
    """What one side is asked to do. Both sides get the same, as far as they can heed it."""

    model: str
    way: str
    sessions: int
    passes: int
    batch: int
    rank: int
    lr: float
    untouched: float = 0.0
    checkpointing: bool = False
    lengths: tuple[int, int] = (0, 0)
    seed: int = 1


def peak_mib() -> float:
    """Return the most memory that this process has held, in MiB.

    Read from the kernel where it tells: `getrusage` counts what the parent held when it began this process.
    """
    if _STATUS.exists():
        kib = next(line.split()[1] for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(kib) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def read_request(path: str) -> Request:
    """Read what is asked."""
    record = json.loads(Path(path).read_text())
    return Request(**{**record, "lengths": tuple(record["lengths"])})


def scored(model: PeftModel, asked: Sequence[Asked]) -> list[Example]:
    """Let the teacher score single decisions, once."""
    examples = []
    for one in asked:
        ids, told = torch.tensor(one.student + one.reply), torch.tensor(one.teacher + one.reply)
        with torch.no_grad(), mixed_precision(model), model.disable_adapter():
            logits_N_V = logits_at(model, told, _before(len(one.teacher), len(one.reply))).float()
        support = top_ids(logits_N_V, TOP_K)
        tokens = Tokens(ids, _before(len(one.student), len(one.reply)), ())
        examples.append(Example(tokens, support, on_support(logits_N_V, support), "bench"))
    return examples


def _before(prompt: int, reply: int) -> torch.Tensor:
    """Return the positions whose next tokens are the reply."""
    return torch.arange(prompt - 1, prompt + reply - 1)


def by_sessions(model: PeftModel, encoder: Encoder, recorded: Sequence[Recorded]) -> list[Example]:
    """Let the teacher score whole sessions."""
    return [
        example
        for session in recorded
        for example in distilled(model, encoder, session.task, session.lessons, session.steps, "bench")
    ]


def dreamt(model: PeftModel, encoder: Encoder, recorded: Sequence[Recorded], seed: int) -> list[Recorded]:
    """Let the student, as it is now, act each session out without its lesson."""
    student = LocalPolicy(merged(model), encoder, name="student", temperature=1.0, seed=seed)
    rollouts = [roll_out(student, Variant(session.task, session.steps)) for session in recorded]
    return [
        Recorded(session.task, session.lessons, tuple(replace(step, taught=True) for step in rollout.steps))
        for session, rollout in zip(recorded, rollouts, strict=True)
        if rollout.steps
    ]


def learn(request: Request, model: PeftModel, encoder: Encoder, recorded: Sequence[Recorded]) -> tuple[Progress, float]:
    """Make the examples and train on each, in the mean, as many times as there are passes.

    Returns how it went, and how many decisions were learned from.
    """
    asked = list(decisions(encoder, recorded))
    asked = asked[: len(asked) // request.batch * request.batch]
    shape = DistillConfig(
        rank=request.rank,
        alpha=2 * request.rank,
        lr=request.lr,
        sequences=request.batch,
        anchors=0,
        agreed=0.0,
        seed=request.seed,
        checkpointing=request.checkpointing,
    )
    if request.way == "dreams":
        return _dream(request, model, encoder, recorded, shape)
    examples = scored(model, asked) if request.way == "decisions" else by_sessions(model, encoder, recorded)
    updates = -(-len(examples) * request.passes // request.batch)
    progress = distill(model, examples, [], shape, updates, 0, updates)
    number = len(asked) if request.way == "decisions" else sum(len(session.steps) for session in recorded)
    return progress, number * _times(progress, examples)


def _times(progress: Progress, examples: Sequence[Example]) -> float:
    """Return how many times each example was learned from, in the mean: what is drawn is drawn by chance."""
    return progress.tokens / sum(len(example.tokens.ids) for example in examples)


def _dream(
    request: Request, model: PeftModel, encoder: Encoder, recorded: Sequence[Recorded], shape: DistillConfig
) -> tuple[Progress, float]:
    """Act the sessions out anew in each pass and learn from what the teacher says to that."""
    total, number = Progress(), 0.0
    for turn in range(request.passes):
        acted = dreamt(model, encoder, recorded, request.seed + turn)
        examples = by_sessions(model, encoder, acted)
        updates = -(-len(examples) // request.batch)
        progress = distill(model, examples, [], shape, updates, 0, updates)
        number += sum(len(session.steps) for session in acted) * _times(progress, examples)
        total.update += progress.update
        total.tokens += progress.tokens
        total.curve += progress.curve
    return total, number


def logits(request: Request, out: Path) -> dict[str, list[float]]:
    """Keep the logits of student and teacher on a decision or two, and return our divergences of them by kind and support.

    The supports are all ids, and the student's most probable ones with a tail, which is what the other side offers.
    """
    encoder = Encoder(load_tokenizer(Path(request.model)))
    model = load_model(Path(request.model)).float()
    asked = list(decisions(encoder, sessions(encoder, 1, request.lengths)))[:4]
    sides = {name: [] for name in ("student", "teacher")}
    for one in asked:
        for name, rows in sides.items():
            prompt = getattr(one, name)
            with torch.no_grad():
                rows.append(logits_at(model, torch.tensor(prompt + one.reply), _before(len(prompt), len(one.reply))))
    kept = {name: torch.cat(rows).float() for name, rows in sides.items()}
    torch.save(kept, out)
    support = top_ids(kept["student"], TOP_K)
    return {
        f"{kind} {name}": divergence(on_support(kept["teacher"], ids), on_support(kept["student"], ids), kind).tolist()
        for kind in Divergence
        for name, ids in (("full", None), ("top", support))
    }


def measured(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Do something and return what it gave, with its seconds by the clock and of the processor, and the memory it added."""
    loaded, began, used = psutil.Process().memory_info().rss / 2**20, time.perf_counter(), time.process_time()
    result = work()
    cost = {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - used}
    return result, {**cost, "loaded_mib": loaded, "peak_mib": peak_mib()}


def main(argv: Sequence[str]) -> int:
    """Do what the request says; only learning is timed, not loading."""
    request = read_request(argv[0])
    if request.way == "logits":
        print(json.dumps(logits(request, Path(argv[1]))))  # noqa: T201 - the result
        return 0
    torch.manual_seed(request.seed)
    encoder = Encoder(load_tokenizer(Path(request.model)))
    recorded = sessions(encoder, request.sessions, request.lengths)
    model = attach_lora(
        load_model(Path(request.model)), request.rank, 2 * request.rank, request.seed, request.untouched
    )
    (progress, number), cost = measured(lambda: learn(request, model, encoder, recorded))
    facts = {"updates": progress.update, "read": progress.tokens, "decisions": round(number, 1)}
    print(json.dumps({**cost, **facts, "first": progress.curve[0], "last": progress.curve[-1]}))  # noqa: T201 - the result
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
