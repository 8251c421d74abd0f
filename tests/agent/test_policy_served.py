"""A model behind an address: whatever the server can do and whatever the model is, what comes out can be done on the page."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llguidance import LLMatcher, LLTokenizer
from llguidance.gbnf_to_lark import gbnf_to_lark

from agent.policy.local import load_model
from agent.policy.offers import action_schema, gbnf_grammar, problem_with, read_object
from agent.policy.served import KEY_VARIABLE, ServedPolicy, ServerFailed, Way
from agent.prompt import Transcript
from agent.store import Store
from browser.actions import KEYS, Action, Verb, parse
from browser.errors import SetupError, UsageError
from browser.types import Line, Observation
from tests.openai_server import Served, serving_model
from tests.shared_bills import serving

PAGE = Observation(
    "http://a.example/",
    "Bills",
    (
        Line("textbox", 'Wh"at\\', 1),
        Line("textbox", "Closed", 2, states=("readonly",)),
        Line("combobox", "Payer", 3, options=("Al|ex", "Bé a")),
        Line("button", "Save", 4),
        Line("button", "Grey", 5, states=("disabled",)),
    ),
)


@pytest.fixture(scope="module")
def served(tiny_models: dict[str, Path], tiny_tokenizer: Any) -> Iterator[Served]:
    with serving_model(Served(load_model(tiny_models["llama"]).float().eval(), tiny_tokenizer)) as running:
        yield running


def prompt() -> Any:
    transcript = Transcript("add a bill", with_manual=True)
    transcript.start(PAGE)
    return transcript.prompt()


@pytest.mark.parametrize(
    ("supports", "refuses", "way"),
    [
        (("grammar", "schema"), True, Way.GRAMMAR),
        (("schema",), True, Way.SCHEMA),
        (("schema",), False, Way.SCHEMA),
    ],
)
def test_the_strictest_way_that_the_server_knows(
    served: Served, supports: tuple[str, ...], refuses: bool, way: Way
) -> None:
    served.supports, served.refuses, served.asked = supports, refuses, []
    policy = ServedPolicy.connect(served.url + "#tiny")
    decision = policy.decide(prompt(), PAGE)
    assert problem_with(decision.action, PAGE) == ""
    assert policy.way is way and decision.prompt_tokens > 100 and decision.new_tokens > 1
    again = len(served.asked)
    assert policy.decide(prompt(), PAGE).action == decision.action
    assert len(served.asked) == again + 1  # what was refused is not asked again


def test_a_model_that_answers_nonsense_is_given_up_and_said_so(served: Served) -> None:
    served.supports, served.refuses, served.asked = (), False, []
    policy = ServedPolicy.connect(served.url)
    with pytest.raises(ServerFailed, match="answered no action that can be done here"):
        policy.decide(prompt(), PAGE)
    assert policy.way is Way.PLAIN and len(served.asked) == 4
    assert "was no action" in served.asked[-1]["messages"][1]["content"]


def test_servers_that_are_not_there_or_not_such(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    for address, error, message in (
        ("ftp://a", UsageError, "is no address"),
        ("http://127.0.0.1:9/v1", SetupError, "does not answer"),
        (served.url + "#other", UsageError, "does not serve other"),
    ):
        with pytest.raises(error, match=message):
            ServedPolicy.connect(address)
    with serving() as bills, pytest.raises(SetupError, match="models answered 200"):
        ServedPolicy.connect(bills.url)
    served.key = "right"
    try:
        with pytest.raises(SetupError, match=r"401: .*no key"):
            ServedPolicy.connect(served.url)
        monkeypatch.setenv(KEY_VARIABLE, "right")
        policy = ServedPolicy.connect(served.url)
        served.key = "changed"
        with pytest.raises(ServerFailed, match="answered 401"):
            policy.decide(prompt(), PAGE)
    finally:
        served.key = ""


def test_a_server_that_dies_is_one_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as port:
        policy = ServedPolicy(f"http://127.0.0.1:{port.getsockname()[1]}/v1", "gone")
    with pytest.raises(ServerFailed, match="does not answer"):
        policy.decide(prompt(), PAGE)


NAMES = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=12)
PAGES = st.lists(
    st.tuples(st.sampled_from(["textbox", "button", "combobox", "text", "more"]), NAMES, st.lists(NAMES, max_size=3)),
    max_size=5,
).map(
    lambda lines: Observation(
        "http://a.example/",
        "",
        tuple(
            Line(role, name, None if role == "text" else at + 1, options=tuple(options) if role == "combobox" else ())
            for at, (role, name, options) in enumerate(lines)
        ),
    )
)


def actions_on(page: Observation, text: str) -> list[Action]:
    """Actions that can be done on the page, and some that cannot."""
    free = [Action(verb, text=text) for verb in (Verb.FIND, Verb.ASK, Verb.DONE, Verb.FAIL, Verb.OPEN)]
    free += [Action(Verb.PRESS, text=KEYS[0]), Action(Verb.SCROLL, text="up"), Action(Verb.BACK), Action(Verb.WAIT)]
    free += [Action(Verb.FORWARD), Action(Verb.HOVER, text), Action(Verb.EXPAND, "Nowhere", 77)]
    free += [Action(Verb.OPEN, text="/a?b=c"), Action(Verb.CLICK, "Nowhere", 77)]
    for line in page.lines:
        free += [Action(Verb.CLICK, line.name, line.ref or 9), Action(Verb.TYPE, line.name, line.ref or 9, text)]
        free += [Action(verb, line.name, line.ref or 9) for verb in (Verb.HOVER, Verb.EXPAND)]
        free += [Action(Verb.DRAG, line.name, line.ref or 9, text)]
        free += [Action(Verb.SELECT, line.name, line.ref or 9, option) for option in (*line.options, "none of them")]
    return free


@given(PAGES, NAMES)
def test_gbnf_says_the_same_as_the_pages_own_grammar(page: Observation, text: str) -> None:
    bytes_of = LLTokenizer("byte")
    grammar = LLMatcher.grammar_from_lark(gbnf_to_lark(gbnf_grammar(page)))
    for action in actions_on(page, text):
        matcher = LLMatcher(bytes_of, grammar)
        assert not matcher.is_error(), matcher.get_error()
        tokens = bytes_of.tokenize_str(action.render())
        taken = matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting()
        assert taken == (problem_with(action, page) == ""), action.render()


@given(PAGES, NAMES)
def test_what_the_schema_allows_reads_back_as_the_action(page: Observation, text: str) -> None:
    import jsonschema

    valid = jsonschema.Draft202012Validator(action_schema(page)).is_valid
    for action in actions_on(page, text):
        record: dict[str, Any] = {"action": str(action.verb)}
        if action.ref is not None:
            record["target"] = Action(Verb.CLICK, action.name, action.ref).render().removeprefix("click ")
        elif action.verb is Verb.HOVER:
            record["text"] = action.name
        if action.text or action.verb in (
            Verb.TYPE,
            Verb.SELECT,
            Verb.DRAG,
            Verb.FIND,
            Verb.ASK,
            Verb.DONE,
            Verb.FAIL,
            Verb.OPEN,
        ):
            record["text"] = action.text
        assert read_object(json.loads(json.dumps(record))) == action
        if not problem_with(action, page):
            assert valid(record), record
        elif action.verb is not Verb.OPEN:  # a schema does not know what an address is; the grammar does
            assert not valid(record), record


SIGN_IN = Observation(
    "https://wiki.example/",
    "Sign in",
    (Line("textbox", "Name", 1), Line("textbox", "Password", 2, states=("secret",)), Line("button", "Sign in", 3)),
)
SCHEMA = {"type": "object", "required": ["total"], "properties": {"total": {"type": "integer"}}}


def taken_by(grammar: str, written: str) -> bool:
    matcher = LLMatcher(LLTokenizer("byte"), LLMatcher.grammar_from_lark(gbnf_to_lark(grammar)))
    assert not matcher.is_error(), matcher.get_error()
    tokens = LLTokenizer("byte").tokenize_str(written)
    return matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting()


def test_secret_fields_are_offered_the_granted_names_and_no_made_up_text() -> None:
    import jsonschema

    grammar, valid = gbnf_grammar(SIGN_IN, secrets=("wiki",)), jsonschema.Draft202012Validator
    allowed = valid(action_schema(SIGN_IN, secrets=("wiki",))).is_valid
    for written, target, text, possible in (
        ('type "Password" [2] <secret:wiki>', '"Password" [2]', "<secret:wiki>", True),
        ('type "Password" [2] <secret:bank>', '"Password" [2]', "<secret:bank>", False),
        ('type "Password" [2] "guessed"', '"Password" [2]', "guessed", False),
        ('type "Name" [1] "ada"', '"Name" [1]', "ada", True),
        ('type "Name" [1] <secret:wiki>', '"Name" [1]', None, False),
    ):
        assert taken_by(grammar, written) is possible, written
        assert (problem_with(parse(written), SIGN_IN, secrets=("wiki",)) == "") is possible, written
        if text is not None:
            record = {"action": "type", "target": target, "text": text}
            assert allowed(record) is possible, record
            if possible:
                assert read_object(record, ("wiki",)) == parse(written)
    assert not taken_by(gbnf_grammar(SIGN_IN), 'type "Password" [2] <secret:wiki>'), "nobody granted it"
    assert read_object({"action": "type", "target": '"Name" [1]', "text": "<secret:x>"}).secret == "", (
        "a text like any other"
    )


def test_an_answer_with_a_schema_is_json_after_done() -> None:
    import jsonschema

    written = json.dumps(SCHEMA)
    grammar = gbnf_grammar(SIGN_IN, answer_schema=written)
    for answer, possible in (
        ('{"total":3}', True),
        ('{"a":[1,-2.5e3,"\\"\\u00e9"],"b":null}', True),
        ("[]", True),
        ("{a:1}", False),
        ('{"total":3', False),
        ("three", False),
    ):
        assert taken_by(grammar, f"done {answer}") is possible, answer
    allowed = jsonschema.Draft202012Validator(action_schema(SIGN_IN, answer_schema=written)).is_valid
    assert allowed({"action": "done", "answer": {"total": 3}})
    assert not allowed({"action": "done", "answer": {"total": "3"}}) and not allowed({"action": "done", "text": "3"})
    assert read_object({"action": "done", "answer": {"total": 3}}) == Action(Verb.DONE, text='{"total":3}')
    within = json.dumps({"$ref": "#/$defs/all", "$defs": {"all": SCHEMA}})
    assert jsonschema.Draft202012Validator(action_schema(SIGN_IN, answer_schema=within)).is_valid(
        {"action": "done", "answer": 1}
    ), "what cannot be embedded is looked at afterwards"
    assert "does not fit" in problem_with(Action(Verb.DONE, text="1"), SIGN_IN, answer_schema=within)


@pytest.mark.parametrize(
    ("supports", "says"),
    [
        (("grammar", "schema"), ['done {"total":"many"}', '{"action":"done","answer":{"total":3}}']),
        ((), ['done "three"', "done {}", 'done {"total": 3}']),
    ],
)
def test_an_answer_counts_only_once_it_fits(served: Served, supports: tuple[str, ...], says: list[str]) -> None:
    served.supports, served.refuses, served.asked, served.says = supports, False, [], list(says)
    transcript = Transcript("how many?", with_manual=True, answer_schema=json.dumps(SCHEMA))
    transcript.start(SIGN_IN)
    action = ServedPolicy.connect(served.url).decide(transcript.prompt(), SIGN_IN).action
    assert action.verb is Verb.DONE and json.loads(action.text) == {"total": 3}
    assert len(served.asked) == len(says) and "fit the schema" in served.asked[1]["messages"][1]["content"]


@pytest.mark.parametrize("way", [("grammar",), ("schema",)])
def test_the_server_is_told_the_names_of_secrets(served: Served, way: tuple[str, ...]) -> None:
    served.supports, served.refuses, served.asked = way, True, []
    transcript = Transcript(
        "sign in", with_manual=True, granted={"wiki": ["https://wiki.example"], "bank": ["https://b.example"]}
    )
    transcript.start(SIGN_IN)
    action = ServedPolicy.connect(served.url).decide(transcript.prompt(), SIGN_IN).action
    assert problem_with(action, SIGN_IN, secrets=("wiki",)) == ""
    asked = json.dumps(served.asked[-1])
    assert "<secret:wiki>" in asked and "<secret:bank>" not in asked


@pytest.mark.parametrize(
    "record",
    [[], {}, {"action": 1}, {"action": "click"}, {"action": "jump", "text": "x"}, {"action": "type", "target": 3}],
)
def test_objects_that_are_no_actions(record: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_object(record)


def test_a_served_model_needs_no_torch() -> None:
    code = "import sys, agent.policy.served; print('torch' in sys.modules, 'httpx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


@pytest.mark.browser
def test_a_session_by_the_command_with_a_served_model(served: Served) -> None:
    served.supports, served.refuses, served.asked = ("grammar",), True, []
    with serving(("Museum", "20", "Bea")) as bills:
        options = ["--url", bills.url, "--model", served.url]
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "tui.cli",
                "run",
                "add a bill",
                *options,
                "--headless",
                "--json",
                "--max-steps",
                "3",
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env={**os.environ},
        )
    assert done.returncode in (0, 3, 4, 6), done.stderr
    assert "pages, tasks and lessons are sent there" in done.stderr
    with Store.open() as store:
        (row,) = store.sessions()
        steps = store.steps(row.id)
    assert row.policy.startswith("tiny at 127.0.0.1:") and 1 <= len(steps) == len(served.asked) <= 3
    assert all(problem_with(step.action, step.observation) == "" for step in steps)
    assert parse(steps[0].action.render()) == steps[0].action
