"""The vault: the person's secrets, kept by the operating system's keyring or in an encrypted file, and bound to their origins."""

from agent.secrets.boxes import Box, FileBox, KeyringBox
from agent.secrets.open import Keys, open_vault
from agent.secrets.vault import Grant, Secret, SecretError, Vault

__all__ = ["Box", "FileBox", "Grant", "KeyringBox", "Keys", "Secret", "SecretError", "Vault", "open_vault"]
