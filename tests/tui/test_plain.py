"""Lessons on the command line, the dashboard in plain lines, and other keys and colours for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.store import Store
from browser.errors import UsageError
from tui.app import MODES, ApprenticeApp, screen_of
from tui.cli import main
from tui.look import dress
from tui.plain import lines


def test_an_empty_store_says_what_to_do_next(store: Store) -> None:
    said = list(lines(store))
    assert said[0] == "Nothing was done yet."
    assert any("apprentice teach" in line for line in said)


def test_everything_is_said_one_fact_a_line_in_ascii_layout(filled: Store, home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli", "--plain"], capture_output=True, text=True, check=True, timeout=120
    )
    said = done.stdout.splitlines()
    assert said == list(lines(filled))
    assert sum(line.startswith("Session ") for line in said) == 6
    assert "Adapter 4c1f4c1f4c1f: champion, gate 6 of 6 ok" in said
    assert any(line.startswith("Lesson ") and line.endswith("in the weights, not approved yet") for line in said)
    assert not set(done.stdout) & set("│─┃━┏┓\x1b")


def test_lessons_are_approved_and_reworded_on_the_command_line(
    filled: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    words, shown = filled.lessons()[0].id, filled.lessons()[1].id
    assert main(["lessons", "--approve", words]) == 0
    assert filled.lesson(words).approved_at is not None
    assert main(["lessons", "--edit", words, "--words", "three decimals", "--json"]) == 0
    new = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (new["text"], new["approved_at"]) == ("Told: three decimals", None)
    assert main(["lessons", "--edit", shown, "--words", "other"]) == 2
    assert "was shown" in capsys.readouterr().err
    assert main(["lessons", "--words", "lost"]) == 2
    assert main(["lessons", "--approve", words, "--retire", shown]) == 2
    assert filled.lesson(shown).retired_at is None


def test_other_keys_and_another_theme(store: Store, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bound = [ApprenticeApp, *map(screen_of, MODES)]
    app = ApprenticeApp(store)
    before = app.theme
    dress(app, bound)
    assert app.theme == before
    monkeypatch.setenv("APPRENTICE_THEME", "ansi-light")
    monkeypatch.setenv("APPRENTICE_KEYS", "session.start=f6")
    dress(app, bound)
    assert app.theme == "ansi-light"
    assert app._keymap == {"session.start": "f6"}
    monkeypatch.setenv("APPRENTICE_KEYS", "session.begin=f6")
    with pytest.raises(UsageError, match=r"no action 'session.begin'.*session.start"):
        dress(app, bound)
    monkeypatch.setenv("APPRENTICE_KEYS", "")
    monkeypatch.setenv("APPRENTICE_THEME", "pink")
    with pytest.raises(UsageError, match=r"no theme 'pink'.*ansi-dark"):
        dress(app, bound)
    assert "APPRENTICE_KEYS" in os.environ
