"""What actions bring about, by form, address, focus and dialog; and where that is allowed."""

from dataclasses import replace

import pytest

from agent.guard import Consequence, Guard, Verdict, consequence_of
from agent.guard.consequences import consequence_of_address
from agent.guard.policy import OriginsTable, PolicyFile
from browser.actions import Action, Verb
from browser.types import FramePart, Line, Observation, Target

URL = "http://a.example"
LINES = (
    Line("textbox", "Amount", 1, "500"),
    Line("textbox", "To", 2, "Bea"),
    Line("button", "Continue", 3),
    Line("searchbox", "Find", 4),
    Line("link", "Details", 5),
    Line("textbox", "PIN", 6, states=("secret", "filled")),
)
PAGE = Observation(
    f"{URL}/new",
    "New",
    LINES,
    targets={
        **{ref: Target("post", f"{URL}/transfer", "Continue", 1) for ref in (1, 2, 6)},
        3: Target("post", f"{URL}/transfer", "", 1),
        4: Target("get", f"{URL}/find", "", 2),
        5: Target("link", f"{URL}/transfer?to=mallory"),
    },
)


def click(ref: int, page: Observation = PAGE) -> Action:
    line = page.find(ref)
    assert line
    return Action(Verb.CLICK, line.name, ref)


@pytest.mark.parametrize(
    ("name", "method", "path", "consequence"),
    [
        ("Submit", "post", "/trip/add", Consequence.CHANGE),
        ("Submit", "get", "/trip/find", Consequence.READ),
        ("Continue", "post", "/transfer", Consequence.PAY),
        ("OK", "post", "/bills/3/delete", Consequence.DELETE),
        ("OK", "post", "/bills/delete/3", Consequence.DELETE),
        ("Go", "post", "/doku.php?do=send", Consequence.SEND),
        ("Save", "post", "/posts/3/edit", Consequence.CHANGE),
        ("Save", "post", "/delete_reasons/new", Consequence.CHANGE),
        ("Delete", "get", "/search", Consequence.DELETE),
        ("Log In", "post", "/login", Consequence.CHANGE),
        ("Change password", "post", "/me", Consequence.GRANT),
    ],
)
def test_name_and_form_together_say_what_a_button_does(
    name: str, method: str, path: str, consequence: Consequence
) -> None:
    assert consequence_of(Line("button", name, 1), Target(method, URL + path)) is consequence


@pytest.mark.parametrize(
    ("path", "consequence"),
    [
        ("/post/3", Consequence.READ),
        ("/archive", Consequence.READ),
        ("/transfer", Consequence.READ),
        ("/transfer?to=mallory", Consequence.PAY),
        ("/bills/3/delete", Consequence.DELETE),
        ("/doku.php?id=decisions:delete_plan", Consequence.READ),
        ("/doku.php?id=x&do=edit", Consequence.READ),
        ("/index.php?action=delete&id=3", Consequence.DELETE),
    ],
)
def test_addresses_that_act_when_they_are_opened(path: str, consequence: Consequence) -> None:
    assert consequence_of_address(URL + path) is consequence
    verdict = Guard.for_task(URL).judge(Action(Verb.OPEN, text=path), PAGE)
    assert verdict.allowed is (consequence is Consequence.READ)


def test_a_harmless_name_does_not_hide_where_a_form_or_link_goes() -> None:
    assert Guard.for_task(URL).judge(click(3), PAGE).consequence is Consequence.PAY
    assert Guard.for_task(URL).judge(click(5), PAGE).consequence is Consequence.PAY
    assert Guard.for_task(URL).judge(click(3), replace(PAGE, targets={})).consequence is Consequence.CHANGE


@pytest.mark.parametrize("focus", [1, 3])
def test_enter_does_what_the_forms_button_does(focus: int) -> None:
    enter = Action(Verb.PRESS, text="Enter")
    assert Guard.for_task(URL).judge(enter, replace(PAGE, focus=focus)).consequence is Consequence.PAY
    assert Guard.for_task(URL).judge(enter, replace(PAGE, focus=4)).consequence is Consequence.READ
    assert Guard.for_task(URL).judge(enter, replace(PAGE, focus=None)).consequence is Consequence.CHANGE


def test_enter_on_a_button_that_is_not_among_the_lines() -> None:
    hidden = replace(PAGE, focus=None, targets={0: Target("post", f"{URL}/me", "Delete account", 9)})
    assert Guard.for_task(URL).judge(Action(Verb.PRESS, text="Enter"), hidden).consequence is Consequence.DELETE


def test_the_person_is_shown_the_exact_effect() -> None:
    asked: list[Verdict] = []

    def approve(_: Action, verdict: Verdict) -> bool:
        asked.append(verdict)
        return True

    Guard.for_task(URL, approver=approve).judge(click(3), PAGE)
    assert asked[0].reason == (
        'click "Continue" may pay: sends a form to http://a.example/transfer with "Amount" "500", "To" "Bea", "PIN" (secret)'
    )


def read_only() -> Guard:
    return Guard.for_task(URL, policy=PolicyFile(origins=OriginsTable(read=(URL,))))


def test_an_origin_may_be_read_only() -> None:
    guard = read_only()
    assert guard.origins == {URL} and guard.places.write == frozenset()
    assert not guard.judge(Action(Verb.TYPE, "To", 2, "x"), PAGE).allowed
    assert not guard.judge(click(3), PAGE).allowed
    assert "not changed" in guard.judge(Action(Verb.PRESS, text="Delete"), PAGE).reason
    for action in (
        Action(Verb.TYPE, "Find", 4, "x"),
        Action(Verb.SCROLL, text="down"),
        Action(Verb.OPEN, text="/other"),
    ):
        assert guard.judge(action, PAGE).allowed, action
    assert guard.judge(Action(Verb.PRESS, text="Enter"), replace(PAGE, focus=4)).allowed


@pytest.mark.parametrize("method", ["get", "post", "link"])
def test_nothing_leaves_for_an_origin_that_is_not_the_tasks(method: str) -> None:
    page = replace(PAGE, targets={ref: Target(method, "http://evil.example/x") for ref in (2, 3, 5)})
    guard = Guard.for_task(URL)
    for action in (click(3, page), click(5, page), Action(Verb.TYPE, "To", 2, "x")):
        verdict = guard.judge(action, page)
        assert not verdict.allowed and "evil.example" in verdict.reason, action


def test_a_form_is_not_posted_to_an_origin_that_may_only_be_read() -> None:
    policy = PolicyFile(origins=OriginsTable(read=("http://b.example",)))
    page = replace(PAGE, targets={3: Target("post", "http://b.example/x")})
    assert "not changed" in Guard.for_task(URL, policy=policy).judge(click(3, page), page).reason


def test_a_control_in_a_frame_belongs_to_the_frames_origin() -> None:
    framed = replace(PAGE, frames=(FramePart("http://ads.example/1", 2, 1),), targets={})
    assert not Guard.for_task(URL).judge(click(3, framed), framed).allowed
    assert Guard.for_task(URL, extra_origins=["http://ads.example"]).judge(click(3, framed), framed).allowed


def test_sites_that_want_no_agents() -> None:
    policy = PolicyFile(
        no_agents=("http://b.example", "http://c.example"), origins=OriginsTable(write=("http://b.example",))
    )
    verdict = Guard.for_task(URL, policy=policy).judge(Action(Verb.OPEN, text="http://b.example/"), PAGE)
    assert not verdict.allowed and "no agents" in verdict.reason
    with pytest.raises(ValueError, match="no agents"):
        Guard.for_task("http://c.example/x", policy=policy)


def test_a_policy_approves_and_denies() -> None:
    both = PolicyFile(approve=(Consequence.PAY,), deny=(Consequence.PAY,))
    verdict = Guard.for_task(URL, ["pay"], lambda _a, _v: True, policy=both).judge(click(3), PAGE)
    assert (verdict.allowed, verdict.by) == (False, "policy")
    verdict = Guard.for_task(URL, policy=PolicyFile(approve=(Consequence.PAY,))).judge(click(3), PAGE)
    assert (verdict.allowed, verdict.by) == (True, "policy")


def after_click(name: str, **options: object) -> Guard:
    page = Observation(URL, "", (Line("button", name, 1),))
    guard = Guard.for_task(URL, **options)  # type: ignore[arg-type]
    guard.judge(Action(Verb.CLICK, name, 1), page)
    return guard


def test_a_confirm_carries_the_consequence_of_what_raised_it() -> None:
    assert not after_click("Tidy up").decide_dialog("confirm", "Are you sure?"), "nobody can be asked"
    assert after_click("Tidy up", approved=["change"]).decide_dialog("confirm", "Are you sure?")
    assert not after_click("Tidy up", approved=["change"]).decide_dialog("confirm", "Delete everything?")
    assert after_click("Delete", approved=["delete"]).decide_dialog("confirm", "Are you sure?")
    assert not after_click("Delete", approved=["change"]).decide_dialog("confirm", "Keep it safe?")


def test_one_approval_is_enough_unless_the_dialog_says_more() -> None:
    asked: list[str] = []

    def approve(_: Action, verdict: Verdict) -> bool:
        asked.append(verdict.reason)
        return True

    guard = after_click("Delete", approver=approve)
    assert guard.decide_dialog("confirm", "Really delete it?") and len(asked) == 1
    assert guard.decide_dialog("confirm", "Pay 20 to delete it?") and len(asked) == 1, "deleting was approved"
    assert guard.decide_dialog("confirm", "Transfer 500 to Mallory?") and len(asked) == 2
    decided = guard.take_dialogs()
    assert [verdict.by for verdict in decided] == ["person"] * 3 and "Mallory" in decided[2].reason
    assert guard.take_dialogs() == []
