"""What only the teacher reads holds no word of a page that is not the name of something acted on; broken extractors are found."""

import json
import random
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from agent.store import Store
from bench.code import code_sha256
from bench.leaks import PAGES, broken, contexts, leaked
from bench.trusted import JUDGED, holds, in_memory, main, measure
from bench.trusted_sessions import KINDS, Ground
from browser.types import Line
from consolidation.job import demonstration_of

SESSIONS = 200


def test_no_word_of_a_page_reaches_the_teacher_alone() -> None:
    with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
        tally = measure(0, SESSIONS, 2, Path(folder))
    assert tally["sessions"] == SESSIONS and all(tally[kind] == SESSIONS // len(KINDS) for kind in KINDS)
    assert tally["leaked"] == tally["contexts that leaked"] == 0 and tally["contexts"] > SESSIONS
    assert tally["broken lessons found"] == tally["broken lessons refused"] == tally["broken lessons"] == 4 * SESSIONS
    assert tally["spoilt teachers found"] == tally["spoilt teachers refused"] == SESSIONS
    assert tally["names of what was acted on"] > SESSIONS, "the marks do reach lessons, where a person pressed them"
    assert tally["left no lesson, in hindsight"] > 0, "what an agent copied from a page"
    assert tally["left no lesson, renewed"] > 0, (
        "a rerun that found every name as it was renews nothing, and is drawn again"
    )
    assert tally["refused"] == 0, "what the product extracts it also trains on"
    assert holds(tally)


def test_a_word_that_looks_like_a_mark_is_none_that_a_broken_extractor_would_add(tmp_path: Path) -> None:
    with Store.open(tmp_path / "trusted.db") as store:
        ground = Ground(store, random.Random(1))
        recorded = ground.performed()
        steps = demonstration_of(store, recorded.lesson).steps
    alike = tuple(Line("row", "Dilouz plezquaf") for _ in range(PAGES))
    steps = [
        replace(step, observation=replace(step.observation, lines=alike + step.observation.lines)) for step in steps
    ]
    for seed in range(20):
        for other in broken(recorded.lesson, recorded, steps, random.Random(seed)):
            lines = [line for each in contexts(recorded.task, (other.text,), steps, checked=False) for line in each]
            assert leaked(lines, recorded, recorded.task)["leaked"]


def test_the_bench_fails_when_a_control_is_missed() -> None:
    good = {"contexts": 9, "broken lessons": 4, "broken lessons found": 4, "broken lessons refused": 4}
    spoilt = {"spoilt teachers": 1, "spoilt teachers found": 1, "spoilt teachers refused": 1}
    assert holds(Counter({**good, **spoilt}))
    for worse in ({"leaked": 1}, {"broken lessons found": 3}, {"spoilt teachers refused": 0}, {"contexts": 0}):
        assert not holds(Counter({**good, **spoilt, **worse}))


def test_a_tally_of_other_code_or_another_seed_is_not_carried_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "trusted.json"
    of = {"seed": 3, "code": code_sha256(*JUDGED)}
    for other in ({**of, "code": "another"}, {**of, "seed": 4}):
        file.write_text(json.dumps({"of": other, "seconds": 1.0, "tally": {"sessions": 8, "leaked": 1}}))
        assert main(["--sessions", "8", "--seed", "3", "--json", str(file)]) == 0
        kept = json.loads(file.read_text())
        assert kept["of"] == of and kept["tally"]["sessions"] == 8 and kept["tally"].get("leaked", 0) == 0
        assert "are taken from" not in capsys.readouterr().err
    file.write_text(json.dumps({"of": of, "seconds": 1.0, "tally": {"sessions": 8, "leaked": 1}}))
    assert main(["--sessions", "8", "--seed", "3", "--json", str(file)]) == 1, (
        "of the same code it is, and what leaked stays"
    )
    assert "8 sessions are taken from" in capsys.readouterr().err
