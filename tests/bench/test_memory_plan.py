"""The memory plan: it takes no memory, adds up what it says, and stands beside a real step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.memory_plan import MIB, SHAPES, config_of, main, plan, step
from consolidation.distill import DistillConfig


@pytest.mark.parametrize(("shape", "billions"), [("qwen3.5-2b", 1.88), ("qwen3.5-4b", 4.2)])
def test_a_plan_is_of_the_whole_model_and_grows_with_the_prompt(shape: str, billions: float) -> None:
    short, long = plan(shape, 1_024), plan(shape, 4_096)
    assert long.parameters / 1e9 == pytest.approx(billions, rel=0.02)
    assert long.weights == 2 * long.parameters and long.optimizer == 2 * long.adapter
    assert long.kept == 4 * short.kept and long.layer > 3 * short.layer
    assert long.total == long.to_json()["total"] > long.weights
    assert long.layers == SHAPES[shape]["num_hidden_layers"]
    every = plan(shape, 1_024, shape=DistillConfig(untouched=0.0))
    assert every.adapter > short.adapter and every.kept > short.kept


def test_fewer_layers_cost_less_and_keep_their_width() -> None:
    config = config_of("qwen3.5-2b", 4)
    assert config.num_hidden_layers == 4 and config.hidden_size == 2048
    assert config.layer_types == ["linear_attention"] * 3 + ["full_attention"]
    few, every = plan("qwen3.5-2b", 512, 4), plan("qwen3.5-2b", 512)
    assert few.weights < every.weights and few.layer == every.layer


def test_a_real_step_is_taken(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    found = step("tiny", 200, 4)
    assert found["layers"] == 4 and found["tokens"] == 200 and found["device"] == "cpu"
    assert found["cpu_seconds"] > 0 and found["step_seconds"] > 0 and found["peak_mib"] >= 0
    out = tmp_path / "plan.json"
    assert main(("--shapes", "qwen3.5-2b", "--tokens", "256", "--only-plan", "--json", str(out))) == 0
    assert "qwen3.5-2b" in capsys.readouterr().out
    (planned,) = json.loads(out.read_text())["plans"]
    assert planned["weights"] / MIB == pytest.approx(3_589, rel=0.02)
