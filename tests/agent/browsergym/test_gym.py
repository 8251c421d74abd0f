"""BrowserGym's observations as pages and our actions as its calls, on a recorded episode; and the real one where it is installed."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.browsergym.calls import call_of
from agent.browsergym.hand import Hand
from agent.browsergym.pages import FOREIGN, Ids, goal_of, page_of
from agent.policy.scripted import ScriptedPolicy
from browser.actions import ON_CONTROL, Action, Verb
from browser.launch import find_browser
from browser.types import Observation

ROOT = Path(__file__).resolve().parents[3]
PYTHON = os.environ.get("APPRENTICE_BROWSERGYM_PYTHON", "")
STEPS = ['type "What" "Lunch"', 'select "Payer" "Chris"', 'type "PIN" "tiger-77"', 'click "Shared"', 'click "Save"']


@pytest.fixture(scope="module")
def episode() -> list[dict[str, Any]]:
    """What BrowserGym 0.14.3 observed while these steps were done in the app of `tests/shared_bills.py`."""
    return json.loads((Path(__file__).parent / "observations.json").read_text())


def test_an_observation_reads_as_a_page(episode: list[dict[str, Any]]) -> None:
    page = page_of(episode[0], Ids())
    assert (page.title, page.path, goal_of(episode[0])) == ("Bills", "/", "add Lunch")
    assert [(line.role, line.name) for line in page.lines if line.ref is not None] == [
        ("textbox", "What"),
        ("textbox", "Amount"),
        ("combobox", "Payer"),
        ("checkbox", "Shared"),
        ("textbox", "Note"),
        ("textbox", "PIN"),
        ("button", "Save"),
        ("button", "Delete"),
        ("button", "Delete #2"),
        ("link", "Report"),
    ]
    payer = next(line for line in page.lines if line.name == "Payer")
    assert payer.options == ("Alex", "Bea", "Chris") and payer.value == "Alex"
    assert [line.name for line in page.lines if line.role == "heading"] == ["Bills"]
    assert {"Museum", "Train"} <= {line.name for line in page.lines if line.ref is None}


def test_what_was_done_shows_on_the_pages_and_no_secret_does(episode: list[dict[str, Any]]) -> None:
    ids = Ids()
    pages = [page_of(obs, ids) for obs in episode]
    filled = {line.name: line for line in pages[4].lines}
    assert (filled["What"].value, filled["Payer"].value) == ("Lunch", "Chris")
    assert "checked" in filled["Shared"].states and {"secret", "filled"} <= set(filled["PIN"].states)
    assert "Lunch" in pages[5].render()
    assert not any("tiger-77" in page.render() for page in pages) and "tiger-77" in json.dumps(episode)


def test_our_hand_makes_the_calls_that_were_performed(episode: list[dict[str, Any]]) -> None:
    hand = Hand(ScriptedPolicy(STEPS))
    calls = [hand.decide(obs)[0] for obs in episode[:6]]
    assert calls == [obs["last_action"] for obs in episode[1:6]] + ["send_msg_to_user('done')"]
    failed = Hand(ScriptedPolicy(["wait", "wait"]))
    failed.decide(episode[0])
    assert episode[6]["last_action_error"]
    failed.decide(episode[6])
    assert failed._transcript is not None and "! ValueError" in failed._transcript.prompt().render()


@given(st.sampled_from(list(Verb)), st.text(), st.sampled_from(["7", "a12", "b'\\"]))
def test_a_call_is_one_call_with_its_words(verb: Verb, text: str, bid: str) -> None:
    ids = Ids()
    ref = ids.ref(bid)
    assert ids.bid(ref) == bid and (ref >= FOREIGN) == (not bid.isdecimal())
    action = Action(verb, "x", ref if verb in ON_CONTROL else None, text)
    (statement,) = ast.parse(call_of(action, Observation("http://a.example/", "", ()), ids)).body
    assert isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    arguments = [ast.literal_eval(argument) for argument in statement.value.args]
    if verb in (Verb.TYPE, Verb.SELECT):
        assert arguments == [bid, text]
    if verb is Verb.FAIL:
        assert arguments == [text]


@pytest.mark.skipif(
    not PYTHON, reason="BrowserGym pins an old Playwright: name its Python in $APPRENTICE_BROWSERGYM_PYTHON"
)
def test_agent_and_environment_in_the_real_browsergym() -> None:
    done = subprocess.run(
        [PYTHON, "-m", "tests.agent.browsergym.episode", str(find_browser().path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert (
        said["goal"] == "add Lunch" and said["ok"] == [True] * len(STEPS) and said["after_ours"] == ["Museum", "Lunch"]
    )
    assert said["missing"][0] is False and "9999" in said["missing"][1]
    assert [(row["what"], row["payer"]) for row in said["rows"]][1:] == [("Lunch", "p-Chris"), ("Tea", "p-Chris")]
    assert said["calls"][-1] == "send_msg_to_user('done')"
