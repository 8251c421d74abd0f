"""What the doctor and the idle watch say, each asked in a process of its own: they look for browsers and graphics cards."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tui.feed import CommandError, error_of

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was found."""

    findings: Sequence[Mapping[str, Any]]
    night: Mapping[str, Any]
    """What `apprentice idle status --json` says."""

    def night_words(self) -> str:
        """Say whether a night may begin by itself."""
        may = "a night may begin" if self.night["may_run"] else "no night now"
        return f"Idle: {may}: {self.night['reason']}"


def check_up(cli: Sequence[str]) -> Checkup:
    """Ask both. Raises CommandError when one of them does not answer."""
    return Checkup(_asked([*cli, "doctor", "--json"]), _asked([*cli, "idle", "status", "--json"]))


def _asked(command: Sequence[str]) -> Any:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=PATIENCE_S
        )
        answer = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError) as error:
        raise CommandError(f"{' '.join(command[1:])} does not answer", "Run it in a terminal to see more") from error
    failure = error_of(answer) if isinstance(answer, dict) else None
    if failure is not None:
        raise failure
    return answer
