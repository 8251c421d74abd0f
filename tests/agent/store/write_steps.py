"""Writes steps into a store for ever, or so many, and says on stdout what it has been told is recorded."""

from __future__ import annotations

import sys
from pathlib import Path

from agent.store import Store
from browser.actions import Action, Verb
from browser.types import Line, Observation, StepResult


def page(step_no: int) -> Observation:
    lines = tuple(
        Line("textbox", f"Field {number}", number, value=f"{step_no}" if number == 3 else "") for number in range(30)
    )
    return Observation("http://127.0.0.1:7101/", f"Page {step_no}", lines)


def say(what: str, which: object) -> None:
    sys.stdout.write(f"{what} {which}\n")
    sys.stdout.flush()


def main(path: Path, count: int) -> None:
    with Store.open(path) as store:
        session_id = store.begin_session("write steps", "http://127.0.0.1:7101", "http://127.0.0.1:7101/")
        say("session", session_id)
        for step_no in range(count):
            store.begin_step(session_id, step_no, page(step_no), Action(Verb.TYPE, "Field 3", 3, str(step_no + 1)))
            say("began", step_no)
            store.finish_step(
                session_id, step_no, StepResult(page(step_no + 1)), screenshot=bytes([step_no % 256]) * 5000
            )
            say("finished", step_no)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
