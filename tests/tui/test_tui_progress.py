"""Events in, words out: for every order of events, not only the expected one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.events import event
from agent.store import JobEventRow, JobRow
from tui.feed import as_record, error_of
from tui.progress import WAITING, NightProgress, Phase, SessionProgress

STEPS = st.integers(0, 40)
EVENTS = st.one_of(
    st.builds(lambda: event("session_started", session="s", lessons=["Asked: x\nclick"])),
    st.builds(lambda step: event("observed", step=step), STEPS),
    st.sampled_from(
        [event("decided"), event("approval_needed"), event("question"), event("stepped"), event("unheard_of")]
    ),
    st.builds(lambda answer: event("session_ended", stop_reason="done", answer=answer), st.text()),
)
LEARN = st.builds(
    lambda update, divergence: {"phase": "learn", "update": update, "of": 100, "divergence": divergence},
    st.integers(1, 100),
    st.floats(0, 10),
)
PHASES = st.one_of(
    LEARN,
    st.builds(lambda number: {"phase": "rehearse", "variant": number, "of": 24}, st.integers(1, 24)),
    st.sampled_from([{"phase": name} for name in ("load", "headroom", "rehearse", "dream", "gate", "later")]),
    st.just({"phase": "decided", "adapter": "ab", "passed": True, "arm": "opsd"}),
)


def job(state: Any, error: str = "") -> JobRow:
    return JobRow("j", "consolidation", state, 1, "2026-03-01T00:00:00.000+00:00", None, {}, error)


def told(payloads: list[dict[str, Any]]) -> list[JobEventRow]:
    return [JobEventRow("j", number, "", payload) for number, payload in enumerate(payloads)]


@given(st.lists(EVENTS))
def test_a_session_always_has_words_and_nothing_follows_its_end(events: list[dict[str, Any]]) -> None:
    progress = SessionProgress()
    ends = [item for item in events if item["event"] == "session_ended"]
    for item in events:
        progress.apply(item)
        assert progress.words()
        assert progress.brief()
        assert progress.lessons_words()
    assert (progress.phase is Phase.ENDED) == bool(ends)
    if ends:
        assert progress.end == ("done: " + ends[0]["answer"] if ends[0]["answer"] else "done")


@given(st.lists(EVENTS), st.integers(-15, 7), st.text())
def test_the_end_of_the_process_ends_the_session(events: list[dict[str, Any]], code: int, error: str) -> None:
    progress = SessionProgress()
    for item in events:
        progress.apply(item)
    progress.exit(code, error)
    assert progress.phase is Phase.ENDED
    assert progress.end
    assert progress.phase not in WAITING


def test_a_session_that_is_told_to_stop_only_ends() -> None:
    progress = SessionProgress(phase=Phase.STOPPING)
    progress.apply(event("observed", step=2))
    assert progress.words() == "stopping, step 3"
    progress.apply(event("session_ended", stop_reason="interrupted", answer=""))
    assert progress.words() == "ended: interrupted"


@given(st.lists(PHASES), st.sampled_from(["running", "done", "refused", "failed", "interrupted"]))
def test_a_night_always_has_words_and_its_curve_is_what_it_told(payloads: list[dict[str, Any]], state: str) -> None:
    progress = NightProgress.of(job(state), told(payloads))
    assert progress.words
    assert [value for _, value in progress.curve] == [
        item["divergence"] for item in payloads if item["phase"] == "learn"
    ]
    assert (progress.done is None) == (progress.total is None)
    if progress.done is not None and progress.total is not None:
        assert 0 < progress.done <= progress.total


@pytest.mark.parametrize(
    ("state", "payloads", "words"),
    [
        ("running", [], "starting"),
        ("running", [{"phase": "load"}], "loading the base"),
        ("running", [{"phase": "headroom"}], "rehearsing"),
        ("running", [{"phase": "rehearse", "variant": 3, "of": 24}], "rehearsing, variant 3 of 24"),
        ("running", [{"phase": "dream", "round": 0}], "learning"),
        ("running", [{"phase": "learn", "update": 9, "of": 9, "divergence": 0.1}], "testing the adapter at the gate"),
        ("running", [{"phase": "gate"}], "deciding"),
        ("done", [{"phase": "decided", "adapter": "ab", "arm": "opsd"}], "done: adapter ab passed the gate"),
        ("done", [{"phase": "decided", "adapter": "ab", "arm": "sft"}], "done: adapter ab is a control (sft)"),
        ("refused", [{"phase": "decided", "adapter": "ab"}], "refused: adapter ab did not pass"),
    ],
)
def test_what_a_night_does_is_said_in_words(state: str, payloads: list[dict[str, Any]], words: str) -> None:
    assert NightProgress.of(job(state), told(payloads)).words.startswith(words)


def test_a_failed_night_says_why() -> None:
    assert NightProgress.of(job("failed", "the disk is full"), []).words == "failed: the disk is full"


@given(st.text())
def test_any_line_is_an_object_or_none(line: str) -> None:
    record = as_record(line)
    assert record is None or isinstance(record, dict)


@given(st.dictionaries(st.text(), st.none() | st.text() | st.integers()))
def test_only_a_record_with_an_error_is_an_error(record: dict[str, Any]) -> None:
    assert (error_of(record) is not None) == isinstance(record.get("error"), str)


def test_while_the_person_has_the_wheel_their_steps_do_not_look_like_the_agents() -> None:
    progress = SessionProgress()
    for kind in ("session_started", "observed", "take_over", "decided", "stepped"):
        progress.apply(event(kind, step=0))
    assert progress.phase is Phase.THEIRS
    assert "you have the wheel" in progress.words()
    progress.apply(event("handed_back", steps=1))
    assert progress.phase is Phase.LOOKING
