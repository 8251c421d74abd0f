"""Drafts: what a cue says is proposed as a whole; the model takes it or goes on by itself, and the cache stays right."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.grammar import can_click, can_select, can_type
from agent.policy import writing
from agent.policy.draft import draft_of
from agent.policy.local import LocalPolicy
from agent.prompt import Piece, Prompt, Transcript
from browser.actions import parse
from browser.types import Line, Observation, StepResult

PAGE = Observation(
    "http://a.example/",
    "Bills",
    (
        Line("button", "Save", 12),
        Line("textbox", "Amount", 7),
        Line("combobox", "Payer", 9, options=("Alex", "Bea")),
        Line("button", "Off", 3, states=("disabled",)),
        Line("link", "Twice", 4),
        Line("link", "Twice", 5),
    ),
)


@pytest.mark.parametrize(
    ("said", "action"),
    [
        ('> click "Save"\n', 'click "Save" [12]'),
        ('> type "Amount" "12"\n', 'type "Amount" [7] "12"'),
        ('> select "Payer" "Bea"\n', 'select "Payer" [9] "Bea"'),
        ("> done\n", "done"),
        ('> open "/trip/"\n', 'open "/trip/"'),
        ('> type "Amount" like "12"\n', None),
        ('> select "Payer" "Chris"\n', None),
        ('> type "Save" "12"\n', None),
        ('> click "Off"\n', None),
        ('> click "Twice"\n', None),
        ('> click "Gone"\n', None),
        ('> click "Save"\n> done\n', None),
        ('click "Save" [12]\n', None),
        ("! failed\n", None),
    ],
)
def test_a_cue_that_says_all_is_a_draft(said: str, action: str | None) -> None:
    draft = draft_of(Prompt("s", "u", (Piece(said, is_action=False),)), PAGE)
    assert draft == (parse(action) if action else None)


def test_no_reply_no_draft() -> None:
    assert draft_of(Prompt("s", "u"), PAGE) is None


LESSON = 'Asked: save 12 for Bea\ntype "Amount" "100"\nselect "Payer" "Alex"\nclick "Save"\ndone'


def prompts() -> list[Prompt]:
    transcript = Transcript("save 12 for Bea", (LESSON,))
    transcript.start(PAGE)
    found = [transcript.prompt()]
    for action in ('type "Amount" [7] "100"', 'select "Payer" [9] "Alex"', 'click "Save" [12]'):
        transcript.advance(parse(action), StepResult(PAGE))
        found.append(transcript.prompt())
    return found


@pytest.mark.parametrize("architecture", ["llama", "qwen3"])
def test_a_draft_that_is_probable_enough_is_taken(
    tiny_models: dict[str, Path], architecture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "LEAST", 0.0)
    policy = LocalPolicy.load(tiny_models[architecture])
    taken = [policy.decide(prompt, PAGE).action for prompt in prompts()]
    assert [action.render(with_ref=False) for action in taken] == LESSON.splitlines()[1:]


@pytest.mark.parametrize("architecture", ["llama", "qwen3"])
@pytest.mark.parametrize("least", [0.02, 0.3, 1.1])
def test_what_is_refused_leaves_no_trace_in_the_cache(
    tiny_models: dict[str, Path], architecture: str, least: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "LEAST", least)
    warm = LocalPolicy.load(tiny_models[architecture])
    possible = {line.ref for line in PAGE.lines if can_click(line) or can_type(line) or can_select(line)} | {None}
    for prompt in prompts():
        decision = warm.decide(prompt, PAGE)
        assert decision.action.ref in possible
        assert 0 < decision.confidence <= 1
        cold = LocalPolicy.load(tiny_models[architecture])
        assert decision.action == cold.decide(prompt, PAGE).action


def test_a_draft_that_is_refused_at_once_changes_nothing(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "LEAST", 1.1)
    refusing = [LocalPolicy.load(tiny_model).decide(prompt, PAGE).action for prompt in prompts()]
    monkeypatch.setattr(writing, "draft_of", lambda *_: None)
    assert refusing == [LocalPolicy.load(tiny_model).decide(prompt, PAGE).action for prompt in prompts()]
