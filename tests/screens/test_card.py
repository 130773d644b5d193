"""The card of an example of each shape: preference pairs, labels, tool calls, images, reasoning, other keys."""

import json
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import TextArea

from curate.core.config import Config
from curate.core.finding import Finding, Severity
from curate.project.decision_log import DecisionLog
from curate.project.runs import Project
from curate.review import ReviewSources
from curate.review.events import Ended, FindingsFound
from curate.review.scan import scan
from tests.screens.conftest import SECRET, opened, queue, screen_text, settled
from tui.app import CurateApp
from tui.screens.changing import DEBOUNCE_SECONDS

pytestmark = pytest.mark.slow  # the whole review, in many states

PAIR = {
    "prompt": [{"role": "user", "content": "When did Apollo 11 land?"}],
    "chosen": [{"role": "assistant", "content": "I cannot answer that today."}],
    "rejected": [{"role": "assistant", "content": "It landed in July 1969."}],
    "source": "made \x1b[2J by hand",
}


def asked(*answer: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "Is it cold in Oslo?"}, *answer], **keys}


def app_of(*lines: dict[str, Any], findings: tuple[Finding, ...] = (), known: bool = False) -> CurateApp:
    """The review of some lines; `known`: with the ids of their examples, as a check finds them."""
    path = Path("data.jsonl")
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def tell(sources: ReviewSources, take: Any, _stopped: object) -> None:
        if known:
            scan(sources, None, take)
            return
        take(FindingsFound(list(findings)))
        take(Ended())

    return CurateApp(ReviewSources(Project(Path()), Config(), [path]), tell)


async def drawn(app: CurateApp, *keys: str, size: tuple[int, int] = (160, 40)) -> str:
    async with app.run_test(size=size) as pilot:
        await opened(pilot, *keys)
        return screen_text(app)


async def test_both_answers_of_a_pair_are_shown_beside_each_other() -> None:
    text = await drawn(app_of(PAIR), "2")
    assert any("cannot answer" in line and "July 1969" in line for line in text.splitlines())
    assert "A chosen" in text
    assert "B rejected" in text
    assert "source: made \\x1b[2J by hand" in text


async def test_the_answers_of_a_pair_are_below_each_other_if_there_is_little_room() -> None:
    lines = (await drawn(app_of(PAIR), "2", size=(80, 40))).split("────")[-1].splitlines()
    chosen, rejected = (next(at for at, line in enumerate(lines) if word in line) for word in ("cannot", "1969"))
    assert chosen < rejected


async def test_the_words_that_differ_in_a_pair_are_marked() -> None:
    pair = {"prompt": "Is it far?", "chosen": "It is five miles away.", "rejected": "It is nine miles away."}
    app = app_of(pair)
    async with app.run_test(size=(160, 40)) as pilot:
        await opened(pilot, "2")
        strips = app.screen._compositor.render_strips()
        marked = {segment.text for strip in strips for segment in strip if segment.style and segment.style.underline}
        assert marked == {"five", "nine"}


async def test_answers_that_have_little_in_common_are_not_marked_word_by_word() -> None:
    sides = [
        "One answer is about the weather of the north. " * 6,
        "Somebody else said nothing whatever; try again! " * 6,
    ]
    app = app_of({"prompt": "Is it far?", "chosen": sides[0], "rejected": sides[1]})
    async with app.run_test(size=(160, 40)) as pilot:
        await opened(pilot, "2")
        strips = app.screen._compositor.render_strips()
        assert not [part.text for strip in strips for part in strip if part.style and part.style.underline]
        await opened(pilot, "right_square_bracket")
        assert "difference 1 of 1" in screen_text(app)


async def test_rows_without_a_conversation_show_the_line() -> None:
    rows = await drawn(app_of({"a": "Is it far?", "b": "How far is it?", "same": True}), "2", size=(80, 40))
    assert '{"a": "Is it far?", "b": "How far is it?", "same": true}' in rows.split("────")[0]


async def test_earlier_turns_of_a_pair_are_folded_and_a_key_goes_to_its_differences() -> None:
    turns = [
        {"role": role, "content": f"Turn {n}. " + "Word. " * 300} for n, role in enumerate(["user", "assistant"] * 3)
    ]
    app = app_of({**PAIR, "prompt": [*turns, *PAIR["prompt"]]}, PAIR)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "2")
        card = screen_text(app).split("────")[-1]
        assert "… 6 earlier messages; f shows them" in card
        assert "Turn 0." not in card
        assert "When did Apollo 11 land?" in card
        await opened(pilot, "f")
        card = screen_text(app).split("────")[-1]
        assert "Turn 0." in card
        assert "cannot answer" not in card
        await opened(pilot, "right_square_bracket")
        assert "cannot answer" in screen_text(app).split("────")[-1]
        assert "difference 1 of" in screen_text(app)


async def test_editing_begins_at_the_answer_and_the_cursor_stays_visible() -> None:
    turns = [{"role": "user", "content": f"Question {n}"} for n in range(9)]
    app = app_of({"messages": [*turns, {"role": "assistant", "content": "Here."}], "id": 7})
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, "2", "e")
        area = app.screen.query_one(TextArea)
        assert '"content": "Here."' in area.document.get_line(area.cursor_location[0])
        await opened(pilot, "end", "enter", *'"x":')  # not JSON any more, which is told below in several lines
        await pilot.pause(2 * DEBOUNCE_SECONDS)
        await settled(pilot)
        assert "not valid JSON" in screen_text(app)
        assert area.cursor_screen_offset.y < area.region.bottom


async def test_a_pair_is_kept_swapped_or_dropped_by_a_key(journal: Path) -> None:
    app = app_of(PAIR, {**PAIR, "id": 2}, {**PAIR, "id": 3})
    async with app.run_test(size=(160, 40)) as pilot:
        await opened(pilot, "2", "a", "b", "d")
        decisions = DecisionLog(journal).decisions
        assert [one.verdict for one in decisions] == ["keep", "edit", "drop"]
        swapped = decisions[1].value
        assert swapped is not None
        assert (swapped["chosen"], swapped["rejected"]) == (PAIR["rejected"], PAIR["chosen"])
        session = await opened(pilot, "escape", "u", "u")  # closes the note that nothing is left to decide
        assert [session.verdict(one.example) for one in decisions] == ["keep", "undecided", "undecided"]


async def test_a_pair_with_a_key_about_one_answer_is_not_swapped(journal: Path) -> None:
    app = app_of({**PAIR, "score_chosen": 4})
    async with app.run_test(size=(160, 40)) as pilot:
        await opened(pilot, "2", "b")
        assert "not swapped" in screen_text(app)
        assert not journal.exists()


async def test_the_keys_of_pairs_do_nothing_elsewhere(journal: Path) -> None:
    app = app_of(asked({"role": "assistant", "content": "Yes."}))
    text = await drawn(app, "2", "a", "b")
    assert "A better" not in text
    assert not journal.exists()


async def test_the_label_of_an_answer_is_a_sign() -> None:
    for label, sign in ((True, "+ wanted answer"), (False, "- unwanted answer")):
        assert sign in await drawn(app_of(asked({"role": "assistant", "content": "Yes."}, label=label)), "2")


async def test_calls_are_shown_as_calls_and_the_argument_at_fault_is_marked() -> None:
    call = {"id": "call_1", "type": "function",
            "function": {"name": "weather", "arguments": json.dumps({"city": "Oslo", "days": "two"})}}  # fmt: skip
    line = asked({"role": "assistant", "content": None, "tool_calls": [call]})
    message = "call of 'weather': argument 'days' is not declared"
    finding = Finding("T015", Severity.WARNING, "data.jsonl", 1, "/messages/1/tool_calls/0/function/arguments",
                      message, "Correct it.", False, None)  # fmt: skip
    app = app_of(line, findings=(finding,))
    async with app.run_test(size=(160, 40)) as pilot:
        await opened(pilot, "3")
        assert '⚙ weather(city="Oslo", days="two")' in screen_text(app)
        strips = app.screen._compositor.render_strips()
        reverse = [one.text for strip in strips for one in strip if one.style and one.style.reverse]
        assert "days" in reverse
        assert "city" not in reverse


async def test_images_are_shown_with_their_size() -> None:
    Path("pictures").mkdir()
    Path("pictures", "1.jpg").write_bytes(b"x" * 2500)
    part = [{"type": "text", "text": "Look:"}, {"type": "image_url", "image_url": {"url": "https://a.example/2.png"}}]
    line = {"messages": [{"role": "user", "content": part}], "images": ["pictures/1.jpg", "3.jpg"]}
    text = await drawn(app_of(line), "2")
    assert "▣ pictures/1.jpg, 2.5 kB" in text
    assert "▣ 3.jpg, no such file" in text
    assert "▣ https://a.example/2.png" in text
    assert '"image_url"' not in text


async def test_reasoning_is_folded() -> None:
    thought = "First, " + "look at the map. " * 20 + "THE END"
    for turn in (
        {"content": f"<think>{thought}</think>\n\nYes."},
        {"content": f"[THINK]{thought}[/THINK]Yes."},
        {"content": "Yes.", "reasoning_content": thought},
    ):
        app = app_of(asked({"role": "assistant", **turn}))
        text = await drawn(app, "2")
        assert "THE END" not in text.split("∴")[1]
        assert "∴ reasoning: First, look" in text
        assert "Yes." in text
        text = await drawn(app_of(asked({"role": "assistant", **turn})), "2", "f")
        assert "THE END" in text.split("∴")[1]


async def test_a_key_shows_the_raw_line_with_secrets_masked() -> None:
    line = asked({"role": "assistant", "content": f"My token is {SECRET}."}, extra="\x1b[2J")
    app = app_of(line)
    async with app.run_test(size=(160, 40)) as pilot:
        await opened(pilot, "2", "i")
        text = screen_text(app)
        assert '"messages": [{"role": "user"' in text
        assert SECRET not in text
        assert "\\u001b[2J" in text
        await opened(pilot, "i")
        assert '"messages"' not in screen_text(app)


async def test_a_secret_in_a_note_is_masked() -> None:
    app = app_of(asked({"role": "assistant", "content": "Yes."}), known=True)
    async with app.run_test(size=(160, 40)) as pilot:
        await opened(pilot, "2", "m", *f"by {SECRET}", "enter")
        text = screen_text(app)
        assert "“by [" in text
        assert SECRET not in text


async def test_rows_that_begin_alike_are_told_apart() -> None:
    rule = "You translate a sentence from English to Norwegian, and answer with the translation alone. "
    answer = {"role": "assistant", "content": "Ja."}
    lines = [
        {"messages": [{"role": "user", "content": f"{rule}Sentence {word}"}, answer]}
        for word in ("one", "two", "three", "four")
    ]
    text = await drawn(app_of(*lines, {"messages": [{"role": "user", "content": "Hello?"}]}), "2", size=(80, 40))
    rows = text.split("────")[0]
    assert "…three ◆ Ja." in rows, rows
    assert "You translate" not in rows
    assert "Hello?" in rows


async def test_a_row_says_something_though_many_are_the_same() -> None:
    lines = [asked({"role": "assistant", "content": "It is, all the year round."}, id=number) for number in range(4)]
    rows = (await drawn(app_of(*lines), "2", size=(80, 40))).split("────")[0]
    assert rows.count("Is it cold in Oslo? ◆ It is") == 4


async def test_findings_with_one_message_show_their_examples() -> None:
    lines = [asked({"role": "assistant", "content": f"Yes, in {month}."}) for month in ("May", "June", "July")]
    message = "the answer is shorter than those of the other examples of this file"
    findings = tuple(Finding("C020", Severity.WARNING, "data.jsonl", at, "/messages/1", message, "Look.", False, None)
                     for at in (1, 2, 3))  # fmt: skip
    rows = (await drawn(app_of(*lines, findings=findings), "3", size=(80, 40))).split("────")[0]
    assert "July." in rows
    assert message not in rows


async def test_a_digit_rates_and_goes_on(journal: Path) -> None:
    lines = [asked({"role": "assistant", "content": f"Yes, in {month}."}) for month in ("May", "June", "July")]
    app = app_of(*lines, known=True)
    async with app.run_test(size=(140, 30)) as pilot:
        await opened(pilot, "2", "p", "4")
        text = screen_text(app)
        assert "1 of 3 rated" in text
        assert "★4 …May." in text
        assert [(one.verdict, one.why) for one in DecisionLog(journal).decisions] == [("undecided", "4")]
        await opened(pilot, "k")
        assert "★★★★☆" in screen_text(app)
        await opened(pilot, "p", "slash", *"-rating:1-5", "enter")
        assert len(queue(app).list) == 2
        await opened(pilot, "p", "1", "5")
        assert "3 of 3 rated" in screen_text(app)
        await opened(pilot, "p", "3")
        assert app.current_mode == "findings"
