"""What the screens look like, at both sizes. What they do is asserted as text elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from driving import NARROW, WIDE, Opened, go, shows, start
from textual.pilot import Pilot

from agent.store import Store

Same = Callable[[Pilot[None]], bool]
both_sizes = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
Size = tuple[int, int]


@both_sizes
async def test_live_before_a_session(opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        assert same(pilot)


@both_sizes
async def test_live_with_a_question(filled: Store, opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await start(pilot, "Ask for the hotel")
        await shows(pilot, "The session asks", "tokens read")
        assert same(pilot)


@both_sizes
async def test_live_with_an_approval(opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await start(pilot, "Delete the dinner")
        await shows(pilot, "Allow it?")
        assert same(pilot)


@both_sizes
async def test_live_at_the_end(opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await start(pilot, "Add a bill Lunch of 12.50 paid by Alex")
        await shows(pilot, "ended: done", "tokens read", "F6 new task")
        await pilot.app.workers.wait_for_complete()
        assert same(pilot)


@both_sizes
async def test_sessions(filled: Store, opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await go(pilot, "f3")
        assert same(pilot)


@both_sizes
async def test_session_step(filled: Store, opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await go(pilot, "f3")
        await pilot.press("down", "down")
        await go(pilot, "enter")
        await go(pilot, "right")
        assert same(pilot)


@both_sizes
async def test_learning(filled: Store, opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await go(pilot, "f4")
        assert same(pilot)


@both_sizes
async def test_learning_with_nothing_taught(opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await go(pilot, "f4")
        assert same(pilot)


@both_sizes
async def test_help(opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await go(pilot, "f4")
        await go(pilot, "f1")
        assert same(pilot)


@both_sizes
async def test_confirm(filled: Store, opened: Opened, same: Same, size: Size) -> None:
    async with opened(size) as pilot:
        await go(pilot, "f4")
        await go(pilot, "p")
        assert same(pilot)
