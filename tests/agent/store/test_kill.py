"""A writer is killed without warning; what it was told is recorded must be there."""

from __future__ import annotations

import random
import sqlite3
import sys
from pathlib import Path

import pytest

from agent.store import Store

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
KILLS = 20
ENDLESS = 1_000_000


def test_nothing_acknowledged_is_lost(path: Path, scripts) -> None:
    moments = random.Random(20)
    for _ in range(KILLS):
        with scripts.start("write_steps.py", path, ENDLESS) as writer:
            told = [writer.stdout.readline() for _ in range(moments.randint(1, 12))]
            spin = moments.randint(0, 200_000)
            while spin:  # so that the kill meets any part of the next write, not its beginning only
                spin -= 1
            writer.kill()
            rest, errors = writer.communicate()
        assert not errors
        check(path, "".join(told) + rest)
    with Store.open(path) as store:
        assert store.verify() == []
        assert len(store.sessions()) >= KILLS


def check(path: Path, told: str) -> None:
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    raw.close()
    words = [line.split() for line in told.splitlines(keepends=True) if line.endswith("\n")]
    session_id = words[0][1]
    with Store.open(path) as store:
        steps = {step.step_no: step for step in store.steps(session_id)}
        assert store.session(session_id).stop_reason is None
    began = [int(number) for word, number in words[1:] if word == "began"]
    finished = [int(number) for word, number in words[1:] if word == "finished"]
    assert set(began) <= set(steps)
    assert all(steps[number].ok and steps[number].result_observation for number in finished)
    # At most the last step may be unfinished, and it is known as such.
    assert all(step.ok for step in list(steps.values())[:-1])
    assert sorted(steps) == list(range(len(steps)))
