"""The newcomer's journey, whole, with a model of random weights: tmux, the dashboard, a real app, a real browser, a real night."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from bench.newcomer import main, verdict
from bench.terminal import COLUMNS, ROWS, NeverShown, Terminal

SERVER = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs

BILLS = Path(os.environ["APP_DATA"], "bills.txt")

class Pages(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Bills</title><h1>Bills</h1><form method=post>"
                         b"<label>What <input name=what></label><button>Save</button></form><a href=/>Save</a>")

    def do_POST(self):
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True)
        with BILLS.open("a") as file:
            file.write(sent["what"][0] + "\\n")
        self.send_response(303)
        self.send_header("Location", "/")
        self.end_headers()

BILLS.touch()
HTTPServer(("127.0.0.1", int(os.environ["APP_PORT"])), Pages).serve_forever()
"""
APP = """
name = "bills"
[server]
start = "exec {python} {server}"
[[skills]]
name = "bill"
start = "/"
task = "add a bill {{what}}"
steps = ['type "What" "{{what}}"', 'click "Save"']
taught = {{ what = "Museum" }}
[skills.slots]
what = {{ kind = "words" }}
[skills.check]
file = "{{data}}/bills.txt"
pattern = "(?m)^{{what}}$"
"""
needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not here: apt-get install tmux")


@needs_tmux
@pytest.mark.browser
@pytest.mark.slow
def test_from_an_empty_home_to_a_night_by_keys_alone(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "apps").mkdir()
    (tmp_path / "server.py").write_text(SERVER)
    (tmp_path / "apps" / "bills.toml").write_text(APP.format(python=sys.executable, server=tmp_path / "server.py"))
    record = tmp_path / "record"
    places = ["--apps-dir", str(tmp_path / "apps"), "--root", str(tmp_path / "root"), "--record", str(record)]
    assert main(["--app", "bills", "--model", str(tiny_model), *places]) == 0, capsys.readouterr().err
    facts = json.loads(capsys.readouterr().out)
    assert (facts["taught"], facts["approved"], facts["steps"], facts["exit_code"]) == (True, True, 3, 0)
    # Random weights follow no lesson: the night ends at its first question, and the newcomer is told so.
    assert (facts["state"], facts["passed"], facts["gate"]) == ("refused", False, {"a lesson helps in context": False})
    assert facts["phases"][0] in ("starting", "loading"), "a short phase may pass between two looks at the screen"
    screens = {path.name: path.read_text() for path in sorted(record.iterdir())}
    assert len(screens) == facts["screens"] >= 15
    for name, screen in screens.items():
        assert len(screen.splitlines()) == ROWS, name
        assert max(map(len, screen.splitlines())) <= COLUMNS, name
    assert any("controls are called" in screen or "-which" in name for name, screen in screens.items())


@needs_tmux
def test_a_screen_that_never_comes_is_told_with_what_is_there_instead(tmp_path: Path) -> None:
    shows = "import sys; print('nothing of the kind'); sys.stdin.readline(); sys.exit(4)"
    with Terminal((sys.executable, "-c", shows), dict(os.environ), tmp_path, tmp_path / "record") as terminal:
        terminal.shows("nothing of the kind")
        with pytest.raises(NeverShown, match=r"(?s)never showed the gate.*nothing of the kind"):
            terminal.shows("the gate", patience=0.3)
        assert terminal.exit_code() is None
        terminal.press("Enter")
        with pytest.raises(NeverShown):  # it has ended: there is nothing to wait for
            terminal.shows("the gate", patience=60)
        assert terminal.exit_code() == 4
        assert len(terminal.screen().split("\n")) == ROWS
    kept = sorted((tmp_path / "record").iterdir())
    assert [path.name for path in kept] == ["01-failed.txt", "02-failed.txt"]
    assert all(len(path.read_text().splitlines()) == ROWS for path in kept)


def test_an_app_that_wants_a_login_and_one_that_is_not_there_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--app", "ihatemoney"]) == 2
    assert capsys.readouterr().err == (
        "error: ihatemoney wants a login first. Choose an app that has none: fava or tiddlywiki\n"
    )
    assert main(["--app", "nothing"]) == 2
    assert capsys.readouterr().err == (
        "error: there is no app 'nothing'. There are dokuwiki, fava, ihatemoney, tiddlywiki\n"
    )


def test_the_apps_that_are_offered_are_those_that_are_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    login = "[login]\nstart = '/'\nsteps = ['click \"Log in\"']\n"
    plain = APP.format(python="python", server="server.py")
    (tmp_path / "bank.toml").write_text(plain.replace("bills", "bank", 1).replace("[[skills]]", f"{login}[[skills]]"))
    places = ["--apps-dir", str(tmp_path), "--app", "bank"]
    assert main(places) == 2
    assert "bank wants a login first. Name a folder with one that has none" in capsys.readouterr().err
    (tmp_path / "bills.toml").write_text(plain)
    assert main(places) == 2
    assert "Choose an app that has none: bills\n" in capsys.readouterr().err


def test_only_a_journey_that_taught_and_ended_well_is_a_success() -> None:
    assert verdict({"taught": True, "exit_code": 0}) == 0
    assert verdict({"taught": False, "exit_code": 0}) == verdict({"taught": True, "exit_code": 1}) == 1
    assert verdict({"taught": True, "exit_code": -1}) == 1, "the dashboard never ended"
