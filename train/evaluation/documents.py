"""Passages of a person's documents, and those nearest to each question: by BM25, and by embeddings if there are any."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

from curate.core.errors import InputError, requiring
from curate.core.lazy import np
from curate.core.limits import read_regular
from curate.core.text import visible
from curate.language.tokens import plain_words, stem

SUFFIXES: Final = (".md", ".markdown", ".txt")
PASSAGE_CHARS: Final = 1_000
"""Characters of a passage: some paragraphs of a section, about 250 tokens."""
PASSAGES: Final = 3
"""Passages in a prompt."""
FUSION: Final = 60
"""The constant of reciprocal rank fusion (Cormack et al. 2009)."""
HEADING: Final = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
FENCE: Final = re.compile(r"\s*(```|~~~)")


class Passage(NamedTuple):
    """A part of a document that is shown in prompts."""

    file: str
    line: int
    text: str
    """Its text, after the headings that it is below."""


def passages_in(folder: Path) -> list[Passage]:
    """The passages of all Markdown and text files in a folder, without hidden ones.

    Raises `InputError` for a folder without text and for a file that cannot be read.
    """
    passages: list[Passage] = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()):
        name = path.relative_to(folder)
        if any(part.startswith(".") for part in name.parts):
            continue
        try:
            text = read_regular(path).decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{visible(str(path))}: cannot be read: {error}", "convert it to UTF-8") from error
        passages += _passages(name.as_posix(), text, markdown=path.suffix.lower() != ".txt")
    if not passages:
        kinds = ", ".join(SUFFIXES)
        raise InputError(f"{visible(str(folder))}: contains no document ({kinds})", "name a folder with --documents")
    return passages


def _passages(file: str, text: str, *, markdown: bool) -> Iterator[Passage]:
    """Paragraphs of one section together, up to `PASSAGE_CHARS`."""
    for headings, section in groupby(_paragraphs(text, markdown=markdown), lambda paragraph: paragraph[0]):
        start, parts = 0, list[str]()
        for _, line, paragraph in section:
            if parts and sum(map(len, parts)) + len(paragraph) > PASSAGE_CHARS:
                yield Passage(file, start, "\n\n".join([*headings, *parts]))
                parts = []
            start = start if parts else line
            parts.append(paragraph)
        yield Passage(file, start, "\n\n".join([*headings, *parts]))


def _paragraphs(text: str, *, markdown: bool) -> Iterator[tuple[tuple[str, ...], int, str]]:
    """Headings, line number and text of each paragraph; one longer than a passage is yielded in parts."""
    headings, lines, start, fenced = list[tuple[int, str]](), list[str](), 1, False

    def paragraph() -> Iterator[tuple[tuple[str, ...], int, str]]:
        whole = "\n".join(lines).strip()
        lines.clear()
        for part in _parts(whole):
            yield tuple(title for _, title in headings), start, part

    for number, line in enumerate(text.splitlines(), start=1):
        fenced ^= markdown and FENCE.match(line) is not None
        heading = HEADING.match(line) if markdown and not fenced else None
        if heading is not None or (not line.strip() and not fenced):
            yield from paragraph()
            if heading is not None:
                level = len(heading[1])
                headings = [*(outer for outer in headings if outer[0] < level), (level, heading[2])]
            continue
        start = start if lines else number
        lines.append(line)
    yield from paragraph()


def _parts(text: str) -> Iterator[str]:
    """A text in parts of at most `PASSAGE_CHARS`, cut between words."""
    while len(text) > PASSAGE_CHARS:
        cut = max(text.rfind(space, 1, PASSAGE_CHARS + 1) for space in " \n")
        cut = cut if cut > 0 else PASSAGE_CHARS
        yield text[:cut].rstrip()
        text = text[cut:].lstrip()
    if text:
        yield text


def nearest_passages(
    questions: Sequence[str],
    passages: Sequence[Passage],
    count: int,
    model: str | None,
    cache: Path,
    progress: Callable[[int], None] | None = None,
) -> list[list[Passage]]:
    """For each question the `count` passages of the highest rank, the best last; fewer if fewer are related to it.

    The ranks by BM25 and by the embeddings of `model` are fused; None uses BM25 only. `progress` is called with the
    number of texts embedded since its last call. Raises `MissingExtra` without bm25s.
    """
    from curate.models.embeddings import embed

    texts = [passage.text for passage in passages]
    rankings = [_bm25_scores(questions, texts)]
    if model is not None:
        rankings.append(embed(questions, model, cache, progress) @ embed(texts, model, cache, progress).T)
    fused = np.zeros((len(questions), len(passages)))
    for scores in rankings:
        order = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1)
        fused += np.where(scores > 0, 1 / (FUSION + 1 + order), 0)
    best = np.argsort(-fused, axis=1, kind="stable")[:, :count]
    return [[passages[i] for i in reversed(row) if fused[index, i]] for index, row in enumerate(best.tolist())]


def _bm25_scores(questions: Sequence[str], texts: Sequence[str]) -> Any:
    """BM25 scores of word stems, of shape (questions, texts). Raises `MissingExtra` without bm25s."""
    with requiring("retrieval from documents", "evaluation", "bm25s"):
        import bm25s
    index = bm25s.BM25(auto_compile=False)
    index.index([_stems(text) for text in texts], show_progress=False)
    indexed_words = [[word for word in _stems(question) if word in index.vocab_dict] for question in questions]
    none = np.zeros(len(texts), dtype=np.float32)
    return np.array([index.get_scores(words) if words else none for words in indexed_words])


def _stems(text: str) -> list[str]:
    """The stems of the words of a text."""
    return [stem(word) for word in plain_words(text)]
