"""The main job as a story: fail, be taught once, do it with the lesson, sleep on it, do it alone the next morning.

The app is ihatemoney, which none of us wrote; what happened is read from its own API. Every figure of the closing JSON object was
measured in this run.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.store import Store
from bench.arena import Arena, ArmResult, lesson_text, summarise
from bench.definitions import load_app
from bench.on_the_job import HERE, Trial, table
from bench.servers import AppServer
from tui.wiring import find_base

APP = HERE / "apps" / "ihatemoney.toml"
ADAPTER_ARM, CONTROL_ARM = "opsd", "sft"


@dataclass(slots=True)
class _Story:
    """Tells chapters with the time since the beginning."""

    quiet: bool
    started: float

    def chapter(self, text: str) -> None:
        self.line(f"\n[{time.monotonic() - self.started:5.0f} s] {text}")

    def line(self, text: str) -> None:
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)  # noqa: T201 - the story is told beside the result


def run_demo(*, as_json: bool, variants: int, seed: int, root: Path | None = None) -> int:
    """Run the story; print its figures as one JSON object last. Returns the exit code."""
    story = _Story(as_json, time.monotonic())
    root = (root or Path("runs/demo")).absolute()
    base = find_base(None, story.line)
    os.environ["APPRENTICE_HOME"] = str(root / "homes" / datetime.now().strftime("%Y%m%d-%H%M%S"))
    app = load_app(APP)
    story.chapter(f"Starting {app.name}, with a database of its own")
    with AppServer(app, root / "apps") as server, Store.open() as store:
        trial = Trial(Arena(server, store), base, variants, seed, tell=story.line)
        adapter_id = _tell(trial, story)
        figures = figures_of(trial, time.monotonic() - story.started, adapter_id)
    if not as_json:
        story.line("\n" + table(summarise(trial.episodes)))
    print(json.dumps(figures))  # noqa: T201 - the result
    return 0


def _tell(trial: Trial, story: _Story) -> str:
    """Go through the chapters; return the id of the adapter that was learned."""
    skill = trial.taught[0]
    story.chapter(f"Yesterday: the base alone, {trial.variants} errands like “{skill.task}”")
    trial.measure("base", trial.taught)
    story.chapter("… and a skill that has nothing to do with it, to see later what becomes of it")
    trial.measure("base", trial.unrelated)
    story.chapter("Taught once, in the live app. This is the whole lesson:")
    lessons = trial.teach()
    story.line(lesson_text(skill))
    story.chapter("The day goes on: a few errands with the lesson. What goes well, the gate will ask about")
    trial.live_through_the_day()
    story.chapter("At once: the same errands, with the lesson in context")
    trial.measure("lesson", trial.taught, lessons=True)
    story.chapter("The night: consolidation in a process of its own")
    adapter = trial.consolidate(lessons, ADAPTER_ARM)
    story.chapter("The next morning: new errands, alone. No lesson is read")
    trial.measure(ADAPTER_ARM, trial.taught, adapter)
    trial.measure(ADAPTER_ARM, trial.unrelated, adapter)
    story.chapter("The control: the same base fine-tuned on the demonstration (SFT), until nothing is left to learn")
    control = trial.consolidate(lessons, CONTROL_ARM, judged=False)
    trial.measure(CONTROL_ARM, trial.taught, control)
    trial.measure(CONTROL_ARM, trial.unrelated, control)
    return adapter.name


def figures_of(trial: Trial, total_seconds: float, adapter_id: str) -> dict[str, Any]:
    """Collect what the issue of the day asks for in one object."""
    results = {(result.arm, result.skill): result for result in summarise(trial.episodes)}
    taught, watched = trial.taught[0].name, trial.unrelated[0].name

    def arm(name: str, skill: str) -> dict[str, Any]:
        result: ArmResult = results[(name, skill)]
        return {
            "success": round(result.rate, 3),
            "of": result.episodes,
            "interval": [round(result.low, 3), round(result.high, 3)],
            "prompt_tokens_per_step": round(result.prompt_tokens, 1),
            "computed_tokens_per_step": round(result.fed_tokens, 1),
            "seconds_per_step": round(result.decide_seconds, 3),
        }

    skills = {
        "base_alone": arm("base", taught),
        "lesson_in_context": arm("lesson", taught),
        "adapter_alone": arm(ADAPTER_ARM, taught),
        "sft_control": arm(CONTROL_ARM, taught),
    }
    unrelated = {
        "before": arm("base", watched),
        "after_adapter": arm(ADAPTER_ARM, watched),
        "after_sft": arm(CONTROL_ARM, watched),
    }
    saved = skills["lesson_in_context"]["prompt_tokens_per_step"] - skills["adapter_alone"]["prompt_tokens_per_step"]
    return {
        "app": trial.arena.name,
        "skill": taught,
        "seed": trial.seed,
        **skills,
        "unrelated_skill": {"name": watched, **unrelated},
        "prompt_tokens_saved_per_step": round(saved, 1),
        "consolidation_seconds": {name: _seconds(night) for name, night in trial.nights.items()},
        "gate_passed": trial.nights[ADAPTER_ARM]["state"] == "done",
        "adapter": adapter_id,
        "total_seconds": round(total_seconds, 1),
    }


def _seconds(night: dict[str, Any]) -> float:
    took = datetime.fromisoformat(night["ended_at"]) - datetime.fromisoformat(night["started_at"])
    return round(took.total_seconds(), 1)
