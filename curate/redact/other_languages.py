"""Forms behind words of Arabic, Persian, Hindi, Bengali, Thai and Vietnamese, and names of users behind words of more.

The texts have ASCII digits and no invisible characters (`folding`). Such words have prefixes and endings, and in Thai
no spaces around them, so that no border of the word is required.
"""

import re
from collections.abc import Callable
from typing import Final

from curate.core.lazy import lazy_pattern
from curate.redact.form import CODE_HINT, DIGIT, END, LONG_NUMBER, SEPARATOR, Hints, ValueForm, always
from curate.redact.user_patterns import NO_SERVICE
from curate.redact.value_patterns import CALENDAR, CODE

GAP: Final = r"[^\d\n.!?;।؟]{0,30}?(?<![0-9A-Za-z_+-])"
"""What stands between a word and the value: other words of the sentence."""
NOT_LATIN: Final = re.compile("[\u0131\u0400-\u1fff\u3040-\ud7ff]")
"""A letter of another script than Latin, or of Vietnamese or Turkish, as each text with one of these values has."""
ARABIC: Final = "[\u0620-\u064a\u066e-\u06d3]"
F_HINDI: Final = "(?:फ\u093c?|\u095e)"
Y_BENGALI: Final = "(?:য\u09bc|\u09df)"
"""Letters with a dot, as one character or two."""
PHONE_WORDS: Final = (
    "جوال|هاتف|تلفون|موبايل|واتس|اتصل|اتصال|تواصل|محمول|موبایل|تلفن|تماس|همراه|मोबाइल|"
    f"{F_HINDI}ोन|कॉल|व्हाट्स|वॉट्स|सं?म?्?पर्क|(?:मेरा|उसका|उनका|हमारा|अपना) नंबर|ফোন|মোবাইল|হো{Y_BENGALI}াটস|"
    f"{Y_BENGALI}োগা{Y_BENGALI}োগ|যোগাযোগ|โทร|เบอร์|มือถือ|ติดต่อ|ไลน์|連絡先|"
    "(?i:điện thoại|sđt|liên hệ|gọi|zalo|di động|телефон|звон|связаться|моб\\.)"
)
NUMBER_WORDS: Final = "رقم|شماره|नंबर|नम्बर|নম্বর|নাম্বার|หมายเลข|번호|番号|(?i:số|номер)"
PHONE_NUMBER: Final = rf"(?:\+|00|\()?\d(?:{SEPARATOR}{{0,2}}\d){{8,13}}"
MOBILES: Final = (
    (re.compile(ARABIC), r"0(?:5\d{8}|9\d{9}|1[0125]\d{8}|7[789]\d{7,8})"),
    (re.compile("[\u0980-\u09ff]"), r"01[3-9]\d{2}-?\d{6}"),
    (re.compile("[\u0e01-\u0e4e]"), r"0[689]\d-?\d{3}-?\d{4}"),
    (re.compile("[\u3040-\u30ff]"), r"0[789]0\d{8}"),
    (re.compile("[\u4e00-\u9fff]"), r"1[3-9]\d{9}"),
    (re.compile("[\u0900-\u0963]"), r"[6-9]\d{9}"),
    (re.compile("[ơưđ\u1ea0-\u1ef9]"), r"0[35789]\d{2}[ .]?\d{3}[ .]?\d{3}"),
)
"""Mobile numbers in texts with letters of the script of their country."""
DATE: Final = r"(?:1[34]|19|20|25)\d{2}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:1[34]|19|20|25)\d{2}"
"""Also of the Persian and the Thai calendar."""
BORN_ARABIC: Final = (
    f"(?<!{ARABIC})[وف]?ولدت(?! (?:ال(?!طفل|بنت|سيد|أمير|آنس|فتاة)|(?:شركة|مؤسسة|منظمة|جمعية|فكرة|دولة|جمهورية|حركة|"
    "علامة|صحيفة|مجلة|قناة|جامعة|مدينة|منصة|فرقة|لعبة|لغة|ثورة|مبادرة|عملة|خدمة|شبكة|قطة|قصة|رواية|كتلة|وكالة|رابطة|هيئة|مجموعة|سلسلة)))"
)
"""`I was born` and `she was born`; behind it, a company, an idea or another thing in the definite form was founded."""
LOGIN_WORDS: Final = (
    r"(?i:логин\w*|никнейм\w*|имя пользователя)|아이디(?:는|가|:)?|ユーザー(?:名|ID)|ログインID|用户名|用戶名|账号名|"
    r"(?i:tên đăng nhập)|اسم المستخدم|نام کاربری|यूज़रनेम|यूजरनेम|ชื่อผู้ใช้|(?i:kullanıcı ad(?:ım|\w* ?:))"
)
NO_LOGIN: Final = (
    r"(?!(?:string|str|text|int|integer|number|varchar|required|optional|null|none|true|false|unique|"
    r"email|password)(?![\w-]))"
)
"""Types and conditions of a field in the documentation of an interface."""
LOGIN: Final = r"[a-z][a-z0-9_.-]{2,30}[a-z0-9]"


def _is_dialled(text: str) -> bool:
    """Whether it begins as a telephone number does: with zero or a plus, or as mobile numbers of India and Russia."""
    digits = re.sub(r"\D", "", text)
    begins = text[0] in "+(0" or re.fullmatch(r"[6-9]\d{9}|[78]9\d{9}", digits) is not None
    return begins and 9 <= len(digits) <= 15 and len(set(digits)) > 2 and not CALENDAR.fullmatch(text)


def _is_with_zero(text: str) -> bool:
    """Whether it begins with a zero or a plus, as no other number does."""
    return text[0] in "+0" and _is_dialled(text)


def _is_no_amount(text: str) -> bool:
    """Whether it is no round number, as the balance or the followers of an account are."""
    return not text.endswith("000")


def _behind(
    kind: str, words: str, value: str, is_valid: Callable[[str], bool] = always, hint: re.Pattern[str] = LONG_NUMBER
) -> ValueForm:
    """A value behind one of the words, with others between them."""
    pattern = lazy_pattern(f"(?:{words}){GAP}(?P<value>{value}){END}")
    return ValueForm(kind, pattern, is_valid, hint=hint)


OTHER_LANGUAGES: Final = (
    _behind("phone", PHONE_WORDS, PHONE_NUMBER, _is_dialled),
    _behind("phone", NUMBER_WORDS, PHONE_NUMBER, _is_with_zero),
    *(
        ValueForm(
            "phone", lazy_pattern(f"(?<![0-9A-Za-z_.+-])(?P<value>{number}){END}"), hint=Hints(LONG_NUMBER, letters)
        )
        for letters, number in MOBILES
    ),
    _behind("national_id", "الهوية|هويتي|[إا]قامة|القومي|الرقم المدني", r"\d{10}|\d{12}|\d{14}"),
    _behind("national_id", "کد ?ملی|شماره ملی|کارت ملی", r"\d{10}|\d{3}-\d{6}-\d"),
    _behind("national_id", "आधार", r"\d{4}[ -]?\d{4}[ -]?\d{4}"),
    _behind("national_id", "पैन|स्थायी खाता", "[A-Z]{5}[0-9]{4}[A-Z]", hint=CODE_HINT),
    _behind("national_id", f"জাতী{Y_BENGALI} পরিচ{Y_BENGALI}|এনআইডি|NID", r"\d{17}|\d{13}|\d{10}"),
    _behind("national_id", "บัตรประชาชน|ประจำตัวประชาชน", r"\d{13}|\d-\d{4}-\d{5}-\d{2}-\d|\d \d{4} \d{5} \d{2} \d"),
    _behind("national_id", "(?i:cccd|cmnd|cmtnd|căn cước|chứng minh)", r"\d{12}|\d{9}"),
    _behind(
        "passport",
        "جواز(?: ال)?سفر|گذرنامه|पासपोर्ट|পাসপোর্ট|หนังสือเดินทาง|พาสปอร์ต|(?i:hộ chiếu)",
        CODE,
        hint=CODE_HINT,
    ),
    _behind(
        "bank_account",
        "رقم الحساب|حسابي|شماره حساب|บัญชี|(?i:số tài khoản|stk)|(?i:расч[её]тн\\w+ сч[её]т)|р/с|অ্যাকাউন্ট নম্বর|হিসাব নম্বর",
        r"\d(?:[ -]?\d){5,19}",
        _is_no_amount,
        hint=DIGIT,
    ),
    _behind(
        "date_of_birth",
        f"تاريخ الميلاد|مواليد|{BORN_ARABIC}|تاریخ تولد|متولد|জন্ম|วันเกิด|เกิดวันที่|เกิดเมื่อ|(?i:ngày sinh|sinh ngày)",
        DATE,
        hint=DIGIT,
    ),
    ValueForm(
        "user_name",
        lazy_pattern(
            rf"(?:{LOGIN_WORDS})(?:[是为為は가는은]|[\s:\"'`«「(-]){{1,4}}(?P<value>{NO_SERVICE}{NO_LOGIN}{LOGIN})(?![A-Za-z0-9_@])"
        ),
        hint=re.compile("[a-z]"),
    ),
)
"""Forms in the order of precedence."""
