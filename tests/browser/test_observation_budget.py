"""More on a page than a policy can read: what gives way, what stays, and how what gave way is reached."""

from __future__ import annotations

import pytest

from bench.recall import Tokens
from browser.room import BUDGET, Room
from browser.types import Observation
from tests.browser.conftest import Driver

pytestmark = pytest.mark.browser

LIMIT = 1500
VOTES = [f"Vote {i}" for i in range(1, 10)]


def points(page: Observation) -> list[str]:
    return [line.name for line in page.lines if line.name.startswith("Point")]


def test_words_give_way_from_below_and_controls_in_view_stay(driver: Driver) -> None:
    page = driver.open("wordy.html")
    assert Tokens.count(page.render()) <= LIMIT
    assert {*VOTES, "Remark"} <= {line.name for line in page.lines if line.ref is not None}
    assert {"Minutes", "Adjourned"} <= {line.name for line in page.lines if line.role == "heading"}
    kept = points(page)
    assert 20 < len(kept) < 60
    assert [name.split()[1] for name in kept] == [str(i) for i in range(1, len(kept) + 1)], "in their order"
    assert "Far below" not in page.render()
    assert page.more_below == 60 - len(kept) + 1
    assert f"({page.more_below} more below)" in page.render()


def test_looking_again_says_the_same_and_a_change_is_kept(driver: Driver) -> None:
    page = driver.open("wordy.html")
    assert driver.environment.look().lines == page.lines
    assert not any(name.startswith("Point 58") for name in points(page))
    changed = driver.do('click "Vote 3"').observation
    assert "Point 58 was taken back" in points(changed)
    assert driver.environment.look().lines == changed.lines


def test_find_reaches_what_gave_way(driver: Driver) -> None:
    page = driver.open("wordy.html")
    assert "Point 51 of" not in page.render()
    result = driver.do('find "point 51 of"')
    assert result.ok
    assert "Point 51 of" in result.observation.render()
    assert Tokens.count(result.observation.render()) <= LIMIT
    assert "Far below" in driver.do('find "far away"').observation.render()


def test_what_was_looked_for_stays_until_something_else_is_done(driver: Driver) -> None:
    driver.open("wordy.html")
    found = driver.do('find "point 51 of"').observation
    assert driver.environment.look().lines == found.lines, "looking again is no action"
    assert "Point 51 of" not in driver.do('click "Vote 3"').observation.render()
    assert "Point 51 of" in driver.do('find "point 51 of"').observation.render()
    driver.script("history.pushState(null, '', '?another')")
    assert "Point 51 of" not in driver.environment.look().render()


def test_what_is_done_in_another_tab_ends_the_search_too(driver: Driver) -> None:
    driver.open("wordy.html")
    assert "Point 51 of" in driver.do('find "point 51 of"').observation.render()
    with driver.environment.tabs.page.expect_popup() as popup:
        driver.script("void open('second.html')")
    assert driver.do("wait").ok
    assert driver.environment.tabs.page == popup.value
    popup.value.close()
    assert "Point 51 of" not in driver.environment.look().render()


def test_a_search_for_little_lets_no_control_give_way(driver: Driver) -> None:
    controls = {(line.role, line.name) for line in driver.open("wordy.html").lines if line.ref is not None}
    page = driver.do('find "o"').observation
    assert {(line.role, line.name) for line in page.lines if line.ref is not None} >= controls
    driver.environment.cap = 14
    try:
        page = driver.environment.look()
    finally:
        driver.environment.cap = 120
    assert points(page)[0].startswith("Point 1 of") and len(points(page)) == 3
    assert {*VOTES, "Remark"} <= {line.name for line in page.lines}


def test_the_field_that_has_the_focus_stays_whatever_else_goes(driver: Driver) -> None:
    driver.open("wordy.html")
    driver.do('click "Remark"')
    driver.environment.cap = 8
    try:
        page = driver.environment.look()
    finally:
        driver.environment.cap = 120
    assert "Remark" in [line.name for line in page.lines]
    assert len(page.lines) == 8


@pytest.mark.parametrize("size", [600, 5_000])
def test_a_large_table_stays_within_the_budget(driver: Driver, size: int) -> None:
    page = driver.open(f"large?n={size}")
    assert Tokens.count(page.render()) <= LIMIT
    assert page.more_below > 0


def test_whoever_asks_for_more_lines_gets_them_whole(driver: Driver) -> None:
    driver.open("wordy.html")
    driver.environment.cap = 3000
    try:
        assert len(points(driver.environment.look())) == 60
    finally:
        driver.environment.cap = 120


def test_room_is_shared_with_frames() -> None:
    room = Room.of(120)
    assert (room.cost, Room.of(60).cost, Room.of(240).cost) == (BUDGET, BUDGET, 2 * BUDGET)
    raw = {"lines": [{}] * 118, "cost": BUDGET - 10}
    assert room.for_frames(raw) == Room(24, BUDGET / 4)
    assert room.after(raw) == Room(2, 10)
    assert room.beside([1.0] * 118, [2] * 118, Room(24, 40)) == list(range(96))
    assert room.beside([20.0] * 50, [2] * 50, Room(1, BUDGET - 200)) == list(range(10))
    assert room.beside([20.0] * 50, [2] * 40 + [4] * 10, Room(1, BUDGET - 300)) == [*range(5), *range(40, 50)]
