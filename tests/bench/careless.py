"""A writer that acknowledges too early, and writes in place: killed at each moment of it. Prints how often each fault was seen."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.paths import data_dir
from agent.store import Store
from bench.kill.moments import Calls, Say
from bench.kill.state import Plain, at_home
from bench.kills import Point, measure


@dataclass(slots=True)
class Careless(Plain):
    name: str = "careless"

    def prepare(self, home: Path, model: Path) -> None:
        with at_home(home):
            Store.open().close()
            (home / "note").write_text("old")

    def act(self, say: Say) -> None:
        say("written")
        with (data_dir() / "note").open("a") as file:
            file.write("new")
            file.flush()
            file.write("er")

    def problems(self, home: Path, said: Sequence[str]) -> Iterator[str]:
        if said and not (home / "note").read_text().endswith("newer"):
            yield "lost: the note"

    def state(self, home: Path) -> Any:
        return (home / "note").read_text()


if __name__ == "__main__":

    def kill(known: Sequence[Point], keep: Callable[[list[Point]], None]) -> list[Point]:
        """Kill at every moment that is not known."""
        return measure([Careless()], 100, Calls(), 1, Path(sys.argv[1]), known, keep, lambda _: None)[1]

    kept: list[list[Point]] = []
    points = kill([], kept.append)
    assert kill(points, kept.append) == points == kept[-1] and len(kept) == len(points), "what is known is kept"
    counts = [sum(bool(of) for of in found) for found in zip(*((p.corrupt, p.unequal) for p in points), strict=True)]
    print(json.dumps([*counts, sum(point.sound for point in points)]))  # noqa: T201 - read by the test
