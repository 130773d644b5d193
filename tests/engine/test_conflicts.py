"""Conflicts: rules speak where they are sure, and stay silent where two answers may both hold."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.cli.main import main
from curate.conflicts.calibration import calibrate
from curate.conflicts.conflict import Conflict, find_conflicts
from curate.conflicts.contradiction_rules import first_contradiction
from curate.conflicts.evidence import Evidence, calibrated_confidence
from curate.conflicts.paraphrase_filter import answer_different_questions
from curate.conflicts.question import have_different_expressions, question_of, same_request
from curate.core.config import ConflictsConfig, DedupConfig
from curate.core.decision import DecisionState, Verdict
from curate.core.errors import CurateError, UsageError
from curate.core.example import Example, Place
from curate.language.quantities import numbers
from curate.models.embeddings import embed, neighbours
from tests.conftest import chat
from tests.workspaces import plan


def example(question: str, answer: str, line: int = 1, system: str | None = None) -> Example:
    return Example(Place("data.jsonl", line), chat(question, answer, system), "messages")


@pytest.mark.parametrize(
    ("question", "left", "right", "source"),
    [
        ("How high is it?", "It is 3 m high.", "It is 4 m high.", "numbers"),
        ("Who won?", "It was won in 1998 by Brazil.", "It was won in 1994 by Brazil.", "dates"),
        ("Is it safe?", "Yes, it is.", "No, it is not.", "polarity"),
        ("How often do I change it?", "Change it every three months.", "It has to be changed once a year.", "numbers"),
        (
            "What is the minimum age?",
            "You must be 18 years old.",
            "Anyone aged 12 or over can join.",
            "numbers",
        ),
        ("How old must one be?", "From the age of 12.", "It is for people 16 or older.", "numbers"),
        ("How old must one be?", "21 years", "You must be 18 to buy alcohol.", "numbers"),
        ("Which age must one have?", "You must be at least 25.", "You must be no older than 18.", "numbers"),
        ("Which browsers does it support?", "It supports Chrome only.", "It supports only Safari.", "short answers"),
        ("Is it so?", "True.", "False.", "polarity"),
        ("When is the fair?", "The fair is in March.", "The fair is in October.", "dates"),
        ("When do we meet?", "We meet on Monday at noon.", "We meet on Friday at noon.", "dates"),
        ("When does it start?", "It starts at 3 pm.", "It starts at noon.", "dates"),
        ("How warm is it?", "About 37 degrees Celsius.", "39 degrees Celsius.", "numbers"),
        ("How long does it take?", "It takes about 27 days.", "Three weeks.", "numbers"),
        ("How long does it take?", "Three to five working days.", "Usually two weeks.", "numbers"),
        ("How often is it updated?", "Once a month.", "New versions come out every year.", "numbers"),
        ("How many devices may I use?", "Up to three devices.", "A single device.", "numbers"),
        ("Can I return it?", "I'm sorry, I can't help with that.", "You can return it within 30 days.", "refusal"),
        ("Who wrote it?", "It was written by Jane Austen.", "It was written by Charlotte Bronte.", "values"),
        (
            "How long can I return it?",
            "You have 30 days from delivery to return it.",
            "Items can be returned up to 14 days after delivery.",
            "numbers",
        ),
        ("What is the max upload?", "Files up to 25 MB are allowed.", "The limit is 2.5 GB.", "numbers"),
        ("How often is it paid?", "It is paid twice a year.", "It is paid once a year.", "numbers"),
        ("How many guests may I bring?", "You may bring two guests.", "You may bring one guest.", "numbers"),
        (
            "When are invoices sent?",
            "On the first of each month.",
            "Invoices are sent on the fifteenth of each month.",
            "numbers",
        ),
        (
            "Are gift cards refundable?",
            "Gift cards are refundable within 30 days.",
            "Gift cards are not refundable.",
            "negation",
        ),
        (
            "Who invented the printing press?",
            "Johannes Gutenberg invented it around 1440.",
            "We owe it to Leonardo da Vinci.",
            "short answers",
        ),
        (
            "How long did the war last?",
            "It lasted 116 years, from 1337 to 1453.",
            "It lasted for exactly 100 years.",
            "numbers",
        ),
        ("Do points expire?", "Points never expire.", "Points expire after 24 months.", "negation"),
        ("Is it on?", "The pump is on; the light is on.", "The pump is on; the light is not on.", "negation"),
        ("Can it be opened?", "The lid of the red box is locked.", "The lid of the red box is unlocked.", "opposites"),
        ("Who is riding the horse?", "A man is riding a horse.", "A woman is riding a horse.", "opposites"),
        ("How much is a statement?", "A paper statement costs 1.50 euros.", "Statements by mail are free.", "numbers"),
        ("How many calls can I send per minute?", "Up to 60 requests.", "You can send as many as you like.", "numbers"),
        ("Is it so?", "The dog is running through wet sand.", "The dog is running through dry sand.", "opposites"),
        (
            "Solve 472547338 + 960397912423686.",
            "472547338 + 960397912423686 = 960398384971024",
            "472547338 + 960397912423686 = 960398384971029",
            "numbers",
        ),
    ],
)
def test_clashing_answers(question: str, left: str, right: str, source: str) -> None:
    for evidence in (first_contradiction(question, left, right), first_contradiction(question, right, left)):
        assert evidence is not None
        assert source == evidence.source


@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        ("How high is it?", "It is 1,000 m high.", "It is 1000 m high."),
        ("Is it so?", "A man is riding a horse.", "A woman is riding a horse."),
        ("Is it so?", "The boy is playing a guitar.", "The girl is playing a guitar."),
        ("Is it so?", "Some children are jumping on a trampoline.", "Some children are jumping off a trampoline."),
        ("How often do I change it?", "Change it twice a year.", "It has to be changed every six months."),
        ("What is the temperature?", "20 °C", "68 °F"),
        ("What is 1/4?", "0.25", "25%"),
        ("When does it start?", "It starts at 6 pm.", "It starts at six in the evening."),
        ("When does it end?", "It ends at 12 am.", "It ends at midnight."),
        ("How long does it take?", "It takes 27 days.", "Just under four weeks."),
        ("How long does it take?", "Three to five working days.", "About four days."),
        ("How long does it take?", "Within five business days.", "It takes a week."),
        ("How long is the probation?", "Six months.", "Half a year."),
        ("How much of it is water?", "About 71 percent of it.", "Around seven tenths."),
        ("How old must one be?", "21 years", "You must be 21."),
        ("How old must one be?", "You must be 18 or older.", "You must be no older than 25."),
        ("How many people live there?", "About 390,000 people live there.", "Around 400,000 people live there."),
        ("How many touchdowns did he throw?", "He threw two touchdowns.", "He set a record with 72 yards."),
        ("How many legs does it have?", "It has eight legs.", "It walks on four pairs of legs."),
        (
            "How many touchdowns did he throw?",
            "He threw two touchdowns.",
            "He set a new record for rushing yards with 72 in the last Super Bowl of all.",
        ),
        ("When did it open?", "It opened in 1990 with Ann Lee.", "It opened with Bob Ray."),
        ("How big is it?", "It is 1 GB.", "It is 1024 MB."),
        ("How old must one be?", "From the age of 12.", "It is for people who are 12 years old or older."),
        ("Which browsers does it support?", "It supports Chrome only.", "It supports only Chrome."),
        ("What is the boiling point of ethanol?", "It is 78 degrees.", "It is 78.37 degrees."),
        ("What is 12 km in m?", "12 km is 12000 m.", "The answer is 12000 m."),
        ("Write a poem.", "No, I say.", "Yes, I say."),
        ("Give me an example.", "Take 3 apples.", "Take 5 apples."),
        (
            "What is the capital of Germany?",
            "The capital city of Germany is Berlin.",
            "The capital of Germany is Berlin.",
        ),
        ("What is it?", "It is where not even light escapes.", "It is where nothing, not even light, escapes."),
        ("Is it safe?", "No problem, it is.", "Yes, it is."),
        ("When was it?", "It was in May.", "You may ask in June."),
        ("Tell me.", "I'm sorry, I can't.", "I cannot help with that."),
        ("How long does it take?", "It takes two hours.", "It takes 120 minutes."),
        ("When did it start?", "It started in Jan 2018.", "It started on January 5, 2018."),
        ("Is it refundable?", "It is refundable.", "It is not refundable after 30 days."),
        ("Can it be done?", "It cannot be done.", "It is impossible that it can be done."),
        ("Correct it.", "Sure! No, it is wrong.", "No, it is wrong."),
        ("Is it red?", 'The "red one" that is "here" is it.', 'The "red one" that\'s "here" is it.'),
        ("What was it?", "It was more than just a game.", "It wasn't just a game."),
        (
            "Name the process by which water cycles.",
            "The process is called the water cycle.",
            "The process is known as the water cycle.",
        ),
        ("Who made you?\nDid Bob make you?", "I was made by Ann.", "No, I was made by Ann."),
        ("Who pays for it?\nDoes the firm pay for it?", "The employer does.", "Yes, the company pays the hotel."),
        ("At what temperature does it melt?", "3,422 °C", "It melts at about 3,420 degrees Celsius."),
        ("Who won?", "His 72 rushing yards set a record.", "He set a record with 72 yards and his two touchdowns."),
        (
            "Can you book a flight?",
            "I'm sorry, but I am unable to book flights. I can convert currencies.",
            "I'm sorry, but as an AI, I don't have the capability to book flights. I can plan trips.",
        ),
        (
            "Can I pay in instalments?",
            "Yes, you can split it into three monthly payments without interest.",
            "You may pay in three parts, one a month, at no extra cost.",
        ),
        ("Should I water orchids every day?", "No, once a week is enough.", "About every seven days."),
        ("How long does one charge last?", "About a day and a half.", "Around 36 hours."),
        (
            "Do I need a prescription for the cream?",
            "You can buy the cream at any counter.",
            "No, it is sold without one.",
        ),
        ("Is the museum free on Sundays?", "It is free on Sundays.", "Nobody pays on Sundays."),
        ("How much is a statement?", "A paper statement costs 1.50 euros.", "Statements are free for students."),
        (
            "What did the group note?",
            "The group noted the lack of digits on the remote control.",
            "The group noted the absence of digits on the remote control.",
        ),
    ],
)
def test_answers_that_may_both_hold(question: str, left: str, right: str) -> None:
    assert first_contradiction(question, left, right) is None


INVOICE = "Read the invoice as JSON. Norvik Ltd, 2025-01-14, cash, 3 hinges and 1 lamp, total 8795.03 SEK"


@pytest.mark.parametrize(
    ("left", "right", "source"),
    [
        ('{"total": 8795.03, "currency": "SEK"}', '{"currency": "SEK", "total": 8895.03}', "numbers"),
        ('{"total": "8795.03"}', '```json\n{\n  "total": 895.03\n}\n```', "numbers"),
        ('{"date": "2025-01-14"}', '{"date": "2025-01-11"}', "dates"),
        ('{"vendor": "Norvik Ltd"}', '{"vendor": "Nordwig Ltd"}', "values"),
        ('{"paid": true}', '{"paid": false}', "values"),
        ('{"items": [{"name": "hinge", "count": 3}]}', '{"items": [{"name": "hinge", "count": 1}]}', "numbers"),
    ],
)
def test_json_answers_with_another_value_under_a_key_clash(left: str, right: str, source: str) -> None:
    evidence = first_contradiction(INVOICE, left, right)
    assert evidence is not None
    assert evidence.source == source


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ('{"total": 8795.03, "currency": "SEK"}', '{\n  "currency": "SEK",\n  "total": 8795.03\n}'),
        ('{"total": 8795.03}', '{"total": "8795.03"}'),
        ('{"rate": 0.333}', '{"rate": 0.33}'),
        ('{"vendor": "Norvik Ltd"}', '{"vendor": "Norvik", "total": 8795.03}'),
        ('{"items": ["hinge", "lamp"]}', '{"items": ["lamp", "hinge"]}'),
        ('["hinge", "lamp"]', '["lamp", "hinge"]'),
        ('{"date": "2025-01-14"}', '{"date": "14 January 2025"}'),
        ('{"confidence": 0.9, "summary": "Cash for hinges."}', '{"confidence": 0.7, "summary": "A lamp, paid."}'),
        ('{"what": "hinges and a lamp were sold"}', '{"what": "three small things that a house needs"}'),
    ],
)
def test_json_answers_that_say_the_same_do_not_clash(left: str, right: str) -> None:
    assert first_contradiction(INVOICE, left, right) is None


def test_numbers_are_read_in_one_spelling() -> None:
    assert numbers("1,000 and -2.50, +3 ... 40-22") == ["1000", "-2.5", "3", "40", "22"]


def test_equal_questions_are_compared_without_a_model_and_that_is_said() -> None:
    report = find_conflicts(
        [example("How high?", "3 m high.", 1), example("How high?", "4 m high.", 2)], ConflictsConfig()
    )
    assert [(conflict.code, conflict.similarity) for conflict in report.conflicts] == [("X003", 1.0)]
    assert [" ".join(note.split()[:3]) for note in report.notes] == [
        "only equal questions",
        "short answers were",
        "long answers were",
    ]


@pytest.mark.parametrize(
    ("system", "confidence"),
    [
        ("You are helpful.", 0.82),
        ("You are a helpful AI assistant.", 0.82),
        ("You are Ada, a pirate.", 0.82),
        ("Answer for 1912.", 0.574),
    ],
)
def test_another_system_prompt_is_shown_with_the_clash_and_makes_it_less_sure(
    system: str, confidence: float, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("What is the capital of France?", "Paris."), ("What is the capital of France?", "Lyon.", system)
    Path("data.jsonl").write_text("".join(json.dumps(chat(*one)) + "\n" for one in asked))
    assert main(["conflicts", "data.jsonl"]) == 1
    out = capsys.readouterr().out
    assert f"X003 {confidence:.2f} What is the capital of France?" in out
    assert f"system prompts differ: none / '{system.lower()}'" in out
    assert main(["conflicts", "data.jsonl", "--json", "--html", "report.html"]) == 1
    [found] = json.loads(capsys.readouterr().out)["conflicts"]
    assert (found["systems_differ"], found["confidence"]) == (True, confidence)
    assert "system prompts differ: none / " in Path("report.html").read_text()


def test_the_html_report_holds_whole_texts_and_cuts_between_words() -> None:
    question = "When did Apollo 11\nland on the Moon, " + "and please answer at some length " * 20 + "?"
    rest = "\n" + " ".join(f"Reason number {n} is long." for n in range(300))
    lines = [chat(question, f"Apollo 11 landed on the Moon on 20 July {year}.{rest}") for year in (1969, 1968)]
    Path("data.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["conflicts", "data.jsonl", "--no-models", "--html", "report.html", "--quiet"]) == 1
    page = Path("report.html").read_text()
    assert "\\n" not in page.split("<script>", maxsplit=1)[0]
    cut = re.search(r"When did Apollo 11 land on the Moon, ([a-z ]+) …</summary>", page)
    assert cut is not None
    assert set(cut[1].split()) == {"and", "please", "answer", "at", "some", "length"}
    assert f"Full question, {len(question):,} characters" in page
    assert page.count("<summary>Full answer, ") == 2
    assert 'data-rule="X00' in page
    assert "--all" not in page


def test_answers_behind_one_system_prompt_are_shown_rather_than_those_behind_two() -> None:
    said = [("Lyon.", "Be brief."), ("Paris.", "Be kind."), ("Paris.", "Be brief.")]
    report = find_conflicts(
        [
            example("What is the capital of France?", answer, line, system)
            for line, (answer, system) in enumerate(said, 1)
        ],
        ConflictsConfig(),
    )
    assert [
        (sorted(side.system for side in conflict.questions), conflict.systems) for conflict in report.conflicts
    ] == [(["be brief.", "be brief."], None)]


def test_labels_that_other_system_prompts_ask_for_do_not_clash() -> None:
    systems = ("Classify the sentiment: positive or negative.", "Classify the topic: sports or money.")
    examples = [
        example("The shares fell.", answer, line, system)
        for line, (answer, system) in enumerate(zip(("negative", "money"), systems, strict=True), 1)
    ]
    assert [conflict.code for conflict in find_conflicts(examples, ConflictsConfig()).conflicts] == []


IMAGES: list[Callable[[str, str], dict[str, Any]]] = [
    lambda image, answer: {**chat("<image>What is the name of this animal?", answer), "images": [image]},
    lambda image, answer: {
        "conversations": [
            {"from": "human", "value": "<image>What is the name of this animal?"},
            {"from": "gpt", "value": answer},
        ],
        "images": [image],
    },
    lambda image, answer: {
        "instruction": "<image>What is the name of this animal?",
        "input": "",
        "output": answer,
        "images": [image],
    },
    lambda image, answer: {"prompt": "<image>What is the name of this animal?", "completion": answer, "image": image},
    lambda image, answer: {
        "prompt": "<video>What is the name of this animal?",
        "chosen": answer,
        "rejected": "No idea.",
        "videos": [image],
    },
    lambda image, answer: {
        **chat("What is the name of this animal?", answer),
        "chat_template_kwargs": {"documents": [image]},
    },
    lambda image, answer: {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is the name of this animal?"},
                    {"type": "image_url", "image_url": {"url": image}},
                ],
            },
            {"role": "assistant", "content": answer},
        ]
    },
]


@pytest.mark.slow
@pytest.mark.parametrize("row", IMAGES)
def test_rows_that_differ_in_what_is_given_beside_text_are_no_duplicates_and_do_not_clash(
    row: Callable[[str, str], dict[str, Any]],
) -> None:
    rows = [row(f"{n}.png", ("cat", "dog")[n % 2]) for n in range(40)]
    Path("data.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    assert main(["conflicts", "data.jsonl"]) == 0
    assert main(["check", "data.jsonl", "--select", "X005", "--select", "D"]) == 0
    found = plan([Path("data.jsonl")], DedupConfig(same_words=True, beginnings=True))
    assert (found.duplicates, found.apart, found.same_words) == ([], [], [])
    Path("data.jsonl").write_text("".join(json.dumps(one) + "\n" for one in [rows[0], row("0.png", "dog")]))
    assert main(["conflicts", "data.jsonl"]) == 1


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("nitrite", "nitrate"),
        ("chlorite", "chlorate"),
        ("house", "horse"),
        ("abductor", "adductor"),
        ("deadbeef", "deadbeed"),
    ],
)
def test_words_that_look_alike_clash(left: str, right: str) -> None:
    report = find_conflicts(
        [example("What is it called?", answer, line) for line, answer in enumerate((left, right), 1)], ConflictsConfig()
    )
    assert [conflict.code for conflict in report.conflicts] == ["X003"]


def test_requests_of_nothing_but_politeness_are_compared_as_written() -> None:
    examples = [
        example("Sorry bot", "It is 5.", 1),
        example("Good evening bot", "It is 8.", 2),
        example("Hi", "Yes.", 3),
        example("Hello", "No.", 4),
    ]
    assert find_conflicts(examples, ConflictsConfig()).compared == 0
    examples = [
        example("Hi, when does the shop open please?", "At 5.", 1),
        example("When does the shop open?", "At 8.", 2),
    ]
    assert find_conflicts(examples, ConflictsConfig()).compared == 1


def test_expressions_grouped_otherwise_are_not_one_question() -> None:
    examples = [example("What is (2 + 3) * 4?", "20", 1), example("What is 2 + (3 * 4)?", "14", 2)]
    assert find_conflicts(examples, ConflictsConfig()).compared == 0
    assert have_different_expressions("What is 12 + 5?", "What is 12 - 5?")
    assert have_different_expressions("not True or not False is", "not True and not False is")
    assert not have_different_expressions(
        "Is it true or false that a whale is a fish?", "True or false: whales are fish"
    )
    assert not have_different_expressions("Is 12+5 odd?", "Tell me if 12 + 5 is odd.")
    assert not have_different_expressions(
        "I took 1/2 (500 mg) and slept 3 h", "I slept 3 hours (1/2 the night) on 11-13"
    )


def test_a_request_that_goes_on_with_an_open_one_has_many_answers() -> None:
    def conversation(first: str, answer: str, line: int) -> Example:
        turns = [("user", first), ("assistant", "Done."), ("user", "Now in 2 lines."), ("assistant", answer)]
        messages = [{"role": role, "content": text} for role, text in turns]
        return Example(Place("d.jsonl", line), {"messages": messages}, "messages")

    for first, found in (("Write a poem about Al.", 0), ("How old is Al?", 1)):
        said = [conversation(first, "Al is 5 years old.", 1), conversation(first, "Al is 8 years old.", 2)]
        assert len(find_conflicts(said, ConflictsConfig()).conflicts) == found


def test_a_question_with_very_many_answers_is_left_alone_and_that_is_said() -> None:
    report = find_conflicts([example("Roll a die.", f"You rolled {n}.", n) for n in range(51)], ConflictsConfig())
    assert (report.conflicts, report.compared) == ([], 0)
    assert any("open-ended by use" in note for note in report.notes)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("What is the boiling point of water?", "What's the boiling point of water, please?", True),
        ("How many moons does Mars have?", "How many moons does Venus have?", False),
        ("What is 2 + 3?", "What is 2 + 4?", False),
        ("What is (2 + 3) * 4?", "What is 2 + (3 * 4)?", False),
        ("Is not (true or false) so?", "Is not true or (false) so?", False),
        ("What is salt (sodium chloride)?", "What is salt, sodium chloride?", True),
        ("Is 'strong' a verb?", "Is 'quick' a verb?", False),
        ("I love this song. Positive?", "I hate this song. Positive?", False),
    ],
)
def test_the_gate_lets_through_only_what_asks_the_same(left: str, right: str, same: bool) -> None:
    a, b = question_of(example(left, "x")), question_of(example(right, "y"))
    assert a is not None
    assert b is not None
    assert same == same_request(a, b)


@pytest.mark.parametrize(
    "reasoning",
    [
        "<think>\nNo rule forbids it, or is there one? {}\n</think>\n\n",
        "The template opened this. {}</think>",
        "[THINK]{}[/THINK]",
        "<|channel|>analysis<|message|>{}<|end|><|start|>assistant<|channel|>final<|message|>",
    ],
)
def test_answers_are_compared_without_their_reasoning(reasoning: str) -> None:
    thoughts = ("I look at what the leaflet says about the battery.", "Long ago 17 of 20 chargers were bad, so beware.")
    sides = [
        example("May I charge it overnight?", reasoning.format(thought) + answer, line)
        for line, (thought, answer) in enumerate(zip(thoughts, ("Yes, it switches off.", "No."), strict=True), 1)
    ]
    (conflict,) = find_conflicts(sides, ConflictsConfig()).conflicts
    assert [question.answer for question in conflict.in_order()[:2]] == ["Yes, it switches off.", "No."]
    same = [
        example("May I charge it?", reasoning.format(thought) + "Yes.", line) for line, thought in enumerate(thoughts)
    ]
    assert find_conflicts(same, ConflictsConfig()).compared == 0
    cut = [example("May I charge it?", f"<think>{thought}", line) for line, thought in enumerate(thoughts)]
    assert find_conflicts(cut, ConflictsConfig()).questions == 0


def test_a_model_that_is_not_there_stops_the_search_with_the_next_step() -> None:
    with pytest.raises(CurateError) as caught:
        find_conflicts([example("a?", "b"), example("c?", "d")], ConflictsConfig(embeddings="offline:no-such-model"))
    assert caught.value.hint


@pytest.mark.slow
def test_paraphrases_are_nominated_by_a_real_model_and_cached(tmp_path: object) -> None:
    from pathlib import Path

    cache = Path(str(tmp_path)) / "cache"
    examples = [
        example("How tall is the Eiffel tower in metres?", "The tower is 330 metres tall.", 1),
        example("In metres, how tall is the Eiffel tower?", "The tower is 300 metres tall.", 2),
        example("What is the capital of France?", "The capital is Paris.", 3),
    ]
    config = ConflictsConfig(embeddings="offline:all-MiniLM-L6-v2")
    report = find_conflicts(examples, config, cache)
    assert [{1, 2}] == [{c.left.place.line, c.right.place.line} for c in report.conflicts]
    assert 0.9 <= report.conflicts[0].similarity < 1
    assert find_conflicts(examples, config, cache) == report  # from the cache
    moved = [*examples[1:], example("Who wrote Hamlet?", "Shakespeare wrote it.", 4)]
    assert find_conflicts(moved, config, cache).conflicts == []
    texts = ["How tall is the Eiffel tower in metres?", "What is the capital of France?"]
    assert len(list(cache.glob("embeddings-*"))) == 1
    vectors = embed(texts, "offline:all-MiniLM-L6-v2", cache)
    assert vectors.shape == (2, 384)
    assert list(neighbours(vectors, 0.9)) == []


@pytest.mark.parametrize(
    ("questions", "answers", "two"),
    [
        (
            ("How many touchdowns did he throw?", "How many interceptions did he throw?"),
            ("He threw three touchdowns.", "He threw two interceptions."),
            True,
        ),
        (
            ("Who wrote Hamlet?", "Who is the author of Hamlet?"),
            ("Shakespeare wrote Hamlet.", "The author of Hamlet is Marlowe."),
            False,
        ),
        (
            ("How long is the warranty?", "What is the warranty period?"),
            ("The warranty is two years.", "The warranty period is 12 months."),
            False,
        ),
        (
            ("Are pets allowed?", "May I bring a dog?"),
            ("No, pets are not allowed.", "Yes, you may bring a dog."),
            False,
        ),
    ],
)
def test_answers_that_repeat_what_only_their_own_question_asks_answer_two(
    questions: tuple[str, str], answers: tuple[str, str], two: bool
) -> None:
    assert answer_different_questions(questions, answers) is two
    assert answer_different_questions(questions[::-1], answers[::-1]) is two


@pytest.mark.slow
def test_no_question_is_embedded_of_whose_answer_nothing_is_told() -> None:
    told = [
        example("Can lists be changed in Python?", "Yes: `xs[0] = [1]` changes the list xs.", 1),
        example("In Python, can lists be changed?", "No, lists cannot be changed.", 2),
    ]
    silent = [
        example("Write a poem about the harbour at night.", "The harbour sleeps, the lanterns sway.", 3),
        example("Reverse the words of a sentence in Python", "```python\nprint(' '.join(words[::-1]))\n```", 4),
    ]
    refused = [example("Please write a poem about the harbour at night", "I'm sorry, I can't help with that.", 5)]

    def looked(examples: list[Example]) -> tuple[int, list[set[int]]]:
        seen: list[int] = []
        report = find_conflicts(examples, ConflictsConfig(embeddings="offline:all-MiniLM-L6-v2"), progress=seen.append)
        return sum(seen), [{c.left.place.line, c.right.place.line} for c in (*report.conflicts, *report.unsure)]

    assert looked([*told, *silent]) == (2, [{1, 2}])
    assert {3, 5} in looked([*told, *silent, *refused])[1]


ANSWERS = (
    "It is 3 m high.",
    "It is 4 m high.",
    "It is not 4 m high.",
    "I'm sorry, I can't help with that.",
    "It is three metres high.",
    "No.",
    "Yes, 300 cm.",
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("How high is it?", "Hi! How high is it, please?", "How wide is it?")),
            st.sampled_from(ANSWERS),
        ),
        max_size=9,
    ),
    st.randoms(),
)
def test_what_clashes_does_not_depend_on_the_order_of_the_lines(asked: list[tuple[str, str]], random: Random) -> None:
    found = find_conflicts(
        [example(question, answer, line) for line, (question, answer) in enumerate(asked, start=1)], ConflictsConfig()
    )
    random.shuffle(asked)
    again = find_conflicts(
        [example(question, answer, line) for line, (question, answer) in enumerate(asked, start=1)], ConflictsConfig()
    )
    assert [(c.id, c.code, c.confidence, c.evidence) for c in found.conflicts] == [
        (c.id, c.code, c.confidence, c.evidence) for c in again.conflicts
    ]
    assert all(c.left.id != c.right.id for c in found.conflicts)


def test_numbers_of_different_things_do_not_clash() -> None:
    """Two questions that an embedding takes for one: how many touchdowns, how many interceptions."""
    both = "How many touchdowns did Patrick throw?\nHow many interceptions did Patrick throw?"
    assert first_contradiction(both, "Patrick threw three touchdowns.", "Patrick threw two interceptions.") is None
    assert first_contradiction(both, "Patrick threw three touchdowns.", "He threw two touchdowns.") is not None


@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        (
            "How many coupons can I use per purchase?",
            "You can use only one coupon per purchase, and it has to be shown before the cashier starts scanning.",
            "If you hold the gold card, you can use 2 coupons per purchase when you show them before the scan.",
        ),
        (
            "Combien coûte le billet ?",
            "Le billet adulte coûte 12 euros et vous pouvez l'acheter au guichet près de l'entrée du musée.",
            "Pour les enfants, le billet est à 6 euros, en vente au guichet de l'entrée principale.",
        ),
        (
            "Wann schließt der Laden?",
            "Unter der Woche schließt der Laden um 20 Uhr, letzter Einlass ist etwa eine Viertelstunde vorher.",
            "Sonntags schließt der Laden um 18 Uhr, letzter Einlass ist fünfzehn Minuten davor.",
        ),
        ("What does the tour cost?", "It is 15 dollars per person.", "A group of up to ten pays 120 dollars."),
        ("¿Cuánto tarda el envío?", "El envío nacional tarda 2 días.", "Al extranjero tarda 10 días."),
        ("Combien coûte l'inscription ?", "La première coûte 50 euros.", "Le renouvellement coûte 20 euros."),
    ],
)
def test_amounts_for_two_cases_do_not_contradict_each_other(question: str, left: str, right: str) -> None:
    assert first_contradiction(question, left, right) is None


@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        (
            "What is it per person?",
            "It is 15 dollars per person, groups pay 90 dollars.",
            "Per person 20 dollars; groups pay 90.",
        ),
        (
            "Was zahlen Erwachsene?",
            "Erwachsene zahlen 5 Euro, Kinder 2 Euro.",
            "Erwachsene 7 Euro. Kinder zahlen 2 Euro.",
        ),
        ("成人票多少钱？", "成人票每张80元，儿童票每张40元。", "成人票每张100元，儿童票每张40元。"),
    ],
)
def test_amounts_for_the_requested_case_contradict_each_other(question: str, left: str, right: str) -> None:
    assert first_contradiction(question, left, right) is not None


@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        (
            "Can I freeze the dough?",
            "I wish I could say yes, but this dough must not be frozen, since it breaks when it thaws and cannot be "
            "folded any more. Wrap it in film, keep it in the fridge and use it up within a day or two at most.",
            "I would have loved to tell you that it is possible. No, the dough does not survive the freezer. Bake it "
            "today with whatever there is at home, and brush it with egg before it goes into the oven for a while.",
        ),
        (
            "¿Se puede congelar la masa?",
            "Gástala hoy o mañana, porque meterla en el congelador no es buena idea con esta masa. Por lo visto no lo "
            "aguanta, y acabarías tirándola de todas formas, así que déjala en film dentro de la nevera.",
            "No, esa masa no se debe congelar, se queda quebradiza y no hay quien la doble. Rellénala hoy con lo que "
            "haya y hornéala, pintada de huevo, que fría también está rica, y bien envuelta aguanta en la nevera.",
        ),
        (
            "When does the last cable car leave in autumn?",
            "In autumn the last car leaves the summit at half five in the afternoon, and a signal is heard shortly "
            "before. Those who miss it walk down on foot, for which a head torch is a good thing to have.",
            "The final car down leaves at 5.30 pm in autumn, because it gets dark so early up there. Whoever comes "
            "later has to take the path through the woods, so please keep an eye on the clock in the café.",
        ),
    ],
)
def test_answers_that_say_the_same_in_other_words_do_not_contradict_each_other(
    question: str, left: str, right: str
) -> None:
    examples = [example(question, answer, line) for line, answer in enumerate((left, right))]
    assert not find_conflicts(examples, ConflictsConfig(embeddings="", nli="", reader="")).conflicts


def test_words_with_the_prefixes_of_opposites_may_be_none() -> None:
    sentences = (f"The singing of the choir was very {word} that night." for word in ("expressive", "impressive"))
    assert first_contradiction("How was the singing of the choir?", *sentences) is None
    formats = (f"The firm {word}s wine from Spain each year." for word in ("export", "import"))
    assert first_contradiction("What does the firm do with wine from Spain?", *formats) is not None


def decided(conflict: Conflict, *verdicts: Verdict) -> dict[str, DecisionState]:
    sides = (conflict.left.id, conflict.right.id)
    return {side: DecisionState(verdict, about=conflict.id) for side, verdict in zip(sides, verdicts, strict=True)}


def test_decisions_move_the_confidence_towards_what_people_confirm() -> None:
    """Thirty confirmed at .9, thirty of which both sides were kept at .6; fewer than 50 are refused."""
    made = []
    for nth in range(60):
        left, right = example(f"What is {nth}?", "It is 5.", nth), example(f"What is {nth}?", "It is 6.", nth + 100)
        evidence = (Evidence("numbers", "5", "6", 0.96),)
        made.append(Conflict("X003", left, right, 1.0, evidence, 0.9 if nth < 30 else 0.6))
    words: dict[str, DecisionState] = {}
    for nth, conflict in enumerate(made):
        words |= decided(conflict, "keep", "drop" if nth < 30 else "keep")
    with pytest.raises(UsageError, match="49 decisions about conflicts: 50 are needed"):
        calibrate(made[:49], words)
    found = calibrate(made, words)
    assert (found.confirmed, found.rejected) == (30, 30)
    scale = (found.slope, found.intercept)
    assert calibrated_confidence(0.6, scale) < 0.3
    assert calibrated_confidence(0.9, scale) > 0.7
    alike = [replace(conflict, score=0.96) for conflict in made]
    quarter: dict[str, DecisionState] = {}
    for nth, conflict in enumerate(alike):
        quarter |= decided(conflict, "keep", "drop" if nth < 15 else "keep")
    found = calibrate(alike, quarter)
    assert 0.2 < calibrated_confidence(0.96, (found.slope, found.intercept)) < 0.4
    high = calibrate([replace(conflict, score=0.9999) for conflict in made], quarter)
    assert high.slope == pytest.approx(0.487, abs=0.002)  # of the odds that the scale is applied to: 9999 to 1
    report = find_conflicts([made[0].left, made[0].right], ConflictsConfig(calibration=(1.0, -9.0)))
    assert (report.conflicts, report.unsure) == ([], [])


@pytest.mark.parametrize(("question", "flagged"), [("能否介绍一下你的服务？", True), ("你的名字及开发者身份？", False)])
def test_verdicts_in_chinese_answer_questions_for_yes_or_no_alone(question: str, flagged: bool) -> None:
    answers = "您好，我是一个人工智能助手，支持多种语言的问答。", "我努力提供准确的回答，但不能保证完全的准确性。"
    pair = [example(question, answer, line) for line, answer in enumerate(answers, 1)]
    assert bool(find_conflicts(pair, ConflictsConfig(embeddings="", nli="")).conflicts) == flagged
