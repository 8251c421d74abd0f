"""`apprentice teach`: show once how it is done, or say it in words."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.events import Listener, ignore
from agent.guard import APPROVABLE, Guard, origin_of
from agent.lessons.text import demonstration_text, words_text
from agent.lock import instance_lock, origin_locks
from agent.loop import SAME_STEP_LIMIT, Budget, Session
from agent.paths import downloads_dir, profile_dir
from agent.policy.scripted import ScriptedPolicy
from agent.stop import StopReason
from agent.store import LessonStep, Store
from agent.takeover import Wheel
from agent.types import Policy
from browser.actions import Action, Verb
from browser.errors import ApprenticeError, UsageError
from browser.types import Environment
from tui.commands.run import make_guard, show_event
from tui.config import configured_browser
from tui.output import note, print_json, say
from tui.person import Nobody, OnPipe, Person, find_person
from tui.protection import Protection, protect
from tui.steps import parse_steps
from tui.stopping import stopped_by_signal

if TYPE_CHECKING:
    from agent.policy.typed import TypedPolicy


class LessonFailed(ApprenticeError):
    """A taught step could not be done."""

    exit_code = 3


def teach(
    task: Annotated[str, typer.Argument(help="The task, as you would ask for it.")] = "",
    url: Annotated[str, typer.Option(help="Where to begin.")] = "",
    steps: Annotated[
        Path | None, typer.Option(help="A file of actions to perform, one a line, instead of recording.")
    ] = None,
    words: Annotated[str, typer.Option(help="A preference or correction in words, instead of a demonstration.")] = "",
    app: Annotated[str, typer.Option(help="Name of the app. Default: the address's origin.")] = "",
    secret: Annotated[
        list[str] | None, typer.Option(help="With --steps: a secret of the vault that they may type; can be repeated.")
    ] = None,
    headless: Annotated[
        bool, typer.Option(help="No window: the actions of --steps are performed, or you type them one by one.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    answers_on_stdin: Annotated[
        bool, typer.Option(help="A front end says on standard input, as JSON lines, what is done and when it is over.")
    ] = False,
) -> None:
    """Teach a TASK: record it in a browser window, type it, perform it from a file, or put it in words."""
    if words:
        _teach_words(words, task, app, url, as_json=as_json)
        return
    if not task.strip() or not url:
        raise UsageError(
            "a demonstration needs a task and an address",
            'For example: apprentice teach "Chris paid Bea back 20" --url http://127.0.0.1:8000/',
        )
    guard = make_guard(url, APPROVABLE, [], lambda _action, _verdict: True)
    name = app or origin_of(url)
    protection = protect(secret or [])
    listen = print_json if as_json else show_event
    person = find_person(headless=False, as_json=as_json, on_pipe=answers_on_stdin)
    policy = None if steps or not headless else _typed(person)
    with (
        stopped_by_signal(),
        instance_lock("session"),
        origin_locks(guard.origins),
        Store.open(redactor=protection.redactor) as store,
    ):
        if steps is not None or policy is not None:
            actions = parse_steps(steps) if steps else []
            listen = listen if as_json or not policy else show_page
            lesson_id = teach_steps(
                store,
                task,
                name,
                url,
                guard,
                actions,
                listen,
                headless=headless,
                policy=policy,
                protection=protection,
                by_hand=policy is not None,
            )
        else:
            lesson_id = _teach_by_hand(store, task, name, url, guard, listen, protection, person)
        lesson = store.lesson(lesson_id)
    if as_json:
        print_json(lesson)
    else:
        say(f"lesson {lesson_id} is in use from now on; apprentice consolidate moves it into the weights")


def show_page(event: dict[str, Any]) -> None:
    """Print an event for somebody who types what is done: the page, too."""
    if event["event"] == "observed":
        say(f"\n{event['title']}  {event['url']}")
        for line in event["lines"]:
            say(f"    {line}")
    elif event["event"] != "decided":  # they know what they typed
        show_event(event)


def teach_steps(
    store: Store,
    task: str,
    app: str,
    url: str,
    guard: Guard,
    actions: list[Action],
    listen: Listener = ignore,
    *,
    headless: bool,
    environment: Environment | None = None,
    policy: Policy | None = None,
    protection: Protection | None = None,
    by_hand: bool = False,
    wheel: Wheel | None = None,
) -> str:
    """Perform the taught actions in the live app and keep the lesson: those of `actions`, or those that `policy` chooses.

    `by_hand` says that a person does it now, who sees what fails and goes on; `wheel` that they do it in the browser's window.
    Raises LessonFailed, with nothing kept but the session.
    """
    from browser.egress import EgressRules
    from browser.environment import LiveEnvironment

    session_id = store.begin_session(task, app, url, kind="teach", policy="person")
    live = environment or LiveEnvironment(
        url,
        headless=headless,
        browser=configured_browser(),
        profile=profile_dir(),
        downloads=downloads_dir(),
        decide_dialog=guard.decide_dialog,
        egress=EgressRules.of({origin_of(url), *guard.origins}),
        secrets=protection.grant.resolve if protection else None,
        redact=protection.redactor if protection else None,
    )
    try:
        hand = policy or ScriptedPolicy(actions)
        budget = Budget(math.inf, repeats=math.inf if by_hand else SAME_STEP_LIMIT)  # in a file a loop is a mistake
        session = Session(
            session_id, task, live, hand, guard, store, budget=budget, listen=listen, actor="person", wheel=wheel
        )
        reason = session.run()
    finally:
        if environment is None:
            live.close()
    if reason is not StopReason.DONE:
        raise LessonFailed(
            f"the demonstration stopped: {session.answer or reason}",
            "Correct the step and teach again; the app may hold a part of what was done",
        )
    failed = next((step for step in store.steps(session_id) if step.ok is False), None)
    if failed is not None and not by_hand:
        raise LessonFailed(
            f"step {failed.step_no + 1} failed: {failed.note}",
            "Correct the step and teach again; the app may hold a part of what was done",
        )
    return keep_lesson(store, session_id, task, app)


def keep_lesson(store: Store, session_id: str, task: str, app: str) -> str:
    """Make the lesson of a recorded session: its actions, and nothing else of its pages."""
    rows = [row for row in store.steps(session_id) if row.ok is not False]
    actions = [row.action for row in rows]
    if not actions or actions[-1].verb is not Verb.DONE:
        actions.append(Action(Verb.DONE))
    written = tuple(LessonStep(row.action.render(with_ref=False), row.observation_hash) for row in rows)
    return store.add_lesson(
        "demonstration", app, task, demonstration_text(task, actions), steps=written, source_session_id=session_id
    )


def _teach_words(words: str, task: str, app: str, url: str, *, as_json: bool) -> None:
    if not app and not url:
        raise UsageError("words need to know which app they are about", "Add --url ADDRESS or --app NAME")
    with Store.open() as store:
        lesson_id = store.add_lesson("words", app or origin_of(url), task, words_text(words))
        if as_json:
            print_json(store.lesson(lesson_id))
        else:
            say(f"lesson {lesson_id} is in use from now on")


def _typed(person: Person) -> TypedPolicy:
    """Return the hand of somebody who types. Raises UsageError when nobody is there."""
    from agent.policy.typed import TypedPolicy

    if isinstance(person, Nobody):
        raise UsageError(
            "nobody is there to type the steps",
            "Give them in a file: --steps FILE, or teach at a terminal or with a window",
        )
    if not isinstance(person, OnPipe):
        note('Type one action a line, like: click "Save". done ends the demonstration.')
    return TypedPolicy(person.next_step)


def _teach_by_hand(
    store: Store,
    task: str,
    app: str,
    url: str,
    guard: Guard,
    listen: Listener,
    protection: Protection,
    person: Person,
) -> str:
    """Record what the person does in a visible browser, until it is closed or a front end says that it is over.

    A password becomes its secret's name, or theirs to type.
    """
    from agent.policy.onlooker import Onlooker
    from agent.secrets.taught import as_taught
    from browser.environment import LiveEnvironment
    from browser.recorder import Recorder

    places = protection.places()
    note("Do the task in the browser window. Close the window when it is done.")
    with LiveEnvironment(
        url,
        headless=False,
        browser=configured_browser(),
        profile=profile_dir(),
        downloads=downloads_dir(),
        redact=protection.redactor,
    ) as environment:
        hand = Onlooker(lambda action, page: as_taught(action, page, places))
        wheel = Wheel(lambda: Recorder(environment), hand.saw)
        wheel.take("do it in the browser window")
        if isinstance(person, OnPipe):
            person.attend(wheel)
        return teach_steps(
            store,
            task,
            app,
            url,
            guard,
            [],
            listen,
            headless=False,
            environment=environment,
            policy=hand,
            by_hand=True,
            wheel=wheel,
        )
