"""A career: skills of several apps taught one after the other, a night after every few, and what is left of each at the end.

    python -m bench.career [--apps-dir DIR] [--apps NAME,…] [--per-night N] [--nights N] [--variants N] [--seed S] [--ungated]
                           [--root DIR] [--json FILE]

Each day some skills are taught, once each, live; a few errands are done with the lessons; the night goes on from the adapter before it
(or from the base, where that must be); the next morning every skill taught so far is done alone, on variants that nothing was trained
on, and judged by the app's own data. The result is a table with a row a morning and a column a skill: down a column, what was
forgotten. As in the product, an adapter that the gate refuses does not act and nothing grows from it; `--ungated` goes on from every
adapter, to see what the gate keeps out. A run that was stopped goes on where it stood when it is begun again with the same --root.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from agent.paths import adapters_dir
from agent.store import Store
from bench.arena import Arena, wilson
from bench.definitions import AppSpec, SkillSpec
from bench.on_the_job import DAY_ERRANDS, DAY_SEEDS, HERE, TEST_SEEDS, Trial, print_error
from bench.servers import AppServer, chosen_apps
from browser.errors import ApprenticeError, UsageError
from consolidation.storage import write_atomically
from tui.wiring import Base, find_base

Placed = tuple[str, SkillSpec]
"""A skill and the name of its app."""


@dataclass(slots=True)
class Record:
    """All that a career has come to, as its file keeps it."""

    lessons: dict[str, str] = field(default_factory=dict)
    """By skill, the lesson that its teaching left behind."""
    witnesses: list[str] = field(default_factory=list)
    nights: list[dict[str, Any]] = field(default_factory=list)
    adapter: str = ""
    """What acts now; empty for the base."""
    episodes: list[dict[str, Any]] = field(default_factory=list)
    """Live attempts; `arm` is `base`, `day`, `lesson`, or `morning N`."""

    def has(self, arm: str, skill: str) -> bool:
        """Whether a skill was measured under an arm."""
        return any(episode["arm"] == arm and episode["skill"] == skill for episode in self.episodes)


@dataclass(slots=True)
class Career:
    """One person's first days: which skills, in which order, and what came of them."""

    trials: dict[str, Trial]
    """By app. All share one store and one lineage of adapters."""
    base: Base
    per_night: int
    path: Path
    gated: bool = True
    record: Record = field(default_factory=Record)

    def __post_init__(self) -> None:
        names = [skill.name for trial in self.trials.values() for skill in trial.arena.server.app.skills]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise UsageError(f"two skills have the name {twice[0]}", "Give each skill of a career a name of its own")
        if self.path.exists():
            self.record = Record(**json.loads(self.path.read_text()))

    @property
    def skills(self) -> list[Placed]:
        """Every skill that is taught: the apps take turns."""
        by_app = [[(name, skill) for skill in trial.taught] for name, trial in self.trials.items()]
        turns = itertools.zip_longest(*by_app)
        return [placed for turn in turns for placed in turn if placed]

    def days(self) -> Iterator[list[Placed]]:
        """Split the skills into what is taught on each day."""
        for first in range(0, len(self.skills), self.per_night):
            yield self.skills[first : first + self.per_night]

    def run(self, nights: int | None = None) -> None:
        """Live through so many days and nights, or all of them."""
        taught: list[Placed] = []
        for number, today in enumerate(itertools.islice(self.days(), nights), 1):
            taught += today
            for placed in today:
                self._learn_by_day(placed)
            if len(self.record.nights) < number:
                self._night(number, taught)
            acting = self.record.nights[number - 1]["acting"]
            adapter = adapters_dir() / acting if acting else None
            for name, skill in taught:
                self._measure(f"morning {number}", name, skill, adapter)
            for name in dict.fromkeys(name for name, _ in taught):
                for skill in self.trials[name].unrelated:
                    self._measure(f"morning {number}", name, skill, adapter)

    def _learn_by_day(self, placed: Placed) -> None:
        name, skill = placed
        trial = self.trials[name]
        self._measure("base", name, skill)
        for other in trial.unrelated:
            self._measure("base", name, other)
        if skill.name not in self.record.lessons:
            trial.arena.fresh([skill])
            self.record.lessons[skill.name] = trial.arena.teach(skill)
            self._keep()
        self._measure("day", name, skill, lessons=True)
        self._measure("lesson", name, skill, lessons=True)

    def _measure(
        self, arm: str, name: str, skill: SkillSpec, adapter: Path | None = None, *, lessons: bool = False
    ) -> None:
        if self.record.has(arm, skill.name):
            return
        trial = self.trials[name]
        first, count = trial.seed * TEST_SEEDS, trial.variants
        if arm == "day":
            first, count = first + DAY_SEEDS, DAY_ERRANDS
        done = trial.attempts(arm, [skill], first, count, adapter, lessons=lessons)
        if arm == "day":
            self.record.witnesses += [episode.session_id for episode in done if episode.success]
        self.record.episodes += [episode.to_json() for episode in done]
        self._keep()

    def _night(self, number: int, taught: Sequence[Placed]) -> None:
        """Consolidate what was taught; what the gate passes acts from now on."""
        trial = self.trials[taught[-1][0]]
        trial.witnesses = self.record.witnesses
        lesson_ids = [self.record.lessons[skill.name] for _, skill in taught]
        before = self.record.adapter
        adapter = trial.consolidate(lesson_ids, "opsd", start=before if self._fits(before, lesson_ids) else "")
        night = trial.nights["opsd"]
        # Where the gate is not heeded, nights grow from what never acted: its rows are what it said, the job's state is not.
        passed = bool(night["gate"]) and all(row["passed"] for row in night["gate"])
        if passed or not self.gated:
            self.record.adapter = adapter.name
        self.record.nights.append({"number": number, **night, "passed": passed, "acting": self.record.adapter})
        self._keep()

    def _fits(self, adapter: str, lesson_ids: Sequence[str]) -> bool:
        """Whether a night can go on from an adapter; the product asks the same of its champion."""
        from consolidation.config import NightConfig
        from consolidation.growth import plan

        store = next(iter(self.trials.values())).arena.store
        return bool(adapter) and bool(plan(lesson_ids, store.adapter(adapter), NightConfig()).start)

    def _keep(self) -> None:
        text = json.dumps(asdict(self.record), indent=1) + "\n"
        write_atomically(self.path, lambda temporary: temporary.write_text(text))


def table(record: Record, skills: Sequence[str]) -> str:
    """Write the share of successes: a row a measurement, a column a skill, and the mean over what was taught by then."""
    arms = list(dict.fromkeys(episode["arm"] for episode in record.episodes))
    width = max(map(len, [*skills, "0.00"]))
    lines = [f"{'':12}" + "".join(f"{skill:>{width + 2}}" for skill in skills) + f"{'all':>8}  95 % interval"]
    for arm in arms:
        found = {
            skill: [e["success"] for e in record.episodes if (e["arm"], e["skill"]) == (arm, skill)] for skill in skills
        }
        cells = "".join(f"{sum(done) / len(done) if done else float('nan'):>{width + 2}.2f}" for done in found.values())
        every = [success for done in found.values() for success in done]
        low, high = wilson(sum(every), len(every))
        lines.append(
            f"{arm:12}{cells.replace('nan', '  –')}{sum(every) / max(1, len(every)):>8.2f}  {low:.2f}–{high:.2f}"
        )
    return "\n".join(lines)


def live(apps: Sequence[AppSpec], base: Base, args: argparse.Namespace) -> Career:
    """Run a career in a home of its own below the root."""
    root = args.root.absolute()
    os.environ["APPRENTICE_HOME"] = str(root / "home")
    with ExitStack() as stack:
        store = stack.enter_context(Store.open())
        servers = [stack.enter_context(AppServer(app, args.servers.absolute())) for app in apps]
        trials = {
            server.app.name: Trial(Arena(server, store), base, args.variants, args.seed, tell=print_error)
            for server in servers
        }
        career = Career(trials, base, args.per_night, root / "career.json", gated=not args.ungated)
        career.run(args.nights)
    return career


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.career", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--apps-dir", type=Path, default=HERE / "skills", help="folder of app definitions (docs/bench.md)"
    )
    parser.add_argument("--apps", default="", help="only these, by name, with commas, in this order")
    parser.add_argument("--per-night", type=int, default=4, help="skills that are taught before each night")
    parser.add_argument("--nights", type=int, help="stop after so many; the next call goes on")
    parser.add_argument("--variants", type=int, default=8, help="test variants a skill and morning")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ungated", action="store_true", help="go on from every adapter, whatever the gate says")
    parser.add_argument("--model", help="folder of a base model; default: the embedded one")
    parser.add_argument(
        "--root", type=Path, default=Path("runs/career"), help="where the store and the record are kept"
    )
    parser.add_argument("--servers", type=Path, default=Path("runs/on_the_job/apps"), help="where apps are installed")
    parser.add_argument("--json", type=Path, help="write the record here, too")
    args = parser.parse_args(argv)
    try:
        apps = chosen_apps(args.apps_dir, args.apps)
        base = find_base(args.model, print_error)
        career = live(apps, base, args)
    except ApprenticeError as error:
        print_error(f"error: {error}")
        return error.exit_code
    record = career.record
    print(table(record, list(dict.fromkeys(episode["skill"] for episode in record.episodes))))  # noqa: T201 - the result
    for night in record.nights:
        verdict = (
            "passed"
            if night["passed"]
            else "refused: " + ", ".join(r["name"] for r in night["gate"] if not r["passed"])
        )
        print(f"night {night['number']}: {night['started_at']} to {night['ended_at']}, {verdict}")  # noqa: T201
    if args.json:
        args.json.write_text(json.dumps(asdict(record), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
