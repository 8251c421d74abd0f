"""Nights that an older version began: what lacks something is made anew, and nothing ends in a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from agent.policy.embedded import file_sha256
from agent.store import Store
from bench.small import teach
from consolidation.examples import Example, pack
from consolidation.job import Request, main, prepare, read_request
from consolidation.kept import drop_unreadable, measured_before
from consolidation.rehearsal.variants import Demonstration
from consolidation.tokens import Tokens

SEQUENCE = Example(Tokens(torch.tensor([1, 2]), torch.tensor([0]), ()), torch.tensor([[1]]), torch.tensor([[0.0]]), "s")
STATE: dict[str, Any] = {"weights": {"w": torch.zeros(1)}, "optimizer": {}, "progress": [1, 2, 0, [], {}, {}]}


def begun(folder: Path) -> Path:
    torch.save([pack([SEQUENCE]), pack([])], folder / "examples.pt")
    torch.save(pack([SEQUENCE]), folder / "dreams-0.pt")
    torch.save(STATE, folder / "checkpoint.pt")
    (folder / "gate.json").write_text("{}")
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_can_be_read_is_kept(tmp_path: Path) -> None:
    before = names(begun(tmp_path))
    assert drop_unreadable(tmp_path, ["w"]) == [] and names(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "older"),
    [
        ("examples.pt", [pack([SEQUENCE])]),
        ("examples.pt", [[[*pack([SEQUENCE])[0], "one more"]], []]),
        ("dreams-0.pt", [pack([SEQUENCE])[0][:4]]),
        ("checkpoint.pt", {**STATE, "weights": {"another": torch.zeros(1)}}),
        ("checkpoint.pt", {"weights": STATE["weights"], "progress": STATE["progress"]}),
        ("checkpoint.pt", {**STATE, "progress": [1] * 9}),
        ("checkpoint.pt", 7),
    ],
)
def test_what_belongs_together_is_made_anew_together(tmp_path: Path, name: str, older: object) -> None:
    torch.save(older, begun(tmp_path) / name)
    assert drop_unreadable(tmp_path, ["w"]) == [name] and names(tmp_path) == set()


def test_half_a_file_is_made_anew(tmp_path: Path) -> None:
    whole = (begun(tmp_path) / "dreams-0.pt").read_bytes()
    (tmp_path / "dreams-0.pt").write_bytes(whole[: len(whole) // 2])
    assert drop_unreadable(tmp_path, ["w"]) == ["dreams-0.pt"] and names(tmp_path) == set()


@pytest.mark.parametrize("text", ["", "[]", "null", '{"alone": {}}'])
def test_a_measure_that_lacks_something_counts_as_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "gate.json"
    assert measured_before(path, ("alone", "drift")) is None
    path.write_text(text)
    assert measured_before(path, ("alone", "drift")) is None
    path.write_text('{"alone": {}, "drift": 0.0, "more": 1}')
    assert measured_before(path, ("alone", "drift")) == {"alone": {}, "drift": 0.0, "more": 1}


@pytest.mark.parametrize("text", ["[]", "7", "{}", '{"base": "b"}', "no json"])
def test_a_request_that_says_too_little_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "request.json").write_text(text)
    assert read_request(tmp_path) is None


def test_a_request_of_another_version_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    asked = {"base": "b", "base_sha256": "0", "lesson_ids": ["l"], "seed": 3, "phase_of_the_moon": "new"}
    (tmp_path / "request.json").write_text(json.dumps(asked))
    assert read_request(tmp_path) == Request("b", "0", ("l",), seed=3)


@pytest.mark.slow
def test_a_night_that_an_older_version_began_ends_with_the_same_adapter(
    demonstration: Demonstration, tiny_model: Path
) -> None:
    with Store.open() as store:
        lesson = teach(store, demonstration)
    sha = file_sha256(tiny_model / "model.safetensors")
    folder = prepare(
        Request(str(tiny_model), sha, (lesson,), updates=4, variants=2, headroom=-1.0, scale=0.1, threads=1, nice=0)
    )
    assert main([str(folder)]) == 0
    whole = json.loads((folder / "finished.json").read_text())
    gate = json.loads((folder / "gate.json").read_text())

    def goes_on() -> None:
        (folder / "finished.json").unlink()
        assert main([str(folder)]) == 0
        assert json.loads((folder / "finished.json").read_text()) == whole
        assert json.loads((folder / "gate.json").read_text()) == gate
        assert not list(folder.glob(".*"))

    for name, lost in (("gate", "witnessed"), ("gate", "obeyed"), ("headroom", "champion")):
        measured = json.loads((folder / f"{name}.json").read_text())
        del measured[lost]
        (folder / f"{name}.json").write_text(json.dumps(measured))
    (folder / ".checkpoint.pt.4711").write_bytes(b"left by a killed writer")
    goes_on()
    (folder / "plan.json").unlink()
    goes_on()
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    torch.save({**state, "progress": state["progress"] * 2}, folder / "checkpoint.pt")
    goes_on()
