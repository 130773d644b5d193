"""Two examples that differ in a fact are two; two that differ in spelling, politeness or length are one."""

from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.core.config import DedupConfig
from curate.core.example import Example, Place
from curate.dedup.near_duplicates import find_duplicates_in
from curate.read.formats import example_of
from tests import templated_facts
from tests.conftest import Write
from tests.reference_facts import same_facts
from tests.workspaces import plan


def example(question: str, answer: str, **more: object) -> Example:
    return Example(
        Place("data.jsonl", 1),
        {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}], **more},
        "messages",
    )


LONG = (
    "the river rises in the mountains, flows through wide valleys and several old market towns, and reaches the sea "
    "after a long journey"
)

LONGER = (
    "The town lies where a broad stream meets the valley road and merchants, farmers and millers once held their "
    "yearly market; "
    f"{LONG}, and past ruined castles, vineyards, orchards, quarries, ferries, locks, harbours, shipyards, "
    "warehouses, lighthouses and dunes."
)
CHOICE = (
    "In an experiment, one set of plants gets water and light, another set gets neither, and both are weighed each "
    "morning. Which plants get water?"
)


def picked(options: str) -> str:
    return f"{CHOICE}\n{options}"


LOOP = "def total(items):\n    result = 0\n    for item in items:\n        result += item\n    return result"
REVIEW = (
    "We stayed for two nights in the old hotel beside the harbour, in a {} room on the second floor over the "
    "boats and the market square. Breakfast was served from seven on the terrace, the staff at the desk were {}, and a "
    "bus to the station stopped at the door. All in all it was {}."
)
DIFFERENT = {
    "a judgement in a long answer": (
        ("How was it?", REVIEW.format("spotless", "courteous", "delightful")),
        ("How was it?", REVIEW.format("grubby", "surly", "dismal")),
    ),
    "options in another order": ((picked("(A) left (B) right"), "B"), (picked("(A) right (B) left"), "B")),
    "other options behind the same letters": (
        (picked("A. the control set\nB. the experimental set"), "B"),
        (picked("A. the control set\nB. the second set"), "B"),
    ),
    "options on lines in another order": (
        (picked("A. red\nB. green\nC. blue"), "A"),
        (picked("A. green\nB. red\nC. blue"), "A"),
    ),
    "options without letters in another order": (
        (picked("- the left one\n- the right one"), "It."),
        (picked("- the right one\n- the left one"), "It."),
    ),
    "another letter": ((CHOICE, "A"), (CHOICE, "B")),
    "another letter in a long answer": (
        (CHOICE, f"The answer is (A), for {LONG}"),
        (CHOICE, f"The answer is (B), for {LONG}"),
    ),
    "one of two groups that a request names": (
        ("Is it the control group or the experimental group?", f"The control group, for {LONG}"),
        ("Is it the control group or the experimental group?", f"The experimental group, for {LONG}"),
    ),
    "how and why": (
        ("How do I verify the top up?", "In the app."),
        ("Why do I need to verify the top up?", "In the app."),
    ),
    "who and where": ((f"Who lives here? {LONG}", "Nobody."), (f"Where lives here? {LONG}", "Nobody.")),
    "what should be and what is": (
        ("Should I take pills?", "Ask a doctor."),
        ("I'm about to take pills", "Ask a doctor."),
    ),
    "is and was": (("Who is the president?", "Ask."), ("Who was the president?", "Ask.")),
    "another form of the verb": (("I baked bread, what now?", "Eat it."), ("I am baking bread, what now?", "Eat it.")),
    "a word more in a short request": (
        ("Are you ChatGPT?", f"No, {LONG}"),
        ("Are you based on ChatGPT?", f"No, {LONG}"),
    ),
    "mine and yours": (("What is my name?", "No idea."), ("What is your name?", "No idea.")),
    "the question behind a long text": (
        (f"{LONGER} What is the control?", "None."),
        (f"{LONGER} What is the experiment?", "None."),
    ),
    "a letter dropped": (("What is the capital of France?", "Paris."), ("What is the captal of France?", "Paris.")),
    "letters of a name swapped": (("Where is Brian?", "At home."), ("Where is Brain?", "At home.")),
    "a name with a letter doubled": (("Where is Ana?", "At home."), ("Where is Anna?", "At home.")),
    "trial and trail": (("Where is the trial?", "Over there."), ("Where is the trail?", "Over there.")),
    "desert and dessert": (("Is the desert cold?", "It depends."), ("Is the dessert cold?", "It depends.")),
    **{
        f"{one} and {other} {where}": (
            ("What is it?", f"{before}{one}{after}"),
            ("What is it?", f"{before}{other}{after}"),
        )
        for one, other in (
            ("nitrite", "nitrate"),
            ("house", "horse"),
            ("chlorite", "chlorate"),
            ("abductor", "adductor"),
            ("deadbeef", "deadbeed"),
            ("mortality", "morality"),
            ("import", "export"),
            ("hypertension", "hypotension"),
        )
        for where, before, after in (("alone", "", ""), ("in a long answer", "It is ", f", and {LONG}"))
    },
    "a number": (("What is 2 + 3?", "5"), ("What is 2 + 4?", "6")),
    "the order of numbers": (("What is 7 - 3?", "It depends."), ("What is 3 - 7?", "It depends.")),
    "a sign": (("What is 7 - 3?", "Take it."), ("What is 7 + 3?", "Take it.")),
    "an answer": (
        ("What is it about?", "It tells how people who live by rivers build houses on wooden poles above water."),
        ("What is it about?", "It shows which plants grow best in sandy soil and how gardeners look after them."),
    ),
    "an answer with much more": (
        ("What is it about?", "It tells how people live by rivers."),
        ("What is it about?", f"It tells how people live by rivers. {LONG}"),
    ),
    "a currency": (
        ("What does it cost?", f"It costs $5, and {LONG}"),
        ("What does it cost?", f"It costs €5, and {LONG}"),
    ),
    "a percentage": (("How much is it?", f"It is 5%, and {LONG}"), ("How much is it?", f"It is 5, and {LONG}")),
    "a comparison": (("Is x < 3?", "It depends."), ("Is x > 3?", "It depends.")),
    "a picture": (("React to 😀", "I am glad."), ("React to 😡", "I am glad.")),
    "decimals": (("Round 2.51.", "Done."), ("Round 2.52.", "Done.")),
    "a name in the question": (
        ("What is the capital of France?", "A city."),
        ("What is the capital of Spain?", "A city."),
    ),
    "a name in the answer": (
        ("Who wrote it?", "It was Goethe who wrote it, as everybody knows."),
        ("Who wrote it?", "It was Schiller who wrote it, as everybody knows."),
    ),
    "names that are spelled alike": (("Where is Iran?", "In Asia."), ("Where is Iraq?", "In Asia.")),
    "names of one ending": (("Where is Gambia?", "In Africa."), ("Where is Zambia?", "In Africa.")),
    "a longer name": (("What is the capital of Austria?", "A city."), ("What is the capital of Australia?", "A city.")),
    "a name with another ending": (("Who is Christina?", "A friend."), ("Who is Christine?", "A friend.")),
    "a name with an ending more": (("Who is Michael?", "A friend."), ("Who is Michaela?", "A friend.")),
    "the order of names": (("Did France beat Spain?", "Once."), ("Did Spain beat France?", "Once.")),
    "a name more in the question": (("What is the capital?", "A city."), ("What is the capital of France?", "A city.")),
    "a month": (("When?", f"In May {LONG}"), ("When?", f"In June {LONG}")),
    "a unit": (("How far?", f"It is 5 km, and {LONG}"), ("How far?", f"It is 5 miles, and {LONG}")),
    "a numeral": (
        ("How many?", f"There are three bridges, and {LONG}"),
        ("How many?", f"There are seven bridges, and {LONG}"),
    ),
    "a negation": (("May I?", f"You may, for {LONG}"), ("May I?", f"You may not, for {LONG}")),
    "a pole": (("When?", f"Before lunch {LONG}"), ("When?", f"After lunch {LONG}")),
    "a quoted word": (
        ("A synonym for 'quick'?", f"'rapid', as {LONG}"),
        ("A synonym for 'quick'?", f"'fast', as {LONG}"),
    ),
    "a word of the question": (
        ("Who invented the telephone?", "It is disputed."),
        ("Who invented the telegraph?", "It is disputed."),
    ),
    "a short answer": (
        ("Classify the animal: it eats everything.", "herbivore"),
        ("Classify the animal: it eats everything.", "omnivore"),
    ),
    **{
        f"{one} and {other} {where}": (
            ("What is it?", f"{before}{one}{after}") if where else (f"Is it {one}? {LONG}", "Yes."),
            ("What is it?", f"{before}{other}{after}") if where else (f"Is it {other}? {LONG}", "Yes."),
        )
        for one, other in (
            ("½ cup", "¼ cup"),
            ("10⁻³", "10⁻⁶"),
            ("2⁵", "25"),
            ("x₁", "x₂"),
            ("10 mW", "10 MW"),
            ("5Mb", "5MB"),
            ("∀x", "∃x"),
            ("A ⊂ B", "A ⊃ B"),
            ("¬a", "a"),
            ("a && b", "a || b"),
            ("if (!ready)", "if (ready)"),
            ("a * b", "a / b"),
            ("a <= b", "a => b"),
            ("x << 2", "x >> 2"),
            ("in C#", "in C"),
            (r"\d+", r"\D+"),
            ("~5", "5"),
            ("Python 3.1", "Python 3.10"),
            ("1,000 m", "1.000 m"),
            ("0xFF", "0xFE"),
            ("Nf3", "Nc3"),
            ("5 µg", "5 mg"),
            ("5 µl", "5 ml"),
            ("3 cups of it", "3 tablespoons of it"),
            ("fünf Teile", "sechs Teile"),
            ("пять частей", "шесть частей"),
            ("安全です", "安全ではありません"),
            ("это можно", "это нельзя"),
            ("his car", "her car"),
            ("turned left", "turned right"),
        )
        for where, before, after in (("", "", ""), ("in a long answer", "It is ", f", and {LONG}"))
    },
    **{
        f"{one} and {other} in a long answer": (
            ("What is it?", f"It is {one}, and {LONG}"),
            ("What is it?", f"It is {other}, and {LONG}"),
        )
        for one, other in (
            ("an error of type I", "an error of type II"),
            ("by Dr. Lee", "by Dr. Li"),
            ("from @alice", "from @bob"),
            ("user_anna", "user_bert"),
            ("in data.txt", "in data.csv"),
            ("calling np.mean", "calling np.sum"),
            ("of a rich man", "of a poor man"),
            ("the public key", "the private key"),
            ("a reversible step", "an irreversible step"),
        )
    },
    **{
        f"{more} more in a long answer": (
            ("What is it?", f"It is about {one}, and {LONG}"),
            ("What is it?", f"It is about {other}, and {LONG}"),
        )
        for more, one, other in (
            ("a part of a name", "SQL Server and SQL Lite", "SQL Server and SQL"),
            ("a place", "the university of Hawaii at Manoa", "the university of Hawaii"),
            ("a restriction", "getting a card online", "getting a card"),
            ("a currency", "paying 25000 INR", "paying 25000"),
            ("a numeral", "all seven bridges", "all bridges"),
        )
    },
    "who is named and who is not": (
        ("What is it?", f"It is long. Dotson told us that {LONG}"),
        ("What is it?", f"It is long. He told us that {LONG}"),
    ),
    "a word more in a request of twenty words": (
        (f"Where, if {LONG}, do people apply for a card online?", "At the desk."),
        (f"Where, if {LONG}, do people apply for a card?", "At the desk."),
    ),
    "Chinese": (("法国的首都是哪里？", "一座城市。"), ("德国的首都是哪里？", "一座城市。")),
    "a negation in Chinese": (("可以吗？", "你可以去。"), ("可以吗？", "你不可以去。")),
    "Japanese": (("東京はどこですか。", "関東です。"), ("京都はどこですか。", "関東です。")),
    "Cyrillic": (("Где находится Москва?", "В России."), ("Где находится Пермь?", "В России.")),
    "Arabic": (("ما هي عاصمة فرنسا", "مدينة"), ("ما هي عاصمة مصر", "مدينة")),
    "a block of Python": (("Sum them.", LOOP), ("Sum them.", LOOP.replace("    return", "        return"))),
    "a block of YAML": (
        ("Set it up.", "```yaml\na:\n  b: x\nc: y\n```"),
        ("Set it up.", "```yaml\na:\n  b: x\n  c: y\n```"),
    ),
    "a prefix whose hyphen changes the meaning": (
        ("Should I re-sign the contract?", "Ask them."),
        ("Should I resign the contract?", "Ask them."),
    ),
}
SAME = {
    "the width of indentation": (("Sum them.", LOOP), ("Sum them.", LOOP.replace("    ", "\t"))),
    "indentation that means nothing": (
        ("Sum them.", "for (const x of y) {\n  sum += x;\n}\nStore it."),
        ("Sum them.", "for (const x of y) {\nsum += x;\n}\nStore it."),
    ),
    "case": (("what is the capital of france?", "paris"), ("What is the capital of France?", "Paris")),
    "a hyphen": (("How do I top-up my card?", "At the desk."), ("How do I top up my card?", "At the desk.")),
    "a hyphen in a long answer": (
        ("Tell me.", f"A well-known town: {LONG}"),
        ("Tell me.", f"A well known town: {LONG}"),
    ),
    "a compound written as one word": (
        ("Can I pre-order the book?", "Co-workers can."),
        ("Can I preorder the book?", "Coworkers can."),
    ),
    "umlauts written as two letters": (
        ("Können Sie die Rechnung prüfen?", "Ja."),
        ("Koennen Sie die Rechnung pruefen?", "Ja."),
    ),
    "accents left out": (
        ("Explícame cómo está el médico.", "Está aquí."),
        ("Explicame como esta el medico.", "Esta aqui."),
    ),
    "a name without its accent": (("Where is Málaga?", "In Spain."), ("Where is Malaga?", "In Spain.")),
    "a name that both have": (
        ("Tell me.", f"Dotson lives there. He says that {LONG}"),
        ("Tell me.", f"Dotson lives there. Dotson says that {LONG}"),
    ),
    "politeness": (
        ("What is the capital of France?", "Paris."),
        ("Could you please tell me what the capital of France is?", "Paris."),
    ),
    "a greeting": (
        ("What is the capital of France?", "Paris."),
        ("Hello, what is the capital of France? Thanks!", "Sure! Paris."),
    ),
    "letters swapped": (("What is the capital of France?", "Paris."), ("What is the captial of France?", "Paris.")),
    "a letter doubled": (("What is the capital of France?", "A city."), ("What is the capittal of France?", "A city.")),
    "a plural": (
        ("Which network broadcasts the game?", "Fox does."),
        ("Which networks broadcast the game?", "Fox does."),
    ),
    "a reworded sentence amid a long request": (
        ("Read this. " + LONGER + " Is it old?", "Yes."),
        ("Read this. " + LONGER.replace("broad", "wide") + " Is it old?", "Yes."),
    ),
    "units in capitals": (("How long is 5 km?", "Long."), ("HOW LONG IS 5 KM?", "LONG.")),
    "an exclamation": (("What is it!", "A river!"), ("What is it", "A river.")),
    "thousands separators": (("How many people?", "1,250,000"), ("How many people?", "1250000")),
    "zeros after the decimals": (("How much?", "2.50"), ("How much?", "2.5")),
    "a contraction": (("May I?", "You do not have to."), ("May I?", "You don't have to.")),
    "a word more in the answer": (
        ("Where is it?", "It is in the north of Paris."),
        ("Where is it?", "It is in the far north of Paris, near the river."),
    ),
    "a synonym in a long answer": (("Tell me.", f"The broad {LONG}"), ("Tell me.", f"The wide {LONG}")),
    "punctuation": (("What is it, then?", "A river!"), ("What is it then", "A river.")),
    "Chinese politeness": (("法国的首都是哪里？", "巴黎。"), ("请问法国的首都是哪里呢？", "巴黎。")),
}


@pytest.mark.parametrize(("left", "right"), DIFFERENT.values(), ids=list(DIFFERENT))
def test_a_differing_fact_makes_two(left: tuple[str, str], right: tuple[str, str]) -> None:
    assert [same_facts(example(*a), example(*b)) for a, b in permutations([left, right])] == [False, False]


@pytest.mark.parametrize(("left", "right"), SAME.values(), ids=list(SAME))
def test_what_is_no_fact_makes_none(left: tuple[str, str], right: tuple[str, str]) -> None:
    assert [same_facts(example(*a), example(*b)) for a, b in permutations([left, right])] == [True, True]


def test_versions_are_told_from_decimals() -> None:
    left, right = (example("How much?", f"It costs {price}, as {LONG}") for price in ("2.50", "2.5"))
    assert same_facts(left, right)


@pytest.mark.parametrize("key", ["reasoning_content", "thinking", "weight", "train", "train_detail", "name", "prefix"])
def test_what_a_turn_has_beside_text_is_a_fact(key: str) -> None:
    left, right = (example("What is this?", f"A cat: {LONG}") for _ in range(2))
    left.value["messages"][1][key], right.value["messages"][1][key] = 0, 1
    assert (same_facts(left, left), same_facts(left, right)) == (True, False)
    left.value["messages"][1][key] = ""
    assert same_facts(left, example("What is this?", f"A cat: {LONG}"))


@pytest.mark.parametrize("key", ["ground_truth", "solution", "reference_answer", "reward_model", "margin"])
def test_what_a_line_is_graded_by_is_a_fact(key: str) -> None:
    left, right = (example("What is this?", LONG, **{key: value}) for value in ("4", "5"))
    assert (same_facts(left, left), same_facts(left, right)) == (True, False)


def test_sides_of_a_pair_are_told_apart() -> None:
    other = "a mountain stands in the plain, and the wind goes around it in the evening when all is quiet"
    left, right = (example("Tell me.", one, rejected=two) for one, two in ((LONG, other), (other, LONG)))
    assert (same_facts(left, left), same_facts(left, right)) == (True, False)
    left, right = (example("Tell me.", one, rejected=two) for one, two in ((LONG, f"So {LONG}"), (f"So {LONG}", LONG)))
    assert not same_facts(left, right)  # each prefers what the other rejects


def test_another_image_is_another_fact() -> None:
    def shown(url: str, **more: object) -> Example:
        return example(
            [{"type": "text", "text": "What is this?", **more}, {"type": "image_url", "image_url": {"url": url}}],  # type: ignore[arg-type]
            "A cat.",
        )

    assert (same_facts(shown("a.png"), shown("a.png")), same_facts(shown("a.png"), shown("b.png"))) == (True, False)
    assert (
        same_facts(shown("a.png"), shown("a.png", type="text")),
        same_facts(shown("a.png"), shown("a.png", image="c.png")),
    ) == (True, False)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"passage": "The town has a library."}, {"passage": "The town has no library."}, False),
        ({"schema": ["a table of cats"]}, {"schema": ["a table of dogs"]}, False),
        ({"文章": "猫"}, {"文章": "犬"}, False),
        ({"image_path": "a.jpg"}, {"image_path": "b.jpg"}, False),
        ({"scan": "a.heic"}, {"scan": "b.heic"}, False),
        ({"passage": "The town has a library."}, {}, False),
        ({"qid": "a1", "difficulty": "very hard"}, {"qid": "a2", "difficulty": "very easy"}, True),
    ],
)
def test_text_that_a_format_does_not_read_is_a_fact_and_metadata_is_not(
    one: dict[str, object], other: dict[str, object], same: bool
) -> None:
    rows = ({"question": "Is that so?", "answer": "Yes, it is.", **more} for more in (one, other))
    left, right = (example_of(row, Place("data.jsonl", 1)) for row in rows)
    assert (same_facts(left, left), same_facts(left, right)) == (True, same)
    left, right = (example("Is that so?", "Yes, it is.", **more) for more in (one, other))
    assert same_facts(left, right)  # nothing beside messages is trained on


@pytest.mark.parametrize(
    "key", ["images", "image", "audios", "audio", "videos", "video", "documents", "chat_template_kwargs"]
)
def test_what_is_given_beside_text_is_a_fact(key: str) -> None:
    left, right = (example("What is this?", "A cat.", **{key: [name]}) for name in ("a", "b"))
    assert (same_facts(left, left), same_facts(left, right), same_facts(left, example("What is this?", "A cat."))) == (
        True,
        False,
        False,
    )
    assert same_facts(example("What is this?", "A cat."), example("What is this?", "A cat.", **{key: None}))
    turns = [
        [{"role": "user", "content": "What is this?", key: [name]}, {"role": "assistant", "content": "A cat."}]
        for name in ("a", "b")
    ]
    left, right = (Example(Place("data.jsonl", 1), {"messages": said}, "messages") for said in turns)
    assert not same_facts(left, right)


def test_other_arguments_of_a_call_are_another_fact_and_so_is_another_function() -> None:
    def calling(city: str, name: str = "get_weather") -> Example:
        call = {"id": "1", "type": "function", "function": {"name": name, "arguments": f'{{"city": "{city}"}}'}}
        turns = [
            {"role": "user", "content": "What is the weather there?"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
        ]
        return Example(Place("data.jsonl", 1), {"messages": turns}, "messages")

    assert not same_facts(calling("Leipzig"), calling("Dresden"))
    assert not same_facts(calling("Leipzig"), calling("Leipzig", "set_weather"))
    assert same_facts(calling("Leipzig"), calling("Leipzig"))
    assert not same_facts(calling('<", "to": ">'), calling('>", "to": "<'))
    long, other = (calling(f'", "id": {10**30 + n}, "to": "') for n in (1, 2))
    assert not same_facts(long, other), "of more than 64 bits"
    spaced = calling("Leipzig")
    spaced.value["messages"][1]["tool_calls"][0]["function"]["arguments"] = '{ "city":\n"Leip\\u007aig" }'
    assert same_facts(calling("Leipzig"), spaced)


def test_facts_of_turns_that_are_not_compared_do_not_count() -> None:
    left, right = example("What is 2 + 2?", "I do not know."), example("What is 3 + 9?", "I do not know.")
    assert (same_facts(left, right, "response"), same_facts(left, right, "prompt")) == (True, False)


said = st.text(st.sampled_from("aB 1.不\n-'\"né"), max_size=20)


@given(said, said, said, said)
def test_comparing_is_symmetric_and_every_example_agrees_with_itself(a: str, b: str, c: str, d: str) -> None:
    left, right = example(a, b), example(c, d)
    assert same_facts(left, right) == same_facts(right, left)
    assert same_facts(left, example(a, b))


@pytest.mark.slow
def test_a_thousand_facts_lose_none_and_each_agrees_with_its_misspelled_copy(write: Write) -> None:
    made = templated_facts.facts()
    facts = [templated_facts.example(said, line) for line, said in enumerate(made, start=1)]
    copies = [templated_facts.example(said, line) for line, said in enumerate(templated_facts.copies(made), start=1001)]
    assert find_duplicates_in(facts, DedupConfig(threshold=0.3)).duplicates == []
    assert [
        (one.place, other.place) for one, other in zip(facts, copies, strict=True) if not same_facts(one, other)
    ] == []
    write("facts.jsonl", [example.value for example in (*facts, *copies)])
    planned = plan([Path("facts.jsonl")], DedupConfig(same_words=True))
    assert len(planned.duplicates) == 1000
    assert {abs(lost.place.line - lost.kept_place.line) for lost in planned.duplicates} == {1000}
    assert not any(lost.words for lost in plan([Path("facts.jsonl")], DedupConfig()).duplicates)


def test_requests_of_several_turns_are_held_against_each_other_turn_by_turn() -> None:
    def talk(first: str, thanks: str = "Have a nice day!") -> Example:
        turns = [("user", first), ("assistant", f"I am a model, {LONG}"), ("user", thanks), ("assistant", "You too!")]
        return Example(
            Place("data.jsonl", 1), {"messages": [{"role": role, "content": text} for role, text in turns]}, "messages"
        )

    assert not same_facts(talk("Who are you?"), talk("Tell me about you."))
    assert not same_facts(talk("Who are you?"), talk("tell me who you are"))
    assert same_facts(talk("Who are you?"), talk("who are you"))
    assert same_facts(talk("Who made this model?"), talk("Who then made this model?", "Have a nice day"))


def test_a_thumb_up_is_another_fact_than_a_thumb_down_and_a_number_of_the_line_is_none() -> None:
    assert not same_facts(example("So?", "Yes.", label=True), example("So?", "Yes.", label=False))
    assert same_facts(example("So?", "Yes.", label=True, id=1), example("So?", "Yes.", label=True, id=2))
