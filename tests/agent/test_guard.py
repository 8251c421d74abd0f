"""The guard: where the agent may be, and what it may bring about without being told."""

from dataclasses import replace

import pytest

from agent.guard import NEEDS_APPROVAL, Consequence, Guard, Verdict, consequence_of, origin_of
from browser.actions import Action, Verb
from browser.types import Line, Observation

URL = "http://a.example:8000/bills"
PAGE = Observation(
    URL,
    "Bills",
    (
        Line("button", "Save", 1),
        Line("button", "Delete (Fuel)", 2),
        Line("button", "Send invitation", 3),
        Line("button", "Yes, I am sure", 4),
        Line("link", "Bills", 5),
        Line("button", "Edit (Remove old paint)", 6),
        Line("button", "Are you sure?", 7),
    ),
)


def click(ref: int) -> Action:
    line = PAGE.find(ref)
    assert line is not None
    return Action(Verb.CLICK, line.name, ref)


@pytest.mark.parametrize(
    ("role", "name", "consequence"),
    [
        ("button", "Save", Consequence.CHANGE),
        ("link", "Bills", Consequence.READ),
        ("tab", "General", Consequence.READ),
        ("button", "Delete", Consequence.DELETE),
        ("link", "remove", Consequence.DELETE),
        ("menuitem", "Löschen", Consequence.DELETE),
        ("button", "Pay now", Consequence.PAY),
        ("button", "Place order", Consequence.PAY),
        ("button", "Send", Consequence.SEND),
        ("button", "Reply to all", Consequence.SEND),
        ("button", "Publish", Consequence.PUBLISH),
        ("button", "Payer details", Consequence.CHANGE),
        ("button", "Sender", Consequence.CHANGE),
        ("button", "Edit (Delete old paint)", Consequence.CHANGE),
        ("textbox", "Delete reason", Consequence.CHANGE),
        ("checkbox", "Send a copy", Consequence.CHANGE),
    ],
)
def test_what_a_control_may_bring_about(role: str, name: str, consequence: Consequence) -> None:
    assert consequence_of(Line(role, name, 1)) is consequence


def test_harmless_actions_pass_and_final_ones_need_somebody() -> None:
    guard = Guard.for_task(URL)
    assert guard.judge(click(1), PAGE).allowed
    verdict = guard.judge(click(2), PAGE)
    assert (verdict.allowed, verdict.consequence, verdict.by) == (False, Consequence.DELETE, "nobody")


@pytest.mark.parametrize("consequence", sorted(NEEDS_APPROVAL))
def test_a_policy_allows_only_what_it_names(consequence: Consequence) -> None:
    guard = Guard.for_task(URL, [consequence])
    assert guard.judge(click(2), PAGE).allowed is (consequence is Consequence.DELETE)
    assert guard.judge(click(3), PAGE).allowed is (consequence is Consequence.SEND)


@pytest.mark.parametrize("answer", [True, False])
def test_the_person_decides_and_it_is_recorded(answer: bool) -> None:
    asked: list[tuple[Action, Verdict]] = []

    def approve(action: Action, verdict: Verdict) -> bool:
        asked.append((action, verdict))
        return answer

    verdict = Guard.for_task(URL, approver=approve).judge(click(3), PAGE)
    assert verdict.allowed is answer and verdict.by == "person"
    assert asked[0][0] == click(3) and "send" in verdict.to_json()["reason"]  # type: ignore[operator]


@pytest.mark.parametrize("confirm", [4, 7])
def test_a_bare_confirmation_carries_what_it_confirms(confirm: int) -> None:
    guard = Guard.for_task(URL, approver=lambda action, _: action.name.startswith("Delete"))
    assert guard.judge(click(confirm), PAGE).allowed
    assert guard.judge(click(2), PAGE).allowed
    verdict = guard.judge(click(confirm), PAGE)
    assert not verdict.allowed and verdict.consequence is Consequence.DELETE


def test_other_origins_are_out_of_reach() -> None:
    guard = Guard.for_task(URL)
    elsewhere = replace(PAGE, url="http://b.example/")
    assert not guard.judge(click(1), elsewhere).allowed
    assert guard.judge(Action(Verb.BACK), elsewhere).allowed
    assert guard.judge(Action(Verb.OPEN, text="/other"), PAGE).allowed
    for url in (
        "http://b.example/",
        "http://a.example/",
        "https://a.example:8000/",
        "//b.example/x",
        "javascript:alert(1)",
        "http://a.example:8000@b.example/",
    ):
        assert not guard.judge(Action(Verb.OPEN, text=url), PAGE).allowed, url
    assert Guard.for_task(URL, extra_origins=["http://b.example"]).judge(click(1), elsewhere).allowed
    assert not guard.judge(click(1), replace(PAGE, url="about:blank")).allowed


def test_speaking_to_the_person_is_always_allowed() -> None:
    for verb in (Verb.ASK, Verb.DONE, Verb.FAIL):
        assert Guard.for_task(URL).judge(Action(verb, text="x"), replace(PAGE, url="http://b.example/")).allowed


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://A.example/x", "http://a.example"),
        ("https://a.example:443/", "https://a.example"),
        ("http://127.0.0.1:7101/trip/", "http://127.0.0.1:7101"),
        ("a.example", "https://a.example"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
    ],
)
def test_origins(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "ftp://a.example",
            "about:blank",
            "http://",
            "a b",
            "http://a b/",
            "http://a%20b/",
            "http://a|b/",
            "http://a:99999/",
        ),
        "http://good.example\\@bad.example/",  # a browser goes to the first, a reader of RFC 3986 to the second
    ],
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="not a web address"):
        origin_of(url)


def test_an_unknown_consequence_is_refused() -> None:
    with pytest.raises(ValueError, match="explode"):
        Guard.for_task(URL, ["explode"])
