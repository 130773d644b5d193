"""The keys that keep rows of agent sessions in one split: `curate ingest` writes them, `curate split` reads them."""

from typing import Final

GROUPS_KEY: Final = "groups"
"""Key in `metadata` of a row, an object with these keys."""
SESSION_GROUPS: Final = tuple(f"/metadata/{GROUPS_KEY}/{name}" for name in ("session", "repository", "task"))
"""The keys that `curate split` groups by if none is named and examples have them."""
