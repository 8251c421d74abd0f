"""Whether the teacher alone ever reads a word of a page: generated sessions, whose pages carry marks, through the product's own hands.

    python -m bench.trusted --sessions 10000 --seed 1 --json FILE      goes on where FILE says it stopped

Demonstrations (performed, recorded, with a secret typed), corrections, take-overs, an agent's own sessions in hindsight, reruns on an
app whose controls were renamed, and typed words are recorded in a real store and become lessons by `keep_lesson`, `learn_from` and
`renew`. These are held against their sessions by `assert_trusted`, and written as training sequences on the recording and on a variant
of it, checked by `assert_privilege`. What stands in the teacher's sequence and not in the student's is searched for every mark. A mark
may stand there in the name of a control that was acted on, or of the option that was chosen: that is the executor's log. It may stand
in a cue where the task that student and teacher both read says it (variants exchange the choices of a list). Else it is a leak.

Controls: a lesson to which an extractor would have added what a page says must be found by the search and refused by the product; so
must a teacher that reads a page more than the student.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from agent.lessons.provenance import UntrustedLesson, assert_trusted
from agent.store import Store
from bench.code import code_sha256
from bench.leaks import contexts, controls, leaked
from bench.trusted_sessions import KINDS, Ground, LeftNothing, Recorded
from browser.errors import UsageError
from consolidation.job import demonstration_of
from consolidation.rehearsal.variants import Demonstration, make_variant
from foundation.words import Words
from tui.commands.teach import LessonFailed

SAVED_EVERY = 250
JUDGED = (
    "bench/trusted*.py",
    "bench/leaks.py",
    "bench/marked.py",
    "agent/lessons/*.py",
    "consolidation/examples.py",
    "consolidation/segments.py",
)
"""The files whose change makes an earlier tally void."""


def measure_one(ground: Ground, kind: str, words: tuple[str, ...]) -> Counter[str]:
    """Generate a session, bring it through extraction and prompts, and search; return what to add up."""
    recorded, demonstration, skipped = _teachable(ground, kind)
    lesson, tally = recorded.lesson, Counter({"sessions": 1, kind: 1, f"left no lesson, {kind}": skipped})
    tally += controls(ground, recorded, lesson, demonstration)
    try:
        assert_trusted(ground.store, lesson)
    except UntrustedLesson:
        return tally + Counter({"refused": 1, f"refused {kind}": 1})
    variant = make_variant(demonstration, words, ground.rng.randrange(1 << 20))
    lessons = (lesson.text, *recorded.words)
    recorded.trusted.update(recorded.words)
    for task, steps in ((demonstration.task, demonstration.steps), (variant.task, variant.steps)):
        for lines in contexts(task, lessons, steps):
            found = leaked(lines, recorded, task)
            tally += Counter({"contexts": 1, "contexts that leaked": int(found["leaked"] > 0)}) + found
    return tally


def _teachable(ground: Ground, kind: str) -> tuple[Recorded, Demonstration, int]:
    """Generate sessions until one leaves a lesson that a night could learn from; count those that the extractor left out."""
    skipped = 0
    while True:
        try:
            recorded = KINDS[kind](ground)
            return recorded, demonstration_of(ground.store, recorded.lesson), skipped
        except LeftNothing:
            skipped += 1
        except (UsageError, LessonFailed):  # answered at once, or longer than a session may be
            continue


def in_memory() -> Path | None:
    """Return a folder in memory, where a store is a hundred times as fast as on a disk; None where there is none."""
    folder = Path("/dev/shm")
    return folder if os.access(folder, os.W_OK) else None


def measure(first: int, count: int, seed: int, folder: Path) -> Counter[str]:
    """Generate and search `count` sessions, the kinds in turn."""
    tally: Counter[str] = Counter()
    kinds, path = list(KINDS), folder / "trusted.db"
    vocabulary = Words(random.Random(seed))
    words = tuple(dict.fromkeys(vocabulary.word() for _ in range(2_000)))
    with Store.open(path) as store:
        for number in range(first, first + count):
            ground = Ground(store, random.Random(f"trusted {seed} {number}"))
            tally += measure_one(ground, kinds[number % len(kinds)], words)
    for file in folder.glob("trusted.db*"):
        file.unlink()
    return tally


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; 1 when a context leaked, or when a control was not found or not refused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args(arguments)
    tally: Counter[str] = Counter()
    seconds = 0.0
    of = {"seed": asked.seed, "code": code_sha256(*JUDGED)}
    if asked.json and asked.json.exists():
        before = json.loads(asked.json.read_text(encoding="utf-8"))
        if before.get("of") == of:
            tally, seconds = Counter(before["tally"]), before["seconds"]
            print(f"{tally['sessions']} sessions are taken from {asked.json}", file=sys.stderr)  # noqa: T201 - progress
    while tally["sessions"] < asked.sessions:
        started = time.monotonic()
        count = min(SAVED_EVERY, asked.sessions - tally["sessions"])
        with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
            tally += measure(tally["sessions"], count, asked.seed, Path(folder))
        seconds += time.monotonic() - started
        if asked.json:
            report = {"of": of, "seconds": round(seconds, 1), "tally": dict(tally)}
            asked.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    for name, value in tally.items():
        print(f"{value:9,}  {name}")  # noqa: T201 - the result
    return int(not holds(tally))


def holds(tally: Counter[str]) -> bool:
    """Whether nothing leaked and every control was found and refused."""
    controls = all(
        tally[name] == tally[f"{name} found"] == tally[f"{name} refused"] > 0
        for name in ("broken lessons", "spoilt teachers")
    )
    return tally["contexts"] > 0 and tally["leaked"] == 0 and controls


if __name__ == "__main__":
    sys.exit(main())
