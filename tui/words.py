"""How the screens write times, outcomes and places: the same word for the same thing on every screen."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agent.store import AdapterRow, LessonRow, SessionRow, StepRow


def when(moment: str) -> str:
    """Write a time of the store in the person's own time zone, to the minute."""
    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")


def ended(session: SessionRow) -> str:
    """Say how a session ended."""
    return session.stop_reason or "unfinished"


def outcome(value: bool | None) -> str:
    """Say whether the task was achieved, as far as anybody said so."""
    return "unknown" if value is None else ("achieved" if value else "not achieved")


def result(step: StepRow) -> str:
    """Say what came of a step."""
    if step.ok is None:
        return "result unknown"
    return "ok" if step.ok else "failed"


def place(lesson: LessonRow, champion: AdapterRow | None) -> str:
    """Say where a lesson is: an adapter that does not act leaves it in context."""
    if lesson.retired_at is not None:
        return "retired"
    carried = champion is not None and lesson.in_weights_adapter_id == champion.id
    return "in the weights" if carried else "in context"


def taught_by(lesson: LessonRow, source: SessionRow | None) -> str:
    """Say who taught a lesson, and how."""
    if lesson.kind in ("words", "preference"):
        return "said by the person"
    if lesson.kind == "correction":
        return "a correction by the person"
    return "shown by the person" if source is None or source.kind == "teach" else "what the agent itself did"


def state(adapter: AdapterRow, champion: AdapterRow | None) -> str:
    """Say what an adapter is now."""
    if adapter.forgotten_at is not None:
        return "forgotten"
    return "champion" if champion is not None and adapter.id == champion.id else adapter.state


def gate(adapter: AdapterRow) -> str:
    """Count the gate's rows that hold."""
    rows = adapter.receipt.get("gate", [])
    return f"{sum(bool(row['passed']) for row in rows)} of {len(rows)} ok" if rows else "no gate"


def measured(row: dict[str, Any]) -> str:
    """Write what a gate row measured, with its interval where it has one."""
    value = f"{row['value']:+.3f}" if row.get("low") is not None else f"{row['value']:.3f}"
    return f"{value} [{row['low']:+.2f}, {row['high']:+.2f}]" if row.get("low") is not None else value


def guard(verdict: dict[str, Any] | None) -> str:
    """Say what the guard decided about a step, and who decided."""
    if verdict is None:
        return "no guard"
    return f"{'allowed' if verdict['allowed'] else 'refused'}, {verdict['consequence']}: {verdict['reason']} ({verdict['by']})"


def short(identity: str) -> str:
    """Return enough of a hash to tell it from others."""
    return identity.rsplit(":", maxsplit=1)[-1][:12]


def beside(record: dict[str, Any]) -> str:
    """Say what the page did beside the steps."""
    if record["event"] == "wall":
        return f"{record['wall']} in the way: {record['reason']}"
    verdict = record["verdict"]
    return f"dialog {'accepted' if verdict['allowed'] else 'dismissed'}: {verdict['reason']}"
