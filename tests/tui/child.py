"""A session without a model or a browser: the real loop, store, guard and pipe, on the example app.

Takes the arguments that the dashboard gives to `apprentice run`. The first word of the task names the script. With --taught it stands
for `apprentice teach` where there is no display: each action is typed.
"""

from __future__ import annotations

import argparse
import sys

from agent.guard import Guard
from agent.loop import Session
from agent.policy.typed import TypedPolicy
from agent.store import Store
from browser.errors import ApprenticeError, AppUnreachable
from tui.commands.teach import teach_steps
from tui.example import ORIGIN, BillsApp, ExamplePolicy, bill
from tui.output import note, print_error, print_json
from tui.person import OnPipe
from tui.stopping import stopped_by_signal

SCRIPTS = {
    "Add": [*bill("Lunch", "12.50", "Alex"), 'done "the bill is there"'],
    "Ask": ['click "Add a bill"', 'ask "What did the hotel cost?"', 'type "Amount" "90"', "done"],
    "Delete": ['click "Delete the last bill"', "done"],
    "Wrong": ['press "Enter"', 'fail "there is no such bill"'],
}


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
        policy = ExamplePolicy(actions)
        session = Session(session_id, options.task, BillsApp(), policy, guard, store, texts, ask=person.ask)
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
