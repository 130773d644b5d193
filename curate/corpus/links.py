"""Links between examples when a data set is divided (docs/leaks.md): keys that are equal for linked examples, and the
shingle sets of their answers.

`copy` is the key of all content that is trained on; `prompt_hash` that of the words of the user turns and the
attachments; `question_lines` that of the lines of the user turns in any order; `conversation_hash` that of a
conversation that ends with an answer, by role and words of its turns; `prefix_hashes` are those of its prefixes up to
each earlier answer: one example continues another if its `prefix_hashes` contain the other's `conversation_hash`;
`first_turn` is that of the words of the first user turn and the attachments; `near` are those of the question without
one part each, and without the phrase of its request; `blocks` are those of the runs of words that begin with a line or
a sentence, or end with a line, in turns of roles other than the assistant, and in documents; `answer_edges` are those
of the first and last words of answers, `answer_blocks` those of as many words as `blocks` has.
System and developer turns are used only for `copy` and `blocks`. `curate.corpus.link_keys` computes the keys; `WordRun`
gives the words of a text that has one.

`Keys` holds stricter hashes of conversations and prefixes, for `curate dedup`: tools and the other side of a preference
count.
"""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

import xxhash

from curate.core.example import (
    ATTACHMENT_KEYS,
    SYSTEM_ROLES,
    UNKNOWN,
    Example,
    attachments,
    canonical,
    content_id,
    document_texts,
    known_role,
    reasoning_texts,
    trained_content,
)
from curate.core.form_keys import CHOSEN_KEYS, LABEL_KEYS, REJECTED_KEYS, TOOL_KEYS
from curate.core.lazy import Ids, Numbers, Shingles, np
from curate.core.text import normalised, words
from curate.corpus.dedup_text import answers_of, called_texts, other_sides
from curate.corpus.plain_text import plain_texts
from curate.corpus.request_phrases import request_phrases
from curate.similarity.shingles import ShingleSets, letters, normal, text_buffer
from curate.storage.disk_arrays import Rows

if TYPE_CHECKING:
    from curate.corpus import link_keys

HASHED_KEYS: Final = (*TOOL_KEYS, *CHOSEN_KEYS, *REJECTED_KEYS, *LABEL_KEYS, *ATTACHMENT_KEYS)
"""Keys besides the turns whose values are hashed too: tools, labels, attachments, and the rejected answer."""


class ExampleKeys(NamedTuple):
    """The keys of one example; 0 where it has none."""

    conversation_hash: int
    prefix_hashes: tuple[int, ...]


@dataclass(slots=True)
class Keys(Rows):
    """The keys of some examples, in order."""

    KINDS: ClassVar = {"conversation_hash": "u8", "prefix_hashes": "u8"}
    PARTS: ClassVar = {"prefix_hashes": "ends"}
    conversation_hash: Ids
    prefix_hashes: Ids
    ends: Numbers

    @classmethod
    def of(cls, keys: Sequence[ExampleKeys]) -> "Keys":
        """The columns for these keys."""
        prefix_hashes = np.array([prefix_hash for key in keys for prefix_hash in key.prefix_hashes], dtype=np.uint64)
        return cls(
            np.array([key.conversation_hash for key in keys], dtype=np.uint64),
            prefix_hashes,
            np.cumsum([0, *(len(key.prefix_hashes) for key in keys)], dtype=np.int64),
        )


SHORT_ANSWER_WORDS: Final = 20
"""Number of words below which an answer is short: it is not compared separately."""


@dataclass(slots=True)
class Links(Rows):
    """The keys of some examples, in order."""

    KINDS: ClassVar = {
        **dict.fromkeys(("copy", "prompt_hash", "conversation_hash", "prefix_hashes", "answered"), "u8"),
        "answers": ShingleSets,
        "answer_sizes": "u4",
        "answer_edges": "u8",
        "edge_shingles": "u4",
        "answer_blocks": "u8",
        **dict.fromkeys(("first_turn", "near", "question_lines", "blocks", "answer_bands"), "u8"),
    }
    PARTS: ClassVar = {
        "prefix_hashes": "ends",
        "answers": "answer_ends",
        **dict.fromkeys(
            ("answered", "answer_sizes", "answer_edges", "edge_shingles", "answer_blocks", "answer_bands"),
            "answer_ends",
        ),
        "blocks": "block_ends",
    }
    copy: Ids
    prompt_hash: Ids
    """0 if there is no question."""
    conversation_hash: Ids
    """0 if it does not end with an answer."""
    prefix_hashes: Ids
    ends: Numbers
    answers: ShingleSets
    """The shingles of each answer and reasoning; empty for a short one. See `curate.corpus.link_keys.Answers`."""
    answered: Ids
    answer_sizes: Shingles
    answer_edges: Ids
    edge_shingles: Shingles
    answer_blocks: Ids
    answer_ends: Numbers
    first_turn: Ids
    """0 if it has few words."""
    near: Ids
    """Keys of each question without a part, one column per part, then without its phrase; 0 if it has few words."""
    question_lines: Ids
    """0 if it has few lines or words."""
    blocks: Ids
    """May have a key twice for an example."""
    block_ends: Numbers
    answer_bands: Ids
    """The band keys of each answer, one column per band; no columns if they are not requested."""


def linked(pieces: "link_keys.Pieces", size: int) -> tuple[ShingleSets, Links, Numbers]:
    """The sets of the complete texts, the links without `copy` and attachments, and the number of words in the user
    turns of each.
    """
    from curate.corpus import link_keys
    from curate.similarity.word_hashes import shingle_sets

    every, segments, segment_ends = link_keys.read_words(pieces, BLOCK_WORDS, SENTENCE_MARKS)
    blocks, block_ends = link_keys.block_keys(every, segments, segment_ends, pieces.first, BLOCK_WORDS)
    compared = every.choose(~np.isin(pieces.kinds, (link_keys.UNCOMPARED, link_keys.REASONING)), pieces.first)
    conversations, prefixes, ends = link_keys.chain_keys(compared, pieces)
    questions, question_sizes, firsts, near = link_keys.question_keys(
        compared, pieces, FIRST_TURN_WORDS, QUESTION_WORDS, _openings()
    )
    lines = link_keys.line_keys(every, segments, segment_ends, pieces, QUESTION_LINES, QUESTION_WORDS)
    answers = link_keys.answers_of(every, pieces, SHORT_ANSWER_WORDS, size, BLOCK_WORDS)
    links = Links(
        questions.copy(), questions, conversations, prefixes, ends, *answers, firsts, near, lines, blocks, block_ends,
        np.empty((len(answers.keys), 0), dtype=np.uint64),
    )  # fmt: skip
    return shingle_sets(compared.hashes, compared.rows[:-1], compared.rows[1:], size), links, question_sizes


@cache
def _openings() -> "link_keys.Openings":
    """The hashes of small words, and the keys of phrases by their number of words, the longest first."""
    from curate.corpus import link_keys
    from curate.similarity.word_hashes import RunHashes, word_hashes

    hashes, ends = word_hashes(text_buffer(sorted(request_phrases())))
    starts, sizes, runs = ends[:-1], np.diff(ends), RunHashes(hashes)
    by_size = {
        size: runs.keys(starts[sizes == size], ends[1:][sizes == size])
        for size in sorted(set(sizes.tolist()), reverse=True)
    }
    small = word_hashes(text_buffer(sorted(SMALL_WORDS)))[0]
    return link_keys.Openings(small, np.unique(hashes[starts]), by_size, MAX_SMALL_WORDS, CONTENT_WORDS)


def links_of_lines(
    roles: Sequence[tuple[str, ...]], texts: Sequence[Sequence[str]], examples: Sequence[Example], ids: Ids, size: int
) -> tuple[ShingleSets, Links]:
    """The links of plain conversations (roles and texts), then of examples. ids: of all of them."""
    every, kinds, hashes, first = list[str](), list[int](), list[int](), [0]
    for speakers, turn_texts in zip(roles, texts, strict=True):
        turn_kinds = _kinds(speakers)
        plain = plain_texts(text for text, kind in zip(turn_texts, turn_kinds, strict=True) if kind != 2)
        every += (*turn_texts, *plain)
        kinds += (*turn_kinds, *([0] * len(plain)))
        hashes += (*_role_hashes(speakers), *([0] * len(plain)))
        first.append(len(every))
    for example in examples:
        for text, kind, role_hash in _pieces(example):
            every.append(text)
            kinds.append(kind)
            hashes.append(role_hash)
        first.append(len(every))
    from curate.corpus.link_keys import Pieces

    pieces = Pieces(
        text_buffer(every, _normal_segments),
        np.array(kinds, dtype=np.uint8),
        np.array(hashes, dtype=np.uint64),
        np.array(first, dtype=np.int64),
    )
    sets, links, asks = linked(pieces, size)
    for row in np.flatnonzero(asks == 0).tolist():
        turns = range(first[row], first[row + 1])
        links.prompt_hash[row] = _prompt_key([every[turn] for turn in turns if kinds[turn] == kind_of("user")])
    links.copy = ids[:, 0].copy()
    for row, example in enumerate(examples, start=len(roles)):
        if attached := attachments(example.value):
            for column in (links.prompt_hash, links.first_turn, links.question_lines, links.near.T):
                for key in column[..., row : row + 1].reshape(-1, 1):
                    key[:] = digest(attached, int(key[0])) if key[0] else 0
        trained = trained_content(example.value)
        if example.format != UNKNOWN and len(trained) < len(example.value):
            links.copy[row] = int(content_id(trained)[:16], 16)
    return sets, links


def _pieces(example: Example) -> Iterable[tuple[str, int, int]]:
    """The pieces of an example: text, kind (see `curate.corpus.link_keys`), hash of the role.

    These are its turns, each before its calls, then the texts of other answers, its blocks besides turns and the
    reasoning of the assistant; all but turns have no role, which is 0.
    """
    for message in example.messages:
        role = message.role or ""
        kind = kind_of(role)
        yield message.text, kind, _role(role)
        for text in called_texts(message):
            yield text, (0, 4, 5, 4)[kind], 0
    for text in other_sides(example):
        yield text, 4, 0
    for text in _further_blocks(example):
        yield text, 0, 0
    for text in _reasoning(example):
        yield text, 6, 0


def _reasoning(example: Example) -> Iterator[str]:
    """The reasoning beside the turns of the assistant."""
    for message in example.turns_of("assistant"):
        yield from reasoning_texts(message.value)


def long_answers(example: Example) -> list[list[str]]:
    """The words of each turn of the assistant and of each reasoning that is not short."""
    return [answer for text in _single_answers(example) if len(answer := words_of(text)) >= SHORT_ANSWER_WORDS]


def _single_answers(example: Example) -> list[str]:
    """The text of each turn of the assistant, and each reasoning."""
    return [*answers_of(example), *_reasoning(example)]


def kind_of(role: str) -> int:
    """The kind of a turn with this role; see `curate.corpus.link_keys`."""
    role = known_role(role)
    return 0 if role in SYSTEM_ROLES else {"user": 1, "assistant": 2}.get(role, 3)


@lru_cache(10_000)  # most conversations of a file have one of few shapes
def _kinds(roles: tuple[str, ...]) -> list[int]:
    return list(map(kind_of, roles))


@lru_cache(10_000)
def _role_hashes(roles: tuple[str, ...]) -> list[int]:
    return list(map(_role, roles))


@cache
def _role(role: str) -> int:
    return digest(known_role(role).encode("utf-8", "surrogatepass"))


def _prompt_key(turns: Sequence[str]) -> int:
    """The key of user turns without words; 0 for no turns."""
    return digest(normalised("\n".join(turns)).encode("utf-8", "surrogatepass"), 1) if turns else 0


FIRST_TURN_WORDS: Final = 8
"""Minimum number of words of a first user turn that is compared separately."""
QUESTION_WORDS: Final = 6
"""Minimum number of words of nearly equal questions, and of questions with the same lines."""
QUESTION_LINES: Final = 3
"""Minimum number of lines of questions with the same lines."""
BLOCK_WORDS: Final = 30
"""Number of words of a run of a turn, a document or an answer that is compared."""
SENTENCE_MARKS: Final = (". ", "! ", "? ", "\u061f ", "\u0964 ", "\u3002", "\uff01", "\uff1f")
"""What stands before the beginning of a sentence: marks with a space, and full-width ones."""
SENTENCE_END: Final = re.compile("|".join(f"(?<={re.escape(mark)})" for mark in SENTENCE_MARKS))
SENTENCE_MARK: Final = re.compile("|".join(map(re.escape, SENTENCE_MARKS)))
RUN_CHARS: Final = 1000
"""Most characters of the text of a run that are kept."""
SMALL_WORDS: Final = frozenset(
    map(normal, (
        "a", "an", "the", "please", "kindly", "der", "die", "das", "den", "dem", "des", "ein", "eine", "einen",
        "einem", "einer", "eines", "bitte", "le", "la", "les", "l", "un", "une", "el", "los", "las", "il",
        "lo", "una", "hi", "hello", "hey", "thanks", "hallo", "danke", "bonjour", "salut", "merci", "hola", "gracias",
        "ciao", "grazie", "olá",
        "greetings", "pls", "thx", "servus", "moin", "szia", "sziasztok", "helló", "üdv", "üdvözlöm", "kérem",
        "kérlek", "köszönöm", "cześć", "hej", "witam", "proszę", "dziękuję", "ahoj", "prosím", "děkuji", "ďakujem",
        "привет", "здравствуйте", "здравствуй", "пожалуйста", "спасибо", "привіт", "дякую", "merhaba", "selam",
        "lütfen", "teşekkürler", "hoi", "alstublieft", "alsjeblieft", "bedankt", "hei", "tack", "takk", "kiitos",
        "mulțumesc", "γεια", "παρακαλώ", "ευχαριστώ", "obrigado", "obrigada", "xin", "chào", "halo", "tolong",
        "नमस्ते", "कृपया", "धन्यवाद", "שלום", "בבקשה", "תודה", "مرحبا", "شكرا", "سلام", "لطفا",
    ))
)  # fmt: skip
"""Articles, polite words and greetings, which do not count in nearly equal questions."""
MAX_SMALL_WORDS: Final = 3
"""Maximum number of small words before a phrase of a request."""
CONTENT_WORDS: Final = 3
"""Minimum number of words that are not small, of a question without its phrase."""
DIGEST_BYTES: Final = 8


class WordRun(NamedTuple):
    """A run of words that is compared."""

    words: tuple[str, ...]
    text: str
    """The beginning of the text that has it, as written."""

    @property
    def digest(self) -> str:
        """The hash of the words, by which a manifest identifies the run."""
        spelled = " ".join(self.words).encode("utf-8", "replace")
        return hashlib.blake2b(spelled, digest_size=DIGEST_BYTES).hexdigest()


def words_of(text: str) -> list[str]:
    """The words of a text as docs/leaks.md defines them."""
    if text.isascii():
        return words(text.lower())
    classes, folded = letters(), normal(text)
    kinds = classes[np.frombuffer(folded.encode("utf-32-le", "surrogatepass"), dtype="<u4")].tolist()
    result: list[str] = []
    begin = 0
    for end, kind in enumerate([*kinds, 0]):
        if kind == 0:
            run = folded[begin:end]
            result += run if 2 in kinds[begin:end] else [run] * bool(run)
            begin = end + 1
    return result


def asked_words(example: Example) -> tuple[str, ...]:
    """The words of the user turns."""
    return tuple(word for message in example.turns_of("user") for word in words_of(message.text))


def requested_words(asked: Sequence[str]) -> Sequence[str]:
    """The words of a question behind the phrase of its request, all if there is none."""
    for start, word in enumerate(asked[: MAX_SMALL_WORDS + 1]):
        for phrase in _phrases_by_word().get(word, ()):
            if tuple(asked[start : start + len(phrase)]) == phrase:
                return asked[start + len(phrase) :]
        if word not in SMALL_WORDS:
            break
    return asked


@cache
def _phrases_by_word() -> dict[str, list[tuple[str, ...]]]:
    """The words of phrases by their first word, the longest first."""
    phrases = defaultdict[str, list[tuple[str, ...]]](list)
    for phrase in sorted({tuple(words_of(text)) for text in request_phrases()}, key=len, reverse=True):
        phrases[phrase[0]].append(phrase)
    return phrases


def first_turn_of(example: Example) -> WordRun:
    """The first user turn."""
    text = example.turns_of("user")[0].text
    return WordRun(tuple(words_of(text)), text)


def runs_of(example: Example) -> list[WordRun]:
    """The runs of words whose hashes are the keys of an example's blocks, in the order of these keys."""
    return [run for text in (*_block_turns(example), *_further_blocks(example)) for run in _text_runs(text)]


def answer_runs_of(example: Example) -> list[WordRun]:
    """The first and the last words of each answer and reasoning that is as long as a block."""
    return [
        WordRun(tuple(run), text)
        for text in _single_answers(example)
        if len(answer := words_of(text)) >= BLOCK_WORDS
        for run in (answer[:BLOCK_WORDS], answer[-BLOCK_WORDS:])
    ]


def _block_turns(example: Example) -> list[str]:
    """The turns that may have blocks."""
    return [message.text for message in example.messages if known_role(message.role) != "assistant"]


def _further_blocks(example: Example) -> list[str]:
    """The blocks besides turns: documents, the calls of each turn of the assistant, and the plain texts of all blocks
    that are not plain.
    """
    calls = map(called_texts, example.turns_of("assistant"))
    blocks = [*document_texts(example.value), *("\n".join(texts) for texts in calls if texts)]
    return [*blocks, *plain_texts([*_block_turns(example), *blocks])]


def _normal_segments(text: str) -> str:
    """`normal`, with a mark before a sentence only where the text as written has one: folding makes `\u2026` three full
    stops, and `\uff01` a mark that needs a space.
    """
    segments = (normal(segment) for segment in SENTENCE_END.split(text))
    return "\u3002".join(SENTENCE_MARK.sub(lambda mark: mark.group()[:-1] + "\t", segment) for segment in segments)


def _text_runs(text: str) -> Iterator[WordRun]:
    """The runs of words of a text that begin with a line or a sentence, or end with a line."""
    every, shown, start = list[str](), dict[int, int](), 0
    for line in text.split("\n"):
        before, line_start = len(every), start
        for segment in SENTENCE_END.split(line):
            if segment_words := words_of(segment):
                shown.setdefault(len(every), start)
                every += segment_words
            start += len(segment)
        if len(every) > before:
            shown.setdefault(len(every) - BLOCK_WORDS, line_start)
        start += 1
    for begin in sorted(shown):
        if 0 <= begin <= len(every) - BLOCK_WORDS:
            yield WordRun(tuple(every[begin : begin + BLOCK_WORDS]), text[shown[begin] : shown[begin] + RUN_CHARS])


def example_keys(example: Example) -> ExampleKeys:
    """The keys of an example."""
    carried: dict[str, Any] = {key: example.value[key] for key in HASHED_KEYS if key in example.value}
    return chain_key(
        tuple([known_role(message.role) for message in example.messages]),
        [canonical({**message.value, "role": known_role(message.role)}) for message in example.messages],
        digest(canonical(carried)) if carried else 0,
    )


def plain_ids(turns: Iterable[Sequence[bytes]]) -> bytes:
    """The ids of plain conversations, one after another; each is given by its turns as canonical JSON."""
    return b"".join(
        [blake2b(b'{"messages":[' + b",".join(spelled) + b"]}", digest_size=16).digest() for spelled in turns]
    )


def digest(data: bytes, seed: int = 0) -> int:
    """A key; never 0, which means no key."""
    return xxhash.xxh64_intdigest(data, seed) or 1


def chain_key(roles: tuple[str | None, ...], turns: Sequence[bytes], key: int = 0) -> ExampleKeys:
    """The key of a conversation (0 if it does not end with an answer), and the keys up to each earlier answer. `key`:
    the hash of its values besides its turns.
    """
    hashes, hashed = [], xxhash.xxh64_intdigest
    for turn in turns:
        key = hashed(turn, key) or 1
        hashes.append(key)
    prefix_hashes = [hashes[index] for index in _answers(roles)]
    return ExampleKeys(prefix_hashes.pop() if roles[-1:] == ("assistant",) else 0, tuple(prefix_hashes))


@lru_cache(10_000)
def _answers(roles: tuple[str | None, ...]) -> list[int]:
    """The positions of the answers."""
    return [index for index, role in enumerate(roles) if role == "assistant"]
