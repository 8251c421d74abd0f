"""`teach` and `tell`: lessons by demonstration and in words."""

from __future__ import annotations

from collections.abc import Iterable

from agent.guard import origin_of
from agent.lessons.text import words_text
from agent.lock import instance_lock
from agent.store import LessonRow, Store
from apprentice.sessions import make_guard
from browser.actions import Action, parse
from browser.errors import UsageError


def teach(task: str, url: str, steps: Iterable[Action | str], *, app: str = "", headless: bool = True) -> LessonRow:
    """Do the steps once in the live app and keep them as a lesson, in use from the next session on.

    A step is written like `click "Save"`. Raises UsageError for one that is none, LessonFailed when one cannot be done.
    """
    if not task.strip():
        raise UsageError("a demonstration needs a task", "Say it in the person's words")
    actions = [_action(step, number) for number, step in enumerate(steps, start=1)]
    if not actions:
        raise UsageError("a demonstration needs steps", 'Write each like: click "Save"')
    from tui.commands.teach import teach_steps

    guard = make_guard(url, ("send", "pay", "delete", "publish"), lambda _action, _verdict: True)
    with instance_lock("session"), Store.open() as store:
        lesson_id = teach_steps(store, task, app or origin_of(url), url, guard, actions, headless=headless)
        return store.lesson(lesson_id)


def tell(words: str, *, url: str = "", app: str = "", task: str = "") -> LessonRow:
    """Keep a preference or correction in the person's own words: for one task, or for every task in the app."""
    if not words.strip() or not (url or app):
        raise UsageError("words need to know which app they are about", "Give url or app, and words that are not empty")
    with Store.open() as store:
        return store.lesson(store.add_lesson("words", app or origin_of(url), task, words_text(words)))


def _action(step: Action | str, number: int) -> Action:
    try:
        return parse(step) if isinstance(step, str) else step
    except ValueError as error:
        raise UsageError(f"step {number}: {error}", 'Write it like: click "Save"') from error
