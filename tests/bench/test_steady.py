"""The bench of steadiness: what cannot be set up is told and not counted, and nothing done is no success."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.steady import Steadiness, main, row

BROKEN = """
name = "broken"
[server]
start = "exit 3"
[[skills]]
name = "note"
start = "/"
task = "note {title}"
steps = ['click "New"']
taught = { title = "Dentist" }
[skills.slots]
title = { kind = "words" }
[skills.check]
file = "{data}/{title}.txt"
pattern = "{title}"
"""


def test_an_app_that_does_not_start_is_told_and_is_no_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APPRENTICE_HOME", str(tmp_path / "home"))
    (tmp_path / "broken.toml").write_text(BROKEN)
    out = tmp_path / "out.json"
    assert main(["--apps-dir", str(tmp_path), "--root", str(tmp_path / "apps"), "--json", str(out)]) == 1
    assert "broken       not measured: broken ended as soon as it was started" in capsys.readouterr().out
    record = json.loads(out.read_text())
    assert record["results"] == []
    assert list(record["not_measured"]) == ["broken"]


def test_a_folder_without_apps_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--apps-dir", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("error: no app definitions")


def test_a_flake_is_shown_with_its_seed_and_reason() -> None:
    failure = {"seed": 7, "stop_reason": "failed", "answer": "Save is not on this page"}
    line = row(Steadiness("notes", "note", 19, 20, 4, 2.5, (failure,)))
    assert line.startswith("notes        note          19/20 ")
    assert line.endswith("seed 7: failed Save is not on this page")
