"""Judge an episode from outside: the app's API, its database or its files, before and after. Never what the page says."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from bench.definitions import Check, Lookup, fill


def look_up(lookup: Lookup, values: Mapping[str, str]) -> str:
    """Ask the app for a value. Raises LookupError when no record fits."""
    user, _, password = lookup.auth.partition(":")
    auth = (user, password) if lookup.auth else None
    reply = httpx.get(fill(lookup.http, values), auth=auth, timeout=20, trust_env=False)
    reply.raise_for_status()
    for record in reply.json():
        if all(str(_dig(record, key)) == fill(str(value), values) for key, value in lookup.where.items()):
            return str(_dig(record, lookup.take))
    raise LookupError(f"no record with {dict(lookup.where)}")


class Judge:
    """Look once before the episode and once after."""

    def __init__(self, check: Check, values: Mapping[str, str]) -> None:
        self._check = check
        self._values = values
        self._before = self._records()

    def succeeded(self) -> bool:
        """Whether exactly the wanted records came to be, or the files say what they must once more than before."""
        check = self._check
        after = self._records()
        if check.file:
            pattern = re.compile(
                fill(check.pattern, {key: re.escape(value) for key, value in self._values.items()}),
                re.MULTILINE | re.DOTALL,
            )
            return self._count(pattern, after) == self._count(pattern, self._before) + 1
        wanted = check.match or {}
        fits = sum(self._fits(record, wanted) for record in after) - sum(
            self._fits(record, wanted) for record in self._before
        )
        grown = len(after) - len(self._before)
        return (check.added is None or grown == check.added) and (fits == 1 if wanted else True)

    def _records(self) -> list[Any]:
        check, values = self._check, self._values
        if check.http:
            user, _, password = check.auth.partition(":")
            reply = httpx.get(
                fill(check.http, values), auth=(user, password) if check.auth else None, timeout=20, trust_env=False
            )
            reply.raise_for_status()
            body = reply.json()
            return body if isinstance(body, list) else [body]
        if check.sql:
            with sqlite3.connect(f"file:{fill(check.database, values)}?mode=ro", uri=True) as connection:
                connection.row_factory = sqlite3.Row
                return [
                    dict(row)
                    for row in connection.execute(
                        check.sql, {key: value for key, value in values.items() if f":{key}" in check.sql}
                    )
                ]
        folder = Path(fill(check.file, values))
        paths = sorted(folder.parent.glob(folder.name)) if any(mark in folder.name for mark in "*?[") else [folder]
        return [path.read_text(encoding="utf-8") for path in paths if path.is_file()]

    @staticmethod
    def _count(pattern: re.Pattern[str], texts: list[str]) -> int:
        return sum(len(pattern.findall(text)) for text in texts)

    def _fits(self, record: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
        return all(self._same(_dig(record, key), value) for key, value in wanted.items())

    def _same(self, found: Any, wanted: Any) -> bool:
        if isinstance(wanted, list):
            return (
                isinstance(found, list)
                and len(found) == len(wanted)
                and all(any(self._same(item, want) for item in found) for want in wanted)
            )
        if isinstance(wanted, dict):
            return isinstance(found, dict) and self._fits(found, wanted)
        text = fill(str(wanted), self._values)
        return str(found) == text or _number(found) == _number(text) is not None


def _dig(record: Mapping[str, Any], path: str) -> Any:
    """Follow a dotted key."""
    value: Any = record
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _number(value: Any) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None
