"""How a procedural app draws its lists: rows with their actions, filters, pages."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from foundation.draw_form import draw_form
from foundation.schema import Section
from foundation.state import Form, Record, Screen
from foundation.structures import filter_field, narrow, shown_rows

if TYPE_CHECKING:
    from foundation.app import ProceduralApp


def draw_list(app: ProceduralApp, screen: Screen, section: Section) -> None:
    """Draw a section: the form that stands above its list or the button that opens one, filter, rows, pages."""
    if section.form == "inline":
        draw_form(app, screen, app.form or _inline_form(app, section))
    else:
        screen.control(
            "new", "link" if app.schema.single_page else "button", section.new_label, lambda _: app.start_form(section)
        )
    _filter(app, screen, section)
    if section.list_style == "table":
        screen.words("columns", " | ".join(item.label for item in section.fields[:4]))
    rows, first, size = shown_rows(app, section), 0, app.schema.structures.page_rows
    if size:
        first = app.view.page * size
    for index, record in rows[first : first + size] if size else rows:
        _row(app, screen, section, index, record)
    if size and len(rows) > size:
        _pager(app, screen, -(-len(rows) // size))


def _row(app: ProceduralApp, screen: Screen, section: Section, index: int, record: Record) -> None:
    cells = [
        record[item.key] if item.kind != "check" else ("✓" if record[item.key] else "") for item in section.fields[:4]
    ]
    title = record["title"]
    if section.list_style == "table":
        screen.words("row", " | ".join(cell for cell in cells if cell))
    elif section.list_style == "cards":
        screen.words("heading", title)
        screen.words("text", " ".join(cell for cell in cells[1:] if cell))
    context = f" ({_context(section, cells, title)})" if len(app.records[section.label]) > 1 else ""
    if app.schema.structures.row_menu:
        if section.list_style == "list":
            screen.words("text", " ".join(cell for cell in cells if cell))
        _row_menu(app, screen, section, index, context)
        return
    key = f"row {section.label} {id(record)}"
    edit = title if section.list_style == "list" else section.edit_label + context
    screen.control(f"{key} edit", "link", edit, lambda _: app.start_form(section, index))
    if section.list_style == "list":
        screen.words("text", " ".join(cell for cell in cells[1:] if cell))
    _delete(app, screen, section, index, "button", context)


def _row_menu(app: ProceduralApp, screen: Screen, section: Section, index: int, context: str) -> None:
    """Draw the button that unfolds a row's actions, and those once they are."""
    record = app.records[section.label][index]
    key, open_ = f"row {section.label} {id(record)}", app.view.unfolded == id(record)

    def unfold(_: str) -> None:
        app.view.unfolded = -1 if app.view.unfolded == id(record) else id(record)

    name, states = app.schema.structures.row_menu + context, ("expanded" if open_ else "collapsed",)
    screen.control(f"{key} menu", "button", name, unfold, states=states)
    if open_:
        screen.control(f"{key} edit", "menuitem", section.edit_label, lambda _: app.start_form(section, index))
        _delete(app, screen, section, index, "menuitem", "")


def _delete(app: ProceduralApp, screen: Screen, section: Section, index: int, role: str, context: str) -> None:
    asked = app.confirming == (section.label, index)
    delete = section.confirm_label if asked and section.confirm == "rename" else section.delete_label
    key = f"row {section.label} {id(app.records[section.label][index])} delete"
    screen.control(key, role, delete + context, lambda _: _ask_delete(app, section, index))


def _filter(app: ProceduralApp, screen: Screen, section: Section) -> None:
    item = filter_field(app, section)
    if item is None:
        return
    everything = app.schema.structures.everything
    value, options = app.view.filtered or everything, (everything, *item.options)
    screen.control("filter", "combobox", item.label, partial(narrow, app), value=value, options=options)


def _pager(app: ProceduralApp, screen: Screen, pages: int) -> None:
    """Draw what turns the list's pages; a button that leads nowhere is not there."""
    back, on = app.schema.structures.pager

    def turn(by: int) -> None:
        app.view.page += by
        app.view.unfolded = -1

    screen.words("text", f"{app.view.page + 1} / {pages}")
    if app.view.page:
        screen.control("page back", "link", back, lambda _: turn(-1))
    if app.view.page + 1 < pages:
        screen.control("page on", "link", on, lambda _: turn(1))


def _context(section: Section, cells: list[str], title: str) -> str:
    """Return what the walker adds to a name that several rows share: the row's first two cells that are words."""
    words = (
        [cell for cell in cells if any(char.isalpha() for char in cell)] if section.list_style == "table" else [title]
    )
    context = ", ".join(words[:2])
    return context if len(context) <= 40 else context[:39].rstrip() + "…"


def _ask_delete(app: ProceduralApp, section: Section, index: int) -> None:
    if section.confirm == "none" or app.confirming == (section.label, index):
        app.delete_row(section, index)
    else:
        app.confirming = (section.label, index)


def _inline_form(app: ProceduralApp, section: Section) -> Form:
    app.start_form(section)
    assert app.form is not None
    return app.form
