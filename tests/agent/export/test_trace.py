"""A session's trace.zip, read by Playwright's own `trace` command: its actions, errors, snapshots and pictures."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from agent.export.trace import write_trace
from agent.guard import Guard
from agent.loop import Session
from agent.policy.scripted import ScriptedPolicy
from agent.store import Store
from browser.environment import LiveEnvironment
from browser.launch import find_browser
from tests.shared_bills import serving

STEPS = [
    'type "What" "Lunch"',
    'select "Payer" "Chris"',
    'type "PIN" "tiger-77"',
    'click "Save"',
    'open "/report"',
    "back",
    'press "Tab"',
]


def playwright(folder: Path, *arguments: str) -> str:
    """Run Playwright's command line; it fails the test when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "playwright", "trace", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def snapshot(folder: Path, action: str, phase: str) -> Iterator[str]:
    """Let Playwright serve the page before or after an action, and give its address."""
    command = [sys.executable, "-m", "playwright", "trace", "snapshot", action, "--phase", phase, "--serve"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            yield line.split()[-1]
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # the program it starts, too


@pytest.mark.browser
def test_playwrights_own_tools_read_it(tmp_path: Path) -> None:
    with Store.open() as store, serving() as bills:
        session_id = store.begin_session("add Lunch with PIN tiger-77", bills.url, bills.url)
        with LiveEnvironment(bills.url) as environment:
            guard = Guard.for_task(bills.url)
            Session(
                session_id,
                "t",
                environment,
                ScriptedPolicy([*STEPS, 'click "Save" [999]']),
                guard,
                store,
                screenshot=environment.screenshot,
            ).run()
        assert write_trace(tmp_path / "trace.zip", store, store.session(session_id)) == len(STEPS) + 2
        held = b"".join(zipfile.ZipFile(tmp_path / "trace.zip").read(name) for name in ("trace.trace", "trace.network"))
        assert b"tiger-77" not in held and b"<secret>" in held
        pictures = {store.get_blob(step.screenshot_hash or "") for step in store.steps(session_id)}

    opened = playwright(tmp_path, "open", "trace.zip")
    actions = playwright(tmp_path, "actions")
    for said in (
        'type "What" "Lunch"',
        'select "Payer" "Chris"',
        'type "PIN" "<secret>"',
        'click "Save"',
        "back",
        "done",
    ):
        assert said in actions, opened + actions
    assert "tiger-77" not in opened + actions
    assert "Save" in playwright(tmp_path, "errors")
    playwright(tmp_path, "screenshot", "1", "-o", "shot.jpeg")
    assert (tmp_path / "shot.jpeg").read_bytes() in pictures
    with snapshot(tmp_path, "3", "after") as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_browser().path)
        page = browser.new_page()
        page.goto(address)
        frame = page.frame_locator("iframe") if page.locator("iframe").count() else page
        frame.get_by_role("textbox", name="What").wait_for()
        assert frame.get_by_role("textbox", name="What").input_value() == "Lunch"
        assert frame.get_by_role("textbox", name="PIN").input_value() == ""
        browser.close()
    playwright(tmp_path, "close")
