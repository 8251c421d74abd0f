"""The configuration: one TOML file, its profiles, the environment and the command line, in this order of growing weight.

Each layer is checked by itself against the same model, so that every error names the file (or the variable) and the key.
pydantic-settings is imported when settings are asked for, tomllib when there is a file: commands that only read the store, and the
dashboard, start without them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.paths import PROFILE_VARIABLE, checked_profile, config_path, known_profiles, profile_name
from browser.errors import UsageError

if TYPE_CHECKING:
    from pydantic import ValidationError

    from tui.settings import Settings

PREFIX = "APPRENTICE_"
ABOUT = "docs/configuration.md lists every key"


@dataclass(frozen=True, slots=True)
class Layer:
    """What one source says: only the keys that it has."""

    source: str
    """How errors and `config show` name it: a file, a table in it, the environment, the command line."""
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings in force, and which layer each comes from (`default` where none says anything)."""

    settings: Settings
    origin: Mapping[str, str]


def load_settings(flags: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings of this run. A flag of None was not given. Raises UsageError that names file and key."""
    return load_configuration(flags).settings


def load_configuration(flags: Mapping[str, Any] | None = None) -> Configuration:
    """Return the settings of this run with their origins. Raises UsageError that names file and key."""
    from tui.settings import Settings

    given = {key: value for key, value in (flags or {}).items() if value is not None}
    layers = [*_file_layers(config_path(), profile_name()), _environment(), Layer("the command line", given)]
    merged = {key: value for layer in layers for key, value in layer.values.items()}
    origin = dict.fromkeys(Settings.model_fields, "default")
    origin |= {key: layer.source for layer in layers for key in layer.values}
    return Configuration(_validated(Settings, merged, "the command line"), origin)


def configured_browser() -> str | None:
    """Return the browser that is configured, None to have one found."""
    return load_settings().browser or None


def check_everything() -> list[str]:
    """Check the file with all its profiles, and the environment; return the profiles. Raises UsageError for the first fault."""
    data = _read(config_path())
    tables = _profile_tables(config_path(), data)
    for name in ["", *tables]:
        _file_layers(config_path(), name)
    _environment()
    return sorted({*tables, *known_profiles()})


def choose_profile(name: str) -> None:
    """Use a profile from here on, in child processes too. Raises UsageError for one that nobody has made."""
    path = config_path()
    configured = _profile_tables(path, _read(path))
    known = sorted({*configured, *known_profiles()})
    if checked_profile(name) not in known:
        listed = f"the profiles are {', '.join(known)}" if known else "there is none yet"
        raise UsageError(f"there is no profile {name!r}; {listed}", f"To make it, write [profiles.{name}] into {path}")
    os.environ[PROFILE_VARIABLE] = name


def _file_layers(path: Path, profile: str) -> list[Layer]:
    """Return what the file says for everybody, and what it says for this profile."""
    data = _read(path)
    tables = _profile_tables(path, data)
    plain = {key: value for key, value in data.items() if key != "profiles"}
    layers = [_file_layer(path, str(path), plain)]
    if profile in tables:
        layers.append(_file_layer(path, f"{path} [profiles.{profile}]", tables[profile]))
    return layers


def _file_layer(path: Path, source: str, values: Mapping[str, Any]) -> Layer:
    from tui.settings import Settings

    checked = _validated(Settings, values, source, strict=True).model_dump(exclude_unset=True)
    if checked.get("policy"):  # a file beside the configuration, wherever the command is started
        checked["policy"] = str(path.parent / Path(checked["policy"]).expanduser())
    return Layer(source, checked)


def _environment() -> Layer:
    from pydantic import ValidationError

    from tui.settings import FromEnvironment

    try:
        return Layer("the environment", FromEnvironment().model_dump(exclude_unset=True))
    except ValidationError as error:
        raise _explained(error, "the environment", lambda key: f"${PREFIX}{key.upper()}") from error


def _validated(
    model: type[Settings], values: Mapping[str, Any], source: str, *, strict: bool | None = None
) -> Settings:
    from pydantic import ValidationError

    try:
        return model.model_validate(values, strict=strict)
    except ValidationError as error:
        raise _explained(error, source) from error


def _explained(error: ValidationError, source: str, shown: Any = str) -> UsageError:
    """Say the first fault in one line: where, which key, what is wrong, and what is allowed there."""
    import difflib

    from tui.settings import Settings, allowed

    fault = error.errors(include_url=False)[0]
    key = str(fault["loc"][0]) if fault["loc"] else ""
    field = Settings.model_fields.get(key)
    if field is None:
        near = difflib.get_close_matches(key, Settings.model_fields, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        return UsageError(
            f"{source}: unknown key {shown(key)}", f"{hint}The keys are {', '.join(Settings.model_fields)}"
        )
    found = repr(fault["input"])
    message = str(fault["msg"]).removeprefix("Value error, ").replace("\n", " ")
    return UsageError(
        f"{source}: {shown(key)}: {message}, not {found if len(found) <= 80 else found[:79] + '…'}",
        f"{shown(key)} is {allowed(field)}",
    )


def _profile_tables(path: Path, data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    tables = data.get("profiles", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise UsageError(f"{path}: profiles holds a table for each profile", "Write for example [profiles.work]")
    for name in tables:
        try:
            checked_profile(name or " ")
        except UsageError as error:
            raise UsageError(f"{path}: profiles: {error.message}", error.next_step) from error
    return tables


def _read(path: Path) -> dict[str, Any]:
    """Read the file. One that does not exist says nothing, unless it was named by hand."""
    if not path.exists() and "APPRENTICE_CONFIG" not in os.environ:
        return {}
    try:
        stamp = path.stat()
        return _parsed(path, stamp.st_mtime_ns, stamp.st_size)
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or no TOML
        reason = error.strerror if isinstance(error, OSError) else str(error).replace("\n", " ")
        raise UsageError(f"{path} cannot be read: {reason}", f"It is a TOML file; {ABOUT}") from error


@lru_cache(maxsize=4)
def _parsed(path: Path, changed: int, size: int) -> dict[str, Any]:
    """Parse a file once for each of its versions."""
    import tomllib

    return tomllib.loads(path.read_text(encoding="utf-8"))
