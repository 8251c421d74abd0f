"""What is read of the real machine: load of others and of our own, terminals, and desktops on a real message bus."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from consolidation.idle import away
from consolidation.idle.machine import Machine, hottest, on_mains

SPIN = "while True: pass"


@contextmanager
def spinning() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", SPIN]) as child:
        try:
            yield child.pid
        finally:
            child.kill()


def test_our_own_night_is_not_the_load_of_others() -> None:
    with spinning() as pid:
        others, ours = Machine(), Machine(night=pid)
        others.read(), ours.read()
        others._others = ours._others = None
        time.sleep(1.0)
        with_it, without_it = others.read().others, ours.read().others
    assert with_it > without_it + 0.05, (with_it, without_it)
    assert 0 <= without_it <= with_it <= 1


def test_a_machine_reads_as_something() -> None:
    now = Machine().read()
    assert now.away is None or now.away >= 0
    assert isinstance(on_mains(), bool) and (hottest() is None or -50 < (hottest() or 0) < 150)
    assert now.at.tzinfo is not None and not now.in_session


DESKTOPS: list[Desktop] = []


class Desktop:
    """A desktop's services on a bus of their own, answered by a thread."""

    def __init__(self, address: str, bodies: dict[str, tuple[str, tuple[Any, ...]]]) -> None:
        from jeepney import message_bus
        from jeepney.io.blocking import open_dbus_connection

        self._bodies = bodies
        self._connection = open_dbus_connection(address)
        for name in {member.rsplit(".", 1)[0] for member in bodies}:
            self._connection.send_and_get_reply(message_bus.RequestName(name))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        DESKTOPS.append(self)

    def _serve(self) -> None:
        from jeepney import HeaderFields, MessageType, new_error, new_method_return

        while True:
            try:
                message = self._connection.receive()
            except (OSError, EOFError):  # the bus is gone
                self._connection.close()
                return
            if message.header.message_type is not MessageType.method_call:
                continue
            fields = message.header.fields
            answer = self._bodies.get(f"{fields[HeaderFields.destination]}.{fields[HeaderFields.member]}")
            reply = (
                new_method_return(message, *answer)
                if answer
                else new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")
            )
            self._connection.send(reply)


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A message bus of our own."""
    daemon = shutil.which("dbus-daemon")
    if daemon is None:
        pytest.skip("there is no dbus-daemon here")
    command = [daemon, "--session", "--nofork", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield address
        process.kill()
    while DESKTOPS:
        DESKTOPS.pop().thread.join()


def test_desktops_are_asked(bus: str) -> None:
    assert away.gnome() is None and away.screensaver() is None
    Desktop(
        bus,
        {
            "org.gnome.Mutter.IdleMonitor.GetIdletime": ("t", (61_500,)),
            "org.freedesktop.ScreenSaver.GetSessionIdleTime": ("u", (7_250,)),
        },
    )
    assert away.gnome() == 61.5 and away.screensaver() == 7.25


def test_logind_tells_since_when(bus: str) -> None:
    assert away.logind_on(bus) is None
    since = int((time.time() - 300) * 1e6)
    properties = {"IdleHint": ("b", True), "IdleSinceHint": ("t", since)}
    Desktop(bus, {"org.freedesktop.login1.GetAll": ("a{sv}", (properties,))})
    assert away.logind_on(bus) == pytest.approx(300, abs=5)


def test_logind_tells_that_somebody_is_there(bus: str) -> None:
    properties = {"IdleHint": ("b", False), "IdleSinceHint": ("t", 0), "NCurrentSessions": ("t", 1)}
    Desktop(bus, {"org.freedesktop.login1.GetAll": ("a{sv}", (properties,))})
    assert away.logind_on(bus) == 0.0
