"""Finding and starting a browser: the order of choice, the sandbox, the profile, and what it opens to the outside."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import psutil
import pytest

from browser.environment import LiveEnvironment
from browser.errors import AlreadyRunning, SetupError, UsageError
from browser.launch import NO_SANDBOX_NOTICE, find_browser, launch
from tests.browser.conftest import LOCAL_ONLY


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_preferred_browser_comes_first(tmp_path: Path) -> None:
    mine, named = program(tmp_path / "mine"), program(tmp_path / "named")
    program(tmp_path / "bin/google-chrome")
    environ = {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path), "APPRENTICE_BROWSER": str(named)}
    assert find_browser(str(mine), environ=environ).path == mine
    assert find_browser(environ=environ).path == named
    with pytest.raises(SetupError, match="no browser at /nowhere"):
        find_browser("/nowhere", environ=environ)


def test_chrome_then_chromium_then_what_playwright_downloaded(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}
    with pytest.raises(SetupError) as caught:
        find_browser(environ=environ, platform="linux")
    assert "apt install chromium" in caught.value.next_step
    downloaded = program(tmp_path / ".cache/ms-playwright/chromium-1200/chrome-linux64/chrome")
    assert (find_browser(environ=environ, platform="linux").path) == downloaded
    chromium = program(tmp_path / "bin/chromium")
    assert find_browser(environ=environ, platform="linux").path == chromium
    program(tmp_path / "bin/google-chrome")
    found = find_browser(environ=environ, platform="linux")
    assert (found.path.name, found.kind) == ("google-chrome", "Google Chrome")


def test_other_systems_are_searched_and_advised(tmp_path: Path) -> None:
    mac = {"HOME": str(tmp_path), "PATH": ""}
    with pytest.raises(SetupError, match=r"google\.com/chrome"):
        find_browser(environ=mac, platform="darwin")
    name = "Google Chrome for Testing"
    chrome = program(
        tmp_path / f"Library/Caches/ms-playwright/chromium-1200/chrome-mac-arm64/{name}.app/Contents/MacOS/{name}"
    )
    assert find_browser(environ=mac, platform="darwin").path == chrome
    with pytest.raises(SetupError, match=r"google\.com/chrome"):
        find_browser(environ={"LOCALAPPDATA": str(tmp_path / "none"), "PATH": ""}, platform="win32")


@pytest.mark.browser
def test_a_browser_that_does_not_start(tmp_path: Path) -> None:
    broken = program(tmp_path / "broken")
    with pytest.raises(SetupError) as caught:
        launch(browser=str(broken))
    assert "did not start" in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.next_step


@pytest.mark.browser
def test_a_profile_is_private_and_used_once(tmp_path: Path) -> None:
    profile = tmp_path / "deep/profile"
    running = launch(profile=profile, args=LOCAL_ONLY)
    try:
        assert profile.stat().st_mode & 0o777 == 0o700
        with pytest.raises(AlreadyRunning, match="is in use"):
            launch(profile=profile, args=LOCAL_ONLY)
        running.context.pages[0].evaluate("1 + 1")
    finally:
        running.close()
    again = launch(profile=profile, args=LOCAL_ONLY)
    again.close()
    again.close()


def test_a_profile_and_a_storage_state_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        launch(profile=tmp_path, storage_state={})


@pytest.mark.browser
def test_what_the_browser_opens_to_the_outside(app: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "browser.launch")
    with LiveEnvironment(f"{app}/second.html", args=LOCAL_ONLY) as environment:
        environment.reset()
        root = psutil.Process(environment._live.launched.pid)
        family = [root, *root.children(recursive=True)]
        assert [
            link for process in family for link in process.net_connections() if link.status == psutil.CONN_LISTEN
        ] == []
        sandboxed = os.environ.get("APPRENTICE_NO_SANDBOX") != "1" and os.geteuid() != 0
        assert ("--no-sandbox" in root.cmdline()) is not sandboxed
        assert environment.notices == (
            [] if sandboxed else [NO_SANDBOX_NOTICE.format(reason="Apprentice runs as root")]
        )
        page = environment.tabs.page
        for name in ("geolocation", "notifications", "camera", "microphone", "clipboard-read"):
            assert (
                page.evaluate("async (name) => (await navigator.permissions.query({ name })).state", name) != "granted"
            )
        page.evaluate("void navigator.serviceWorker.register('worker.js')")
        page.reload()
        assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
    assert psutil.wait_procs(family, timeout=10)[1] == []
