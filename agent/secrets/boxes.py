"""Where a vault lies: the operating system's keyring, or a file that only a passphrase or a key file opens."""

from __future__ import annotations

import base64
import json
import os
import secrets as randomness
from pathlib import Path
from typing import Protocol

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordDeleteError

from browser.errors import StorageError, UsageError

SERVICE = "apprentice"
_INDEX = "apprentice:names"
"""The entry that lists the names: keyrings find an entry, they do not list them."""
_SCRYPT = {"length": 32, "n": 2**15, "r": 8, "p": 1}
"""About a tenth of a second, and 32 MB, for each guess at a passphrase."""


class Box(Protocol):
    """Texts by name, encrypted at rest."""

    @property
    def place(self) -> str:
        """Where it is, in words."""
        ...

    def names(self) -> list[str]:
        """List the names."""
        ...

    def read(self, name: str) -> str | None:
        """Return the text of this name, None when there is none."""
        ...

    def write(self, name: str, text: str) -> None:
        """Keep a text."""
        ...

    def delete(self, name: str) -> None:
        """Forget a text."""
        ...


class KeyringBox:
    """One entry of the system's keyring for each secret, and one for the names."""

    def __init__(self, keyring: KeyringBackend) -> None:
        self._keyring = keyring

    @property
    def place(self) -> str:
        """Name the keyring."""
        return f"the system's keyring ({self._keyring.name})"

    def names(self) -> list[str]:
        """List the names."""
        text = self._ask(_INDEX)
        return list(json.loads(text)) if text else []

    def read(self, name: str) -> str | None:
        """Return the text of this name, None when there is none."""
        return self._ask(name)

    def write(self, name: str, text: str) -> None:
        """Keep a text; its name is listed before, so that no entry is ever lost from sight."""
        self._index({*self.names(), name})
        self._tell(name, text)

    def delete(self, name: str) -> None:
        """Forget a text."""
        try:
            self._keyring.delete_password(SERVICE, name)
        except PasswordDeleteError:  # it was not there
            pass
        except KeyringError as error:
            raise _refused(error) from error
        self._index({*self.names()} - {name})

    def _index(self, names: set[str]) -> None:
        self._tell(_INDEX, json.dumps(sorted(names)))

    def _ask(self, name: str) -> str | None:
        try:
            return self._keyring.get_password(SERVICE, name)
        except KeyringError as error:
            raise _refused(error) from error

    def _tell(self, name: str, text: str) -> None:
        try:
            self._keyring.set_password(SERVICE, name, text)
        except KeyringError as error:
            raise _refused(error) from error


def _refused(error: KeyringError) -> StorageError:
    return StorageError(
        f"the system's keyring refuses: {type(error).__name__}", "Unlock it, or keep the vault in a file (--key-file)"
    )


class FileBox:
    """One encrypted file. Names and origins are inside, too: without the key it says only how large it is.

    Fernet (AES-128-CBC with HMAC-SHA256) under a key that scrypt makes of the passphrase or the key file and the file's own salt.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        """Open the file, or begin a new one. Raises UsageError for the wrong key, StorageError for a damaged file."""
        self._path = path
        stored = self._load()
        self._salt = stored[0] if stored else randomness.token_bytes(16)
        derived = Scrypt(salt=self._salt, **_SCRYPT).derive(key)
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))
        self._texts: dict[str, str] = self._decrypt(stored[1]) if stored else {}

    @property
    def place(self) -> str:
        """Name the file."""
        return f"the encrypted file {self._path}"

    def names(self) -> list[str]:
        """List the names."""
        return list(self._texts)

    def read(self, name: str) -> str | None:
        """Return the text of this name, None when there is none."""
        return self._texts.get(name)

    def write(self, name: str, text: str) -> None:
        """Keep a text."""
        self._save({**self._texts, name: text})

    def delete(self, name: str) -> None:
        """Forget a text."""
        self._save({other: text for other, text in self._texts.items() if other != name})

    def _load(self) -> tuple[bytes, bytes] | None:
        try:
            record = json.loads(self._path.read_bytes())
            return base64.b64decode(record["salt"]), record["box"].encode()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(f"{self._path} cannot be read: {error.strerror}", "Make it readable for you") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StorageError(f"{self._path} is damaged", "Put a backup in its place, or move it aside") from error

    def _decrypt(self, box: bytes) -> dict[str, str]:
        try:
            return json.loads(self._fernet.decrypt(box))
        except InvalidToken as error:
            raise UsageError(
                f"this key does not open {self._path}", "Give the passphrase or the key file it was made with"
            ) from error

    def _save(self, texts: dict[str, str]) -> None:
        """Write a new file beside the old one and put it in its place: there is always a whole one."""
        box = self._fernet.encrypt(json.dumps(texts).encode()).decode()
        record = json.dumps({"version": 1, "salt": base64.b64encode(self._salt).decode(), "box": box})
        aside = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
        try:
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
                file.write(record)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self._path)
        except OSError as error:
            raise StorageError(f"{self._path} cannot be written: {error.strerror}", "Make room for it") from error
        self._texts = texts
