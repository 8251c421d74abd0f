"""What lessons in the prompt cost: the same decisions in three ways, and the sums are right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.lessons.text import ASKED
from agent.policy.local import load_model
from bench.context_cost import ALL, NONE, RETRIEVED, Cost, kv_bytes, main, ratios, taught, written_lessons


def test_skills_are_recorded_and_written_in_turns() -> None:
    recorded, lessons = taught(8)
    assert len(lessons) == 8 and len({text for _, text in lessons}) == 8
    assert lessons[0][1] == recorded[0].lessons[0] and lessons[1] == written_lessons()[0]
    assert all(text.startswith(ASKED + task) for task, text in lessons)
    assert taught(1)[1] == lessons[:1]


def test_keys_and_values_are_counted_as_the_model_keeps_them(tiny_models: dict[str, Path]) -> None:
    assert kv_bytes(load_model(tiny_models["llama"])) == 2 * 2 * 2 * 8 * load_model(tiny_models["llama"]).dtype.itemsize


@pytest.mark.slow
def test_three_ways_of_the_same_steps(tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "costs.json"
    assert main(("--skills", "1", "4", "--tasks", "1", "--model", str(tiny_model), "--json", str(out))) == 0
    costs = [Cost(**record) for record in json.loads(out.read_text())["costs"]]
    assert [(cost.skills, cost.way) for cost in costs] == [(n, way) for n in (1, 4) for way in (NONE, RETRIEVED, ALL)]
    one, four = costs[:3], costs[3:]
    assert len({cost.steps for cost in costs}) == 1
    assert one[0].prompt_tokens == four[0].prompt_tokens, "an adapter's prompt does not grow with what was taught"
    assert one[1].prompt_tokens == one[2].prompt_tokens and one[1].found == 1
    assert four[2].prompt_tokens > four[1].prompt_tokens > four[0].prompt_tokens
    assert four[2].kv_mib / four[0].kv_mib == pytest.approx(four[2].prompt_tokens / four[0].prompt_tokens, rel=0.1)
    assert ratios(costs)["4 skills, all lessons: tokens and bytes"] > 1
    assert "all lessons" in capsys.readouterr().out


def test_a_missing_model_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("--model", "/nowhere")) == 2
    assert "no model in /nowhere" in capsys.readouterr().err
