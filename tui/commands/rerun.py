"""`apprentice rerun`: perform a recorded session again in the live app, without a model."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agent.events import Listener, redacted
from agent.guard import APPROVABLE, Guard, origin_of
from agent.lessons.renewal import renew
from agent.lock import instance_lock
from agent.loop import Budget, Session
from agent.paths import downloads_dir, profile_dir
from agent.redaction import Redactor
from agent.rerun import Rerun, read_values
from agent.stop import StopReason
from agent.store import SessionRow, Store
from browser.healing import heal
from tui.commands.run import make_guard, show_event, stopped_by_signal
from tui.output import print_json, say
from tui.person import find_person
from tui.protection import protect


def rerun(
    session: Annotated[str, typer.Argument(help="The session's id, or its beginning.")],
    url: Annotated[str, typer.Option(help="Where to begin. Default: where the session began.")] = "",
    values: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="OLD=NEW", help="Write another value than was written; can be repeated."),
    ] = None,
    approve: Annotated[str, typer.Option(help=f"Consequences allowed without asking: {','.join(APPROVABLE)}.")] = "",
    allow: Annotated[
        list[str] | None, typer.Option(help="Another origin the session may use; can be repeated.")
    ] = None,
    headless: Annotated[bool, typer.Option(help="No window, nobody to ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON event a line.")] = False,
) -> None:
    """Perform a recorded session's actions again, without a model. Stops with 3, and a diff, where the app goes another way."""
    person = find_person(headless=headless, as_json=as_json, on_pipe=False)
    redactor = protect().redactor
    listen: Listener = redacted(print_json if as_json else show_event, redactor)
    with instance_lock("session"), Store.open(redactor=redactor) as store:
        row = store.session(session)
        policy = Rerun(store.steps(row.id), read_values(values or []), heal)
        guard = make_guard(url or row.url, approve, allow or [], person.approve)
        where = url or row.url
        reason = perform(store, row, policy, guard, listen, redactor, url=where, headless=headless, ask=person.ask)
    if policy.diverged is not None:
        if as_json:
            print_json({"event": "diverged", **policy.diverged.to_json()})
        else:
            say("\n".join(["", *policy.diverged.diff()]))
    raise typer.Exit(reason.exit_code)


def perform(
    store: Store,
    row: SessionRow,
    policy: Rerun,
    guard: Guard,
    listen: Listener,
    redactor: Redactor,
    *,
    url: str,
    headless: bool,
    **options: Any,
) -> StopReason:
    """Rerun a session in a live browser; the rerun is recorded as a session of its own."""
    from browser.egress import EgressRules
    from browser.environment import LiveEnvironment

    app = row.app if origin_of(url) == origin_of(row.url) else origin_of(url)
    session_id = store.begin_session(row.task, app, url, kind="replay", policy=policy.name, parent_id=row.id)
    with (
        LiveEnvironment(
            url,
            headless=headless,
            profile=profile_dir(),
            downloads=downloads_dir(),
            decide_dialog=guard.decide_dialog,
            egress=EgressRules.of({origin_of(url), *guard.origins}),
            redact=redactor,
        ) as environment,
        stopped_by_signal(),
    ):
        session = Session(
            session_id,
            row.task,
            policy.watch(environment),
            policy,
            guard,
            store,
            listen=listen,
            budget=Budget(len(policy.steps) + 1),
            screenshot=environment.screenshot,
            **options,
        )
        reason = session.run()
    if not policy.values:  # with other values it is not what was taught
        for lesson in [lesson for lesson in store.lessons(row.app) if lesson.source_session_id == row.id]:
            renew(store, lesson, session_id)
    return reason
