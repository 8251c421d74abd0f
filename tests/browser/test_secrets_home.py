"""A session, the lesson made of it, and the night that learns it leave nothing of a secret in the home; without redaction they would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from agent.guard import Guard
from agent.loop import Session
from agent.policy.embedded import file_sha256
from agent.policy.scripted import ScriptedPolicy
from agent.redaction import Redactor
from agent.secrets import Grant, Secret
from agent.stop import StopReason
from agent.store import Store
from bench.secrets import search, seeded
from browser.environment import LiveEnvironment
from consolidation.job import Request, prepare, spawn
from tui.commands.teach import keep_lesson

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VALUES = seeded(2)
"""One with signs in it, one of letters and digits, by which a file can be named."""


def teach(app: str, environment: LiveEnvironment, redactor: Redactor | None) -> str:
    """Do the task once, with every secret of the page, and keep it as a lesson."""
    url = f"{app}/echo.html"
    environment.url = url
    actions = [
        step
        for n in range(len(VALUES))
        for step in (f'type "Password" <secret:s{n}>', 'click "Alert"', 'click "Repeat"')
    ]
    actions += ['type "Password" <secret:s1>', 'click "Save"', 'click "Copy"']
    with Store.open(redactor=redactor) as store:
        session_id = store.begin_session("sign in as dana", app, url, kind="teach", policy="person")
        session = Session(
            session_id,
            "sign in as dana",
            environment,
            ScriptedPolicy(actions),
            Guard.for_task(url),
            store,
            actor="person",
        )
        session.screenshot = environment.screenshot
        assert session.run() is StopReason.DONE, session.answer
        return keep_lesson(store, session_id, "sign in as dana", app)


def test_nothing_of_a_secret_is_left_in_the_home_after_a_night(
    app: str, make_environment: Callable[..., LiveEnvironment], home: Path, tiny_model: Path
) -> None:
    redactor = Redactor(VALUES)
    grant = Grant({f"s{n}": Secret(f"s{n}", (app,), value) for n, value in enumerate(VALUES)})
    environment = make_environment(app, secrets=grant.resolve, redact=redactor, downloads=home / "downloads")
    lesson = teach(app, environment, redactor)
    environment.close()
    with Store.open() as store:
        assert 'type "Password" <secret:s0>' in store.lesson(lesson).text
    sha = file_sha256(tiny_model / "model.safetensors")
    folder = prepare(Request(str(tiny_model), sha, (lesson,), with_manual=True, updates=1, variants=1, headroom=-1.0))
    assert spawn(folder).wait(timeout=300) == 0, (folder / "log.txt").read_text()
    files = [path for path in home.rglob("*") if path.is_file()]
    assert any(path.suffix == ".safetensors" for path in files), "an adapter was made"
    assert search(files, VALUES) == ({}, set())


def test_without_redaction_the_same_session_leaves_every_one(
    app: str, make_environment: Callable[..., LiveEnvironment], home: Path
) -> None:
    grant = Grant({f"s{n}": Secret(f"s{n}", (app,), value) for n, value in enumerate(VALUES)})
    environment = make_environment(app, secrets=grant.resolve, downloads=home / "downloads")
    teach(app, environment, None)
    environment.close()
    hits, found = search([path for path in home.rglob("*") if path.is_file()], VALUES)
    assert found == set(range(len(VALUES)))
    assert any(place.startswith("file names") for place in hits)
