"""Which vault to open: a file where the person chose one, else the system's keyring, else none: never a file that is not encrypted."""

from __future__ import annotations

import os
import secrets as randomness
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keyring
from keyring.backend import KeyringBackend

from agent.paths import data_dir
from agent.secrets.boxes import FileBox, KeyringBox
from agent.secrets.vault import SecretError, Vault
from browser.errors import StorageError, UsageError

KEY_FILE_VARIABLE = "APPRENTICE_VAULT_KEY_FILE"
_ENCRYPTED = ("keyring.backends.SecretService", "keyring.backends.kwallet", "keyring.backends.libsecret")
_SYSTEM = ("keyring.backends.macOS", "keyring.backends.Windows")
LEAST_KEY = 16


@dataclass(frozen=True, slots=True)
class Keys:
    """What opens a vault in a file."""

    file: Path | None = None
    """A key file; a new vault makes it when it is not there."""
    passphrase: Callable[[bool], str] | None = None
    """Asks the person; told whether the vault is new, so that it is asked twice."""

    @classmethod
    def from_environment(cls, file: Path | None = None, passphrase: Callable[[bool], str] | None = None) -> Keys:
        """Take the key file that was named, or the one that the environment names."""
        named = os.environ.get(KEY_FILE_VARIABLE, "").strip()
        return cls(file or (Path(named).expanduser() if named else None), passphrase)


def vault_path() -> Path:
    """Return where a vault in a file lies. It may not exist."""
    return data_dir() / "vault.json"


def system_keyring() -> KeyringBackend | None:
    """Return the system's keyring; None where there is none, or only one that keeps secrets in plain text or not at all."""
    found = keyring.get_keyring()
    chained: list[KeyringBackend] = getattr(found, "backends", [found])
    return next((one for one in chained if type(one).__module__.startswith((*_ENCRYPTED, *_SYSTEM))), None)


def open_vault(keys: Keys, *, path: Path | None = None, create: bool = False) -> Vault | None:
    """Open the person's vault; None when there is none yet and none is to be made.

    A file, once there, is the vault. Raises SecretError when it cannot be opened for want of a key, or when one is to be made and
    neither a keyring nor a key is there; UsageError for the wrong key.
    """
    path = path or vault_path()
    if path.exists() or (create and (keys.file is not None or keys.passphrase is not None)):
        return Vault(FileBox(path, _key(keys, path)))
    if (system := system_keyring()) is not None:
        return Vault(KeyringBox(system))
    if create:
        raise SecretError(
            "this machine has no keyring to keep secrets in, and they are never written in plain text",
            "Choose an encrypted file: --key-file PATH, or --passphrase",
        )
    return None


def _key(keys: Keys, path: Path) -> bytes:
    if keys.file is not None:
        return _read_key(keys.file, is_new=not path.exists())
    if keys.passphrase is not None:
        return keys.passphrase(not path.exists()).encode()
    raise SecretError(
        f"the vault {path} is locked",
        f"Name its key file in ${KEY_FILE_VARIABLE} or with --key-file, or add --passphrase",
    )


def _read_key(file: Path, *, is_new: bool) -> bytes:
    try:
        if is_new and not file.exists():
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as made:
                made.write(randomness.token_hex(32).encode())
        key = file.read_bytes().strip()
    except OSError as error:
        raise StorageError(f"the key file {file} cannot be read: {error.strerror}", "Name another one") from error
    if len(key) < LEAST_KEY:
        raise UsageError(f"the key file {file} is too short to be a key", f"It needs {LEAST_KEY} bytes")
    if os.name == "posix" and file.stat().st_mode & 0o077:
        raise UsageError(f"others can read the key file {file}", f"chmod 600 {file}")
    return key
