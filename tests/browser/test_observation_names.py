"""Names and controls beside Chromium's own accessibility tree: every difference is listed here, with its reason."""

from __future__ import annotations

import pytest

from bench.accessibility import controls, is_named, lines_by_node
from tests.browser.conftest import PAGES, Driver

pytestmark = pytest.mark.browser

LEFT_OUT = {"restless.html", "shifting.html", "slow.html", "draws_itself.html", "crowded.html"}
"""Pages that do not stand still, and one of which not everything is read at once."""
NAMED_OTHERWISE = {
    ("names.html", "Star this", "this"): "words that a style sheet adds are not read",
    ("trees.html", "Payee m", "Payee"): "a button beside a field is no part of the field's name",
}
NOT_SEEN = {
    ("states.html", "button", "Buried"): "it lies under something else: no person sees it either",
}
NOT_OF_ITS_OWN = {
    ("trees.html", "option"): "the tree that is read here leaves out the choices of lists",
    ("states.html", "option"): "the tree that is read here leaves out the choices of lists",
    ("trees.html", "gridcell"): "a cell is no control to it, unless it can be edited",
    ("inputs.html", "textbox"): "words that can be edited, without a role",
    ("clobbered.html", "textbox"): "it stands in a frame that the tree that is read here leaves out",
    ("clobbered.html", "button"): "it stands in a frame that the tree that is read here leaves out",
    ("inputs.html", "checkbox"): "a box that is not displayed, used through its label",
}


def test_names_and_controls_are_those_of_the_accessibility_tree(driver: Driver) -> None:
    named, otherwise, missing, more = 0, set(), set(), set()
    for path in sorted(PAGES.glob("*.html")):
        if path.name in LEFT_OUT:
            continue
        page = driver.open(path.name)
        view = driver.environment.tabs.view
        lines = lines_by_node(view, page.lines)
        told = controls(driver.environment.tabs.page)
        for control in told:
            line = lines.pop(control.node, None)
            if line is None:
                missing |= {(path.name, control)} if control.in_view else set()
            elif control.name and not is_named(line, control):
                otherwise.add((path.name, control.name, line.name))
            else:
                named += 1
        more |= {(path.name, line.role) for line in lines.values() if line.role != "clickable"}  # it has no role
    assert otherwise == set(NAMED_OTHERWISE)
    assert more <= set(NOT_OF_ITS_OWN), "what is no control to Chromium"
    assert {(page, control.role, control.name) for page, control in missing} == set(NOT_SEEN)
    assert named > 300


def test_a_wrong_name_would_be_noticed(driver: Driver) -> None:
    driver.open("names.html")
    view, page = driver.environment.tabs.view, driver.environment.tabs.page
    driver.script("document.querySelector('#outer').setAttribute('aria-label', 'Renamed after the look')")
    lines = lines_by_node(view, driver.seen.lines)
    differing = {control.name for control in controls(page) if not is_named(lines[control.node], control)}
    assert differing == {"Renamed after the look", "Star this"}
