"""A batch: a file of tasks, one entry each, and the arguments of `apprentice run` that it stands for.

TOML holds `[[task]]` tables and, for what all of them share, `[defaults]`; JSON Lines hold one object a line. The whole file is checked
before the first task begins.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Interval
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from agent.answer import AnswerSchema
from agent.guard import origin_of
from agent.guard.policy import load_policy_file
from agent.outcome_checks import parse_expectation
from browser.errors import UsageError
from tui.settings import Consequences, Count, Origins, Text, allowed
from tui.steps import parse_steps

FORMAT = "docs/headless.md describes batch files"
SHARED = "defaults"
PATHS = ("steps", "output_schema", "policy")
"""Keys that name a file; relative ones begin at the batch's folder."""


def _address(value: str) -> str:
    origin_of(value)
    if not value.startswith(("http://", "https://")):
        raise ValueError("an address begins with http:// or https://")
    return value


def _assertion(value: str) -> str:
    parse_expectation(value)
    return value


class BatchTask(BaseModel):
    """One task of a batch. All but `task` and `url` may be left out."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    id: Annotated[str, Field(pattern=r"^[\w.-]{1,64}$")]
    """Up to 64 letters, digits, `_`, `.` and `-`: names the task in results; without it, the task's number"""
    task: Text
    """A text: what to do"""
    url: Annotated[str, AfterValidator(_address)]
    """An address that begins with http:// or https://: where to begin"""
    app: str = ""
    """A text: the app's name, under which lessons are kept; without it, the address's origin"""
    steps: str = ""
    """Path of a file of actions: they are performed instead of asking a model"""
    expect: list[Annotated[str, AfterValidator(_assertion)]] = []
    """A list of assertions as `--expect` takes them: how the task must end"""
    output_schema: str = ""
    """Path of a JSON Schema: what the answer must fit"""
    approve: Consequences = []
    """A list of change, send, pay, delete, publish, grant: consequences allowed without asking"""
    allow: Origins = []
    """A list of addresses: further origins that the task may use"""
    policy: str = ""
    """Path of a policy file: what is approved or refused without asking"""
    max_steps: Count | None = None
    """A whole number, at least 1: steps that the task may take"""
    max_seconds: Annotated[float, Interval(ge=1)] | None = Field(default=None, allow_inf_nan=False)
    """A number, at least 1: seconds that the task may take"""
    max_tokens: Count | None = None
    """A whole number, at least 1: tokens of prompts and actions together"""

    @property
    def origins(self) -> frozenset[str]:
        """Where the task may work: no other task runs there at the same time."""
        return frozenset(map(origin_of, (self.url, *self.allow)))

    @property
    def key(self) -> str:
        """Hash of the task as written: another one when anything in it changes."""
        written = json.dumps(self.model_dump(exclude_unset=True), sort_keys=True)
        return hashlib.sha256(written.encode()).hexdigest()[:16]

    def arguments(self) -> list[str]:
        """Return the arguments of `apprentice run` that do this task; the task itself comes last, whatever it begins with."""
        given: list[str] = ["--url", self.url, "--headless", "--json"]
        for name in ("app", "steps", "output_schema", "policy", "max_steps", "max_seconds", "max_tokens"):
            value = getattr(self, name)
            if value:
                given += [f"--{name.replace('_', '-')}", str(value)]
        if self.approve:
            given += ["--approve", ",".join(self.approve)]
        for name in ("allow", "expect"):
            for value in getattr(self, name):
                given += [f"--{name}", value]
        return [*given, "--", self.task]


def load_batch(path: Path) -> list[BatchTask]:
    """Read a file of tasks. Raises UsageError that names the file, the entry and the key."""
    entries, shared = _entries(path)
    if not entries:
        raise UsageError(f"{path} has no tasks", f"Write one entry a task; {FORMAT}")
    for key in ("id", "task"):
        if key in shared:
            raise UsageError(f"{path}: {SHARED}: {key} cannot be shared", f"Write it into each task; {FORMAT}")
    tasks: list[BatchTask] = []
    seen: dict[str, str] = {}
    for number, (name, entry) in enumerate(entries, start=1):
        task = _task(path, name, {"id": str(number), **shared, **entry})
        if task.id in seen:
            raise UsageError(
                f"{path}: {name}: id: {task.id!r} is {seen[task.id]}'s already", "Give each task an id of its own"
            )
        seen[task.id] = name
        tasks.append(task)
    return tasks


def _entries(path: Path) -> tuple[list[tuple[str, Mapping[str, Any]]], Mapping[str, Any]]:
    """Return the entries, each with the name that errors give it, and what they share."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"{path} cannot be read: {reason}", f"Give a TOML or JSONL file; {FORMAT}") from error
    if path.suffix == ".jsonl":
        numbered = [(f"line {number}", line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
        return [(name, _object(path, name, line)) for name, line in numbered], {}
    if path.suffix != ".toml":
        raise UsageError(f"{path} is neither TOML nor JSON Lines", "Name it .toml or .jsonl, as its contents are")
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no TOML: {error}", FORMAT) from error
    if unknown := set(data) - {"task", SHARED}:
        raise UsageError(f"{path}: unknown key {min(unknown)}", f"A batch has [[task]] tables and [{SHARED}]; {FORMAT}")
    tables, shared = data.get("task", []), data.get(SHARED, {})
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise UsageError(f"{path}: task: must be tables", f"Write [[task]], with two brackets; {FORMAT}")
    if not isinstance(shared, dict):
        raise UsageError(f"{path}: {SHARED}: must be a table", f"Write [{SHARED}]; {FORMAT}")
    return [(f"task {number}", table) for number, table in enumerate(tables, start=1)], shared


def _object(path: Path, name: str, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: {name} is no JSON: {error}", f"Write one object a line; {FORMAT}") from error
    if not isinstance(value, dict):
        raise UsageError(f"{path}: {name} is no object", f"Write one object a line; {FORMAT}")
    return value


def _task(path: Path, name: str, entry: Mapping[str, Any]) -> BatchTask:
    """Check one entry and the files that it names."""
    placed = {
        key: str(path.parent / Path(value).expanduser()) if key in PATHS and value and isinstance(value, str) else value
        for key, value in entry.items()
    }
    try:
        task = BatchTask.model_validate(placed)
    except ValidationError as error:
        raise _explained(error, f"{path}: {name}") from error
    try:
        if task.steps:
            parse_steps(Path(task.steps))
        if task.policy:
            load_policy_file(Path(task.policy))
        if task.output_schema:
            AnswerSchema.load(Path(task.output_schema))
    except UsageError as error:
        raise UsageError(f"{path}: {name}: {error.message}", error.next_step) from error
    return task


def _explained(error: ValidationError, where: str) -> UsageError:
    fault = error.errors(include_url=False)[0]
    key = str(fault["loc"][0])
    field = BatchTask.model_fields.get(key)
    if field is None:
        return UsageError(f"{where}: unknown key {key}", f"The keys are {', '.join(BatchTask.model_fields)}")
    if fault["type"] == "missing":
        return UsageError(f"{where}: {key} is missing", f"{key} is {allowed(field)}")
    message = " ".join(str(fault["msg"]).removeprefix("Value error, ").split()).rstrip(".")
    return UsageError(f"{where}: {key}: {message}", f"{key} is {allowed(field)}")
