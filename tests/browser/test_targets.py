"""Where controls lead: told beside the lines, for the guard, and never in them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from browser.environment import LiveEnvironment
from browser.types import Observation, Target
from tests.browser.conftest import Driver

pytestmark = pytest.mark.browser

FORMS = """<title>Forms</title>
<a href="/x?to=a#b">Go</a> <a href="mailto:a@b.example">Write</a>
<form action="/send" method=post id=f><input name=action value=q><input name=method value=get>
  <label>To <input name=to></label><label>Body <textarea></textarea></label>
  <button type=button>Preview</button><button>Continue</button><button formaction="/drafts" formmethod=get>Keep</button></form>
<button form=f>Outside</button>
<form><input type=search aria-label=Find></form>
<form action="/b" method=dialog><button>Close</button></form>
<button>Bare</button><div role=button tabindex=0>Scripted</div>
<iframe srcdoc="<form action='/inner' method=POST><button>Inner</button></form>"></iframe>
<p>END</p>"""


@pytest.fixture(scope="module")
def page(driver: Driver) -> Observation:
    driver.at("second.html")
    driver.environment.tabs.page.set_content(FORMS)
    return driver.environment.look()


def led(page: Observation, name: str) -> tuple[str, str, str] | None:
    line = next(line for line in page.lines if line.name == name and line.ref)
    target = page.targets.get(line.ref or 0)
    return target and (target.method, target.url.removeprefix(page.origin), target.submit)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("Go", ("link", "/x?to=a#b", "")),
        ("Write", ("link", "mailto:a@b.example", "")),
        ("To", ("post", "/send", "Continue")),
        ("Body", ("post", "/send", "Continue")),
        ("Preview", None),
        ("Continue", ("post", "/send", "")),
        ("Keep", ("get", "/drafts", "")),
        ("Outside", ("post", "/send", "")),
        ("Find", ("get", "/second.html", "")),
        ("Close", ("dialog", "/b", "")),
        ("Bare", None),
        ("Scripted", None),
        ("Inner", ("post", "/inner", "")),
    ],
)
def test_where_a_control_leads(page: Observation, name: str, target: tuple[str, str, str] | None) -> None:
    assert led(page, name) == target


def test_fields_and_buttons_of_a_form_are_told_from_those_of_another(page: Observation) -> None:
    number = {line.name: page.targets[line.ref].form for line in page.lines if line.ref in page.targets}
    assert number["To"] == number["Continue"] == number["Outside"] != number["Find"] and number["Go"] == 0


def test_what_the_policy_reads_and_the_store_keeps_tells_nothing_of_it(page: Observation) -> None:
    assert "/send" not in page.render() and "targets" not in page.to_json()
    again = Observation.from_json(page.to_json())
    assert again == page and again.targets == {} and again.frames == ()


def test_what_has_the_focus_and_is_no_line(driver: Driver) -> None:
    driver.at("second.html")
    hidden = "<form action='/gone' method=post><button style='opacity:0;position:absolute;left:-9px' autofocus>Away</button></form>"
    driver.environment.tabs.page.set_content(f"<p>Nothing here</p>{hidden}")
    driver.script("document.querySelector('button').focus()")
    seen = driver.environment.look()
    focused = seen.targets.get(0) or seen.targets.get(seen.focus or 0)
    assert focused and focused.method == "post" and focused.url.endswith("/gone")


def test_lines_of_a_frame_carry_its_origin(
    driver: Driver, other: str, make_environment: Callable[..., LiveEnvironment], tmp_path: Path
) -> None:
    driver.at("second.html")
    address = other.replace("127.0.0.1", "localhost")
    driver.environment.tabs.page.set_content(
        f"<button>Mine</button><iframe src='{address}/second.html' width=600 height=300>"
    )
    driver.environment.settle()
    seen = driver.environment.look()
    (part,) = seen.frames
    origins = [seen.origin_at(number) for number in range(len(seen.lines))]
    assert (
        origins[0] == seen.origin
        and set(origins[part.first :]) == {address}
        and part.count == len(origins) - part.first
    )
    inner = next(line for line in seen.lines[part.first :] if line.ref)
    assert seen.origin_of(inner) == address
    assert isinstance(seen.targets.get(inner.ref or 0), Target | None)
