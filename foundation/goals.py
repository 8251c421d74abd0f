"""What can be wanted of a procedural app, the expert that gets there from any state, and the check that it was reached.

An expert looks at the app's state, not at a script, so it also shows the way back from a wrong page or a wrong value.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from browser.actions import Action, Verb
from browser.types import Line, Observation
from foundation.app import ProceduralApp
from foundation.moves import fill, go_to, turn_to, use, use_row
from foundation.schema import Section
from foundation.state import Event, Record

DONE = Action(Verb.DONE)


class Goal(Protocol):
    """Something wanted, with its expert and its verifier."""

    def act(self, app: ProceduralApp, page: Observation) -> Action:
        """Return the next right action, `done` when nothing is left to do."""
        ...

    def achieved(self, app: ProceduralApp) -> bool:
        """Whether the app's data say that it was done, once and rightly."""
        ...


def _same(record: Record, wanted: Record) -> bool:
    return all(record.get(key) == value for key, value in wanted.items())


def _find(rows: list[Record], title: str, apart: tuple[str, str]) -> int | None:
    """Return the place of the row with this title, and with this value (key, value) where several have the title."""
    return next((i for i, row in enumerate(rows) if row["title"] == title and _apart(row, apart)), None)


def _apart(record: Record, apart: tuple[str, str]) -> bool:
    return not apart[0] or record[apart[0]] == apart[1]


@dataclass(slots=True)
class Create:
    """A new record with these values, filled in this order."""

    section: Section
    values: Record
    order: list[str]
    missing: str = ""
    """The field whose value the person forgot to say: asked for when it is its turn."""
    asked: bool = False

    def act(self, app: ProceduralApp, page: Observation) -> Action:
        """Open the form, fill it, save it."""
        if self.achieved(app):
            return DONE
        form = app.form
        if form and form.section is self.section and form.editing is None:
            wanted = {key: value for key, value in self.values.items() if key != self.missing or self.asked}
            step = fill(app, page, form, wanted, [key for key in self.order if key in wanted])
            if step is not None and step.verb != Verb.CLICK:
                return step
            if self.missing and not self.asked:
                item = next(item for item in form.fields if item.key == self.missing)
                return Action(Verb.ASK, text=f"What is the {item.label}?")
            return step or use(app, page, "save")
        if form and form.section and form.section.form != "inline":
            return use(app, page, "cancel")
        if app.page == self.section.label and self.section.form != "inline":
            return (
                go_to(app, page, self.section.label)
                if app.confirming and self.section.confirm == "dialog"
                else use(app, page, "new")
            )
        return go_to(app, page, self.section.label)

    def achieved(self, app: ProceduralApp) -> bool:
        """One record was created, with these values."""
        made = [event for event in app.events if event.kind == "create"]
        return len(made) == 1 and made[0].target == self.section.label and _same(made[0].values, self.values)


@dataclass(slots=True)
class Edit:
    """One field of one record changed."""

    section: Section
    title: str
    key: str
    value: str

    def act(self, app: ProceduralApp, page: Observation) -> Action:
        """Open the record, change the field, save."""
        if self.achieved(app):
            return DONE
        rows = app.records[self.section.label]
        index = _find(rows, self.title, ("", ""))
        form = app.form
        if form and form.section is self.section and form.editing is not None and form.editing == index:
            return fill(app, page, form, {self.key: self.value}, [self.key]) or use(app, page, "save")
        if form and form.section and (form.section.form != "inline" or form.editing is not None):
            return use(app, page, "cancel")
        if app.page != self.section.label or index is None or app.confirming or app.query or app.view.filtered:
            return go_to(app, page, self.section.label)
        return use_row(app, page, self.section, rows[index], "edit")

    def achieved(self, app: ProceduralApp) -> bool:
        """The record was edited once, to the wanted value."""
        made = [event for event in app.events if event.kind == "edit"]
        return (
            len(made) == 1
            and made[0].values["title"] in (self.title, self.value)
            and made[0].values[self.key] == self.value
        )


@dataclass(slots=True)
class Delete:
    """One record gone."""

    section: Section
    title: str
    apart: tuple[str, str] = ("", "")
    """Key and value by which the row differs from others of its title."""

    def act(self, app: ProceduralApp, page: Observation) -> Action:
        """Press the row's delete control, then confirm."""
        if self.achieved(app):
            return DONE
        rows = app.records[self.section.label]
        index = _find(rows, self.title, self.apart)
        if index is None:
            away = app.page == self.section.label and not app.confirming and not app.form
            return (
                Action(Verb.FAIL, text=f"There is no {self.title}")
                if away or self.section.form == "inline"
                else go_to(app, page, self.section.label)
            )
        if app.confirming == (self.section.label, index) and self.section.confirm == "dialog":
            return use(app, page, "confirm")
        form = app.form
        if (
            app.page != self.section.label
            or (app.confirming and self.section.confirm == "dialog")
            or app.query
            or app.view.filtered
            or (form and form.section and form.section.form in ("dialog", "wizard"))
        ):
            return go_to(app, page, self.section.label)
        if form and form.section and form.section.form == "page":
            return use(app, page, "cancel")
        return use_row(app, page, self.section, rows[index], "delete")

    def achieved(self, app: ProceduralApp) -> bool:
        """One record was deleted, the right one."""
        made = [event.values for event in app.events if event.kind == "delete"]
        return len(made) == 1 and made[0]["title"] == self.title and _apart(made[0], self.apart)


@dataclass(slots=True)
class Configure:
    """Settings of one tab brought to these values and saved."""

    tab: int
    title: str
    values: Record

    def act(self, app: ProceduralApp, page: Observation) -> Action:
        """Go to the settings, turn to the tab, change, save."""
        if self.achieved(app):
            return DONE
        if app.page != app.schema.settings.label:
            return go_to(app, page, app.schema.settings.label)
        form = app.form
        assert form is not None
        if form.tab != self.tab:
            return use(app, page, f"tab {self.title}")
        return fill(app, page, form, self.values, list(self.values)) or use(app, page, "save settings")

    def achieved(self, app: ProceduralApp) -> bool:
        """The settings were saved with these values."""
        made = [event for event in app.events if event.kind == "settings"]
        return bool(made) and made[-1].target == self.title and _same(made[-1].values, self.values)


@dataclass(slots=True)
class ChooseMenu:
    """An entry of the closed menu chosen."""

    entry: str

    def act(self, app: ProceduralApp, page: Observation) -> Action:
        """Open the menu, choose."""
        if self.achieved(app):
            return DONE
        if app.form and app.form.section and app.form.section.form in ("dialog", "wizard"):
            return use(app, page, "cancel")
        return use(app, page, f"menu {self.entry}") if app.menu_open else use(app, page, "menu")

    def achieved(self, app: ProceduralApp) -> bool:
        """The entry was chosen once."""
        return [(event.kind, event.target) for event in app.events] == [("menu", self.entry)]


@dataclass(slots=True)
class Search:
    """The list filtered by some words."""

    query: str

    def act(self, app: ProceduralApp, page: Observation) -> Action:
        """Type into the search box, then press its button or Enter."""
        if self.achieved(app):
            return DONE
        if app.form and app.form.section and app.form.section.form in ("dialog", "wizard"):
            return use(app, page, "cancel")
        if app.typed_query != self.query:
            return use(app, page, "search", self.query)
        return use(app, page, "search go") if app.schema.search_button else Action(Verb.PRESS, text="Enter")

    def achieved(self, app: ProceduralApp) -> bool:
        """The last search was for these words."""
        made = [event for event in app.events if event.kind == "search"]
        return bool(made) and made[-1].values["query"] == self.query


@dataclass(slots=True)
class WriteWiki:
    """A page at an address of its own, with this text."""

    address: str
    text: str

    def act(self, app: ProceduralApp, page: Observation) -> Action:
        """Open the address, edit, save."""
        if self.achieved(app):
            return DONE
        if app.page != self.address:
            return Action(Verb.OPEN, text=self.address)
        if app.form is None:
            return use(app, page, "create")
        return (
            use(app, page, "wiki text", self.text)
            if app.form.values["text"] != self.text
            else use(app, page, "wiki save")
        )

    def achieved(self, app: ProceduralApp) -> bool:
        """The wiki holds the text at the address."""
        return app.wiki.get(self.address) == self.text


@dataclass(slots=True)
class Read:
    """An answer that stands in a list."""

    section: Section
    answer: str
    near: str
    """Words beside the answer, to find it by on a long page."""

    def act(self, app: ProceduralApp, page: Observation) -> Action:
        """Go to the list, bring the row into view, answer."""
        if (
            app.page != self.section.label
            or app.query
            or app.view.filtered
            or (app.form and app.form.section and self.section.form != "inline")
            or app.confirming
        ):
            return (
                go_to(app, page, self.section.label)
                if not (app.form and app.form.section and app.form.section.form == "page")
                else use(app, page, "cancel")
            )
        if self._visible(page.lines):
            return Action(Verb.DONE, text=self.answer)
        place = _find(app.records[self.section.label], self.near, ("", ""))
        turn = None if place is None else turn_to(app, page, self.section, app.records[self.section.label][place])
        return turn or Action(Verb.FIND, text=self.near)

    def _visible(self, lines: tuple[Line, ...]) -> bool:
        return any(self.near in line.name for line in lines) and any(self.answer in line.name for line in lines)

    def achieved(self, app: ProceduralApp) -> bool:
        """Nothing was changed; the answer itself is judged by who gave it."""
        return not [event for event in app.events if event.kind not in ("search", "filter")]


@dataclass(slots=True)
class GiveUp:
    """A task that cannot or should not be begun: the right first word is `ask` or `fail`."""

    action: Action
    events: list[Event] = field(default_factory=list)

    def act(self, app: ProceduralApp, page: Observation) -> Action:
        """Say so at once."""
        return self.action

    def achieved(self, app: ProceduralApp) -> bool:
        """Nothing was touched."""
        return not app.events
