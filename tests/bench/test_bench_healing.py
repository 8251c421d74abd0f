"""The bench of healing: its bound on held-out pages, in a real browser, and that it would notice a wrong element."""

from __future__ import annotations

import pytest

from bench import healing
from bench.changing import CHANGES, HELD_OUT, PAGES, make_case, walk
from bench.drawing import Drawer
from browser.actions import Action
from browser.healing import Healing
from browser.types import Observation

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_forty_changes() -> None:
    """The promise: at least 95 % of what is still there is found, and nothing wrong is acted on."""
    trials = healing.run(range(40))
    there = [trial for trial in trials if trial.is_there]
    assert len(there) == 36
    assert {trial.change for trial in trials} == set(CHANGES)
    assert [trial for trial in trials if trial.verdict in ("wrong", "failed")] == []
    assert sum(trial.verdict == "found" for trial in there) / len(there) >= 0.95
    assert [trial.verdict for trial in trials if not trial.is_there] == ["not found"] * 4


def test_a_guess_would_be_noticed() -> None:
    """The positive control: who takes the first control of the name's role acts on wrong elements, and the page says so."""

    def guess(action: Action, recorded: Observation, present: Observation) -> Healing:
        role = next(line.role for line in recorded.lines if line.ref == action.ref)
        line = next((line for line in present.lines if line.ref is not None and line.role == role), None)
        return Healing(line, 1.0, "the first of its role")

    assert sum(trial.verdict == "wrong" for trial in healing.run(range(5, 10), find=guess)) >= 2


def test_cases_are_drawn_from_their_seeds() -> None:
    for pages in (PAGES, HELD_OUT):
        for seed in range(60):
            case = make_case(seed, pages)
            assert case == make_case(seed, pages)
            names = [node.truth for node in walk(case.after)]
            assert (case.target.truth in names) == case.is_there
            assert Drawer(case.drawn_after).page(case.after) == Drawer(case.drawn_after).page(case.after)
