"""Which e-mail addresses, numbers and IP addresses in a text belong to a person: not those of examples, offices and exercises.

Reports and logs mask more (see `curate.core.masking`): there, an address too many costs nothing.
"""

import re
from collections.abc import Iterator
from typing import Final

from curate.core.key_value_secrets import Secret
from curate.core.lazy import lazy_pattern
from curate.core.masking import personal_in

OFFICE_NAMES: Final = frozenset(
    """abuse accounting accounts admin admissions advertising alerts billing bookings business careers clientservices club
    community compliance contact contactus convenor customercare customerservice customersupport desk dpo editor editorial
    email enquiries enquiry events feedback finance frontdesk general hello help helpdesk hr info information inquiries
    inquiry invoice invoices jobs legal library mail mailbox marketing media membership news newsletter noreply notifications office
    operations orders payments postmaster pr press privacy public publicity recruiting recruitment registrar replies reply reservations
    returns root sales secretary security service services shop social staff store subscribe subscriptions support team
    technical tickets unsubscribe volunteer warehouse webmaster welcome""".split()  # noqa: SIM905
)
"""Names of mailboxes that no single person owns."""
EXAMPLE_NAMES: Final = frozenset(
    """abc address alice bob client customer dev email employee example firstname foo guest jane janedoe janesmith joe john
    johndoe johnsmith lastname login me member myemail myname name nobody person recipient recipients receiver sample sender
    someone somebody student test tester testing testuser to user username xyz you your""".split()  # noqa: SIM905
)
"""Names that stand for any person in documentation."""
EXAMPLE_PART: Final = lazy_pattern(
    r"(?i)^(?:your|my|the|user|test|example|sample|dummy|fake|sender|recipient|receiver|customer|employee|student|admin)[._+-]?"
    r"(?:e?-?mail|name|address|account|user|id|gmail|[0-9]+)|(?:^|[._])(?:doe|smith|mustermann)[0-9]*$|(?:doe|smith)[0-9]*$|^(?:git|root|ubuntu|ec2-user)$"
)
EXAMPLE_DOMAIN: Final = lazy_pattern(
    r"(?i)^(?:(?:www\.)?(?:server|host|hostname|remote|site|website|provider|somewhere|some|place|foo|bar|local)\.|[a-z]\.[a-z]+$"
    r"|[\w.-]*(?:your|my|example|sample|company|acme|dummy|fake|test|placeholder|mydomain|fictional)[\w.-]*\.|[\w.-]+\.gserviceaccount\.com$)"
)
OFFICE_NUMBER: Final = re.compile(r"^\(?(?:\+?1[ .-]?)?\(?(?:8(?:00|88|77|66|55|44|33|22)|900)\b|^\+\d{1,3}[ .-]?800\b")
"""Toll-free and premium numbers."""
OFFICE_CONTEXT: Final = lazy_pattern(
    r"(?i)\b(?:fax|office|toll[- ]free|hot ?line|help ?line|customer (?:service|care|support)|call cent(?:er|re)|reservations?|front desk|box office"
    r"|reception|switchboard|helpdesk|lifeline|headquarters|store|shop|restaurant|hotel|clinic|hospital|agency|LLC|Inc|Ltd|properties|website"
    r"|department|division|bureau|commission|institute|university|library|embassy|museum|association)\b[^\n]{0,60}$"
)
"""What stands before the number of an organization."""
EXERCISE: Final = lazy_pattern(
    r"(?i)\b(?:regex(?:es|p)?|regular expressions?|re\.(?:compile|findall|search|match|sub)|preg_match\w*|subnet\w*|CIDR|netmask|ip ?route|traceroute|ping|nslookup"
    r"|dummy data|sample data|test data|mock data|fake data|random (?:data|users|names)|insert into)\b"
)
"""An exercise about the form of addresses, or about invented rows."""
INVENTED: Final = lazy_pattern(r"(?<![0-9])555[ .-][0-9]{3,4}(?![0-9])")
"""A number that is reserved for examples; what stands beside it is invented, too."""
WEB_PAGE: Final = lazy_pattern(r"https?://[^\n]{0,60}$")
WEB_PAGE_BEHIND: Final = lazy_pattern(r"[^\n]{0,3}\n?[^\n\w]{0,4}(?:web ?site\b|https?://)")
"""The page of an organization before or behind its number."""
NO_ADDRESS: Final = lazy_pattern(
    r"(?i)(?:retrieved from|available at|accessed|source:?)\s+\S*$|\b(?:versions?|clauses?|sections?|releases?|chapters?|v|dns|nameserver|resolver)\b\W*(?:is )?$"
)
"""What stands before a cited page, a version, a section or a public name server."""
MAX_SECTION_NUMBER: Final = 20
"""Four numbers that are all lower are those of a section or a version."""
RESOLVERS: Final = frozenset(
    ("1.0.0.1", "4.2.2.1", "4.2.2.2", "9.9.9.9", "149.112.112.112", "208.67.220.220", "208.67.222.222")
)
"""Public name servers, besides those of `personal_in`."""


def personal_data_in(text: str) -> Iterator[Secret]:
    """Find the e-mail addresses, phone numbers and IP addresses in a text that may belong to a person."""
    found = list(personal_in(text))
    if not found or EXERCISE.search(text):
        return
    invented = INVENTED.search(text) is not None or any(
        _is_example(text[secret.start : secret.end]) for secret in found
    )
    for secret in found:
        if secret.kind == "IP address":
            if _is_machine(secret, text):
                yield secret
        elif not (invented or _is_offices(secret, text)):
            yield secret


def _is_example(written: str) -> bool:
    """Whether an e-mail address is one of John Doe, whose neighbours are invented, too."""
    name, at, _ = written.partition("@")
    return bool(at) and (name.casefold() in EXAMPLE_NAMES or EXAMPLE_PART.search(name) is not None)


def _is_offices(secret: Secret, text: str) -> bool:
    """Whether an e-mail address or a number is that of an organization."""
    written, before = text[secret.start : secret.end], text[max(0, secret.start - 120) : secret.start]
    if secret.kind == "e-mail address":
        name, _, domain = written.partition("@")
        return name.casefold() in OFFICE_NAMES or EXAMPLE_DOMAIN.search(domain) is not None
    return (
        OFFICE_NUMBER.match(written) is not None
        or OFFICE_CONTEXT.search(before) is not None
        or WEB_PAGE.search(before) is not None
        or WEB_PAGE_BEHIND.match(text, secret.end) is not None
    )


def _is_machine(secret: Secret, text: str) -> bool:
    """Whether four numbers are the address of a machine, neither a version nor a network."""
    written = text[secret.start : secret.end]
    return not (
        written in RESOLVERS
        or all(int(number) < MAX_SECTION_NUMBER for number in written.split("."))
        or (text.startswith("/", secret.end) and text[secret.end + 1 : secret.end + 2].isdigit())
        or NO_ADDRESS.search(text[max(0, secret.start - 60) : secret.start])
    )
