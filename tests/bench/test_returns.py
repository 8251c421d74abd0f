"""The bench of returns, in small: the machine is the person's within two seconds, and the night ends as if nobody had come."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.returns import Return, figures, main


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


def test_a_slow_return_and_another_adapter_are_counted() -> None:
    returns = [Return(0.2, 1.0, 100.0, 1.0), Return(2.1, 1.0, 100.0, 1.0)]
    found = figures(returns, [{"nights": 3, "equal": 2}])
    assert found["over_2_s"] == 1 and found["worst_s"] == 2.1
    assert (found["nights_to_their_end"], found["with_the_undisturbed_adapter"]) == (3, 2)
