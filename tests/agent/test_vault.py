"""The vault keeps secrets encrypted or not at all, and gives a value only to a field of its own origin."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import PasswordDeleteError
from llguidance import LLMatcher

from agent.grammar import action_grammar
from agent.policy.encode import Encoder
from agent.policy.tokens import grammar_tokenizer
from agent.prompt import Transcript
from agent.secrets import FileBox, Grant, KeyringBox, Keys, Secret, SecretError, Vault, open_vault
from agent.secrets.open import system_keyring
from agent.secrets.taught import as_taught, named
from browser.actions import Action, ActionFailed, Verb, parse
from browser.errors import StorageError, UsageError
from browser.types import Line, Observation

BANK = "https://bank.example"
LOGIN = Observation(
    f"{BANK}/login",
    "Log in",
    (Line("textbox", "User", 1), Line("textbox", "Password", 2, states=("secret",)), Line("button", "Go", 3)),
)


class InMemory(KeyringBackend):
    """What a desktop's keyring does, for machines that have none: the library's own interface for backends."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.entries:
            raise PasswordDeleteError("not there")
        del self.entries[service, username]


@pytest.fixture(params=["keyring", "file"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Vault]:
    keyring = InMemory()
    if request.param == "keyring":
        return lambda: Vault(KeyringBox(keyring))
    return lambda: Vault(FileBox(tmp_path / "vault.json", b"a passphrase"))


def test_what_is_kept_is_there_again(reopen: Callable[[], Vault]) -> None:
    vault = reopen()
    vault.set("bank", "correct horse", [BANK, "https://bank.example:443/login"])
    vault.set("mail", "battery staple", ["http://127.0.0.1:8000"])
    vault.set("bank", "another one", [BANK])
    vault = reopen()
    assert vault.names() == ["bank", "mail"]
    assert vault.get("bank") == Secret("bank", (BANK,), "another one")
    vault.remove("bank")
    assert [secret.value for secret in reopen().secrets()] == ["battery staple"]
    with pytest.raises(UsageError, match="no secret 'bank'"):
        reopen().remove("bank")


@pytest.mark.parametrize(
    ("name", "value", "origins", "said"),
    [
        ("Bank", "correct horse", [BANK], "no name for a secret"),
        ("a b", "correct horse", [BANK], "no name for a secret"),
        ("bank", "12345", [BANK], "cannot be kept out of the log"),
        ("bank", "        ", [BANK], "cannot be kept out of the log"),
        ("bank", "textbox", [BANK], "cannot be kept out of the log"),
        ("bank", "correct horse", [], "belongs to an origin"),
        ("bank", "correct horse", ["ftp://bank.example"], "not a web address"),
    ],
)
def test_what_will_not_do_is_one_clear_error_without_the_value(
    reopen: Callable[[], Vault], name: str, value: str, origins: list[str], said: str
) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        reopen().set(name, value, origins)
    assert value not in str(caught.value) or not value.strip()
    assert reopen().names() == []


def test_a_secret_does_not_show_in_errors_and_reprs() -> None:
    secret = Secret("bank", (BANK,), "correct horse")
    assert "correct horse" not in f"{secret!r} {secret} {Grant({'bank': secret})!r}"


def test_the_file_says_nothing_without_its_key(tmp_path: Path) -> None:
    path = tmp_path / "vault.json"
    Vault(FileBox(path, b"a passphrase")).set("bank", "correct horse", [BANK])
    data = path.read_bytes()
    assert [word for word in (b"bank", b"correct", b"horse") if word in data] == []
    assert path.stat().st_mode & 0o777 == 0o600
    assert [other.name for other in tmp_path.iterdir()] == ["vault.json"]
    with pytest.raises(UsageError, match="does not open"):
        FileBox(path, b"another passphrase")
    record = json.loads(data)
    path.write_text(json.dumps({**record, "box": record["box"][:-8] + "AAAAAAA="}))
    with pytest.raises(UsageError, match="does not open"):
        FileBox(path, b"a passphrase")
    path.write_bytes(data[:40])
    with pytest.raises(StorageError, match="is damaged"):
        FileBox(path, b"a passphrase")


def test_never_in_plain_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    path = tmp_path / "vault.json"
    assert open_vault(Keys(), path=path) is None
    if system_keyring() is None:  # a machine without a keyring, or one whose keyring keeps nothing
        with pytest.raises(SecretError, match="never written in plain text"):
            open_vault(Keys(), path=path, create=True)
    assert not path.exists()


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring, InMemory])
def test_a_keyring_that_is_not_known_to_encrypt_is_none(backend: type[KeyringBackend]) -> None:
    import keyring

    before = keyring.get_keyring()
    keyring.set_keyring(backend())
    try:
        assert system_keyring() is None
    finally:
        keyring.set_keyring(before)


def test_a_key_file_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    path, key = tmp_path / "vault.json", tmp_path / "key"
    vault = open_vault(Keys(key), path=path, create=True)
    assert vault is not None
    vault.set("bank", "correct horse", [BANK])
    assert key.stat().st_mode & 0o777 == 0o600
    again = open_vault(Keys(key), path=path)
    assert again is not None
    assert again.names() == ["bank"]
    with pytest.raises(SecretError, match="is locked"):
        open_vault(Keys(), path=path)
    with pytest.raises(StorageError, match="cannot be read"):
        open_vault(Keys(tmp_path / "nowhere"), path=path)  # a lost key is not made anew
    key.chmod(0o644)
    with pytest.raises(UsageError, match="others can read"):
        open_vault(Keys(key), path=path)


def test_a_value_leaves_only_for_its_own_origin_and_only_when_granted() -> None:
    grant = Grant({"bank": Secret("bank", (BANK,), "correct horse")})
    assert grant.resolve("bank", BANK) == "correct horse"
    for name, origin in (("bank", "https://bank.example.evil.example"), ("bank", "null"), ("bank", ""), ("mail", BANK)):
        with pytest.raises(ActionFailed) as caught:
            grant.resolve(name, origin)
        assert "correct horse" not in str(caught.value)
        assert "\n" not in str(caught.value)


# ---- what a policy can write ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def accepts(tiny_tokenizer: Any) -> Callable[..., bool]:
    encoder = Encoder(tiny_tokenizer)
    tokens = grammar_tokenizer(encoder, len(tiny_tokenizer))

    def check(text: str, *secrets: str) -> bool:
        matcher = LLMatcher(tokens, LLMatcher.grammar_from_lark(action_grammar(LOGIN, secrets=secrets)))
        assert not matcher.is_error(), matcher.get_error()
        ids = encoder.text(text + "\n")
        return matcher.try_consume_tokens(ids) == len(ids) and matcher.is_accepting()

    return check


def test_a_secret_field_takes_a_granted_secret_and_nothing_made_up(accepts: Callable[..., bool]) -> None:
    assert accepts('type "Password" [2] <secret:bank>', "bank", "mail")
    assert accepts('type "User" [1] "dana"', "bank")
    assert not accepts('type "Password" [2] <secret:mail>', "bank")
    assert not accepts('type "Password" [2] "guessed"', "bank")
    assert not accepts('type "User" [1] <secret:bank>', "bank")


def test_without_a_grant_grammar_and_prompt_are_what_they_were(accepts: Callable[..., bool]) -> None:
    assert not accepts('type "Password" [2] <secret:bank>')
    assert accepts('type "Password" [2] "typed"')
    assert "secret:" not in action_grammar(LOGIN)
    plain, elsewhere = Transcript("t"), Transcript("t", granted={"mail": ["https://mail.example"]})
    here = Transcript("t", granted={"bank": [BANK]})
    for transcript in (plain, elsewhere, here):
        transcript.start(LOGIN)
    assert plain.prompt() == elsewhere.prompt()
    assert here.prompt().secrets == ("bank",)
    assert here.prompt().user == plain.prompt().user


def test_a_model_with_a_manual_is_told_the_names() -> None:
    transcript = Transcript("t", with_manual=True, granted={"bank": [BANK]})
    transcript.start(LOGIN)
    assert "Secrets: <secret:bank>" in transcript.prompt().user


@pytest.mark.parametrize(
    "line", ['click "Go" [3] <secret:bank>', "type <secret:bank>", 'type "P" [2] <secret:Bank>', "find <secret:x>"]
)
def test_secrets_are_only_typed(line: str) -> None:
    with pytest.raises(ValueError, match=r"write it as|not an action|names no control"):
        parse(line)


def test_a_secret_is_written_and_read_by_its_name() -> None:
    action = Action(Verb.TYPE, "Password", 2, secret="bank.main-2")
    assert action.render() == 'type "Password" [2] <secret:bank.main-2>'
    assert parse(action.render()) == action
    assert parse('type "Password" [2] "<secret:bank>"') == Action(Verb.TYPE, "Password", 2, "<secret:bank>")


def test_a_typed_password_becomes_a_name_or_stays_the_persons() -> None:
    typed = Action(Verb.TYPE, "Password", 2, "<secret>")
    assert named(typed, LOGIN, {"bank": [BANK]}) == Action(Verb.TYPE, "Password", 2, secret="bank")
    assert named(typed, LOGIN, {"bank": [BANK], "other": [BANK]}) == typed  # which of them is not known
    assert (
        as_taught(typed, LOGIN, {"mail": ["https://mail.example"]}).render()
        == 'ask "Please type Password into the page yourself"'
    )
    assert as_taught(parse('type "User" [1] "dana"'), LOGIN, {}) == parse('type "User" [1] "dana"')
