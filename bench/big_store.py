"""A store as it is after years of work, for measurements: many sessions, steps, lessons and outcomes.

    python -m bench.big_store DATABASE [--sessions N] [--steps N] [--lessons N] [--seed N]

Written in bulk, in the form in which `agent.store` writes it: `Store.verify` finds nothing wrong, and every session can be opened.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from ulid import ULID

from agent.lessons.text import ASKED
from agent.store import Store
from agent.store.blobs import ZLIB_LEVEL, hash_of, json_text, observation_bytes
from browser.types import Line, Observation

VERBS = ("Add", "Pay", "Order", "Book", "Remove", "Rename", "Close", "Send", "Archive", "Move")
THINGS = ("bill", "invoice", "ticket", "meeting", "parcel", "report", "contract", "album", "recipe", "booking")
PEOPLE = ("Alex", "Bea", "Chris", "Dana", "Eli", "Fay", "Gus", "Hana", "Ines", "Jo")
APPS = tuple(f"https://app{number}.example" for number in range(40))
PAGES_OF_AN_APP = 500
"""Different pages of one app: a page is met again about ten times."""
_BEGAN = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is."""

    sessions: int = 10_000
    steps: int = 200_000
    lessons: int = 300


def make_big_store(path: Path, size: Size = Size(), seed: int = 1) -> None:
    """Write a new database. Raises what `Store.open` raises; the path must not exist."""
    with Store.open(path):
        pass
    draw = random.Random(seed)
    connection = sqlite3.connect(path)
    with connection:
        pages = _pages(connection, draw)
        ids = _sessions(connection, draw, size)
        connection.executemany(_STEP, _steps(draw, ids, pages, size))
        connection.executemany(_OUTCOME, _outcomes(draw, ids))
        connection.executemany(_LESSON, _lessons(draw, ids, pages, size))
    connection.close()


_STEP = (
    "INSERT INTO steps (session_id, step_no, observation_hash, url, title, action, actor, guard, ok, result_hash, decided_ms,"
    " acted_ms, prompt_tokens, new_tokens, created_at, finished_at) VALUES (?, ?, ?, ?, ?, ?, 'agent', ?, 1, ?, ?, ?, ?, ?, ?, ?)"
)
_OUTCOME = "INSERT INTO outcomes (id, session_id, succeeded, source, note, created_at) VALUES (?, ?, ?, ?, '', ?)"
_LESSON = (
    "INSERT INTO lessons (id, kind, app, task, text, steps, source_session_id, created_at)"
    " VALUES (?, 'demonstration', ?, ?, ?, ?, ?, ?)"
)
_SESSION = (
    "INSERT INTO sessions (id, task, app, url, kind, started_at, ended_at, stop_reason, answer, policy, lesson_ids)"
    " VALUES (?, ?, ?, ?, 'run', ?, ?, ?, '', 'embedded', '[]')"
)
_GUARD = json_text({"allowed": True, "consequence": "change", "reason": "it can be undone", "by": "rule"})


def _pages(connection: sqlite3.Connection, draw: random.Random) -> list[list[str]]:
    """Store the pages of every app and return their hashes."""
    return [[_page(connection, draw, app, number) for number in range(PAGES_OF_AN_APP)] for app in APPS]


def _page(connection: sqlite3.Connection, draw: random.Random, app: str, number: int) -> str:
    rows = tuple(
        Line("row", f"{draw.choice(THINGS)} {draw.randrange(10_000)} {draw.choice(PEOPLE)}") for _ in range(25)
    )
    controls = tuple(Line("button", f"{verb} {draw.choice(THINGS)}", ref) for ref, verb in enumerate(VERBS, 1))
    data = observation_bytes(Observation(f"{app}/{number}", f"Page {number}", (*controls, *rows)))
    name = hash_of(data)
    values = (name, "observation", "zlib", len(data), zlib.compress(data, ZLIB_LEVEL))
    connection.execute("INSERT OR IGNORE INTO blobs (hash, kind, encoding, size, data) VALUES (?, ?, ?, ?, ?)", values)
    return name


def _sessions(connection: sqlite3.Connection, draw: random.Random, size: Size) -> list[tuple[str, int, datetime]]:
    """Store the sessions and return the id, the app's number and the time of each."""
    made = []
    for number in range(size.sessions):
        at, app = _BEGAN + timedelta(minutes=90 * number), draw.randrange(len(APPS))
        identity = str(ULID.from_datetime(at))
        stop = draw.choice(("done", "done", "done", "failed", "asked", "denied"))
        begun, ended = (
            at.isoformat(timespec="milliseconds"),
            (at + timedelta(minutes=2)).isoformat(timespec="milliseconds"),
        )
        connection.execute(_SESSION, (identity, _task(draw, number), APPS[app], f"{APPS[app]}/", begun, ended, stop))
        made.append((identity, app, at))
    return made


def _steps(
    draw: random.Random, ids: Sequence[tuple[str, int, datetime]], pages: Sequence[Sequence[str]], size: Size
) -> Iterator[tuple[object, ...]]:
    share, rest = divmod(size.steps, len(ids))
    for number, (identity, app, at) in enumerate(ids):
        moment = at.isoformat(timespec="milliseconds")
        seen = draw.choices(range(PAGES_OF_AN_APP), k=share + (number < rest) + 1)
        for step, (page, after) in enumerate(pairwise(seen)):
            action = f'click "{draw.choice(VERBS)} {draw.choice(THINGS)}" [{draw.randrange(1, 11)}]'
            hashes = pages[app][page], pages[app][after]
            place = f"{APPS[app]}/{page}", f"Page {page}"
            yield (identity, step, hashes[0], *place, action, _GUARD, hashes[1], 820.0, 140.0, 412, 9, moment, moment)


def _outcomes(draw: random.Random, ids: Sequence[tuple[str, int, datetime]]) -> Iterator[tuple[object, ...]]:
    """Yield a check's word on every second session, and a person's on some of them."""
    for number, (identity, _, at) in enumerate(ids):
        moment = at.isoformat(timespec="milliseconds")
        if number % 2 == 0:
            yield str(ULID()), identity, draw.randrange(2), "check", moment
        if number % 10 == 0:
            yield str(ULID()), identity, draw.randrange(2), "person", moment


def _lessons(
    draw: random.Random, ids: Sequence[tuple[str, int, datetime]], pages: Sequence[Sequence[str]], size: Size
) -> Iterator[tuple[object, ...]]:
    for number in range(size.lessons):
        identity, app, at = draw.choice(ids)
        task, moment = _task(draw, number), at.isoformat(timespec="milliseconds")
        actions = [f'click "{verb} {draw.choice(THINGS)}"' for verb in draw.sample(VERBS, 5)]
        text = "\n".join([ASKED + task, *actions])
        steps = json_text([[action, draw.choice(pages[app])] for action in actions])
        yield str(ULID()), APPS[app], task, text, steps, identity, moment


def _task(draw: random.Random, number: int) -> str:
    return f"{draw.choice(VERBS)} the {draw.choice(THINGS)} {number} of {draw.choice(PEOPLE)}"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the database that was named."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.big_store", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("database", type=Path)
    for name in ("sessions", "steps", "lessons"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Size(), name))
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    if args.database.exists():
        parser.error(f"{args.database} exists")
    make_big_store(args.database, Size(args.sessions, args.steps, args.lessons), args.seed)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
