"""Relations: who does what to whom, where nothing but the order of the words tells who is who.

Small pages, two fields of a kind, and the same people to choose from in both: a name says nothing about where it belongs,
only its place beside the demonstration's words does. Pages are small, so that more of the tokens are about that.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from foundation.captions import NOBODY
from foundation.phrasing import LINKS, Wording
from foundation.rituals import RitualSkill
from foundation.schema import Field, FieldKind, Schema
from foundation.skills import WikiSkill
from foundation.words import Words

TWINS: tuple[tuple[FieldKind, FieldKind], ...] = (
    ("person", "person"),
    ("person", "people"),
    ("person", "people"),
    ("people", "person"),
    ("text", "text"),
    ("select", "select"),
    ("amount", "amount"),
)
_OTHERS: tuple[FieldKind, ...] = ("text", "amount", "amount", "date", "number", "select", "check")
_DEEDS = (
    *("gave", "paid", "sent", "lent", "told", "owes", "asked", "met", "called", "helped", "drove", "taught", "showed"),
    *("brought", "thanked", "replaced", "invited", "joined", "visited", "covers", "follows", "reports to", "works for"),
    *("gives", "pays", "sends", "hands", "swaps with", "waits for", "booked", "needs", "passed", "sold", "returned"),
    *("got", "took", "found", "moved", "picked", "wrote", "left", "signed", "chose", "owed", "has", "had", "will give"),
)
_SMALL = ("back", "over", "in", "out", "up", "off", "again", "now", "already", "today", "just", "then", "also", "so")
_FIRST = (
    *("", "", "", "", "", "please", "note:", "todo:", "remember that", "hi,", "again:", "please note:", "so,"),
    *("I heard that", "for the record,", "yesterday", "well,", "FYI:", "next:", "apparently"),
)
_LAST = ("", "", "", "", ".", "!", "please", "thanks", "today", "euros", "back", "again", "as usual", "pieces", "too")


@dataclass(slots=True)
class Relation:
    """Slots between words. Slots of one kind keep their order however it is said; others stand anywhere."""

    kinds: tuple[str, ...]
    order: list[int]
    first: str
    gaps: list[str]
    last: str

    @classmethod
    def draw(cls, words: Words, kinds: tuple[str, ...]) -> Relation:
        """Draw which slot of a kind is said first, and the words between."""
        order = list(range(len(kinds)))
        words.rng.shuffle(order)
        return cls._around(words, kinds, order)

    @classmethod
    def _around(cls, words: Words, kinds: tuple[str, ...], order: list[int]) -> Relation:
        rng = words.rng
        return cls(kinds, order, rng.choice(_FIRST), [_gap(words) for _ in order[1:]], rng.choice(_LAST))

    def say(self, slots: list[str]) -> str:
        """Word a task with these slot values."""
        parts = [
            self.first,
            *(
                part
                for i, gap in zip(self.order, [*self.gaps, ""][: len(self.order)], strict=True)
                for part in (slots[i], gap)
            ),
        ]
        text = " ".join(part for part in (*parts, self.last) if part)
        for mark in (",", ":", ".", "!"):
            text = text.replace(f" {mark}", mark)
        return text

    def otherwise(self, words: Words) -> Wording:
        """Say it in other words; among slots of one kind, who is named first stays."""
        places = list(range(len(self.order)))
        words.rng.shuffle(places)
        order = [self.order[place] for place in places]
        for kind in set(self.kinds):
            same = iter([slot for slot in self.order if self.kinds[slot] == kind])
            order = [next(same) if self.kinds[slot] == kind else slot for slot in order]
        return self._around(words, self.kinds, order)


def _gap(words: Words) -> str:
    """Draw what stands between two slots."""
    rng = words.rng
    draw = rng.random()
    if draw < 0.45:
        return f"{rng.choice(_DEEDS)} {rng.choice(_SMALL) if rng.random() < 0.25 else ''}".strip()
    if draw < 0.6:
        return f"{rng.choice(_SMALL)} {rng.choice(LINKS)}".strip()
    if draw < 0.8:
        return rng.choice([link for link in LINKS if link])
    return " ".join(words.word() for _ in range(rng.choice((1, 2))))


@dataclass(slots=True)
class RelationSkill(RitualSkill):
    """A short ritual whose slots can be taken for each other."""

    kinds: tuple[str, ...] = ()

    @classmethod
    def build(cls, schema: Schema, rng: random.Random, longest: int = 6) -> RelationSkill:
        """Walk through a small app until at least two slots of a kind were filled, or several walks had none."""
        fields = {f"field {item.key}": item for item in schema.sections[0].fields}
        best = cls([])
        for _ in range(8):
            deeds = RitualSkill.build(schema, rng, longest).deeds
            kinds = tuple(_kind(fields[deed.key]) if deed.key in fields else "other" for deed in deeds if deed.slot)
            skill = cls(deeds, kinds)
            if len(kinds) > len(set(kinds)):
                return skill
            best = max(best, skill, key=lambda one: len(one.kinds))
        return best

    def wording(self, words: Words) -> Wording:
        """Say who does what to whom."""
        return Relation.draw(words, self.kinds)


class PageSkill(WikiSkill):
    """A page at an address, worded as a relation: one value is a name in an address, the other is its text."""

    def wording(self, words: Words) -> Wording:
        """The name of the page, and its text."""
        return Relation.draw(words, ("slug", "text"))


def _kind(item: Field) -> str:
    return "person" if item.kind in ("person", "people") else item.kind


def small(schema: Schema, rng: random.Random, pairs: Sequence[tuple[FieldKind, FieldKind]] = TWINS) -> Schema:
    """Reduce an app to one form with two fields of these kinds, and little around it."""
    section = schema.sections[0]
    words = Words(rng, strangeness=0.15, foreign=0.05, lexicon=schema.lexicon)
    people = list(dict.fromkeys(words.person() for _ in range(rng.randint(3, 7))))
    options = tuple(words.labels(rng.randint(3, 5), set()))
    taken: set[str] = set()
    kinds: list[FieldKind] = [*rng.choice(pairs), *rng.sample(_OTHERS, rng.choice((0, 1, 1, 2)))]
    rng.shuffle(kinds)

    def make(number: int, kind: FieldKind) -> Field:
        choices = {"select": options, "person": tuple(people)}.get(kind, ())
        everybody = "all" if kind == "people" and rng.random() < 0.5 else ""
        clear = rng.choice(("", *NOBODY)) if kind == "people" else ""
        hidden = number > 1 and rng.random() < 0.15
        key = f"f{number}" if number else "title"
        return Field(key, words.labels(1, taken)[0], kind, choices, default=everybody, clear=clear, hidden=hidden)

    fields = [make(number, kind) for number, kind in enumerate(kinds)]
    form = rng.choice(("inline", "inline", "inline", "dialog", "page"))
    return replace(
        schema,
        sections=[replace(section, fields=fields, form=form)],
        before=[],
        after=[],
        chatter=[],
        popup=None,
        slow=False,
        menu=schema.menu[:1],
        people=people,
        window=60,
    )
