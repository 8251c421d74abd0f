"""ServedPolicy: a model behind an OpenAI-compatible address (vLLM, llama.cpp, Ollama, a company's gateway).

Decoding is asked for in three ways, the strictest first: the page's grammar, its actions as a JSON Schema, then plain text. A server that
refuses a way, or answers what cannot be done, is asked in the next one, and never again in one that it refused. Whatever it answers is
checked here, so an action that cannot be performed never leaves this module.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from agent.grammar import read_action
from agent.policy.offers import action_schema, gbnf_grammar, problem_with, read_object
from agent.prompt import Prompt
from agent.types import Decision
from browser.actions import Action
from browser.errors import ApprenticeError, SetupError, UsageError
from browser.types import Observation

KEY_VARIABLE = "APPRENTICE_API_KEY"
PATIENCE = 120.0
"""Seconds for one answer."""
MAX_NEW_TOKENS = 200
ATTEMPTS = 4
"""Answers to one prompt before the model is given up."""


class ServerFailed(ApprenticeError, OSError):
    """A model server does not answer, or not with an action."""

    exit_code = 3


class Way(StrEnum):
    """How the form of an answer is asked for."""

    GRAMMAR = "grammar"
    SCHEMA = "schema"
    PLAIN = "plain"


_SAY = {
    Way.GRAMMAR: "The next action, on one line:",
    Way.SCHEMA: 'The next action as JSON, like {"action": "type", "target": "\\"Name\\" [3]", "text": "Ada"}:',
    Way.PLAIN: "Answer with the next action alone, on one line, exactly in the form above:",
}


@dataclass(slots=True)
class ServedPolicy:
    """Greedy decoding by a server. The page, the task and the lessons are sent to it."""

    url: str
    """Where `/chat/completions` is, like `http://127.0.0.1:8000/v1`."""
    model: str
    temperature: float = 0.0
    seed: int = 0
    way: Way = Way.GRAMMAR
    """The strictest way that the server has not refused."""
    _client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=PATIENCE, headers=_key()))

    name: str = field(init=False)
    """The model and where it is served."""

    def __post_init__(self) -> None:
        self.name = f"{self.model} at {urlsplit(self.url).netloc}"

    @classmethod
    def connect(cls, address: str, **options: Any) -> ServedPolicy:
        """Ask a server what it serves. An address may name the model after `#`: `http://127.0.0.1:8000/v1#qwen`.

        Raises UsageError for a bad address or an unknown model, SetupError when there is no such server.
        """
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{address!r} is no address of a model server", "Give one like http://127.0.0.1:8000/v1")
        url = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), parts.query, ""))
        served = cls(url, "")._models()
        if not served or (parts.fragment and parts.fragment not in served):
            raise UsageError(
                f"{url} does not serve {parts.fragment or 'any model'}",
                f"Name one of its models after #: {', '.join(served[:9])}",
            )
        return cls(url, parts.fragment or served[0], **options)

    def decide(self, prompt: Prompt, page: Observation) -> Decision:
        """Choose the next action; it can be performed on `page`. Raises ServerFailed when no answer can."""
        started, spent, wrong = time.perf_counter(), [0, 0], ""
        for _ in range(ATTEMPTS):
            answer, used = self._answer(prompt, page, wrong)
            if answer is None:  # this way is refused: the next one
                self.way = Way.SCHEMA if self.way is Way.GRAMMAR else Way.PLAIN
                continue
            spent = [total + more for total, more in zip(spent, used, strict=True)]
            action, wrong = self._read(answer, page, prompt)
            if action is not None:
                took_ms = (time.perf_counter() - started) * 1e3
                return Decision(action, took_ms, spent[0], spent[0], spent[1])
            self.way = {Way.GRAMMAR: Way.SCHEMA, Way.SCHEMA: Way.PLAIN}.get(self.way, Way.PLAIN)
        raise ServerFailed(
            f"{self.name} answered no action that can be done here: {wrong[:200]}",
            "Serve a model that follows instructions",
        )

    def _answer(self, prompt: Prompt, page: Observation, wrong: str) -> tuple[str | None, list[int]]:
        """Ask once. The answer is None when the server refuses this way of asking."""
        body = {
            "model": self.model,
            "messages": self._messages(prompt, wrong),
            "temperature": self.temperature,
            "seed": self.seed,
            "max_tokens": MAX_NEW_TOKENS,
            **self._form(page, prompt),
        }
        response = self._post(body)
        if response.status_code in (400, 404, 422, 501) and self.way is not Way.PLAIN:
            return None, [0, 0]
        if response.status_code != 200:
            raise ServerFailed(
                f"{self.url} answered {response.status_code}: {_said(response)}", "See what the server logs"
            )
        try:
            record = response.json()
            answer = record["choices"][0]["message"]["content"] or ""
            usage = record.get("usage") or {}
            return str(answer), [int(usage.get(key) or 0) for key in ("prompt_tokens", "completion_tokens")]
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise ServerFailed(
                f"{self.url} answered no chat completion: {_said(response)}", "Check the address"
            ) from error

    def _messages(self, prompt: Prompt, wrong: str) -> list[dict[str, str]]:
        reply = "".join(piece.text for piece in prompt.reply)
        parts = [prompt.user, *([f"Since then:\n{reply}"] if reply else [])]
        parts += [f"Your last answer was no action: {wrong}"] if wrong else []
        return [
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": "\n\n".join([*parts, _SAY[self.way]])},
        ]

    def _form(self, page: Observation, prompt: Prompt) -> dict[str, Any]:
        """Return what holds the answer to the page's actions, for whichever server reads it."""
        if self.way is Way.GRAMMAR:
            grammar = gbnf_grammar(page, prompt.futile, prompt.secrets, prompt.answer_schema)
            return {"grammar": grammar, "structured_outputs": {"grammar": grammar}}
        if self.way is Way.SCHEMA:
            schema = action_schema(page, prompt.futile, prompt.secrets, prompt.answer_schema)
            named = {"name": "action", "strict": True, "schema": schema}
            return {"response_format": {"type": "json_schema", "json_schema": named}}
        return {}

    def _read(self, answer: str, page: Observation, prompt: Prompt) -> tuple[Action | None, str]:
        """Return the action that an answer is, or what is wrong with it."""
        text = answer.rpartition("</think>")[2].strip().strip("`").strip()
        try:
            if text.startswith("{"):
                action = read_object(json.loads(text), prompt.secrets)
            else:
                action = read_action(text.partition("\n")[0], prompt.answer_schema)
        except (ValueError, RecursionError) as error:
            return None, str(error).splitlines()[0]
        problem = problem_with(action, page, prompt.futile, prompt.secrets, prompt.answer_schema)
        return (None, problem) if problem else (action, "")

    def _post(self, body: dict[str, Any]) -> httpx.Response:
        try:
            return self._client.post(f"{self.url}/chat/completions", json=body)
        except httpx.HTTPError as error:
            raise ServerFailed(
                f"{self.url} does not answer: {error or type(error).__name__}", "Check that the model server still runs"
            ) from error

    def _models(self) -> list[str]:
        advice = f"Check that the server runs; its key goes into ${KEY_VARIABLE}"
        try:
            response = self._client.get(f"{self.url}/models", timeout=10)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SetupError(f"{self.url} does not answer: {error or type(error).__name__}", advice) from error
        try:
            if response.status_code != 200:
                raise ValueError
            return [str(item["id"]) for item in response.json()["data"]]
        except (ValueError, KeyError, TypeError) as error:
            raise SetupError(
                f"{self.url}/models answered {response.status_code}: {_said(response)}",
                f"Give the address that ends in /v1. {advice}",
            ) from error


def _key() -> dict[str, str]:
    key = os.environ.get(KEY_VARIABLE, "").strip()
    return {"Authorization": f"Bearer {key}"} if key else {}


def _said(response: httpx.Response) -> str:
    return " ".join(response.text.split())[:200]
