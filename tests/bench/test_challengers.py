"""Planted challengers: what is done to them shows where it should, and a gate that judges one wrongly is told of."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from agent.store import Store
from bench.challengers import GOOD, Trial, about, made_by, main, missed, open_trial
from bench.planted import CODES, PLANTED, Planted, learned_nothing, with_codes
from bench.small import paid_back, teach
from browser.errors import UsageError
from consolidation.evidence import Skill
from consolidation.gate import Row
from consolidation.job import Request, demonstration_of, prepare
from consolidation.lora import load_lora, trainable
from consolidation.memorised import held_by
from consolidation.overnight import hold
from tests.consolidation.test_growth import CONFIG


def test_codes_stand_on_the_last_page_and_are_what_is_asked_about() -> None:
    shown = with_codes(Skill("a", "Asked: it\ndone", paid_back())).demonstration
    assert {held.text for held in held_by([(shown, "")])} >= set(CODES)
    assert (
        shown.steps[:-2] == paid_back().steps[:-2] and shown.steps[-2].result.observation == shown.steps[-1].observation
    )
    assert not set(CODES) & {held.text for held in held_by([(paid_back(), "")])}


@pytest.fixture
def trial(tiny_model: Path, tmp_path: Path) -> Trial:
    """A finished night over random weights, before its gate."""
    with Store.open() as store:
        asked = Request(str(tiny_model), "0", (teach(store, paid_back()),), with_manual=True, nice=0)
        hold(store, store.begin_job("consolidation"), prepare(asked), asked, replace(CONFIG, judged=False))
        (adapter,) = store.adapters()
        (row,) = store.lessons()
        opened = open_trial(store, tmp_path / "gate", asked, Path(adapter.path), CONFIG)
        assert opened.night.skills[0] == with_codes(Skill(row.id, row.text, demonstration_of(store, row)))
        return opened


@pytest.mark.slow
def test_each_bad_one_is_the_good_one_with_something_done_to_it(trial: Trial) -> None:
    def weights() -> list[float]:
        return [parameter.detach().float().norm().item() for parameter in trainable(trial.night.model)]

    good = trial.judged()
    (drift,) = about(good, ("drift on unrelated prompts",))
    before = weights()
    nothing = trial.judged(learned_nothing)
    assert weights().count(0.0) == len(before) / 2, "half of a LoRA is without effect, so all of it is"
    assert [row.name for row in nothing] == [row.name for row in good]
    assert drift.value > 0 and [row.value for row in about(nothing, (drift.name,))] == [0.0]
    for planted in PLANTED.values():
        load_lora(trial.night.model, trial.good)
        assert weights() == before, "what was done to one is not done to the next"
        planted.spoil(trial.night)
        assert weights() != before


def row(name: str, *, passed: bool) -> Row:
    return Row(name, 0.0, ">= 0", passed=passed)


def test_a_bad_one_that_passes_and_a_good_one_that_does_not_are_told_of() -> None:
    bad = {"bad": Planted(learned_nothing, ("learned",))}
    good, refused = [row("learned: a", passed=True)], [row("learned: a", passed=False)]
    assert missed({GOOD: good, "bad": refused}, bad) == []
    assert missed({GOOD: good, "bad": good}, bad) == ["bad"]
    assert missed({GOOD: refused, "bad": refused}, bad) == ["good, at bad"]
    elsewhere = [*good, row("kept: a", passed=False)]
    assert missed({GOOD: good, "bad": elsewhere}, bad) == ["bad"], "refused, but for something else"
    assert missed({GOOD: [], "bad": refused}, bad) == ["good, at bad"], "it was never asked"


def test_a_home_without_a_night_and_an_unknown_name_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="no finished night of opsd"):
        made_by("opsd")
    assert main([]) == 2
    assert capsys.readouterr().err.startswith("error: no finished night of opsd is here. ")
    assert main(["--only", "angelic"]) == 2
    assert "no bad challenger is called 'angelic'" in capsys.readouterr().err


def test_the_nights_of_a_home_are_found_by_their_arm(tmp_path: Path) -> None:
    for arm, adapter in (("sft", "aa"), ("opsd", "bb")):
        folder = prepare(Request("base", "0", ("lesson",), arm))
        (folder / "finished.json").write_text(json.dumps({"adapter": adapter}))
    request, adapter = made_by("opsd")
    assert (request.arm, adapter.name) == ("opsd", "bb")
