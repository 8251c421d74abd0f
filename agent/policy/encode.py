"""From a Prompt to token ids, the same for acting and for learning.

The chat template wraps system and user turn; each piece of the reply is encoded alone, so that the boundary between an
action and its outcome is a boundary between tokens, whatever the tokenizer would merge across it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.prompt import Prompt


class Encoder:
    """Encode prompts for one tokenizer. Text from pages can never become a control token."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        added = [str(token) for token in tokenizer.get_added_vocab()]
        self._control = sorted({*map(str, tokenizer.all_special_tokens), *added}, key=len, reverse=True)

    def head(self, prompt: Prompt) -> list[int]:
        """Encode everything before the reply, up to and including the opening of the assistant's turn."""
        turns = [
            {"role": "system", "content": self.plain(prompt.system)},
            {"role": "user", "content": self.plain(prompt.user)},
        ]
        if not self.tokenizer.chat_template:
            return self.text(f"{turns[0]['content']}\n\n{turns[1]['content']}\n\n")
        text = self.tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, tokenize=False, enable_thinking=False
        )
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def text(self, text: str) -> list[int]:
        """Encode a piece of a reply."""
        return self.tokenizer(self.plain(text), add_special_tokens=False)["input_ids"]

    def prompt(self, prompt: Prompt) -> list[int]:
        """Encode a whole prompt: the next token is the first of the action."""
        ids = self.head(prompt)
        for piece in prompt.reply:
            ids.extend(self.text(piece.text))
        return ids

    def plain(self, text: str) -> str:
        """Break up control tokens that stand in ordinary text: `<|im_end|>` becomes `‹|im_end|>`."""
        for token in self._control:
            if token in text and not token.isspace():
                text = text.replace(token, ("‹" if token[0] == "<" else "·") + token[1:])
        return text


def shared_length(sequences: Sequence[list[int]]) -> int:
    """Return how many tokens all sequences begin with alike."""
    if not sequences:
        return 0
    first, last = min(sequences), max(sequences)  # all others lie between these two
    return next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
