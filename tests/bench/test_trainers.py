"""The bench against TRL, our side of it: both sides get the same decisions, and what is reported was measured."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.policy.encode import Encoder
from agent.policy.local import load_tokenizer
from bench.on_the_job import BOTH, MEMORY, NONE, nights_of
from bench.trainer_input import decisions, sessions
from bench.trainers import CLOSE, apart, main, ratios, verdict
from browser.errors import UsageError
from consolidation.examples import Arm
from consolidation.segments import cut
from consolidation.tokens import encode


@pytest.fixture
def encoder(tiny_model: Path) -> Encoder:
    return Encoder(load_tokenizer(tiny_model))


def test_decisions_are_the_sessions_taken_apart(encoder: Encoder) -> None:
    recorded = sessions(encoder, 2, (0, 10_000))
    asked = list(decisions(encoder, recorded))
    assert len(asked) == sum(len(session.steps) for session in recorded)
    for one, step in zip(asked, (step for session in recorded for step in session.steps), strict=True):
        assert encoder.tokenizer.decode(one.reply) == step.action.render() + "\n"
        assert len(one.teacher) > len(one.student), "the teacher reads a lesson more"
        assert one.tokens == len(one.student) + len(one.reply)
    whole = [encode(encoder, segment).ids.tolist() for segment in cut(recorded[0].task, (), recorded[0].steps)]
    assert any(ids[: len(asked[0].student)] == asked[0].student for ids in whole)


def test_sessions_are_as_long_as_asked(encoder: Encoder) -> None:
    for session in sessions(encoder, 2, (900, 2_000)):
        read = [len(encode(encoder, segment).ids) for segment in cut(session.task, (), session.steps)]
        assert 900 <= sum(read) / len(read) <= 2_000


@pytest.mark.slow
def test_our_side_is_measured_where_the_other_is_not_installed(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "figures.json"
    options = (
        "--sessions",
        "1",
        "--batch",
        "2",
        "--passes",
        "1",
        "--lengths",
        "0",
        "3000",
        "--rows",
        "whole sessions, its",
    )
    assert main((*options, "--peers", "/nowhere/python", "--model", str(tiny_model), "--json", str(out))) == 0
    said = capsys.readouterr()
    assert "not measured, since TRL is not in /nowhere/python" in said.err
    figures = json.loads(out.read_text())
    (row,) = figures["rows"]
    assert row["name"] in said.out and row["read"] > 0 and row["decisions"] > 0
    assert 0 < row["loaded_mib"] < row["peak_mib"] and row["cpu_seconds"] > 0
    assert figures["largest_difference_of_losses"] == {} and figures["ratios"] == {}


def test_losses_that_are_not_close_fail_the_bench_and_a_tail_may_differ() -> None:
    assert apart([0.5, 4.0], [0.5, 4.0]) == 0.0
    assert apart([0.5, 4.0], [0.7, 4.0]) == pytest.approx(0.2), "in nats"
    assert apart([0.5, 4.0], [0.5, 5.0]) == pytest.approx(0.25), "a share of what is above one nat"
    assert math.isnan(apart([0.0, math.nan, 0.0], [0.0, 0.0, 0.0]))
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        apart([0.5, 4.0], [0.5])
    near, far = apart([2.0], [2.0 + CLOSE]), apart([2.0], [2.0 + 3 * CLOSE])
    assert verdict({}) == verdict({"kl full": near, "kl top": 0.0016}) == 0
    assert verdict({"kl full": near, "reverse_kl full": far}) == verdict({"kl full": math.nan}) == 1


def test_ratios_say_which_side_is_which() -> None:
    def row(name: str, *, ours: bool, speed: float, peak: float) -> dict[str, Any]:
        speeds = {"tokens_per_cpu_second": speed, "tokens_per_second": speed / 2}
        return {"name": name, "ours": ours, "peak_mib": peak, "loaded_mib": 100, **speeds}

    found = ratios([row("a", ours=True, speed=30, peak=200), row("b", ours=False, speed=10, peak=500)])
    assert found == {
        "a / b: tokens per cpu second": 3.0,
        "a / b: tokens per second": 3.0,
        "a / b: peak memory": 0.4,
        "a / b: memory beyond loading": 0.25,
    }


def test_too_few_sessions_and_no_model_are_said(tiny_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = ("--model", str(tiny_model), "--lengths", "0", "3000")
    assert main(("--sessions", "1", "--batch", "500", *model)) == 2
    assert "have no 500 decisions" in capsys.readouterr().err
    assert main(("--model", "/nowhere")) == 2
    assert "no model in /nowhere" in capsys.readouterr().err


@pytest.mark.slow
def test_a_side_that_ends_badly_is_said(tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A Python in which TRL seems to be and is not: a folder of its own with nothing but the package's name."""
    import venv

    folder = tmp_path / "peers"
    venv.create(folder, symlinks=True)
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "trl-0.dist-info").mkdir()
    (site / "trl-0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: trl\nVersion: 0\n")
    options = ("--sessions", "1", "--batch", "2", "--lengths", "0", "3000", "--rows", "given, one at a time")
    python = folder / "bin" / Path(sys.executable).name
    python = python if python.exists() else folder / "bin" / "python3"
    assert main((*options, "--peers", str(python), "--model", str(tiny_model))) != 0
    assert "a trainer ended with 1: ModuleNotFoundError" in capsys.readouterr().err


def test_the_bench_knows_every_arm_and_says_which_there_are() -> None:
    every = [NONE, MEMORY, *Arm, BOTH]
    assert nights_of(every) == list(Arm)
    assert nights_of([NONE, MEMORY]) == []
    assert nights_of([BOTH]) == ["opsd"], "the adapter beside the lesson is that of the method"
    with pytest.raises(UsageError, match="no arm tea") as said:
        nights_of(["tea"])
    assert "opsd_off_policy" in said.value.next_step
