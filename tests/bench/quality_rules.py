"""Precision and recall of rules of family Q on faults planted into the held-out files (see `quality_signals`).

    python -m tests.bench.quality_rules FOLDER

What a rule reports of the real answers counts as wrong, though real files have faults of their own: precision is a
lower bound.
"""

import json
import sys
import tempfile
from pathlib import Path
from random import Random

from curate.core.config import CheckConfig
from curate.lint.runner import check_paths
from tests.bench.quality_planting import PLANTS, Plant, mojibake, planted
from tests.bench.quality_signals import DEVELOPMENT, HELD_OUT, pairs_of

PLACEHOLDERS = (
    "[insert name]",
    "[Your Name]",
    "Lorem ipsum dolor sit amet.",
    "[company name here]",
    "<nooutput>",
    "TODO",
)
UNSEEN = ("\u200b", "\u202e", "\ue000", "\u2060", "\ufeff")
HTML = ("&nbsp;", "<br>", "<div class='a'>", "</p>", "&amp;", " Click here to read more. ")
MARKERS = ("### Human:", "User:", "Human:", "### User:", "### Instruction:")
SLOP_SENTENCES = (
    "It is a testament to progress.", "Let us delve into it.", "It is important to note that this changes.",
    "This is a rich tapestry.", "In today's fast-paced world, it matters.", "It plays a crucial role.",
)  # fmt: skip
"""Written without a look at the list of the rule."""
MISSING_TEXT_REQUESTS = (
    "Summarize the following text.", "Translate the sentence below into French.", "Rewrite the given paragraph.",
    "What is the main idea of the passage above?", "Find the errors in this code:",
)  # fmt: skip
TABLES = (
    "| City | Area |\n|---|---|\n| Bonn | 141 | 330,000 |", "| City | Area |\n| --- | --- |\n| Bonn |",
    "| City | Area | People |\n|---|---|\n| Bonn | 141 |",
)  # fmt: skip
MASKED = ("NAME", "CUSTOMER_NAME", "PERSON_1", "EMAIL ADDRESS", "DATE", "Patient Name", "ID", "CITY")
VENDORS = ("OpenAI", "Anthropic", "Google DeepMind", "Alibaba Cloud", "Moonshot AI", "xAI")
PASSWORDS = (
    "Password: Winter2021!kat", "The password is h7Kq!pZ29xw.", "user=admin password=qX7#mR2vLp9z",
    "pw: Blue$Fox77river",
    "Passwort: Sommer_2024", "Log in as anna / k3Jd9sLq0Z.",
)  # fmt: skip
RULES_OF: dict[str, tuple[Plant, tuple[str, ...]]] = {
    "cut": (PLANTS["cut"], ("Q008",)),
    "loop": (PLANTS["loop"], ("Q006", "Q007")),
    "mojibake": (mojibake, ("Q009",)),
    "garbled": (PLANTS["garbled"], ("Q017", "Q009", "Q022", "Q032")),
    "language": (PLANTS["language"], ("Q014", "Q030")),
    "refusal": (lambda answer, _: f"I'm sorry, but I can't help with that. {answer[:40]}", ("Q004",)),
    "disclaimer": (lambda answer, _: f"As an AI language model, I may be wrong. {answer}", ("Q005",)),
    "merged": (lambda answer, _: f"{answer}\n\nInstruction: Name a number.\nOutput: 7", ("Q016",)),
    "placeholder": (lambda answer, random: f"{answer} {random.choice(PLACEHOLDERS)}", ("Q002",)),
    "invisible": (lambda answer, random: _inserted(answer, random, random.choice(UNSEEN)), ("Q010",)),
    "html": (lambda answer, random: _inserted(answer, random, random.choice(HTML)), ("Q011",)),
    "marker": (lambda answer, random: f"{answer}\n{random.choice(MARKERS)} Go on.\nHere is more.", ("Q012",)),
    "echo": (lambda answer, _: f"{answer} ", ("Q013",)),
    "missing input": (lambda answer, _: f"{answer} ", ("Q015",)),
    "phrases": (lambda answer, random: f"{answer} {' '.join(random.sample(SLOP_SENTENCES, 3))}", ("Q019",)),
    "lost": (lambda answer, random: _inserted(answer, random, "\ufffd"), ("Q022",)),
    "transcript": (lambda answer, _: f"\n\nHuman: Tell me more.\n\nAssistant: {answer}", ("Q023",)),
    "beginning": (PLANTS["beginning"], ("Q024",)),
    "table": (lambda answer, random: f"{answer}\n\n{random.choice(TABLES)}", ("Q027",)),
    "tag": (lambda answer, random: random.choice(("<think>It is easy. ", "It is easy.</think>")) + answer, ("Q029",)),
    "paragraph": (lambda answer, _: f"{answer}\n\n{answer}", ("Q031",)),
    "masked": (lambda answer, random: f"Dear [{random.choice(MASKED)}], {answer}", ("Q002",)),
    "vendor": (lambda answer, random: f"I'm an AI developed by {random.choice(VENDORS)}. {answer}", ("Q005",)),
    "source": (lambda answer, random: _inserted(answer, random, "[citation needed]"), ("Q011",)),
    "password": (lambda answer, random: f"{answer} {random.choice(PASSWORDS)}", ("S004",)),
    "template": (lambda answer, _: f"{{{{name}}}} says: {answer}", ("Q003",)),
}


def main(folder: Path) -> None:
    """Print one line for each rule and fault."""
    print(f"{'rule':6}{'fault':12}{'planted':>8}{'found':>7}{'recall':>8}{'others':>8}{'precision':>11}")
    for fault, (plant, rules) in RULES_OF.items():
        counts = {rule: [0, 0] for rule in rules}
        total = 0
        for name in (*HELD_OUT, *DEVELOPMENT):
            found = planted(pairs_of(folder, name), plant, 0.05, Random(0))
            total += len(found.where)
            for nth, at in enumerate(found.where):
                asked, said = found.pairs[at]
                if fault == "missing input":
                    found.pairs[at] = (MISSING_TEXT_REQUESTS[nth % len(MISSING_TEXT_REQUESTS)], said)
                elif fault == "echo":
                    found.pairs[at] = (asked, f"{asked}\n{said}")
            with tempfile.TemporaryDirectory() as there:
                path = Path(there) / "data.jsonl"
                path.write_text("".join(_line(*pair) for pair in found.pairs))
                for finding in check_paths([path], CheckConfig(select=rules)).findings:
                    counts[finding.code][finding.line - 1 not in set(found.where)] += 1
        for rule, (right, wrong) in counts.items():
            share = right / (right + wrong) if right + wrong else float("nan")
            print(f"{rule:6}{fault:12}{total:8}{right:7}{right / total if total else 0:8.2f}{wrong:8}{share:11.2f}")


def _inserted(answer: str, random: Random, what: str) -> str:
    at = random.randrange(len(answer) + 1)
    return answer[:at] + what + answer[at:]


def _line(request: str, answer: str) -> str:
    turns = [{"role": "user", "content": request}, {"role": "assistant", "content": answer}]
    return json.dumps({"messages": turns}) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
