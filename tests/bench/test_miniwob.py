"""MiniWoB++ in a real browser: a right answer is rewarded by the benchmark, a wrong one is not."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.policy.scripted import ScriptedPolicy
from bench import miniwob
from browser.environment import LiveEnvironment
from browser.errors import UsageError

ROOT = Path(__file__).parents[2] / "runs" / "miniwob"
pytestmark = [pytest.mark.browser]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with miniwob.served(ROOT) as served:
        yield served


@pytest.fixture(scope="module")
def environment(address: str) -> Iterator[LiveEnvironment]:
    with LiveEnvironment(address) as opened:
        yield opened


def test_the_benchmark_rewards_the_right_answer(environment: LiveEnvironment, address: str) -> None:
    episode = miniwob.attempt(environment, ScriptedPolicy(['click "Click Me!"']), address, "click-test", 3)
    assert episode.success and episode.reward == 1 and episode.steps == 1


def test_giving_up_is_no_success(environment: LiveEnvironment, address: str) -> None:
    episode = miniwob.attempt(environment, ScriptedPolicy([]), address, "click-test", 3)
    assert not episode.success and episode.actions == ("done",)


def test_a_seed_fixes_the_instruction(environment: LiveEnvironment, address: str) -> None:
    one, other, third = (
        miniwob.attempt(environment, ScriptedPolicy([]), address, "enter-text", seed).instruction for seed in (5, 5, 6)
    )
    assert one == other != third


def test_a_list_of_tasks_is_checked(address: str, tmp_path: Path) -> None:
    pages = ROOT / "miniwob" / "html"
    listed = tmp_path / "tasks.json"
    listed.write_text(json.dumps({"dev": {"click-test": {}}}))
    assert miniwob.read_tasks(listed, pages) == ["click-test"]
    listed.write_text('["no-such-task"]')
    with pytest.raises(UsageError, match="no-such-task"):
        miniwob.read_tasks(listed, pages)
    assert len(miniwob.read_tasks(None, pages)) > 100
