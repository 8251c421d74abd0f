"""The guard: code between decision and action. It never asks the model and never reads the prompt.

Two questions. May the agent be here: is the page, or the address to open, on an origin the task allows? And what would this
action bring about: reading, a change that can be undone, or sending, paying, deleting, publishing? The last four need
an approval, from the policy given with the task or from the person; where nobody can answer, the answer is no.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urljoin, urlsplit

from browser.actions import WITHOUT_PAGE, Action, Verb
from browser.types import Line, Observation, quote


class Consequence(StrEnum):
    """What an action brings about, from harmless to final."""

    READ = "read"
    CHANGE = "change"
    SEND = "send"
    PAY = "pay"
    DELETE = "delete"
    PUBLISH = "publish"


NEEDS_APPROVAL = frozenset({Consequence.SEND, Consequence.PAY, Consequence.DELETE, Consequence.PUBLISH})

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
_CONFIRMS = re.compile(r"^(?:yes\b.*|ok|confirm|are you sure\??|continue|ja|oui|sí)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guard decided, kept with the step."""

    allowed: bool
    consequence: Consequence
    reason: str
    by: str = "rule"
    """Who decided: `rule`, `policy` or `person`; `nobody` when nobody could be asked."""

    def to_json(self) -> dict[str, object]:
        """Return the record the store keeps."""
        return {"allowed": self.allowed, "consequence": self.consequence.value, "reason": self.reason, "by": self.by}


Approver = Callable[[Action, Verdict], bool | None]
"""Ask the person about an action: True, False, or None when nobody can answer."""


def nobody(action: Action, verdict: Verdict) -> None:
    """Answer for an empty chair."""


@dataclass(slots=True)
class Guard:
    """The rules of one session."""

    origins: frozenset[str]
    """Where the agent may read and act."""
    approved: frozenset[Consequence] = frozenset()
    """Consequences that the task's policy allows without asking."""
    approver: Approver = nobody
    _pending: Consequence = field(default=Consequence.READ)
    """What the last click began: a bare "Yes" after it carries its consequence."""

    @classmethod
    def for_task(
        cls, url: str, approved: Iterable[str] = (), approver: Approver = nobody, extra_origins: Iterable[str] = ()
    ) -> Guard:
        """Allow the origin of the start page and those named. Raises ValueError for an unknown consequence."""
        return cls(
            frozenset({origin_of(url), *map(origin_of, extra_origins)}),
            frozenset(Consequence(item) for item in approved),
            approver,
        )

    def judge(self, action: Action, page: Observation) -> Verdict:
        """Decide about one action on one page."""
        if action.verb in WITHOUT_PAGE:
            return Verdict(allowed=True, consequence=Consequence.READ, reason="speaks to the person")
        target = _origin(urljoin(page.url, action.text) if action.verb is Verb.OPEN else page.url)
        if target not in self.origins and action.verb is not Verb.BACK:
            return Verdict(
                allowed=False,
                consequence=Consequence.READ,
                reason=f"{target or 'this address'} is not among the origins of this task: {', '.join(sorted(self.origins))}",
            )
        consequence = self._consequence(action, page)
        if consequence not in NEEDS_APPROVAL:
            return Verdict(
                allowed=True,
                consequence=consequence,
                reason="can be undone" if consequence is Consequence.CHANGE else "reads",
            )
        if consequence in self.approved:
            return Verdict(
                allowed=True, consequence=consequence, reason=f"the task's policy allows {consequence}", by="policy"
            )
        asked = Verdict(
            allowed=False, consequence=consequence, reason=f"{action.render(with_ref=False)} may {consequence}"
        )
        answer = self.approver(action, asked)
        if answer is None:
            return Verdict(
                allowed=False, consequence=consequence, reason=f"{asked.reason} and nobody can approve it", by="nobody"
            )
        return Verdict(
            allowed=answer,
            consequence=consequence,
            reason=f"{asked.reason}: the person said {'yes' if answer else 'no'}",
            by="person",
        )

    def _consequence(self, action: Action, page: Observation) -> Consequence:
        line = page.find(action.ref) if action.ref is not None else None
        if action.verb is Verb.CLICK and line is not None:
            found = consequence_of(line)
            if found is Consequence.CHANGE and _CONFIRMS.match(line.name) and self._pending in NEEDS_APPROVAL:
                found = self._pending
            self._pending = found
            return found
        if action.verb in (Verb.TYPE, Verb.SELECT, Verb.DRAG) or (
            action.verb is Verb.PRESS and action.text in ("Enter", "Space")
        ):
            return Consequence.CHANGE
        return Consequence.READ


def consequence_of(line: Line) -> Consequence:
    """Read from role and name what pressing a control may bring about. A row's words in parentheses do not count."""
    if line.role not in _PRESSED:
        return Consequence.CHANGE
    name = re.sub(r"\([^)]*\)$", "", line.name)
    for consequence, words in _WORDS:
        if words.search(name):
            return consequence
    return Consequence.READ if line.role in ("link", "tab") else Consequence.CHANGE


def origin_of(url: str) -> str:
    """Return scheme, host and port. A host alone is taken as https. Raises ValueError for what is no web address."""
    parts = urlsplit(url if "//" in url else f"https://{url}")
    try:
        port = parts.port
    except ValueError:
        port = None
        parts = parts._replace(scheme="")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"not a web address: {quote(url)}")
    shown = f":{port}" if port and port != {"http": 80, "https": 443}[parts.scheme] else ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{shown}"


def _origin(url: str) -> str:
    """Return the origin, or nothing for `about:blank`, error pages and other addresses that are no one's."""
    try:
        return origin_of(url)
    except ValueError:
        return ""
