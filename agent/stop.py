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
    BLOCKED = "blocked"
    """A login page or a CAPTCHA is in the way, or the site turned the agent away twice: a person must go on by hand."""
    LOOP = "loop"
    """The same action on the same page, again and again."""
    BUDGET = "budget"
    """The steps, seconds or tokens allowed for the session are spent."""
    UNREACHABLE = "unreachable"
    """The app stopped answering or the browser was lost."""
    INTERRUPTED = "interrupted"
    """The person or the system stopped the session."""

    @property
    def exit_code(self) -> int:
        """0 done, 3 task failed, 4 an answer or approval is needed, 5 turned away, 6 budget spent."""
        return _EXIT_CODES.get(self, 3)


_EXIT_CODES = {
    StopReason.DONE: 0,
    StopReason.ASKED: 4,
    StopReason.DENIED: 4,
    StopReason.BLOCKED: 5,
    StopReason.BUDGET: 6,
}
