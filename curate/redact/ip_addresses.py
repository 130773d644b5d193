"""Which IP addresses are those of a host of somebody."""

import ipaddress
from typing import Final

from curate.core.name_servers import NAME_SERVERS

GATEWAYS: Final = frozenset(
    (
        "192.168.0.1",
        "192.168.1.1",
        "192.168.1.254",
        "192.168.2.1",
        "192.168.178.1",
        "10.0.0.1",
        "10.0.0.138",
        "172.17.0.1",
    )
)
"""Addresses that routers have when they are sold, and that of Docker's bridge."""


def is_host_address(text: str) -> bool:
    """Whether it is an IP address of a host, not of a network, a loopback or a public resolver."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    is_of_no_person = (
        address.is_loopback
        or address.is_unspecified
        or address.is_multicast
        or _is_documented(text)
        or text.startswith("255.")
        or text in GATEWAYS
    )
    return not (is_of_no_person or text.endswith(".0") or text in NAME_SERVERS)


def _is_documented(text: str) -> bool:
    """Whether it is an IP address for documentation (RFC 5737, RFC 3849), such as those that are invented."""
    return text.lower().startswith(("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:"))
