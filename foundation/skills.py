"""Skills of a procedural app: a goal with slots, worded explicitly or in one person's own words."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Protocol

from foundation.app import ProceduralApp
from foundation.goals import ChooseMenu, Configure, Create, Delete, Edit, Goal, Search, WriteWiki
from foundation.phrasing import FAMILIES, Phrasing, PlainWording, Wording
from foundation.schema import Field, Section
from foundation.state import Record
from foundation.words import Words


class Shown(Protocol):
    """A kind of task in one app that somebody can show."""

    def draw(self, app: ProceduralApp) -> tuple[Goal, list[str]]:
        """Draw one task of the kind for the app's present data: its goal and its slot values."""
        ...

    def wording(self, words: Words) -> Wording:
        """Draw how this person words this kind of task."""
        ...


class Skill(Shown, Protocol):
    """A kind of task that can also be said in full."""

    def explicit(self, goal: Goal, rng: random.Random) -> str:
        """Word the goal so that no lesson is needed."""
        ...


@dataclass(slots=True)
class CreateSkill:
    """Make a record: some fields from the task, some always the same (the house rule that only a lesson tells)."""

    section: Section
    slot_keys: list[str]
    constants: Record
    order: list[str]
    prefix: str = ""
    plain: PlainWording | None = None

    @classmethod
    def build(cls, app: ProceduralApp, rng: random.Random) -> CreateSkill:
        """Draw which fields vary, which are constant, and the order in which they are filled."""
        section = rng.choice(app.schema.sections)
        keys = [item.key for item in section.fields]
        required = {item.key for item in section.fields if item.required and item.kind not in ("check", "people")}
        used = [key for key in keys if key in required or rng.random() < 0.6]
        constants: Record = {}
        for key in used[1:]:
            item = next(item for item in section.fields if item.key == key)
            if item.kind == "check" or rng.random() < 0.3:
                constants[key] = app.make_value(item) if item.kind != "check" else ("" if item.default else "on")
        written = section.fields[0].kind == "text"
        if written and len(used) > len(constants) + 1 and rng.random() < 0.2:
            constants["title"] = app.words.title()  # a house rule may be about the first field too
        order = list(used)
        if rng.random() < 0.2 and section.form != "wizard":
            rng.shuffle(order)
        slot_keys = [key for key in used if key not in constants]
        plain = None
        if rng.random() < 0.4:
            family = rng.choice(FAMILIES)
            matched = _match(section, family.kinds)
            if matched:
                slot_keys, plain = matched, PlainWording(family, rng.choice(family.forms))
                constants = {
                    key: app.make_value(item) if item.kind != "check" else ("" if item.default else "on")
                    for item in section.fields
                    if (key := item.key) not in matched and (key in required or key in constants)
                }
                order = [item.key for item in section.fields if item.key in matched or item.key in constants]
        prefix = f"{app.words.label()}{rng.choice((': ', ' - ', ' '))}" if written and rng.random() < 0.08 else ""
        return cls(section, slot_keys, constants, order, prefix, plain)

    def draw(self, app: ProceduralApp) -> tuple[Goal, list[str]]:
        """Draw slot values; a title that no row has yet."""
        fields = {item.key: item for item in self.section.fields}
        values = {key: app.make_value(fields[key]) for key in self.slot_keys}
        slots = [_spoken(fields[key], value) for key, value in values.items()]
        if "title" in values:
            values["title"] = self.prefix + values["title"]
        return Create(self.section, {**values, **self.constants}, self.order), slots

    def explicit(self, goal: Goal, rng: random.Random) -> str:
        """Name every field and value."""
        assert isinstance(goal, Create)
        fields = {item.key: item for item in self.section.fields}
        style = rng.choice(('{0} "{1}"', "{0} {1}", "{0}: {1}", "{0} = {1}", "{1} as {0}", 'set {0} to "{1}"'))
        parts = []
        for key in goal.order:
            item, value = fields[key], goal.values[key]
            if item.kind == "check":
                parts.append(f"{item.label} {'on' if value else 'off'}")
            else:
                parts.append(style.format(item.label, _spoken(item, value)))
        start = rng.choice(
            (
                "In {0}, create a {1} with",
                "Add a {1} in {0}:",
                "{0}: new {1},",
                "Create a new {1} under {0}:",
                "Make a {1} in {0} with",
            )
        )
        return f"{start.format(self.section.label, self.section.singular)} {', '.join(parts)}"

    def wording(self, words: Words) -> Wording:
        """Plain words where an everyday errand fits the slots, made-up ones otherwise."""
        if self.plain:
            return self.plain
        kinds = {item.key: item.kind for item in self.section.fields}
        amount = next((i for i, key in enumerate(self.slot_keys) if kinds[key] == "amount"), -1)
        return Phrasing.draw(words, len(self.slot_keys), amount)


@dataclass(slots=True)
class EditSkill:
    """Change one field of a row; its new value is a slot or always the same."""

    section: Section
    item: Field
    constant: str = ""

    def draw(self, app: ProceduralApp) -> tuple[Goal, list[str]]:
        """Draw a row and a value it does not have."""
        row = app.rng.choice(app.records[self.section.label])
        value = self.constant
        while not value or (value == row[self.item.key] and not self.constant):
            value = app.make_value(self.item)
        return Edit(self.section, row["title"], self.item.key, value), [row["title"]] + (
            [] if self.constant else [_spoken(self.item, value)]
        )

    def explicit(self, goal: Goal, rng: random.Random) -> str:
        """Name row, field and value."""
        assert isinstance(goal, Edit)
        form = rng.choice(
            (
                "Change {f} of {t} to {v} in {s}",
                "In {s}, set {f} of {t} to {v}",
                "{s}: edit {t}, {f} should be {v}",
                'Edit "{t}" in {s} and set "{f}" to "{v}"',
            )
        )
        return form.format(f=self.item.label, t=goal.title, v=_spoken(self.item, goal.value), s=self.section.label)

    def wording(self, words: Words) -> Wording:
        """The row, and the value unless it is constant."""
        return Phrasing.draw(
            words, 1 if self.constant else 2, 1 if self.item.kind == "amount" and not self.constant else -1
        )


@dataclass(slots=True)
class DeleteSkill:
    """Remove a row."""

    section: Section

    def draw(self, app: ProceduralApp) -> tuple[Goal, list[str]]:
        """Draw a row."""
        title = app.rng.choice(app.records[self.section.label])["title"]
        return Delete(self.section, title), [title]

    def explicit(self, goal: Goal, rng: random.Random) -> str:
        """Name the row."""
        assert isinstance(goal, Delete)
        return rng.choice(
            ("Delete {t} from {s}", "Remove {t} in {s}", 'In {s}, delete "{t}"', "Get rid of {t} ({s})")
        ).format(t=goal.title, s=self.section.label)

    def wording(self, words: Words) -> Wording:
        """One slot."""
        return Phrasing.draw(words, 1)


@dataclass(slots=True)
class ConfigureSkill:
    """Change one or two settings behind a tab."""

    tab: int
    title: str
    items: list[Field]
    constants: Record = field(default_factory=dict)

    def draw(self, app: ProceduralApp) -> tuple[Goal, list[str]]:
        """Draw values that differ from the present ones."""
        values: Record = {}
        for item in self.items:
            value = self.constants.get(item.key)
            while value is None or (item.key not in self.constants and value == app.settings[self.title][item.key]):
                value = app.make_value(item)
            values[item.key] = value
        return Configure(self.tab, self.title, values), [
            _spoken(item, values[item.key]) for item in self.items if item.key not in self.constants
        ]

    def explicit(self, goal: Goal, rng: random.Random) -> str:
        """Name tab, fields and values."""
        assert isinstance(goal, Configure)
        parts = [f"{item.label} to {_spoken(item, goal.values[item.key]) or 'off'}" for item in self.items]
        return rng.choice(("Under {0}, set {1}", "Set {1} in the settings ({0})", "In {0} change {1} and save")).format(
            self.title, " and ".join(parts)
        )

    def wording(self, words: Words) -> Wording:
        """One slot a varying setting."""
        return Phrasing.draw(words, len(self.items) - len(self.constants))


@dataclass(slots=True)
class MenuSkill:
    """Choose an entry of the closed menu."""

    entry: str

    def draw(self, app: ProceduralApp) -> tuple[Goal, list[str]]:
        """There is nothing to vary."""
        return ChooseMenu(self.entry), []

    def explicit(self, goal: Goal, rng: random.Random) -> str:
        """Name the entry."""
        return rng.choice(("Choose {0}", "Click {0} in the menu", "{0}", "Use the menu entry {0}")).format(self.entry)

    def wording(self, words: Words) -> Wording:
        """No slot."""
        return Phrasing.draw(words, 0)


@dataclass(slots=True)
class SearchSkill:
    """Filter a list."""

    def draw(self, app: ProceduralApp) -> tuple[Goal, list[str]]:
        """Draw words to look for."""
        query = app.words.word()
        return Search(query), [query]

    def explicit(self, goal: Goal, rng: random.Random) -> str:
        """Name the words."""
        assert isinstance(goal, Search)
        return rng.choice(("Search for {0}", 'Look for "{0}"', "Find {0}", "Filter by {0}")).format(goal.query)

    def wording(self, words: Words) -> Wording:
        """One slot."""
        return Phrasing.draw(words, 1)


@dataclass(slots=True)
class WikiSkill:
    """Write a page at an address, which may have a part that is always the same."""

    constant: str = ""
    namespace: str = ""

    def draw(self, app: ProceduralApp) -> tuple[Goal, list[str]]:
        """Draw an address and a text."""
        slug = app.words.slug()
        text = self.constant or app.words.title()
        return WriteWiki(app.schema.wiki_path + self.namespace + slug, text), [slug] + ([] if self.constant else [text])

    def explicit(self, goal: Goal, rng: random.Random) -> str:
        """Give address and text."""
        assert isinstance(goal, WriteWiki)
        return rng.choice(("Open {0} and write: {1}", 'Create the page {0} with the text "{1}"')).format(
            goal.address, goal.text
        )

    def wording(self, words: Words) -> Wording:
        """The name of the page, and its text unless it is constant."""
        return Phrasing.draw(words, 1 if self.constant else 2)


def draw_skill(app: ProceduralApp, rng: random.Random) -> Skill:
    """Draw a skill that this app's present data allow."""
    draw = rng.random()
    filled = [section for section in app.schema.sections if app.records[section.label]]
    if draw < 0.50:
        return CreateSkill.build(app, rng)
    if draw < 0.58 and filled:
        section = rng.choice(filled)
        item = rng.choice([item for item in section.fields if item.kind not in ("check", "people")])
        return EditSkill(section, item, app.make_value(item) if rng.random() < 0.3 and item.key != "title" else "")
    if draw < 0.64 and filled:
        return DeleteSkill(rng.choice(filled))
    if draw < 0.70:
        tab = rng.randrange(len(app.schema.settings.tabs))
        title, fields = app.schema.settings.tabs[tab]
        items = rng.sample(fields, min(len(fields), rng.choice((1, 1, 2))))
        items.sort(key=fields.index)
        constants = {
            item.key: app.make_value(item) if item.kind != "check" else ("" if item.default else "on")
            for item in items
            if item.kind == "check" or rng.random() < 0.3
        }
        return ConfigureSkill(tab, title, items, constants)
    if draw < 0.72:
        return MenuSkill(rng.choice(app.schema.menu))
    if draw < 0.75:
        return SearchSkill()
    namespace = f"{app.words.word()}{rng.choice(':/-_')}" if rng.random() < 0.6 else ""
    return WikiSkill(app.words.title() if rng.random() < 0.3 else "", namespace)


def _match(section: Section, kinds: tuple[str, ...]) -> list[str] | None:
    """Find a field of the section for each kind, the title for the first; None when one is lacking."""
    keys = ["title"]
    for kind in kinds[1:]:
        key = next(
            (
                item.key
                for item in section.fields
                if item.key not in keys and (item.kind == kind or (kind == "number" and item.kind == "amount"))
            ),
            None,
        )
        if key is None:
            return None
        keys.append(key)
    return keys


def _spoken(item: Field, value: str) -> str:
    """Say a field's value as a person would."""
    if item.kind == "people":
        names = value.split(", ")
        return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    if item.kind == "check":
        return "on" if value else "off"
    return value
