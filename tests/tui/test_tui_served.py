"""The dashboard in a web page: Textual's own server draws it, and keys come back."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

SERVE = (
    "import sys; from textual_serve.server import Server; Server(sys.argv[1], '127.0.0.1', int(sys.argv[2])).serve()"
)
PATIENCE_S = 60.0


@pytest.fixture
def served(home: Path, unused_tcp_port: int) -> Iterator[str]:
    """Serve `apprentice` as `textual serve` does; return where its socket is."""
    command = f"{sys.executable} -m tui.cli"
    server = subprocess.Popen([sys.executable, "-c", SERVE, command, str(unused_tcp_port)], env=os.environ.copy())
    try:
        yield f"http://127.0.0.1:{unused_tcp_port}/ws?width=100&height=30"
    finally:
        server.terminate()
        server.wait()


async def connected(client: aiohttp.ClientSession, address: str) -> aiohttp.ClientWebSocketResponse:
    while True:
        try:
            return await client.ws_connect(address)
        except aiohttp.ClientConnectorError:  # the server is not up yet
            await asyncio.sleep(0.05)


async def drawn(socket: aiohttp.ClientWebSocketResponse, words: str) -> None:
    """Read what the dashboard draws until some words have come."""
    seen = ""
    async for message in socket:
        seen += message.data.decode() if isinstance(message.data, bytes) else ""
        if words in seen:
            return
    raise AssertionError(f"{words!r} was never drawn, but {seen[-2000:]!r}")


async def test_the_dashboard_is_served_to_a_browser(served: str) -> None:
    async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as client:
        socket = await connected(client, served)
        await drawn(socket, "Write a task")
        await socket.send_json(["stdin", "\x1bOR"])  # F3, as a terminal says it
        await drawn(socket, "No sessions yet")
        await socket.close()
