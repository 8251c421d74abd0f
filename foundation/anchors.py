"""The anchors that ship with consolidation: prompts from procedural apps that no night may change the answers to.

python -m foundation anchors > consolidation/data/anchors.jsonl
"""

from __future__ import annotations

import json

from consolidation.segments import Segment, cut
from foundation.dataset import HELD_OUT
from foundation.episodes import run_expert
from foundation.tasks import draw_task

COUNT = 64
MAX_CHARS = 1500
ANCHORED = (
    "lesson",
    "ritual",
    "relation",
    "message",
    "explicit",
    "steps",
    "told",
    "read",
    "unknown",
    "missing",
    "impossible",
)
"""The suites that the shipped anchors were drawn from: a new suite changes none of them."""
_SEEDS = HELD_OUT + (1 << 30)


def draw_anchors() -> list[Segment]:
    """Take one segment from each of many held-out tasks, every suite in turn."""
    out: list[Segment] = []
    seed = _SEEDS
    while len(out) < COUNT:
        task = draw_task(seed, ANCHORED[len(out) % len(ANCHORED)])
        steps = run_expert(task.app, task.goal, task.answer)
        pieces = cut(task.text, task.lessons, steps)
        segment = pieces[seed % len(pieces)]
        seed += 1
        if len(segment.prompt.user) <= MAX_CHARS:
            out.append(segment)
    return out


def write() -> str:
    """Return the file's text: one JSON object a segment."""
    records = [
        {"system": segment.prompt.system, "user": segment.prompt.user, "reply": segment.reply}
        for segment in draw_anchors()
    ]
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
