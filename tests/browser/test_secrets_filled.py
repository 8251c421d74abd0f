"""A secret is filled in by the executor alone, in its own origin's secret fields, and nothing that is read of a page shows it again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.redaction import MASK, Redactor, forms_of
from agent.secrets import Grant, Secret
from bench.pixels import grey_share
from browser.environment import LiveEnvironment
from browser.types import Observation, StepResult
from tests.browser.conftest import Driver

pytestmark = pytest.mark.browser

VALUE = 'Tr0ub4dor & <3 "ü"'
PLAIN = "hunter2-plain"


@pytest.fixture(scope="module")
def vaulted(app: str, make_environment: Callable[..., LiveEnvironment], downloads: Path) -> Driver:
    """A browser that may type two secrets of the app's origin and one of another."""
    secrets = {
        name: Secret(name, (origin,), value)
        for name, origin, value in (
            ("odd", app, VALUE),
            ("plain", app, PLAIN),
            ("bank", "https://bank.example", "elsewhere-1"),
        )
    }
    redactor = Redactor(secret.value for secret in secrets.values())
    environment = make_environment(app, downloads=downloads, secrets=Grant(secrets).resolve, redact=redactor)
    return Driver(environment, app)


def shown(page: Observation, *, value: str) -> list[str]:
    """The forms of a value that a page, as it was read, still shows."""
    text = json.dumps(page.to_json(), ensure_ascii=False) + page.render() + page.title + page.path
    return [form for form in forms_of(value) if form.lower() in text.lower()]


def type_secret(driver: Driver, field: str, name: str) -> StepResult:
    return driver.do(f'type "{field}" <secret:{name}>')


@pytest.mark.parametrize(("name", "value"), [("odd", VALUE), ("plain", PLAIN)])
def test_a_secret_is_filled_in_and_never_seen_again(vaulted: Driver, name: str, value: str) -> None:
    vaulted.open("echo.html")
    result = type_secret(vaulted, "Password", name)
    assert result.ok, result.note
    assert vaulted.script("last()") == value  # the page has it
    assert vaulted.line("Password").states == ("secret", "filled")
    page = vaulted.do('click "Repeat"').observation
    assert vaulted.script("document.title") == f"typed {value}"
    assert shown(page, value=value) == []
    assert page.title == f"typed {MASK}"
    assert any(line.name.startswith(f"you typed {MASK}") for line in page.lines)
    spelt = [line.name for line in page.lines if len(line.name) == 1]
    assert spelt == [], page.render()  # it stood there one character a line
    assert vaulted.do('click "Alert"').note == f'alert "you typed {MASK}"'
    assert vaulted.do('click "Copy"').observation.find(vaulted.line("Comment").ref or 0).value == MASK  # type: ignore[union-attr]


def test_a_page_without_a_secret_is_the_same_object(vaulted: Driver) -> None:
    page = vaulted.open("second.html")
    assert vaulted.environment.redacted(page) is page


def test_downloads_are_named_without_secrets(vaulted: Driver, downloads: Path) -> None:
    vaulted.open("echo.html")
    type_secret(vaulted, "Password", "plain")
    note = vaulted.do('click "Save"').note
    assert note.startswith("downloaded")
    assert PLAIN not in note + " ".join(path.name for path in downloads.iterdir())


@pytest.mark.parametrize(
    ("page", "field", "name", "said"),
    [
        ("echo.html", "Password", "bank", "<secret:bank> belongs to https://bank.example, not to http://127.0.0.1:"),
        ("echo.html", "Password", "nobody", "<secret:nobody> was not granted to this session"),
        ("echo.html", "Comment", "plain", '"Comment" is no field for secrets, so <secret:plain> is not typed into it'),
    ],
)
def test_a_secret_that_does_not_belong_there_is_one_clear_line(
    vaulted: Driver, page: str, field: str, name: str, said: str
) -> None:
    vaulted.open(page)
    result = type_secret(vaulted, field, name)
    assert not result.ok
    assert result.note.startswith(said)
    assert "\n" not in result.note
    assert vaulted.script("password.value + comment.value") == ""


def test_a_frame_gets_the_secrets_of_its_own_origin_only(vaulted: Driver, other: str) -> None:
    far = other.replace("127.0.0.1", "localhost")
    vaulted.open(f"frames.html?far={far}/echo.html")
    result = type_secret(vaulted, "Password", "plain")
    assert not result.ok
    assert result.note == f"<secret:plain> belongs to {vaulted.app}, not to {far}"
    vaulted.open("frames.html?same=echo.html")
    assert type_secret(vaulted, "Password", "plain").ok


def test_a_secret_among_the_words_of_a_page_is_painted_over_in_pictures(vaulted: Driver) -> None:
    vaulted.open("echo.html")
    type_secret(vaulted, "Password", "odd")
    vaulted.do('click "Repeat"')
    for place in ("#said", "#coded", "#spelt"):
        assert grey_share(vaulted.environment, vaulted.environment.tabs.page.locator(place)) > 0.98, place
    assert grey_share(vaulted.environment, vaulted.environment.tabs.page.locator("h1")) < 0.02  # the rest can be seen
    vaulted.script("said.textContent = coded.textContent = ''; spelt.innerHTML = ''; comment.value = value")
    assert grey_share(vaulted.environment, vaulted.environment.tabs.page.locator("#comment")) > 0.9
    vaulted.script("comment.value = ''; said.textContent = 'nothing of it'")
    assert grey_share(vaulted.environment, vaulted.environment.tabs.page.locator("#said")) < 0.02


def test_without_a_grant_nothing_is_typed(driver: Driver) -> None:
    driver.open("echo.html")
    result = type_secret(driver, "Password", "plain")
    assert (result.ok, result.note) == (False, "<secret:plain> was not granted to this session")
