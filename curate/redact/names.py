"""The names of persons in a text: behind an introduction, a salutation or a title, below a closing, under a key."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from xxhash import xxh3_128_intdigest

from curate.core.key_value_secrets import Secret
from curate.core.lazy import lazy_pattern
from curate.redact.folding import folded
from curate.redact.form import MAX_SHORT, has_any
from curate.redact.forms_of_address import (
    NO_TURKISH,
    SURNAMES_JA,
    SURNAMES_ZH,
    hints_and_pattern,
    names_beside_forms_of_address,
)
from curate.redact.name_words import (
    CAPITAL,
    CAPITALS,
    FULL_NAME,
    HONORIFIC,
    NAME_WORD,
    NO_NAMES,
    PARTICLE,
    PERSON,
    PERSON_KEY_WORDS,
    RELATION,
    SURNAME,
)

CODE_BLOCK: Final = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
"""A fenced block of code."""
TITLED: Final = lazy_pattern(rf"(?<!\w)(?:(?:{HONORIFIC})\.? ){{1,3}}{FULL_NAME}")
TITLED_CAPITALS: Final = lazy_pattern(
    r"(?<!\w)(?:Mrs?\.?|MRS?\.|Ms\.|Miss|Herrn?|HERRN?|Frau|FRAU|Mme|MME|Monsieur|Madame|Señora?|"
    r"Sra?\.|SRA?\.|Dra?\.|Prof\.|Signora?) "
    rf"(?P<name>(?!(?:AND|THE|UND|USA|PRESIDENT|SPEAKER)\b){CAPITALS}(?: {CAPITALS}){{0,2}})(?! {CAPITAL}{{2}})"
)
WITH_PARTICLE: Final = lazy_pattern(
    r"(?<!\w)(?<![Dd]ie )(?<![Dd]er )(?<![Dd]e[nm] )(?<![Ee]ine )(?<![Dd]iese )"
    r"(?:(?:Mrs?|Ms|Miss|Dra?|Prof|Herrn?|Frau|Mme|Mlle|Sra?|Sig|[Mm]evrouw|[Mm]eneer|Mevr|Mw|[Dd]hr|Drs)\.? ){1,3}"
    rf"(?P<name>(?!(?:(?<=Herr )|(?<=Herrn )|(?<=Frau ))de[rn] )(?:(?:{PARTICLE}) ){{1,3}}{NAME_WORD})"
)
"""A last name such as `von der Leyen` behind a title. Behind `señora`, `de` is followed by a place as often,
and behind `Herr`, `der` by what he rules (`Der Herr der Ringe`)."""


LISTED: Final = lazy_pattern(
    rf"(?:(?i:\b(?:attendees|participants|teilnehmer(?:innen)?|anwesend|participants?|asistentes|partecipanti|"
    rf"aanwezig|obecni|presentes|absents?|apologies|abwesend|entschuldigt|ausentes?|assenti?|afwezig|nieobecni|"
    rf"protokolant(?:ka)?|"
    rf"excusée?s?|présente?s?|presenti)(?: present)?(?: ?:|(?<=presenti)|(?<=aanwezig)|(?<=afwezig))"
    rf"[ \n-]*)|(?m:^)(?:To|Cc|CC|Bcc|An|À|Para|A|Aan|Do): )(?P<names>{NAME_WORD}(?: {NAME_WORD}){{1,2}}"
    rf"(?:(?:[,;] (?:and )?| (?:and|und|et|y|e|en|i) |\n[-*]? ?){NAME_WORD}(?: {NAME_WORD}){{1,2}}){{0,20}})"
)
LISTED_HINT: Final = re.compile(
    r"attendees|participant|teilnehmer|anwesend:|asistentes|aanwezig|obecni:|presente|absent|apologies|abwesend|"
    r"entschuldigt|"
    r"ausente|assent|afwezig|protokolant|excusé|présent|presenti|(?m:^)(?:to|b?cc|an|à|para|aan): "
    r"[^\n]*[,;]"
)
DEVANAGARI: Final = r"[\u0900-\u0963\u0970-\u097f]+"
HAN: Final = r"[\u4e00-\u9fff々]"
HAN_END: Final = r"(?![生人者师師员員家长長手民友工客迷子女男族派院党网店号式级類类色的了吗呢吧])" + HAN
"""The last character of a name, which is none of an office or of a kind of persons."""
LISTED_CJK: Final = lazy_pattern(
    rf"(?:出席者?|欠席者?|参加者|出席人员|与会人员|参会人员|缺席)[::]\s?(?P<names>{HAN}{{1,5}}(?:[  ]{HAN}{{1,4}})?"
    rf"(?:[、,,]\s?{HAN}{{1,5}}(?:[  ]{HAN}{{1,4}})?){{0,20}})(?=[、,,。;;\s]|$)"
)
"""Attendees in Japanese and Chinese."""
LISTED_NAME: Final = lazy_pattern(rf"{NAME_WORD}(?: {NAME_WORD}){{1,2}}")
LISTED_NAME_CJK: Final = lazy_pattern(rf"{HAN}{{1,4}}[  ]{HAN}{{1,4}}|{HAN}{{2,5}}")
OTHER_SCRIPTS: Final = tuple(
    map(
        lazy_pattern,
        (
            rf"(?:मेरा|मेरी पत्नी का|मेरे पति का|उनका|उसका) (?:पूरा )?नाम "
            rf"(?P<name>{DEVANAGARI}(?: {DEVANAGARI}){{0,2}}) (?:है|हैं)",
            rf"मैं (?P<name>{DEVANAGARI}(?: {DEVANAGARI}){{0,2}}) बोल रह[ाी]",
            rf"(?:श्री|श्रीमती|सुश्री|डॉ\.?) (?P<name>{DEVANAGARI}(?: {DEVANAGARI}){{0,2}}?)(?= (?:को|से|का|की|के|ने|"
            rf"जी))",
            rf"(?:名前は|氏名(?:は|[::])|名義(?:人)?(?:は|[::])|担当(?:は|"
            rf"者[::]))[「 ]?(?P<name>{HAN}{{1,4}}[  ]{HAN}{{1,4}}|"
            rf"{HAN}{{2,6}}|[ァ-ヶー]{{2,10}}[  ・]?[ァ-ヶー]{{2,10}})(?=です|と|で|、|。|」|\s|$)",
            rf"(?<!{HAN})(?P<name>{HAN}{{2,6}}|{HAN}{{1,3}}[  ]{HAN}{{1,4}})"
            r"(?=と申します|と申し上げます|と言います|といいます)",
            rf"(?<!{HAN})(?P<name>{HAN}{{2,5}})(?=様(?!々|子|式|相|態|に|な)|さん(?!ざん)|氏(?!名)|"
            rf"殿下?(?![{HAN[1:-1]}]))",
            rf"(?P<name>(?:{SURNAMES_JA})[  ]?(?:{HAN}{{1,3}}|[ぁ-ん]{{2,4}}(?=さん|様))?)(?=さん|様|くん|と申|"
            rf"と言います)",
            rf"(?:患者名?|運転者|契約者|被保険者|申込者|登録者|会員|受取人|カード名義|名義人?|世帯主|保護者|本人|"
            rf"お届け先)(?:は|[::])?\s?"
            rf"(?P<name>(?:{SURNAMES_JA})[  ]?(?:(?![様氏殿]){HAN}){{1,3}})(?=様|さん|です|で|と|、|,|。|」|の|が|\s|"
            rf"$)",
            rf"お世話になって(?:おり|い)ます。\s*(?:[^\s。、]{{1,20}}の)?(?P<name>{HAN}{{2,5}})(?=です|と申)",
            rf"(?:患者|病人|持卡人|车主|司机|驾驶员|户名|开户人|申请人|投保人|被保险人|收款人|付款人|[甲乙]方|出租方|"
            rf"承租方|法定代表人|"
            rf"兹证明|客户)(?:[::]|是|为)?\s?(?P<name>(?:[{SURNAMES_ZH}]|欧阳|司马|上官|诸葛){HAN}{{1,2}}?)"
            rf"(?=[,,。.!!;;、((\s]|$|已|系|于|现|同|先生|女士|您好)",
            rf"(?P<name>(?:[{SURNAMES_ZH}]|欧阳|司马|上官|诸葛){HAN}{{1,2}}?)(?=同学(?!们|会|录|校)|律师(?!事务|函|费)|"
            rf",?您好)",
            rf"(?:我叫|我的名字(?:叫|是))(?P<name>[{SURNAMES_ZH}]{HAN}{{1,3}})(?=[,,。.!!\s]|$)",
            rf"(?:^|(?<=[,,。.!!::;;\s]))我是(?P<name>[{SURNAMES_ZH}]{HAN}{HAN_END})(?=[,,。.!!]|$)",
            r"(?:^|(?<=[\n.!?] )|(?<=\n))(?:Здравствуй(?:те)?|Привет|Добрый (?:день|вечер)|Доброе утро|Уважаем(?:ый|"
            r"ая)),? "
            r"(?P<name>(?!(?:Господ|Коллег|Друзь|Клиент|Покупател|Пользовател|Все|Мир|Дорог|Уважаем|Админ|"
            r"Модератор)[а-я]*)"
            r"[А-ЯЁ][а-яё]+(?: [А-ЯЁ][а-яё]+){0,2})(?=[,!])",
            r"(?:Спасибо|Всего доброго|С наилучшими пожеланиями|Искренне [Вв]аш[а]?)[,!.]?[ \t]*\n\s*"
            r"(?P<name>[А-ЯЁ][а-яё]+(?: [А-ЯЁ][а-яё]+){0,2})(?=[ \t]*(?:$|\n))",
            r"(?:(?i:фио)|Ф\. ?И\. ?О\.)(?: [а-яё]{3,12})? ?[:—–-] ?"
            r"(?P<name>[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?(?: [А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?){1,2})",
            rf"(?:姓名|联系人|聯絡人|收件人|收货人|经办人|负责人)(?:[::]|是)\s?(?P<name>{HAN}{{2,4}})(?=[,,。.!!\s]|$)",
            rf"(?:敬礼|敬禮|敬上)[!!]?\s*\n\s*(?P<name>{HAN}{{2,4}})(?=\s*$|\s*\n)",
            r"(?:제 이름은|성명[::]|이름[::]) ?(?P<name>[가-힣]{2,4})(?=입니다|이고|이에요|예요|\s|$)",
            r"(?i:меня зовут|моё имя|мое имя) (?P<name>[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?(?: [А-ЯЁ][а-яё]+){0,2})",
            r"(?i:с уважением),?\s*\n?\s*(?P<name>[А-ЯЁ][а-яё]+(?: [А-ЯЁ][а-яё]+){0,2})(?=\s*$|\n)",
        ),
    )
)
"""Introductions and titles in Hindi, Japanese, Chinese, Korean and Russian."""
NO_JAPANESE_NAME: Final = lazy_pattern(
    r".*(?:客|皆|神|王|奥|姫|殿|何|同|仕|多|模|一|有|各|者|員|師|士|屋|母|父|兄|姉|娘|息子|旦那|医|生|長|方|君|隊|官|"
    r"人|主|業|店|社|社員|子供|赤|"
    r"嫁|孫|叔|伯|祖|妹|弟|家|族|先輩|後輩|仏|上|本|作|両|沢山)"
)
"""What precedes a Japanese title without being a name: relatives, professions, and parts of other words."""


HEADER: Final = "(?:Subject|Betreff|Objet|Asunto|Assunto|Oggetto|Onderwerp|Date|Sent|Gesendet|Datum)"
"""A header of an e-mail behind `From` and `To`, which are also of journeys."""
ABOUT_PERSON: Final = (
    r"\b(?:age|gender|sex|e-?mail|phone|tel|mobile|address|occupation|birth\w*|dob|alter|geburtsdatum|telefon|edad|"
    r"prénom|pesel|dni|nif|nie|cpf|codice fiscale|bsn|passaporte|pasaporte|"
    r"steuer-?id\w*|steuerklasse|vorname|cognome|apellidos?|achternaam|nazwisko|tel[eé]fono|t[ée]l[ée]phone|telefone|"
    r"adresse|dirección|"
    r"indirizzo|endereço|"
    r"âge|idade|nationality|job|position|employer|ssn|passport|surname|last name)\b(?=\s*(?:[:=(|]|is\b|\d))"
)
"""What stands in the line of a person's name or in the next one; elsewhere, the name is of anything."""
ABOUT_PERSON_PATTERN: Final = lazy_pattern(f"(?i){ABOUT_PERSON}")
LABELLED_HINTS: Final = ("name", "nom", "naam", "imię")
LABELLED: Final = lazy_pattern(rf"(?i)\b(?:name|nombre|nom|nome|naam|imię) ?: {FULL_NAME}")
"""A name behind a label that is also of things."""


NO_SPEAKER: Final = (
    "(?:Same|Ditto|Welcome|Click|See|Sign|Look|Come|Over|Out|Right|From|Up|Down|Press|Tap|Enter|Insert|Type|Put|"
    "Check|Read|Find|Nobody|"
    "Everyone|Everybody|Only|Living|Being|Once|Stay|Wait|Go|Download|Start|Stop|Write|Paste|Add|Get|Visit|Hello|It|"
    "That|"
    "This|He|She|They|We|You|Especially|Anyone|Someone|Also|Even|Back|Public|Native|English|Spanish|German|French|"
    "Chinese|Customer|Generally|Strictly|Work|Was|Is|Are|Am|Been|Apply|Use|Try|Note|Again|Like|Just|Still|Already|"
    "Not)\\b"
)
"""Words before `here` and `speaking` that are no name."""
TURKISH_NAME: Final = "(?:[A-ZÇĞİÖŞÜ][a-zçğıöşüâî]+)"
NO_FIRST_WORD: Final = (
    "(?:Patient(?:in|e)?|Patiënte?|Pa[zc]iente|Pacjent(?:ka)?|Utente|Dipendente|Mitarbeiter(?:in)?|Kund(?:e|in)|"
    "Cliente?|Klient(?:ka)?|"
    "Herrn?|Frau|Monsieur|Madame|Signor[ae]?|Señora?|Senhora?|Pani?|Mevrouw|Meneer|Born|The|Employee|Name|Nom|Nome|"
    "Nombre|Naam)"
)
"""What a name does not begin with."""
ROLE_HINTS: Final = (
    "customer|contact|beneficiary|recipient|employee|tenant|patient|kunde|kundin|client|ansprech|kontakt|bearbeiter|"
    "persona de|persona di|referente|responsable|titula|inhaber|houd|driver|fahrer|conduc|kierowca|bestuurder|"
    "motorista|halter|"
    "eigent|propri|propiet|dono |właściciel|eigenaar|pacjent|patiënt|paziente|mitarbeiter|protokolant|intestatari|"
    "posiadacz|imię i|imie i|t.n.v.|"
    "new hire|claimant|defendant|plaintiff|respondent|petitioner|minutes |prepared by|witness|"
    "destinat|empfänger|ontvanger|odbiorca|nadawca|absender|expéditeur|mittente|paciente|y apellidos|et prénom|"
    "e cognome"
)
"""Parts of `ROLE_WORDS` in lower case."""
ROLE_WORDS: Final = (
    r"new hire|claimant|defendant|plaintiff|respondent|petitioner|minutes (?:taken )?by|prepared by|witness|"
    r"customer|contact|beneficiary|recipient|employee|tenant|patient|kunde|kundin|client|cliente|"
    r"ansprechpartner(?:in)?|"
    r"kontaktperson|ansprechperson|(?:sach)?bearbeiter(?:in)?|contactpersoon|persona di contatto|persona de "
    r"contacto|referente|"
    r"responsable|osoba kontaktowa|titular(?:e|en)?|titulaire|\w{0,12}inhaber(?:in)?|\w{0,9}houd(?:er|ster)|driver|"
    r"fahrer(?:in)?|"
    r"conduct(?:ora?|eur|rice)|conducente|kierowca|bestuurder|motorista|halter(?:in)?|eigentümer(?:in)?|"
    r"propiet[áa]ri[oa]|"
    r"propriét\w{1,30}|proprietari[oa]|dono|właściciel\w{0,3}|eigenaar|pacjent(?:ka)?|patiënte?|paziente|mitarbeiter(?:in)?|"
    r"protokolant(?:ka)?|intestatario|posiadacz|"
    r"imi[ęe] i nazwisko|t\.n\.v\.?|destinat[áa]ri[oa]|destinataire|empfänger(?:in)?|ontvanger|odbiorca|nadawca|"
    r"absender(?:in)?|expéditeur|mittente|paciente|nombre y apellidos|nom et prénom|nome e cognome"
)
"""What the name of a person stands behind, with a colon or a verb."""
NAMES: Final = (
    hints_and_pattern(
        "name|nom|heiße|appelle|llamo|chiamo|chamo|naam|heet|nazywam|imię|imie|c'est|c’est|signed|attn|behalf|holder:",
        (
            rf"(?i)\b(?:my name is|my name's|mein name ist|ich heiße|je m'appelle|mon nom est|me llamo|mi "
            rf"nombre es|mi chiamo|il mio nome è|meu nome é|me chamo|chamo-me|moi,? c['’]est|"
            rf"mijn naam is|ik heet|nazywam się|mam na imi[ęe]|signed by|attn\.?:?|on behalf of|patient(?:in)? "
            rf"name:?|full name:?|(?:nome completo|volledige naam|nom complet|vollständiger name|nombre completo|"
            rf"imię i nazwisko) ?:|(?:account holder|cardholder):) {FULL_NAME}"
        ),
    ),
    hints_and_pattern(
        "i am|i'm|im |ik ben|jestem|this is|ich bin|je suis|soy|sono|sou |aqui é|spoke|met with|ask for|speak|"
        "signed|name |naam",
        (
            rf"(?i)\b(?:i am|i'm|im|ik ben|jestem|this is|ich bin|je suis|soy|sono|sou(?: [oa])?|aqui é [oa]|"
            rf"spoke (?:to|with)|"
            rf"met with|ask for|speak to|speaking (?:to|with)|signed|name (?:on (?:(?:the|my|this) )?\w+ )?is|"
            rf"naam) (?P<name>{NAME_WORD}(?: {NAME_WORD}){{1,2}}|{NAME_WORD} (?-i:[A-Z]\.))"
        ),
    ),
    hints_and_pattern(
        ROLE_HINTS,
        rf"(?i)(?<![^\W_])(?:{ROLE_WORDS})(?: [^\W\d_]{{3,14}})?(?: ?: ?| ist | is | est | è | é |"
        rf"(?<=t\.n\.v\.) |(?<=t\.n\.v\. ))"
        rf"(?P<name>{NAME_WORD}(?: (?:(?:{PARTICLE}) ){{0,2}}{NAME_WORD}){{1,2}})",
    ),
    hints_and_pattern(  # before what is of a person
        "employee|patient|paciente|client|customer|tenant|madame|monsieur|kunde|sottoscritt|meldung von|abaixo",
        rf"(?i)(?<![^\W_])(?:employee|patient(?:in)?|paciente|client|customer|tenant|kund(?:e|in)|(?:il |la "
        rf")?sottoscritt[oa]|"
        rf"meldung von|contact) (?P<name>{NAME_WORD}(?: (?:(?:{PARTICLE}) ){{0,2}}{NAME_WORD}){{1,2}})"
        rf"(?=,? ?[,(;] ?(?:geb|born|nat[oa]|nacid|née?|ssn|dob|dni|c\.?f\.?|tel|phone|[^\n]{{0,12}}{ABOUT_PERSON}))",
    ),
    hints_and_pattern(  # above an address that something is sent to
        "deliver|ship|send|bill|mail|liefer|versand|rechnung|livr|envoy|envi|entreg|consegn|sped|bezorg|stuur|dostaw|"
        "wysł|adres",
        rf"(?i)(?:deliver|ship|send|bill|mail|liefer|versand|rechnungs|livr|envoy|env[ií]|entreg|consegn|sped|bezorg|"
        rf"verzend|"
        rf"stuur|dostaw|wysył|adres)[^\n]{{0,30}}\n[ \t]*(?P<name>{NAME_WORD}(?: (?:(?:{PARTICLE}) "
        rf"){{0,2}}{NAME_WORD}){{1,2}})"
        r"[ \t]*(?=\n[^\n]{0,50}\d)",
    ),
    hints_and_pattern(
        "this is|speaking|hier |ici |habla ",
        (
            rf"(?i)\b(?:this is|you are speaking with|you're speaking with|hier ist|hier spricht|ici|habla) "
            rf"(?P<name>{NAME_WORD})(?= (?:from|calling|speaking|here|again|von|vom|aus|de|del|du)\b|\. How\b)"
        ),
    ),
    hints_and_pattern(
        "name|nombre|apellido|prenom|nom|holder",
        rf"(?i)(?<![^\W_])(?:{PERSON_KEY_WORDS})[\"']?\s?[:=]\s?[\"']{FULL_NAME}(?=[\"'])",
    ),
    hints_and_pattern(  # in JSON within a text; `name` alone may be that of a thing
        "name",
        (
            r"(?i)\"(?:customer|client|patient|employee|person|tenant|student|teacher|passenger|guest|attendee|"
            r"contact)\"\s?:\s?\{\s*(?:\"id\"\s?:\s?[\w\"-]{1,40},\s*)?\"name\"\s?:\s?"
            rf"\"(?P<name>{NAME_WORD}(?: {NAME_WORD}){{1,3}})(?=\")"
        ),
    ),
    hints_and_pattern(
        "",
        (
            rf"(?i)(?:^|\n|[\"'“])[ \t]*(?:dear|hi|hello|hey|hallo|liebe[r]?|lieber|bonjour|bonsoir|ch[eè]re?|hola|"
            rf"good (?:morning|afternoon|evening|day)|guten (?:tag|morgen|abend)|moin|servus|buen[oa]s (?:días|tardes|"
            rf"noches)|sehr geehrter?|querid[oa]|estimad[oa]|ciao|gentile|car[oa]|olá|oi|salut|coucou|beste|"
            rf"geachte|hoi|goede(?:morgen|middag|navond)|"
            rf"egregi[oa]|gentilissim[oa]|prezad[oa]|caríssim[oa]|bom dia|boa (?:tarde|noite)|buongiorno|buonasera|"
            rf"szanown[ya]|drog[ai]|cześć|witaj|hej|bonjour (?:monsieur|madame))"
            rf"(?: (?:{HONORIFIC})\.?){{0,3}} "
            rf"{FULL_NAME}(?=[,!:\n])"
        ),
    ),
    hints_and_pattern(
        "@",  # before an e-mail address in angle brackets
        rf"(?<![\w'’])[\"']?(?P<name>{NAME_WORD}(?:,? (?:(?:{PARTICLE}) ){{0,2}}(?:{NAME_WORD}|[A-Z]\.)){{0,3}})[\"']? "
        r"?[<\[(](?:mailto:)?[^\s<>@()]{1,64}@[^\s<>@()]{1,80}\.[a-z]{2,20}[>\])]",
    ),
    hints_and_pattern(
        "from:|to:|cc:|von:|an:|de:|à:|para:",
        rf"(?m)^(?:> ?)*(?:From|To|Cc|CC|Bcc|Von|An|De|À|Para): "
        rf"(?P<name>{NAME_WORD}(?: {NAME_WORD}){{1,2}})(?=[^\n:]{{0,200}}\n(?:[^\n]*\n){{0,5}}?(?:> ?)*{HEADER}:)",
    ),
    hints_and_pattern(
        "my |our |mein|unser|mon |ma |notre |mi |nuestr|meu|minha|noss|mio |mia |nostr|mijn |m'n |onze |mój |moj|nasz",
        rf"(?i:\b(?:my|our|(?:mein|unser)(?:e[mnr]?)?|mon|ma|notre|mi|nuestr[oa]|meu|minha|noss[oa]|mi[oa]|nostr[oa]|"
        rf"mijn|m'n|onze|"
        rf"mój|moj(?:a|ą|ej|ego|emu)|nasz(?:a|ej|ego)?) (?:\w+[ -])?(?:{RELATION}),?) "
        rf"(?P<name>{NAME_WORD}(?: (?:(?:{PARTICLE}) )?{NAME_WORD}){{0,2}})",
    ),
    (("",), TITLED),
    (
        ("mr", "ms. ", "miss ", "herr", "frau", "mme", "monsieur", "madame", "señor", "sr", "dr", "prof", "signor"),
        TITLED_CAPITALS,
    ),
    hints_and_pattern(  # in capitals
        "name|heiße|appelle|llamo|chiamo|nombre|nome",
        rf"(?i)\b(?:my name is|mein name ist|ich heiße|je m'appelle|me llamo|mi nombre es|mi chiamo|"
        rf"meu nome é|full name:?|patient name:?) "
        rf"(?P<name>{CAPITALS}(?: {CAPITALS}){{1,2}})(?! {CAPITAL}{{2}})",
    ),
    hints_and_pattern(
        "name",
        rf"(?i)\b(?:(?:under|in) the name(?: of)?|(?:customer|client|patient|guest|kunden|patienten)[ -]?name):? "
        rf"(?P<name>{NAME_WORD}(?: (?:(?:{PARTICLE}) )?{NAME_WORD}){{1,2}})",
    ),
    hints_and_pattern(  # beside what else is of a person
        "name",
        rf"(?i)(?<![\w.-])name:? (?P<name>{NAME_WORD}(?: (?:(?:{PARTICLE}) )?{NAME_WORD}){{1,2}})"
        r"(?=,? ?(?:and )?(?:my )?(?:phone|tel|mobile|e-?mail|dob|born|address|ssn|passport|account)\b)",
    ),
    hints_and_pattern(
        "name|holder|owner",
        rf"(?i)[\"']?\b(?:name|holder|owner)[\"']?\s?[:=]\s?[\"']"
        rf"(?P<name>{NAME_WORD}(?: (?:(?:{PARTICLE}) )?{NAME_WORD}){{1,2}})"
        r"[\"'],?\s{1,20}[\"']?(?:e-?_?mail|phone|tel|mobile|dob|birth\w{0,8}|date_of_birth|ssn|age|gender)\b",
    ),
    hints_and_pattern(
        "name|nombre|nom|naam|imię|jméno|namn|navn",
        r"(?i)\b(?:phone|tel|telefon|telefoon|teléfono|téléphone|telefone|mobile?|e-?mail|dob|birth\w{0,8}|geboren|"
        r"address|adresse|\w{0,12}adres)\s?:[^\n]{1,120}\n(?:[^\n]{0,120}\n)?[ \t]{0,8}"
        r"(?:name|nombre|nom|nome|naam|imię|jméno|namn|navn)\s?: "
        rf"(?P<name>{NAME_WORD}(?: (?:(?:{PARTICLE}) )?{NAME_WORD}){{1,2}})(?=[ \t]*(?:\n|$))",
    ),
    hints_and_pattern(
        "cn=|cn =|user.name",
        rf"\b(?:user\.name[ =]{{1,3}}[\"']?(?=[^\n]{{3,60}})|CN ?= ?(?=[^,\n]{{3,60}}, ?(?:OU|CN|DC|emailAddress) ?=))"
        rf"(?P<name>(?!Domain |Enterprise |Schema |Group ){NAME_WORD}(?: {NAME_WORD}){{1,2}})",
    ),
    (("",), WITH_PARTICLE),
    hints_and_pattern(  # who works with the writer
        "collègue|collega|colega|kolleg|colleague|atendente|koleżank",
        rf"(?i:\b(?:collègue|collega|colega|kolleg(?:e|en|in)|colleague|atendente|koleżank[aąi])) "
        rf"(?P<name>{NAME_WORD}(?: (?:(?:{PARTICLE}) )?{NAME_WORD}){{0,2}})",
    ),
    hints_and_pattern(
        "nombre de|nome d|nome|au nom|auf den namen|op naam|na nazwisko|intestat",
        rf"(?i:\b(?:a nombre de|a nome d[io]|em nome d[eao]|(?:è|está) em nome de|au nom de|auf den namen|op naam van|"
        rf"na nazwisko|"
        rf"intestat[oa] a)) (?P<name>{NAME_WORD}(?: (?:(?:{PARTICLE}) )?{NAME_WORD}){{1,3}})",
    ),
    hints_and_pattern(  # patients and employees, in languages that do not write all nouns and headings with capitals
        "paziente|paciente|patiënt|patientin|pacjent|utente|dipendente|empleado|empleada|pracowni|medewerker|"
        "le patient|la patiente|"
        "conducente|kierowca|conductor|sottoscritt|soussign|suscri|abajo firmante|podpisan",
        rf"(?i:\b(?:paziente|paciente|patiënte?|patientin|pacjent(?:ka|a|ki)?|utente|dipendente|emplead[oa]|"
        rf"pracowni[kc]\w{{0,2}}|medewerker|l[ae] patiente?|conducente|kierowca|conductora?|(?:il |"
        rf"la )?sottoscritt[oa]|soussignée?|"
        rf"(?:el |la )?(?:que )?suscri(?:be|t[oa])|(?:abajo|abaixo) (?:firmante|assinad[oa])|niżej podpisan[aey]))"
        rf"(?:,? (?:n[.ºr°]{{0,3}} ?)?[A-Z-]{{0,4}}\d{{3,9}}(?:,|:)?)?,? "
        rf"(?P<name>{NAME_WORD}(?: (?:(?:{PARTICLE}) )?{NAME_WORD}){{1,3}})",
    ),
    hints_and_pattern(
        "employee|staff|personalnummer|matricola|matricule|personeelsnummer| tal |certaine| gewisse|, nom|, naam|"
        ", imię|, name ",
        rf"(?i:\b(?:(?:employee|staff|personalnummer|personeelsnummer|matricola|matricule)(?: no\.?| number|"
        rf" id)? [A-Z-]{{0,4}}"
        rf"\d{{3,9}},|una? tal|une? certaine?|eine?r? gewisse[rns]?|(?<=, )(?:nome|nom|nombre|naam|imię|name))) "
        rf"(?P<name>{NAME_WORD}(?: (?:(?:{PARTICLE}) )?{NAME_WORD}){{1,3}})",
    ),
    hints_and_pattern(  # before a date of birth or the number of a person
        "nato |nata |née|né |geb|ur. |nascid|nacid|pesel|dni |cpf|bsn|nif|codice fiscale|born |d.o.b|dob",
        rf"(?P<name>(?!{NO_FIRST_WORD} "
        rf"){NAME_WORD}(?: (?:(?:{PARTICLE}) ){{0,2}}{NAME_WORD}){{1,3}}),? \(?(?i:nat[oa] il|n[ée]+ le|geb(?:oren|"
        rf"\.)?(?: am| op)?|"
        rf"ur\.|nascid[oa] em|nacid[oa] el|born(?: on)?|d\.?o\.?b\.?:?|pesel:?|(?:con )?dni:?|cpf:?|bsn:?|nif:?|"
        rf"codice fiscale:?) "
        rf"(?=\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}|\d{{8,11}}|\d{{3}}\.|[A-Z]{{6}}\d)",
    ),
    hints_and_pattern(  # in a list of telephone numbers
        " - |– |— |: |, |\t",
        rf"(?m)^[\s\d.*>•-]{{0,6}}(?P<name>{NAME_WORD}(?: (?:(?:{PARTICLE}) )?{NAME_WORD}){{1,2}})(?: ?[–—:|,-] ?|\t|"
        rf" \()"
        r"(?=(?:\+|\(?0|\(\d|\d{3}[ -])[\d ()/.-]{6,16}\d(?!\w)|[\w.+-]{1,64}@[\w-]{1,63}\.)",
    ),
    hints_and_pattern(  # behind the label of a form
        "prénom|nom de famille|vorname|nachname|familienname|apellido|cognome|sobrenome|apelido|voornaam|achternaam|"
        "nazwisko|imię|"
        "first name|last name|surname|given name",
        rf"(?-i:Prénom|Nom de famille|Vorname|Nachname|Familienname|Apellidos?|Cognome|Sobrenome|Apelido|Voornaam|"
        rf"Achternaam|"
        rf"Nazwisko|Imię|First name|Last name|Surname|Given name)(?:\*\*)? ?:(?:\*\*)? ?{FULL_NAME}(?=[ \t]*(?:$|[\n,;|"
        rf"]))",
    ),
    hints_and_pattern(  # in the last line, behind a greeting among friends
        "groet|grüße|gruß|lg|vg|liefs|saludos|abrazo|beso|bises|bisous|baci|saluti|abraço|beij|pozdr|cheers|xoxo|"
        "kisses|hugs",
        rf"(?i:\b(?:groet(?:jes|en)?|gr(?:ü|ue)(?:ß|ss)e|gru(?:ß|ss)|lg|vg|liefs|saludos|abrazos?|besos?|bises|bisous|"
        rf"baci|saluti|abraços?|"
        rf"beij(?:os?|inhos?)|pozdrawiam|pozdro|cheers|xoxo|kisses|hugs))[,!]? "
        rf"(?P<name>{NAME_WORD}(?: {NAME_WORD})?)(?=[ .!]{{0,2}}\Z)",
    ),
    hints_and_pattern(
        "regards|sincerely|cheers|thank|yours|faithfully|best|wishes|take care|love|respectfully|warmly|grüßen|grüße|"
        "grüßle|gruß|mfg|lg|vg|dank|cordialement|distinguées|bien à|amicalement|amitiés|bises|bisous|merci|saludo|"
        "cordiales|atentamente|abrazo|gracias|cordialmente|saluti|cumprimentos|atenciosamente|abraço|beijo|obrigad|"
        "abbracci|"
        "cordialità|grazie|groet|liefs|bedankt|pozdrawiam|pozdrowienia|poważaniem|dziękuję|beso|atte|hilsen|hälsningar",
        (
            rf"(?i)\b(?:regards|sincerely|cheers|thanks|thank you|thanks again|yours truly|yours|faithfully|best|"
            rf"wishes|take care|love|respectfully|warmly|grüßen|grüße|grüßle|gruß|mfg|lg|vg|dank|danke|cordialement|"
            rf"distinguées|bien à vous|bien à toi|amicalement|amitiés|bises|bisous|merci|saludos?|"
            rf"cordiales|atentamente|abrazos?|"
            rf"gracias|cordialmente|saluti|cumprimentos|atenciosamente|abraços?|"
            rf"beijos?|obrigad[oa]|abbracci[o]?|cordialità|grazie|groet(?:en|jes)?|liefs|bedankt|dankjewel|"
            rf"pozdrawiam|pozdrowienia|poważaniem|dziękuję|besos?|atte\.?|hilsen|hälsningar)"
            rf"(?:,?!?\.?[ \t]*\n\s*{FULL_NAME}|(?:,|(?<=[Aa]tte\.)) (?P<same_line>{NAME_WORD}(?: {NAME_WORD}){{1,2}}))"
            rf"(?=[ \t]*(?:$|\n))"
        ),
    ),
    hints_and_pattern(  # `Ada here,` at the start of a sentence, `Ada speaking.` at its end
        " here| speaking",
        rf"(?:(?:^|(?<=[.!?\n] )|(?<=\n))(?P<name>(?!{NO_SPEAKER}){NAME_WORD}(?: {NAME_WORD})?) here(?=[,.!:])|"
        rf"(?:, |[.!] )(?P<same_line>(?!{NO_SPEAKER}|\w+ly ){NAME_WORD}(?: {NAME_WORD})?) speaking(?=[.,!]|$))",
    ),
    hints_and_pattern(
        "call me ",
        rf"(?i:\b(?:you can|you may|please|just|friends|everyone|everybody|people|they|folks) (?:all )?call me) "
        rf"(?P<name>{NAME_WORD}(?: {NAME_WORD})?)"
        r"(?![^\n]{0,80}(?:trained|language model|assistant|chatbot|\bAI\b))",  # the name of a model
    ),
    hints_and_pattern(
        "hier ", rf"(?i:\bhier (?:ist|spricht)) (?P<name>{NAME_WORD}(?: {NAME_WORD}){{1,2}})(?=, (?-i:[a-zü])|[.!])"
    ),
    hints_and_pattern(
        "adım |smim |soyad|isim soyisim",
        rf"(?:(?i:\bbenim ad)ım|\b[İi]smim|(?i:\bad[ıi]?(?: ve|,)?[ -]?soyad[ıi]?|\bisim[ -]soyisim) ?:) "
        rf"(?P<name>{TURKISH_NAME}(?: {TURKISH_NAME}){{0,2}})(?![’'])",
    ),
    hints_and_pattern(
        "merhaba|selam|sevgili|sayın|günaydın",
        rf"(?:^|(?<=[\n.!?] )|(?<=\n))(?:Merhaba|Selam|Sevgili|Sayın|Günaydın),? "
        rf"(?P<name>(?!(?:{NO_TURKISH}|Dünya|Arkadaşlar|Herkese|Herkes|Müşteri\w*|Tekrar) ?){TURKISH_NAME}"
        rf"(?: {TURKISH_NAME})?)(?=[,!:\n])",
    ),
    hints_and_pattern(
        "saygılar|sevgiler|teşekkür",
        rf"(?:Saygılar(?:ım(?:la|ızla))?|Sevgiler(?:imle)?|Teşekkür(?:ler| ederim)),?[ \t]*\n\s*"
        rf"(?P<name>{TURKISH_NAME}(?: {TURKISH_NAME}){{0,2}})(?=[ \t]*(?:$|\n))",
    ),
    hints_and_pattern(  # SQL
        "update ",
        r"(?i)\bupdate\s+[\w.\"]{0,30}(?:customer|client|patient|employee|staff|user|person|people|member|contact|"
        r"student|guest)"
        r"[\w\"]{0,10}\s+set\s+(?:\w{1,30}\s*=\s*[^,;'\n]{1,40},\s*){0,4}(?:full_?|display_?)?name\s*=\s*"
        rf"'(?P<name>{NAME_WORD}(?: {NAME_WORD}){{1,2}})(?=')",
    ),
    hints_and_pattern(  # an element of XML
        "name>|nombre>|apellidos>|apellido>|nom>|prenom>|vorname>|nachname>|cognome>",
        rf"(?i)<(?:[a-z]{{1,12}}:)?(?:{PERSON_KEY_WORDS})>\s?{FULL_NAME}\s?(?=</)",
    ),
    hints_and_pattern(  # YAML
        "name: ",
        r"(?m)^[ \t]*(?:- )?(?:customer|client|patient|employee|person|tenant|student|teacher|passenger|guest|attendee|"
        r"contact|applicant|owner)s?:[ \t]*\n(?:[ \t]+\w{1,20}: [^\n]{0,80}\n){0,3}?[ \t]+(?:- )?name: [\"']?"
        rf"(?P<name>{NAME_WORD}(?: {NAME_WORD}){{1,2}})(?=[\"']?[ \t]*(?:\n|$))",
    ),
)
"""What stands before the name of a person, behind parts of which each text with it has one, in lower case."""


def text_key(text: str) -> int:
    """A hash of a text, by which the names that a model found in it are kept."""
    return xxh3_128_intdigest(text.encode("utf-8", "surrogatepass"))


def names_in(text: str) -> tuple[Secret, ...]:
    """The names of persons behind a salutation, an introduction or a title, and below a closing."""
    return _names_of_short(text) if len(text) <= MAX_SHORT else _names_of_long(text)


def _names_of_any(text: str) -> tuple[Secret, ...]:
    plain = folded(text)
    return tuple(map(plain.original, _names_in_ascii(plain.text)))


_names_of_short: Final = lru_cache(maxsize=4096)(_names_of_any)
_names_of_long: Final = lru_cache(maxsize=16)(_names_of_any)  # each text of a row is searched several times


def _names_in_ascii(text: str) -> Iterator[Secret]:
    """The names in a text with the digits and signs of ASCII."""
    lower = text.lower()
    for hints, pattern in NAMES:
        if not has_any(hints, lower):
            continue
        for match in pattern.finditer(text):
            group = "name" if match["name"] else "same_line"
            words = match[group].split()
            if _is_of_person(words):
                yield Secret(
                    match.start(group),
                    match.end(group),
                    SURNAME
                    if pattern is WITH_PARTICLE or (pattern in (TITLED, TITLED_CAPITALS) and len(words) == 1)
                    else PERSON,
                )
    yield from _labelled(text, lower)
    yield from _attendees(text, lower)
    if not text.isascii():
        for pattern in OTHER_SCRIPTS:
            for match in pattern.finditer(text):
                if not NO_JAPANESE_NAME.fullmatch(match["name"]):
                    yield Secret(match.start("name"), match.end("name"), PERSON)
    for start, end, is_last in names_beside_forms_of_address(text):
        yield Secret(start, end, SURNAME if is_last else PERSON)


def _is_of_person(words: list[str]) -> bool:
    """Whether a name neither begins nor ends with a word of things."""
    return words[0] not in NO_NAMES and words[-1] not in NO_NAMES


def _labelled(text: str, lower: str) -> Iterator[Secret]:
    """The names behind a label such as `name:`, if the rest of the line or the next line is about a person.

    `lower`: the text in lower case. No expression does this in linear time: many labels may stand in one line.
    """
    if not has_any(LABELLED_HINTS, lower):
        return
    about = -1
    line_end = next_line_end = -1
    for match in LABELLED.finditer(text):
        start, end = match.span("name")
        if about < start:
            following = ABOUT_PERSON_PATTERN.search(text, start)
            about = following.start() if following else len(text) + 1
        if line_end < start:
            line_end = _end_of_line(text, start)
            next_line_end = _end_of_line(text, line_end + 1)
        if about <= next_line_end and _is_of_person(match["name"].split()):
            yield Secret(start, end, PERSON)


def _end_of_line(text: str, start: int) -> int:
    """The position of the next line end, or of the end of the text."""
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _attendees(text: str, lower: str) -> Iterator[Secret]:
    """The names in lists of who was present or absent; `lower`: the text in lower case."""
    lists = [(attendees, LISTED_NAME) for attendees in (LISTED.finditer(text) if LISTED_HINT.search(lower) else ())]
    lists += [(attendees, LISTED_NAME_CJK) for attendees in (() if text.isascii() else LISTED_CJK.finditer(text))]
    for attendees, pattern in lists:
        for match in pattern.finditer(text, *attendees.span("names")):
            if NO_NAMES.isdisjoint(match.group().split()):
                yield Secret(match.start(), match.end(), PERSON)
