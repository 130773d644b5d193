"""`curate redact`: what surrounds a private value keeps its bytes, and equal values have equal replacements."""

import json
import re
from pathlib import Path

import pytest

from curate.cli.main import main
from curate.redact.json_texts import nested_json
from curate.redact.pseudonyms import Pseudonyms, Style, normalized
from curate.redact.redactor import Redactor
from tests.conftest import Write, chat


@pytest.mark.parametrize(
    "answer",
    [
        '{\n  "name": "Blue Kettle",\n  "contact": "jane.roe@acme-mail.io",\n  "price": 12.50, "tags": []\n}',
        '{"contact":"jane.roe@acme-mail.io","city":"M\\u00fcnchen", "score":1e3,\n\t"ok":null}',
        '[\n    {"to": "jane.roe@acme-mail.io"},\n    {"limit": NaN, "least": -Infinity, "note": "4 \\"x\\""}\n]',
    ],
)
def test_json_in_a_text_keeps_its_layout(answer: str, write: Write) -> None:
    write("a.jsonl", [chat("Give me the record.", answer)])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "--style", "label"]) == 0
    redacted = json.loads(Path("out.jsonl").read_text(encoding="utf-8"))["messages"][-1]["content"]
    assert redacted == answer.replace("jane.roe@acme-mail.io", "[EMAIL_1]")
    assert nested_json(redacted) is not None


def redact(*texts: str) -> list[str]:
    """The texts of one chat, as `curate redact` leaves them."""
    redactor = Redactor(Pseudonyms(Style.LABEL))
    row = {
        "messages": [{"role": "assistant" if turn % 2 else "user", "content": text} for turn, text in enumerate(texts)]
    }
    values = redactor.values_in(row)
    for written, kind in values:
        redactor.learn(written, kind)
    redacted = redactor.row(row, redactor.secrets_in(row))
    return [turn["content"] for turn in redacted["messages"]]


@pytest.mark.parametrize(
    ("request_for", "answer", "redacted"),
    [
        ("Thanks. What is your sort code, please?", "it's 40-61-78", "it's [BANK_ACCOUNT_1]"),
        ("Nennen Sie mir bitte Ihre TAN.", "480248.", "[ACCESS_CODE_1]."),
        ("¿Cuál es su código de reserva?", "QPHR7S", "[CUSTOMER_NUMBER_1]"),
        ("Quel est votre nom ?", "Latoya Salcedo", "[PERSON_1]"),
        ("What is 480 times 1001?", "480480", "480480"),
        ("What is the capital of Peru?", "Lima is", "Lima is"),
    ],
)
def test_a_short_answer_is_read_with_what_the_turn_before_asks_for(
    request_for: str, answer: str, redacted: str
) -> None:
    assert redact("Hello", "Good day.", "I need help.", request_for, answer)[-1] == redacted


def test_a_name_in_a_request_is_replaced_in_the_short_answer() -> None:
    request, answer = redact("Write a poem for my daughter Wilhelmina", "Happy birthday, Wilhelmina!")
    assert "Wilhelmina" not in request + answer


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("4539 1488 0343 6467 04/28 482", "[CARD_1] [CARD_EXPIRY_1] [CARD_SECURITY_CODE_1]"),
        ("4539148803436467|4/2029|779", "[CARD_1]|[CARD_EXPIRY_1]|[CARD_SECURITY_CODE_1]"),
        ("gültig bis 09/30, das war's", "gültig bis [CARD_EXPIRY_1], das war's"),
        (
            "The TFN we have on file is 537 894 559.",
            "The TFN we have on file is 537 894 559.",
        ),  # the check digit is wrong
        ("routing number:\n021000021", "routing number:\n[BANK_ACCOUNT_1]"),
        ("ICCID 8949287210102437687", "ICCID [SIM_CARD_1]"),
        ("id card 440106197106192467", "id card [CN_RIC_1]"),
        (
            "| # | TAN | note |\n|---|---|---|\n| 1 | 229746 | ok |",
            "| # | TAN | note |\n|---|---|---|\n| 1 | [ACCESS_CODE_1] | ok |",
        ),
        ("id,numero_cuenta\n7,40617812", "id,numero_cuenta\n7,[BANK_ACCOUNT_1]"),
        ('{"security_code": "032"} and 0321', '{"security_code": "[CARD_SECURITY_CODE_1]"} and 0321'),
        ("passportNo: PAB764204", "passportNo: [PASSPORT_1]"),
        ("my mac is 3c4c.e082.8a29", "my mac is [MAC_ADDRESS_1]"),
        ("sudo -u amara.zimmer id && sudo -u postgres psql", "sudo -u [USER_NAME_1] id && sudo -u postgres psql"),
        ("/c/Users/mvermeulen/repo", "/c/Users/[USER_NAME_1]/repo"),
        ("exp(12/27) and the ratio 12/27 of page 3/25", "exp(12/27) and the ratio 12/27 of page 3/25"),
        ("Order by date: 2024-01-01, invoice date: 2024-05-11", "Order by date: 2024-01-01, invoice date: 2024-05-11"),
    ],
)
def test_values_are_found_where_blind_chats_hid_them(text: str, redacted: str) -> None:
    assert redact(text) == [redacted]


@pytest.mark.parametrize(
    ("kind", "spellings"),
    [
        ("phone", ["+49 171 2345678", "0049-171-2345678", "0171/234 56 78", "+49 (0)171 2345678", "01712345678"]),
        ("phone", ["+1 212-655-1234", "(212) 655-1234", "1-212-655-1234"]),
        ("phone", ["+86 139 1234 5678", "13912345678"]),
        ("mac_address", ["3c4c.e082.8a29", "3C-4C-E0-82-8A-29", "3c:4c:e0:82:8a:29"]),
        ("iban", ["DE89 3704 0044 0532 0130 00", "de89370400440532013000"]),
    ],
)
def test_a_value_has_one_pseudonym_in_all_spellings(kind: str, spellings: list[str]) -> None:
    pseudonyms = Pseudonyms(Style.PSEUDONYM)
    shown = [pseudonyms.of(kind, value) for value in spellings]
    assert len({normalized(kind, value) for value in shown}) == 1
    assert [re.sub(r"\w", "0", value) for value in shown] == [re.sub(r"\w", "0", value) for value in spellings]


def test_a_date_of_birth_is_replaced_in_all_texts_of_its_row() -> None:
    asked, answered = redact(
        "Peter Asher (born 22 June 1944) sings. When was he born?",
        "<think>That means 22 June 1944; the album is of 1964.</think>On 22 June 1944, not on 23 June 1944.",
    )
    assert "1944" not in asked
    assert answered.count("22 June 1944") == 0
    assert "of 1964" in answered
    assert "23 June 1944" in answered


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Kennitala: 150198-5509, kt. 150198-5509", "Kennitala: [IS_KENNITALA_1], kt. [IS_KENNITALA_1]"),
        ("CNIC no. 35202-1234567-1", "CNIC no. [PK_CNIC_1]"),
        ("NIC No: 862188917V", "NIC No: [LK_NIC_1]"),
        ("Emirates ID 784-1984-4792386-8", "Emirates ID [AE_ID_1]"),
        ("My iqama no. is 2262251996.", "My iqama no. is [SA_IQAMA_1]."),
        ("NIN: 29839145498", "NIN: [NG_NIN_1]"),
        ("Mi cédula de ciudadanía es 341.651.591.", "Mi cédula de ciudadanía es [CEDULA_1]."),
        ("C.I. V-10436483", "C.I. [CEDULA_1]"),
        ("D.N.I.: 30.129.982", "D.N.I.: [NATIONAL_ID_1]"),
        ("CCCD: 001172592563", "CCCD: [VN_CCCD_1]"),
        ("My IRD is 85-947-513.", "My IRD is [NZ_IRD_1]."),
        ("health card number 5998-244-585-EB", "health card number [HEALTH_NUMBER_1]"),
        ("Medicare number: 2353 46892 1", "Medicare number: [HEALTH_NUMBER_1]"),
        ("Medicare Beneficiary Identifier is 3JE6-FE4-EA31", "Medicare Beneficiary Identifier is [HEALTH_NUMBER_1]"),
        ("Versichertennummer: H757506842", "Versichertennummer: [HEALTH_NUMBER_1]"),
        ("BSB 062-560 account number 399042799", "BSB [BANK_ACCOUNT_1] account number [BANK_ACCOUNT_2]"),
        ("ifsc: HDFC0197356 a/c 71642930350", "ifsc: [BANK_ACCOUNT_1] a/c [BANK_ACCOUNT_2]"),
        ("UPI ID: nyberg81@oksbi", "UPI ID: [EMAIL_1]"),
        ("passport no. 15 04 496785", "passport no. [PASSPORT_1]"),
        ("tlf. 26 89 36 18", "tlf. [PHONE_1]"),
        ("The network card (NIC) has 4 ports, eid 42, medicare in 2021-22", None),
        ("epoch 3 acc: 0.981234 at CC 12 of CI run 4821", None),
    ],
)
def test_numbers_of_more_countries_are_found_behind_their_word(text: str, redacted: str | None) -> None:
    assert redact(text) == [redacted or text]


@pytest.mark.parametrize(
    ("before", "address", "after"),
    [
        ("Lieferanschrift: ", "Unter den Eichen 77, 5392 Graz", ", Tel. folgt"),
        ("wohnhaft ", "An der Linde 85, 9209 Graz", ", ledig"),
        ("Adresse: ", "Feldgasse 45/9/97", "."),
        ("Adresse de livraison : ", "96 square des Lilas\n31097 Toulouse", ". Merci"),
        ("Indirizzo di spedizione: ", "Lungotevere San Marco 21/B, 40121 Bologna", ". Grazie"),
        ("Moro na ", "Rua Sá da Bandeira 76, 4.º Dto", ", no Porto"),
        ("Bezorgadres: ", "Oude Delft 214-II", "\nBedankt"),
        ("Leveransadress: ", "Björkvägen 22 B, lgh 1203", ", tack"),
        ("Adres dostawy: ", "al. Jerozolimskie 79/26, 00-366 Warszawa", ", dom"),
        ("Doručovací adresa: ", "Vinohradská 593/16, 164 00 Praha 2", ", díky"),
        ("Живу: ", "проспект Мира, дом 98, корпус 2, квартира 977", "."),
        ("Teslimat adresi ", "Bağdat Caddesi No: 71 D: 1 Kadıköy/İstanbul", "."),
        ("お届け先：", "京都市左京区下鴨5-50", "　携帯"),
        ("배송지: ", "부산시 해운대구 센텀로 84길 96", " 연락처"),
        ("收货地址：", "台北市大安區忠孝東路四段916號2樓", "，邮箱 a"),
    ],
)
def test_an_address_is_replaced_with_its_flat_and_its_town(before: str, address: str, after: str) -> None:
    assert redact(before + address + after) == [f"{before}[STREET_ADDRESS_1]{after}"]


@pytest.mark.parametrize(
    "text",
    [
        "a vast library. 148232 * 36011",
        "Im Jahr 5, 2019 Menschen kamen",
        "In section 3, 120 45 Psalms",
        "Windows 10, 2019 Server",
        "12 passages du livre",
    ],
)
def test_numbers_behind_a_capital_are_no_address(text: str) -> None:
    assert redact(text) == [text]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("define('DB_PASSWORD', 'SeAqIYYRBPZ1dl');", "define('DB_PASSWORD', '[PASSWORD_1]');"),
        ("define('DB_USER', 'aureliasz');", "define('DB_USER', '[USER_NAME_1]');"),
        (
            'h.Add("X-Api-Key", "95345aa4512c133709b3392296ac9c07")',
            'h.Add("X-Api-Key", "[SECRET_VALUE_1]")',
        ),
        ('AUTH = ("hamzaiv", "944hfKJsmeMnLH")', 'AUTH = ("[USER_NAME_1]", "[PASSWORD_1]")'),
        ('psk="FlAv2x9hXnzHjXUX"', 'psk="[PASSWORD_1]"'),
        ("DB_USER=montgomeryp\nDB_PASSWORD=Pioggia!438", "DB_USER=[USER_NAME_1]\nDB_PASSWORD=[PASSWORD_1]"),
        ("User Id=ottaviasz;Password=AZQuUf9THWeGJF;", "User Id=[USER_NAME_1];Password=[PASSWORD_1];"),
        ("denied for user 'dumitrescui'@'db'", "denied for user '[USER_NAME_1]'@'db'"),
        ("gw sudo:   xavierun : TTY=pts/0", "gw sudo:   [USER_NAME_1] : TTY=pts/0"),
        ("https://www.linkedin.com/in/edmund-drummond/", "https://www.linkedin.com/in/[SOCIAL_HANDLE_1]/"),
        (
            "recovery phrase: wagon harvest rabbit cactus galaxy magnet jewel tackle magnet ability tackle tackle.",
            "recovery phrase: [PASSWORD_1].",
        ),
        ("fields = ('username', 'first_name', 'password', 'password2')", None),
        ('FIELDS = ["password", "confirm_password", "token", "user_name"]', None),
        ("username = args.user\npassword = args.password", None),
        ("Enter login and password below. username: str\npassword: str", None),
    ],
)
def test_users_and_secrets_of_code_and_settings(text: str, redacted: str | None) -> None:
    assert redact(text) == [redacted or text]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Please call Mrs. LOPEZ today.", "Please call Mrs. [PERSON_1] today."),
        ("My name is FRANCESCA ABERNATHY.", "My name is [PERSON_1]."),
        ("a table under the name Georgios Ziegler", "a table under the name [PERSON_1]"),
        ("name Zbigniew Jablonski, phone 4", "name [PERSON_1], phone 4"),
        ("Claimant: Esperanza Fitzgerald\nDefendant: Ulrike Szabo", "Claimant: [PERSON_1]\nDefendant: [PERSON_2]"),
        ("Telefoon: 4\nNaam: Philippa Vasquez", "Telefoon: 4\nNaam: [PERSON_1]"),
        ("CN=Florin Nyberg, emailAddress=x", "CN=[PERSON_1], emailAddress=x"),
        ('json={"name": "Viggo Nyberg", "email": x}', 'json={"name": "[PERSON_1]", "email": x}'),
        ("MR. AND MRS. are titles; the brand name Coca Cola; my name is on the list", None),
        ("MS. PACMAN GAME RULES; CN=Domain Admins, OU=Groups, DC=x", None),
        ('{"name": "Green Tea", "price": 4}', None),
    ],
)
def test_names_in_capitals_and_behind_more_words(text: str, redacted: str | None) -> None:
    assert redact(text) == [redacted or text]


BCRYPT = "$2b$12$" + "Qx7Kp2Lm9vRtYbNcZsWdEuJiOaHgFqTkPlMnBvCxZaSdFgHjKlQwE"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"INSERT INTO users (login, hash) VALUES ('kovacsp', '{BCRYPT}');", None),
        (f"kovacsp:{BCRYPT}", "kovacsp:[PASSWORD_1]"),
        ("root:$6$rounds=5000$Nq8sZ1$" + "aB3dE5gH7j" * 8 + "K1mN3p:19780:0:", "root:[PASSWORD_1]:19780:0:"),
        (
            "hash $argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHR2YWx1ZQ$" + "Qk9PTk9QUVJTVFVW" * 2 + " end",
            "hash [PASSWORD_1] end",
        ),
        ("Хеш: pbkdf2_sha256$600000$Nq8sZ1TtLw$" + "aB3dE5gH7jKl" * 3 + "MnOpQrS=", "Хеш: [PASSWORD_1]"),
        ("userPassword: {SSHA}" + "aB3dE5gH" * 4, "userPassword: [PASSWORD_1]"),
        ("Prices: $2, $5 and $6; \\$1\\$ in TeX; $y$ and $5$ in a formula", "="),
    ],
)
def test_hashes_of_passwords_are_replaced_whole(text: str, redacted: str | None) -> None:
    shown = redact(text)[0]
    assert BCRYPT not in shown
    assert redacted is None or shown == (text if redacted == "=" else redacted)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Загранпаспорт 75 6081166", "Загранпаспорт [PASSPORT_1]"),
        ("Номер загранпаспорта: 4510 123456", "Номер загранпаспорта: [PASSPORT_1]"),
        ("СНИЛС 20142642806", "СНИЛС [RU_SNILS_1]"),
        ("Номер обращения 48211907", "Номер обращения [CUSTOMER_NUMBER_1]"),
        ("Müşteri numaranız 48211907", "Müşteri numaranız [CUSTOMER_NUMBER_1]"),
        ("Model numarası 48211907", None),
        ("접수번호 48211907", "접수번호 [CUSTOMER_NUMBER_1]"),
        ("Водительское удостоверение 52 18 640552", "Водительское удостоверение [DRIVERS_LICENSE_1]"),
        ("Код подтверждения: 482119", "Код подтверждения: [ACCESS_CODE_1]"),
        ("Le cryptogramme au dos est 482.", "Le cryptogramme au dos est [CARD_SECURITY_CODE_1]."),
        ("Kartın son kullanma tarihi 09/29", "Kartın son kullanma tarihi [CARD_EXPIRY_1]"),
        ("Health card FD-290089", "Health card [HEALTH_NUMBER_1]"),
        ("IPv6地址：2a02:8f2:9774:b377::94", "IPv6地址：[IP_ADDRESS_1]"),
        ("Twitterは@kuroba_ai2です。", "Twitterは[SOCIAL_HANDLE_1]です。"),
        ("Мой телеграм @ivolgin_m", "Мой телеграм [SOCIAL_HANDLE_1]"),
        ("ул. Чехова, дом 162", "[STREET_ADDRESS_1]"),
        ("Номер лицевого счёта 48211907", "Номер лицевого счёта [BANK_ACCOUNT_1]"),
        ("Patiëntnummer 48211907", "Patiëntnummer [CUSTOMER_NUMBER_1]"),
        ("사업자등록번호: 482-11-90733", "사업자등록번호: [KR_BRN_1]"),
        ("接口令牌：q7Lm2Vx9Rt4Kd8Wp3Zs6Yc1B", "接口令牌：[PASSWORD_1]"),
        ("我的微信号是kuroba_ai2", "我的微信号是[SOCIAL_HANDLE_1]"),
        (
            "Your reference 4821190 is noted, see the reference manual.",
            "Your reference [CUSTOMER_NUMBER_1] is noted, see the reference manual.",
        ),
    ],
)
def test_words_of_more_languages_name_values(text: str, redacted: str | None) -> None:
    assert redact(text) == [redacted or text]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("sudo usermod -aG docker halvorsenk", "sudo usermod -aG docker [USER_NAME_1]"),
        ("Mon identifiant est odile.varga.", "Mon identifiant est [USER_NAME_1]."),
        ("Der Nutzer varga_o ist gesperrt.", "Der Nutzer [USER_NAME_1] ist gesperrt."),
        ("Nom d'utilisateur : odilevarga et rien d'autre", "Nom d'utilisateur : [USER_NAME_1] et rien d'autre"),
        ("我的用户名是odilevarga", "我的用户名是[USER_NAME_1]"),
        ("ユーザー名はodilevargaです。", "ユーザー名は[USER_NAME_1]です。"),
        ('See: {"user": "odile.varga", "role": "x"}', 'See: {"user": "[USER_NAME_1]", "role": "x"}'),
        ("My username is not accepted. username: req.body.username, user: config.user", None),
        ("useradd -m is the command; the login is handled by the server.", None),
    ],
)
def test_users_behind_words_and_commands(text: str, redacted: str | None) -> None:
    assert redact(text) == [redacted or text]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (
            "Odile here, the roof leaks. Click here, or look here.",
            "[PERSON_1] here, the roof leaks. Click here, or look here.",
        ),
        ("Good morning, Odile speaking.", "Good morning, [PERSON_1] speaking."),
        ("Generally speaking, it works. Well, Strictly speaking, no.", None),
        ("You can call me Odile", "You can call me [PERSON_1]"),
        ("Hier ist Odile Varga, guten Tag.", "Hier ist [PERSON_1], guten Tag."),
        ("Benim adım Gülşah Özdemir.", "Benim adım [PERSON_1]."),
        ("Ad soyad: Gülşah Özdemir", "Ad soyad: [PERSON_1]"),
        ("ФИО: Воробьёва Светлана Игоревна", "ФИО: [PERSON_1]"),
        ("我是刘雨婷。", "我是[PERSON_1]。"),
        ("我是高中生。", None),
        (
            "Merhaba Gülşah,\n\ndosya ektedir.\n\nSaygılarımla,\nBurak Özdemir",
            "Merhaba [PERSON_1],\n\ndosya ektedir.\n\nSaygılarımla,\n[PERSON_2]",
        ),
        ("Merhaba Dünya!", None),
        ("Здравствуйте, Светлана!\n\nСпасибо,\nИгорь Воробьёв", "Здравствуйте, [PERSON_1]!\n\nСпасибо,\n[PERSON_2]"),
        ("Привет, Мир! Уважаемые коллеги, Уважаемый Клиент!", None),
        (
            "UPDATE staff SET room = 4, name = 'Odile Varga' WHERE id = 9;",
            "UPDATE staff SET room = 4, name = '[PERSON_1]' WHERE id = 9;",
        ),
        ("UPDATE products SET name = 'Green Tea' WHERE id = 9;", None),
        ("<client><fullName>Odile Varga</fullName></client>", "<client><fullName>[PERSON_1]</fullName></client>"),
        ("contact:\n  name: Odile Varga\n  city: Leeds\n", "contact:\n  name: [PERSON_1]\n  city: Leeds\n"),
        ("product:\n  name: Green Tea\n  city: Leeds\n", None),
        (
            "COPY public.staff (id, full_name, city) FROM stdin;\n7\tOdile Varga\tLeeds\n8\tBo Lind\tYork\n\\.\n",
            "COPY public.staff (id, full_name, city) FROM stdin;\n7\t[PERSON_1]\tLeeds\n8\t[PERSON_2]\tYork\n\\.\n",
        ),
    ],
)
def test_names_in_more_introductions_and_dumps(text: str, redacted: str | None) -> None:
    assert redact(text) == [redacted or text]


@pytest.mark.parametrize("text", ["37°57'25\"N 15°57'52\"E", "40° 36′ 42.5″ N, 5° 24′ 16.25″ E", "43°9'N, 9°4'E"])
def test_minutes_and_seconds_of_coordinates_are_invented(text: str, write: Write) -> None:
    write("a.jsonl", [chat(f"My place is {text} today.", "Noted.")])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 0
    shown = json.loads(Path("out.jsonl").read_text("utf-8"))["messages"][0]["content"]
    shown = shown.removeprefix("My place is ").removesuffix(" today.")
    assert re.sub(r"\d", "0", shown) == re.sub(r"\d", "0", text)
    pairs = list(zip(*(re.findall(r"\d+(?:\.\d+)?", place) for place in (text, shown)), strict=True))
    degrees = [0, len(pairs) // 2]
    assert all((old == new) == (place in degrees) for place, (old, new) in enumerate(pairs))
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl"]) == 0
