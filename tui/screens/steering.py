"""What a person says to a session that runs: yes, no, an answer, something else instead, wait, stop."""

from __future__ import annotations

from agent.store import Store
from tui.feed import Child
from tui.progress import Phase, SessionProgress
from tui.screens.base import StoreScreen
from tui.widgets.person import ApprovalBox, CorrectionBox, QuestionBox, StepBox
from tui.widgets.watch import WatchView


class SteeringScreen(StoreScreen):
    """A screen with a session in a process of its own, and the boxes in which the person answers it."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._written = ""
        """What the person typed last as a step, until it is known to be possible."""
        self._child: Child | None = None
        self._progress: SessionProgress | None = None

    @property
    def _watch(self) -> WatchView:
        return self.query_one(WatchView)

    @property
    def running(self) -> bool:
        """Whether the process of a session is there: it closes its browser after the session's end."""
        return self._child is not None

    def action_stop(self) -> None:
        """End the session."""
        if self._child is None or self._progress is None:
            return
        if self._progress.phase is not Phase.ENDED:
            self._progress.phase = Phase.STOPPING
        self._child.stop()
        self._tell()

    def action_turn_wheel(self) -> None:
        """Take the wheel, or hand it back when the person has it."""
        if self._child is None or self._progress is None:
            return
        theirs = self._progress.phase is Phase.THEIRS
        self._child.answer({"hand_back": True} if theirs else {"take_over": True})

    async def action_correct(self) -> None:
        """Take what should be done instead."""
        await self._watch.correct()

    async def on_correction_box_answered(self, message: CorrectionBox.Answered) -> None:
        """Pass it on. A question that waits is answered by it; without one it is done in the place of what comes next."""
        if message.text is None or self._child is None:
            await self._watch.corrected()
        else:
            await self._reply({"correct": message.text})

    async def on_question_box_answered(self, message: QuestionBox.Answered) -> None:
        """Pass the answer on."""
        await self._reply({"answer": message.text})

    async def on_approval_box_answered(self, message: ApprovalBox.Answered) -> None:
        """Pass yes or no on."""
        await self._reply({"approve": message.approve})

    async def on_step_box_answered(self, message: StepBox.Answered) -> None:
        """Pass on what the person does next; it stays at hand until it is known to be possible."""
        self._written = message.text or ""
        await self._reply({"answer": message.text})

    async def _reply(self, record: dict[str, object]) -> None:
        if self._child is not None and self._progress is not None:
            self._child.answer(record)
            self._progress.phase = Phase.ACTING
        await self._watch.answered()
        self._tell()

    def _tell(self) -> None:
        """Say where the session stands."""
        raise NotImplementedError
