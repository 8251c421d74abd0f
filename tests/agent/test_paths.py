from __future__ import annotations

import sys
from pathlib import Path

import platformdirs
import pytest

from agent import paths
from browser.errors import StorageError

DIRECTORIES = (
    paths.data_dir,
    paths.cache_dir,
    paths.adapters_dir,
    paths.models_dir,
    paths.profile_dir,
    paths.downloads_dir,
    paths.logs_dir,
)


def test_one_variable_moves_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "deep" / "home"
    monkeypatch.setenv("APPRENTICE_HOME", str(home))
    assert paths.data_dir() == home
    assert paths.cache_dir() == home / "cache"
    assert paths.models_dir() == home / "cache" / "models"
    assert paths.adapters_dir() == home / "adapters"
    assert paths.database_path() == home / "apprentice.db"
    assert not paths.database_path().exists()
    assert all(directory().is_dir() for directory in DIRECTORIES)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX rights")
def test_directories_are_their_owner_s_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPRENTICE_HOME", str(tmp_path / "home"))
    assert {directory().stat().st_mode & 0o777 for directory in DIRECTORIES} == {0o700}


def test_a_relative_or_home_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("APPRENTICE_HOME", "here")
    assert paths.data_dir() == tmp_path / "here"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("APPRENTICE_HOME", "~/there")
    assert paths.data_dir() == tmp_path / "there"


@pytest.mark.skipif(sys.platform != "linux", reason="XDG variables")
def test_without_it_the_platform_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPRENTICE_HOME", " ")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert (
        paths.data_dir()
        == tmp_path / "data" / "apprentice"
        == platformdirs.user_data_path("apprentice", appauthor=False)
    )
    assert paths.models_dir() == tmp_path / "cache" / "apprentice" / "models"


def test_a_place_that_cannot_be_made_is_a_storage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("APPRENTICE_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(StorageError, match="APPRENTICE_HOME"):
        paths.data_dir()
