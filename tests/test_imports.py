"""What is really loaded: the screen, the loop and the store open without torch; each command starts without a model."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "peft")


def loaded(code: str) -> set[str]:
    """Return the top-level modules that a fresh process has loaded after some code."""
    script = f"import sys\n{code}\nprint(' '.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "tui.cli",
        "tui.app",
        "agent.loop",
        "agent.store",
        "agent.guard",
        "agent.prompt",
        "browser.environment",
        "consolidation.job",
    ],
)
def test_opening_loads_no_torch(module: str) -> None:
    assert not loaded(f"import {module}") & set(HEAVY)


@pytest.mark.parametrize("module", ["agent.loop", "agent.store", "agent.guard", "agent.prompt"])
def test_the_agent_itself_needs_no_browser_and_no_screen(module: str) -> None:
    assert not loaded(f"import {module}") & {"playwright", "textual", "typer"}


def test_the_local_policy_does_load_torch() -> None:
    assert set(HEAVY[:2]) <= loaded("import agent.policy.local")
