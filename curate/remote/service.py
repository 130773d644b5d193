"""The services: where each is, which key it takes, and whether jobs can be started there in OpenAI's way."""

from dataclasses import dataclass
from typing import Final

from curate.egress import BOUND, address_of, bound_variable, host_of
from curate.errors import UsageError
from curate.targets import SERVICES, Target

CLOSED: Final = (
    "OpenAI closes self-serve fine-tuning to everyone on 2027-01-06: no job can be started at api.openai.com from then on. Organisations that never "
    "fine-tuned, or have not used a fine-tuned model for 60 days, cannot start one since 2026-05-07 and 2026-07-02. Fine-tuned models answer until "
    "their base model is retired."
)
"""As the service's page of deprecations gives it, read 2026-11."""
OPENAI_HOST: Final = BOUND["OPENAI_API_KEY"][0]


@dataclass(frozen=True, slots=True)
class Service:
    """One that trains models."""

    address: str
    """Base of its interface; empty: each customer has an address of their own."""
    variable: str
    """Environment variable that has its key; `curate.egress.BOUND` has the hosts that it may be sent to."""
    epochs: int | None = None
    """Passes over the data where nobody says; None: so many as `curate.stats.usual_epochs` gives."""
    own: str = ""
    """Why jobs cannot be started there: what its own interface is."""
    example: str = ""
    """What an address looks like, where each customer has one."""


SERVICE: Final[dict[Target, Service]] = {
    Target.OPENAI: Service(f"https://{OPENAI_HOST}/v1", "OPENAI_API_KEY"),
    Target.AZURE: Service(
        "",
        "AZURE_OPENAI_API_KEY",
        example="https://NAME.openai.azure.com/openai/v1",
    ),
    Target.TOGETHER: Service("https://api.together.ai/v1", "TOGETHER_API_KEY", 1),
    Target.FIREWORKS: Service("", "FIREWORKS_API_KEY", 1, example="https://api.fireworks.ai/v1/accounts/ACCOUNT"),
    Target.MISTRAL: Service(
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
        None,
        "Mistral takes lists of training files and fields of its own (docs.mistral.ai, read 2026-11)",
    ),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job is to run."""

    target: Target
    address: str
    """Base of the interface, without a slash at its end; empty where none was needed."""
    named: bool = False
    """Whether the user named the address itself, not a configuration."""

    @property
    def host(self) -> str:
        """Name of the host, in lower case."""
        return host_of(self.address)

    @property
    def service(self) -> Service:
        """The service whose rules and prices count."""
        return SERVICE[self.target]

    @property
    def is_its_own(self) -> bool:
        """Whether the host is the service's, so that its key may be sent there."""
        return bound_variable(self.address) == self.service.variable

    @property
    def closes(self) -> bool:
        """Whether OpenAI's closing concerns it."""
        return self.host == OPENAI_HOST


def place_of(target: Target, base_url: str, *, connected: bool, named: bool = False) -> Place:
    """Where a service is. With `connected` off nothing will be sent, so that no address is needed.

    `named`: whether the user named the address, not a configuration. Raises `UsageError` for a target that is no service, an address that is none
    or holds a password, and a service that does not take jobs in OpenAI's way.
    """
    if target not in SERVICES:
        raise UsageError(f"{target}: no service trains for this target", f"--target is one of {', '.join(SERVICES)}")
    service = SERVICE[target]
    if base_url:
        return Place(target, address_of(base_url, "--base-url"), named)
    if connected and service.own:
        raise UsageError(f"jobs cannot be started at {target} from here: {service.own}", "name an OpenAI-style address with --base-url, or use its own client")
    if connected and not service.address:
        raise UsageError(f"{target}: every customer has an address of their own", f"name yours: --base-url {service.example}")
    return Place(target, service.address)
