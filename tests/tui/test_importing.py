"""`apprentice import codegen`, the real command: the program's steps are done in the live app and become a lesson."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agent.store import Store
from tests.shared_bills import serving

CODEGEN = """from playwright.sync_api import Playwright, sync_playwright

def run(playwright: Playwright) -> None:
    browser = playwright.chromium.launch(headless=False)
    context = browser.new_context()
    page = context.new_page()
    page.goto("{url}")
    page.get_by_role("textbox", name="What").click()
    page.get_by_role("textbox", name="What").fill("Lunch")
    page.get_by_role("textbox", name="What").press("Tab")
    page.get_by_label("Amount").fill("12.50")
    page.get_by_label("Payer").select_option("{payer}")
    page.get_by_role("checkbox", name="Shared").check()
    page.get_by_role("button", name="Save").click()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("row", name="Museum 20 Bea Delete").get_by_role("button").click()
    context.close()
    browser.close()

with sync_playwright() as playwright:
    run(playwright)
"""


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tui.cli", *arguments], capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.browser
def test_a_codegen_program_becomes_a_lesson(tmp_path: Path) -> None:
    file = tmp_path / "recorded.py"
    with serving(("Museum", "20", "Bea"), ("Train", "48", "Alex")) as bills:
        file.write_text(CODEGEN.format(url=bills.url, payer="p-Chris"))
        done = command("import", "codegen", str(file), "add Lunch and delete Museum", "--headless", "--json")
        assert done.returncode == 0, done.stderr + done.stdout
        lesson = json.loads(done.stdout.splitlines()[-1])
        assert lesson["text"].splitlines() == [
            "Asked: add Lunch and delete Museum",
            'type "What" "Lunch"',
            'type "Amount" "12.50"',
            'select "Payer" "Chris"',
            'click "Shared"',
            'click "Save"',
            'click "Delete (Museum, Bea)"',
            "done",
        ]
        assert [(row["what"], row["payer"]) for row in bills.rows] == [("Train", "Alex"), ("Lunch", "p-Chris")]

        file.write_text(CODEGEN.format(url=bills.url, payer="p-Chris").replace('"Amount"', '"Price"'))
        missing = command("import", "codegen", str(file), "add Lunch", "--headless")
        assert (
            missing.returncode == 3 and "line 11: what get_by_label finds 'Price' is not on this page" in missing.stderr
        )
        assert "Traceback" not in missing.stderr
    with Store.open() as store:
        assert len(store.lessons()) == 1
