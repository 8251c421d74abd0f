"""What the walker makes of pages: roles, names, values, states, frames, shadow roots, sizes."""

from __future__ import annotations

import pytest

from browser.actions import Action, Verb
from tests.browser.conftest import Driver

pytestmark = pytest.mark.browser

CONTROLS = """\
heading "Account settings"
link "Home" [1]
link "Settings" [2] selected
text "Change what you like, then save."
textbox "Full name" [3] = "Dana Reyes" required
textbox "Email" [4] = "dana@example.org"
searchbox "Search people" [5]
textbox "About you" [6] = "Two lines" multiline
combobox "Country" [7] = "Brazil": "Austria" | "Brazil"
listbox "Languages" [8] = "German, Spanish": "German" | "Portuguese" | "Spanish"
checkbox "Send me news" [9] checked
radio "Small" [10]
radio "Large" [11] checked
slider "Volume" [12] = "4"
spinbutton "Seats" [13] = "3"
textbox "Start" [14] = "2026-03-01" date
textbox "Number" [15] = "A-17" readonly
file "Photo" [16]
button "More options" [17] collapsed
button "Bold" [18] pressed
button "Archive" [19] disabled
button "Close panel" [20]
switch "Dark mode" [21] checked
tab "General" [22] selected
button "Advanced" [23] collapsed
clickable "Plain words that act" [24]
button "Submit" [25]
alert "Your plan ends soon"
canvas "drawing that has no readable text\""""


def test_roles_names_values_and_states(driver: Driver) -> None:
    page = driver.open("controls.html")
    assert page.render() == CONTROLS
    assert (page.title, page.path, page.dialog, page.focus) == ("Controls", "/controls.html", None, None)
    assert page.took_ms > 0


def test_looking_changes_nothing_on_the_page(driver: Driver) -> None:
    driver.open("controls.html")
    everything = "{ subtree: true, childList: true, attributes: true, characterData: true }"
    count = "new MutationObserver((list) => { changes += list.length; })"
    driver.script(f"window.changes = 0; {count}.observe(document, {everything})")
    before = driver.script("document.documentElement.outerHTML")
    first = driver.environment.look()
    again = driver.environment.look()
    assert driver.script("document.documentElement.outerHTML") == before
    assert driver.script("changes") == 0
    assert first == again
    assert first.mutations == again.mutations


def test_the_page_sees_nothing_of_us(driver: Driver) -> None:
    driver.open("controls.html")
    assert driver.script(
        "[typeof apprentice, typeof apprenticeTell, Object.keys(window).filter((key) => /apprentice/i.test(key)).length]"
    ) == ["undefined", "undefined", 0]


def test_controls_of_one_name_are_told_apart_by_their_row(driver: Driver) -> None:
    driver.open("rows.html")
    after = driver.do('click "Delete (Birch & Co)"').observation
    assert "Deleted Birch & Co" in [line.name for line in after.lines]
    assert [line.name for line in after.lines if line.role == "button"] == [
        "Delete (Alba Foods)",
        "Delete (Cedar Ltd)",
        "Again",
        "Again #2",
    ]


def test_what_lies_beyond_the_edge_of_the_page_is_not_there(driver: Driver) -> None:
    page = driver.open("edges.html")
    assert [(line.role, line.name) for line in page.lines if line.ref] == [
        ("checkbox", "Remind me"),
        ("button", "Last of the pane"),
        ("textbox", "wiki text"),
        ("button", "Save"),
        ("textbox", "Summary"),
    ]
    assert page.more_above == 1, "what a pane has scrolled away can be brought back"
    assert "off the edge" not in page.render()
    assert driver.line("Remind me", driver.do('click "Remind me"').observation).states == ("checked",)


def test_lists_trees_and_cells_show_what_is_in_them(driver: Driver) -> None:
    page = driver.open("trees.html")
    names = [(line.role, line.name, line.states) for line in page.lines if line.ref]
    assert names == [
        ("treeitem", "Root", ("expanded",)),
        ("treeitem", "Wiki", ()),
        ("treeitem", "Playground", ()),
        ("gridcell", "Plain", ()),
        ("button", "Act", ()),
        ("listbox", "Sizes", ()),
        ("option", "Small", ("selected",)),
        ("option", "Large", ()),
        ("combobox", "Payee", ()),
        ("button", "m", ()),
        ("button", "Boxless", ()),
        ("textbox", "clobber id", ()),
        ("textbox", "clobber children", ()),
        ("textbox", "clobber title", ()),
        ("textbox", "clobber role", ()),
    ]


def test_an_open_dialog_is_all_there_is(driver: Driver) -> None:
    driver.open("dialogs.html")
    page = driver.do('click "New bill"').observation
    assert page.dialog == "Add a bill"
    assert [line.name for line in page.lines] == ["Add a bill", "What?", "Save bill"]
    assert page.focus == driver.line("What?").ref
    page = driver.do('press "Escape"').observation
    assert page.dialog is None
    page = driver.do('click "New person"').observation
    assert page.dialog == "Add a person"
    assert [line.name for line in page.lines] == ["Add a person", "Name", "Save person"]
    assert driver.do('click "Save person"').observation.dialog is None


def test_frames_of_every_origin_are_read_and_used(driver: Driver, other: str) -> None:
    far = other.replace("127.0.0.1", "localhost")  # another site: another process
    page = driver.open(f"frames.html?same=inner.html&other={other}/inner.html&far={far}/inner.html")
    assert [(line.name, line.ref) for line in page.lines if line.ref] == [
        ("Outer button", 1),
        ("Card holder", 2),
        ("Pay", 3),
        ("Card holder #2", 1001),
        ("Pay #2", 1002),
        ("Card holder #3", 2001),
        ("Pay #3", 2002),
    ]
    for field, button, words in ((2, 3, "near"), (1001, 1002, "beside"), (2001, 2002, "far away")):
        result = driver.environment.step(Action(Verb.TYPE, "Card holder", field, words))
        assert result.ok, result.note
        typed = result.observation.find(field)
        assert typed is not None
        assert (typed.value, result.observation.focus) == (words, field)
        result = driver.environment.step(Action(Verb.CLICK, "Pay", button))
        assert result.ok, result.note
        paid = result.observation.find(button)
        assert paid is not None
        assert paid.name.startswith("Paid")
        assert f"heard {words}" in [line.name for line in result.observation.lines]


def test_a_frame_numbers_its_controls_in_a_thousand_of_its_own(driver: Driver, other: str) -> None:
    driver.open(f"frames.html?other={other}/inner.html")
    driver.script(
        "for (let i = 0; i < 2100; i++) document.body.insertAdjacentHTML('beforeend', `<button>${i}</button>`)"
    )
    driver.environment.cap = 3000
    try:
        page = driver.environment.look()
    finally:
        driver.environment.cap = 120
    refs = [line.ref for line in page.lines if line.ref]
    assert len(refs) == len(set(refs)) == 2103
    inner = [line.ref for line in page.lines if line.name in ("Card holder", "Pay")]
    assert inner == [1001, 1002]
    assert [ref for ref in refs if 1000 <= ref < 2000] == inner


def test_shadow_roots_are_read_and_the_page_cannot_tell(driver: Driver) -> None:
    page = driver.open("shadow.html")
    assert [line.name for line in page.lines] == [
        "Parts",
        "Press the open one",
        "open field",
        "Slotted words",
        "Press the closed one",
        "closed field",
    ]
    told = driver.script("told()")
    assert told["root"] is None
    assert told["getter"] is None
    assert told["slot"] is None
    assert (told["mode"], told["open"]) == ("closed", "open")
    assert told["own"] == []
    assert told["keys"] == []
    assert told["shape"] == ["attachShadow", 1, False]
    assert [text.split("(")[0] for text in told["native"]] == [
        "function attachShadow",
        "function composedPath",
        "function toString",
        "function get shadowRoot",
    ]
    assert all(text.endswith("() { [native code] }") for text in told["native"])


def test_events_from_a_closed_root_look_closed(driver: Driver) -> None:
    driver.open("shadow.html")
    page = driver.do('click "Press the closed one"').observation
    assert "closed was pressed" in [line.name for line in page.lines]
    assert driver.script("path") == ["CLOSED-PART", "BODY", "HTML", "#document", "window"]
    driver.do('click "Press the open one"')
    assert driver.script("path")[:3] == ["BUTTON", "#document-fragment", "OPEN-PART"]
    assert (
        driver.do('type "closed field" "hello"').observation.find(driver.line("closed field").ref or 0).value == "hello"
    )  # type: ignore[union-attr]


def test_changes_inside_shadow_roots_and_frames_are_counted(driver: Driver) -> None:
    driver.open("shadow.html")
    before = driver.environment.look().mutations
    driver.script("closedRoot.append('more')")
    assert driver.environment.look().mutations > before
    driver.open("frames.html?same=inner.html")
    before = driver.environment.look().mutations
    driver.script("document.querySelector('iframe').contentDocument.body.append('more')")
    assert driver.environment.look().mutations > before


def test_a_page_of_fifty_thousand_elements(driver: Driver) -> None:
    page = driver.open("large?n=50000")
    assert page.elements >= 50_000
    assert len(page.lines) <= 120
    assert page.more_below > 9_000
    assert driver.do('click "Open (Order 3)"').ok


def test_refs_outlive_the_redrawing_of_their_neighbours(driver: Driver) -> None:
    before = driver.open("rerender.html")
    keep, redraw, row = (driver.line(name).ref for name in ("Keep", "Redraw", "Row 2 round 1"))
    after = driver.do('click "Redraw"').observation
    assert (driver.line("Keep").ref, driver.line("Redraw").ref) == (keep, redraw)
    assert driver.line("Row 2 round 2").ref not in {line.ref for line in before.lines}
    assert row is not None
    assert after.find(row) is None


def test_a_same_origin_popup_counts_its_own_changes(driver: Driver) -> None:
    driver.open("tabs.html")
    driver.do('click "Open window"')
    before = driver.seen.mutations
    assert driver.do('click "Grow"').observation.mutations > before
