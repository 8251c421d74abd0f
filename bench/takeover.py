"""How long a person who takes over waits: from their word to their hands being followed.

    python -m bench.takeover [--rounds 20] [--json FILE]

Measured in a real browser at the moments that may make them wait: while the policy decides (it thinks without end here), while a
page that never rests is waited for, and between two steps.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from agent.guard import Guard
from agent.loop import Session
from agent.policy.scripted import ScriptedPolicy
from agent.prompt import Prompt
from agent.store import Store
from agent.takeover import Wheel
from agent.types import Decision
from bench.secret_app import serving
from browser.actions import parse
from browser.environment import LiveEnvironment
from browser.recorder import Recorder
from browser.types import Observation

ROUNDS = 20
_RESTLESS = "setInterval(() => { document.querySelector('#said').textContent = performance.now(); }, 15)"


class Thinking:
    """A policy that thinks until it is told to stop, and then has nothing more to do."""

    name = "thinking"

    def __init__(self) -> None:
        self.begun, self.enough = threading.Event(), threading.Event()

    def decide(self, prompt: Prompt, page: Observation) -> Decision:
        """Think."""
        if not self.enough.is_set():
            self.begun.set()
            self.enough.wait(30)
        return Decision(parse("done"))


def while_deciding(environment: LiveEnvironment, store: Store) -> float:
    """Take over while the policy decides; return milliseconds."""
    policy = Thinking()

    def when(take: Callable[[], None]) -> None:
        policy.begun.wait(30)
        take()

    return _measured(environment, store, policy, when, policy.enough.set)


def while_settling(environment: LiveEnvironment, store: Store) -> float:
    """Take over while a page that never rests is waited for; return milliseconds."""
    acting = threading.Event()
    policy = ScriptedPolicy(['click "Show"', "done"])

    def when(take: Callable[[], None]) -> None:
        acting.wait(30)
        time.sleep(0.3)  # well into the waiting
        take()

    return _measured(environment, store, policy, when, lambda: None, acting.set, _RESTLESS)


def _measured(
    environment: LiveEnvironment,
    store: Store,
    policy: Any,
    when: Callable[[Callable[[], None]], None],
    followed: Callable[[], None],
    decided: Callable[[], None] = lambda: None,
    script: str = "",
) -> float:
    wheel = Wheel(lambda: Recorder(environment))
    environment.hurry(lambda: wheel.taken)
    times: dict[str, float] = {}

    def take() -> None:
        times["said"] = time.perf_counter()
        wheel.take()

    def listen(told: dict[str, Any]) -> None:
        match told["event"]:
            case "observed" if script and told["step"] == 0:
                environment.tabs.page.evaluate(script)
            case "decided":
                decided()
            case "take_over":
                times["followed"] = time.perf_counter()
                followed()
                wheel.hand_back()

    session_id = store.begin_session("take over", "bench", environment.url)
    guard = Guard.for_task(environment.url)
    session = Session(session_id, "take over", environment, policy, guard, store, listen=listen, wheel=wheel)
    session.screenshot = environment.screenshot
    thread = threading.Thread(target=when, args=(take,))
    thread.start()
    session.run()
    thread.join()
    return (times["followed"] - times["said"]) * 1e3


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and keep the figures when a file is named."""
    parser = argparse.ArgumentParser(prog="python -m bench.takeover", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args(arguments)
    figures: dict[str, dict[str, float]] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(3) as url,
        closing(Store.open(Path(folder) / "a.db")) as store,
        LiveEnvironment(url) as environment,
    ):
        for name, measure in (("while deciding", while_deciding), ("while a page settles", while_settling)):
            times = sorted(measure(environment, store) for _ in range(args.rounds))
            figures[name] = {"median_ms": round(statistics.median(times), 1), "max_ms": round(times[-1], 1)}
    print(json.dumps(figures, indent=2))  # noqa: T201 - the result
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
