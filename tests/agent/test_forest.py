"""A forest says of every token what the model says that reads its path alone, however the reading is cut into stretches and passes."""

from __future__ import annotations

import gc
import random
from pathlib import Path as Folder
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.policy.abreast import Abreast, Text
from agent.policy.forest import Forest, Path, Stretch
from agent.policy.local import load_model
from agent.policy.reading import Cut, Feed, Peek, Writing

IDS = 90
"""Tokens to draw from: any that the tiny models know."""


@pytest.fixture(scope="module", params=["llama", "qwen3"])
def model(tiny_models: dict[str, Folder], request: pytest.FixtureRequest) -> Any:
    """A model in a format in which passes of any shape agree."""
    return load_model(tiny_models[request.param]).float().eval()


def alone(model: Any, ids: list[int]) -> torch.Tensor:
    """Return hidden_T_D of a sequence that is read by itself."""
    with torch.inference_mode():
        return model.get_decoder()(input_ids=torch.tensor([ids]), use_cache=False).last_hidden_state[0]


def agree(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and torch.allclose(one, other, atol=1e-4, rtol=1e-4)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), passes=st.integers(1, 4))
def test_every_path_is_read_as_if_it_were_alone(model: Any, seed: int, passes: int) -> None:
    rng, forest = random.Random(seed), Forest(model)
    paths: list[tuple[Path, list[int]]] = [(Path(), [])]
    with torch.inference_mode():
        for _ in range(passes):
            stretches = []
            for _ in range(rng.randint(1, 5)):
                path, ids = rng.choice(paths)
                kept = rng.randint(0, len(ids))
                new = [rng.randrange(IDS) for _ in range(rng.randint(1, 9))]
                stretches.append(Stretch(path.cut(kept), new))
                paths.append((stretches[-1].whole, ids[:kept] + new))
            forest.read(stretches)
    for path, ids in paths[1:]:
        assert len(path) == len(ids) == sum(count for _, count in path.parts)
        assert [token for part, count in path.parts for token in part.ids[:count]] == ids
        assert agree(path.hidden(0), alone(model, ids))
        start = rng.randrange(len(ids))
        assert torch.equal(path.hidden(start), path.hidden(0)[start:])


def test_another_path_is_told_apart(model: Any) -> None:
    """What the law above rests on: the hidden state of a token depends on all that stands before it, and on where it stands."""
    forest = Forest(model)
    with torch.inference_mode():
        first, other = Stretch(Path(), [1, 2, 3]), Stretch(Path(), [4, 2, 3])
        after, later = Stretch(first.whole, [5]), Stretch(first.whole.cut(2), [5])
        forest.read([first, other, after, later])
    assert not agree(first.whole.hidden(2), other.whole.hidden(2))
    assert not agree(after.whole.hidden(3), later.whole.hidden(2))
    assert model.config._attn_implementation != "forest", "the model attends as before"


def test_which_models_can_be_read_so(tiny_models: dict[str, Folder]) -> None:
    fits = {name: Forest.fits(load_model(folder)) for name, folder in tiny_models.items()}
    assert fits == {"llama": True, "qwen3": True, "qwen3_5": False}


def wanderer(model: Any, ids: list[int], given_T_V: torch.Tensor, text: Text, seed: int) -> Writing[int]:
    """Ask for this and that after a text, and check each answer; return how much was asked."""
    rng, ids, asked = random.Random(seed), list(ids), 0
    head = model.get_output_embeddings()
    assert agree(given_T_V, head(alone(model, ids)[text.since :]))
    for _ in range(rng.randint(0, 5)):
        new = [[rng.randrange(IDS) for _ in range(rng.randint(2, 5))] for _ in range(rng.randint(1, 3))]
        match rng.choice(["feed", "peek", "cut"]):
            case "feed":
                ids += new[0]
                [found_T_V] = yield Feed(new[0], last=rng.choice((1, 2)))
                assert agree(found_T_V, head(alone(model, ids)[-len(found_T_V) :]))
            case "peek":
                since = rng.choice((0, 1))
                for path, found_T_V in zip(new, (yield Peek(new, since)), strict=True):
                    assert agree(found_T_V, head(alone(model, ids + path)[len(ids) + since :]))
            case _:
                count = rng.randint(0, len(ids) // 2)
                assert (yield Cut(count)) == []
                ids = ids[: len(ids) - count]
        asked += 1
    return asked


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(0, 12), longest=st.sampled_from((6, 120)))
def test_whoever_asks_abreast_hears_what_one_hears_alone(model: Any, seed: int, count: int, longest: int) -> None:
    """Texts that begin alike, that stand twice, that another one begins with; more and fewer tokens than a pass takes up."""
    rng, texts = random.Random(seed), list[Text]()
    for _ in range(count):
        begun = rng.choice(texts).ids if texts and rng.random() < 0.7 else []
        ids = begun[: rng.randint(0, len(begun))] + [rng.randrange(IDS) for _ in range(rng.randint(1, longest))]
        texts.append(Text(ids, since=rng.randrange(len(ids))))
    texts += texts[:1]

    def begin(number: int, logits_T_V: torch.Tensor) -> Writing[int]:
        return wanderer(model, texts[number].ids, logits_T_V, texts[number], number)

    with torch.inference_mode():
        found = dict(Abreast(model).write(texts, begin))
    assert sorted(found) == list(range(len(texts)))


def test_what_is_written_needs_no_memory(model: Any) -> None:
    def begin(number: int, logits_T_V: torch.Tensor) -> Writing[int]:
        if number == 15:
            held.append(sum(type(thing) is Stretch for thing in gc.get_objects()))
        yield Feed([1, 2], last=1)
        return number

    held: list[int] = []
    texts = [Text([number, *range(40)], since=40) for number in range(30)]
    with torch.inference_mode():
        assert len(dict(Abreast(model).write(texts, begin))) == len(texts)
    gc.collect()
    assert held[0] > 1, "what is being written does"
    assert not any(type(thing) is Stretch for thing in gc.get_objects())
