"""The expert's single moves: use a control, clear the way, go to a section, fill a form.

Each looks at the app's state and returns the next action towards what is wanted, from wherever the app is.
"""

from __future__ import annotations

from browser.actions import Action, Verb
from browser.types import Observation
from foundation.app import ProceduralApp
from foundation.formats import held, shown
from foundation.schema import Field, Section
from foundation.state import Form, Record
from foundation.structures import shown_rows


def use(app: ProceduralApp, page: Observation, key: str, text: str = "") -> Action:
    """Act on the control with this key: click it, or type or select `text`; bring it into view first when it is not."""
    line = page.find(app.refs.get(key, -1))
    if line is None:
        return _bring_into_view(app, key)
    if line.options:
        return Action(Verb.SELECT, line.name, line.ref, text)
    if line.role in ("textbox", "searchbox", "spinbutton"):
        return Action(Verb.TYPE, line.name, line.ref, text)
    return Action(Verb.CLICK, line.name, line.ref)


def _bring_into_view(app: ProceduralApp, key: str) -> Action:
    lines = app.draw().lines
    at = next((i for i, line in enumerate(lines) if line.ref == app.refs.get(key)), None)
    if at is None:
        raise LookupError(f"no control {key!r} on this page")
    return Action(Verb.SCROLL, text="down" if at >= app.top else "up")


def clear_the_way(app: ProceduralApp, page: Observation) -> Action | None:
    """Deal with what stands before any goal: a pop-up, a page that still loads."""
    if app.popup:
        return use(app, page, "popup")
    if app.loading:
        return Action(Verb.WAIT)
    if app.login is not None:
        return _sign_in(app, page, app.login)
    return None


def _sign_in(app: ProceduralApp, page: Observation, typed: Record) -> Action:
    for key, value in zip(("user", "password"), app.account, strict=True):
        if typed[key] != value:
            return use(app, page, f"login {key}", value)
    return use(app, page, "login")


def use_row(app: ProceduralApp, page: Observation, section: Section, row: Record, what: str) -> Action:
    """Edit or delete a row of the list that is open: turn to its page, unfold its actions, press."""
    if (turn := turn_to(app, page, section, row)) is not None:
        return turn
    key = f"row {section.label} {id(row)}"
    if app.schema.structures.row_menu and app.view.unfolded != id(row):
        return use(app, page, f"{key} menu")
    return use(app, page, f"{key} {what}")


def turn_to(app: ProceduralApp, page: Observation, section: Section, row: Record) -> Action | None:
    """Turn the list's pages towards a row; None when its page is open."""
    size = app.schema.structures.page_rows
    at = next(place for place, (_, record) in enumerate(shown_rows(app, section)) if record is row)
    if not size or at // size == app.view.page:
        return None
    return use(app, page, "page on" if at // size > app.view.page else "page back")


def go_to(app: ProceduralApp, page: Observation, target: str) -> Action:
    """Return the action that leads towards a section or the settings page."""
    if app.form and app.form.section and app.form.section.form in ("dialog", "wizard"):
        return use(app, page, "cancel")
    if app.confirming and app.section(app.confirming[0]).confirm == "dialog":
        return use(app, page, "confirm cancel")
    if app.menu_open and target == app.schema.settings.label and app.schema.settings_in_menu:
        return use(app, page, f"menu {target}")
    if target == app.schema.settings.label and app.schema.settings_in_menu:
        return use(app, page, "menu")
    if not app.nav_open:
        return use(app, page, "nav")
    return use(app, page, "nav settings" if target == app.schema.settings.label else f"nav {target}")


def fill(app: ProceduralApp, page: Observation, form: Form, wanted: Record, order: list[str]) -> Action | None:
    """Return the next action that brings a form to the wanted values; None when it holds them."""
    fields = {item.key: item for item in form.fields}
    wizard = form.section is not None and form.section.form == "wizard" and form.editing is None
    for key in order:
        item, value = fields[key], _as_written(fields[key], wanted[key], form)
        if form.values[key] == value or (wizard and item.step > form.step):
            continue
        if wizard and item.step < form.step:
            return use(app, page, "cancel")
        if item.hidden and not form.expanded:
            return use(app, page, "more")
        if item.kind == "people":
            return _people(app, page, item, form.values[key], value)
        if item.calendar:
            return _choose_day(app, page, key, value)
        return use(app, page, f"field {key}", value)
    if wizard and form.step < max(item.step for item in form.fields):
        return use(app, page, f"next {form.step}")
    return None


def _as_written(item: Field, value: str, form: Form) -> str:
    """Return what belongs into a field: the value as it was said, until the field has told how it wants it."""
    told = item.hint or item.key in form.invalid or held(item, form.values[item.key]) == value != form.values[item.key]
    return shown(item, value) if told else value


def _choose_day(app: ProceduralApp, page: Observation, key: str, date: str) -> Action:
    """Open the field's calendar, turn it to the month, press the day."""
    if app.calendar is None:
        return use(app, page, f"field {key}")
    open_at, wanted = (app.calendar.year, app.calendar.month), (int(date[:4]), int(date[5:7]))
    if open_at == wanted:
        return use(app, page, f"day {date}")
    return use(app, page, "month on" if wanted > open_at else "month back")


def _people(app: ProceduralApp, page: Observation, item: Field, held: str, wanted: str) -> Action:
    """Tick and untick one by one; where all can be unticked at once, begin with that."""
    now, then = set(held.split(", ")) - {""}, set(wanted.split(", ")) - {""}
    if item.clear and now - then:
        return use(app, page, f"clear {item.key}")
    person = next(person for person in app.schema.people if (person in now) != (person in then))
    return use(app, page, f"field {item.key} {person}")
