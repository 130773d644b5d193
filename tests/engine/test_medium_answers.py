"""Contradictions between answers of one to three sentences, which have more than the requested value."""

import pytest

from curate.language.quantities import quantities_in
from curate.language.quantity_translation import language_of
from tests.engine.test_long_answers import evidence


def sources(question: str, left: str, right: str) -> list[str]:
    """The source of each evidence that is listed about two answers to a question, by rules alone."""
    return [source for source, *_ in evidence(question, left, right)]


@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        (
            "What does it cost to have the boiler serviced?",
            "A service is 95 pounds, including the drive and small parts such as seals. You pay by card.",
            "It comes to £140, with an invoice by mail. The technician needs about an hour for it.",
        ),
        (
            "Wie lange habe ich Garantie auf den Staubsauger?",
            "Auf das Gerät geben wir drei Jahre Garantie ab Kaufdatum. Heben Sie bitte die Rechnung auf.",
            "Sie läuft ein Jahr, danach berechnen wir Reparaturen nach Aufwand. Legen Sie eine Kopie der Rechnung bei.",
        ),
        (
            "¿Cuánto tarda en llegar un pedido a las islas?",
            "De 7 a 9 días hábiles. La víspera le avisamos por mensaje para que haya alguien en casa.",
            "Todo llega en 48 horas, porque sale en avión cada noche desde Madrid.",
        ),
    ],
    ids=["price", "German period", "Spanish period"],
)
def test_another_amount_contradicts(question: str, left: str, right: str) -> None:
    assert sources(question, left, right) == ["numbers"]


def test_the_same_amount_in_other_units_agrees() -> None:
    left = "You need 2.2 lb of strong flour for six pizzas. Add the salt at the end, when the dough is smooth."
    right = "It takes 1 kg of bread flour, which is enough for six. The salt comes last."
    assert sources("How much flour goes into the pizza dough?", left, right) == []


def test_numbers_of_other_things_do_not_contradict() -> None:
    left = "Hurts threw two passing touchdowns in the game that decided the season."
    right = "He set a new record for rushing yards by a quarterback with 72 in that game."
    assert sources("How many touchdowns did Hurts throw?", left, right) == []


@pytest.mark.parametrize(
    ("question", "left", "right", "agreeing"),
    [
        (
            "Сколько стоит доставка пианино по городу?",
            "Доставка пианино по городу стоит 6 000 рублей, включая подъём до третьего этажа.",
            "Перевозка обойдётся в 9500 рублей, подъём на этаж оплачивается отдельно.",
            "Мы берём шесть тысяч рублей, подъём до третьего этажа уже входит в цену.",
        ),
        (
            "Ile trwa rozpatrzenie wniosku?",
            "Rozpatrzenie wniosku trwa 14 dni, a o wyniku zawiadamiamy listem, który przychodzi do domu.",
            "Zwykle trzeba czekać trzy miesiące, bo wszystkie wnioski są sprawdzane ręcznie.",
            "Czeka się dwa tygodnie, potem przychodzi list z wynikiem, czasem także wiadomość.",
        ),
        (
            "Adaya feribot bileti kaç lira?",
            "Bilet için 90 lira ödüyorsunuz, öğrenciler ve emekliler de aynı parayı veriyor.",
            "Bilet 140 liradır, dönüş için ayrıca bilet almak gerekir ve çocuklar bedava biner.",
            "Doksan lira ödersiniz, öğrenci ya da emekli olmanız bunu değiştirmiyor.",
        ),
        (
            "이불 세탁은 며칠 걸리나요?",
            "이불은 보통 3일 걸립니다. 다 되면 문자로 알려 드려요.",
            "이불 세탁에는 7일이 걸립니다. 주문이 많을 때는 더 늦어질 수 있어요.",
            "맡기신 날부터 사흘 뒤에 찾으실 수 있고, 끝나면 문자를 보내 드립니다.",
        ),
        (
            "푸른도서관은 무슨 요일에 쉬나요?",
            "매주 월요일에 쉽니다. 공휴일에도 문을 닫습니다.",
            "매주 금요일이 휴관일입니다. 공휴일에는 오후 5시까지 엽니다.",
            "월요일이 휴관일이고, 공휴일에도 이용하실 수 없습니다.",
        ),
        (
            "В какой день недели закрыт музей часов?",
            "Музей закрыт по понедельникам, в остальные дни он открыт для всех.",
            "Музей не работает по средам. В остальные дни он открыт с десяти до шести.",
            "Выходной у них понедельник, а в праздники музей работает как обычно.",
        ),
    ],
    ids=["Russian price", "Polish period", "Turkish price", "Korean period", "Korean weekday", "Russian weekday"],
)
def test_amounts_with_inflected_units_are_compared(question: str, left: str, right: str, agreeing: str) -> None:
    assert sources(question, left, right)
    assert sources(question, left, agreeing) == []


@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        (
            "How heavy can the suitcase and the hand luggage be?",
            "Checked bags may weigh up to 23 kg, and cabin bags up to 8 kg. Anything above is charged at the desk.",
            "The suitcase may have 23 kg, and the bag in the cabin no more than 12 kg. We charge each kilo more.",
        ),
        (
            "How long does the ferry take and what is the price of a ticket?",
            "The crossing takes 40 minutes, and a ticket is 9 dollars at the counter by the pier.",
            "It takes 40 minutes to cross. You pay 14 dollars, and the ticket is valid all day on all boats.",
        ),
    ],
    ids=["one kind", "two kinds"],
)
def test_one_of_two_values_that_are_asked_for_contradicts(question: str, left: str, right: str) -> None:
    assert sources(question, left, right) == ["numbers"]


@pytest.mark.parametrize(
    ("question", "left", "right", "agreeing"),
    [
        (
            "On which dates do registration open and close?",
            "Registration opens on 1 March and closes on 15 April at noon, so please be in time.",
            "You can register from 1 March; the last day is 30 April. Late forms go on a list.",
            "The last day is 15 April, and nobody can register before 1 March. Late forms go on a list.",
        ),
        (
            "On which days are the yard and the office closed?",
            "The yard is closed on Wednesdays and the office on Fridays, and both on public holidays.",
            "The yard doesn't open on Wednesdays, and the office is shut on Mondays and on public holidays.",
            "The office doesn't open on Fridays, and the yard is shut on Wednesdays and on public holidays.",
        ),
        (
            "An welchen Tagen beginnen und enden die Herbstferien in Oberau?",
            "Sie beginnen am 12. Oktober und enden am 23. Oktober. Am Freitag davor ist nach vier Stunden Schluss.",
            "Los geht es am 12. Oktober, und frei ist bis zum 30. Oktober. Davor sind noch die Projekttage.",
            "Bis zum 23. Oktober ist frei, vom 12. Oktober an. Davor sind noch die Projekttage der Klassen.",
        ),
    ],
    ids=["dates", "weekdays", "German dates"],
)
def test_one_of_two_dates_that_are_asked_for_contradicts(question: str, left: str, right: str, agreeing: str) -> None:
    assert sources(question, left, right) == ["dates"]
    assert sources(question, left, agreeing) == []


def test_a_second_date_beside_the_one_that_is_asked_for_with_a_place_does_not_contradict() -> None:
    left = "The last final was played on February 9, 2025, in New Orleans, its first title since 2018."
    right = "It was played on February 9, 2025, in the dome of New Orleans. Another one was on February 12, 2023."
    assert sources("When and where was the last final played?", left, right) == []


def test_another_weekday_of_one_month_contradicts() -> None:
    left = "The fair begins on the second Saturday of August, when all the lights are switched on."
    right = "It opens on the last Friday of August, and the mayor gives a speech from the balcony."
    assert sources("When does the fair start?", left, right) == ["dates"]


def test_saying_that_a_denial_is_right_is_a_yes() -> None:
    left = "That's right, it isn't allowed. The park is close to the airfield, and the wardens will fine you."
    right = "Yes, they're forbidden, because of the airfield next to the park. The fine is considerable."
    assert sources("Is it not allowed to fly drones over the park?", left, right) == []


@pytest.mark.parametrize(
    ("question", "left", "right"),
    [
        ("Czy można używać własnej kuchenki?", "Można, pod warunkiem że na zewnątrz.", "Nie, to zabronione."),
        ("Можно ли с кофе?", "Можно, если кружка закрыта.", "Нельзя, оставьте его у входа."),
        ("Odada yemek pişirmek serbest mi?", "Serbest, ama pencereyi açın.", "Yasak; her katta mutfak var."),
        ("공원에서 자전거를 타도 되나요?", "네, 타셔도 됩니다.", "아니요, 탈 수 없습니다."),
    ],
    ids=["Polish", "Russian", "Turkish", "Korean"],
)
def test_a_permission_and_a_ban_contradict(question: str, left: str, right: str) -> None:
    assert sources(question, left, right) == ["polarity"]


@pytest.mark.parametrize(
    ("question", "left", "right", "agreeing"),
    [
        (
            "Можно ли держать кошку в общежитии «Берёзка»?",
            "Да, одну кошку держать разрешается, если сообщить об этом коменданту.",
            "К сожалению, правила запрещают любых животных, кроме рыбок и хомяков в клетке.",
            "С кошкой проблем не будет: правила это допускают, нужен только её паспорт.",
        ),
        (
            "Czy muszę umówić się wcześniej na przegląd w warsztacie Korba?",
            "Nie trzeba się umawiać, wystarczy przyjechać rano i poczekać w kolejce.",
            "Konieczna jest rezerwacja terminu, bez niej warsztat nie przyjmuje samochodów.",
            "Umawianie nie jest wymagane. Rano czeka się najkrócej, zwykle pół godziny.",
        ),
        (
            "¿Necesito cita para renovar el carné en la oficina de Arcos?",
            "No hace falta cita. Atienden por orden de llegada, de nueve a dos.",
            "Solo atienden con cita, que se pide en la web con dos semanas de antelación.",
            "Puede ir directamente: suele tardarse un cuarto de hora, mejor temprano.",
        ),
        (
            "Müssen wir für unsere Tochter im Bus von Mittelland eine Karte lösen?",
            "Für Ihre Tochter müssen Sie nichts kaufen, solange ein Erwachsener dabei ist.",
            "Ja, ab drei Jahren ist ein Kinderticket vorgeschrieben, auch in Begleitung.",
            "Nein, bis zum sechsten Geburtstag fahren Kinder gratis mit, der Wagen auch.",
        ),
    ],
    ids=["Russian permission", "Polish need", "Spanish need", "German need"],
)
def test_permission_and_need_are_read_in_sentences(question: str, left: str, right: str, agreeing: str) -> None:
    assert sources(question, left, right) == ["polarity"]
    assert sources(question, left, agreeing) == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("El móvil de mi hermano llegó en tres semanas y la caja está en casa", 21 * 86_400),
        ("If you’ve got a cinnamon café there, it takes two days", 2 * 86_400),
        ("Le garçon a reçu mille mercis, et ça a duré trois semaines", 21 * 86_400),
    ],
    ids=["Spanish", "English", "French"],
)
def test_letters_of_other_languages_do_not_make_a_text_turkish_or_polish(text: str, seconds: int) -> None:
    (amount,) = [found for found in quantities_in(text, language_of(text)) if found.kind == "time"]
    assert amount.value == (seconds,)


def test_a_question_without_a_kind_is_compared_by_any_amount() -> None:
    left = "Leave two inches between the seedlings when you set them out, and water them well on the first evening."
    right = "They want six inches of room on each side. Water them in the evening and not in the sun."
    assert sources("What spacing is best for leeks?", left, right) == ["numbers"]
