"""A copy of the person's logins, for sessions that run beside each other: a browser profile serves one browser at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from agent.lock import instance_lock
from agent.paths import profile_dir
from browser.environment import LiveEnvironment
from browser.errors import AppUnreachable


def copy_logins(urls: Iterable[str], target: Path, browser: str | None) -> bool:
    """Write cookies and the local storage of these apps into a file for its owner only; False when there is no profile yet.

    Each app is opened once, since a browser tells an origin's local storage only where it is open.
    Raises AlreadyRunning while a session uses the profile.
    """
    if not (profile_dir() / "Default").exists():
        return False
    with instance_lock("session"):
        environment: LiveEnvironment | None = None
        try:
            for url in urls:
                if environment is None:
                    environment = LiveEnvironment(url, headless=True, browser=browser, profile=profile_dir())
                environment.url = url
                try:
                    environment.reset()
                except AppUnreachable:  # its task will say so
                    continue
            if environment is None:
                return False
            target.touch(mode=0o600)
            target.write_text(json.dumps(environment.storage()), encoding="utf-8")
        finally:
            if environment is not None:
                environment.close()
    return True
