"""What only some apps have (`schema.Structures`): logins, calendars, lists in pages, narrowed ones. How it moves, and who gets it."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from foundation.formats import DATES
from foundation.schema import Field, Schema, Section, Structures
from foundation.state import Event, Month, Record
from foundation.words import Words

if TYPE_CHECKING:
    from foundation.app import ProceduralApp

TODAY = (2026, 3)
"""Year and month at which an empty calendar opens."""
KINDS = ("pages", "row menu", "filter", "login", "interruption", "formats", "calendar")


def sign_in(app: ProceduralApp) -> None:
    """Let the person in, or say that user name or password are wrong."""
    assert app.login is not None
    if (app.login["user"], app.login["password"]) == app.account:
        app.login = None
        app.forget_refs()
    else:
        app.refused = True


def shown_rows(app: ProceduralApp, section: Section) -> list[tuple[int, Record]]:
    """Return the rows that search and filter let through, with their places among all."""
    item = filter_field(app, section)
    return [
        (index, record)
        for index, record in enumerate(app.records[section.label])
        if (not app.query or app.query.casefold() in " ".join(record.values()).casefold())
        and (item is None or app.view.filtered in ("", record[item.key]))
    ]


def filter_field(app: ProceduralApp, section: Section) -> Field | None:
    """Return the field by which a section's list can be narrowed."""
    if not app.schema.structures.filters:
        return None
    return next((item for item in section.fields if item.options), None)


def narrow(app: ProceduralApp, value: str) -> None:
    """Show only the rows with this value."""
    app.view.filtered = "" if value == app.schema.structures.everything else value
    app.view.page = 0
    app.events.append(Event("filter", app.page, {"value": app.view.filtered}))


def open_calendar(app: ProceduralApp, key: str) -> None:
    """Open the calendar of a field, at the month of its value."""
    assert app.form is not None
    value = app.form.values[key]
    year, month = (int(value[:4]), int(value[5:7])) if value else TODAY
    app.calendar = Month(key, year, month)


def choose_day(app: ProceduralApp, date: str) -> None:
    """Take a day of the open calendar over into its field."""
    assert app.form is not None and app.calendar is not None
    app.set_value(app.form, app.calendar.key, date)
    app.calendar = None


def furnish(schema: Schema, rng: random.Random) -> Schema:
    """Give an app one to three of these structures, those that its sections have a use for."""
    words = Words(rng, strangeness=0.15, foreign=0.05, lexicon=schema.lexicon)
    chosen: set[str] = set(rng.sample(KINDS, rng.choice((1, 2, 2, 3))))
    fields = {"pages", "row menu", "filter"}
    structures = Structures(
        page_rows=rng.choice((2, 3, 4)) if "pages" in chosen else 0,
        pager=rng.choice((("Previous", "Next"), ("‹", "›"), ("Back", "More"), ("«", "»"), ("Zurück", "Weiter"))),
        row_menu=rng.choice(("⋯", "Actions", "⋮", "Options", words.label())) if "row menu" in chosen else "",
        filters="filter" in chosen,
        everything=rng.choice(("All", "Any", "Everything", "---", "Alle")),
        login=_login(words) if "login" in chosen else None,
        interruption=rng.randint(1, 5) if "interruption" in chosen else 0,
    )
    sections = [_section(section, chosen, rng) for section in schema.sections] if chosen - fields else schema.sections
    return replace(schema, sections=sections, structures=structures)


def _login(words: Words) -> tuple[str, str, str]:
    rng = words.rng
    user = rng.choice(("User name", "Username", "Login", "Name", "Account", "Benutzername"))
    password = rng.choice(("Password", "Pass phrase", "Passwort", "Mot de passe", "Code"))
    return user, password, rng.choice(("Log in", "Sign in", "Enter", "Continue", "Anmelden", "OK"))


def _section(section: Section, chosen: set[str], rng: random.Random) -> Section:
    """Let a section's dates and amounts insist on a format, or its dates be chosen in a calendar."""
    return replace(section, fields=[_field(item, chosen, rng) for item in section.fields])


def _field(item: Field, chosen: set[str], rng: random.Random) -> Field:
    if item.kind == "date" and "calendar" in chosen:
        return replace(item, calendar=True, default="")
    if item.kind in ("date", "amount") and "formats" in chosen:
        kind = "cents" if item.kind == "amount" else rng.choice(DATES)
        return replace(item, format=kind, hint=rng.random() < 0.5, default="")
    return item
