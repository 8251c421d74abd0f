"""Every setting: its name, its default, what it may be. `docs/configuration.md` is written from this module."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Interval
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from agent.guard import APPROVABLE, origin_of
from tui.config import PREFIX


def _listed(value: Any) -> Any:
    """Take `send, pay` for a list, as flags and variables write one."""
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value


def _origin(value: str) -> str:
    if value != "".join(value.split()):
        raise ValueError("an address has no spaces")
    origin_of(value)
    return value


def _consequence(value: str) -> str:
    if value not in APPROVABLE:
        raise ValueError(f"it may hold {', '.join(APPROVABLE)}")
    return value


def _key(value: str) -> str:
    name, _, key = value.partition("=")
    if not name.strip() or not key.strip():
        raise ValueError("write for example session.stop=f7")
    return f"{name.strip()}={key.strip()}"


def _not_empty(value: str) -> str:
    if not value.strip():
        raise ValueError("may not be empty")
    return value


Text = Annotated[str, AfterValidator(_not_empty)]
Count = Annotated[int, Interval(ge=1)]
Consequences = Annotated[list[Annotated[str, AfterValidator(_consequence)]], NoDecode, BeforeValidator(_listed)]
Keys = Annotated[list[Annotated[str, AfterValidator(_key)]], NoDecode, BeforeValidator(_listed)]
Origins = Annotated[list[Annotated[str, AfterValidator(_origin)]], NoDecode, BeforeValidator(_listed)]


class Settings(BaseModel):
    """What can be configured. The same keys hold in the file, in each of its profiles, and as APPRENTICE_KEY in the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    model: Text = "embedded"
    """`embedded`, or a folder with config.json and safetensors files: the base model"""
    adapter: Text = "champion"
    """`champion`, `none`, or an adapter's id: which adapter acts"""
    browser: str = ""
    """Path or name of a program of the Chromium family: the browser; without it, one is found"""
    headless: bool = False
    """true or false: work without a window, with nobody to ask"""
    lessons: bool = True
    """true or false: read the lessons that fit the task"""
    screenshots: bool = True
    """true or false: keep a picture of every step"""
    max_steps: Count = 40
    """A whole number, at least 1: steps a task may take"""
    max_seconds: Annotated[float, Interval(ge=1)] = Field(default=1800.0, allow_inf_nan=False)
    """A number, at least 1: seconds a task may take"""
    max_tokens: Count | None = None
    """A whole number, at least 1: tokens that a task's prompts and actions may have together; without it, no limit"""
    approve: Consequences = []
    """A list of change, send, pay, delete, publish, grant: consequences allowed without asking"""
    allow: Origins = []
    """A list of addresses: further origins a task may use"""
    policy: str = ""
    """Path of a policy file, relative to the configuration's folder: what is approved or refused without asking"""
    jobs: Annotated[int, Interval(ge=1, le=64)] = 1
    """A whole number from 1 to 64: tasks of a batch that run at the same time"""
    keys: Keys = []
    """A list of action=key, like session.stop=f7: other keys of the dashboard; the help of a screen names its actions"""
    theme: str = ""
    """A theme of the dashboard, like ansi-dark, ansi-light, textual-light or nord: its colours"""


class FromEnvironment(Settings, BaseSettings):
    """The settings that the environment names."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment alone: files are layers of their own."""
        return (env_settings,)


def allowed(field: FieldInfo) -> str:
    """Say what a setting may be, as its own description does."""
    text = (field.description or "").partition(":")[0]
    return text[:1].lower() + text[1:]
