"""How far the Live screen lags behind a session that makes many steps a second: through the real pipe, screen and store.

    python -m bench.live [--rate 60] [--seconds 10] [--json FILE]

A process of its own writes the events of a session as `apprentice run --json` does: for every step a page of 60 lines, the action
and what came of it. An action says when it was written (both processes read one clock), so that the lag is known the
first time the screen draws it; a step that leaves the screen unseen counts as missed. `loop_s` is how late a timer of the
screen came, which is what a pressed key would have waited.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.dashboard import PATIENCE_S, SCREEN, Visit

LINES = 60
"""Lines of every page."""
LOOK_S = 0.02
STEP = re.compile(r'click "Step (\d+) at (\d+)"')
ALLOWED = {"allowed": True, "consequence": "read", "reason": "it changes nothing", "by": "rule"}


def emit(rate: float, seconds: float) -> None:
    """Write the events of a session at a steady pace."""
    from agent.events import event

    begun, count = time.perf_counter(), round(rate * seconds)
    _write(event("session_started", session="live", task="many steps", lessons=[]))
    for step in range(count):
        time.sleep(max(0.0, begun + step / rate - time.perf_counter()))
        lines = [f'textbox "Field {number}" [{number}] = "{step * number}"' for number in range(LINES)]
        _write(event("observed", session="live", step=step, url="http://a.example/", title=f"Page {step}", lines=lines))
        action = f'click "Step {step} at {time.perf_counter_ns() // 1000}"'
        _write(event("decided", session="live", step=step, action=action, verdict=ALLOWED))
        _write(event("stepped", session="live", step=step, ok=True, note=""))
    _write(event("session_ended", session="live", stop_reason="done", answer=""))


def _write(record: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


@dataclass(slots=True)
class Watched:
    """What was seen of a stream of steps."""

    lags: dict[int, float] = field(default_factory=dict)
    """Seconds from the writing of a step to the first look that finds it drawn, by its number."""
    loop: list[float] = field(default_factory=list)
    share: float = 0.0
    """How much of a processor the screen's process used."""

    def look(self, text: str) -> None:
        """Take what the screen draws into account."""
        now = time.perf_counter_ns() // 1000
        for number, written in STEP.findall(text):
            self.lags.setdefault(int(number), (now - int(written)) / 1e6)

    def report(self, count: int) -> dict[str, float]:
        """Return the figures, in seconds."""
        lags, tenth = sorted(self.lags.values()), sorted(self.lags)[-max(count // 10, 1) :]
        return {
            "steps": count,
            "missed": count - len(lags),
            "lag_s": round(statistics.median(lags), 4),
            "lag_p95_s": round(lags[int(len(lags) * 0.95)], 4),
            "lag_of_the_last_tenth_s": round(statistics.median(self.lags[number] for number in tenth), 4),
            "most_lag_s": round(lags[-1], 4),
            "loop_s": round(statistics.median(self.loop), 4),
            "most_loop_s": round(max(self.loop), 4),
            "share_of_a_processor": round(self.share, 3),
        }


async def watch(run: Visit) -> Watched:
    """Start the session by keys, and look until it has ended."""
    from textual import events

    watched = Watched()
    await run.until(lambda text: "Address to begin at" in text, time.perf_counter())
    for name, words in (("task", "many steps"), ("url", "http://a.example/")):
        run.app.screen.query_one(f"#{name}").post_message(events.Paste(words))
        await run.until(lambda text, words=words: words in text, time.perf_counter())
    run.press("f5")
    text, used, begun = "", time.process_time(), time.perf_counter()
    while "ended: done" not in text:
        if time.perf_counter() - begun > PATIENCE_S:
            raise TimeoutError(f"the session does not end:\n{text}")
        due = time.perf_counter() + LOOK_S
        await asyncio.sleep(LOOK_S)
        watched.loop.append(time.perf_counter() - due)
        text = run.text()
        watched.look(text)
    watched.share = (time.process_time() - used) / (time.perf_counter() - begun)
    return watched


async def measure(rate: float, seconds: float) -> dict[str, float]:
    """Run the dashboard on an empty store, watch the stream, and return the figures."""
    from agent.store import Store
    from tui.app import ApprenticeApp

    command = [sys.executable, "-c", f"from bench.live import emit; emit({rate}, {seconds})"]
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "live.db") as store:
        app = ApprenticeApp(store, session_command=command)
        app.animation_level = "none"
        run = Visit(app)
        task = asyncio.create_task(app.run_async(headless=True, size=SCREEN))
        try:
            with app._context():  # what draws a screen asks for the app that it belongs to
                watched = await watch(run)
        finally:
            app.exit()
            await task
    return watched.report(round(rate * seconds))


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and keep the figures when a file is named."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.live", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=float, default=60.0, help="steps a second")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", type=Path, help="write the figures here")
    args = parser.parse_args(argv)
    report = asyncio.run(measure(args.rate, args.seconds)) | {"load": round(os.getloadavg()[0], 2)}
    text = json.dumps(report, indent=1)
    print(text)  # noqa: T201 - the result
    if args.json:
        args.json.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
