from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.store import AdapterRow, Store
from browser.errors import UsageError

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")


@pytest.fixture
def night(store: Store) -> Store:
    for name, parent in ((A, None), (B, A), (C, B)):
        store.add_adapter(name, "smollm2", f"adapters/{name}", parent_id=parent)
    return store


def champion_id(store: Store) -> str | None:
    champion = store.champion()
    return champion.id if champion else None


def test_an_adapter_comes_back(store: Store) -> None:
    lesson_id = store.add_lesson("words", "http://h", "", "Told: save first")
    store.add_adapter(
        A,
        "smollm2",
        "adapters/a",
        lesson_ids=[lesson_id],
        receipt={"gate": [{"row": "learned", "ok": True}], "gain": 0.45},
    )
    row = store.adapter(A)
    assert (row.id, row.base_id, row.parent_id, row.path, row.lesson_ids, row.state) == (
        A,
        "smollm2",
        None,
        "adapters/a",
        (lesson_id,),
        "challenger",
    )
    assert row.receipt == {"gate": [{"row": "learned", "ok": True}], "gain": 0.45}
    assert store.adapter("aaaa").id == store.adapter("sha256:AA").id == A
    store.add_adapter(A, "smollm2", "elsewhere")
    assert store.adapter(A) == row, "recording it again changes nothing"
    with pytest.raises(UsageError, match="no adapter"):
        store.adapter("dd")


def test_the_base_acts_until_something_is_promoted(night: Store) -> None:
    assert night.champion() is None
    assert night.roll_back("nothing to undo") is None
    assert night.promotions() == []


def test_promotion_moves_one_row_and_says_why(night: Store) -> None:
    night.promote(A, "it learned")
    night.promote(B, "it learned more")
    champion = night.champion()
    assert isinstance(champion, AdapterRow)
    assert (champion.id, champion.state) == (B, "promoted")
    assert [(row.move, row.adapter_id, row.previous_id, row.reason) for row in night.promotions()] == [
        ("promote", A, None, "it learned"),
        ("promote", B, A, "it learned more"),
    ]
    assert [row.id for row in night.adapters()] == [C, B, A]


def test_promoting_the_champion_again_changes_nothing(night: Store) -> None:
    night.promote(A, "it learned")
    night.promote(A, "after a crash")
    assert len(night.promotions()) == 1


def test_rollbacks_go_back_one_promotion_each_and_end_at_the_base(night: Store) -> None:
    for name in (A, B, C):
        night.promote(name, "it learned")
    back = [night.roll_back("the person said so") for _ in range(4)]
    assert [row.id if row else None for row in back] == [B, A, None, None]
    assert [row.adapter_id for row in night.promotions()] == [A, B, C, B, A, None]
    night.promote(C, "again")
    assert night.roll_back("again") is None


def test_a_corrupt_adapter_is_passed_over(night: Store) -> None:
    for name in (A, B, C):
        night.promote(name, "it learned")
    night.judge_adapter(B, "corrupt")
    rolled = night.roll_back("the champion does not verify")
    assert rolled is not None
    assert rolled.id == A
    assert night.roll_back("again") is None


@pytest.mark.parametrize("state", ["refused", "corrupt"])
def test_what_the_gate_refused_cannot_be_promoted(night: Store, state) -> None:
    night.judge_adapter(A, state, {"gate": "forgot a lesson"})
    assert (night.adapter(A).state, night.adapter(A).receipt) == (state, {"gate": "forgot a lesson"})
    with pytest.raises(UsageError, match=state):
        night.promote(A, "anyway")
    assert night.champion() is None


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.sampled_from([A, B, C, None]), max_size=8))
def test_rollback_undoes_the_last_promotion_that_stands(night: Store, moves: list[str | None]) -> None:
    while night.champion():
        night.roll_back("start at the base")
    standing: list[str] = []
    for move in moves:
        if move is None:
            standing = standing[:-1]
            night.roll_back("back")
        elif not standing or standing[-1] != move:
            standing.append(move)
            night.promote(move, "forth")
        assert champion_id(night) == (standing[-1] if standing else None)


def test_a_promotion_takes_its_lessons_out_of_the_prompt_or_nothing_happens(night: Store) -> None:
    lesson_id = night.add_lesson("words", "http://h", "", "Told: save first")
    night.promote(A, "it learned", [lesson_id])
    assert night.lesson(lesson_id).in_weights_adapter_id == A
    night.judge_adapter(B, "refused")
    with pytest.raises(UsageError):
        night.promote(B, "it learned more", [lesson_id])
    assert night.lesson(lesson_id).in_weights_adapter_id == A == champion_id(night)
    left = night.add_lesson("words", "http://h", "", "Told: close it")
    night.promote(A, "said again after a kill", [lesson_id, left])
    assert {night.lesson(each).in_weights_adapter_id for each in (lesson_id, left)} == {A}
    assert len(night.promotions()) == 1
