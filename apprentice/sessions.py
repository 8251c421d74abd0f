"""`run`: one task in one app, as `apprentice run` does it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from agent.events import Listener, ignore, redacted
from agent.guard import APPROVABLE, Approver, Guard, nobody, origin_of
from agent.lock import instance_lock, origin_locks
from agent.loop import Budget
from agent.paths import downloads_dir, profile_dir
from agent.stop import StopReason
from agent.store import SessionRow, StepRow, Store
from agent.types import Policy
from browser.errors import UsageError

if TYPE_CHECKING:
    from tui.wiring import Loaded


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
    secrets: Iterable[str] = (),
    headless: bool = True,
    max_steps: int = 40,
    max_seconds: float = 1800,
    listen: Listener = ignore,
    progress: Callable[[str], None] = lambda _: None,
) -> Result:
    """Work on a task in the app at `url`, in the person's own browser profile, and return what became of it.

    `policy` decides instead of a model. `approve` names consequences that need no asking (`send`, `pay`, `delete`, `publish`), `approver`
    is asked about the others and `ask` answers questions; `allow` names further origins, `secrets` what of the
    vault may be typed. `listen` gets every event, `progress` what
    is being loaded. Raises an ApprenticeError with one sentence: UsageError, SetupError, AppUnreachable, AlreadyRunning and others.
    """
    if not task.strip():
        raise UsageError("the task is empty", "Say what to do, in the person's words")
    guard = make_guard(url, approve, approver, allow)
    name = app or origin_of(url)
    from browser.egress import EgressRules
    from browser.environment import LiveEnvironment
    from browser.manners import Pace
    from tui.protection import protect
    from tui.session import Assignment, work

    protection = protect(list(secrets))
    redactor, begun = protection.redactor, list[str]()

    def told(event: dict[str, Any]) -> None:
        if event["event"] == "session_started":
            begun.append(event["session"])
        listen(event)

    with (
        instance_lock("session"),
        origin_locks({origin_of(url), *guard.origins}),
        Store.open(redactor=redactor) as store,
    ):
        loaded = _hand(store, policy, model, adapter, progress)
        environment = LiveEnvironment(
            url,
            headless=headless,
            profile=profile_dir(),
            downloads=downloads_dir(),
            decide_dialog=guard.decide_dialog,
            pace=Pace(),
            egress=EgressRules.of({origin_of(url), *guard.origins}),
            secrets=protection.grant.resolve,
            redact=redactor,
        )
        read = store.find_lessons(name, task, adapter_id=loaded.adapter_id) if lessons else []
        assignment = Assignment(redactor.text(task), name, url, guard, Budget(max_steps, max_seconds))
        work(
            store,
            loaded,
            assignment,
            read,
            environment,
            ask=ask,
            listen=redacted(told, redactor),
            screenshots=True,
            window=False,
            protection=protection,
        )
        return Result(store.session(begun[0]), tuple(store.steps(begun[0])))


def make_guard(url: str, approve: Iterable[str], approver: Approver, allow: Iterable[str] = ()) -> Guard:
    """Make the rules of a session. Raises UsageError for a bad address or consequence."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise UsageError(f"{url!r} is not a web address", "Give one that begins with http:// or https://")
    try:
        return Guard.for_task(url, approve, approver, allow)
    except ValueError as error:
        raise UsageError(
            str(error), f"Addresses begin with http:// or https://; consequences are {', '.join(APPROVABLE)}"
        ) from error


def _hand(
    store: Store, policy: Policy | None, model: str | None, adapter: str, progress: Callable[[str], None]
) -> Loaded:
    """Return who acts. A policy of the caller's own is told what the actions are."""
    from tui.wiring import Loaded, load_policy

    if policy is not None:
        return Loaded(policy, with_manual=True)
    return load_policy(store, model, adapter, progress)
