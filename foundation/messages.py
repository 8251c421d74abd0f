"""Messages: a sentence that a person would write, with the values somewhere in it, and nothing but meaning marks where.

"We had a call from the landlord, something about the new boiler" holds one value of three words among nine that are only
said. The demonstration's task was worded otherwise, so neither place nor neighbouring words tell: the policy must see
what the sentence is about. Short errands (`Phrasing`, `Relation`) cannot teach that, since in them nearly all words are values.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from foundation.phrasing import Wording
from foundation.relations import RelationSkill
from foundation.schema import FieldKind, Schema
from foundation.skills import WikiSkill
from foundation.words import Words

PAIRS: tuple[tuple[FieldKind, FieldKind], ...] = (
    ("text", "text"),
    ("text", "select"),
    ("text", "amount"),
    ("long", "text"),
    ("long", "select"),
    ("text", "date"),
    ("long", "person"),
)
"""Kinds of the fields that a small page for messages has; other fields may join them."""
TEXTS = frozenset({"text", "long", "slug"})
_WHO = (
    "the {w}",
    "my {w}",
    "our {w}",
    "their {w}",
    "somebody from the {w}",
    "{p}",
    "{p}",
    "the {w} {v}",
    "they",
    "we",
    "I",
)
_WHAT = ("{w}", "{w}", "{w} {v}", "{w} {v}", "{w} of {v}")
_DID = (
    *(
        "rang",
        "wrote",
        "asked",
        "complained",
        "reported",
        "mentioned it",
        "talked",
        "phoned",
        "was here",
        "got in touch",
    ),
    *("sent a message", "told me", "came by", "has news", "called again", "agreed", "insisted", "wants to talk", "met"),
    *(
        "had a question",
        "left word",
        "reminded us",
        "sent something",
        "was asking",
        "wondered",
        "is worried",
        "answered",
    ),
)
_CLAUSES = (
    *("{who} {did}", "{who} {did}", "yesterday {who} {did}", "{who} just {did}", "I think {who} {did}"),
    *("I talked to {who}", "I was on the line with {who}", "I heard from {who}", "I met {who} today", "I saw {who}"),
    *("a call from {who}", "mail from {who}", "news from {who}", "a letter from {who}", "message from {who}"),
    *(
        "{what}",
        "{what} note",
        "new {what}",
        "another {what}",
        "one more {what}",
        "{what} for {who}",
        "update from {who}",
    ),
    *(
        "please keep {what}",
        "write down {what}",
        "note the {what}",
        "remember {what}",
        "add this {what}",
        "put up {what}",
    ),
    *("note what {who} said", "write down what {who} said", "keep what {who} told us", "record what {who} wrote"),
    *("remember what we heard", "file what {who} sent", "please save what {who} agreed", "it is settled", "we agreed"),
)
_LINKS = (
    *(
        " about ",
        " about ",
        " on ",
        " regarding ",
        " concerning ",
        " re ",
        " because of ",
        " over ",
        " due to ",
        " with ",
        " for ",
    ),
    *(
        " as to ",
        " asking for ",
        " to do with ",
        " in the matter of ",
        " that is ",
        " saying ",
        " namely ",
        " under ",
        " called ",
    ),
)
_MARKS = (": ", ": ", ", ", " - ", "; ", ". ", " -> ", " / ")
_STATES = (
    *(
        "is settled",
        "is agreed",
        "came up",
        "is on the list",
        "was mentioned by {who}",
        "is new",
        "it is",
        "is what {who} said",
    ),
    *(
        "is what we want",
        "has changed",
        "is open",
        "needs a note",
        "is clear now",
        "belongs to {what}",
        "is the {what}",
    ),
)
_LAST = ("", "", "", "", "", ".", "!", ", please", ", thanks", " please", ", that is all")


@dataclass(slots=True)
class Message:
    """One way to say it: `form` holds {0}, {1}, … for the first, the second value that is named.

    Which slot is named first stays when it is said otherwise, and so do who and what it is about.
    """

    order: list[int]
    who: str
    what: str
    form: str

    @classmethod
    def draw(cls, words: Words, slots: int) -> Message:
        """Draw who and what it is about, the order of the slots, and a form."""
        order = list(range(slots))
        words.rng.shuffle(order)
        who = words.rng.choice(_WHO).format(w=words.word(), v=words.word(), p=words.person())
        what = words.rng.choice(_WHAT).format(w=words.word(), v=words.word())
        return cls(order, who, what, _form(words.rng, slots))

    def say(self, slots: list[str]) -> str:
        """Word a task with these slot values."""
        frame = self.form.replace("{who}", self.who).replace("{what}", self.what)
        return frame.format(*(slots[index] for index in self.order))

    def otherwise(self, words: Words) -> Wording:
        """Say the same in another form; now and then about somebody else."""
        other = Message.draw(words, len(self.order))
        other.order = self.order
        if words.rng.random() < 0.85:
            other.who, other.what = self.who, self.what
        return other


def _form(rng: random.Random, slots: int) -> str:
    """Compose a clause, links and values; those after the second follow at the end."""
    clause = rng.choice(_CLAUSES).replace("{did}", rng.choice(_DID))
    link, mark = rng.choice(_LINKS), rng.choice(_MARKS)
    state = rng.choice(_STATES)
    if slots == 0:
        return clause
    one = (
        f"{clause}{link}{{0}}",
        f"{clause}{link}{{0}}",
        f"{clause}{mark}{{0}}",
        f"{clause}{mark}{{0}}",
        f"{{0}}{mark}{clause}",
        f"{{0}} {state}",
        f"{link.strip()} {{0}}, {clause}",
    )
    two = (
        f"{clause}{link}{{0}}{mark}{{1}}",
        f"{clause}{link}{{0}}{mark}{{1}}",
        f"{clause}{mark}{{0}}{rng.choice(_MARKS)}{{1}}",
        f"{{0}} {state}{mark}{{1}}",
        f"{{0}}{mark}{{1}}{rng.choice(_MARKS)}{clause}",
        f"{{0}}{mark}{clause}{link}{{1}}",
        f"{link.strip()} {{0}}, {clause}{mark}{{1}}",
    )
    form = rng.choice(one if slots == 1 else two)
    return form + "".join(f"{rng.choice((*_MARKS, *_LINKS))}{{{slot}}}" for slot in range(2, slots)) + rng.choice(_LAST)


@dataclass(slots=True)
class MessageSkill(RelationSkill):
    """A short ritual with one to three slots, at least one of which is free text."""

    @classmethod
    def build(cls, schema: Schema, rng: random.Random, longest: int = 6) -> MessageSkill:
        """Walk through a small app until free text was filled in, or several walks had none."""
        best = cls([])
        for _ in range(8):
            skill = RelationSkill.build(schema, rng, longest)
            if TEXTS & set(skill.kinds) and len(skill.kinds) <= 3:
                return cls(skill.deeds, skill.kinds)
            best = cls(skill.deeds, skill.kinds)
        return best

    def wording(self, words: Words) -> Wording:
        """Say it in a sentence."""
        return Message.draw(words, len(self.kinds))


class PageMessageSkill(WikiSkill):
    """A page at an address: its name and its text stand in a sentence."""

    def wording(self, words: Words) -> Wording:
        """The name of the page, and its text."""
        return Message.draw(words, 2)
