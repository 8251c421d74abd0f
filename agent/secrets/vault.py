"""What the vault promises: a value leaves it only for a field of the secret's own origin, and only when the person granted it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from agent.guard import origin_of
from agent.redaction import LEAST_LENGTH, OWN_WORDS
from agent.secrets.boxes import Box
from browser.actions import SECRET_NAME, ActionFailed
from browser.errors import ApprenticeError, UsageError


class SecretError(ApprenticeError, RuntimeError):
    """The vault cannot be opened, or nothing safe is there to keep it in."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret. Neither its text form nor its place in an error ever shows the value."""

    name: str
    origins: tuple[str, ...]
    """Where it may be typed: scheme, host and port."""
    value: str = field(repr=False)


class Vault:
    """Secrets by name, in one box."""

    def __init__(self, box: Box) -> None:
        self._box = box

    @property
    def place(self) -> str:
        """Where the secrets are kept, in words."""
        return self._box.place

    def set(self, name: str, value: str, origins: Iterable[str]) -> Secret:
        """Keep a secret, in the place of one with the same name. Raises UsageError for a name, value or origin that will not do."""
        if not re.fullmatch(SECRET_NAME, name):
            raise UsageError(f"{name!r} is no name for a secret", "Use lower-case letters, digits, dots and hyphens")
        if len(value.strip()) < LEAST_LENGTH or value in OWN_WORDS:
            raise UsageError(
                f"a value of fewer than {LEAST_LENGTH} characters, or a common word, cannot be kept out of the log",
                "Leave it out of the vault, and type it yourself when the session hands over to you",
            )
        try:
            places = tuple(dict.fromkeys(origin_of(origin) for origin in origins))
        except ValueError as error:
            raise UsageError(str(error), "An origin looks like https://bank.example") from error
        if not places:
            raise UsageError("a secret belongs to an origin", "Add --origin https://bank.example")
        secret = Secret(name, places, value)
        self._box.write(name, json.dumps({"origins": list(places), "value": value}))
        return secret

    def remove(self, name: str) -> None:
        """Forget a secret. Raises UsageError when there is none of this name."""
        self.get(name)
        self._box.delete(name)

    def names(self) -> list[str]:
        """List the names, in order."""
        return sorted(self._box.names())

    def get(self, name: str) -> Secret:
        """Return a secret. Raises UsageError when there is none of this name."""
        text = self._box.read(name)
        if text is None:
            raise UsageError(f"the vault has no secret {name!r}", "apprentice secret list shows the names")
        record = json.loads(text)
        return Secret(name, tuple(record["origins"]), record["value"])

    def secrets(self) -> list[Secret]:
        """Return all secrets, in the order of their names."""
        return [self.get(name) for name in self.names()]

    def grant(self, names: Sequence[str]) -> Grant:
        """Let a session use these secrets. Raises UsageError when one is not there."""
        return Grant({name: self.get(name) for name in dict.fromkeys(names)})


@dataclass(frozen=True, slots=True)
class Grant:
    """The secrets that the person granted to one session."""

    secrets: dict[str, Secret] = field(default_factory=dict, repr=False)

    def resolve(self, name: str, origin: str) -> str:
        """Return the value for a field of this origin. Raises ActionFailed, in one line, for any other origin or name."""
        secret = self.secrets.get(name)
        if secret is None:
            raise ActionFailed(f"<secret:{name}> was not granted to this session")
        if origin not in secret.origins:
            raise ActionFailed(
                f"<secret:{name}> belongs to {', '.join(secret.origins)}, not to {origin or 'this page'}"
            )
        return secret.value

    def places(self) -> dict[str, tuple[str, ...]]:
        """Return the origins of each name: what may be told to a policy."""
        return {name: secret.origins for name, secret in self.secrets.items()}
