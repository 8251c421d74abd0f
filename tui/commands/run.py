"""`apprentice run`: work on a task in a web app."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.answer import AnswerSchema
from agent.events import Listener, redacted
from agent.guard import APPROVABLE, Guard, origin_of
from agent.lock import instance_lock, origin_locks
from agent.loop import Budget
from agent.outcome_checks import parse_expectation
from agent.paths import downloads_dir, profile_dir
from agent.store import Store
from browser.errors import UsageError
from tui.config import load_settings
from tui.output import note, print_json, say
from tui.person import Nobody, find_person
from tui.protection import Protection, protect
from tui.steps import parse_steps
from tui.stopping import stopped_by_signal
from tui.wiring import load_policy, scripted

if TYPE_CHECKING:
    from agent.guard.policy import PolicyFile
    from browser.environment import LiveEnvironment
    from tui.settings import Settings

LONGEST_TASK = 20_000
"""Characters of a task; a prompt has no room for more."""


def run(
    task: Annotated[str, typer.Argument(help="What to do, in your own words; - reads it from standard input.")],
    url: Annotated[str, typer.Option(help="Where to begin.")],
    app: Annotated[
        str, typer.Option(help="Name of the app, under which lessons are kept. Default: the address's origin.")
    ] = "",
    model: Annotated[str | None, typer.Option(help="Folder of a base model. Default: the embedded one.")] = None,
    adapter: Annotated[str | None, typer.Option(help="champion (the default), none, or an adapter's id.")] = None,
    with_lessons: Annotated[
        bool | None, typer.Option("--lessons/--no-lessons", help="Read the lessons that fit.")
    ] = None,
    steps: Annotated[
        Path | None, typer.Option(help="A file of actions to perform, one a line, instead of asking a model.")
    ] = None,
    approve: Annotated[
        str | None, typer.Option(help=f"Consequences allowed without asking: {','.join(APPROVABLE)}.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="A policy file: what is approved or refused without asking, and where.")
    ] = None,
    allow: Annotated[list[str] | None, typer.Option(help="Another origin the task may use; can be repeated.")] = None,
    expect: Annotated[
        list[str] | None,
        typer.Option(
            help="Assert how the task ends: url~REGEX, text~REGEX, answer~REGEX, or http METHOD URL STATUS [JSONPATH]; can be repeated."
        ),
    ] = None,
    output_schema: Annotated[
        Path | None, typer.Option(help="A JSON Schema that the answer must fit; the answer is then JSON.")
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Connect to nothing but the task's origins, for pictures and scripts neither."),
    ] = False,
    secret: Annotated[
        list[str] | None, typer.Option(help="A secret of the vault that the session may type; can be repeated.")
    ] = None,
    headless: Annotated[bool | None, typer.Option(help="No window, nobody to ask.")] = None,
    isolated: Annotated[
        bool,
        typer.Option("--isolated", help="A browser of its own that keeps nothing, instead of the person's profile."),
    ] = False,
    storage_state: Annotated[
        Path | None,
        typer.Option(help="With a browser of its own: cookies and local storage to begin with (Playwright's format)."),
    ] = None,
    max_steps: Annotated[int | None, typer.Option(min=1, help="Step budget. Default: 40.")] = None,
    max_seconds: Annotated[float | None, typer.Option(min=1, help="Time budget. Default: 1800.")] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="Token budget, prompts and actions together. Default: no limit.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON event a line.")] = False,
    answers_on_stdin: Annotated[
        bool, typer.Option(help="A front end answers questions on standard input, as JSON lines.")
    ] = False,
    screenshots: Annotated[bool | None, typer.Option(help="Keep a picture of every step.")] = None,
) -> None:
    """Work on TASK in the app at URL. Exit code 0 done, 3 failed, 4 a person is needed, 5 blocked, 6 budget spent."""
    from agent.guard.policy import PolicyFile, load_policy_file

    words = read_task(task, answers_on_stdin=answers_on_stdin)
    settings = load_settings(
        {
            "model": model,
            "adapter": adapter,
            "lessons": with_lessons,
            "headless": headless,
            "max_steps": max_steps,
            "max_seconds": max_seconds,
            "max_tokens": max_tokens,
            "screenshots": screenshots,
        }
    )
    protection = protect(secret or [])
    words = protection.redactor.text(words)
    person = find_person(headless=settings.headless, as_json=as_json, on_pipe=answers_on_stdin)
    consequences = settings.approve if approve is None else approve.split(",")
    rules = load_policy_file(Path(policy or settings.policy)) if policy or settings.policy else PolicyFile()
    guard = make_guard(url, consequences, [*settings.allow, *(allow or [])], person.approve, rules)
    expectations = [parse_expectation(written) for written in expect or []]
    schema = AnswerSchema.load(output_schema) if output_schema else None
    actions = parse_steps(steps) if steps else None
    state = read_storage_state(storage_state) if storage_state else None
    listen: Listener = redacted(print_json if as_json else show_event, protection.redactor)
    alone = isolated or state is not None
    with stopped_by_signal(), _place(url, guard, alone=alone), Store.open(redactor=protection.redactor) as store:
        loaded = scripted(actions) if actions else load_policy(store, settings.model, settings.adapter, note)
        from tui.session import Assignment, work

        name = app or origin_of(url)
        read = store.find_lessons(name, words, adapter_id=loaded.adapter_id) if settings.lessons else []
        environment = _environment(url, settings, guard, rules, state, protection, alone=alone, strict=strict)
        budget = Budget(settings.max_steps, settings.max_seconds, settings.max_tokens or float("inf"))
        assignment = Assignment(words, name, url, guard, budget, expectations, schema)
        code = work(
            store,
            loaded,
            assignment,
            read,
            environment,
            ask=person.ask,
            listen=listen,
            screenshots=settings.screenshots,
            window=not settings.headless and not isinstance(person, Nobody),
            protection=protection,
            person=person,
        )
    raise typer.Exit(code)


@contextmanager
def _place(url: str, guard: Guard, *, alone: bool) -> Iterator[None]:
    """Take what no other session may use meanwhile: the origins, and the person's browser unless it has one of its own."""
    browser = nullcontext() if alone else instance_lock("session")
    with browser, origin_locks({origin_of(url), *guard.origins}):
        yield


def _environment(
    url: str,
    settings: Settings,
    guard: Guard,
    rules: PolicyFile,
    state: dict[str, Any] | None,
    protection: Protection,
    *,
    alone: bool,
    strict: bool,
) -> LiveEnvironment:
    """Choose the browser: the person's own with its logins, or one that begins with `state` and keeps nothing."""
    from browser.egress import EgressRules
    from browser.environment import LiveEnvironment
    from browser.manners import Pace

    return LiveEnvironment(
        url,
        headless=settings.headless,
        browser=settings.browser or None,
        profile=None if alone else profile_dir(),
        storage_state=state,
        downloads=downloads_dir(),
        decide_dialog=guard.decide_dialog,
        pace=Pace(rules.manners.pace_seconds, rules.manners.max_wait_seconds),
        egress=EgressRules.of({origin_of(url), *guard.origins}, strict=strict),
        secrets=protection.grant.resolve,
        redact=protection.redactor,
    )


def make_guard(
    url: str, approve: str | Sequence[str], allow: Sequence[str], approver: Any, policy: PolicyFile | None = None
) -> Guard:
    """Make the rules of a session from what was typed. Raises UsageError for a bad address or consequence."""
    written = approve.split(",") if isinstance(approve, str) else approve
    names = [name.strip() for name in written if name.strip()]
    try:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"not a web address: {url!r}")
        return Guard.for_task(url, names, approver, allow, policy=policy)
    except ValueError as error:
        raise UsageError(
            str(error), f"Addresses begin with http:// or https://; consequences are {', '.join(APPROVABLE)}"
        ) from error


def read_task(task: str, *, answers_on_stdin: bool = False) -> str:
    """Return the task, read from standard input when it is `-`. Raises UsageError for one that cannot be worked on."""
    if task == "-":
        if answers_on_stdin:
            raise UsageError("standard input cannot hold the task and the answers", "Give the task as an argument")
        try:
            task = sys.stdin.read(LONGEST_TASK + 1)
        except UnicodeDecodeError as error:
            raise UsageError(f"the task on standard input is no text: {error}", "Write it in UTF-8") from error
    words = task.strip()
    if not words:
        raise UsageError(
            "the task is empty",
            'Say what to do, for example: apprentice run "Add a bill of 12 paid by Alex" --url http://127.0.0.1:8000/',
        )
    if len(words) > LONGEST_TASK:
        raise UsageError("the task is too long", f"Say it in at most {LONGEST_TASK} characters")
    if unreadable := [char for char in words if not (char.isprintable() or char in "\n\t")]:
        raise UsageError(f"the task holds a character that is no text: {unreadable[0]!r}", "Leave it out")
    return words


def read_storage_state(path: Path) -> dict[str, Any]:
    """Read cookies and local storage that Playwright wrote. Raises UsageError for any other file."""
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"{path} cannot be read: {reason}", "Give a storage state that Playwright wrote") from error
    parts = [state.get(key, []) for key in ("cookies", "origins")] if isinstance(state, dict) else [None]
    if not all(isinstance(part, list) and all(isinstance(item, dict) for item in part) for part in parts):
        raise UsageError(
            f"{path} is no storage state: it needs lists of cookies and origins", "Let Playwright write it"
        )
    return state


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
        case "result":
            for check in event["checks"]:
                say(f"{'ok  ' if check['passed'] else 'FAIL'} {check['expect']}" + _instead(check))
            if event["problem"]:
                say(f"FAIL {event['problem']}")


def _instead(check: dict[str, Any]) -> str:
    return "" if check["passed"] else f"   found {check['found']}"
