"""Chromium's own sandbox, as a person who is not root gets it: its renderers can neither call nor see what is outside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

NOBODY = 65534
PROGRAM = """
import json, os, sys
import psutil
from browser.environment import LiveEnvironment

with LiveEnvironment(sys.argv[1]) as environment:
    environment.reset()
    family = psutil.Process(environment._live.launched.pid).children(recursive=True)
    renderers = [process for process in family if "--type=renderer" in process.cmdline()]
    kept = ("Uid", "Seccomp", "NSpid", "CapEff")
    status = [dict(line.split(":", 1) for line in open(f"/proc/{process.pid}/status")) for process in renderers]
    page = environment.tabs.page
    page.goto("chrome://sandbox")
    print(json.dumps({
        "user": os.geteuid(),
        "notices": environment.notices,
        "command": psutil.Process(environment._live.launched.pid).cmdline(),
        "renderers": [{key: one[key].split() for key in kept} for one in status],
        "says": page.locator("body").inner_text(),
    }))
"""


def as_somebody_else() -> list[str]:
    """How a program is run as a user who is not root, and may read what root may: the interpreter may lie in root's home."""
    if os.geteuid() != 0:
        return []
    setpriv, unshare = shutil.which("setpriv"), shutil.which("unshare")
    if setpriv is None or unshare is None:
        pytest.skip(
            "the tests run as root, and setpriv or unshare of util-linux is not there to run Chromium as nobody"
        )
    nobody = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    if subprocess.run([*nobody, unshare, "--user", "true"], check=False, capture_output=True).returncode:
        pytest.skip("the tests run as root, and nobody may make user namespaces here, which the sandbox needs")
    return [*nobody, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]


@pytest.fixture(scope="module")
def told(app: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What one start as a user who is not root told."""
    home = Path(shutil.copytree(tmp_path_factory.mktemp("empty"), tmp_path_factory.mktemp("home") / "home"))
    user = as_somebody_else()
    if user:
        os.chown(home, NOBODY, NOBODY)
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "PYTHONPATH")}
    done = subprocess.run(
        [*user, sys.executable, "-c", PROGRAM, f"{app}/controls.html"],
        env={**kept, "HOME": str(home), "TMPDIR": str(home)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


def test_who_is_not_root_gets_the_sandbox_and_no_notice(told: dict[str, object]) -> None:
    assert told["user"] != 0
    assert "--no-sandbox" not in told["command"]  # type: ignore[operator]
    assert told["notices"] == []


def test_renderers_may_call_little_and_see_no_other_process(told: dict[str, object]) -> None:
    renderers: list[dict[str, list[str]]] = told["renderers"]  # type: ignore[assignment]
    assert renderers
    for renderer in renderers:
        assert renderer["Seccomp"] == ["2"], "system calls are filtered"
        assert len(renderer["NSpid"]) > 1, "it has a process namespace of its own"
        assert int(renderer["CapEff"][0], 16) == 0


def test_chromium_itself_says_that_it_is_sandboxed(told: dict[str, object]) -> None:
    assert "You are adequately sandboxed." in str(told["says"])
