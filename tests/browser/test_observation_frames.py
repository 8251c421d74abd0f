"""Frames of other origins are read at once with the page, and say what they would say one by one."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Driver

pytestmark = pytest.mark.browser

SLOWLY = """{
  const inner = apprentice.observe, now = () => performance.timeOrigin + performance.now();
  apprentice.observe = async (options) => {
    const begun = now();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    apprentice.span = () => [begun, begun + 1000];
    return inner(options);
  };
}"""


def test_all_frames_answer_in_one_round_trip(driver: Driver, other: str) -> None:
    far = other.replace("127.0.0.1", "localhost")  # another site: another process
    driver.open(f"frames.html?other={other}/inner.html&far={far}/inner.html")
    view = driver.environment.tabs.view
    apart = [frame for frame in view.frames() if frame.world is not view.world]
    assert len(apart) == 1, "one of the frames has a process of its own"
    for frame in (view.main, *apart):
        frame.world._evaluate(frame.world.context(frame.id), SLOWLY)
    page = driver.environment.look()
    spans = [frame.call("span") for frame in (view.main, *apart)]
    assert max(begun for begun, _ in spans) < min(ended for _, ended in spans), "one began after the other had ended"
    assert [line.ref for line in page.lines if line.ref] == [1, 1001, 1002, 2001, 2002]


def test_a_frame_that_goes_away_or_moves_on_is_read_anew(driver: Driver, other: str) -> None:
    far = other.replace("127.0.0.1", "localhost")
    before = driver.open(f"frames.html?other={other}/inner.html&far={far}/inner.html")
    assert {line.ref for line in before.lines if line.ref} == {1, 1001, 1002, 2001, 2002}
    driver.script("document.querySelectorAll('iframe')[1].remove()")
    page = driver.environment.look()
    assert [line.ref for line in page.lines if line.ref] == [1, 1001, 1002]
    driver.script(f"document.querySelector('iframe').src = '{far}/second.html'")
    driver.environment.settle()
    page = driver.environment.look()
    assert "The second page" in [line.name for line in page.lines]
    assert driver.do('click "Grow"').ok


def test_beside_frames_words_give_way_before_controls(driver: Driver, other: str) -> None:
    alone = driver.open("bottom.html")
    with_frame = driver.open(f"bottom.html?other={other}/long.html")
    assert [line.ref for line in with_frame.lines if line.ref and line.ref > 1000], "the frame is read"
    words, fewer = (
        [line.name for line in page.lines if line.name.startswith("Paragraph")] for page in (alone, with_frame)
    )
    assert 0 < len(fewer) < len(words) == 104
    assert fewer == words[: len(fewer)], "the last of them give way"
    assert {"Reason", "Submit"} <= {line.name for line in with_frame.lines if line.ref}
    assert with_frame.more_below >= len(words) - len(fewer)
    assert driver.do('type "Reason" "late"').ok and driver.do('click "Submit"').ok
    assert driver.script("document.title") == "late was sent"
    driver.environment.cap = 8
    try:
        small = driver.environment.look()
    finally:
        driver.environment.cap = 120
    assert len(small.lines) == 8 and "Submit" in {line.name for line in small.lines}


def test_a_frame_with_more_than_its_room_is_cut_as_when_it_is_read_alone(driver: Driver, other: str) -> None:
    driver.open(f"frames.html?other={other}/long.html&far={other}/inner.html")
    first = driver.environment.look()
    second = driver.environment.look()
    assert first.lines == second.lines
    driver.environment.cap = 20
    try:
        small = driver.environment.look()
        assert driver.environment.look().lines == small.lines
    finally:
        driver.environment.cap = 120
    assert len(small.lines) == 20
    assert driver.environment.look().lines == first.lines
