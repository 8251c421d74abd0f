"""`apprentice secret`: what the agent may type without ever seeing it."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from browser.errors import UsageError
from tui.output import err, note, print_json, print_table, say

secret = typer.Typer(
    help="Keep secrets that the agent may type without seeing them.", no_args_is_help=True, rich_markup_mode=None
)

KeyFile = Annotated[
    Path | None,
    typer.Option(help="Keep the vault in a file that this key file opens; a new one is made for a new vault."),
]
Passphrase = Annotated[bool, typer.Option("--passphrase", help="Keep the vault in a file that a passphrase opens.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@secret.command("set")
def set_(
    name: Annotated[str, typer.Argument(help="Lower case; the agent writes <secret:NAME>.")],
    origin: Annotated[list[str], typer.Option(help="Where it may be typed, and nowhere else; can be repeated.")],
    key_file: KeyFile = None,
    passphrase: Passphrase = False,
    as_json: AsJson = False,
) -> None:
    """Keep a secret: its value is asked for, or read from standard input, and is never an argument."""
    from agent.secrets import open_vault

    vault = open_vault(keys(key_file, passphrase=passphrase), create=True)
    assert vault is not None, "one was to be made"
    kept = vault.set(name, _read_value(name), origin)
    if as_json:
        print_json({"name": kept.name, "origins": list(kept.origins), "place": vault.place})
    else:
        say(f"<secret:{kept.name}> is kept in {vault.place}, for {', '.join(kept.origins)} only")
        note(f"let a session use it: apprentice run … --secret {kept.name}")


@secret.command("list")
def list_(key_file: KeyFile = None, passphrase: Passphrase = False, as_json: AsJson = False) -> None:
    """List names and origins; values are never shown."""
    from agent.secrets import open_vault

    vault = open_vault(keys(key_file, passphrase=passphrase))
    rows = vault.secrets() if vault is not None else []
    if as_json:
        print_json([{"name": row.name, "origins": list(row.origins)} for row in rows])
    elif rows:
        print_table(["secret", "origins"], [[f"<secret:{row.name}>", ", ".join(row.origins)] for row in rows])
    else:
        say("no secrets are kept")


@secret.command("remove")
def remove(
    name: Annotated[str, typer.Argument(help="The secret to forget.")],
    key_file: KeyFile = None,
    passphrase: Passphrase = False,
    as_json: AsJson = False,
) -> None:
    """Forget a secret."""
    from agent.secrets import open_vault

    vault = open_vault(keys(key_file, passphrase=passphrase))
    if vault is None:
        raise UsageError("no secrets are kept", "apprentice secret set keeps one")
    vault.remove(name)
    if as_json:
        print_json({"removed": name})
    else:
        say(f"<secret:{name}> is forgotten")


def keys(file: Path | None, *, passphrase: bool = False):  # noqa: ANN201 - its module is heavy, and imported inside
    """Return what opens the vault: the key file named here or in the environment, or a passphrase that is asked for."""
    from agent.secrets import Keys

    return Keys.from_environment(file, ask_passphrase if passphrase else None)


def ask_passphrase(is_new: bool) -> str:
    """Ask for the vault's passphrase; twice for a new vault."""
    given = _hidden("Passphrase of the vault: ")
    if is_new and (len(given) < 8 or given != _hidden("Again: ")):
        raise UsageError(
            "the passphrase is too short, or the two are not the same", "Give one of at least 8 characters"
        )
    return given


def _read_value(name: str) -> str:
    if sys.stdin.isatty():
        return _hidden(f"Value of {name}: ")
    return sys.stdin.readline().rstrip("\r\n")


def _hidden(prompt: str) -> str:
    if not sys.stdin.isatty():
        err().print(prompt, end="", markup=False)
        return sys.stdin.readline().rstrip("\r\n")
    return getpass.getpass(prompt)
