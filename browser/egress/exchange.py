"""One connection of the browser's to the proxy: requests one after another, or a tunnel."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

import h11

from browser.egress.rules import Target

HEAD_LIMIT = 256 * 1024
"""Bytes that the head of a request or an answer may have."""
CHUNK = 64 * 1024
SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS"})
"""What may be sent once more when a kept connection turns out to be closed. Anything else gets a connection of its own."""
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Headers between two neighbours, which a proxy takes out."""

Admit = Callable[[h11.Request], Target | int]
Connect = Callable[[Target], Awaitable["Line | int"]]


class Line:
    """One TCP connection and the state of HTTP on it."""

    def __init__(
        self,
        role: type[h11.SERVER | h11.CLIENT],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.reader, self.writer = reader, writer
        self.http = h11.Connection(role, max_incomplete_event_size=HEAD_LIMIT)

    async def receive(self) -> h11.Event:
        """Return what comes next. Raises h11.RemoteProtocolError for what is no HTTP."""
        while (event := self.http.next_event()) is h11.NEED_DATA:
            self.http.receive_data(await self.reader.read(CHUNK))
        assert not isinstance(event, type)  # PAUSED does not come up: a request is answered before the next is read
        return event

    async def send(self, event: h11.Event) -> None:
        """Send one event."""
        data = self.http.send(event)
        if data:
            self.writer.write(data)
            await self.writer.drain()

    def close(self) -> None:
        """End the connection."""
        self.writer.close()


class Exchange:
    """Serves one connection of the browser's until either side ends it."""

    def __init__(self, client: Line, admit: Admit, connect: Connect) -> None:
        self._client = client
        self._admit = admit
        self._connect = connect
        self._kept: tuple[tuple[str, int], Line] | None = None
        """The server's connection that may carry another request, and whose it is."""
        self._opened: list[Line] = []

    async def serve(self) -> None:
        """Answer requests until the connection ends."""
        try:
            while isinstance(request := await self._client.receive(), h11.Request):
                target = self._admit(request)
                if isinstance(target, int):
                    return await self._answer(target)
                if target.scheme == "tunnel":
                    return await self._tunnel(target)
                if not await self._forward(request, target):
                    return None
                self._client.http.start_next_cycle()
        finally:
            for server in self._opened:
                server.close()
        return None

    async def _answer(self, status: int) -> None:
        """Answer in the server's place and end the connection. Without a body: the browser shows a page of its own then."""
        body = b"signed in" if status == 200 else b""
        headers = [("Connection", "close"), ("Content-Length", str(len(body)))]
        if status == 407:
            headers.append(("Proxy-Authenticate", 'Basic realm="apprentice"'))
        await self._client.send(h11.Response(status_code=status, headers=headers))
        await self._client.send(h11.Data(data=body))
        await self._client.send(h11.EndOfMessage())

    async def _tunnel(self, target: Target) -> None:
        server = await self._reach(target)
        if isinstance(server, int):
            return await self._answer(server)
        await self._client.receive()  # the end of a request without a body
        self._client.writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        server.writer.write(self._client.http.trailing_data[0])
        await asyncio.gather(_pour(self._client, server), _pour(server, self._client))
        return None

    async def _reach(self, target: Target) -> Line | int:
        """Connect to a server; its connection ends with the browser's at the latest."""
        server = await self._connect(target)
        if isinstance(server, Line):
            self._opened.append(server)
        return server

    async def _forward(self, request: h11.Request, target: Target) -> bool:
        """Carry one request and its answer. Return whether the connection can take another."""
        onward = _onward(request, target)
        kept = self._take(target, request)
        while True:
            server = kept or await self._reach(target)
            if isinstance(server, int):
                await self._answer(server)
                return False
            try:
                await self._ask(server, onward)
                stayed = await self._unless_left(self._relay(server))
            except (OSError, h11.RemoteProtocolError):
                server.close()
                if self._client.http.our_state is not h11.SEND_RESPONSE:
                    return False
                if kept is None:  # the server may have acted on it: said, never sent again
                    await self._answer(502)
                    return False
                kept = None
                continue
            if stayed:
                return self._keep(target, server)
            server.close()
            return False

    async def _ask(self, server: Line, onward: h11.Request) -> None:
        await server.send(onward)
        while self._client.http.their_state is h11.SEND_BODY:
            await server.send(await self._client.receive())
        if server.http.our_state is h11.SEND_BODY:
            await server.send(h11.EndOfMessage())

    async def _relay(self, server: Line) -> None:
        while not isinstance(event := await server.receive(), h11.EndOfMessage):
            if isinstance(event, h11.Response | h11.InformationalResponse):
                event = type(event)(
                    status_code=event.status_code, headers=_kept_headers(event.headers), reason=event.reason
                )
            await self._client.send(event)
        await self._client.send(h11.EndOfMessage())

    async def _unless_left(self, work: Coroutine[Any, Any, None]) -> bool:
        """Do the work unless the browser ends its connection first. Return whether it stayed."""
        tasks = [asyncio.create_task(work), asyncio.create_task(self._left())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        if isinstance(ended[0], Exception):
            raise ended[0]
        return ended[0] is None

    async def _left(self) -> None:
        """Wait until the browser ends its connection; what it sends meanwhile is kept for the next request."""
        while data := await self._client.reader.read(CHUNK):
            self._client.http.receive_data(data)

    def _take(self, target: Target, request: h11.Request) -> Line | None:
        """Return the kept connection when it leads there and the request may be sent twice; else end it."""
        kept, self._kept = self._kept, None
        if kept is None:
            return None
        if kept[0] == (target.host, target.port) and request.method in SAFE and not _has_body(request):
            return kept[1]
        kept[1].close()
        return None

    def _keep(self, target: Target, server: Line) -> bool:
        """Keep the server's connection when it can carry another request. Return whether the browser's can."""
        if server.http.our_state is h11.DONE and server.http.their_state is h11.DONE:
            server.http.start_next_cycle()
            self._kept = ((target.host, target.port), server)
        else:
            server.close()
        return self._client.http.our_state is h11.DONE and self._client.http.their_state is h11.DONE


async def _pour(source: Line, drain: Line) -> None:
    """Carry bytes one way until they end, and say there that they ended."""
    with suppress(OSError):
        while data := await source.reader.read(CHUNK):
            drain.writer.write(data)
            await drain.writer.drain()
    with suppress(OSError):
        drain.writer.write_eof()


def _onward(request: h11.Request, target: Target) -> h11.Request:
    """Write the request as the server is asked it: its path alone, the host as it was judged, nothing meant for the proxy."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    headers = [(b"Host", (host if target.port == 80 else f"{host}:{target.port}").encode())]
    headers += [(name, value) for name, value in _kept_headers(request.headers) if name.lower() != b"host"]
    if any(name == b"transfer-encoding" for name, _ in request.headers):
        headers = [(name, value) for name, value in headers if name.lower() != b"content-length"]
        headers.append((b"Transfer-Encoding", b"chunked"))
    return h11.Request(method=request.method, target=target.path, headers=headers)


def _kept_headers(headers: Any) -> list[tuple[bytes, bytes]]:
    """Leave out what concerns two neighbours only, and what `Connection` says does."""
    named = {name.strip().lower() for key, value in headers if key == b"connection" for name in value.split(b",")}
    return [(name, value) for name, value in headers.raw_items() if name.lower() not in HOP_BY_HOP | named]


def _has_body(request: h11.Request) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in request.headers)
