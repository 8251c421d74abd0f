"""The outside view: files, databases and APIs, before and after."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from bench.arena import wilson
from bench.checks import Judge, look_up
from bench.definitions import Check, Lookup


def test_a_file_must_come_to_say_it(tmp_path: Path) -> None:
    check = Check(file="{data}/*.txt", pattern="^{title}$")
    (tmp_path / "old.txt").write_text("a.b\n")
    values = {"data": str(tmp_path), "title": "a.b"}
    assert not Judge(check, values).succeeded(), "what was there before is no success"
    (tmp_path / "old.txt").write_text("axb\n")
    judge = Judge(check, values)
    assert not judge.succeeded(), "the value is no pattern"
    (tmp_path / "new.txt").write_text("first\na.b\n")
    assert judge.succeeded()
    again = Judge(check, values)
    assert not again.succeeded()
    (tmp_path / "again.txt").write_text("a.b\n")
    assert again.succeeded(), "an earlier errand may have said the same"
    (tmp_path / "thrice.txt").write_text("a.b\n")
    assert not again.succeeded(), "once, not twice"


def test_exactly_one_record_must_come_to_be(tmp_path: Path) -> None:
    database = tmp_path / "app.db"
    with sqlite3.connect(database) as connection:
        connection.execute("create table bill (what text, amount real)")
    check = Check(sql="select * from bill", database="{data}/app.db", added=1, match={"what": "{w}", "amount": "{a}"})
    judge = Judge(check, {"data": str(tmp_path), "w": "Taxi", "a": "12.50"})
    assert not judge.succeeded()
    with sqlite3.connect(database) as connection:
        connection.execute("insert into bill values ('Taxi', 12.5)")
    assert judge.succeeded(), "numbers are compared as numbers"
    with sqlite3.connect(database) as connection:
        connection.execute("insert into bill values ('Taxi', 12.5)")
    assert not judge.succeeded(), "once, not twice"


@pytest.fixture
def api() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    records: list[dict[str, Any]] = [{"id": 1, "name": "Ada", "owers": []}]

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(records).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Api) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", records
        server.shutdown()


def test_an_api_is_asked_before_and_after(api: tuple[str, list[dict[str, Any]]]) -> None:
    url, records = api
    check = Check(http="{url}/bills", added=1, match={"owers": [{"name": "{payee}"}], "name": "Ben"})
    judge = Judge(check, {"url": url, "payee": "Ada"})
    records.append({"id": 2, "name": "Ben", "owers": [{"name": "Ada", "id": 1}]})
    assert judge.succeeded()
    records[-1]["owers"].append({"name": "Eve"})
    assert not judge.succeeded(), "nobody else may owe"


def test_a_value_is_looked_up_in_the_app(api: tuple[str, list[dict[str, Any]]]) -> None:
    lookup = Lookup("{url}/people", {"name": "{person}"}, "id")
    assert look_up(lookup, {"url": api[0], "person": "Ada"}) == "1"
    with pytest.raises(LookupError):
        look_up(lookup, {"url": api[0], "person": "Nobody"})


@pytest.mark.parametrize(
    ("wins", "count", "low", "high"), [(0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0), (8, 10, 0.49, 0.943)]
)
def test_wilson_intervals_are_the_published_ones(wins: int, count: int, low: float, high: float) -> None:
    assert wilson(wins, count) == pytest.approx((low, high), abs=1e-3)
