"""Pages that change as apps do: one control of each is the target of an action, and a seed says what became of the page since.

A page is a small tree, drawn as HTML in one of several ways. Every control carries its identity in `data-truth`, which the agent
never reads: it tells which control was acted on. `PAGES` are for looking at while healing is worked on, `HELD_OUT` for reporting.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from bench.changing_pages import HELD_OUT, PAGES, Node
from browser.actions import Verb

FIELDS = frozenset({"text", "number", "date", "area", "select", "check"})
TARGETS = FIELDS | {"button", "link"}
_PLACES = ("Newsletter", "What is new", "Feedback", "Shortcuts", "Help us")
_ROW_WORDS = ("Quince & Sons", "Rowan House", "Sorrel Ltd", "Tansy Studio", "Umber Works")


@dataclass(frozen=True, slots=True)
class Drawing:
    """How a page is drawn."""

    divs: bool = False
    """Controls are made of `div` and ARIA roles, labels stand in elements of their own."""
    ids: int = 0
    """Seed of made-up ids, names and classes, as frameworks give them; 0 for ids that mean something."""


@dataclass(frozen=True, slots=True)
class Case:
    """A recorded page, its target, and the page as it is now."""

    seed: int
    change: str
    before: Node
    after: Node
    target: Node
    is_there: bool
    """Whether the target is still on the page."""
    drawn_before: Drawing = field(default_factory=Drawing)
    drawn_after: Drawing = field(default_factory=Drawing)

    @property
    def verb(self) -> Verb:
        """What is done to the target."""
        kind = self.target.kind
        return Verb.SELECT if kind == "select" else Verb.TYPE if kind in FIELDS - {"check"} else Verb.CLICK

    @property
    def text(self) -> str:
        """What is typed or chosen."""
        if self.target.kind == "select":
            return next(option for option in self.target.options if option != self.target.value)
        return (
            {"date": "2026-04-05", "number": "77"}.get(self.target.kind, "A few words")
            if self.verb is Verb.TYPE
            else ""
        )


def make_case(seed: int, pages: tuple[Node, ...] = PAGES) -> Case:
    """Draw a case; ten seeds in a row bring the ten kinds of change."""
    change = list(CHANGES)[seed % len(CHANGES)]
    for attempt in range(1000):
        rng = random.Random(f"{seed} {attempt}")
        page = pages[rng.randrange(len(pages))]
        target = rng.choice([node for node in walk(page) if node.kind in TARGETS])
        case = CHANGES[change](Case(seed, change, page, page, target, is_there=True), rng)
        if case is not None:
            return case
    raise ValueError(f"no page takes the change {change!r}")


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all in it."""
    yield node
    for child in node.children:
        yield from walk(child)


def edit(node: Node, change: Callable[[Node], list[Node]]) -> Node:
    """Put in the place of each node below this one what `change` makes of it, inner ones first."""
    return replace(node, children=tuple(new for child in node.children for new in change(edit(child, change))))


def parent_of(page: Node, child: Node) -> Node:
    """Return the node that holds another."""
    return next(node for node in walk(page) if any(other.truth == child.truth for other in node.children))


def _renamed(case: Case, rng: random.Random) -> Case | None:
    if not case.target.renames:
        return None
    others = {node.truth for node in walk(case.before) if node.renames and rng.random() < 0.25}
    label = rng.choice(case.target.renames)

    def rename(node: Node) -> list[Node]:
        if node.truth == case.target.truth or (node.label == case.target.label and node.kind == case.target.kind):
            return [replace(node, label=label)]
        return [replace(node, label=rng.choice(node.renames))] if node.truth in others else [node]

    return replace(case, after=edit(case.after, rename))


def _moved(case: Case, rng: random.Random) -> Case | None:
    home = parent_of(case.before, case.target)
    places = [node for node in walk(case.before) if node.kind in ("section", "bar") and node.truth != home.truth]
    if home.kind == "row" or not places:
        return None
    place = rng.choice(places)

    def move(node: Node) -> list[Node]:
        if node.truth == case.target.truth:
            return []
        if node.truth != place.truth:
            return [node]
        at = rng.randint(0, len(node.children))
        return [replace(node, children=(*node.children[:at], case.target, *node.children[at:]))]

    return replace(case, after=edit(case.after, move))


def _wrapped(case: Case, rng: random.Random) -> Case | None:
    wrap = rng.choice(("fieldset", "shadow", "frame", "layers"))
    home = next(node for node in case.before.children if any(inner.truth == case.target.truth for inner in walk(node)))
    return replace(
        case,
        after=edit(
            case.after,
            lambda node: [Node(wrap, home.label, f"{wrap}", children=(node,))] if node.truth == home.truth else [node],
        ),
    )


def _reordered(case: Case, rng: random.Random) -> Case | None:
    def shuffle(node: Node) -> Node:
        children = [shuffle(child) for child in node.children]
        rng.shuffle(children)
        return replace(node, children=tuple(children))

    return replace(case, after=shuffle(case.after))


def _restyled(case: Case, rng: random.Random) -> Case | None:
    return replace(case, drawn_after=Drawing(divs=True))


def _framework(case: Case, rng: random.Random) -> Case | None:
    return replace(
        case,
        drawn_before=Drawing(ids=rng.choice((0, 1))),
        drawn_after=Drawing(divs=rng.random() < 0.5, ids=rng.randint(2, 999)),
    )


def _decoys(case: Case, rng: random.Random) -> Case | None:
    decoys = tuple(replace(case.target, truth=f"decoy {i}", value="") for i in range(rng.randint(1, 2)))
    home = parent_of(case.before, case.target)
    if home.kind == "row":
        return replace(case, after=_with_rows(case.after, home, rng))
    new = Node(
        "section",
        rng.choice(_PLACES),
        "new section",
        children=(Node("note", "Tell us what you think of it", "new note"), *decoys),
    )
    at = rng.randint(0, len(case.after.children))
    return replace(
        case, after=replace(case.after, children=(*case.after.children[:at], new, *case.after.children[at:]))
    )


def _with_rows(page: Node, row: Node, rng: random.Random) -> Node:
    """Put new rows, with the buttons of the others, around one."""
    fresh = [_like(row, words, rng.randint(10, 900)) for words in rng.sample(_ROW_WORDS, 2)]
    return edit(page, lambda node: [fresh[0], node, fresh[1]] if node.truth == row.truth else [node])


def _like(row: Node, words: str, amount: int) -> Node:
    """Make another row with the buttons of this one."""
    children = tuple(replace(child, truth=f"{child.kind} {child.label} of {words}") for child in row.children)
    return replace(row, label=f"{words} | {amount}.00", truth=f"row {words}", children=children)


def _redesigned(case: Case, rng: random.Random) -> Case | None:
    keep = case.target.label
    shuffled = _reordered(case, rng)
    assert shuffled is not None
    renamed = edit(
        shuffled.after,
        lambda node: [
            replace(node, label=rng.choice(node.renames))
            if node.renames and node.label != keep and rng.random() < 0.4
            else node
        ],
    )
    return replace(
        _more(replace(case, after=renamed), rng), drawn_after=Drawing(divs=rng.random() < 0.5, ids=rng.randint(2, 999))
    )


def _at_once(case: Case, rng: random.Random) -> Case | None:
    renamed = _renamed(case, rng)
    return (
        None
        if renamed is None
        else replace(_more(renamed, rng), drawn_after=Drawing(divs=True, ids=rng.randint(2, 999)))
    )


def _more(case: Case, rng: random.Random) -> Case:
    """Add what the page did not have: a banner, a help link in each section."""
    extra = Node(
        "bar",
        "",
        "banner",
        children=(Node("link", "Try the new mobile app", "ad"), Node("button", "Dismiss", "dismiss")),
    )
    helped = edit(case.after, lambda node: [_with_help(node) if node.kind == "section" else node])
    return replace(case, after=replace(helped, children=(extra, *helped.children)))


def _with_help(section: Node) -> Node:
    link = Node("link", f"About {section.label.lower()}", f"help {section.truth}")
    return replace(section, children=(*section.children, link))


def _removed(case: Case, rng: random.Random) -> Case | None:
    home, target = parent_of(case.before, case.target), case.target
    gone = home if home.kind == "row" else target
    how = rng.choice(("plain", "replaced", "elsewhere"))
    put: list[Node] = []
    if how == "replaced" and home.kind == "row":
        put = [_like(home, rng.choice(_ROW_WORDS), 12)]
    elif how == "replaced" and target.intruder:
        put = [replace(target, label=target.intruder, truth="intruder", renames=(), value="")]
    after = edit(case.after, lambda node: put if node.truth == gone.truth else [node])
    if how == "elsewhere" and home.kind != "row":
        decoy = Node("section", rng.choice(_PLACES), "new section", children=(replace(target, truth="decoy"),))
        after = replace(after, children=(*after.children, decoy))
    return replace(case, after=after, is_there=False, drawn_after=Drawing(divs=rng.random() < 0.3))  # fmt: skip


CHANGES: dict[str, Callable[[Case, random.Random], Case | None]] = {
    "renamed": _renamed,
    "moved": _moved,
    "wrapped": _wrapped,
    "re-ordered": _reordered,
    "restyled": _restyled,
    "framework ids": _framework,
    "decoys": _decoys,
    "redesigned": _redesigned,
    "all at once": _at_once,
    "removed": _removed,
}
"""What can become of a page: each takes a case with two equal pages and changes the second; None when it does not fit."""

__all__ = ["CHANGES", "HELD_OUT", "PAGES", "Case", "Drawing", "Node", "make_case", "walk"]
