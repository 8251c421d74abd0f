"""Two hundred malformed inputs: each one clear line that names what is wrong, exit code 2, no traceback, the store as it was."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.store import Store
from browser.actions import parse
from browser.types import Observation, StepResult
from tui.cli import main

ROOT = Path(__file__).resolve().parents[2]
URL = "http://127.0.0.1:9/"
RUN = ("run", "x", "--url", URL, "--headless", "--steps", "{good}")


@dataclass(frozen=True)
class Bad:
    """A command with something wrong in it."""

    arguments: tuple[str, ...]
    """{file} is the malformed file, {good} a sound steps file."""
    says: str = ""
    """What the line must name; {file} again."""
    content: str | bytes = ""
    name: str = "bad.toml"
    is_config: bool = False
    stdin: str = ""
    environ: tuple[str, str] | None = None


def config(content: str | bytes, says: str) -> Bad:
    return Bad(("config", "check"), f"{{file}}{says}", content, "config.toml", is_config=True)


def run_config(content: str | bytes, says: str) -> Bad:
    return Bad(RUN, f"{{file}}{says}", content, "config.toml", is_config=True)


def toml_batch(content: str | bytes, says: str) -> Bad:
    return Bad(("batch", "{file}"), f"{{file}}{says}", content)


def json_batch(content: str | bytes, says: str) -> Bad:
    return Bad(("batch", "{file}"), f"{{file}}{says}", content, "bad.jsonl")


def task(entry: str, says: str) -> Bad:
    """One sound task with something added or put in another's place."""
    keys = {line.split("=")[0].strip() for line in entry.splitlines()}
    sound = {"task": 'task = "x"', "url": f'url = "{URL}"'}
    text = "\n".join(line for key, line in sound.items() if key not in keys)
    return toml_batch(f"[[task]]\n{text}\n{entry}\n", f": task 1: {says}")


def schema(content: str | bytes, says: str = "") -> Bad:
    return Bad((*RUN, "--output-schema", "{file}"), f"{{file}}{says}", content, "schema.json")


def policy(content: str | bytes, says: str = "") -> Bad:
    return Bad((*RUN, "--policy", "{file}"), f"{{file}}{says}", content, "policy.toml")


def expect(written: str) -> Bad:
    return Bad((*RUN, "--expect", written), f"the check {written!r}")


def steps(content: str | bytes, says: str) -> Bad:
    return Bad(("run", "x", "--url", URL, "--headless", "--steps", "{file}"), f"{{file}}{says}", content, "steps.txt")


def state(content: str | bytes) -> Bad:
    return Bad((*RUN, "--storage-state", "{file}"), "{file}", content, "state.json")


def usage(*arguments: str, says: str = "", stdin: str = "") -> Bad:
    return Bad(arguments, says, stdin=stdin)


NOT_TOML = (
    b"\xff\xfe",
    "=",
    "[",
    "max_steps = ",
    "max_steps: 3",
    '"a',
    "a = 1\na = 2",
    "[[profiles]\n",
    "{}",
    "a = 2026-99-99",
    "\x00",
)
VALUES = {
    "max_steps": ("0", "-1", "1.5", '"40"', "true", "[]", "{}", "nan"),
    "max_seconds": ("0", "-5", "nan", "inf", '"1"', "false"),
    "max_tokens": ("0", "1.5", '"many"', "[1]"),
    "jobs": ("0", "65", '"2"', "2.5"),
    "headless": ("1", '"yes"', "[]"),
    "lessons": ('"no"', "0"),
    "model": ('""', '"  "', "3", "[]"),
    "adapter": ('""', "true"),
    "browser": ("3",),
    "approve": ('["fly"]', '"send,fly"', "3", "[1]", '["read"]', "true"),
    "allow": ('["ftp://a.example"]', '["http://"]', '"a b"', "[3]", "{a = 1}", '["http://a:99999"]'),
    "policy": ("3", "[]"),
}
CONFIGS = [
    *(config(text, " cannot be read: ") for text in NOT_TOML),
    *(config(f"{key} = {value}", f": {key}: ") for key, values in VALUES.items() for value in values),
    *(config(f"{key} = 1", f": unknown key {key}") for key in ("max_step", "Model", "url", "session", "max-steps")),
    config("[run]\nmax_steps = 3", ": unknown key run"),
    config("profiles = 3", ": profiles "),
    config("[profiles]\nwork = 3", ": profiles "),
    config('[profiles."A b"]', ": profiles: 'A b'"),
    config('[profiles."../x"]', ": profiles: '../x'"),
    config('[profiles.""]', ": profiles: "),
    config("[profiles.work]\nmax_steps = 0", " [profiles.work]: max_steps: "),
    config("[profiles.work]\nmax_step = 1", " [profiles.work]: unknown key max_step"),
    config("[profiles.work.run]\nmax_steps = 1", " [profiles.work]: unknown key run"),
    run_config("max_steps = 0", ": max_steps: "),
    run_config("max_steps", " cannot be read: "),
    *(
        Bad(RUN, f"$APPRENTICE_{name}: ", environ=(f"APPRENTICE_{name}", value))
        for name, value in (
            ("MAX_STEPS", "0"), ("MAX_STEPS", "many"), ("MAX_SECONDS", "nan"), ("HEADLESS", "perhaps"), ("APPROVE", "fly"),
            ("ALLOW", "ftp://a"), ("MAX_TOKENS", "-1"), ("JOBS", "100"), ("MODEL", " "),
        )
    ),
    Bad(RUN, "/nowhere.toml cannot be read", environ=("APPRENTICE_CONFIG", "/nowhere.toml")),
    Bad(("config", "show"), "/ cannot be read", environ=("APPRENTICE_CONFIG", "/")),
    Bad(("sessions",), "there is no profile 'wrok'", environ=("APPRENTICE_PROFILE", "wrok")),
    Bad(("sessions",), "'../up' is no name", environ=("APPRENTICE_PROFILE", "../up")),
]  # fmt: skip
BATCHES = [
    *(toml_batch(text, " ") for text in NOT_TOML),
    toml_batch("", " has no tasks"),
    toml_batch("[defaults]\nmax_steps = 3", " has no tasks"),
    toml_batch("task = 3", ": task: "),
    toml_batch("[task]\ntask = 'x'", ": task: "),
    toml_batch("task = [3]", ": task: "),
    toml_batch("defaults = 3\n[[task]]\ntask = 'x'", ": defaults: "),
    toml_batch("[[tasks]]\ntask = 'x'", ": unknown key tasks"),
    toml_batch(f"[defaults]\ntask = 'x'\n[[task]]\nurl = '{URL}'", ": defaults: task"),
    toml_batch(f"[defaults]\nid = 'x'\n[[task]]\nurl = '{URL}'\ntask='x'", ": defaults: id"),
    toml_batch(f"[[task]]\ntask = 'x'\nurl = '{URL}'\n[[task]]\ntask = 'x'", ": task 2: url is missing"),
    toml_batch(
        f"[[task]]\nid='a'\ntask='x'\nurl='{URL}'\n[[task]]\nid='a'\ntask='y'\nurl='{URL}'",
        ": task 2: id: 'a' is task 1's",
    ),
    toml_batch(f"[[task]]\nurl = '{URL}'", ": task 1: task is missing"),
    task('task = ""', "task: "),
    task("task = 3", "task: "),
    task('url = "a.example"', "url: "),
    task('url = "ftp://a.example/"', "url: "),
    task('url = "http://"', "url: "),
    task("url = 3", "url: "),
    task('id = ""', "id: "),
    task('id = "a b"', "id: "),
    task("id = 3", "id: "),
    task('steps = "missing.txt"', ""),
    task("steps = 3", "steps: "),
    task('output_schema = "missing.json"', ""),
    task('policy = "missing.toml"', ""),
    task('expect = "url~x"', "expect: "),
    task('expect = ["title~x"]', "expect: "),
    task('expect = ["url~("]', "expect: "),
    task("expect = [3]", "expect: "),
    task('approve = ["fly"]', "approve: "),
    task("approve = 3", "approve: "),
    task('allow = ["ftp://a"]', "allow: "),
    task("max_steps = 0", "max_steps: "),
    task('max_steps = "3"', "max_steps: "),
    task("max_seconds = nan", "max_seconds: "),
    task("max_tokens = 1.5", "max_tokens: "),
    task("max_step = 1", "unknown key max_step"),
    task("headless = true", "unknown key headless"),
    json_batch(b"\xff", " cannot be read"),
    json_batch("", " has no tasks"),
    json_batch("\n \n", " has no tasks"),
    json_batch("{", ": line 1 is no JSON"),
    json_batch(f'{{"task": "x", "url": "{URL}"}}\n{{"task": ', ": line 2 is no JSON"),
    json_batch("[]", ": line 1 is no object"),
    json_batch("null", ": line 1 is no object"),
    json_batch('"x"', ": line 1 is no object"),
    json_batch("[" * 100_000, ": line 1 is no JSON"),
    json_batch('{"task": "x"}', ": line 1: url is missing"),
    json_batch(f'{{"task": null, "url": "{URL}"}}', ": line 1: task: "),
    json_batch(f'{{"task": "x", "url": "{URL}", "max_steps": true}}', ": line 1: max_steps: "),
    json_batch(f'{{"task": "x", "url": "{URL}", "expect": [null]}}', ": line 1: expect: "),
    Bad(("batch", "{file}"), "{file} is neither TOML nor JSON Lines", "a: b", "tasks.yaml"),
    Bad(("batch", "/nowhere.toml"), "/nowhere.toml cannot be read"),
    Bad(("batch", "/"), "/ cannot be read"),
    *(
        Bad(("batch", "{sound}", "--results", "{file}"), "{file}", text, "results.jsonl")
        for text in ('{"schema": 1}\n', "a diary\n", "[1]\n", "a diary", '{"event": "task_ended"}\n')
    ),
    Bad(("batch", "{sound}", "--results", "{file}", "--resume"), "{file}, line 1", "a diary\n", "results.jsonl"),
    Bad(("batch", "{sound}", "--jobs", "0"), "--jobs"),
    Bad(("batch", "{sound}", "--storage-state", "/nowhere.json"), "/nowhere.json"),
]
SCHEMAS = [
    *(schema(text, " cannot be read: ") for text in (b"\xff", "", "{", "[", "{'a': 1}", "nan nan", "[" * 60_000)),
    *(schema(text, " is no JSON Schema: ") for text in ("3", "[]", "null", '"object"', "true")),
    *(
        schema(json.dumps(text), " is no JSON Schema: ")
        for text in (
            {"type": "bill"}, {"type": 3}, {"properties": 3}, {"properties": {"a": 3}}, {"required": "a"}, {"required": [3]}, {"enum": 3},
            {"minimum": "3"}, {"pattern": "("}, {"items": 3}, {"additionalProperties": 3}, {"allOf": []}, {"$ref": 3},
        )
    ),
    *(schema(json.dumps({"$ref": to}), " cannot be applied: ") for to in ("#/nowhere", "http://127.0.0.1:9/s.json", "other.json")),
    schema(" " * 70_000, " is too long"),
]  # fmt: skip
POLICIES = [
    *(policy(text) for text in (b"\xff", "=", "[", "approve", "{}")),
    *(
        policy(text)
        for text in (
            "aprove = []", 'approve = ["fly"]', "approve = 3", 'deny = ["x"]', "origins = 3", '[origins]\nwrite = ["ftp://a"]',
            "[origins]\nboth = []", "[[flows]]\nsource = 'http://a.example'", "flows = 3", "[manners]\npace_seconds = -1",
            "[manners]\npatience = 1", "[rules]\na = 1",
        )
    ),
]  # fmt: skip
EXPECTS = [
    *map(
        expect,
        (
            "",
            " ",
            "url",
            "url~",
            "text~",
            "answer~",
            "title~x",
            "URL~x",
            "text~(",
            "text~[",
            "url~*",
            "text~a{99999999999}",
        ),
    ),
    *map(
        expect,
        ("http", "http GET", "http GET http://a.example", "http POST http://a.example 200", "http GET a.example 200"),
    ),
    *map(
        expect,
        (
            "http GET ftp://a.example 200",
            "http GET http://[ 200",
            "http GET http://a.example ok",
            "http GET http://a.example 99",
        ),
    ),
    *map(
        expect,
        (
            "http GET http://a.example 200 $[",
            "http GET http://a.example 200 $[?@.a ==",
            "http GET http://a.example 200 a b",
        ),
    ),
]
STEPS = [
    steps(b"\xff", " cannot be read"),
    steps("", " has no steps"),
    steps("# nothing", " has no steps"),
    *(
        steps(f'click "Add"\n{line}\n', ", step 2: ")
        for line in (
            "click", "click Save", 'klick "Save"', 'click "Save" "now"', 'type "What"', 'press "Enter" "x"', 'press "Any"', "scroll",
            "scroll left", "open", 'select "Payer"', 'done "a" "b"', '"Save"', 'click "Save', "ask", "fail", "{}", "back 2",
        )
    ),
]  # fmt: skip
STATES = [
    state(text)
    for text in (
        b"\xff",
        "",
        "{",
        "[]",
        "3",
        '{"cookies": 3}',
        '{"cookies": [3]}',
        '{"origins": {}}',
        '{"cookies": [], "origins": [null]}',
    )
]
IDS = [
    usage(*command, name, says=repr(name))
    for command in (
        ("replay",),
        ("outcome", "--succeeded"),
        ("adapters", "--show"),
        ("promote",),
        ("lessons", "--show"),
        ("lessons", "--retire"),
    )
    for name in ("nothing", "01ZZZZZZZZZZZZZZZZZZZZZZZZ", "%", "'; DROP TABLE sessions; --")
]
USAGE = [
    usage("run", "", "--url", URL, says="the task is empty"),
    usage("run", "-", "--url", URL, says="the task is empty", stdin=" \n"),
    usage("run", "-", "--url", URL, says="the task is too long", stdin="x" * 20_001),
    usage("run", "a\x00b", "--url", URL, says="no text"),
    usage("run", "\x1b[31m", "--url", URL, says="no text"),
    usage("run", "-", "--url", URL, "--answers-on-stdin", says="the answers"),
    usage("run", "x", says="--url"),
    usage("run", "--url", URL, says="task"),
    *(
        usage("run", "x", "--url", url, says="not a web address")
        for url in ("", "http://", "ftp://a", "http://a:99999/", "javascript:1")
    ),
    usage("run", "x", "--url", URL, "--approve", "fly", says="fly"),
    usage("run", "x", "--url", URL, "--allow", "ftp://a", says="ftp://a"),
    usage("run", "x", "--url", URL, "--max-steps", "0", says="--max-steps"),
    usage("run", "x", "--url", URL, "--max-tokens", "many", says="--max-tokens"),
    usage("run", "x", "--url", URL, "--model", "/nowhere", says="no model in /nowhere"),
    usage("run", "x", "--url", URL, "--fast", says="--fast"),
    usage("fly", says="fly"),
    usage("--profile", "nobody", "sessions", says="there is no profile 'nobody'"),
    usage("outcome", "x", says="say --succeeded or --failed"),
    usage("config", "edit", says="edit"),
    usage("config", says="a command is missing"),
    usage("sessions", "--limit", "0", says="--limit"),
]
ALL: Sequence[Bad] = [*CONFIGS, *BATCHES, *SCHEMAS, *POLICIES, *EXPECTS, *STEPS, *STATES, *IDS, *USAGE]
PROCESSES = 20


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with something to lose, which all of them meet."""
    folder = tmp_path_factory.mktemp("malformed")
    (folder / "good.txt").write_text("done\n")
    (folder / "sound.toml").write_text(f'[[task]]\ntask = "x"\nurl = "{URL}"\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("APPRENTICE_HOME", str(folder / "home"))
        with Store.open() as store:
            session_id = store.begin_session("buy tea", "http://a.example", "http://a.example/")
            page = Observation("http://a.example/", "Shop", ())
            store.begin_step(session_id, 0, page, parse("wait"))
            store.finish_step(session_id, 0, StepResult(page))
            store.end_session(session_id, "done")
            store.add_lesson("words", "http://a.example", "", "always green tea")
    return folder  # type: ignore[return-value]


def written(bad: Bad, folder: Path) -> tuple[list[str], str, dict[str, str]]:
    """Write the malformed file; return the arguments, what must be said, and the variables."""
    file = folder / bad.name
    file.write_bytes(bad.content if isinstance(bad.content, bytes) else bad.content.encode())
    names = {"file": str(file), "good": str(folder / "good.txt"), "sound": str(folder / "sound.toml")}

    def fill(text: str) -> str:
        for name, value in names.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    variables = {"APPRENTICE_HOME": str(folder / "home")}
    if bad.is_config:
        variables["APPRENTICE_CONFIG"] = str(file)
    if bad.environ:
        variables[bad.environ[0]] = bad.environ[1]
    return [fill(argument) for argument in bad.arguments], fill(bad.says), variables


def everything(folder: Path) -> dict[str, str]:
    """The store, and the malformed file itself: nothing of ours writes to either."""
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / "home").glob("*.db")}


def refused(code: int, out: str, err: str, says: str) -> None:
    lines = err.splitlines()
    assert code == 2, (code, err)
    assert len(lines) == 1 and lines[0].startswith("error: ") and not out, (lines, out)
    assert says in lines[0], (says, lines[0])
    assert len(lines[0]) < 2000


def test_there_are_two_hundred() -> None:
    assert len(ALL) >= 200 and len(
        {(bad.arguments, bad.name, bad.content, bad.environ, bad.stdin) for bad in ALL}
    ) == len(ALL)


@pytest.mark.parametrize(
    "group", [CONFIGS, BATCHES, SCHEMAS, POLICIES, EXPECTS, STEPS, STATES, IDS, USAGE],
    ids=["config", "batch", "schema", "policy", "expect", "steps", "state", "ids", "usage"],
)  # fmt: skip
def test_each_is_refused_in_one_line_and_changes_nothing(group: list[Bad], lived: Path) -> None:
    before = everything(lived)
    for bad in group:
        arguments, says, variables = written(bad, lived)
        content = (lived / bad.name).read_bytes()
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr(sys, "stdin", io.StringIO(bad.stdin))
            patch.setenv("COLUMNS", "4000")
            for name, value in variables.items():
                patch.setenv(name, value)
            code = main(arguments)
        try:
            refused(code, out.getvalue(), err.getvalue(), says)
        except AssertionError as error:
            raise AssertionError(f"{bad}: {error}") from error
        assert everything(lived) == before and (lived / bad.name).read_bytes() == content, bad


def test_a_script_gets_the_same_as_an_event(lived: Path) -> None:
    for bad in ALL[:: len(ALL) // 40]:
        arguments, says, variables = written(bad, lived)
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name, value in variables.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.StringIO(bad.stdin))
            code = main([arguments[0], "--json", *arguments[1:]] if arguments[0] in ("run", "batch") else arguments)
        if arguments[0] in ("run", "batch"):
            record = json.loads(out.getvalue())
            assert record["event"] == "error" and record["exit_code"] == code == 2 and says in record["error"], bad
            assert err.getvalue() == ""


def test_the_real_process_does_the_same(lived: Path) -> None:
    before = everything(lived)
    chosen = ALL[:: len(ALL) // PROCESSES][:PROCESSES]
    assert len(chosen) == PROCESSES
    for bad in chosen:
        if any("\x00" in argument for argument in bad.arguments):
            continue
        arguments, says, variables = written(bad, lived)
        done = subprocess.run(
            [sys.executable, "-m", "tui.cli", *arguments],
            input=bad.stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, **variables, "PYTHONPATH": str(ROOT), "COLUMNS": "4000"},
        )
        refused(done.returncode, done.stdout, done.stderr, says)
    assert everything(lived) == before
