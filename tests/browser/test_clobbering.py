"""A form whose fields are called like its own properties reads and works like any other."""

from __future__ import annotations

import pytest

from browser.actions import Action, Verb
from browser.recorder import Recorder
from browser.types import Observation
from tests.browser.conftest import Driver

pytestmark = pytest.mark.browser


def said(driver: Driver) -> str:
    return driver.script("get('said').textContent")


def sends(page: Observation) -> list[tuple[str, str, str]]:
    """Which control sends a form, how, and by which button."""
    lines = ((line.name, page.targets.get(line.ref or 0)) for line in page.lines)
    return [(name, target.method, target.submit) for name, target in lines if target]


@pytest.mark.parametrize("kind", ["input", "object"])
def test_fields_of_any_name_change_no_line(driver: Driver, kind: str) -> None:
    plain = driver.open("clobbered.html")
    assert {"What", "Save", "Press me", "Inside", "Last"} <= {line.name for line in plain.lines}
    clobbered = driver.open(f"clobbered.html?on={kind}")
    assert driver.script("get('bill').parentNode === document.body") is False
    assert [line.render() for line in clobbered.lines] == [line.render() for line in plain.lines]
    assert (clobbered.dialog, clobbered.more_below) == (plain.dialog, plain.more_below)
    assert sends(clobbered) == sends(plain)
    assert ("What", "get", "Save") in sends(clobbered)


@pytest.mark.parametrize("kind", ["input", "object"])
def test_a_form_with_fields_of_any_name_is_filled_and_sent(driver: Driver, kind: str) -> None:
    driver.open(f"clobbered.html?on={kind}")
    for action, words in (
        ('click "Edit (Water)"', "water"),
        ('click "Press me"', "all"),
        ('type "What" "bread"', "all"),
        ('click "Save"', "sent bread"),
    ):
        result = driver.do(action)
        assert (result.ok, result.note, said(driver)) == (True, "", words), action
    assert driver.do('select "Payer" "Ben"').ok
    assert driver.line("Payer").value == "Ben"
    assert driver.do('click "Inner"').ok
    for text in ("the flat", "press save", "Inside"):
        assert driver.do(f'find "{text}"').ok, text
    assert driver.environment.step(Action(Verb.HOVER, "Bill for")).ok
    assert driver.do("scroll down").ok


@pytest.mark.parametrize("kind", ["", "input", "object"])
def test_a_form_in_the_way_is_named(driver: Driver, kind: str) -> None:
    driver.open(f"clobbered.html?on={kind}")
    main = driver.environment.tabs.view.main
    driver.script("get('cover').style.display = 'none'")
    driver.environment.look()
    ref = driver.line("Under").ref
    driver.script("get('cover').style.display = ''; document.body.append(get('cover'))")
    seen = main.call("probe", ref, 100)
    assert (seen["state"], seen["by"]) == ("covered", '"A notice in the way"')


def test_what_a_person_does_in_such_a_form_is_recorded(driver: Driver) -> None:
    driver.open("clobbered.html?on=input")
    recorder = Recorder(driver.environment)
    page = driver.environment.tabs.page
    for place in ("b", "#what", "#bill > button"):  # by points: Playwright's own locators do not read such a form
        box = driver.script(f"document.querySelector('{place}').getBoundingClientRect().toJSON()")
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        if place == "#what":
            page.keyboard.type("bread")
    steps = [action.render(with_ref=False) for _, action, _ in recorder.take()]
    assert steps == ['type "What" "bread"', 'click "Save"']
    assert said(driver) == "sent bread"
    recorder.stop()
