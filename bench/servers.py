"""Run an app of a definition: install once, seed once, start, stop, and bring the seeded state back between episodes."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import httpx

from bench.definitions import AppSpec, load_apps
from browser.errors import SetupError, UsageError

START_SECONDS = 120


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def chosen_apps(folder: Path, names: str) -> list[AppSpec]:
    """Read the definitions of a folder that are named, with commas, in the folder's order; all where none is named.

    Raises UsageError for a name that no app there has: nothing would be measured of it, and nobody told.
    """
    apps = load_apps(folder)
    asked = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in asked if name not in {app.name for app in apps}]
    if unknown:
        raise no_app(unknown[0], apps)
    return [app for app in apps if app.name in asked or not asked]


def no_app(name: str, apps: Iterable[AppSpec]) -> UsageError:
    """Return the error of a name that none of these apps has."""
    return UsageError(f"there is no app {name!r}", f"There are {', '.join(app.name for app in apps)}")


class AppServer:
    """One running app on a loopback port. Use as a context manager."""

    def __init__(self, app: AppSpec, root: Path) -> None:
        self.app = app
        self.port = free_port()
        self.home = root / app.name
        self.data = self.home / "data"
        self._pristine = self.home / "pristine"
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: TextIO | None = None

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def values(self) -> dict[str, str]:
        """What `{holes}` of the definition may name."""
        return {"url": self.url, "port": str(self.port), "data": str(self.data), "home": str(self.home)}

    def __enter__(self) -> Self:
        self.home.mkdir(parents=True, exist_ok=True)
        self._lock = (self.home / "lock").open("w")
        try:
            fcntl.flock(
                self._lock, fcntl.LOCK_EX
            )  # two servers on one folder of data break it: wait for the other's end
            self._set_up()
        except BaseException:
            self._release()
            raise
        return self

    def _set_up(self) -> None:
        """Install and seed the app where that was not done yet, and start it."""
        done = self.home / "installed"
        if not done.exists():
            self.shell(self.app.install, "install")
            done.touch()
        self.port = free_port()  # waiting and installing took a while: the first one may be taken by now
        if not self._pristine.exists():
            shutil.rmtree(self.data, ignore_errors=True)
            self.data.mkdir()
            self.start()
            self.shell(self.app.seed, "seed")
            self.stop()
            shutil.copytree(self.data, self._pristine)
        self.restore()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def _release(self) -> None:
        """Stop, and let the next one have the folder."""
        self.stop()
        if self._lock:
            self._lock.close()

    def restore(self) -> None:
        """Stop, bring the seeded data back, start."""
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.copytree(self._pristine, self.data)
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        with (self.home / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["bash", "-euo", "pipefail", "-c", self.app.start],
                env=self._environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise SetupError(f"{self.app.name} ended as soon as it was started", f"Read {self.home / 'server.log'}")
            try:
                httpx.get(self.url + self.app.ready, timeout=5, trust_env=False)
            except httpx.TransportError:
                time.sleep(0.05)  # polls a process outside; there is nothing to wait on
                continue
            return
        raise SetupError(
            f"{self.app.name} did not answer within {START_SECONDS} seconds", f"Read {self.home / 'server.log'}"
        )

    def stop(self) -> None:
        """End the server and all its children."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(10)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def shell(self, script: str, what: str) -> None:
        """Run a script of the definition. Raises SetupError that names its log."""
        if not script:
            return
        log = self.home / f"{what}.log"
        with log.open("wb") as out:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script], env=self._environment(), stdout=out, stderr=out, check=False
            )
        if done.returncode:
            raise SetupError(f"{self.app.name}: {what} failed with exit code {done.returncode}", f"Read {log}")

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "APP_HOME": str(self.home),
            "APP_DATA": str(self.data),
            "APP_PORT": str(self.port),
            "APP_URL": self.url,
        }
