"""App definitions: what ships loads, tests never repeat what was taught, and mistakes name file and key."""

from pathlib import Path

import pytest

from bench.career import main as career
from bench.definitions import fill, load_app, load_apps
from bench.on_the_job import HERE
from bench.on_the_job import main as on_the_job
from bench.servers import chosen_apps
from bench.steady import main as steady
from browser.errors import UsageError

SKILL = """
[[skills]]
name = "note"
start = "/"
task = "note {title}"
steps = ['click "New"', 'type "Title" "{title}"']
taught = { title = "Dentist" }
[skills.slots]
title = { kind = "words" }
[skills.check]
file = "{data}/{title}.txt"
pattern = "{title}"
"""
APP = 'name = "notes"\n[server]\nstart = "exec true"\n' + SKILL


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "notes.toml"
    path.write_text(text)
    return path


def test_every_shipped_app_teaches_a_skill_and_watches_another() -> None:
    apps = load_apps(HERE / "apps")
    assert {"ihatemoney", "fava", "dokuwiki", "tiddlywiki"} <= {app.name for app in apps}
    for app in apps:
        assert [skill for skill in app.skills if not skill.unrelated], app.name
        assert [skill for skill in app.skills if skill.unrelated], app.name
        for skill in app.skills:
            task, actions = skill.demonstration()
            assert "{" not in task and actions


def test_a_test_is_never_what_was_taught() -> None:
    for app in load_apps(HERE / "apps"):
        for skill in app.skills:
            tasks = {skill.variant(seed)[0] for seed in range(60)}
            assert fill(skill.task, skill.taught) not in tasks
            assert len(tasks) >= 20, (app.name, skill.name)


def test_a_seed_fixes_a_variant(tmp_path: Path) -> None:
    skill = load_app(written(tmp_path, APP)).skills[0]
    assert skill.variant(3) == skill.variant(3)
    assert len({skill.variant(seed)[0] for seed in range(9)}) > 1


@pytest.mark.parametrize(
    ("old", "new"),
    [("", ""), ('kind = "words"', 'kind = "slug"')],
    ids=["what the file is called", "a slug"],
)
def test_no_two_variants_name_the_same_thing(tmp_path: Path, old: str, new: str) -> None:
    """The second would find it there already."""
    skill = load_app(written(tmp_path, APP.replace(old, new) if old else APP)).skills[0]
    seeds = skill.seeds(0, 20)
    assert len({skill.variant(seed)[1]["title"] for seed in seeds}) == 20
    assert seeds[0] == 0 and seeds == sorted(seeds) and seeds != list(range(20))


def test_more_names_than_there_are_is_an_error(tmp_path: Path) -> None:
    skill = load_app(written(tmp_path, APP.replace('kind = "words"', 'kind = "slug"'))).skills[0]
    with pytest.raises(UsageError, match="different names"):
        skill.seeds(0, 5000)


def test_values_that_name_nothing_may_come_again(tmp_path: Path) -> None:
    skill = load_app(written(tmp_path, APP.replace("{data}/{title}.txt", "{data}/all.txt"))).skills[0]
    seeds = skill.seeds(7, 20)
    assert seeds == list(range(7, 27))
    assert len({skill.variant(seed)[1]["title"] for seed in seeds}) < 20


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('start = "exec true"', "", "server.start must be a text"),
        ("[server]", "[serve]", "server must be a table"),
        ('name = "note"', "", "skills.0.name must be a text"),
        ('click "New"', "press New", "skills.0.steps[0]"),
        ('file = "{data}/{title}.txt"', "", "skills.0.check needs exactly one of"),
        ('pattern = "{title}"', 'shape = "x"', "unknown keys: shape"),
        (
            'title = { kind = "words" }',
            'title = { choice = ["Dentist"] }',
            "skills.0.slots.title.choice leaves nothing",
        ),
        ('task = "note {title}"', 'task = "', "cannot be read"),
    ],
)
def test_a_mistake_names_file_and_key(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(UsageError, match=r"notes\.toml") as raised:
        load_app(written(tmp_path, APP.replace(old, new, 1)))
    assert words in str(raised.value)


def test_a_folder_without_definitions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no app definitions"):
        load_apps(tmp_path)


def test_apps_are_chosen_by_name_and_one_that_is_not_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("memos", "notes", "wiki"):
        (tmp_path / f"{name}.toml").write_text(APP.replace("notes", name, 1))
    for names, chosen in {"": ["memos", "notes", "wiki"], "wiki, memos,": ["memos", "wiki"]}.items():
        assert [app.name for app in chosen_apps(tmp_path, names)] == chosen
    for main in (on_the_job, career, steady):
        assert main(["--apps-dir", str(tmp_path), "--apps", "notes,mail"]) == 2
        said = "error: there is no app 'mail'. There are memos, notes, wiki\n"
        assert capsys.readouterr().err == said


def test_skills_are_added_to_an_app_that_is_defined_elsewhere(tmp_path: Path) -> None:
    written(tmp_path, APP)
    more = tmp_path / "more.toml"
    more.write_text('app = "notes.toml"\n' + SKILL.replace('"note"', '"memo"'))
    assert [skill.name for skill in load_app(more).skills] == ["note", "memo"]
    assert load_app(more).start == "exec true"
    more.write_text('app = "nowhere.toml"\n')
    with pytest.raises(UsageError, match=r"nowhere\.toml cannot be read"):
        load_app(more)


def test_the_skills_of_careers_are_all_there_and_differ() -> None:
    skills = [skill for app in load_apps(HERE / "skills") for skill in app.skills if not skill.unrelated]
    assert len(skills) == len({skill.name for skill in skills}) >= 11
    for skill in skills:
        assert skill.seeds(1000, 8) and skill.demonstration()[1], skill.name
