"""The person at the other end of a session: a terminal, a front end on a pipe, or nobody."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TextIO

from agent.events import event
from agent.guard import Verdict
from agent.takeover import Wheel
from browser.actions import Action, parse
from tui.output import err, note, print_json


class Person(Protocol):
    """Whoever answers questions and approves actions."""

    def ask(self, question: str) -> str | None:
        """Answer a question; None when nobody does."""
        ...

    def approve(self, action: Action, verdict: Verdict) -> bool | None:
        """Approve an action with consequences; None when nobody answers."""
        ...

    def next_step(self, step: int, offers: Sequence[str], problem: str) -> str | None:
        """Say what they do next in a demonstration, as an action; None when they leave it."""
        ...

    def attend(self, wheel: Wheel) -> Wheel | None:
        """Turn the wheel whenever the person says so, from now on; None when nobody is there."""
        ...


class Nobody:
    """A script: every question stays open, every approval is denied."""

    def ask(self, question: str) -> None:
        """Leave it open."""

    def approve(self, action: Action, verdict: Verdict) -> None:
        """Leave it open."""

    def next_step(self, step: int, offers: Sequence[str], problem: str) -> None:
        """Show nothing."""

    def attend(self, wheel: Wheel) -> None:
        """Leave the wheel to the agent."""


class Lines:
    """Standard input, line by line. Once there is a wheel, a thread reads it, so that what turns the wheel is heard at any time."""

    def __init__(self) -> None:
        self._lines: queue.SimpleQueue[str | None] | None = None

    def start(self, heard: Callable[[str], bool]) -> None:
        """Read from now on in a thread. A line that `heard` takes is no answer; whoever waits for one then gets an empty line."""
        lines = self._lines = queue.SimpleQueue()
        stream = sys.stdin

        def read() -> None:
            try:
                for line in _lines_of(stream):
                    lines.put("" if heard(line) else line)
            finally:
                lines.put(None)  # whatever happens: nobody waits for ever

        threading.Thread(target=read, name="person", daemon=True).start()

    def next(self) -> str | None:
        """Return the next line, None at the end."""
        if self._lines is None:
            return sys.stdin.readline() or None
        line = self._lines.get()
        if line is None:
            self._lines.put(None)  # it stays at its end
        return line

    def forget(self) -> None:
        """Drop what was said before the question that comes now."""
        while self._lines is not None and not self._lines.empty():
            if self._lines.get() is None:
                self._lines.put(None)
                return


def _lines_of(stream: TextIO) -> Iterator[str]:
    """Read lines. From a real file past Python's own buffer, which a thread would hold locked when the process ends."""
    try:
        file = stream.fileno()
    except OSError:  # lines in memory
        yield from stream
        return
    rest = b""
    while data := os.read(file, 65536):
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")
    if rest:
        yield rest.decode("utf-8", "replace")


class AtTerminal:
    """Somebody who reads the terminal and types."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._wheel: Wheel | None = None

    def ask(self, question: str) -> str | None:
        """Print the question and read a line; an empty line or end of input is no answer."""
        err().print(f"? {question}", style="bold", markup=False)
        return self._read("> ") or None

    def approve(self, action: Action, verdict: Verdict) -> bool | None:
        """Print the exact effect and read yes, no, or the action that is wanted in its place."""
        err().print(f"! {action.render()}: {verdict.reason}. Allow it?", style="bold", markup=False)
        reply = self._read("[y/N, or another action] ")
        return None if reply is None else reply.strip().lower() in ("y", "yes")

    def next_step(self, step: int, offers: Sequence[str], problem: str) -> str | None:
        """Print what was wrong, and read the next action; end of input leaves the demonstration."""
        if problem:
            err().print(f"! {problem}", style="bold", markup=False)
        return self._read(f"{step + 1:3}> ")

    def attend(self, wheel: Wheel) -> Wheel:
        """Listen for t (take over), h (hand back), and an action to be done in the place of the agent's."""
        self._wheel = wheel
        self._lines.start(self._hear)
        note("t and Enter: you take over in the browser window; h and Enter: the agent goes on")
        return wheel

    def _hear(self, line: str) -> bool:
        wheel, said = self._wheel, line.strip()
        assert wheel is not None, "it listens for one"
        if said == "t":
            wheel.take()
        elif said == "h":
            wheel.hand_back()
        elif not (action := _action(said)):
            return False
        else:
            wheel.correct(action)
        return True

    def _read(self, prompt: str) -> str | None:
        self._lines.forget()
        err().print(prompt, end="", markup=False)
        line = self._lines.next()
        return None if line is None else line.rstrip("\r\n")


class OnPipe:
    """A front end: each question was announced as an event, each answer is one JSON object on standard input.

    At any time it may say {"take_over": true}, {"hand_back": true}, or {"correct": action}, which is done in the place of the
    action that waits for approval or is proposed next.
    """

    def __init__(self) -> None:
        self._lines = Lines()
        self._wheel: Wheel | None = None

    def ask(self, question: str) -> str | None:
        """Read {"answer": text or null}."""
        answer = self._read().get("answer")
        return answer if isinstance(answer, str) else None

    def approve(self, action: Action, verdict: Verdict) -> bool | None:
        """Announce what would be done, then read {"approve": true, false or null}, or {"correct": action}."""
        wanted = {"action": action.render(), "consequence": verdict.consequence.value, "reason": verdict.reason}
        print_json(event("approval_needed", **wanted))
        approve = self._read().get("approve")
        return approve if isinstance(approve, bool) else None

    def next_step(self, step: int, offers: Sequence[str], problem: str) -> str | None:
        """Announce that a step is wanted, then read {"answer": action or null}."""
        print_json(event("step_wanted", step=step, offers=list(offers), problem=problem))
        return self.ask("")

    def attend(self, wheel: Wheel) -> Wheel:
        """Listen for who drives."""
        self._wheel = wheel
        self._lines.start(self._hear)
        return wheel

    def _hear(self, line: str) -> bool:
        wheel, record = self._wheel, _record(line)
        assert wheel is not None, "it listens for one"
        if record.get("take_over") is True:
            wheel.take()
        elif record.get("hand_back") is True:
            wheel.hand_back()
        elif isinstance(text := record.get("correct"), str):
            if action := _action(text):
                wheel.correct(action)
            else:
                note(f"not an action: {text}")
        else:
            return False
        return True

    def _read(self) -> dict[str, object | None]:
        return _record(self._lines.next() or "")


def _record(line: str) -> dict[str, object | None]:
    try:
        record = json.loads(line) if line.strip() else {}
    except ValueError:
        record = {}
    return record if isinstance(record, dict) else {}


def _action(text: str) -> Action | None:
    try:
        return parse(text)
    except ValueError:
        return None


def find_person(*, headless: bool, as_json: bool, on_pipe: bool) -> Person:
    """Return who answers in this run."""
    if on_pipe:
        return OnPipe()
    if not headless and not as_json and sys.stdin.isatty():
        return AtTerminal()
    return Nobody()
