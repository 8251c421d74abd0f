"""What the documentation tells a reader to type is there: commands and their options, modules, targets of make, files."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from documentation import DOCS, PAGES, ROOT, blocks, shell_lines, spans
from typer import TyperException
from typer.main import get_command

from tui.commandline import app


def problem_with(arguments: list[str]) -> str:
    """Parse a command as the command line would, down to its last option, and say what is wrong with it."""
    command: Any = get_command(app)
    try:
        while True:
            context = command.make_context("apprentice", list(arguments))
            if not hasattr(command, "commands"):
                return ""
            left = [*getattr(context, "_protected_args", []), *context.args]
            if not left:
                return ""
            _, command, arguments = command.resolve_command(context, left)
    except TyperException as error:
        return error.format_message()


def commands(line: str) -> list[list[str]]:
    """Return the arguments of every call of `apprentice` in a shell line, pipes and the rest taken apart."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|;&")
    lexer.whitespace_split, lexer.commenters = True, "#"
    calls: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set("|;&"):
            calls.append([])
        else:
            calls[-1].append(word)
    found = []
    for call in calls:
        while call and re.fullmatch(r"[A-Z_]+=.*", call[0]):
            call = call[1:]
        if call and Path(call[0]).name == "apprentice":
            found.append(_whole(call[1:]))
    return found


def _whole(arguments: list[str]) -> list[str]:
    """Leave out redirections."""
    return arguments[: next((place for place, word in enumerate(arguments) if word.startswith((">", "<"))), None)]


def calls_of(path: Path) -> list[list[str]]:
    """Return every call of `apprentice` in a page's shell blocks."""
    text = path.read_text(encoding="utf-8")
    lines = [line for block in blocks(text) if block.language == "sh" for line in shell_lines(block.text)]
    return [call for line in lines for call in commands(line)]


def is_unfinished(problem: str) -> bool:
    """Whether nothing is wrong but that something is still to be said: prose may name a command without all it needs."""
    return problem.startswith("Missing") or not problem


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_commands_are_taken_as_they_stand(path: Path) -> None:
    wrong = {shlex.join(call): problem for call in calls_of(path) if (problem := problem_with(call))}
    assert wrong == {}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_commands_named_in_prose_exist_with_these_options(path: Path) -> None:
    wrong = {}
    for span in spans(path.read_text(encoding="utf-8")):
        if not re.match(r"apprentice( [a-z\-]|$)", span):
            continue
        for call in commands(span.replace("[", "").replace("]", "")):
            problem = problem_with(call)
            if not is_unfinished(problem):
                wrong[span] = problem
    assert wrong == {}


def test_these_tests_can_fail() -> None:
    assert "No such command" in problem_with(["fly"])
    assert "No such option" in problem_with(["run", "x", "--url", "http://a.example", "--fast"])
    assert "Missing" in problem_with(["run", "x"])
    assert "valid integer" in problem_with(["run", "x", "--url", "http://a.example", "--max-steps", "many"])
    assert sum(len(calls_of(path)) for path in PAGES) > 50
    assert commands("A=1 .venv/bin/apprentice run x --url y | tail -n 1 && apprentice doctor > z") == [
        ["run", "x", "--url", "y"],
        ["doctor"],
    ]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_modules_targets_and_files_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    modules = set(re.findall(r"python3? -m ([a-z_.]+)", text)) - {"http.server", "venv"}
    assert [name for name in sorted(modules) if importlib.util.find_spec(name) is None] == []
    targets = set(re.findall(r"`make ([a-z]+)`|^make ([a-z]+)", text, re.MULTILINE))
    made = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {name for pair in targets for name in pair if name} <= set(made)
    named = [span.split("::")[0] for span in spans(text) if re.fullmatch(r"[\w./-]+/[\w.-]*(?:\.\w+)?(?:::\w+)?", span)]
    named += re.findall(r"\btests/[\w/.-]*\w", text)
    tops = {entry.name for entry in ROOT.iterdir() if not entry.name.startswith(".")} - {"runs"}
    assert [name for name in named if name.split("/")[0] in tops and not (ROOT / name).exists()] == []
    assert DOCS.is_dir()


def test_every_bench_has_a_row_in_the_table_of_benches() -> None:
    programs = {
        path.stem
        for path in (ROOT / "bench").glob("*.py")
        if re.search(rf"^    .*python -m bench\.{path.stem}\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    page = (DOCS / "bench.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `python -m bench\.(\w+)", page, re.MULTILINE)
    assert len(programs) > 20 and programs == set(rows) and len(rows) == len(set(rows))
