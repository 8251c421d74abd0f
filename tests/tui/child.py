"""A session without a model or a browser: the real loop, store, guard and pipe, on the example app.

Takes the arguments that the dashboard gives to `apprentice run`. The first word of the task names the script. With --taught it stands
for `apprentice teach` where there is no display: each action is typed.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Iterator

from agent.guard import Guard
from agent.loop import Session
from agent.policy.typed import TypedPolicy
from agent.prompt import Prompt
from agent.store import Store
from agent.takeover import Done, Wheel
from agent.types import Decision
from browser.actions import Action, Verb
from browser.errors import ApprenticeError, AppUnreachable
from browser.types import Observation
from tui.commands.teach import teach_steps
from tui.example import ORIGIN, BillsApp, ExamplePolicy, bill
from tui.output import note, print_error, print_json
from tui.person import OnPipe
from tui.stopping import stopped_by_signal

SCRIPTS = {
    "Add": [*bill("Lunch", "12.50", "Alex"), 'done "the bill is there"'],
    "Ask": ['click "Add a bill"', 'ask "What did the hotel cost?"', 'type "Amount" "90"', "done"],
    "Delete": ['click "Delete the last bill"', "done"],
    "Pause": [*bill("Lunch", "12.50", "Alex"), 'done "the bill is there"'],
    "Wrong": ['press "Enter"', 'fail "there is no such bill"'],
}


class Paused:
    """Follows a person who only looks, until they hand back."""

    def __init__(self) -> None:
        self._over = threading.Event()

    def __iter__(self) -> Iterator[Done]:
        self._over.wait()
        return iter(())

    def stop(self) -> None:
        self._over.set()

    close = stop


class Thinking(ExamplePolicy):
    """Thinks about its second step until somebody pauses the session; what it says then comes too late."""

    def __init__(self, actions: list[str], wheel: Wheel) -> None:
        super().__init__(actions)
        self._wheel, self._decisions = wheel, 0

    def decide(self, prompt: Prompt, page: Observation) -> Decision:
        self._decisions += 1
        if self._decisions == 2:
            while not self._wheel.taken:
                time.sleep(0.01)
            return Decision(Action(Verb.FAIL, text="it was too late"))
        return super().decide(prompt, page)


def main() -> int:
    parser = argparse.ArgumentParser()
    for name in ("--url", "--app"):
        parser.add_argument(name, default="")
    for name in ("--json", "--answers-on-stdin", "--headless", "--taught"):
        parser.add_argument(name, action="store_true")
    parser.add_argument("task")
    options = parser.parse_args()
    if "unreachable" in options.url:
        error = AppUnreachable(f"{options.url} does not answer", "Start the app and try again")
        print_error(error, as_json=True)
        return error.exit_code
    note("loading the example")
    person = OnPipe()
    with Store.open() as store, stopped_by_signal():
        if options.taught:
            return be_taught(store, options, person)
        lessons = store.find_lessons(options.app or ORIGIN, options.task)
        names = [lesson.id for lesson in lessons]
        session_id = store.begin_session(
            options.task, options.app or ORIGIN, options.url, policy="example", lesson_ids=names
        )
        actions = SCRIPTS[options.task.split()[0]]
        guard = Guard.for_task(ORIGIN, approver=person.approve)
        texts = [lesson.text for lesson in lessons]
        policy, wheel = ExamplePolicy(actions), person.attend(Wheel(Paused))
        if options.task.startswith("Pause"):
            policy = Thinking(actions, wheel)
        session = Session(
            session_id, options.task, BillsApp(), policy, guard, store, texts, ask=person.ask, wheel=wheel
        )
        session.listen = print_json
        return session.run().exit_code


def be_taught(store: Store, options: argparse.Namespace, person: OnPipe) -> int:
    guard = Guard.for_task(ORIGIN, approver=lambda _action, _verdict: True)
    hand = TypedPolicy(person.next_step)
    try:
        teach_steps(
            store, options.task, options.app or ORIGIN, options.url, guard, [], print_json, headless=True,
            environment=BillsApp(), policy=hand, by_hand=True,
        )  # fmt: skip
    except ApprenticeError as error:
        print_error(error, as_json=True)
        return error.exit_code
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
