"""Learning: lessons, a night in a process of its own, the gate, and who is champion."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

import pytest
from driving import NARROW, WIDE, Opened, becomes, go, shows, text, told, until

from agent.store import Store
from tui.example import fill


@pytest.fixture
def evening(store: Store) -> Store:
    """A store whose last night has ended."""
    fill(store, night="interrupted")
    return store


def real_adapter(store: Store, folder: Path) -> str:
    """Write an adapter that verifies, and record it."""
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    files = {"adapter_model.safetensors": hashlib.sha256(b"weights").hexdigest()}
    manifest = {"format": 1, "id": "77aa", "files": files, "base_sha256": "base"}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    store.add_adapter("77aa", "base", str(folder), receipt={"gate": []})
    return "77aa"


async def test_the_two_speeds_are_seen(filled: Store, opened: Opened) -> None:
    async with opened(WIDE) as pilot:
        await go(pilot, "f4")
        screen = text(pilot)
        assert "in the weights  Add a bill Museum of 20 paid" in screen
        assert "in context      Chris paid Bea back 20" in screen
        assert "learning, update 64 of 100" in screen
        assert "Divergence: 0.659 at update 1, 0.138 at 64" in screen
        assert "champion" in screen


async def test_a_lesson_is_in_context_again_when_its_adapter_does_not_act(evening: Store, opened: Opened) -> None:
    evening.roll_back("by hand")
    async with opened() as pilot:
        await go(pilot, "f4")
        assert "in the weights" not in text(pilot)


async def test_the_gate_follows_the_cursor_in_words(filled: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await go(pilot, "f4")
        assert "Gate of adapter 4c1f4c1f4c1f: 6 of 6 ok" in text(pilot)
        await pilot.press("tab", "down")
        await shows(pilot, "Gate of adapter 9e029e029e02: 4 of 6 ok", "FAIL")
        assert "learned: Chris paid Bea back 20" in text(pilot)


async def test_every_part_is_reached_by_tab_on_a_small_screen(filled: Store, opened: Opened) -> None:
    async with opened(NARROW) as pilot:
        await go(pilot, "f4")
        await pilot.press("tab")
        await shows(pilot, "4c1f4c1f4c1f  champion")
        await pilot.press("tab")
        await shows(pilot, "valid actions without the grammar")


async def test_a_night_is_begun_followed_and_judged(evening: Store, home: Path, opened: Opened) -> None:
    os.mkfifo(home / "continue")
    async with opened() as pilot:
        await go(pilot, "f4")
        await shows(pilot, "interrupted: consolidate again")
        await pilot.press("c")
        await shows(pilot, "learning, update 50 of 100", "50%")
        await pilot.press("c")
        await told(pilot, "A consolidation is running already")
        (home / "continue").write_bytes(b"")
        await shows(
            pilot,
            "refused: adapter abcdef0123456789",
            "abcdef012345  refused",
            "Gate of adapter abcdef012345: 1 of 2 ok",
        )
    assert [job.state for job in evening.jobs()] == ["refused", "interrupted"]


async def test_on_a_small_screen_the_gate_comes_into_view_when_the_night_ends(
    evening: Store, home: Path, opened: Opened
) -> None:
    os.mkfifo(home / "continue")
    async with opened(NARROW) as pilot:
        await go(pilot, "f4")
        await pilot.press("c")
        await shows(pilot, "learning, update 50 of 100", "tab Next part")
        assert "Gate" not in text(pilot), "the curve leaves it no room"
        (home / "continue").write_bytes(b"")
        await shows(pilot, "Gate of adapter abcdef012345: 1 of 2 ok", "FAIL", "drift")


async def test_leaving_ends_what_only_follows_the_night(evening: Store, home: Path, opened: Opened) -> None:
    os.mkfifo(home / "continue")
    async with opened() as pilot:
        await go(pilot, "f4")
        await pilot.press("c")
        await shows(pilot, "learning, update 50 of 100")
    await becomes(evening.interrupt_dead_jobs)


async def test_a_night_that_cannot_begin_says_what_to_do(evening: Store, opened: Opened) -> None:
    command = [sys.executable, str(Path(__file__).with_name("night.py")), "fail"]
    async with opened(night_command=command) as pilot:
        await go(pilot, "f4")
        await pilot.press("c")
        await told(pilot, "the embedded base is not set up", "Run apprentice setup")
        await shows(pilot, "interrupted: consolidate again")


async def test_without_a_demonstration_there_is_no_night(store: Store, opened: Opened) -> None:
    store.add_lesson("words", "app", "", "Told: be quick")
    async with opened() as pilot:
        await go(pilot, "f4")
        await pilot.press("c")
        await told(pilot, "There is no demonstration to consolidate", "apprentice teach")


async def test_a_night_whose_process_is_gone_is_interrupted(filled: Store, opened: Opened) -> None:
    import sqlite3

    connection = sqlite3.connect(filled.path)
    with connection:
        connection.execute("UPDATE jobs SET started_at = '2026-03-01T00:00:00.000+00:00'")
    connection.close()
    async with opened() as pilot:
        await go(pilot, "f4")
        await shows(pilot, "interrupted: consolidate again to")


async def test_rolling_back_asks_first(evening: Store, opened: Opened) -> None:
    async with opened() as pilot:
        await go(pilot, "f4")
        await pilot.press("r")
        await shows(pilot, "Roll back adapter 4c1f4c1f4c1f?")
        await pilot.press("escape")
        assert evening.champion() is not None
        await pilot.press("r")
        await shows(pilot, "Roll back adapter")
        await pilot.press("y")
        await told(pilot, "was rolled back")
        await until(pilot, lambda: "champion" not in text(pilot).split("Gate")[0])
    assert evening.champion() is None
    assert evening.promotions()[-1].reason == "by hand"


@pytest.mark.slow
async def test_promoting_verifies_the_files_first(evening: Store, home: Path, opened: Opened) -> None:
    adapter = real_adapter(evening, home / "77aa")
    async with opened() as pilot:
        await go(pilot, "f4")
        await pilot.press("tab", "p")
        await shows(pilot, "Promote adapter 77aa")
        await pilot.press("y")
        await told(pilot, "Adapter 77aa is champion")
        await shows(pilot, "77aa          champion")
    champion = evening.champion()
    assert champion is not None
    assert champion.id == adapter


@pytest.mark.slow
async def test_a_damaged_adapter_is_not_promoted(evening: Store, home: Path, opened: Opened) -> None:
    real_adapter(evening, home / "77aa")
    (home / "77aa" / "adapter_model.safetensors").write_bytes(b"other weights")
    async with opened() as pilot:
        await go(pilot, "f4")
        await pilot.press("tab", "p", "y")
        await told(pilot, "was changed after it was written")
        await shows(pilot, "4c1f4c1f4c1f  champion")
