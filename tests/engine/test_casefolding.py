"""Texts are the same to whoever folds them: Python, or compiled code where every character folds alone."""

import unicodedata

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curate.cli.main import main
from curate.core.text import WORDS
from curate.similarity.shingles import LOOKALIKES, SEPARATOR, Shingling, code_point_folds, normal, text_buffer
from curate.similarity.word_hashes import shingled
from tests.conftest import Write, chat

SPECIAL_CHARS = "\u0430\u0412\u0435\u0308éÉßſς²½…’ﬁ™Ω\u212b\u0301\u3099ｶﾞＡ한각ᄀ\u1161日か\u00a0\u2028😀ẞİıǅ\u0345ͺ"


any_text = st.one_of(st.sampled_from("aB 1.-" + SPECIAL_CHARS), st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize("unit", ["word", "character"])
@given(texts=st.lists(st.text(any_text, max_size=30), min_size=1, max_size=5))
@example(texts=["Straße STRASSE", "ﬁn fin", "각 각", "が が"])
def test_compiled_code_folds_as_python_does(unit: str, texts: list[str]) -> None:
    shingling = Shingling("word" if unit == "word" else "character", 2)
    one, other = (shingled(text_buffer(same), shingling) for same in (texts, list(map(normal, texts))))
    assert (one.hashes.tolist(), one.offsets.tolist()) == (other.hashes.tolist(), other.offsets.tolist())


def test_a_character_that_folds_alone_is_folded_as_in_any_text() -> None:
    known = np.flatnonzero(code_point_folds() >= 0)
    assert len(known) > 40_000
    for code in known.tolist():
        folded = unicodedata.normalize("NFKC", f"a{chr(code)}b").casefold().translate(LOOKALIKES)[1:-1]
        folded = folded.replace("i\u0307", "i")  # from the Turkish capital İ
        if code_point_folds()[code] == SEPARATOR and code != SEPARATOR:
            assert not any(map(WORDS.match, folded))
        elif code >= 0x80:
            assert folded == chr(code_point_folds()[code])


def test_a_turkish_capital_i_is_the_same_letter_to_all_commands(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    """The copy begins with a capital İ, and has another one in a name."""
    questions = [f"{i}ptal için {i}zmir'deki siparişi nasıl bulurum?" for i in "iİ"]
    for name, question in zip(("train", "test"), questions, strict=True):
        write(f"out/{name}.jsonl", [chat(question, "Hesap menüsünden.")])
    write("data.jsonl", [chat(question, "Hesap menüsünden.") for question in questions])
    assert main(["check", "data.jsonl", "--select", "D002"]) == 1
    assert main(["dedup", "data.jsonl"]) == 0
    assert main(["verify", "out"]) == 1
    assert main(["query", "question begins iptal", "data.jsonl"]) == 0
    shown = capsys.readouterr().out
    assert "data.jsonl:2: D002 warning duplicates data.jsonl:1" in shown
    assert "1 near with the same words" in shown
    assert "broken  L003 same question" in shown
    assert "data.jsonl:1: iptal" in shown
    assert "data.jsonl:2: İptal" in shown
