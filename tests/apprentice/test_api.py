"""The Python API: its documentation runs as it stands, importing it is light, bad input is one error."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import apprentice
from apprentice import ApprenticeError, Store, run, teach, tell
from tests.shared_bills import serving

DOCS = Path(__file__).resolve().parents[2] / "docs" / "python.md"


@pytest.mark.browser
def test_the_documentation_runs(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("APPRENTICE_MODEL", str(tiny_model))
    text = DOCS.read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert len(blocks) == text.count("```python") >= 4
    names: dict[str, object] = {}
    with serving() as bills:
        for block in blocks:
            exec(compile(block.replace("http://127.0.0.1:8000/", bills.url), str(DOCS), "exec"), names)
    assert [row["what"] for row in bills.rows if row["what"] in ("Museum", "Tea")] == ["Museum", "Tea"]
    said = capsys.readouterr().out
    assert "Told: never mark a bill as shared" in said and "does not answer" in said
    with Store.open() as store:
        assert {row.stop_reason for row in store.sessions() if row.kind == "run"} >= {"done", "unreachable"}


def test_every_public_name_is_in_the_documentation() -> None:
    text = DOCS.read_text()
    assert [name for name in apprentice.__all__ if not re.search(rf"\b{name}\b", text)] == []


def test_importing_loads_neither_torch_nor_a_browser() -> None:
    code = "import sys, apprentice; print([name for name in ('torch', 'playwright', 'textual', 'typer') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_bad_input_is_one_error_and_leaves_nothing() -> None:
    for call, message in (
        (lambda: run(" ", "http://a.example"), "the task is empty"),
        (lambda: run("x", "nowhere:"), "not a web address"),
        (lambda: run("x", "http://a.example", approve=["everything"]), "everything"),
        (lambda: teach("x", "http://a.example", ["jump"]), "step 1: unknown action"),
        (lambda: teach("x", "http://a.example", []), "needs steps"),
        (lambda: teach("", "http://a.example", ["wait"]), "needs a task"),
        (lambda: tell("x"), "which app"),
    ):
        with pytest.raises(ApprenticeError, match=message) as error:
            call()
        assert error.value.exit_code == 2 and "\n" not in str(error.value)
    with Store.open() as store:
        assert store.sessions() == [] and store.lessons() == []
