"""Screens that have a command run for the person: after a question, in a process of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from itertools import chain

from textual import work

from agent.store import AdapterRow, Store
from agent.store.forgetting import ForgetPlan
from browser.errors import ApprenticeError
from tui import words
from tui.feed import CLI, Errand
from tui.messages import Done, Failed, ForgettingPlanned
from tui.reading import Learning
from tui.screens.base import FollowingScreen
from tui.screens.confirm import ConfirmScreen


class ErrandScreen(FollowingScreen):
    """Asks, runs what was agreed to, says what came of it, and looks again."""

    def confirm(self, question: str, act: Callable[[], object]) -> None:
        """Do something once the person says yes."""

        def answered(yes: bool | None) -> None:
            if yes:
                act()

        self.app.push_screen(ConfirmScreen(question), answered)

    def ask_and_run(self, question: str, commands: Sequence[Sequence[str]], said: str) -> None:
        """Run the commands one after the other once the person says yes; `said` is the sentence for when all went well."""
        self.confirm(question, lambda: self._run(commands, said))

    def ask_and_forget(self, session_ids: Sequence[str]) -> None:
        """Find out what would go with these sessions, say it, and forget them once the person says yes."""

        def plan(store: Store) -> ForgettingPlanned:
            plans = [store.plan_forgetting(name) for name in session_ids]
            ids = [tuple(dict.fromkeys(chain(*found))) for found in zip(*map(_ids, plans), strict=True)]
            goes = [[*CLI, "forget", name, "--yes", "--json"] for name in session_ids if name in ids[0]]
            return ForgettingPlanned(ForgetPlan(*ids, traces=()), goes)

        self.do(plan)

    def on_forgetting_planned(self, message: ForgettingPlanned) -> None:
        """Say what goes, before anything does."""
        plan = message.plan
        counts = ((plan.session_ids, "session"), (plan.lesson_ids, "lesson"), (plan.adapter_ids, "adapter"))
        parts = [f"{len(ids)} {name}{'' if len(ids) == 1 else 's'}" for ids, name in counts]
        adapters = ", ".join(map(words.short, plan.adapter_ids))
        stops = f" Adapters that learned from it stop acting and are deleted: {adapters}." if adapters else ""
        question = f"Forget {', '.join(parts)}, with all steps, pages and pictures?{stops} This cannot be undone."
        self.ask_and_run(question, message.commands, f"Forgotten: {', '.join(parts)}.")

    @work(thread=True, group="move", exclusive=True)
    def _run(self, commands: Sequence[Sequence[str]], said: str) -> None:
        try:
            for command in commands:
                Errand(command).run()
        except ApprenticeError as error:
            self.post_message(Failed(error))
        else:
            self.post_message(Done(said))

    def on_done(self, message: Done) -> None:
        """Show what has changed; the app says it in words."""
        self.look()


class ChampionScreen(ErrandScreen):
    """A screen from which the champion is moved. It knows what was learned, and which adapter is under the cursor."""

    _learning: Learning | None = None

    @abstractmethod
    def _adapter(self) -> AdapterRow | None:
        """Return the adapter under the cursor."""

    def action_promote(self) -> None:
        """Ask, then let the adapter under the cursor act."""
        adapter = self._adapter()
        if adapter is not None:
            name = words.short(adapter.id)
            question = f"Promote adapter {name} ({words.gate(adapter)})? It acts from the next session on."
            self.ask_and_run(question, [[*CLI, "promote", adapter.id, "--json"]], f"Adapter {name} is champion.")

    def action_roll_back(self) -> None:
        """Ask, then let the adapter before the champion act again."""
        champion = self._learning.champion if self._learning else None
        if champion is not None:
            name = words.short(champion.id)
            question = f"Roll back adapter {name}? The adapter before it acts again, or the base alone."
            self.ask_and_run(question, [[*CLI, "rollback", "--json"]], f"Adapter {name} was rolled back.")


def _ids(plan: ForgetPlan) -> tuple[tuple[str, ...], ...]:
    return plan.session_ids, plan.lesson_ids, plan.adapter_ids
