"""`apprentice run`: work on a task in a web app."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from agent.events import Listener
from agent.guard import Guard
from agent.lock import instance_lock
from agent.loop import Budget, Session
from agent.paths import downloads_dir, profile_dir
from agent.stop import StopReason
from agent.store import LessonRow, Store
from browser.errors import UsageError
from tui.output import note, print_json, say
from tui.person import find_person
from tui.wiring import Loaded, load_policy


def run(
    task: Annotated[str, typer.Argument(help="What to do, in your own words.")],
    url: Annotated[str, typer.Option(help="Where to begin.")],
    app: Annotated[
        str, typer.Option(help="Name of the app, under which lessons are kept. Default: the address's origin.")
    ] = "",
    model: Annotated[
        str | None, typer.Option(help="Folder of a base model. Default: the embedded one, or $APPRENTICE_MODEL.")
    ] = None,
    adapter: Annotated[str, typer.Option(help="champion, none, or an adapter's id.")] = "champion",
    with_lessons: Annotated[bool, typer.Option("--lessons/--no-lessons", help="Read the lessons that fit.")] = True,
    approve: Annotated[str, typer.Option(help="Consequences allowed without asking: send,pay,delete,publish.")] = "",
    allow: Annotated[list[str] | None, typer.Option(help="Another origin the task may use; can be repeated.")] = None,
    headless: Annotated[bool, typer.Option(help="No window, nobody to ask.")] = False,
    max_steps: Annotated[int, typer.Option(min=1, help="Step budget.")] = 40,
    max_seconds: Annotated[float, typer.Option(min=1, help="Time budget.")] = 1800,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON event a line.")] = False,
    answers_on_stdin: Annotated[
        bool, typer.Option(help="A front end answers questions on standard input, as JSON lines.")
    ] = False,
    screenshots: Annotated[bool, typer.Option(help="Keep a picture of every step.")] = True,
) -> None:
    """Work on TASK in the app at URL."""
    if not task.strip():
        raise UsageError(
            "the task is empty",
            'Say what to do, for example: apprentice run "Add a bill of 12 paid by Alex" --url http://127.0.0.1:8000/',
        )
    person = find_person(headless=headless, as_json=as_json, on_pipe=answers_on_stdin)
    guard = make_guard(url, approve, allow or [], person.approve)
    listen: Listener = print_json if as_json else show_event
    with instance_lock("session"), Store.open() as store:
        loaded = load_policy(store, model, adapter, note)
        name = app or next(iter(sorted(guard.origins)))
        read = store.find_lessons(name, task, adapter_id=loaded.adapter_id) if with_lessons else []
        reason = work(
            store,
            loaded,
            task,
            name,
            url,
            guard,
            read,
            listen,
            headless=headless,
            budget=Budget(max_steps, max_seconds),
            ask=person.ask,
            screenshots=screenshots,
        )
    raise typer.Exit(reason.exit_code)


def work(
    store: Store,
    loaded: Loaded,
    task: str,
    app: str,
    url: str,
    guard: Guard,
    read: list[LessonRow],
    listen: Listener,
    *,
    headless: bool,
    screenshots: bool,
    **options: Any,
) -> StopReason:
    """Run one session in a live browser, ended cleanly by SIGTERM too."""
    from browser.environment import LiveEnvironment

    session_id = store.begin_session(
        task,
        app,
        url,
        policy=loaded.policy.name,
        adapter_id=loaded.adapter_id,
        lesson_ids=[lesson.id for lesson in read],
    )
    with (
        LiveEnvironment(url, headless=headless, profile=profile_dir(), downloads=downloads_dir()) as environment,
        stopped_by_signal(),
    ):
        session = Session(
            session_id,
            task,
            environment,
            loaded.policy,
            guard,
            store,
            [lesson.text for lesson in read],
            loaded.base.with_manual,
            listen=listen,
            **options,
        )
        if screenshots:
            session.screenshot = environment.screenshot
        return session.run()


def make_guard(url: str, approve: str, allow: list[str], approver: Any) -> Guard:
    """Make the rules of a session from what was typed. Raises UsageError for a bad address or consequence."""
    names = [name.strip() for name in approve.split(",") if name.strip()]
    try:
        return Guard.for_task(url, names, approver, allow)
    except ValueError as error:
        raise UsageError(
            str(error), "Addresses begin with http:// or https://; consequences are send, pay, delete, publish"
        ) from error


class stopped_by_signal:  # noqa: N801 - reads as a statement
    """Turn SIGTERM into KeyboardInterrupt, so that a session that is told to stop still records how it ended."""

    def __enter__(self) -> None:
        self._old = signal.signal(signal.SIGTERM, self._stop)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, self._old)

    @staticmethod
    def _stop(signal_number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt


def show_event(event: dict[str, Any]) -> None:
    """Print an event for people: one line a step."""
    match event["event"]:
        case "session_started":
            say(f"session {event['session']}  {event['task']}")
            for lesson in event["lessons"]:
                say("  lesson  " + lesson.split("\n")[0])
        case "decided":
            say(
                f"{event['step'] + 1:3}  {event['action']}"
                + ("" if event["verdict"]["allowed"] else f"   refused: {event['verdict']['reason']}")
            )
        case "stepped" if event["note"]:
            say(f"     {event['note']}")
        case "session_ended":
            say(f"{event['stop_reason']}" + (f": {event['answer']}" if event["answer"] else ""))


def read_steps(path: Path) -> list[str]:
    """Read a file of actions, one a line; empty lines and lines beginning with # are left out."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "Give a text file with one action a line") from error
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
