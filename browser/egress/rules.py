"""Where a browser may connect to: read from what it asks of a proxy, judged before and after the name is looked up.

The reading is strict and knows one spelling of everything, so that what is judged and what is connected to cannot differ: an
address is four decimal numbers or an IPv6 literal in brackets, a name is ASCII, and nothing stands before an `@`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Self

PORTS = {"http": 80, "https": 443}
_HOST = r"(?P<host>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])"
_ORIGIN = re.compile(rf"(?P<scheme>https?)://{_HOST}(?::(?P<port>\d{{1,5}}))?/?", re.IGNORECASE)
_ABSOLUTE = re.compile(
    rf"(?P<scheme>http)://{_HOST}(?::(?P<port>\d{{1,5}}))?(?P<path>[/?][\x21-\x7e]*)?", re.IGNORECASE
)
_AUTHORITY = re.compile(rf"{_HOST}:(?P<port>\d{{1,5}})")
_NUMBER = re.compile(r"(?:\d+|0x[0-9a-f]*)", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_GLOBAL_V6 = IPv6Network("2000::/3")
_NOBODYS = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
"""Not public, though Python's own list says so."""
_NAT64 = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


class Refused(Exception):
    """A request that may not leave. `where` is host and port as far as they could be read, `reason` one clause."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where, self.reason = where, reason


@dataclass(frozen=True, slots=True)
class Target:
    """What one request is for. `path` is empty for a tunnel, whose inside nobody but the two ends can read."""

    scheme: str
    """`http`, or `tunnel`: https, or a WebSocket of either kind."""
    host: str
    """In lower case; IPv6 without brackets, in its shortest form."""
    port: int
    path: str = ""

    @property
    def address(self) -> Address | None:
        """The address, when the host is one."""
        return _literal(self.host)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class EgressRules:
    """Where a session's browser may connect to.

    `origins` may be read and written wherever they are, on this machine and in private networks too. Of everything else the
    default lets through what apps load from elsewhere: https on port 443 of a public address. With `strict` nothing else passes.
    """

    origins: frozenset[str]
    """As `https://app.example` or `http://127.0.0.1:8000`."""
    strict: bool = False
    _listed: frozenset[tuple[str, str, int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_listed", frozenset(map(_origin, self.origins)))

    @classmethod
    def of(cls, origins: Iterable[str], *, strict: bool = False) -> Self:
        """Make rules of any collection of origins. Raises ValueError for what is no origin."""
        return cls(frozenset(origins), strict)

    def lists(self, target: Target) -> bool:
        """Whether it belongs to an origin of the task. A tunnel may carry http (a WebSocket) or https."""
        schemes = PORTS if target.scheme == "tunnel" else (target.scheme,)
        return any((scheme, target.host, target.port) in self._listed for scheme in schemes)

    def admit(self, target: Target) -> None:
        """Judge a request before its host is looked up. Raises Refused."""
        if self.lists(target):
            return
        if self.strict:
            raise Refused(str(target), "not among the origins of this task")
        if (target.scheme, target.port) != ("tunnel", 443):
            raise Refused(str(target), "not among the origins of this task, and not https on port 443")
        address = target.address
        if address is not None and not is_public(address):
            raise Refused(str(target), "not a public address")

    def admit_addresses(self, target: Target, addresses: Iterable[str]) -> list[Address]:
        """Judge what a host was found to be. One bad address spoils all: a browser would try the next. Raises Refused."""
        found = [ip_address(text) for text in addresses]
        listed = self.lists(target)
        for address in found:
            if address == target.address and listed:
                continue
            if not (may_be_listed(address) if listed else is_public(address)):
                raise Refused(str(target), f"it is {address}, which is not a public address")
        return found


def read_request(method: str, target: str) -> Target:
    """Read the target of a request to a proxy: `host:port` of CONNECT, an absolute address of others. Raises Refused."""
    connects = method == "CONNECT"
    match = (_AUTHORITY if connects else _ABSOLUTE).fullmatch(target)
    if match is None:
        raise Refused(_shown(target), "not an http or https address")
    host, port = _host(match["host"]), int(match["port"] or 80)
    if not host or not 0 < port < 65536:
        raise Refused(_shown(target), "not an address that has one meaning only")
    if connects:
        return Target("tunnel", host, port)
    path = match["path"] or "/"
    return Target("http", host, port, path if path.startswith("/") else f"/{path}")


def is_public(address: Address) -> bool:
    """Whether anybody on the internet could connect to it; addresses that stand for another one are judged by that."""
    address = _meant(address)
    if isinstance(address, IPv6Address) and address not in _GLOBAL_V6:
        return False
    if any(address in network for network in _NOBODYS):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def may_be_listed(address: Address) -> bool:
    """Whether a name that the task lists may stand for it: also this machine and private networks, but no link-local one."""
    address = _meant(address)
    return not (address.is_link_local or address.is_multicast or address.is_unspecified)


def _meant(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address carries, where it carries one."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
    if inner is None and (address in _NAT64 or 1 < int(address) < 1 << 32):
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address


def _origin(text: str) -> tuple[str, str, int]:
    match = _ORIGIN.fullmatch(text)
    host = _host(match["host"]) if match else ""
    if match is None or not host:
        raise ValueError(f"not an origin: {text!r}")
    scheme = match["scheme"].lower()
    return scheme, host, int(match["port"] or PORTS[scheme])


def _host(text: str) -> str:
    """Return the host in its one spelling; nothing for what has several meanings."""
    text = text.lower()
    if text.startswith("["):
        address = _literal(text[1:-1])
        return str(address) if isinstance(address, IPv6Address) else ""
    if _NUMBER.fullmatch(text.removesuffix(".").rpartition(".")[2]):
        return text if isinstance(_literal(text), IPv4Address) else ""
    return text if all(_LABEL.fullmatch(label) for label in text.removesuffix(".").split(".")) else ""


def _literal(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _shown(target: str) -> str:
    return re.sub(r"[^\x21-\x7e]", "?", target)[:80]
