"""Messages that are gone before the look: told once, then forgotten."""

from __future__ import annotations

import pytest

from browser.types import Observation
from tests.browser.conftest import Driver

pytestmark = pytest.mark.browser


def alerts(page: Observation) -> list[str]:
    return [line.name for line in page.lines if line.role == "alert"]


@pytest.mark.parametrize(
    ("button", "words"), [("Save", "Order saved"), ("Archive", "Order archived"), ("Queue", "Order queued")]
)
def test_a_message_that_vanished_is_told_until_something_else_is_done(driver: Driver, button: str, words: str) -> None:
    before = driver.at("toasts.html")
    page = driver.do(f'click "{button}"').observation
    assert not driver.script(f"document.body.innerText.includes('{words}')"), "it is gone by now"
    assert page.lines[0].render() == f'alert "{words}"'
    assert [line for line in page.lines if line.ref] == [line for line in before.lines if line.ref]
    assert alerts(driver.environment.look()) == [words], "a second look says the same"
    assert alerts(driver.do('click "Nothing"').observation) == []


def test_what_was_replaced_or_only_said_that_something_goes_on_is_no_news(driver: Driver) -> None:
    driver.open("toasts.html")
    page = driver.do('click "Count"').observation
    assert alerts(page) == []
    assert "5 found" in [line.name for line in page.lines]
    assert alerts(driver.do('click "Load"').observation) == []


def test_a_message_that_stays_is_told_in_its_place_and_once(driver: Driver) -> None:
    driver.open("toasts.html")
    page = driver.do('click "Stay"').observation
    assert alerts(page) == ["Still here"]
    assert page.lines[-1].name == "Still here"
    driver.script("document.querySelector('[role=alert]').remove()")
    assert alerts(driver.environment.look()) == []


def test_a_secret_in_a_message_stays_on_the_page(driver: Driver) -> None:
    driver.open("toasts.html")
    page = driver.do('click "Check"').observation
    assert alerts(page) == ["••• is wrong"]
