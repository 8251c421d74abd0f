"""States, bounded options, things that lie under others, and names of controls that nobody named."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Driver

pytestmark = pytest.mark.browser


def test_states_are_told(driver: Driver) -> None:
    page = driver.open("states.html")
    states = {line.name: line.states for line in page.lines if line.ref}
    assert states["Mail"] == ("required",), "nobody has typed yet"
    assert states["Code"] == ("invalid",)
    assert states["Frozen"] == states["Not now"] == ("disabled",)
    assert (states["Daily"], states["Weekly"], states["Blue"]) == (("checked",), (), ("checked",))
    assert (states["Menu"], states["Open part"]) == (("expanded",), ("expanded",))
    assert states["First"] == states["Here"] == states["Picked"] == ("selected",)
    assert states["Pass"] == ("secret", "filled")
    assert "secret-7" not in page.render()


def test_what_a_person_left_invalid_is_told_and_what_has_the_focus(driver: Driver) -> None:
    driver.open("states.html")
    page = driver.do('type "Mail" "still none"').observation
    assert page.focus == driver.line("Mail").ref
    page = driver.do('press "Tab"').observation
    assert driver.line("Mail", page).states == ("required", "invalid")
    assert page.focus == driver.line("Code").ref


def test_options_are_bounded_and_the_chosen_one_is_the_value(driver: Driver) -> None:
    driver.open("states.html")
    driver.script("document.getElementById('many').value = 'Number 44'")
    line = driver.line("Number", driver.environment.look())
    assert line.options == tuple(f"Number {i}" for i in range(1, 31))
    assert line.value == "Number 44"


def test_what_lies_under_something_else_is_not_there(driver: Driver) -> None:
    driver.open("states.html")
    assert "Buried" not in driver.environment.look().render()
    driver.script("document.querySelector('[style*=inset]').remove()")
    assert driver.line("Buried", driver.environment.look()).role == "button", "it was there all along"


def test_controls_without_a_name_are_called_by_what_stands_around_them(driver: Driver) -> None:
    page = driver.open("states.html")
    names = [line.name for line in page.lines if line.ref]
    assert {"Remove (Alba)", "Remove (Birch)", "Beside words", "pencil"} <= set(names)
    boxes = [line.name for line in page.lines if line.role == "checkbox" and line.name not in ("Daily", "Weekly")]
    assert len(set(boxes)) == 2
    assert "Alba" in boxes[0]
    assert "Birch" in boxes[1]
