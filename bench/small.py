"""What is small enough to be done hundreds of times: a random-weight model of a real architecture, and one demonstration.

A night over them takes seconds. It learns nothing worth having, and goes through every phase that a real one goes through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.lessons.text import demonstration_text
from agent.store import LessonStep, Store
from browser.actions import Action, Verb
from browser.types import Line, Observation, StepResult
from consolidation.rehearsal.variants import Demonstration
from consolidation.segments import Step

PEOPLE = ("Alex", "Bea", "Chris")
URL = "http://127.0.0.1:7101/trip/"
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CORPUS = (
    'click "Save" [12]\ntype "Amount" [7] "12.50"\nselect "Payer" [9] "Alex"\nTask: Page: Lessons: Asked: Done so far:\n'
    'button link textbox combobox checkbox heading row text required checked collapsed expanded "Add" [1] = "20"\n'
    "You operate a web app for a person. Answer with the next action.\ndone fail ask open back scroll wait find press\n"
)


def small_tokenizer() -> Any:
    """Return a byte-level tokenizer trained on a few lines, with a chat template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(CORPUS.split("\n"), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        eos_token="<|im_end|>",
        bos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        chat_template=TEMPLATE,
    )


def small_llama(vocabulary: int) -> Any:
    """Return a Llama of two layers with random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=48,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=6,
            num_key_value_heads=2,
            max_position_embeddings=4096,
            tie_word_embeddings=True,
        )
    )


def save_small_model(folder: Path) -> Path:
    """Write the small Llama as anybody would save a model, the same weights every time, and return its folder."""
    import torch

    torch.manual_seed(7)
    tokenizer = small_tokenizer()
    small_llama(len(tokenizer)).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def list_page(*rows: str) -> Observation:
    """Return a list of bills, with these rows added."""
    lines = [Line("link", "Bills", 1), Line("link", "Statistics", 2), Line("link", "Add a new bill", 3)]
    lines += [Line("row", row) for row in ("2026-03-02 | Bea | Fuel | 60.00", *rows)]
    lines += [Line("link", "edit (Bea, Fuel)", 4), Line("link", "About", 5), Line("text", "Free software")]
    return Observation(URL, "Trip", tuple(lines))


def dialog_page() -> Observation:
    """Return the dialog in which a bill is added."""
    lines = [
        Line("dialog", "Add a bill"),
        Line("textbox", "What?", 20, states=("required",)),
        Line("combobox", "Who paid?", 21, options=PEOPLE),
        Line("textbox", "How much?", 22, states=("required",)),
        Line("link", "No one", 23),
        *(Line("checkbox", person, 24 + i, states=("checked",)) for i, person in enumerate(PEOPLE)),
        Line("button", "Submit", 30),
    ]
    return Observation(URL, "Trip", tuple(lines), dialog="Add a bill")


def change(page: Observation, ref: int, **fields: object) -> Observation:
    """Return the page with one line changed."""
    return replace(page, lines=tuple(replace(line, **fields) if line.ref == ref else line for line in page.lines))  # type: ignore[arg-type]


def record(page: Observation, actions: Sequence[tuple[Action, Observation]]) -> tuple[Step, ...]:
    """Return the steps of a session that began on a page: each action, with the page it led to."""
    steps = []
    for action, after in actions:
        steps.append(Step(page, action, StepResult(after)))
        page = after
    return tuple(steps)


def paid_back() -> Demonstration:
    """Return a demonstration as it is recorded in a real app: a list, a dialog with people and options, a list again."""
    start, form = list_page(), dialog_page()
    what = change(form, 20, value="Payback")
    who = change(what, 21, value="Chris")
    much = change(who, 22, value="20")
    none = much
    for ref in (24, 25, 26):
        none = change(none, ref, states=())
    bea = change(none, 25, states=("checked",))
    end = list_page("2026-11-23 | Chris | Payback | Bea | 20.00")
    steps = record(
        start,
        [
            (Action(Verb.CLICK, "Add a new bill", 3), form),
            (Action(Verb.TYPE, "What?", 20, "Payback"), what),
            (Action(Verb.SELECT, "Who paid?", 21, "Chris"), who),
            (Action(Verb.TYPE, "How much?", 22, "20"), much),
            (Action(Verb.CLICK, "No one", 23), none),
            (Action(Verb.CLICK, "Bea", 25), bea),
            (Action(Verb.CLICK, "Submit", 30), end),
            (Action(Verb.DONE), end),
        ],
    )
    return Demonstration("Chris paid Bea back 20", steps)


def teach(store: Store, demonstration: Demonstration, app: str = "trip") -> str:
    """Record a demonstration as a taught session, and return its lesson's id."""
    session_id = store.begin_session(demonstration.task, app, URL, kind="teach", policy="person")
    for number, step in enumerate(demonstration.steps):
        store.begin_step(session_id, number, step.observation, step.action, actor="person")
        store.finish_step(session_id, number, step.result)
    store.end_session(session_id, "done")
    actions = [step.action for step in demonstration.steps]
    steps = tuple(LessonStep(action.render(with_ref=False)) for action in actions)
    text = demonstration_text(demonstration.task, actions)
    return store.add_lesson("demonstration", app, demonstration.task, text, steps=steps, source_session_id=session_id)
