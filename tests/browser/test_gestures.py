"""Hover, drag, sliders, choices of every make, the keyboard, and going forward again."""

from __future__ import annotations

import pytest

from browser.actions import Action, Verb
from tests.browser.conftest import Driver

pytestmark = pytest.mark.browser


def said(driver: Driver) -> str:
    return driver.script("document.getElementById('said').textContent")


def test_a_menu_that_opens_under_the_mouse(driver: Driver) -> None:
    """Its head is a link elsewhere: no click would show the menu."""
    page = driver.open("gestures.html")
    assert "Phones" not in [line.name for line in page.lines]
    assert driver.do('hover "Products"').ok
    result = driver.do('click "Phones"')
    assert (result.ok, result.note, said(driver)) == (True, "", "phones")


def test_what_a_row_shows_under_the_mouse_is_reached_by_its_words(driver: Driver) -> None:
    driver.open("gestures.html")
    result = driver.environment.step(Action(Verb.HOVER, "Chris"))
    assert [line.name for line in result.observation.lines if line.name.startswith("Edit")] == ["Edit"]
    driver.do('click "Edit"')
    assert said(driver) == "edit Chris"
    result = driver.environment.step(Action(Verb.HOVER, "Nobody"))
    assert (result.ok, result.note) == (False, 'not found: "Nobody"')


def test_what_comes_a_moment_after_the_mouse_is_waited_for(driver: Driver) -> None:
    driver.open("gestures.html")
    result = driver.do('hover "Account"')
    assert "Leave this account" in [line.name for line in result.observation.lines]


def test_dragging_between_lanes(driver: Driver) -> None:
    driver.open("gestures.html")
    for card, lane, words in (("Buy milk", "Finished", "milk to done"), ("Buy bread", "Far away", "bread to far")):
        result = driver.environment.step(Action(Verb.DRAG, card, text=lane))
        assert (result.ok, result.note, said(driver)) == (True, "", words)
    result = driver.environment.step(Action(Verb.DRAG, "Buy milk", text="Nowhere"))
    assert (result.ok, result.note) == (False, 'not found: "Nowhere"')
    assert said(driver) == "bread to far"


def test_dragging_in_a_list_that_follows_the_pointer(driver: Driver) -> None:
    driver.open("gestures.html")
    result = driver.environment.step(Action(Verb.DRAG, "First song", text="Third song"))
    assert result.ok, result.note
    assert said(driver) == "Second song, Third song, First song"


@pytest.mark.parametrize(
    ("name", "text", "words"), [("Volume", "23", "volume 23"), ("Volume", "18", "volume 18"), ("Zoom", "80", "zoom 80")]
)
def test_a_slider_made_of_aria_goes_to_its_number(driver: Driver, name: str, text: str, words: str) -> None:
    driver.at("gestures.html")
    result = driver.do(f'type "{name}" "{text}"')
    assert (result.ok, result.note) == (True, "")
    assert (driver.line(name).value, said(driver)) == (text, words)


@pytest.mark.parametrize(
    ("name", "text", "note"),
    [
        ("Volume", "loud", '"Volume" takes a number'),
        ("Volume", "51", '"Volume" takes a number from 0 to 50'),
        ("Zoom", "55", '"Zoom" goes from 50 to 60 in one step'),
        ("Stuck", "5", '"Stuck" stays at 3'),
    ],
)
def test_what_a_slider_cannot_do_is_said(driver: Driver, name: str, text: str, note: str) -> None:
    driver.open("gestures.html")
    result = driver.do(f'type "{name}" "{text}"')
    assert (result.ok, result.note) == (False, note)


def test_radios_checkboxes_and_switches_of_every_make(driver: Driver) -> None:
    driver.open("choices.html")
    for name, words in (
        ("Large", "plan large"),
        ("Invoice", "invoice"),
        ("Tall", "Tall"),
        ("News", "news true"),
        ("Remember me", "Remember me true"),
        ("Dark mode", "Dark mode true"),
    ):
        result = driver.do(f'click "{name}"')
        assert (result.ok, result.note, said(driver)) == (True, "", words)
        assert "checked" in driver.line(name).states
    driver.do('click "News"')
    assert said(driver) == "news false"
    assert "checked" not in driver.line("Small").states


def test_tabs_by_mouse_and_by_keyboard(driver: Driver) -> None:
    driver.open("choices.html")
    result = driver.do('click "Billing"')
    assert "Card ends in 42" in [line.name for line in result.observation.lines]
    result = driver.do('press "ArrowRight"')
    assert said(driver) == "General"
    assert "selected" in driver.line("General").states


def test_keys_reach_what_has_the_focus(driver: Driver) -> None:
    driver.open("inputs.html")
    driver.do('type "Amount" "12"')
    for key in ("Backspace", "ArrowLeft", "Delete"):
        assert driver.do(f'press "{key}"').ok
    assert driver.line("Amount").value == ""
    driver.do('press "Tab"')
    assert driver.seen.focus == driver.line("Fixed").ref


def test_a_date_is_typed_or_picked(driver: Driver) -> None:
    driver.open("choices.html")
    driver.do('type "Born" "03.04.1991"')
    assert driver.line("Born").value == "03.04.1991"
    driver.do('click "8"')
    assert said(driver) == "born 08.06.1990"


def test_lists_that_open_elsewhere_and_long_ones_are_chosen_from(driver: Driver) -> None:
    driver.open("choices.html")
    for name, option in (("Fruit", "Plum"), ("Number", "Number 58")):
        result = driver.do(f'select "{name}" "{option}"')
        assert (result.ok, result.note, said(driver)) == (True, "", option)
    result = driver.do('select "Fruit" "Cherry"')
    assert (result.ok, result.note) == (False, '"Fruit" has no option "Cherry"; it has "Apple", "Pear", "Plum"')


def test_forward_undoes_back(driver: Driver) -> None:
    driver.open("tabs.html")
    driver.do('click "Second page"')
    assert driver.do("back").observation.title == "Tabs"
    assert driver.do("forward").observation.title == "Second"
    result = driver.do("forward")
    assert (result.ok, result.note) == (False, "there is no page after this one")
