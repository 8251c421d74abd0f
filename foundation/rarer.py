"""Rarer skills: a list narrowed to some of its rows, and a row that shares its name with another."""

from __future__ import annotations

import random
from dataclasses import dataclass

from browser.actions import Action
from browser.types import Observation
from foundation.app import ProceduralApp
from foundation.goals import DONE, Delete, Goal
from foundation.moves import go_to, use
from foundation.phrasing import Phrasing, Wording
from foundation.schema import Field, Section
from foundation.structures import filter_field
from foundation.words import Words


@dataclass(slots=True)
class Narrow:
    """A list that shows only the rows with one value."""

    section: Section
    value: str

    def act(self, app: ProceduralApp, page: Observation) -> Action:
        """Go to the list, choose the value."""
        if self.achieved(app):
            return DONE
        if app.page != self.section.label or (app.form and app.form.section and app.form.section.form == "dialog"):
            return go_to(app, page, self.section.label)
        if app.form and app.form.section and app.form.section.form in ("page", "wizard"):
            return use(app, page, "cancel")
        return use(app, page, "filter", self.value)

    def achieved(self, app: ProceduralApp) -> bool:
        """The list is narrowed to the value now, and nothing else was done."""
        there = app.page == self.section.label and app.view.filtered == self.value
        return there and {event.kind for event in app.events} == {"filter"}


@dataclass(slots=True)
class NarrowSkill:
    """Narrow a list."""

    section: Section
    item: Field

    @classmethod
    def build(cls, app: ProceduralApp, rng: random.Random) -> NarrowSkill | None:
        """Choose a list that can be narrowed; None when the app has none."""
        found = [(section, item) for section in app.schema.sections if (item := filter_field(app, section))]
        return cls(*rng.choice(found)) if found else None

    def draw(self, app: ProceduralApp) -> tuple[Goal, list[str]]:
        """Draw one of the values."""
        value = app.rng.choice(self.item.options)
        return Narrow(self.section, value), [value]

    def explicit(self, goal: Goal, rng: random.Random) -> str:
        """Name list, field and value."""
        assert isinstance(goal, Narrow)
        form = rng.choice(("In {s}, show only {v} ({f})", "Filter {s} by {f} {v}", "{s}: only those with {f} {v}"))
        return form.format(s=self.section.label, f=self.item.label, v=goal.value)

    def wording(self, words: Words) -> Wording:
        """One slot."""
        return Phrasing.draw(words, 1)


@dataclass(slots=True)
class TwinSkill:
    """Delete one of two rows of the same name; another value tells which."""

    section: Section
    item: Field

    @classmethod
    def build(cls, app: ProceduralApp, rng: random.Random) -> TwinSkill | None:
        """Choose a table with a second column that tells rows apart; None when the app has none."""
        found = [
            (section, item)
            for section in app.schema.sections
            for item in section.fields[1:4]
            if app.records[section.label] and item.kind not in ("check", "people")
        ]
        return cls(*rng.choice(found)) if found else None

    def draw(self, app: ProceduralApp) -> tuple[Goal, list[str]]:
        """Put a twin beside a row; want one of both gone."""
        rows = app.records[self.section.label]
        row = app.rng.choice(rows)
        twin = app.make_record(self.section) | {"title": row["title"]}
        while not twin[self.item.key] or twin[self.item.key] == row[self.item.key]:
            twin[self.item.key] = app.make_value(self.item)
        rows.insert(app.rng.randint(0, len(rows)), twin)
        chosen = twin if not row[self.item.key] else app.rng.choice((row, twin))
        value = chosen[self.item.key]
        return Delete(self.section, row["title"], (self.item.key, value)), [row["title"], value]

    def explicit(self, goal: Goal, rng: random.Random) -> str:
        """Name the row, and what tells it apart."""
        assert isinstance(goal, Delete)
        form = rng.choice(("Delete {t} with {f} {v} from {s}", "In {s}, remove the {t} whose {f} is {v}"))
        return form.format(t=goal.title, f=self.item.label, v=goal.apart[1], s=self.section.label)

    def wording(self, words: Words) -> Wording:
        """Two slots."""
        return Phrasing.draw(words, 2)
