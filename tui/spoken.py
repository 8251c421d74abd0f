"""A session told in lines: what happens is said as it happens, what it asks is answered by the next line that is typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from browser.actions import parse
from tui import words
from tui.commands.run import show_event
from tui.feed import Child, error_of
from tui.output import print_error, say
from tui.person import Lines
from tui.starting import Start

WHILE = "While it runs: t pauses it and gives you the wheel, h hands it back, stop ends it; an action is done in the place of the next one."


class SpokenSession:
    """One session in a process of its own. At a terminal it hears what is typed at any time; from a pipe only what it asks for."""

    def __init__(self, command: Sequence[str], start: Start, lines: Lines) -> None:
        self._child = Child([*command, *start.options()], self._told, self._noted)
        self._lines = lines
        self._asking = False
        self._page = ""
        self.id: str | None = None
        """Which session it is in the store; None while it has not begun."""

    def follow(self) -> None:
        """Go through it to its end. Whatever interrupts us ends the session, too. Raises SetupError when it cannot be started."""
        self._child.follow()

    def hear(self, line: str) -> bool:
        """Take a line that was typed while the session goes on by itself; say whether it was for the session."""
        said = line.strip()
        if self._asking or not said:
            return False
        match said:
            case "t":
                self._child.answer({"take_over": True})
            case "h":
                self._child.answer({"hand_back": True})
            case "stop":
                self._child.stop()
            case _ if _is_action(said):
                self._child.answer({"correct": said})
            case _:
                say(WHILE)
        return True

    def _told(self, record: dict[str, Any]) -> None:
        error = error_of(record)
        if error is not None:
            print_error(error, as_json=False)
            return
        match record.get("event"):
            case "session_started":
                self.id = record["session"]
                show_event(record)
            case "observed":
                self._show_page(f"Page: {record['title']} {record['url']}")
            case "dialog" | "wall":
                say(words.beside(record))
            case "take_over":
                say(
                    record["reason"]
                    or "Paused. Where there is a browser window, it is yours; h and Enter lets the agent go on."
                )
            case "handed_back":
                say("The agent goes on.")
            case "question":
                reply = self._ask(f"The session asks: {record['text']}", "An empty line leaves it open.")
                self._child.answer({"answer": reply or None})
            case "approval_needed":
                self._child.answer(self._approval(record))
            case str():
                show_event(record)

    def _approval(self, record: dict[str, Any]) -> dict[str, object]:
        asked = f"The session wants to: {record['action']}: {record['consequence']}: {record['reason']}"
        reply = self._ask(asked, "Allow it? y allows it, n does not, another action is done in its place.")
        if reply is None:
            return {"approve": None}
        return {"correct": reply} if _is_action(reply) else {"approve": reply.lower() in ("y", "yes")}

    def _ask(self, question: str, how: str) -> str | None:
        self._asking = True
        self._lines.forget()  # what was typed before is no answer
        say(question)
        say(how)
        line = self._lines.next()
        self._asking = False
        return None if line is None else line.strip()

    def _show_page(self, said: str) -> None:
        if said != self._page:
            self._page = said
            say(said)

    def _noted(self, text: str) -> None:
        say(text)


def _is_action(text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True
