"""What deciding again costs: a store's decisions asked for at once, against one by one.

    python -m bench.decide [--steps N] [--store DATABASE …] [--lessons today|recorded|none] [--by-day] [--model FOLDER]
                           [--json FILE] [--keep FILE]

The store is made of the foundation's held-out procedural apps, worked on by their expert, or is a recorded one. *One by one* asks
`LocalPolicy.decide` about each step by itself; `--by-day` measures the third way, in which it goes through the sessions in their
order and keeps its cache from step to step. In bf16 even these two differ where tokens are all but equally probable: how often
they do is what *at once* may differ by. Seconds are of the processor's time, all threads together, so that a machine that others
use too measures the same; those of the clock stand beside them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from agent.policy.encode import Encoder
from agent.policy.local import LocalPolicy, load_model, load_tokenizer
from agent.policy.redecide import Question, Redecider
from agent.store import SessionRow, Store
from bench.code import code_sha256
from browser.actions import Action
from browser.errors import ApprenticeError
from consolidation.decide import Lessons, lessons_for, questions
from foundation.dataset import HELD_OUT
from foundation.episodes import run_expert
from foundation.tasks import draw_task
from tui.wiring import Base, find_base

APP = "http://procedural.example"
DECIDING = ("agent/**/*.py", "consolidation/decide.py", "bench/decide.py")
"""The files whose change makes void what a way gave."""
_SEEDS = HELD_OUT + (1 << 22)


def make_store(path: Path, steps: int) -> None:
    """Record the expert's sessions in procedural apps, each with its lessons, until there are so many steps."""
    with Store.open(path) as store:
        made, seed = 0, _SEEDS
        while made < steps:
            task = draw_task(seed)
            seed += 1
            episode = run_expert(task.app, task.goal, task.answer)[: steps - made]
            lessons = [store.add_lesson("demonstration", APP, task.text, text) for text in task.lessons]
            session = store.begin_session(task.text, APP, f"{APP}/", policy="expert", lesson_ids=lessons)
            for number, step in enumerate(episode):
                store.begin_step(session, number, step.observation, step.action)
                store.finish_step(session, number, step.result)
            store.end_session(session, "done")
            made += len(episode)


def asked_of(path: Path, lessons: Lessons) -> list[Question]:
    """Return every decision of a store, the earliest session first."""
    with Store.open(path) as store:
        sessions: list[SessionRow] = store.sessions(limit=1 << 30)[::-1]
        return [
            question
            for session in sessions
            for question in questions(session.task, store.steps(session.id), lessons_for(store, session, lessons))
        ]


def measure(base: Base, asked: Sequence[Question], *, by_day: bool, kept: Path | None = None) -> dict[str, Any]:
    """Ask in every way, and compare. What a way gave is kept in a file, if one is named, and not measured again."""
    weights, encoder = load_model(base.path), Encoder(load_tokenizer(base.path))
    at_once = Redecider(weights, encoder, name="at once")
    alone(weights, encoder, asked[0])  # the first pass through a model warms it up
    daily = LocalPolicy(weights, encoder, name="by day")
    ways: dict[str, Callable[[], list[Action]]] = {
        "at_once": lambda: [answer.action for answer in at_once.redecide(asked, tell("at once", len(asked)))],
        "one_by_one": lambda: each(lambda question: alone(weights, encoder, question), asked, "one by one"),
        "by_day": lambda: each(lambda q: daily.decide(q.prompt, q.page).action, asked, "by day"),
    }
    of = identity(base, asked)
    found = taken(kept, of)
    for name, way in ways.items():
        if name not in found and (name != "by_day" or by_day):
            seconds, actions = timed(way)
            found[name] = {"seconds": seconds, "actions": [action.render() for action in actions]}
            found[name] |= {"decoded": at_once.decoded} if name == "at_once" else {}
            if kept:
                kept.write_text(json.dumps({"of": of, "found": found}))
    tokens = sum(len(encoder.prompt(question.prompt)) for question in asked)
    return {"threads": torch.get_num_threads(), "steps": len(asked), "prompt_tokens": tokens} | compared(asked, found)


def compared(asked: Sequence[Question], found: dict[str, Any]) -> dict[str, Any]:
    """Return what each way took, beside the first, and in how many decisions it is the same."""
    first = found["at_once"]
    done = [question.done.render() for question in asked]
    report = {
        "agree_with_what_was_done": _same(first["actions"], done),
        "decoded": first["decoded"],
        "at_once": first["seconds"],
    }
    for name in [name for name in found if name != "at_once"]:
        seconds = found[name]["seconds"]
        report[name] = seconds | {
            "same_decisions": _same(first["actions"], found[name]["actions"]),
            "times_as_long_as_at_once": {
                key: round(seconds[key] / max(first["seconds"][key], 0.01), 2) for key in seconds
            },
        }
    if "by_day" in found:
        same = _same(found["one_by_one"]["actions"], found["by_day"]["actions"])
        report["by_day"]["same_decisions_as_one_by_one"] = same
    return report


def alone(weights: Any, encoder: Encoder, question: Question) -> Action:
    """Decide as if nothing had been read before."""
    return LocalPolicy(weights, encoder, name="alone").decide(question.prompt, question.page).action


def _same(one: Sequence[str], other: Sequence[str]) -> int:
    return sum(a == b for a, b in zip(one, other, strict=True))


def identity(base: Base, asked: Sequence[Question]) -> dict[str, Any]:
    """Return what decides what a way gives, and how long it takes."""
    text = "\0".join(f"{question.prompt.render()}\0{question.done.render()}" for question in asked)
    return {
        "base": base.sha256,
        "code": code_sha256(*DECIDING),
        "threads": torch.get_num_threads(),
        "asked": hashlib.sha256(text.encode()).hexdigest(),
    }


def taken(path: Path | None, of: dict[str, Any]) -> dict[str, Any]:
    """Return what a file keeps of this, and say which ways are taken from it."""
    kept = json.loads(path.read_text()) if path and path.exists() else {}
    found: dict[str, Any] = kept["found"] if kept.get("of") == of else {}
    for name in found:
        print(f"{name}: taken from {path}", file=sys.stderr, flush=True)  # noqa: T201 - a program's progress
    return found


def timed(act: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """Return what something took, and what came of it."""
    cpu, clock = time.process_time(), time.perf_counter()
    result = act()
    return {"cpu_s": round(time.process_time() - cpu, 2), "clock_s": round(time.perf_counter() - clock, 2)}, result


def each(decide: Callable[[Question], Action], asked: Sequence[Question], name: str) -> list[Action]:
    """Ask about one decision after the other."""
    told, out = tell(name, len(asked)), []
    for question in asked:
        out.append(decide(question))
        told(len(out))
    return out


def tell(name: str, of: int) -> Callable[[int], None]:
    """Return what says, now and then, how far one is."""
    said = 0

    def told(done: int) -> None:
        nonlocal said
        if done - said >= 50 or done == of:
            said = done
            print(f"{name}: {done} of {of}", file=sys.stderr, flush=True)  # noqa: T201 - a program's progress

    return told


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and keep the figures when a file is named."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.decide", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=1000, help="decisions of the store, or of the first stores")
    parser.add_argument("--store", type=Path, nargs="*", default=[], help="recorded databases instead; only read")
    parser.add_argument("--lessons", type=Lessons, choices=list(Lessons), default=Lessons.RECORDED)
    parser.add_argument("--by-day", action="store_true", help="measure the way with a cache from step to step too")
    parser.add_argument("--model", help="folder of a base model; default: the embedded one")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--keep", type=Path, help="keep here what each way gave, and go on from there another time")
    args = parser.parse_args(argv)
    try:
        base = find_base(args.model)
        with tempfile.TemporaryDirectory() as folder:
            stores = [copied(path, Path(folder)) for path in args.store]
            if not stores:
                make_store(Path(folder) / "made.db", args.steps)
                stores = [Path(folder) / "made.db"]
            asked = [question for path in stores for question in asked_of(path, args.lessons)][: args.steps]
        figures = measure(base, asked, by_day=args.by_day, kept=args.keep)
    except ApprenticeError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program's error
        return error.exit_code
    text = json.dumps(figures, indent=1)
    print(text)  # noqa: T201 - the result
    if args.json:
        args.json.write_text(text + "\n")
    return 0


def copied(path: Path, folder: Path) -> Path:
    """Copy a database, so that nothing is written to the one that was named."""
    target = folder / f"{sum(1 for _ in folder.iterdir())}.db"
    target.write_bytes(path.read_bytes())
    return target


if __name__ == "__main__":
    sys.exit(main())
