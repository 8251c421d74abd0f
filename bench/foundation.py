"""How good a base is at procedural apps that it never saw, in words that it never saw: whole episodes, judged by the app's state.

    python -m bench.foundation [--model FOLDER] [--adapter FOLDER] [--episodes N] [--orders N] [--suites NAME …]
                               [--progress FILE] [--json FILE]

The policy acts as it does by day: greedy, under the page's grammar, with the same prompt. What is finished is written down case by
case; a run that was stopped goes on where it was, and one that asks for more adds to it. Suites take turns, so that a run that was
stopped early says something about each.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent.policy.embedded import file_sha256
from agent.policy.local import LocalPolicy
from agent.types import Policy
from bench.arena import wilson
from browser.errors import ApprenticeError, UsageError
from foundation.evaluate import Examined, Obedience, confront, examine, held_out_order, held_out_task
from foundation.tasks import SUITES
from tui.wiring import find_base

LESSON = ("lesson", "message", "relation", "ritual", "told", "corrected", "furnished lesson")
EXPLICIT = ("explicit", "steps", "furnished", "recovery")
ASKING, REFUSING = ("unknown", "missing"), ("impossible", "unavailable")
SOLVABLE = (*LESSON, *EXPLICIT, "read")
"""Suites in which neither a question nor a refusal is right: each is a false alarm."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    measure: str
    hits: int
    cases: int

    def row(self) -> str:
        """Write the share with its 95 % interval."""
        low, high = wilson(self.hits, self.cases)
        share = self.hits / self.cases if self.cases else 0.0
        return f"{self.measure:48} {self.hits:>5} of {self.cases:<5} {share:6.3f}   95 % {low:.3f} to {high:.3f}"

    def to_json(self) -> dict[str, Any]:
        """Return the share with its 95 % interval for `--json FILE`."""
        return asdict(self) | {"interval": wilson(self.hits, self.cases)}


class Progress:
    """A file of finished cases, one JSON object a line; its first line says what was examined."""

    def __init__(self, path: Path, identity: dict[str, Any]) -> None:
        self.path = path
        self.examined: dict[tuple[str, int], Examined] = {}
        self.obedience: dict[int, Obedience] = {}
        lines = path.read_text().splitlines() if path.exists() else []
        if not lines:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(identity) + "\n")
        elif json.loads(lines[0]) != identity:
            raise UsageError(f"{path} is about another model or other cases", "Give another file with --progress")
        for line in lines[1:]:
            self._take(line)

    def _take(self, line: str) -> None:
        try:
            record = json.loads(line)
        except ValueError:  # a line that a killed run left half-written
            return
        if "order" in record:
            self.obedience[record["order"]] = Obedience(**record["obedience"])
        else:
            self.examined[record["examined"]["suite"], record["index"]] = Examined(**record["examined"])

    def note_task(self, index: int, examined: Examined) -> None:
        """Keep what came of a task."""
        self.examined[examined.suite, index] = examined
        self._write({"index": index, "examined": asdict(examined)})

    def note_order(self, index: int, obedience: Obedience) -> None:
        """Keep what came of an order."""
        self.obedience[index] = obedience
        self._write({"order": index, "obedience": asdict(obedience)})

    def _write(self, record: dict[str, Any]) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")


def run(policy: Policy, progress: Progress, suites: Sequence[str], episodes: int, orders: int) -> None:
    """Examine what is not yet in `progress`: suites and orders in turns."""
    for index in range(max(episodes, orders)):
        for suite in suites if index < episodes else ():
            if (suite, index) not in progress.examined:
                progress.note_task(index, examine(policy, suite, index))
        for number in _orders_of_turn(index, episodes, orders):
            if number not in progress.obedience:
                progress.note_order(number, confront(policy, held_out_order(number)))


def _orders_of_turn(index: int, episodes: int, orders: int) -> range:
    """Spread the orders evenly over the turns, so that both are finished together."""
    turns = max(episodes, 1)
    return range(index * orders // turns, (index + 1) * orders // turns) if index < turns else range(0)


def cases_sha256() -> str:
    """Return a hash of what is asked: it changes when the generator of the apps does, and figures can no longer be mixed."""
    tasks = [held_out_task(suite, index)[1] for suite in SUITES for index in range(3)]
    texts = [f"{task.text}\n{task.lessons}\n{task.app.reset().render()}" for task in tasks]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def shares(progress: Progress, suites: Iterable[str], episodes: int, orders: int) -> list[Share]:
    """Count what the issue asks for, then every suite for itself."""
    chosen_suites = set(suites)
    cases = [case for (suite, index), case in progress.examined.items() if suite in chosen_suites and index < episodes]
    pages = [page for index, page in progress.obedience.items() if index < orders]

    def of(measure: str, group: Sequence[str], hit: Callable[[Examined], bool]) -> Share:
        chosen = [case for case in cases if case.suite in group]
        return Share(measure, sum(map(hit, chosen)), len(chosen))

    def next_action(measure: str, group: Sequence[str]) -> Share:
        chosen = [case for case in cases if case.suite in group]
        return Share(measure, sum(case.exact for case in chosen), sum(case.steps for case in chosen))

    out = [
        next_action("lesson in context: exact next action", LESSON),
        of("lesson in context: whole episode", LESSON, lambda case: case.success),
        next_action("explicit instruction: exact next action", EXPLICIT),
        of("explicit instruction: whole episode", EXPLICIT, lambda case: case.success),
        of("asked, where information is missing", ASKING, lambda case: case.asked),
        of("failed, where it is impossible", REFUSING, lambda case: case.failed),
        of("false alarms: asked or failed elsewhere", SOLVABLE, lambda case: case.asked or case.failed),
        Share("orders in page text obeyed", sum(page.obeyed for page in pages), len(pages)),
        Share("right beside the order", sum(page.right for page in pages), len(pages)),
        Share("right on the same page without it", sum(page.right_without for page in pages), len(pages)),
    ]
    for suite in suites:
        out.append(next_action(f"{suite}: exact next action", (suite,)))
        out.append(of(f"{suite}: whole episode", (suite,), lambda case: case.success))
    return [share for share in out if share.cases]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.foundation", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", help="folder of a base model; default: the embedded one")
    parser.add_argument("--adapter", type=Path, help="folder of an adapter to merge into it")
    parser.add_argument("--episodes", type=int, default=50, help="episodes a suite")
    parser.add_argument("--orders", type=int, default=300, help="pages that give an order")
    parser.add_argument("--suites", nargs="*", choices=list(SUITES), default=list(SUITES))
    parser.add_argument("--progress", type=Path, default=Path("runs/foundation.jsonl"), help="file of finished cases")
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args(argv)
    try:
        base = find_base(args.model, lambda text: print(text, file=sys.stderr))  # noqa: T201 - a program's progress
        adapter = file_sha256(args.adapter / "adapter_model.safetensors") if args.adapter else ""
        progress = Progress(args.progress, {"base": base.sha256, "adapter": adapter, "cases": cases_sha256()})
        run(LocalPolicy.load(base.path, args.adapter), progress, args.suites, args.episodes, args.orders)
    except ApprenticeError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program's error
        return error.exit_code
    found = shares(progress, args.suites, args.episodes, args.orders)
    print("\n".join(share.row() for share in found))  # noqa: T201 - the result
    if args.json:
        args.json.write_text(json.dumps([share.to_json() for share in found], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
