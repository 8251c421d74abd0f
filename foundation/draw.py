"""How a procedural app draws its pages: chrome and dialogs here, lists and forms in modules of their own."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from foundation.draw_form import draw_calendar, draw_field, draw_form
from foundation.draw_list import draw_list
from foundation.schema import Field
from foundation.state import Event, Form, Screen
from foundation.structures import sign_in

if TYPE_CHECKING:
    from foundation.app import ProceduralApp


def draw_page(app: ProceduralApp, screen: Screen) -> Screen:
    """Draw what the app shows now on an empty screen: a modal dialog alone, or chrome and page."""
    if app.popup:
        _popup(app, screen)
    elif app.loading:
        screen.words("status", "Loading…")
    elif app.login is not None:
        _login(app, screen, app.login)
    elif app.calendar is not None:
        draw_calendar(app, screen, app.calendar)
    elif app.confirming and app.section(app.confirming[0]).confirm == "dialog":
        _confirm_dialog(app, screen)
    elif app.form and app.form.section and app.form.section.form in ("dialog", "wizard"):
        screen.words("dialog", app.form.section.new_label)
        draw_form(app, screen, app.form)
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


def _login(app: ProceduralApp, screen: Screen, typed: dict[str, str]) -> None:
    """Ask who it is: nothing of a password is ever shown."""
    assert app.schema.structures.login is not None
    user, password, button = app.schema.structures.login
    screen.words("heading", app.schema.name)
    if app.refused:
        screen.words("alert", "Wrong user name or password")
    states = ("secret", "filled") if typed["password"] else ("secret",)
    screen.control("login user", "textbox", user, lambda text: typed.update(user=text), value=typed["user"])
    screen.control("login password", "textbox", password, lambda text: typed.update(password=text), states=states)
    screen.control("login", "button", button, lambda _: sign_in(app))


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
        draw_form(app, screen, form)
    else:
        screen.words("heading", page)
        if app.toast:
            screen.words("status", app.toast)
        for sentence in app.schema.chatter[:2]:
            screen.words("text", sentence)
        draw_list(app, screen, app.section(page))
        for sentence in app.schema.chatter[2:]:
            screen.words("text", sentence)


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
        draw_field(app, screen, form, item)
    screen.control("save settings", "button", app.schema.settings.save_label, lambda _: app.submit(form))


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
