"""Sessions that are recorded, and databases that are brought up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.guard import Guard
from agent.loop import Budget, Session
from agent.policy.scripted import ScriptedPolicy
from agent.store import Store, migrations
from bench.kill.moments import Say
from bench.kill.state import Plain, at_home, rows_of
from bench.small import URL, paid_back
from browser.types import Line, Observation, StepResult

STEPS = 6


class Pages:
    """An Environment whose page is another one after every action."""

    def __init__(self) -> None:
        self._number = 0

    def reset(self) -> Observation:
        """Return the first page."""
        return self._page()

    def step(self, action: Any) -> StepResult:
        """Return the next page."""
        self._number += 1
        return StepResult(self._page())

    def close(self) -> None:
        """Nothing is open."""

    def _page(self) -> Observation:
        lines = tuple(Line("textbox", f"Field {self._number} {n}", n + 1) for n in range(40))
        return Observation(URL, f"Page {self._number}", lines)


@dataclass(slots=True)
class Log(Plain):
    """A taught session with its lesson, a session of the loop with pictures, and a word on it."""

    name: str = "log"

    def prepare(self, home: Path, model: Path) -> None:
        """Fill the home."""
        with at_home(home):
            Store.open().close()

    def act(self, say: Say) -> None:
        """Do it, or the rest of it."""
        with Store.open() as store:
            shown = paid_back()
            taught = store.begin_session(shown.task, "trip", URL, kind="teach", policy="person")
            say(f"session {taught}")
            for number, step in enumerate(shown.steps[:STEPS]):
                store.begin_step(taught, number, step.observation, step.action, actor="person")
                say(f"began {taught} {number}")
                store.finish_step(taught, number, step.result)
                say(f"finished {taught} {number}")
            store.end_session(taught, "done")
            say(f"lesson {store.add_lesson('demonstration', 'trip', shown.task, 'x', source_session_id=taught)}")
            self._run(store, say)

    def _run(self, store: Store, say: Say) -> None:
        def listen(told: dict[str, Any]) -> None:
            if told["event"] == "stepped":
                say(f"finished {told['session']} {told['step']}")

        session_id = store.begin_session("press keys", "keys", URL)
        policy = ScriptedPolicy(['press "Enter"', 'press "Tab"'] * (STEPS // 2))
        Session(
            session_id,
            "press keys",
            Pages(),
            policy,
            Guard.for_task(URL),
            store,
            budget=Budget(STEPS),
            listen=listen,
            screenshot=lambda: bytes(3000),
        ).run()
        say(f"outcome {store.add_outcome(session_id, True, 'person', 'well done')}")

    def problems(self, home: Path, said: Sequence[str]) -> Iterator[str]:
        """Name what is wrong after a kill."""
        with Store.open() as store:
            steps = {row.id: store.steps(row.id) for row in store.sessions(limit=100)}
            lessons = {row.id for row in store.lessons()}
            outcomes = {outcome.id for session_id in steps for outcome in store.outcomes(session_id)}
        for rows in steps.values():
            if [row.step_no for row in rows] != list(range(len(rows))):
                yield "a log has a gap"
            if not all(row.ok for row in rows[:-1]):
                yield "a step that is not the last has no result"
        for what, name, *number in (line.split() for line in said):
            kept = {
                "session": name in steps,
                "lesson": name in lessons,
                "outcome": name in outcomes,
                "began": bool(number) and len(steps.get(name, [])) > int(number[0]),
                "finished": bool(number)
                and any(row.step_no == int(number[0]) and row.ok for row in steps.get(name, [])),
            }[what]
            if not kept:
                yield f"lost: {what} {' '.join(number)}"

    def state(self, home: Path) -> Any:
        """Describe the last session of each kind: those that were killed stay as they are."""
        with at_home(home), Store.open() as store:
            last = {session.kind: session for session in reversed(store.sessions(limit=100))}
            return [
                [
                    [session.task, session.stop_reason, session.outcome],
                    [
                        [row.step_no, row.actor, row.action.render(), row.ok, row.result_hash, row.screenshot_hash]
                        for row in store.steps(session.id)
                    ],
                ]
                for _, session in sorted(last.items())
            ]


_OLD_ROWS: tuple[tuple[int, str, str], ...] = (
    (
        1,
        "blobs (hash, kind, encoding, size, data)",
        "'sha256:6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d', 'text', 'raw', 1, x'00'",
    ),
    (
        2,
        "adapters (id, base_id, path, created_at, lesson_ids, receipt, state)",
        "'a', 'b', '/a', '2026', '[]', '{}', 'promoted'",
    ),
    (2, "aliases (name, adapter_id, changed_at)", "'champion', 'a', '2026'"),
    (
        2,
        "promotions (id, alias, move, adapter_id, reason, created_at)",
        "'p', 'champion', 'promote', 'a', 'x', '2026'",
    ),
    (
        3,
        "sessions (id, task, app, url, kind, started_at, policy, lesson_ids)",
        "'s', 'pay the rent', 'bank', 'u', 'run', '2026', 'p', '[]'",
    ),
    (3, "outcomes (id, session_id, succeeded, source, note, created_at)", "'o', 's', 1, 'person', '', '2026'"),
    (
        4,
        "lessons (id, kind, app, task, text, steps, source_session_id, created_at)",
        "'l', 'words', 'bank', 'pay', 'slowly', '[]', 's', '2026'",
    ),
    (6, "jobs (id, kind, state, pid, started_at, progress)", "'j', 'night', 'done', 1, '2026', '{}'"),
)
"""What each schema could first hold: from which migration on, where, and what."""


@dataclass(slots=True)
class Migrate(Plain):
    """A database of an earlier schema, with rows, is brought up to date."""

    had: int = 0
    """How many migrations it has had."""

    def prepare(self, home: Path, model: Path) -> None:
        """Fill the home."""
        home.mkdir(exist_ok=True)
        with closing(sqlite3.connect(home / "apprentice.db", isolation_level=None)) as raw:
            raw.execute("BEGIN")
            migrations.apply(raw, migrations.MIGRATIONS[: self.had])
            for first, table, values in _OLD_ROWS:
                if first <= self.had:
                    raw.execute(f"INSERT INTO {table} VALUES ({values})")
            raw.execute("COMMIT")

    def act(self, say: Say) -> None:
        """Do it, or the rest of it."""
        with Store.open() as store:
            say("migrated")
            if problems := store.verify():
                raise RuntimeError(problems[0])

    def problems(self, home: Path, said: Sequence[str]) -> Iterator[str]:
        """Name what is wrong after a kill."""
        kept = {table: len(rows) for table, rows in rows_of(home / "apprentice.db", ()).items()}
        for first, table, _ in _OLD_ROWS:
            if first <= self.had and kept.get(table.split()[0]) != 1:
                yield f"lost: a row of {table}"

    def state(self, home: Path) -> Any:
        """Describe what is there."""
        path = home / "apprentice.db"
        with closing(sqlite3.connect(path)) as raw:
            schema = raw.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        return rows_of(path, ()), schema
