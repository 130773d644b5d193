"""Keys of a line that name where an example comes from, such as a document, a user or a picture.

Examples of one origin in several splits are no leak by the rows of `docs/leaks.md` unless `--group-by` names the key.

Rows of one agent session have keys in common: `curate ingest` writes them, `curate split` keeps such rows in one split.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

import xxhash

from curate.core.example import value_at, with_whole_numbers
from curate.core.lazy import Ids, Numbers, np
from curate.core.text import plural

GROUPS_KEY: Final = "groups"
"""Key in `metadata` of a row, an object with these keys."""
SESSION_GROUPS: Final = tuple(f"/metadata/{GROUPS_KEY}/{name}" for name in ("session", "repository", "task"))
"""The keys that `curate split` groups by if none is named and examples have them."""
NAMES: Final = frozenset(
    (
        "document_id", "doc_id", "conversation_id", "conv_id", "session_id", "source_id", "thread_id", "ticket_id",
        "user_id", "customer_id", "client_id", "account_id", "patient_id", "article_id", "url", "repo",
        "image", "images", "audio", "audios", "video", "videos",
    )
)  # fmt: skip
PATHS: Final = tuple(sorted(NAMES | {f"/metadata/{name}" for name in NAMES}))
"""The keys, as `--group-by` takes them."""
NUMBERS: Final = {path: number for number, path in enumerate(PATHS)}
IMAGES_KEY: Final = "images"
"""The key of the pictures of a line; of a line without it, they are in content parts of its turns."""
OWNER_KEYS: Final = ("input", "responses_create_params")
"""Keys of an object with one of `TURN_KEYS`."""
TURN_KEYS: Final = ("messages", "prompt", "input", "contents")
"""Keys of the turns of a line, or of an object under one of `OWNER_KEYS`."""
PICTURE_KEYS: Final = ("image_url", "image", "source", "inlineData", "inline_data", "fileData", "file_data")
"""Keys of a picture in a content part."""
ADDRESS_KEYS: Final = ("url", "data", "bytes", "fileUri", "file_uri", "source")
"""Keys below these: an address, the data, or another object with one of these keys."""
MAX_SHARE: Final = 0.5
"""Share of all examples above which a value says nothing about where an example comes from."""


class SpreadKey(NamedTuple):
    """A key with values that several splits have."""

    path: str
    values: int
    """Number of values that are in several splits."""
    examples: int
    """Number of examples with such a value."""

    @property
    def message(self) -> str:
        """How many values are in several splits, and the next step."""
        are = "is" if self.values == 1 else "are"
        next_step = f"`curate split --group-by {self.path}` keeps each value in one split"
        return f"{plural(self.values, 'value')} of {self.path} {are} in several splits; {next_step}"


def group_value(value: dict[str, Any], path: str) -> Any:
    """The value of a line at a path to group by; for `images`, which lines without this key lack, the pictures in
    content parts.
    """
    result = value_at(value, path)
    return pictures_of(value) or None if result is None and path.strip("/") == IMAGES_KEY else result


def pictures_of(value: Mapping[str, Any]) -> list[str]:
    """The addresses or the data of the pictures in content parts; data are the same in a data URL and by themselves."""
    pictures = []
    for turn in _turns_of(value):
        parts = turn.get("content", turn.get("parts"))
        for part in parts if isinstance(parts, list) else ():
            picture = _first_of(part, PICTURE_KEYS) if isinstance(part, dict) and "text" not in part else None
            while isinstance(picture, dict):
                picture = _first_of(picture, ADDRESS_KEYS)
            if isinstance(picture, str) and part.get("type") != "document":
                pictures.append(picture.partition(";base64,")[2] or picture)
    return pictures


def _turns_of(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The turns of a line that are objects."""
    for owner in (value, *(value[key] for key in OWNER_KEYS if isinstance(value.get(key), dict))):
        for key in TURN_KEYS:
            if isinstance(turns := owner.get(key), list):
                yield from (turn for turn in turns if isinstance(turn, dict))


def _first_of(value: Mapping[str, Any], keys: Collection[str]) -> Any:
    """The value of the first of these keys that is there; None without one."""
    return next((value[key] for key in keys if key in value), None)


def origins_of(value: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    """The keys of a line in `PATHS`, by position, each with a hash of its value; 17, 17.0 and "17" are one value."""
    if IMAGES_KEY not in value and (pictures := pictures_of(value)):
        value = {**value, IMAGES_KEY: pictures}
    metadata = value.get("metadata")
    for prefix, keys in (("", value), ("/metadata/", metadata if isinstance(metadata, Mapping) else {})):
        for name in keys.keys() & NAMES:
            origin = with_whole_numbers(keys[name])
            if isinstance(origin, list) and origin and all(isinstance(part, str) for part in origin):
                origin = "\n".join(origin)
            if isinstance(origin, str | int) and not isinstance(origin, bool) and origin != "":
                spelled = str(origin).encode("utf-8", "surrogatepass")
                yield NUMBERS[prefix + name], xxhash.xxh3_64_intdigest(spelled)


def spread_keys(
    keys: Numbers, values: Ids, splits: Numbers, total: int, grouped_by: Collection[str]
) -> list[SpreadKey]:
    """The keys with values in several splits, apart from those to group by and those of which one value is in most of
    all examples.

    keys, values: keys by position in `PATHS` and hashes of their values; splits: the split number of the example of
    each; total: number of all examples.
    """
    grouped = {f"/{path.strip('/').replace('.', '/')}" for path in grouped_by}
    spread = []
    for key in np.unique(keys).tolist():
        rows = np.flatnonzero(keys == key)
        _, of, counts = np.unique(values[rows], return_inverse=True, return_counts=True)
        earliest, latest = np.full(len(counts), splits[rows].max()), np.full(len(counts), splits[rows].min())
        np.minimum.at(earliest, of, splits[rows])
        np.maximum.at(latest, of, splits[rows])
        several = earliest < latest
        if several.any() and counts.max() <= MAX_SHARE * total and f"/{PATHS[key].strip('/')}" not in grouped:
            spread.append(SpreadKey(PATHS[key], int(several.sum()), int(counts[several].sum())))
    return spread
