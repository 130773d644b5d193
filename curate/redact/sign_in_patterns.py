"""Patterns of passwords and of the words that name them."""

import re
from typing import Final

SPOKEN_GAP: Final = r"(?:,? [^\W\d_]{1,14}){0,5}(?:[,:]? [\"'`]?)"
COPULA_GAP: Final = (
    r"[^\n.;?]{1,60}?[ '’](?:is|was|be|ist|war|lautet|es|era|est|était|è|era|é|to|auf|a|en)(?::? [\"'`]?)"
)
"""What may stand between the word for a password and the password: words up to one that states it."""
LOGIN_HINT: Final = re.compile("(?i)log-?in|credentials|zugang|anmeldung|identifiants|credenciales|acceso")
COLON_GAP: Final = r"[^\n.;:?]{1,40}: ?[\"'`]?"
SIGN_IN_WORDS: Final = (
    r"passwords?|passwor[dt]e?|kennwort|mot de passe|contraseña|clave|pass(?:phrase|code)?|pw|pwd|pin|senha"
)
SIGN_IN_HINT: Final = re.compile(
    "(?i)(?<![^\\W_])(?:pass|pwd?(?![a-z])|kennwort|mot de passe|contrase|clave|pin(?![a-z])|senha)"
)
SIGN_IN_VALUE: Final = (
    r"(?!https?:)(?!(?:sha|md|aes|rsa|argon|bcrypt|utf|iso|rfc|oauth|base|win)-?\d)"
    r"(?-i:[^\s\"'`<>(){}\[\]=;,]{5,63}[^\s\"'`<>(){}\[\]=;,.:?])"
)
