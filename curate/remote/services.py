"""The services: each with its address, its key and its prices. One that does not speak OpenAI's interface has a module
of its own.
"""

from typing import Final

from curate.core.egress import RING, address_of, bound_variable, key_for, user_config_path
from curate.core.errors import UsageError
from curate.core.targets import KEYS, SERVICES, Target
from curate.remote import fireworks, together
from curate.remote.endpoint import Endpoint, Place, Service
from curate.remote.prices import Price

CLOSED: Final = (
    "OpenAI closes self-serve fine-tuning to everyone on 2027-01-06: no job can be started at api.openai.com from "
    "then on. Organisations that never "
    "fine-tuned, or have not used a fine-tuned model for 60 days, cannot start one since 2026-05-07 and "
    "2026-07-02. Fine-tuned models answer until "
    "their base model is retired."
)
"""As the service's page of deprecations gives it, read 2026-11."""
ANY: Final = "CURATE_REMOTE_KEY"
"""Environment variable with the key of whichever address the user names."""
OPENAI_PRICES: Final = "OpenAI's price list (platform.openai.com/docs/pricing), as of 2025-11"
OPENAI_HOURS: Final = "OpenAI's billing guide for reinforcement fine-tuning (help.openai.com), read 2026-11"
LONG: Final = 65_536
"""Tokens of an example that OpenAI's newer models train on; the rest is cut off."""

SERVICE: Final[dict[Target, Service]] = {
    service.target: service
    for service in (
        Service(
            Target.OPENAI,
            "OpenAI",
            f"https://{KEYS[Target.OPENAI].hosts[0]}/v1",
            prices=(
                Price("gpt-4.1-nano", 1.5, "million tokens", OPENAI_PRICES, longest=LONG),
                Price("gpt-4.1-mini", 5, "million tokens", OPENAI_PRICES, longest=LONG),
                Price("gpt-4.1", 25, "million tokens", OPENAI_PRICES, longest=LONG),
                Price("gpt-4o-mini", 3, "million tokens", OPENAI_PRICES, ("supervised",), LONG),
                Price("gpt-4o", 25, "million tokens", OPENAI_PRICES, longest=LONG),
                Price("gpt-3.5-turbo", 8, "million tokens", OPENAI_PRICES, ("supervised",), 16_385),
                Price("davinci-002", 6, "million tokens", OPENAI_PRICES, ("supervised",)),
                Price("babbage-002", 0.4, "million tokens", OPENAI_PRICES, ("supervised",)),
                Price("o4-mini", 100, "hour", OPENAI_HOURS, ("reinforcement",)),
            ),
        ),
        Service(
            Target.AZURE, "Azure", example="https://NAME.openai.azure.com/openai/v1"
        ),  # its prices differ by region and tier: the user names them
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


def place_of(target: Target, base_url: str, *, connected: bool, named: bool = False) -> Place:
    """Where a service is. With `connected` off nothing will be sent, so that no address is needed.

    `named`: whether the user named the address, not a configuration. Raises `UsageError` for a target that is no
    service, an address that is none or holds a password, and a service that does not take jobs in OpenAI's way.
    """
    if target not in SERVICES:
        raise UsageError(f"{target}: not a service", f"use one of {', '.join(SERVICES)}")
    service = SERVICE[target]
    if base_url:
        return Place(service, address_of(base_url, "--base-url"), named)
    if connected and service.own:
        raise UsageError(
            f"curate cannot start jobs at {target}: {service.own}",
            "pass an OpenAI-compatible address with --base-url, or use the service's client",
        )
    if connected and not service.address:
        raise UsageError(f"{target}: needs the address of your account", f"add --base-url {service.example}")
    return Place(service, service.address)


def closes(place: Place) -> bool:
    """Whether OpenAI's closing concerns it."""
    return place.host in KEYS[Target.OPENAI].hosts


def endpoint_of(place: Place) -> Endpoint:
    """The service at a place, spoken to with the key that is found for it. Raises `UsageError` where there is none."""
    return (place.service.endpoint or Endpoint)(place, key_of(place))


def key_of(place: Place) -> str:
    """The key for a place. The variable of a service counts for its own hosts alone, so that no key goes to anybody
    else's.

    Raises `UsageError` that says where a key may stand.
    """
    general = ANY if place.named or place.is_its_own else None
    if key := key_for(place.address, general=general):
        return key
    names = [name for name in (general, bound_variable(place.address)) if name]
    first = f"set {' or '.join(names)}, " if names else f"pass the address with --base-url and set {ANY}, "
    raise UsageError(
        f"no API key for {place.host}",
        f"{first}run `keyring set {RING} {place.host}`, or set the variable's name in {user_config_path()}",
    )
