"""Which e-mail addresses, numbers and IP addresses in a text belong to a person: not those of examples, offices and exercises.

Reports and logs mask more (see `curate.core.masking`): there, a mask that is not needed does no harm.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from curate.core.key_value_secrets import Secret
from curate.core.lazy import lazy_pattern
from curate.core.masking import EMAIL, personal_in
from curate.core.name_servers import NAME_SERVERS

OFFICE_NAMES: Final = frozenset(
    """abuse accounting accounts admin admissions advertising alerts alumni applications archives auctions audit awards
    benefits bids billing bookings budget business careers catering claims clientservices club collaboration
    comms communications community complaints compliance conference consulate contact contactus convenor
    corporate council customercare customers customerservice customersupport customs dataprotection design desk
    developer developers development dispatch distribution donate donations dpo ecustoms editor editorial
    education email embassy engineering enquiries enquiry estimating ethics events exams expo export facilities
    feedback finance freight frontdesk gallery general grants hello help helpdesk hotline hr import info
    information inquiries inquiry investor investors invoice invoices jobs leasing legal library licensing
    logistics mail mailbox maintenance manufacturing marketing media membership museum news newsletter noreply
    notifications office official opencode operations orders overseas parking partners partnerships payments payroll
    permits planning platform policy postmaster pr press privacy procurement production programme project
    projects public publications publicity purchasing quality queries query quotes reception records recruiting recruitment
    registrar registry relations rentals replies reply research reservations retail returns revenue root safety
    sales secretariat secretary security service services shipping shop social staff store studio submissions
    subscribe subscriptions support team technical tenders tickets tours tracking trade training transport
    travel treasury unsubscribe volunteer volunteers warehouse webmaster welcome wholesale""".split()  # noqa: SIM905
)
"""Names of mailboxes that no single person owns, and parts of such names."""
LIST_NAME: Final = lazy_pattern(
    r"(?i)^bugs?-|-(?:dev|devel|users?|list|request|admin|announce|discuss|subscribe|bugs?|people|porters|commits|maintainers|owner)$"
)
"""The name of a mailing list."""
JOINED_NAMES: Final = frozenset(name for name in OFFICE_NAMES if len(name) >= 6) | {"info", "team"}
"""Those found at the beginning or end of a longer word; other short ones are parts of surnames (Rosales)."""
EXAMPLE_NAMES: Final = frozenset(
    """abc address alice aperson bob bperson client customer dev email employee example firstname foo guest jane janedoe janesmith joe john
    johndoe johnsmith lastname login me member myemail myname name nobody person recipient recipients receiver sample sender
    someone somebody student test tester testing testuser to user username xyz you your""".split()  # noqa: SIM905
)
"""Names that stand for any person in documentation."""
EXAMPLE_PART: Final = lazy_pattern(
    r"(?i)^(?:your|my|the|some|any|user|test|example|sample|dummy|fake|sender|recipient|receiver|customer|employee|student|admin)[._+-]?"
    r"(?:e?-?mail|name|address|account|user|id|gmail|[0-9]+)|(?:^|[._])(?:doe|smith|mustermann)[0-9]*$|(?:doe|smith)[0-9]*$|^(?:git|root|ubuntu|ec2-user)$"
)
EXAMPLE_DOMAIN: Final = lazy_pattern(
    r"(?i)^(?:(?:www\.)?(?:server|host|hostname|openssh|libssh|remote|site|website|provider|some\w*|place|foo|bar|local)\.|[a-z]\.[a-z]+$|([a-z])\1\1\."
    r"|[\w.-]*(?:your|my|example|sample|company|acme|dummy|fake|test|placeholder|mydomain|fictional|e?mail-?address|x{4})[\w.-]*\.|[\w.-]+\.gserviceaccount\.com$)"
)
OFFICE_NUMBER: Final = lazy_pattern(
    r"^\(?(?:\+?1[ .-]?)?\(?(?:8(?:00|88|77|66|55|44|33|22)|900)\b|^\+\d{1,3}[ .-]?800\b"
)
"""Toll-free and premium numbers."""
OFFICE_CONTEXT: Final = lazy_pattern(
    r"(?i)\b(?:(?:call|contact|phone|reach|ring) us|fax|office|toll[- ]free|hot ?line|help ?line|customer (?:service|care|support)|call cent(?:er|re)|reservations?|front desk|box office"
    r"|reception|switchboard|helpdesk|lifeline|headquarters|store|shop|restaurant|hotel|clinic|hospital|agency|LLC|Inc|Ltd|properties|website"
    r"|department|division|bureau|commission|institute|university|library|embassy|museum|association"
    r"|calling from|(?:mon|monday)[ -]+(?:fri|friday|sat|saturday))\b[^\n]{0,60}$"
)
"""What stands before the number of an organization."""
OWN_CONTACT: Final = lazy_pattern(r"(?i)\b(?:me|my)\b[^\n]{0,30}$")
"""What stands before the number of the person who writes."""
LOGIN: Final = lazy_pattern(
    r"(?i)[a-z][a-z0-9+.-]*://[^\s/@\"'<>]*$|\b(?:ssh|sftp|ssh-copy-id)(?:\s+-\w+(?:\s+[^\s@-]\S*)?)*\s+[\"']?$"
)
"""What stands before the login of a server, which has the form of an e-mail address."""
LOGIN_BEHIND: Final = lazy_pattern(r":[/~]")
"""The path behind a login, as for scp and git."""
EXERCISE: Final = lazy_pattern(
    r"(?i)\b(?:regex(?:es|p)?|regular expressions?|re\.(?:compile|findall|search|match|sub)|preg_match\w*|subnet\w*|CIDR|netmask|ip ?route|traceroute|ping|nslookup"
    r"|dummy data|sample data|test data|mock data|fake data|random (?:data|users|names)|insert into)\b"
)
"""An exercise about the form of addresses, or about invented rows."""
INVENTED: Final = lazy_pattern(r"(?<![0-9])555[ .-][0-9]{3,4}(?![0-9])|[0-9]{3}[ -]?[xX]{3,}\b")
"""A phone number that is reserved for examples, or whose end is left out; what stands beside it is invented, too."""
RESERVED: Final = lazy_pattern(
    r"\b(?:192\.0\.2|198\.51\.100|203\.0\.113)\.|\b(?:i-)?1234567890(?:12|abcdef0)\b|[A-Z0-9]EXAMPLE[A-Z0-9]*\b"
)
"""Addresses, account numbers and keys that only documentation uses; the other addresses beside them are invented, too."""
WEB_PAGE: Final = lazy_pattern(r"(?i)https?://[^\n]{0,60}$|\bweb ?site\b[^\n]{0,120}(?:\n[^\n]{0,60}){0,2}$")
WEB_PAGE_BEHIND: Final = lazy_pattern(r"(?i)[^\n]{0,3}\n?[^\n\w]{0,4}(?:web ?site\b|https?://)")
"""The page of an organization before or behind its number."""
NO_ADDRESS: Final = lazy_pattern(
    r"(?i)(?:retrieved from|available at|accessed|source:?)\s+\S*$|\b(?:versions?\w{0,5}|clauses?|sections?|releases?|chapters?|v|dns|nameserver|resolver)\b\W*(?:is )?$"
)
"""What stands before a cited page, a version, a section or a public name server."""
MAX_SECTION_NUMBER: Final = 20
"""Four numbers that are all lower are those of a section or a version."""


def personal_data_in(text: str) -> Iterator[Secret]:
    """Find the e-mail addresses, phone numbers and IP addresses in a text that may belong to a person."""
    secrets = list(personal_in(text))
    if not secrets or EXERCISE.search(text):
        return
    values = {secret: text[secret.start : secret.end] for secret in secrets}
    logins = {values[secret] for secret in secrets if _is_login(secret, text)}
    reserved = RESERVED.search(text) is not None
    invented = reserved or INVENTED.search(text) is not None or any(map(_is_example, values.values()))
    for secret in secrets:
        if secret.kind == "IP address":
            if not reserved and _is_machine(secret, text):
                yield secret
        elif not (invented or values[secret] in logins or _is_of_organization(secret, text)):
            yield secret


def _is_example(written: str) -> bool:
    """Whether an e-mail address is one of John Doe, whose neighbours are invented, too."""
    name, separator, _ = written.partition("@")
    return bool(separator) and (name.casefold() in EXAMPLE_NAMES or EXAMPLE_PART.search(name) is not None)


def _is_login(secret: Secret, text: str) -> bool:
    """Whether what looks like an e-mail address is a user name or a password, and the name of a server."""
    before = text[max(0, secret.start - 120) : secret.start]
    return LOGIN.search(before) is not None or LOGIN_BEHIND.match(text, secret.end) is not None


def _is_of_organization(secret: Secret, text: str) -> bool:
    """Whether an e-mail address or a number is that of an organization."""
    written, before = text[secret.start : secret.end], text[max(0, secret.start - 120) : secret.start]
    if secret.kind == "e-mail address":
        name, _, domain = written.partition("@")
        named_alike = name.casefold() == domain.partition(".")[0].casefold()
        return named_alike or _is_office_name(name) or EXAMPLE_DOMAIN.search(domain) is not None
    if OWN_CONTACT.search(before):
        return False
    around = text[max(0, secret.start - 60) : secret.end + 60]
    return (
        any(_is_office_name(match.group().partition("@")[0]) for match in EMAIL.finditer(around))
        or OFFICE_NUMBER.match(written) is not None
        or OFFICE_CONTEXT.search(before) is not None
        or WEB_PAGE.search(before) is not None
        or WEB_PAGE_BEHIND.match(text, secret.end) is not None
    )


@lru_cache(maxsize=4096)
def _is_office_name(name: str) -> bool:
    """Whether a part of a mailbox's name, or the beginning or end of one, names an office."""
    parts = [part.strip("0123456789") for part in re.split(r"[._+-]", name.casefold())]
    return LIST_NAME.search(name) is not None or any(
        part in OFFICE_NAMES
        or any(part[:size] in JOINED_NAMES or part[-size:] in JOINED_NAMES for size in range(4, len(part)))
        for part in parts
    )


def _is_machine(secret: Secret, text: str) -> bool:
    """Whether four numbers are the address of a machine, neither a version nor a network."""
    written = text[secret.start : secret.end]
    return not (
        written in NAME_SERVERS
        or written == "12.34.56.78"
        or all(int(number) < MAX_SECTION_NUMBER for number in written.split("."))
        or (text.startswith("/", secret.end) and text[secret.end + 1 : secret.end + 2].isdigit())
        or NO_ADDRESS.search(text[max(0, secret.start - 60) : secret.start])
    )
