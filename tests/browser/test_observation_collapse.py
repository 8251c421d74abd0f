"""More in view than the lines allow: long runs are cut to a few and a count, and expanded without a model's call."""

from __future__ import annotations

import re

import pytest

from agent.grammar import action_grammar
from browser.actions import Action, Verb
from browser.types import COLLAPSED, Observation
from tests.browser.conftest import Driver

pytestmark = pytest.mark.browser


def collapsed(page: Observation) -> list[str]:
    return [line.name for line in page.lines if line.role == COLLAPSED]


def names(page: Observation, role: str) -> list[str]:
    return [line.name for line in page.lines if line.role == role]


def test_what_stands_after_a_long_run_is_not_lost(driver: Driver) -> None:
    page = driver.open("crowded.html")
    assert len(page.lines) <= 120
    assert "85 links" in collapsed(page)
    assert names(page, "link")[:5] == [f"Place {i}" for i in range(1, 6)]
    assert {"Search", "Save"} <= {line.name for line in page.lines if line.ref}
    assert driver.do('click "Save"').ok


def test_expand_shows_the_rest_part_by_part_and_begins_again(driver: Driver) -> None:
    page = driver.open("crowded.html")
    seen = set(names(page, "link"))
    for _ in range(3):
        (more,) = [name for name in collapsed(page) if name.endswith("links")]
        result = driver.do(f'expand "{more}"')
        assert result.ok, result.note
        page = result.observation
        assert {"Search", "Save"} <= {line.name for line in page.lines if line.ref}, "the rest stays"
        seen |= set(names(page, "link"))
    assert seen == {f"Place {i}" for i in range(1, 91)}
    again = driver.do(f'expand "{next(name for name in collapsed(page) if name.endswith("links"))}"').observation
    assert names(again, "link")[0] == "Place 1"
    assert driver.do('click "Place 7"').observation.url.endswith("#place7")


def test_rows_of_a_table_are_counted_as_rows(driver: Driver) -> None:
    driver.open("crowded.html")
    driver.script("document.querySelector('nav').remove()")
    driver.environment.cap = 60
    try:
        page = driver.environment.look()
        assert collapsed(page) == ["45 rows"]
        assert [line.name for line in page.lines if line.role == "button"][:2] == ["Order (Part 1)", "Order (Part 2)"]
        page = driver.do('expand "45 rows"').observation
    finally:
        driver.environment.cap = 120
    assert "Part 6" in names(page, "row")


def test_expand_is_offered_where_something_is_collapsed_and_nowhere_else(driver: Driver) -> None:
    crowded = action_grammar(driver.open("crowded.html"))
    assert '"expand " collapsed' in crowded
    (clicks,) = re.findall(r"^clickable: .*(?:\n  \|.*)*", crowded, re.MULTILINE)
    assert "Save" in clicks
    assert " links" not in clicks, "a count is no button"
    assert "expand" not in action_grammar(driver.open("controls.html"))


def test_a_run_that_is_gone_is_said_to_be(driver: Driver) -> None:
    page = driver.open("crowded.html")
    more = next(line for line in page.lines if line.role == COLLAPSED)
    driver.script("document.body.replaceChildren()")
    result = driver.environment.step(Action(Verb.EXPAND, more.name, more.ref))
    assert (result.ok, result.note) == (False, f'"{more.name}" is gone')
