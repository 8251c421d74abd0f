"""Where a session begins: anywhere, when it opens an address first."""

from browser.actions import Action, Verb
from browser.types import Line, Observation, StepResult
from consolidation.rehearsal.begin import begin_elsewhere
from consolidation.rehearsal.variants import Demonstration, make_variant
from consolidation.segments import Step

WORDS = tuple(a + b + c + d for a in "bdklm" for b in "aeiou" for c in "nprst" for d in ("ol", "im", "ak"))


def page(path: str, *names: str) -> Observation:
    lines = tuple(Line("link", name, ref) for ref, name in enumerate(names, 1))
    return Observation(f"http://wiki.example{path}", "Wiki", lines)


START, EMPTY, FULL = (
    page("/start", "Home"),
    page("/x:coffee", "Home", "Create"),
    page("/x:coffee", "Home", "Edit coffee"),
)
OPEN = Action(Verb.OPEN, text="/x:coffee")
CREATE = Action(Verb.CLICK, "Create", 2)
STEPS = (
    Step(START, OPEN, StepResult(EMPTY)),
    Step(EMPTY, CREATE, StepResult(FULL)),
    Step(FULL, Action(Verb.DONE), StepResult(FULL)),
)


def test_an_address_is_opened_from_another_page() -> None:
    steps = begin_elsewhere(STEPS, FULL)
    assert steps[0].observation == FULL and steps[0].action == OPEN and steps[0].result == STEPS[0].result
    assert steps[1:] == STEPS[1:]


def test_a_session_that_needs_its_page_begins_there() -> None:
    assert begin_elsewhere(STEPS[1:], START) == STEPS[1:]


def test_some_variants_begin_where_another_errand_ended() -> None:
    variants = [make_variant(Demonstration("make a page coffee", STEPS), WORDS, seed) for seed in range(40)]
    ended = [v for v in variants if any(line.name.startswith("Edit") for line in v.steps[0].observation.lines)]
    assert 8 <= len(ended) <= 24
    for variant in ended:
        page_of = variant.steps[0].observation.url.rpartition(":")[2]
        assert page_of not in variant.values, "it ended with values of its own"
        assert variant.steps[0].action.text.startswith("/x:")


def test_what_stands_in_an_address_has_no_spaces() -> None:
    """Of the values for `coffee` some have several words: held together by something, since an address opens with them."""
    variants = [make_variant(Demonstration("make a page coffee", STEPS), WORDS, seed) for seed in range(60)]
    texts = [variant.steps[0].action.text for variant in variants]
    assert not any(" " in text for text in texts)
    assert sum("_" in text or "-" in text for text in texts) > 15
    for variant, text in zip(variants, texts, strict=True):
        assert variant.values[0] in variant.task and text == f"/x:{variant.values[0]}"
