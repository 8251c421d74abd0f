"""Where a task may be: origins, and whether it may write there or only read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from browser.types import quote

_NEVER_IN_A_HOST = frozenset(' "#%/<>?@[\\]^`{|}')
"""Besides what cannot be printed. A browser refuses them, or reads another host than we would."""


def origin_of(url: str) -> str:
    """Return scheme, host and port. A host alone is taken as https. Raises ValueError for what is no web address."""
    parts = urlsplit(url if "//" in url else f"https://{url}")
    try:
        port = parts.port
    except ValueError:
        port = None
        parts = parts._replace(scheme="")
    if parts.scheme not in ("http", "https") or not parts.hostname or not _is_host(parts.netloc, parts.hostname):
        raise ValueError(f"not a web address: {quote(url)}")
    shown = f":{port}" if port and port != {"http": 80, "https": 443}[parts.scheme] else ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{shown}"


def _is_host(netloc: str, host: str) -> bool:
    """Whether a browser would go to this host, and to no other: `good.example\\@bad.example` is the first one to it."""
    return "\\" not in netloc and all(char.isprintable() and char not in _NEVER_IN_A_HOST for char in host)


def origin_or_none(url: str) -> str:
    """Return the origin, or nothing for `about:blank`, error pages and other addresses that are no one's."""
    try:
        return origin_of(url)
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class Origins:
    """The two sets of a task: where it may read and write, and where it may only read. Nothing on a page widens them."""

    write: frozenset[str]
    read: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    """Sites that want no agents; they stand above both sets."""

    @classmethod
    def of(cls, write: Iterable[str], read: Iterable[str] = (), refused: Iterable[str] = ()) -> Origins:
        """Take addresses. Raises ValueError for what is no web address."""
        return cls(
            frozenset(map(origin_of, write)), frozenset(map(origin_of, read)), frozenset(map(origin_of, refused))
        )

    def readable(self, origin: str) -> bool:
        """Whether the agent may be there."""
        return origin not in self.refused and (origin in self.write or origin in self.read)

    def writable(self, origin: str) -> bool:
        """Whether the agent may change something there."""
        return origin not in self.refused and origin in self.write

    def why_not(self, origin: str) -> str:
        """Say why the agent may not be at an origin."""
        if origin in self.refused:
            return f"{origin} is on the list of sites that want no agents"
        known = ", ".join(sorted(self.write | self.read))
        return f"{origin or 'this address'} is not among the origins of this task: {known}"
