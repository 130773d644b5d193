"""Terms of texts about characters and their encodings, in the languages of most chat data."""

import re
from typing import Final

from curate.core.lazy import lazy_pattern

CHARACTER_TERMS: Final = lazy_pattern(
    r"mojibake|unicode|\butf\b|utf-?(?:8|16|32)|ascii|latin.?1|iso.?8859|\bcp.?\d{3,4}\b"
    r"|windows.?125\d|code ?page|charset"
    r"|char(?:acter)?[ -]?(?:set|map)|encod|decod|\bcodec|\bbytes?\b|\bhex|garbled|gibberish|corrupt"
    r"|glyph|homoglyph"
    r"|zero.?width|invisible|hidden|isolate|\bbidi|bidirectional|right.to.left|left.to.right|\brtl"
    r"|\bltr|directional"
    r"|\boverrid|joiner|\bbom\b|byte.order|control char|special char|private.use|diacritic|accent"
    r"|umlaut|apostrophe"
    r"|quot(?:e|ation) mark|(?:curly|smart) (?:quote|apostrophe)|escape sequence|\bnul\b"
    r"|null.(?:byte|char|term)|u\+[0-9a-f]{4}|\\[ux]\{?[0-9a-f]{2}|&\#|%[0-9a-f]{2}%"
    # German, Dutch, Scandinavian, Finnish
    r"|[ck]odier|[ck]odering|zeichens(?:a|ä)tz|zeichen|unsichtbar|onzichtbaar|teckenkod|tegns(?:æ|e)t"
    r"|tegnkod|osynlig|usynlig"
    r"|merkistö|näkym(?:ä|ättöm)"
    # Romance languages
    r"|codific|cod[ií]fic|encodage|caract[eè]re|car[aá]cter|caratter[ei]|d[ée]cod|largeur nulle"
    r"|ancho cero|largura zero"
    r"|larghezza zero|invis[ií]v|invisib|acento|tilde"
    # Slavic languages, Hungarian, Greek, Turkish, Vietnamese, Indonesian
    r"|kodow|kódol|kódov|k[oó]dování|niewidoczn|neviditeln|кодиров|кодуван|юникод|юнікод|кракозяб"
    r"|невидим|символ|нулевой ширин"
    r"|láthatatlan|κωδικοπο|αόρατ|karakter|kodlama|görünmez|bảng mã|mã hóa|ký tự|vô hình|pengodean"
    r"|penyandian|tak terlihat"
    # Chinese, Japanese, Korean
    r"|编码|編碼|解码|解碼|乱码|亂碼|字符|字元|零宽|零寬|不可见|不可見|看不见|看不見|隐藏|隱藏|文字化け|文字コード|エンコ|デコード|ユニコード|ゼロ幅|不可視|見えない"
    r"|인코딩|디코딩|유니코드|깨진|글자|문자|폭 없는|보이지"
    # Arabic, Persian, Hebrew, Hindi, Thai
    r"|ترميز|يونيكود|محرف|حرف|غير (?:ال)?مرئي|کدگذاری|یونیکد|نویسه|نامرئی|קידוד|יוניקוד|תווים"
    r"|בלתי נראה|यूनिकोड|एन्कोड|एनकोड|अदृश्य"
    r"|เข้ารหัส|ยูนิโค้ด|มองไม่เห็น|อักขระ",
    re.IGNORECASE,
)
"""Names of encodings, of kinds of characters and of what goes wrong with them."""


def names_characters(text: str) -> bool:
    """Whether a text is, or may be, about characters or their encodings."""
    return CHARACTER_TERMS.search(text) is not None
