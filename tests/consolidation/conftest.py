"""A demonstration as it is recorded in a real app: a list, a dialog with people and options, a list again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from browser.actions import Action, Verb
from browser.types import Line, Observation, StepResult
from consolidation.rehearsal.variants import Demonstration
from consolidation.segments import Step

PEOPLE = ("Alex", "Bea", "Chris")
WORDS = (
    "Garden",
    "river",
    "Maple",
    "window",
    "Thunder",
    "pencil",
    "Harbour",
    "silver",
    "copper",
    "Meadow",
    "candle",
    "Orchard",
)
URL = "http://127.0.0.1:7101/trip/"


def list_page(*rows: str) -> Observation:
    lines = [Line("link", "Bills", 1), Line("link", "Statistics", 2), Line("link", "Add a new bill", 3)]
    lines += [Line("row", row) for row in ("2026-03-02 | Bea | Fuel | 60.00", *rows)]
    lines += [Line("link", "edit (Bea, Fuel)", 4), Line("link", "About", 5), Line("text", "Free software")]
    return Observation(URL, "Trip", tuple(lines))


def dialog_page() -> Observation:
    lines = [
        Line("dialog", "Add a bill"),
        Line("textbox", "What?", 20, states=("required",)),
        Line("combobox", "Who paid?", 21, options=PEOPLE),
        Line("textbox", "How much?", 22, states=("required",)),
        Line("link", "No one", 23),
        *(Line("checkbox", person, 24 + i, states=("checked",)) for i, person in enumerate(PEOPLE)),
        Line("button", "Submit", 30),
    ]
    return Observation(URL, "Trip", tuple(lines), dialog="Add a bill")


def change(page: Observation, ref: int, **fields: object) -> Observation:
    return replace(page, lines=tuple(replace(line, **fields) if line.ref == ref else line for line in page.lines))  # type: ignore[arg-type]


def record(page: Observation, actions: list[tuple[Action, Observation]]) -> tuple[Step, ...]:
    steps = []
    for action, after in actions:
        steps.append(Step(page, action, StepResult(after)))
        page = after
    return tuple(steps)


@pytest.fixture
def demonstration() -> Demonstration:
    start, form = list_page(), dialog_page()
    what = change(form, 20, value="Payback")
    who = change(what, 21, value="Chris")
    much = change(who, 22, value="20")
    none = much
    for ref in (24, 25, 26):
        none = change(none, ref, states=())
    bea = change(none, 25, states=("checked",))
    end = list_page("2026-11-23 | Chris | Payback | Bea | 20.00")
    steps = record(
        start,
        [
            (Action(Verb.CLICK, "Add a new bill", 3), form),
            (Action(Verb.TYPE, "What?", 20, "Payback"), what),
            (Action(Verb.SELECT, "Who paid?", 21, "Chris"), who),
            (Action(Verb.TYPE, "How much?", 22, "20"), much),
            (Action(Verb.CLICK, "No one", 23), none),
            (Action(Verb.CLICK, "Bea", 25), bea),
            (Action(Verb.CLICK, "Submit", 30), end),
            (Action(Verb.DONE), end),
        ],
    )
    return Demonstration("Chris paid Bea back 20", steps)


@pytest.fixture
def words() -> tuple[str, ...]:
    return WORDS
