"""Learning on the job: taught once, done alone, in real apps, against the controls.

    python -m bench.on_the_job [--apps-dir DIR] [--apps NAME,…] [--variants N] [--arms LIST] [--seed S] [--json FILE]

For each app: measure the base alone and with the lesson in context; teach each skill once, live; consolidate once per arm;
measure the adapter alone; measure the skills that were not taught before and after. Success is the app's own data.

Arms: `none` (the base), `memory` (the lesson in context), one night each of `opsd`, `opsd_off_policy`, `opsd_pure`, `sft`, `sft_dream`,
`empty`, `mismatched`, and `memory+adapter` (the lesson beside the adapter of `opsd`). All have the same budget and the same errands.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.paths import adapters_dir
from agent.store import Store
from bench.arena import Arena, ArmResult, Episode, summarise
from bench.definitions import AppSpec, SkillSpec
from bench.servers import AppServer, chosen_apps
from browser.errors import ApprenticeError, UsageError
from consolidation.examples import Arm
from tui.wiring import Base, find_base

HERE = Path(__file__).parent
NONE, MEMORY, BOTH = "none", "memory", "memory+adapter"
"""Arms for which no night passes; the first two are always measured."""
TEST_SEEDS = 1000
"""Variants of the tests; rehearsal draws its own values and never reads a definition."""
DAY_SEEDS = 500
"""Added to the seeds of the tests for the errands of the day that are the gate's witnesses: they are no test's."""
DAY_ERRANDS = 5

Tell = Callable[[str], None]


@dataclass(slots=True)
class Trial:
    """One app, from the first failure to the next morning."""

    arena: Arena
    base: Base
    variants: int
    seed: int = 1
    judge_controls: bool = False
    """Whether the gate is asked about controls too. They are never promoted, so it only costs time."""
    tell: Tell = lambda _: None
    night: dict[str, Any] = field(default_factory=dict)
    """Options of the consolidation request: updates, variants."""
    episodes: list[Episode] = field(default_factory=list)
    witnesses: list[str] = field(default_factory=list)
    """Sessions of the day after the teaching: the gate asks whether the adapter does them alone."""
    nights: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What each arm's consolidation cost and how it was judged."""

    @property
    def taught(self) -> list[SkillSpec]:
        """The skills that are taught."""
        return [skill for skill in self.arena.server.app.skills if not skill.unrelated]

    @property
    def unrelated(self) -> list[SkillSpec]:
        """The skills that are only watched."""
        return [skill for skill in self.arena.server.app.skills if skill.unrelated]

    def measure(
        self, arm: str, skills: Sequence[SkillSpec], adapter: Path | None = None, *, lessons: bool = False
    ) -> float:
        """Let one policy do every variant of some skills on freshly seeded data; return the share of successes."""
        mine = self.attempts(arm, skills, self.seed * TEST_SEEDS, self.variants, adapter, lessons=lessons)
        self.episodes += mine
        return sum(episode.success for episode in mine) / max(1, len(mine))

    def live_through_the_day(self) -> None:
        """Do a few errands with the lesson, none of them a test's: what went well is what the gate asks about."""
        first = self.seed * TEST_SEEDS + DAY_SEEDS
        done = self.attempts("day", self.taught, first, DAY_ERRANDS, None, lessons=True)
        self.witnesses = [episode.session_id for episode in done if episode.success]

    def attempts(
        self, arm: str, skills: Sequence[SkillSpec], first: int, count: int, adapter: Path | None, *, lessons: bool
    ) -> list[Episode]:
        """Let one policy do `count` variants, from a first seed on, of some skills, each on freshly seeded data."""
        from agent.policy.local import LocalPolicy

        policy = LocalPolicy.load(self.base.path, adapter)
        mine: list[Episode] = []
        for skill in skills:
            self.arena.fresh([skill])
            with self.arena.browser(skill) as browser:
                for seed in skill.seeds(first, count):
                    task, _ = skill.variant(seed)
                    found = self.arena.store.find_lessons(self.arena.name, task, limit=1) if lessons else []
                    manual = self.base.with_manual
                    episode = self.arena.attempt(policy, skill, seed, arm, found, browser, with_manual=manual)
                    mine.append(episode)
                    end = f"({episode.steps} steps, {episode.stop_reason} {episode.answer})"
                    self.tell(f"{arm:18} {'done  ' if episode.success else 'failed'} {task}   {end}")
        return mine

    def teach(self) -> list[str]:
        """Show each skill once, live; return the lessons' ids."""
        self.arena.fresh()
        return [self.arena.teach(skill) for skill in self.taught]

    def consolidate(
        self, lesson_ids: Sequence[str], arm: str, *, judged: bool = True, start: str | None = None
    ) -> Path:
        """Let a night pass under one arm, in its own process, and let the gate judge it if it should; return the adapter's folder."""
        from consolidation.job import Request, prepare, spawn
        from tui.commands.consolidate import follow

        request = Request(
            str(self.base.path),
            self.base.sha256,
            tuple(lesson_ids),
            arm,
            self.base.with_manual,
            self.seed,
            witness_ids=tuple(self.witnesses),
            judged=judged,
            start=start,
            nice=0,
            **self.night,
        )
        folder = prepare(request)
        state = follow(spawn(folder), folder, tell=self.tell)
        finished = json.loads((folder / "finished.json").read_text())
        job = self.arena.store.latest_job("consolidation")
        assert job is not None, "the night that just ended is in the store"
        row = self.arena.store.adapter(finished["adapter"])
        self.nights[arm] = {
            "state": state,
            "adapter": row.id,
            "started_at": job.started_at,
            "ended_at": job.ended_at,
            "gate": row.receipt["gate"],
        }
        return adapters_dir() / row.id

    def _is_judged(self, arm: str) -> bool:
        """Whether the gate is asked: about what could be promoted, and about controls where that is wanted."""
        privilege = self.night.get("privilege", "lesson")
        return privilege != "session" and ((arm, privilege) == ("opsd", "lesson") or self.judge_controls)

    def run(self, arms: Sequence[str]) -> None:
        """Go through the whole trial."""
        nights_of(arms)
        self.measure("base", self.taught)
        self.measure("base", self.unrelated)
        lessons = self.teach()
        self.live_through_the_day()
        self.measure("lesson", self.taught, lessons=True)
        adapters: dict[str, Path] = {}
        for arm in nights_of(arms):
            adapter = adapters[arm] = self.consolidate(lessons, arm, judged=self._is_judged(arm))
            self.measure(arm, self.taught, adapter)
            self.measure(arm, self.unrelated, adapter)
        if BOTH in arms:
            self.measure(BOTH, self.taught, adapters["opsd"], lessons=True)


def nights_of(arms: Sequence[str]) -> list[str]:
    """Return the arms that want a night, each once. Raises UsageError for one that there is not."""
    wanted = [arm for arm in dict.fromkeys(arms) if arm not in (NONE, MEMORY, BOTH)]
    for arm in wanted:
        if arm not in {*Arm}:
            known = ", ".join([NONE, MEMORY, *Arm, BOTH])
            raise UsageError(f"no arm {arm}", f"Choose from {known}")
    return [*wanted, *(["opsd"] if BOTH in arms and "opsd" not in wanted else [])]


def table(results: Sequence[ArmResult]) -> str:
    """Write results as lines that need no wide terminal."""
    lines = [
        f"{'arm':10} {'skill':16} {'success':>8} {'95 % interval':>14} {'tokens/step':>12} {'computed':>9} {'s/step':>7}"
    ]
    lines += [
        f"{r.arm:10} {r.skill:16} {r.successes:>3}/{r.episodes:<3}  {r.low:>6.2f}–{r.high:<6.2f} "
        f"{r.prompt_tokens:>12.0f} {r.fed_tokens:>9.0f} {r.decide_seconds:>7.2f}"
        for r in results
    ]
    return "\n".join(lines)


def run_app(app: AppSpec, base: Base, args: argparse.Namespace, root: Path) -> Trial:
    """Run the trial of one app in a home of its own."""
    home = root / "homes" / f"{app.name}-{args.seed}-{datetime.now().strftime('%Y%m%d-%H%M%S')}"
    os.environ["APPRENTICE_HOME"] = str(home)
    night = {key: value for key, value in (("updates", args.updates), ("variants", args.rehearsed)) if value}
    night["privilege"] = "session" if args.teach_from_pages else args.privilege
    if args.skills:
        chosen = set(args.skills.split(","))
        app = replace(app, skills=tuple(skill for skill in app.skills if skill.name in chosen))
    with AppServer(app, root / "apps") as server, Store.open() as store:
        trial = Trial(Arena(server, store), base, args.variants, args.seed, args.judge_controls, print_error, night)
        trial.run([arm for arm in args.arms.split(",") if arm])
    return trial


def print_error(text: str) -> None:
    """Tell of the progress beside the results."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a program's progress


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="python -m bench.on_the_job", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--apps-dir", type=Path, default=HERE / "apps", help="folder of app definitions (docs/bench.md)")
    made.add_argument("--apps", default="", help="only these, by name, with commas")
    made.add_argument("--skills", default="", help="only these skills, by name, with commas")
    made.add_argument("--arms", default="opsd,sft", help="with commas; empty for none")
    made.add_argument(
        "--privilege", default="lesson", choices=("lesson", "action_log"), help="what the teacher reads of a skill"
    )
    made.add_argument(
        "--teach-from-pages",
        action="store_true",
        help="the teacher reads whole recorded sessions, pages too: the literature's plain form, never judged nor promoted",
    )
    made.add_argument("--judge-controls", action="store_true", help="ask the gate about the controls too")
    made.add_argument("--variants", type=int, default=10, help="test variants a skill")
    made.add_argument("--rehearsed", type=int, help="rehearsed variants of a night")
    made.add_argument("--updates", type=int, help="training updates of a night")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--model", help="folder of a base model; default: the embedded one")
    made.add_argument(
        "--root", type=Path, default=Path("runs/on_the_job"), help="where apps are installed and stores are kept"
    )
    made.add_argument("--json", type=Path, help="write every episode here")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench."""
    args = parser().parse_args(argv)
    try:
        apps = chosen_apps(args.apps_dir, args.apps)
        base = find_base(args.model, print_error)  # before any app has a home: it is kept where the person's own is
        trials = [run_app(app, base, args, args.root.absolute()) for app in apps]
    except ApprenticeError as error:
        print_error(f"error: {error}")
        return error.exit_code
    for trial in trials:
        print(f"\n{trial.arena.name}\n{table(summarise(trial.episodes))}")  # noqa: T201 - the result
    if args.json:
        record = {
            "seed": args.seed,
            "variants": args.variants,
            "episodes": [episode.to_json() for trial in trials for episode in trial.episodes],
            "nights": {trial.arena.name: trial.nights for trial in trials},
        }
        args.json.write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
