"""How a procedural app draws its forms, field by field, and its calendars."""

from __future__ import annotations

import calendar
from functools import partial
from typing import TYPE_CHECKING

from foundation.formats import FORMATS
from foundation.schema import Field
from foundation.state import Form, Month, Screen
from foundation.structures import choose_day, open_calendar

if TYPE_CHECKING:
    from foundation.app import ProceduralApp

ROLES = {
    "text": "textbox",
    "amount": "textbox",
    "date": "textbox",
    "long": "textbox",
    "email": "textbox",
    "number": "spinbutton",
    "select": "combobox",
    "person": "combobox",
    "check": "checkbox",
}


def draw_form(app: ProceduralApp, screen: Screen, form: Form) -> None:
    """Draw a section's form: its fields, those of its present step, and its buttons."""
    section = form.section
    assert section is not None
    wizard = section.form == "wizard" and form.editing is None
    last = max(item.step for item in form.fields)
    for item in form.fields:
        if (item.hidden and not form.expanded) or (wizard and item.step != form.step):
            continue
        draw_field(app, screen, form, item)
    if any(item.hidden for item in form.fields):

        def expand(_: str) -> None:
            form.expanded = not form.expanded

        screen.control(
            "more", "button", section.more_label, expand, states=("expanded" if form.expanded else "collapsed",)
        )
    if wizard and form.step < last:

        def next_step(_: str) -> None:
            form.step += 1

        screen.control(f"next {form.step}", "button", section.next_label, next_step)
    else:
        screen.control("save", "button", section.save_label, lambda _: app.submit(form))
        if section.second_save and form.editing is None:
            screen.control("save again", "button", section.second_save, lambda _: app.submit(form, again=True))
    if section.form != "inline":
        screen.control("cancel", "button", section.cancel_label, lambda _: app.close_form())


def draw_field(app: ProceduralApp, screen: Screen, form: Form, item: Field) -> None:
    """Draw one field, with what is wrong with it."""
    value, states = form.values[item.key], _states(item)
    if item.key in form.invalid:
        screen.words("alert", f"{item.label}: {_complaint(value, item)}")
        states += ("invalid",)
    if item.kind == "people":
        screen.words("text", item.label)
        if item.clear:
            screen.control(f"clear {item.key}", "link", item.clear, lambda _: app.set_value(form, item.key, ""))
        chosen = value.split(", ")
        for person in app.schema.people:
            screen.control(
                f"field {item.key} {person}",
                "checkbox",
                person,
                lambda _, person=person: app.toggle_person(form, item.key, person),
                states=("checked",) if person in chosen else (),
            )
    elif item.kind == "check":
        screen.control(
            f"field {item.key}",
            "checkbox",
            item.label,
            lambda _: app.set_value(form, item.key, "" if form.values[item.key] else "on"),
            states=("checked",) if value else (),
        )
    elif item.calendar:
        screen.control(f"field {item.key}", "button", item.label, lambda _: open_calendar(app, item.key), value=value)
    else:
        if item.hint:
            screen.words("text", FORMATS[item.format].hint)
        handler = lambda text: app.set_value(form, item.key, text)  # noqa: E731 - one short handler
        screen.control(
            f"field {item.key}", ROLES[item.kind], item.label, handler, value=value, states=states, options=item.options
        )


def _states(item: Field) -> tuple[str, ...]:
    """Return what the walker says of a field besides its value."""
    required = ("required",) if item.required and item.kind not in ("check", "people") else ()
    return required + {"date": ("date",), "long": ("multiline",)}.get(item.kind, ())


def _complaint(value: str, item: Field) -> str:
    return f"use the format {FORMATS[item.format].hint}" if value and item.format else "this field is required"


def draw_calendar(app: ProceduralApp, screen: Screen, shown: Month) -> None:
    """Draw an open calendar: the month, ways to the next ones, its days."""
    screen.words("dialog", f"{calendar.month_name[shown.month]} {shown.year}")
    back, on = app.schema.structures.pager
    screen.control("month back", "button", back, lambda _: _turn(app, shown, -1))
    screen.control("month on", "button", on, lambda _: _turn(app, shown, 1))
    for day in range(1, calendar.monthrange(shown.year, shown.month)[1] + 1):
        date = f"{shown.year}-{shown.month:02d}-{day:02d}"
        screen.control(f"day {date}", "button", str(day), partial(_choose, app, date))


def _choose(app: ProceduralApp, date: str, _: str) -> None:
    choose_day(app, date)


def _turn(app: ProceduralApp, shown: Month, by: int) -> None:
    app.calendar = shown.turned(by)
