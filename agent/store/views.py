"""Views for people: what one reads with any SQLite tool, without knowing the tables."""

from __future__ import annotations

import sqlite3


def m007_views(connection: sqlite3.Connection) -> None:
    """Add readable views of sessions, steps, lessons and adapters."""
    for view in (_SESSIONS, _STEPS, _LESSONS, _ADAPTERS):
        connection.execute(view)


def say_overruled(connection: sqlite3.Connection) -> None:
    """Make the view of lessons tell those that another one overrules from those that were retired."""
    before = "WHEN in_weights_adapter_id IS NOT NULL"
    connection.execute("DROP VIEW v_lessons")
    connection.execute(_LESSONS.replace(before, f"WHEN {_OVERRULED} THEN 'overruled'\n             {before}"))


_OVERRULED = """EXISTS (SELECT 1 FROM lessons AS newer WHERE newer.overrules = lessons.id AND coalesce((SELECT succeeded FROM outcomes
                 WHERE session_id = newer.source_session_id AND source <> 'agent' ORDER BY seq DESC LIMIT 1), 1))"""

_SESSIONS = """
    CREATE VIEW v_sessions AS
    SELECT sessions.id, task, app, kind, started_at, ended_at, coalesce(stop_reason, 'running or killed') AS stop_reason, answer,
        (SELECT count(*) FROM steps WHERE session_id = sessions.id) AS steps,
        (SELECT CASE succeeded WHEN 1 THEN 'succeeded' ELSE 'did not succeed' END || ' (' || source || ')' FROM outcomes
            WHERE session_id = sessions.id ORDER BY source = 'agent', seq DESC LIMIT 1) AS outcome,
        policy, adapter_id
    FROM sessions ORDER BY seq"""

_STEPS = """
    CREATE VIEW v_steps AS
    SELECT session_id, task, step_no, actor, action, CASE ok WHEN 1 THEN 'ok' WHEN 0 THEN 'failed' ELSE 'unknown' END AS result, ok, note,
        title AS page_title, steps.url AS page_url, decided_ms, acted_ms, created_at
    FROM steps JOIN sessions ON sessions.id = session_id ORDER BY sessions.seq, step_no"""

_LESSONS = """
    CREATE VIEW v_lessons AS
    SELECT id, kind, app, task, text, json_array_length(steps) AS steps,
        CASE WHEN retired_at IS NOT NULL THEN 'retired'
             WHEN in_weights_adapter_id IS NOT NULL THEN 'in the weights'
             ELSE 'in the prompt' END AS place,
        in_weights_adapter_id AS adapter_id, source_session_id, created_at, expires_at
    FROM lessons ORDER BY seq"""

_ADAPTERS = """
    CREATE VIEW v_adapters AS
    SELECT id, base_id, parent_id,
        CASE WHEN id = (SELECT adapter_id FROM aliases WHERE name = 'champion') THEN 'champion' ELSE state END AS state,
        json_array_length(lesson_ids) AS lessons, created_at,
        (SELECT reason FROM promotions WHERE adapter_id = adapters.id ORDER BY seq DESC LIMIT 1) AS last_promoted_because, path
    FROM adapters ORDER BY seq"""
