"""`check --fix` changes no text but for white space at the end of an answer: texts about characters, code, poems."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.cli.main import main
from curate.core.config import CheckConfig
from curate.core.targets import Target
from curate.lint.fixer import fix_paths
from tests.conftest import of_hundred

ABOUT_CHARACTERS = [
    ("You see Ã© where é was meant. Why?", "The bytes of é were read as Latin-1."),
    ("Why does my page show Ã©?", "The server names the wrong charset."),
    ("Why do I see â€™ in my e-mails?", "They were written as UTF-8 and read as windows-1252."),
    ("What is mojibake?", "Text read in the wrong encoding, such as cafÃ©."),
    ("Ma page affiche dÃ©jÃ\xa0 vu.", "Déclarez l'encodage : déjà vu."),
    ("Warum steht im Brief GrÃ¼ÃŸe?", "Die Datei wurde mit falscher Kodierung gelesen: Grüße."),
    ("¿Por qué aparece niÃ±o?", "La codificación es incorrecta."),
    ("Por que aparece nÃ£o no relatório?", "É um problema de codificação: não."),
    ("文字化けの例は？", "「ã\x81\x82」は「あ」の文字化けです。"),
    ("为什么显示 ä¸\xadæ–‡？", "这是乱码，原文是中文。"),
    ("Почему вместо «Привет» вижу ÐŸÑ€Ð¸Ð²ÐµÑ‚?", "Неверная кодировка."),
    ("Fix this line: s.replace('â€œ', '\"')", "s.replace('“', '\"')"),
    ("Decode it.", "print('cafÃ©'.encode('latin-1').decode('utf-8'))"),
    ("What does `Â£5` mean?", "£5: the pound sign takes two bytes."),
    ("Which is right, naïve or naÃ¯ve?", "The first."),
    ('She typed "cafÃ©".', 'He read "cafÃ©", too.'),
    ("The sign shows 20 Â° today.", "It should show 20 °."),
    ("The receipt shows Â instead of a space.", "Tell the shop."),
    ("Spell it: Ã, then ©.", "Ã©"),
    ("What went wrong: JosÃ©?", "Your CSV was opened in Excel with the wrong setting."),
    ("Meu relatório mostra SÃ£o Paulo", "Salve o arquivo de novo, em outro formato."),
    ("Clean it: naÃ¯ve", "naive"),
    ("Restore: â€œHelloâ€\x9d", '"Hello"'),
    ("What is U+0092?", "It\x92s a control character; cp1252 has an apostrophe there."),
]
WITH_INVISIBLE = [
    ("Show it.", "It is \u2067, the right-to-left isolate."),
    ("Show a zero-width space.", "Between the arrows: →\u200b←"),
    ("Which characters are invisible?", "\u200b, \u2060 and \ufeff."),
    ("Are adm\u200bin and admin equal?", "No."),
    ("Is pay\u200bpal the name?", "No, it is paypal with something in it."),
    ("Write it as a list.", "<\u2066>, <\u2069>"),
    ("Zeige das unsichtbare Zeichen.", "Hier:\u200bda"),
    ("Quel caractère invisible ?", "Le voici\u200bici"),
    ("零宽空格是什么？", "它在这里\u200b这里"),
    ("ゼロ幅スペースを見せて。", "ここ\u200bです"),
    ("Что такое невидимый символ?", "Вот он\u200bздесь"),
    ("ما هو الحرف غير المرئي؟", "هنا\u200bهو"),
    ("اكتب رقم الهاتف", "الرقم هو \u2066+1 555 0100\u2069."),
    ("איך כותבים?", "\u2067שלום\u2069 ואז \u2066world\u2069."),
    ("How do I write a mention that notifies nobody?", "@\u200beveryone"),
    ("How do I show three backticks?", "`\u200b``"),
    ("Bold it in Chinese.", "**重要**\u200b这是说明"),
    ("Who are they?", "\U0001f468\u200d\U0001f469\u200d\U0001f467 and \U0001f3f3\ufe0f\u200d\U0001f308"),
    ("The flag of Scotland?", "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"),
    ("می‌خواهم", "می\u200cروم و نمی\u200cدانم"),
    ("क्ष कैसे लिखें?", "क्\u200dष और क्\u200cष"),
    ("สวัสดี", "สวัสดี\u200bครับ"),
    ("Defang this: evil.com", "evil\u200b.com"),
    ("Wie trenne ich Donaudampfschiff?", "Donau\u200bdampf\u200bschiff, mit bedingter Trennstelle."),
    ("Write a name that reads backwards.", "exe\u202egnp.txt"),
    ("Apply f to x.", "f\u2061(x)"),
    ("Why does Ctrl+F not find it? pass\u200bword", "Retype it."),
    ("Which icon?", "\uf0b7 is the bullet of a word processor"),
    ("How does a C string end?", "With NUL: abc\u0000"),
    ("Print in red.", "\x1b[31mred\x1b[0m"),
    ("Separate the fields.", "a\x1fb\x1ec"),
    ("What does find -print0 print?", "a.txt\u0000b.txt"),
]
WITH_SPACE = [
    ("def add(a, b):\n", "    return a + b"),
    ("def add(a, b):\n", "    c = a + b\n    return c"),
    ("def first(a):\n", "\n    return a[0]"),
    ("class A:\n", "\tpass"),
    ("all:\n", "\tgcc -o a a.c"),
    ("Which recipe?", "\tcp a b\n\tcp b c"),
    ("items:", "  - name: x"),
    ("steps:", "  - run: make\n    env:\n      A: 1"),
    ("Show the change.", " a\n-b\n+c"),
    ("Show the change.", "@@ -1,3 +1,3 @@\n a\n-b\n+c\n \n"),
    ("Show the change.", "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"),
    ("A poem, please.", " Once upon a midnight dreary,\nwhile I pondered, weak and weary"),
    ("A poem, please.", "        falling\n    leaf\nsoil"),
    ("A haiku.", "\u3000古池や\n蛙飛びこむ\n水の音"),
    ("Start a paragraph in Chinese.", "\u3000\u3000从前有一座山。"),
    ("Draw a tree.", "   *\n  ***\n *****"),
    ("Draw a face.", "  o o\n   >\n  ---"),
    ("A table.", "   a | b\n  ---+---\n   1 | 2"),
    ("A table with tabs.", "a\tb\tc\n1\t2\t"),
    ("Continue the Markdown list.", "  * nested\n  * nested, too"),
    ("A quoted code block.", "    $ ls\n    a  b"),
    ("Continue the sentence: The sky is", " blue."),
    ("Continue the HTML.", "  <li>a</li>\n</ul>"),
    ("COBOL, please.", "       DISPLAY 'HI'."),
    ("Fortran, please.", "      PRINT *, 'HI'"),
    ("Continue the JSON.", '  "b": 2\n}'),
    ("Start with an empty line.", "\nHello."),
    ("Continue.", "\u00a0one hard space first"),
]
KEPT = ABOUT_CHARACTERS + WITH_INVISIBLE + WITH_SPACE
SPACES = st.text(" \t\n\u00a0\u2003\u3000\u200b\ufeff\x0b\x1c\x85Â\u00a0", max_size=4)
PIECES = st.sampled_from([
    "cafÃ©", "Itâ€™s", "Hi\u200bthere", "x = 1", "\n    y", "\u2067", "\ufeff", "\x92", "\x00", "é", "- a", "+b", " ",
    "\n", "Paris.", "Â ", "20 Â°C", "😀", "\U000e0041",
])  # fmt: skip
TEXTS = st.tuples(SPACES, st.lists(PIECES, max_size=4).map("".join)).map("".join)


def chat(question: str, answer: str) -> bytes:
    return json.dumps(
        {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}
    ).encode()


def fixed(path: Path, *lines: bytes, target: str = "trainer", options: Sequence[str] = ()) -> list[bytes]:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    main(["check", str(path), "--fix", "--quiet", "--exit-zero", "--target", target, *options])
    return path.read_bytes().splitlines()


@pytest.mark.parametrize("target", ["trainer", "trl", "openai"])
def test_a_safe_fix_keeps_texts_about_characters_and_texts_whose_white_space_means_something(
    tmp_path: Path, target: str
) -> None:
    lines = [chat(*turns) for turns in KEPT]
    after = fixed(tmp_path / "a.jsonl", *lines, target=target)
    assert len(after) == len(lines)
    assert [turns for turns, line, was in zip(KEPT, after, lines, strict=True) if line != was] == []


def test_unsafe_fixes_change_them(tmp_path: Path) -> None:
    lines = [chat("Where is the cafÃ©?", "There."), chat("Hi\u200b there", "Hello."), chat("Hi\0", "Hello.")]
    after = fixed(tmp_path / "a.jsonl", *lines, options=["--unsafe-fixes"])
    texts = [[turn["content"] for turn in json.loads(line)["messages"]] for line in after]
    assert texts == [["Where is the café?", "There."], ["Hi there", "Hello."], ["Hi", "Hello."]]


def test_code_compiles_after_a_safe_fix_as_before(tmp_path: Path) -> None:
    code = [
        ("def add(a, b):\n", "    return a + b"),
        ("def add(a, b):\n", "    return a + b\n"),
        ("def add(a, b):\n", "    c = a + b\n    return c\n"),
        ("def add(a, b):\n", "\n    return a + b\n\n"),
        ("class A:\n", "\tb = 1\n"),
    ]
    for line in fixed(tmp_path / "a.jsonl", *(chat(*turns) for turns in code)):
        compile("".join(turn["content"] for turn in json.loads(line)["messages"]), "code", "exec")


def test_white_space_at_the_end_of_an_answer_is_removed(tmp_path: Path) -> None:
    lines = [chat("Hello", "Hello. \n"), chat("def f():\n", "    return 1\n")]
    assert fixed(tmp_path / "a.jsonl", *lines) == [chat("Hello", "Hello."), chat("def f():\n", "    return 1")]


def test_a_completion_that_continues_a_word_keeps_its_start(tmp_path: Path) -> None:
    lines = [json.dumps({"prompt": f"{n} impo", "completion": "rt os"}).encode() for n in range(3)]
    assert fixed(tmp_path / "a.jsonl", *lines, target="openai") == lines


@pytest.mark.slow
@settings(max_examples=of_hundred(60), deadline=None)
@given(texts=st.lists(TEXTS, min_size=2, max_size=4), target=st.sampled_from(Target))
def test_a_safe_fix_changes_any_text_at_most_at_the_end_of_an_answer(texts: list[str], target: Target) -> None:
    path = Path("data.jsonl")
    roles = ("user", "assistant")
    turns = [{"role": roles[at % 2], "content": text} for at, text in enumerate(texts)]
    path.write_text(json.dumps({"messages": turns}) + "\n")
    fix_paths([path], CheckConfig(target=target))
    after = [turn["content"] for turn in json.loads(path.read_bytes())["messages"]]
    assert after[::2] == texts[::2]
    assert [text.rstrip() for text in after] == [text.rstrip() for text in texts]
