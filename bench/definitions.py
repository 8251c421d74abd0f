"""App definitions: one TOML file an app says how to run it, and which skills can be taught in it and how they are judged.

Nothing about an app is in code. The format is documented in docs/bench.md; `load_app` checks every key and names the file and
the key when something is wrong.
"""

from __future__ import annotations

import os
import random
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from browser.actions import Action, parse
from browser.errors import UsageError

_HOLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Slot:
    """A value of a skill's task: one of `choice`, or drawn by `kind` (amount, number, date, words)."""

    name: str
    choice: tuple[str, ...] = ()
    kind: str = "words"
    differs_from: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """The outside view: how a success shows in the app's own data. Exactly one of http, sql, file."""

    http: str = ""
    auth: str = ""
    sql: str = ""
    database: str = ""
    file: str = ""
    match: Mapping[str, Any] | None = None
    pattern: str = ""
    added: int | None = None
    """How many records there must be more than before; None when that does not matter."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A value that the app itself must be asked for, such as the id behind a name."""

    http: str
    where: Mapping[str, Any]
    take: str
    auth: str = ""


@dataclass(frozen=True, slots=True)
class SkillSpec:
    """A skill that is taught once."""

    name: str
    start: str
    task: str
    wordings: tuple[str, ...]
    """Other ways to say it, for tests only: neither the lesson nor rehearsal ever sees them."""
    slots: tuple[Slot, ...]
    taught: Mapping[str, str]
    steps: tuple[str, ...]
    check: Check
    approve: tuple[str, ...] = ()
    values: Mapping[str, Lookup] = field(default_factory=dict)
    before_test: str = ""
    """A shell script run before the tests of each arm: people and things that were never seen before."""
    unrelated: bool = False
    """Not taught: measured before and after, to see what was forgotten."""

    def demonstration(self) -> tuple[str, list[Action]]:
        """Return the taught task and its actions."""
        return fill(self.task, self.taught), [parse(fill(step, self.taught)) for step in self.steps]

    def variant(self, seed: int) -> tuple[str, dict[str, str]]:
        """Draw a test: its values are not those that were taught, nor is its wording where the definition has others."""
        rng = random.Random(f"{self.name} {seed}")
        values: dict[str, str] = {}
        for slot in self.slots:
            taken = {values.get(slot.differs_from, ""), self.taught.get(slot.name, "")}
            value = draw_slot(slot, rng)
            while value in taken:
                value = draw_slot(slot, rng)
            values[slot.name] = value
        wording = rng.choice(self.wordings or (self.task,))
        return fill(wording, values), values

    def seeds(self, first: int, count: int) -> list[int]:
        """Return the seeds of `count` variants, from `first` on. A name that an earlier one gave to a thing is passed over: a slug,
        or the name of the check's file. The app would ask first, or would not.

        Raises UsageError when there are not so many.
        """
        names = [slot.name for slot in self.slots if slot.kind == "slug" or f"{{{slot.name}}}" in self.check.file]
        taken: set[str] = set()
        seeds: list[int] = []
        for seed in range(first, first + 100 * count):
            if len(seeds) == count:
                break
            values = self.variant(seed)[1]
            given = {values[name] for name in names}
            if not given & taken:
                seeds.append(seed)
                taken |= given
        if len(seeds) < count:
            raise UsageError(f"{self.name} has no {count} different names", "Ask for fewer --variants")
        return seeds


@dataclass(frozen=True, slots=True)
class AppSpec:
    """One app."""

    name: str
    install: str
    start: str
    seed: str
    ready: str
    login_start: str
    login_steps: tuple[str, ...]
    skills: tuple[SkillSpec, ...]
    file: Path

    def with_skills(self, skills: tuple[SkillSpec, ...]) -> AppSpec:
        """Return the app with skills after its own."""
        server = (self.name, self.install, self.start, self.seed, self.ready, self.login_start, self.login_steps)
        return AppSpec(*server, (*self.skills, *skills), self.file)


_FIRST = ("Ann", "Boris", "Celia", "Faisal", "Gwen", "Henrik", "Isla", "Jamal", "Keiko", "Lorenzo")
_THINGS = (
    *("breakfast", "taxi", "museum", "groceries", "hotel", "ferry", "parking", "concert", "picnic", "souvenirs"),
    *("pharmacy", "laundry", "bakery", "camping", "train", "brunch", "snorkel", "kayak", "postcards", "sunscreen"),
    *("lanterns", "firewood", "espresso", "aquarium"),
)


def draw_slot(slot: Slot, rng: random.Random) -> str:
    """Draw a value for a slot."""
    if slot.choice:
        return rng.choice(slot.choice)
    if slot.kind == "amount":
        return rng.choice(
            (
                str(rng.randint(3, 400)),
                f"{rng.randint(1, 90)}.{rng.randint(1, 9)}0",
                f"{rng.randint(1, 250)}.{rng.randint(11, 99)}",
            )
        )
    if slot.kind == "number":
        return str(rng.randint(2, 60))
    if slot.kind == "date":
        return f"2026-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
    if slot.kind == "name":
        return rng.choice(_FIRST)
    words = rng.sample(_THINGS, rng.choice((1, 2)))
    return " ".join(words).capitalize() if slot.kind == "words" else "_".join(words)


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into `{holes}`; braces that are no hole stay."""
    return _HOLE.sub(lambda match: values.get(match[1], match[0]), template)


def load_app(path: Path) -> AppSpec:
    """Read a definition; one with `app` has skills for the app of this path. Raises UsageError that names file and key."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "See docs/bench.md for the format") from error
    reader = _Reader(path, data)
    skills = tuple(
        _skill(_Reader(path, skill, f"skills.{index}."), skill) for index, skill in enumerate(data.get("skills", []))
    )
    if "app" in data:
        return load_app(Path(os.path.normpath(path / ".." / reader.text("app")))).with_skills(skills)
    server = reader.table("server")
    login = data.get("login", {})
    return AppSpec(
        reader.text("name"),
        server.get("install", ""),
        _Reader(path, server, "server.").text("start"),
        server.get("seed", ""),
        server.get("ready", "/"),
        login.get("start", ""),
        tuple(login.get("steps", ())),
        skills,
        path,
    )


def load_apps(folder: Path) -> list[AppSpec]:
    """Read every definition of a folder, in the order of their names."""
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise UsageError(
            f"no app definitions in {folder}", "Put one TOML file an app there; docs/bench.md describes it"
        )
    return [load_app(path) for path in paths]


@dataclass(frozen=True, slots=True)
class _Reader:
    path: Path
    data: Mapping[str, Any]
    prefix: str = ""

    def text(self, key: str) -> str:
        value = self.data.get(key)
        if not isinstance(value, str) or not value:
            raise UsageError(f"{self.path}: {self.prefix}{key} must be a text", "See docs/bench.md for the format")
        return value

    def table(self, key: str) -> dict[str, Any]:
        value = self.data.get(key)
        if not isinstance(value, dict):
            raise UsageError(f"{self.path}: {self.prefix}{key} must be a table", "See docs/bench.md for the format")
        return value


def _skill(reader: _Reader, skill: Mapping[str, Any]) -> SkillSpec:
    slots = tuple(
        Slot(name, tuple(slot.get("choice", ())), slot.get("kind", "words"), slot.get("differs_from", ""))
        for name, slot in skill.get("slots", {}).items()
    )
    taught = reader.table("taught")
    for slot in slots:
        if slot.choice and len(set(slot.choice) - {taught.get(slot.name)}) < (2 if slot.differs_from else 1):
            raise UsageError(
                f"{reader.path}: {reader.prefix}slots.{slot.name}.choice leaves nothing to draw beside the taught value",
                "Give it more choices: tests never use a taught value",
            )
    steps = tuple(skill.get("steps", ()))
    for number, step in enumerate(steps):
        try:
            parse(fill(step, taught))
        except ValueError as error:
            raise UsageError(
                f"{reader.path}: {reader.prefix}steps[{number}]: {error}",
                "Write steps as the agent's actions, without refs",
            ) from error
    check = reader.table("check")
    unknown = set(check) - set(Check.__dataclass_fields__)
    if unknown or sum(bool(check.get(kind)) for kind in ("http", "sql", "file")) != 1:
        raise UsageError(
            f"{reader.path}: {reader.prefix}check needs exactly one of http, sql, file (unknown keys: {', '.join(unknown) or 'none'})",
            "See docs/bench.md for the format",
        )
    return SkillSpec(
        reader.text("name"),
        reader.text("start"),
        reader.text("task"),
        tuple(skill.get("wordings", ())),
        slots,
        taught,
        steps,
        Check(**check),
        tuple(skill.get("approve", ())),
        {name: Lookup(**lookup) for name, lookup in skill.get("values", {}).items()},
        skill.get("before_test", {}).get("shell", ""),
        bool(skill.get("unrelated", False)),
    )
