"""Things that only a script's listener makes clickable: seen, pressed, and unseen by the page."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Driver

pytestmark = pytest.mark.browser

SPY = """
window.heard = []; window.changes = 0;
const everything = { subtree: true, childList: true, attributes: true, characterData: true };
new MutationObserver((list) => { changes += list.length; }).observe(document, everything);
const own = /^on.*(pointer|mouse|click|touch|key|scroll|select|focus|input|error|message)/;
for (const key in window) if (own.test(key)) addEventListener(key.slice(2), (event) => heard.push(event.type), true);
get('idle').addEventListener('click', () => {});
"""


def test_what_a_script_listens_on_can_be_clicked(driver: Driver) -> None:
    page = driver.open("listeners.html")
    assert [line.name for line in page.lines if line.role == "clickable"] == [
        "Open the folder",
        "Sort by name",
        "Star",
        "Apples",
        "Pears",
        "Inside a closed root",
        "Within the frame",
        "Made apart",
    ]
    for name, said in (
        ("Open the folder", "opened"),
        ("Sort by name", "sorted"),
        ("Star", "starred"),
        ("Pears", "picked Pears"),
        ("Inside a closed root", "inside"),
        ("Made apart", "made apart"),
    ):
        result = driver.do(f'click "{name}"')
        assert result.ok, result.note
        assert said in [line.name for line in result.observation.lines], name
    after = driver.do('click "Within the frame"').observation
    assert "Pressed within" in [line.name for line in after.lines if line.role == "clickable"]


def test_a_listener_added_later_is_seen_in_the_next_look(driver: Driver) -> None:
    driver.open("listeners.html")
    assert "Nothing listens here" not in [line.name for line in driver.environment.look().lines if line.ref]
    driver.script("get('idle').addEventListener('click', () => {})")
    assert "Nothing listens here" in [line.name for line in driver.environment.look().lines if line.ref]


def test_the_page_cannot_tell_that_its_listeners_are_known(driver: Driver) -> None:
    driver.open("listeners.html")
    told = driver.script("told()")
    assert told["native"][0] == "function addEventListener() { [native code] }"
    assert told["native"][1] == "function set onclick() { [native code] }"
    assert told["shape"] == ["addEventListener", 2, False]
    assert told["onclick"] == "function"
    driver.script(SPY)
    page = driver.environment.look()
    assert "Nothing listens here" in [line.name for line in page.lines if line.ref], "it was told"
    assert driver.script("[heard, changes]") == [[], 0]
