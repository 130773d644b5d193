"""Entries like another one: of the same rule, question beginning, source or cluster, or near by embedding."""

from collections.abc import Iterator, Sequence
from glob import escape
from pathlib import Path
from typing import Final, NamedTuple

from curate.core.example import content_id
from curate.core.lazy import np
from curate.project.runs import Project
from curate.review.columns import SOURCE_FIELDS, column_value
from curate.review.entry import Entry, Kind, sides_of
from curate.review.query import BEGINNING_WORDS, term
from curate.review.session import ReviewSession

ID_DIGITS: Final = 16
"""Digits of an id in a filter: those that the index of examples has."""
MAX_CACHE_BYTES: Final = 64 << 20
"""Maximum size of a file of embeddings that is read beside a review."""
MAX_NEAR: Final = 50
MIN_COSINE: Final = 0.5
"""Maximum number of examples that count as near, and their minimum cosine similarity."""


class Likeness(NamedTuple):
    """What entries share with one, and the filter that shows them."""

    name: str
    kind: Kind
    filter: str


def likenesses(session: ReviewSession, entry: Entry) -> Iterator[Likeness]:
    """The properties that other entries may share with an entry, each with the filter that shows these entries."""
    if entry.code:
        yield Likeness(f"rule {entry.code}", entry.kind, term("code", entry.code))
    example = session.example(entry) if entry.place.line else None
    words = example.question.split()[:BEGINNING_WORDS] if example is not None else []
    if words:
        begins = term("begins", " ".join(words))
        yield Likeness("beginning of the question", entry.kind, begins)
    for path in SOURCE_FIELDS:
        value = column_value(session, entry, f"field:{path}")
        if isinstance(value, str) and value:
            yield Likeness(path, entry.kind, term(f"field:{path}", escape(value)))
    if len(session.lines.indexes) > 1:
        yield Likeness("file", entry.kind, term("file", escape(entry.place.file)))
    id_ = entry.ids[0] if entry.ids else example.id if example is not None else ""
    if id_ and len(_subject_examples(session, id_)) > 1:
        yield Likeness("cluster of duplicates, conflicts", "example", f"cluster:{id_[:ID_DIGITS]}")
    if id_ and _last_embeddings(session) is not None:
        yield Likeness("near by embedding", "example", f"similar:{id_[:ID_DIGITS]}")


def like(session: ReviewSession, cluster: Sequence[str], near: Sequence[str]) -> set[str]:
    """The ids of the examples that share a cluster or conflict with those in `cluster`, and of those nearest to those
    in `near`.
    """
    return {other for id_ in cluster for other in _subject_examples(session, id_)} | {
        other for id_ in near for other in _near(session, id_)
    }


def _subject_examples(session: ReviewSession, id_: str) -> set[str]:
    """The ids of all examples that share a cluster or conflict with this one, its own included."""
    queues = (session.clusters, session.conflicts)
    subjects = [queue.subjects[number] for queue in queues for number in queue.example_index.rows(id_)]
    return {side.id for subject in subjects for side in sides_of(subject)}


def _last_embeddings(session: ReviewSession) -> Path | None:
    """The last file of embeddings of the project that is small enough to be read; None without one."""
    files = [path for path in Project(session.folder).cache.glob("embeddings-*.npz")
             if path.stat().st_size <= MAX_CACHE_BYTES]  # fmt: skip
    return max(files, key=lambda path: path.stat().st_mtime, default=None)


def _near(session: ReviewSession, id_: str) -> list[str]:
    """The examples whose questions are nearest to that of an example, among those with an embedding."""
    if id_ in session.near:
        return session.near[id_]
    from curate.models.embeddings import EmbeddingCache  # not read by most reviews

    cache, ids, keys = EmbeddingCache(_last_embeddings(session)), list[str](), list[str]()
    for number in range(len(session.lines)):
        example = session.lines.line(number).example
        if example is not None and (key := content_id(example.question)) in cache:
            ids.append(example.id)
            keys.append(key)
    row_of_example = next((position for position, whole_id in enumerate(ids) if whole_id.startswith(id_)), None)
    similar = list[str]()
    if row_of_example is not None:
        vectors = cache.get(keys)
        cosines = vectors @ vectors[row_of_example]
        nearest = np.argsort(-cosines, kind="stable")
        similar = list(dict.fromkeys(ids[row] for row in nearest.tolist() if cosines[row] >= MIN_COSINE))[:MAX_NEAR]
    session.near[id_] = similar
    return similar
