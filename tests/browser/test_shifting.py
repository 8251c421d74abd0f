"""A press on a page that moves: on what was meant, or on nothing."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Driver

pytestmark = pytest.mark.browser


def said(driver: Driver) -> str:
    return driver.script("document.getElementById('said').textContent")


@pytest.mark.parametrize("number", [4, 5, 8])
def test_a_press_follows_what_a_closing_menu_moves(driver: Driver, number: int) -> None:
    driver.open("shifting.html")
    assert driver.do('hover "Products"').ok
    assert "Phones" in [line.name for line in driver.seen.lines]
    result = driver.do(f'click "Row {number}"')
    assert (result.ok, result.note, said(driver)) == (True, "", f"row {number}")
    presses = [what for what in driver.script("heard") if what.startswith(("pointerdown", "click"))]
    assert presses == [f"pointerdown Row {number}", f"click Row {number}"]


def test_the_first_point_would_have_been_wrong(driver: Driver) -> None:
    """The control: where row 5 stood while the menu was open, a press lands on another row."""
    driver.open("shifting.html")
    driver.do('hover "Products"')
    box = driver.environment.tabs.page.get_by_text("Row 5").bounding_box()
    assert box
    driver.environment.tabs.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert said(driver) == "row 8"


def test_what_runs_from_the_mouse_is_not_pressed(driver: Driver) -> None:
    driver.open("shifting.html")
    result = driver.do('click "Runaway"')
    assert (result.ok, result.note) == (False, '"Runaway" moves away from the mouse')
    assert (said(driver), driver.script("heard")) == ("", [])


@pytest.mark.parametrize(
    ("meant", "hit", "words"), [("Row 2", "Row 3", "row 3"), ("Inner", "Inner wrong", "inner wrong")]
)
def test_a_press_that_lands_elsewhere_at_the_last_moment_is_kept_from_the_page(
    driver: Driver, meant: str, hit: str, words: str
) -> None:
    driver.open("shifting.html")
    hands, page = driver.environment.hands, driver.environment.tabs.page
    ref, wrong = driver.line(meant).ref, driver.line(hit).ref
    assert ref and wrong
    main = driver.environment.tabs.view.main
    at, elsewhere = main.call("probe", ref, 1000), main.call("probe", wrong, 1000)
    assert main.call("take", ref, at["x"], at["y"])
    assert not main.call("take", ref, elsewhere["x"], elsewhere["y"])
    page.mouse.click(elsewhere["x"], elsewhere["y"])
    assert (said(driver), driver.script("heard")) == ("", [])
    assert main.call("missed")
    hands.click(wrong)  # the next press lands where it is meant to
    assert said(driver) == words
    assert not main.call("missed")
    page.mouse.click(at["x"], at["y"])  # and a person's press where they please
    assert said(driver) == meant.lower()
