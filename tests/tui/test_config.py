"""Configuration: where each value comes from, what is refused and how it is said, and profiles that share nothing."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from pydantic import ValidationError

from agent import paths
from agent.guard import APPROVABLE, Consequence
from agent.store import Store
from browser.errors import UsageError
from tui import reference
from tui.cli import main
from tui.config import check_everything, choose_profile, load_configuration, load_settings
from tui.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def environ(home: Path) -> Iterator[pytest.MonkeyPatch]:
    home.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name in Settings.model_fields:
            patch.delenv(f"APPRENTICE_{name.upper()}", raising=False)
        patch.setenv("APPRENTICE_PROFILE", "")  # known to be restored, whoever chooses one meanwhile
        patch.delenv("APPRENTICE_PROFILE")
        patch.setenv("APPRENTICE_MAX_STEPS", "")  # as good as not set
        yield patch


def command(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(arguments)
    return code, out.getvalue(), err.getvalue()


def test_the_closer_word_counts(home: Path, environ: pytest.MonkeyPatch) -> None:
    def steps(**flags: object) -> tuple[int, str]:
        found = load_configuration(flags)
        return found.settings.max_steps, found.origin["max_steps"]

    path = home / "config.toml"
    assert steps() == (40, "default")
    path.write_text("max_steps = 7\njobs = 2\n[profiles.work]\nmax_steps = 8\n")
    assert steps() == (7, str(path))
    environ.setenv("APPRENTICE_PROFILE", "work")
    assert steps() == (8, f"{path} [profiles.work]") and load_settings().jobs == 2
    environ.setenv("APPRENTICE_MAX_STEPS", "9")
    assert steps() == (9, "the environment")
    assert steps(max_steps=10) == (10, "the command line")
    assert steps(max_steps=None) == (9, "the environment"), "a flag that was not given says nothing"


def test_lists_are_written_with_commas_in_the_environment(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("APPRENTICE_APPROVE", "send, pay")
    environ.setenv("APPRENTICE_ALLOW", "http://a.example,http://b.example")
    settings = load_settings()
    assert settings.approve == ["send", "pay"] and settings.allow == ["http://a.example", "http://b.example"]


def test_a_policy_file_stands_beside_the_configuration(home: Path, environ: pytest.MonkeyPatch) -> None:
    (home / "config.toml").write_text('policy = "rules.toml"')
    assert load_settings().policy == str(home / "rules.toml")
    elsewhere = home / "elsewhere" / "mine.toml"
    elsewhere.parent.mkdir()
    elsewhere.write_text("max_steps = 3")
    environ.setenv("APPRENTICE_CONFIG", str(elsewhere))
    assert load_settings().max_steps == 3
    elsewhere.unlink()
    with pytest.raises(UsageError, match=r"mine\.toml cannot be read"):
        load_settings()


def test_profiles_share_nothing_but_models(home: Path, environ: pytest.MonkeyPatch) -> None:
    (home / "config.toml").write_text("[profiles.work]\n")
    with pytest.raises(UsageError, match=r"no profile 'wrok'; the profiles are work.*\[profiles.wrok\]"):
        choose_profile("wrok")
    with Store.open() as store:
        store.add_lesson("words", "http://a.example", "", "at home")
    shared = paths.models_dir()
    code, out, _ = command("--profile", "work", "lessons", "--json")
    assert (code, json.loads(out)) == (0, []), "the store is another one"
    assert paths.data_dir() == home / "profiles" / "work", "child processes are in the profile too"
    assert paths.profile_dir() == home / "profiles" / "work" / "profile"
    assert paths.adapters_dir() == home / "profiles" / "work" / "adapters" and paths.models_dir() == shared
    environ.delenv("APPRENTICE_PROFILE")
    assert len(json.loads(command("lessons", "--json")[1])) == 1
    (home / "config.toml").unlink()
    environ.setenv("APPRENTICE_PROFILE", "work")
    assert command("lessons")[0] == 0, "a profile with data exists without a table too"
    for bad in ("../up", "A", "-x", "a" * 33, ".."):
        environ.setenv("APPRENTICE_PROFILE", bad)
        code, _, err = command("lessons")
        assert code == 2 and err.startswith(f"error: {bad!r} is no name of a profile"), err


def test_the_command_shows_and_checks(home: Path, environ: pytest.MonkeyPatch) -> None:
    path = home / "config.toml"
    assert command("config", "path") == (0, f"{path}\n", "")
    assert json.loads(command("config", "path", "--json")[1]) == {"path": str(path), "exists": False}
    assert "the defaults hold" in command("config", "check")[1]
    path.write_text("max_steps = 5\n[profiles.work]\n")
    shown = json.loads(command("config", "show", "--json")[1])
    assert set(shown["settings"]) == set(Settings.model_fields)
    assert shown["settings"]["max_steps"] == {"value": 5, "from": str(path)}
    assert json.loads(command("config", "check", "--json")[1])["profiles"] == ["work"]
    assert "no limit" in command("config", "show")[1]
    path.write_text("[profiles.work]\nmax_steps = 0\n")
    assert load_settings().max_steps == 40, "another profile's fault stops nobody"
    code, out, err = command("config", "check")
    assert (code, out) == (2, "") and "[profiles.work]: max_steps:" in err
    with pytest.raises(UsageError, match="max_steps"):
        check_everything()


def test_settings_reach_a_run(home: Path, environ: pytest.MonkeyPatch) -> None:
    (home / "config.toml").write_text('model = "/nowhere"\nheadless = true\n')
    code, _, err = command("run", "x", "--url", "http://127.0.0.1:9/")
    assert code == 2 and "no model in /nowhere" in err


@pytest.mark.parametrize("name", reference.PAGES)
def test_the_reference_is_as_the_code(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == reference.PAGES[name](), "write it again: python -m tui.reference docs"


def test_every_setting_says_what_it_may_be() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description and ":" in field.description, name
    listed = Settings.model_fields["approve"].description or ""
    assert listed.startswith(f"A list of {', '.join(APPROVABLE)}: ")


def test_flags_and_files_approve_the_same_consequences() -> None:
    assert set(APPROVABLE) == set(Consequence) - {Consequence.READ}
    assert Settings(approve=list(APPROVABLE)).approve == list(APPROVABLE)
    assert f": {','.join(APPROVABLE)}. |" in (DOCS / "commands.md").read_text(encoding="utf-8")
    with pytest.raises(ValidationError, match=", ".join(APPROVABLE)):
        Settings(approve=["read"])
