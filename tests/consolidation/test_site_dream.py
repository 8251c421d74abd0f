"""A dream of a site: recorded steps exactly, other values through the mined machine, and nothing made up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.store import Store
from bench.small import PEOPLE, URL, change, dialog_page, list_page, record
from browser.actions import Action, Verb
from browser.errors import UsageError
from browser.types import Line, Observation, StepResult
from consolidation.dream.mock import Machine, mismatches
from consolidation.dream.recording import Recording, recording_of, recordings_of
from consolidation.dream.tiers import SiteDream, Tier
from consolidation.rehearsal.variants import Demonstration, make_variant
from consolidation.segments import Step
from tests.consolidation.conftest import WORDS


@pytest.fixture
def recording(demonstration: Demonstration) -> Recording:
    return Recording("S1", demonstration.task, demonstration.steps)


def said(page: Observation) -> str:
    return "\n".join(line.render() for line in page.lines)


def test_the_recorded_session_is_answered_exactly_by_the_replay_tier(recording: Recording) -> None:
    dream = SiteDream([recording])
    page = dream.reset()
    for step in recording.steps:
        assert page == step.observation
        result = dream.step(step.action)
        assert (result.observation, result.ok, result.note, result.tier) == (
            step.result.observation,
            step.result.ok,
            step.result.note,
            Tier.REPLAY,
        )
        page = result.observation
    assert dream.at_the_end and not dream.refused and set(dream.answered) == {Tier.REPLAY}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=3, unique=True))
def test_the_machine_reproduces_every_session_of_a_site(demonstration: Demonstration, seeds: list[int]) -> None:
    sessions = [make_variant(demonstration, WORDS, seed) for seed in seeds]
    found = [Recording(f"S{number}", session.task, session.steps) for number, session in enumerate(sessions)]
    wrong = mismatches(Machine(found), found)
    assert wrong == [] or all("changed by itself" in item for item in wrong)
    joined = all(
        step.result.observation == after.observation
        for session in sessions
        for step, after in zip(session.steps, session.steps[1:], strict=False)
    )
    assert joined == (wrong == [])


def test_other_values_flow_into_later_pages(recording: Recording) -> None:
    dream = SiteDream([recording])
    dream.reset()
    actions = [
        Action(Verb.CLICK, "Add a new bill", 3),
        Action(Verb.TYPE, "How much?", 22, "12.50"),
        Action(Verb.TYPE, "What?", 20, "Lunch"),
        Action(Verb.SELECT, "Who paid?", 21, "Alex"),
        Action(Verb.CLICK, "No one", 23),
        Action(Verb.CLICK, "Chris", 26),
    ]
    for action in actions:
        dream.step(action)
    form = dream.page
    assert [line.value for line in form.lines if line.role in ("textbox", "combobox")] == ["Lunch", "Alex", "12.50"]
    assert [line.name for line in form.lines if "checked" in line.states] == ["Chris"]
    result = dream.step(Action(Verb.CLICK, "Submit", 30))
    assert result.tier is Tier.MOCK and dream.at_the_end
    assert 'row "2026-11-23 | Alex | Lunch | Chris | 12.50"' in said(result.observation)
    assert 'row "2026-03-02 | Bea | Fuel | 60.00"' in said(result.observation), "what was there before stays"
    again = dream.step(Action(Verb.CLICK, "Add a new bill", 3)).observation
    assert again.find(21).options == PEOPLE, "the lists offer whom they offered"  # type: ignore[union-attr]
    assert dream.answered[0] is Tier.REPLAY and Tier.MOCK in dream.answered


def test_a_recorded_mistake_leads_to_its_recorded_error() -> None:
    form = dialog_page()
    typed = change(form, 20, value="Museum")
    refused = replace(typed, lines=(Line("text", "The amount of Museum is missing"), *typed.lines))
    much = change(refused, 22, value="20")
    end = list_page("2026-11-23 | Museum | 20.00")
    steps = record(
        form,
        [
            (Action(Verb.TYPE, "What?", 20, "Museum"), typed),
            (Action(Verb.CLICK, "Submit", 30), refused),
            (Action(Verb.TYPE, "How much?", 22, "20"), much),
            (Action(Verb.CLICK, "Submit", 30), end),
        ],
    )
    dream = SiteDream([Recording("S1", "x", steps)])
    assert not dream.refused
    dream.reset()
    dream.step(Action(Verb.TYPE, "What?", 20, "Lunch"))
    error = dream.step(Action(Verb.CLICK, "Submit", 30))
    assert 'text "The amount of Lunch is missing"' in said(error.observation)
    assert error.observation.find(20).value == "Lunch"  # type: ignore[union-attr]
    dream.step(Action(Verb.TYPE, "How much?", 22, "7"))
    assert 'row "2026-11-23 | Lunch | 7.00"' in said(dream.step(Action(Verb.CLICK, "Submit", 30)).observation)

    dream.reset()
    dream.step(Action(Verb.TYPE, "What?", 20, "Lunch"))
    dream.step(Action(Verb.TYPE, "How much?", 22, "7"))
    right_away = dream.step(Action(Verb.CLICK, "Submit", 30))
    assert 'row "2026-11-23 | Lunch | 7.00"' in said(right_away.observation), "no mistake, no error"

    dream.reset()
    dream.step(Action(Verb.TYPE, "How much?", 22, "7"))
    unknown = dream.step(Action(Verb.CLICK, "Submit", 30))
    assert unknown.tier is Tier.UNKNOWN and not unknown.ok, "nobody sent it off without a name"


def test_what_nothing_resembles_is_not_made_up(recording: Recording) -> None:
    dream = SiteDream([recording])
    page = dream.reset()
    for action in (
        Action(Verb.CLICK, "Statistics", 2),
        Action(Verb.OPEN, text="/other/"),
        Action(Verb.BACK),
        Action(Verb.PRESS, text="Enter"),
        Action(Verb.CLICK, "?", 999),
    ):
        result = dream.step(action)
        assert (result.tier, result.ok, result.observation) == (Tier.UNKNOWN, False, page)
        assert "does not know" in result.note


def test_one_goes_back_and_opens_what_was_seen(recording: Recording) -> None:
    settings_page = Observation(f"{URL}settings", "Settings", (Line("heading", "Settings"), Line("link", "Bills", 1)))
    seen = record(list_page(), [(Action(Verb.CLICK, "Statistics", 2), settings_page)])
    dream = SiteDream([recording, Recording("S2", "look", seen)])
    first = dream.reset()
    assert dream.step(Action(Verb.CLICK, "Statistics", 2)).observation == settings_page
    back = dream.step(Action(Verb.BACK))
    assert (back.tier, back.observation) == (Tier.MOCK, first)
    opened = dream.step(Action(Verb.OPEN, text="/trip/"))
    assert (opened.tier, opened.observation) == (Tier.MOCK, first)


def test_a_mock_that_does_not_reproduce_the_site_is_refused(recording: Recording) -> None:
    restless = replace(recording.steps[1].observation, title="A second later")
    steps = (recording.steps[0], replace(recording.steps[1], observation=restless), *recording.steps[2:])
    dream = SiteDream([Recording("S1", recording.task, steps)])
    assert "the page had changed by itself" in dream.refused and "step 2 of session S1" in dream.refused
    dream.reset()
    assert dream.step(recording.steps[0].action).tier is Tier.REPLAY, "what was recorded is still answered"
    assert dream.step(Action(Verb.TYPE, "What?", 20, "Lunch")).tier is Tier.UNKNOWN


def test_recordings_are_read_up_to_what_is_known(recording: Recording) -> None:
    with Store.open() as store:
        for known in (3, 0):
            session = store.begin_session("x", "app", URL)
            for number, step in enumerate(recording.steps[: known + 1]):
                store.begin_step(session, number, step.observation, step.action)
                if number < known:
                    store.finish_step(session, number, step.result)
        (found,) = recordings_of(store, "app")
        assert found.steps == tuple(Step(step.observation, step.action, step.result) for step in recording.steps[:3])
        assert found.end == recording.steps[2].result.observation
        with pytest.raises(UsageError, match="no finished step"):
            recording_of(store, session)


def test_a_note_keeps_its_values() -> None:
    page = Observation(URL, "x", (Line("textbox", "What", 1), Line("button", "Save", 2)))
    typed = change(page, 1, value="Museum")
    steps = (
        Step(page, Action(Verb.TYPE, "What", 1, "Museum"), StepResult(typed)),
        Step(typed, Action(Verb.CLICK, "Save", 2), StepResult(typed, ok=False, note='alert: "Museum" exists')),
    )
    dream = SiteDream([Recording("S1", "x", steps)])
    dream.reset()
    dream.step(Action(Verb.TYPE, "What", 1, "Lunch"))
    assert dream.step(Action(Verb.CLICK, "Save", 2)).note == 'alert: "Lunch" exists'
