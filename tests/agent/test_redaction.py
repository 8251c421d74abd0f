"""What is secret is painted over, in every form in which it may come back; everything else stays as it was."""

from __future__ import annotations

import base64
import html
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.events import event, redacted
from agent.redaction import MASK, Redactor, structural
from agent.secrets.process import crash_report, keep_out_of_logs
from agent.store import LessonStep, Store
from browser.actions import Action, Verb
from browser.types import Line, Observation, StepResult

VALUE = "Tr0ub4dor&3 <\"ü'>"
FORMS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "upper case": str.upper,
    "url": lambda text: quote(text, safe=""),
    "url, lower hex": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "form": quote_plus,
    "url twice": lambda text: quote(quote(text, safe=""), safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "basic authorization": lambda text: base64.b64encode(f"dana:{text}".encode()).decode(),
    "inside base64": lambda text: base64.urlsafe_b64encode(f'{{"pw":"{text}"}}'.encode()).decode(),
    "json": json.dumps,
    "json, not ascii": lambda text: json.dumps(text, ensure_ascii=False),
    "html": html.escape,
    "html, decimal": lambda text: html.escape(text).replace("&#x27;", "&#39;"),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "keystrokes": " ".join,
    "keystrokes, listed": lambda text: json.dumps(list(text)),
    "one a line": "\n".join,
}
secrets = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=8, max_size=24)
around = st.text(st.characters(codec="ascii", categories=("L", "P", "Z")), max_size=30)


@given(value=secrets, before=around, after=around)
def test_no_form_of_a_secret_is_left(value: str, before: str, after: str) -> None:
    redactor = Redactor([value, "another one"])
    for name, form_of in FORMS.items():
        form = form_of(value)
        if name == "upper case" and not value.isascii():
            continue
        clean = redactor.text(f"{before} {form} {after}")
        assert MASK in clean, name
        assert form not in clean, name


@given(text=st.text(max_size=200))
def test_a_text_without_secrets_stays_letter_by_letter(text: str) -> None:
    assert Redactor([VALUE]).text(text) == structural(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://dana:pw@shop.example/x", f"https://{MASK}@shop.example/x"),
        ("/x?page=2&access_token=abc.def&lang=de", f"/x?page=2&access_token={MASK}&lang=de"),
        ("/x#id_token=abc&state=1", f"/x#id_token={MASK}&state=1"),
        ("/x?user[password]=abc", f"/x?user[password]={MASK}"),
        ("/x;jsessionid=12AB#top", f"/x;jsessionid={MASK}#top"),
        ("/x?design=1&inside=2&tokens_left=3", "/x?design=1&inside=2&tokens_left=3"),
        ("Authorization: Bearer abc.def", f"Authorization: Bearer {MASK}"),
        ("Set-Cookie: sid=1; theme=dark; HttpOnly", f"Set-Cookie: {MASK}"),
        ("Cookie: we use them to remember you", "Cookie: we use them to remember you"),
        ("Write to dana@shop.example: 12:30 a = b", "Write to dana@shop.example: 12:30 a = b"),
    ],
)
def test_what_is_secret_by_where_it_stands(text: str, kept: str) -> None:
    assert structural(text) == kept
    assert structural(kept) == kept


def test_a_page_without_secrets_is_the_same_object() -> None:
    page = Observation("http://a.example/", "Bills", (Line("button", "Save", 1), Line("text", "Total 12:30 = 5")))
    assert Redactor([VALUE]).observation(page) is page


def test_ids_hashes_times_and_our_own_words_stay() -> None:
    redactor = Redactor(["2026-11", "01ARZ3NDEK", "deadbeef"])
    for text in ("2026-11-27T08:00:00.000+00:00", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "sha256:" + "deadbeef" * 8, "person"):
        assert redactor.storable(text) == text
    assert redactor.storable("due 2026-11-01") == f"due {MASK}-01"


def test_json_stays_json() -> None:
    record = {"reason": f"typed {VALUE}", "at": "2026-11-27T08:00:00.000+00:00", "n": [1, None, VALUE]}
    kept = Redactor([VALUE]).storable(json.dumps(record))
    assert json.loads(kept) == {"reason": f"typed {MASK}", "at": record["at"], "n": [1, None, MASK]}


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Callable[[Redactor | None], bytes]]:
    """Write a secret wherever the store takes text; returns all bytes of its files, pages unpacked."""

    def write(redactor: Redactor | None) -> bytes:
        folder = tmp_path / ("without" if redactor is None else "with")
        folder.mkdir()
        page = Observation(
            f"http://a.example/?q={VALUE}", VALUE, (Line("text", VALUE), *(Line("text", c) for c in VALUE))
        )
        with Store.open(folder / "a.db", redactor) as store:
            session = store.begin_session(f"sign in with {VALUE}", "app", page.url)
            store.begin_step(session, 0, page, Action(Verb.TYPE, "Word", 1, VALUE), guard={"reason": VALUE})
            store.finish_step(session, 0, StepResult(page, note=f'alert "{VALUE}"'))
            store.end_session(session, "done", VALUE)
            store.add_outcome(session, True, "person", VALUE)
            store.add_lesson("words", "app", VALUE, f"Told: {VALUE}", steps=(LessonStep(f'find "{VALUE}"'),))
            store.update_job(job := store.begin_job("night"), {"now": VALUE})
            store.job_event(job, {"said": VALUE})
            store.end_job(job, "failed", VALUE)
            pages = [step.observation for step in store.steps(session)]
            assert store.verify() == []
        packed = b"".join(path.read_bytes() for path in folder.iterdir())
        return packed + repr(pages).encode()

    yield write


def test_nothing_secret_reaches_the_store_in_any_column(written: Callable[[Redactor | None], bytes]) -> None:
    forms = [form_of(VALUE).strip('"').encode() for name, form_of in FORMS.items() if "base64" not in name]
    assert sum(form in written(None) for form in forms[:1]) == 1, "without redaction it is found"
    kept = written(Redactor([VALUE]))
    assert [form for form in forms if form in kept] == []
    assert b"Tr0ub4dor" not in kept


def test_events_log_lines_and_a_crash_are_clean(tmp_path: Path) -> None:
    told: list[dict[str, object]] = []
    redactor = Redactor([VALUE])
    redacted(told.append, redactor)(event("stepped", note=f"alert {VALUE}", step=1))
    assert told == [{"schema": 1, "event": "stepped", "note": f"alert {MASK}", "step": 1}]
    factory = logging.getLogRecordFactory()
    handler = logging.FileHandler(tmp_path / "log.txt", encoding="utf-8")
    logger = logging.getLogger("apprentice.test")
    logger.addHandler(handler)
    try:
        logger.error("before %s", VALUE)
        keep_out_of_logs(redactor)
        logger.error("typed %s", VALUE)
        try:
            raise RuntimeError(VALUE)
        except RuntimeError as error:
            logger.exception("it crashed")
            report = crash_report(redactor, error)
    finally:
        logging.setLogRecordFactory(factory)
        logger.removeHandler(handler)
        handler.close()
    lines = (tmp_path / "log.txt").read_text("utf-8").splitlines()
    assert lines[0] == f"before {VALUE}"
    assert lines[1] == f"typed {MASK}"
    assert VALUE not in "".join(lines[1:]) + report
    assert "RuntimeError" in report
