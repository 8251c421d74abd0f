"""Sessions as records: one JSON object a session, its steps inside. The schema is `SESSION_FIELDS` and `STEP_FIELDS`.

`docs/interop.md` has the same two tables for people, and a test compares them. What was typed into secret fields is `<secret>`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from agent.export.masked import Mask
from agent.store import SessionRow, StepRow, Store

SCHEMA = 1
"""Version of the records; grows when a field changes its meaning."""
PAGE_SIZE = 200
"""So many sessions are listed at a time."""


class Field(NamedTuple):
    """One field of a record: its type as Parquet has it, and what it means."""

    type: str
    """`string`, `int64`, `double`, `bool`, or `list<string>`."""
    meaning: str


SESSION_FIELDS: dict[str, Field] = {
    "schema": Field("int64", "version of this format"),
    "id": Field("string", "ULID of the session"),
    "kind": Field("string", "`run`, `teach` or `replay`"),
    "task": Field("string", "the person's words"),
    "app": Field("string", "name under which lessons are kept, usually the origin"),
    "url": Field("string", "where it began"),
    "started_at": Field("string", "UTC, ISO-8601"),
    "ended_at": Field("string", "UTC, ISO-8601; null when it was killed"),
    "stop_reason": Field(
        "string", "`done`, `failed`, `asked`, `denied`, `loop`, `budget`, `blocked`, `unreachable`, `interrupted`"
    ),
    "answer": Field("string", "what the agent answered or why it stopped"),
    "outcome": Field("bool", "whether the task was achieved; null when nobody said"),
    "policy": Field("string", "model that decided; `person` for a demonstration"),
    "adapter_id": Field("string", "adapter merged into it; null for the base alone"),
    "lesson_ids": Field("list<string>", "lessons that stood in the prompt"),
    "lessons": Field("list<string>", "their texts, as the prompt had them"),
    "parent_id": Field("string", "session that this one replays or continues"),
}
STEP_FIELDS: dict[str, Field] = {
    "step_no": Field("int64", "counts from 0"),
    "url": Field("string", "address of the page before the action"),
    "title": Field("string", "its title"),
    "lines": Field("list<string>", 'the page as the policy read it: `role "name" [ref] = "value" states: options`'),
    "action": Field("string", 'the action on one line, for example `type "What" [3] "Lunch"`'),
    "actor": Field("string", "`agent` or `person`"),
    "consequence": Field(
        "string", "`read`, `change`, `send`, `pay`, `delete`, `publish`, `grant`; null without a guard"
    ),
    "allowed": Field("bool", "whether the guard let it pass; null without a guard"),
    "ok": Field("bool", "whether the page let it happen; null when the process was killed meanwhile"),
    "note": Field("string", "why it failed, or what else happened: a dialog, a download, a new tab"),
    "result_url": Field("string", "address of the page after the action"),
    "decided_ms": Field("double", "time of the decision"),
    "acted_ms": Field("double", "time until the page was quiet again"),
    "prompt_tokens": Field("int64", "length of the whole prompt"),
    "new_tokens": Field("int64", "tokens of the action"),
    "screenshot_hash": Field("string", "name of the picture in the store; the pixels are not exported"),
    "created_at": Field("string", "UTC, ISO-8601"),
    "finished_at": Field("string", "UTC, ISO-8601; null without a result"),
}


def session_record(store: Store, session: SessionRow) -> dict[str, Any]:
    """Return one session as a JSON object with every field of the schema. Raises StorageError when a page is damaged."""
    steps = store.steps(session.id)
    mask = Mask.of(steps)
    known = {lesson.id: lesson.text for lesson in store.lessons(session.app, include_retired=True)}
    record: dict[str, Any] = {
        "schema": SCHEMA,
        **{name: getattr(session, name) for name in SESSION_FIELDS if hasattr(session, name)},
        "task": mask.text(session.task),
        "answer": mask.text(session.answer),
        "lesson_ids": list(session.lesson_ids),
        "lessons": [mask.text(known[lesson]) for lesson in session.lesson_ids if lesson in known],
    }
    record = {name: record[name] for name in SESSION_FIELDS}
    return {**record, "steps": [_step(step, mask) for step in steps]}


def session_records(store: Store, search: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield every session, the latest first, or those whose task has all the words of `search`."""
    before: str | None = None
    while page := store.sessions(search, PAGE_SIZE, before):
        for session in page:
            yield session_record(store, session)
        before = page[-1].id


def _step(step: StepRow, mask: Mask) -> dict[str, Any]:
    page, after, guard = step.observation, step.result_observation, step.guard or {}
    record: dict[str, Any] = {
        **{name: getattr(step, name) for name in STEP_FIELDS if hasattr(step, name)},
        "url": mask.text(page.url),
        "title": mask.text(page.title),
        "lines": [mask.text(line.render()) for line in page.lines],
        "action": mask.action(step).render(),
        "consequence": guard.get("consequence"),
        "allowed": guard.get("allowed"),
        "note": mask.text(step.note),
        "result_url": None if after is None else mask.text(after.url),
    }
    return {name: record[name] for name in STEP_FIELDS}
