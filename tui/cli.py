"""The command line. Every command takes --help and --json; every error is one line with a fixed exit code.

Exit codes: 0 done, 2 usage or set-up, 3 the task failed, 4 a person is needed, 5 blocked by a login or a CAPTCHA, 6 budget
spent, 7 internal; 128 and the signal's number when a signal ended it (130 Ctrl+C, 143 SIGTERM, 141 nobody reads the output).

Without arguments it is the dashboard, which opens without the commands: only what both of them need is imported here.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from agent.paths import PROFILE_VARIABLE, logs_dir
from browser.errors import ApprenticeError
from tui.stopping import Stopped

INTERRUPTED, BROKEN_PIPE = 130, 141
"""What a shell reports of a program that Ctrl+C ended, and of one that wrote to a closed pipe."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line (the process's own arguments without any) and return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in (given[: given.index("--")] if "--" in given else given)
    try:
        return _perform(given) if given else _dashboard()
    except Stopped as stop:
        return stop.exit_code
    except (KeyboardInterrupt, EOFError):
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone: nothing is left to be said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets one line
        from tui.output import print_error

        shown = as_ours(error)
        print_error(shown, as_json=as_json)
        return shown.exit_code


def as_ours(error: Exception) -> ApprenticeError:
    """Return the error of our own tree that says what ended the command."""
    return error if isinstance(error, ApprenticeError) else _unforeseen(error)


def _dashboard() -> int:
    gc.disable()  # nothing is garbage while modules are loaded; `open_dashboard` turns it on
    from tui.opening import open_dashboard

    return open_dashboard(os.environ.get(PROFILE_VARIABLE, ""))


def _perform(arguments: Sequence[str]) -> int:
    from tui.commandline import perform  # with typer

    return perform(arguments)


def _unforeseen(error: Exception) -> ApprenticeError:
    """Keep the details of an error that nobody foresaw, and make one of ours of it."""
    import traceback
    from datetime import UTC, datetime

    path = logs_dir() / f"error-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
    path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    path.chmod(0o600)
    return ApprenticeError(
        f"something went wrong inside Apprentice: {type(error).__name__}: {error}", f"Please report it with {path}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
