"""Why a session ended, and what that means to a script."""

from __future__ import annotations

from enum import StrEnum


class StopReason(StrEnum):
    """Every way a session can end."""

    DONE = "done"
    """The agent says that the task is finished. Whether it is, an outcome check or the person tells."""
    FAILED = "failed"
    """The agent says that the task cannot be done."""
    ASKED = "asked"
    """The agent needs an answer and nobody could give one."""
    DENIED = "denied"
    """An action with consequences needs an approval that was not given."""
    LOOP = "loop"
    """The same action on the same page, again and again."""
    BUDGET = "budget"
    """The steps or seconds allowed for the session are spent."""
    UNREACHABLE = "unreachable"
    """The app stopped answering or the browser was lost."""
    INTERRUPTED = "interrupted"
    """The person or the system stopped the session."""

    @property
    def exit_code(self) -> int:
        """0 done, 3 task failed, 4 a person is needed, 6 budget spent."""
        return {StopReason.DONE: 0, StopReason.ASKED: 4, StopReason.DENIED: 4, StopReason.BUDGET: 6}.get(self, 3)
