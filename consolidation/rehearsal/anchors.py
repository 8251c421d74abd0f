"""Anchors: prompts that have nothing to do with the lesson, on which the model must go on doing what it does.

Some ship with the product (procedural apps, lessons in context); some are made from the recorded pages themselves, with other
tasks: without them a student learns that this app means this skill, whatever it is asked.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from enum import StrEnum
from importlib import resources

from agent.policy.local import LocalPolicy
from agent.prompt import Prompt, Transcript
from browser.actions import Action, Verb
from browser.types import Line, Observation, StepResult, quote
from consolidation.rehearsal.values import draw_value
from consolidation.rehearsal.variants import Demonstration, Variant, make_variant, with_other_texts
from consolidation.segments import Segment, Step, cut

_EXPLICIT = ('Click "{0}"', "Press {0}", "Open {0}", 'Use "{0}"', "Go to {0}")
_SPOKEN = {
    Verb.CLICK: 'click "{0}"',
    Verb.TYPE: 'type "{1}" into "{0}"',
    Verb.SELECT: 'choose "{1}" in "{0}"',
    Verb.OPEN: 'open "{1}"',
    Verb.PRESS: 'press "{1}"',
}
TRIES = 4
"""So many sessions are drawn for each that is wanted: short ones come twice."""
_PRESSED = ("button", "link")
_TYPED = ('Type "{1}" into "{0}"', "Put {1} into {0}", 'Set "{0}" to "{1}"')


class Turn(StrEnum):
    """Where a dictated session leaves the path of a demonstration."""

    ELSEWHERE = "elsewhere"
    """To any button or link of the page."""
    AHEAD = "ahead"
    """To a later click of the demonstration: what comes in between was not asked for."""


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


def dictations(
    demonstrations: Sequence[Demonstration],
    words: tuple[str, ...],
    count: int,
    seed: int,
    *,
    with_manual: bool = False,
) -> list[Segment]:
    """Make anchors of dictated sessions: their last page, since each page on the way to it costs as much and says less."""
    half = count // 2
    sessions = [session for turn in Turn for session in dictated(demonstrations, words, half, seed, turn)]
    return [cut(session.task, (), session.steps, with_manual=with_manual)[-1] for session in sessions]


def dictated(
    demonstrations: Sequence[Demonstration], words: tuple[str, ...], count: int, seed: int, turn: Turn = Turn.ELSEWHERE
) -> list[Variant]:
    """Make up to `count` sessions in which the way into a demonstration is dictated with other texts, then something else than it did next.

    There was a student that did the rest of the skill, too, for whoever dictated its beginning (docs/log.md).
    """
    made: dict[str, Variant] = {}
    for number in range(TRIES * count):
        if len(made) == count:
            break
        rng = random.Random(f"dictation {seed} {number}")
        variant = make_variant(demonstrations[number % len(demonstrations)], words, rng.randrange(1 << 19))
        typed = dict.fromkeys(step.action.text for step in variant.steps if step.action.verb is Verb.TYPE)
        constants = [text for text in typed if not any(value in text for value in variant.values)]
        steps = with_other_texts(variant.steps, {text: draw_value("Some words", words, rng) for text in constants})
        if path := _turning(steps, turn, rng):
            task = ", ".join(_SPOKEN[step.action.verb].format(step.action.name, step.action.text) for step in path)
            made.setdefault(task, Variant(task[:1].upper() + task[1:], tuple(path)))
    return list(made.values())


def _turning(steps: Sequence[Step], turn: Turn, rng: random.Random) -> list[Step]:
    """Return the steps up to a random one, then a click on another button or link of the page; nothing where that cannot be."""
    end = next((at for at, step in enumerate(steps) if step.action.verb not in _SPOKEN), len(steps))
    starts = range(1, end) if turn is Turn.ELSEWHERE else [at for at in range(1, end) if _turns(steps, at, turn)]
    if not starts:
        return []
    at = rng.choice(starts)
    others = _turns(steps, at, turn)
    if not others:
        return []
    line = rng.choice(others)
    page = steps[at].observation
    return [*steps[:at], Step(page, Action(Verb.CLICK, line.name, line.ref), StepResult(page))]


def _turns(steps: Sequence[Step], at: int, turn: Turn) -> list[Line]:
    """Return the buttons and links, told apart by their names, that one may turn to instead of the next step."""
    page, meant = steps[at].observation, steps[at].action
    names = [line.name for line in page.lines]
    others = [
        line
        for line in page.lines
        if line.ref not in (None, meant.ref) and line.role in _PRESSED and line.name and names.count(line.name) == 1
    ]
    if turn is Turn.ELSEWHERE:
        return others
    later = {step.action.name for step in steps[at + 1 :] if step.action.verb is Verb.CLICK}
    return [line for line in others if line.name in later]


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
