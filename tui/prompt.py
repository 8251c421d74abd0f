"""The dashboard in lines: what is typed is done, what happens is told. For pipes, screen readers and plain terminals.

Nothing moves the cursor or is drawn over. Lists number what they say, and a number stands for what it named last. Whatever only
a command does is done by that command, in a process of its own. The end of the input ends it, with exit code 0.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from agent.store import Store
from browser.errors import ApprenticeError, UsageError
from tui import plain
from tui.feed import CLI
from tui.output import print_error, say
from tui.person import Lines
from tui.reading import read_learning
from tui.spoken import WHILE, SpokenSession
from tui.starting import Start, problem_with
from tui.stopping import Stopped, stopped_by_signal

LONGEST_NUMBER = 4
"""Digits of a number in a list; more of them, or a zero before them, begin an id."""


class Word(NamedTuple):
    """What can be said: what follows the word, and what it does."""

    takes: str
    about: str
    act: Callable[[Prompt, str], object]


class Prompt:
    """Reads lines and does what they say."""

    def __init__(self, store: Store, session_command: Sequence[str] = (*CLI, "run")) -> None:
        self._store = store
        self._session_command = session_command
        self._lines = Lines()
        self._numbered: dict[str, list[str]] = {}
        self._session: SpokenSession | None = None

    def converse(self) -> None:
        """Say how things stand, then do what is typed until the input ends or `quit` is said."""
        for line in plain.lines(self._store):
            say(line)
        self._number()
        if sys.stdin is None:  # it was closed
            return
        if sys.stdin.isatty():
            self._lines.start(lambda line: self._session is not None and self._session.hear(line))
            say("Type a word and press Enter; help lists the words.")
        with stopped_by_signal():
            while (line := self._next()) is not None and line.strip() != "quit":
                try:
                    self._do(line.strip())
                except ApprenticeError as error:
                    print_error(error, as_json=False)

    def _next(self) -> str | None:
        if sys.stdin.isatty():
            sys.stdout.write("> ")
            sys.stdout.flush()
        return self._lines.next()

    def _do(self, line: str) -> None:
        name, _, rest = line.partition(" ")
        if not name:
            return
        word = WORDS.get(name)
        if word is None:
            raise UsageError(f"{name!r} is none of the words", "help lists them")
        word.act(self, rest.strip())

    # ---- lists ------------------------------------------------------------------------------------------------

    def help(self, _: str) -> None:
        """Say every word."""
        for name, word in WORDS.items():
            say(f"{name} {word.takes}".rstrip() + f": {word.about}")
        say("quit: leave; the end of the input does the same")
        say(WHILE)

    def sessions(self, search: str) -> None:
        """List the latest sessions, or those whose task has the words."""
        rows = self._store.sessions(search or None, plain.SHOWN)
        self._list("session", [row.id for row in rows], map(plain.session, rows), "No session.")

    def lessons(self, _: str) -> None:
        """List the lessons in use."""
        rows, champion = self._store.lessons(), self._store.champion()
        self._list("lesson", [row.id for row in rows], (plain.lesson(row, champion) for row in rows), "No lesson.")

    def adapters(self, _: str) -> None:
        """List the adapters."""
        rows, champion = self._store.adapters(), self._store.champion()
        self._list("adapter", [row.id for row in rows], (plain.adapter(row, champion) for row in rows), "No adapter.")

    def learning(self, _: str) -> None:
        """Say what the nights do."""
        for line in plain.nights(read_learning(self._store)):
            say(line)

    # ---- a session --------------------------------------------------------------------------------------------

    def new(self, task: str) -> None:
        """Ask for what is missing and work on a task, telling every step."""
        task = task or self._ask("Task, in your own words:")
        start = Start(task, self._ask("Address to begin at:"), self._ask("Name of the app (may be empty):"))
        problem = problem_with(start)
        if problem is not None:
            raise UsageError(problem.words.rstrip("."), "Say new again")
        if start.note:
            say(start.note)
        session = self._session = SpokenSession(self._session_command, start, self._lines)
        try:
            session.follow()
        except Stopped:
            raise
        except KeyboardInterrupt:
            say("The session was stopped.")
        finally:
            self._session = None
            self._number(session.id)
        if session.id is not None:
            say("Was it achieved? Say: outcome 1 yes, or: outcome 1 no")

    def _ask(self, question: str) -> str:
        say(question)
        return (self._lines.next() or "").strip()

    # ---- what commands do -------------------------------------------------------------------------------------

    def outcome(self, said: str) -> None:
        """Record whether a session achieved its task."""
        which, _, rest = said.partition(" ")
        answer, _, note = rest.strip().partition(" ")
        if answer not in ("yes", "no"):
            raise UsageError("say yes or no", "For example: outcome 1 no the bill was rejected")
        flag = "--succeeded" if answer == "yes" else "--failed"
        self._run("outcome", self._id("session", which), flag, *(("--note", note) if note else ()))

    def forget(self, said: str) -> None:
        """Say what would go, then forget a session once it is agreed to."""
        session = self._id("session", said)
        if (
            self._run("forget", session, "--dry-run")
            and self._ask("Forget it for good? y forgets it, anything else does not.") == "y"
        ):
            self._run("forget", session, "--yes")
            self._number()

    def _run(self, *arguments: str) -> bool:
        """Run a command of ours, which says itself what came of it; return whether it could be done."""
        return subprocess.run([*CLI, *arguments], stdin=subprocess.DEVNULL, check=False).returncode == 0

    # ---- numbers ----------------------------------------------------------------------------------------------

    def _list(self, kind: str, ids: list[str], said: Iterable[str], none: str) -> None:
        self._numbered[kind] = ids
        for number, line in enumerate(said, start=1):
            say(f"{number}. {line}")
        if not ids:
            say(none)

    def _number(self, first: str | None = None) -> None:
        """Number everything as it is told at the beginning; the session `first` is the first, whatever else began meanwhile."""
        latest = [row.id for row in self._store.sessions(limit=plain.SHOWN)]
        self._numbered = {
            "session": list(dict.fromkeys([first, *latest] if first else latest)),
            "lesson": [row.id for row in self._store.lessons()],
            "adapter": [row.id for row in self._store.adapters()],
        }

    def _id(self, kind: str, said: str) -> str:
        """Return what a number stands for; anything else is taken as the beginning of an id."""
        ids = self._numbered[kind]
        if not said:
            raise UsageError(f"which {kind}?", f"Say its number or its id; {kind}s lists them")
        if not said.isdecimal() or said.startswith("0") or len(said) > LONGEST_NUMBER:
            return said
        if not 1 <= int(said) <= len(ids):
            raise UsageError(f"there is no {kind} {said} in the list", f"{kind}s lists them")
        return ids[int(said) - 1]


def _with(kind: str, *command: str) -> Callable[[Prompt, str], object]:
    """Return what runs a command of ours on one thing of a list."""

    def act(prompt: Prompt, said: str) -> None:
        prompt._run(*command, prompt._id(kind, said))

    return act


def _alone(*command: str) -> Callable[[Prompt, str], object]:
    return lambda prompt, _: prompt._run(*command)


WORDS = {
    "help": Word("", "list the words", Prompt.help),
    "new": Word("TASK", "work on a task, and tell every step", Prompt.new),
    "sessions": Word("WORDS", "list the latest sessions, or those whose task has the words", Prompt.sessions),
    "show": Word("N", "tell session N step by step", _with("session", "replay")),
    "outcome": Word("N yes|no NOTE", "say whether session N achieved its task", Prompt.outcome),
    "forget": Word("N", "forget session N and all that was learned from it, after a question", Prompt.forget),
    "lessons": Word("", "list what was taught", Prompt.lessons),
    "lesson": Word("N", "read lesson N whole", _with("lesson", "lessons", "--show")),
    "approve": Word("N", "say that lesson N is right", _with("lesson", "lessons", "--approve")),
    "retire": Word("N", "take lesson N out of use", _with("lesson", "lessons", "--retire")),
    "learning": Word("", "say what the latest night did, and what the next one could learn", Prompt.learning),
    "consolidate": Word("", "hold a night now, and tell how it goes", _alone("consolidate")),
    "adapters": Word("", "list the adapters", Prompt.adapters),
    "adapter": Word("N", "read the receipt of adapter N", _with("adapter", "adapters", "--show")),
    "promote": Word("N", "let adapter N act", _with("adapter", "promote")),
    "rollback": Word("", "let the adapter before the champion act again", _alone("rollback")),
    "doctor": Word("", "examine the installation", _alone("doctor")),
}
