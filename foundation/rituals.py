"""Rituals: procedures that nothing on the page explains, so that only following the lesson step by step will do.

Real errands are full of them: the first field always says "Payback", the options are unfolded for one list, a link is clicked
because the person always does. An app's own logic would teach a policy to guess; a ritual punishes every guess.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from browser.actions import Action
from browser.types import Line, Observation
from foundation.app import ProceduralApp
from foundation.goals import DONE, Goal
from foundation.moves import clear_the_way, use
from foundation.phrasing import Phrasing, Wording
from foundation.schema import Field, Schema
from foundation.words import Words

MAX_SLOTS = 4
MAX_DRAWS = 20
"""Tries for a value that no other slot has; a short list may have none left."""
_NEVER = ("popup", "old", "row ", "home", "confirm", "search", "create", "wiki")
"""Keys of controls that are not there in every state of the app, or that leave nothing behind."""
_PEOPLE = ("person", "people")
_WEIGHTS = {"field": 6.0, "more": 5.0, "clear": 4.0, "tab": 2.0, "next": 2.0, "new": 3.0, "nav": 0.5, "menu": 0.5}


@dataclass(frozen=True, slots=True)
class Deed:
    """One step of a ritual: a control, and where its value comes from."""

    key: str
    draw: Callable[[ProceduralApp], str]
    """Draw a value: what is typed or chosen, or whose box is ticked; empty for a plain click."""
    value: str
    """What is always entered; empty where the value is a slot, or where there is none."""
    slot: bool
    person: bool = False
    """Whether the value is part of the control's key."""

    def fixed(self, value: str) -> tuple[str, str]:
        """Return (key, text) of the step with its value."""
        return (f"{self.key} {value}", "") if self.person else (self.key, value)


@dataclass(slots=True)
class Ritual:
    """Do these steps, in this order, and nothing needs to make sense."""

    steps: list[tuple[str, str]]

    def act(self, app: ProceduralApp, page: Observation) -> Action:
        """Do the first step that has not been done; `done` when there is none, or no way to do it."""
        at = self._done(app)
        if at == len(self.steps):
            return DONE
        try:
            return use(app, page, *self.steps[at])
        except LookupError:
            return DONE

    def achieved(self, app: ProceduralApp) -> bool:
        """Every step was done in its turn."""
        return self._done(app) == len(self.steps)

    def _done(self, app: ProceduralApp) -> int:
        at = 0
        for deed in app.acted:
            at += at < len(self.steps) and deed == self.steps[at]
        return at


@dataclass(slots=True)
class RitualSkill:
    """A ritual with slots."""

    deeds: list[Deed]

    @classmethod
    def build(cls, schema: Schema, rng: random.Random, longest: int = 9) -> RitualSkill:
        """Walk through the app at random and remember the way."""
        app = ProceduralApp(schema, rng.randrange(1 << 30))
        page = app.reset()
        deeds: list[Deed] = []
        length = rng.randint(3, longest)
        while len(deeds) < length:
            if (way := clear_the_way(app, page)) is not None:
                page = app.step(way).observation
                continue
            keys = _choices(app, page, {deed.key for deed in deeds})
            if not keys:
                break
            key = rng.choices(keys, [_weight(app, key) for key in keys])[0]
            deed = _deed(app, key, rng, slots=sum(deed.slot for deed in deeds))
            deeds.append(deed)
            page = app.step(use(app, page, *deed.fixed(deed.value or deed.draw(app)))).observation
            if key.startswith(("save", "cancel")) and rng.random() < 0.7:
                break
        return cls(deeds)

    def draw(self, app: ProceduralApp) -> tuple[Goal, list[str]]:
        """Draw a value for every slot."""
        steps, slots = [], []
        for deed in self.deeds:
            value = deed.value
            if deed.slot:
                drawn = [deed.draw(app) for _ in range(MAX_DRAWS)]
                value = next((other for other in drawn if other not in slots), drawn[0])
                slots.append(value)
            steps.append(deed.fixed(value))
        return Ritual(steps), slots

    def wording(self, words: Words) -> Wording:
        """Name the slots, say nothing of the steps."""
        return Phrasing.draw(words, sum(deed.slot for deed in self.deeds))


def _choices(app: ProceduralApp, page: Observation, used: set[str]) -> list[str]:
    """Return the keys of the controls in view; boxes of people count as one control."""
    keys: dict[str, None] = {}
    filled = _fields(app)
    for key, ref in app.refs.items():
        line = page.find(ref)
        if line is None or key.startswith(_NEVER) or key == "save again":
            continue
        key = _without_person(app, key, line)
        if key not in used and (key in filled or line.role in ("button", "link", "tab", "menuitem")):
            keys[key] = None
    return list(keys)


def _fields(app: ProceduralApp) -> dict[str, Field]:
    return {f"field {item.key}": item for item in app.form.fields} if app.form else {}


def _weight(app: ProceduralApp, key: str) -> float:
    """Prefer people: who does what to whom is where roles are confused."""
    item = _fields(app).get(key)
    return 12.0 if item and item.kind in _PEOPLE else _WEIGHTS.get(key.split(" ")[0], 1.5)


def _without_person(app: ProceduralApp, key: str, line: Line) -> str:
    if line.role == "checkbox" and key.startswith("field "):
        for person in app.schema.people:
            if key.endswith(f" {person}"):
                return key.removesuffix(f" {person}")
    return key


def _deed(app: ProceduralApp, key: str, rng: random.Random, slots: int) -> Deed:
    """Draw whether the control's value is a slot or always the same."""
    item = _fields(app).get(key)
    if item is None or item.kind == "check":
        return Deed(key, lambda _: "", "", slot=False)
    person = item.kind == "people"
    draw = (lambda a: a.rng.choice(a.schema.people)) if person else (lambda a: a.make_value(item))
    slot = slots < MAX_SLOTS and rng.random() < (0.75 if item.kind in _PEOPLE else 0.5)
    return Deed(key, draw, "" if slot else draw(app), slot, person)
