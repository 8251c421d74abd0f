"""Where Apprentice keeps what it remembers (data), what it can fetch again (cache) and what it is told (configuration).

`$APPRENTICE_HOME` moves all three: data and configuration into it, the cache into its `cache` folder. `$APPRENTICE_PROFILE`
names a profile, whose data (store, browser, adapters) are apart from all others' in `profiles/NAME`; the cache is shared.
Every directory that this module names is created on the way, readable by its owner only, because it holds what a person
did in their apps.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import platformdirs

from browser.errors import StorageError, UsageError

APP_NAME = "apprentice"
HOME_VARIABLE = "APPRENTICE_HOME"
PROFILE_VARIABLE = "APPRENTICE_PROFILE"
CONFIG_VARIABLE = "APPRENTICE_CONFIG"
_PROFILE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


def data_dir() -> Path:
    """Return the directory of everything that cannot be made again: the profile's own, when one is in use."""
    name = profile_name()
    return _private(_profiles_dir() / name) if name else _data_root()


def config_path() -> Path:
    """Return the path of the configuration file, which may not exist: $APPRENTICE_CONFIG, or the usual place."""
    named = os.environ.get(CONFIG_VARIABLE, "").strip()
    if named:
        return Path(named).expanduser().absolute()
    home = _home()
    return (home if home else platformdirs.user_config_path(APP_NAME, appauthor=False)) / "config.toml"


def profile_name() -> str:
    """Return the profile in use, empty for none. Raises UsageError for a name that is no plain folder name."""
    return checked_profile(os.environ.get(PROFILE_VARIABLE, "").strip())


def checked_profile(name: str) -> str:
    """Return a profile's name. Raises UsageError for one that is no plain folder name."""
    if name and not _PROFILE_NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name of a profile",
            "Use up to 32 lower-case letters, digits, - and _, beginning with a letter or digit",
        )
    return name


def known_profiles() -> list[str]:
    """List the profiles that have data."""
    folder = _data_root() / "profiles"
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []


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


def locks_dir() -> Path:
    """Return the directory of the locks on origins, one file each."""
    return _private(data_dir() / "locks")


def _data_root() -> Path:
    home = _home()
    return _private(home if home else platformdirs.user_data_path(APP_NAME, appauthor=False))


def _profiles_dir() -> Path:
    return _private(_data_root() / "profiles")


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
