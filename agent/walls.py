"""Walls: a login page, a CAPTCHA, a site that turns the agent away. Recognised from the Observation, handed over, never solved.

A login page is no wall when the task is about it or a lesson covers it: then it is a page like any other. Pages that merely
carry a password box (a wiki with a login in its header, a form that makes a new user) are none either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qs, urlsplit

from browser.types import Line, Observation, quote

SMALL = 40
"""A page of more lines shows something else than a wall."""
MAX_FIELDS = 3
"""A form with more fields than these asks for more than a login."""


class WallKind(StrEnum):
    """What stands in the way."""

    LOGIN = "login"
    CAPTCHA = "captcha"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Wall:
    """Something that only a person may pass."""

    kind: WallKind
    reason: str
    """One sentence for the person."""


_LOGIN = re.compile(
    r"(?<!\w)(?:log ?[io]n|login|sign ?in|signin|authenticat\w*|anmeld\w*|einloggen|se connecter|connexion|identifi\w*"
    r"|iniciar sesión|acceder|entrar|private code|access code)(?!\w)",
    re.IGNORECASE,
)
_NEXT = re.compile(r"^(?:next|continue|weiter|suivant|siguiente)$", re.IGNORECASE)
_IDENTITY = re.compile(r"e-?mail|user ?name|user|phone|account|benutzer|identifiant|usuario", re.IGNORECASE)
_ABOUT_LOGIN = re.compile(
    r"(?<!\w)(?:log(?:ged)? ?in(?:to)?|login|sign(?:ed)? ?in|sign ?up|register|password|passcode|private code|credentials"
    r"|anmelden|einloggen|passwort|connecter|mot de passe|contraseña|iniciar sesión)(?!\w)",
    re.IGNORECASE,
)
_HUMAN = re.compile(
    r"(?:verify|prove|confirm|check(?:ing)?)\b.{0,20}\b(?:you are|you're|that you are|if you are)\b.{0,10}\bhuman"
    r"|i'?m not a robot|are you a (?:human|robot)|unusual traffic|captcha"
    r"|complete the (?:security check|challenge)|security challenge|checking your browser",
    re.IGNORECASE,
)
_PUZZLES = (
    *("recaptcha.net", "hcaptcha.com", "challenges.cloudflare.com", "arkoselabs.com", "funcaptcha.com"),
    *("geetest.com", "captcha-delivery.com", "px-captcha.net", "mtcaptcha.com", "friendlycaptcha.com"),
)
_FILLED = frozenset({"textbox", "searchbox", "combobox", "spinbutton"})


def find_wall(page: Observation, task: str, lessons: Iterable[str] = ()) -> Wall | None:
    """Return what stands in the way on this page, None when nothing does."""
    if _is_captcha(page):
        return Wall(WallKind.CAPTCHA, f"{page.origin} asks for a proof that a person is there (CAPTCHA)")
    if _is_login(page) and not _is_wanted(page, task, lessons):
        return Wall(WallKind.LOGIN, f"{page.origin} asks for a login")
    return None


def _is_captcha(page: Observation) -> bool:
    """A puzzle's frame on a small page or beside words about it; or a small page that is about nothing else."""
    small = len(page.lines) <= SMALL
    if any(_is_puzzle(part.url) for part in page.frames):
        return small or any(_HUMAN.search(line.name) for line in page.lines)
    return small and any(_asks_for_proof(line) for line in page.lines)


def _is_puzzle(url: str) -> bool:
    """Whether a frame is a CAPTCHA that wants something; the badge that only watches does not."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    google = host.endswith(("google.com", "gstatic.com")) and "recaptcha" in parts.path
    known = google or any(host == name or host.endswith(f".{name}") for name in _PUZZLES)
    return known and "invisible" not in parse_qs(parts.query).get("size", [])


def _asks_for_proof(line: Line) -> bool:
    """Whether a heading, a notice, a box or a field says so; a link about it, or a long text with the word in it, does not."""
    if line.role in ("link", "row", "columns") or len(line.name) > 120:
        return False
    return _HUMAN.search(line.name) is not None


def _is_login(page: Observation) -> bool:
    """One secret field in a small form with the words of a login, or the first half of such a form."""
    fields = [line for line in page.lines if line.ref is not None and line.role in _FILLED]
    secrets = [line for line in fields if "secret" in line.states]
    asked = [line for line in fields if line.role != "searchbox"]
    if len(page.lines) > SMALL or not asked or len(asked) > MAX_FIELDS:
        return False
    if len(secrets) == 1:
        return _speaks_of_login(page)
    first_half = len(asked) == 1 and not secrets and _IDENTITY.search(asked[0].name) is not None
    return (
        first_half
        and _heads_login(page)
        and any(_NEXT.match(line.name) for line in page.lines if line.role == "button")
    )


def _speaks_of_login(page: Observation) -> bool:
    buttons = any(_LOGIN.search(line.name) for line in page.lines if line.role in ("button", "clickable"))
    return buttons or _heads_login(page) or _LOGIN.search(re.sub(r"[-_/=.]+", " ", page.path)) is not None


def _heads_login(page: Observation) -> bool:
    headings = [line.name for line in page.lines if line.role in ("heading", "dialog")]
    return any(_LOGIN.search(words) for words in (page.title, *headings))


def _is_wanted(page: Observation, task: str, lessons: Iterable[str]) -> bool:
    """Whether the person sent the agent here: the task is about logging in, or a lesson types into one of its secret fields."""
    if _ABOUT_LOGIN.search(task):
        return True
    fields = [f"type {quote(line.name)} " for line in page.lines if "secret" in line.states and line.name]
    return any(field in lesson for lesson in lessons for field in fields)
