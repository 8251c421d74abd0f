"""The generated store is a real one, and the dashboard on it is measured."""

from __future__ import annotations

from pathlib import Path

from agent.store import Store
from bench.big_store import Size, make_big_store
from bench.dashboard import outside


def test_the_store_verifies_and_every_session_opens(tmp_path: Path) -> None:
    path = tmp_path / "big.db"
    make_big_store(path, Size(sessions=30, steps=100, lessons=5))
    with Store.open(path) as store:
        assert store.verify() == []
        rows = store.sessions(limit=1000)
        assert (len(rows), sum(row.steps for row in rows), len(store.lessons())) == (30, 100, 5)
        assert [len(store.steps(row.id)) for row in rows] == [row.steps for row in rows]


def test_the_dashboard_is_measured_on_it(tmp_path: Path) -> None:
    path = tmp_path / "big.db"
    make_big_store(path, Size(sessions=1800, steps=1800, lessons=5))
    figures = outside(path, runs=1)
    for name in ("first_paint_s", "search_s", "store_search_s", "memory_mib"):
        assert 0 < figures[name]["best"] <= figures[name]["median"]
