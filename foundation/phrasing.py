"""How a person words a kind of task: in made-up words that only a lesson explains, or in plain ones, in several ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from foundation.words import Words

_VERBS = (
    "add",
    "put in",
    "log",
    "note",
    "book",
    "file",
    "enter",
    "do",
    "handle",
    "sort out",
    "set up",
    "prepare",
    "please do",
    "process",
    "settle",
    "fix",
    "arrange",
    "track",
    "make",
    "get rid of",
    "update",
)
LINKS = (
    "",
    "for",
    "by",
    "of",
    "on",
    "with",
    "to",
    "from",
    "at",
    "-",
    ",",
    ":",
    "and",
    "paid by",
    "about",
    "under",
    "as",
    "/",
)
_UNITS = ("€", " EUR", " USD", "$", " euros", " h", " kg", "")


@dataclass(slots=True)
class Phrasing:
    """How this person words this kind of task: a verb, then the slots between small words."""

    verb: str
    noun: str
    order: list[int]
    links: list[str]
    quoted: bool = False
    unit: str = ""
    unit_slot: int = -1

    @classmethod
    def draw(cls, words: Words, slots: int, amount_slot: int = -1) -> Phrasing:
        """Draw a wording for a skill with this many slots."""
        rng = words.rng
        verb = rng.choice(_VERBS) if rng.random() < 0.45 else words.invented()
        noun = ""
        if rng.random() < 0.5 or slots == 0:
            noun = f"{rng.choice(('a', 'the', 'one', 'my', 'our', ''))} {words.word()}".strip()
        order = list(range(slots))
        if rng.random() < 0.5:
            rng.shuffle(order)
        unit = rng.choice(_UNITS) if amount_slot >= 0 and rng.random() < 0.3 else ""
        return cls(verb, noun, order, [rng.choice(LINKS) for _ in range(slots)], rng.random() < 0.15, unit, amount_slot)

    def say(self, slots: list[str]) -> str:
        """Word a task with these slot values."""
        text = f"{self.verb} {self.noun}".strip()
        for link, index in zip(self.links, self.order, strict=True):
            value = slots[index] + (self.unit if index == self.unit_slot else "")
            value = f'"{value}"' if self.quoted else value
            text += f"{link} {value}" if link in (",", ":") else f" {link} {value}".replace("  ", " ")
        return text[0].upper() + text[1:] if self.quoted else text

    def otherwise(self, words: Words) -> Wording:
        """Change the small words, and the verb too when a noun tells what is meant."""
        verb = Phrasing.draw(words, 1).verb if self.noun and words.rng.random() < 0.5 else self.verb
        return Phrasing(
            verb,
            self.noun,
            self.order,
            [words.rng.choice(LINKS) for _ in self.links],
            self.quoted,
            self.unit,
            self.unit_slot,
        )


class Wording(Protocol):
    """Anything that can put slot values into words."""

    def say(self, slots: list[str]) -> str:
        """Word a task with these slot values."""
        ...

    def otherwise(self, words: Words) -> Wording:
        """Return another way in which the same person may say the same thing."""
        ...


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of errand that everybody words in a few ways. `kinds` are the field kinds of its slots, in order."""

    kinds: tuple[str, ...]
    forms: tuple[str, ...]


@dataclass(slots=True)
class PlainWording:
    """One of a family's forms."""

    family: Family
    form: str

    def say(self, slots: list[str]) -> str:
        """Word a task with these slot values."""
        return self.form.format(*slots)

    def otherwise(self, words: Words) -> Wording:
        """Draw any form of the family."""
        return PlainWording(self.family, words.rng.choice(self.family.forms))


FAMILIES = (
    Family(
        ("text", "person"),
        (
            "{1} borrowed {0}",
            "lend {0} to {1}",
            "{0} goes out to {1}",
            "check out {0} for {1}",
            "note that {1} has taken {0}",
        ),
    ),
    Family(
        ("text", "person"), ("{1} gave {0} back", "{0} is back from {1}", "return of {0} by {1}", "{1} returned {0}")
    ),
    Family(
        ("text", "date"),
        ("remind me of {0} on {1}", "{0} is due {1}", "put {0} down for {1}", "on {1}: {0}", "schedule {0} for {1}"),
    ),
    Family(
        ("text", "date", "person"),
        ("book {0} for {2} on {1}", "{2} needs {0} on {1}", "reserve {0}, {1}, {2}", "{0} on {1} is for {2}"),
    ),
    Family(
        ("text", "number"), ("log {1} hours on {0}", "I spent {1} hours on {0}", "{0}: {1} h", "{1} hours of {0} today")
    ),
    Family(
        ("text", "number"), ("order {1} of {0}", "we need {1} more {0}", "{1}x {0} please", "restock {0}, {1} pieces")
    ),
    Family(
        ("text", "number"),
        ("only {1} left of {0}", "count for {0} is {1}", "{0}: {1} in stock", "I counted {1} of {0}"),
    ),
    Family(
        ("text", "amount"), ("sold {0} for {1}", "{0} went for {1}", "sale: {0}, {1}", "somebody bought {0} at {1}")
    ),
    Family(("text", "amount"), ("the price of {0} is now {1}", "{0} costs {1}", "{0} at {1}", "charge {1} for {0}")),
    Family(
        ("text", "amount", "date"),
        ("invoice {0} of {1} is due on {2}", "{1} for {0} until {2}", "bill from {0}: {1}, pay by {2}"),
    ),
    Family(
        ("text", "amount", "person"),
        ("{2} donated {1} for {0}", "donation of {1} from {2} towards {0}", "{1} came in from {2} for {0}"),
    ),
    Family(
        ("text", "email"),
        (
            "add {0} as a contact, mail {1}",
            "{0} can be reached at {1}",
            "new contact {0} <{1}>",
            "{1} is the address of {0}",
        ),
    ),
    Family(("text", "email"), ("invite {0} ({1})", "send {0} an invitation at {1}", "{0} should join, {1}")),
    Family(
        ("text", "long"),
        ("report a problem with {0}: {1}", "{0} is broken, {1}", "complaint about {0} - {1}", "trouble with {0}: {1}"),
    ),
    Family(("text", "long"), ("write down for {0}: {1}", "note on {0}: {1}", "{0}, remember: {1}")),
    Family(("text", "select"), ("{0} is now {1}", "mark {0} as {1}", "move {0} to {1}", "{0} -> {1}")),
    Family(
        ("text", "select", "date"),
        ("{0} is {1} from {2}", "as of {2}, {0} counts as {1}", "set {0} to {1} starting {2}"),
    ),
    Family(
        ("text", "person", "person"),
        ("{1} swaps {0} with {2}", "{0}: {1} instead of {2}", "swap {0} between {1} and {2}"),
    ),
    Family(
        ("text", "person", "person"),
        ("{1} hands {0} over to {2}", "{0} goes from {1} to {2}", "{2} takes {0} over from {1}", "{1} -> {2}: {0}"),
    ),
    Family(
        ("text", "person", "person"),
        ("{1} asked {2} about {0}", "{0}: {1} waits for {2}", "{1} needs {0} from {2}", "{2} owes {1} {0}"),
    ),
    Family(("text", "people"), ("{0} is with {1}", "meeting {0}: {1}", "{1} take part in {0}", "plan {0} for {1}")),
    Family(("text", "people", "date"), ("{1} meet on {2} about {0}", "{0} with {1} on {2}", "on {2} {1} do {0}")),
    Family(("text",), ("we ran out of {0}", "buy {0}", "{0} is missing", "put {0} on the list")),
    Family(("text",), ("I finished {0}", "{0} is done", "done with {0}", "tick off {0}")),
    Family(("text",), ("water the {0}", "the {0} needs water", "{0} looks dry")),
)
"""Everyday errands. None of them is a task of a test bed."""
