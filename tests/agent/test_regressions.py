"""What was promoted is watched: two failures by day take it back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agent.regressions import after_outcome, regressions
from agent.store import Store
from agent.store.database import now

APP = "http://127.0.0.1:7101"
OLD, NEW = "a" * 16, "b" * 16


@pytest.fixture
def store() -> Iterator[Store]:
    """A store whose champion carries one of two lessons, after an older one."""
    with Store.open() as opened:
        carried = opened.add_lesson("demonstration", APP, "Chris paid Bea back 20", "Lesson: pay back")
        opened.add_lesson("demonstration", APP, "Invite a friend by mail", "Lesson: invite")
        opened.add_adapter(OLD, "base", "adapters/a")
        opened.add_adapter(NEW, "base", "adapters/b", lesson_ids=[carried])
        opened.promote(OLD, "passed the gate")
        opened.promote(NEW, "passed the gate")
        yield opened


def session(store: Store, task: str, *verdicts: bool, adapter: str | None = NEW, source: str = "person") -> str:
    session_id = store.begin_session(task, APP, APP, adapter_id=adapter)
    store.end_session(session_id, "done")
    for verdict in verdicts:
        store.add_outcome(session_id, verdict, source)  # type: ignore[arg-type]
    return session_id


def champion(store: Store) -> str | None:
    row = store.champion()
    return row.id if row else None


def test_one_failure_is_not_enough_and_two_are(store: Store) -> None:
    first = session(store, "Dmitri paid Elsa back 7", False)
    assert after_outcome(store) is None and champion(store) == NEW
    second = session(store, "Elsa paid Alex back 9", False, source="check")
    done = after_outcome(store)
    assert done is not None and done.session_ids == (second, first) and done.now_acting == OLD
    assert champion(store) == OLD and "2 live regressions" in store.promotions()[-1].reason
    assert after_outcome(store) is None, "the older one is not blamed for what it did not do"


@pytest.mark.parametrize(
    ("task", "verdicts", "options"),
    [
        ("Dmitri paid Elsa back 7", (True,), {}),
        ("Dmitri paid Elsa back 7", (False, True), {}),
        ("Dmitri paid Elsa back 7", (False,), {"source": "agent"}),
        ("Dmitri paid Elsa back 7", (False,), {"adapter": OLD}),
        ("Dmitri paid Elsa back 7", (False,), {"adapter": None}),
        ("Invite someone by mail", (False,), {}),
        ("Dmitri paid Elsa back 7", (), {}),
    ],
)
def test_what_does_not_count(store: Store, task: str, verdicts: tuple[bool, ...], options: dict[str, str]) -> None:
    for _ in range(3):
        session(store, task, *verdicts, **options)  # type: ignore[arg-type]
    assert regressions(store) == () and after_outcome(store) is None and champion(store) == NEW


def test_what_came_before_a_new_promotion_does_not_count(store: Store) -> None:
    session(store, "Dmitri paid Elsa back 7", False)
    store.roll_back("by hand")
    before = now()
    while now() == before:  # the store's clock ticks in milliseconds
        pass
    store.promote(NEW, "learned again")
    second = session(store, "Elsa paid Alex back 9", False)
    assert regressions(store) == (second,) and after_outcome(store) is None


def test_the_base_cannot_be_taken_back() -> None:
    with Store.open() as store:
        session(store, "Dmitri paid Elsa back 7", False, adapter=None)
        assert after_outcome(store) is None
