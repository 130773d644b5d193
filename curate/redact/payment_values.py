"""Forms of what a payment needs beside the number of a card or an account: expiry dates, codes, banks and wallets."""

import re
from typing import Final

from curate.core.lazy import lazy_pattern
from curate.redact.form import DIGIT, LONG_NUMBER, HintParts, Hints, ValueForm, anywhere, named, stdnum, unspaced
from curate.redact.value_patterns import FREE_GAP

CARD_DIGITS: Final = r"(?<![\w.-])(?:[2-6]\d{3}(?:[ -]?\d{4}){3}|3[47]\d{2}[ -]?\d{6}[ -]?\d{5})"
EXPIRY_DATE: Final = r"(?:0?[1-9]|1[0-2]) ?[/-] ?(?:20)?[2-4]\d"
"""A month and a year of two or four digits."""
EXPIRY_WORDS: Final = (
    r"exp(?!\()\.?(?:[ _-]?date)?|expir(?:y|ation|es|ing)(?:[ _-]?date)?(?: of (?:the|my) card)?|card exp\w*|"
    r"valid(?:ity)? "
    r"(?:thru|through|till?|until|to)|good thru|gültig (?:bis|ab)|ablaufdatum(?: der karte)?|verfallsdatum|caduc\w+"
    r"(?: de (?:la|mi) tarjeta)?|vencimiento(?: de (?:la|mi) tarjeta)?|vence(?: el)?|validade(?: do cart[ãa]o)?|"
    r"v[áa]lido at[ée]|date d['’]expiration(?: de (?:la|ma) carte)?|expire(?: le| en| fin)?|"
    r"scadenza(?:(?: della)? carta)?|"
    r"scade(?: il)?|geldig tot|vervaldatum(?: van (?:de|mijn) kaart)?|data ważności(?: karty)?|ważna do|"
    r"valables? jusqu['’]aux?|caduca en(?: el)?|son kullanma(?: tarihi)?|срок действия(?: (?:моей )?карты)?"
)
EXPIRY_HINT: Final = re.compile(r"[0-9] ?[/-] ?(?:20)?[2-4][0-9]")
SIGNS: Final = r"[ ,;|/(\n]{1,3}"
BEHIND_CARD: Final = rf"{CARD_DIGITS}{SIGNS}(?:[^\W\d_][^\n\d]{{1,24}}?)?"
WALLET_WORDS: Final = (
    r"(?:wallet|monero|tron|solana|xrp)[ _-]?adress?e?|(?:wallet|tron|solana|xrp|monero) address|wallet|monero|xmr|"
    r"solana|sol|tron|trx|usdt|usdc|xrp|ripple|litecoin|ltc|dogecoin|doge|cardano|"
    r"ada|stellar|xlm|polkadot|cosmos|billetera|cartera|carteira|portefeuille|portafoglio"
)
WALLET_ADDRESS: Final = (
    r"(?-i:(?=[1-9A-HJ-NP-Za-km-z]*\d)(?=[1-9A-HJ-NP-Za-km-z]*[a-z])(?=[a-z1-9]*[A-HJ-NP-Z])[1-9A-HJ-NP-Za-km-z]{32,108}|"
    r"(?:addr|cosmos|stake|ltc|terra)1[a-z0-9]{38,100})"
)
"""In the letters and digits of Base58, or of Bech32 behind the name of a chain."""
CAPITAL_CODE: Final = re.compile("[A-Z]{4}0")
VAT_NUMBER: Final = (
    r"(?-i:(?:ATU|BE|BG|CHE|CY|CZ|DE|DK|EE|EL|ES|FI|FR|GB|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK|XI)[ -]?"
    r"(?=(?:[A-Z0-9]{0,3}\d){5})[A-Z0-9]{1,2}[ .]?\d{3}[ .]?\d{2,3}[ .]?[A-Z0-9]{0,6})"
)

PAYMENT_VALUES: Final = (
    named(
        "card_expiry",
        EXPIRY_WORDS,
        EXPIRY_DATE,
        hint=Hints(
            EXPIRY_HINT,
            HintParts("exp|val|gültig|ablauf|verfall|caduc|venc|scad|geldig|ważn|good thru|kullanma|срок"),
        ),
    ),
    ValueForm(
        "card_expiry",
        lazy_pattern(rf"{BEHIND_CARD}(?P<value>{EXPIRY_DATE})(?!\d|[/-]\d)"),
        hint=Hints(EXPIRY_HINT, re.compile(r"[0-9]{4}[ -]?[0-9]{4,6}[ -]?[0-9]{4}")),
    ),
    unspaced("card_expiry", "有效期|到期日|有効期限|유효 ?기간", EXPIRY_DATE, hint=DIGIT),
    ValueForm(
        "card_security_code",
        lazy_pattern(rf"{BEHIND_CARD}{EXPIRY_DATE}{SIGNS}(?:[^\W\d_][^\n\d]{{1,24}}?)?(?P<value>\d{{3,4}})(?![\d/-])"),
        hint=Hints(EXPIRY_HINT, re.compile(r"[0-9]{4}[ -]?[0-9]{4,6}[ -]?[0-9]{4}")),
    ),
    named("bank_account", r"routing|aba|rtn", r"\d{9}", stdnum("us.rtn"), gap=FREE_GAP),
    named("bank_account", r"bsb", r"\d{3}-?\d{3}", gap=FREE_GAP),
    named("bank_account", r"ifsc", r"(?-i:[A-Z]{4}0[A-Z0-9]{6})", gap=FREE_GAP, hint=CAPITAL_CODE),
    named("email", r"upi|vpa", r"[\w.-]{2,40}@[a-z]{2,20}(?!\.\w)", mark="@"),
    named("bank_account", r"sort codes?", r"\d{2}[ -]?\d{2}[ -]?\d{2}", gap=FREE_GAP),
    named(
        "vat_number", r"vat|ust\.?-?id\w*|umsatzsteuer\w*|tva|iva|btw|moms|p[dt]v|nif-iva|uid", VAT_NUMBER, gap=FREE_GAP
    ),
    named("crypto_address", WALLET_WORDS, WALLET_ADDRESS, gap=FREE_GAP, hint=re.compile("[0-9A-Za-z]{32}")),
    unspaced("crypto_address", "钱包|錢包|地址|ウォレット|지갑", WALLET_ADDRESS, hint=re.compile("[0-9A-Za-z]{32}")),
    anywhere("sim_card", r"89\d{17,18}", stdnum("luhn"), LONG_NUMBER),
)
"""Forms in the order of precedence."""
