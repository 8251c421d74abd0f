"""Operations that are killed at their moments, and what must hold afterwards, whenever that was.

After the kill: the database is whole, everything that was acknowledged is there, every adapter verifies, and who acts is one that
can act. After the operation was run again: the same state as if nobody had killed it, but for ids and times.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from agent.guard import Guard
from agent.loop import Budget, Session
from agent.paths import adapters_dir, data_dir
from agent.policy.embedded import file_sha256
from agent.policy.scripted import ScriptedPolicy
from agent.regressions import after_outcome
from agent.store import Store, migrations
from bench.moments import Say
from bench.small import URL, dialog_page, paid_back, save_small_model, teach
from browser.errors import ApprenticeError, UsageError
from browser.types import Line, Observation, StepResult
from consolidation.adapters import sound_champion, verify_adapter, write_adapter
from consolidation.forget import forget, search
from consolidation.job import Request, decide, night_folders, prepare
from consolidation.job import main as hold_night

_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_TIMES = re.compile(r"_at$")
_OF_RUNS = ("jobs", "job_events", "_migrations")
"""Tables that say how often something was begun, and when."""
_OF_FORMAT = ("sqlite_", "sessions_fts", "lessons_fts")


class Case(Protocol):
    """One operation."""

    name: str
    spoils: bool
    """Whether an adapter that does not verify is what it is about."""

    def prepare(self, home: Path, model: Path) -> None:
        """Fill the home in which it is run."""
        ...

    def act(self, say: Say) -> None:
        """Do it in the current home, or do the rest of it, and acknowledge each thing that is done."""
        ...

    def problems(self, home: Path, said: Sequence[str]) -> Iterator[str]:
        """Name what is wrong after a kill, beyond what is asked of every case."""
        ...

    def state(self, home: Path) -> Any:
        """Describe what is there, without ids and times."""
        ...


@contextmanager
def at_home(home: Path) -> Iterator[None]:
    """Let a home be the current one while the block runs."""
    before = os.environ.get("APPRENTICE_HOME")
    os.environ["APPRENTICE_HOME"] = str(home)
    try:
        yield
    finally:
        if before is None:
            del os.environ["APPRENTICE_HOME"]
        else:
            os.environ["APPRENTICE_HOME"] = before


def damage(home: Path, case: Case, said: Sequence[str]) -> list[str]:
    """Name all that is wrong in a home right after a kill."""
    with at_home(home):
        adapters = () if case.spoils else _damaged_adapters()
        return [*_damaged_store(), *adapters, *case.problems(home, said)]


def _damaged_store() -> Iterator[str]:
    path = data_dir() / "apprentice.db"
    if not path.exists():
        return
    with closing(sqlite3.connect(path)) as raw:
        for row in raw.execute("PRAGMA integrity_check"):
            if row[0] != "ok":
                yield f"the database is damaged: {row[0]}"
    with Store.open() as store:
        yield from store.verify()


def _damaged_adapters() -> Iterator[str]:
    for folder in adapters_dir().glob("[!.]*"):
        try:
            verify_adapter(folder)
        except ApprenticeError as error:
            yield error.message


def rows_of(path: Path, without: Sequence[str] = _OF_RUNS) -> dict[str, list[Any]]:
    """Return all rows of all tables, ids by the order in which they come, without times and process ids."""
    names: dict[str, str] = {}

    def plain(value: object) -> object:
        if isinstance(value, bytes):
            return f"{len(value)} bytes"
        if not isinstance(value, str):
            return value
        value = value.replace(str(path.parent), "~")
        return _ULID.sub(lambda match: names.setdefault(match[0], f"#{len(names)}"), value)

    found: dict[str, list[Any]] = {}
    with closing(sqlite3.connect(path)) as raw:
        raw.row_factory = sqlite3.Row
        tables = [row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        for table in tables:
            if table in without or table.startswith(_OF_FORMAT):
                continue
            rows = raw.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()
            found[table] = [
                {
                    key: (row[key] is not None if _TIMES.search(key) else plain(row[key]))
                    for key in row.keys()
                    if key != "pid"
                }
                for row in rows
            ]
    return found


def files_of(home: Path) -> list[str]:
    """Name the files of a home, but for locks and journals, which say nothing, and logs, which say how often."""
    passing = (".lock", "-journal", "log.txt")
    return sorted(
        str(path.relative_to(home)) for path in home.rglob("*") if path.is_file() and not path.name.endswith(passing)
    )


@dataclass(slots=True)
class _Plain:
    """What cases have in common."""

    name: str
    spoils: bool = False

    def problems(self, home: Path, said: Sequence[str]) -> Iterator[str]:
        yield from ()

    def state(self, home: Path) -> Any:
        return rows_of(home / "apprentice.db"), files_of(home)


# ---- log ----------------------------------------------------------------------------------------------------------

STEPS = 6


class Pages:
    """An Environment whose page is another one after every action."""

    def __init__(self) -> None:
        self._number = 0

    def reset(self) -> Observation:
        return self._page()

    def step(self, action: Any) -> StepResult:
        self._number += 1
        return StepResult(self._page())

    def close(self) -> None: ...

    def _page(self) -> Observation:
        lines = tuple(Line("textbox", f"Field {self._number} {n}", n + 1) for n in range(40))
        return Observation(URL, f"Page {self._number}", lines)


@dataclass(slots=True)
class Log(_Plain):
    """A taught session with its lesson, a session of the loop with pictures, and a word on it."""

    name: str = "log"

    def prepare(self, home: Path, model: Path) -> None:
        with at_home(home):
            Store.open().close()

    def act(self, say: Say) -> None:
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


# ---- train --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Train(_Plain):
    """A whole night over one lesson, beside a champion that holds another."""

    name: str = "train"

    def prepare(self, home: Path, model: Path) -> None:
        with at_home(home), Store.open() as store:
            earlier = teach(store, replace(paid_back(), task="Chris gave Bea 20"))
            lesson = teach(store, paid_back())
            adapter = _adapter(store, model, 3, [earlier])
            store.promote(adapter, "passed the gate")
            sha = file_sha256(model / "model.safetensors")
            shape: dict[str, Any] = {
                "updates": 6,
                "variants": 2,
                "headroom": -1.0,
                "scale": 0.1,
                "threads": 1,
                "nice": 0,
            }
            prepare(Request(str(model), sha, (lesson,), **shape))

    def act(self, say: Say) -> None:
        (folder,) = night_folders()
        if hold_night([str(folder)]):
            raise RuntimeError("the night failed")
        say("finished")

    def problems(self, home: Path, said: Sequence[str]) -> Iterator[str]:
        (folder,) = night_folders()
        with Store.open() as store:
            jobs, adapters = store.jobs(), {row.id: row for row in store.adapters()}
            told = {event.payload["phase"] for job in jobs for event in store.job_events(job.id)}
        kept = {"headroom": "headroom.json", "learn": "examples.pt", "dream": "dreams-0.pt", "decided": "finished.json"}
        for phase, file in kept.items():
            if phase in told and not (folder / file).exists():
                yield f"lost: {file}, though the night told of {phase}"
        for row in adapters.values():
            if not Path(row.path).is_dir():
                yield f"adapter {row.id} is recorded and not there"
        finished = folder / "finished.json"
        if said and not finished.exists():
            yield "lost: the night's end"
        if finished.exists() and json.loads(finished.read_text())["adapter"] not in adapters:
            yield "the night has ended without its adapter"


# ---- promote ------------------------------------------------------------------------------------------------------

PASSED = {"gate": [], "passed": True}


def _adapter(store: Store, model: Path, seed: int, lessons: Sequence[str]) -> str:
    """Write an adapter of random weights, and record it."""
    from agent.policy.local import load_model
    from consolidation.lora import attach_lora

    sha = file_sha256(model / "model.safetensors")
    manifest = {"base_sha256": sha, "lessons": list(lessons), "arm": "opsd", "receipt": PASSED}
    name, folder = write_adapter(adapters_dir(), attach_lora(load_model(model), 4, 8, seed=seed), manifest)
    store.add_adapter(name, sha, str(folder), lesson_ids=list(lessons), receipt=PASSED)
    return name


@dataclass(slots=True)
class _Moved(_Plain):
    """The champion moves. One taught lesson, an adapter without it that acts, and one with it."""

    def prepare(self, home: Path, model: Path) -> None:
        with at_home(home), Store.open() as store:
            lesson = teach(store, paid_back())
            store.promote(_adapter(store, model, 1, []), "passed the gate")
            self.begin(store, lesson, _adapter(store, model, 2, [lesson]))

    def begin(self, store: Store, lesson: str, challenger: str) -> None: ...

    def problems(self, home: Path, said: Sequence[str]) -> Iterator[str]:
        with Store.open() as store:
            champion, moves = store.champion(), store.promotions()
            marked = {row.in_weights_adapter_id for row in store.lessons()}
            store_outcome = store.outcomes(store.sessions(limit=1)[0].id)
        if champion is None or champion.id != moves[-1].adapter_id:
            yield "the champion is not that of the last move"
        for line in said:
            if line == "outcome" and not store_outcome:
                yield "lost: the outcome"
            if line.startswith("champion") and champion is not None and line.split()[1] != champion.id:
                yield "lost: the move of the champion"
        if champion is not None and champion.lesson_ids and champion.id not in marked:
            yield "the champion carries a lesson that is not marked as in its weights"


@dataclass(slots=True)
class Promote(_Moved):
    """What passed the gate becomes champion, and its lesson leaves the prompt."""

    name: str = "promote"

    def act(self, say: Say) -> None:
        with Store.open() as store:
            challenger = store.adapters()[0]
            decide(store, challenger.id, "opsd", {**PASSED, "lessons": list(challenger.lesson_ids)})
            say(f"champion {challenger.id}")


@dataclass(slots=True)
class TakeBack(_Moved):
    """A second session is judged failed, and the champion is taken back."""

    name: str = "promote: taken back"

    def begin(self, store: Store, lesson: str, challenger: str) -> None:
        store.promote(challenger, "passed the gate", [lesson])
        for number in range(2):
            task = paid_back().task
            session_id = store.begin_session(task, "trip", URL, policy="local", adapter_id=challenger)
            store.end_session(session_id, "done")
            if not number:
                store.add_outcome(session_id, False, "person", "wrong")

    def act(self, say: Say) -> None:
        with Store.open() as store:
            session, base = store.sessions(limit=1)[0], store.adapters()[0].base_id
            if store.outcomes(session.id):  # killed after it was said: the next session or night begins
                sound_champion(store, base)
            else:
                store.add_outcome(session.id, False, "person", "wrong")
                say("outcome")
                after_outcome(store)
            champion = store.champion()
            say(f"champion {champion.id if champion else None}")


@dataclass(slots=True)
class FallBack(_Moved):
    """The champion's file is found damaged, and the one before it acts."""

    name: str = "promote: fallen back"
    spoils: bool = True

    def begin(self, store: Store, lesson: str, challenger: str) -> None:
        store.promote(challenger, "passed the gate", [lesson])

    def act(self, say: Say) -> None:
        with Store.open() as store:
            row = store.adapters()[0]
            weights = Path(row.path) / "adapter_model.safetensors"
            weights.unlink(missing_ok=True)
            acting, _ = sound_champion(store, row.base_id)
            say(f"champion {acting.id if acting else None}")


# ---- forget -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Forget(_Plain):
    """One of two taught apps is forgotten, with the adapter and the night that learned from both."""

    what: str = "site"
    """Or `session`."""

    def prepare(self, home: Path, model: Path) -> None:
        with at_home(home), Store.open() as store:
            kept = teach(store, paid_back())
            gone = teach(store, replace(paid_back(), task="Chris paid Bea quicksilver 20"), "wiki")
            store.promote(_adapter(store, model, 1, [kept]), "passed the gate", [kept])
            store.promote(_adapter(store, model, 2, [kept, gone]), "passed the gate", [kept, gone])
            page = replace(dialog_page(), title="The quicksilver of a session by day")
            session_id = store.begin_session("quicksilver by day", "wiki", URL, lesson_ids=[gone, kept])
            store.begin_step(session_id, 0, page, paid_back().steps[0].action)
            store.finish_step(session_id, 0, StepResult(page), screenshot=os.urandom(20_000))
            store.end_session(session_id, "done")
            night = prepare(Request(str(model), "0", (kept, gone)))
            (night / "log.txt").write_text("quicksilver")
            (adapters_dir() / ".writing-1").mkdir()
            (adapters_dir() / ".writing-1" / "manifest.json").write_text(f"of a killed night over quicksilver {gone}")

    def act(self, say: Say) -> None:
        with Store.open() as store:
            with suppress(UsageError):  # its rows are gone already; what else was to be done was done at once
                forget(store, self._target(store))
            if not store.unfinished_forgettings():
                say("forgotten")

    def _target(self, store: Store) -> str:
        if self.what == "site":
            return "wiki"
        taught = [row for row in store.sessions(limit=100) if row.kind == "teach" and row.app == "wiki"]
        return taught[0].id if taught else "01ARZ3NDEKTSV4RRFFQ69G5FAV"

    def problems(self, home: Path, said: Sequence[str]) -> Iterator[str]:
        with Store.open() as store:
            champion = store.champion()
        if champion is None:
            yield "an adapter that knows nothing of it does not act"
        elif not (Path(champion.path) / "manifest.json").exists():
            yield "the champion is not there"
        if said:
            yield from (f"not forgotten: {name}" for name in search(home, self._said_of_it()))

    def state(self, home: Path) -> Any:
        return *_Plain.state(self, home), list(search(home, self._said_of_it()))

    def _said_of_it(self) -> tuple[bytes, ...]:
        return (b"Chris paid Bea quicksilver", *((b"quicksilver",) if self.what == "site" else ()))


# ---- migrate ------------------------------------------------------------------------------------------------------

_OLD_ROWS: tuple[tuple[int, str], ...] = (
    (1, "INSERT INTO blobs VALUES ('sha256:6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d', 'text', 'raw', 1, x'00')"),
    (2, "INSERT INTO adapters (id, base_id, path, created_at, lesson_ids, receipt, state) VALUES ('a', 'b', '/a', '2026', '[]', '{}', 'promoted')"),
    (2, "INSERT INTO aliases VALUES ('champion', 'a', '2026')"),
    (2, "INSERT INTO promotions (id, alias, move, adapter_id, reason, created_at) VALUES ('p', 'champion', 'promote', 'a', 'x', '2026')"),
    (3, "INSERT INTO sessions (id, task, app, url, kind, started_at, policy, lesson_ids) VALUES ('s', 'pay the rent', 'bank', 'u', 'run', '2026', 'p', '[]')"),
    (3, "INSERT INTO outcomes (id, session_id, succeeded, source, note, created_at) VALUES ('o', 's', 1, 'person', '', '2026')"),
    (4, "INSERT INTO lessons (id, kind, app, task, text, steps, source_session_id, created_at) VALUES ('l', 'words', 'bank', 'pay', 'slowly', '[]', 's', '2026')"),
    (6, "INSERT INTO jobs (id, kind, state, pid, started_at, progress) VALUES ('j', 'night', 'done', 1, '2026', '{}')"),
)  # fmt: skip
"""What each schema could first hold."""


@dataclass(slots=True)
class Migrate(_Plain):
    """A database of an earlier schema, with rows, is brought up to date."""

    had: int = 0
    """How many migrations it has had."""

    def prepare(self, home: Path, model: Path) -> None:
        home.mkdir(exist_ok=True)
        with closing(sqlite3.connect(home / "apprentice.db", isolation_level=None)) as raw:
            raw.execute("BEGIN")
            migrations.apply(raw, migrations.MIGRATIONS[: self.had])
            for first, statement in _OLD_ROWS:
                if first <= self.had:
                    raw.execute(statement)
            raw.execute("COMMIT")

    def act(self, say: Say) -> None:
        with Store.open() as store:
            say("migrated")
            if problems := store.verify():
                raise RuntimeError(problems[0])

    def problems(self, home: Path, said: Sequence[str]) -> Iterator[str]:
        kept = {table: len(rows) for table, rows in rows_of(home / "apprentice.db", ()).items()}
        for first, statement in _OLD_ROWS:
            table = statement.split()[2]
            if first <= self.had and kept.get(table) != 1:
                yield f"lost: a row of {table}"

    def state(self, home: Path) -> Any:
        path = home / "apprentice.db"
        with closing(sqlite3.connect(path)) as raw:
            schema = raw.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        return rows_of(path, ()), schema


def all_cases() -> list[Case]:
    """Return every case. The first word of a name is the operation's."""
    old = [
        Migrate(f"migrate: from {had} of {len(migrations.MIGRATIONS)}", had=had)
        for had in range(len(migrations.MIGRATIONS))
    ]
    return [
        Log(),
        Train(),
        Promote(),
        TakeBack(),
        FallBack(),
        Forget("forget: a session", what="session"),
        Forget("forget: a site"),
        *old,
    ]


__all__ = ["Case", "all_cases", "at_home", "damage", "save_small_model"]
