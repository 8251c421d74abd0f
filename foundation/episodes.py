"""Run an expert through a task."""

from __future__ import annotations

import random

from browser.actions import Action, Verb
from browser.types import Observation, StepResult
from consolidation.segments import ENDS, Step
from foundation.app import ProceduralApp
from foundation.goals import Goal
from foundation.moves import clear_the_way

MAX_STEPS = 40


def run_expert(app: ProceduralApp, goal: Goal, answer: str = "", mistakes: random.Random | None = None) -> list[Step]:
    """Let the expert act until it is done. With `mistakes`, a wrong action is planted now and then."""
    steps: list[Step] = []
    page = app.reset()
    planted = 0
    while len(steps) < MAX_STEPS:
        action = next_action(app, goal, page)
        taught = True
        if mistakes and planted < 2 and action.verb not in ENDS and mistakes.random() < 0.08:
            wrong = plant_mistake(page, action, mistakes)
            if wrong:
                action, taught = wrong, False
                planted += 1
        result = _say(app, page, answer, goal) if action.verb is Verb.ASK else app.step(action)
        steps.append(Step(page, action, result, taught))
        page = result.observation
        if action.verb in ENDS or (action.verb is Verb.ASK and not answer):
            break
    return steps


def next_action(app: ProceduralApp, goal: Goal, page: Observation) -> Action:
    """Return what the expert does now: it clears the way first."""
    return clear_the_way(app, page) or goal.act(app, page)


def _say(app: ProceduralApp, page: Observation, answer: str, goal: Goal) -> StepResult:
    if hasattr(goal, "asked"):
        goal.asked = True  # type: ignore[attr-defined]
    return StepResult(page, note=f"the person answers: {answer}")


def plant_mistake(page: Observation, right: Action, rng: random.Random) -> Action | None:
    """Draw a harmless slip: a wrong value in the right field, a wrong link, an opened menu."""
    if right.verb is Verb.TYPE and rng.random() < 0.5:
        return Action(Verb.TYPE, right.name, right.ref, rng.choice(("x", right.text[::-1], right.text[:-1] + "0")))
    links = [
        line
        for line in page.lines
        if line.ref and line.role in ("link", "tab") and line.ref != right.ref and "(" not in line.name
    ]
    if not links:
        return None
    line = rng.choice(links)
    return Action(Verb.CLICK, line.name, line.ref)
