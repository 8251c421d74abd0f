"""Keyboard only: every action has a key, a name and a tooltip, is in the palette, and help says so."""

from __future__ import annotations

import pytest
from driving import NARROW, Opened, go, shows, start, text, type_in
from textual.binding import Binding
from textual.pilot import Pilot

from agent.store import Store
from tui.app import ApprenticeApp
from tui.screens.adapters import AdaptersScreen
from tui.screens.confirm import ConfirmScreen
from tui.screens.doctor import DoctorScreen
from tui.screens.edit import EditScreen
from tui.screens.help import HelpScreen
from tui.screens.learning import LearningScreen
from tui.screens.lessons import LessonsScreen, LessonTable
from tui.screens.live import LiveScreen
from tui.screens.session import SessionScreen
from tui.screens.sessions import SessionsScreen, SessionTable
from tui.widgets.person import ApprovalBox, QuestionBox, StepBox, StepField

OURS = (
    ApprenticeApp,
    LiveScreen,
    SessionsScreen,
    SessionTable,
    SessionScreen,
    LearningScreen,
    LessonsScreen,
    LessonTable,
    EditScreen,
    AdaptersScreen,
    DoctorScreen,
    ConfirmScreen,
    HelpScreen,
    ApprovalBox,
    QuestionBox,
    StepBox,
    StepField,
)
PLACES = {
    "live": ["f2"],
    "sessions": ["f3"],
    "session": ["f3", "enter"],
    "learning": ["f4"],
    "lessons": ["f9"],
    "adapters": ["f10"],
    "doctor": ["f12"],
}
in_every_place = pytest.mark.parametrize("keys", PLACES.values(), ids=list(PLACES))


def bindings(kind: type) -> list[Binding]:
    return list(Binding.make_bindings(kind.__dict__["BINDINGS"]))


async def visit(pilot: Pilot[None], keys: list[str]) -> None:
    for key in keys:
        await go(pilot, key)


def test_every_binding_has_an_id_a_word_and_a_tooltip() -> None:
    for kind in OURS:
        for binding in bindings(kind):
            assert binding.id, (kind, binding)
            assert binding.description, (kind, binding)
            assert binding.tooltip, (kind, binding)


def test_ids_are_unique_so_that_a_keymap_can_name_them() -> None:
    ids = [{binding.id for binding in bindings(kind)} for kind in OURS]
    assert len(set().union(*ids)) == sum(len(names) for names in ids)


def test_screens_with_text_fields_have_no_bare_letters() -> None:
    for kind in (ApprenticeApp, LiveScreen, SessionsScreen, EditScreen, QuestionBox):
        assert not [binding.key for binding in bindings(kind) if len(binding.key) == 1]


@in_every_place
async def test_the_footer_shows_at_most_six_and_fits(filled: Store, opened: Opened, keys: list[str]) -> None:
    async with opened(NARROW) as pilot:
        await visit(pilot, keys)
        await shows(pilot, "palette")
        shown = {
            (binding.group or binding.action)
            for _, binding, _, _ in pilot.app.screen.active_bindings.values()
            if binding.show
        }
        assert len(shown) <= 6
        last = text(pilot).splitlines()[-1]
        assert last.rstrip().endswith("palette")


@in_every_place
async def test_help_is_everywhere_and_names_every_key(filled: Store, opened: Opened, keys: list[str]) -> None:
    async with opened() as pilot:
        await visit(pilot, keys)
        wanted = {
            binding.tooltip for _, binding, on, _ in pilot.app.screen.active_bindings.values() if binding.id and on
        }
        below = pilot.app.screen
        await pilot.press("f1")
        await shows(pilot, "Escape closes this help")
        said = " ".join(text(pilot).split())
        assert wanted
        assert not [tooltip for tooltip in wanted if tooltip not in said]
        await pilot.press("escape")
        await pilot.pause()
        assert pilot.app.screen is below


@in_every_place
async def test_the_palette_has_every_action(filled: Store, opened: Opened, keys: list[str]) -> None:
    async with opened() as pilot:
        await visit(pilot, keys)
        titles = {command.title for command in pilot.app.get_system_commands(pilot.app.screen)}
        for kind in (
            ApprenticeApp,
            LiveScreen,
            SessionsScreen,
            LearningScreen,
            LessonsScreen,
            AdaptersScreen,
            DoctorScreen,
        ):
            for binding in bindings(kind):
                assert (binding.id or "").replace(".", ": ").replace("_", " ") in titles


async def test_the_palette_acts_in_another_mode(filled: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await pilot.press("ctrl+p")
        await type_in(pilot, "adapter: roll")
        await shows(pilot, "adapter: roll back")
        await pilot.press("enter")
        await shows(pilot, "Roll back adapter 4c1f4c1f4c1f?")


async def test_the_palette_has_the_keys_of_a_box_that_waits(opened: Opened) -> None:
    async with opened() as pilot:
        await start(pilot, "Delete the dinner")
        await shows(pilot, "Allow it?")
        titles = {command.title for command in pilot.app.get_system_commands(pilot.app.screen)}
        assert {"approval: yes", "approval: no", "session: stop"} <= titles
        await pilot.press("n")
        await shows(pilot, "ended")


async def test_stop_is_offered_only_while_a_session_runs(opened: Opened) -> None:
    async with opened() as pilot:
        assert "f8 Stop" not in text(pilot)
        await start(pilot, "Ask for the hotel")
        await shows(pilot, "The session asks", "f8 Stop")
        await pilot.press("f8")
        await shows(pilot, "ended", "f6 New task")
        assert "f8 Stop" not in text(pilot)
