"""Records as files that `datasets` loads: JSON lines, or Parquet with the schema of `agent.export.records`.

Written beside the target and renamed, so that an export that was killed leaves no half of a file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any

from agent.export.records import SESSION_FIELDS, STEP_FIELDS, Field
from browser.errors import SetupError, StorageError, UsageError

ROW_GROUP = 100
"""Sessions held in memory at a time while Parquet is written."""

Record = dict[str, Any]


def write_sessions(path: Path, records: Iterable[Record]) -> int:
    """Write `.jsonl` or `.parquet`, as the name says, and return how many sessions. Raises UsageError for other endings."""
    writer = _WRITERS.get(path.suffix)
    if writer is None:
        raise UsageError(
            f"{path.name} is neither .jsonl nor .parquet", "Name the file sessions.jsonl or sessions.parquet"
        )
    with written_aside(path) as aside:
        return writer(aside, records)


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Give a name to write to, which takes the place of `path` when the block ends well. Raises StorageError."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        aside.replace(path)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}", "Choose another place, or free some space"
        ) from error
    finally:
        with suppress(OSError):  # it is in its place, or was never made
            aside.unlink()


def _write_jsonl(path: Path, records: Iterable[Record]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for record in records:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
            count += 1
    return count


def _write_parquet(path: Path, records: Iterable[Record]) -> int:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise SetupError(
            "Parquet needs pyarrow", "Install it: pip install 'apprentice[interop]'; or write .jsonl"
        ) from error

    schema, count, rest = arrow_schema(), 0, iter(records)
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while group := list(islice(rest, ROW_GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema))
            count += len(group)
    return count


def arrow_schema() -> Any:
    """Return the schema of the Parquet file: a row a session, its steps a list of structs, every meaning as metadata."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "int64": pa.int64(),
        "double": pa.float64(),
        "bool": pa.bool_(),
        "list<string>": pa.list_(pa.string()),
    }

    def fields(table: dict[str, Field]) -> list[Any]:
        return [pa.field(name, types[of.type], metadata={"meaning": of.meaning}) for name, of in table.items()]

    return pa.schema([*fields(SESSION_FIELDS), pa.field("steps", pa.list_(pa.struct(fields(STEP_FIELDS))))])


_WRITERS: dict[str, Callable[[Path, Iterable[Record]], int]] = {".jsonl": _write_jsonl, ".parquet": _write_parquet}
