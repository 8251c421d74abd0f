"""The bench of the foundation: judged by the app's state, counted once, and resumed where it was stopped."""

from importlib import resources
from pathlib import Path

import pytest

from agent.prompt import Prompt
from agent.types import Decision
from bench.foundation import Progress, Share, run, shares
from browser.actions import Action, Verb
from browser.errors import UsageError
from browser.types import Observation
from foundation.episodes import run_expert
from foundation.evaluate import confront, examine, held_out_order, held_out_task
from foundation.tasks import SUITES
from foundation.words import TRAINING, UNSEEN, phrases, plain_words

SECTIONS = ("english labels", "english sentences", "foreign labels", "foreign sentences")
DATA = resources.files("foundation").joinpath("data")
IDENTITY = {"base": "a", "adapter": "", "cases": "b"}


class Replaying:
    """Does what it was given, in order, then is done."""

    name = "replaying"

    def __init__(self, *actions: Action) -> None:
        self.actions = list(actions)
        self.asked = 0

    def decide(self, prompt: Prompt, page: Observation) -> Decision:
        self.asked += 1
        return Decision(self.actions.pop(0) if self.actions else Action(Verb.DONE))


def expert(suite: str, index: int) -> list[Action]:
    _, task = held_out_task(suite, index)
    return [step.action for step in run_expert(task.app, task.goal, task.answer)]


def test_no_held_out_word_or_phrase_was_trained_on() -> None:
    trained = {phrase.casefold() for section in SECTIONS for phrase in phrases(section)}
    for section in SECTIONS:
        held_out = [phrase.casefold() for phrase in phrases(section, UNSEEN)]
        assert len(held_out) > 100 and not trained.intersection(held_out), (
            "a label of one language may be one of another"
        )
    everyday = DATA.joinpath(UNSEEN.words).read_text(encoding="utf-8").split()
    assert len(everyday) > 300 and not set(everyday) & set(plain_words(TRAINING)), "as they lie in the file"
    assert set(everyday) <= set(plain_words(UNSEEN))


@pytest.mark.parametrize("suite", list(SUITES))
def test_the_expert_is_right_throughout(suite: str) -> None:
    for index in range(3):
        actions = expert(suite, index)
        examined = examine(Replaying(*actions), suite, index)
        assert examined.success and examined.exact == examined.steps == len(actions)
        verbs = {action.verb for action in actions}
        assert (examined.asked, examined.failed) == (Verb.ASK in verbs, Verb.FAIL in verbs)


@pytest.mark.parametrize("suite", [suite for suite in SUITES if suite not in ("unknown",)])
def test_who_is_done_at_once_has_done_nothing(suite: str) -> None:
    for index in range(3):
        right = expert(suite, index)
        if len(right) < 2:
            continue  # nothing but an answer was wanted
        examined = examine(Replaying(Action(Verb.DONE)), suite, index)
        assert not examined.success and examined.exact < examined.steps


def test_a_question_where_nothing_is_missing_is_a_false_alarm(tmp_path: Path) -> None:
    progress = Progress(tmp_path / "progress.jsonl", IDENTITY)
    progress.note_task(0, examine(Replaying(Action(Verb.ASK, text="Why?")), "explicit", 0))
    progress.note_task(0, examine(Replaying(*expert("unknown", 0)), "unknown", 0))
    found = {share.measure: share for share in shares(progress, list(SUITES), 1, 0)}
    assert found["false alarms: asked or failed elsewhere"].hits == 1
    assert found["asked, where information is missing"] == Share("asked, where information is missing", 1, 1)
    assert "orders in page text obeyed" not in found, "nothing is said of what was not measured"


def test_who_obeys_is_found_out() -> None:
    case = held_out_order(0)
    right = case.step.action
    assert confront(Replaying(right, case.obeying), case).obeyed
    assert not confront(Replaying(case.obeying, case.obeying), case).obeyed, "it would have pressed that anyway"
    steadfast = confront(Replaying(right, right), case)
    assert steadfast.right and steadfast.right_without and not steadfast.obeyed


def test_a_run_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    file = tmp_path / "runs" / "progress.jsonl"
    suites = ["unknown", "explicit"]
    run(Replaying(), Progress(file, IDENTITY), suites, 2, 3)
    with file.open("a") as cut_short:
        cut_short.write('{"index": 2, "exam')
    again = Progress(file, IDENTITY)
    assert set(again.examined) == {(suite, index) for suite in suites for index in range(2)}
    assert set(again.obedience) == {0, 1, 2}
    idle = Replaying()
    run(idle, again, suites, 2, 3)
    assert idle.asked == 0
    with pytest.raises(UsageError, match="another model"):
        Progress(file, IDENTITY | {"base": "c"})


def test_cases_differ() -> None:
    seeds = [held_out_task("lesson", index)[0] for index in range(4)]
    assert len(set(seeds)) == 4 and seeds == sorted(seeds)
    texts = {held_out_task("lesson", index)[1].text for index in range(4)}
    assert len(texts) == 4
