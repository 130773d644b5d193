"""Formats of the keys and tokens of services: fixed beginning, characters, length.

The formats are facts; the source of each one is named. To add one, add a row; `tests/hostile/test_secret_kinds.py`
makes a key of each row and looks for it in all output.
"""

import re
from functools import cached_property
from typing import Final

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
