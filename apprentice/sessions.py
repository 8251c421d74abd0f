"""`run`: one task in one app, as `apprentice run` does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from agent.events import Listener, ignore
from agent.guard import Approver, Guard, nobody, origin_of
from agent.lock import instance_lock
from agent.loop import Budget, Session
from agent.paths import downloads_dir, profile_dir
from agent.stop import StopReason
from agent.store import SessionRow, StepRow, Store
from agent.types import Policy
from browser.errors import UsageError


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a task, as the store has it."""

    session: SessionRow
    steps: tuple[StepRow, ...]

    @property
    def done(self) -> bool:
        """Whether the agent says that the task is finished. Whether it is, an outcome check or the person tells."""
        return self.session.stop_reason == StopReason.DONE

    @property
    def answer(self) -> str:
        """What the agent answered, or why it stopped."""
        return self.session.answer


def run(
    task: str,
    url: str,
    *,
    app: str = "",
    policy: Policy | None = None,
    model: str | None = None,
    adapter: str = "champion",
    lessons: bool = True,
    approve: Iterable[str] = (),
    approver: Approver = nobody,
    ask: Callable[[str], str | None] = lambda _: None,
    allow: Iterable[str] = (),
    headless: bool = True,
    max_steps: int = 40,
    max_seconds: float = 1800,
    listen: Listener = ignore,
    progress: Callable[[str], None] = lambda _: None,
) -> Result:
    """Work on a task in the app at `url`, in the person's own browser profile, and return what became of it.

    `policy` decides instead of a model. `approve` names consequences that need no asking (`send`, `pay`, `delete`, `publish`), `approver`
    is asked about the others and `ask` answers questions; `allow` names further origins. `listen` gets every event, `progress` what
    is being loaded. Raises an ApprenticeError with one sentence: UsageError, SetupError, AppUnreachable, AlreadyRunning and others.
    """
    if not task.strip():
        raise UsageError("the task is empty", "Say what to do, in the person's words")
    guard = make_guard(url, approve, approver, allow)
    name = app or origin_of(url)
    with instance_lock("session"), Store.open() as store:
        hand, adapter_id, with_manual = _hand(store, policy, model, adapter, progress)
        read = store.find_lessons(name, task, adapter_id=adapter_id) if lessons else []
        session_id = store.begin_session(
            task,
            name,
            url,
            policy=hand.name,
            adapter_id=adapter_id,
            lesson_ids=[lesson.id for lesson in read],
        )
        from browser.environment import LiveEnvironment

        with LiveEnvironment(url, headless=headless, profile=profile_dir(), downloads=downloads_dir()) as live:
            Session(
                session_id,
                task,
                live,
                hand,
                guard,
                store,
                [lesson.text for lesson in read],
                with_manual,
                Budget(max_steps, max_seconds),
                ask,
                listen,
                live.screenshot,
            ).run()
        return Result(store.session(session_id), tuple(store.steps(session_id)))


def make_guard(url: str, approve: Iterable[str], approver: Approver, allow: Iterable[str] = ()) -> Guard:
    """Make the rules of a session. Raises UsageError for a bad address or consequence."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise UsageError(f"{url!r} is not a web address", "Give one that begins with http:// or https://")
    try:
        return Guard.for_task(url, approve, approver, allow)
    except ValueError as error:
        raise UsageError(
            str(error), "Addresses begin with http:// or https://; consequences are send, pay, delete, publish"
        ) from error


def _hand(
    store: Store, policy: Policy | None, model: str | None, adapter: str, progress: Callable[[str], None]
) -> tuple[Policy, str | None, bool]:
    """Return who acts, with which adapter, and whether the prompt has to explain the actions."""
    if policy is not None:
        return policy, None, True
    from tui.wiring import load_policy

    loaded: Any = load_policy(store, model, adapter, progress)
    return loaded.policy, loaded.adapter_id, loaded.with_manual
