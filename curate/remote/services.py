"""The services with addresses, keys and prices; one without an OpenAI-compatible API has its own module."""

from typing import Final

from curate.core.errors import UsageError
from curate.core.targets import KEYS, SERVICES, Target
from curate.network.egress import KEYRING_SERVICE, address_of, bound_variable, key_for, user_config_path
from curate.remote import fireworks, together
from curate.remote.endpoint import Service, ServiceAddress, ServiceClient
from curate.remote.settings import Price

CLOSED_NOTE: Final = (
    "OpenAI closes self-serve fine-tuning to everyone on 2027-01-06: no job can be started at api.openai.com from "
    "then on. Organisations that never "
    "fine-tuned, or have not used a fine-tuned model for 60 days, cannot start one since 2026-05-07 and "
    "2026-07-02. Fine-tuned models answer until "
    "their base model is retired."
)
"""From OpenAI's page of deprecations, read 2026-11."""
ANY_KEY_VARIABLE: Final = "CURATE_REMOTE_KEY"
"""Environment variable with the key for any address that the user gives."""
OPENAI_PRICES: Final = "OpenAI's price list (platform.openai.com/docs/pricing), as of 2025-11"
OPENAI_HOURS: Final = "OpenAI's billing guide for reinforcement fine-tuning (help.openai.com), read 2026-11"
MAX_EXAMPLE_TOKENS: Final = 65_536
"""Maximum number of tokens of an example for OpenAI's newer models; longer ones are truncated."""

SERVICE: Final[dict[Target, Service]] = {
    service.target: service
    for service in (
        Service(
            Target.OPENAI,
            "OpenAI",
            f"https://{KEYS[Target.OPENAI].hosts[0]}/v1",
            prices=(
                Price("gpt-4.1-nano", 1.5, "million tokens", OPENAI_PRICES, longest=MAX_EXAMPLE_TOKENS),
                Price("gpt-4.1-mini", 5, "million tokens", OPENAI_PRICES, longest=MAX_EXAMPLE_TOKENS),
                Price("gpt-4.1", 25, "million tokens", OPENAI_PRICES, longest=MAX_EXAMPLE_TOKENS),
                Price("gpt-4o-mini", 3, "million tokens", OPENAI_PRICES, ("supervised",), MAX_EXAMPLE_TOKENS),
                Price("gpt-4o", 25, "million tokens", OPENAI_PRICES, longest=MAX_EXAMPLE_TOKENS),
                Price("gpt-3.5-turbo", 8, "million tokens", OPENAI_PRICES, ("supervised",), 16_385),
                Price("davinci-002", 6, "million tokens", OPENAI_PRICES, ("supervised",)),
                Price("babbage-002", 0.4, "million tokens", OPENAI_PRICES, ("supervised",)),
                Price("o4-mini", 100, "hour", OPENAI_HOURS, ("reinforcement",)),
            ),
        ),
        # prices differ by region and tier: the user gives them
        Service(Target.AZURE, "Azure", example="https://NAME.openai.azure.com/openai/v1"),
        Service(  # its prices differ by contract
            Target.MISTRAL,
            "Mistral",
            "https://api.mistral.ai/v1",
            own="Mistral's API has its own fields and lists of training files, and its fine-tuning is deprecated "
            "(docs.mistral.ai, read 2026-11)",
        ),
        together.SERVICE,
        fireworks.SERVICE,
    )
}


def place_of(target: Target, base_url: str, *, connected: bool, named: bool = False) -> ServiceAddress:
    """The service and its address, which may be empty unless `connected`.

    `named`: whether the address is from the command line, not from a configuration. Raises `UsageError` for a target
    that is not a service, an invalid address or one with a password, and a service on which no job can be started.
    """
    if target not in SERVICES:
        raise UsageError(f"{target}: not a service", f"use one of {', '.join(SERVICES)}")
    service = SERVICE[target]
    if base_url:
        return ServiceAddress(service, address_of(base_url, "--base-url"), named)
    if connected and service.own:
        raise UsageError(
            f"curate cannot start jobs at {target}: {service.own}",
            "pass an OpenAI-compatible address with --base-url, or use the service's client",
        )
    if connected and not service.address:
        raise UsageError(f"{target}: needs the address of your account", f"add --base-url {service.example}")
    return ServiceAddress(service, service.address)


def is_closing(place: ServiceAddress) -> bool:
    """Whether OpenAI's end of fine-tuning concerns the place."""
    return place.host in KEYS[Target.OPENAI].hosts


def endpoint_of(place: ServiceAddress) -> ServiceClient:
    """The client of a service, with its key. Raises `UsageError` without a key."""
    return (place.service.endpoint or ServiceClient)(place, service_key(place))


def service_key(place: ServiceAddress) -> str:
    """The key for a place. The variable of a service applies to its own hosts only, so no other gets its key.

    Raises `UsageError` without a key; it says where to set one.
    """
    general = ANY_KEY_VARIABLE if place.named or place.is_its_own else None
    if key := key_for(place.address, general=general):
        return key
    names = [name for name in (general, bound_variable(place.address)) if name]
    first = f"set {' or '.join(names)}, " if names else f"pass the address with --base-url and set {ANY_KEY_VARIABLE}, "
    raise UsageError(
        f"no API key for {place.host}",
        f"{first}run `keyring set {KEYRING_SERVICE} {place.host}`, or set the variable's name in {user_config_path()}",
    )
