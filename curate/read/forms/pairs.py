"""Forms of questions and answers in keys of their own, of speakers, of preference pairs and of prompts alone.

Source of the pairs of services: the guides to preference tuning of Gemini (cloud.google.com/vertex-ai) and of Amazon
Nova (docs.aws.amazon.com/nova), read 2026-11.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product
from typing import Any, Final, NamedTuple, cast

from curate.core.example import SYSTEM_ROLES, escape
from curate.core.form_keys import ANSWER_KEYS, PAIR_KEYS, PAIR_SIDES, QUESTION_KEYS
from curate.read.forms import preference_writers
from curate.read.forms.bedrock import BEDROCK
from curate.read.forms.form import (
    Format,
    Object,
    Reading,
    Turn,
    UnreadableError,
    has_strings,
    is_answer,
    is_objects,
    is_texts,
    omit_keys,
    system_before,
    system_turns,
    turn_at,
    turns_before,
    unread_speakers,
    with_tool_calls,
)
from curate.read.forms.vertex import VERTEX

LABELS: Final = ("non-preferred", "preferred")


class PreferenceSide(NamedTuple):
    """An answer: the turn in the service's form, its pointer in the line, and the pointer that its reader gives it."""

    turn: Object
    pointer: str
    read_as: str


def _pair(form: Format, prompt: Object, key: str, rejected: PreferenceSide, chosen: PreferenceSide) -> Reading:
    """The reading of the prompt and the chosen answer; the other one is under `rejected`, as messages. `key`: where the
    form has its turns.
    """
    read = cast("Callable[[Object], Reading]", form.read)  # those of these services decline no line
    reading = read(prompt)
    sides = [read({key: [side.turn]}) for side in (rejected, chosen)]
    reading.rest["rejected"] = [turn.value for turn in sides[0].turns]
    reading.moved["/rejected"] = rejected.pointer
    for turn in sides[1].turns:
        pointer, content = (chosen.pointer + old.removeprefix(chosen.read_as) for old in (turn.pointer, turn.content))
        reading.turns.append(Turn(turn.value, pointer, content))
    return reading


def _rejected_and_chosen(sides: Any, rank: str, content_key: str, values: tuple[Any, Any], pointer: str) -> list[int]:
    """Positions of the rejected and of the chosen answer in a list of two, which have the `values` under the key `rank`
    and the answer under `content_key`. Raises `UnreadableError` for any other list.
    """
    if not is_objects(sides) or any(side.keys() != {rank, content_key} for side in sides):
        raise UnreadableError(pointer, f"not a list of objects with `{rank}` and `{content_key}`")
    ranks = [side[rank] for side in sides]
    if len(ranks) != 2 or any(value not in ranks for value in values):
        raise UnreadableError(pointer, f"not two answers, one with `{rank}` {values[1]!r} and one with {values[0]!r}")
    return [ranks.index(value) for value in values]


def _read_vertex(value: Object) -> Reading:
    """A pair for Gemini, whose `completions` have scores. Raises `UnreadableError`."""
    completions = value["completions"]
    scores = sorted({side["score"] for side in completions if isinstance(side.get("score"), int | float)})
    values = (scores[0], scores[-1]) if len(scores) == 2 else (0, 1)
    places = _rejected_and_chosen(completions, "score", "completion", values, "/completions")
    sides = (
        PreferenceSide(completions[i]["completion"], f"/completions/{i}/completion", "/contents/0") for i in places
    )
    return _pair(VERTEX, omit_keys(value, "completions"), "contents", *sides)


def _read_nova(value: Object) -> Reading:
    """A pair for Nova, whose last message has labelled `candidates`. Raises `UnreadableError`."""
    *messages, last = value["messages"]
    pointer = f"/messages/{len(messages)}/candidates"
    if omit_keys(last, "role", "candidates"):
        raise UnreadableError(pointer, "`candidates` beside other content")
    candidates = last["candidates"]
    places = _rejected_and_chosen(candidates, "preferenceLabel", "content", LABELS, pointer)
    sides = (
        PreferenceSide({"role": last.get("role"), "content": candidates[i]["content"]}, f"{pointer}/{i}", "/messages/0")
        for i in places
    )
    reading = _pair(BEDROCK, {**value, "messages": messages}, "messages", *sides)
    reading.moved["/candidates"] = pointer
    return reading


VERTEX_PREFERENCE: Final = Format(
    "vertex-preference",
    "contents, completions with a score each, as Gemini reads pairs",
    lambda value: VERTEX.matches(value) and "completions" in value,
    read=_read_vertex,
)
NOVA_PREFERENCE: Final = Format(
    "nova-preference",
    "messages of which the last has two candidates with a preferenceLabel, as Amazon Nova reads pairs",
    lambda v: (
        is_objects(messages := v.get("messages"))
        and is_objects(sides := messages[-1].get("candidates"))
        and any("preferenceLabel" in side for side in sides)
    ),
    read=_read_nova,
)
# Speaker names of ShareGPT and similar files.
SPEAKERS: Final = {
    "human": "user", "user": "user", "gpt": "assistant", "chatgpt": "assistant", "bot": "assistant",
    "model": "assistant",
    "assistant": "assistant", "system": "system", "tool": "tool", "observation": "tool", "function_response": "tool",
    "tool_response": "tool", "function_call": "assistant", "tool_call": "assistant",
}  # fmt: skip
# Keys next to `text` that show that the text is only a part of the line, or one message of a thread.
NOT_ONLY_TEXT: Final = frozenset((
    "input", "output", "instruction", "answer", "response", "label", "question", "query", "problem",
    "parent_id", "role", "code", "summary", "target", "solution", "completion",
))  # fmt: skip
CHAT_KEYS: Final = (("input", "output"), ("prompt", "response"), ("prompt", "output"), ("request", "response"))
"""Keys of a list of messages and of the text that answers it."""


def _alpaca(value: Object) -> Iterator[Turn]:
    """The turns of an instruction with its input and output, after earlier ones."""
    yield from turns_before(value)
    yield _user_turn(value, "instruction", after=("input", "context"))
    key = next((key for key in ("output", "response") if key in value), None)
    if key:
        yield turn_at("assistant", value[key], f"/{key}")


def _user_turn(value: Object, key: str, *, before: tuple[str, ...] = (), after: tuple[str, ...] = ()) -> Turn:
    """The user's question with the texts of other keys that belong to it."""
    if wrong_key := next(
        (text_key for text_key in (*before, *after) if value.get(text_key) and not has_strings(value, text_key)), ""
    ):
        raise UnreadableError(f"/{wrong_key}", f"`{wrong_key}` is not text")
    filled_keys = [
        text_key for text_key in (*before, key, *after) if has_strings(value, text_key) and value[text_key].strip()
    ]
    if filled_keys and not isinstance(value[key], str):
        raise UnreadableError(f"/{key}", f"`{key}` is not text, and `{filled_keys[0]}` belongs to it")
    keys = filled_keys or [key]
    text = value[key] if keys == [key] else "\n\n".join(value[text_key] for text_key in keys)
    parts = tuple((f"/{text_key}", value[text_key]) for text_key in keys) if len(keys) > 1 else ()
    return turn_at("user", text, f"/{key}")._replace(joined_keys=tuple(keys), parts=parts)


def _self_instruct(value: Object) -> Iterator[Turn]:
    """A question and its answer for each instance of an instruction."""
    yield from system_turns(value)
    for i, instance in enumerate(value["instances"]):
        pointer, input_text = f"/instances/{i}", instance.get("input")
        texts = [text for text in (value["instruction"], input_text) if isinstance(text, str) and text.strip()]
        text = "\n\n".join(texts) if texts else value["instruction"]
        yield Turn(
            {"role": "user", "content": text},
            pointer,
            f"{pointer}/input" if text != value["instruction"] else "/instruction",
            ("instruction",),
            tuple(zip(("/instruction", f"{pointer}/input"), texts, strict=True)) if len(texts) > 1 else (),
        )
        yield Turn({"role": "assistant", "content": instance["output"]}, pointer, f"{pointer}/output")


def _question_and_answer(value: Object) -> tuple[str, str] | None:
    """The keys of a question and its answer, or None; of several, the first that have a text, as in tables of many
    columns.
    """
    question_keys, answer_keys = (
        [key for key in keys if has_strings(value, key)] for keys in (QUESTION_KEYS, ANSWER_KEYS)
    )
    pairs = [*product(question_keys, answer_keys), *(pair for pair in PAIR_KEYS if has_strings(value, *pair))]
    if not pairs and "reward_model" not in value:
        pairs = [pair for pair in CHAT_KEYS if is_objects(value.get(pair[0])) and has_strings(value, pair[1])]
    filled = (pair for pair in pairs if isinstance(value[pair[0]], str) and all(value[key].strip() for key in pair))
    return next(filled, pairs[0] if pairs else None)


def _question_answer(value: Object) -> Iterator[Turn]:
    """Earlier turns, the question and the answer under keys of their own."""
    yield from turns_before(value)
    keys = _question_and_answer(value)
    if keys is not None:
        is_list = isinstance(value[keys[0]], list)
        question_turns = (
            _side(value, keys[0], "user") if is_list else [_user_turn(value, keys[0], before=("definition", "context"))]
        )
        yield from question_turns
        yield turn_at("assistant", value[keys[1]], f"/{keys[1]}")


def _sharegpt(value: Object) -> Iterator[Turn]:
    """The turns under `conversations`, after a system prompt beside them."""
    yield from system_before(value)
    yield from with_tool_calls(
        (turn, speaker_turn(turn, f"/conversations/{i}")) for i, turn in enumerate(value["conversations"])
    )


def speaker_turn(turn: Any, pointer: str) -> Turn:
    """A turn of a ShareGPT file, or one in messages format, also with its content under `text`."""
    if not isinstance(turn, dict) or "from" not in turn or "role" in turn or "content" in turn:
        if not isinstance(turn, dict) or not has_strings(turn, "role", "text") or {"content", "value"} & turn.keys():
            return Turn(turn, pointer, f"{pointer}/content")
        return Turn(
            {"content" if key == "text" else key: item for key, item in turn.items()}, pointer, f"{pointer}/text"
        )
    rest = {key: item for key, item in turn.items() if key not in ("from", "value")}
    message = {"role": SPEAKERS.get(turn["from"], turn["from"]) if isinstance(turn["from"], str) else turn["from"]}
    if "value" in turn:
        message["content"] = turn["value"]
    return Turn({**message, **rest}, pointer, f"{pointer}/value")


def _side(value: Object, key: str, role: str) -> Iterator[Turn]:
    """The turns of one side of a pair, the value under `key`: a text of `role`, one message or a list of messages."""
    side = value.get(key)
    if isinstance(side, list):
        for i, turn in enumerate(side):
            yield speaker_turn(turn, f"/{escape(key)}/{i}")
    elif isinstance(side, dict):
        yield speaker_turn(side, f"/{escape(key)}")
    else:
        yield turn_at(role, side, f"/{escape(key)}")


def _prompt_completion(value: Object) -> Iterator[Turn]:
    yield from system_turns(value)
    yield from _side(value, "prompt", "user")
    yield from _side(value, "completion", "assistant")


def _preference(value: Object, key: str) -> Iterator[Turn]:
    """The prompt and the side under the key; the rejected side stays in the value. Some chosen sides include the
    prompt.
    """
    chosen = list(_side(value, key, "assistant"))
    if begins_with_question([turn.value for turn in chosen]):
        yield from system_before(value)
    elif "messages" in value:
        yield from _system_beside(value)
    elif isinstance(value.get("conversations"), list):
        yield from _sharegpt(value)
    elif "instruction" in value:
        yield from _alpaca({key: item for key, item in value.items() if key not in ("output", "response")})
    else:
        yield from turns_before(value)
        if wrong_key := next(
            (key for key in ("question", "query") if value.get(key) and not has_strings(value, key)), ""
        ):
            raise UnreadableError(f"/{wrong_key}", f"`{wrong_key}` is not text")
        question_key = next(
            (
                key
                for key in ("prompt", "question", "query", "input")
                if key in value and (key == "prompt" or has_strings(value, key))
            ),
            None,
        )
        if question_key:
            yield from _side(value, question_key, "user")
    yield from chosen


def begins_with_question(turns: Iterable[Any]) -> bool:
    """Whether a side holds its prompt: its first turn that is no system message is the user's."""
    roles = (turn.get("role", turn.get("from")) for turn in turns if isinstance(turn, dict))
    return next((role for role in roles if role not in SYSTEM_ROLES), None) in ("user", "human")


def _openai_preference(value: Object) -> Iterator[Turn]:
    yield from system_turns(value)
    yield from _messages(value["input"]["messages"], "/input/messages")
    yield from _side(value, "preferred_output", "assistant")


def _system_beside(value: Object, key: str = "messages") -> Iterator[Turn]:
    """The messages under a key, with the system prompt beside them."""
    yield from system_turns(value)
    yield from _messages(value[key], f"/{key}")


def _messages(turns: list[Any], pointer: str) -> Iterator[Turn]:
    """The messages of a list at `pointer`, unchanged."""
    for i, turn in enumerate(turns):
        yield Turn(turn, f"{pointer}/{i}", f"{pointer}/{i}/content")


def _text(value: Object) -> Iterator[Turn]:
    """A plain text as the answer, after a system prompt if there is one."""
    yield from system_turns(value)
    yield turn_at("assistant", value["text"], "/text")


def _is_asked_in_messages(value: Object) -> bool:
    """Whether the messages are the prompt of a pair: they end without an answer, and the sides are answers alone."""
    turns, sides = value.get("messages"), [pair[0] for pair in SIDES if value.keys() >= {*pair}]
    if not sides or not is_objects(turns) or turns[-1].get("role") == "assistant":
        return False
    if not value.keys().isdisjoint(("chosen_messages", "preferred_output", "response_j")):
        return False  # another kind of pair, which would leave the messages out
    chosen = value[sides[0]]
    return not isinstance(chosen, list) or not begins_with_question(chosen)


def _has_system_beside(value: Object) -> bool:
    return (
        "system" in value
        and not _is_asked_in_messages(value)
        and isinstance(value.get("messages"), list)
        and bool(value["system"])
    )


def _is_self_instruct(value: Object) -> bool:
    """Whether a line has an instruction and a list of `instances`, each with an output."""
    instances = value.get("instances")
    if not has_strings(value, "instruction") or not isinstance(instances, list) or not instances:
        return False
    return all(
        isinstance(instance, dict)
        and "output" in instance
        and instance.keys() <= {"input", "output"}
        and isinstance(instance.get("input", ""), str)
        for instance in instances
    )


SIDES: Final = (PAIR_SIDES["preference"], PAIR_SIDES["response-preference"])
"""Keys of both sides of a pair that may also stand beside messages which they answer."""


def _prompt(value: Object) -> Iterator[Turn]:
    """The turns of a prompt without an answer. Raises `UnreadableError` if answers stand beside it."""
    graded = isinstance(value.get("reward_model"), dict)  # what else it has are references and samples
    if not graded and (answers_key := next((key for key in value if is_answer(key, value[key])), None)):
        raise UnreadableError(f"/{escape(answers_key)}", f"`{answers_key}` beside a prompt is not read")
    yield from system_turns(value)
    yield from _side(value, "prompt", "user")


def is_prompt(value: Object) -> bool:
    """Whether a line has a prompt: text, or a list of messages."""
    prompt = value.get("prompt")
    return isinstance(prompt, str) or is_objects(prompt)


def _pair_format(name: str, question: str, **how: Any) -> Format:
    """The form `name` of a pair whose sides stand beside a question; `question`: its key, for the summary; `how`: other
    fields of `Format`.
    """
    chosen, rejected = PAIR_SIDES[name]
    return Format(
        name,
        f"{question}, {chosen}, {rejected}",
        lambda v: chosen in v and rejected in v and (chosen != "response" or bool(v[rejected])),
        partial(_preference, key=chosen),
        **how,
    )


SIDE_KEYS: Final = frozenset(PAIR_SIDES["preference"])

CHOSEN_FORMATS: Final = (
    Format(
        "system-beside",
        "messages with a separate system prompt",
        _has_system_beside,
        _system_beside,
        write=preference_writers.write_system_beside,
    ),
    Format(
        "messages",
        '{"messages": [{"role": ..., "content": ...}, ...]}',
        lambda v: "messages" in v and not _is_asked_in_messages(v),
        write=preference_writers.write_messages,
    ),
    Format(
        "openai-preference",
        "input, preferred_output, non_preferred_output",
        lambda v: (
            "preferred_output" in v
            and isinstance(v.get("input"), dict)
            and isinstance(v["input"].get("messages"), list)
        ),
        _openai_preference,
        write_pair=preference_writers.write_openai_preference,
    ),
    Format(
        "llama-factory-preference",
        "chosen_messages, rejected_messages",
        lambda v: isinstance(v.get("chosen_messages"), list) and "rejected_messages" in v,
        partial(_system_beside, key="chosen_messages"),
        write_pair=preference_writers.write_llama_factory_preference,
    ),
    _pair_format("preference", "prompt", write_pair=preference_writers.write_preference, exact=False),
    _pair_format("response-preference", "prompt"),
    _pair_format("response-pair", "question"),
    _pair_format("rejected-response", "query"),
)
"""Messages and preference pairs."""
PLAIN_FORMATS: Final = (
    Format(
        "sharegpt",
        '{"conversations": [{"from": ..., "value": ...}, ...]}',
        lambda v: isinstance(v.get("conversations"), list) and not is_texts(v["conversations"]),
        _sharegpt,
        write=preference_writers.write_sharegpt,
        unread_calls=unread_speakers,
    ),
    Format(
        "alpaca",
        "instruction, input, output or response",
        lambda v: has_strings(v, "instruction") and ("output" in v or "response" in v),
        _alpaca,
        write=preference_writers.write_alpaca,
    ),
    Format(
        "prompt-completion",
        "prompt, completion",
        lambda v: "prompt" in v and "completion" in v,
        _prompt_completion,
        write=preference_writers.write_prompt_completion,
        exact=False,
    ),
    Format(
        "prompt-completion-chat",
        "prompt and completion as lists of messages; read as prompt-completion",
        lambda _value: False,
        write=preference_writers.write_prompt_completion_chat,
    ),
    Format(
        "self-instruct",
        "instruction, instances of input and output",
        _is_self_instruct,
        _self_instruct,
    ),
    Format(
        "question-answer",
        "question and answer, query and response, problem and solution, input and output or target, user and assistant",
        lambda v: _question_and_answer(v) is not None,
        _question_answer,
    ),
)
"""Conversations under keys of their own."""
TEXT: Final = Format(
    "text",
    "plain text under one key",
    lambda v: has_strings(v, "text") and not NOT_ONLY_TEXT & v.keys(),
    _text,
)
ASKING_FORMATS: Final = (
    Format(
        "verl",
        "prompt, data_source, reward_model with the ground truth, for reinforcement",
        lambda v: is_prompt(v) and not SIDE_KEYS & v.keys() and ("reward_model" in v or "data_source" in v),
        _prompt,
        write=preference_writers.write_verl,
        answers_beside=True,
    ),
    Format(
        "prompt-only",
        "prompt without an answer, for reinforcement",
        lambda v: is_prompt(v) and not SIDE_KEYS & v.keys(),
        _prompt,
        write=preference_writers.write_prompt,
    ),
)
"""Questions without an answer."""
