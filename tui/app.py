"""The dashboard: its modes on one store. `apprentice` without a command opens it.

Nothing here loads torch, transformers or a browser: a session, a night and the check of an adapter each run in a
process of their own, which writes to the same store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.screen import Screen

from agent.store import Store
from tui.feed import CLI
from tui.messages import Done, Failed, StateChanged
from tui.screens.base import FollowingScreen, StoreScreen
from tui.screens.live import LiveScreen
from tui.stylesheet import ParsedOnce

if TYPE_CHECKING:
    from tui.screens.help import Key

MODES = {
    "live": ("tui.screens.live", "LiveScreen"),
    "sessions": ("tui.screens.sessions", "SessionsScreen"),
    "learning": ("tui.screens.learning", "LearningScreen"),
    "lessons": ("tui.screens.lessons", "LessonsScreen"),
    "adapters": ("tui.screens.adapters", "AdaptersScreen"),
    "doctor": ("tui.screens.doctor", "DoctorScreen"),
}
"""Where each mode's screen is. It is imported when it is first shown: the first paint waits for none but its own."""


def screen_of(mode: str) -> type[StoreScreen]:
    """Return the class of a mode's screen."""
    module, name = MODES[mode]
    return getattr(import_module(module), name)


class ApprenticeApp(App[None]):
    """Live, Sessions, Learning, Lessons, Adapters and Doctor."""

    TITLE = "Apprentice"
    CSS_PATH = "app.tcss"
    DEFAULT_MODE = "live"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - Textual declares no ClassVar
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", id="app.help", tooltip="Say what this screen shows and which keys it knows"),
        Binding("f2", "go('live')", "Live", show=False, id="go.live", tooltip="Start and watch a session"),
        Binding("f3", "go('sessions')", "Sessions", show=False, id="go.sessions", tooltip="Look through what was done"),
        Binding("f4", "go('learning')", "Learning", show=False, id="go.learning", tooltip="See what was learned"),
        Binding("f9", "go('lessons')", "Lessons", show=False, id="go.lessons", tooltip="Review what was taught"),
        Binding(
            "f10", "go('adapters')", "Adapters", show=False, id="go.adapters", tooltip="See which adapter acts, and why"
        ),
        Binding(
            "f12", "go('doctor')", "Doctor", show=False, id="go.doctor", tooltip="See what is in order and what is not"
        ),
        Binding("ctrl+q", "quit", "Quit", id="app.quit", tooltip="Leave; a running session is stopped", priority=True),
    ]

    session_words: reactive[str] = reactive("")
    """What the running session does, in a few words; empty when there is none."""

    def __init__(
        self,
        store: Store,
        *,
        session_command: Sequence[str] = (*CLI, "run"),
        teach_command: Sequence[str] = (*CLI, "teach"),
        night_command: Sequence[str] = (*CLI, "consolidate", "--json"),
        command: Sequence[str] = CLI,
    ) -> None:
        super().__init__()
        self.stylesheet = ParsedOnce(variables=self.get_css_variables())
        self._live = LiveScreen(store, session_command, teach_command)
        self.add_mode("live", lambda: self._live)
        more: dict[str, tuple[object, ...]] = {
            "learning": (night_command,),
            "adapters": (command,),
            "doctor": (command,),
        }
        for mode in list(MODES)[1:]:
            self.add_mode(mode, partial(_made, mode, store, *more.get(mode, ())))
        self._last_failure = ""
        self._waits = False

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer every action of this screen and of all modes, named like `session: stop`."""
        offered: set[str] = set()
        for node, binding, enabled, _ in screen.active_bindings.values():
            if binding.id and enabled and binding.id not in offered:
                offered.add(binding.id)
                run = partial(self.run_action, binding.action, node)
                yield SystemCommand(_title(binding.id), binding.tooltip, run)
        for mode in MODES:
            for binding in Binding.make_bindings(screen_of(mode).BINDINGS):
                if binding.id and binding.id not in offered:
                    offered.add(binding.id)
                    run = partial(self._begin_in, mode, binding.action)
                    yield SystemCommand(_title(binding.id), binding.tooltip, run)
        yield SystemCommand("app: theme", "Choose the colours of the screen", self.action_change_theme)

    async def action_go(self, mode: str) -> None:
        """Show another mode; whoever turns away from a session that waits for them is told."""
        await self.switch_mode(mode)
        self._call_person()

    def action_help(self) -> None:
        """Show what the current screen is for and its keys."""
        from tui.screens.help import HelpScreen

        screen = self.screen
        if isinstance(screen, StoreScreen):
            self.push_screen(HelpScreen(screen.ABOUT, self._keys(screen)))

    async def action_quit(self) -> None:
        """Leave, after a question when a session runs."""
        if not self._live.running:
            self.exit()
            return
        from tui.screens.confirm import ConfirmScreen

        if not isinstance(self.screen, ConfirmScreen):
            question = "A session is running. Stop it and leave? What it did so far is kept."
            self.push_screen(ConfirmScreen(question), lambda yes: self.exit() if yes else None)

    def on_state_changed(self, message: StateChanged) -> None:
        """Show on every screen what the session does, and call the person when it waits for them."""
        changed = message.words != self.session_words
        self.session_words, self._waits = message.words, message.needs_person
        if changed:
            self._call_person()

    def _call_person(self) -> None:
        """Tell the person that the session waits, where they cannot see it."""
        if self._waits and self.current_mode != "live":
            self.notify("The session waits for you: press F2.", title="Live")

    def on_done(self, message: Done) -> None:
        """Say that it was done."""
        self._last_failure = ""
        self.notify(message.text, markup=False)

    def on_failed(self, message: Failed) -> None:
        """Say what went wrong and what to do next; once, however often it is met."""
        words = str(message.error)
        if words != self._last_failure:
            self._last_failure = words
            self.notify(words, title="Error", severity="error", timeout=15, markup=False)

    def _begin_in(self, mode: str, action: str) -> None:
        self.run_worker(self._go_and_do(mode, action), group="palette", exclusive=True)

    async def _go_and_do(self, mode: str, action: str) -> None:
        await self.switch_mode(mode)
        screen = self.screen
        if isinstance(screen, FollowingScreen):
            await screen.drawn.wait()
        await self.run_action(action, screen)

    def _keys(self, screen: Screen[object]) -> list[Key]:
        from tui.screens.help import Key

        seen: dict[str, Key] = {}
        for _, binding, enabled, _ in screen.active_bindings.values():
            if binding.id and enabled and binding.id not in seen:
                seen[binding.id] = Key(self.get_key_display(binding), binding.description, binding.tooltip)
        return list(seen.values())


def _made(mode: str, *needs: object) -> StoreScreen:
    return screen_of(mode)(*needs)  # type: ignore[arg-type]


def _title(binding_id: str) -> str:
    return binding_id.replace(".", ": ").replace("_", " ")
