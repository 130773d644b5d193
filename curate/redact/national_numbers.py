"""Numbers that a state gives a person or a taxpayer: anywhere by their form and check digits, or behind a word."""

import re
from typing import Final

from curate.core.lazy import lazy_pattern
from curate.redact.form import (
    CODE_HINT,
    DIGIT,
    LONG_NUMBER,
    HintParts,
    Hints,
    ValueForm,
    always,
    anywhere,
    compact,
    named,
    stdnum,
    unspaced,
)
from curate.redact.value_patterns import CALENDAR, CODE, FREE_GAP, GROUPED_ID, ID_WORDS, PLAIN_GAP


def _is_spanish(text: str) -> bool:
    return compact("es.dni")(text) or compact("es.nie")(text)


def _is_chinese(text: str) -> bool:
    """Whether the check digit of a Chinese number is correct; the list of places in python-stdnum has gaps."""
    return stdnum("iso7064.mod_11_2")(text.upper())


def _is_national_id(text: str) -> bool:
    """Whether it is as long as a national number: 8 to 16 letters and digits."""
    return 8 <= sum(map(str.isalnum, text)) <= 16


def _is_grouped_id(text: str) -> bool:
    """Whether it has the digits of a national number, and is no date."""
    return 8 <= sum(map(str.isdigit, text)) <= 15 and not CALENDAR.fullmatch(text)


HEALTH_WORDS: Final = (
    r"(?:health|medicare|medicaid|ohip|insurance)[ _-](?:card|beneficiary|plan|insurance|member|id)"
    r"(?:[ _-](?:id(?:entifier)?|no\.?|num(?:ber)?))?|medicare (?:no\.?|num(?:ber)?)|mbi|ohip|"
    r"(?:kranken)?versicherten(?:nummer|nr\.?)|kvnr|krankenversicherungs(?:nummer|nr\.?)|"
    r"tarjeta sanitaria|carte vitale|tessera sanitaria|ehic"
)
HEALTH_NUMBER: Final = rf"(?:{CODE}|\d{{4}} \d{{5}} \d(?:/\d)?|\d{{4}} \d{{3}} \d{{3}}(?:[ -][A-Z]{{2}})?)"
"""Of a health insurance, also in groups as in Australia and Ontario."""
HEALTH_HINT: Final = Hints(
    DIGIT, HintParts("health|medicai|medicare|ohip|insurance|mbi|versicher|kvnr|sanitari|vitale|ehic")
)
BEHIND_A_WORD: Final = (
    ("dk_cpr", r"cpr(?:[ -]?(?:nummer|nr\.?))?|personnummer", r"\d{6}-?\d{4}", always),
    ("no_fodselsnummer", r"fødselsn\w+|personnummer|fnr\.?", r"\d{6} ?\d{5}", compact("no.fodselsnummer")),
    ("se_personnummer", "personnummer|personnr", r"(?:19|20)?\d{6}[-+]?\d{4}", stdnum("se.personnummer")),
    ("ro_cnp", "cnp|cod numeric personal", r"\d{13}", stdnum("ro.cnp")),
    ("ru_snils", "снилс", r"\d{11}", always),
    ("cz_rc", r"rodn[éeý]\w* č[ií]sl\w*|r\. ?č\.", r"\d{6}/?\d{3,4}", stdnum("cz.rc")),
    ("tr_tckimlik", r"t\.?c\.?|kimlik\w*|tckn|turk\w*", r"\d{11}", stdnum("tr.tckimlik")),
    (
        "za_id",
        r"(?:sa)?id(?:entity)?(?:[ _-](?:no\.?|num(?:ber)?))?|identiteitsnommer",
        r"\d{6} ?\d{4} ?\d{3}",
        compact("za.idnr"),
    ),
    ("cl_rut", "rut|run", r"\d{7,8}-?[0-9kK]", compact("cl.rut")),
    ("ar_cuit", "cui[tl]", r"\d{11}", stdnum("ar.cuit")),
    ("mx_rfc", "rfc", r"[A-ZÑ&]{3,4}-?\d{6}-?[A-Z0-9]{3}", always),
    ("in_epic", r"epic|voter(?:['’]?s)?(?: (?:id|card))?", r"[A-Z]{3}\d{7}", always),
    ("nz_ird", "ird", r"\d{2,3}[ -]?\d{3}[ -]?\d{3}", always),
    ("ie_pps", "ppsn?", r"\d{7}[A-W][A-IW]?", stdnum("ie.pps")),
    ("hr_oib", "oib", r"\d{11}", stdnum("hr.oib")),
    ("bg_egn", "егн|egn", r"\d{10}", stdnum("bg.egn")),
    ("gr_amka", "αμκα|amka", r"\d{11}", stdnum("gr.amka")),
    ("gr_afm", "αφμ|afm", r"\d{9}", stdnum("gr.vat")),
    ("ee_ik", r"isikukood\w*|asmens kod\w*", r"\d{11}", stdnum("ee.ik")),
    ("lv_pk", r"personas kod\w*", r"\d{6}-?\d{5}", always),
    ("hu_taj", r"taj(?:[ -]?sz[áa]m\w*)?", r"\d{3}[ -]?\d{3}[ -]?\d{3}", always),
    ("si_emso", r"em[šs]o|jmbg|mati[čc]ni broj\w*", r"\d{13}", stdnum("si.emso")),
    ("ru_inn", "инн|inn", r"\d{10}(?:\d{2})?", stdnum("ru.inn")),
    ("tr_vkn", r"vergi(?: kimlik)? (?:numara\w*|no\.?)|vkn", r"\d{10}", always),
    ("ua_rntrc", r"рнокпп|іпн|ідентифікаційний", r"\d{10}", stdnum("ua.rntrc")),
    ("il_id", r"teudat zehut|תעודת זהות|ת\.ז\.?|ת[\"״]ז", r"\d{9}", stdnum("il.idnr")),
    ("at_svnr", r"(?:sv|sozialversicherungs)[ -]?(?:nummer|nr\.?)|svnr", r"\d{4} ?\d{6}", always),
    ("my_nric", r"(?:my)?kad|nric|kp|ic(?: (?:no\.?|number))?|pengenalan", r"\d{6}-\d{2}-\d{4}", always),
    ("sg_nric", r"nric|fin|ic(?: (?:no\.?|number))?", r"[STFGM]\d{7}[A-Z]", always),
    ("id_nik", r"nik|ktp", r"\d{16}", always),
    ("is_kennitala", r"kennital\w*|kt\.", r"\d{6}-?\d{4}", compact("is_.kennitala")),
    ("pk_cnic", r"s?n?cnic", r"\d{5}-?\d{7}-?\d", always),
    ("lk_nic", r"nic", r"\d{9}[VXvx]|(?:19|20)\d{10}", always),
    ("ae_id", r"emirates[ _-]?id\w*|eid", r"784-?\d{4}-?\d{7}-?\d", always),
    ("sa_iqama", r"iqama\w*", r"[12]\d{9}", always),
    ("ng_nin", r"nin", r"\d{11}", always),
    ("vn_cccd", r"cccd|cmnd", r"\d{12}|\d{9}", always),
    ("us_npi", r"npi", r"\d{10}", always),
    (
        "cedula",
        r"c[ée]dulas?|[cC]\.[icIC]\.",
        r"(?<![VEJvej]-)(?:[VEJvej]-?)?(?:\d{1,3}(?:\.\d{3}){2,3}|\d{6,10})(?:-\d)?",
        always,
    ),
    ("cedula", r"c\.?[ic]\.?", r"(?:[VEve]-)?\d{1,3}(?:\.\d{3}){2,3}(?:-\d)?|[VEve]-\d{6,8}", always),
)
"""Kinds, words, forms and checks of numbers that are recognized after one of the words."""
BEHIND_HINT: Final = Hints(
    LONG_NUMBER,
    lazy_pattern(rf"(?i)(?<![^\W_])(?:{'|'.join(words for _, words, *_ in BEHIND_A_WORD)})(?![^\W_])"),
)
NATIONAL_NUMBERS: Final[tuple[ValueForm, ...]] = (
    anywhere(
        "es_dni",
        r"(?i:(?:\d{8}|\d{1,2}\.\d{3}\.\d{3}|[XYZ][ -]?\d{7})[ -]?[A-HJ-NP-TV-Z])",
        _is_spanish,
    ),
    anywhere(
        "it_codice_fiscale",
        r"(?i:[A-Z]{3} ?[A-Z]{3} ?\d{2}[A-EHLMPR-T]\d{2} ?[A-Z]\d{3}[A-Z])",
        compact("it.codicefiscale"),
        re.compile("[0-9]{2}[A-Ta-t][0-9]{2}"),
    ),
    anywhere(
        "fr_nir",
        r"[12][ .-]?\d{2}[ .-]?(?:0[1-9]|1[0-2])[ .-]?(?:\d{2}|2[AB])[ .-]?\d{3}[ .-]?\d{3}[ .-]?\d{2}",
        compact("fr.nir"),
    ),
    anywhere("uk_nino", r"(?![BDFIUV]|GB|NK|TN|ZZ)[A-Z][A-CEGHJ-NPR-TW-Z][ -]?(?:\d{2}[ -]?){3}[A-D]"),
    named("uk_nino", r"ni|nino|national insurance", r"[A-Z]{2}[ -]?(?:\d{2}[ -]?){3}[A-D]", gap=FREE_GAP),
    anywhere("br_cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}", stdnum("br.cpf")),
    anywhere("br_cnpj", r"\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}", stdnum("br.cnpj")),
    anywhere("in_aadhaar", r"[2-9]\d{3}[ -]\d{4}[ -]\d{4}", stdnum("in_.aadhaar")),
    anywhere("in_pan", r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", stdnum("in_.pan"), CODE_HINT),
    anywhere("se_personnummer", r"(?:19|20)?\d{6}[-+]\d{4}", stdnum("se.personnummer")),
    anywhere("fi_hetu", r"\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y]", stdnum("fi.hetu")),
    anywhere("ch_ahv", r"756\.?\d{4}\.?\d{4}\.?\d{2}", stdnum("ch.ssn")),
    anywhere("be_nn", r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", stdnum("be.nn")),
    anywhere("cn_ric", r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[0-9Xx]", _is_chinese),
    anywhere("mx_curp", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d", stdnum("mx.curp"), CODE_HINT),
    anywhere("kr_rrn", r"\d{6}-\d{7}", stdnum("kr.rrn")),
    anywhere("de_steuer_id", r"[1-9]\d(?:[ /-]?\d{3}){3}", compact("de.idnr")),
    anywhere("pl_pesel", r"\d{11}", stdnum("pl.pesel")),
    named(
        "national_id",
        r"(?:national|personal|citizen|identity|identification|tax(?:payer)?|fiscal)(?:[ _-]?(?:id(?:entity)?|"
        r"insurance|card|code|reference|identification))?[ _-]?(?:no\.?|num(?:ber)?|id)|taxpayer|personalausweis\w*|"
        r"ausweis(?:nummer)?|steuer[- ]?(?:id\w*|nummer)|carte d'identité|(?:documento|cédula|carné) de identidad|"
        rf"documento|cédula|número fiscal|numéro fiscal|rg|pan card|{ID_WORDS}|"
        r"[a-z]{2,12}(?:an|sh|ese|ch)[ _]id(?:[ _]?(?:card|no\.?|num(?:ber)?))?|id[ _]?card",
        CODE,
        _is_national_id,
        gap=FREE_GAP,
    ),
    named(
        "national_id",
        r"(?:seria i )?numery? dowodu|dow[oó]du? osobist\w+|dowodu|carta d['’]identità|identiteitskaart\w*|"
        r"id-kaart|cart[ãa]o de cidad[ãa]o|bilhete de identidade",
        rf"(?:(?-i:[A-Z]{{2,3}} \d{{6,7}})|{CODE})",
        _is_national_id,
        gap=PLAIN_GAP,
        hint=Hints(DIGIT, HintParts("dowod|dowód|identit|id-kaart|cidad|bilhete")),
    ),
    named("national_id", rf"{ID_WORDS}|steuer[- ]?(?:id\w*|nummer)", GROUPED_ID, _is_grouped_id, gap=FREE_GAP),
    named("national_id", r"e\.?i\.?n|fein|employer id\w*|tax[ _-]id\w*", r"\d{2}-\d{7}", gap=FREE_GAP),
    named("health_number", HEALTH_WORDS, HEALTH_NUMBER, _is_national_id, gap=FREE_GAP, hint=HEALTH_HINT),
    named("national_id", r"nip", r"\d{3}[ -]?\d{3}[ -]?\d{2}[ -]?\d{2}", compact("pl.nip"), gap=FREE_GAP),
    named("uk_nhs_number", "nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}"),
    named("uk_nhs_number", "nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}", compact("gb.nhs"), gap=FREE_GAP),
    named("nl_bsn", r"bsn|burgerservicenummer|sofinummer", r"\d{9}", stdnum("nl.bsn"), gap=FREE_GAP),
    named("pt_nif", "nif|contribuinte", r"\d{3} ?\d{3} ?\d{3}", compact("pt.nif"), gap=FREE_GAP),
    named("ca_sin", "sin|nas|social insurance", r"\d{3}[ -]?\d{3}[ -]?\d{3}", stdnum("ca.sin"), gap=FREE_GAP),
    named("au_tfn", "tfn|tax file", r"\d{3} ?\d{3} ?\d{2,3}", stdnum("au.tfn"), gap=FREE_GAP),
    named("us_ssn", r"ssn|social security", r"\d{3}[ -]?\d{2}[ -]?\d{4}"),
    named("kr_rrn", r"rrn|(?:korean )?resident registration", r"\d{6}-?[1-8]\d{6}", gap=FREE_GAP),
    named("mx_curp", "curp", r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d", gap=FREE_GAP, hint=CODE_HINT),
    named("in_aadhaar", "aadhaa?r|uid(?:ai)?", r"[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}", compact("in_.aadhaar"), gap=FREE_GAP),
    anywhere("cl_rut", r"\d{1,2}\.\d{3}\.\d{3}-[0-9kK]", compact("cl.rut")),
    anywhere("ar_cuit", r"(?:2[0347]|3[034])-\d{8}-\d", stdnum("ar.cuit")),
    anywhere("cz_rc", r"\d{2}[0-35-8]\d[0-3]\d/\d{3,4}", stdnum("cz.rc")),
    anywhere("ru_snils", r"\d{3}-\d{3}-\d{3} \d{2}"),
    anywhere("th_pin", r"[1-8]-\d{4}-\d{5}-\d{2}-\d", compact("th.pin")),
    anywhere("pk_cnic", r"\d{5}-\d{7}-\d", stdnum("pk.cnic")),
    anywhere("ae_id", r"784-(?:19|20)\d{2}-\d{7}-\d"),
    anywhere("hk_id", r"[A-Z]{1,2}\d{6}\([0-9A]\)", hint=CODE_HINT),
    *(named(*number, gap=FREE_GAP, hint=BEHIND_HINT) for number in BEHIND_A_WORD),
    unspaced("cn_ric", "身份证|身份證|证件号|公民身份", r"[1-9]\d{16}[0-9Xx]"),
    unspaced("jp_my_number", "マイナンバー|個人番号", r"\d{4}[ -]?\d{4}[ -]?\d{4}"),
    unspaced("kr_rrn", "주민등록|주민번호|외국인등록", r"\d{6}-?\d{7}"),
    unspaced("kr_brn", "사업자 ?(?:등록)? ?번호", r"\d{3}-\d{2}-\d{5}"),
    unspaced("jp_cn", "法人番号|インボイス登録番号", r"T?\d{13}"),
    unspaced("cn_uscc", "税号|纳税人识别号|统一社会信用代码", r"[0-9A-Z]{15}(?:[0-9A-Z]{3})?", hint=CODE_HINT),
    unspaced("tw_id", "身分證", r"[A-Z][12]\d{8}", hint=CODE_HINT),
)
"""Forms in the order of precedence."""
