"""`kill -9` at enumerated moments of what changes files: nothing corrupt, nothing acknowledged lost, and the rest done afterwards.

    python -m bench.kills [--points 600] [--only log,train,promote,forget,migrate] [--count system|calls] [--seed S] [--json FILE]

Each operation is run once undisturbed, and every moment at which it changes a file is listed. Then it is run from the same
beginning again and again, killed each time at another moment, looked at, and run again to its end. Where there are more moments
than points, the points are spread evenly. With --json the bench may be stopped and goes on where it stood.

System calls are counted with strace, which must be here and may attach; --count calls needs nothing but Python and sees less.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: a forked child has no threads of its parent

from agent.store.migrations import MIGRATIONS
from bench.code import code_sha256
from bench.kill.moments import Calls, Counting, Moment, SystemCalls, run
from bench.kill.night_cases import FallBack, Forget, Promote, TakeBack, Train
from bench.kill.state import Case, damage, state_of
from bench.kill.store_cases import Log, Migrate
from bench.small import save_small_model
from browser.errors import ApprenticeError

POINTS = 600
OPERATIONS = ("log", "train", "promote", "forget", "migrate")
TELL_EVERY = 20
KILLED = (
    "agent/**/*.py",
    "browser/*.py",
    "consolidation/**/*.py",
    "bench/kills.py",
    "bench/kill/*.py",
    "bench/small.py",
)
"""The files whose change makes earlier points void: what is killed, and what looks at it."""
_OF_A_RUN = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}|\d+")

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Point:
    """One kill, and what was found."""

    case: str
    number: int
    """Which of the case's moments, from 0."""
    moment: str
    killed: bool
    """Whether the moment came; an operation that ended before it is looked at all the same, and shows nothing."""
    corrupt: tuple[str, ...]
    unequal: tuple[str, ...]
    seconds: float
    moments: str = ""
    """Digest of all the case's moments: among others, the number is another moment's."""

    @property
    def faults(self) -> tuple[str, ...]:
        """What was wrong."""
        return (*self.corrupt, *self.unequal, *(() if self.killed else ("nobody was killed",)))

    @property
    def sound(self) -> bool:
        """Whether it was killed and nothing was wrong."""
        return not self.faults


@dataclass(slots=True)
class Prepared:
    """A case with its home, its moments, and how it ends undisturbed."""

    case: Case
    home: Path
    moments: list[Moment]
    state: Any

    @property
    def digest(self) -> str:
        """Return what tells these moments from those of other code. Ids, times and process ids in names of files do not."""
        lines = (f"{moment.call} {moment.nth} {_OF_A_RUN.sub('', moment.what)}" for moment in self.moments)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def all_cases() -> list[Case]:
    """Return every case. The first word of a name is the operation's."""
    old = [Migrate(f"migrate: from {had} of {len(MIGRATIONS)}", had=had) for had in range(len(MIGRATIONS))]
    forgets = [Forget("forget: a session", what="session"), Forget("forget: a site")]
    return [Log(), Train(), Promote(), TakeBack(), FallBack(), *forgets, *old]


def prepare(case: Case, counting: Counting, folder: Path, model: Path) -> Prepared:
    """Make the case's home, run it once undisturbed, and list its moments."""
    home = folder / "home"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made = run(lambda _say: case.prepare(home, model), home)
    if made.exit_code:
        raise RuntimeError(f"{case.name} could not be prepared: {made.errors}")
    # One path for all runs: what a case keeps of it must be the same.
    kept = folder / "kept"
    shutil.move(home, kept)
    shutil.copytree(kept, home)
    moments = counting.moments(case.act, home)
    return Prepared(case, home, moments, state_of(home, case))


def kill(prepared: Prepared, number: int, counting: Counting) -> Point:
    """Kill a case at one of its moments, look, let it be done again, and look again."""
    case, home, moment = prepared.case, prepared.home, prepared.moments[number]
    started = time.monotonic()
    shutil.rmtree(home)
    shutil.copytree(home.with_name("kept"), home)
    ended = counting.kill_at(moment, case.act, home)
    corrupt = damage(home, case, ended.said)
    if not ended.killed and ended.exit_code:
        corrupt.append(f"it failed: {ended.errors}")
    again = run(case.act, home)
    unequal = [f"it failed afterwards: {again.errors[-600:]}"] if again.exit_code else []
    unequal += damage(home, case, again.said)
    state = state_of(home, case)
    if state != prepared.state:
        unequal.append(f"another end: {_difference(prepared.state, state)}")
    where = f"{moment.call} {moment.nth}: {moment.what}"
    seconds = round(time.monotonic() - started, 2)
    return Point(case.name, number, where, ended.killed, tuple(corrupt), tuple(unequal), seconds, prepared.digest)


def _difference(meant: Any, found: Any, where: str = "") -> str:
    if type(meant) is type(found) and isinstance(meant, dict) and meant.keys() == found.keys():
        pairs = [(key, meant[key], found[key]) for key in meant]
    elif type(meant) is type(found) and isinstance(meant, list | tuple) and len(meant) == len(found):
        pairs = [(index, *pair) for index, pair in enumerate(zip(meant, found, strict=True))]
    else:
        return f"{where or 'all'}: {str(meant)[:200]} became {str(found)[:200]}"
    return "; ".join(_difference(a, b, f"{where}/{key}") for key, a, b in pairs if a != b)


def spread(counts: dict[str, int], points: int) -> dict[str, int]:
    """Share points among cases: the operations equally, then their cases, and what one cannot use among the others."""
    shares = dict.fromkeys(counts, 0)
    while points > 0 and (open_ := [name for name in counts if shares[name] < counts[name]]):
        least = min(_given(shares, name) for name in open_)
        name = min((name for name in open_ if _given(shares, name) == least), key=lambda name: shares[name])
        shares[name] += 1
        points -= 1
    return shares


def _given(shares: dict[str, int], name: str) -> int:
    return sum(share for other, share in shares.items() if operation(other) == operation(name))


def operation(name: str) -> str:
    """Return the operation of a case."""
    return name.split(":")[0]


def chosen(count: int, share: int, rng: random.Random) -> list[int]:
    """Choose so many of the moments, one in each of as many equal stretches."""
    return [rng.randrange(index * count // share, (index + 1) * count // share) for index in range(share)]


def measure(
    cases: Sequence[Case],
    points: int,
    counting: Counting,
    seed: int,
    folder: Path,
    known: Sequence[Point],
    keep: Callable[[list[Point]], None],
    tell: Tell,
) -> tuple[dict[str, int], list[Point]]:
    """Kill at all points, passing over those that are known. Returns how many moments each case has, and all points."""
    model = save_model(folder / "model")
    prepared = {case.name: prepare(case, counting, folder / str(index), model) for index, case in enumerate(cases)}
    counts = {name: len(item.moments) for name, item in prepared.items()}
    shares = spread(counts, points)
    digests = {name: item.digest for name, item in prepared.items()}
    same = [point for point in known if digests.get(point.case, point.moments) == point.moments]
    done = {(point.case, point.number): point for point in same}
    if known:
        tell(f"{len(same)} of {len(known)} points were known; those of other moments are killed again")
    for name, item in prepared.items():
        tell(f"{name}: {shares[name]} of {counts[name]} moments")
        for index, number in enumerate(chosen(counts[name], shares[name], random.Random(f"{seed} {name}"))):
            if (name, number) in done:
                continue
            point = done[name, number] = kill(item, number, counting)
            keep(list(done.values()))
            if not point.sound:
                tell(f"  {point.moment}: {'; '.join(point.faults)}")
            elif (index + 1) % TELL_EVERY == 0:
                tell(f"  {index + 1} done")
    return counts, list(done.values())


def _load() -> None:
    """Import what the children need, and compute nothing with it: threads would not come along."""
    import torch

    import consolidation.overnight  # noqa: F401 - for the children

    torch.set_num_threads(1)


def save_model(folder: Path) -> Path:
    """Write the small model in a child: the parent never computes, so that its children can."""
    made = run(lambda _say: print(save_small_model(folder)), folder.with_name("model-home"))  # noqa: T201 - goes to a file
    if made.exit_code:
        raise RuntimeError(made.errors)
    return folder


def figures(counts: dict[str, int], points: Sequence[Point]) -> dict[str, Any]:
    """Sum up, by operation."""
    rows: dict[str, Any] = {}
    for name in dict.fromkeys(map(operation, counts)):
        of = [point for point in points if operation(point.case) == name]
        rows[name] = {
            "moments": sum(count for case, count in counts.items() if operation(case) == name),
            "points": len(of),
            "killed": sum(point.killed for point in of),
            "corrupt_or_lost": sum(bool(point.corrupt) for point in of),
            "unequal_afterwards": sum(bool(point.unequal) for point in of),
            "seconds": round(sum(point.seconds for point in of), 1),
        }
    return rows


def verdict(points: Sequence[Point]) -> int:
    """Return the exit code: 0 when somebody was killed at every point, and all was well."""
    return 0 if points and all(point.sound for point in points) else 1


def taken(path: Path | None, said: dict[str, Any], tell: Tell) -> list[Point]:
    """Return the points that a file has of the same code, seed and way of counting; say so where it has others."""
    record = json.loads(path.read_text()) if path and path.exists() else {}
    if record and record["said"] != said:
        tell(f"{path} is of other code, another seed or another way of counting: begun anew")
        return []
    return [Point(**point) for point in record.get("points", [])]


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog="python -m bench.kills", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--points", type=int, default=POINTS, help="kills in all")
    made.add_argument("--only", default="", help=f"these operations, with commas: {', '.join(OPERATIONS)}")
    made.add_argument("--count", choices=("system", "calls"), default="system", help="what the moments are counted by")
    made.add_argument("--seed", type=int, default=1, help="which moments are chosen where there are more than points")
    made.add_argument("--json", type=Path, help="keep every point here, and go on from it")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench. The exit code is 1 when anything was corrupt, lost or unequal, or somewhere nobody was killed."""
    args = parser().parse_args(argv)
    wanted = args.only.split(",") if args.only else OPERATIONS
    cases = [case for case in all_cases() if operation(case.name) in wanted]
    said = {"count": args.count, "seed": args.seed, "code": code_sha256(*KILLED)}
    known = taken(args.json, said, print_line)

    def keep(points: list[Point]) -> None:
        if args.json:
            args.json.write_text(json.dumps({"said": said, "points": [asdict(point) for point in points]}, indent=1))

    try:
        counting = SystemCalls() if args.count == "system" else Calls()
        _load()
        with tempfile.TemporaryDirectory(prefix="apprentice-kills-") as folder:
            counts, points = measure(cases, args.points, counting, args.seed, Path(folder), known, keep, print_line)
    except ApprenticeError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program's message
        return error.exit_code
    print_line(json.dumps(figures(counts, points), indent=1))
    return verdict(points)


def print_line(text: str) -> None:
    """Print a result as soon as it is there."""
    print(text, flush=True)  # noqa: T201 - the result


if __name__ == "__main__":
    raise SystemExit(main())
