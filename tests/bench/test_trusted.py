"""What only the teacher reads holds no word of a page that is not the name of something acted on; broken extractors are found."""

import tempfile
from pathlib import Path

from bench.trusted import KINDS, holds, in_memory, measure

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
    assert tally["refused"] == 0, "what the product extracts it also trains on"
    assert holds(tally)


def test_the_bench_fails_when_a_control_is_missed() -> None:
    good = {"contexts": 9, "broken lessons": 4, "broken lessons found": 4, "broken lessons refused": 4}
    from collections import Counter

    spoilt = {"spoilt teachers": 1, "spoilt teachers found": 1, "spoilt teachers refused": 1}
    assert holds(Counter({**good, **spoilt}))
    for worse in ({"leaked": 1}, {"broken lessons found": 3}, {"spoilt teachers refused": 0}, {"contexts": 0}):
        assert not holds(Counter({**good, **spoilt, **worse}))
