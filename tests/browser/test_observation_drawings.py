"""What a person can use in a drawing: links, and what listens or has a role, by a name; never the words of its axes."""

from __future__ import annotations

import pytest

from agent.guard.guard import Guard
from browser.actions import parse
from browser.types import COLLAPSED
from tests.browser.conftest import Driver

pytestmark = pytest.mark.browser

BARS = ["January", "February", "March", "April", "Food:Coffee", "Arc"]
USED = {
    "First dot": "clickable",
    "Zoom in": "button",
    "Legend entry": "clickable",
    "Inside the drawing": "button",
}


def test_links_and_other_controls_in_drawings_are_lines(driver: Driver) -> None:
    page = driver.open("drawings.html")
    assert [line.name for line in page.lines if line.role == "link"] == [*BARS, "Late one"]
    assert {line.name: line.role for line in page.lines if line.name in USED} == USED
    assert [line.name for line in page.lines if line.ref is not None and line.role == "button"][-1] == "Icon"
    assert page.lines[0].name == "Costs"
    said = page.render()
    assert not any(words in said for words in ("Axis", "nowhere", "Hidden", "Words in a box"))


def test_links_in_a_drawing_are_pressed_where_they_are_drawn(driver: Driver) -> None:
    driver.open("drawings.html")
    for name, place in {"January": "jan", "February": "feb", "March": "mar", "April": "apr", "Arc": "arc"}.items():
        result = driver.do(f'click "{name}"')
        assert result.ok, result.note
        assert result.observation.url.endswith(f"#{place}"), name


def test_a_link_of_scattered_shapes_and_one_out_of_view_are_pressed(driver: Driver) -> None:
    driver.open("drawings.html")
    assert driver.do('click "Late one"').observation.url.endswith("#late")
    driver.open("drawings.html")
    assert driver.do('click "Food:Coffee"').observation.url.endswith("/account/Food:Coffee/")


def test_what_listens_in_a_drawing_is_pressed(driver: Driver) -> None:
    driver.open("drawings.html")
    for name, said in (("First dot", "first dot"), ("Zoom in", "zoomed"), ("Inside the drawing", "inside")):
        result = driver.do(f'click "{name}"')
        assert result.ok, result.note
        assert said in [line.name for line in result.observation.lines]


def test_the_guard_is_told_where_a_link_in_a_drawing_leads(driver: Driver) -> None:
    page = driver.open("drawings.html")
    leads = {name: page.targets[driver.line(name).ref or 0].url for name in BARS}
    assert leads["January"] == f"{driver.app}/drawings.html#jan"
    assert leads["April"] == f"{driver.app}/drawings.html#apr"
    assert leads["Food:Coffee"] == f"{driver.app}/account/Food:Coffee/"
    guard = Guard.for_task(driver.app)
    action = parse(f'click "January" [{driver.line("January").ref}]')
    assert guard.judge(action, page).allowed


def test_a_map_of_many_links_leaves_room_for_the_page(driver: Driver) -> None:
    page = driver.open("drawings.html?map")
    assert len(page.lines) <= 120
    names = {line.name for line in page.lines if line.ref is not None}
    assert {*BARS, *USED, "Note", "Save", "Cell 1", "Cell 5"} <= names
    assert [line.name for line in page.lines if line.role == COLLAPSED] == ["125 links"]
    page = driver.do('expand "125 links"').observation
    assert "Cell 6" in {line.name for line in page.lines}
    assert driver.do('click "Cell 7"').observation.url.endswith("#cell7")
