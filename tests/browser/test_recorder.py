"""A person's demonstration, driven by mouse and keyboard, is recorded as the actions an agent would take."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from itertools import pairwise

import pytest
from playwright.sync_api import Locator

from browser.environment import LiveEnvironment
from browser.recorder import SECRET, Recorded, Recorder
from tests.browser.conftest import Driver

pytestmark = pytest.mark.browser


class Person:
    """Somebody at the mouse and the keyboard, who knows nothing of refs."""

    def __init__(self, environment: LiveEnvironment) -> None:
        self.page = environment.tabs.page

    def press(self, place: str) -> None:
        self.press_in(self.page.locator(place).first)

    def press_in(self, place: Locator, part: float = 0.5) -> None:
        box = place.bounding_box()
        assert box is not None, place
        self.page.mouse.click(box["x"] + box["width"] * part, box["y"] + box["height"] / 2)

    def rest_on(self, place: str) -> None:
        self.page.locator(place).first.hover()

    def drag(self, place: str, target: str) -> None:
        self.page.locator(place).first.hover()
        self.page.mouse.down()
        box = self.page.locator(target).first.bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=6)
        self.page.mouse.up()

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def keys(self, *names: str) -> None:
        for name in names:
            self.page.keyboard.press(name)


def said(steps: list[Recorded]) -> list[str]:
    return [action.render(with_ref=False) for _, action, _ in steps]


def test_filling_in_a_form(driver: Driver) -> None:
    driver.open("demonstrate.html")
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    person.press("text=New invoice")
    person.press("#customer")
    person.keys("Control+a")
    person.type("Alba Foods")
    person.keys("Tab")
    person.type("03012026")
    person.press("select")
    person.type("30")
    person.keys("Enter")
    person.press("text=Send a copy")
    person.press("dialog textarea")
    person.type("first line")
    person.keys("Enter")
    person.type("second line")
    person.press("[contenteditable]")
    person.type("Handle with care")
    person.press("text=Save")
    person.press("tr:nth-child(2) button")
    steps = recorder.take()
    assert said(steps) == [
        'click "New invoice"',
        'type "Customer" "Alba Foods"',
        'type "Due" "2026-03-01"',
        'select "Terms" "30 days"',
        'click "Send a copy"',
        'type "Remarks" "first line\\nsecond line"',
        'type "Note" "Handle with care"',
        'click "Save"',
        'click "Edit (Birch)"',
    ]
    for before, action, result in steps:
        assert action.ref is not None
        line = before.find(action.ref)
        assert line is not None, "what was seen before holds the control"
        assert line.name == action.name
        assert result.ok
    assert [before.dialog for before, _, _ in steps] == [None, *["New invoice"] * 7, None]
    assert all(first.result.observation.lines == second.before.lines for first, second in pairwise(steps))
    assert steps[1].before.find(steps[1].action.ref or 0).value == "nobody"  # type: ignore[union-attr]
    assert steps[-1].result.observation.title == "Editing Birch"


def test_what_is_recorded_can_be_done_again(driver: Driver) -> None:
    driver.open("demonstrate.html")
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    person.press("text=New invoice")
    person.press("#customer")
    person.keys("Control+a")
    person.type("Cedar")
    person.press("text=Send a copy")
    steps = recorder.take()
    shown = driver.environment.look()
    driver.open("demonstrate.html")
    for action in said(steps):
        result = driver.do(action)
        assert result.ok, result.note
    assert result.observation.render() == shown.render()


def test_enter_escape_and_leaving_the_page(driver: Driver) -> None:
    driver.open("demonstrate.html")
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    person.press("text=New invoice")
    person.keys("Escape")
    person.press("input[name=q]")
    person.type("birch")
    person.keys("Enter")
    steps = recorder.take()
    assert said(steps) == ['click "New invoice"', 'press "Escape"', 'type "Quick search" "birch"', 'press "Enter"']
    assert steps[-1].result.observation.path == "/second.html?q=birch"
    person.page.go_back()
    assert said(recorder.take()) == ["back"]
    person.page.goto(f"{driver.app}/rows.html")
    assert said(recorder.take()) == [f'open "{driver.app}/rows.html"']
    person.press("tr:nth-child(2) button")
    assert said(recorder.take()) == ['click "Delete (Birch & Co)"']


def test_suggestions_taken_with_the_mouse(driver: Driver) -> None:
    driver.open("inputs.html")
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    person.press("#city")
    person.type("Li")
    person.page.wait_for_selector("text=Lisbon")
    person.press("text=Lisbon")
    person.press("#pick")
    person.press("text=Dark blue")
    person.press("#amount")
    person.press_in(person.page.locator("#agree + span"), part=0.1)  # beside the link in the label
    steps = recorder.take()
    assert said(steps) == [
        'type "City" "Li"',
        'click "Lisbon"',
        'click "Colour"',
        'click "Dark blue"',
        'click "I agree to the terms of this house"',
    ]


def test_a_press_on_a_field_counts_when_it_opened_something(driver: Driver) -> None:
    driver.open("inputs.html")
    choice = "document.getElementById('said').innerHTML = '<button>12.50</button>'"
    driver.script(f"document.getElementById('amount').onfocus = () => {{ {choice}; }}")
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    person.press("#amount")
    person.press("#said button")
    assert said(recorder.take()) == ['click "Amount"', 'click "12.50"']


def test_the_keyboard_presses_buttons_too(driver: Driver) -> None:
    driver.open("demonstrate.html")
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    person.page.locator("button:text('New invoice')").focus()
    person.keys("Enter")
    person.page.locator("[type=checkbox]").focus()
    person.keys("Space")
    assert said(recorder.take()) == ['click "New invoice"', 'click "Send a copy"']


def test_frames_are_recorded_with_the_names_of_the_page(driver: Driver, other: str) -> None:
    page = driver.open(f"frames.html?same=inner.html&far={other.replace('127.0.0.1', 'localhost')}/inner.html")
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    for frame in person.page.frames[1:]:
        person.press_in(frame.locator("input"))
        person.type("Dana")
        person.press_in(frame.locator("button"))
    steps = recorder.take()
    assert [(action.verb.value, action.ref, action.text) for _, action, _ in steps] == [
        ("type", page.lines[2].ref, "Dana"),
        ("click", page.lines[3].ref, ""),
        ("type", page.lines[5].ref, "Dana"),
        ("click", page.lines[6].ref, ""),
    ]


def test_secrets_and_their_keys_are_never_recorded(driver: Driver) -> None:
    driver.open("demonstrate.html")
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    person.press("input[name=user]")
    person.type("dana")
    person.keys("Tab")
    person.type("hunter2")
    person.keys("Escape")
    person.type("xyz")
    person.keys("Enter")
    person.page.wait_for_url("**/second.html*")
    recorder.stop()
    steps = list(recorder)
    assert said(steps) == ['type "User" "dana"', f'type "Password" "{SECRET}"', 'press "Enter"']
    kept = json.dumps(
        [[before.to_json(), action.text, result.note, result.observation.to_json()] for before, action, result in steps]
    )
    assert "hunter2" not in kept
    assert "xyz" not in kept


def test_an_untouched_password_is_not_mentioned(driver: Driver) -> None:
    driver.open("demonstrate.html")
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    person.press("input[type=password]")
    person.press("text=Help")
    assert said(recorder.take()) == ['click "Help"']


def test_a_field_still_being_filled_in_counts_at_the_end(driver: Driver) -> None:
    driver.open("demonstrate.html")
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    person.press("input[name=q]")
    person.type("bir")
    assert recorder.take() == []
    recorder.stop()
    assert said(list(recorder)) == ['type "Quick search" "bir"']


def test_new_tabs_are_followed(driver: Driver) -> None:
    driver.open("tabs.html")
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    person.press("text=Terms in a new tab")
    steps = recorder.take()
    assert said(steps) == ['click "Terms in a new tab"']
    assert steps[0].result.note == "opened a new tab: Second"
    Person(driver.environment).press("text=Grow")
    assert said(recorder.take()) == ['click "Grow"']


def test_iterating_ends_when_stopped_or_closed(driver: Driver) -> None:
    driver.open("demonstrate.html")
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    person.press("tr:nth-child(2) button")
    steps = []
    for step in recorder:
        steps.append(step)
        threading.Thread(target=recorder.stop).start()
    assert said(steps) == ['click "Edit (Birch)"']
    recorder = Recorder(driver.environment)
    person.page.close()
    assert list(recorder) == []


def test_what_showed_only_under_the_mouse_is_recorded_with_it(driver: Driver) -> None:
    driver.open("gestures.html")
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    person.rest_on("h3")
    person.rest_on("nav a")
    person.rest_on("text=Lamps")
    person.press("text=Phones")
    person.rest_on("h3 >> nth=1")
    person.rest_on("#people li:nth-child(2)")
    person.press("#people li:nth-child(2) button")
    person.press("#late")
    assert said(recorder.take()) == [
        'hover "Products"',
        'click "Phones"',
        'hover "Chris"',
        'click "Edit"',
        'click "Account"',
    ]


def test_dragging_is_recorded_where_the_page_takes_it(driver: Driver) -> None:
    driver.open("gestures.html")
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    person.drag("#milk", "#done")
    person.drag("#sorted li:nth-child(1)", "#sorted li:nth-child(3)")
    person.drag("h3", "#volume")  # marks text, moves nothing
    assert said(recorder.take()) == ['drag "Buy milk" "Finished"', 'drag "First song" "Third song"']


def test_sliders_are_recorded_by_where_they_end(driver: Driver) -> None:
    driver.open("gestures.html")
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    person.press("#volume")
    for number in range(21, 24):
        person.keys("ArrowRight")
        person.page.wait_for_selector(f"text=volume {number}")
    person.press("text=Account")
    assert said(recorder.take()) == ['type "Volume" "23"', 'click "Account"']
    driver.open("inputs.html")
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    person.press("#loud")
    person.keys("End", "Tab")
    assert said(recorder.take()) == ['type "Loud" "10"']


def test_going_forward_again_is_recorded(driver: Driver) -> None:
    driver.open("tabs.html")
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    person.press("text=Second page")
    assert said(recorder.take()) == ['click "Second page"']
    person.page.go_back()
    assert said(recorder.take()) == ["back"]
    person.page.go_forward()
    assert said(recorder.take()) == ["forward"]


def test_recorded_gestures_can_be_done_again(driver: Driver) -> None:
    driver.open("gestures.html")
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    person.rest_on("h3")
    person.rest_on("nav a")
    person.press("text=Lamps")
    person.drag("#bread", "#done")
    steps = recorder.take()
    assert len(steps) == 3
    driver.open("gestures.html")
    for _, action, _ in steps:
        line = next((line for line in driver.seen.lines if line.ref and line.name == action.name), None)
        assert driver.environment.step(replace(action, ref=line.ref if line else None)).ok
    assert driver.script("document.getElementById('said').textContent") == "bread to done"


def test_what_the_agent_looked_for_is_forgotten_once_the_person_acts(driver: Driver) -> None:
    driver.open("wordy.html")
    assert "Point 51 of" in driver.do('find "point 51 of"').observation.render()
    recorder, person = Recorder(driver.environment), Person(driver.environment)
    person.press("text=Vote 3")
    person.press("text=Vote 4")
    first, second = recorder.take()
    assert "Point 51 of" in first.before.render(), "this they saw"
    assert "Point 58 was taken back" in second.before.render()
    for page in (first.result.observation, second.before, second.result.observation):
        assert "Point 51 of" not in page.render()
