"""`apprentice import`: demonstrations that other tools recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.events import Listener, ignore
from agent.guard import APPROVABLE, origin_of
from agent.lock import instance_lock
from agent.paths import downloads_dir, profile_dir
from agent.store import Store
from browser.errors import UsageError
from tui.commands.run import make_guard, show_event
from tui.commands.teach import teach_steps
from tui.output import print_json, say

imports = typer.Typer(help="Take over what other tools recorded.", no_args_is_help=True, rich_markup_mode=None)


@imports.callback()
def group() -> None:
    """Take over what other tools recorded."""


@imports.command("codegen")
def codegen(
    file: Annotated[Path, typer.Argument(help="A program that `playwright codegen --target python` wrote.")],
    task: Annotated[str, typer.Argument(help="The task that it does, as you would ask for it.")],
    url: Annotated[str, typer.Option(help="Where to begin. Default: the address that the program opens first.")] = "",
    app: Annotated[str, typer.Option(help="Name of the app. Default: the address's origin.")] = "",
    headless: Annotated[bool, typer.Option(help="No window.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Teach TASK by a codegen program: it is read, not run, and its steps are done once in the live app."""
    from agent.codegen.reading import read_codegen

    program = read_codegen(file)
    start = url or program.url
    if not task.strip() or not start:
        raise UsageError(
            "a demonstration needs a task and an address",
            f'For example: apprentice import codegen {file.name} "Add a bill of 12" --url http://127.0.0.1:8000/',
        )
    with instance_lock("session"), Store.open() as store:
        lesson_id = teach_codegen(
            store, file, task, start, app, print_json if as_json else show_event, headless=headless
        )
        lesson = store.lesson(lesson_id)
    if as_json:
        print_json(lesson)
    else:
        say(f"lesson {lesson_id} is in use from now on; apprentice consolidate moves it into the weights")


def teach_codegen(
    store: Store, file: Path, task: str, url: str, app: str = "", listen: Listener = ignore, *, headless: bool
) -> str:
    """Do a codegen program's steps in the live app, and return the lesson. Raises UsageError and LessonFailed."""
    from agent.codegen.policy import CodegenPolicy
    from agent.codegen.reading import read_codegen
    from browser.environment import LiveEnvironment
    from browser.options import label_of

    guard = make_guard(url, APPROVABLE, [], lambda _action, _verdict: True)
    policy = CodegenPolicy(read_codegen(file).steps, lambda value, among: label_of(live, value, among))
    with LiveEnvironment(
        url, headless=headless, profile=profile_dir(), downloads=downloads_dir(), decide_dialog=policy.answer
    ) as live:
        return teach_steps(
            store,
            task,
            app or origin_of(url),
            url,
            guard,
            [],
            listen,
            headless=headless,
            environment=live,
            policy=policy,
        )
