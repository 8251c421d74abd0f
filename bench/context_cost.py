"""What lessons cost in the prompt, and what an adapter saves: tokens, bytes of keys and values, and seconds a step.

    python -m bench.context_cost [--skills 1 5 10 20] [--tasks N] [--model FOLDER] [--json FILE]

With N skills taught, the same recorded sessions are decided again, step by step, with no lesson in the prompt (what an adapter
leaves), with the one that the store finds for the task, and with all N. Lessons are those of `bench/apps` and of procedural apps;
sessions are the latter's. An adapter that is merged into the base costs what the base costs, so the base itself stands for it:
what is measured here is cost, not success.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import count, zip_longest
from pathlib import Path
from typing import Any

import psutil

from agent.lessons.text import ASKED, demonstration_text
from agent.policy.encode import Encoder
from agent.policy.local import LocalPolicy, load_model, load_tokenizer
from agent.prompt import Transcript
from agent.store import Store
from bench.definitions import load_apps
from bench.trainer_input import FIRST, Recorded
from browser.errors import ApprenticeError
from consolidation.rehearsal.variants import same_action
from foundation.episodes import run_expert
from foundation.tasks import draw_task
from tui.wiring import find_base

APPS = Path(__file__).parent / "apps"
HERE = "bench"
"""The app under which all lessons are kept: none is found by its app alone."""
NONE, RETRIEVED, ALL = "adapter", "retrieved lesson", "all lessons"


@dataclass(frozen=True, slots=True)
class Cost:
    """The mean step of one way, with so many skills taught."""

    skills: int
    way: str
    steps: int
    prompt_tokens: float
    fed_tokens: float
    """Prompt tokens that were not in the cache."""
    kv_mib: float
    seconds: float
    cpu_seconds: float
    right: float
    """Share of the decisions that were the recorded ones: what is paid for."""
    found: float | None = None
    """Share of the tasks for which the store found their own lesson."""


def written_lessons() -> list[tuple[str, str]]:
    """Return task and lesson of every skill that the app definitions teach."""
    skills = [skill for app in load_apps(APPS) for skill in app.skills if not skill.unrelated]
    shown = [skill.demonstration() for skill in skills]
    return [(task, demonstration_text(task, actions)) for task, actions in shown]


def recorded_skills(least: int) -> Iterator[Recorded]:
    """Draw sessions of procedural apps, each with the one lesson that explains it, without end.

    Their pages have `least` characters in the mean, or more.
    """
    for seed in count(FIRST):
        task = draw_task(seed, "lesson")
        if len(task.lessons) == 1:
            steps = tuple(run_expert(task.app, task.goal, task.answer))
            if sum(len(step.observation.render()) for step in steps) >= least * len(steps):
                yield Recorded(task.text, task.lessons, steps)


def taught(number: int, least: int = 0) -> tuple[list[Recorded], list[tuple[str, str]]]:
    """Return `number` skills, recorded and written ones in turns: the recorded ones, and task and lesson of all."""
    written, drawn = written_lessons()[: number // 2], recorded_skills(least)
    recorded = [next(drawn) for _ in range(number - len(written))]
    turns = zip_longest(
        [(one.lessons[0].split("\n")[0].removeprefix(ASKED), one.lessons[0]) for one in recorded], written
    )
    return recorded, [pair for turn in turns for pair in turn if pair is not None]


def kv_bytes(model: Any) -> int:
    """Return the bytes of keys and values of one token."""
    config = model.config.get_text_config()
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return 2 * config.num_hidden_layers * config.num_key_value_heads * width * model.dtype.itemsize


def decided(
    policy: LocalPolicy, session: Recorded, lessons: Sequence[str]
) -> Iterator[tuple[int, int, float, float, bool]]:
    """Decide every step of a session on its recorded pages.

    Yields tokens, tokens fed, seconds, processor seconds, and whether the decision is the recorded one.
    """
    transcript = Transcript(session.task, lessons)
    transcript.start(session.steps[0].observation)
    for step in session.steps:
        began, used = time.perf_counter(), time.process_time()
        decision = policy.decide(transcript.prompt(), step.observation)
        took = time.perf_counter() - began, time.process_time() - used
        yield decision.prompt_tokens, decision.fed_tokens, *took, same_action(decision.action, step.action)
        transcript.advance(step.action, step.result)


def measure(policy: LocalPolicy, number: int, tasks: int, least: int = 0) -> list[Cost]:
    """Measure the three ways with so many skills taught, in turns, on the first `tasks` recorded ones."""
    recorded, lessons = taught(number, least)
    chosen = recorded[:tasks]
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "lessons.db") as store:
        for task, text in lessons:
            store.add_lesson("demonstration", HERE, task, text)
        retrieved = [[row.text for row in store.find_lessons(HERE, one.task, limit=1)] for one in chosen]
    own = [texts == list(one.lessons) for texts, one in zip(retrieved, chosen, strict=True)]
    steps: dict[str, list[tuple[int, int, float, float, bool]]] = {NONE: [], RETRIEVED: [], ALL: []}
    for session, texts in zip(chosen, retrieved, strict=True):
        steps[NONE] += decided(policy, session, ())
        steps[RETRIEVED] += decided(policy, session, texts)
        steps[ALL] += decided(policy, session, [text for _, text in lessons])
    shares = {RETRIEVED: sum(own) / len(own)}
    return [_cost(policy, len(lessons), way, taken, shares.get(way)) for way, taken in steps.items()]


def _cost(
    policy: LocalPolicy,
    skills: int,
    way: str,
    taken: Sequence[tuple[int, int, float, float, bool]],
    found: float | None,
) -> Cost:
    tokens, fed, seconds, processor, right = (sum(column) / len(taken) for column in zip(*taken, strict=True))
    kept = tokens * kv_bytes(policy.model) / 2**20
    figures = (round(tokens, 1), round(fed, 1), round(kept, 2), round(seconds, 3), round(processor, 3), round(right, 3))
    return Cost(skills, way, len(taken), *figures, found)


def ratios(costs: Sequence[Cost]) -> dict[str, float]:
    """Return how many times as much as the adapter each other way costs."""
    alone = {cost.skills: cost for cost in costs if cost.way == NONE}
    out: dict[str, float] = {}
    for cost in costs:
        if cost.way != NONE:
            key, base = f"{cost.skills} skills, {cost.way}", alone[cost.skills]
            out[f"{key}: tokens and bytes"] = round(cost.prompt_tokens / base.prompt_tokens, 2)
            out[f"{key}: fed tokens"] = round(cost.fed_tokens / base.fed_tokens, 2)
            out[f"{key}: cpu seconds"] = round(cost.cpu_seconds / base.cpu_seconds, 2)
            out[f"{key}: seconds"] = round(cost.seconds / base.seconds, 2)
    return out


def table(costs: Sequence[Cost]) -> str:
    """Write the costs for a terminal, each beside the adapter's."""
    alone = {cost.skills: cost for cost in costs if cost.way == NONE}
    columns = (
        ("tokens", 8),
        ("times", 6),
        ("fed", 8),
        ("KV MiB", 8),
        ("s/step", 7),
        ("cpu s", 7),
        ("times", 6),
        ("right", 6),
        ("found", 6),
    )
    head = f"{'skills':>6} {'way':<18}" + "".join(f" {name:>{width}}" for name, width in columns)
    lines = [
        f"{c.skills:>6} {c.way:<18} {c.prompt_tokens:>8,.0f} {c.prompt_tokens / alone[c.skills].prompt_tokens:>6.2f} {c.fed_tokens:>8,.0f} "
        f"{c.kv_mib:>8.1f} {c.seconds:>7.2f} {c.cpu_seconds:>7.2f} {c.cpu_seconds / alone[c.skills].cpu_seconds:>6.2f} {c.right:>6.0%} "
        + (f"{c.found:>6.0%}" if c.found is not None else f"{'-':>6}")
        for c in costs
    ]
    return "\n".join([head, "-" * len(head), *lines])


def run(
    folder: Path, skills: Sequence[int], tasks: int, least: int, tell: Callable[[str], None] = lambda _: None
) -> list[Cost]:
    """Measure for each number of skills."""
    policy = LocalPolicy(load_model(folder), Encoder(load_tokenizer(folder)), name="base")
    out: list[Cost] = []
    for number in skills:
        tell(f"{number} skills")
        out += measure(policy, number, tasks, least)
    return out


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print a table, and keep the figures when a file is named."""
    made = argparse.ArgumentParser(
        prog="python -m bench.context_cost", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--skills", type=int, nargs="+", default=[1, 5, 10, 20], help="how many skills are taught")
    made.add_argument("--tasks", type=int, default=3, help="recorded sessions that are decided again")
    made.add_argument(
        "--page-chars", type=int, default=0, help="characters that pages have at least, in the mean of a session"
    )
    made.add_argument("--model", help="folder of a base model; default: the embedded one")
    made.add_argument("--json", type=Path, help="write the figures here")
    args = made.parse_args(argv)
    try:
        costs = run(find_base(args.model).path, args.skills, args.tasks, args.page_chars, _tell)
    except ApprenticeError as error:
        _tell(f"error: {error}")
        return error.exit_code
    print(table(costs))  # noqa: T201 - the result
    if args.json:
        load = round(psutil.getloadavg()[0], 1)
        figures = {"costs": [asdict(cost) for cost in costs], "times_the_adapter": ratios(costs), "load": load}
        args.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a program's progress


if __name__ == "__main__":
    sys.exit(main())
