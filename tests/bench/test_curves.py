"""Pictures of a career: both are drawn, the same figures give the same files, and what is no career is one line."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from bench.career import Record
from bench.curves import main, mornings, shares, together


def record() -> Record:
    def done(arm: str, skill: str, *successes: bool) -> list[dict[str, object]]:
        return [{"arm": arm, "skill": skill, "success": success} for success in successes]

    episodes = [
        *done("base", "payback", False, False),
        *done("lesson", "payback", True, True),
        *done("morning 1", "payback", True, True),
        *done("morning 1", "watched", True, False),
        *done("morning 2", "payback", True, False),
        *done("morning 2", "decision", True, True),
    ]
    return Record({"payback": "1", "decision": "2"}, episodes=episodes)


def test_what_was_only_watched_is_no_skill_of_the_curve() -> None:
    assert mornings(record()) == ["morning 1", "morning 2"]
    assert shares(record(), "morning 1") == {"payback": (2, 2)}
    assert together(list(shares(record(), "morning 2").values())) == (3, 4)


def test_both_pictures_are_drawn_and_drawn_alike(tmp_path: Path) -> None:
    (tmp_path / "career.json").write_text(json.dumps(asdict(record())))
    drawn = []
    for name in ("one", "two"):
        assert main([str(tmp_path / "career.json"), str(tmp_path / name)]) == 0
        drawn.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert set(drawn[0]) == {"learning-curve.svg", "forgetting.svg"} and drawn[0] == drawn[1]


def test_what_is_no_career_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "career.json").write_text('{"songs": []}')
    assert main([str(tmp_path / "career.json"), str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
