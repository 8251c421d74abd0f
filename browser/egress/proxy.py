"""The local proxy that every connection of a session's browser goes through.

It listens on loopback, for who knows the session's secret. Each request is read, judged, its host looked up once and for the
whole session, and judged again by what it was found to be; only then is there a connection, to that very address. TLS is
carried, not opened. A redirect is a new request of the browser's, and is judged like any other.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import socket
import threading
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import h11

from browser.egress.exchange import Exchange, Line
from browser.egress.rules import EgressRules, Refused, Target, read_request
from browser.errors import SetupError

log = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
SETTLE_SECONDS = 0.01
REMEMBERED = 1000
"""So many refusals wait to be told; a page that provokes more loses the oldest ones."""
NAMED = 3
"""So many places are named in a note."""
OWN = frozenset({"accounts.google.com:443"})
"""What Chromium asks for by itself: judged like everything else, but no page's doing and not told."""
SIGN_IN = Target("http", "egress.invalid", 80, "/")
"""What the proxy answers itself, so that a browser can show its credential once and remember it."""

Resolve = Callable[[str], Sequence[str]]
"""Look up a name: its addresses, best first, none when there is no such name. Called in a thread of its own."""


def system_addresses(host: str) -> list[str]:
    """Ask the system for the addresses of a name."""
    if host == "localhost" or host.endswith(".localhost"):
        return ["127.0.0.1", "::1"]
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except OSError:
        return []
    return [str(entry[4][0]) for entry in found]


class EgressProxy:
    """Runs in a thread of its own from `start` to `close`."""

    def __init__(self, rules: EgressRules, *, resolve: Resolve = system_addresses) -> None:
        self.rules = rules
        self.port = 0
        """Where it listens on 127.0.0.1, once started."""
        self.username, self.password = "apprentice", secrets.token_urlsafe(32)
        self._secret = b"Basic " + b64encode(f"{self.username}:{self.password}".encode())
        self._resolve = resolve
        self._pins: dict[str, asyncio.Future[Sequence[str]]] = {}
        self._refused: deque[Refused] = deque(maxlen=REMEMBERED)
        self._told: set[str] = set()
        self._clients: dict[asyncio.Task[None], Line] = {}
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._ready = threading.Event()
        self._failure: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="egress", daemon=True)

    def start(self) -> None:
        """Listen. Raises SetupError when no port can be had."""
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise SetupError(
                f"The egress proxy cannot listen on 127.0.0.1: {self._failure.strerror}", "Look at the system's limits."
            )

    def close(self) -> None:
        """End every connection and stop listening. Safe to call twice."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join()

    @property
    def sign_in_url(self) -> str:
        """An address that only asks for the credential."""
        return f"http://{SIGN_IN.host}/"

    def drain(self) -> list[Refused]:
        """Return and forget what was refused since the last call."""
        return [self._refused.popleft() for _ in range(len(self._refused))]

    def tell(self) -> str:
        """Say in one line what was refused since the last call, each place once a session; nothing when there is nothing new."""
        fresh = dict.fromkeys(one.where for one in self.drain() if one.where not in self._told | OWN)
        self._told |= fresh.keys()
        places = list(fresh)
        rest = f" and {len(places) - NAMED} more" if len(places) > NAMED else ""
        return f"refused to connect to {', '.join(places[:NAMED])}{rest}" if places else ""

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._listen())

    async def _listen(self) -> None:
        try:
            server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        except OSError as error:
            self._failure = error
            self._ready.set()
            return
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        await asyncio.sleep(SETTLE_SECONDS)  # what was accepted just now becomes a connection that can be ended
        server.close()
        clients = dict(self._clients)
        for task, client in clients.items():
            task.cancel()
            client.close()  # a task that was cancelled before it began does not
        await asyncio.gather(*clients, return_exceptions=True)
        await asyncio.sleep(SETTLE_SECONDS)  # and the ends are carried out

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Line(h11.SERVER, reader, writer)
        task = asyncio.get_running_loop().create_task(self._serve(client))
        self._clients[task] = client
        task.add_done_callback(self._clients.pop)

    async def _serve(self, client: Line) -> None:
        try:
            await Exchange(client, self._admit, self._connect).serve()
        except (OSError, h11.ProtocolError) as error:
            log.debug("a connection of the browser's ended: %s", error)
        finally:
            client.close()

    def _admit(self, request: h11.Request) -> Target | int:
        """Return what a request is for, or the status that answers it. A refusal is logged and told."""
        shown = dict(request.headers).get(b"proxy-authorization", b"")
        if not hmac.compare_digest(shown, self._secret):
            return 407
        try:
            target = read_request(request.method.decode(), request.target.decode("ascii", "replace"))
            if (target.host, target.port) == (SIGN_IN.host, SIGN_IN.port):
                return 200
            self.rules.admit(target)
        except Refused as refused:
            return self._refuse(refused)
        return target

    async def _connect(self, target: Target) -> Line | int:
        """Connect to the one address that the host has for this session, or return the status that says why not."""
        found = await self._look_up(target)
        if not found:
            return 502
        try:
            addresses = self.rules.admit_addresses(target, found)
        except Refused as refused:
            return self._refuse(refused)
        for address in addresses:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    reader, writer = await asyncio.open_connection(str(address), target.port)
                return Line(h11.CLIENT, reader, writer)
        return 502

    async def _look_up(self, target: Target) -> Sequence[str]:
        """Return what the name stood for when it was first asked for: the answer holds for the session."""
        if target.address is not None:
            return [target.host]
        if target.host not in self._pins:
            self._pins[target.host] = asyncio.get_running_loop().create_future()
            threading.Thread(target=self._pin, args=(target.host,), name="look-up", daemon=True).start()
        return await asyncio.shield(self._pins[target.host])

    def _pin(self, host: str) -> None:
        """Look up a name. In a thread of its own: the system may take its time, and closing does not wait for it."""
        found = self._resolve(host)
        with suppress(RuntimeError):  # closed meanwhile
            self._loop.call_soon_threadsafe(self._pins[host].set_result, found)

    def _refuse(self, refused: Refused) -> int:
        log.warning("refused a request to %s: %s", refused.where, refused.reason)
        self._refused.append(refused)
        return 403
