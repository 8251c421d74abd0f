"""The policy file: what a person allows and forbids once, for many tasks. TOML; docs/policy.md is checked against this module."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from agent.guard.consequences import Consequence
from agent.guard.origins import origin_of
from browser.errors import UsageError

Origin = Annotated[str, AfterValidator(origin_of)]
"""An address, kept as scheme, host and port."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class OriginsTable(_Table):
    """Origins beside that of the start page."""

    write: tuple[Origin, ...] = Field(
        default=(), description="Addresses of other apps that a task may read and change."
    )
    read: tuple[Origin, ...] = Field(
        default=(),
        description="Addresses that a task may only read: nothing is typed there but searches, and nothing is pressed that "
        "changes something. An address here stays read-only even when it is the start page's.",
    )


class Flow(_Table):
    """A way by which words may travel from one app to another without asking."""

    source: Origin = Field(description="Where the words were read.")
    target: Origin = Field(description="Where they may be typed, selected or put into an address.")


class MannersTable(_Table):
    """How patient the agent is with sites on the public network."""

    pace_seconds: float = Field(
        default=1.0, ge=1.0, le=600, description="Least time between two page loads of one site."
    )
    max_wait_seconds: float = Field(
        default=60.0,
        ge=0,
        le=3600,
        description="The longest wait that a site may ask for (`Retry-After`); asked for more, the agent stops and hands over.",
    )


class PolicyFile(_Table):
    """Everything a policy file may say. What it does not say keeps its default; unknown keys are an error."""

    approve: tuple[Consequence, ...] = Field(
        default=(),
        description="Consequences that need no question: `send`, `pay`, `delete`, `publish`, `grant`; `change` lets a page's "
        'own "are you sure?" pass where nothing worse is at stake.',
    )
    deny: tuple[Consequence, ...] = Field(
        default=(), description="Consequences that are refused without a question. Stronger than `approve`."
    )
    no_agents: tuple[Origin, ...] = Field(
        default=(), description="Sites that want no agents. No task begins there, and none goes there."
    )
    origins: OriginsTable = OriginsTable()
    flows: tuple[Flow, ...] = Field(
        default=(), description="Ways by which words may travel between apps without asking."
    )
    manners: MannersTable = MannersTable()


def load_policy_file(path: Path) -> PolicyFile:
    """Read a policy file. Raises UsageError that names the file and the key."""
    advice = "docs/policy.md lists every key"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"the policy {path} cannot be read: {error}", advice) from error
    try:
        return PolicyFile.model_validate(data)
    except ValidationError as error:
        first: Any = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"the policy {path}: {key}: {first['msg']}", advice) from error
