"""Tasks for procedural apps: what the person says, which lessons are at hand, and the goal that judges the episode."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import replace

from agent.lessons.text import words_text
from browser.actions import Action, Verb
from browser.errors import UsageError
from foundation.app import ProceduralApp
from foundation.episodes import run_expert
from foundation.goals import Create, GiveUp
from foundation.hard_tasks import corrected_task, furnished_lesson, furnished_task, recovery_task, unavailable_task
from foundation.messages import PAIRS, MessageSkill, PageMessageSkill
from foundation.phrasing import Phrasing
from foundation.relations import PageSkill, RelationSkill, small
from foundation.rituals import RitualSkill
from foundation.schema import make_schema
from foundation.skills import CreateSkill, DeleteSkill, Shown, WikiSkill, draw_skill
from foundation.task import ASK_FOR_LESSON, Draw, Task, explicit_task, read_task, shown_task
from foundation.words import TRAINING, Lexicon


def _by_lesson(draw: Draw) -> Task:
    """The person's own words, which only a demonstration explains."""
    return shown_task(draw, draw_skill(draw.app, draw.rng), "lesson")


def _by_ritual(draw: Draw) -> Task:
    """A demonstration of what nobody could guess."""
    return shown_task(draw, RitualSkill.build(draw.schema, draw.rng), "ritual")


def _by_relation(draw: Draw) -> Task:
    """A demonstration on a small page, whose values can be taken for each other."""
    schema = small(draw.schema, draw.rng)
    app = ProceduralApp(schema, draw.rng.randrange(1 << 30), records=draw.rng.choice((0, 0, 1)))
    skill: Shown
    if draw.rng.random() < 0.2:
        skill = PageSkill("", f"{app.words.word()}{draw.rng.choice(':/-_')}" if draw.rng.random() < 0.7 else "")
    else:
        skill = RelationSkill.build(schema, draw.rng)
    return shown_task(Draw(draw.rng, schema, app), skill, "relation")


def _by_message(draw: Draw) -> Task:
    """A demonstration whose values stand somewhere in a sentence; one in five is a page at an address."""
    if draw.rng.random() < 0.2:
        schema = small(draw.schema, draw.rng)
        skill: Shown = PageMessageSkill("", f"{draw.app.words.word()}{draw.rng.choice(':/-_')}")
    else:
        schema = small(draw.schema, draw.rng, PAIRS)
        skill = MessageSkill.build(schema, draw.rng)
    app = ProceduralApp(schema, draw.rng.randrange(1 << 30), records=draw.rng.choice((0, 0, 1)))
    return shown_task(Draw(draw.rng, schema, app), skill, "message")


_DICTATED: dict[Verb, tuple[str, ...]] = {
    Verb.CLICK: ('click "{0}"', 'click "{0}"', "click {0}", 'click on "{0}"', 'hit "{0}"', 'press "{0}"'),
    Verb.TYPE: (
        *('type "{1}" into "{0}"', 'type "{1}" into "{0}"', "type {1} into {0}", 'enter "{1}" in "{0}"'),
        *('fill in "{0}" with "{1}"', 'write "{1}" into "{0}"', 'put "{1}" into {0}'),
    ),
    Verb.SELECT: ('choose "{1}" in "{0}"', 'select "{1}" in "{0}"', "choose {1} for {0}", 'set "{0}" to "{1}"'),
    Verb.PRESS: ("press {1}", 'press "{1}"', "hit the {1} key"),
    Verb.OPEN: ('open "{1}"', 'open "{1}"', "open {1}", "go to {1}", 'go to "{1}"'),
}
"""Ways to dictate an action: {0} is the control's name, {1} the text."""


def _steps(draw: Draw) -> Task:
    """The clicks are dictated; each verb is said in one way throughout. Some are those of a page at an address, some make no sense."""
    rng = draw.rng
    kind = rng.random()
    if kind < 0.5:
        schema = small(draw.schema, rng, PAIRS)
        draw = Draw(rng, schema, ProceduralApp(schema, rng.randrange(1 << 30), records=rng.choice((0, 0, 1))))
    skill: Shown = draw_skill(draw.app, rng)
    if kind < 0.3:
        skill = WikiSkill("", f"{draw.app.words.word()}{rng.choice(':/-_')}" if rng.random() < 0.6 else "")
    elif kind < 0.5:
        skill = RitualSkill.build(draw.schema, rng)
    goal, _ = skill.draw(draw.app)
    forms = {verb: rng.choice(ways) for verb, ways in _DICTATED.items()}
    actions = [step.action for step in run_expert(_twin(draw.app), goal)]
    spoken = [forms[action.verb].format(action.name, action.text) for action in actions if action.verb in forms]
    text = rng.choice((", ", ", ", ", then ", "; ", ". Then ", " and ")).join(spoken)
    return Task("steps", draw.app, text[:1].upper() + text[1:], (), goal)


def _told(draw: Draw) -> Task:
    """A create task that is silent about one field, and the person's words about that field; newer words win."""
    skill = CreateSkill.build(draw.app, draw.rng)
    goal, _ = skill.draw(draw.app)
    assert isinstance(goal, Create)
    items = [
        item
        for item in skill.section.fields
        if item.key in goal.order and item.key != "title" and item.kind not in ("people", "check")
    ]
    if not items:
        return explicit_task(draw)
    item = draw.rng.choice(items)
    value = goal.values[item.key]
    silent = Create(
        goal.section, {k: v for k, v in goal.values.items() if k != item.key}, [k for k in goal.order if k != item.key]
    )
    form = draw.rng.choice(
        (
            "Always set {f} to {v}",
            "When you add a {s}, {f} is {v}",
            "{f} must be {v} for every {s}",
            "I want {v} as {f}",
            "For a new {s} put {v} into {f}",
        )
    )
    words = [words_text(form.format(f=item.label, v=value, s=skill.section.singular))]
    if draw.rng.random() < 0.3:
        words.insert(0, words_text(form.format(f=item.label, v=draw.app.make_value(item), s=skill.section.singular)))
    if draw.rng.random() < 0.3:
        other = draw_skill(draw.app, draw.rng)
        words.insert(0, draw.demonstrate(other, draw.word(other)))
    return Task("told", draw.app, skill.explicit(silent, draw.rng), tuple(words), goal)


def _unknown(draw: Draw) -> Task:
    """Words that nobody explained: ask to be shown. Lessons about other things do not help."""
    words = draw.app.words
    wording = Phrasing.draw(words, draw.rng.choice((1, 2, 3)))
    wording.verb, wording.noun = words.invented(), f"{draw.rng.choice(('', 'the ', 'a '))}{words.invented()}"
    slots = [draw.rng.choice((words.title, words.person, words.amount, words.date))() for _ in wording.order]
    lessons: tuple[str, ...] = ()
    if draw.rng.random() < 0.5:
        other = draw_skill(draw.app, draw.rng)
        lessons = (draw.demonstrate(other, draw.word(other)),)
    return Task("unknown", draw.app, wording.say(slots), lessons, GiveUp(Action(Verb.ASK, text=ASK_FOR_LESSON)))


def _missing(draw: Draw) -> Task:
    """A create task without the value of a required field: fill the rest, then ask."""
    skill = CreateSkill.build(draw.app, draw.rng)
    goal, _ = skill.draw(draw.app)
    assert isinstance(goal, Create)
    items = [
        item
        for item in skill.section.fields
        if item.required
        and item.kind not in ("check", "people", "select", "person")
        and not item.default
        and not item.hidden
        and item.step == 0
        and item.key in goal.order
    ]
    if not items or skill.section.form == "wizard":
        return explicit_task(draw)
    item = draw.rng.choice(items)
    silent = Create(
        goal.section, {k: v for k, v in goal.values.items() if k != item.key}, [k for k in goal.order if k != item.key]
    )
    text = skill.explicit(silent, draw.rng)
    if draw.rng.random() < 0.5:
        text += f". I do not know the {item.label}, ask me" if draw.rng.random() < 0.3 else ""
    goal.missing = item.key
    return Task("missing", draw.app, text, (), goal, answer=goal.values[item.key])


def _impossible(draw: Draw) -> Task:
    """A row that is not there."""
    sections = [section for section in draw.schema.sections if section.form != "inline"]
    if not sections:
        return explicit_task(draw)
    section = draw.rng.choice(sections)
    skill = DeleteSkill(section)
    ghost = ProceduralApp(draw.schema, draw.rng.randrange(1 << 30), records=2)
    goal, _ = skill.draw(ghost)
    return Task("impossible", draw.app, skill.explicit(goal, draw.rng), (), goal)


SUITES: dict[str, tuple[float, Callable[[Draw], Task]]] = {
    "lesson": (0.3, _by_lesson),
    "ritual": (0.2, _by_ritual),
    "relation": (0.24, _by_relation),
    "message": (0.4, _by_message),
    "explicit": (0.3, explicit_task),
    "steps": (0.2, _steps),
    "told": (0.06, _told),
    "read": (0.06, read_task),
    "unknown": (0.06, _unknown),
    "missing": (0.05, _missing),
    "impossible": (0.05, _impossible),
    "unavailable": (0.04, unavailable_task),
    "furnished": (0.2, furnished_task),
    "furnished lesson": (0.16, furnished_lesson),
    "corrected": (0.06, corrected_task),
    "recovery": (0.1, recovery_task),
}
"""Every kind of task with its share of the training set."""


def draw_task(
    seed: int, suite: str | None = None, lexicon: Lexicon = TRAINING, among: Collection[str] = tuple(SUITES)
) -> Task:
    """Draw a task of a suite, or of any `among` these by their shares. A suite that does not suit the app becomes another.

    The arguments fix everything: app, data, words and lessons.
    """
    rng = random.Random(f"task {seed}")
    schema = make_schema(rng.randrange(1 << 30), lexicon)
    app = ProceduralApp(schema, rng.randrange(1 << 30))
    shares = {name: share for name, (share, _) in SUITES.items() if name in among}
    name = suite or rng.choices(list(shares), list(shares.values()))[0]
    return SUITES[name][1](Draw(rng, schema, app))


def named_suites(names: str) -> tuple[str, ...]:
    """Return the suites in a list with commas between, all of them for an empty one. Raises UsageError for an unknown name."""
    chosen = tuple(name.strip() for name in names.split(",") if name.strip())
    if unknown := set(chosen) - set(SUITES):
        raise UsageError(f"no such suite: {', '.join(sorted(unknown))}", f"There are: {', '.join(SUITES)}")
    return chosen or tuple(SUITES)


def _twin(app: ProceduralApp) -> ProceduralApp:
    """Return an app with the same data, to try things out in."""
    structures = replace(app.schema.structures, login=None, interruption=0)
    twin = ProceduralApp(replace(app.schema, popup=None, slow=False, structures=structures), 0)
    twin.records = {label: [dict(row) for row in rows] for label, rows in app.records.items()}
    twin.settings = {title: dict(values) for title, values in app.settings.items()}
    return twin
