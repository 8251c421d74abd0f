"""Rarer structures of procedural apps: they are there, they work as real ones do, and only the right end counts as one."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from browser.actions import Action, Verb
from consolidation.segments import Step
from foundation.app import ProceduralApp
from foundation.episodes import run_expert
from foundation.formats import DATES, FORMATS
from foundation.goals import Create, Delete
from foundation.rarer import Narrow, TwinSkill
from foundation.schema import Field, Schema, Structures, make_schema
from foundation.structures import furnish, shown_rows
from foundation.task import Task
from foundation.tasks import draw_task

SEEDS = range(150)


def plain(seed: int, structures: Structures, fields: list[Field], form: str = "dialog") -> Schema:
    """An app of one section without anything else in the way."""
    schema = make_schema(seed)
    section = replace(schema.sections[0], fields=fields, form=form, list_style="table", confirm="none")  # type: ignore[arg-type]
    return replace(
        schema, sections=[section], popup=None, slow=False, window=200, nav_hidden="", chatter=[], structures=structures
    )


def press(app: ProceduralApp, key: str, text: str = "") -> None:
    verb = Verb.TYPE if text else Verb.CLICK
    app.step(Action(verb, "", app.refs[key], text))


def played(task: Task) -> list[Step]:
    return run_expert(task.app, task.goal, task.answer)


TITLE = Field("title", "Title", "text", required=True)


@given(st.dates(), st.sampled_from(DATES))
def test_a_date_is_read_as_it_was_written(day: object, name: str) -> None:
    form, value = FORMATS[name], str(day)
    assert form.read(form.write(value)) == value
    assert form.read(value) is None, "an ISO date is in none of these formats"


@given(st.integers(0, 10**6), st.integers(0, 99))
def test_an_amount_is_read_as_it_was_written(whole: int, cents: int) -> None:
    form, value = FORMATS["cents"], f"{whole}.{cents:02d}"
    assert form.read(form.write(value)) == value
    assert form.read(str(whole)) is None and form.read(f"{whole},{cents:02d}") is None


def test_a_field_that_wants_another_format_saves_nothing_and_says_so() -> None:
    when = Field("when", "When", "date", format="DMY.")
    app = ProceduralApp(plain(1, Structures(), [TITLE, when]), 1, records=0)
    app.reset()
    press(app, "new")
    press(app, "field title", "Lamp")
    press(app, "field when", "2026-03-04")
    press(app, "save")
    assert not app.events and app.form is not None and app.form.invalid == {"when"}
    assert any("DD.MM.YYYY" in line.name for line in app.draw().lines if line.role == "alert")
    press(app, "field when", "04.03.2026")
    press(app, "save")
    assert [event.values for event in app.events] == [{"title": "Lamp", "when": "2026-03-04"}]


def test_a_calendar_turns_over_the_year_and_fills_the_field() -> None:
    when = Field("when", "When", "date", calendar=True)
    app = ProceduralApp(plain(1, Structures(), [TITLE, when]), 1, records=0)
    goal = Create(app.schema.sections[0], {"title": "Lamp", "when": "2025-12-31"}, ["title", "when"])
    steps = run_expert(app, goal)
    assert goal.achieved(app)
    months = [
        line.name for step in steps for line in step.observation.lines if line.role == "dialog" and " 20" in line.name
    ]
    assert months == ["March 2026", "February 2026", "January 2026", "December 2025"]


def test_a_list_in_pages_shows_each_row_once() -> None:
    app = ProceduralApp(plain(2, Structures(page_rows=2), [TITLE]), 2, records=5)
    app.reset()
    seen: list[str] = []
    for _ in range(20):
        lines = app.draw().lines
        seen += [line.name for line in lines if line.role == "row"]
        if "page on" not in app.refs or all(line.ref != app.refs["page on"] for line in lines):
            break
        press(app, "page on")
    assert Counter(seen) == Counter(row["title"] for row in app.records[app.page]) and len(seen) == 7


def test_actions_of_a_row_are_unfolded_before_they_are_there() -> None:
    app = ProceduralApp(plain(3, Structures(row_menu="⋯"), [TITLE]), 3, records=2)
    label, row = app.page, app.records[app.page][1]
    app.reset()
    assert f"row {label} {id(row)} delete" not in app.refs
    press(app, f"row {label} {id(row)} menu")
    press(app, f"row {label} {id(row)} delete")
    assert [event.values for event in app.events] == [row]


def test_only_the_right_name_and_password_let_in() -> None:
    app = ProceduralApp(plain(4, Structures(login=("User", "Password", "Go")), [TITLE]), 4, records=1)
    app.reset()
    user, password = app.account
    for attempt, inside in (((user, password + "x"), False), ((password, user), False), ((user, password), True)):
        press(app, "login user", attempt[0])
        press(app, "login password", attempt[1])
        assert not any(
            attempt[1] in line.render() for line in app.draw().lines if line.role != "textbox" or not line.value
        )
        press(app, "login")
        assert (app.login is None) == inside


def test_a_filter_shows_the_rows_with_its_value_alone() -> None:
    state = Field("state", "State", "select", ("open", "shut"))
    app = ProceduralApp(plain(5, Structures(filters=True), [TITLE, state]), 5, records=8)
    section = app.schema.sections[0]
    goal = Narrow(section, "shut")
    run_expert(app, goal)
    assert goal.achieved(app) and not Narrow(section, "open").achieved(app)
    assert [row for _, row in shown_rows(app, section)] == [r for r in app.records[app.page] if r["state"] == "shut"]


def test_deleting_the_twin_is_no_success() -> None:
    when = Field("when", "When", "text")
    for seed in range(8):
        app = ProceduralApp(plain(6, Structures(), [TITLE, when]), seed, records=2)
        goal, slots = TwinSkill(app.schema.sections[0], when).draw(app)
        assert isinstance(goal, Delete)
        twins = [row for row in app.records[app.page] if row["title"] == slots[0]]
        assert len(twins) == 2 and sum(row["when"] == slots[1] for row in twins) == 1
        app.reset()
        wrong = next(row for row in twins if row["when"] != slots[1])
        app.delete_row(goal.section, app.records[app.page].index(wrong))
        assert not goal.achieved(app)


def test_furnished_apps_have_every_structure_now_and_then() -> None:
    found = Counter[str]()
    for seed in SEEDS:
        schema = furnish(make_schema(seed), random.Random(seed))
        structures, fields = schema.structures, [item for section in schema.sections for item in section.fields]
        kinds = {
            "pages": structures.page_rows,
            "row menu": structures.row_menu,
            "filter": structures.filters,
            "login": structures.login,
            "interruption": structures.interruption,
            "formats": any(item.format for item in fields),
            "calendar": any(item.calendar for item in fields),
        }
        found.update(name for name, value in kinds.items() if value)
    assert len(found) == 7 and min(found.values()) > 10


@pytest.mark.parametrize("suite", ["furnished", "furnished lesson", "corrected", "recovery", "unavailable"])
def test_a_harder_suite_is_drawn_and_solved(suite: str) -> None:
    drawn = 0
    for seed in SEEDS:
        task = draw_task(seed, suite)
        drawn += task.suite == suite
        steps = played(task)
        assert task.goal.achieved(task.app), (seed, task.text)
        ends = Verb.FAIL if task.suite == "unavailable" else Verb.DONE
        assert steps[-1].action.verb is ends, (seed, task.text)
    assert drawn > 0.4 * len(SEEDS)


def test_what_was_shown_is_wrong_once_it_was_corrected() -> None:
    for seed in range(40):
        task = draw_task(seed, "corrected")
        if task.suite != "corrected":
            continue
        assert isinstance(task.goal, Create)
        assert task.lessons[-1].startswith("Told: ")
        told = {key for key, value in task.goal.values.items() if value and value in task.lessons[-1]}
        fields = {item.key: item for item in task.goal.section.fields}
        others = {
            key: next(o for o in fields[key].options or ("other", "") if o != task.goal.values[key]) for key in told
        }
        old = replace(task.goal, values=task.goal.values | others)
        run_expert(task.app, old)
        assert not task.goal.achieved(task.app)


def test_recovery_begins_where_the_expert_would_not_be() -> None:
    behind = sum(task.suite == "recovery" and bool(task.app.acted or task.app.popup) for task in map(_recovery, SEEDS))
    assert behind > 0.6 * len(SEEDS)


def _recovery(seed: int) -> Task:
    return draw_task(seed, "recovery")
