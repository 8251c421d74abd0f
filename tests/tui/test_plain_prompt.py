"""`apprentice --plain`: the dashboard in lines. Real processes, on a pipe and at a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from test_tui_dashboard import read_until

from agent.store import Store
from tui.plain import lines
from tui.prompt import WORDS

HERE = Path(__file__).parent
PLAIN = [sys.executable, "-m", "tui.cli", "--plain"]
URL = "http://127.0.0.1:8000/"
TALK = """
import sys
from agent.store import Store
from tui.prompt import Prompt
with Store.open() as store:
    Prompt(store, {command}).converse()
"""
SCRIPTED = """
import json, sys
for record in {records}:
    print(json.dumps(record), flush=True)
heard = []
for line in sys.stdin:
    heard.append(json.loads(line))
    if len(heard) == {wanted}:
        break
print(json.dumps(dict(event="session_ended", stop_reason="done", answer=json.dumps(heard))), flush=True)
"""
STARTED = {"event": "session_started", "session": "s", "task": "many", "lessons": []}
WANTS = {"event": "approval_needed", "action": 'click "Pay"', "consequence": "pay", "reason": "it pays 90"}


def plainly(said: str, *command: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run(
        command or PLAIN, input=said, capture_output=True, text=True, check=False, timeout=120, env=environ
    )


def talk(said: str, *session: str) -> subprocess.CompletedProcess[str]:
    return plainly(said, sys.executable, "-c", TALK.format(command=list(session)))


def scripted(wanted: int, *records: dict[str, object]) -> list[str]:
    """The command of a session that tells these, and in its answer what it was told."""
    return [sys.executable, "-c", SCRIPTED.format(records=[STARTED, *records], wanted=wanted)]


def heard(output: str) -> list[dict[str, object]]:
    """What such a session was told."""
    return json.loads(re.findall(r"^done: (.*?)\r?$", output, re.MULTILINE)[0])


def test_lists_number_what_commands_then_do(filled: Store) -> None:
    before = list(lines(filled))
    rows, taught = filled.sessions(), filled.lessons()
    done = plainly(
        "sessions\noutcome 2 yes it was there\nlessons\napprove 1\nlesson 1\nshow 1\nsessions hotel\nquit\nhelp\n"
    )
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    assert said[: len(before)] == before
    assert [line[:3] for line in said if re.match(r"\d\. Session", line)] == [
        "1. ",
        "2. ",
        "3. ",
        "4. ",
        "5. ",
        "6. ",
        "1. ",
    ]
    assert filled.sessions()[1].outcome is True
    assert filled.outcomes(rows[1].id)[-1].note == "it was there"
    assert filled.lesson(taught[0].id).approved_at is not None
    assert taught[0].text in said
    assert any(line.startswith("  -> ") for line in said), "a session step by step"
    assert not any(line.startswith("help:") for line in said), "after quit nothing is read"
    assert not set(done.stdout) & set("│─┃━┏┓\x1b\r")


def test_every_word_is_in_the_help_and_what_is_none_is_said_in_one_line(store: Store) -> None:
    done = plainly("help\nfly\noutcome 1 perhaps\nshow 7\nshow\n\nlearning\nadapters")
    said = done.stdout.splitlines()
    assert {line.split(":")[0].split()[0] for line in said} >= {*WORDS, "quit"}
    assert done.stderr.splitlines() == [
        "error: 'fly' is none of the words. help lists them",
        "error: say yes or no. For example: outcome 1 no the bill was rejected",
        "error: there is no session 7 in the list. sessions lists them",
        "error: which session?. Say its number or its id; sessions lists them",
    ]
    assert (done.returncode, said[-2:]) == (0, ["A night could learn 0 lessons.", "No adapter."])


def test_a_closed_input_says_how_things_stand_and_ends(filled: Store) -> None:
    command = f"{sys.executable} -m tui.cli --plain <&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.splitlines() == list(lines(filled))


def test_a_session_is_told_a_fact_a_line_and_its_questions_are_answered_in_line(store: Store) -> None:
    child = str(HERE / "child.py")
    said = f"new Ask for the hotel\n{URL}\n\n90\nnew\nDelete the dinner\n{URL}\n\ny\nnew Delete it\n{URL}\n\nno\nsessions\n"
    done = talk(said, sys.executable, child)
    assert (done.returncode, done.stderr) == (0, "")
    told = done.stdout.splitlines()
    assert "The session asks: What did the hotel cost?" in told
    assert sum(line.startswith('The session wants to: click "Delete the last bill"') for line in told) == 2
    assert any(re.match(r'  3  type "Amount"', line) for line in told)
    acts = [line for line in told if re.match(r'  1  click "Delete', line)]
    assert ["refused" in line for line in acts] == [False, True]
    assert [row.stop_reason for row in store.sessions()] == ["done"] * 3
    assert [line.split(": ")[-1] for line in told if re.match(r"\d\. Session", line)] == [
        "done, unknown, 2 steps",
        "done, unknown, 2 steps",
        "done, unknown, 4 steps",
    ]


def test_a_verdict_is_asked_for_and_given_on_the_session_that_was_worked_on(store: Store) -> None:
    older = store.begin_session("an older task", URL, URL)
    store.end_session(older, "done")
    done = talk(f"new many\n{URL}\n\n", sys.executable, "-c", 'print(\'{"error": "no model"}\')')
    assert "error: no model" in done.stderr
    assert "Was it achieved?" not in done.stdout, "nothing was worked on"
    ours = store.begin_session("many", URL, URL)
    newer = store.begin_session("what another process began meanwhile", URL, URL)
    told = json.dumps({**STARTED, "session": ours})
    done = talk(f"new many\n{URL}\n\noutcome 1 yes\n", sys.executable, "-c", f"print({told!r})")
    assert (done.returncode, "Was it achieved?" in done.stdout) == (0, True), done.stderr
    assert [store.session(name).outcome for name in (ours, older, newer)] == [True, None, None]


def test_at_the_end_of_the_input_a_question_stays_open(store: Store) -> None:
    done = talk(f"new Ask for the hotel\n{URL}\n\n", sys.executable, str(HERE / "child.py"))
    assert done.returncode == 0
    assert store.sessions()[0].stop_reason == "asked"
    assert (
        talk("new\n", sys.executable, str(HERE / "child.py")).stderr
        == "error: The task is empty: say what to do. Say new again\n"
    )


@pytest.mark.parametrize(
    ("reply", "written"),
    [
        ("y\n", {"approve": True}),
        ("n\n", {"approve": False}),
        ("what?\n", {"approve": False}),
        ('click "Cancel"\n', {"correct": 'click "Cancel"'}),
        ("", {"approve": None}),
    ],
)
def test_an_approval_takes_yes_no_or_another_action(store: Store, reply: str, written: dict[str, object]) -> None:
    done = talk(f"new many\n{URL}\n\n{reply}", *scripted(1, WANTS))
    assert 'The session wants to: click "Pay": pay: it pays 90' in done.stdout
    assert heard(done.stdout) == [written]


def test_at_a_terminal_the_wheel_is_turned_by_lines(store: Store) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", TALK.format(command=scripted(3))]
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"})
    os.close(theirs)
    written = read_until(ours, b"> ")
    os.write(ours, f"new many\n{URL}\n\n".encode())
    written += read_until(ours, b"session s  many")
    os.write(ours, b't\nclick "Save"\nhm\nh\n')
    written += read_until(ours, b"Was it achieved?")
    os.write(ours, b"quit\n")
    written += read_until(ours, None)
    os.close(ours)
    assert process.wait(60) == 0
    assert heard(written.decode()) == [{"take_over": True}, {"correct": 'click "Save"'}, {"hand_back": True}]
    assert b"While it runs: t pauses it" in written, "what is none of these is explained"
    assert b"\x1b[2J" not in written and b"\x1b[H" not in written, "the cursor stays where it is"


def test_a_signal_ends_the_session_and_the_prompt(store: Store) -> None:
    command = [sys.executable, "-c", TALK.format(command=scripted(1))]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(f"new many\n{URL}\n\n")
    process.stdin.flush()
    for line in process.stdout:
        if line.startswith("session s"):
            break
    session = psutil.Process(process.pid).children()
    assert len(session) == 1
    process.send_signal(signal.SIGTERM)
    told, noted = process.communicate(timeout=60)
    assert process.returncode == 1 and noted.splitlines()[-1] == f"tui.stopping.Stopped: {signal.SIGTERM.value}"
    assert "done:" not in told
    assert psutil.wait_procs(session, 10)[1] == [], "the session is gone"
