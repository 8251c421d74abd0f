"""`apprentice teach`: show once how it is done, or say it in words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.events import Listener, ignore
from agent.guard import Guard, origin_of
from agent.lessons.text import demonstration_text, words_text
from agent.lock import instance_lock, origin_locks
from agent.loop import Session
from agent.paths import downloads_dir, profile_dir
from agent.policy.scripted import ScriptedPolicy
from agent.stop import StopReason
from agent.store import LessonStep, Store
from agent.types import Policy
from browser.actions import Action, Verb
from browser.errors import ApprenticeError, UsageError
from browser.types import Environment
from tui.commands.run import make_guard, show_event
from tui.config import configured_browser
from tui.output import note, print_json, say
from tui.protection import Protection, protect
from tui.steps import parse_steps


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
    headless: Annotated[bool, typer.Option(help="With --steps: no window.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Teach a TASK: record it in a browser window, perform it from a file, or put it in words."""
    if words:
        _teach_words(words, task, app, url, as_json=as_json)
        return
    if not task.strip() or not url:
        raise UsageError(
            "a demonstration needs a task and an address",
            'For example: apprentice teach "Chris paid Bea back 20" --url http://127.0.0.1:8000/',
        )
    guard = make_guard(url, "send,pay,delete,publish,grant", [], lambda _action, _verdict: True)
    name = app or origin_of(url)
    protection = protect(secret or [])
    with instance_lock("session"), origin_locks(guard.origins), Store.open(redactor=protection.redactor) as store:
        if steps is not None:
            lesson_id = teach_steps(
                store,
                task,
                name,
                url,
                guard,
                parse_steps(steps),
                print_json if as_json else show_event,
                headless=headless,
                protection=protection,
            )
        else:
            lesson_id = _teach_by_hand(store, task, name, url, protection)
        lesson = store.lesson(lesson_id)
    if as_json:
        print_json(lesson)
    else:
        say(f"lesson {lesson_id} is in use from now on; apprentice consolidate moves it into the weights")


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
) -> str:
    """Perform the taught actions in the live app and keep the lesson. Raises LessonFailed, with nothing kept but the session."""
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
        session = Session(session_id, task, live, hand, guard, store, listen=listen, actor="person")
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
    if failed is not None:
        raise LessonFailed(
            f"step {failed.step_no + 1} failed: {failed.note}",
            "Correct the step and teach again; the app may hold a part of what was done",
        )
    return keep_lesson(store, session_id, task, app)


def keep_lesson(store: Store, session_id: str, task: str, app: str) -> str:
    """Make the lesson of a recorded session: its actions, and nothing else of its pages."""
    rows = store.steps(session_id)
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


def _teach_by_hand(store: Store, task: str, app: str, url: str, protection: Protection) -> str:
    """Record what the person does in a visible browser, until it is closed. A password becomes its secret's name, or theirs to type."""
    from agent.secrets.taught import as_taught
    from browser.environment import LiveEnvironment
    from browser.recorder import Recorder

    session_id = store.begin_session(task, app, url, kind="teach", policy="person")
    note("Do the task in the browser window. Close the window when it is done.")
    count, places = 0, protection.places()
    with LiveEnvironment(
        url,
        headless=False,
        browser=configured_browser(),
        profile=profile_dir(),
        downloads=downloads_dir(),
        redact=protection.redactor,
    ) as environment:
        for page, done, result in Recorder(environment):
            action = as_taught(done, page, places)
            store.begin_step(session_id, count, page, action, actor="person")
            store.finish_step(session_id, count, result)
            say(f"{count + 1:3}  {action}")
            count += 1
    store.end_session(session_id, StopReason.DONE if count else StopReason.INTERRUPTED, "")
    if not count:
        raise LessonFailed(
            "nothing was done in the browser window", "Teach again and do the task before the window is closed"
        )
    return keep_lesson(store, session_id, task, app)
