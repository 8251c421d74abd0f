"""An OpenAI-shaped server on loopback that decodes with a real model: under a GBNF grammar, a JSON Schema, or freely.

What it supports is chosen by the test, as servers differ: one that does not know a field ignores or refuses it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import torch
from llguidance import LLMatcher
from llguidance.gbnf_to_lark import gbnf_to_lark
from llguidance.hf import from_tokenizer

from agent.policy.tokens import allowed_tokens


@dataclass
class Served:
    """A model, what its server can do, and what was asked of it."""

    model: Any
    tokenizer: Any
    supports: tuple[str, ...] = ("grammar", "schema")
    refuses: bool = True
    """Whether an unknown field is refused; else it is ignored."""
    key: str = ""
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    says: list[str] = field(default_factory=list)
    """Answers to give before the model is asked: for what a model of random weights would never say."""
    _guide: Any = None

    def complete(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer one chat completion."""
        self.asked.append(body)
        grammar, wanted = (
            None,
            [name for name, key in (("grammar", "grammar"), ("schema", "response_format")) if key in body],
        )
        for name in wanted:
            if name not in self.supports and self.refuses:
                return 400, {"error": {"message": f"{name} is not supported"}}
            if name in self.supports:
                grammar = (
                    LLMatcher.grammar_from_lark(gbnf_to_lark(body["grammar"]))
                    if name == "grammar"
                    else LLMatcher.grammar_from_json_schema(
                        json.dumps(body["response_format"]["json_schema"]["schema"]),
                        overrides={"whitespace_flexible": False},
                    )
                )
        if self.says:
            return 200, {"choices": [{"message": {"role": "assistant", "content": self.says.pop(0)}}]}
        text = self.tokenizer.apply_chat_template(body["messages"], add_generation_prompt=True, tokenize=False)
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        made = self._decode(ids, grammar, body["max_tokens"])
        answer = self.tokenizer.decode(made, skip_special_tokens=True)
        usage = {"prompt_tokens": len(ids), "completion_tokens": len(made)}
        return 200, {"choices": [{"message": {"role": "assistant", "content": answer}}], "usage": usage}

    @torch.inference_mode()
    def _decode(self, ids: list[int], grammar: Any, limit: int) -> list[int]:
        vocabulary = self.model.config.get_text_config().vocab_size
        self._guide = self._guide or from_tokenizer(self.tokenizer, n_vocab=vocabulary)
        matcher = LLMatcher(self._guide, grammar) if grammar else None
        assert matcher is None or not matcher.is_error(), matcher.get_error()
        made: list[int] = []
        logits_V, cache = self._run(ids, None)
        while len(made) < limit and not (matcher and matcher.is_stopped()):
            if matcher:
                logits_V = logits_V.masked_fill(~allowed_tokens(matcher, len(logits_V)), float("-inf"))
                if len(made) > 40:  # a model of random weights never closes a text by itself
                    quote = self.tokenizer('"', add_special_tokens=False)["input_ids"][0]
                    logits_V[quote] += 1e6
            token = int(logits_V.argmax())
            if token == self.tokenizer.eos_token_id:
                break
            if matcher:
                matcher.consume_token(token)
            made.append(token)
            logits_V, cache = self._run([token], cache)
        return made

    def _run(self, ids: list[int], cache: Any) -> tuple[torch.Tensor, Any]:
        out = self.model(torch.tensor([ids]), past_key_values=cache, use_cache=True)
        return out.logits[0, -1].float(), out.past_key_values


class Handler(BaseHTTPRequestHandler):
    """Speaks the two routes that a client needs."""

    served: Served

    def do_GET(self) -> None:
        self._answer(200, {"object": "list", "data": [{"id": "tiny", "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(*self.served.complete(body))

    def _answer(self, status: int, record: dict[str, Any]) -> None:
        if self.served.key and self.headers["Authorization"] != f"Bearer {self.served.key}":
            status, record = 401, {"error": {"message": "no key"}}
        data = json.dumps(record).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving_model(served: Served) -> Iterator[Served]:
    """Serve a model while the block runs."""
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Handler,), {"served": served})) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        served.url = f"http://127.0.0.1:{server.server_port}/v1"
        yield served
        server.shutdown()
