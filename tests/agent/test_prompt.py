"""The transcript: what a policy reads, step by step."""

from dataclasses import replace

from agent.prompt import MAX_DONE, Transcript, describe_change
from browser.actions import Action, Verb
from browser.types import Line, Observation, StepResult

FORM = Observation(
    "http://a.example/bills",
    "Bills",
    (
        Line("link", "Home", 1),
        Line("heading", "New bill"),
        Line("textbox", "What", 2, states=("required",)),
        Line("combobox", "Payer", 3, options=("Alex", "Bea")),
        Line("checkbox", "Bea", 4),
        Line("button", "More", 5, states=("collapsed",)),
        Line("button", "Save", 6),
        Line("text", "Fill it in"),
    ),
)


def changed(page: Observation, ref: int, **fields: object) -> Observation:
    return replace(page, lines=tuple(replace(line, **fields) if line.ref == ref else line for line in page.lines))  # type: ignore[arg-type]


def test_the_order_is_task_page_lessons_done() -> None:
    transcript = Transcript("Add it", ("Asked: x\ndone",))
    transcript.start(FORM)
    transcript.advance(Action(Verb.CLICK, "Home", 1), StepResult(replace(FORM, url="http://a.example/other")))
    user = transcript.prompt().user
    places = [user.index(part) for part in ("Task: Add it", "Page: Bills /other", "Lessons:", "Done so far:\nclick")]
    assert places == sorted(places)


def test_a_fill_that_worked_adds_nothing_but_itself() -> None:
    transcript = Transcript("t")
    transcript.start(FORM)
    after = changed(FORM, 2, value="Lunch")
    transcript.advance(Action(Verb.TYPE, "What", 2, "Lunch"), StepResult(after))
    transcript.advance(Action(Verb.SELECT, "Payer", 3, "Bea"), StepResult(changed(after, 3, value="Bea")))
    assert [piece.text for piece in transcript.prompt().reply] == [
        'type "What" [2] "Lunch"\n',
        'select "Payer" [3] "Bea"\n',
    ]
    assert transcript.keyframes == 1


def test_what_else_changed_is_told_line_by_line() -> None:
    after = changed(FORM, 5, states=("expanded",))
    after = replace(after, lines=(*after.lines[:-1], Line("textbox", "Note", 9)))
    action = Action(Verb.CLICK, "More", 5)
    assert describe_change(FORM, after, action) == [
        '~ button "More" [5] expanded',
        '- text "Fill it in"',
        '+ textbox "Note" [9]',
    ]


def test_silence_and_failure_are_said() -> None:
    transcript = Transcript("t")
    transcript.start(FORM)
    transcript.advance(Action(Verb.CLICK, "Save", 6), StepResult(FORM))
    transcript.advance(Action(Verb.CLICK, "Save", 6), StepResult(FORM, ok=False, note='"Save" is disabled'))
    assert [piece.text for piece in transcript.prompt().reply if not piece.is_action] == [
        "! nothing changed\n",
        '! "Save" is disabled\n',
    ]


def test_another_page_or_dialog_is_shown_whole() -> None:
    click = Action(Verb.CLICK, "Home", 1)
    assert describe_change(FORM, replace(FORM, url="http://a.example/home"), click) is None
    assert describe_change(FORM, replace(FORM, dialog="Really?"), click) is None
    assert describe_change(FORM, replace(FORM, lines=FORM.lines[:2]), click) is None


def test_a_hundred_steps_stay_small_and_the_prompt_only_ever_grows_within_a_keyframe() -> None:
    transcript = Transcript("t")
    transcript.start(FORM)
    page = FORM
    for number in range(100):
        before, keyframe = transcript.prompt(), transcript.keyframes
        after = changed(page, 2, value=f"value {number}")
        transcript.advance(Action(Verb.TYPE, "What", 2, f"value {number}"), StepResult(after))
        page = after
        prompt = transcript.prompt()
        if transcript.keyframes == keyframe:
            assert prompt.user == before.user
            assert prompt.reply[: len(before.reply)] == before.reply
    assert len(transcript.prompt().render()) < 6000
    done = transcript.prompt().user.split("Done so far:\n")[1]
    assert done.startswith("(") and len(done.split("\n")) == MAX_DONE + 1


def test_the_manual_is_for_models_that_need_it() -> None:
    assert "press a button" in Transcript("t", with_manual=True).system
    assert "press a button" not in Transcript("t").system


def test_each_action_is_preceded_by_its_cue() -> None:
    transcript = Transcript("add Lunch", ('Asked: add Museum\ntype "What" "Museum"\nclick "Save"\ndone',))
    transcript.start(FORM)
    assert [piece.text for piece in transcript.prompt().reply] == ['> type "What" like "Museum"\n']
    transcript.advance(Action(Verb.TYPE, "What", 2, "Lunch"), StepResult(changed(FORM, 2, value="Lunch")))
    transcript.advance(Action(Verb.CLICK, "Save", 6), StepResult(FORM, ok=False, note="disabled"))
    assert [piece.text for piece in transcript.prompt().reply] == [
        '> type "What" like "Museum"\n',
        'type "What" [2] "Lunch"\n',
        '> click "Save"\n',
        'click "Save" [6]\n',
        transcript.prompt().reply[4].text,
        '> click "Save"\n',
    ], "a step that failed is still to be done"
    assert transcript.prompt().reply[4].text.startswith("! disabled\n")


def test_what_no_action_has_used_yet_is_said_before_each_decision() -> None:
    transcript = Transcript("Bea paid Alex 7.50")
    transcript.start(FORM)
    transcript.advance(Action(Verb.CLICK, "Bea", 4), StepResult(FORM, ok=False, note="covered"))
    paid = changed(FORM, 3, value="Bea")
    transcript.advance(Action(Verb.SELECT, "Payer", 3, "Bea"), StepResult(paid))
    assert [piece.text for piece in transcript.prompt().reply] == [
        'Left: "Bea" "Alex" "7.50"\n',
        'click "Bea" [4]\n',
        "! covered\n",
        'Left: "Bea" "Alex" "7.50"\n',
        'select "Payer" [3] "Bea"\n',
        'Left: "Alex" "7.50"\n',
    ]
    transcript.advance(Action(Verb.TYPE, "What", 2, "Alex: 7.5"), StepResult(changed(paid, 2, value="Alex: 7.5")))
    assert transcript.prompt().reply[-1].text == 'Left: "7.50"\n'
    transcript.advance(Action(Verb.TYPE, "What", 2, "7.50"), StepResult(changed(paid, 2, value="7.50")))
    assert transcript.prompt().reply[-1].text == 'type "What" [2] "7.50"\n', "nothing is left, nothing is said"


def test_what_changed_nothing_is_futile_until_something_changes() -> None:
    transcript = Transcript("Bea paid Alex 7.50")
    transcript.start(FORM)
    typed = changed(FORM, 2, value="Lunch")
    lunch = Action(Verb.TYPE, "What", 2, "Lunch")
    transcript.advance(lunch, StepResult(typed))
    assert not transcript.prompt().futile
    transcript.advance(lunch, StepResult(typed))
    transcript.advance(Action(Verb.CLICK, "Bea", 4), StepResult(typed, ok=False, note="covered"))
    transcript.advance(Action(Verb.CLICK, "Bea", 4), StepResult(typed, note="dismissed a dialog"))
    transcript.advance(Action(Verb.WAIT), StepResult(typed))
    assert transcript.prompt().futile == {(Verb.TYPE, 2)}, "neither a failure, nor what is told of, nor waiting"
    transcript.advance(Action(Verb.CLICK, "Save", 6), StepResult(replace(typed, mutations=typed.mutations + 1)))
    assert not transcript.prompt().futile, "something happened, if only out of sight"
