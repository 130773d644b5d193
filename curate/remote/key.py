"""The key of a service: from the environment, else from the system's keyring. It is never written, and never shown."""

import os
from typing import Final

from curate.errors import UsageError
from curate.remote.service import Place

ANY: Final = "CURATE_REMOTE_KEY"
"""Environment variable with the key of whichever address was named."""
RING: Final = "curate"
"""Name under which the keyring has keys, by host."""


def key_of(place: Place) -> str:
    """The key for a place. The variable of a service counts for its own hosts alone, so that no key goes to anybody else's.

    Raises `UsageError` that says where a key may stand.
    """
    names = (ANY, place.service.variable) if place.is_its_own else (ANY,)
    for name in names:
        if key := os.environ.get(name, "").strip():
            return key
    if key := _from_keyring(place.host):
        return key
    raise UsageError(f"there is no key for {place.host}", f"set {' or '.join(names)}, or say `keyring set {RING} {place.host}`")


def _from_keyring(host: str) -> str:
    try:
        import keyring  # optional, and slow to load
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    try:
        return (keyring.get_password(RING, host) or "").strip()
    except KeyringError:  # this system has none, or it is locked: the error names it as a place to look at
        return ""
