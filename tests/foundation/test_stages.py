"""The command line of the foundation: bad input gets one clear line, and nothing is begun."""

from pathlib import Path

import pytest
import torch

from foundation.__main__ import STAGES, main


@pytest.mark.parametrize("stage", list(STAGES))
def test_every_stage_says_what_it_takes(stage: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([stage, "--help"])
    assert left.value.code == 0 and f"foundation {stage}" in capsys.readouterr().out


@pytest.mark.parametrize("stage", ["clone", "rlvr"])
def test_an_unknown_suite_is_one_line_and_nothing_is_begun(
    stage: str, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    code = main([stage, "--base", str(tiny_model), "--out", str(out), "--suites", "lesson, nonsense"])
    said = capsys.readouterr().err.strip()
    assert code == 2 and "nonsense" in said and "recovery" in said and said.count("\n") <= 1
    assert not out.exists()


@pytest.mark.parametrize("stage", ["clone", "rlvr", "ordinary"])
def test_a_folder_without_a_model_is_told(stage: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([stage, "--base", str(tmp_path)])
    assert left.value.code == 2 and "foundation pretrained" in capsys.readouterr().err


@pytest.mark.parametrize("stage", ["clone", "rlvr"])
def test_a_folder_with_another_run_is_one_line(
    stage: str, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"of": {"seed": 1}}, tmp_path / "checkpoint.pt")
    assert main([stage, "--base", str(tiny_model), "--out", str(tmp_path), "--rank", "4", "--alpha", "4"]) == 2
    said = capsys.readouterr().err.strip()
    assert (
        "is of another run: base, start" in said
        and "--out" in said
        and "seed" not in said.removeprefix(f"error: {tmp_path}")
        and "\n" not in said
    )
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


@pytest.mark.parametrize("alone", [("--ordinary", "texts.jsonl"), ("--keep-tokens", "4096")])
def test_texts_without_an_amount_and_an_amount_without_texts_are_one_line(
    alone: tuple[str, str], tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["clone", "--base", str(tiny_model), "--out", str(out), *alone]) == 2
    assert capsys.readouterr().err == (
        "error: --ordinary and --keep-tokens belong together: with one alone nothing is kept. "
        "Give both, as in --ordinary FILE --keep-tokens 4096, or neither\n"
    )
    assert not out.exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--ordinary", "nowhere.jsonl", "--keep-tokens", "10"), "there is no file nowhere.jsonl"),
        (("--start", "nowhere"), "no adapter in nowhere"),
    ],
)
def test_a_file_that_is_not_there_is_one_line(
    given: tuple[str, ...], told: str, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["clone", "--base", str(tiny_model), "--out", str(out), *given]) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith(f"error: {told}. ") and "\n" not in said and not out.exists()
