"""The command line of the foundation: bad input gets one clear line, and nothing is begun."""

from pathlib import Path

import pytest

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
