"""One text per conversation for templates that render earlier turns differently from the last one.

Such a template drops the reasoning or the end of an answer once it is history (Qwen3, Phi-3, gpt-oss). If one text is
trained on, an answer follows a history that differs from what inference renders; `difference` measures how much.
"""

from collections.abc import Callable, Mapping, Sequence

from rapidfuzz.distance import Indel

from curate.models.encoding import Rendered, Rendering, Span
from curate.models.template_messages import Turn


def common_length(left: Sequence[object], right: Sequence[object]) -> int:
    """Length of the common beginning of two texts, or of their tokens."""
    return next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))


MARKS = ("\ue000", "\ue001", "\ue002", "\ue003")
"""Private-use characters as a placeholder for an answer; the first one that the conversation does not contain is
used.
"""


def as_is(
    turns: Sequence[Turn],
    whole: str,
    single: Mapping[int, tuple[Rendered, int]],
    render: Callable[[list[Turn]], str],
) -> Rendered | None:
    """The conversation as one text, with the answers that are trained on; None if one of them cannot be found in it.

    `whole`: the rendered conversation. `single`: by answer number, its text as inference renders it, and the end of the
    prompt in it. `render` renders turns as `whole` was rendered.
    """
    mark = next((mark for mark in MARKS if mark not in whole), None)
    if mark is None:
        return None
    spans: list[Span] = []
    for i, (text, start) in single.items():
        if whole.startswith(text.text):
            spans += text.spans
            continue
        found = _extent(list(turns), i, whole, render, mark)
        if found is None or any(span.part for span in text.spans):
            return None
        first, last = found
        at = text.text.rfind(whole[first:last], start)
        if at < 0 or (spans and first < spans[-1].end):
            return None
        # What ends the answer is trained on as far as the history has it: a whole word, not half a control token.
        ending = text.text[at + last - first :]
        shared = ending[: common_length(ending, whole[last:])]
        if shared != ending:
            shared = shared[: max((nth for nth, char in enumerate(shared) if char.isspace()), default=0)]
        spans.append(Span(first, last + len(shared.rstrip()), i, text.spans[0].weight))
    mismatches = dict.fromkeys(one for text, _ in single.values() for one in text.mismatches)
    return Rendered(whole[: spans[-1].end], tuple(spans), tuple(mismatches))


def _extent(
    turns: list[Turn], i: int, whole: str, render: Callable[[list[Turn]], str], mark: str
) -> tuple[int, int] | None:
    """Start and end of the words and calls of answer `i`: where the text differs when a placeholder replaces them."""
    without = {key: value for key, value in turns[i].items() if key not in ("tool_calls", "function_call")}
    other = render([*turns[:i], {**without, "content": mark}, *turns[i + 1 :]])
    at = other.find(mark)
    if at < 0 or not whole.startswith(other[:at]) or not whole.endswith(other[at + 1 :]):
        return None
    last = len(whole) - len(other) + at + 1
    return (at, last) if at < last else None


def difference(rendering: Rendering, ids: Callable[[str], list[int]]) -> tuple[int, int]:
    """Tokens that only the trained text or only that of inference has, over all answers, and all these tokens."""
    only = total = 0
    for text in rendering.inference:
        whole = rendering.texts[0]
        end = next(span.end for span in whole.spans if span.turn == text.spans[0].turn)
        trained, inference = ids(whole.text[:end]), ids(text.text)
        only, total = only + Indel.distance(trained, inference), total + len(trained) + len(inference)
    return only, total
