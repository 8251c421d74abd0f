"""The bench of careers: the order in which apps take turns, what a stopped run takes up again, and the table of what is left."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from agent.store import Store
from bench.arena import Arena
from bench.career import Career, Record, main, table
from bench.definitions import load_app
from bench.on_the_job import Trial
from bench.servers import AppServer
from browser.errors import UsageError
from tui.wiring import Base

SKILL = """
[[skills]]
name = "{name}"
unrelated = {unrelated}
start = "/"
task = "note {{title}}"
steps = ['click "New"']
taught = {{ title = "Dentist" }}
[skills.slots]
title = {{ kind = "words" }}
[skills.check]
file = "{{data}}/{{title}}.txt"
pattern = "{{title}}"
"""


def career(folder: Path, store: Store, **apps: list[str]) -> Career:
    trials: dict[str, Trial] = {}
    for app, names in apps.items():
        skills = "".join(SKILL.format(name=name, unrelated=str(name.startswith("other")).lower()) for name in names)
        (folder / f"{app}.toml").write_text(f'name = "{app}"\n[server]\nstart = "true"\n{skills}')
        arena = Arena(AppServer(load_app(folder / f"{app}.toml"), folder), store)
        trials[app] = Trial(arena, Base(folder, "0", with_manual=False), 2)
    return Career(trials, Base(folder, "0", with_manual=False), 2, folder / "career.json")


@pytest.fixture
def store() -> Any:
    with Store.open() as opened:
        yield opened


def test_apps_take_turns_and_days_are_full(tmp_path: Path, store: Store) -> None:
    made = career(tmp_path, store, wiki=["a", "b", "c", "other"], money=["d"], notes=["e", "f", "other2"])
    assert [(name, skill.name) for name, skill in made.skills] == [
        *(("wiki", "a"), ("money", "d"), ("notes", "e")),
        *(("wiki", "b"), ("notes", "f"), ("wiki", "c")),
    ]
    assert [[skill.name for _, skill in day] for day in made.days()] == [["a", "d"], ["e", "b"], ["f", "c"]]


def test_two_skills_of_one_name_are_one_clear_error(tmp_path: Path, store: Store) -> None:
    with pytest.raises(UsageError, match="two skills have the name a"):
        career(tmp_path, store, wiki=["a"], money=["a"])


def test_a_stopped_run_knows_what_was_measured(tmp_path: Path, store: Store) -> None:
    record = Record({"a": "lesson"}, ["session"], [{"number": 1, "acting": ""}], "", [episode("base", "a", True)])
    (tmp_path / "career.json").write_text(json.dumps(asdict(record)))
    made = career(tmp_path, store, wiki=["a"])
    assert made.record == record
    assert made.record.has("base", "a") and not made.record.has("lesson", "a") and not made.record.has("base", "b")


def episode(arm: str, skill: str, success: bool) -> dict[str, Any]:
    return {"arm": arm, "skill": skill, "success": success}


def test_the_table_shows_what_is_left_of_each_skill() -> None:
    done = [
        *(episode("morning 1", "payback", success) for success in (True, True)),
        *(episode("morning 2", "payback", success) for success in (True, False)),
        *(episode("morning 2", "decision", success) for success in (False, False)),
    ]
    head, first, second = table(Record(episodes=done), ["payback", "decision"]).splitlines()
    assert head.split()[:3] == ["payback", "decision", "all"]
    assert first.split()[:5] == ["morning", "1", "1.00", "–", "1.00"]
    assert second.split()[:5] == ["morning", "2", "0.50", "0.00", "0.25"]


def test_a_folder_without_apps_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--apps-dir", str(tmp_path)]) == 2
    assert "no app definitions" in capsys.readouterr().err
