"""What is trained on, over the stock chat templates that the package `trl` ships, ten conversations each.

    pip install --no-deps --target FOLDER trl      (of this bench alone; nothing of it is run, its templates are read)
    PYTHONPATH=.:FOLDER python tests/bench/template_masks.py [--all]   (--all: each mismatch and refusal in words)

For every supervised span it is asked of the template itself, not of our code: does the text before the span equal the
prompt that inference renders there, token for token? Is the answer in it, and nothing of the other messages? A span
that does not pass has to be reported; one that is not reported in words about that very fault is silent, and there must
be none. The tokenizer is SmolLM2's, with the control tokens that stand in the template added to it. Ends with status 1
where something is silent.
"""

import argparse
import copy
import re
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from curate.models.encoding import IGNORE_INDEX, Encoded
from curate.models.template import Template, load_tokenizer

BASE: Final = "offline:SmolLM2-135M-Instruct"
CONTROL: Final = re.compile(
    r"<\|[\w/ .-]+\|>|<｜[^<>｜]+｜>|<\|?[a-z_]+\|?>(?=['\"])|</?s>|\[/?[A-Z_]+\]|<(?:start|end)_of_turn>"
)
TEXTS: Final = {
    "tool_call",
    "/tool_call",
    "think",
    "/think",
    "tools",
    "/tools",
    "tool_response",
    "function",
    "parameter",
}
"""Tags that models learn as text."""
ENDS: Final = (
    "<|im_end|>",
    "<|eot_id|>",
    "<end_of_turn>",
    "<turn|>",
    "<|return|>",
    "<|end|>",
    "<｜end▁of▁sentence｜>",
    "<|END_OF_TURN_TOKEN|>",
    "</s>",
    "<|end_of_text|>",
)
KINDS: Final = ("one pass", "one per answer", "reported", "refused", "SILENT")
TOOLS: Final = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Weather of a city.",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string", "description": "The city."}},
                "required": ["city"],
            },
        },
    }
]


def said(role: str, content: str, **more: Any) -> dict[str, Any]:
    """A message."""
    return {"role": role, "content": content, **more}


CALL: Final = said(
    "assistant",
    "",
    tool_calls=[
        {"id": "abcdefgh1", "type": "function", "function": {"name": "weather", "arguments": {"city": "Rome"}}}
    ],
)
RESULT: Final = said("tool", "Sunny at 31 degrees", tool_call_id="abcdefgh1", name="weather")
CONVERSATIONS: Final[dict[str, dict[str, Any]]] = {
    "question": {"messages": [said("user", "Quokka one?"), said("assistant", "Answer alpha.")]},
    "system": {
        "messages": [said("system", "Walrus rules."), said("user", "Quokka one?"), said("assistant", "Answer alpha.")]
    },
    "empty system": {"messages": [said("system", ""), said("user", "Quokka one?"), said("assistant", "Answer alpha.")]},
    "several turns": {
        "messages": [
            said("user", "Quokka one?"),
            said("assistant", "Answer alpha."),
            said("user", "Quokka two?"),
            said("assistant", "Answer beta."),
        ]
    },
    "tool call": {"messages": [said("user", "Quokka one?"), CALL], "tools": TOOLS},
    "tool result": {
        "messages": [said("user", "Quokka one?"), CALL, RESULT, said("assistant", "Answer alpha.")],
        "tools": TOOLS,
    },
    "reasoning": {
        "messages": [
            said("user", "Quokka one?"),
            said("assistant", "Answer alpha.", reasoning_content="Pondering gamma."),
        ]
    },
    "reasoning in history": {
        "messages": [
            said("user", "Quokka one?"),
            said("assistant", "Answer alpha.", reasoning_content="Pondering gamma."),
            said("user", "Quokka two?"),
            said("assistant", "Answer beta.", reasoning_content="Pondering delta."),
        ]
    },
    "two answers in a row": {
        "messages": [said("user", "Quokka one?"), said("assistant", "Answer alpha."), said("assistant", "Answer beta.")]
    },
    "two questions in a row": {
        "messages": [said("user", "Quokka one?"), said("user", "Quokka two?"), said("assistant", "Answer alpha.")]
    },
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true")
    given = parser.parse_args()
    carrier = load_tokenizer(BASE)
    totals: Counter[str] = Counter()
    rows = []
    for path in templates():
        template = Template(tokenizer_for(carrier, path.read_text(encoding="utf-8")))
        counts: Counter[str] = Counter()
        for name, value in CONVERSATIONS.items():
            kind, why = judged(template, value)
            counts[kind] += 1
            if why and (given.all or kind == "SILENT"):
                print(f"{path.stem}, {name}: {kind}: {why}")
        totals += counts
        rows.append((path.stem, counts))
    print(f"{'template':<28}" + "".join(f"{kind:>16}" for kind in KINDS))
    for stem, counts in [*rows, (f"all {len(rows)}", totals)]:
        print(f"{stem:<28}" + "".join(f"{counts[kind] or '':>16}" for kind in KINDS))
    if totals["SILENT"]:
        raise SystemExit(1)


def templates() -> list[Path]:
    """The stock templates of `trl`; its own variants for training are left out."""
    spec = find_spec("trl")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("this bench reads the templates of the package trl: pip install trl")
    folder = Path(spec.submodule_search_locations[0]) / "chat_templates"
    return sorted(path for path in folder.glob("*.jinja") if not path.stem.endswith("_training"))


def tokenizer_for(carrier: Any, source: str) -> Any:
    """The carrier's tokenizer with the control tokens that a template writes."""
    found = {token for token in CONTROL.findall(source) if token.strip("<>[]") not in TEXTS}
    end = next((token for token in ENDS if token in source), "</s>")
    made = copy.deepcopy(carrier)
    made.add_special_tokens({"eos_token": end, "bos_token": "<s>", "additional_special_tokens": sorted(found - {end})})
    made.chat_template = source
    return made


def judged(template: Template, value: dict[str, Any]) -> tuple[str, str]:
    """What became of a conversation, and why, where it is not exact."""
    encoding = template.encode(value)
    if encoding.problems:
        return "refused", encoding.problems[0].message
    wrong = [fault for encoded in encoding.encoded for fault in faults(template, value, encoded)]
    answers = {at for at, turn in enumerate(value["messages"]) if turn["role"] == "assistant"}
    if missing := answers - {span.turn for encoded in encoding.encoded for span in encoded.text.spans}:
        wrong.append((f"answers {sorted(missing)} are not trained on", "nothing is"))
    told = "; ".join(encoding.mismatches)
    if silent := [fault for fault, words in wrong if words not in told]:
        return "SILENT", "; ".join(silent)
    if wrong:
        return "reported", told
    return ("one pass" if len(encoding.encoded) == 1 else "one per answer"), told


def faults(template: Template, value: dict[str, Any], encoded: Encoded) -> Iterator[tuple[str, str]]:
    """What is wrong with a text, told by the template and the tokens themselves; with each the words that have to stand
    in what is reported.
    """
    turns = value["messages"]
    for span in encoded.text.spans:
        if not any(continues(template, prompt, encoded, span.start) for prompt in prompts(template, value, span.turn)):
            cut = any(mismatch.text.startswith("inference splits") for mismatch in encoded.text.mismatches)
            yield (
                f"turn {span.turn} does not continue the prompt",
                "inference splits the text" if cut else "the inference prompt ends with",
            )
    trained = template.tokenizer.decode(
        [label for label in encoded.labels if label != IGNORE_INDEX], skip_special_tokens=False
    )
    spoken = {span.turn for span in encoded.text.spans}
    for at, turn in enumerate(turns):
        if turn["role"] != "assistant" and turn["content"] and turn["content"] in trained:
            yield f"the {turn['role']}'s words are trained on", "no words can excuse it"
        if turn["content"] and turn["content"] not in encoded.text.text and at <= max(spoken):
            yield (
                f"the {turn['role']}'s words are not there",
                f"does not render all of the text of a{'n' if turn['role'] == 'assistant' else ''} {turn['role']}",
            )
        elif at in spoken and turn["content"] not in trained:
            yield f"the answer of turn {at} is not trained on", "does not render all of the text of an assistant"
        if at in spoken and turn.get("tool_calls") and "Rome" not in trained:
            yield f"the call of turn {at} is not trained on", "no words can excuse it"
        if at == max(spoken) and turn.get("reasoning_content", "") not in trained:
            yield f"the thoughts of turn {at} are not trained on", "does not render the thoughts"


def prompts(template: Template, value: dict[str, Any], turn: int) -> Iterator[str]:
    """What inference renders before a turn, thinking or not."""
    before = value["messages"][:turn]
    for settings in ({"enable_thinking": True}, {"enable_thinking": False}, {}):
        for form in (before, as_text(before)):
            try:
                yield template.tokenizer.apply_chat_template(
                    form, tools=value.get("tools"), tokenize=False, add_generation_prompt=True, **settings
                )
            except Exception as error:  # noqa: BLE001
                del error


def as_text(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The turns with the arguments of calls as JSON in a string, which some templates want."""
    found = []
    for turn in turns:
        calls = [
            {**call, "function": {**call["function"], "arguments": '{"city": "Rome"}'}}
            for call in turn.get("tool_calls", [])
        ]
        found.append({**turn, "tool_calls": calls} if calls else turn)
    return found


def continues(template: Template, prompt: str, encoded: Encoded, start: int) -> bool:
    """Whether a text up to `start` is the prompt, in characters and in tokens, and the first trained token of the
    answer comes right behind it.
    """
    ids = template.tokenizer(prompt, add_special_tokens=False)["input_ids"]
    same = encoded.text.text[:start] == prompt and encoded.input_ids[: len(ids)] == ids
    return same and encoded.labels[len(ids)] != IGNORE_INDEX and encoded.labels[len(ids) - 1] == IGNORE_INDEX


if __name__ == "__main__":
    main()
