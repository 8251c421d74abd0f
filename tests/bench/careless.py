"""Real cases with a careless writer in them, killed at each moment: what the bench's own checks found of it, as JSON.

One writes an adapter's file and the database in place, another acknowledges steps before they are committed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.paths import adapters_dir, data_dir
from agent.store import Store
from bench.kill.moments import Calls, Say
from bench.kill.night_cases import Promote
from bench.kill.store_cases import Log
from bench.kills import Point, measure
from bench.small import URL, paid_back


@dataclass(slots=True)
class InPlace(Promote):
    """Writes what is there once more, over itself, in two pieces."""

    name: str = "in place"

    def act(self, say: Say) -> None:
        weights = min(adapters_dir().glob("*/adapter_model.safetensors"))
        for path in (weights, data_dir() / "apprentice.db"):
            content = path.read_bytes()
            with path.open("wb") as file:
                file.write(content[: len(content) // 2])
                file.flush()
                file.write(content[len(content) // 2 :])


@dataclass(slots=True)
class TooEarly(Log):
    """Says that a step is kept before it is."""

    name: str = "too early"

    def act(self, say: Say) -> None:
        with Store.open() as store:
            shown = paid_back()
            taught = store.begin_session(shown.task, "trip", URL, kind="teach", policy="person")
            step = shown.steps[0]
            say(f"began {taught} 0")
            store.begin_step(taught, 0, step.observation, step.action, actor="person")
            say(f"finished {taught} 0")
            store.finish_step(taught, 0, step.result)
            store.end_session(taught, "done")


def main(folder: Path) -> None:
    """Kill at every moment, again where they were others, and print what was found by case."""

    def kill(known: Sequence[Point], keep: Callable[[list[Point]], None]) -> list[Point]:
        return measure([InPlace(), TooEarly()], 1000, Calls(), 1, folder, known, keep, lambda _: None)[1]

    kept: list[list[Point]] = []
    points = kill([], kept.append)
    stale = [replace(points[0], moments="of other code", corrupt=("stale",)), *points[1:]]
    again = kill(stale, kept.append)
    assert set(points[1:]) < set(again) and len(kept) == len(points) + 1, "what is known is kept, and nothing else"
    assert len(again) == len(points) and not any("stale" in point.corrupt for point in again)
    found = {
        name: {
            "killed": all(point.killed for point in points if point.case == name),
            "corrupt": sorted({text for point in points if point.case == name for text in point.corrupt}),
            "unequal": sorted({text for point in points if point.case == name for text in point.unequal}),
            "sound": sum(point.sound for point in points if point.case == name),
        }
        for name in ("in place", "too early")
    }
    print(json.dumps(found))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(Path(sys.argv[1]))
