"""A night is running, and at a random moment the person is back: how long until memory and cores are theirs again.

    python -m bench.returns [--times 200] [--seed 1] [--home DIR [--model DIR]] [--scale S] [--json FILE]

The idle scheduler watches as it always does; only what it asks whether somebody is here is told by the bench. Measured is the time
from the person's touch to the end of the last process of the night, when the system has taken back all that it held. Then the
person leaves again, the night goes on, and every night that came to its end must have the adapter of one that nobody disturbed.

Without --home a random-weight model learns a made-up demonstration. With it, a copy of that home is used, and the base (the
embedded one, or --model) learns what was taught there. With --json the bench may be stopped and goes on counting.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import psutil

from agent.policy.embedded import file_sha256
from agent.store import Store
from bench.code import code_sha256
from bench.small import paid_back, save_small_model, teach
from browser.errors import ApprenticeError
from consolidation.idle.machine import Machine
from consolidation.idle.rules import IdleRules
from consolidation.idle.scheduler import Scheduler
from consolidation.job import Request, night_folders
from tui.wiring import find_base

TIMES = 200
SCALE = 0.1
ALLOWED_S = 2.0
NIGHTS = ("agent/**/*.py", "consolidation/**/*.py", "bench/returns.py", "bench/small.py")
"""The files whose change makes earlier returns void."""
LONG_AWAY_S, PATIENCE_S, LOOK_S = 3600.0, 1800.0, 0.002
WHATEVER_OTHERS_DO = IdleRules(others_begin=1.1, others_go_on=1.1, hot=1e3, cooled=1e3, on_battery=True)
"""Only the person decides here: a busy machine does not keep the bench from running."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Return:
    """One return."""

    seconds: float
    """From the touch to the end of the night's last process."""
    after: float
    """Seconds after the night had begun or gone on."""
    rss_mib: float
    """What its processes held."""
    cpu_s: float
    """What they had computed."""


class Person:
    """Is there, or is not."""

    def __init__(self) -> None:
        self._touched: float | None = None

    def away(self) -> float:
        """Return the seconds since the last touch, as the desktop would."""
        return LONG_AWAY_S if self._touched is None else time.monotonic() - self._touched

    def touch(self) -> None:
        """Be back."""
        self._touched = time.monotonic()

    def leave(self) -> None:
        """Have left long ago."""
        self._touched = None


class Watch:
    """The scheduler, watching in a thread as `apprentice idle` does."""

    def __init__(self, asked: Request, tell: Tell) -> None:
        self.person = Person()
        machine = Machine(away=self.person.away)
        self.scheduler = Scheduler(asked, WHATEVER_OTHERS_DO, tell, machine=machine)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.scheduler.watch, args=(self._stop.is_set,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def until(self, holds: Callable[[], Any]) -> Any:
        """Wait until something is there, and return it. Raises TimeoutError when it never is, or the night has failed."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := holds()):
            if time.monotonic() > deadline or self.scheduler.failed or not self._thread.is_alive():
                raise TimeoutError(f"the night does not go on; read {night_folders()[-1] / 'log.txt'}")
            time.sleep(LOOK_S)
        return found

    def family(self) -> list[psutil.Process]:
        """Return the night's processes; none when no night runs."""
        night = self.scheduler.night
        with suppress(psutil.NoSuchProcess):
            if night is not None:
                first = psutil.Process(night.pid)
                return [first, *first.children(recursive=True)]
        return []

    def finished(self) -> str | None:
        """Return the adapter of the night, None while it has not ended."""
        path = night_folders()[-1] / "finished.json" if night_folders() else None
        return json.loads(path.read_text())["adapter"] if path and path.exists() else None


def come_back(watch: Watch, after: float) -> Return | None:
    """Let a night run for so long, then come back; None when it came to its end before."""
    family = watch.until(watch.family)
    began = time.monotonic()
    while time.monotonic() - began < after:
        if watch.scheduler.night is None or watch.finished():
            return None
        time.sleep(0.02)
    family = watch.family() or family
    held = spent = 0.0
    for process in family:
        with suppress(psutil.NoSuchProcess):
            held += process.memory_info().rss / 2**20
            spent += sum(process.cpu_times()[:2])
    watch.person.touch()
    touched = time.monotonic()
    while any(map(_holds_anything, family)):
        time.sleep(LOOK_S)
    seconds = time.monotonic() - touched
    watch.until(lambda: watch.scheduler.night is None)
    watch.person.leave()
    return Return(round(seconds, 3), round(after, 2), round(held, 1), round(spent, 2))


def _holds_anything(process: psutil.Process) -> bool:
    """Whether a process has memory or may compute; one that only waits to be counted by its parent has and may not."""
    try:
        return process.is_running() and (process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1)
    except psutil.NoSuchProcess:
        return False


def begin_again(folder: Path) -> None:
    """Make a night that has ended one that has only been asked for."""
    for path in folder.iterdir():
        if path.name not in ("request.json", "log.txt"):
            path.unlink()


def measure(
    asked: Request, times: int, rng: random.Random, keep: Callable[[Return], None], tell: Tell
) -> dict[str, Any]:
    """Hold one night undisturbed, then come back so many times in further ones. Returns what the nights ended with."""
    with Watch(asked, lambda _: None) as watch:
        watch.until(watch.family)
        began = time.monotonic()
        undisturbed = watch.until(watch.finished)
        whole = time.monotonic() - began
        tell(f"a night nobody disturbs: {whole:.1f} s, adapter {undisturbed}")
        nights: list[str] = []

        def end() -> None:
            nights.append(watch.until(watch.finished))
            watch.until(lambda: watch.scheduler.night is None)
            begin_again(night_folders()[-1])

        watch.until(lambda: watch.scheduler.night is None)
        begin_again(night_folders()[-1])
        for number in range(1, times + 1):
            while (came := come_back(watch, rng.uniform(0.0, whole))) is None:
                end()
            keep(came)
            tell(f"{number:4} {came.seconds:6.3f} s, {came.after:6.1f} s into the night, {came.rss_mib:6.0f} MiB")
        end()
    return {
        "undisturbed": undisturbed,
        "seconds": round(whole, 1),
        "nights": len(nights),
        "equal": sum(night == undisturbed for night in nights),
    }


@contextmanager
def taught(home: Path | None, model: str | None, scale: float) -> Iterator[Request]:
    """Make a home in which something was taught, and what is asked of its nights."""
    shape: dict[str, Any] = {"updates": 6, "variants": 2, "judged": False, "scale": scale, "nice": 0}
    base = find_base(model) if home else None
    with tempfile.TemporaryDirectory(prefix="apprentice-returns-") as folder:
        own = Path(folder) / "home"
        os.environ["APPRENTICE_HOME"] = str(own)
        if home and base:
            shutil.copytree(home, own)
            asked = Request(str(base.path), base.sha256, (), with_manual=base.with_manual, **shape)
        else:
            small = save_small_model(Path(folder) / "model")
            with Store.open() as store:
                teach(store, paid_back())
            asked = Request(str(small), file_sha256(small / "model.safetensors"), (), threads=1, **shape)
        yield asked


def identity(args: argparse.Namespace, asked: Request) -> dict[str, Any]:
    """Return what a file's returns must be of, if this run is to go on from them."""
    return {
        "base": asked.base_sha256,
        "code": code_sha256(*NIGHTS),
        "threads": asked.threads or int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1),
        "home": str(args.home.absolute()) if args.home else "",
        "model": args.model or "",
        "scale": args.scale,
        "seed": args.seed,
    }


def kept(path: Path | None, of: dict[str, Any]) -> dict[str, Any]:
    """Return what a file keeps of such returns, and say so; an empty record where it is about others, or not there."""
    record = json.loads(path.read_text()) if path and path.exists() else {}
    if record and record.get("of") == of:
        print(f"{len(record['returns'])} returns are taken from {path}", file=sys.stderr, flush=True)  # noqa: T201 - progress
        return record
    if record:
        print(f"{path} is about other nights: begun anew", file=sys.stderr, flush=True)  # noqa: T201 - progress
    return {"of": of, "returns": [], "runs": []}


def figures(returns: Sequence[Return], runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Sum up."""
    seconds = [item.seconds for item in returns]
    return {
        "returns": len(returns),
        "median_s": round(statistics.median(seconds), 3),
        "worst_s": max(seconds),
        "over_2_s": sum(value > ALLOWED_S for value in seconds),
        "worst_rss_mib": max(item.rss_mib for item in returns),
        "nights_to_their_end": sum(run["nights"] for run in runs),
        "with_the_undisturbed_adapter": sum(run["equal"] for run in runs),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench. The exit code is 1 when a return took too long or a night ended with another adapter."""
    made = argparse.ArgumentParser(
        prog="python -m bench.returns", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--times", type=int, default=TIMES, help="returns in all")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--home", type=Path, help="a home with something taught in it; a copy is used")
    made.add_argument("--model", help="folder of a base model for --home; default: the embedded one")
    made.add_argument("--scale", type=float, default=SCALE, help="share of the usual dreams and anchors of a night")
    made.add_argument("--json", type=Path, help="keep every return here, and go on from it")
    args = made.parse_args(argv)
    try:
        with taught(args.home, args.model, args.scale) as asked:
            record = kept(args.json, identity(args, asked))

            def keep(came: Return | None = None) -> None:
                record["returns"] += [asdict(came)] if came else []
                if args.json:
                    args.json.write_text(json.dumps(record, indent=1) + "\n")

            done = len(record["returns"])
            if done < args.times:
                rng = random.Random(f"{args.seed} {done}")
                record["runs"].append(measure(asked, args.times - done, rng, keep, print_line))
                keep()
    except ApprenticeError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a program's message
        return error.exit_code
    found = figures([Return(**item) for item in record["returns"]], record["runs"])
    print_line(json.dumps(found, indent=1))
    return 0 if not found["over_2_s"] and found["nights_to_their_end"] == found["with_the_undisturbed_adapter"] else 1


def print_line(text: str) -> None:
    """Print a result as soon as it is there."""
    print(text, flush=True)  # noqa: T201 - the result


if __name__ == "__main__":
    raise SystemExit(main())
