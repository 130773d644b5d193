"""The key of a service: from the environment, else from the system's keyring. It is never written, and never shown."""

from typing import Final

from curate.egress import RING, bound_variable, key_for, user_config_path
from curate.errors import UsageError
from curate.remote.service import Place

ANY: Final = "CURATE_REMOTE_KEY"
"""Environment variable with the key of whichever address the user names."""


def key_of(place: Place) -> str:
    """The key for a place. The variable of a service counts for its own hosts alone, so that no key goes to anybody else's.

    Raises `UsageError` that says where a key may stand.
    """
    general = ANY if place.named or place.is_its_own else None
    if key := key_for(place.address, general=general):
        return key
    names = [name for name in (general, bound_variable(place.address)) if name]
    first = f"set {' or '.join(names)}, " if names else f"name the address with --base-url and set {ANY}, "
    raise UsageError(
        f"there is no key for {place.host}", f"{first}say `keyring set {RING} {place.host}`, or name the variable that has it in {user_config_path()}"
    )
