"""`curate redact`: equal private values have equal replacements. `verify` proves that no private value is left."""

import base64
import codecs
import gzip
import json
import re
import shlex
import stat
import unicodedata
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.cli.main import main
from curate.redact.names import names_in
from curate.redact.pseudonyms import SURNAMES, WOMEN, Pseudonyms, Style
from curate.redact.redactor import Redactor
from curate.redact.values import private_values_in
from curate.verify.redaction import verify_redaction
from tests.conftest import Write, chat, rows_of

VALUES = {
    "email": "john.oneil@acme-corp.io",
    "phone": "+49 171 2345678",
    "iban": "DE89 3704 0044 0532 0130 00",
    "card": "4539 1488 0343 6467",
    "us_ssn": "536-22-8765",
    "ip_address": "10.20.3.7",
    "mac_address": "00:1A:2B:3C:4D:5E",
    "es_dni": "54362315K",
    "it_codice_fiscale": "RCCMNL83S18D969H",
    "fr_nir": "2 95 10 99 126 111 93",
    "br_cpf": "390.533.447-05",
    "vin": "1M8GDM9AXKP042788",
    "bitcoin_address": "1HesYJSP1QqcyPEjnQ9vzBL1wujruNGe7R",
    "street_address": "Hauptstraße 12a, 10115 Berlin",
}


def text_of(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Mr. Brown left early.", "Brown"),
        ("Mr. Brown died.", "Brown"),
        ("Herr Braun lebt hier.", "Braun"),
        ("Dr. Ana Maria de la Cruz came.", "Ana Maria de la Cruz"),
        ("Mr. Ludwig van Beethoven came.", "Ludwig van Beethoven"),
    ],
)
def test_a_name_ends_with_a_whole_word(text: str, name: str) -> None:
    assert [text[secret.start : secret.end] for secret in names_in(text)] == [name]


@pytest.mark.parametrize("style", ["pseudonym", "label"])
@pytest.mark.parametrize("kind", VALUES)
def test_a_value_is_replaced_alike_in_all_rows_and_files(kind: str, style: str, write: Write) -> None:
    value = VALUES[kind]
    write("a.jsonl", [chat(f"It is {value}, as I said.", "Noted.")])
    write("b.jsonl", [chat("Which one?", f"You gave {value}.")])
    assert main(["redact", "a.jsonl", "b.jsonl", "-o", "out.jsonl", "--style", style, "-q"]) == 0
    first, second = rows_of("out.jsonl")
    shown = re.fullmatch(r"It is (.+), as I said\.", first["messages"][0]["content"])
    assert shown is not None
    assert shown[1] != value
    assert second["messages"][1]["content"] == f"You gave {shown[1]}."
    assert (shown[1] == f"[{kind.upper()}_1]") is (style == "label")
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl", "--redacted-from", "b.jsonl"]) == 0


def test_an_address_is_replaced_alike_without_the_particle_behind_it(write: Write) -> None:
    """In Korean, Chinese and Japanese no space stands between an address and the words around it."""
    address = "jo.miller@gmail.com"
    write("data.jsonl", [chat(f"{address}으로 보내 주세요", "네."), chat(f"邮箱是{address}谢谢", f"{address}です")])
    assert main(["redact", "data.jsonl", "-o", "out.jsonl", "--style", "label"]) == 0
    texts = [[turn["content"] for turn in row["messages"]] for row in rows_of("out.jsonl")]
    assert texts == [["[EMAIL_1]으로 보내 주세요", "네."], ["邮箱是[EMAIL_1]谢谢", "[EMAIL_1]です"]]


def test_the_next_step_verifies_what_was_written(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("my data.jsonl", "b.jsonl"):
        write(name, [chat("Who are you?", f"Write to {VALUES['email']}.")])
    assert main(["redact", "my data.jsonl", "b.jsonl", "-o", "out.jsonl", "--keep-mapping", "map.jsonl", "-q"]) == 0
    [command] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("next: ")]
    program, *words = shlex.split(command.removeprefix("next: "))
    assert (program, main(words)) == ("curate", 0)


def test_lines_without_a_private_value_keep_their_bytes(write: Write) -> None:
    data = b'{"messages":[ {"role":"user","content":"2+2?"},{"role":"assistant","content":"4"}]}\n'
    write("a.jsonl", data)
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 0
    assert Path("out.jsonl").read_bytes() == data


def test_a_person_has_one_name_in_all_turns_and_in_the_arguments_of_calls(write: Write) -> None:
    arguments = json.dumps({"first_name": "Maria", "last_name": "Lopez", "phone": 4915112345678})
    call = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": arguments}}
    row = {
        "messages": [
            {"role": "user", "content": "My name is Maria Lopez."},
            {"role": "assistant", "content": "Hello Maria!", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": '{"note": "Mrs. Lopez called"}'},
        ]
    }
    write("a.jsonl", [row])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 0
    [redacted] = rows_of("out.jsonl")
    given_name, surname = redacted["messages"][0]["content"].removeprefix("My name is ").rstrip(".").split()
    assert {given_name, surname}.isdisjoint({"Maria", "Lopez"})
    assert redacted["messages"][1]["content"] == f"Hello {given_name}!"
    changed = json.loads(redacted["messages"][1]["tool_calls"][0]["function"]["arguments"])
    assert (changed["first_name"], changed["last_name"]) == (given_name, surname)
    assert isinstance(changed["phone"], int)
    assert changed["phone"] != 4915112345678
    assert json.loads(redacted["messages"][2]["content"]) == {"note": f"Mrs. {surname} called"}


def test_a_number_without_its_word_is_replaced_where_another_row_names_it(write: Write) -> None:
    write("a.jsonl", [chat("My customer number is KD-883726.", "Thanks."), chat("Is KD-883726 active?", "Yes.")])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 0
    assert "KD-883726" not in Path("out.jsonl").read_text()


def test_code_parses_as_before(write: Write) -> None:
    code = "```python\nmail = 'john.oneil@acme-corp.io'\nphone = 4155552671\nprint(mail, phone)\n```"
    write("a.jsonl", [chat("My phone is 4155552671. Write code.", code)])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 0
    [row] = rows_of("out.jsonl")
    body = row["messages"][1]["content"].removeprefix("```python\n").removesuffix("```")
    compile(body, "<answer>", "exec")
    assert "acme-corp" not in body
    assert "4155552671" not in body


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"messages": [', "J010"),
        (b'{"messages": [{"role": "user", "content": "a", "content": "b"}]}', "J012"),
        (text_of(chat("See", base64.b64encode(b"john.oneil@acme-corp.io").decode())).encode(), "S003"),
        (text_of(chat("See", "https://x.io/?q=john.oneil%40acme-corp.io")).encode(), "S003"),
    ],
    ids=["no JSON", "a key twice", "Base64", "percent-encoded"],
)
def test_what_cannot_be_redacted_safely_is_set_aside_as_it_was(line: bytes, code: str, write: Write) -> None:
    write("a.jsonl", text_of(chat("Hello", "Hi")).encode() + b"\n" + line + b"\n")
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 1
    assert len(rows_of("out.jsonl")) == 1
    [removed] = rows_of("out.unredacted.jsonl")
    assert (removed["code"], removed["text"].encode()) == (code, line)


def test_a_mapping_is_private_and_keeps_later_runs_consistent(write: Write) -> None:
    write("a.jsonl", [chat("Mail john.oneil@acme-corp.io", "Done.")])
    write("b.jsonl", [chat("john.oneil@acme-corp.io again, and new.one@acme-corp.io", "Done.")])
    assert main(["redact", "a.jsonl", "-o", "a2.jsonl", "--keep-mapping", "map.jsonl", "-q"]) == 0
    assert main(["redact", "b.jsonl", "-o", "b2.jsonl", "--keep-mapping", "map.jsonl", "-q"]) == 0
    shown = rows_of("a2.jsonl")[0]["messages"][0]["content"].removeprefix("Mail ")
    assert rows_of("b2.jsonl")[0]["messages"][0]["content"].startswith(f"{shown} again")
    assert stat.S_IMODE(Path("map.jsonl").stat().st_mode) == 0o600
    assert len(rows_of("map.jsonl")) == 2


@pytest.mark.parametrize(
    "hide",
    [
        lambda value: value,
        lambda value: value.replace(" ", "-"),
        lambda value: base64.b64encode(value.encode()).decode(),
        lambda value: base64.urlsafe_b64encode(f"to {value}!".encode()).decode().rstrip("="),
        lambda value: "".join(f"%{byte:02X}" for byte in value.encode()),
        lambda value: value.encode().hex(),
    ],
    ids=["plain", "other signs", "Base64", "within Base64", "percent", "hexadecimal"],
)
@pytest.mark.parametrize("kind", ["email", "phone", "iban", "card", "us_ssn", "mac_address"])
def test_verify_finds_a_value_that_was_put_back(kind: str, hide: Any, write: Write) -> None:
    write("a.jsonl", [chat(f"It is {VALUES[kind]}", "Noted.")])
    write("out.jsonl", [chat("Hello", "Hi"), chat(f"It is {hide(VALUES[kind])}", "Noted.")])
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl"]) == 1


def test_verify_finds_a_value_that_is_split_over_two_turns(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("a.jsonl", [chat("It is 4539 1488 0343 6467", "Noted.")])
    split = [{"role": "user", "content": "4539 1488"}, {"role": "user", "content": "0343 6467"}]
    write("out.jsonl", [{"messages": split}])
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl"]) == 1
    assert "4539" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("my number is 0171", "5551234", 1),
        ("My card: 4539 1488", "0343 6467 and thanks", 1),
        ("IBAN DE89 3704 0044", "0532 0130 00", 1),
        ("Ring me: ٠١٧١", "٥٥٥١٢٣٤", 1),
        ("What is 12", "345 then?", 0),
        ("My number is 12", "0171 5551234", 0),
        ("The answer of 2024", "2025 and 2026", 0),
    ],
)
def test_a_value_that_is_split_over_two_turns_is_set_aside(first: str, second: str, status: int, write: Write) -> None:
    turns = [("user", first), ("assistant", "Go on."), ("user", second), ("assistant", "Thanks.")]
    write("a.jsonl", [{"messages": [{"role": role, "content": content} for role, content in turns]}])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == status
    assert ("split over two turns" in Path("out.unredacted.jsonl").read_text("utf-8")) == bool(status)


def test_a_value_that_is_split_over_the_turns_of_a_rejected_side_is_set_aside(write: Write) -> None:
    halves = [{"role": "user", "content": text} for text in ("My card: 4539 1488", "0343 6467 and thanks")]
    prompt, answer = [halves[0]], {"role": "assistant", "content": "Noted."}
    write("a.jsonl", [{"prompt": prompt, "chosen": [answer], "rejected": [answer, halves[1]]}])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 1
    assert "split over two turns" in Path("out.unredacted.jsonl").read_text("utf-8")


@pytest.mark.parametrize("value", ["4539 1488 O343 6467", "4539-1488-o343-6467", "DE89 37O4 OO44 O532 O13O OO"])
def test_the_letter_o_for_a_zero_hides_no_number_with_check_digits(value: str, write: Write) -> None:
    value = value.replace("4539-1488-o343-6467", "4539 1488 o343 6467")
    write("a.jsonl", [chat(f"It is {value}, thanks.", "Noted.")])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 0
    assert value not in Path("out.jsonl").read_text("utf-8")


def test_verify_reports_no_name_server(write: Write) -> None:
    write("a.jsonl", [chat("answer from 8.8.8.8 and from 4.2.2.2", "Noted.")])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 0
    assert "from 8.8.8.8 and from 4.2.2.2" in Path("out.jsonl").read_text("utf-8")
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl"]) == 0


@pytest.mark.parametrize(
    "text",
    [
        'Here: {"date_of_birth": "1969-12-25"}',
        'Result: {"customer": {"name": "Liam Thompson", "vip": false}}',
        'Sent {"phoneNumber": "09941969125"}',
    ],
)
def test_values_that_real_chats_hid_are_replaced(text: str, write: Write) -> None:
    write("a.jsonl", [chat(text, "Noted.")])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 0
    assert not {"1969", "Liam", "Thompson", "09941969125", "646204964"} & set(
        re.findall(r"\w+", Path("out.jsonl").read_text("utf-8"))
    )


@pytest.mark.parametrize(
    "text",
    [
        "मेरा मोबाइल नंबर ९८७६५४३२१० है",
        "شماره من ۰۹۱۲۳۴۵۶۷۸۹ است",
        "我的手机号是１３８１２３４５６７８。",
        "Позвоните по номеру 8 916 123 45 67.",
        "Mój numer: 601 234 567.",
        "failed login from 85.214.33.19 port 2201",
        "住所は東京都渋谷区神南1-2-3です。",
        "Живу: ул. Ленина, д. 15, кв. 42.",
        "تكلمت مع السيد أحمد منصور أمس",
        "Em chào anh Nguyễn Văn Hùng, em gửi báo giá.",
    ],
)
def test_verify_knows_values_beside_words_of_other_languages(text: str, write: Write) -> None:
    write("a.jsonl", [chat(text, "Noted.")])
    assert main(["verify", "a.jsonl", "--redacted-from", "a.jsonl"]) == 1
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 0
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl"]) == 0


def test_verify_searches_a_long_run_in_time_that_grows_with_it(write: Write) -> None:
    """A search from each letter to the end of the run would take hours."""
    write("a.jsonl", [chat("a" * 300_000 + " anna.berg@mail.com", "Noted.")])
    write("out.jsonl", [chat("Write to anna.berg@mail.com", "Noted.")])
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl"]) == 1


def test_verify_proves_nothing_about_no_lines(write: Write) -> None:
    write("a.jsonl", [chat("Hi", "Write to ann@acme.io.")])
    Path("out.jsonl").write_bytes(b"")
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl", "-q"]) == 1


def test_verify_does_not_prove_a_line_that_it_cannot_read(write: Write) -> None:
    write("a.jsonl", [chat("Hello", "Hi")])
    write("out.jsonl", b'{"messages": \n')
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl"]) == 1


def test_verify_searches_for_the_values_of_lines_that_are_nested_too_deeply(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON parses them, and a walk through their values would recurse too deeply."""
    deep = b'{"k":' * 700 + b'"write to anna.berg@mail.com"' + b"}" * 700 + b"\n"
    original = write("data.jsonl", deep)
    for line, status in ((b'{"text": "write to anna.berg@mail.com"}\n', 1), (b'{"text": "nothing"}\n', 0), (deep, 1)):
        assert main(["verify", str(write("out.jsonl", line)), "--redacted-from", str(original)]) == status
        assert "1 value of 1 original row" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    [
        "Version 10.0.0.0 of 2024-05-01, ISBN 978-3-16-148410-0, 1234567 items, 3.14159",
        "During 2021, the 1929 Wall Street crash; spring 2022; 8.8.8.8 and 127.0.0.1; localhost:8080",
        "@media (max-width: 600px) { } @property def x(self): return a@b",
        "case pattern2: order by id; client google-auth; phone case; /home/user/x and C:\\Users\\Username\\x",
    ],
)
def test_what_belongs_to_nobody_stays(text: str) -> None:
    assert private_values_in(text) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(sorted(VALUES.values())),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def learned_row(redactor: Redactor, value: Any) -> Any:
    """A row, redacted with the values that it has itself."""
    for written, kind in redactor.values_in(value):
        redactor.learn(written, kind)
    return redactor.row(value, redactor.secrets_in(value))


@pytest.mark.parametrize(
    "text",
    [
        "DB_PASSWORD=Pioggia!438\nREDIS_URL=redis://:7uPeI4ZqhHWgWP@cache:6379/0",
        "https://app.acme.io/join?invite=D1qFkDGcrGgVLBeweQCbkGT8kSfzOSrM&team=4",
        "full name: Hedwig Quinlan\nDOB: 1964-05-12\nphone: +36 30 220 1229\naddress: 12 Main Street",
        '{"password": "qT7!mmK2x9", "ip": "51.94.110.9", "iban": "DE89 3704 0044 0532 0130 00"}',
    ],
)
def test_labels_are_not_redacted_again(text: str) -> None:
    row = chat(text, "Done.")
    once = learned_row(Redactor(Pseudonyms(Style.LABEL)), row)
    assert once != row
    assert learned_row(Redactor(Pseudonyms(Style.LABEL)), once) == once


@pytest.mark.parametrize("text", ["git clone git@github.com:acme/site.git", "brd 255.255.255.255 mask 255.255.255.0"])
def test_addresses_of_nobody_stay(text: str) -> None:
    row = chat(text, "Done.")
    assert learned_row(Redactor(Pseudonyms(Style.LABEL)), row) == row


@given(JSON)
def test_redacted_again_nothing_but_invented_values_changes(value: Any) -> None:
    redactor = Redactor(Pseudonyms(Style.LABEL))
    try:
        once = learned_row(redactor, value)
    except ValueError:
        return
    again = Redactor(Pseudonyms(Style.LABEL))
    assert learned_row(again, once) == once
    assert all(private not in text_of(once) for private in VALUES.values())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Der Router meldet fe80::432d:6d1f:5b62:a517.", "fe80::432d:6d1f:5b62:a517"),
        ("64 bytes from 2a01:cb00:3d74:a9a0::1: icmp_seq=1", "2a01:cb00:3d74:a9a0::1"),
        ("Sie erreichen mich unter 0049 40 3613649.", "0049 40 3613649"),
        ("Vous pouvez me joindre au 0770039395.", "0770039395"),
        ("Llámame al 614 649 264 por la tarde.", "614 649 264"),
        ("WhatsApp me on +91-83967-78688", "+91-83967-78688"),
        ("Her number is (21) 97083-5515.", "(21) 97083-5515"),
        ("The number of our office is 0221 607 16 29.", "0221 607 16 29"),
        ("Mon passeport porte le numéro DKK924960.", "DKK924960"),
        ("Permis de conduire n° F354-8307-5307", "F354-8307-5307"),
        ("Ma commande n° W2589582 n'est pas arrivée.", "W2589582"),
        ("La matrícula es 7557-FGH.", "7557-FGH"),
        ("Fahrgestellnummer: WVWZZZ1KZTW086251", "WVWZZZ1KZTW086251"),
        ("Ich bin am 19.12.1997 geboren.", "19.12.1997"),
        ("you can use the password Somm3r#089 for the demo", "Somm3r#089"),
        ("We are at 31°54'47.1\"N 151°43'21.2\"W, send help.", "31°54'47.1\"N 151°43'21.2\"W"),
        ("I live at 226B Baker Road, London NW1 6XE since May.", "226B Baker Road, London NW1 6XE"),
        ("Please ship to 77 W 45th St Apt 6, New York, NY 17468.", "77 W 45th St Apt 6, New York, NY 17468"),
        ("Vivo en C/ Mayor 162, 3º B, 28013 Madrid.", "C/ Mayor 162, 3º B, 28013 Madrid"),
        ("Auf Twitter bin ich @djbakes.", "@djbakes"),
        ("[jsmith@ip-10-2-3-4 src]$ make", "jsmith"),
        ("Auf dem Bescheid steht 94030106432.", "94030106432"),
        ("Moro no CEP 22410-002, perto da praia.", "22410-002"),
        ("〒155-0033に送ってください。", "155-0033"),
        ("मोबाइल नंबर 9822044718। धन्यवाद", "9822044718"),
        ("arn:aws:iam::481920337164:role/deploy", "481920337164"),
        ("08:14:22 INFO auth user=slegrand77 ok", "slegrand77"),
        ("Accepted publickey for gwendal from 90.112.34.7", "gwendal"),
        (
            "I lived at 221 Cedar Hollow Road, Apt 5C, Portland, OR 97214",
            "221 Cedar Hollow Road, Apt 5C, Portland, OR 97214",
        ),
    ],
)
def test_a_value_is_found_as_people_write_it(text: str, value: str) -> None:
    found = [text[secret.start : secret.end] for secret in private_values_in(text)]
    assert value in found


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Guten Tag, mein Name ist Matthias Groß.", "Matthias Groß"),
        ("Hallo Ayşe,\n\ndanke für deine Mail.", "Ayşe"),
        ("hi, this is Grace from the Leeds branch", "Grace"),
        ("Quedo a la espera.\n\nUn saludo,\nPablo Castillo", "Pablo Castillo"),
        ("Der Befund von Frau Dr. Böhm fehlt.", "Böhm"),
        ("La señora Ortega firmó el contrato.", "Ortega"),
        ('user = {"full_name": "Jean-Luc Dupont", "age": 41}', "Jean-Luc Dupont"),
        ("To: Mats Ferdinandsen <mats@ferdinandsen.dk>", "Mats Ferdinandsen"),
        ("Attendees: Oona Lindqvist, Prakash Venkataraman and Abel Ferreiro", "Prakash Venkataraman"),
        ("My landlord Rosalind Achterberg refuses.", "Rosalind Achterberg"),
        ("私の名前は榊原美咲です。", "榊原美咲"),
        ("मेरा नाम देवयानी मुखर्जी है।", "देवयानी मुखर्जी"),
        ("Меня зовут Арсений Воробьёв, помогите", "Арсений Воробьёв"),
        ("Name: Amelia Grace\nAge: 24", "Amelia Grace"),
        ("My name is Maria  Lopez.", "Maria  Lopez"),
    ],
)
def test_a_name_is_found_whole(text: str, name: str) -> None:
    assert name in [text[secret.start : secret.end] for secret in names_in(text)]


def test_a_line_of_padded_cells_that_is_no_header_is_read_at_once(write: Write) -> None:
    """Its spaces could be divided between names and separators in more ways than there is time."""
    rows = f"{'| name      ' * 30}| 42% |\n{'a   ,' * 60}!\nend"
    source = write("data.jsonl", [chat("Show the table.", rows)])
    assert main(["redact", str(source), "-o", "out.jsonl", "-q"]) == 0
    assert Path("out.jsonl").read_bytes() == source.read_bytes()


def test_a_name_is_replaced_alike_in_any_case_and_spacing(write: Write) -> None:
    names = ["Grace Chen", "GRACE CHEN", "grace  chen"]
    write("a.jsonl", [chat("Look", json.dumps({"customer": {"name": name}})) for name in names])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "--style", "label", "-q"]) == 0
    shown = [json.loads(row["messages"][1]["content"])["customer"]["name"] for row in rows_of("out.jsonl")]
    assert shown == ["[PERSON_1]"] * 3


def test_no_part_of_a_longer_name_is_replaced(write: Write) -> None:
    customer = json.dumps({"customer": {"name": "Grace Chen"}})
    shop = chat("Whose shop is it?", "The Grace Chenoweth Bakery is open.")
    write("a.jsonl", [chat("Look", customer), shop])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "--style", "label", "-q"]) == 0
    assert rows_of("out.jsonl")[1] == shop


def test_the_name_in_an_object_of_a_person_is_replaced_and_that_of_a_product_stays(write: Write) -> None:
    arguments = json.dumps({"customer": {"name": "Grace Chen"}, "product": {"name": "Blue Kettle"}})
    write("a.jsonl", [chat("Look", arguments)])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 0
    redacted = json.loads(rows_of("out.jsonl")[0]["messages"][1]["content"])
    assert redacted["customer"]["name"] != "Grace Chen"
    assert redacted["product"]["name"] == "Blue Kettle"


@pytest.mark.parametrize(
    "text",
    [
        "link/ether brd ff:ff:ff:ff:ff:ff",
        "lo: link/loopback 00-00-00-00-00-00",
        "Use `user@example.com` as a placeholder.",
        "The part number is 107-1271-09, sold in boxes of 78.",
        "text: table: 1-10953197-6 has 12 columns",
        "ssh user@example.com uptime; /home/docker/app and /home/oracle/wallet",
        "Passwort für Windows11 vergessen; the password must have at least 12 characters",
        "SELECT Lap FROM 1-1139087-2 WHERE Rd. = 8",
    ],
)
def test_what_has_the_form_of_a_private_value_stays(text: str) -> None:
    assert private_values_in(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Try the soup. Ms. du Jour waits.",
        "Av. Rating 4, connected via Bluetooth 5",
        "You run version 10.4.12.7 behind 192.0.2.10.",
        'The body is "Dear Boss, all is well"',
        "Name: Spirit II Gas Grill",
        "お客様と皆さんへ",
    ],
)
def test_words_beside_a_title_or_a_number_stay(text: str) -> None:
    assert [*private_values_in(text), *names_in(text)] == []


@pytest.mark.parametrize(
    "table",
    [
        "name;birthdate;product\nOrtrud Kaltwasser;1968-11-23;Blue Kettle",
        "| Product | Name | Birthdate |\n|---|---|---|\n| Blue Kettle | Ortrud Kaltwasser | 1968-11-23 |",
    ],
)
def test_values_in_tables_are_recognized_by_their_columns(table: str, write: Write) -> None:
    write("a.jsonl", [chat(table, "It is for Ortrud Kaltwasser.")])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q", "--style", "label"]) == 0
    question, answer = (message["content"] for message in rows_of("out.jsonl")[0]["messages"])
    assert "Blue Kettle" in question
    assert "[PERSON_1]" in question
    assert "[DATE_OF_BIRTH_1]" in question
    assert answer == "It is for [PERSON_1]."


def test_closings_of_a_team_are_no_names() -> None:
    assert list(names_in("Mit freundlichen Grüßen\nIhr Kundenservice")) == []
    assert list(names_in("Best regards,\nHuman Resources")) == []


def test_passwords_that_differ_in_case_have_different_labels() -> None:
    pseudonyms = Pseudonyms(Style.PSEUDONYM)
    assert pseudonyms.of("url_token", "aBc-1234") != pseudonyms.of("url_token", "abc1234")


@pytest.mark.parametrize(
    "hide",
    [
        lambda value: value.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}),
        lambda value: "".join(f"\\u{ord(char):04x}" for char in value),
        lambda value: "".join(f"&#{ord(char)};" for char in value),
        lambda value: "".join(f"\\x{byte:02x}" for byte in value.encode()),
        lambda value: value.encode().hex(" "),
        lambda value: "".join(f"%25{byte:02x}" for byte in value.encode()),
        lambda value: base64.b64encode(base64.b64encode(value.encode())).decode(),
        lambda value: "dataX" + base64.b64encode(value.encode()).decode(),
    ],
    ids=[
        "full width",
        "JSON escapes",
        "HTML",
        "Python escapes",
        "spaced hexadecimal",
        "percent twice",
        "Base64 twice",
        "glued",
    ],
)
@pytest.mark.parametrize("value", ["john.oneil@acme-corp.io", "4539 1488 0343 6467", "3744-446347-86121"])
def test_verify_finds_a_value_in_more_hidden_forms(value: str, hide: Any, write: Write) -> None:
    write("a.jsonl", [chat(f"It is {value}", "Noted.")])
    write("out.jsonl", [chat("Hello", "Hi"), chat(f"It is {hide(value)}", "Noted.")])
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl"]) == 1


def test_verify_finds_a_value_whose_halves_an_answer_parts(write: Write) -> None:
    write("a.jsonl", [chat("It is 4539 1488 0343 6467", "Noted.")])
    turns = [("user", "4539 1488"), ("assistant", "Go on."), ("user", "0343 6467"), ("assistant", "Thanks.")]
    write("out.jsonl", [{"messages": [{"role": role, "content": content} for role, content in turns]}])
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl"]) == 1


def test_hostile_text_is_redacted() -> None:
    text = "\ud800\0 john.oneil@acme-corp.io " + "a." * 5_000 + "1" * 5_000 + " " * 5_000
    redactor = Redactor(Pseudonyms(Style.LABEL))
    assert learned_row(redactor, text) == text.replace("john.oneil@acme-corp.io", "[EMAIL_1]")


@pytest.mark.parametrize(
    "piece",
    [
        "name: Aa ",
        "nom: 1 ",
        'name: "Aa", ',
        "Mac",
        "numer_telefonu",
        "propriétaire_",
        "INSERT INTO t (a, b) VALUES ('",
        "''-",
    ],
)
def test_hostile_repetitions_are_redacted_in_linear_time(piece: str) -> None:
    """What is quadratic in the text takes minutes."""
    before = "INSERT INTO t (name, email) VALUES (" if piece == "''-" else ""
    text = f"{before}{piece * (40_000 // len(piece))}) age: 20 123456789"
    redactor = Redactor(Pseudonyms(Style.LABEL))
    assert learned_row(redactor, f"john.oneil@acme-corp.io\n\n{text}").startswith("[EMAIL_1]")


def test_names_behind_a_label_need_a_word_about_a_person_in_their_line_or_the_next_one() -> None:
    forms = ["name: Ada Byron, age: 36", "Name : Ada Byron\nOccupation: writer", "name: Bo, name: Ada Byron, age: 36"]
    others = ["name: Ada Byron", "name: Ada Byron\n\nage: 36", "age: 36, name: Ada Byron"]
    for text in forms:
        assert "Ada" not in learned_row(Redactor(Pseudonyms(Style.LABEL)), text)
    for text in others:
        assert learned_row(Redactor(Pseudonyms(Style.LABEL)), text) == text


def test_an_invented_name_is_not_the_name_of_another_person_in_this_or_an_earlier_run(write: Write) -> None:
    names = [f"{first} {last}" for first, last in zip(WOMEN[:40], SURNAMES[:40], strict=True)]
    others = [f"{first} {last}" for first, last in zip(WOMEN[40:45], SURNAMES[40:45], strict=True)]
    words = {word for name in names for word in name.split()}
    for people in (names, others):
        write("a.jsonl", [chat(f"My name is {name}.", "Noted.") for name in people])
        assert main(["redact", "a.jsonl", "-o", "out.jsonl", "--keep-mapping", "map.jsonl", "--overwrite", "-q"]) == 0
        for row in rows_of("out.jsonl"):
            shown = row["messages"][0]["content"].removeprefix("My name is ").rstrip(".")
            assert words.isdisjoint(shown.split())


def test_verify_passes_over_the_address_of_all_devices(write: Write) -> None:
    write("a.jsonl", [chat("link/ether 00:1A:2B:3C:4D:5E brd ff:ff:ff:ff:ff:ff", "Noted.")])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 0
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl"]) == 0


def test_a_card_number_for_tests_is_replaced_as_verify_asks(write: Write) -> None:
    write(
        "a.jsonl",
        [chat("Pay with 4111 1111 1111 1111 or 4242-4242-4242-4242", "378282246310005 and 5555555555554444 work.")],
    )
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 0
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl"]) == 0


def test_arguments_with_a_repeated_key_lose_no_value(write: Write) -> None:
    text = '{"to": "john.oneil@acme-corp.io", "note": "first", "note": "second"}'
    write("a.jsonl", [chat("Send it.", text)])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 0
    shown = rows_of("out.jsonl")[0]["messages"][1]["content"]
    assert "acme-corp" not in shown
    assert shown.endswith('"note": "first", "note": "second"}')


def test_keys_that_would_become_one_set_the_row_aside(write: Write) -> None:
    write("a.jsonl", [chat("Send it.", '{"Jo.Miller@acme.io": 1, "jo.miller@acme.io": 2}')])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "--style", "label", "-q"]) == 1
    assert [row["why"] for row in rows_of("out.unredacted.jsonl")] == ["two keys of an object would be equal"]


def test_json_in_a_text_without_a_private_value_keeps_its_spacing(write: Write) -> None:
    write("a.jsonl", [chat(f"Write to {VALUES['email']}.", '{"a":1,  "b": [ 2 ]}')])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 0
    assert rows_of("out.jsonl")[0]["messages"][1]["content"] == '{"a":1,  "b": [ 2 ]}'


def test_a_mapping_that_is_none_is_named_with_its_line(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("a.jsonl", [chat("Hello", "Hi")])
    write("map.jsonl", b'{"kind": "email"}\n')
    assert main(["verify", "a.jsonl", "--redacted-from", "a.jsonl", "--mapping", "map.jsonl"]) == 2
    assert "map.jsonl:1: no line of a mapping" in capsys.readouterr().err


@pytest.mark.slow
def test_processes_redact_as_one_process_does(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [
        (f"{first} {last}", f"{first}.{last}@corp.io".lower()) for first, last in zip(WOMEN, SURNAMES, strict=False)
    ]
    lines = [chat(f"My name is {name}, {address}.", f"Hello {name}!") for name, address in people]
    write("a.jsonl", [*lines, *[chat(f"Write to {address}.", "Done.") for _, address in reversed(people)]])
    data = Path("a.jsonl").read_bytes()
    Path("a.jsonl").write_bytes(data.replace(b"\n", b"\n\n{\n", 1))
    monkeypatch.setattr("curate.commands.redact.CHUNK_BYTES", 400)
    outcomes = []
    for size in (1 << 30, 1):
        monkeypatch.setattr("curate.commands.redact.MIN_PARALLEL_SEARCH_BYTES", size)
        options = ["--style", "label", "--keep-mapping", f"m{size}", "--overwrite", "-q"]
        assert main(["redact", "a.jsonl", "-o", "out.jsonl", *options]) == 1
        outcomes.append([Path(name).read_bytes() for name in ("out.jsonl", "out.unredacted.jsonl", f"m{size}")])
    assert outcomes[0] == outcomes[1]
    assert json.loads(outcomes[0][1])["line"] == 3
    assert b"corp.io" not in outcomes[0][0]


def bench_lines(name: str) -> list[list[str]]:
    """The fields of each line of a file of the benchmark."""
    text = (Path(__file__).parent.parent / "bench" / name).read_text("utf-8")
    return [line.replace("\\n", "\n").split("\t") for line in text.splitlines() if not line.startswith("# ")]


@pytest.mark.parametrize(
    ("kind", "value", "text"), [*bench_lines("redaction_forms.txt"), *bench_lines("redaction_abroad.txt")]
)
def test_a_value_is_found_in_each_form(kind: str, value: str, text: str) -> None:
    assert value in [text[secret.start : secret.end] for secret in private_values_in(text)], kind


@pytest.mark.parametrize("text", [text for [text] in bench_lines("redaction_lookalikes.txt")])
def test_what_looks_like_a_private_value_stays(text: str) -> None:
    assert private_values_in(text) == []


def test_json_numbers_of_a_place_are_replaced_as_its_coordinates_in_a_text(write: Write) -> None:
    place = json.dumps({"lat": 52.520008, "lon": -13.404954, "zoom": 11.25})
    write("a.jsonl", [chat("I am at 52.520008, -13.404954.", place), {"start_lat": 48.1371, "text": "lat 52.520008"}])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 0
    first, second = rows_of("out.jsonl")
    shown = json.loads(first["messages"][1]["content"])
    assert first["messages"][0]["content"] == f"I am at {shown['lat']}, {shown['lon']}."
    assert (shown["lat"] == 52.520008, shown["lon"] == -13.404954, shown["zoom"]) == (False, False, 11.25)
    assert re.fullmatch(r"52\.\d{6}", str(shown["lat"]))
    assert second["text"] == f"lat {shown['lat']}"
    assert second["start_lat"] != 48.1371
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl"]) == 0


def test_verify_finds_a_json_number_of_a_place(write: Write) -> None:
    write("a.jsonl", [{"lat": 52.520008, "lon": 13.404954}])
    write("out.jsonl", [{"y": 52.520008}])
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl"]) == 1


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Frau von der Heide kommt morgen.", "von der Heide"),
        ("Please call Mr. van Dijk.", "van Dijk"),
        ("Mme de la Tour est absente.", "de la Tour"),
        ("Mevrouw ter Horst belt terug.", "ter Horst"),
        ("Sra. dos Santos ligou.", "dos Santos"),
        ("Mr. al-Masri wrote.", "al-Masri"),
        ("Dr. Omar bin Khalid al-Fahim is here.", "Omar bin Khalid al-Fahim"),
        ("Die Frau von der Tankstelle rief an.", ""),
        ("La señora de Barcelona llegó.", ""),
        ("Herr der Ringe ist ein Film.", ""),
    ],
)
def test_a_name_has_its_particles(text: str, name: str) -> None:
    assert [text[secret.start : secret.end] for secret in names_in(text)] == ([name] if name else [])


@pytest.mark.parametrize(
    ("form", "hidden"),
    [
        ("reversed", "ed.krewdron@24zepol.airam"),
        ("quoted-printable", "".join(f"={ord(char):02X}" for char in "maria.lopez42@nordwerk.de")),
        ("escaped", "".join(f"\\{ord(char):03o}" for char in "maria.lopez42@nordwerk.de")),
        ("in Base32", base64.b32encode(b"maria.lopez42@nordwerk.de").decode()),
        ("in Base64", "bWFyaWEubG9w\nZXo0MkBub3Jk\nd2Vyay5kZQ=="),
        ("in Base64", "x" * 60_000 + "\nbWFyaWEubG9w\nZXo0MkBub3Jk\nd2Vyay5kZQ=="),
        ("in character codes", " ".join(str(ord(char)) for char in "maria.lopez42@nordwerk.de")),
        ("in character codes", " + ".join(f"chr({ord(char)})" for char in "maria.lopez42@nordwerk.de")),
        ("in character codes", " & ".join(f"ChrW$({ord(char)})" for char in "maria.lopez42@nordwerk.de")),
        ("in character codes", "+".join(f"[char]0x{ord(char):02x}" for char in "maria.lopez42@nordwerk.de")),
        ("in character codes", "[\n 109,\n 97," + ",\n ".join(str(ord(char)) for char in "ria.lopez42@nordwerk.de")),
        ("in character codes", "-".join(str(ord(char)) for char in "maria.lopez42@nordwerk.de")),
        ("in character codes", "".join(f"{ord(char):03}" for char in "maria.lopez42@nordwerk.de")),
        ("in character codes", " ".join(f"{ord(char):o}" for char in "maria.lopez42@nordwerk.de")),
        ("in character codes", "".join(f"\\{ord(char):x} " for char in "maria.lopez42@nordwerk.de")),
        ("reversed", base64.b64encode(b"maria.lopez42@nordwerk.de").decode()[::-1]),
        ("reversed", base64.b64encode(b"ed.krewdron@24zepol.airam").decode()),
        ("as it is", "".join(chr(0xE0000 + ord(char)) for char in "maria.lopez42@nordwerk.de")),
        ("in ROT13", codecs.encode("maria.lopez42@nordwerk.de", "rot13")),
        ("with signs in words", "maria dot lopez42 at nordwerk dot de"),
        ("in words", "mike alfa r i a . lima o p e zulu four two @ november o r d w e r k . d e"),
        ("in binary codes", " ".join(f"{ord(char):08b}" for char in "maria.lopez42@nordwerk.de")),
        ("in look-alike letters", "maria.lopez42@nordwerk.de".translate(str.maketrans("aeo", "аео"))),
        ("in Base64", base64.b64encode(gzip.compress(b"maria.lopez42@nordwerk.de", mtime=0)).decode()),
        ("in hexadecimal", zlib.compress(b"maria.lopez42@nordwerk.de").hex()),
    ],
)
def test_the_proof_finds_a_value_in_hidden_forms(write: Write, form: str, hidden: str) -> None:
    write("a.jsonl", [chat("Write to maria.lopez42@nordwerk.de.", "Done.")])
    write("out.jsonl", [chat(f"Note: {hidden} end", "Done.")])
    assert [left.form for left in verify_redaction([Path("out.jsonl")], [Path("a.jsonl")]).left] == [form]


@pytest.mark.parametrize(
    "hidden",
    [
        str([ord(char) for char in "Zoë Böhm-Łoś"]),
        str([byte - 256 if byte > 127 else byte for byte in "Zoë Böhm-Łoś".encode()]),
        " ".join(f"{byte:08b}" for byte in "Zoë Böhm-Łoś".encode()),
        base64.b64encode("Zoë Böhm-Łoś".encode("utf-16-le")).decode(),
    ],
)
def test_the_proof_finds_letters_outside_of_ascii_in_hidden_forms(write: Write, hidden: str) -> None:
    write("a.jsonl", [chat("Hello", "Done.")])
    write("map.jsonl", [{"kind": "person", "value": "Zoë Böhm-Łoś", "replacement": "[PERSON_1]"}])
    write("out.jsonl", [chat(f"Note: {hidden} end", "Done.")])
    assert verify_redaction([Path("out.jsonl")], [Path("a.jsonl")], Path("map.jsonl")).left


def test_the_proof_finds_halves_in_two_rows(write: Write) -> None:
    write("a.jsonl", [chat("It is 4539 1488 0343 6467", "Noted.")])
    write("out.jsonl", [chat("Keep 4539 1488", "Ok."), chat("0343 6467 was the rest", "Ok.")])
    left = verify_redaction([Path("out.jsonl")], [Path("a.jsonl")]).left
    assert ("card", "split over rows") in [(value.kind, value.form) for value in left]


def test_the_proof_finds_the_password_of_a_url_alone(write: Write) -> None:
    write("a.jsonl", [chat("postgres://kim:Lantern-4417x@db7.fellow.lan/bills", "Noted.")])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q", "--keep-mapping", "m.jsonl"]) == 0
    write("back.jsonl", [chat("It was Lantern-4417x once", "Noted.")])
    check = ["--redacted-from", "a.jsonl", "--mapping", "m.jsonl"]
    assert main(["verify", "out.jsonl", *check]) == 0
    assert main(["verify", "back.jsonl", *check]) == 1


def test_the_proof_reads_long_white_space_once(write: Write) -> None:
    """It would take minutes if each space began a search to the last one."""
    write("a.jsonl", [chat("Write to maria.lopez42@nordwerk.de", "Noted.")])
    write("out.jsonl", [chat(f"Meet at x{' ' * 200_000}y", "maria dot lopez42  at  nordwerk dot de")])
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl"]) == 1


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("mój brat Tadeusz jest chory", "Tadeusz"),
        ("mia sorella Fiorenza arriva", "Fiorenza"),
        ("Kierowca: Dorota Sikora, Polisa TR40118823", "Dorota Sikora TR40118823"),
        ("Intestata a Renzo Baldini.", "Renzo Baldini"),
        ("Prénom : Clotaire\nNom de famille : Aubertin", "Clotaire Aubertin"),
        ("Eckart Sonnleitner, geb. 03.04.1971", "Eckart Sonnleitner 1971"),
        ("2. Edwina Thackeray - (417) 288-6610\n", "Edwina Thackeray 6610"),
        ("Verlag schickt es. Liebe Grüße, Gundula", "Gundula"),
        ("INSERT INTO t (nome, cpf) VALUES ('Heitor Moraes', '390.533.447-05')", "Heitor Moraes 447"),
        ("出席者：村上健太、石川優子", "村上健太 石川優子"),
        ("昨日は清水くんと話した", "清水"),
        ("持卡人林志远，安全码 418", "林志远 418"),
        ("código de seguridad 731, PIN 8264", "731 8264"),
        ("il codice del portone è 5519", "5519"),
        ("nr historii choroby 66120934", "66120934"),
        ("The user elk_ridge logged in. Ask elk_ridge.", "elk_ridge"),
        ("mysql -u elk.ridge -p", "elk"),
    ],
)
def test_values_behind_words_of_more_languages(text: str, values: str, write: Write) -> None:
    write("a.jsonl", [chat(text, "Noted.")])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 0
    redacted = Path("out.jsonl").read_text("utf-8")
    assert [value for value in values.split() if value in redacted] == []


def test_a_number_like_a_date_is_replaced_only_where_it_is_one(write: Write) -> None:
    write("a.jsonl", [chat("Invoice no. 2023-11 is open", "Noted."), chat("2023-11-02 10:22:41 started", "Noted.")])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 0
    assert "2023-11-02 10:22:41 started" in Path("out.jsonl").read_text("utf-8")


def test_an_invented_date_of_birth_has_another_year() -> None:
    assert all(not Pseudonyms(Style.PSEUDONYM).of("date_of_birth", "04.05.1985").endswith("1985") for _ in range(50))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("My card: cvv 417, thanks", "card_security_code"),
        ("It goes to ZIP: 48226 in the end", "postal_code"),
        ("The PNR is X7K2QD.", "customer_number"),
        ("| first name | city |\n|---|---|\n| Aurelia | Bonn |", "person"),
        ("Billed to 27AAPFU0939F1ZV in May", "in_gstin"),
        ("arn:aws:iam::604183927745:role/read", "cloud_account"),
    ],
)
def test_the_proof_finds_what_was_put_back(
    text: str, kind: str, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    original = write("a.jsonl", [chat(text, "Noted.")])
    assert main(["redact", str(original), "-o", "out.jsonl", "-q"]) == 0
    check = ["verify", "out.jsonl", "--redacted-from", str(original)]
    assert main(check) == 0
    assert "not searched for without --mapping" in capsys.readouterr().out
    write("out.jsonl", [chat(text, "Noted.")])
    assert main(check) == 1
    assert f"holds an original value ({kind})" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    [
        "See ticket JIRA-4821.", "Open http://192.168.1.1 to log in.", "From: Berlin Central\nTo: Paris Nord",
        "CID: 2244", "I am South African.",
        "| Name | Phone | Camera |\n|---|---|---|\n| Galaxy | Samsung S21 | 12 MP |",
        "my friend Facebook", "user @param", "Attendees: Product Manager, Lead Designer",
    ],
)  # fmt: skip
def test_places_products_and_identifiers_stay(text: str, write: Write) -> None:
    original = write("a.jsonl", [chat(text, "Noted.")])
    assert main(["redact", str(original), "-o", "out.jsonl", "-q"]) == 0
    assert Path("out.jsonl").read_bytes() == original.read_bytes()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("رقم جوالي ٠٥٠١٢٣٤٥٦٧ اتصل بي", "٠٥٠١٢٣٤٥٦٧"),
        ("کد ملی من ۰۰۸۴۵۶۷۱۲۰ است", "۰۰۸۴۵۶۷۱۲۰"),
        ("मेरा आधार २३४१ २३४१ २३४६ है", "२३४१ २३४१ २३४६"),
        ("কার্ড নম্বর ৪০০০০০১২৩৪৫৬৭৮৯৯ দিয়ে", "৪০০০০০১২৩৪৫৬৭৮৯৯"),
        ("โทร ๐๘๑-๒๓๔-๕๖๗๘ ค่ะ", "๐๘๑-๒๓๔-๕๖๗๘"),
        ("カード番号は４００１ ２３４１ ２３４１ ２３４４です。", "４００１ ２３４１ ２３４１ ２３４４"),
        ("My card: 4539\u200b 1488\u200b 0343\u200b 6467.", "4539\u200b 1488\u200b 0343\u200b 6467"),
    ],
)
def test_values_are_found_in_the_digits_of_each_script_and_proved(text: str, value: str, write: Write) -> None:
    original = write("a.jsonl", [chat(text, "Noted.")])
    assert main(["redact", str(original), "-o", "out.jsonl", "-q"]) == 0
    [row] = rows_of("out.jsonl")
    before, after = text.split(value)
    shown = row["messages"][0]["content"].removeprefix(before).removesuffix(after)
    assert shown != value
    assert [char.isascii() for char in shown] == [char.isascii() for char in value], "of the same script"
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl"]) == 0
    assert main(["verify", "a.jsonl", "--redacted-from", "a.jsonl"]) == 1


@pytest.mark.parametrize(
    "name",
    ["José Núñez", "Hélène Lefèvre-Bâtard", "Đỗ Thị Ửng", "Ọlá Adébáyọ̀", "Zoë Brûlé"],
)
def test_a_name_is_one_value_in_composed_and_decomposed_letters(name: str, write: Write) -> None:
    apart, hidden = unicodedata.normalize("NFD", name), "\u200b".join(unicodedata.normalize("NFD", name))
    turns = [f"Hello, my name is {name}.", f"Hi {apart}, Mr. {apart.split()[-1]}!", f"my name is {hidden}", f"{apart}?"]
    write("a.jsonl", [chat(turns[0], turns[1]), chat(turns[2], turns[3])])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q", "--keep-mapping", "m.jsonl"]) == 0
    [row] = rows_of("m.jsonl")
    shown = [message["content"] for of_row in rows_of("out.jsonl") for message in of_row["messages"]]
    full, last = row["replacement"], row["replacement"].split()[-1]
    assert shown == [f"Hello, my name is {full}.", f"Hi {full}, Mr. {last}!", f"my name is {full}", f"{full}?"]
    write("composed.jsonl", [chat(unicodedata.normalize("NFC", turns[1]), "Noted.")])
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl", "--mapping", "m.jsonl"]) == 0
    assert main(["verify", "composed.jsonl", "--redacted-from", "a.jsonl", "--mapping", "m.jsonl"]) == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Write to jörg.müller@firma.de.", "email"), ("제 이름은 김민수입니다.", "person"),
        ("मेरा नाम रोहित बड़जात्या है", "person"), ("मेरा फ़ोन 9876543210 है", "phone"),
        ("Em chào anh Nguyễn Văn Dũng.", "person"),
        ("Haus: Königsbrücker Straße 12, 01099 Dresden.", "street_address"),
        ("4̶5̶3̶9̶ 1488 0343 6467", "card"), ("Call +49\u2009171\u2009555\u20111234.", "phone"),
    ],
)  # fmt: skip
def test_a_value_is_found_in_decomposed_letters(text: str, kind: str) -> None:
    apart = unicodedata.normalize("NFD", text)
    redactor = Redactor(Pseudonyms(Style.LABEL))
    row = {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": apart}]}
    for written, kind_of_value in redactor.values_in(row):
        redactor.learn(written, kind_of_value)
    shown = [message["content"] for message in redactor.row(row, redactor.secrets_in(row))["messages"]]
    assert unicodedata.normalize("NFC", shown[1]) == unicodedata.normalize("NFC", shown[0])
    assert f"[{kind.upper()}_1]" in shown[0]


def test_a_value_has_one_pseudonym_in_the_digits_of_all_scripts() -> None:
    pseudonyms = Pseudonyms(Style.PSEUDONYM)
    arabic, latin = pseudonyms.of("phone", "٠٥٠-١٢٣-٤٥٦٧"), pseudonyms.of("phone", "0501234567")
    assert not re.search("[0-9]", arabic)
    assert "".join(str(int(char)) for char in arabic if char.isdigit()) == latin
    assert Pseudonyms(Style.LABEL).of("card", "４００１２３４１２３４１２３４４") == "[CARD_1]"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Dün Ayşe Hanım ile konuştum.", "Ayşe"), ("Ahmet Yıldırım Bey yarın izinli.", "Ahmet Yıldırım"),
        ("Rozmawiałem z panią Anną Nowak.", "Anną Nowak"), ("Господин Кузнецов ждёт.", "Кузнецов"),
        ("Ирина Петровна, добрый день!", "Ирина Петровна"), ("Chào anh Nguyễn Văn Hùng ạ.", "Nguyễn Văn Hùng"),
        ("تكلمت مع السيد أحمد منصور أمس", "أحمد منصور"), ("جلسه با آقای رضا کریمی ساعت پنج", "رضا کریمی"),
        ("कल सुनीता शर्मा जी से बात हुई", "सुनीता शर्मा"), ("জনাব রফিক হাসান আগামীকাল আসবেন", "রফিক হাসান"),
        ("I met Suzuki-san today.", "Suzuki"), ("김민수 님께서 주문하셨습니다.", "김민수"),
        ("王建国先生昨天来过。", "王建国"),
        ("นางสาววิภา แสงทอง ส่งเอกสาร", "วิภา แสงทอง"), ("氏名：田中太郎", "田中太郎"),
        ("Письмо господина Богданова", "Богданова"), ("Pan Jan Kowalski mieszka w Łodzi.", "Jan Kowalski"),
        ("ติดต่อคุณสมชาย ได้เลย", "สมชาย"), ("ขอสายคุณกมลวรรณหน่อยครับ", "กมลวรรณ"),
    ],
)  # fmt: skip
def test_names_are_found_beside_forms_of_address(text: str, name: str) -> None:
    assert name in [text[secret.start : secret.end] for secret in names_in(text)]


@pytest.mark.parametrize(
    "text",
    [
        "طلبي رقم ٤٥٨٧٢٣٩١ لم يصل", "در سال ۱۳۹۸ منتشر شد", "१२३४५ को ६७ से गुणा करें", "ตามมาตรา ๑๑๒ ของกฎหมาย",
        "価格は１２，８００円です。", "Doktor Bey ne dedi?", "Panie i Panowie, witamy.", "고객님, 안녕하세요.",
        "老师先生怎么说？", "जी हाँ, धन्यवाद", "คุณช่วยแปลประโยคนี้ได้ไหม", 'zip_code = "90210"',
        "Heat the oil in a frying pan Lodge makes.", "如何先生成一个列表？", "คุณสมบัติของสินค้า",
        "ولدت الشركة في 12/3/1998", "ولدت فكرة المشروع في 12/3/1998",
        "เจ้านายสั่งให้ส่งงาน ภายในวันนี้",
        "أخبرني الدكتور أنه بخير", "Сказал господин Президент.", "माननीय मुख्यमंत्री जी का आगमन", "추운날씨가 이어졌다",
        "العنوان: 5 نصائح للنجاح", "สิ่งที่อยู่ในกล่องมี 5 ชิ้นใหญ่",
        "返回地址为变量i的第1个元素的位置",
        "رصيد حسابي 1500000 ريال", "ユーザーID string",
    ],
)  # fmt: skip
def test_numbers_and_titles_of_other_languages_stay(text: str, write: Write) -> None:
    original = write("a.jsonl", [chat(text, "Noted.")])
    assert main(["redact", str(original), "-o", "out.jsonl", "-q"]) == 0
    assert Path("out.jsonl").read_bytes() == original.read_bytes()
    assert main(["verify", "out.jsonl", "--redacted-from", "a.jsonl"]) == 0


@pytest.mark.parametrize(
    ("encode", "form"),
    [
        (lambda value: "".join(f"&#{ord(char)};" for char in value), "in escapes"),
        (lambda value: "".join(f"\\u{ord(char):04x}" for char in value), "in escapes"),
        (lambda value: "".join(f"={byte:02X}" for byte in value.encode()), "quoted-printable"),
        (lambda value: base64.b64encode(value.encode()).decode(), "in Base64"),
    ],
)
def test_a_row_with_an_encoded_value_is_set_aside(encode: Callable[[str], str], form: str, write: Write) -> None:
    write("a.jsonl", [chat(f"My phone: {encode('+49 171 2345678')}", "Noted.")])
    assert main(["redact", "a.jsonl", "-o", "out.jsonl", "-q"]) == 1
    assert form in Path("out.unredacted.jsonl").read_text("utf-8")
    assert main(["verify", "a.jsonl", "--redacted-from", "a.jsonl"]) == 1, "the proof decodes the originals, too"
