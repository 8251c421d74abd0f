"""Child processes: real ones, that say much, nothing, or end at the wrong moment."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from tui.feed import Child, CommandError, Errand


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def follow(code: str) -> tuple[int, list[dict[str, Any]], list[str]]:
    records: list[dict[str, Any]] = []
    notes: list[str] = []
    return Child(python(code), records.append, notes.append).follow(), records, notes


def test_objects_words_and_the_exit_code_arrive_in_order() -> None:
    code, records, notes = follow(
        'print(\'{"a": 1}\'); print("hm"); print("[2]"); print(); print(\'{"a": 3}\'); raise SystemExit(4)'
    )
    assert (code, records, notes) == (4, [{"a": 1}, {"a": 3}], ["hm", "[2]"])


def test_a_page_of_megabytes_is_one_record() -> None:
    _, records, _ = follow('import json; print(json.dumps({"lines": ["x" * 4_000_000]}))')
    assert len(records[0]["lines"][0]) == 4_000_000


def test_bytes_that_are_no_text_do_no_harm() -> None:
    code, records, notes = follow(
        "import sys; sys.stdout.buffer.write(b'\\xff\\n'); sys.stderr.buffer.write(b'\\xfe\\n')"
    )
    assert (code, records) == (0, [])
    assert notes == ["\ufffd", "\ufffd"]


def test_an_answer_reaches_it_and_one_after_its_end_is_harmless() -> None:
    asked = threading.Event()
    records: list[dict[str, Any]] = []
    notes: list[str] = []

    def hear(record: dict[str, Any]) -> None:
        records.append(record)
        asked.set()

    child = Child(python("print('{}', flush=True); print(input(), end='')"), hear, notes.append)
    thread = threading.Thread(target=child.follow)
    child.answer({"too": "early"})
    thread.start()
    assert asked.wait(60)
    child.answer({"answer": "grün"})
    thread.join(60)
    child.answer({"answer": "too late"})
    child.stop()
    assert records == [{}, {"answer": "grün"}]


def test_one_that_is_stopped_before_it_starts_ends_at_once() -> None:
    child = Child(python("import sys; sys.stdin.read()"), print, print)
    child.stop()
    assert child.follow() != 0


def test_an_errand_raises_the_commands_own_error() -> None:
    errand = Errand(python('print(\'{"error": "no such adapter", "next_step": "List them"}\'); raise SystemExit(2)'))
    with pytest.raises(CommandError, match="no such adapter"):
        errand.run()


def test_an_errand_that_dies_repeats_its_last_words() -> None:
    notes: list[str] = []
    errand = Errand(python("raise ValueError('out of luck')"), notes.append)
    with pytest.raises(CommandError, match="out of luck"):
        errand.run()
    assert notes[0].startswith("Traceback")


def test_an_errand_that_is_done_says_nothing() -> None:
    Errand(python("print('{}'); raise SystemExit(3)")).run()
