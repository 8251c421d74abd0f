"""`apprentice dream`: walk through a recorded site that is no longer there."""

from __future__ import annotations

import threading
from typing import Annotated

import typer

from agent.store import Store
from browser.errors import UsageError
from tui.commands.run import stopped_by_signal
from tui.output import note, print_json, say

dream = typer.Typer(help="Dreams of recorded sites.", no_args_is_help=True, rich_markup_mode=None)


@dream.callback()
def group() -> None:
    """Dreams of recorded sites."""


@dream.command("serve")
def serve(
    session: Annotated[str, typer.Argument(help="The session's id, or its beginning.")],
    whole_app: Annotated[
        bool, typer.Option("--whole-app", help="Know what all sessions of the same app recorded.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on loopback. Default: a free one.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object with the address.")] = False,
) -> None:
    """Serve the site of a session as it was recorded, on loopback, until it is interrupted. Nothing is sent to the real one."""
    from consolidation.dream.recording import recording_of, recordings_of
    from consolidation.dream.serve import served
    from consolidation.dream.tiers import SiteDream

    with Store.open() as store:
        recording = recording_of(store, session)
        others = recordings_of(store, store.session(session).app) if whole_app else []
    made = SiteDream([recording, *(other for other in others if other.session != recording.session)])
    if made.refused:
        note(f"the mock of this site is not used: {made.refused}. Only what was recorded is answered")
    try:
        with served(made, port) as server, stopped_by_signal():
            if as_json:
                print_json({"url": server.url, "mock": not made.refused, "refused": made.refused})
            else:
                say(f"{server.url}  a dream of {recording.task!r}; stop it with Ctrl-C")
            threading.Event().wait()
    except KeyboardInterrupt:
        return
    except OSError as error:
        raise UsageError(
            f"port {port} cannot be used: {error.strerror}", "Choose another one, or leave it away"
        ) from error
