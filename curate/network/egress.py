"""Outgoing data: consent, address and key, and uploads to the Hugging Face Hub in one commit.

A configuration in a repository may come from a stranger: it can name an address, but it cannot consent to sending data
there or supply a key. Consent takes a person: at the terminal, on the command line, or in the user's own configuration
outside of any repository, `curate.toml` in the user's configuration folder (`~/.config/curate` on Linux):

    [[endpoint]]
    address = "https://llm.example.com/v1"
    send = true                    # data may be sent there without asking
    key = "LLM_EXAMPLE_KEY"        # environment variable with its key

It also names the folders whose configurations may reach outside of them, as `trust` (see
`curate.project.config_consent`).
"""

import math
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal
from urllib.parse import SplitResult, urljoin, urlsplit

from pydantic import Field

from curate.core.config import Section, Text
from curate.core.errors import UsageError, requiring
from curate.core.targets import KEYS
from curate.core.text import visible
from curate.core.validation import load_toml, validated
from curate.storage.urls import explained, is_offline

if TYPE_CHECKING:
    import openai

HUB: Final = "https://huggingface.co"
KEY_HOSTS: Final = dict(KEYS.values())
"""Environment variables with keys, and the host names or domain suffixes to which each key may be sent."""
KEYRING_SERVICE: Final = "curate"
"""Name of the service under which the keyring stores keys, by host."""
VARIABLE_NAME: Final = r"^[A-Za-z_][A-Za-z0-9_]*$"
RETRIES: Final = 5
"""Retries of a request after a rate limit or a server error, with growing pauses or as long as the service asks for."""
MAX_REPLY_BYTES = 256 << 20
"""Bytes of a reply of a service, unpacked."""
MAX_REPLY_SECONDS = 600.0
"""Seconds for the body of a reply that is not a stream of events; the client's timeout is for each read alone."""
NO_CREDIT: Final = frozenset(
    ("insufficient_quota", "billing_not_active", "billing_hard_limit_reached", "access_terminated")
)
"""Codes of errors that no retry passes, although their status may be that of a rate limit."""
CREDIT_MARK: Final = "curate.no_credit"
"""Marks a reply with one of them, or with HTTP status 402."""
CREDIT_HINT: Final = "the account has no credit or is closed: check its billing, then run the command again"
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
SCHEME: Final = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")


class TrustedEndpoint(Section):
    """`[[endpoint]]` of the user's own configuration."""

    address: Text
    """Only scheme, host and port are compared."""
    send: bool = False
    """Whether data may be sent there without asking."""
    key: Annotated[Text, Field(pattern=VARIABLE_NAME)] | None = None
    """Environment variable with its key."""


class UserConfig(Section):
    """The user's own configuration, outside of any repository."""

    trust: tuple[Text, ...] = ()
    """Folders of projects, with all folders below them: settings of their configurations need no consent."""
    endpoint: tuple[TrustedEndpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Consent:
    """Consent to send data, and how to ask for it."""

    yes: bool = False
    """Consent was given in advance."""
    ask: Callable[[str], bool] | None = None
    """Function that asks at the terminal; None if there is no terminal."""
    tell: Callable[[str], object] | None = None
    """Function that displays a note."""
    how: str = "pass --yes to allow this"
    """How to give consent, for the error message."""

    def require(self, what: str, address: str) -> None:
        """Return if there is consent to send `what` to `address`. Raises `UsageError` without it, `ConfigError`."""
        place = origin(address)
        if self.tell is not None and is_readable(address):
            self.tell(f"note: {place} is not encrypted: others on the network can read the data and the key")
        trusted = trusted_endpoint(address)
        if self.yes or (trusted is not None and trusted.send):
            return
        if self.ask is None:
            raise UsageError(
                f"{what} would be sent to {place}", f"{self.how}, or add the address to {user_config_path()}"
            )
        if not self.ask(f"Send {what} to {place}?"):
            raise UsageError("nothing was sent", f"{what} would have gone to {place}")


NO_CONSENT: Final = Consent(how="`curate conflicts` asks")
"""No consent, and no way to ask."""


def user_config_path() -> Path:
    """Path of the user's own configuration."""
    from platformdirs import user_config_path as folder

    return folder("curate") / "curate.toml"


def trusted_endpoint(address: str) -> TrustedEndpoint | None:
    """The entry of the user's own configuration for an address; None if it has none. Raises `ConfigError`."""
    path, place = user_config_path(), origin(address)
    return next(
        (endpoint for endpoint in _user_config().endpoint if origin(address_of(endpoint.address, str(path))) == place),
        None,
    )


def trusts_folder(folder: Path) -> bool:
    """Whether the user's own configuration trusts the configurations of a folder. Raises `ConfigError`."""
    inside = folder.resolve()
    return any(inside.is_relative_to(Path(name).expanduser().resolve()) for name in _user_config().trust)


def _user_config() -> UserConfig:
    """The user's own configuration, or the defaults without its file. Raises `ConfigError`, `UsageError` for a file
    that cannot be read.
    """
    path = user_config_path()
    return validated(UserConfig, load_toml(path), str(path)) if path.is_file() else UserConfig()


def is_address(name: str) -> bool:
    """Whether a name is an address rather than a model's: it begins with a scheme."""
    return SCHEME.match(name) is not None


def address_of(text: str, option: str) -> str:
    """Validate and normalize an HTTP address: no slash at its end.

    Raises `UsageError` for an invalid address and for one with a user, a query or a fragment; the message omits the
    address, which may hold a secret. `option`: where it was named.
    """
    parts = _url_parts(text)
    if parts is None or not parts.hostname or parts.scheme not in ("http", "https"):
        raise UsageError(
            f"{option}: not the URL of a service", "pass a URL that begins with https:// and usually ends in /v1"
        )
    if (
        "@" in parts.netloc
        or parts.query
        or parts.fragment
        or "?" in text
        or "#" in text
        or visible(text.strip()) != text.strip()
    ):
        raise UsageError(
            f"{option} contains more than a URL",
            "remove the user name, password, query and fragment; the key comes from the environment or the keyring",
        )
    return text.strip().rstrip("/")


def _url_parts(text: str) -> SplitResult | None:
    """The parts of a URL; None if it is not valid."""
    try:
        parts = urlsplit(text.strip())
        parts.port  # noqa: B018
    except ValueError:
        return None
    return parts


def origin(address: str) -> str:
    """Scheme, host and port of an address: the only parts that are shown or compared."""
    parts = _url_parts(address)
    if parts is None or not parts.hostname:
        return "an invalid URL"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    usual = {"http": 80, "https": 443}.get(parts.scheme) == port
    return visible(f"{parts.scheme}://{host}" + ("" if usual or port is None else f":{port}"))


def host_of(address: str) -> str:
    """Host name of an address, in lower case."""
    return (urlsplit(address).hostname or "").lower()


def is_readable(address: str) -> bool:
    """Whether the connection to an address is unencrypted."""
    return address.startswith("http://") and host_of(address) not in LOOPBACK


def bound_variable(address: str) -> str | None:
    """The environment variable with the key for the host of an address, such as OPENAI_API_KEY; None if no variable is
    for it.
    """
    host = host_of(address)
    for variable, hosts in KEY_HOSTS.items():
        if any(host == name or (name.startswith(".") and host.endswith(name)) for name in hosts):
            return variable
    return None


def key_for(address: str, named: str | None = None, general: str | None = None) -> str:
    """The key for an address; empty if there is none.

    `named`: the variable that the user named for this address. `general`: a variable with the key for any address that
    the user names; pass it only if the user, not a configuration in a repository, named this address. Then follow the
    variable in the user's own configuration, the variable bound to the host, and the keyring. Raises `UsageError` if a
    named variable is not set, `ConfigError`.
    """
    trusted = trusted_endpoint(address)
    variable_name = named or (trusted.key if trusted else None)
    if variable_name:
        if key := os.environ.get(variable_name, "").strip():
            return key
        raise UsageError(
            f"the variable {visible(variable_name)}, which holds the key for {origin(address)}, is not set",
            f"export {visible(variable_name)}=...",
        )
    for variable in filter(None, (general, bound_variable(address))):
        if key := os.environ.get(variable, "").strip():
            return key
    return _from_keyring(host_of(address))


def _from_keyring(host: str) -> str:
    """The API key for a host from the keyring; empty if it has none, is locked or is not installed."""
    try:
        import keyring  # optional, and slow to import
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    try:
        return (keyring.get_password(KEYRING_SERVICE, host) or "").strip()
    except KeyringError:  # there is none, or it is locked: error messages name it as an option
        return ""


def client_for(address: str, key: str, *, seconds: float, feature: str) -> "openai.OpenAI":
    """An OpenAI client for one origin; it follows no redirects, takes no headers from the environment, and reads
    unpacked replies up to `MAX_REPLY_BYTES`.

    `feature`: what needs the openai package, for `MissingExtra`.
    """
    with requiring(feature, "remote", "openai"):
        import openai  # takes 0.5 s, needed only for an endpoint
    foreign = ["OpenAI-Organization", "OpenAI-Project"] if host_of(address) not in KEY_HOSTS["OPENAI_API_KEY"] else []
    foreign += [
        line.partition(":")[0].strip()
        for line in os.environ.get("OPENAI_CUSTOM_HEADERS", "").split("\n")
        if ":" in line
    ]

    def only_ours(request: Any) -> None:
        for name in (*foreign, "Authorization"):
            request.headers.pop(name, None)
        if key:
            request.headers["Authorization"] = f"Bearer {key}"

    def bounded(response: Any) -> None:
        blocks = response.iter_bytes
        streams = response.headers.get("content-type", "").startswith("text/event-stream")
        end = math.inf if streams else time.monotonic() + MAX_REPLY_SECONDS

        def iter_bytes(size: int | None = None) -> Iterator[bytes]:
            read = 0
            for block in blocks(size):
                read += len(block)
                if read > MAX_REPLY_BYTES:
                    raise ValueError(f"a reply is larger than {MAX_REPLY_BYTES >> 20} MiB")
                if time.monotonic() > end:
                    raise ValueError(f"a reply takes more than {MAX_REPLY_SECONDS:g} seconds")
                yield block

        response.iter_bytes = iter_bytes
        if response.status_code >= 400 and _names_no_credit(response):
            response.extensions[CREDIT_MARK] = True
            response.headers["x-should-retry"] = "false"  # the client obeys this header

    hooks: dict[str, list[Callable[[Any], None]]] = {"request": [only_ours], "response": [bounded]}
    http = openai.DefaultHttpxClient(follow_redirects=False, event_hooks=hooks)
    return openai.OpenAI(
        base_url=address, api_key=key or "none", max_retries=RETRIES, timeout=seconds, http_client=http
    )


def _names_no_credit(response: Any) -> bool:
    """Whether an error reply says that the account has no credit: by HTTP status 402, or by a code of `NO_CREDIT`."""
    response.read()
    with suppress(ValueError, RecursionError):  # not JSON
        body = response.json()
        error = body.get("error") if isinstance(body, dict) else None
        if isinstance(error, dict) and not NO_CREDIT.isdisjoint(map(str, (error.get("code"), error.get("type")))):
            return True
    return bool(response.status_code == 402)


def lacks_credit(error: Exception) -> bool:
    """Whether an error of the openai package means that the account has no credit: no retry helps."""
    return CREDIT_MARK in getattr(getattr(error, "response", None), "extensions", {})


def redirect_of(error: Exception) -> str | None:
    """The redirect target of the reply in an error of the openai package, as `origin` shows it.

    That is scheme, host and port, or "an invalid URL". None if the reply is not a redirect, or there is none.
    """
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", 0)
    if response is None or not 300 <= status < 400:
        return None
    try:
        return origin(urljoin(str(response.url), response.headers.get("location", "")))
    except ValueError:  # half an IPv6 address
        return "an invalid URL"


def redirect_error(error: Exception) -> tuple[str, str] | None:
    """Message and hint for a reply that redirects; None for other replies."""
    place = redirect_of(error)
    if place is None:
        return None
    return (
        f"redirects to {place}; redirects are not followed: data is sent only to the configured address",
        "set the final address of the service",
    )


def hub_address() -> str:
    """The address of the hub that is used."""
    return os.environ.get("HF_ENDPOINT") or HUB


def require_hub() -> None:
    """Raise `UsageError` if network access is off, `MissingExtra` without huggingface_hub."""
    if is_offline():
        raise UsageError("network access is off", "unset HF_HUB_OFFLINE and CURATE_OFFLINE")
    with requiring("uploading to the hub", "cloud", "huggingface_hub"):
        import huggingface_hub  # noqa: F401


def upload(
    repository: str,
    files: Mapping[str, Path | bytes],
    kind: Literal["dataset", "model"],
    message: str,
    *,
    private: bool,
    token: str | None = None,
) -> str:
    """Upload files by their names in the repository, which is made if it is not there; returns the commit's address.

    Raises as `require_hub` does, and `OutputError`.
    """
    require_hub()
    from huggingface_hub import CommitOperationAdd, HfApi

    operations = [CommitOperationAdd(name, content) for name, content in files.items()]
    place = f"hf://{'datasets/' if kind == 'dataset' else ''}{repository}"
    with explained(place, "written"):
        api = HfApi(endpoint=hub_address(), token=token)
        api.create_repo(repository, repo_type=kind, private=private, exist_ok=True)
        commit = api.create_commit(repository, operations, repo_type=kind, commit_message=message)
    return str(commit.commit_url)
