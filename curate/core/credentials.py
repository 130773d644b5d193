"""Find keys, tokens and passwords in a text.

    keys_in          complete keys of a published format (`FORMATS`) and passwords in URLs: what S001 reports
    credentials_in   all that is masked: these, keys of another length or truncated, and values after the name of a
                     secret (`key_value_secrets`)

Each search starts at a text that `str.find` found and continues after the text that it read, so its time is linear.

A format is a fixed beginning, characters and a length; the source of each one is named. To add one, add a row to
`FORMATS`; `tests/hostile/test_secret_kinds.py` makes a key of each row and looks for it in all output.
"""

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Final

from curate.core.characters import UNSEEN
from curate.core.key_value_secrets import Secret, assigned_in, is_password
from curate.core.lazy import lazy_pattern

LETTERS: Final = "A-Za-z0-9"
WORD: Final = "A-Za-z0-9_-"
DOTTED: Final = "A-Za-z0-9_.=-"
BASE64: Final = "A-Za-z0-9+/=_-"
HEX: Final = "A-Fa-f0-9"
UPPER: Final = "A-Z0-9"
GITLEAKS: Final = "config/gitleaks.toml of gitleaks (MIT), commit 009e025, read on 2026-11-30"
COMMON: Final = "detectors of several open-source scanners that agree, read on 2026-11-30"
"""For services that gitleaks has no rule for: Groq, xAI, Replicate, Docker and others."""
RFC: Final = "RFC 7519 (JSON web token), RFC 7468 (PEM)"


class TokenFormat:
    """A kind of key: it begins with one of `starts`, followed by characters of a class."""

    def __init__(
        self,
        kind: str,
        starts: tuple[str, ...],
        chars: str,
        least: int,
        source: str,
        *,
        rest: str = "",
        word: bool = False,
        reported: bool = True,
    ) -> None:
        """`chars`: what follows, as the inside of a character class; `least`: the fewest of these in a key."""
        self.kind, self.starts, self.chars, self.least, self.source = kind, starts, chars, least, source
        self.rest = rest or f"[{chars}]{{{least},}}"
        """What follows the beginning of a complete key, as a pattern."""
        self.word = word
        """Whether the beginning is so short that it may not follow a letter or a digit."""
        self.reported = reported
        """Whether S001 reports it. A beginning of few characters, or one with digits, which the scan of large files
        cannot search, is only masked.
        """

    @cached_property
    def pattern(self) -> str:
        """A complete key, as a pattern."""
        starts = "|".join(map(re.escape, self.starts))
        return f"{'(?<![A-Za-z0-9])' if self.word else ''}(?:{starts})(?:{self.rest})"

    @cached_property
    def complete(self) -> re.Pattern[str]:
        """Matches what follows the beginning of a complete key."""
        return re.compile(self.rest)

    @cached_property
    def run(self) -> re.Pattern[str]:
        """Matches all characters behind the beginning that can belong to the key."""
        return re.compile(f"[{self.chars}]*")


FORMATS: Final = (
    TokenFormat(
        "AWS access key", ("AKIA", "ASIA"), UPPER, 16, GITLEAKS, rest=r"[A-Z0-9]{16}(?![A-Za-z0-9])",
        word=True,
    ),
    TokenFormat("AWS access key", ("ABIA", "ACCA"), UPPER, 16, GITLEAKS, word=True, reported=False),
    TokenFormat("GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), LETTERS, 36, GITLEAKS),
    TokenFormat("GitHub token", ("github_pat_",), "A-Za-z0-9_", 50, GITLEAKS),
    TokenFormat("GitLab token", ("glpat-",), DOTTED, 20, GITLEAKS, rest=r"[A-Za-z0-9_-]{20,}(?:\.[a-z0-9]{9})?"),
    TokenFormat(
        "GitLab token", ("gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "gloas-", "glsoat-",
        "glffct-"), WORD, 20, GITLEAKS,
    ),
    TokenFormat("GitLab token", ("GR1348941",), WORD, 20, GITLEAKS, reported=False),
    TokenFormat(
        "API key", ("sk-",), WORD, 20, GITLEAKS, word=True,
        rest=r"(?=[A-Za-z0-9_-]{0,200}[0-9])(?=[A-Za-z0-9_-]{0,200}[A-Za-z])[A-Za-z0-9_-]{20,}",
    ),
    TokenFormat(
        "Slack token", ("xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-"), WORD, 10,
        GITLEAKS,
    ),
    TokenFormat("Slack token", ("xoxe.xox",), DOTTED, 20, GITLEAKS, reported=False),
    TokenFormat(
        "Slack webhook", ("https://hooks.slack.com/services/",), "A-Za-z0-9/", 40, GITLEAKS,
        rest=r"T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{20,}",
    ),
    TokenFormat(
        "Slack webhook", ("https://hooks.slack.com/workflows/", "https://hooks.slack.com/triggers/"),
        "A-Za-z0-9/", 40, GITLEAKS, reported=False,
    ),
    TokenFormat("Google API key", ("AIza",), WORD, 35, GITLEAKS, rest=r"[A-Za-z0-9_-]{35}"),
    TokenFormat("Google OAuth secret", ("GOCSPX-",), WORD, 20, COMMON),
    TokenFormat("Google OAuth token", ("ya29.",), DOTTED, 20, COMMON, word=True, reported=False),
    TokenFormat("Google OAuth token", ("1//0",), WORD, 30, COMMON, word=True, reported=False),
    TokenFormat("Stripe key", ("sk_live_", "rk_live_"), LETTERS, 16, GITLEAKS, word=True),
    TokenFormat(
        "Stripe key", ("sk_test_", "rk_test_", "sk_prod_", "rk_prod_"), LETTERS, 10, GITLEAKS, word=True, reported=False
    ),
    TokenFormat("Stripe webhook secret", ("whsec_",), BASE64, 24, COMMON, reported=False),
    TokenFormat("Hugging Face token", ("hf_",), LETTERS, 30, GITLEAKS, word=True),
    TokenFormat("Hugging Face token", ("api_org_",), LETTERS, 34, GITLEAKS),
    TokenFormat("npm token", ("npm_",), LETTERS, 36, GITLEAKS, rest=r"[A-Za-z0-9]{36}"),
    TokenFormat(
        "JSON web token", ("eyJ",), DOTTED, 40, RFC, word=True,
        rest=r"[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    ),
    TokenFormat("Groq key", ("gsk_",), LETTERS, 48, COMMON, word=True),
    TokenFormat("xAI key", ("xai-",), "A-Za-z0-9_", 48, COMMON, word=True),
    TokenFormat("Replicate token", ("r8_",), WORD, 37, COMMON, word=True, reported=False),
    TokenFormat("Perplexity key", ("pplx-",), LETTERS, 48, GITLEAKS, word=True),
    TokenFormat("NVIDIA key", ("nvapi-",), WORD, 50, COMMON, word=True),
    TokenFormat("Fireworks key", ("fw_",), LETTERS, 20, COMMON, word=True, reported=False),
    TokenFormat("Together key", ("tgp_v1_",), WORD, 40, COMMON),
    TokenFormat("Cerebras key", ("csk-",), LETTERS, 40, COMMON, word=True),
    TokenFormat("LangSmith key", ("lsv2_pt_", "lsv2_sk_"), "a-f0-9_", 32, COMMON, reported=False),
    TokenFormat("Pinecone key", ("pcsk_",), "A-Za-z0-9_", 40, COMMON, word=True),
    TokenFormat("DigitalOcean token", ("dop_v1_", "doo_v1_", "dor_v1_"), HEX, 64, GITLEAKS),
    TokenFormat("Databricks token", ("dapi",), "a-f0-9-", 32, GITLEAKS, word=True, rest=r"[a-f0-9]{32}(?:-[0-9])?"),
    TokenFormat("Docker token", ("dckr_pat_", "dckr_oat_"), WORD, 20, COMMON),
    TokenFormat("PyPI token", ("pypi-",), WORD, 50, GITLEAKS, word=True),
    TokenFormat("RubyGems key", ("rubygems_",), HEX, 48, GITLEAKS),
    TokenFormat("Clojars token", ("CLOJARS_",), LETTERS, 60, GITLEAKS),
    TokenFormat("NuGet key", ("oy2",), "a-z0-9", 43, COMMON, word=True, reported=False),
    TokenFormat("Shopify token", ("shpat_", "shpca_", "shppa_", "shpss_"), HEX, 32, GITLEAKS),
    TokenFormat("SendGrid key", ("SG.",), DOTTED, 60, GITLEAKS, word=True),
    TokenFormat("Brevo key", ("xkeysib-", "xsmtpsib-"), WORD, 64, GITLEAKS),
    TokenFormat("Mailgun key", ("key-", "pubkey-"), "a-f0-9", 32, GITLEAKS, word=True, reported=False),
    TokenFormat("Twilio key", ("SK",), "a-f0-9", 32, GITLEAKS, word=True, reported=False),
    TokenFormat("Vault token", ("hvs.", "hvb.", "hvr."), WORD, 24, GITLEAKS, word=True),
    TokenFormat(
        "Doppler token", ("dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."), DOTTED, 40,
        GITLEAKS,
    ),
    TokenFormat("Dropbox token", ("sl.",), DOTTED, 60, GITLEAKS, word=True, reported=False),
    TokenFormat("Dynatrace token", ("dt0c01.",), DOTTED, 60, GITLEAKS, reported=False),
    TokenFormat("Atlassian token", ("ATATT3", "ATBB", "ATCTT3"), BASE64, 32, GITLEAKS, word=True, reported=False),
    TokenFormat("Grafana token", ("glsa_", "glc_"), BASE64, 32, GITLEAKS, word=True),
    TokenFormat("Heroku key", ("HRKU-",), WORD, 36, GITLEAKS),
    TokenFormat(
        "HubSpot token", ("pat-na1-", "pat-na2-", "pat-eu1-"), "a-f0-9-", 36, COMMON, word=True,
        reported=False,
    ),
    TokenFormat("Linear key", ("lin_api_", "lin_oauth_"), LETTERS, 40, GITLEAKS),
    TokenFormat("New Relic key", ("NRAK-", "NRII-", "NRJS-"), WORD, 19, GITLEAKS),
    TokenFormat("Notion token", ("ntn_",), LETTERS, 40, GITLEAKS, word=True),
    TokenFormat("PlanetScale token", ("pscale_tkn_", "pscale_oauth_", "pscale_pw_"), DOTTED, 32, GITLEAKS),
    TokenFormat("Postman key", ("PMAK-",), WORD, 50, GITLEAKS),
    TokenFormat("Prefect key", ("pnu_",), LETTERS, 36, GITLEAKS, word=True),
    TokenFormat("Pulumi token", ("pul-",), "a-f0-9", 40, GITLEAKS, word=True),
    TokenFormat("ReadMe token", ("rdme_",), LETTERS, 70, GITLEAKS, word=True),
    TokenFormat("Sentry token", ("sntrys_", "sntryu_"), BASE64, 40, GITLEAKS),
    TokenFormat("Shippo token", ("shippo_live_", "shippo_test_"), HEX, 40, GITLEAKS),
    TokenFormat("Sourcegraph token", ("sgp_", "slk_"), "A-Fa-f0-9_", 40, GITLEAKS, word=True),
    TokenFormat("Square token", ("sq0atp-", "sq0csp-", "sq0idp-"), WORD, 22, GITLEAKS),
    TokenFormat("Square token", ("EAAA",), WORD, 22, GITLEAKS, word=True, reported=False),
    TokenFormat("Facebook token", ("EAAC", "EAAM", "EAAB", "EAAG"), LETTERS, 60, GITLEAKS, word=True, reported=False),
    TokenFormat("Supabase key", ("sbp_", "sb_secret_"), WORD, 22, COMMON, word=True),
    TokenFormat("Figma token", ("figd_",), WORD, 20, COMMON, word=True),
    TokenFormat("Tailscale key", ("tskey-",), WORD, 20, COMMON),
    TokenFormat("Typeform token", ("tfp_",), DOTTED, 40, GITLEAKS, word=True),
    TokenFormat("Alibaba access key", ("LTAI",), LETTERS, 16, GITLEAKS, word=True, reported=False),
    TokenFormat("Artifactory token", ("AKCp", "cmVmd"), LETTERS, 59, GITLEAKS, word=True),
    TokenFormat("Duffel token", ("duffel_live_", "duffel_test_"), BASE64, 40, GITLEAKS),
    TokenFormat("EasyPost key", ("EZAK", "EZTK"), LETTERS, 54, GITLEAKS, word=True),
    TokenFormat("Flutterwave key", ("FLWSECK-", "FLWSECK_TEST-"), WORD, 12, GITLEAKS),
    TokenFormat("Fly.io token", ("fo1_", "fm1a_", "fm1r_", "fm2_"), BASE64, 43, GITLEAKS, word=True, reported=False),
    TokenFormat("Frame.io token", ("fio-u-",), WORD, 60, GITLEAKS),
    TokenFormat("Infracost key", ("ico-",), LETTERS, 32, GITLEAKS, word=True),
    TokenFormat("1Password key", ("ops_eyJ",), BASE64, 60, GITLEAKS, reported=False),
    TokenFormat("1Password key", ("A3-",), "A-Z0-9-", 32, GITLEAKS, word=True, reported=False),
    TokenFormat("age key", ("AGE-SECRET-KEY-1",), UPPER, 58, GITLEAKS),
    TokenFormat("OpenShift token", ("sha256~",), WORD, 43, GITLEAKS, reported=False),
    TokenFormat("Octopus Deploy key", ("API-",), UPPER, 26, GITLEAKS, word=True),
    TokenFormat("Yandex key", ("AQVN",), WORD, 35, GITLEAKS, word=True),
    TokenFormat("PostHog key", ("phx_",), "A-Za-z0-9_", 40, COMMON, word=True),
    TokenFormat("Resend key", ("re_",), "A-Za-z0-9_", 24, COMMON, word=True, reported=False),
    TokenFormat("Razorpay key", ("rzp_live_", "rzp_test_"), LETTERS, 14, COMMON),
    TokenFormat("private key", ("LS0tLS1CRUdJTi",), BASE64, 60, RFC, reported=False),
    TokenFormat(
        "Discord webhook", ("discord.com/api/webhooks/", "discordapp.com/api/webhooks/"), "A-Za-z0-9_/-", 60, COMMON,
        reported=False,
    ),
    TokenFormat("Teams webhook", (".webhook.office.com/webhookb2/",), "A-Za-z0-9_@/-", 60, GITLEAKS, reported=False),
    TokenFormat("Zapier webhook", ("hooks.zapier.com/hooks/catch/",), "A-Za-z0-9/", 10, COMMON, reported=False),
)  # fmt: skip
"""Ordered by kind of service. The characters of a row are those of a key, without the characters around it."""
SHAPES: Final = {
    "Telegram token": (":A", r"(?<![0-9])[0-9]{5,16}:A[A-Za-z0-9_-]{30,}", GITLEAKS),
    "Discord token": (
        ".", r"[MNO](?<![A-Za-z0-9_-][MNO])[A-Za-z0-9_-]{22,28}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{25,}", COMMON
    ),
    "Mailchimp key": ("-us", r"(?<![a-f0-9])[a-f0-9]{32}-us[0-9]{1,2}", GITLEAKS),
    "Azure client secret": ("Q~", r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{30,}", GITLEAKS),
    "Terraform token": (".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{40,}", GITLEAKS),
    "Airtable token": ("pat", r"pat(?<![A-Za-z0-9]pat)[A-Za-z0-9]{14}\.[a-f0-9]{64}", GITLEAKS),
    "Harness token": ("at.", r"[ps]at\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}", GITLEAKS),
    "MaxMind key": ("_mmk", r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk", GITLEAKS),
    "LaunchDarkly key": ("-", r"(?<![a-z0-9])(?:sdk|mob|api)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", COMMON),
    "Facebook token": ("|", r"(?<![0-9])[0-9]{15,16}\|[A-Za-z0-9_-]{27,40}", GITLEAKS),
    "Plaid token": ("access-", r"access-(?:sandbox|development|production)-[0-9a-f-]{36}", GITLEAKS),
}  # fmt: skip
"""Formats without a fixed beginning, which are only masked: kind, text that is in each key, pattern, source."""
PRIVATE_KEY: Final = "private key"
URL_PASSWORD: Final = "password in a URL"  # noqa: S105 (the name of a kind)
PEM_NAME: Final = r"(?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY"
PEM_HEADERS: Final = r"(?:\s{0,4}(?:Proc-Type|DEK-Info|Version|Comment|Hash): [^\n]{0,200}){0,4}"
KEYS: Final = {
    PRIVATE_KEY: (
        rf"-----BEGIN {PEM_NAME}(?: BLOCK)?-----{PEM_HEADERS}(?:[^-]{{16,}}(?:-----END {PEM_NAME}(?: BLOCK)?-----)?)"
    ),
    **{
        kind: "|".join(key_format.pattern for key_format in FORMATS if key_format.reported and key_format.kind == kind)
        for kind in dict.fromkeys(key_format.kind for key_format in FORMATS if key_format.reported)
    },
    URL_PASSWORD: r"[a-z][a-z0-9+]{2,11}://[^\s:/@\"'<>\[\]{}$]{1,64}:[^\s:/@\"'<>\[\]{}$*]{4,64}@[\w.-]+",
}
"""What S001 reports: kinds, and patterns of complete keys."""
EXAMPLE_KEY: Final = lazy_pattern(
    r"(?i)xxxx|1234567890|abcdefghij|your|example\.(?:com|org)|:(?:pass(?:word)?|secret|pwd|token|mypass\w*|user|guest|postgres|root|admin)@|localhost|127\.0\.0\.1|\*\*|\.\.\."
)
"""Parts of example keys in documentation, which S001 does not report."""
PLACEHOLDER_KEY: Final = lazy_pattern(r"xxxx|XXXX|1234567890|abcdefghij|(?i:(?<![a-z0-9])your)|\*\*|\.\.\.")
"""Parts of example keys that are in no real one, so that the key is shown."""
STARTS: Final = tuple((start, key_format) for key_format in FORMATS for start in key_format.starts)
KEY_STARTS: Final = tuple(
    "hooks.slack" if "/" in start else start
    for start, key_format in STARTS
    if key_format.reported and not key_format.word
)
"""A part of every key that S001 reports, except of passwords and of keys that begin a word."""
WORD_STARTS: Final = tuple(start for start, key_format in STARTS if key_format.reported and key_format.word)
KEY_HINTS: Final = "|".join(map(re.escape, ("PRIVATE KEY", *KEY_STARTS, *WORD_STARTS))) + r"|://[^\s/@]+@"
"""A part of every key that S001 reports, for a fast first search; few texts are searched further."""

BLOCKS: Final = (
    ("-----BEGIN", lazy_pattern(f"-----BEGIN {PEM_NAME}"), lazy_pattern(r"-----END[^-\n]{0,80}-----")),
    ("PuTTY-User-Key-File-", lazy_pattern("PuTTY-User-Key-File-"), lazy_pattern(r"Private-MAC: \w+")),
)
"""Private keys of several lines: a text in each, beginning and end."""
SHAPE_PATTERNS: Final = tuple((kind, mark, lazy_pattern(pattern)) for kind, (mark, pattern, _) in SHAPES.items())
UNBROKEN: Final = lazy_pattern(r"[^\s\"'<>`…]{0,512}")
"""What follows `://`, up to the first character that belongs to no URL."""
PORT: Final = lazy_pattern(r"[0-9]{1,5}(?:[^0-9A-Za-z@]|\Z)")
SCHEME: Final = lazy_pattern(r"[A-Za-z][A-Za-z0-9+.-]{0,20}\Z")
HOST: Final = lazy_pattern(r"[\w.-]*")
TOKEN_NAME: Final = lazy_pattern(r"[A-Za-z0-9_-]{16,}")
STRETCH: Final = lazy_pattern(r"[A-Za-z0-9_~./+=|:@-]{10,}")
"""Characters of keys, as many as the shortest beginning and `MIN_CUT` others."""
MIN_CUT: Final = 8
"""Minimum number of characters behind the beginning of a key for which it is masked; before an ellipsis, one is enough.
"""
KEY_CHAR: Final = lazy_pattern("[0-9A-Z]")
"""A key has a digit or a capital; a name of a program such as `sk-learn` has none."""


def keys_in(text: str) -> Iterator[Secret]:
    """Find complete keys and passwords in URLs, also if they contain invisible characters."""
    return _with_hidden(text, complete_keys)


def credentials_in(text: str) -> Iterator[Secret]:
    """Find all keys, tokens and passwords that may not be shown."""
    return _with_hidden(text, _credentials)


def _with_hidden(text: str, finder: Callable[[str], Iterator[Secret]]) -> Iterator[Secret]:
    """What `finder` finds in a text and in the text without invisible characters, by positions in the text."""
    secrets = list(finder(text))
    if not text.isascii() and UNSEEN.search(text):
        visible_positions = [position for position, char in enumerate(text) if not UNSEEN.match(char)]
        unhidden = [
            Secret(visible_positions[start], visible_positions[end - 1] + 1, kind)
            for start, end, kind in finder(UNSEEN.sub("", text))
        ]
        secrets = [
            *unhidden,
            *(
                secret
                for secret in secrets
                if all(secret.end <= key.start or key.end <= secret.start for key in unhidden)
            ),
        ]
    yield from secrets


def complete_keys(text: str, *, anywhere: bool = False) -> Iterator[Secret]:
    """Find complete keys; with `anywhere`, also those right after a letter."""
    for start, key_format in STARTS:
        if key_format.reported and start in text:
            for position, _ in _key_stretches(text, start, key_format, anywhere=anywhere):
                match = key_format.complete.match(text, position + len(start))
                if match and not EXAMPLE_KEY.search(text[position : match.end()]):
                    yield Secret(position, match.end(), key_format.kind)
    for kind, mark in ((PRIVATE_KEY, "-----BEGIN"), (URL_PASSWORD, "://")):
        for pem_or_url in re.finditer(KEYS[kind], text) if mark in text else ():
            if not EXAMPLE_KEY.search(pem_or_url.group()):
                yield Secret(pem_or_url.start(), pem_or_url.end(), kind)


def _credentials(text: str) -> Iterator[Secret]:
    """As `credentials_in`, without keys that contain invisible characters."""
    # Only long runs of key characters hold a key, unless it is truncated; most texts have few of them.
    stretches = text if "…" in text else " ".join(STRETCH.findall(text))
    if stretches:
        yield from _keys_by_format(text, stretches)
    for mark, begins, ends in BLOCKS:
        if mark in text:
            yield from _private_key_blocks(text, begins, ends)
    if "://" in text:
        yield from _url_passwords(text)
    yield from assigned_in(text)


def _keys_by_format(text: str, stretches: str) -> Iterator[Secret]:
    """Keys by their beginning or shape, also of another length than the complete ones, or cut. `stretches`: the part of
    the text in which keys can begin.
    """
    for start, key_format in STARTS:
        if start in stretches:
            for position, end in _key_stretches(text, start, key_format):
                body = text[position + len(start) : end]
                is_key = (body and text.startswith("…", end)) or (len(body) >= MIN_CUT and KEY_CHAR.search(body))
                if is_key and not PLACEHOLDER_KEY.search(text, position, end):
                    yield Secret(position, end, key_format.kind)
    for kind, mark, pattern in SHAPE_PATTERNS:
        for match in pattern.finditer(text) if mark in stretches else ():
            yield Secret(match.start(), match.end(), kind)


def _key_stretches(
    text: str, start: str, key_format: TokenFormat, *, anywhere: bool = False
) -> Iterator[tuple[int, int]]:
    """Start and end of each stretch of `text` that may be a key: `start` and the characters after it that a key of this
    format can have. With `anywhere`, also right after a letter.
    """
    position = text.find(start)
    while position >= 0:
        if (
            key_format.word
            and not anywhere
            and position
            and text[position - 1].isalnum()
            and text[position - 1].isascii()
        ):
            position = text.find(start, position + 1)
            continue
        end = key_format.run.match(text, position + len(start)).end()  # type: ignore[union-attr]
        yield position, end
        position = text.find(start, max(position + len(start), end - len(start) + 1))


def _private_key_blocks(text: str, begins: re.Pattern[str], ends: re.Pattern[str]) -> Iterator[Secret]:
    """Private keys of several lines; one without an end line extends to the end of the text."""
    match = begins.search(text)
    while match:
        end = ends.search(text, match.end())
        yield Secret(match.start(), end.end() if end else len(text), PRIVATE_KEY)
        match = begins.search(text, end.end()) if end else None


def _url_passwords(text: str) -> Iterator[Secret]:
    """Addresses with a password, or with a token in the place of a name."""
    position = text.find("://")
    while position >= 0:
        begin = position + 3
        end = UNBROKEN.match(text, begin).end()  # type: ignore[union-attr]
        address = text[begin:end]
        name, colon, rest = address.partition(":")
        last = address.rfind("@")
        after = begin + last + 1
        is_secret = False
        if colon and "/" not in name and "@" not in name and not PORT.match(rest):
            if last > len(name):
                is_secret = is_password(address[len(name) + 1 : last])
            elif rest and (text.startswith("…", end) or len(address) == 512):
                is_secret, after = True, end
        if not is_secret and last > 0 and (user := TOKEN_NAME.match(address)) and address.startswith("@", user.end()):
            is_secret, after = bool(KEY_CHAR.search(user.group())), begin + user.end() + 1
        if is_secret:
            scheme = SCHEME.search(text[max(0, position - 21) : position])
            host = HOST.match(text, after).end()  # type: ignore[union-attr]
            yield Secret(position - len(scheme.group() if scheme else ""), host, URL_PASSWORD)
        position = text.find("://", after if is_secret else begin)
