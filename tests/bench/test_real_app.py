"""The embedded base in a real app with a real browser, judged by the app's own API."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.store import Store
from bench.arena import Arena
from bench.definitions import load_app
from bench.on_the_job import HERE
from bench.servers import AppServer

ROOT = Path(__file__).parents[2] / "runs" / "demo" / "apps"
pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded base as `make setup` left it in the cache of whoever runs the tests."""
    from agent.paths import models_dir
    from agent.policy.embedded import set_up

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("APPRENTICE_HOME", raising=False)
        return set_up(models_dir())


@pytest.fixture(scope="module")
def server() -> Iterator[AppServer]:
    with AppServer(load_app(HERE / "apps" / "ihatemoney.toml"), ROOT) as running:
        yield running


@pytest.fixture
def arena(server: AppServer) -> Iterator[Arena]:
    with Store.open() as store:
        yield Arena(server, store)


def test_a_taught_lesson_is_performed_judged_and_found_again(arena: Arena) -> None:
    (skill,) = [skill for skill in arena.server.app.skills if not skill.unrelated]
    arena.fresh()
    lesson_id = arena.teach(skill)
    task, _ = skill.variant(1)
    (found,) = arena.store.find_lessons(arena.name, task, limit=1)
    assert found.id == lesson_id
    assert "Payback" in found.text and "[" not in found.text, "controls are named, never numbered"
    session = arena.store.session(found.source_session_id or "")
    assert session.stop_reason == "done" and session.steps == len(skill.steps) + 1


@pytest.mark.embedded
def test_the_embedded_base_does_what_it_is_told_in_a_real_app(arena: Arena, embedded: Path) -> None:
    from agent.policy.local import LocalPolicy

    assert json.loads((embedded / "apprentice.json").read_text())["base"] == "smollm2-135m"
    (skill,) = [skill for skill in arena.server.app.skills if skill.unrelated]
    arena.fresh([skill])
    policy = LocalPolicy.load(embedded)
    with arena.browser(skill) as browser:
        episodes = [arena.attempt(policy, skill, seed, "test", (), browser) for seed in (1, 2, 3)]
    assert sum(episode.success for episode in episodes) >= 2, [episode.to_json() for episode in episodes]
    for session in arena.store.sessions():
        steps = arena.store.steps(session.id)
        assert steps and all(step.ok is not None for step in steps), "each step was committed with its result"
        assert not any("no ref" in step.note for step in steps), "nothing that cannot be done was tried"
