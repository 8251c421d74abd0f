"""What an action brings about, read from what a page tells of a control: its role, its name, and where its form goes.

A form that is sent by POST to `/transfer` pays, whatever its button says; one that is sent by GET reads, whatever its
button is called, unless name or address say more.
"""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from browser.types import Line, Target


class Consequence(StrEnum):
    """What an action brings about, from harmless to final."""

    READ = "read"
    CHANGE = "change"
    SEND = "send"
    PAY = "pay"
    DELETE = "delete"
    PUBLISH = "publish"
    GRANT = "grant"
    """Gives somebody access, or changes how an account is protected."""


NEEDS_APPROVAL = frozenset(Consequence) - {Consequence.READ, Consequence.CHANGE}
APPROVABLE = tuple(kind.value for kind in Consequence if kind is not Consequence.READ)
"""All that may be approved, as a person writes them: those that need it, and changes, which a page's own dialog may ask about."""

_LEXICON: tuple[tuple[Consequence, str], ...] = (
    (
        Consequence.DELETE,
        r"delet\w*|remov\w*|trash|discard|destroy|erase|wipe|purge|archive|deactivate|unsubscribe|drop|löschen|entfernen|verwerfen|supprimer|effacer|retirer|eliminar|borrar|quitar",
    ),
    (
        Consequence.PAY,
        (
            r"pay|buy|purchase|checkout|check out|place order|order now|donate|transfer|withdraw|bezahlen|kaufen|bestellen"
            r"|überweisen|payer maintenant|acheter|commander|pagar|comprar"
        ),
    ),
    (
        Consequence.GRANT,
        (
            r"grant|authori[sz]e|(?:allow|give) access|(?:make|add) admin\w*|enable forwarding|(?:change|reset|set) password"
            r"|(?:create|generate)(?: an?)? (?:access )?(?:token|key|api key)|disable two-factor|berechtigen|autoriser|autorizar"
        ),
    ),
    (
        Consequence.SEND,
        r"send|reply|forward|invite|notify|e-?mail|senden|verschicken|einladen|antworten|envoyer|répondre|inviter|enviar|responder|invitar",
    ),
    (
        Consequence.PUBLISH,
        r"publish|post|go live|release|make public|tweet|share|veröffentlichen|teilen|publier|partager|publicar|compartir",
    ),
)
_WORDS = tuple(
    (consequence, re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)) for consequence, words in _LEXICON
)
_PRESSED = frozenset({"button", "link", "menuitem", "menuitemcheckbox", "menuitemradio", "clickable", "tab", "option"})
_HARMLESS_TO_PRESS = frozenset({"link", "tab"})
_DEEDS = frozenset({"do", "action", "act", "op", "cmd", "command", "mode", "task"})
"""Keys of a query whose value says what is done."""
_DELETES = re.compile(r"(?:delete|remove|destroy|erase|purge|unsubscribe|deactivate)\b", re.IGNORECASE)
"""Deeds that no page to look at is called by, as an archive or a trash may be."""
_NUMBERED = re.compile(r"\d+|[0-9a-f]{8,}(?:-[0-9a-f]+)*|[0-9A-HJKMNP-TV-Z]{26}", re.IGNORECASE)
"""The part of an address that says which thing, not what is done with it."""


def worst(*consequences: Consequence) -> Consequence:
    """Return the consequence that weighs most: the first that needs an approval, else a change, else reading."""
    for consequence in consequences:
        if consequence in NEEDS_APPROVAL:
            return consequence
    return Consequence.CHANGE if Consequence.CHANGE in consequences else Consequence.READ


def consequence_of(line: Line, target: Target | None = None) -> Consequence:
    """Read what pressing a control may bring about. A row's words in parentheses do not count."""
    if line.role not in _PRESSED:
        return Consequence.CHANGE
    named = consequence_of_words(re.sub(r"\([^)]*\)$", "", line.name))
    harmless = line.role in _HARMLESS_TO_PRESS or (target is not None and target.method == "get")
    return worst(
        named,
        Consequence.READ if harmless else Consequence.CHANGE,
        Consequence.READ if target is None else consequence_of_target(target),
    )


def consequence_of_words(words: str) -> Consequence:
    """Read the first consequence that words name; reading when they name none."""
    for consequence, pattern in _WORDS:
        if pattern.search(words):
            return consequence
    return Consequence.READ


def consequence_of_target(target: Target) -> Consequence:
    """Read what a request brings about: what is posted changes something, and its address may say what."""
    if target.method != "post":
        return consequence_of_address(target.url)
    return worst(consequence_of_words(_deed(target.url)), _of_query(target.url), Consequence.CHANGE)


def consequence_of_address(url: str) -> Consequence:
    """Read what merely opening an address does where a server, against the custom, acts on it.

    The last word of the path counts when values come with it (`/transfer?to=…`) or when it deletes (`/bills/3/delete`), and a
    query's `do`, `action` and the like always do.
    """
    deed = _deed(url)
    if _DELETES.match(deed) or "=" in urlsplit(url).query:
        return worst(consequence_of_words(deed), _of_query(url))
    return _of_query(url)


def _of_query(url: str) -> Consequence:
    pairs = parse_qsl(urlsplit(url).query)
    return worst(*(consequence_of_words(value) for key, value in pairs if key.lower() in _DEEDS), Consequence.READ)


def _deed(url: str) -> str:
    """Return the last part of an address's path that is no number or id, as words."""
    for part in reversed(unquote_plus(urlsplit(url).path).split("/")):
        if part and not _NUMBERED.fullmatch(part):
            return re.sub(r"[-_.]+", " ", re.sub(r"\.(?:php|html?|aspx?|jsp|cgi|do)$", "", part))
    return ""
