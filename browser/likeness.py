"""How alike two names are, as a person would see it: the same words, other words for the same thing, or the contrary.

The tables are of what web apps print on their controls, no more; a word that is in none of them counts by its letters alone.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher

SAME = 0.97
"""From here on two names say the same."""
TYPO = 0.85
REPLACED = 0.5
"""A word in the place of another says less for a name than a word that came or went: `First name` is not `Last name`."""

_DEEDS = (
    "save store keep apply update",
    "submit finish complete done",
    "confirm ok okay yes accept agree approve",
    "reject decline deny refuse",
    "send mail dispatch deliver",
    "reply answer",
    "delete remove erase trash discard destroy",
    "add new create insert",
    "edit change modify",
    "cancel close dismiss abort",
    "search find filter",
    "next continue proceed",
    "back previous return",
    "login signin",
    "logout signout",
    "register signup",
    "pay buy purchase checkout order",
    "publish post share release",
    "download export",
    "upload import attach",
    "copy duplicate clone",
    "archive",
    "print",
    "refresh reload",
    "view show open",
    "hide collapse",
    "reset clear undo",
    "move transfer",
)
"""What a control does. Names that promise different deeds are never one control's."""
_THINGS = (
    "settings preferences options configuration",
    "amount sum",
    "customer client",
    "email mail",
    "phone telephone mobile",
    "note comment remark memo",
    "description details",
    "surname family last",
    "given first",
    "due deadline",
    "quantity qty",
    "company organisation organization firm",
    "person member participant",
    "user account",
    "invoice bill",
    "overview summary dashboard",
    "picture photo image",
)
_CONTRARY = (
    *(
        "in out",
        "on off",
        "up down",
        "left right",
        "from to",
        "min max",
        "start end",
        "start stop",
        "first last",
        "given family",
    ),
    *(
        "before after",
        "enable disable",
        "activate deactivate",
        "lock unlock",
        "subscribe unsubscribe",
        "follow unfollow",
    ),
    *(
        "billing shipping",
        "sender recipient",
        "check uncheck",
        "increase decrease",
        "old new",
        "public private",
        "mute unmute",
    ),
)
_NEGATIONS = frozenset({"not", "no", "dont", "never", "without"})
_EMPTY = frozenset({"the", "a", "an", "your", "my", "this", "of", "for", "and", "please", "now", "it", "s"})
_PHRASES = tuple(
    (re.compile(rf"\b{words}\b"), one)
    for words, one in (
        (r"(?:log|sign)[ -]?in", "login"),
        (r"(?:log|sign)[ -]?(?:out|off)", "logout"),
        (r"sign[ -]?up", "register"),
        (r"e-?mail", "email"),
        (r"don[’']?t", "dont"),
    )
)


def _groups(*tables: tuple[str, ...]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for words in (group.split() for table in tables for group in table):
        for word in words:
            found.setdefault(_stem(word), set()).update(map(_stem, words))
    return {word: frozenset(group) for word, group in found.items()}


def _stem(word: str) -> str:
    """Take off a plural: `settings` and `setting` are one word."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


_DEED = _groups(_DEEDS)
_ALIKE = _groups(_DEEDS, _THINGS)
_OPPOSED = frozenset(frozenset(map(_stem, pair.split())) for pair in _CONTRARY)


def words_of(text: str) -> tuple[str, ...]:
    """Return the words that carry a name, in lower case and without plurals; a sign such as `+` is a word when it stands alone."""
    lowered = text.casefold()
    for pattern, one in _PHRASES:
        lowered = pattern.sub(one, lowered)
    words = [_stem(word) for word in re.findall(r"\w+", lowered)]
    kept = tuple(word for word in words if word not in _EMPTY)
    return kept or tuple(words) or tuple(lowered.split())


def alike(one: str, other: str) -> float:
    """Return how alike two names are: 1 for the same words, 0 for none in common."""
    mine, theirs = list(dict.fromkeys(words_of(one))), list(dict.fromkeys(words_of(other)))
    if not mine or not theirs:
        return 1.0 if mine == theirs else 0.0
    if mine == theirs:
        return 1.0
    shared, left = 0.0, list(theirs)
    for word in mine:
        best = max(left, key=lambda known: _same_word(word, known), default="")
        if best and (weight := _same_word(word, best)):
            shared += weight
            left.remove(best)
    if not shared:
        return 0.0
    total = 2 * shared / (len(mine) + len(theirs))
    replaced = min(len(mine) - (len(theirs) - len(left)), len(left))
    return total * REPLACED if replaced > 0 else total


def contrary(one: str, other: str) -> bool:
    """Whether two names promise different deeds, or the contrary of each other: `Delete` and `Save`, `Enable` and `Disable`."""
    mine, theirs = set(words_of(one)), set(words_of(other))
    if bool(mine & _NEGATIONS) != bool(theirs & _NEGATIONS):
        return True
    if any(frozenset({a, b}) in _OPPOSED for a in mine - theirs for b in theirs - mine):
        return True
    deeds, others = (set().union(*(_DEED.get(word, ()) for word in words)) for words in (mine, theirs))
    return bool(deeds and others) and not deeds & others


def deed(name: str, words: frozenset[str]) -> bool:
    """Whether a name promises one of these deeds."""
    return any(_DEED.get(word, frozenset()) & words for word in words_of(name))


def _same_word(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if other in _ALIKE.get(one, ()):
        return 0.9
    if min(len(one), len(other)) >= 5 and one[0] == other[0] and SequenceMatcher(None, one, other).ratio() >= TYPO:
        return 0.8
    if min(len(one), len(other)) >= 4 and (one.startswith(other) or other.startswith(one)):
        return 0.7  # an abbreviation
    return 0.0
