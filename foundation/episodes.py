"""Run an expert through a task and turn the episode into training segments."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from agent.prompt import Prompt, Transcript
from browser.actions import Action, Verb
from browser.types import Observation, StepResult
from foundation.app import ProceduralApp
from foundation.goals import Goal, clear_the_way

MAX_STEPS = 40
ENDS = (Verb.DONE, Verb.FAIL)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an episode. `taught` is false for a mistake that was planted to show the way back."""

    observation: Observation
    action: Action
    result: StepResult
    taught: bool = True


@dataclass(frozen=True, slots=True)
class Segment:
    """A prompt and the decisions that follow it until the next keyframe: one training sequence.

    `reply` holds (text, taught) pairs; only taught pieces carry loss.
    """

    prompt: Prompt
    reply: tuple[tuple[str, bool], ...]


def run_expert(app: ProceduralApp, goal: Goal, answer: str = "", mistakes: random.Random | None = None) -> list[Step]:
    """Let the expert act until it is done. With `mistakes`, a wrong action is planted now and then."""
    steps: list[Step] = []
    page = app.reset()
    planted = 0
    while len(steps) < MAX_STEPS:
        action = clear_the_way(app, page) or goal.act(app, page)
        taught = True
        if mistakes and planted < 2 and action.verb not in ENDS and mistakes.random() < 0.08:
            wrong = _mistake(page, action, mistakes)
            if wrong:
                action, taught = wrong, False
                planted += 1
        result = _say(app, page, answer, goal) if action.verb is Verb.ASK else app.step(action)
        steps.append(Step(page, action, result, taught))
        page = result.observation
        if action.verb in ENDS or (action.verb is Verb.ASK and not answer):
            break
    return steps


def _say(app: ProceduralApp, page: Observation, answer: str, goal: Goal) -> StepResult:
    if hasattr(goal, "asked"):
        goal.asked = True  # type: ignore[attr-defined]
    return StepResult(page, note=f"the person answers: {answer}")


def _mistake(page: Observation, right: Action, rng: random.Random) -> Action | None:
    """A harmless slip: a wrong value in the right field, a wrong link, an opened menu."""
    if right.verb is Verb.TYPE and rng.random() < 0.5:
        return Action(Verb.TYPE, right.name, right.ref, rng.choice(("x", right.text[::-1], right.text[:-1] + "0")))
    links = [line for line in page.lines if line.ref and line.role in ("link", "tab") and line.ref != right.ref and "(" not in line.name]
    if not links:
        return None
    line = rng.choice(links)
    return Action(Verb.CLICK, line.name, line.ref)


def segments(task: str, lessons: Sequence[str], steps: Sequence[Step]) -> list[Segment]:
    """Cut an episode at its keyframes. Each decision stands in exactly one segment."""
    transcript = Transcript(task, lessons)
    transcript.start(steps[0].observation)
    out: list[Segment] = []
    prompt, reply, keyframe = transcript.prompt(), list[tuple[str, bool]](), transcript.keyframes
    for step in steps:
        reply.append((step.action.render() + "\n", step.taught))
        if step.action.verb in ENDS:
            break
        transcript.advance(step.action, step.result)
        if transcript.keyframes == keyframe:
            known = len(reply)
            reply.extend((piece.text, False) for piece in transcript.prompt().reply[known:])
        else:
            out.append(Segment(prompt, tuple(reply)))
            prompt, reply, keyframe = transcript.prompt(), [], transcript.keyframes
    if reply:
        out.append(Segment(prompt, tuple(reply)))
    return out
