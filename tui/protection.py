"""The vault in a command: which secrets its session may type, and how all of them are kept out of what it writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent.redaction import Redactor
from browser.errors import UsageError
from tui import output

if TYPE_CHECKING:
    from agent.secrets import Grant, Vault


@dataclass(frozen=True, slots=True)
class Protection:
    """What a session needs to know of the vault."""

    redactor: Redactor
    grant: Grant
    vault: Vault | None = None

    def places(self) -> dict[str, tuple[str, ...]]:
        """Return the origins of all secrets, by name: granted or not, the person may type them."""
        return {secret.name: secret.origins for secret in self.vault.secrets()} if self.vault else {}


def protect(names: Sequence[str] = (), key_file: Path | None = None) -> Protection:
    """Open the vault, grant these secrets, and keep all of its values out of everything that this process writes.

    Raises UsageError for a secret that is not there, SecretError when it cannot be got at. Without a name, a locked vault is only
    noted: its values cannot be recognised then, but nobody types them either.
    """
    # Keyring and cryptography are imported here: no other command waits for them.
    from agent.secrets import Grant, Keys, SecretError, open_vault
    from agent.secrets.process import keep_out_of_logs

    try:
        vault = open_vault(Keys.from_environment(key_file))
    except SecretError as error:
        if names:
            raise
        output.note(f"{error.message}: should a page show what is in it, that cannot be recognised")
        vault = None
    if names and vault is None:
        raise UsageError(f"no secret {names[0]!r} is kept", "apprentice secret set keeps one")
    redactor = Redactor(secret.value for secret in vault.secrets()) if vault else Redactor()
    output.keep_out(redactor)
    keep_out_of_logs(redactor)
    return Protection(redactor, vault.grant(names) if vault else Grant(), vault)
