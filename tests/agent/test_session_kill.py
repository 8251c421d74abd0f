"""kill -9 at any moment of a session: nothing that was acknowledged is lost, and the store is whole."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from agent.store import Store

KILLS = 20
CHILD = Path(__file__).with_name("session_child.py")
ROOT = CHILD.parents[2]


def test_a_session_killed_at_twenty_random_moments_loses_no_step() -> None:
    rng = random.Random(4)
    acknowledged: set[tuple[str, int]] = set()
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, str(CHILD)], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
        ) as child:
            assert child.stdout is not None
            for _ in range(rng.randint(1, 25)):
                session_id, step = child.stdout.readline().split()
                acknowledged.add((session_id, int(step)))
            child.send_signal(signal.SIGKILL)
            for line in child.stdout:
                session_id, step = line.split()
                acknowledged.add((session_id, int(step)))
    with Store.open() as store:
        assert store.verify() == []
        recorded = {
            (row.session_id, row.step_no): row
            for session in store.sessions(limit=1000)
            for row in store.steps(session.id)
        }
    assert acknowledged <= set(recorded)
    for key in acknowledged:
        assert recorded[key].ok is True and recorded[key].result_observation is not None
    for session_id in {key[0] for key in recorded}:
        numbers = sorted(number for owner, number in recorded if owner == session_id)
        assert numbers == list(range(len(numbers))), "a log has no gap"
