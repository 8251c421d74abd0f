"""The bench of deciding again: it makes its store, asks in every way, and reads a recorded store without touching it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.store import Store
from bench.code import code_sha256
from bench.decide import APP, DECIDING, asked_of, identity, main, make_store, taken
from consolidation.decide import Lessons
from tui.wiring import Base


@pytest.mark.slow
def test_every_way_is_measured_on_the_same_decisions(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, figures = tmp_path / "made.db", tmp_path / "figures.json"
    make_store(path, 5)
    with Store.open(path) as store:
        rows = store.sessions()
        assert sum(row.steps for row in rows) == 5 and {row.app for row in rows} == {APP}
    before = path.read_bytes()
    assert len(asked_of(path, Lessons.RECORDED)) == 5
    options = ("--model", str(tiny_model), "--store", str(path), "--steps", "2", "--by-day", "--json", str(figures))
    keep = ("--keep", str(tmp_path / "kept.json"))
    assert main((*options, *keep)) == 0
    found = json.loads(figures.read_text())
    assert found["steps"] == 2 and 0 <= found["decoded"] <= 2
    for way in ("one_by_one", "by_day"):
        assert found[way]["cpu_s"] > 0 and 0 <= found[way]["same_decisions"] <= 2
        assert set(found[way]["times_as_long_as_at_once"]) == {"cpu_s", "clock_s"}
    assert path.read_bytes() == before
    assert main((*options, *keep)) == 0
    assert json.loads(figures.read_text()) == found, (
        "what was kept is not measured again: even the seconds are the same"
    )
    said = capsys.readouterr().err
    assert [f"{way}: taken from {keep[1]}" in said for way in ("at_once", "one_by_one", "by_day")] == [True] * 3


def test_what_another_base_or_other_threads_gave_is_not_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, of = tmp_path / "kept.json", identity(Base(tmp_path, "a", with_manual=False), [])
    file.write_text(json.dumps({"of": of, "found": {"at_once": {}}}))
    assert taken(file, of) == {"at_once": {}}
    assert capsys.readouterr().err == f"at_once: taken from {file}\n"
    assert of["code"] == code_sha256(*DECIDING)
    others = ({**of, "threads": of["threads"] + 1}, {**of, "code": "another"})
    for other in (identity(Base(tmp_path, "b", with_manual=False), []), *others):
        assert taken(file, other) == {}
    assert taken(tmp_path / "none.json", of) == taken(None, of) == {}
    assert not capsys.readouterr().err


def test_a_missing_model_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("--model", "/nowhere", "--steps", "1")) == 2
    assert "no model in /nowhere" in capsys.readouterr().err
