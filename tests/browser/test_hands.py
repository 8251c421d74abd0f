"""Acting on controls, and what the policy is told when it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from browser.actions import Action, ActionFailed, Verb
from browser.hands import PATIENCE_MS, web_address
from tests.browser.conftest import Driver

pytestmark = pytest.mark.browser

LONG = "a long story " * 40


@pytest.fixture
def hasty(driver: Driver) -> Iterator[Driver]:
    """A driver that waits for a control for half a second."""
    driver.open("blocked.html")
    driver.environment.hands.patience_ms = 500
    yield driver
    driver.environment.hands.patience_ms = PATIENCE_MS


@pytest.mark.parametrize(
    ("button", "note"),
    [
        ("Cover", '"Save" is covered by dialog "Add a bill"'),
        ("Cover with words", '"Save" is covered by "We value your privacy"'),
        ("Disable", '"Save" is disabled'),
        ("Hide", '"Save" is hidden'),
        ("Remove", '"Save" is gone'),
    ],
)
def test_one_line_says_what_is_in_the_way(hasty: Driver, button: str, note: str) -> None:
    save = hasty.line("Save").ref
    hasty.do(f'click "{button}"')
    result = hasty.environment.step(Action(Verb.CLICK, "Save", save))
    assert (result.ok, result.note) == (False, note)


def test_a_control_that_is_disabled_for_a_moment_is_waited_for(driver: Driver) -> None:
    driver.open("blocked.html")
    save = driver.line("Save").ref
    driver.do('click "Disable shortly"')
    result = driver.environment.step(Action(Verb.CLICK, "Save", save))
    assert result.ok, result.note
    assert result.observation.title == "Pressed true"


def test_a_ref_of_another_document_is_not_used(driver: Driver) -> None:
    driver.open("blocked.html")
    save = driver.line("Save")
    driver.environment.tabs.page.goto(f"{driver.app}/blocked.html?again")
    result = driver.environment.step(Action(Verb.CLICK, save.name, save.ref))
    assert (result.ok, result.note) == (False, "the page has changed since it was read")
    assert result.observation.title == "Blocked"


def test_an_action_without_a_ref_says_so(driver: Driver) -> None:
    driver.open("blocked.html")
    result = driver.environment.step(Action(Verb.CLICK, "Nowhere"))
    assert (result.ok, result.note) == (False, '"Nowhere" has no ref: it is not on this page')


def test_a_box_behind_a_styled_label_is_pressed_beside_the_links_in_it(driver: Driver) -> None:
    driver.open("inputs.html")
    result = driver.do('click "I agree to the terms of this house"')
    assert result.ok, result.note
    assert "checked" in driver.line("I agree to the terms of this house").states
    assert result.observation.path == "/inputs.html"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("When", "2026-03-01", "2026-03-01"),
        ("At", "14:30", "14:30"),
        ("Shade", "#ff8800", "#ff8800"),
        ("Loud", "7", "7"),
        ("Seats", "12", "12"),
        ("Seats", "", ""),
        ("Amount", '12.50 "x" é😀', '12.50 "x" é😀'),
        ("Amount", "", ""),
        ("Amount", "two\nlines", "two lines"),
        ("Notes", "short", "short"),
        ("Payer", "Bea", "Bea"),
    ],
)
def test_typing_replaces_what_a_field_holds(driver: Driver, name: str, text: str, value: str) -> None:
    driver.at("inputs.html")
    field = driver.line(name)
    result = driver.environment.step(Action(Verb.TYPE, name, field.ref, text))
    assert result.ok, result.note
    assert driver.line(name).value == value


def test_the_page_hears_of_what_was_put_in_at_once(driver: Driver) -> None:
    driver.open("inputs.html")
    driver.do('type "When" "2026-03-01"')
    assert driver.seen.lines[-1].name == "when 2026-03-01"
    driver.do('type "At" "14:30"')
    assert driver.seen.lines[-1].name == "at 14:30"


@pytest.mark.parametrize(
    ("name", "text", "note"),
    [
        ("When", "1.3.2026", '"When" takes a date as 2026-03-01'),
        ("Shade", "red", '"Shade" takes a colour as #ff8800'),
        ("Loud", "loud", '"Loud" takes a number'),
        ("Seats", "12,5", '"Seats" takes a number such as 12.5'),
        ("Seats", "many", '"Seats" takes a number such as 12.5'),
        ("Fixed", "x", '"Fixed" is read-only'),
        ("I agree to the terms of this house", "x", '"I agree to the terms of this house" cannot be typed into'),
    ],
)
def test_what_a_field_does_not_take_is_said(driver: Driver, name: str, text: str, note: str) -> None:
    driver.at("inputs.html")
    result = driver.do(f'type "{name}" "{text}"')
    assert (result.ok, result.note) == (False, note)


def test_short_text_comes_key_by_key_and_long_text_at_once(driver: Driver) -> None:
    driver.open("inputs.html")
    driver.do('type "Amount" "12345"')
    assert driver.script("keys") == 5
    driver.do(f'type "Amount" "{LONG}"')
    assert driver.script("[keys, document.getElementById('amount').value]") == [5, LONG]


def test_lines_of_a_long_text_never_press_enter(driver: Driver) -> None:
    driver.open("inputs.html")
    driver.script(
        "window.enters = 0; addEventListener('keydown', (event) => { enters += event.key === 'Enter'; }, true)"
    )
    driver.do('type "Story" "one\\ntwo"')
    driver.do('type "Notes" "three\\nfour"')
    assert driver.script(
        "[document.getElementById('story').value, document.getElementById('rich').innerText.trim(), enters]"
    ) == ["one\ntwo", "three\nfour", 0]


@pytest.mark.parametrize(("option", "chosen"), [("Bea", "2"), ("bea", "2"), ("Chris Dow", "3")])
def test_a_select_is_chosen_by_label(driver: Driver, option: str, chosen: str) -> None:
    driver.at("inputs.html")
    result = driver.do(f'select "Payer" "{option}"')
    assert result.ok, result.note
    assert result.observation.lines[-1].name == f"payer {chosen}"


def test_what_a_list_does_not_have_is_said_with_what_it_has(driver: Driver) -> None:
    driver.at("inputs.html")
    assert (
        driver.do('select "Payer" "Nobody"').note == '"Payer" has no option "Nobody"; it has "Alex", "Bea", "Chris Dow"'
    )
    assert driver.do('click "Payer"').note == '"Payer" is a list: select one of its options'


def test_a_list_of_several_takes_and_gives_back(driver: Driver) -> None:
    driver.open("inputs.html")
    for option, value in (("green", "green"), ("red", "red, green"), ("green", "red")):
        driver.do(f'select "Tags" "{option}"')
        assert driver.line("Tags").value == value


def test_suggestions_that_hang_on_keys_are_shown_and_taken(driver: Driver) -> None:
    driver.open("inputs.html")
    page = driver.do('type "City" "Li"').observation
    assert [line.name for line in page.lines if line.role == "option"] == ["Lisbon", "Lima"]
    driver.do('click "Lisbon"')
    assert driver.line("City").value == "Lisbon"
    result = driver.do('select "City" "Madrid"')
    assert result.ok, result.note
    assert driver.line("City").value == "Madrid"


def test_a_field_with_suggestions_may_hold_what_none_of_them_says(driver: Driver) -> None:
    driver.open("inputs.html")
    result = driver.do('select "City" "Paris"')
    assert result.ok, result.note
    assert driver.line("City").value == "Paris"


def test_a_combobox_that_takes_no_text_is_opened_and_chosen_from(driver: Driver) -> None:
    driver.open("inputs.html")
    result = driver.do('select "Colour" "dark BLUE"')
    assert result.ok, result.note
    assert driver.line("Colour").value == "Dark blue"


def test_only_staged_files_are_uploaded(driver: Driver, staging: Path, tmp_path: Path) -> None:
    driver.open("files.html")
    (tmp_path / "private.txt").write_text("private")
    (staging / "link.txt").symlink_to(tmp_path / "private.txt")
    result = driver.do('type "Receipt" "receipt.txt"')
    assert result.ok, result.note
    assert driver.line("Receipt").value == "receipt.txt"
    assert result.observation.lines[-1].name == "receipt: receipt.txt says paid"
    for outside in (str(tmp_path / "private.txt"), "../private.txt", "link.txt", "missing.txt", "."):
        result = driver.do(f'type "Receipt" "{outside}"')
        assert (result.ok, result.note) == (False, f'"{outside}" is not among the files to upload')
    assert driver.do('click "Receipt"').note == '"Receipt" takes a file: type the file\'s name'


def test_a_button_that_asks_for_a_file_gets_it(driver: Driver) -> None:
    driver.open("files.html")
    assert driver.do('click "Choose a photo"').note == "the page asks for a file: type its name into the same control"
    result = driver.do('type "Choose a photo" "receipt.txt"')
    assert result.ok, result.note
    assert result.observation.lines[-1].name == "hidden: receipt.txt says paid"
    assert driver.do('type "Choose a photo" "receipt.txt"').note == '"Choose a photo" cannot be typed into'


def test_scrolling_and_finding_on_a_long_page(driver: Driver) -> None:
    first = driver.open("long.html")
    assert first.more_below > 100
    page = driver.do("scroll down").observation
    assert page.more_above > 0
    assert driver.do("scroll up").ok
    result = driver.do("scroll up")
    assert (result.ok, result.note) == (False, "cannot scroll further up")
    page = driver.do('find "entry NUMBER 150 of many"').observation
    assert any(line.name.startswith("Entry number 150 of many") for line in page.lines)
    assert driver.do('find "Open 77"').ok
    assert driver.do('click "Open 77"').ok
    result = driver.do('find "Secret words nobody sees"')
    assert (result.ok, result.note) == (False, 'not found: "Secret words nobody sees"')
    assert driver.do('find " "').note == 'not found: " "'


def test_what_fills_the_page_is_what_scrolls(driver: Driver) -> None:
    driver.open("panes.html")
    assert "Item 1" in [line.name for line in driver.seen.lines]
    driver.do("scroll down")
    assert driver.script("[scrollY, document.querySelector('main').scrollTop > 300]") == [0, True]
    driver.do('click "Pick"')
    driver.do("scroll down")
    assert driver.script("document.getElementById('inner').scrollTop > 100")


REFUSED = [
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    " \x01javascript:1",
    "data:text/html,hi",
    "file:///etc/passwd",
    "blob:http://x/y",
    "about:blank",
    "chrome://settings",
    "view-source:http://a",
]


@pytest.mark.parametrize("address", REFUSED)
def test_only_the_web_is_opened(driver: Driver, address: str) -> None:
    with pytest.raises(ActionFailed, match="only http and https addresses can be opened"):
        web_address("http://127.0.0.1/page", address)
    if driver.environment.is_open:
        result = driver.environment.step(Action(Verb.OPEN, text=address))
        assert (result.ok, result.note) == (False, "only http and https addresses can be opened")


def test_addresses_are_taken_from_the_page() -> None:
    assert web_address("http://a.example/b/c?d", "e") == "http://a.example/b/e"
    assert web_address("http://a.example/b/c?d", "/e?f") == "http://a.example/e?f"
    assert web_address("http://a.example/b", "https://c.example/") == "https://c.example/"
    with pytest.raises(ActionFailed, match="is not an address"):
        web_address("http://a.example/", "http://[b")


def test_opening_what_is_no_page(driver: Driver) -> None:
    driver.open("second.html")
    assert driver.do('open "/rows.html"').observation.title == "Rows"
    result = driver.do('open "/nothing"')
    assert (result.ok, result.note) == (False, f'"{driver.app}/nothing" opens no page')
    result = driver.do('open "http://127.0.0.1:9/"')
    assert not result.ok
    assert result.note.startswith('"http://127.0.0.1:9/" does not answer')
    assert driver.do('open "/rows.html"').observation.title == "Rows"
