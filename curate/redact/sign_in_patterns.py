"""Patterns of passwords and of the words that name them."""

import re
from typing import Final

from curate.core.lazy import lazy_pattern
from curate.redact.form import HintParts, Hints

SPOKEN_GAP: Final = r"(?:,? [^\W\d_]{1,14}){0,5}(?:[,:]? [\"'`]?)"
COPULA_GAP: Final = (
    r"[^\n.;?]{1,60}?[ '’](?:is|was|be|ist|war|lautet|es|era|est|était|è|era|é|to|auf|a|en)(?::? [\"'`]?)"
)
"""What may stand between the word for a password and the password: words up to one that states it."""
LOGIN_HINT: Final = HintParts("login|log-in|credentials|zugang|anmeldung|identifiants|credenciales|acceso")
COLON_GAP: Final = r"[^\n.;:?]{1,40}: ?[\"'`]?"
SIGN_IN_WORDS: Final = (
    r"passwords?|pass wor[dt]|passwor[dt]e?|kennwort|mot de passe|mdp|contraseña|clave|pass(?:phrase|code)?|pw|pwd|pin|"
    r"senha|palavra[- ]passe|wachtwoord|ww|has[łl]o|(?:wlan|wi-?fi)[ -]?(?:schlüssel|key|code|kode)|lösenord|"
    r"adgangskode|passord|salasana|heslo|jelszó|parol[aăe]|şifre\w*|пароль"
)
SIGN_IN_HINT: Final = Hints(
    HintParts(
        "pass|pw|kennwort|mdp|contrase|clave|pin|senha|palavra|wacht|ww |ww:|hasło|haslo|wlan|wifi|wi-fi|lösen|adgangs|"
        "salasana|heslo|jelsz|parol|şifre|пароль"
    ),
    re.compile(
        "(?i)(?<![^\\W_])(?:pass|pwd?(?![a-z])|kennwort|mot de passe|mdp|contrase|clave|pin(?![a-z])|senha|palavra|"
        "wacht|ww |ww:|has[łl]o|w(?:lan|i-?fi)|lösen|adgangs|salasana|heslo|jelsz|parol|şifre|пароль)"
    ),
)
UNSPACED_SIGN_IN_WORDS: Final = (
    r"パスワード|暗証番号|密码|密碼|口令|비밀번호|암호|كلمة (?:المرور|السر)|الرقم السري|رمز عبور|"
    r"पासवर्ड|পাসওয়ার্ড|รหัสผ่าน|(?i:mật khẩu)"
)
UNSPACED_SIGN_IN_VALUE: Final = r"[A-Za-z0-9À-ɏ!#$%&*+./:?@^_~-]{6,40}(?<![.,:?])"
HASH_HINT: Final = HintParts("$2|$5$|$6$|$y$|$1$|$apr1$|$argon2|$scrypt$|pbkdf2|{ssha")
PASSWORD_HASH: Final = lazy_pattern(
    r"(?<![\w$])(?:\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}(?![./A-Za-z0-9])|"
    r"\$(?:1|5|6|y|gy|apr1)\$(?:rounds=\d{1,9}\$)?[./A-Za-z0-9]{1,32}\$(?:[./A-Za-z0-9]{1,32}\$)?"
    r"[./A-Za-z0-9]{22,86}(?![./A-Za-z0-9])|"
    r"\$argon2(?:id?|d)\$v=\d{1,3}\$m=\d{1,8},t=\d{1,4},p=\d{1,4}\$[A-Za-z0-9+/]{8,88}\$[A-Za-z0-9+/]{16,172}={0,2}|"
    r"\$scrypt\$ln=\d{1,2},r=\d{1,3},p=\d{1,3}\$[A-Za-z0-9+/]{8,88}\$[A-Za-z0-9+/]{16,172}={0,2}|"
    r"pbkdf2_sha(?:1|256|512)\$\d{3,8}\$[A-Za-z0-9]{8,64}\$[A-Za-z0-9+/]{27,128}={0,2}|"
    r"\$pbkdf2-sha(?:256|512)\$\d{1,8}\$[./A-Za-z0-9]{8,88}\$[./A-Za-z0-9]{27,128}|"
    r"\{SSHA(?:256|384|512)?\}[A-Za-z0-9+/]{32,160}={0,2})"
)
"""A hash of a password with its salt: bcrypt, crypt, Argon2, scrypt, PBKDF2 of Django and passlib, and of LDAP."""
SIGN_IN_VALUE: Final = (
    r"(?!https?:)(?!(?:sha|md|aes|rsa|argon|bcrypt|utf|iso|rfc|oauth|base|win)-?\d)"
    r"(?-i:[^\s\"'`<>(){}\[\]=;,]{5,63}[^\s\"'`<>(){}\[\]=;,.:?])"
)
