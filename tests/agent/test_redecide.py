"""Deciding again at once says what deciding one by one says, whatever was recorded, and computes less."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from agent.grammar import can_click, can_select, can_type
from agent.policy.encode import Encoder
from agent.policy.local import LocalPolicy, load_model, load_tokenizer
from agent.policy.redecide import Question, Redecider
from agent.prompt import Transcript
from browser.actions import Action, Verb, parse
from browser.types import Line, Observation, StepResult

PAGE = Observation(
    "http://a.example/",
    "Bills",
    (
        Line("button", "Save", 12),
        Line("textbox", "Amount", 7),
        Line("combobox", "Payer", 9, options=("Alex", "Bea")),
        Line("link", "Settings", 4),
    ),
)
TASK = "save 12 for Bea"
LESSON = 'Asked: save 20 for Alex\ntype "Amount" "20"\nselect "Payer" "Alex"\nclick "Save"\ndone'


def loaded(folder: Path, kind: type[LocalPolicy], scale: float = 30.0) -> LocalPolicy:
    """Load a tiny model, its random logits drawn apart until it has opinions, in a format in which passes of any shape agree."""
    model = load_model(folder).float()
    with torch.no_grad():
        model.get_output_embeddings().weight.mul_(scale)
    return kind(model, Encoder(load_tokenizer(folder)), name="tiny")


def random_action(rng: random.Random) -> Action:
    line = rng.choice(PAGE.lines)
    if can_select(line):
        return Action(Verb.SELECT, line.name, line.ref, rng.choice(line.options))
    if can_type(line) and rng.random() < 0.7:
        return Action(Verb.TYPE, line.name, line.ref, rng.choice(("12", "20", "for Bea")))
    return Action(Verb.CLICK, line.name, line.ref) if can_click(line) else Action(Verb.WAIT)


def recorded(policy: LocalPolicy, seed: int, lessons: tuple[str, ...], steps: int) -> list[Question]:
    """Record a session in which the policy acts, and now and then somebody else."""
    rng, asked = random.Random(seed), []
    transcript = Transcript(TASK if seed % 2 else "open the settings", lessons)
    transcript.start(PAGE)
    for number in range(steps):
        own = policy.decide(transcript.prompt(), PAGE).action
        done = own if rng.random() < 0.6 else random_action(rng)
        asked.append(Question(transcript.prompt(), PAGE, done))
        transcript.advance(done, StepResult(PAGE, note=f"step {number}"))
    return asked


@pytest.mark.parametrize(
    ("architecture", "lessons", "steps"),
    [("llama", (), 4), ("llama", (LESSON,), 4), ("qwen3", (), 4), ("qwen3_5", (), 1), ("qwen3_5", (), 2)],
    ids=["alone", "with a lesson", "another architecture", "without a cache that can be cut back", "and several"],
)
def test_it_decides_what_is_decided_one_by_one(
    tiny_models: dict[str, Path], architecture: str, lessons: tuple[str, ...], steps: int
) -> None:
    policy = loaded(tiny_models[architecture], LocalPolicy)
    at_once = loaded(tiny_models[architecture], Redecider)
    assert isinstance(at_once, Redecider)
    asked = [question for seed in range(max(1, steps // 2)) for question in recorded(policy, seed, lessons, steps)]
    asked += asked[:1] if steps > 1 else []
    answers = at_once.redecide(asked)
    alone = [policy.decide(question.prompt, question.page).action for question in asked]
    assert [answer.action for answer in answers] == alone
    assert answers[0] == answers[-1], "the same is asked, the same is answered"
    agreed = sum(action == question.done for action, question in zip(alone, asked, strict=True))
    if steps > 2:
        assert 0 < agreed < len(asked), "the recording says both yes and no"
    if architecture == "llama" and not lessons:  # with a lesson, what is copied from the task is looked for each time
        assert at_once.decoded < len(asked), "some were known from the pass alone"


def test_sessions_that_have_nothing_in_common_are_decided_in_the_same_passes(tiny_model: Path) -> None:
    """More than one pass takes up, with lessons and without: the answers come in the order of the questions."""
    policy, at_once = loaded(tiny_model, LocalPolicy), loaded(tiny_model, Redecider)
    assert isinstance(at_once, Redecider)
    asked = [
        question
        for seed in range(6)
        for question in recorded(policy, seed, (LESSON.replace("20", str(seed)),) if seed % 3 else (), 3)
    ]
    random.Random(1).shuffle(asked)
    heard: list[int] = []
    answers = at_once.redecide(asked, heard.append)
    assert heard == list(range(1, len(asked) + 1))
    assert [answer.action for answer in answers] == [policy.decide(q.prompt, q.page).action for q in asked]
    for question, answer in list(zip(asked, answers, strict=True))[:4]:
        [by_itself] = at_once.redecide([question])
        assert by_itself.action == answer.action
        assert by_itself.probability == pytest.approx(answer.probability, rel=1e-3)


def test_what_cannot_be_done_has_no_probability(tiny_model: Path) -> None:
    at_once = loaded(tiny_model, Redecider)
    assert isinstance(at_once, Redecider)
    transcript = Transcript(TASK)
    transcript.start(PAGE)
    done = [parse(text) for text in ('click "Gone" [99]', 'select "Payer" [9] "Chris"', 'click "Save" [12]')]
    gone, chris, save = at_once.redecide([Question(transcript.prompt(), PAGE, action) for action in done])
    assert gone.probability == chris.probability == 0
    assert 0 < save.probability < 1
    assert gone.action == chris.action == save.action, "one prompt, one decision"


def test_the_probabilities_of_all_that_can_be_done_add_up(tiny_model: Path) -> None:
    """Of a page that offers few actions, those with a closed form: no more than one, and the clicks are told apart."""
    at_once = loaded(tiny_model, Redecider, scale=1.0)
    assert isinstance(at_once, Redecider)
    transcript = Transcript(TASK)
    transcript.start(PAGE)
    clicks = [Action(Verb.CLICK, line.name, line.ref) for line in PAGE.lines]
    closed = [
        *clicks,
        Action(Verb.BACK),
        Action(Verb.WAIT),
        Action(Verb.DONE),
        parse("scroll up"),
        parse("scroll down"),
    ]
    found = at_once.redecide([Question(transcript.prompt(), PAGE, action) for action in closed])
    assert 0 < sum(answer.probability for answer in found) <= 1
    assert len({answer.probability for answer in found}) == len(found)


def test_an_empty_store_has_no_answers(tiny_model: Path) -> None:
    at_once = loaded(tiny_model, Redecider)
    assert isinstance(at_once, Redecider) and at_once.redecide([]) == []
