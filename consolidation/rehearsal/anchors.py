"""Anchors: prompts that have nothing to do with the lesson, on which the model must go on doing what it does.

Some ship with the product (procedural apps, lessons in context); some are made from the recorded pages themselves, with other
tasks: without them a student learns that this app means this skill, whatever it is asked.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from importlib import resources

from agent.policy.local import LocalPolicy
from agent.prompt import Prompt, Transcript
from browser.types import Line, Observation, StepResult, quote
from consolidation.rehearsal.values import draw_value
from consolidation.rehearsal.variants import Demonstration
from consolidation.segments import Segment, Step, cut

_EXPLICIT = ('Click "{0}"', "Press {0}", "Open {0}", 'Use "{0}"', "Go to {0}")
_TYPED = ('Type "{1}" into "{0}"', "Put {1} into {0}", 'Set "{0}" to "{1}"')


def shipped_anchors() -> list[Segment]:
    """Return the anchors of the package, in their order."""
    text = resources.files("consolidation").joinpath("data/anchors.jsonl").read_text(encoding="utf-8")
    segments = []
    for line in text.splitlines():
        record = json.loads(line)
        reply = tuple((text, taught) for text, taught in record["reply"])
        segments.append(Segment(Prompt(record["system"], record["user"]), reply))
    return segments


def page_anchors(
    policy: LocalPolicy,
    demonstrations: Sequence[Demonstration],
    words: tuple[str, ...],
    count: int,
    seed: int,
    *,
    with_manual: bool = False,
) -> list[Segment]:
    """Make anchors from recorded pages: another task, and what the base itself answers to it."""
    rng = random.Random(f"anchors {seed}")
    pages = list(
        {
            step.observation.render(): step.observation
            for demonstration in demonstrations
            for step in demonstration.steps
        }.values()
    )
    made: list[Segment] = []
    for _ in range(count):
        page = rng.choice(pages)
        task = _other_task(page, words, rng)
        transcript = Transcript(task, (), with_manual)
        transcript.start(page)
        last = Step(page, policy.decide(transcript.prompt(), page).action, StepResult(page))
        made += cut(task, (), [last], with_manual=with_manual)
    return made


def _other_task(page: Observation, words: tuple[str, ...], rng: random.Random) -> str:
    """Word a task that the page itself explains, or one that nothing explains."""
    controls: list[Line] = [line for line in page.lines if line.ref is not None and line.name]
    if not controls or rng.random() < 0.3:
        return " ".join(
            draw_value(old, words, rng)
            for old in rng.choice((("word", "Word", "12"), ("word", "Word"), ("Word", "word", "Word", "12.50")))
        )
    line = rng.choice(controls)
    if line.role in ("textbox", "searchbox", "spinbutton"):
        return rng.choice(_TYPED).format(line.name, draw_value("Some words", words, rng))
    if line.options:
        return f"Choose {quote(rng.choice(line.options))} in {quote(line.name)}"
    return rng.choice(_EXPLICIT).format(line.name)
