"""A session in a process of its own, which says on standard output what it was told is recorded. Started by test_kill.py."""

import sys
from itertools import count
from typing import Any

from agent.guard import Guard
from agent.loop import Budget, Session
from agent.policy.scripted import ScriptedPolicy
from agent.store import Store
from browser.types import Line, Observation, StepResult

URL = "http://a.example/"


class Endless:
    """A page that is another one after every action, with a picture each."""

    def __init__(self) -> None:
        self.number = 0

    def _page(self) -> Observation:
        lines = tuple(Line("textbox", f"Field {self.number} {n}", n + 1) for n in range(40))
        return Observation(URL, f"Page {self.number}", lines)

    def reset(self) -> Observation:
        return self._page()

    def step(self, action: Any) -> StepResult:
        self.number += 1
        return StepResult(self._page())

    def close(self) -> None: ...


def acknowledge(event: dict[str, Any]) -> None:
    if event["event"] == "stepped":
        sys.stdout.write(f"{event['session']} {event['step']}\n")
        sys.stdout.flush()


with Store.open() as store:
    for session_number in count():
        session_id = store.begin_session(f"session {session_number}", URL, URL)
        policy = ScriptedPolicy([f'press "{key}"' for key in ("Enter", "Tab", "Escape")] * 10)
        Session(
            session_id,
            "t",
            Endless(),
            policy,
            Guard.for_task(URL),
            store,
            budget=Budget(30),
            listen=acknowledge,
            screenshot=lambda: b"x" * 3000,
        ).run()
