"""`apprentice decide`: a store asked again, as a table and as JSON, the same every time, with an exit code for a script."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.lessons.text import words_text
from agent.paths import adapters_dir
from agent.policy.local import load_model
from agent.store import Store
from browser.actions import Action, Verb, parse
from browser.types import Line, Observation, StepResult
from consolidation.adapters import write_adapter
from consolidation.decide import Lessons, lessons_for, questions
from consolidation.lora import attach_lora
from tui.cli import main
from tui.wiring import find_base

PAGE = Observation("http://a.example/", "Bills", (Line("button", "Save", 12), Line("link", "Settings", 4)))


@pytest.fixture
def recorded(store: Store) -> list[str]:
    """Two sessions, the second killed in its last step, and one that never began."""
    lesson = store.add_lesson("words", "app", "", words_text("save twice"))
    made = []
    for lessons, known in (([lesson], 2), ([], 1), ([], 0)):
        session = store.begin_session(f"save it {known}", "app", PAGE.url, lesson_ids=lessons)
        for number, action in enumerate(("click", "wait", "done")[: known + bool(known)]):
            done = Action(Verb.CLICK, "Save", 12) if action == "click" else parse(action)
            store.begin_step(session, number, PAGE, done)
            if number < known:
                store.finish_step(session, number, StepResult(PAGE))
        made.append(session)
    return made


def asked(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, Any]:
    monkeypatch.setattr(sys, "argv", ["apprentice", "decide", *arguments])
    code = main()
    said = capsys.readouterr()
    return code, said.out or said.err


def test_a_session_becomes_questions(store: Store, recorded: list[str]) -> None:
    found = [questions("save it", store.steps(session), ["Told: x"]) for session in recorded]
    assert [len(items) for items in found] == [3, 2, 0]
    assert all("Told: x" in item.prompt.user for items in found for item in items)
    assert [item.done.render() for item in found[0]] == ['click "Save" [12]', "wait", "done"]
    assert found[0][1].prompt.reply, "what was done stands in the next prompt"


def test_the_secrets_that_were_typed_are_offered_again(store: Store) -> None:
    page = Observation("http://a.example/login", "Log in", (Line("textbox", "Password", 3, states=("secret",)),))
    session = store.begin_session("log in", "app", page.url)
    store.begin_step(session, 0, page, parse('type "Password" [3] <secret:wiki>'))
    (question,) = questions("log in", store.steps(session), ())
    assert question.prompt.secrets == ("wiki",)


def test_a_store_is_asked_again(
    store: Store,
    recorded: list[str],
    tiny_model: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("APPRENTICE_MODEL", str(tiny_model))
    base = find_base(None)
    adapted = attach_lora(load_model(tiny_model), 4, 8, seed=1)
    adapter, folder = write_adapter(adapters_dir(), adapted, {"base_sha256": base.sha256, "lessons": []})
    store.add_adapter(adapter, base.sha256, str(folder))

    code, said = asked(capsys, monkeypatch, "--by", "base", "--by", "teacher", "--by", adapter, "--json")
    assert code == 0
    record = json.loads(said)
    assert record["schema"] == 1
    by_base, by_teacher, by_adapter = record["reports"]
    assert [report["voice"] for report in record["reports"]] == ["base", "teacher", adapter]
    assert [report["lessons"] for report in record["reports"]] == ["recorded", "today", "recorded"]
    assert by_base["steps"] == 5 and by_base["sessions"] == 2
    assert by_base["decisions"] == by_adapter["decisions"], "a fresh adapter changes nothing"
    assert by_base["decisions"] != by_teacher["decisions"], "the teacher reads the lesson in both sessions"
    for report in record["reports"]:
        agreeing = [item for item in report["decisions"] if item["agrees"]]
        assert report["agreement"] == round(len(agreeing) / 5, 4)
        assert all((item["done"] == item["action"]) == item["agrees"] for item in report["decisions"])
        first = {item["session"]: item["step"] for item in reversed(report["decisions"]) if not item["agrees"]}
        assert {item["session"]: item["step"] for item in report["first_divergences"]} == first
        assert all(0 <= item["probability"] <= 1 for item in report["decisions"])
    assert asked(capsys, monkeypatch, "--by", "base", "--by", "teacher", "--by", adapter, "--json") == (0, said)

    code, said = asked(capsys, monkeypatch, recorded[0], "--by", "base", "--lessons", "none")
    assert code == 0 and "agrees" in said and "first turns off at" in said and f"{recorded[0]} step" in said
    assert recorded[1] not in said

    code, said = asked(capsys, monkeypatch, "--by", "base", "--require", "1")
    assert code == 3 and "first turns off at" in said


def test_what_a_voice_reads(store: Store, recorded: list[str]) -> None:
    rows = [store.session(session) for session in recorded[:2]]
    read = {which: [len(lessons_for(store, row, which)) for row in rows] for which in Lessons}
    assert read == {Lessons.TODAY: [1, 1], Lessons.RECORDED: [1, 0], Lessons.NONE: [0, 0]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--lessons", "all"), "unknown choice of lessons 'all'"),
        (("nothing",), "begins with 'nothing'"),
        (("--search", "unheard"), "no recorded step to decide again"),
        (("--by", "champion"), "there is no champion for this base"),
        (("--by", "nobody"), "begins with 'nobody'"),
    ],
)
@pytest.mark.usefixtures("recorded")
def test_what_cannot_be_asked_is_said_in_one_line(
    tiny_model: Path,
    arguments: tuple[str, ...],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("APPRENTICE_MODEL", str(tiny_model))
    code, said = asked(capsys, monkeypatch, *arguments)
    assert code == 2 and message in said
