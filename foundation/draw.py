"""How a procedural app draws its pages: chrome, lists, forms, dialogs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from foundation.schema import Field, Section
from foundation.state import Event, Form, Screen

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


def draw_page(app: ProceduralApp, screen: Screen) -> Screen:
    """Draw what the app shows now on an empty screen: a modal dialog alone, or chrome and page."""
    if app.popup:
        _popup(app, screen)
    elif app.loading:
        screen.words("status", "Loading…")
    elif app.confirming and app.section(app.confirming[0]).confirm == "dialog":
        _confirm_dialog(app, screen)
    elif app.form and app.form.section and app.form.section.form in ("dialog", "wizard"):
        screen.words("dialog", app.form.section.new_label)
        _form(app, screen, app.form)
    else:
        _chrome(app, screen)
        _idle(screen, "before", app.schema.before)
        _page(app, screen)
        _idle(screen, "after", app.schema.after)
    return screen


def _idle(screen: Screen, where: str, controls: list[tuple[str, str]]) -> None:
    for role, name in controls:
        screen.control(f"{where} {name}", role, name, lambda _: None)


def _popup(app: ProceduralApp, screen: Screen) -> None:
    assert app.popup is not None
    text, button = app.popup

    def dismiss(_: str) -> None:
        app.popup = None

    screen.words("dialog", text)
    screen.control("popup", "button", button, dismiss)


def _confirm_dialog(app: ProceduralApp, screen: Screen) -> None:
    assert app.confirming is not None
    label, index = app.confirming
    section = app.section(label)

    def cancel(_: str) -> None:
        app.confirming = None

    screen.words("dialog", section.delete_label)
    screen.words("text", app.records[label][index]["title"])
    screen.control("confirm", "button", section.confirm_label, lambda _: app.delete_row(section, index))
    screen.control("confirm cancel", "button", section.cancel_label, cancel)


def _chrome(app: ProceduralApp, screen: Screen) -> None:
    schema = app.schema
    screen.control("home", "link", schema.name, lambda _: app.show(schema.sections[0].label))

    def open_nav(_: str) -> None:
        app.nav_open = not app.nav_open

    def open_menu(_: str) -> None:
        app.menu_open = not app.menu_open

    def set_query(text: str) -> None:
        app.typed_query = text

    if schema.nav_hidden:
        screen.control(
            "nav", "button", schema.nav_hidden, open_nav, states=("expanded" if app.nav_open else "collapsed",)
        )
    if app.nav_open:
        _navigation(app, screen)
    screen.control(
        "menu", "button", schema.menu_label, open_menu, states=("expanded" if app.menu_open else "collapsed",)
    )
    if app.menu_open:
        for entry in schema.menu + ([schema.settings.label] if schema.settings_in_menu else []):
            screen.control(f"menu {entry}", "menuitem", entry, lambda _, entry=entry: app.menu_entry(entry))
    screen.control("search", "searchbox", schema.search_label, set_query, value=app.typed_query)
    if schema.search_button:
        screen.control("search go", "button", schema.search_button, lambda _: app.search())


def _navigation(app: ProceduralApp, screen: Screen) -> None:
    schema = app.schema
    for section in schema.sections:
        states = ("selected",) if section.label == app.page and schema.single_page else ()
        screen.control(f"nav {section.label}", "link", section.label, partial(_go, app, section.label), states=states)
    if not schema.settings_in_menu:
        screen.control("nav settings", "link", schema.settings.label, partial(_go, app, schema.settings.label))


def _go(app: ProceduralApp, page: str, _: str) -> None:
    app.show(page)


def _page(app: ProceduralApp, screen: Screen) -> None:
    page, form = app.page, app.form
    if page.startswith("/"):
        _wiki(app, screen)
    elif page == app.schema.settings.label:
        screen.words("heading", page)
        _settings(app, screen)
    elif form and form.section and form.section.form == "page":
        screen.words("heading", form.section.new_label if form.editing is None else form.section.edit_label)
        _form(app, screen, form)
    else:
        screen.words("heading", page)
        if app.toast:
            screen.words("status", app.toast)
        for sentence in app.schema.chatter[:2]:
            screen.words("text", sentence)
        _list(app, screen, app.section(page))
        for sentence in app.schema.chatter[2:]:
            screen.words("text", sentence)


def _list(app: ProceduralApp, screen: Screen, section: Section) -> None:
    if section.form == "inline":
        form = app.form or _inline_form(app, section)
        _form(app, screen, form)
    else:
        screen.control(
            "new", "link" if app.schema.single_page else "button", section.new_label, lambda _: app.start_form(section)
        )
    if section.list_style == "table":
        screen.words("columns", " | ".join(item.label for item in section.fields[:4]))
    for index, record in enumerate(app.records[section.label]):
        if app.query and app.query.casefold() not in " ".join(record.values()).casefold():
            continue
        cells = [
            record[item.key] if item.kind != "check" else ("✓" if record[item.key] else "")
            for item in section.fields[:4]
        ]
        title = record["title"]
        key = f"row {section.label} {id(record)}"
        if section.list_style == "table":
            screen.words("row", " | ".join(cell for cell in cells if cell))
        elif section.list_style == "cards":
            screen.words("heading", title)
            screen.words("text", " ".join(cell for cell in cells[1:] if cell))
        context = f" ({_context(section, cells, title)})" if len(app.records[section.label]) > 1 else ""
        edit = title if section.list_style == "list" else section.edit_label + context
        screen.control(f"{key} edit", "link", edit, lambda _, index=index: app.start_form(section, index))
        if section.list_style == "list":
            screen.words("text", " ".join(cell for cell in cells[1:] if cell))
        asked = app.confirming == (section.label, index)
        delete = section.confirm_label if asked and section.confirm == "rename" else section.delete_label
        screen.control(
            f"{key} delete", "button", delete + context, lambda _, index=index: _ask_delete(app, section, index)
        )


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


def _settings(app: ProceduralApp, screen: Screen) -> None:
    form = app.form
    assert form is not None
    tabs = app.schema.settings.tabs

    def turn(index: int) -> None:
        app.form = Form(tabs[index][1], dict(app.settings[tabs[index][0]]), tab=index)

    if len(tabs) > 1:
        for index, (title, _) in enumerate(tabs):
            screen.control(
                f"tab {title}",
                "tab",
                title,
                lambda _, index=index: turn(index),
                states=("selected",) if form.tab == index else (),
            )
    if app.toast:
        screen.words("status", app.toast)
    for item in form.fields:
        _field(app, screen, form, item)
    screen.control("save settings", "button", app.schema.settings.save_label, lambda _: app.submit(form))


def _form(app: ProceduralApp, screen: Screen, form: Form) -> None:
    section = form.section
    assert section is not None
    wizard = section.form == "wizard" and form.editing is None
    last = max(item.step for item in form.fields)
    for item in form.fields:
        if (item.hidden and not form.expanded) or (wizard and item.step != form.step):
            continue
        _field(app, screen, form, item)
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


def _field(app: ProceduralApp, screen: Screen, form: Form, item: Field) -> None:
    value = form.values[item.key]
    states: tuple[str, ...] = ()
    if item.required and item.kind not in ("check", "people"):
        states += ("required",)
    if item.kind == "date":
        states += ("date",)
    if item.kind == "long":
        states += ("multiline",)
    if item.key in form.invalid:
        screen.words("alert", f"{item.label}: this field is required")
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
    else:
        handler = lambda text: app.set_value(form, item.key, text)  # noqa: E731 - one short handler
        screen.control(
            f"field {item.key}", ROLES[item.kind], item.label, handler, value=value, states=states, options=item.options
        )


def _wiki(app: ProceduralApp, screen: Screen) -> None:
    slug = app.page.removeprefix(app.schema.wiki_path)
    text = app.wiki.get(app.page)
    _idle(screen, "trail", [("link", other) for other in app.schema.wiki_trail])
    if app.form is None:
        screen.words("heading", slug if text is not None else "This page does not exist yet")
        screen.words("text", text or "")

        def edit(_: str) -> None:
            app.form = Form([Field("text", "Text", "long")], {"text": text or ""})

        screen.control("create", "link", app.schema.wiki_create, edit)
        return
    form = app.form

    def save(_: str) -> None:
        app.wiki[app.page] = form.values["text"]
        app.events.append(Event("wiki", app.page, dict(form.values)))
        app.form = None

    screen.control(
        "wiki text",
        "textbox",
        app.schema.wiki_field or slug,
        lambda typed: app.set_value(form, "text", typed),
        value=form.values["text"],
        states=("multiline",),
    )
    screen.control("wiki save", "button", app.schema.settings.save_label, save)
    _idle(screen, "around", app.schema.wiki_around)
