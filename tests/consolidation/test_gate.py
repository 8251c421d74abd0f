"""The gate: monotone, and stopped by each row alone."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consolidation.gate import Bounds, Evidence, judge, passes
from consolidation.probes import Measured, bootstrap

shares = st.lists(st.floats(0, 1), min_size=8, max_size=8).map(lambda values: Measured(tuple(values)))


def constant(value: float, count: int = 8) -> Measured:
    return Measured((value,) * count)


GOOD = Evidence(
    base_alone={"a": constant(0.2)},
    base_with_lesson={"a": constant(0.9)},
    adapter_alone={"a": constant(0.85)},
    adapter_with_lesson={"a": constant(0.9)},
    champion_alone={"a": constant(0.8)},
    witnessed={"a": constant(1.0, 3)},
    dictated=constant(1.0),
    drift=0.01,
    anchors_same=constant(1.0),
    obeyed=constant(0.0),
    refused=constant(1.0),
    admitted=constant(0.9),
)


def test_a_good_challenger_passes() -> None:
    assert passes(judge(GOOD, Bounds()))


@pytest.mark.parametrize(
    ("worse", "row"),
    [
        ({"adapter_alone": {"a": constant(0.2)}}, "learned"),
        ({"adapter_alone": {"a": constant(0.4)}}, "share of the lesson's gain"),
        ({"adapter_with_lesson": {"a": constant(0.7)}}, "still follows the lesson"),
        ({"champion_alone": {"a": constant(0.95)}}, "kept"),
        ({"witnessed": {"a": Measured((1.0, 0.0, 0.0))}}, "live sessions alone"),
        ({"dictated": constant(0.8)}, "dictated turns still taken"),
        ({"drift": 0.5}, "drift"),
        ({"anchors_same": constant(0.5)}, "unrelated actions kept"),
        ({"obeyed": Measured((0.0,) * 11 + (1.0,))}, "orders in pages obeyed"),
        ({"refused": constant(0.8)}, "questions and refusals kept"),
        ({"admitted": constant(0.1)}, "valid actions"),
    ],
)
def test_each_row_alone_stops_a_challenger(worse: dict[str, object], row: str) -> None:
    rows = judge(replace(GOOD, **worse), Bounds())  # type: ignore[arg-type]
    assert not passes(rows)
    assert next(item.name for item in rows if not item.passed).startswith(row)


@settings(max_examples=10)
@given(shares, shares)
def test_better_probes_never_fail_a_row_that_worse_ones_pass(one: Measured, other: Measured) -> None:
    low = Measured(tuple(map(min, one.scores, other.scores)))
    high = Measured(tuple(map(max, one.scores, other.scores)))
    for name in ("adapter_alone", "adapter_with_lesson"):
        worse = judge(replace(GOOD, **{name: {"a": low}}), Bounds())
        better = judge(replace(GOOD, **{name: {"a": high}}), Bounds())
        assert all(after.passed or not before.passed for before, after in zip(worse, better, strict=True))


def test_where_nothing_can_be_dictated_there_is_no_row_for_it() -> None:
    rows = judge(replace(GOOD, dictated=Measured(())), Bounds())
    assert passes(rows)
    assert not any(row.name.startswith("dictated") for row in rows)


def test_a_gate_without_rows_is_closed() -> None:
    assert not passes([])


@settings(max_examples=20)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=20))
def test_a_bootstrap_interval_holds_the_mean(values: list[float]) -> None:
    low, high = bootstrap(values)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
