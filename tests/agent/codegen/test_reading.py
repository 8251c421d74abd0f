"""A codegen program is read whole or not at all, whatever is in it, and never run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.codegen.reading import read_codegen
from agent.codegen.steps import Target
from browser.errors import UsageError
from browser.types import Line, Observation

HEAD = """import re
from playwright.sync_api import Playwright, sync_playwright, expect


def run(playwright: Playwright) -> None:
    browser = playwright.chromium.launch(headless=False)
    context = browser.new_context()
    page = context.new_page()
"""
TAIL = """
    # ---------------------
    context.close()
    browser.close()


with sync_playwright() as playwright:
    run(playwright)
"""


def program(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "recorded.py"
    file.write_text(HEAD + "".join(f"    {line}\n" for line in lines) + TAIL)
    return file


def test_what_codegen_writes_is_understood(tmp_path: Path) -> None:
    read = read_codegen(
        program(
            tmp_path,
            'page.goto("http://a.example/bills")',
            'page.get_by_role("textbox", name="What").click()',
            'page.get_by_role("textbox", name="What").fill("Lun")',
            'page.get_by_role("textbox", name="What").fill("Lunch")',
            'page.get_by_role("textbox", name="What").press("Tab")',
            'page.get_by_label("Payer").select_option("2")',
            'page.get_by_role("checkbox", name="Shared").check()',
            'page.locator("iframe").content_frame.get_by_placeholder("Note", exact=True).press("Enter")',
            'page.once("dialog", lambda dialog: dialog.dismiss())',
            'page.get_by_role("row", name="Museum 20 Delete").get_by_role("button").click()',
            'page.get_by_role("listitem").filter(has_text="Museum").get_by_text("Delete").nth(1).click()',
            "with page.expect_popup() as page1_info:",
            '    page.get_by_role("link", name="Report").first.click()',
            "page1 = page1_info.value",
            'page1.get_by_title("Close").last.click()',
            "page1.close()",
            "page.go_back()",
            'page.keyboard.press("Escape")',
        )
    )
    assert read.url == "http://a.example/bills"
    what = Target("role", "textbox", "What", exact=False)
    assert [(step.deed, step.target, step.text) for step in read.steps] == [
        ("fill", what, "Lunch"),
        ("select_option", Target("label", "", "Payer", exact=False), "2"),
        ("check", Target("role", "checkbox", "Shared", exact=False), ""),
        ("press", Target("placeholder", "", "Note", exact=True), "Enter"),
        ("dialog", None, "dismiss"),
        ("click", Target("role", "button", "", exact=False, within=("Museum 20 Delete",)), ""),
        ("click", Target("text", "", "Delete", exact=False, within=("Museum",), nth=1), ""),
        ("click", Target("role", "link", "Report", exact=False, nth=0), ""),
        ("click", Target("title", "", "Close", exact=False, nth=-1), ""),
        ("go_back", None, ""),
        ("press", None, "Escape"),
    ]
    assert read.steps[0].line == len(HEAD.splitlines()) + 4


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('page.locator("#id").click()', "does not name a control"),
        ('page.get_by_role("button", name="a").dblclick()', "dblclick is not understood"),
        ('page.get_by_role("button", name=name()).click()', r"name\(\) is computed; write it out"),
        ('page.get_by_role("button", name="a").click(button="right")', "click takes no options here"),
        ('page.get_by_label("a").select_option(["b", "c"])', "one option"),
        ('page.get_by_label("a").press("Control+a")', r"unknown key 'Control\+a'"),
        ('page.on("dialog", print)', "accepted or dismissed"),
        ('page.evaluate("alert(1)")', "evaluate is not understood"),
        ('__import__("os").system("touch hacked")', "system is not understood|does not name a control|not understood"),
        ("for _ in range(3): page.go_back()", "is not understood"),
        ("if True: pass", "is not understood"),
        ("it = page.get_by_label('a')", "is not understood"),
        ('expect(page.get_by_text("a")).to_be_visible()', "not understood|does not name a control"),
        ('page.get_by_role("row").nth(2).get_by_role("button").click()', "told by its words"),
        ("print", "print is not understood"),
    ],
)
def test_what_is_not_understood_is_said_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    file = program(tmp_path, 'page.goto("http://a.example/")', line)
    with pytest.raises(UsageError, match=message) as error:
        read_codegen(file)
    assert f"{file}, line {len(HEAD.splitlines()) + 2}: " in error.value.message
    assert "\n" not in str(error.value)
    assert not Path("hacked").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def broken(:", "line 1: no Python"),
        ("", "does nothing on a page"),
        (HEAD + TAIL, "does nothing on a page"),
        ("\x00", "no Python"),
        ("x = " + "(" * 5000, "no Python|nested"),
    ],
)
def test_a_file_that_is_no_demonstration(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "recorded.py"
    file.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_codegen(file)
    with pytest.raises(UsageError, match="cannot be read"):
        read_codegen(tmp_path / "missing.py")
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read"):
        read_codegen(file)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.text(st.sampled_from("page.gt_by_role('x\"),=name()[]{}:\n #filter lambda*@"), max_size=80))
def test_any_line_ends_in_steps_or_one_error(tmp_path: Path, line: str) -> None:
    file = tmp_path / "any.py"
    file.write_text(f"page.go_back()\n{line}")
    try:
        assert read_codegen(file).steps[0].deed == "go_back"
    except UsageError as error:
        assert "any.py, line " in str(error) and "\n" not in error.message


LINES = (
    Line("textbox", "What", 1),
    Line("textbox", "What else", 2),
    Line("button", "Delete (Museum, Bea)", 3),
    Line("button", "Delete (Train, Alex)", 4),
    Line("link", "Edit", 5),
    Line("link", "Edit #2", 6),
    Line("button", "Save", 7),
)


@pytest.mark.parametrize(
    ("target", "found"),
    [
        (Target("role", "textbox", "What", exact=False), 1),
        (Target("label", "", "what else", exact=False), 2),
        (Target("role", "button", "Delete", exact=True, within=("Museum 20 Bea Delete",)), 3),
        (Target("role", "button", "", exact=False, within=("Train",)), 4),
        (Target("role", "button", "Delete", exact=False, nth=-1), 4),
        (Target("text", "", "Edit", exact=False, nth=1), 6),
        (Target("text", "", "save", exact=False), 7),
        (Target("role", "button", "Delete", exact=False), "is there 2 times"),
        (Target("role", "button", "sav", exact=True), "is not on this page"),
        (Target("role", "link", "Edit", exact=False, nth=2), "there are only 2"),
        (Target("placeholder", "", "Save", exact=False), "is not on this page"),
    ],
)
def test_a_target_means_one_control_or_says_why_not(target: Target, found: int | str) -> None:
    answer = target.find(Observation("http://a.example/", "", LINES))
    if isinstance(found, int):
        assert isinstance(answer, Line) and answer.ref == found, answer
    else:
        assert isinstance(answer, str) and found in answer
