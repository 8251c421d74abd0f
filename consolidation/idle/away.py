"""For how long nobody has touched keyboard or mouse: asked of the desktop, of logind, else of the terminals.

The first source that answers counts. A machine that nobody is logged in to has nobody to disturb. Where no source answers
at all, the answer is None, and nights do not begin by themselves.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

log = logging.getLogger(__name__)

Source = Callable[[], float | None]
"""Seconds since the last input; None where it cannot be told so."""
FOREVER = float("inf")
DBUS_PATIENCE = 0.5
"""Seconds that a desktop may take to answer."""


def away_seconds() -> float | None:
    """Return how long the person has been away, in seconds; infinite where nobody is logged in, None where it cannot be known."""
    sources = _SOURCES.get(sys.platform, (terminals,))
    return next((seconds for source in sources if (seconds := source()) is not None), None)


def gnome() -> float | None:
    """Ask GNOME's idle monitor, under Wayland and X11 alike."""
    return _milliseconds(
        "/org/gnome/Mutter/IdleMonitor/Core",
        "org.gnome.Mutter.IdleMonitor",
        "org.gnome.Mutter.IdleMonitor",
        "GetIdletime",
    )


def screensaver() -> float | None:
    """Ask the freedesktop screen saver service, which KDE and others run."""
    name = "org.freedesktop.ScreenSaver"
    return _milliseconds("/ScreenSaver", name, name, "GetSessionIdleTime")


def logind() -> float | None:
    """Ask logind, whose hint the desktops and terminals of all sessions set."""
    return logind_on("SYSTEM")


def logind_on(bus: str) -> float | None:
    """Ask the logind of a bus: `SYSTEM`, or an address."""
    from jeepney import DBusAddress, Properties

    manager = DBusAddress("/org/freedesktop/login1", "org.freedesktop.login1", "org.freedesktop.login1.Manager")
    answer = _ask(bus, Properties(manager).get_all())
    if answer is None:
        return None
    properties = {name: value for name, (_, value) in answer[0].items()}
    if not properties.get("IdleHint"):
        return 0.0 if properties.get("NCurrentSessions", 1) else FOREVER
    return max(0.0, time.time() - properties["IdleSinceHint"] / 1e6)


def terminals() -> float | None:
    """Look when each logged-in terminal was last typed into, as `w` does."""
    idle = [
        time.time() - device.stat().st_atime
        for user in psutil.users()
        if user.terminal and (device := Path("/dev") / user.terminal).exists()
    ]
    if idle:
        return max(0.0, min(idle))
    return None if psutil.users() else FOREVER


def macos() -> float | None:
    """Ask Core Graphics when the last input event was."""
    import ctypes
    import ctypes.util

    library = ctypes.util.find_library("ApplicationServices")
    if library is None:
        return None
    since = ctypes.CDLL(library).CGEventSourceSecondsSinceLastEventType
    since.restype, since.argtypes = ctypes.c_double, (ctypes.c_uint32, ctypes.c_uint32)
    combined_session, any_input = 0, 0xFFFFFFFF
    return float(since(combined_session, any_input))


def windows() -> float | None:
    """Ask Windows for the tick of the last input event."""
    import ctypes

    class LastInput(ctypes.Structure):
        _fields_ = (("size", ctypes.c_uint), ("tick", ctypes.c_uint))

    dll: Any = ctypes.windll  # type: ignore[attr-defined]
    last = LastInput(ctypes.sizeof(LastInput), 0)
    if not dll.user32.GetLastInputInfo(ctypes.byref(last)):
        return None
    return ((dll.kernel32.GetTickCount() - last.tick) & 0xFFFFFFFF) / 1000  # the tick begins anew every 49.7 days


_SOURCES: dict[str, tuple[Source, ...]] = {
    "linux": (gnome, screensaver, logind, terminals),
    "darwin": (macos, terminals),
    "win32": (windows,),
}


def _milliseconds(path: str, service: str, interface: str, method: str) -> float | None:
    from jeepney import DBusAddress, new_method_call

    answer = _ask("SESSION", new_method_call(DBusAddress(path, service, interface), method))
    return None if answer is None else float(answer[0]) / 1000


def _ask(bus: str, message: Any) -> tuple[Any, ...] | None:
    """Call a method on a bus; None when the bus or the service is not there."""
    from jeepney import MessageType
    from jeepney.io.blocking import open_dbus_connection

    try:
        with open_dbus_connection(bus) as connection:
            reply = connection.send_and_get_reply(message, timeout=DBUS_PATIENCE)
    except (OSError, KeyError, ValueError, TimeoutError) as error:
        log.debug("no answer on the %s bus: %r", bus, error)
        return None
    return None if reply.header.message_type is MessageType.error else reply.body
