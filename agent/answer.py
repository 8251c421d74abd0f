"""A structured answer: the text of `done "…"` read as JSON and checked against the schema that the task came with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from browser.errors import UsageError

LARGEST = 64_000
"""Bytes that a schema may have: it is read into every prompt."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer is worth: the value, or what is wrong with it in one sentence."""

    value: Any = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class AnswerSchema:
    """A JSON Schema (draft 2020-12 unless it names another) for the answer."""

    schema: Any
    validator: Any

    @classmethod
    def load(cls, path: Path) -> AnswerSchema:
        """Read a schema file. Raises UsageError that names the file and what is wrong with it."""
        try:
            data = path.read_bytes()
            if len(data) > LARGEST:
                raise UsageError(f"{path} is too long: {len(data)} bytes", f"A schema has at most {LARGEST}")
            schema = json.loads(data)
        except (OSError, ValueError, RecursionError) as error:
            if isinstance(error, UsageError):
                raise
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise UsageError(f"{path} cannot be read: {reason}", "Give a file that holds one JSON Schema") from error
        return cls.of(schema, str(path))

    @classmethod
    def of(cls, schema: Any, source: str) -> AnswerSchema:
        """Check that a value is a JSON Schema. Raises UsageError that names its source."""
        from jsonschema import SchemaError
        from jsonschema.validators import validator_for
        from jsonschema_specifications import REGISTRY
        from referencing.exceptions import Unresolvable

        if not isinstance(schema, dict):
            raise UsageError(f"{source} is no JSON Schema: it is no object", 'Write for example {"type": "object"}')
        kind = validator_for(schema)
        made = cls(schema, kind(schema, registry=REGISTRY))  # a registry of its own: nothing is fetched
        try:
            kind.check_schema(schema)
            for probe in (None, {}, [], "", 0):
                made.fault(probe)
        except SchemaError as error:
            raise UsageError(f"{source} is no JSON Schema: {_place(error)}", "See https://json-schema.org") from error
        except (Unresolvable, RecursionError) as error:
            raise UsageError(
                f"{source} cannot be applied: {error}", "Its references may lead into itself only"
            ) from error
        return made

    @property
    def text(self) -> str:
        """The schema on one line, as a prompt and a grammar take it."""
        return json.dumps(self.schema, ensure_ascii=False, separators=(",", ":"))

    def read(self, text: str) -> Answer:
        """Read an answer: its value, or what is wrong with it."""
        from referencing.exceptions import Unresolvable

        try:
            value = json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            return Answer(problem=f"the answer is no JSON: {error}")
        try:
            fault = self.fault(value)
        except Unresolvable as error:
            return Answer(value, f"the schema cannot be applied: {error}")
        return Answer(value, f"the answer does not fit the schema: {_place(fault)}" if fault else "")

    def fault(self, value: Any) -> Any:
        """Return what is wrong with a value, as the library says it; None when nothing is."""
        from jsonschema.exceptions import best_match

        return best_match(self.validator.iter_errors(value))


def _place(fault: Any) -> str:
    """Say where a fault is, and what it is, in one line."""
    message = " ".join(str(fault.message).split())
    return f"{fault.json_path}: {message[:300]}"


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
