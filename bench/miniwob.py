"""MiniWoB++ in a real browser, judged by the benchmark's own reward.

    python -m bench.miniwob [--tasks FILE.json] [--seeds N] [--model FOLDER] [--adapter FOLDER] [--json FILE]

The task pages come from the PyPI package `miniwob`, which carries them whole; nothing is fetched while it runs. An episode
succeeds when the page says that it is done with a raw reward of 1, the full one: the reward that fades with time is not used,
and tasks that pay for a part are not won by a part. Seeds begin at 1,000,000 so that they are nobody's training seeds.
"""

from __future__ import annotations

import argparse
import functools
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from agent.prompt import Transcript
from agent.types import Policy
from bench.arena import wilson
from browser.actions import WITHOUT_PAGE
from browser.environment import LiveEnvironment
from browser.errors import ApprenticeError, SetupError, UsageError
from tui.wiring import find_base

PACKAGE = "miniwob==1.1.0"
FIRST_SEED = 1_000_000
MAX_STEPS = 15
_START = "(seed) => { Math.seedrandom(String(seed)); core.EPISODE_MAX_TIME = 1e9; core.startEpisodeReal(); }"
_CLEAR = "() => { for (const id of ['reward-display', 'click-canvas']) document.getElementById(id)?.remove(); }"
_TASK = "() => { const said = core.getUtterance(); return typeof said === 'string' ? said : said.utterance; }"
_STATE = "() => ({ done: WOB_DONE_GLOBAL, raw: WOB_RAW_REWARD_GLOBAL })"


@dataclass(frozen=True, slots=True)
class Episode:
    """One attempt."""

    task: str
    seed: int
    instruction: str
    success: bool
    reward: float
    steps: int
    actions: tuple[str, ...]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Keep the terminal for the results."""


@contextmanager
def served(root: Path) -> Iterator[str]:
    """Install the task pages once and serve them on loopback; yield the address. Raises SetupError."""
    pages = root / "miniwob" / "html"
    if not pages.is_dir():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(root), PACKAGE]
        if subprocess.run(command, check=False).returncode:
            raise SetupError(f"{PACKAGE} could not be installed", "Check the network and run the bench again")
    handler = functools.partial(_Quiet, directory=str(pages))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def read_tasks(path: Path | None, pages: Path) -> list[str]:
    """Return task names: a JSON list, or the keys of an object (of its `dev` object where it has one); all without a file."""
    if path is None:
        return sorted(page.stem for page in (pages / "miniwob").glob("*.html"))
    try:
        record = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}", 'Give a JSON list such as ["click-test"]') from error
    names = record.get("dev", record) if isinstance(record, dict) else record
    unknown = [name for name in names if not (pages / "miniwob" / f"{name}.html").is_file()]
    if unknown or not names:
        raise UsageError(
            f"{path}: no such tasks: {', '.join(map(str, unknown)) or 'the list is empty'}", f"See {pages}"
        )
    return list(names)


def attempt(environment: LiveEnvironment, policy: Policy, address: str, task: str, seed: int) -> Episode:
    """Let the policy do one episode."""
    environment.url = f"{address}/miniwob/{task}.html"
    environment.reset()
    page = environment.tabs.page
    page.evaluate(_START, seed)
    page.wait_for_function("() => WOB_TASK_READY", polling=20)
    page.evaluate(_CLEAR)
    instruction = " ".join(page.evaluate(_TASK).split())
    seen = environment.look()
    transcript = Transcript(instruction)
    transcript.start(seen)
    actions: list[str] = []
    while len(actions) < MAX_STEPS and not page.evaluate(_STATE)["done"]:
        action = policy.decide(transcript.prompt(), seen).action
        actions.append(action.render())
        if action.verb in WITHOUT_PAGE:
            break
        result = environment.step(action)
        transcript.advance(action, result)
        seen = result.observation
    state = page.evaluate(_STATE)
    success = bool(state["done"]) and state["raw"] >= 1
    return Episode(task, seed, instruction, success, float(state["raw"]), len(actions), tuple(actions))


def table(episodes: Sequence[Episode]) -> str:
    """Write successes by task, and their mean over tasks."""
    by_task: dict[str, list[Episode]] = {}
    for episode in episodes:
        by_task.setdefault(episode.task, []).append(episode)
    shares = {task: sum(e.success for e in group) / len(group) for task, group in by_task.items()}
    lines = [f"{task:34} {sum(e.success for e in group):>3}/{len(group)}" for task, group in by_task.items()]
    wins = sum(episode.success for episode in episodes)
    low, high = wilson(wins, len(episodes))
    lines.append(f"{'mean over tasks':34} {sum(shares.values()) / len(shares):.3f}   95 % {low:.3f} to {high:.3f}")
    return "\n".join(lines)


def run(policy: Policy, tasks: Sequence[str], seeds: int, address: str) -> list[Episode]:
    """Do every task with every seed. A page that breaks the browser counts as a failure, and says so."""
    episodes: list[Episode] = []
    with LiveEnvironment(address) as environment:
        for task in tasks:
            for seed in range(FIRST_SEED, FIRST_SEED + seeds):
                try:
                    episode = attempt(environment, policy, address, task, seed)
                except ApprenticeError as error:
                    episode = Episode(task, seed, f"error: {error}", success=False, reward=0.0, steps=0, actions=())
                episodes.append(episode)
                mark = "done  " if episode.success else "failed"
                print_error(f"{mark} {task} {seed}: {episode.instruction[:90]}  {' / '.join(episode.actions)[:200]}")
    return episodes


def print_error(text: str) -> None:
    """Tell of the progress beside the results."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a program's progress


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.miniwob", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tasks", type=Path, help="JSON file of task names; default: all")
    parser.add_argument("--seeds", type=int, default=20, help="episodes a task")
    parser.add_argument("--model", help="folder of a base model; default: the embedded one")
    parser.add_argument("--adapter", type=Path, help="folder of an adapter to merge into it")
    parser.add_argument("--root", type=Path, default=Path("runs/miniwob"), help="where the task pages are installed")
    parser.add_argument("--json", type=Path, help="write every episode here")
    args = parser.parse_args(argv)
    try:
        base = find_base(args.model, print_error)
        with served(args.root.absolute()) as address:
            tasks = read_tasks(args.tasks, args.root / "miniwob" / "html")
            from agent.policy.local import LocalPolicy

            episodes = run(LocalPolicy.load(base.path, args.adapter), tasks, args.seeds, address)
    except ApprenticeError as error:
        print_error(f"error: {error}")
        return error.exit_code
    print(table(episodes))  # noqa: T201 - the result
    if args.json:
        record: dict[str, Any] = {"seeds": args.seeds, "episodes": [asdict(episode) for episode in episodes]}
        args.json.write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
