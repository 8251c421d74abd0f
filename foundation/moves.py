"""The expert's single moves: use a control, clear the way, go to a section, fill a form.

Each looks at the app's state and returns the next action towards what is wanted, from wherever the app is.
"""

from __future__ import annotations

from browser.actions import Action, Verb
from browser.types import Observation
from foundation.app import ProceduralApp
from foundation.schema import Field
from foundation.state import Form, Record


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
    return None


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
        item, value = fields[key], wanted[key]
        if form.values[key] == value or (wizard and item.step > form.step):
            continue
        if wizard and item.step < form.step:
            return use(app, page, "cancel")
        if item.hidden and not form.expanded:
            return use(app, page, "more")
        if item.kind == "people":
            return _people(app, page, item, form.values[key], value)
        return use(app, page, f"field {key}", value)
    if wizard and form.step < max(item.step for item in form.fields):
        return use(app, page, f"next {form.step}")
    return None


def _people(app: ProceduralApp, page: Observation, item: Field, held: str, wanted: str) -> Action:
    """Tick and untick one by one; where all can be unticked at once, begin with that."""
    now, then = set(held.split(", ")) - {""}, set(wanted.split(", ")) - {""}
    if item.clear and now - then:
        return use(app, page, f"clear {item.key}")
    person = next(person for person in app.schema.people if (person in now) != (person in then))
    return use(app, page, f"field {item.key} {person}")
