"""Street addresses by their form, which differs from country to country."""

# ruff: noqa: E501  (characters of some scripts count as two columns)

import re
from typing import Final

from curate.core.lazy import lazy_pattern
from curate.redact.form import DIGIT, NOT_ASCII, HintParts, Hints, ValueForm
from curate.redact.value_patterns import SQL_WORD, STREETS_EN

CAPITALIZED: Final = r"[A-ZÀ-ÖØ-ÞĀ-ž][\wà-öø-ÿ'’-]{0,40}"
NO_STREET: Final = (
    r"Rating|Ratings|Score|Scores|Temp\w*|Price|Prices|Speed|Time|Times|Age|Grade|Cost|Value|Rate|Length|Height|Weight|"
    r"Points|Goals|Attendance|Total|Daily|Monthly|Annual|Bluetooth|Python|Java|Route|Interstate|Highway|Channel|Port|"
    r"Section|Chapter|Version|Step|Flight|Gate|Line|USB\w*|Windows|Android|Zoom|Method|Option|Google|Gmail|Twitter|"
    r"Facebook|Email|E-?mail|SMS|API|Phone|Internet|Satellite|Ferry|Bus|Train|Platform"
)
"""Words behind `Av.` (average) and `Via` (by way of) with which these name no street."""
ADDRESS_WORDS: Final = (
    r"عنواني|العنوان ?:|عنوان المنزل|آدرس(?: من| منزل)? ?:|آدرسم|آدرس من|نشانی(?: من)? ?:|(?:मेरा|हमारा|घर का) पता|"
    r"(?<![\u0900-\u097f])पता ?:|আমার ঠিকানা|ঠিকানা ?:|(?<!เมล)ที่อยู่(?:ของ(?:ผม|ฉัน|ดิฉัน))?(?:คือ| ?:)?|"
    r"(?i:địa chỉ)(?: nhà)?(?: của \w{2,4})?(?: là| ở| ?:)|"
    r"(?<!IP )(?<!web )(?i:adresim|ev adres\w*|adres)(?: ?:|(?<=im))|"
    r"(?<!邮件)(?<!网)(?<!IP)地址(?:是|为|:)|(?<!メール)住所(?:は|:)|(?<!메일 )(?<!IP )주소(?:는|가|:)|"
    r"(?i:(?:почтовый|домашний|мой|наш) адрес|адрес доставки|живу по адресу)|(?<!IP-)(?<!\w )Адрес ?:|"
    r"(?i:meu endereço(?: é| ?:)|endereço ?:)|(?i:mój adres(?: to)?|mieszkam ?:)"
)
"""What names the address behind it, in languages whose addresses have many forms."""
ADDRESS_HINT: Final = HintParts("عنوان|آدرس|نشانی|पता|ঠিকানা|ที่อยู่|địa chỉ|adres|地址|住所|주소|адрес|endereço|mieszkam")
"""A part of each of `ADDRESS_WORDS`."""
FREE_ADDRESS: Final = (
    rf"(?:{ADDRESS_WORDS})[\s:]{{0,3}}(?P<value>(?=[^\n]{{0,60}}\d)"
    r"(?:[^\s.!?;।؟。\"]|[ .](?=[\w,/№#(-])(?!है|است)){6,120}?)"
    r"(?=\s*(?:\.\s|\.?$|[!?;।؟。\n\"]|[,、](?: ?(?:邮箱|电邮|电子|电话|電話|手机|手機|联系|携帯|メール|연락처|전화|이메일|[Тт]ел|[Tt]el|[Ee]-?mail|[Pp]hone))|です|でございます|に(?:住|送)| है| में | است| ?입니다"
    r"| ?이에요|(?:으)?로 (?:보내|와)))"
)
OWN_ADDRESS_WORDS: Final = (
    r"(?i:(?:(?:home|street|postal|mailing|billing|shipping|delivery|my|our|his|her|their|new) address|address(?= ?:)|"
    r"(?:ship|deliver|send|mail|post)(?:ped|ed)? (?:it |them |this |the \w+ )?to(?= \d| Flat| Unit| Apt)|"
    r"(?:live|lives|living|moved|stay|staying|reside|resides|residing|domiciled) (?:at|to|in|on)(?= \d| Flat| Unit| Apt)|"
    r"(?:pick|drop) \w+ (?:up |off )?(?:from|at)(?= \d)|street(?= ?: )|line ?1(?= ?: )|"
    r"(?:liefer|wohn|post|heim|zustell|rechnungs|meine |neue |unsere )?(?:adresse|anschrift)(?= ?:)|(?:liefer|wohn|post|heim|zustell|rechnungs|meine |neue |unsere )(?:adresse|anschrift)|anschrift|wohne?n? (?:wir |ich )?(?:in|am|an|auf)(?: der| dem)?|wohnhaft(?: in)?|stra(?:ß|ss)e(?= ?: )|"
    r"(?:mon|notre|son|votre) adresse|adresse (?:de livraison|de facturation|postale)|bor (?:på|i)|(?:leverans|hem|post|faktura|leverings)?adresse?(?= ?:)|habit(?:e|ons|ent)(?: à| au)?|demeurant(?: au)?|domicilié(?:e)?(?: au)?|"
    r"direcci[óo]n(?: de (?:entrega|env[íi]o|facturaci[óo]n))?|domicilio|domiciliad[oa] en|(?:vivo|vive|vivimos) en|calle(?= ?: )|"
    r"indirizzo(?: di (?:casa|spedizione|consegna|fatturazione|residenza))?|(?:abito|vivo|risiedo|residente) (?:in|a)|"
    r"(?:meu |nosso )?endere[çc]o(?: de entrega)?|(?:a minha )?morada(?: de entrega)?|(?:moro|mora|resido|residente) (?:na|no|em)|entregar em|"
    r"(?:mijn |ons |bezorg|aflever|factuur|woon|post)?adres|woon(?:t|achtig)? (?:op|aan|in)(?: de| het)?|straat(?= ?: )|"
    r"(?:mój |moj )?adres(?: (?:dostawy|zamieszkania|korespondencyjny))?|(?:doručovací |fakturační |trvalá )?adresa|bydl[íi]\w{0,3}(?: na adrese| v)?|bytem|mieszka(?:m|my) (?:przy|na)|zamieszka[łl][yaie]\w*(?: przy)?|ulica(?= ?: )|mera (?:pata|address))"
    r"(?: ?:| is| ist| es| est| è| é| to| hai)?(?: now| jetzt| em| in| en| au)? (?:\"|')?)"
)
"""What names the address behind it in languages whose streets have a number."""
OWN_ADDRESS_HINT: Final = re.compile(
    "[Aa]ddress|[Aa]dres|(?:[Ss]hip|[Dd]eliver|[Ss]en[dt]|[Mm]ail|[Pp]ost)[a-z ]{0,14} to |(?:liv|mov|stay|resid)[a-z]{1,4} |"
    "(?:pick|drop) |[Ll]ine ?1|[Aa]nschrift|[Ww]ohn|[Ss]tra(?:ß|ss)e: |[Hh]abit|[Dd]emeur|[Dd]omicil|[Dd]irecc|[Vv]iv[eo]|"
    "[Cc]alle: |[Ii]ndirizzo|[Aa]bito|[Rr]isied|[Rr]esid|[Ee]ndere|[Mm]ora|[Mm]oro|[Ee]ntregar|[Ww]oon|[Ss]traat: |"
    "[Aa]nschr|[Bb]or |[Bb]ydl|[Bb]ytem|[Dd]omicil|[Mm]ieszka|[Zz]amiesz|[Uu]lica: |[Ss]treet: |[Mm]era "
)
"""A part of each of `OWN_ADDRESS_WORDS`."""
OWN_ADDRESS_WORD: Final = HintParts(
    "addre|adres|ship|deliver|send|sent|mail |post |live |lives |living |moved |stay |staying |resid|pick|drop|line1|line 1|anschrift|wohn|"
    "straße: |strasse: |habit|demeur|domicil|direcc|vivo|vive|vivi|calle: |indirizzo|abito|risied|endere|mora|moro |entregar|woon|"
    "bor |bydl|bytem|straat: |mieszka|zamiesz|ulica: |street: |mera |mailed|posted"
)
NUMBERED_WORD: Final = re.compile(
    r"[A-ZÀ-ÖØ-ÞĀ-ž][\w'’.-]{1,30},? (?:n[º°.o]? ?)?[0-9]|[0-9][A-Za-z]?,? (?:(?:bis|ter|rue|bd|av|de|la|the)[ .])*[A-ZÀ-ÖØ-ÞĀ-žrbcaip]"
)
STREET_PARTICLE: Final = (
    r"am|an|der|den|dem|de|la|las|le|los|les|l['’]|d['’]|del|della|dei|delle|di|da|do|dos|das|du|des|van|het|op|zum|zur|"
    r"im|in|auf|auf der|hinter|unter|vor|bei|nad|pod|przy|calle|via|viale|rua|ul\.|al\.|os\.|pl\.|avenida|avda\.|corso|plaza|"
    r"piazza|paseo|camino|r\.|av\.|bd|rue|avenue|chemin|impasse|allée|largo|travessa|the|of|st\."
)
NO_ADDRESS: Final = re.compile(
    r"@|0x[0-9a-f]|://|\d\.\d+\.\d|[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}:|\.(?:com|org|net|io)\b|www\."
)


ADDRESS_PART: Final = lazy_pattern(
    r"شارع|طريق|عمارة|شقة|مبنى|بناية|فيلا|ص\.? ?ب|صندوق|منطقة|مدينة|برج|بلوك|قطعة|(?<![\u0620-\u0652])حي(?![\u0620-\u0652])|"
    r"خیابان|کوچه|پلاک|بلوار|میدان|واحد|طبقه|شهرک|محله|बाज़ार|नगर|गली|मकान|रोड|मार्ग|सेक्टर|कॉलोनी|मोहल्ला|फ्लैट|प्लॉट|वार्ड|विहार|चौक|गंज|"
    r"রোড|সড়ক|বাড়ি|বাড়ি|বাসা|লেন|ফ্ল্যাট|ব্লক|সেক্টর|এলাকা|ঢাকা|গ্রাম|থানা|"
    r"ถนน|ซอย|หมู่|ตำบล|แขวง|เขต|อำเภอ|จังหวัด|เลขที่|[ถซมตอจ]\.|(?<!\d)\d+/\d+|"
    r"[省市區区县縣路街弄巷镇鎮村楼樓号號]|丁目|番地?|[都府県町].*\d-\d|"
    r"[가-힣](?:시|구|군|동|로|길|읍|면|리|번지)(?![가-힣])|"
    r"(?i:\b(?:đường|phố|quận|huyện|phường|xã|ngõ|ngách|hẻm|thôn|ấp|tỉnh|căn hộ|tp)\b|"
    r"\b(?:mah|sok|cad|bulv|apt|daire|kat)\w*|\bno: ?\d|\b(?:ул|пр|просп|пер|кв|наб)\.|\b(?:улица|проспект|шоссе|дом|город)\b|"
    r"\b(?:rua|r\.|av\.|avenida|travessa|praça|bairro|lote|apto|estrada|alameda|largo|nº|\d{4,5}-\d{3})|"
    r"\b(?:ul|al|os|pl)\. |\b\d{2}-\d{3}\b)|(?<!\d)\d{5,6}(?!\d)|[,،、].*[,،、]"
)
"""A part of an address: `street`, `district`, `house`, a postal code, or two commas. The words before it also name a heading, a place
in memory and, in Thai, what is somewhere.
"""


def _is_address(text: str) -> bool:
    """Whether it has a number, four letters and a part of an address, and is none of a computer."""
    letters = sum(map(str.isalpha, text))
    return (
        letters > 3
        and not NO_ADDRESS.search(text)
        and re.search("[0-9]", text) is not None
        and ADDRESS_PART.search(text) is not None
    )


POSTAL_CODE_WITH_TOWN: Final = rf"(?:\d{{3}} \d{{2}}|\d{{2}}-\d{{3}}|\d{{4}} ?[A-Z]{{2}}) {CAPITALIZED}(?:[ -]{CAPITALIZED}){{0,2}}(?: \d{{1,2}}(?![\w-]))?"
"""Of the Czech Republic, Sweden, Poland and the Netherlands: no other text has these groups before a name."""
END_OF_ADDRESS: Final = lazy_pattern(
    r"(?:/\d{1,3}){1,2}(?![\w/])|-[IVX]{1,4}(?!\w)|길 ?\d{1,4}(?!\d)|(?:, ?| )\d{1,4}호|"
    r",? (?:lgh|m\.|lok\.|кв\.?|квартира|корпус|корп\.|строение|подъезд|Top|Stiege|Tür|[Bb]us|[Pp]iso|[Ii]nt\.|[Aa]pto\.?|[Ss]cala|[Ii]nterno|"
    r"Apt\.?|Suite|Ste\.?|Unit|Rm\.?|[Dd]aire|D:) ?#?\w{1,5}(?!\w)|,? Col\. (?:Del |La |Los |San )?[A-ZÁ-Ú]\w+|"
    r", \d{1,2}\.?[ºª°](?: ?(?:[A-Z](?!\w)|(?i:dto|esq|izq|dcha|der|frente)\.?(?!\w)))?|"
    r" [A-ZÇĞİÖŞÜ][a-zçğıöşü]{2,20}/[A-ZÇĞİÖŞÜ][a-zçğıöşü]{2,20}(?!\w)|"
    rf"(?:,? |,?[ \t]*\n[ \t]*)(?:(?:A|CH|D|F|I|L|B|SE|CZ|PL|NL)-)?(?:{POSTAL_CODE_WITH_TOWN}|"
    rf"(?!(?:19|20)\d\d (?:Jan|Feb|M[aäe]|Apr|Ju[nl]|Aug|Sep|[OD][ck]t|Nov|De[cz]))\d{{4,5}} {CAPITALIZED}(?!\w)(?! (?:St|Street|Ave|Road|Rd)\b))",
)
"""A part of an address behind its street and number: a flat, a floor, a postal code and its town."""
MAX_PARTS: Final = 4
"""Number of such parts that are read."""


def end_of_address(text: str, end: int) -> int:
    """Where an address ends whose street and number end at `end`."""
    for _ in range(MAX_PARTS):
        match = END_OF_ADDRESS.match(text, end)
        if not match:
            break
        end = match.end()
    return end


STREET_ADDRESSES: Final = (
    ValueForm(
        "street_address",  # of any form before a postal code that has a form of its own
        lazy_pattern(
            rf"(?<![\w.,-]){CAPITALIZED}(?: {CAPITALIZED}){{0,3}} \d{{1,4}}[a-hA-H]?(?:/\d{{1,3}}){{0,2}}(?:-[IVX]{{1,4}})?, ?"
            rf"{POSTAL_CODE_WITH_TOWN}"
        ),
        hint=re.compile(r"[0-9], ?(?:\d{3} \d{2}|\d{2}-\d{3}|\d{4} ?[A-Z]{2}) "),
    ),
    ValueForm(
        "street_address",  # German, with a preposition, before a postal code and a town
        lazy_pattern(
            rf"(?<!\w)(?:An der|Am|Im|Unter den|Zum|Zur|In d[ei][rn]|Auf de[rm]|Hinter de[rm]|Beim|Bei de[rm]) {CAPITALIZED} \d{{1,4}} ?[a-h]?, ?"
            rf"(?:A-|CH-|D-)?(?!(?:19|20)\d\d )\d{{4,5}} {CAPITALIZED}"
        ),
        hint=re.compile(r"[0-9a-h], ?(?:A-|CH-|D-)?\d{4,5} [A-ZÄÖÜ]"),
    ),
    ValueForm("street_address", lazy_pattern(FREE_ADDRESS), _is_address, hint=Hints(DIGIT, ADDRESS_HINT)),
    ValueForm(
        "street_address",
        lazy_pattern(
            rf"(?<![\w.,])(?:(?:Flat|Apt\.?|Unit|Suite|Apartment) \w{{1,5}}, )?(?!(?:18|19|"
            rf"20)\d\d )\d{{1,5}}[A-Za-z]?,? (?:[NSEW]\.? )?(?:(?:{CAPITALIZED}|"
            rf"\d{{1,3}}(?:st|nd|rd|th)) ){{1,4}}(?:{STREETS_EN})\b\.?(?:,? (?:Apt|Suite|Unit|Flat)\.? ?#?\w{{1,5}})?"
            rf"(?:,? {CAPITALIZED}(?: {CAPITALIZED})?,? (?:[A-Z]{{2}} \d{{5}}(?:-\d{{4}})?|"
            rf"[A-Z]{{1,2}}\d[A-Z\d]? ?\d[A-Z]{{2}}))?"
        ),
        lambda text: not SQL_WORD.search(text),
        hint=re.compile(r"\d[A-Za-z]?,? [A-ZÀ-ÖØ-Þ\d]"),
    ),
    ValueForm(
        "street_address",
        lazy_pattern(
            r"(?:(?:[A-ZÄÖÜ][a-zäöüß]+-){1,3}(?:Straße|Strasse|Platz|Allee|Weg|Ring|Ufer|Damm)|"
            r"(?:[A-ZÄÖÜ][a-zäöüß]+[ -])?[A-ZÄÖÜ][a-zäöüß]+(?:straße|strasse|str\.|weg|platz|allee|"
            r"gasse|damm|ufer)|(?:[A-ZÄÖÜ][a-zäöüß]+er|Am|An der|Alte|Lange|Neue) (?:[A-ZÄÖÜ][a-zäöüß]+ )?(?:Straße|"
            r"Weg|Platz|Allee|Markt|Ring|Hof|Berg|Tor|Ufer|Kirche)) \d{1,4} ?[a-h]?(?!\w)(?:,? \d{5} "
            r"[A-ZÄÖÜ][a-zäöüß]+)?"
        ),
        hint=Hints(
            re.compile(r"[a-zß.] [0-9]"),
            HintParts(
                "straße |strasse |str. |weg |platz |allee |gasse |damm |ufer |markt |ring |hof |berg |tor |kirche "
            ),
        ),
    ),
    ValueForm(
        "street_address",
        lazy_pattern(
            rf"(?i:\d{{1,4}}(?: ?bis| ?ter)?,? (?:rue|avenue|boulevard|bo?u?l?v?d\.?|av\.|place|chemin|impasse|allée|"
            rf"quai|route|cours|square|passage|sentier|ruelle|esplanade)) (?:(?i:de la |de l'|de |du |des |d'|la |le )"
            rf"){{0,2}}(?-i:{CAPITALIZED}(?:[ -]{CAPITALIZED}){{0,3}})(?:,? \d{{5}} {CAPITALIZED})?"
        ),
        hint=re.compile(r"(?i)\d(?: ?bis| ?ter)?,? [rabpciqse]"),
    ),
    ValueForm(
        "street_address",
        lazy_pattern(
            rf"(?<!\w)(?!(?:Av\.|Via) (?:{NO_STREET})\b)(?:[Cc]alle|[Rr]ua|R\.(?= [^\n]{{2,40}}n[º°.]? ?\d)|[Vv]ia(?= de[il])|V\.le|C\.so|P\.za|C/|Avenida|Avda\.?|Av\.|Blvd\.|Calzada|Calz\.|Jirón|"
            rf"Largo(?= d[aeo][si]? )|Lungo(?:tevere|mare|arno)|Lungarno|Vicolo|Contrada|Strada|Alameda|Estrada|Beco|"
            rf"Praça|Plaza|Paseo|Carrera|"
            rf"Camino|Ronda|Via|Viale|Piazza|Corso|"
            rf"Travessa) (?:(?:de la |de los |de las |de |del |della |dei |da |das |do |dos |la |el )"
            rf"){{0,2}}{CAPITALIZED}(?: (?:de |del |la |d[ao]s? |della )?{CAPITALIZED}){{0,3}},? (?:n[º°.o]? "
            rf"?)?\d{{1,4}}(?!\w)(?:, ?(?:\d{{1,2}}[ºª°]?(?: ?[A-Za-z]{{1,4}}\.?)?(?=,)|(?:apto|apt|piso|int|depto|"
            rf"dpto|bloco|bl|casa|esc|interno)\.? ?\w{{1,5}}))?(?:/[A-Z](?!\w))?(?:,? \d{{5}} {CAPITALIZED})?"
        ),
    ),
    ValueForm(
        "street_address",  # of any form, behind a word for an address
        lazy_pattern(
            rf"(?<![\w.@-])(?:{OWN_ADDRESS_WORDS})(?P<value>(?:(?:Flat|Unit|Apt\.?|Suite|Apartment|No\.?|H\.No\.) \w{{1,4}},? )?"
            rf"(?:\d{{1,5}}[A-Za-z]?(?: bis| ter)?,? (?:(?:{STREET_PARTICLE}) ){{0,3}}{CAPITALIZED}\.?(?: (?:(?:{STREET_PARTICLE}) )?{CAPITALIZED}\.?){{0,3}}|"
            rf"(?!(?:CEP|CAP|PLZ|ZIP|Zip|Room|Level|Floor|Zimmer|Port|Page)\b)(?:(?i:{STREET_PARTICLE}) ){{0,2}}{CAPITALIZED}\.?(?: (?:(?:{STREET_PARTICLE}) ){{0,2}}{CAPITALIZED}\.?){{0,3}},? (?:n[º°.o]? ?)?"
            r"(?!(?:19|20)\d\d)\d{1,4}(?:[ /-]\d{1,3}|[ /-]?[A-Za-z](?!\w))?(?: m\. ?\d{1,3})?(?![\w%]|[.,:]\d| (?:year|Jahr|ans|años|anni|anos|jaar|lat|m|km|min|hour|Stunde|day|Tag|month|Monat|people|people)\w*)))"
        ),
        lambda text: not SQL_WORD.search(text),
        hint=Hints(DIGIT, OWN_ADDRESS_WORD, NUMBERED_WORD, OWN_ADDRESS_HINT),
    ),
    ValueForm(
        "street_address",  # Dutch, Swedish, Norwegian, Danish
        lazy_pattern(
            r"(?<!\w)(?:[A-ZÅÄÖØÆ][a-zåäöøæ]+ )?[A-ZÅÄÖØÆ][a-zåäöøæ]+(?:straat|gracht|laan|plein|dijk|singel|steeg|"
            r"gatan|vägen|"
            r"gränd|torget|gaten|veien|vej|gatu|"
            r"katu) \d{1,4}(?: ?-?[A-Za-z]{1,3})?(?!\w)(?:, ?\d{4} ?[A-Z]{2} [A-Z][a-z]+)?"
        ),
        hint=Hints(
            DIGIT,
            re.compile(
                r"(?:straat|gracht|laan|plein|dijk|singel|steeg|gatan|vägen|gränd|torget|gaten|veien|"
                r"vej|gatu|katu) [0-9]"
            ),
        ),
    ),
    ValueForm(
        "street_address",  # Polish and Turkish
        lazy_pattern(
            rf"(?<!\w)(?:(?:ul|al|pl|os)\. (?:{CAPITALIZED} ){{1,3}}\d{{1,4}}[a-zA-Z]?(?: ?(?:/|m\.?|lok\.) ?"
            rf"\d{{1,4}}){{0,2}}|"
            rf"(?:{CAPITALIZED} ){{1,3}}(?:Mah(?:allesi)?|Sok(?:ak|ağı)?|Cad(?:desi)?|Bulvarı)\.?,? (?:No: ?|"
            rf"no: ?)?\d{{1,4}}"
            rf"(?:/\d{{1,4}})?(?:,? (?:Daire|Kat|D:|K:) ?\d{{1,3}}){{0,2}})(?!\w)"
        ),
        hint=Hints(DIGIT, re.compile(r"(?:(?<!\w)(?:ul|al|pl|os)\. |Mah|Sok|Cad|Bulvar)")),
    ),
    ValueForm(
        "street_address",  # of Colombia: `Calle 72 # 10-34`
        lazy_pattern(
            r"(?<!\w)(?:Calle|Carrera|Cra\.?|Cl\.?|Kr\.?|Transversal|Diagonal|Avenida) \d{1,3}[A-Z]?(?: (?:Sur|"
            r"Norte|Bis))? ?"
            r"(?:#|No\.?|n[°º]) ?\d{1,3}[A-Z]? ?- ?\d{1,3}(?!\w)"
        ),
        hint=Hints(DIGIT, re.compile(r"(?:#|No\.?|n[°º]) ?[0-9]")),
    ),
    ValueForm(
        "street_address",  # Czech, Russian
        lazy_pattern(
            rf"(?<!\w)(?:{CAPITALIZED} (?:náměstí|nábřeží|ulice|třída) \d{{1,4}}(?:/\d{{1,4}})?|"
            r"(?:ул|пр|просп|пер|пл|наб|бул)\. ?[А-ЯЁ][а-яё-]+(?: [А-ЯЁ][а-яё-]+)?,? (?:д\. ?|дом )?\d{1,4}[а-я]?"
            r"(?:,? ?(?:кв|корп|стр|к)\. ?\d{1,4}){0,2}|"
            r"(?:улица|проспект|шоссе|переулок|бульвар|набережная) [А-ЯЁ][а-яё-]+(?: [А-ЯЁ][а-яё-]+)?,? (?:дом|д\.) ?\d{1,4}[а-я]?)(?!\w)"
        ),
        hint=Hints(
            NOT_ASCII,
            DIGIT,
            re.compile(
                r"náměstí|nábřeží|ulice|třída|(?:ул|пр|просп|пер|пл|наб|бул)\.|(?:улица|проспект|шоссе|переулок|бульвар|набережная) "
            ),
        ),
    ),
    ValueForm(
        "street_address",  # Chinese, Japanese, Korean
        lazy_pattern(
            r"(?=[\u4e00-\u9fff]{2,37}\d)(?<!我住)(?<!家住)(?<!我)(?!(?:我|家|我家|我们|他|她)?住在|我|住|在|寄|送|地址)(?:[\u4e00-\u9fff]{1,8}(?:省|市|[区區]|[县縣])){0,3}[\u4e00-\u9fff]{1,8}(?:路|街|大道|巷|胡同)(?:[一二三四五六七八九]段)?\d{1,5}(?:[巷弄]\d{1,4}){0,2}[号號]"
            r"(?:\d{1,4}(?:室|[楼樓]|单元|栋|幢|层)){0,3}|"
            r"[\u4e00-\u9fff]{1,4}市[\u4e00-\u9fff]{1,4}区[\u4e00-\u9fff\u3040-\u30ff]{1,15}\d{1,4}(?:(?:-|−|丁目|番地?|号)\d{0,4}){1,3}|"
            r"(?:東京都|北海道|(?:大阪|京都)府|[\u4e00-\u9fff]{2,3}県)[\u4e00-\u9fff\u3040-\u30ff]{1,20}"
            r"\d{1,4}(?:(?:-|−|丁目|番地?|号)\d{0,4}){1,3}|"
            r"(?:[가-힣]{1,6}(?:시|도|구|군) ){1,3}[가-힣\d]{1,10}(?:로|길) ?\d{1,4}(?:-\d{1,3})?(?![\d])"
        ),
        hint=Hints(NOT_ASCII, DIGIT, re.compile(r"[0-9](?:[号號巷弄]|-|−|丁目|番)|(?:로|길) ?[0-9]")),
    ),
    ValueForm(
        "street_address",  # a box at a post office
        lazy_pattern(
            r"(?<!\w)(?:P\.? ?O\.? Box|Postfach|Postbus|Apartado(?: [Pp]ostal)?|Casella [Pp]ostale|Caixa Postal|"
            r"Postboks) \d{2,6}(?!\w)"
        ),
        hint=Hints(DIGIT, re.compile(r"(?:Box|Post(?:fach|bus|boks)|Apartado|Postal|ostale) [0-9]")),
    ),
)
