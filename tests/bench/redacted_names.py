"""Names of persons and organisations in running text that `curate redact --entities` replaces, by language.

    python -m tests.bench.redacted_names MODEL [--later] [--show]

Redacts the 200 sentences of `names_in_text.txt`, or the 100 of `names_in_text_later.txt`, each a row, those of each
language in a run of its own, since a name that is found in one row is replaced in all. Recall: no word of the name is
left. Precision: replaced parts that share a word with a name of their kind; in brackets with any name. With `-` as
MODEL, what is found without one.
"""

import argparse
import contextlib
import io
import json
import re
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

from curate.cli.main import main as curate
from tests.bench.redaction import spans

MARKED = re.compile(r"\[([PQO]) ([^]]+)\]")
KINDS = {"P": "private persons", "Q": "public persons", "O": "organisations"}
LABEL = re.compile(r"\[([A-Z]+)_\d+\]")
TITLES = frozenset(("Mr", "Mrs", "Ms", "Dr", "M", "Mme", "Herr", "Frau", "señor", "señora"))
WORD = re.compile(r"\w+")


class Sentence(NamedTuple):
    """A sentence, and the kinds and words of its names."""

    text: str
    names: list[tuple[str, set[str]]]


def sentences(file: str) -> dict[str, list[Sentence]]:
    """The sentences of each language."""
    of_language: dict[str, list[Sentence]] = defaultdict(list)
    for line in (Path(__file__).parent / file).read_text("utf-8").splitlines():
        if not line.startswith("#"):
            language, text = line.split("\t")
            names = [(match[1], set(WORD.findall(match[2])) - TITLES) for match in MARKED.finditer(text)]
            of_language[language].append(Sentence(MARKED.sub(r"\2", text), names))
    return of_language


def redacted(texts: list[str], model: str) -> list[str]:
    """The texts with labels."""
    with tempfile.TemporaryDirectory() as name:
        source, output = Path(name) / "data.jsonl", Path(name) / "out.jsonl"
        rows = [
            {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "ok"}]} for text in texts
        ]
        source.write_text("".join(json.dumps(row) + "\n" for row in rows))
        words = [] if model == "-" else ["--entities", model]
        with contextlib.redirect_stdout(io.StringIO()):
            status = curate(["redact", str(source), "-o", str(output), "--style", "label", "-q", *words])
        assert status == 0, "rows were set aside"
        return [json.loads(line)["messages"][0]["content"] for line in output.read_text("utf-8").splitlines()]


def measure(chosen: list[Sentence], model: str, *, show: bool) -> Counter[str]:
    """Numbers of names, of those that are replaced, and of replaced parts and those that are names."""
    count: Counter[str] = Counter()
    for sentence, text in zip(chosen, redacted([sentence.text for sentence in chosen], model), strict=True):
        left = set(WORD.findall(LABEL.sub("", text)))
        for kind, words in sentence.names:
            count[f"{kind} names"] += 1
            count[f"{kind} found"] += not words & left
            if show and words & left:
                print(f"missed: {' '.join(words)!r} in {sentence.text!r}")
        for label, part in zip(LABEL.findall(text), spans(sentence.text, text) or (), strict=True):
            words, kinds = set(WORD.findall(part)), "PQ" if label == "PERSON" else "O"
            count[f"{kinds} replaced"] += 1
            count[f"{kinds} right"] += any(words & name for kind, name in sentence.names if kind in kinds)
            any_name = any(words & name for _, name in sentence.names)
            count[f"{kinds} name"] += any_name
            if show and not any_name:
                print(f"wrong: {part!r} in {sentence.text!r}")
    return count


def share(part: int, whole: int) -> str:
    return f"{part / whole:.3f} of {whole:3}" if whole else "     -     "


def run() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--later", action="store_true")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    file = "names_in_text_later.txt" if options.later else "names_in_text.txt"
    counts = {
        language: measure(chosen, options.model, show=options.show) for language, chosen in sentences(file).items()
    }
    for language, count in [*counts.items(), ("all", sum(counts.values(), Counter[str]()))]:
        print(language)
        for kind, name in KINDS.items():
            print(f"  recall, {name:16} {share(count[f'{kind} found'], count[f'{kind} names'])}")
        for kinds, name in (("PQ", "persons"), ("O", "organisations")):
            replaced = count[f"{kinds} replaced"]
            right, of_any = (share(count[f"{kinds} {key}"], replaced) for key in ("right", "name"))
            print(f"  precision, {name:13} {right} ({of_any})")


if __name__ == "__main__":
    run()
