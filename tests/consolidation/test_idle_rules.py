"""When a night may run: the laws of the rules, and hours as people write them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consolidation.idle.rules import DAYS, Hours, IdleRules, Readings

FREE = Readings(away=600.0, on_mains=True, others=0.05)
MONDAY = datetime(2026, 11, 23)

readings = st.builds(
    Readings,
    away=st.none() | st.floats(0, 1000),
    on_mains=st.booleans(),
    others=st.floats(0, 1),
    gpu=st.none() | st.floats(0, 1),
    celsius=st.none() | st.floats(20, 110),
    at=st.just(MONDAY),
    in_session=st.booleans(),
)


def test_a_free_machine_that_nobody_touches_may_learn() -> None:
    assert IdleRules().judge(FREE, running=False).may_run
    assert IdleRules().judge(replace(FREE, away=float("inf")), running=False).may_run


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"away": 179.0}, "179 s ago"),
        ({"away": None}, "cannot be told"),
        ({"on_mains": False}, "battery"),
        ({"others": 0.3}, "30% of the processor"),
        ({"gpu": 0.2}, "20% of the graphics card"),
        ({"celsius": 80.0}, "80 degrees"),
        ({"in_session": True}, "a session is running"),
    ],
)
def test_each_reason_keeps_a_night_from_beginning(change: dict[str, object], why: str) -> None:
    verdict = IdleRules().judge(replace(FREE, **change), running=False)  # type: ignore[arg-type]
    assert not verdict.may_run and why in verdict.reason


def test_what_runs_stops_when_the_person_is_back_and_not_for_a_little_load() -> None:
    rules = IdleRules()
    assert rules.judge(replace(FREE, away=100.0, others=0.4, celsius=80.0, gpu=0.4), running=True).may_run
    for change in ({"away": 0.4}, {"others": 0.6}, {"celsius": 86.0}, {"on_mains": False}, {"in_session": True}):
        assert not rules.judge(replace(FREE, **change), running=True).may_run  # type: ignore[arg-type]


@given(readings)
def test_what_may_begin_may_also_go_on(now: Readings) -> None:
    rules = IdleRules()
    if rules.judge(now, running=False).may_run:
        assert rules.judge(now, running=True).may_run


@given(readings, st.booleans())
def test_less_load_more_absence_and_less_heat_never_forbid(now: Readings, running: bool) -> None:
    rules = IdleRules()
    if rules.judge(now, running=running).may_run:
        easier = replace(now, others=0.0, gpu=None, celsius=None, on_mains=True, away=(now.away or 0) + 1)
        assert rules.judge(easier, running=running).may_run


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("22:00-07:00", ["mon 22:00", "tue 06:59", "sun 23:30"], ["mon 07:00", "mon 21:59"]),
        ("mon-fri 22:00-07:00", ["fri 23:00", "sat 06:59"], ["sat 22:00", "sun 03:00", "mon 06:00"]),
        ("sat", ["sat 00:00", "sat 23:59"], ["sun 00:00", "fri 23:59"]),
        ("Fri-Mon 01:00-05:30", ["sun 01:00", "mon 05:29"], ["tue 02:00", "sun 05:30"]),
        ("sun 12:00-24:00", ["sun 23:59"], ["mon 00:00", "sun 11:59"]),
    ],
)
def test_hours_as_people_write_them(text: str, inside: list[str], outside: list[str]) -> None:
    hours = Hours.parse(text)
    assert all(hours.hold(moment(at)) for at in inside)
    assert not any(hours.hold(moment(at)) for at in outside)


def moment(text: str) -> datetime:
    day, clock = text.split()
    hour, minute = map(int, clock.split(":"))
    return MONDAY + timedelta(days=DAYS.index(day), hours=hour, minutes=minute)


@given(st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 7 * 1440 - 1))
def test_hours_and_the_hours_between_them_cover_each_minute_once(begin: int, end: int, minute: int) -> None:
    at = MONDAY + timedelta(minutes=minute)
    if begin != end:
        one, other = Hours.parse(span(begin, end)), Hours.parse(span(end, begin))
        assert one.hold(at) != other.hold(at)


def span(begin: int, end: int) -> str:
    return f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"


@pytest.mark.parametrize("text", ["", "noon", "mon-xyz", "25:00-26:00", "10:00-09:61", "mon 10:00", "mon,tue"])
def test_hours_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write|is no"):
        Hours.parse(text)


def test_outside_the_hours_nothing_runs() -> None:
    rules = IdleRules(hours=(Hours.parse("22:00-07:00"),))
    assert not rules.judge(replace(FREE, at=moment("mon 12:00")), running=True).may_run
    assert rules.judge(replace(FREE, at=moment("mon 23:00")), running=False).may_run
