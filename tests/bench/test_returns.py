"""The bench of returns, in small: the machine is the person's within two seconds, and the night ends as if nobody had come."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest

from bench.code import code_sha256
from bench.returns import NIGHTS, Return, figures, identity, kept, main
from consolidation.job import Request


@pytest.mark.slow
def test_a_return(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPRENTICE_HOME", str(tmp_path / "home"))
    file = tmp_path / "returns.json"
    assert main(["--times", "1", "--json", str(file)]) == 0
    record = json.loads(file.read_text())
    assert len(record["returns"]) == 1
    assert all(0 < came["seconds"] <= 2.0 for came in record["returns"])
    (run,) = record["runs"]
    assert run["nights"] >= 1 and run["equal"] == run["nights"]
    assert main(["--times", "1", "--json", str(file)]) == 0, "nothing is left to measure"


def test_returns_of_another_base_home_seed_or_number_of_threads_are_not_carried_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = Request("model", "a", (), threads=1)
    args = Namespace(home=None, model=None, scale=0.1, seed=1)
    file, of = tmp_path / "returns.json", identity(args, asked)
    record = {"of": of, "returns": [{"seconds": 0.2}], "runs": []}
    file.write_text(json.dumps(record))
    assert kept(file, of) == record
    assert f"1 returns are taken from {file}" in capsys.readouterr().err
    assert of["code"] == code_sha256(*NIGHTS)
    others = [
        {**of, "code": "another"},
        identity(args, replace(asked, base_sha256="b")),
        identity(args, replace(asked, threads=2)),
        *(identity(Namespace(**{**vars(args), **changed}), asked) for changed in ({"home": tmp_path}, {"seed": 2})),
        *(identity(Namespace(**{**vars(args), **changed}), asked) for changed in ({"model": "m"}, {"scale": 1.0})),
    ]
    for other in others:
        assert kept(file, other) == {"of": other, "returns": [], "runs": []}
        assert "begun anew" in capsys.readouterr().err
    assert kept(None, of)["returns"] == [] and not capsys.readouterr().err


def test_a_slow_return_and_another_adapter_are_counted() -> None:
    returns = [Return(0.2, 1.0, 100.0, 1.0), Return(2.1, 1.0, 100.0, 1.0)]
    found = figures(returns, [{"nights": 3, "equal": 2}])
    assert found["over_2_s"] == 1 and found["worst_s"] == 2.1
    assert (found["nights_to_their_end"], found["with_the_undisturbed_adapter"]) == (3, 2)
