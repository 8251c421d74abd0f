"""`apprentice export`: files with what the store holds; for bad input one line, a fixed exit code, and nothing half-written."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from agent.store import Store
from tui.cli import main
from tui.example import fill


def command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command line in this process; returns its exit code."""
    monkeypatch.setattr(sys, "argv", ["apprentice", *arguments])
    return main()


def test_sessions_scripts_and_traces(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(store)
    count = len(store.sessions(limit=1000))
    for name in ("all.jsonl", "all.parquet"):
        assert command(monkeypatch, "export", "sessions", str(tmp_path / name), "--json") == 0
        assert json.loads(capsys.readouterr().out)["sessions"] == count
    assert len((tmp_path / "all.jsonl").read_text().splitlines()) == count
    session = next(row for row in store.sessions() if row.steps > 2)
    files = [str(tmp_path / "do.py"), str(tmp_path / "trace.zip")]
    assert command(monkeypatch, "export", "session", session.id, "--playwright", files[0], "--trace", files[1]) == 0
    assert session.id in capsys.readouterr().out
    compile(Path(files[0]).read_text(), files[0], "exec")
    assert Path(files[1]).read_bytes().startswith(b"PK")


def test_bad_input_is_one_line_and_writes_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = store.begin_session("nothing done", "a", "http://a.example/")
    (tmp_path / "file").write_text("mine")
    inside = str(tmp_path / "file" / "out.jsonl")
    for arguments, message, code in (
        (["sessions", str(tmp_path / "out.csv")], "neither .jsonl nor .parquet", 2),
        (["sessions", inside], "cannot be written", 7),
        (["session", "nothing", "--trace", str(tmp_path / "t.zip")], "nothing", 2),
        (["session", empty], "say what to write", 2),
        (["session", empty, "--playwright", str(tmp_path / "do.py")], "did nothing on a page", 2),
        (["adapter", "nothing", str(tmp_path / "dir")], "nothing", 2),
    ):
        assert command(monkeypatch, "export", *arguments) == code, arguments
        said = capsys.readouterr()
        lines = [line for line in said.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1 and message in said.err and "Traceback" not in said.err, said
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == ["file"]
    assert (tmp_path / "file").read_text() == "mine"
