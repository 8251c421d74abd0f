"""Values of password, one-time-code and card fields never leave the page."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from browser.actions import Action, Verb
from browser.types import Observation
from tests.browser.conftest import Driver

pytestmark = pytest.mark.browser

FIXED = ("918273", "4111111111111111", "7391", "apple-tree-9")
PASSWORD = "hunter2-&/ü"


def leaked(page: Observation, *values: str) -> list[str]:
    text = json.dumps(page.to_json(), ensure_ascii=False) + page.render() + page.path
    return [value for value in values if value in text]


def test_values_of_secret_fields_are_withheld(driver: Driver) -> None:
    page = driver.open("secrets.html")
    assert leaked(page, *FIXED) == []
    states = {line.name: line.states for line in page.lines if line.ref}
    assert states["Password"] == ("secret",)
    for name in ("Code", "Card", "Check"):
        assert states[name] == ("secret", "filled")
    assert {"secret", "filled"} <= set(states["Backup words"])
    assert driver.line("User").states == ()


def test_a_page_that_repeats_a_secret_does_not_get_it_past_us(driver: Driver) -> None:
    driver.open("secrets.html")
    field = driver.line("Password")
    result = driver.environment.step(Action(Verb.TYPE, field.name, field.ref, PASSWORD))
    assert result.ok, result.note
    assert driver.script("document.title") == f"typed {PASSWORD}"  # the page has it: in title, words and address
    assert leaked(result.observation, PASSWORD, "hunter2", *FIXED) == []
    assert result.note == ""
    assert result.observation.title == "typed •••"
    assert driver.line("Password").states == ("secret", "filled")


def test_a_shown_password_stays_secret(driver: Driver) -> None:
    driver.open("secrets.html")
    field = driver.line("Password")
    driver.environment.step(Action(Verb.TYPE, field.name, field.ref, PASSWORD))
    result = driver.do('click "Show password"')
    assert driver.script("document.getElementById('password').type") == "text"
    assert leaked(result.observation, PASSWORD, "hunter2") == []
    result = driver.environment.step(Action(Verb.TYPE, field.name, field.ref, "another-one"))
    assert leaked(result.observation, "another-one") == []


def test_a_failed_action_on_a_secret_field_says_nothing_of_it(driver: Driver) -> None:
    driver.open("secrets.html")
    driver.script("for (const input of document.querySelectorAll('input')) input.readOnly = true")
    field = driver.line("Card")
    result = driver.environment.step(Action(Verb.TYPE, field.name, field.ref, "5500005555555559"))
    assert (result.ok, result.note) == (False, '"Card" is read-only')
    assert leaked(result.observation, "5500005555555559", *FIXED) == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=4, max_size=30))
def test_no_value_is_ever_seen(driver: Driver, value: str) -> None:
    if not driver.environment.is_open or driver.seen.title != "Secrets of any kind":
        driver.open("second.html")
        fields = "<input type=password aria-label=Word><p></p><button></button>"
        driver.script(f"document.title = 'Secrets of any kind'; document.body.innerHTML = '{fields}'")
    driver.script(
        f"((value) => {{ document.querySelector('input').value = value; document.querySelector('p').textContent = 'it is ' + value;"
        f"document.querySelector('button').textContent = value + ' again'; }})({json.dumps(value)})"
    )
    page = driver.environment.look()
    assert [line.name.count("•••") for line in page.lines] == [0, 1, 1]
