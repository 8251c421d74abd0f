"""A recorded session is walked again, by the real browser, in the dream of a site that is no longer there."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlencode

import pytest

from agent.guard import Guard
from agent.policy.scripted import ScriptedPolicy
from agent.store import Store
from browser.actions import Action, Verb, parse
from browser.environment import LiveEnvironment
from browser.types import Line, Observation, StepResult
from consolidation.dream.recording import Recording, recording_of
from consolidation.dream.serve import DreamServer, served
from consolidation.dream.tiers import SiteDream, Tier
from consolidation.segments import Step
from tests.bills import STEPS, TASK, bills_app
from tui.commands.teach import teach_steps


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """A session in the real app, which is then shut down."""
    with bills_app() as app, Store.open(tmp_path_factory.mktemp("recorded") / "apprentice.db") as store:
        guard = Guard.for_task(app.url)
        lesson = teach_steps(store, TASK, "bills", app.url, guard, [parse(step) for step in STEPS], headless=True)
        return recording_of(store, store.lesson(lesson).source_session_id or "")


def walk(environment: LiveEnvironment, steps: Sequence[str]) -> Observation:
    """Do what is written, as by day, and return the last page."""
    page, policy = environment.reset(), ScriptedPolicy(steps)
    for _ in steps:
        action = policy.decide_on(page)
        assert action.verb is not Verb.FAIL, f"{action.text}\n{page.render()}"
        result = environment.step(action)
        assert result.ok, result.note
        page = result.observation
    return page


@pytest.mark.browser
@pytest.mark.slow
def test_the_recorded_session_is_walked_in_the_served_dream(recording: Recording) -> None:
    dream = SiteDream([recording])
    assert not dream.refused
    with served(dream) as server, LiveEnvironment(server.url) as environment:
        end = walk(environment, STEPS[:-1])
        assert end.path == recording.end.path == "/bills"
        shown = {(line.role, line.name) for line in end.lines}
        recorded = {(line.role, line.name) for line in recording.end.lines if line.role in ("link", "heading")}
        assert recorded <= shown and any("Museum" in name and "20.00" in name and "Bea" in name for _, name in shown)
        assert dream.at_the_end and set(dream.answered) == {Tier.REPLAY}
        assert any("This is a dream of http://127.0.0.1" in line.name for line in end.lines)
        assert any("where the recording ended" in line.name for line in end.lines)

        dream.reset()
        other = walk(
            environment,
            [step.replace("Museum", "A walk").replace("20", "7").replace("Bea", "Chris") for step in STEPS[:-1]],
        )
        names = [line.name for line in other.lines]
        assert any("A walk" in name and "7.00" in name and "Chris" in name for name in names)
        assert not any("Museum" in name for name in names) and any("Train" in name for name in names)
        assert dream.at_the_end and Tier.MOCK in dream.answered

        environment.hands.back()
        environment.step(parse('open "/nowhere"'))
        said = environment.look().render()
        assert "No recording says what comes of the last step" in said


def asked(server: DreamServer, method: str, path: str, *, host: str = "", **sent: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} | ({"Host": host} if host else {})
    connection.request(method, path, urlencode(sent), headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


EVIL = "</textarea></title></style></script><script>fetch('/-/field')</script><img src=x onerror=alert(1)>\"'"


@pytest.fixture
def hostile() -> Iterator[DreamServer]:
    lines = (
        Line("heading", EVIL),
        Line("text", EVIL),
        Line("textbox", EVIL, 1, value=EVIL, states=("multiline",)),
        Line("textbox", EVIL, 2, value=EVIL, states=(EVIL, "required")),
        Line("combobox", EVIL, 3, value=EVIL, options=(EVIL, "b")),
        Line("checkbox", EVIL, 4),
        Line("link", EVIL, 5, value=EVIL),
    )
    page = Observation(f"http://a.example//evil.example/?{EVIL}", EVIL, lines)
    step = Step(page, Action(Verb.CLICK, EVIL, 5), StepResult(page, note=EVIL))
    with served(SiteDream([Recording("S1", EVIL, (step,))])) as server:
        yield server


def test_a_dream_trusts_nothing_that_pages_said(hostile: DreamServer) -> None:
    status, page = asked(hostile, "GET", "/")
    assert status == 200 and page.count("<script>") == 1 and "<img" not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") > 8, "it is all there, as text"
    assert hostile.url.startswith(f"http://127.0.0.1:{hostile.server_port}/evil.example/")


def test_a_dream_answers_to_its_own_forms_alone(hostile: DreamServer) -> None:
    visit = hostile.visit
    right = {"token": hostile.token, "version": str(visit.version), "act": "5"}
    for refused in (
        asked(hostile, "GET", "/", host="evil.example"),
        asked(hostile, "POST", "/-/act", host="evil.example", **right),
        asked(hostile, "POST", "/-/act", **{**right, "token": "guessed"}),
        asked(hostile, "POST", "/-/field", **{**right, "token": ""}),
    ):
        assert refused[0] == 403 and not visit.dream.answered
    assert asked(hostile, "POST", "/-/act", **{**right, "version": "9"})[0] == 303
    assert not visit.dream.answered, "a page that is gone asks for nothing"
    assert asked(hostile, "POST", "/-/act", **right)[0] == 303
    assert visit.dream.answered == [Tier.REPLAY], "the right form is heard"


def test_the_command_serves_until_it_is_told_to_stop(recording: Recording, home: Path) -> None:
    with Store.open() as store:
        session = store.begin_session(recording.task, "bills", recording.start.url)
        for number, step in enumerate(recording.steps):
            store.begin_step(session, number, step.observation, step.action)
            store.finish_step(session, number, step.result)
        empty = store.begin_session("x", "bills", recording.start.url)
    environ = {**os.environ, "APPRENTICE_HOME": str(home)}
    command = [sys.executable, "-m", "tui.cli", "dream", "serve"]
    with subprocess.Popen([*command, session, "--json"], stdout=subprocess.PIPE, text=True, env=environ) as child:
        assert child.stdout is not None
        told = json.loads(child.stdout.readline())
        assert told["mock"] is True
        port = int(told["url"].split(":")[2].split("/")[0])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/")
        assert "Add a bill" in connection.getresponse().read().decode()
        taken = subprocess.run(
            [*command, session, "--port", str(port)], capture_output=True, text=True, env=environ, check=False
        )
        assert taken.returncode == 2 and f"port {port} cannot be used" in taken.stderr
        child.send_signal(signal.SIGTERM)
        assert child.wait(60) == 0
    nothing = subprocess.run([*command, empty], capture_output=True, text=True, env=environ, check=False)
    assert nothing.returncode == 2 and "no finished step to dream of" in nothing.stderr
