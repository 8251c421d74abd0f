"""A procedural app: an Environment in pure Python that looks, line by line, as real pages do through the walker."""

from __future__ import annotations

import random
from collections.abc import Callable
from urllib.parse import quote as url_quote

from browser.actions import ON_CONTROL, Action, Verb
from browser.types import Observation, StepResult
from foundation.draw import draw_page
from foundation.formats import FORMATS, held, shown
from foundation.schema import Field, FieldKind, Schema, Section, make_schema
from foundation.state import Event, Form, Month, Record, Screen, View
from foundation.structures import TODAY
from foundation.words import Words


class ProceduralApp:
    """One app, generated from a seed. `records` maps a section's label to its rows; `events` is what verifiers read.

    `acted` holds (key, text) of every control that was used.
    """

    def __init__(self, schema: Schema, seed: int, records: int | None = None) -> None:
        self.schema = schema
        self.rng = random.Random(seed)
        self.words = Words(self.rng, strangeness=0.15, foreign=0.05, lexicon=schema.lexicon)
        self.records: dict[str, list[Record]] = {}
        for section in schema.sections:
            count = self.rng.choice((0, 0, 1, 1, 2, 2, 3, 5)) if records is None else records
            count += schema.structures.page_rows
            self.records[section.label] = [self.make_record(section) for _ in range(count)]
        self.settings: dict[str, Record] = {
            title: {f.key: self.start_value(f) for f in fields} for title, fields in schema.settings.tabs
        }
        self.wiki: dict[str, str] = {}
        self.events: list[Event] = []
        self.acted: list[tuple[str, str]] = []
        self.page = schema.sections[0].label
        self.form: Form | None = None
        self.confirming: tuple[str, int] | None = None
        self.menu_open = False
        self.nav_open = not schema.nav_hidden
        self.toast = ""
        self.query = ""
        self.typed_query = ""
        self.popup = schema.popup
        self.view = View()
        self.calendar: Month | None = None
        self.login: dict[str, str] | None = {"user": "", "password": ""} if schema.structures.login else None
        self.account = (self.words.slug(), self.words.joined()) if schema.structures.login else ("", "")
        """User name and password that the app takes."""
        self.refused = False
        self.loading = False
        self.top = 0
        self.history: list[str] = []
        self.refs: dict[str, int] = {}
        self._screen: Screen | None = None
        self._mutations = 0
        self._first_ref = self.rng.choice((0, 0, self.rng.randint(1, 80), self.rng.randint(100, 400)))

    @classmethod
    def from_seed(cls, seed: int) -> ProceduralApp:
        """Draw the schema and the data of an app."""
        return cls(make_schema(seed), seed + 1)

    # ---- Environment ------------------------------------------------------------------------------------------

    def reset(self) -> Observation:
        """Look at the start page."""
        self.forget_refs()
        return self._observe()

    def step(self, action: Action) -> StepResult:
        """Do one action at once; nothing here takes time."""
        self._mutations += 1
        note, ok = "", True
        if action.verb in ON_CONTROL:
            note = self._use(action)
            ok = not note
        elif action.verb is Verb.OPEN:
            note = self._open(action.text)
        elif action.verb is Verb.BACK:
            if self.history:
                self.show(self.history.pop(), remember=False)
        elif action.verb is Verb.WAIT:
            self.loading = False
        elif action.verb is Verb.SCROLL:
            step = self.schema.window if action.text == "down" else -self.schema.window
            self.top = max(0, min(self.top + step, len(self.draw().lines) - self.schema.window))
        elif action.verb is Verb.FIND:
            note = self.find_words(action.text)
        elif action.verb is Verb.PRESS:
            self._press(action.text)
        if self.schema.structures.interruption == self._mutations:
            self.popup = (self.words.sentence(), self.rng.choice(("Close", "OK", "Later", "Got it", "×")))
        return StepResult(self._observe(), ok=ok, note=note)

    def _use(self, action: Action) -> str:
        """Let the control answer; return what went wrong."""
        assert self._screen is not None, "reset() comes first"
        handler = self._screen.handlers.get(action.ref or -1)
        if handler is None:
            return "this control is gone"
        self.toast = "" if action.verb is Verb.CLICK else self.toast
        self.acted.append((next(key for key, ref in self.refs.items() if ref == action.ref), action.text))
        return handler(action.text) or ""

    def _press(self, key: str) -> None:
        if key == "Enter" and self.typed_query:
            self.search()
        elif key == "Escape" and self.form and self.form.section:
            self.close_form()

    def close(self) -> None:
        """Nothing to give back."""

    # ---- data -------------------------------------------------------------------------------------------------

    def make_value(self, item: Field) -> str:
        """Draw a value that a person might enter in the field."""
        rng, words, people = self.rng, self.words, self.schema.people
        if item.format == "cents":
            return f"{rng.randint(1, 400)}.{rng.randint(0, 99):02d}"
        if item.calendar:
            month = Month("", *TODAY).turned(rng.choice((-1, 0, 0, 0, 1, 1, 2)))
            return f"{month.year}-{month.month:02d}-{rng.randint(1, 28):02d}"
        draw: dict[FieldKind, Callable[[], str]] = {
            "text": words.title,
            "amount": words.amount,
            "date": words.date,
            "select": lambda: rng.choice(item.options),
            "person": lambda: rng.choice(item.options),
            "check": lambda: rng.choice(("on", "")),
            "people": lambda: ", ".join(sorted(rng.sample(people, rng.randint(1, len(people))), key=people.index)),
            "long": lambda: " ".join(words.word() for _ in range(rng.randint(2, 7))).capitalize(),
            "email": words.email,
            "number": lambda: str(rng.randint(0, 60)),
        }
        return draw[item.kind]()

    def make_record(self, section: Section) -> Record:
        """Draw a row of a section."""
        return {item.key: self.make_value(item) for item in section.fields}

    def start_value(self, item: Field) -> str:
        """Return what a new form holds in the field."""
        if item.kind == "people":
            return ", ".join(self.schema.people) if item.default == "all" else ""
        return item.default

    def section(self, label: str) -> Section:
        """Return the section with this label."""
        return next(section for section in self.schema.sections if section.label == label)

    # ---- moving about -----------------------------------------------------------------------------------------

    def forget_refs(self) -> None:
        """Begin a new document, whose elements get new numbers; a single-page app keeps counting."""
        self.refs = {f"old{i}": i + 1 for i in range(self._first_ref)} if self.schema.single_page else {}

    def show(self, page: str, *, remember: bool = True) -> None:
        """Go to a page: a section, the settings, or a wiki address."""
        if remember and page != self.page:
            self.history.append(self.page)
        self.page, self.form, self.confirming, self.menu_open, self.query, self.typed_query, self.top = (
            page,
            None,
            None,
            False,
            "",
            "",
            0,
        )
        self.nav_open = not self.schema.nav_hidden
        self.view = View()
        if not self.schema.single_page:
            self.forget_refs()
        if page == self.schema.settings.label:
            fields = self.schema.settings.tabs[0]
            self.form = Form(fields[1], dict(self.settings[fields[0]]))
        self.loading = self.schema.slow

    def _open(self, address: str) -> str:
        path = address if address.startswith("/") else "/" + address.split("/", 3)[-1]
        if path.startswith(self.schema.wiki_path) and len(path) > len(self.schema.wiki_path):
            self.show(path)
            return ""
        for label in [*self.records, self.schema.settings.label]:
            if path == self.path_of(label):
                self.show(label)
                return ""
        return "page not found"

    def path_of(self, page: str) -> str:
        """Return the address of a page; the first section is the start page."""
        if page.startswith("/"):
            return page
        return (
            "/" if page == self.schema.sections[0].label else "/" + url_quote(page.lower().replace(" ", "-"), safe="-")
        )

    def find_words(self, text: str) -> str:
        """Bring the first line with these words into view; return what went wrong."""
        screen = self.draw()
        for i, line in enumerate(screen.lines):
            if text.casefold() in (line.name + " " + line.value).casefold():
                self.top = max(0, i - 3)
                return ""
        return f"not found: {text}"

    def search(self) -> None:
        """Filter the list by what stands in the search box."""
        self.query = self.typed_query
        self.events.append(Event("search", self.page, {"query": self.query}))
        if not self.schema.single_page:
            self.forget_refs()

    # ---- what handlers do -------------------------------------------------------------------------------------

    def start_form(self, section: Section, editing: int | None = None) -> None:
        """Open the form for a new record, or for the row `editing`."""
        values = (
            {item.key: shown(item, self.records[section.label][editing][item.key]) for item in section.fields}
            if editing is not None
            else {item.key: self.start_value(item) for item in section.fields}
        )
        self.form = Form(section.fields, values, section, editing)
        self.top = 0
        if section.form == "page" and not self.schema.single_page:
            self.forget_refs()

    def close_form(self) -> None:
        """Close the form and drop what it holds."""
        page_form = self.form is not None and self.form.section is not None and self.form.section.form == "page"
        self.form = None
        if page_form and not self.schema.single_page:
            self.forget_refs()

    def set_value(self, form: Form, key: str, value: str) -> None:
        """Put a value into a field."""
        form.values[key] = value
        form.invalid.discard(key)

    def toggle_person(self, form: Form, key: str, person: str) -> None:
        """Tick or untick one person of a field."""
        chosen = [p for p in form.values[key].split(", ") if p]
        chosen = [p for p in chosen if p != person] if person in chosen else [*chosen, person]
        self.set_value(form, key, ", ".join(sorted(chosen, key=self.schema.people.index)))

    def submit(self, form: Form, *, again: bool = False) -> None:
        """Save the form, or mark what is wrong: required fields that are empty, and what is not written as the field wants it."""
        section = form.section
        form.invalid = {
            item.key
            for item in form.fields
            if (item.required and item.kind not in ("check", "people") and not form.values[item.key])
            or (item.format and form.values[item.key] and FORMATS[item.format].read(form.values[item.key]) is None)
        }
        if form.invalid:
            if section and section.form == "wizard":
                form.step = min(item.step for item in form.fields if item.key in form.invalid)
            return
        if section is None:
            title = self.schema.settings.tabs[form.tab][0]
            self.settings[title] = dict(form.values)
            self.events.append(Event("settings", title, dict(form.values)))
            self.toast = self.schema.settings.toast
            return
        rows, values = self.records[section.label], self.stored(form)
        if form.editing is None:
            rows.insert(0 if section.new_at_top else len(rows), values)
            self.events.append(Event("create", section.label, dict(values)))
        else:
            rows[form.editing] = values
            self.events.append(Event("edit", section.label, dict(values)))
        self.toast = section.toast
        self.close_form()
        if again:
            self.start_form(section)

    def stored(self, form: Form) -> Record:
        """Return what a form holds, whatever way its fields want it written."""
        return {item.key: held(item, form.values[item.key]) for item in form.fields}

    def delete_row(self, section: Section, index: int) -> None:
        """Remove a row."""
        record = self.records[section.label].pop(index)
        self.events.append(Event("delete", section.label, record))
        self.confirming = None
        self.view = View()

    def menu_entry(self, entry: str) -> None:
        """Do what a menu entry stands for."""
        self.menu_open = False
        if entry == self.schema.settings.label:
            self.show(entry)
        else:
            self.events.append(Event("menu", entry, {}))
            self.toast = self.words.sentence()

    # ---- drawing ----------------------------------------------------------------------------------------------

    def _observe(self) -> Observation:
        screen = self._screen = self.draw()
        window = self.schema.window
        top = min(self.top, max(0, len(screen.lines) - window))
        lines = tuple(screen.lines[top : top + window])
        return Observation(
            url="http://app.example" + self.path_of(self.page),
            title=f"{self.page} - {self.schema.name}" if not self.page.startswith("/") else self.schema.name,
            lines=lines,
            dialog=self._dialog(),
            more_above=sum(1 for line in screen.lines[:top] if line.ref),
            more_below=sum(1 for line in screen.lines[top + window :] if line.ref),
            mutations=self._mutations,
        )

    def _dialog(self) -> str | None:
        if self.popup or self.calendar:
            return "dialog"
        if self.login is not None:
            return None
        if self.form and self.form.section and self.form.section.form in ("dialog", "wizard"):
            return self.form.section.new_label
        if self.confirming and self.section(self.confirming[0]).confirm == "dialog":
            return "dialog"
        return None

    def draw(self) -> Screen:
        """Draw the whole page, not only what is in view."""
        return draw_page(self, Screen(self.refs))
