"""Steadiness: the same tasks, again and again, by a script that makes no mistakes. What fails here is a flake of ours.

    python -m bench.steady [--apps-dir DIR] [--apps NAME,…] [--times N] [--root DIR] [--json FILE]

Every skill of every app is done N times with values of its own, in a real browser, by the steps of its definition, and judged by
the app's own data. Data are seeded anew for each skill, not between its attempts: a real app is not reset either.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent.policy.scripted import ScriptedPolicy
from agent.store import Store
from bench.arena import Arena, Episode
from bench.definitions import AppSpec, SkillSpec, fill
from bench.servers import AppServer, chosen_apps
from browser.errors import ApprenticeError, SetupError

HERE = Path(__file__).parent
TIMES = 20
FIRST_SEED = 1

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Steadiness:
    """One skill, done again and again."""

    app: str
    skill: str
    done: int
    times: int
    steps: int
    """Actions of one attempt, `done` included."""
    seconds: float
    """Mean time of an attempt, looking and settling included."""
    failures: tuple[dict[str, Any], ...] = ()
    """The attempts that failed, as `Episode.to_json` writes them."""


def attempt_often(arena: Arena, skill: SkillSpec, times: int) -> Steadiness:
    """Do one skill so many times on freshly seeded data, in one browser."""
    arena.fresh([skill])
    episodes: list[Episode] = []
    started = time.monotonic()
    with arena.browser(skill) as browser:
        for seed in skill.seeds(FIRST_SEED, times):
            _, values = skill.variant(seed)
            policy = ScriptedPolicy([fill(step, values) for step in skill.steps])
            episodes.append(arena.attempt(policy, skill, seed, "scripted", (), browser))
    return Steadiness(
        arena.name,
        skill.name,
        sum(episode.success for episode in episodes),
        len(episodes),
        len(skill.steps) + 1,
        (time.monotonic() - started) / max(1, len(episodes)),
        tuple(episode.to_json() for episode in episodes if not episode.success),
    )


def run_app(app: AppSpec, times: int, root: Path, tell: Tell) -> list[Steadiness]:
    """Run every skill of one app. Raises SetupError when it cannot be installed or started."""
    found: list[Steadiness] = []
    with tempfile.TemporaryDirectory(prefix="apprentice-steady-") as home:
        os.environ["APPRENTICE_HOME"] = home
        with AppServer(app, root) as server, Store.open() as store:
            for skill in app.skills:
                found.append(attempt_often(Arena(server, store), skill, times))
                tell(row(found[-1]))
    return found


def row(result: Steadiness) -> str:
    """Write one result as a line."""
    line = f"{result.app:12} {result.skill:12} {result.done:>3}/{result.times:<3} {result.steps:>3} steps {result.seconds:6.2f} s"
    return line + "".join(
        f"\n    seed {failure['seed']}: {failure['stop_reason']} {failure['answer']}" for failure in result.failures
    )


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="python -m bench.steady", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--apps-dir", type=Path, default=HERE / "apps", help="folder of app definitions (docs/bench.md)")
    made.add_argument("--apps", default="", help="only these, by name, with commas")
    made.add_argument("--times", type=int, default=TIMES, help="attempts a skill")
    made.add_argument("--root", type=Path, default=Path("runs/steady/apps"), help="where apps are installed")
    made.add_argument("--json", type=Path, help="write every result here")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench. The exit code is 1 when an attempt failed; an app that cannot be set up here is told and passed over."""
    args = parser().parse_args(argv)
    results: list[Steadiness] = []
    skipped: dict[str, str] = {}
    try:
        for app in chosen_apps(args.apps_dir, args.apps):
            try:
                results += run_app(app, args.times, args.root.absolute(), print_line)
            except SetupError as error:
                skipped[app.name] = str(error)
                print_line(f"{app.name:12} not measured: {error}")
    except ApprenticeError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program's message
        return error.exit_code
    done, times = sum(result.done for result in results), sum(result.times for result in results)
    print_line(f"{done} of {times} attempts done")
    if args.json:
        record = {"results": [asdict(result) for result in results], "not_measured": skipped}
        args.json.write_text(json.dumps(record, indent=1) + "\n")
    return 0 if results and done == times else 1


def print_line(text: str) -> None:
    """Print a result as soon as it is there."""
    print(text, flush=True)  # noqa: T201 - the result


if __name__ == "__main__":
    raise SystemExit(main())
