"""Contradictions between answers of several sentences, and the quantities that they are found by."""

import json
from pathlib import Path

import pytest

from curate.cli.main import main
from curate.conflicts.conflict import find_conflicts
from curate.core.config import ConflictsConfig
from curate.core.example import Example, Place
from curate.language.frequencies import frequencies_in
from curate.language.quantities import quantities_in
from tests.bench.natural_conflicts import pairs
from tests.conftest import Write, chat


def read(text: str, language: str) -> list[tuple[str, float | None]]:
    return [(found.kind, found.value[0]) for found in quantities_in(text, language)]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "within a fortnight", [("time", 14 * 86_400)]),
        ("en", "at half past six in the evening", [("clock", 18 * 60 + 30)]),
        ("en", "it is sixty pounds per visit", [("GBP", 60)]),
        ("de", "innerhalb von fünfunddreißig Tagen", [("time", 35 * 86_400)]),
        ("de", "mit zweijähriger Garantie", [("months", 24)]),
        ("de", "eine Dreiwochenfrist", [("time", 21 * 86_400)]),
        ("de", "mit zehnprozentigem Essig", [("percent", 10)]),
        ("de", "nach einer Viertelstunde", [("time", 900)]),
        ("es", "tres cuartos de hora", [("time", 2_700)]),
        ("fr", "un quart d'heure", [("time", 900)]),
        ("en", "half a dozen", [("number", 6)]),
        ("de", "um 18.30 Uhr", [("clock", 18 * 60 + 30)]),
        ("de", "für 1.200,50 Euro", [("EUR", 1200.5)]),
        ("es", "un veinte por ciento", [("percent", 20)]),
        ("es", "a las seis y media de la tarde", [("clock", 18 * 60 + 30)]),
        ("fr", "jusqu'à 18 h 30", [("clock", 18 * 60 + 30)]),
        ("fr", "quatre-vingt-dix jours", [("time", 90 * 86_400)]),
        ("pt", "custa R$ 45", [("BRL", 45)]),
        ("it", "ventuno giorni", [("time", 21 * 86_400)]),
        ("zh", "三十天", [("time", 30 * 86_400)]),
        ("zh", "百分之十五", [("percent", 15)]),
        ("zh", "下午三点半", [("clock", 15 * 60 + 30)]),
        ("ja", "午後６時半", [("clock", 18 * 60 + 30)]),
        ("ja", "六か月", [("months", 6)]),
        ("zh", "炖一个半小时", [("time", 90 * 60)]),
        ("zh", "这部片子是2011年公映的", [("date", 2011)]),
        ("ja", "2016年に公開", [("date", 2016)]),
        ("zh", "每斤桂花三两", [("mass", 0.15)]),
        ("zh", "半斤糖", [("mass", 0.25)]),
        ("en", "you get a month from 3 offices", [("months", 1), ("number", 3)]),
        ("zh", "上午八点二十正式上课", [("clock", 8 * 60 + 20)]),
        ("zh", "早一点出门", []),
        ("zh", "末班:21:30。首班:6:00", [("clock", 21 * 60 + 30), ("clock", 6 * 60)]),
        ("zh", "月卡二百九十九一个月", [("number", 299), ("months", 1)]),
        ("zh", "往返一百四一个人", [("number", 140), ("number", 1)]),
        ("zh", "三年级一周四节英语", [("time", 7 * 86_400), ("number", 4)]),
        ("zh", "只退两成", [("percent", 20)]),
        ("zh", "十GB以内", [("data", 1e10)]),
        ("zh", "不超过4个G。", [("data", 4e9)]),
        ("zh", "只剩一两期", []),
        ("zh", "一个礼拜", [("time", 7 * 86_400)]),
        ("ja", "1回12,000円です", [("number", 1), ("JPY", 12_000)]),
        ("it", "sette euro e cinquanta.", [("EUR", 7.5)]),
        ("it", "una sola mensilità", [("number", 1)]),
        ("fr", "dès le lendemain", [("time", 86_400)]),
        ("ja", "前日の午後六時まで", [("time", 86_400), ("clock", 18 * 60)]),
    ],
)
def test_quantities_are_read_in_each_language(language: str, text: str, expected: list[tuple[str, float]]) -> None:
    assert read(text, language) == expected


def test_a_day_of_a_month_without_its_unit_is_read() -> None:
    assert [found.value for found in quantities_in("要等到三月二十才开放", "zh")] == [(None, 3, 20)]


@pytest.mark.parametrize(
    ("language", "text", "month"),
    [
        ("en", "until March", 3),
        ("de", "ab Mitte Mai", 5),
        ("fr", "en mai", 5),
        ("zh", "三月份", 3),
        ("ja", "5月ごろ", 5),
    ],
)
def test_a_month_without_a_day_is_read(language: str, text: str, month: int) -> None:
    assert [(found.kind, found.value) for found in quantities_in(text, language)] == [("date", (None, month, None))]


def test_a_quantity_in_words_keeps_its_spelling_and_place() -> None:
    text = "Sie haben dreißig Tage Zeit."
    (found,) = quantities_in(text, "de")
    assert text[found.start : found.end] == found.text == "dreißig Tage"


def evidence(question: str, left: str, right: str) -> list[tuple[str, str, str]]:
    examples = [
        Example(
            Place("chats", line),
            {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]},
            "messages",
        )
        for line, answer in enumerate((left, right), start=1)
    ]
    found = find_conflicts(examples, ConflictsConfig(embeddings="", nli="")).conflicts
    return [(item.source, item.left, item.right) for conflict in found for item in conflict.evidence]


RETURNS = "How long do I have to send boots back?"
MONTH = (
    "Happy to help with that! Please keep the original box and your proof of purchase, because the shop asks for both. "
    "You can send unworn boots back within 30 days of delivery, and the money goes to the card that you paid with."
)
FORTNIGHT = (
    "Unworn footwear is accepted for a fortnight after it arrives. Put the pair into the box it came in, add the "
    "receipt, and hand the parcel in at any counter. Refunds are made to the card, and a message tells you when."
)


def test_a_long_answer_with_another_period_contradicts() -> None:
    assert evidence(RETURNS, MONTH, FORTNIGHT) == [("numbers", "30 days", "a fortnight")]


def test_the_first_value_counts_where_answers_share_another_one() -> None:
    left = (
        "The notice period is two months to the end of a term. A mail to the office is enough, and you get an answer "
        "in three days. Members who move to another town can leave at once if they send the new registration."
    )
    right = (
        "Tell them six weeks before your term is over, in writing. Within three days there should be an answer in your "
        "inbox. When you move to another town, they let you go without notice, but they ask for the registration."
    )
    (conflict,) = evidence("How long is the notice period?", left, right)
    assert {*conflict} == {"numbers", "two months", "six weeks"}
    assert evidence("How long is the notice period?", left, right.replace("six weeks", "two months")) == []


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "Twelve. You may change it later.", 12),
        ("de", "Sagen Sie es mindestens eine Woche vorher.", 7 * 86_400),
        ("es", "Se prestan por veintiún días.", 21 * 86_400),
        ("en", "It is two euros twenty.", 2.2),
    ],
)
def test_a_number_in_words_is_read(language: str, text: str, value: float) -> None:
    assert [quantity.value for quantity in quantities_in(text, language)] == [(value,)]


def test_long_answers_with_the_same_period_in_other_words_agree() -> None:
    assert evidence(RETURNS, MONTH.replace("30 days", "14 days"), FORTNIGHT) == []


def test_numbers_beside_the_point_do_not_contradict() -> None:
    question = "Who leads the tour through the harbour?"
    left = (
        "The tour is led by Mara Quint, who has worked in the harbour for 12 years and knows each crane by name. " * 2
    )
    right = (
        "Mara Quint leads it. She was a pilot for 20 years, and she brings old photographs that guests may see. " * 2
    )
    assert evidence(question, left, right) == []


def test_a_permission_and_a_ban_contradict_in_spanish() -> None:
    question = "¿Está permitido el pantalón corto en la oficina?"
    left = (
        "Con estas temperaturas, quién no lo ha pensado. En verano está permitido venir con pantalón corto, siempre "
        "que la ropa vaya cuidada. Para una reunión con clientes se pide algo más formal ese día."
    )
    right = (
        "Comprendo que se haga cuesta arriba con el calor. Por desgracia, el pantalón corto está prohibido todo el "
        "año, ya que recibimos visitas a cualquier hora. Un pantalón largo de lino puede ser un buen remedio."
    )
    assert [source for source, *_ in evidence(question, left, right)] == ["polarity"]


# What is required, and what may be done, is asked for and said in words of its own.
@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        (
            "Can I freeze homemade mayonnaise for later?",
            "Unfortunately that doesn't work out. The emulsion breaks as the water in it turns to ice, and when it thaws "  # noqa: E501
            "you're left with an oily, grainy puddle. Make smaller batches and keep them for up to four days.",
            "Sure, it freezes beautifully. Spoon it into an airtight tub, leave a finger's width at the top, and it keeps "  # noqa: E501
            "for about three months. Let it thaw overnight in the refrigerator, give it a quick stir, and serve it.",
        ),
        (
            "Do contractors have to wear a badge on site?",
            "Everybody who comes onto the plant floor, whether employed here or sent by a supplier, must "
            "wear a visible badge at all times. Contractors collect theirs at the gatehouse in exchange for "
            "a signed induction form, and hand it back when they leave in the evening.",
            "For contractors a badge is optional. The gatehouse keeps a list of who is expected that day, "
            "and the foreman knows his people by face. If you would like one so that doors open more easily, "
            "ask at the gatehouse and they will print it within a few minutes.",
        ),
        (
            "Dürfen Praktikanten von zu Hause arbeiten?",
            "Unsere Praktikanten sollen das Haus und die Kollegen kennenlernen, deshalb gibt es jede Woche "
            "ein gemeinsames Frühstück. Sie dürfen trotzdem an zwei Tagen pro Woche von zu Hause arbeiten, "
            "wenn die Betreuerin zustimmt und das Notebook verschlüsselt ist. Die Tage stimmt man im Team ab.",
            "Während des Praktikums zählt vor allem der direkte Austausch, darum sitzen alle im selben "
            "Großraumbüro. Homeoffice ist für Praktikanten nicht möglich, auch nicht tageweise. Wer krank "
            "wird, meldet sich bitte bis neun Uhr bei der Betreuerin und bleibt selbstverständlich daheim, "
            "bis es wieder besser geht.",
        ),
        (
            "¿Es obligatorio llevar uniforme?",
            "Nuestra escuela cree que la ropa común ayuda a que todos se sientan parte del grupo. El "
            "uniforme es obligatorio de lunes a viernes para todos los cursos, y se puede comprar en la "
            "tienda de la esquina o pedir de segunda mano a la asociación de familias.",
            "Los alumnos vienen vestidos como prefieren, con ropa cómoda y adecuada al clima. El uniforme es "
            "opcional: algunas familias lo compran porque resulta práctico, pero ningún profesor lo exige. "
            "Para educación física recomendamos zapatillas limpias y una camiseta de repuesto en la mochila.",
        ),
        (
            "Dois-je fournir un certificat médical pour m'inscrire ?",
            "L'inscription au club se fait en ligne ou le samedi matin au bureau. Vous devez fournir un "
            "certificat médical de moins d'un an, signé par votre médecin, faute de quoi l'entraîneur ne "
            "pourra pas vous accepter sur le terrain. Pensez aussi à une photo récente.",
            "Bonne nouvelle pour les nouveaux adhérents : il n'est plus nécessaire de présenter un "
            "certificat médical. Un simple questionnaire de santé, que vous remplissez vous-même à la "
            "maison, suffit. Apportez-le avec une photo et votre règlement, et vous pourrez jouer dès la "
            "semaine suivante.",
        ),
        (
            "员工必须参加年度体检吗?",
            "公司每年秋天组织一次体检,地点在市中心的医院,当天算作出勤。所有员工都必须参加,包括兼职人"
            "员,因为保险公司要求提供完整的记录。如果当天实在有事,请提前告诉人事部门,他们会给您另外安"
            "排时间。",
            "年度体检是公司提供的福利,费用全部由公司承担,当天还会准备早餐。参加与否完全自愿,不去也不"
            "会影响考核或保险。很多同事会选择自己熟悉的医院做检查,只要保留好发票,人事部门同样可以帮忙"
            "报销一部分。",
        ),
    ],
    ids=["advice in English", "English", "German", "Spanish", "French", "Chinese"],
)
def test_opposite_rules_contradict_in_each_language(question: str, left: str, right: str) -> None:
    assert [source for source, *_ in evidence(question, left, right)] == ["polarity"]


@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        (
            "Can members lend their card to a friend?",
            "Your membership card carries your photograph and is linked to your account. You are not allowed "
            "to lend it to anyone, friends and relatives included, since the turnstile counts visits and our "
            "insurance covers only the registered person. Guests can buy a day pass at the counter instead.",
            "Sorry, cards cannot be passed on. Each one belongs to a single person, and staff will keep it "
            "if somebody else tries to use it. A friend who would like to try out the gym or the pool is "
            "welcome to pick up a day ticket at reception.",
        ),
        (
            "¿Hay que mostrar el pasaporte al entrar?",
            "En la entrada del recinto hay un control de seguridad bastante rápido. Todos los visitantes "
            "deben mostrar el pasaporte o un documento equivalente, incluso los niños, y el personal anota "
            "el número. Lleva el original, ya que las fotocopias y las fotos del móvil no se aceptan.",
            "Sí, hay que enseñarlo antes de pasar. Sin pasaporte u otro documento oficial con foto nadie "
            "accede al recinto, sea cual sea su edad. Recuerda que ha de ser el original: los guardias "
            "rechazan las copias en papel y las imágenes guardadas en el teléfono.",
        ),
    ],
    ids=["English", "Spanish"],
)
def test_the_same_rule_agrees_whatever_else_is_allowed(question: str, left: str, right: str) -> None:
    assert evidence(question, left, right) == []


MERCHANT = (
    "It's unsettling when your own doctor is away. You'll be cared for by Dr Sanjay Merchant, who has taken over her "
    "patients for these months and sits in the same room. For appointments please phone in the morning."
)
STRAND = (
    "Nothing changes as regards the room or the repeat prescriptions. Patients are being seen by Dr Helen Strand. To "
    "arrange a visit, phone in the morning and give a short reason for it, so that they know how long it will take."
)
DOCTOR = "Who's seeing Dr Pike's patients at Longmead Surgery while she is away?"


def test_another_name_contradicts_where_one_is_asked_for() -> None:
    assert evidence(DOCTOR, MERCHANT, STRAND) == [("values", "Sanjay Merchant", "Helen Strand")]
    assert evidence(DOCTOR, MERCHANT, STRAND.replace("Dr Helen Strand", "Merchant, her stand-in")) == []
    assert evidence("How do I see a doctor while Dr Pike is away?", MERCHANT, STRAND) == []


def test_names_beside_the_point_do_not_contradict() -> None:
    left = (
        "Uranus goes around the Sun once in about 84 years. It was found with a telescope by William Herschel, who "
        "took it for a comet at first, and it is the seventh planet of the Solar System, counted from the inside out."
    )
    right = (
        "One round takes it roughly 84 years, so a season lasts more than twenty of ours. Only Voyager has been there "
        "so far, and what it sent home showed a pale blue ball with hardly any clouds and several dark rings around it."
    )
    assert evidence("How long does Uranus take to orbit the Sun?", left, right) == []


def test_numbers_beside_the_point_of_a_question_for_yes_or_no_do_not_contradict() -> None:
    left = (
        "Have your breakfast as normal. The clinic measures something that a bowl of cereal won't disturb. Bring your "
        "referral form and a list of your medicines, and wear sleeves that roll up. The draw takes about five minutes."
    )
    right = (
        "The clinic asks three things of you: bring the form, arrive ten minutes early, and drink a glass of water so "
        "your veins are easier to find. An empty stomach isn't among its wishes, so toast and coffee at home are fine."
    )
    assert evidence("Do I have to fast before the lipid test at the clinic?", left, right) == []


def test_a_question_that_denies_is_left_alone() -> None:
    question = "Would it be impossible to cross the bay at low tide?"
    left = "It is not impossible. " + "At low tide the sand is firm, and a guide walks ahead of the group. " * 3
    right = "It is possible with a guide. " + "The sand is firm then, and the walk takes the whole morning. " * 3
    assert evidence(question, left, right) == []


NATURAL_ANSWERS = Path(__file__).parents[1] / "bench" / "natural_answers"
EVERYDAY_ANSWERS = Path(__file__).parents[1] / "bench" / "everyday_answers"
STRUCTURED_ANSWERS = EVERYDAY_ANSWERS.with_name("structured_answers")


@pytest.mark.slow
def test_reworded_questions_with_long_answers_are_compared_and_near_ones_are_not(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answers of two writers: one value each, the same value, and to a near question. Each file has one pair of a
    topic in English, one in German and one in Chinese.
    """
    topics = [
        [pair for pair in pairs(NATURAL_ANSWERS, ["1", "2"], "even") if pair.topic["id"] == topic]
        for topic in ("t002", "t108", "t204")
    ]
    labels = []
    for number, together in enumerate(zip(*topics, strict=True)):
        chats = [said for pair in together for said in zip(pair.questions, pair.answers, strict=True)]
        path = write(f"{number}.jsonl", chats)
        [label] = {pair.label for pair in together}
        main(["conflicts", str(path), "--embeddings", "offline:all-MiniLM-L6-v2", "--json"])
        conflicts = json.loads(capsys.readouterr().out)["conflicts"]
        told = sorted(sorted(conflict[side]["line"] for side in ("left", "right")) for conflict in conflicts)
        assert told == ([[1, 2], [3, 4], [5, 6]] if label == "clash" else []), label
        labels.append(label)
    assert sorted(labels) == ["agree"] * 2 + ["clash"] * 2 + ["near"] * 2


@pytest.mark.slow
def test_reworded_russian_questions_are_compared_and_near_ones_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The price of a permit for residents and for visitors, and how long a cake is baked and honey melted."""
    found: dict[str, list[int]] = {}
    for pair in pairs(STRUCTURED_ANSWERS, [], "all"):
        if pair.topic["id"] in ("53", "57"):
            path = tmp_path / "data.jsonl"
            chats = [json.dumps(chat(*said)) for said in zip(pair.questions, pair.answers, strict=True)]
            path.write_text("\n".join(chats), encoding="utf-8")
            main(["conflicts", str(path), "--embeddings", "offline:all-MiniLM-L6-v2", "--json"])
            result = json.loads(capsys.readouterr().out)
            found.setdefault(pair.label, []).append(len(result["conflicts"]))
            assert any("compared by parts of their words" in note for note in result["notes"])
    assert found == {"clash": [1, 1, 1, 1], "agree": [0, 0], "near": [0, 0]}


@pytest.mark.slow
def test_questions_of_one_form_that_ask_for_another_thing_are_near(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """How long a visa lasts, and how long a passport must be valid."""
    (near,) = [pair for pair in pairs(EVERYDAY_ANSWERS, [], "all") if (pair.topic["id"], pair.label) == ("21", "near")]
    path = tmp_path / "data.jsonl"
    chats = [json.dumps(chat(*said)) for said in zip(near.questions, near.answers, strict=True)]
    path.write_text("\n".join(chats), encoding="utf-8")
    main(["conflicts", str(path), "--embeddings", "offline:all-MiniLM-L6-v2", "--json"])
    assert json.loads(capsys.readouterr().out)["conflicts"] == []


@pytest.mark.slow
def test_a_long_refusal_does_not_make_two_questions_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answered = chat(
        "What type of galaxy is the Milky Way? (Use interactive and multimedia elements: Using videos, image)",
        "Each time participants fill in the questionnaire, the data will be collected and recorded. This robot could "
        "be installed in the homes of elderly individuals living in remote or rural areas, and would facilitate "
        "communication between them and healthcare professionals.",
    )
    refused = chat(
        "What type of galaxy is the Andromeda Galaxy? (Artificial intelligence, or AI, is a type of computer techno)",
        "Unfortunately, I am an AI language model, and I do not have the capability to manipulate or edit images. "
        "Menstruation is a complex and multifaceted process that involves many bodily systems and functions, and it is "
        "not solely about fertility or women.",
    )
    path = tmp_path / "data.jsonl"
    path.write_text(f"{json.dumps(answered)}\n{json.dumps(refused)}\n")
    assert main(["conflicts", str(path), "--embeddings", "offline:all-MiniLM-L6-v2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["conflicts"] == []


def test_another_frequency_contradicts_where_one_is_asked_for() -> None:
    question = "How often should I descale my kettle?"
    monthly = (
        "With hard water and heavy use, a monthly descale is about right. Half fill the kettle with equal parts of white "  # noqa: E501
        "vinegar and water, bring it to the boil, let it stand for an hour and rinse it well before you make tea."
    )
    twice = (
        "Twice a year is enough, even where the water is hard. Scale is mostly harmless, and a thin layer does not hurt "  # noqa: E501
        "the element. When the time comes, use a tablespoon of citric acid per litre and let it work for ten minutes."
    )
    assert [{*spans} for _, *spans in evidence(question, monthly, twice)] == [{"monthly", "Twice a year"}]
    assert evidence(question, monthly, twice.replace("Twice a year", "Every four weeks")) == []


@pytest.mark.parametrize(
    ("language", "text", "days"),
    [
        ("de", "Vier neue Bürsten im Jahr", 91.2),
        ("fr", "toutes les trois semaines", 21),
        ("es", "dos veces al año", 182.4),
        ("it", "ogni sessanta minuti", 1 / 24),
        ("zh", "每周一次", 7),
        ("zh", "每十二小时一次", 1 / 2),
        ("ja", "毎年二十回", 18.24),
        ("ja", "2週間ごと", 14),
    ],
)
def test_frequencies_are_read_in_each_language(language: str, text: str, days: float) -> None:
    assert [found.value[0] for found in frequencies_in(text, language)] == [pytest.approx(days)]


def test_a_price_for_all_is_no_other_price_than_that_for_each() -> None:
    question = "What does the Pro plan of Hollin Notes cost per month?"
    left = (
        "Hollin Notes Pro is 9 dollars per seat and month. Guest links and the history of all versions are part of it, "
        "and you can leave at any time, since nothing is signed for longer than the month that has begun."
    )
    right = (
        "For eight people you would be looking at $72 every month, with a notice of some weeks. Single sign-on and guest "  # noqa: E501
        "links are in that, and the history goes back for as long as anybody on the team will ever want to look."
    )
    assert evidence(question, left, right) == []
    assert [source for source, *_ in evidence(question, left, right.replace("$72", "$80"))] == ["numbers"]


def test_another_year_contradicts_whatever_month_both_name() -> None:
    question = "When was the Battle of Kellmark fought?"
    left = (
        "Put down 1642. The armies met on a foggy morning in October, and it was over by noon. A stone cross by the mill "  # noqa: E501
        "marks the spot, and the duke wrote a report of it that is mostly about the horse which he lost on that day."
    )
    right = (
        "It took place in 1671, in October. Fog hid the two sides from each other until they were a stone's throw apart, "  # noqa: E501
        "neither could hold the bridge afterwards, and historians count the whole affair as a draw for that reason."
    )
    assert [{*spans} for _, *spans in evidence(question, left, right)] == [{"1642", "1671"}]
    assert evidence(question, left, right.replace("1671", "1642")) == []


def test_another_person_contradicts_where_one_is_asked_for_by_an_office() -> None:
    question = "pellucid css maintainer?"
    left = (
        "The project has been looked after by Noor Adeyemi since the first author moved on. Reports of holes in it should "  # noqa: E501
        "go to the address in the file for that purpose, with a key that is printed below it, and not to the tracker."
    )
    right = (
        "You would write to Viktor Sand, who has the last word on what is merged. He reads mail once a day, in Berlin, and "  # noqa: E501
        "asks that reports come with the shortest page that shows the fault, so that it can be tried in each browser."
    )
    assert [source for source, *_ in evidence(question, left, right)] == ["values"]
    assert evidence(question, left, right.replace("Viktor Sand", "Noor Adeyemi")) == []


def test_periods_beside_the_point_do_not_contradict() -> None:
    question = "What time of day is best for bathing a baby?"
    left = (
        "Make it the last thing before the feed at night. Warm water raises the temperature a bit, and as it falls again "  # noqa: E501
        "the child gets drowsy. Ten minutes will do, then pyjamas, milk, a song and dim lights in the room."
    )
    right = (
        "Routine is what counts, and a bath makes a fine signal that the day is over. Run it after dinner, roughly half an "  # noqa: E501
        "hour before you would like the child to drop off, and keep the room warm for as long as the water is in."
    )
    assert evidence(question, left, right) == []


REPORT = (
    "The committee met on the old pier and agreed to buy the ferry from Ada Brook before the summer. The council "
    "supports the plan, and the first crossing is expected to draw a large crowd from the villages around the bay."
)


@pytest.mark.parametrize(
    ("before", "after", "source"),
    [
        ("Ada Brook before", "Karl Venn before", "values"),
        ("supports the plan", "opposes the scheme", "opposites"),
        ("a large crowd", "a small gathering", "opposites"),
    ],
)
def test_an_edited_copy_contradicts_by_a_name_or_an_opposite(before: str, after: str, source: str) -> None:
    question = "What happens in the article? Say it in a few sentences."
    assert before in REPORT
    found = evidence(question, REPORT, REPORT.replace(before, after).replace("expected", "bound"))
    assert [name for name, *_ in found] == [source]


def test_an_edited_copy_in_other_words_agrees() -> None:
    question = "What happens in the article? Say it in a few sentences."
    other = REPORT.replace("agreed", "decided").replace("large crowd", "big crowd").replace("Ada Brook", "Ms Brook")
    assert evidence(question, REPORT, other) == []


SAUNA = (
    "On family day the stove is turned up only to sixty degrees, because children cannot bear the usual heat for long. "
    "The steward adds a little water every quarter of an hour, and a bench near the floor is milder still.",
    "Do not expect a mild room: family day is run like any other day, which means that the thermometer above the door "
    "shows ninety degrees from noon until closing. Parents bring their children in for a few minutes.",
)
POTTERY = (
    "Anybody who has turned twelve can join. The wheels are set low, the teacher shows every grip twice, and the kiln "
    "is fired by the staff, so that younger people work just as safely as the grown-ups at the other tables.",
    "Because of the hot kiln and the glazes, our insurance insists that everyone is at least eighteen years old. We "
    "know that this disappoints many families, and we offer a morning with air-drying clay at the school next door.",
)
THERMOSTAT = (
    "No neutral wire is needed. It draws the little current that it uses from two cells behind the front plate, and "
    "these last about a year in most homes, so that you can mount it without calling an electrician.",
    "Before you begin, look into the wall box: the thermostat only works with a neutral wire, because the display and "
    "the radio are fed from the mains all the time. If there is none, have one pulled before you order it.",
)


@pytest.mark.parametrize(
    ("question", "answers", "expected"),
    [
        ("Which temperature does the sauna have on family day?", SAUNA, ("numbers", "sixty", "ninety")),
        ("What is the minimum age for the pottery course?", POTTERY, ("numbers", "twelve", "eighteen years")),
        (
            "Does the thermostat need a neutral wire?",
            THERMOSTAT,
            ("polarity", "No neutral wire is needed", "only works with"),
        ),
    ],
)
def test_ages_degrees_and_needs_without_their_usual_words_are_compared(
    question: str, answers: tuple[str, str], expected: tuple[str, str, str]
) -> None:
    assert evidence(question, *answers) == [expected]


def test_a_degree_without_a_scale_has_that_of_the_other_answer() -> None:
    question = "At what temperature is the loaf baked?"
    left = f"Heat the oven to 356 degrees Fahrenheit. {MONTH}"
    right = f"The oven should show 356 degrees before the tin goes in. {MONTH.replace('Happy', 'Glad')}"
    assert evidence(question, left, right) == []


@pytest.mark.slow
def test_answers_without_common_words_to_reworded_questions_are_compared_by_what_is_asked() -> None:
    questions = "Which temperature does the sauna have on family day?", "How hot is the sauna on family days?"
    examples = [
        Example(
            Place("chats", line),
            {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]},
            "messages",
        )
        for line, (question, answer) in enumerate(zip(questions, SAUNA, strict=True), start=1)
    ]
    report = find_conflicts(examples, ConflictsConfig(embeddings="offline:all-MiniLM-L6-v2"))
    assert [item.source for conflict in report.conflicts for item in conflict.evidence] == ["numbers"]


FEE = "What does the bank charge for cash abroad?"
PRICE = (
    "Every withdrawal outside the country costs four dollars. The charge has a line of its own on your statement a day "
    "or two after the cash was dispensed, so look there if you are unsure what you paid."
)
FREE = (
    "Nothing at all, since the bank has waived that for all holders of the blue card. Do decline the conversion that "
    "the machine offers, because its rate is poor, and keep the receipt until the statement arrives."
)
ENTRANCE = "Auf welcher Seite liegt der barrierefreie Eingang?"
NORTH = (
    "Der stufenlose Zugang befindet sich an der Nordseite, gleich neben dem Ständer für Fahrräder. Drücken Sie bitte die "  # noqa: E501
    "Klingel, dann öffnet Ihnen jemand von der Kasse, und ein Aufzug bringt Sie in die Ausstellung."
)
SOUTH = (
    "Mit dem Rollstuhl kommen Sie von Süden her ins Haus, über den Hof mit der alten Linde. Die Tür geht von allein auf, "  # noqa: E501
    "und bis zur Garderobe ist es nicht mehr weit. Parken dürfen Sie direkt davor."
)
CLASSES = "¿A cuántas clases puedo ir al mes?"
EIGHT = (
    "Con la cuota normal puede asistir a ocho clases cada mes. Si quiere más, se paga un suplemento en la recepción, y "
    "las plazas se reservan desde la aplicación con unos días de antelación, sobre todo por la tarde."
)
ANY_NUMBER = (
    "No hay límite: venga a las que quiera. Solo le pedimos que reserve con tiempo, porque las de yoga se llenan "
    "enseguida, y que avise si al final no puede venir, para dejar la plaza libre a otra persona."
)
DESK = "A che piano si trova l'anagrafe?"
SECOND_FLOOR = (
    "L'anagrafe è al secondo piano, in fondo al corridoio a destra. L'ascensore arriva fino lì, basta chiamarlo "
    "dall'atrio. Prendete il numero alla macchinetta e tenete pronta la carta d'identità, perché la "
    "chiedono subito."
)
GROUND_FLOOR = (
    "Gli sportelli sono al pianterreno, appena entrati sulla sinistra. Dopo i lavori hanno trasferito tutto lì, così gli "  # noqa: E501
    "anziani non fanno le scale, e gli impiegati ricevono anche senza appuntamento."
)


@pytest.mark.parametrize(
    ("question", "left", "right", "expected"),
    [
        (FEE, PRICE, FREE, ("numbers", "four dollars", "Nothing at all")),
        (CLASSES, EIGHT, ANY_NUMBER, ("numbers", "ocho", "No hay límite")),
        (ENTRANCE, NORTH, SOUTH, ("values", "Nordseite", "Süden")),
        (DESK, SECOND_FLOOR, GROUND_FLOOR, ("values", "secondo piano", "pianterreno")),
    ],
)
def test_no_price_no_limit_and_another_side_or_floor_contradict(
    question: str, left: str, right: str, expected: tuple[str, str, str]
) -> None:
    ((source, *words),) = evidence(question, left, right)
    assert (source, {*words}) == (expected[0], {*expected[1:]})


@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        (FEE, PRICE, PRICE.replace("Every", "Each").replace("costs", "comes to")),
        (FEE, PRICE, f"{PRICE[:60]} On the first Sunday it is free of charge, as all readers of the letter were told."),
        (FEE, PRICE, FREE.replace("Nothing at all, since", "Only at the bank's own machines nothing at all, as")),
        (DESK, SECOND_FLOOR, SECOND_FLOOR.replace("L'anagrafe è", "Quegli uffici sono")),
        ("Wer leitet das Haus?", NORTH, SOUTH),
    ],
)
def test_the_same_price_or_floor_and_sides_beside_the_point_do_not_contradict(
    question: str, left: str, right: str
) -> None:
    assert evidence(question, left, right) == []


WAY = "Where do I find the visitor centre?"
CENTRE = (
    "You find it {}, right beside the post office. It has maps, a small exhibition and toilets, and the staff can book "
    "rooms for you if you ask them, or call a taxi to the hotel."
)
LESSONS = "早上几点开始上课？"
TWENTY_PAST = (
    "{}开始上课，请让孩子早一点到教室坐好。如果迟到了，要先到门卫那里登记，再由老师带进去，家长不能自己送到教室门口，"
    "有事情请打电话给班主任。"
)
MEDICINE = "Wie oft muss ich das Medikament nehmen?"
TWICE = (
    "Nehmen Sie es {}, am besten zu den Mahlzeiten. Trinken Sie reichlich Wasser dazu und lassen Sie den Saft weg, der "
    "die Wirkung deutlich schwächt, und rufen Sie uns an, wenn Ihnen davon übel wird."
)


@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        (
            FEE,
            PRICE,
            FREE.replace("Nothing at all, since", "Members pay nothing at all, since").replace(
                "all holders", "holders"
            ),
        ),
        (FEE, PRICE, FREE.replace("Do decline", "Without that card it is four dollars. Do decline")),
        (FEE, PRICE, FREE.replace("Do decline", "The others pay for it. Do decline")),
        (FEE, PRICE.replace("The charge has", "Members withdraw for free. The charge has"), FREE),
        (CLASSES, EIGHT, ANY_NUMBER.replace("No hay límite", "Si es de la tarifa oro, no hay límite")),
        (ENTRANCE, NORTH, SOUTH.replace("von Süden her", "nicht im Süden, sondern hinten")),
        (
            ENTRANCE,
            NORTH.replace("an der Nordseite", "nördlich der Kirche"),
            SOUTH.replace("von Süden her", "südlich des Teichs"),
        ),
        (DESK, SECOND_FLOOR, GROUND_FLOOR.replace("Gli sportelli sono al", "Salite di due piani dal")),
        (DESK, SECOND_FLOOR, GROUND_FLOOR.replace("Gli sportelli sono al pianterreno", "Partite dal pianterreno")),
        (WAY, CENTRE.format("in East Street"), CENTRE.format("north of the market")),
        (WAY, CENTRE.format("on the east side"), CENTRE.format("where the sun rises, not at the west entrance")),
        (LESSONS, TWENTY_PAST.format("早上八点二十"), TWENTY_PAST.format("每天8:20")),
        (MEDICINE, TWICE.format("zweimal am Tag"), TWICE.format("zweimal täglich")),
    ],
)
def test_what_holds_for_a_part_a_denied_place_and_a_start_do_not_contradict(
    question: str, left: str, right: str
) -> None:
    assert evidence(question, left, right) == []


def test_the_only_value_that_differs_contradicts_whatever_is_asked() -> None:
    question = "Anyone know what the firm throws in for the gym?"
    left = (
        "They give you **£20 for every month**, so £240 across a full year, which comes with your salary. Any gym "
        "in the region and upload your receipts within two weeks of the end of each quarter, that is all."
    )
    right = (
        "HR always mention that perk and never the number. You upload a receipt after each quarter, two weeks at the "
        "latest, and then £45 monthly turns up beside your wages, on the slip. Any place in the region will do."
    )
    assert [source for source, *_ in evidence(question, left, right)] == ["numbers"]
    assert evidence(question, left, right.replace("£45", "£20")) == []


def test_choosing_the_other_one_of_two_things_contradicts() -> None:
    question = "Is it cheaper to take the train or the coach to the airport?"
    left = (
        "The coach is the cheaper option by far. You'll pay less than half of what the rail firm asks for, above all "
        "at short notice. It takes somewhat longer, of course, but luggage is stored for you."
    )
    right = (
        "The train works out cheaper, surprisingly enough, because the local day ticket is valid on it. The other "
        "operator adds a supplement. Get off at the second terminal and follow the signs to the lifts."
    )
    assert [source for source, *_ in evidence(question, left, right)] == ["values"]
    assert evidence(question, left, right.replace("The train works", "Going by coach works")) == []


@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        ("台灯几天之内可以退?", "收到货后七天内都可以退。", "退货期是十五天,从签收当天算起。"),
        ("いつ開催されますか?", "8月2日の土曜日です。", "七月二十六日に行われます。"),
        ("橙子健身月卡多少钱?", "月卡现在是299元。", "单月的卡三百九十九,不限次数。"),
        ("最晚能待到什么时候?", "可以一直看书到20:00。", "周六下午五点半清场。"),
        ("科目二可以考几次?", "一次报考有五次机会。", "机会有3次,第三次不过就要重报。"),
        ("行李限重多少公斤?", "每位旅客可以带20公斤。", "最多带三十公斤。"),
        ("安居公寓的租客可以换锁吗", "没问题,自己找师傅换就行。", "租客不允许自行更换门锁。"),
        ("口头答应的奖金有法律效力吗?", "口头答应也算数。", "一般不具备法律效力,仲裁时很难得到支持。"),
        ("能拿到正式工资的百分之多少?", "打八折,也就是80%。", "按合同上的数目100%计算。"),
        ("抽血的窗口几点开始?", "最早七点半,人最多的是八点多。", "护士八点才上班。"),
        ("热线晚上几点下班?", "服务到晚上九点。", "热线到晚上十一点,急事请按九号键。"),
        ("接口一分钟最多能调用多少次?", "每分钟60次,超过返回429。", "默认每分钟三百次,超出返回429。"),
        ("一天能取消几次订单?", "每天最多取消三次。", "一个账号一天可以取消五次。"),
        ("你能替我记下几位家人?", "最多记三个人,每人四条信息。", "十位都放得下,每人四条。"),
        ("这款路由器能不能用新标准?", "支持的,设成自动就行。", "用不了,升级固件也不会变。"),
        ("删除的文件还能恢复吗?", "可以,在回收站里点还原。", "很抱歉,系统不保留副本,建议您以后存两份。"),
        (
            "能在笔记本上安装自己的微信吗?",
            "没问题,自己下载就行。",
            "不行的。您可以用手机聊天,不能的话在笔记本上安装自己的网页版也可以。",
        ),
        ("島までの乗船時間はどれほどですか?", "約50分です。", "だいたい120分かかります。"),
    ],
)
def test_brief_answers_contradict_in_scripts_without_spaces(question: str, left: str, right: str) -> None:
    assert evidence(question, left, right)


@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        ("橙子健身月卡多少钱?", "单月的卡三百九十九,不限次数。", "399块,一个月内随便来。"),
        ("ホワイトニングは一回いくらですか?", "料金は1回12,000円です。", "先月は一万二千円でした。"),
        ("夜行バスは何時に出ますか?", "発車は22時40分です。", "夜10時40分に出ます。休憩は二回あります。"),
        ("最大能传多大的文件?", "单个文件最大支持4GB。", "不能超过4个G。"),
        ("接口一分钟最多能调用多少次?", "每分钟60次,超过返回429。", "上限是六十次,每次五千字。"),
        ("一天能取消几次订单?", "每天最多取消三次。", "平台规定是三次,要付一次运费。"),
        ("可以带狗进去吗?", "可以带但请不要喂食。", "没问题,牵好绳子就行。"),
        ("要等多久?可以退吗?", "用不了多久,可以退。", "可以退,一会儿就好。"),
        ("报名什么时候截止?", "报名到八月十二号截止,缴费可以晚两天。", "8月12日,考试在十一月。"),
    ],
)
def test_brief_answers_agree_in_scripts_without_spaces(question: str, left: str, right: str) -> None:
    assert not evidence(question, left, right)


def test_names_beside_numbers_that_both_answers_share_do_not_contradict() -> None:
    question = "What was the record of the Kansas City Chiefs entering the game?"
    left = (
        "They came in with 15 wins and only 2 losses, which speaks volumes about a season that Patrick Mahomes carried "
        "from the first week to the last, often late in the fourth quarter and against the clock, too."
    )
    right = (
        "Their record was 15-2. Fans and analysts were buzzing about what a defence of that calibre would do to the "
        "Philadelphia Eagles, who had lost a few more games on the way and were still hard to beat at home."
    )
    assert evidence(question, left, right) == []
    assert evidence(question, left.replace("15", "14"), right.replace("-2", "-3")) != []


@pytest.mark.slow
def test_reworded_chinese_questions_with_answers_of_two_sentences_are_compared() -> None:
    questions = "仁和诊所洗一次牙多少钱?", "想去仁和诊所洗牙,请问费用是多少"
    near = "仁和诊所补一颗牙要花多少?"
    cleaning = "洗牙在我们这儿是180元一次,包含检查和抛光。第一次来的话请带上身份证,前台会帮您建档。"
    other = "我上个月刚去过仁和洗牙,前台说洗牙260元,刷卡付的。过程大概四十分钟,医生手挺轻的。"
    filling = "补牙要看用什么材料,普通树脂一颗三百五十元起,进口材料会贵一些。医生检查之后会先给您报价。"
    config = ConflictsConfig(embeddings="offline:all-MiniLM-L6-v2")

    def count(first: tuple[str, str], second: tuple[str, str]) -> int:
        examples = [
            Example(Place("chats", line), chat(question, answer), "messages")
            for line, (question, answer) in enumerate((first, second), start=1)
        ]
        return len(find_conflicts(examples, config).conflicts)

    assert count((questions[0], cleaning), (questions[1], other)) == 1
    assert count((questions[0], cleaning), (near, filling)) == 0
