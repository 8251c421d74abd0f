"""Self-healing references: recorded actions found again on pages that changed, in a real browser.

    python -m bench.healing [--seeds N] [--first S] [--dev] [--json FILE]

Ten seeds in a row bring ten kinds of change. For each, the page is opened and its target recorded; the changed page is opened,
the control is looked for, and where one is found the action is performed: the page itself tells which control it reached. A
target that was removed must not be found. The pages and words are ones that healing was not worked on with; `--dev` shows those.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.changing import CHANGES, HELD_OUT, PAGES, Case, make_case
from bench.drawing import Drawer, served
from browser.actions import Action
from browser.environment import LiveEnvironment
from browser.errors import ApprenticeError
from browser.healing import Healing, heal
from browser.types import Observation

SEEDS = 40
Finder = Callable[[Action, Observation, Observation], Healing]


@dataclass(frozen=True, slots=True)
class Trial:
    """One change of one page."""

    seed: int
    change: str
    page: str
    target: str
    is_there: bool
    found: str
    """The control that was taken; empty when none was."""
    acted_on: str
    """Who it was that the action reached, as the page tells; empty when nothing was done."""
    verdict: str
    """`found`, `not found`, `wrong`, or `failed` when the right control did not take the action."""
    reason: str


def try_case(case: Case, environment: LiveEnvironment, pages: dict[str, str], home: str, find: Finder = heal) -> Trial:
    """Record the target, change the page, look for the target, and act."""
    path = "/" + "-".join(case.before.label.lower().replace(":", "").split())
    environment.url = home + path
    pages[path] = Drawer(case.drawn_before).page(case.before)
    recorded = environment.reset()
    action = _recorded(case, recorded, environment)
    pages[path] = Drawer(case.drawn_after).page(case.after)
    present = environment.reset()
    healing = find(action, recorded, present)
    acted: set[str] = set()
    note = ""
    if healing.line is not None:
        result = environment.step(healing.apply(action))
        acted, note = set(environment.tabs.page.evaluate("acted")), result.note
    return Trial(
        case.seed,
        case.change,
        case.before.label,
        case.target.truth,
        case.is_there,
        healing.line.render() if healing.line else "",
        ", ".join(sorted(acted)),
        _verdict(case, healing.line is not None, acted),
        f"{healing.reason}; {note}" if note else healing.reason,
    )


def _verdict(case: Case, found: bool, acted: set[str]) -> str:
    if not found:
        return "not found"
    if acted - {case.target.truth} or not case.is_there:
        return "wrong"
    return "found" if acted else "failed"


def _recorded(case: Case, page: Observation, environment: LiveEnvironment) -> Action:
    """Return the action as it was recorded, on the line that the target has on the page."""
    world = environment.tabs.view.world
    for line in page.lines:
        handle = world.handle("element", line.ref) if line.ref is not None else None
        asked = {
            "objectId": handle,
            "functionDeclaration": "function() { return this.dataset.truth; }",
            "returnByValue": True,
        }
        if handle and world.send("Runtime.callFunctionOn", asked)["result"].get("value") == case.target.truth:
            return Action(case.verb, line.name, line.ref, case.text)
    raise ApprenticeError(f"seed {case.seed}: {case.target.truth} is not among what was seen")


def run(seeds: Sequence[int], *, held_out: bool = True, find: Finder = heal) -> list[Trial]:
    """Try these seeds in one browser."""
    pages: dict[str, str] = {}
    with served(pages) as home, LiveEnvironment(home) as environment:
        pages["/"] = "<title>Start</title>"
        environment.reset()
        trials = []
        for seed in seeds:
            case = make_case(seed, HELD_OUT if held_out else PAGES)
            trials.append(try_case(case, environment, pages, home, find))
        return trials


def table(trials: Sequence[Trial]) -> str:
    """Write what came of each kind of change, and of all."""
    lines = [f"{'change':16} {'found':>7} {'not found':>10} {'wrong':>6} {'failed':>7}"]
    for change in CHANGES:
        mine = [trial for trial in trials if trial.change == change]
        if mine:
            lines.append(_row(change, mine))
    there = [trial for trial in trials if trial.is_there]
    gone = [trial for trial in trials if not trial.is_there]
    lines += [_row("still there", there), _row("removed", gone)]
    share = sum(trial.verdict == "found" for trial in there) / max(1, len(there))
    return "\n".join([*lines, f"{share:.1%} of what is still there was found and acted on"])


def _row(name: str, trials: Sequence[Trial]) -> str:
    counts = Counter(trial.verdict for trial in trials)
    return f"{name:16} {counts['found']:>3}/{len(trials):<3} {counts['not found']:>10} {counts['wrong']:>6} {counts['failed']:>7}"


def _is_odd(trial: Trial) -> bool:
    return trial.verdict != ("found" if trial.is_there else "not found")


def _told(trial: Trial) -> str:
    what = f"seed {trial.seed} {trial.change}: {trial.verdict}: {trial.target}"
    return f"{what} -> {trial.found or 'nothing'}; {trial.reason}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench. The exit code is 1 when a wrong element was acted on."""
    made = argparse.ArgumentParser(
        prog="python -m bench.healing", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--seeds", type=int, default=SEEDS, help="how many")
    made.add_argument("--first", type=int, default=0, help="the first seed")
    made.add_argument("--dev", action="store_true", help="the pages that healing was worked on with")
    made.add_argument("--json", type=Path, help="write every trial here")
    args = made.parse_args(argv)
    try:
        trials = run(range(args.first, args.first + args.seeds), held_out=not args.dev)
    except ApprenticeError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program's message
        return error.exit_code
    print("\n".join([*map(_told, filter(_is_odd, trials)), table(trials)]))  # noqa: T201 - the result
    if args.json:
        args.json.write_text(json.dumps([asdict(trial) for trial in trials], indent=1) + "\n")
    return int(any(trial.verdict == "wrong" for trial in trials))


if __name__ == "__main__":
    raise SystemExit(main())
