"""The policy file: what it may say, what it says when it is wrong, and that its page tells the truth."""

import re
from pathlib import Path

import pytest

from agent.guard import Consequence
from agent.guard.policy import PolicyFile, load_policy_file
from browser.errors import UsageError

DOCS = Path(__file__).parents[2] / "docs" / "policy.md"


def write(folder: Path, text: str) -> Path:
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_empty_file_allows_nothing(tmp_path: Path) -> None:
    policy = load_policy_file(write(tmp_path, ""))
    assert policy == PolicyFile()
    assert (policy.approve, policy.origins.write, policy.manners.pace_seconds) == ((), (), 1.0)


def test_the_example_of_the_page_is_a_policy(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    policy = load_policy_file(write(tmp_path, example))
    assert policy.approve and policy.deny and policy.no_agents and policy.origins.read and policy.flows
    assert Consequence.SEND in policy.approve


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("approve = ['explode']", "approve.0"),
        ("aprove = ['send']", "aprove"),
        ("[origins]\nwrite = ['ftp://a.example']", "origins.write.0"),
        ("[origins]\nreed = []", "origins.reed"),
        ("[[flows]]\nsource = 'https://a.example'", "flows.0.target"),
        ("[manners]\npace_seconds = 0.1", "manners.pace_seconds"),
        ("no_agents = 'https://a.example'", "no_agents"),
    ],
)
def test_a_mistake_is_named_with_file_and_key(tmp_path: Path, text: str, key: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as error:
        load_policy_file(path)
    assert f"the policy {path}: {key}: " in error.value.message and "docs/policy.md" in error.value.next_step


@pytest.mark.parametrize("text", ["approve = [", b"\xff\xfe".decode("latin-1") + "="])
def test_what_is_no_toml_is_one_clear_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_policy_file(write(tmp_path, text))
    with pytest.raises(UsageError, match="cannot be read"):
        load_policy_file(tmp_path / "absent.toml")


def test_the_page_lists_every_key_and_no_other() -> None:
    table = DOCS.read_text("utf-8").split("## Consequences")[0]
    listed = set(re.findall(r"^\| `([a-z_.]+)` \|", table, re.MULTILINE))
    keys: set[str] = set()
    for name, info in PolicyFile.model_fields.items():
        inner = getattr(info.annotation, "model_fields", None)
        if name == "flows":
            keys |= {"flows.source", "flows.target"}
        elif inner:
            keys |= {f"{name}.{key}" for key in inner}
        else:
            keys.add(name)
    assert listed == keys
    for consequence in Consequence:
        assert f"`{consequence}`" in DOCS.read_text("utf-8")
