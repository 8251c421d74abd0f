"""Other ways to say a task, without a language model: what people add, drop and turn around.

The teacher reads the lesson in its own words beside each of these, so the student learns what they have in common.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from agent.lessons.said import as_words

_BEFORE = (
    "",
    "",
    "",
    "please ",
    "Please ",
    "can you: ",
    "I need this: ",
    "todo: ",
    "hi, ",
    "next: ",
    "also ",
    "one more: ",
    "for the record, ",
    "could you ",
    "again: ",
    "remember, ",
    "FYI ",
    "just so you know, ",
)
_AFTER = ("", "", "", ".", "!", " please", ", thanks", " thanks", " today", " for me", ", as usual", " :)")
_FILLERS = ("has", "just", "already", "now", "did", "again")
_SWAPS = (
    ("a", "the"),
    ("the", "a"),
    ("for", "to"),
    ("and", "&"),
    ("with", "and"),
    ("to", "->"),
    ("of", "at"),
    ("on", "at"),
)
_COMMON = (
    *("the", "a", "and", "of", "to", "in", "is", "it", "was", "for", "on", "with", "as", "at", "by", "from", "that"),
    *("we", "I", "you", "they", "he", "she", "my", "our", "their", "what", "which", "when", "so", "up", "out", "not"),
    *("had", "have", "has", "been", "do", "did", "said", "got", "gave", "made", "went", "there", "here", "some", "one"),
    *("this", "please", "about", "because", "again", "also", "now"),
)
_ARTICLES = ("", "", "the ", "the ", "my ", "our ")
_LINKS = (
    " about ",
    " about ",
    " of ",
    " for ",
    " with ",
    " on ",
    " because of ",
    " is ",
    " as ",
    " regarding ",
    " that ",
)
_MARKS = (": ", ": ", ", ", " - ", "; ")
RECAST = 0.5
"""Share of the wordings that keep nothing but the values and what the task is about. Where one list offers several values, none does."""

FIRST = 0.65
"""Share of these that begin with a value, where there are several: its place before the others is then all that tells which it is."""


def reword(task: str, kept: list[str], alike: list[str], words: Sequence[str], rng: random.Random) -> str:
    """Return the task in other words; every phrase of `kept` (the slot values) stays as it is, once.

    Of `alike`, values that could stand in each other's place, each keeps its turn: nothing else tells them apart.
    """
    pieces = _split(task, kept)
    if kept and not alike and rng.random() < RECAST:
        return _dress(_recast(pieces, kept, rng), words, rng)
    draw = rng.random()
    if draw < 0.2:
        return _dress(task, words, rng)
    if draw < 0.3:
        pieces = [piece if piece in kept else _swap(piece, rng) for piece in pieces]
    elif draw < 0.4:
        pieces = [piece if piece in kept else _drop(piece, rng) for piece in pieces]
    elif draw < 0.5:
        pieces = _insert(pieces, kept, rng)
    elif draw < 0.6 and len(kept) > 1:
        pieces = _front(pieces, [value for value in kept if value not in alike], rng)
    elif draw < 0.7 and len(kept) > 1:
        pieces = _last(pieces, kept, alike, rng)
    if draw > 0.6 and alike:  # else nothing would tell the words of the task from those of a value
        pieces = [piece if piece in kept else _exchange(piece, words, rng) for piece in pieces]
    text = re.sub(r"\s+", " ", "".join(pieces)).strip(" ,:-") or task
    return _dress(text, words, rng)


def _recast(pieces: Sequence[str], kept: Sequence[str], rng: random.Random) -> str:
    """Make another sentence around the values, of common words and a few of the task's own, in any order.

    What is left in common is what the values are: neither place nor neighbours give them away.
    """
    said = [word for piece in pieces if piece not in kept for word in re.findall(r"[^\W\d_]+", piece)]
    own = [word for word in dict.fromkeys(said) if word.lower() not in _COMMON]

    def clause() -> str:
        about = [rng.choice(_ARTICLES) + word for word in rng.sample(own, min(len(own), rng.choice((1, 1, 1, 2))))]
        out = rng.choices(_COMMON, k=rng.randint(0 if about else 1, 5)) + about
        rng.shuffle(out)
        return " ".join(out)

    first, *rest = [piece for piece in pieces if piece in kept]
    link = rng.choice((*_LINKS, *_MARKS) if rng.random() < 0.7 else _MARKS)
    if rng.random() < (FIRST if rest else 0.3):
        text = f"{first}{rng.choice((*_MARKS, ' ', ' ', ' '))}{clause()}"
    else:
        text = f"{clause()}{link}{first}"
    return text + "".join(rng.choice((*_MARKS, *_LINKS)) + value for value in rest)


def _split(task: str, kept: list[str]) -> list[str]:
    if not kept:
        return [task]
    pattern = "|".join(as_words(phrase) for phrase in sorted(kept, key=len, reverse=True))
    return [piece for piece in re.split(f"({pattern})", task) if piece]


def _swap(piece: str, rng: random.Random) -> str:
    for old, new in rng.sample(_SWAPS, 3):
        piece = re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", new, piece)
    return piece


def _exchange(piece: str, words: Sequence[str], rng: random.Random) -> str:
    """Put any other word in the place of some, and now and then one more: what is meant then shows in the order of the values alone."""
    out = [rng.choice(words).lower() if word.isalpha() and rng.random() < 0.4 else word for word in piece.split(" ")]
    if rng.random() < 0.15 and len(out) > 1:
        out.insert(1, rng.choice(words).lower())
    return " ".join(out)


def _drop(piece: str, rng: random.Random) -> str:
    """Leave out a word here and there, as in a note to oneself; never the only one between two values."""
    words = piece.split(" ")
    if sum(1 for word in words if word) < 2:
        return piece
    return " ".join(word for word in words if not word or rng.random() > 0.25)


def _front(pieces: list[str], kept: Sequence[str], rng: random.Random) -> list[str]:
    """Name one value first: `20: Chris paid Bea back`."""
    places = [i for i, piece in enumerate(pieces) if piece in kept]
    if not places:
        return pieces
    at = rng.choice(places)
    return [pieces[at], rng.choice((": ", ", ", " - ")), *pieces[:at], *pieces[at + 1 :]]


def _last(pieces: list[str], kept: list[str], alike: Sequence[str], rng: random.Random) -> list[str]:
    """Name a value last, other than the one that comes first and who acts: `Chris paid back 20 to Bea`."""
    places = [i for i, piece in enumerate(pieces) if piece in kept]
    last_alike = max((i for i in places if pieces[i] in alike), default=-1)
    free = [i for i in places[1:] if pieces[i] not in alike or i == last_alike]
    if not free:
        return pieces
    at = rng.choice(free)
    return [*pieces[:at], " ", *pieces[at + 1 :], rng.choice((" to ", " for ", ", ", ": ", " - ")), pieces[at]]


def _insert(pieces: list[str], kept: list[str], rng: random.Random) -> list[str]:
    """Put a small word behind the first value: `Chris has paid Bea back 20`."""
    at = next(i for i, piece in enumerate(pieces) if piece in kept or i == len(pieces) - 1)
    return [*pieces[: at + 1], f" {rng.choice(_FILLERS)} ", *pieces[at + 1 :]]


def _dress(text: str, words: Sequence[str], rng: random.Random) -> str:
    before = rng.choice(_BEFORE)
    if rng.random() < 0.3:
        before = " ".join(rng.choices(words, k=rng.choice((1, 1, 2, 2, 3)))).lower() + rng.choice(
            (" ", ": ", ", ", " - ")
        )
    return before + text + rng.choice(_AFTER)
