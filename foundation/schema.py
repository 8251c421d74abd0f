"""The shape of a procedural app, drawn at random: its sections, fields, forms, menus and words."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Literal

from foundation.captions import CANCEL, DELETE, EDIT, MORE, NEW, NOBODY, ORDERS, SAVE, YES
from foundation.words import TRAINING, Lexicon, Words

FieldKind = Literal["text", "amount", "date", "select", "check", "people", "long", "email", "person", "number"]
FormStyle = Literal["dialog", "page", "wizard", "inline"]
ConfirmStyle = Literal["none", "dialog", "rename"]

_FIELD_KINDS: tuple[FieldKind, ...] = (
    "text",
    "text",
    "amount",
    "amount",
    "date",
    "select",
    "select",
    "check",
    "people",
    "people",
    "long",
    "email",
    "person",
    "person",
    "number",
)


@dataclass(slots=True)
class Field:
    """One field of a form."""

    key: str
    label: str
    kind: FieldKind
    options: tuple[str, ...] = ()
    required: bool = False
    hidden: bool = False
    """Only shown after the form's "more" button was pressed."""
    default: str = ""
    step: int = 0
    """The page of a wizard it stands on."""
    clear: str = ""
    """Of a field of people: the link that unticks them all, where the app has one."""
    format: str = ""
    """The name of the format that the field insists on (`foundation/formats.py`); empty for any."""
    hint: bool = False
    """Whether the format stands beside the field, or is told only after a mistake."""
    calendar: bool = False
    """Of a date: whether it is chosen in a calendar, and cannot be typed."""


@dataclass(slots=True)
class Section:
    """A collection of records with its list, its form and its row actions."""

    label: str
    singular: str
    fields: list[Field]
    new_label: str
    save_label: str
    cancel_label: str
    more_label: str
    form: FormStyle
    list_style: Literal["table", "list", "cards"]
    edit_label: str
    delete_label: str
    confirm: ConfirmStyle
    confirm_label: str
    second_save: str = ""
    toast: str = ""
    new_at_top: bool = True
    next_label: str = "Next"


@dataclass(slots=True)
class Settings:
    """A page of options behind tabs."""

    label: str
    tabs: list[tuple[str, list[Field]]]
    save_label: str
    toast: str


@dataclass(frozen=True, slots=True)
class Structures:
    """What only some apps have."""

    page_rows: int = 0
    """How many rows of a list stand on one page; 0: all."""
    pager: tuple[str, str] = ("Previous", "Next")
    row_menu: str = ""
    """The button that unfolds the actions of a row; empty where they lie open."""
    filters: bool = False
    """Whether lists can be narrowed to the rows with one value of a field."""
    everything: str = "All"
    """The choice that ends a filter."""
    login: tuple[str, str, str] | None = None
    """What the app asks for first: the labels of user name, password and button."""
    interruption: int = 0
    """After how many actions a dialog comes up that nobody asked for; 0: never."""


@dataclass(slots=True)
class Schema:
    """Everything that is fixed about one app."""

    name: str
    sections: list[Section]
    settings: Settings
    menu_label: str
    menu: list[str]
    """Entries of a menu that is closed at first; the settings page is one of them when `settings_in_menu`."""
    settings_in_menu: bool
    search_label: str
    search_button: str
    before: list[tuple[str, str]]
    """Role and name of what stands before the page proper and does nothing for any task."""
    after: list[tuple[str, str]]
    wiki_path: str
    wiki_create: str
    wiki_field: str
    """What the text of a page is called; nothing: as the page."""
    wiki_trail: list[str]
    """Links to other pages that stand on each."""
    wiki_around: list[tuple[str, str]]
    """Role and name of what stands below the text and does nothing for any task."""
    chatter: list[str]
    """Sentences of page text, some of which give orders that nobody should follow."""
    single_page: bool
    nav_hidden: str = ""
    """The button that opens the navigation, where the app hides it."""
    people: list[str] = field(default_factory=list)
    popup: tuple[str, str] | None = None
    """A dialog in the way at first: its words and the button that closes it."""
    slow: bool = False
    """Pages need a moment after each navigation."""
    window: int = 60
    """How many lines of a page are in view at once."""
    lexicon: Lexicon = TRAINING
    """Where the app's words come from."""
    structures: Structures = Structures()


def make_field(words: Words, key: str, taken: set[str], people: list[str]) -> Field:
    """Draw one field."""
    rng = words.rng
    kind = rng.choice(_FIELD_KINDS)
    options: tuple[str, ...] = ()
    if kind == "select":
        options = tuple(words.labels(rng.randint(2, 7), set()))
    elif kind == "person":
        options = tuple(people)
    default = ""
    if options and kind == "select" and rng.random() < 0.5:
        default = options[0]
    elif kind == "date" and rng.random() < 0.6:
        default = words.date()
    elif kind == "check":
        default = rng.choice(("", "", "on"))
    elif kind == "people":
        default = "all" if rng.random() < 0.5 else ""
    label, required = words.labels(1, taken)[0], rng.random() < 0.5
    clear = rng.choice(("", *NOBODY)) if kind == "people" else ""
    return Field(key, label, kind, options, required, default=default, clear=clear)


def make_section(words: Words, taken: set[str], people: list[str]) -> Section:
    """Draw one collection: two to seven fields, a form style and the words around it."""
    rng = words.rng
    label = words.labels(1, taken)[0]
    singular = words.word()
    inner: set[str] = set()
    fields = [Field("title", words.labels(1, inner)[0], "text", required=True)]
    fields += [make_field(words, f"f{i}", inner, people) for i in range(rng.choice((1, 2, 3, 3, 4, 5, 6, 7)))]
    form: FormStyle = rng.choice(("dialog", "dialog", "dialog", "page", "page", "wizard", "inline"))
    if form == "wizard":
        for i, item in enumerate(fields):
            item.step = i * 2 // max(len(fields), 2)
    elif len(fields) > 2:
        for item in fields[2:]:
            item.hidden = not item.required and rng.random() < 0.35

    def wording(forms: tuple[str, ...]) -> str:
        return words.label() if rng.random() < words.strangeness else rng.choice(forms).format(singular)

    save = wording(SAVE)
    return Section(
        label=label,
        singular=singular,
        fields=fields,
        new_label=wording(NEW),
        save_label=save,
        cancel_label=rng.choice(CANCEL),
        more_label=wording(MORE),
        form=form,
        list_style=rng.choice(("table", "table", "list", "cards")),
        edit_label=wording(EDIT),
        delete_label=wording(DELETE),
        confirm=rng.choice(("none", "dialog", "rename")),
        confirm_label=wording(YES),
        second_save=f"{save} and add another" if rng.random() < 0.25 else "",
        toast=rng.choice(("", f"{singular.capitalize()} saved", words.sentence())),
        new_at_top=rng.random() < 0.6,
        next_label=rng.choice(("Next", "Continue", "Next step", "Weiter", "→")),
    )


def _lookalikes(sections: list[Section], rng: random.Random) -> list[tuple[str, str]]:
    """Return links and buttons that begin as an important one does: `Add` beside `Add a new bill`."""
    found: dict[str, tuple[str, str]] = {}
    for label in [section.new_label for section in sections] + [section.label for section in sections]:
        if rng.random() < 0.4:
            first = label.split()[0]
            other = first if first != label else f"{label} {rng.choice(('help', 'list', '2', 'more', 'all'))}"
            found[other] = (rng.choice(("link", "button")), other)
    return list(found.values())


def _surroundings(
    words: Words, taken: set[str], sections: list[Section]
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return what stands before the page proper (a small form of its own, links, lookalikes) and what stands after it."""
    rng = words.rng
    before: list[tuple[str, str]] = []
    after = [("link", label) for label in words.labels(rng.choice((0, 0, 0, 3)), taken)]
    for item in _lookalikes(sections, rng):
        rng.choice((before, after)).append(item)
    if rng.random() < 0.15:
        before[:0] = [("textbox", words.labels(1, taken)[0]), ("button", rng.choice(("Add", "Go", "OK", "+", "Join")))]
    return before, after


def make_schema(seed: int, lexicon: Lexicon = TRAINING) -> Schema:
    """Draw an app from a seed."""
    rng = random.Random(seed)
    strangeness, foreign = rng.choice((0.0, 0.0, 0.15, 0.4)), rng.choice((0.0, 0.0, 0.0, 0.2))
    words = Words(rng, strangeness, foreign, lexicon=lexicon)
    taken: set[str] = set()
    people = list(dict.fromkeys(words.person() for _ in range(rng.randint(3, 5))))
    sections = [make_section(words, taken, people) for _ in range(rng.choice((1, 1, 2, 3)))]
    tabs = []
    for title in words.labels(rng.randint(1, 3), taken):
        inner: set[str] = set()
        fields = [make_field(words, f"{title}{i}", inner, people) for i in range(rng.randint(1, 4))]
        tabs.append((title, [replace(item, required=False) for item in fields]))
    menu = words.labels(rng.randint(1, 3), taken)
    chatter = [words.sentence() for _ in range(rng.choice((0, 0, 0, 1, 3)))]
    if rng.random() < 0.12:
        chatter.append(rng.choice(ORDERS).format(rng.choice([section.new_label for section in sections] + menu)))
    before, after = _surroundings(words, taken, sections)
    return Schema(
        name=words.label(),
        sections=sections,
        settings=Settings(
            words.labels(1, taken)[0], tabs, rng.choice(SAVE), rng.choice(("", "Saved", words.sentence()))
        ),
        menu_label=words.labels(1, taken)[0],
        menu=menu,
        settings_in_menu=rng.random() < 0.4,
        search_label=rng.choice(("Search", "Find", "Filter", "Search…", words.label())),
        search_button=rng.choice(("Search", "Go", "🔍", "")),
        before=before,
        after=after,
        wiki_path=f"/{words.invented()}/" if rng.random() < 0.5 else f"/{words.invented()}.php?id=",
        wiki_create=rng.choice(
            ("Create this page", "Edit", "Edit this page", "Create page", "Write it", "+", words.label())
        ),
        wiki_field=rng.choice(("", "", "Text", "Content", "Page text", words.joined(), words.label(), words.label())),
        wiki_trail=[words.slug() for _ in range(rng.choice((0, 0, 2, 3, 5)))],
        wiki_around=[
            (rng.choice(("textbox", "button", "button", "link")), label)
            for label in words.labels(rng.choice((0, 0, 1, 2, 3)), taken)
        ],
        chatter=chatter,
        single_page=rng.random() < 0.5,
        nav_hidden=rng.choice(("Menu", "☰", "Navigation")) if rng.random() < 0.12 else "",
        people=people,
        popup=(words.sentence(), rng.choice(("Close", "Accept", "Got it", "No thanks", "×")))
        if rng.random() < 0.06
        else None,
        slow=rng.random() < 0.04,
        window=rng.choice((60, 60, 60, 14)),
        lexicon=lexicon,
    )
