"""Adapters, and the one row that says which of them is champion.

Moves of the alias are only ever added to `promotions`. A rollback undoes the last promotion that still stands, so two
rollbacks in a row go back two promotions, and none goes back beyond the base.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from agent.store import blobs
from agent.store.database import Part, Transaction, new_id, now
from agent.store.rows import AdapterRow, AdapterState, Move, PromotionRow
from browser.errors import UsageError

CHAMPION = "champion"


class Adapters(Part):
    """What was learned, and which of it acts."""

    def add_adapter(
        self,
        adapter_id: str,
        base_id: str,
        path: str,
        *,
        parent_id: str | None = None,
        lesson_ids: Sequence[str] = (),
        receipt: Mapping[str, Any] | None = None,
        state: AdapterState = "challenger",
    ) -> None:
        """Record an adapter under its content hash. Its files must be whole on the disk before.

        What was refused, found corrupt or forgotten, and is learned again to the last bit, is a challenger again; all else stays.
        """
        values = [
            adapter_id,
            base_id,
            parent_id,
            path,
            now(),
            blobs.json_text(list(lesson_ids)),
            blobs.json_text(dict(receipt or {})),
            state,
        ]
        with self._db.write() as transaction:
            transaction.execute(
                "INSERT INTO adapters (id, base_id, parent_id, path, created_at, lesson_ids, receipt, state)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET parent_id = excluded.parent_id, path = excluded.path, state = excluded.state,"
                " lesson_ids = excluded.lesson_ids, receipt = excluded.receipt, forgotten_at = NULL"
                " WHERE adapters.state IN ('refused', 'corrupt') OR adapters.forgotten_at IS NOT NULL",
                values,
            )

    def judge_adapter(self, adapter_id: str, state: AdapterState, receipt: Mapping[str, Any] | None = None) -> None:
        """Record a verdict: what the gate said (with its receipt), or that the files do not verify any more."""
        exact = self._resolve("adapters", adapter_id)
        text = None if receipt is None else blobs.json_text(dict(receipt))
        with self._db.write() as transaction:
            transaction.execute(
                "UPDATE adapters SET state = ?, receipt = coalesce(?, receipt) WHERE id = ?", [state, text, exact]
            )

    def adapter(self, adapter_id: str) -> AdapterRow:
        """Return the adapter whose id begins so, with or without `sha256:`. Raises UsageError when there is none, or more than one."""
        return _adapter(
            self._db.rows("SELECT * FROM adapters WHERE id = ?", [self._resolve("adapters", adapter_id)])[0]
        )

    def adapters(self) -> list[AdapterRow]:
        """List adapters, the latest first."""
        return [_adapter(row) for row in self._db.rows("SELECT * FROM adapters ORDER BY seq DESC")]

    def champion(self) -> AdapterRow | None:
        """Return the adapter that acts, None when the base acts alone."""
        rows = self._db.rows(
            "SELECT adapters.* FROM aliases JOIN adapters ON adapters.id = adapter_id WHERE name = ?", [CHAMPION]
        )
        return _adapter(rows[0]) if rows else None

    def stands(self, adapter_id: str) -> bool:
        """Whether an adapter is the champion or was one, and neither was taken back nor cannot be used any more."""
        with self._db.write() as transaction:
            return adapter_id in standing_champions(transaction) and not transaction.rows(
                "SELECT 1 FROM adapters WHERE id = ? AND (state = 'corrupt' OR forgotten_at IS NOT NULL)", [adapter_id]
            )

    def promote(self, adapter_id: str, reason: str, lesson_ids: Sequence[str] = ()) -> None:
        """Make an adapter champion, and in the same transaction take the lessons that it carries out of the prompt.

        Doing it again moves nothing, so it may follow a crash.
        """
        adapter = self.adapter(adapter_id)
        if adapter.forgotten_at is not None or adapter.state in ("refused", "corrupt"):
            raise UsageError(
                f"the adapter {adapter.id} is {'forgotten' if adapter.forgotten_at else adapter.state} and cannot be promoted",
                "Promote one that has passed the gate",
            )
        with self._db.write() as transaction:
            for lesson_id in lesson_ids:
                transaction.execute(
                    "UPDATE lessons SET in_weights_adapter_id = ? WHERE id = ?", [adapter.id, lesson_id]
                )
            if champion_of(transaction) == adapter.id:
                return
            move_champion(transaction, "promote", adapter.id, reason)
            transaction.execute("UPDATE adapters SET state = 'promoted' WHERE id = ?", [adapter.id])

    def roll_back(self, reason: str) -> AdapterRow | None:
        """Make the adapter before the champion champion again, and return it; None is the base alone.

        An adapter that was found corrupt or was forgotten meanwhile is passed over. At the base already, nothing changes.
        """
        with self._db.write() as transaction:
            gone = transaction.rows("SELECT id FROM adapters WHERE state = 'corrupt' OR forgotten_at IS NOT NULL")
            lost = {row["id"] for row in gone}
            standing = standing_champions(transaction)[:-1]
            while standing and standing[-1] in lost:
                standing.pop()
            if champion_of(transaction) is not None:
                move_champion(transaction, "roll_back", standing[-1] if standing else None, reason)
        return self.champion()

    def promotions(self) -> list[PromotionRow]:
        """List every move of the alias, the earliest first."""
        names = "id, alias, move, adapter_id, previous_id, reason, created_at"
        return [PromotionRow(*row) for row in self._db.rows(f"SELECT {names} FROM promotions ORDER BY seq")]


def champion_of(transaction: Transaction) -> str | None:
    """Return the champion's id, None for the base alone."""
    rows = transaction.rows("SELECT adapter_id FROM aliases WHERE name = ?", [CHAMPION])
    return rows[0]["adapter_id"] if rows else None


def standing_champions(transaction: Transaction) -> list[str]:
    """Replay all moves and return the adapters whose promotion was not undone, the champion last."""
    standing: list[str] = []
    for row in transaction.rows("SELECT move, adapter_id FROM promotions WHERE alias = ? ORDER BY seq", [CHAMPION]):
        if row["move"] == "promote":
            standing.append(row["adapter_id"])
            continue
        standing.pop()
        while standing and standing[-1] != row["adapter_id"]:
            standing.pop()
    return standing


def move_champion(transaction: Transaction, move: Move, adapter_id: str | None, reason: str) -> None:
    """Move the alias, and add the move to the record."""
    previous, moment = champion_of(transaction), now()
    transaction.execute(
        "INSERT INTO aliases (name, adapter_id, changed_at) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET adapter_id = excluded.adapter_id, changed_at = excluded.changed_at",
        [CHAMPION, adapter_id, moment],
    )
    transaction.execute(
        "INSERT INTO promotions (id, alias, move, adapter_id, previous_id, reason, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [new_id(), CHAMPION, move, adapter_id, previous, reason, moment],
    )


def _adapter(row: sqlite3.Row) -> AdapterRow:
    return AdapterRow(
        id=row["id"],
        base_id=row["base_id"],
        parent_id=row["parent_id"],
        path=row["path"],
        created_at=row["created_at"],
        lesson_ids=tuple(json.loads(row["lesson_ids"])),
        receipt=json.loads(row["receipt"]),
        state=row["state"],
        forgotten_at=row["forgotten_at"],
    )
