from __future__ import annotations

from pathlib import Path

import pytest

from agent.store import Store
from tui.picture import main


def test_the_picture_is_the_same_every_time(tmp_path: Path) -> None:
    first, second = tmp_path / "a.svg", tmp_path / "b.svg"
    assert main([str(first)]) == main([str(second)]) == 0
    assert first.read_bytes() == second.read_bytes()
    assert "Divergence" in first.read_text()


@pytest.mark.parametrize("screen", ["live", "sessions"])
def test_any_screen_and_any_store_can_be_drawn(tmp_path: Path, screen: str) -> None:
    store = tmp_path / "mine.db"
    with Store.open(store) as opened:
        opened.begin_session("Order more paper", "app", "http://127.0.0.1/")
    main([str(tmp_path / "a.svg"), "--screen", screen, "--store", str(store)])
    assert ("paper" in (tmp_path / "a.svg").read_text()) == (screen == "sessions")
