"""A task for a procedural app, and what it is drawn from."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.lessons.text import demonstration_text
from foundation.app import ProceduralApp
from foundation.episodes import run_expert
from foundation.goals import Goal, Read
from foundation.phrasing import Wording
from foundation.relations import small
from foundation.schema import Schema
from foundation.skills import Shown, draw_skill

ASK_FOR_LESSON = "How should I do this? Please show me once."


@dataclass(slots=True)
class Task:
    """One episode to be: an app in its start state, the person's words, lessons, and what counts as success."""

    suite: str
    app: ProceduralApp
    text: str
    lessons: tuple[str, ...]
    goal: Goal
    answer: str = ""
    """What the person says when asked."""


@dataclass(slots=True)
class Draw:
    """The random generator and the app that a task is drawn from."""

    rng: random.Random
    schema: Schema
    app: ProceduralApp

    def demonstrate(self, skill: Shown, wording: Wording, near: Sequence[str] = ()) -> str:
        """Show a skill once, in the same app with other data, and write the lesson that this leaves.

        `near` are the task's own slot values: a demonstration that has some of them too is preferred, in the same roles or in
        others, so that a name that stands in both says nothing about where it belongs.
        """
        structures = replace(self.schema.structures, login=None, interruption=0)
        schema = replace(self.schema, popup=None, slow=False, window=80, structures=structures)
        app = ProceduralApp(schema, self.rng.randrange(1 << 30), records=self.rng.choice((1, 2, 3)))
        draws = [skill.draw(app) for _ in range(6 if near else 1)]
        goal, slots = max(draws, key=lambda draw: sum(value in near for value in draw[1]))
        return demonstration_text(wording.say(slots), [step.action for step in run_expert(app, goal)])

    def word(self, skill: Shown) -> Wording:
        """Draw how the person words this skill."""
        return skill.wording(self.app.words)


def shown_task(draw: Draw, skill: Shown, suite: str) -> Task:
    """Draw a task in the person's own words, with the demonstrations that explain it."""
    wording = draw.word(skill)
    goal, slots = skill.draw(draw.app)
    near = slots if len(slots) > 1 and draw.rng.random() < 0.4 else ()
    twice, beside = (0.05, 0.05) if suite in ("relation", "message") else (0.15, 0.25)
    lessons = [draw.demonstrate(skill, wording, near) for _ in range(2 if draw.rng.random() < twice else 1)]
    if draw.rng.random() < beside:
        other = draw_skill(draw.app, draw.rng)
        lessons.insert(draw.rng.randint(0, len(lessons)), draw.demonstrate(other, draw.word(other)))
    anew = 0.8 if suite == "message" else 0.4
    said = wording.otherwise(draw.app.words) if draw.rng.random() < anew else wording
    return Task(suite, draw.app, said.say(slots), tuple(lessons), goal)


def explicit_task(draw: Draw) -> Task:
    """Everything is said, half of the time about a small page; an unrelated lesson may lie about."""
    if draw.rng.random() < 0.5:
        schema = small(draw.schema, draw.rng)
        draw = Draw(
            draw.rng, schema, ProceduralApp(schema, draw.rng.randrange(1 << 30), records=draw.rng.choice((0, 1, 2)))
        )
    skill = draw_skill(draw.app, draw.rng)
    goal, _ = skill.draw(draw.app)
    lessons: tuple[str, ...] = ()
    if draw.rng.random() < 0.2:
        other = draw_skill(draw.app, draw.rng)
        lessons = (draw.demonstrate(other, draw.word(other)),)
    return Task("explicit", draw.app, skill.explicit(goal, draw.rng), lessons, goal)


def read_task(draw: Draw) -> Task:
    """A question about a row; the answer is the episode's last word."""
    sections = [
        section for section in draw.schema.sections if draw.app.records[section.label] and section.list_style == "table"
    ]
    if not sections:
        return explicit_task(draw)
    section = draw.rng.choice(sections)
    fields = [item for item in section.fields[1:4] if item.kind != "check"]
    if not fields:
        return explicit_task(draw)
    item = draw.rng.choice(fields)
    row = draw.rng.choice([row for row in draw.app.records[section.label]])
    form = draw.rng.choice(
        ("What is the {f} of {t}?", "{s}: {f} of {t}?", "Tell me the {f} of {t} in {s}", 'Look up "{f}" for "{t}"')
    )
    text = form.format(f=item.label, t=row["title"], s=section.label)
    return Task("read", draw.app, text, (), Read(section, row[item.key], row["title"]))
