"""The second stage of the foundation: on-policy in procedural apps, for nothing but what their state says at an episode's end.

One flat loop, fixed by its config: draw tasks, play each several times, move towards what did better than its group. Resumes
exactly. Groups whose episodes all ended alike teach nothing and are passed over.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from consolidation.lora import mixed_precision
from foundation.clone import export
from foundation.resuming import identity, stopped
from foundation.rlvr.config import MAY_CHANGE, RlvrConfig
from foundation.rlvr.learner import Learner
from foundation.rlvr.play import Episode, play_groups
from foundation.tasks import named_suites


def reinforce(base: Path, out: Path, config: RlvrConfig, start: Path | None = None, device: str = "cpu") -> None:
    """Play and learn until `config.updates` are done; write `out/adapter` and the curves `out/log.jsonl`. Resumes.

    `start` is the folder of the cloned adapter on the pretrained weights in `base`; without it, `base` is the cloned model whole.
    Raises UsageError where `out` has a checkpoint of another run.
    """
    among = named_suites(config.suites)
    of = identity(base, start, config, MAY_CHANGE)
    saved = stopped(out, of, device)
    out.mkdir(parents=True, exist_ok=True)
    learner = Learner(base, config, start, device)
    if saved is not None:
        learner.take_up(saved)
    origin = json.loads((start / "recipe.json").read_text()) if start else None
    state = learner.state
    while state["update"] < config.updates:
        began = time.monotonic()
        seeds = range(state["cursor"], state["cursor"] + config.groups)
        with mixed_precision(learner.model, device):
            groups = play_groups(learner.sampler(), seeds, config.group_size, config.longest_prompt, among)
        played = time.monotonic()
        episodes = [episode for group in groups for episode in group]
        figures = learner.learn(episodes)
        state["cursor"] += config.groups
        state["update"] += 1
        state["episodes"] += len(episodes)
        state["actions"] += sum(len(episode.turns) for episode in episodes)
        if state["update"] % config.checkpoint_every == 0:
            learner.save(out, of)
        record = {
            **state,
            **{name: round(value, 5) for name, value in figures.items()},
            **_told(groups),
            "play_seconds": round(played - began, 1),
            "learn_seconds": round(time.monotonic() - played, 1),
        }
        with (out / "log.jsonl").open("a") as log:
            log.write(json.dumps(record) + "\n")
    export(learner.model, out / "adapter", config, state, origin)


def _told(groups: Sequence[Sequence[Episode]]) -> dict[str, Any]:
    """Return the rewards of an update: of all, by suite, and how many groups had something to teach."""
    suites: dict[str, list[float]] = {}
    for group in groups:
        for episode in group:
            suites.setdefault(episode.task.suite, []).append(episode.reward)
    every = [reward for rewards in suites.values() for reward in rewards]
    return {
        "reward": round(sum(every) / max(1, len(every)), 4),
        "informative": sum(any(episode.advantage for episode in group) for group in groups),
        "suites": {name: f"{sum(rewards):.0f}/{len(rewards)}" for name, rewards in sorted(suites.items())},
    }
