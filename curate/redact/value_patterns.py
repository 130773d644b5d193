"""Patterns of dates, codes, coordinates and handles, and of the words that name them."""

import re
from typing import Final

DATE: Final = (
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.] ?\d{1,2}[-/.] ?\d{2,4}"
    r"|\d{1,2}[-/.](?:[^\W\d_]{3,9})\.?[-/.](?:19|20)?\d{2}"
    r"|\d{1,2}[-/. ](?-i:I{1,3}|I?[VX]|VI{1,3}|XI{1,2})[-/. ](?:19|20)\d{2}"
    r"|(?:\d{1,2}(?:\.|st|nd|rd|th|er|º)? (?:de |of )?)?(?!the |in |im |en )[^\W\d_]{3,12}\.? (?:\d{1,2}(?:st|nd|rd|"
    r"th)?,? )?(?:del? )?(?:19|20)\d{2})"
)
COORDINATE_WORDS: Final = (
    r"lat|lon|lng|latitudes?|longitudes?|latitud|longitud|latitudine|longitudine|breitengrad|längengrad"
)
COORDINATE_LISTS: Final = r"long|coordinates?|coords?|lat ?l(?:ng|on)|lng ?lat|koordinaten?|coordonnées|coordenadas"
"""Words that also name other numbers: positions in a picture have fewer decimals."""
FRACTION: Final = re.compile(r"[0-9]\.[0-9]{2}")
CODE: Final = r"(?-i:(?=[A-Z0-9/-]*\d)[A-Z0-9](?:[A-Z0-9/-]{4,18})[A-Z0-9])"
LICENSE: Final = rf"(?:(?-i:\d{{2}} \d{{2}} \d{{6}}|[A-Z]{{2}}[ -]?\d{{2}} ?\d{{11}}|[A-Z]{{1,2}}-\d{{6,7}} \d)|{CODE})"
CUSTOMER_CODE: Final = rf"(?:(?-i:[A-Z]{{1,4}} \d{{2,4}} \d{{3,8}})|{CODE})"
"""Also in groups: `VS 12 469012`."""
ID_WORDS: Final = (
    r"c\.?p\.?f\.?|cnpj|d\.?n\.?i\.?|n\.?i\.?f\.?|n\.i\.e\.|cif|pesel|bsn|burgerservicenummer|sofinummer|rijksregister\w*|idnr|steueridentifikations\w*|"
    r"insee|s[ée]cu|s[ée]curité sociale|assurance sociale|social insurance|social security|seguridad social|"
    r"seguro social|national insurance|aadhaar|uidai|codice fiscale|partita iva|numéro national|personnummer|ahv|"
    r"sozialversicherungs\w*|ssn"
)
"""Names of numbers of persons and taxpayers that mean nothing else."""
GROUPED_ID: Final = (
    r"(?-i:[A-Z]?[ -]?\d{1,4}(?:[ ./-]{1,2}\d{2,7}){1,6}(?:[ -]?[A-Z](?!\w))?|[A-Z]-?\d{7,8}(?:[A-Z](?!\w))?)"
)
VIN: Final = r"(?-i:(?=[A-Z]*\d)(?=\d*[A-Z])[A-HJ-NPR-Z0-9]{17})"
DOT: Final = r"(?: ?[\[({](?:dot|punkt|punto|point)[\])}] ?|\.| (?:dot|punkt|punto|point) )"
SPOKEN_DOT: Final = " (?:dot|punkt|punto|point) "
BRACKETED_AT: Final = re.compile(r"(?i)[\[({](?:at|ät|arroba|arobase)[\])}]")
UNSPACED_DATE: Final = (
    r"(?:(?:昭和|平成|令和|大正)(?:\d{1,2}|元)(?=年)|(?:19|20)\d{2})(?:[-/.] ?\d{1,2}[-/.] ?\d{1,2}|"
    r"\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日|\s?년 ?\d{1,2}\s?월 ?\d{1,2}\s?일)"
)
PLATE: Final = r"(?-i:(?=[A-ZÄÖÜА-Я -]*\d)(?=[0-9 -]*[A-ZÄÖÜА-Я])[A-ZÄÖÜА-Я0-9]{1,10}(?:[ -][A-ZÄÖÜА-Я0-9]{1,6}){0,3})"
PLATE_ZH: Final = (
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
    r"[A-HJ-NP-Z][·• ]?(?=[A-Z0-9]*\d)[A-HJ-NP-Z0-9]{5,6}"
)
PLATE_JA: Final = r"[一-鿿]{1,3}(?:ナンバー)? ?\d{2,3} ?[ぁ-ん] ?[\d・.]{1,2}-\d{2}"
PLATE_DE: Final = (
    r"(?i:\b(?:kennzeichen|auto|wagen|fahrzeug\w*|halter\w*|fahrer\w*|geparkt|abgeschleppt|pkw|lkw|motorrad)\b)"
    r"(?:[^\w\n]|_){1,3}(?:[^\W\d_]{1,14}(?:[^\w\n]|_){1,3}){0,3}?(?P<value>[A-ZÄÖÜ]{1,3}[- ][A-Z]{1,2} "
    r"\d{1,4}[EH]?)(?![\w-])"
)
"""Behind a word for a car or its driver."""
PLATFORMS: Final = (
    r"twitter|instagram|telegram|tiktok|discord|snapchat|insta|ig|github|skype|mastodon|threads|bluesky|facebook|"
    r"youtube|twitch|linkedin|twitterze|instagramie|telegramie|facebooku|(?-i:X)"
)
HANDLE: Final = (
    r"@(?!(?:bot|client|app|tree|everyone|here|channel|me|param|returns?|media|import|override|property|see|author|"
    r"throws|deprecated)\b)[\w.]{2,29}\w(?![/(@])"
)
MAX_GAP: Final = (
    r"(?:['’]s\b)?(?:[^\w\n]|_){0,4}(?:(?:is|are|was|at|on|an|au|al|auf|unter|to|à|a|par|por|id|n[º°.]?|no|nr|num|"
    r"number|nubmer|nummer|num[eé]ro|n[úu]mero|numer|kod|"
    r"ist|lautet|es|est|è|é|era|jest|c['’]?est|it|s|sure|yes|yeah|ok|okay|ja|sí|si|oui|sim|claro|"
    r"the|der|die|das|de|le|la|el|il|op|em|mit|con|z|o|:|#|°|º|\.)"
    r"(?:[^\w\n]|_){1,3}){0,4}"
)
"""What may stand between a word that names a value and the value: only words that join the two."""
FREE_GAP: Final = r"(?:(?:[^\w\n]|_){1,3}[^\W\d_]{1,14}){0,5}?(?:[^\w\n]|_){1,4}"
"""What may stand there if the word names nothing else, or the form of the value is rare: up to five words."""
PLAIN_GAP: Final = r"(?:(?:[^\w\n]|_){1,3}(?-i:[a-zà-ÿ][^\W\d_]{0,13})){0,5}(?:[^\w\n]|_){1,4}"
"""The same without capitals, which may begin a value."""
LINE_GAP: Final = r"(?:[ ._-]{1,2}[^\W\d_]{1,14}\.?){0,3}[ *_`\"]{0,3}[:：][ *_]{0,3}\r?\n[ \t>*`-]{0,6}"
"""Up to three words and a colon at the end of a line."""
STATED_GAP: Final = (
    r"(?:[ _-](?:id|no\.?|num(?:ber|mer)?|nr\.?|code))? (?:of|from|for|on|we|i|you|he|she|they|that|which|que|qui|"
    r"von|van|aus|in|auf|sur|au|du|del?|della|da|do|des|der|die|für|para|pour|per|voor|от|для)"
    r"(?: [^\W\d_]{1,14}){0,5}?(?: ?:| is| was| ist| war| lautet| es| era| est| était| é| è) ?[\"'`]?"
)
"""Words that say whose value or which one it is, and one that states it: `that we have on file is`."""
CALENDAR: Final = re.compile(
    r"(?:19|20)\d\d[-/. ]\d{1,2}[-/. ]\d{1,2}.*|\d{1,2}[-/. ]\d{1,2}[-/. ](?:19|20)\d\d.*", re.DOTALL
)
SQL_WORD: Final = re.compile(r"\b(?:SELECT|FROM|WHERE|AND|OR(?! \d{5})|ORDER|LIMIT)\b")
ZERO: Final = "[0-9Oo]"
"""A digit; the letter O may stand for a zero in numbers with check digits."""
ZERO_CARD: Final = rf"[2-6][0-9]{ZERO}{{2}}([ -]?)(?:{ZERO}{{4}}\1{ZERO}{{4}}\1{ZERO}{{4}}|{ZERO}{{6}}\1{ZERO}{{5}})"
ZERO_IBAN: Final = rf"[A-Z]{{2}}{ZERO}{{2}}(?: ?[A-Z0-9o]{{4}}){{2,7}}(?: ?[A-Z0-9o]{{1,4}})?"
ZERO_HINT: Final = re.compile("[0-9] ?-?[Oo]|[Oo] ?-?[0-9]")
MIN_ZERO_DIGITS: Final = 9
"""A number with the letter O for a zero has more digits than this."""
EXAMPLE: Final = re.compile(
    r"(?i)(?:e?-?mail|me|my\w*|name|no-?reply|some\w*|test\w*|user\w{0,5}|you\w*|admin|info|contact|hello|foo|bar|pass\w*)"
    r"@(?:[\w-]+\.)*(?:example\.(?:com|org|net)|example|test|(?:your|my)?domain\.com)"
)
STREETS_EN: Final = (
    r"Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Way|Terrace|"
    r"Square|Crescent|Close|Parkway|Pkwy"
)
