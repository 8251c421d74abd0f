"""The adapter store: whole or not there, and never loaded when it does not verify."""

import json
from pathlib import Path

import pytest

from agent.paths import adapters_dir
from agent.policy.local import LocalPolicy, load_model
from agent.store import Store
from browser.errors import AdapterCorrupt
from consolidation.adapters import sound_champion, sweep, verify_adapter, write_adapter
from consolidation.lora import attach_lora


def write(tiny_model: Path, seed: int, base: str = "base") -> tuple[str, Path]:
    return write_adapter(
        adapters_dir(), attach_lora(load_model(tiny_model), 4, 8, seed), {"base_sha256": base, "lessons": []}
    )


def promoted(store: Store, tiny_model: Path, seed: int) -> tuple[str, Path]:
    adapter_id, folder = write(tiny_model, seed)
    store.add_adapter(adapter_id, "base", str(folder))
    store.promote(adapter_id, "test")
    return adapter_id, folder


def test_an_adapter_is_named_by_its_content_and_loads_in_peft(tiny_model: Path) -> None:
    one, folder = write(tiny_model, 1)
    again, _ = write(tiny_model, 1)
    other, _ = write(tiny_model, 2)
    assert one == again != other
    assert verify_adapter(folder, "base")["id"] == one
    LocalPolicy.load(tiny_model, folder)


@pytest.mark.parametrize("block", range(20))
def test_one_flipped_byte_anywhere_is_noticed(tiny_model: Path, block: int) -> None:
    _, folder = write(tiny_model, 1)
    weights = folder / "adapter_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[block * len(data) // 20] ^= 1
    weights.write_bytes(data)
    with pytest.raises(AdapterCorrupt, match="was changed"):
        verify_adapter(folder)


@pytest.mark.parametrize("harm", ["truncate", "manifest", "missing", "config"])
def test_other_harm_is_noticed(tiny_model: Path, harm: str) -> None:
    _, folder = write(tiny_model, 1)
    weights = folder / "adapter_model.safetensors"
    if harm == "truncate":
        weights.write_bytes(weights.read_bytes()[:100])
    elif harm == "manifest":
        (folder / "manifest.json").write_text("{")
    elif harm == "missing":
        weights.unlink()
    else:
        config = json.loads((folder / "adapter_config.json").read_text())
        (folder / "adapter_config.json").write_text(json.dumps({**config, "lora_alpha": 99}))
    with pytest.raises(AdapterCorrupt):
        verify_adapter(folder)


def test_what_is_learned_again_replaces_damaged_files_and_is_a_challenger_again(tiny_model: Path) -> None:
    with Store.open() as store:
        adapter_id, folder = promoted(store, tiny_model, 1)
        whole = {path.name: path.read_bytes() for path in folder.iterdir()}
        (folder / "adapter_model.safetensors").write_bytes(b"")
        assert sound_champion(store, "base")[0] is None and store.adapter(adapter_id).state == "corrupt"
        assert not store.stands(adapter_id)
        assert write(tiny_model, 1) == (adapter_id, folder)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole and sweep(adapters_dir()) == 0
        store.add_adapter(adapter_id, "base", str(folder), lesson_ids=["again"])
        again = store.adapter(adapter_id)
        assert (again.state, again.lesson_ids) == ("challenger", ("again",))
        store.promote(adapter_id, "test")
        assert store.stands(adapter_id)


def test_what_acts_is_not_recorded_again(tiny_model: Path) -> None:
    with Store.open() as store:
        adapter_id, folder = promoted(store, tiny_model, 1)
        store.add_adapter(adapter_id, "base", str(folder), lesson_ids=["again"])
        assert (store.adapter(adapter_id).state, store.adapter(adapter_id).lesson_ids) == ("promoted", ())


def test_an_adapter_of_another_base_is_refused(tiny_model: Path) -> None:
    _, folder = write(tiny_model, 1, base="base")
    with pytest.raises(AdapterCorrupt, match="another base"):
        verify_adapter(folder, "other")


def test_a_corrupt_champion_gives_way_to_the_one_before_and_then_to_the_base(tiny_model: Path) -> None:
    with Store.open() as store:
        first, first_folder = promoted(store, tiny_model, 1)
        second, second_folder = promoted(store, tiny_model, 2)
        (second_folder / "adapter_config.json").write_text("{}")
        row, problems = sound_champion(store, "base")
        assert row is not None and row.id == first and len(problems) == 1
        assert store.adapter(second).state == "corrupt"
        (first_folder / "adapter_config.json").write_text("{}")
        assert sound_champion(store, "base")[0] is None
        assert store.champion() is None


def test_a_champion_of_another_base_is_left_alone(tiny_model: Path) -> None:
    with Store.open() as store:
        first, _ = promoted(store, tiny_model, 1)
        assert sound_champion(store, "other") == (None, [])
        champion = store.champion()
        assert champion is not None and champion.id == first


def test_what_a_killed_writer_left_is_swept_away(tiny_model: Path) -> None:
    (adapters_dir() / ".writing-1").mkdir()
    kept, folder = write(tiny_model, 1)
    assert sweep(adapters_dir()) == 1
    assert [path.name for path in adapters_dir().iterdir()] == [kept] and folder.exists()


def test_who_was_killed_before_a_champion_was_taken_back_is_made_up_for(tiny_model: Path) -> None:
    with Store.open() as store:
        lesson = store.add_lesson("demonstration", "http://h", "pay the rent", "Lesson")
        first, _ = promoted(store, tiny_model, 1)
        second, folder = write(tiny_model, 2)
        store.add_adapter(second, "base", str(folder), lesson_ids=[lesson])
        store.promote(second, "test", [lesson])
        for _ in range(2):
            session = store.begin_session("pay the rent", "http://h", "http://h", adapter_id=second)
            store.end_session(session, "done")
            store.add_outcome(session, False, "person")  # killed here: nobody looked what follows from it
        row, problems = sound_champion(store, "base")
        assert row is not None and row.id == first and "taken back" in problems[0]
        assert sound_champion(store, "base") == (row, [])
