"""Harder tasks: in apps with rarer structures, with a lesson that was corrected, from amid a mistake, or asking for what is not offered."""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass, replace

from agent.lessons.text import words_text
from browser.actions import Action, Verb
from browser.types import Observation
from foundation.app import ProceduralApp
from foundation.episodes import next_action, plant_mistake, run_expert
from foundation.goals import Create, Goal
from foundation.rarer import NarrowSkill, TwinSkill
from foundation.skills import CreateSkill, Skill, draw_skill
from foundation.structures import furnish
from foundation.task import Draw, Task, explicit_task, read_task, shown_task

_CORRECTIONS = (
    "{f} is {v} from now on",
    "Not any more: {f} must be {v}",
    "I was wrong, {f} has to be {v}",
    "{f}: {v}, not what I showed",
    "Use {v} as {f} instead",
)


def furnished_task(draw: Draw) -> Task:
    """Everything is said, in an app with rarer structures."""
    draw = _furnished(draw)
    if draw.rng.random() < 0.2:
        task = read_task(draw)
        text = task.text
    else:
        skill = _furnished_skill(draw)
        goal, _ = skill.draw(draw.app)
        task, text = Task("furnished", draw.app, "", (), goal), skill.explicit(goal, draw.rng)
    return replace(task, suite="furnished", text=_with_account(text, task.app, draw.rng))


def furnished_lesson(draw: Draw) -> Task:
    """The person's own words, explained by a demonstration, in an app with rarer structures."""
    draw = _furnished(draw)
    task = shown_task(draw, _furnished_skill(draw), "furnished lesson")
    return replace(task, text=_with_account(task.text, task.app, draw.rng))


def corrected_task(draw: Draw) -> Task:
    """A demonstration, and newer words of the person that overrule one thing in it."""
    for _ in range(8):
        skill = CreateSkill.build(draw.app, draw.rng)
        fields = {item.key: item for item in skill.section.fields}
        keys = [key for key in skill.constants if fields[key].kind not in ("check", "people")]
        if keys:
            break
    else:
        return explicit_task(draw)
    key = draw.rng.choice(keys)
    task = shown_task(draw, skill, "corrected")
    value = draw.app.make_value(fields[key])
    assert isinstance(task.goal, Create)
    task.goal.values[key] = value
    correction = draw.rng.choice(_CORRECTIONS).format(f=fields[key].label, v=value)
    return replace(task, lessons=(*task.lessons, words_text(correction)))


def recovery_task(draw: Draw) -> Task:
    """The app is found amid something: on a wrong page, with a wrong value in the form, behind a dialog nobody asked for."""
    if draw.rng.random() < 0.5:
        draw = _furnished(draw)
    for _ in range(4):
        skill = draw_skill(draw.app, draw.rng)
        goal, _ = skill.draw(draw.app)
        app, aim = copy.deepcopy((draw.app, goal))
        _go_astray(app, aim, draw.rng)
        trial, trial_aim = copy.deepcopy((app, aim))
        run_expert(trial, trial_aim)
        if trial_aim.achieved(trial) and not aim.achieved(app):
            text = _with_account(skill.explicit(goal, draw.rng), app, draw.rng)
            return Task("recovery", app, text, (), aim)
    return explicit_task(draw)


def unavailable_task(draw: Draw) -> Task:
    """A record with a value that its list does not offer: fail at that field."""
    found = [
        (section, item)
        for section in draw.schema.sections
        for item in section.fields
        if item.kind == "select" and item.step == 0 and not item.hidden
    ]
    if not found:
        return explicit_task(draw)
    section, item = draw.rng.choice(found)
    title = draw.app.words.title()
    wanted = next(label for label in iter(draw.app.words.label, "") if label not in item.options)
    goal = Create(section, {"title": title, item.key: wanted}, ["title", item.key])
    skill = CreateSkill(section, ["title", item.key], {}, goal.order)
    return Task("unavailable", draw.app, skill.explicit(goal, draw.rng), (), Unavailable(goal, item.label, wanted))


@dataclass(slots=True)
class Unavailable:
    """Something that cannot be made, since a list does not offer one of its values."""

    wanted: Create
    label: str
    value: str

    def act(self, app: ProceduralApp, page: Observation) -> Action:
        """Get as far as the list, then say so."""
        action = self.wanted.act(app, page)
        if action.verb is Verb.SELECT and action.text == self.value:
            return Action(Verb.FAIL, text=f"{self.label} has no {self.value}")
        return action

    def achieved(self, app: ProceduralApp) -> bool:
        """Nothing was saved."""
        return not app.events


def _furnished(draw: Draw) -> Draw:
    schema = furnish(draw.schema, draw.rng)
    return Draw(draw.rng, schema, ProceduralApp(schema, draw.rng.randrange(1 << 30)))


def _furnished_skill(draw: Draw) -> Skill:
    """Draw a skill that meets the structures: narrow or tell apart where that is possible, else whatever the app allows."""
    kind = draw.rng.random()
    skill: Skill | None = None
    if kind < 0.15:
        skill = NarrowSkill.build(draw.app, draw.rng)
    elif kind < 0.25:
        skill = TwinSkill.build(draw.app, draw.rng)
    elif kind < 0.5:
        skill = CreateSkill.build(draw.app, draw.rng)
    return skill or draw_skill(draw.app, draw.rng)


def _with_account(text: str, app: ProceduralApp, rng: random.Random) -> str:
    """Say user name and password first, where the app asks for them."""
    if app.login is None:
        return text
    form = rng.choice(
        ("Log in as {0} with the password {1}. {2}", "User {0}, password {1}: {2}", "{2} (log in as {0}, {1})")
    )
    return form.format(*app.account, text)


def _go_astray(app: ProceduralApp, goal: Goal, rng: random.Random) -> None:
    """Let the expert begin, then make one mistake or put a dialog in its way."""
    steps = run_expert(*copy.deepcopy((app, goal)))
    page = app.reset()
    for _ in range(rng.randrange(max(1, len(steps) - 1))):
        action = next_action(app, goal, page)
        page = app.step(action).observation
    wrong = plant_mistake(page, next_action(app, goal, page), rng)
    if wrong is not None and rng.random() < 0.75:
        app.step(wrong)
    else:
        app.popup = (app.words.sentence(), rng.choice(("Close", "OK", "Later", "Got it", "×")))
