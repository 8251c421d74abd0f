"""The person at the other end of a session: a terminal, a front end on a pipe, or nobody."""

from __future__ import annotations

import json
import sys
from typing import Protocol

from agent.guard import Verdict
from browser.actions import Action
from tui.output import err


class Person(Protocol):
    """Whoever answers questions and approves actions."""

    def ask(self, question: str) -> str | None:
        """Answer a question; None when nobody does."""
        ...

    def approve(self, action: Action, verdict: Verdict) -> bool | None:
        """Approve an action with consequences; None when nobody answers."""
        ...


class Nobody:
    """A script: every question stays open, every approval is denied."""

    def ask(self, question: str) -> None:
        """Leave it open."""

    def approve(self, action: Action, verdict: Verdict) -> None:
        """Leave it open."""


class AtTerminal:
    """Somebody who reads the terminal and types."""

    def ask(self, question: str) -> str | None:
        """Print the question and read a line; an empty line or end of input is no answer."""
        err.print(f"? {question}", style="bold", markup=False)
        return self._read("> ") or None

    def approve(self, action: Action, verdict: Verdict) -> bool | None:
        """Print the exact effect and read yes or no."""
        err.print(f"! {verdict.reason}. Allow it?", style="bold", markup=False)
        reply = self._read("[y/N] ")
        return None if reply is None else reply.strip().lower() in ("y", "yes")

    def _read(self, prompt: str) -> str | None:
        try:
            return input(prompt)
        except EOFError:
            return None


class OnPipe:
    """A front end: each question was announced as an event, each answer is one JSON object on standard input."""

    def ask(self, question: str) -> str | None:
        """Read {"answer": text or null}."""
        answer = self._read().get("answer")
        return answer if isinstance(answer, str) else None

    def approve(self, action: Action, verdict: Verdict) -> bool | None:
        """Announce what would be done, then read {"approve": true, false or null}."""
        from tui.output import print_json

        print_json(
            {
                "schema": 1,
                "event": "approval_needed",
                "action": action.render(),
                "consequence": verdict.consequence.value,
                "reason": verdict.reason,
            }
        )
        approve = self._read().get("approve")
        return approve if isinstance(approve, bool) else None

    def _read(self) -> dict[str, object | None]:
        line = sys.stdin.readline()
        try:
            record = json.loads(line) if line else {}
        except ValueError:
            record = {}
        return record if isinstance(record, dict) else {}


def find_person(*, headless: bool, as_json: bool, on_pipe: bool) -> Person:
    """Return who answers in this run."""
    if on_pipe:
        return OnPipe()
    if not headless and not as_json and sys.stdin.isatty():
        return AtTerminal()
    return Nobody()
