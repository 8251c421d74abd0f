"""The MCP server, used by the official client: sessions in a real browser, judged by what the app's server holds."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from mcp import Client, StdioServerParameters

from agent.store import Store
from tests.judged import promoted, worked
from tests.shared_bills import serving

STEPS = ['type "What" "Lunch"', 'type "Amount" "12.50"', 'select "Payer" "Chris"', 'click "Save"']


@asynccontextmanager
async def client(*options: str, **environ: str) -> AsyncIterator[Client]:
    """Start the server as any client would, and talk to it."""
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "tui.cli", "mcp", *options], env={**os.environ, **environ}
    )
    async with Client(parameters, read_timeout_seconds=120) as talking:
        yield talking


@pytest.mark.browser
async def test_another_agent_teaches_runs_lists_and_judges(tiny_model: Path) -> None:
    told: list[str | None] = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        told.append(message)

    with serving(("Museum", "20", "Bea")) as bills:
        async with client("--teaching", "--max-steps", "3", "--model", str(tiny_model)) as talking:
            assert [tool.name for tool in (await talking.list_tools()).tools] == ["run", "teach", "sessions", "outcome"]

            taught = await talking.call_tool("teach", {"task": "add Lunch", "url": bills.url, "steps": STEPS})
            assert not taught.is_error, taught
            assert taught.structured_content["text"].splitlines() == ["Asked: add Lunch", *STEPS, "done"]
            assert [(row["what"], row["payer"]) for row in bills.rows] == [("Museum", "Bea"), ("Lunch", "p-Chris")]
            words = await talking.call_tool("teach", {"words": "always Chris", "url": bills.url})
            assert words.structured_content["text"] == "Told: always Chris"

            ran = await talking.call_tool("run", {"task": "add Lunch", "url": bills.url}, progress_callback=progress)
            assert not ran.is_error, ran
            result = ran.structured_content
            with Store.open() as store:
                row = store.session(result["session"])
                assert [step.action.render() for step in store.steps(row.id)] == result["steps"] == told
                assert (row.stop_reason, row.answer, len(row.lesson_ids)) == (
                    result["stop_reason"],
                    result["answer"],
                    2,
                )
            assert 1 <= len(told) <= 3

            judged = await talking.call_tool("outcome", {"session": row.id, "succeeded": False, "note": "not there"})
            assert judged.structured_content["outcome"] is False
            listed = await talking.call_tool("sessions", {"search": "Lunch"})
            assert [item["kind"] for item in listed.structured_content["result"]] == ["run", "teach"]


@pytest.mark.browser
async def test_what_goes_wrong_is_said_and_nothing_is_left_running(tiny_model: Path) -> None:
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    with serving() as bills:
        async with client("--teaching", "--model", str(tiny_model)) as talking:
            for tool, arguments, message in (
                ("run", {"task": "x", "url": "http://127.0.0.1:9/"}, "does not answer"),
                ("run", {"task": " ", "url": bills.url}, "the task is empty"),
                ("teach", {"task": "x", "url": bills.url, "steps": ["jump"]}, "step 1: unknown action 'jump'"),
                ("teach", {"task": "x", "url": bills.url, "steps": ['click "Nowhere"']}, "Nowhere is not on this page"),
                ("outcome", {"session": "nothing", "succeeded": True}, "nothing"),
            ):
                answer = await talking.call_tool(tool, arguments)
                assert answer.is_error and message in answer.content[0].text, (tool, answer)
    left = {process.pid for process in psutil.Process().children(recursive=True)} - before
    assert not [pid for pid in left if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("teaching", [False, True])
async def test_only_who_may_teach_has_things_follow_from_its_word(*, teaching: bool) -> None:
    with Store.open() as store:
        found = worked(store)
        champion = promoted(store)
        failed = [worked(store, champion) for _ in range(2)]
        async with client(*(["--teaching"] if teaching else [])) as talking:
            said = [await talking.call_tool("outcome", {"session": found, "succeeded": True})]
            said += [await talking.call_tool("outcome", {"session": name, "succeeded": False}) for name in failed]
        followed = [answer.structured_content["followed"] for answer in said]
        assert [answer.structured_content["outcome"] for answer in said] == [True, False, False]
        assert {store.outcomes(name)[-1].source for name in (found, *failed)} == {"check" if teaching else "agent"}
        learned = [row.id for row in store.lessons() if row.kind == "correction"]
        if teaching:
            assert followed[:2] == [[f"lesson {learned[0]} was learned from it"], []]
            assert "was taken back" in followed[2][0] and store.champion() is None
        else:
            assert (followed, learned) == ([[], [], []], [])
            row = store.champion()
            assert row is not None and row.id == champion


async def test_teaching_and_approving_are_not_the_callers_to_allow() -> None:
    async with client() as talking:
        tools = {tool.name: tool for tool in (await talking.list_tools()).tools}
    assert set(tools) == {"run", "sessions", "outcome"}
    assert set(tools["run"].input_schema["properties"]) == {"task", "url", "app"}
