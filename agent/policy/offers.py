"""What can be done on a page, in the forms that servers decode under: GBNF and JSON Schema. And the check that none of them replaces.

A server may ignore either, so every answer is read again here, under the same grammar that a model of this machine decodes with.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from llguidance import LLMatcher, LLTokenizer

from agent.answer import AnswerSchema
from agent.grammar import Futile, action_grammar, can_click, can_select, can_type, can_type_secret
from browser.actions import KEYS, Action, Verb, parse
from browser.types import COLLAPSED, Line, Observation, quote

_TEXT = r'"\"" ( [^"\\\x0A\x0D] | "\\" ["\\n] )* "\""'
_ADDRESS = r'"\"" ( "http" "s"? "://" | "/" ) [^"\\\x0A\x0D ]* "\""'


_JSON = r"""json ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" ( string ":" json ( "," string ":" json )* )? "}"
array ::= "[" ( json ( "," json )* )? "]"
string ::= "\"" ( [^"\\\x00-\x1F] | "\\" ( ["\\/bfnrt] | "u" [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F] ) )* "\""
number ::= "-"? ( "0" | [1-9] [0-9]* ) ( "." [0-9]+ )? ( [eE] [-+]? [0-9]+ )?"""
_SECRET = re.compile(r"<secret:([^<>]+)>")


def gbnf_grammar(
    page: Observation, futile: Futile = frozenset(), secrets: Sequence[str] = (), answer_schema: str = ""
) -> str:
    """Write the page's grammar in GBNF, which llama.cpp and vLLM read. One action, without the line break after it.

    Secret fields take the granted `secrets` where there are any. With `answer_schema` JSON follows `done`; that it fits is looked at
    when it is read.
    """
    closed = _closed(page, secrets)
    forms = [
        '"press " key',
        '"open " address',
        '"back"',
        '"scroll " ( "down" | "up" )',
        '"wait"',
        '"find " text',
        '"ask " text',
        '"done " json' if answer_schema else '"done" ( " " text )?',
        '"fail " text',
        '"forward"',
        '"hover " ( anything | text )',
        '"drag " ( anything | text ) " " text',
    ]
    there = [_target(line) for line in page.lines if line.ref is not None]
    rules = [f"text ::= {_TEXT}", f"address ::= {_ADDRESS}", f"key ::= {_either(map(quote, KEYS))}"]
    rules.append(f"anything ::= {_either(there) if there else 'text'}")
    for verb, can in ((Verb.CLICK, can_click), (Verb.TYPE, can_type), (Verb.EXPAND, _is_collapsed)):
        targets = [
            _target(line) for line in _offered(page, verb, can, futile) if not (verb is Verb.TYPE and line in closed)
        ]
        if targets:
            forms.append(f'"{verb} " {verb}able' + (' " " text' if verb is Verb.TYPE else ""))
            rules.append(f"{verb}able ::= {_either(targets)}")
    choices = [
        f"{_literal(_target(line) + ' ')} ( {_either(map(quote, line.options))} )"
        for line in _offered(page, Verb.SELECT, can_select, futile)
    ]
    if hidden := [_target(line) for line in _offered(page, Verb.TYPE, can_type, futile) if line in closed]:
        forms.append('"type " hidden " " secret')
        rules += [f"hidden ::= {_either(hidden)}", f"secret ::= {_either(map(_secret, secrets))}"]
    if answer_schema:
        rules.append(_JSON)
    if choices:
        forms.append('"select " choice')
        rules.append(f"choice ::= {' | '.join(choices)}")
    return "\n".join([f"root ::= {' | '.join(forms)}", *rules]) + "\n"


def action_schema(
    page: Observation, futile: Futile = frozenset(), secrets: Sequence[str] = (), answer_schema: str = ""
) -> dict[str, Any]:
    """Write the page's actions as a JSON Schema: one object a form. `read_object` turns an object into an Action.

    Secrets and the answer as in `gbnf_grammar`; a schema of the answer whose references lead into itself is left to the reading.
    """
    text, forms, closed = {"type": "string"}, [], _closed(page, secrets)
    click = [_target(line) for line in _offered(page, Verb.CLICK, can_click, futile)]
    fields = _offered(page, Verb.TYPE, can_type, futile)
    typed = [_target(line) for line in fields if line not in closed]
    hidden = [_target(line) for line in fields if line in closed]
    forms += [_form(Verb.TYPE, target={"enum": hidden}, text={"enum": [*map(_secret, secrets)]})] if hidden else []
    forms += [_form(Verb.CLICK, target={"enum": click})] if click else []
    forms += [_form(Verb.TYPE, target={"enum": typed}, text=text)] if typed else []
    forms += [
        _form(Verb.SELECT, target={"enum": [_target(line)]}, text={"enum": list(line.options)})
        for line in _offered(page, Verb.SELECT, can_select, futile)
    ]
    forms += [_form(Verb.PRESS, text={"enum": list(KEYS)}), _form(Verb.SCROLL, text={"enum": ["down", "up"]})]
    there = [_target(line) for line in page.lines if line.ref is not None]
    more = [_target(line) for line in _offered(page, Verb.EXPAND, _is_collapsed, futile)]
    forms += (
        [_form(Verb.HOVER, target={"enum": there}), _form(Verb.DRAG, target={"enum": there}, text=text)]
        if there
        else []
    )
    forms += [_form(Verb.EXPAND, target={"enum": more})] if more else []
    forms += [_form(verb, text=text) for verb in (Verb.OPEN, Verb.FIND, Verb.ASK, Verb.FAIL, Verb.HOVER)]
    forms += [_form(Verb.DONE, answer=_embedded(answer_schema)) if answer_schema else _form(Verb.DONE, text=text)]
    forms += [_form(verb) for verb in (Verb.BACK, Verb.FORWARD, Verb.WAIT)]
    return {"anyOf": forms}


def read_object(record: Any, secrets: Sequence[str] = ()) -> Action:
    """Turn an object of `action_schema` into an Action. Raises ValueError when it is none."""
    if isinstance(record, dict) and record.get("action") == Verb.DONE and "answer" in record:
        return Action(Verb.DONE, text=json.dumps(record["answer"], ensure_ascii=False, separators=(",", ":")))
    fields = [record.get(key, "") for key in ("action", "target", "text")] if isinstance(record, dict) else [None]
    if any(type(value) is not str for value in fields):
        raise ValueError("an action is an object whose action, target and text are strings")
    verb, target, text = map(str, fields)
    if verb == Verb.TYPE and (named := _SECRET.fullmatch(text)) and named[1] in secrets:
        return parse(f"{verb} {target} {text}")
    written = text if verb == Verb.SCROLL else quote(text) if text or ("text" in record and verb != Verb.DONE) else ""
    return parse(" ".join(part for part in (verb, target, written) if part))


def problem_with(
    action: Action,
    page: Observation,
    futile: Futile = frozenset(),
    secrets: Sequence[str] = (),
    answer_schema: str = "",
) -> str:
    """Say why an action cannot be performed on this page; nothing when it can. The page's own grammar decides, and of an answer
    its schema.
    """
    if answer_schema and action.verb is Verb.DONE:
        return AnswerSchema.of(json.loads(answer_schema), "the answer's schema").read(action.text).problem
    written = action.render() + "\n"
    grammar = action_grammar(page, futile=futile, secrets=secrets, with_rare=True)
    matcher = LLMatcher(_bytes(), LLMatcher.grammar_from_lark(grammar))
    if matcher.is_error():
        raise RuntimeError(f"the page's grammar does not compile: {matcher.get_error()}")
    tokens = _bytes().tokenize_str(written)
    if matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting():
        return ""
    return f"{action.render()} cannot be done on this page"


@cache
def _bytes() -> LLTokenizer:
    """A tokenizer of bytes: to check a text, no model's own is needed."""
    return LLTokenizer("byte")


def _offered(page: Observation, verb: Verb, can: Callable[[Line], bool], futile: Futile) -> list[Line]:
    return [line for line in page.lines if can(line) and (verb, line.ref) not in futile]


def _closed(page: Observation, secrets: Sequence[str]) -> list[Line]:
    """Return the fields that take one of the secrets, and nothing else."""
    return [line for line in page.lines if secrets and can_type_secret(line)]


def _secret(name: str) -> str:
    return f"<secret:{name}>"


def _embedded(schema: str) -> Any:
    """Return the answer's schema as a part of another; anything, where its references would lead elsewhere."""
    return {} if "$ref" in schema or "$dynamicRef" in schema or "$id" in schema else json.loads(schema)


def _form(verb: Verb, **fields: dict[str, Any]) -> dict[str, Any]:
    properties = {"action": {"const": verb.value}, **fields}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _is_collapsed(line: Line) -> bool:
    return line.ref is not None and line.role == COLLAPSED


def _target(line: Line) -> str:
    return f"{quote(line.name)} [{line.ref}]"


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _either(texts: Iterable[str]) -> str:
    return " | ".join(map(_literal, dict.fromkeys(texts)))
