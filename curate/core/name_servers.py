"""Addresses of public name servers, which belong to no person."""

from typing import Final

NAME_SERVERS: Final = frozenset(
    """1.0.0.1 1.1.1.1 4.2.2.1 4.2.2.2 8.8.4.4 8.8.8.8 9.9.9.9 149.112.112.112 208.67.220.220
    208.67.222.222""".split()  # noqa: SIM905
)
