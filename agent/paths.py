"""Where Apprentice keeps what it remembers (data) and what it can fetch again (cache).

`$APPRENTICE_HOME` moves both: data into it, the cache into its `cache` folder. Every directory that this module names
is created on the way, readable by its owner only, because it holds what a person did in their apps.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from browser.errors import StorageError

APP_NAME = "apprentice"
HOME_VARIABLE = "APPRENTICE_HOME"


def data_dir() -> Path:
    """Return the directory of everything that cannot be made again."""
    home = _home()
    return _private(home if home else platformdirs.user_data_path(APP_NAME, appauthor=False))


def cache_dir() -> Path:
    """Return the directory of what can be fetched or computed again."""
    home = _home()
    return _private(home / "cache" if home else platformdirs.user_cache_path(APP_NAME, appauthor=False))


def database_path() -> Path:
    """Return the path of the store's database. The file itself may not exist yet."""
    return data_dir() / "apprentice.db"


def adapters_dir() -> Path:
    """Return the directory of the learned adapters, one folder each."""
    return _private(data_dir() / "adapters")


def models_dir() -> Path:
    """Return the directory of converted base models."""
    return _private(cache_dir() / "models")


def profile_dir() -> Path:
    """Return the browser profile: the person's logins in the apps the agent works in."""
    return _private(data_dir() / "profile")


def downloads_dir() -> Path:
    """Return where files that the browser downloads are kept."""
    return _private(data_dir() / "downloads")


def logs_dir() -> Path:
    """Return the directory of log files."""
    return _private(data_dir() / "logs")


def _home() -> Path | None:
    named = os.environ.get(HOME_VARIABLE, "").strip()
    return Path(named).expanduser().absolute() if named else None


def _private(directory: Path) -> Path:
    """Create the directory for its owner only. One that exists keeps the rights it has."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"cannot create the directory {directory}: {error.strerror}",
            f"Make it writable, or name another place in ${HOME_VARIABLE}",
        ) from error
    return directory
