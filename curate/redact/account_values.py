"""Forms of postal codes, of numbers of accounts and bookings, and of users in logs and settings."""

import re
from typing import Final

from curate.core.lazy import lazy_pattern
from curate.redact.form import (
    CODE_HINT,
    DIGIT,
    LONG_NUMBER,
    NOT_ASCII,
    HintParts,
    Hints,
    ValueForm,
    anywhere,
    compact,
    named,
    unspaced,
)
from curate.redact.sign_in_patterns import HASH_HINT, PASSWORD_HASH
from curate.redact.user_patterns import EXAMPLE_HOST, LOGIN, NO_SERVICE
from curate.redact.value_patterns import FREE_GAP, HANDLE, PLATFORMS, UNSPACED_DATE

POSTAL_CODE: Final = (
    r"(?-i:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[\dW] ?[A-Z0-9]{4}|"
    r"[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{4} ?[A-Z]{2}|\d{5}(?:-\d{3,4})?|\d{3}-\d{4}|"
    r"\d{4}-\d{3}|\d{2}-\d{3}|\d{3} ?\d{2,3}|\d{4})"
)
"""Of the United Kingdom, Ireland, Canada, the Netherlands, and in digits."""
POSTAL_WORDS: Final = (
    r"zip(?!\()(?:[ _-]?code)?|post(?:al)?[ _-]?code|postleitzahl|plz|code[ _]postal|c[óo]digo[ _]postal|"
    r"codice[ _]postale|cep|"
    r"(?-i:CAP|C\.A\.P\.)(?= \d{5})|"
    r"postcode|pin ?code|kod[ _]pocztowy|c[ \.]?p(?=\.?: ?\d)|cap(?=: \d{5})|psč|postnummer|индекс"
)
POSTAL_HINT: Final = Hints(
    DIGIT, HintParts("zip|post|plz|código|codigo|codice|cep|cap|c.a.p|pin|kod|cp|c.p|c p|psč|индекс")
)
CODE_BEHIND_ADDRESS: Final = re.compile(
    r"(?:,? |,?[ \t]*\n[ \t]*)(?P<value>(?:D-|A-|CH-|F-|I-|NL-|L-)?(?:\d{5}(?:-\d{3,4})?|\d{4} ?[A-Z]{2}|"
    r"\d{4}-\d{3}|\d{2}-\d{3}|"
    r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|〒?\d{3}-\d{4}))(?=[\s.,;)\"']|$)"
)
"""A postal code right behind a street address, also in the next line."""
GROUPED_CODE: Final = r"(?-i:(?=[A-Z]*\d)(?=\d*[A-Z])[A-Z0-9]{5,8}|\d{2,4}(?:[ -]\d{2,4}){2,4}|\d{7,16})"
ACCESS_WORDS: Final = (
    r"pin(?:[ _-]?(?:code|nummer|number|numer|kod))?|(?:door|gate|alarm|entry|access|building|lock|safe|"
    r"intercom)[ -]code|"
    r"(?:tür|tor|haus|alarm|zugangs?)code|code (?:d['’](?:entrée|accès)|d[ue] (?:la )?(?:portail|porte|digicode|"
    r"grille)|"
    r"de l['’](?:immeuble|entrée|alarme))|digicode|codice (?:del(?:la|l['’])? ?(?:portone|cancello|allarme|porta)|"
    r"d['’]ingresso|di accesso)|c[óo]digo (?:de acceso|del? (?:portón|portal|alarma|la puerta)|d[ao] (?:portão|porta|"
    r"portaria|"
    r"alarme|prédio))|kod (?:do (?:bramy|domofonu|drzwi|klatki|alarmu|furtki)|dostępu|pin)|(?:deur|toegangs|poort|"
    r"alarm)code|"
    r"otp|one[ -]time (?:code|password|pin)|(?:verification|confirmation|sms|2fa|passcode|login) code|bestätigungscode|"
    r"c[óo]digo (?:sms|de verifica[çc][ãa]o)|code (?:sms|de vérification|de confirmation)|"
    r"código de verificaci[óo]n|codigo de verificaci[óo]n|codice (?:sms|otp)|"
    r"пин-?код\w*|c[óo]digo de (?:confirma[çc][ãa]o|confirmaci[óo]n|acesso)|bevestigingscode|"
    r"kod (?:potwierdzając\w+|autoryzacyjn\w+)|"
    r"codice di (?:verifica|conferma)(?=(?: è)?[ :]{1,3}\d{6}(?!\d))|"
    r"код\w* (?:подтверждения|доступа)|код из (?:смс|sms)|(?:doğrulama|onay|güvenlik) kod\w*(?=[ :]{1,3}\d{5,8}(?!\d))|"
    r"kod (?:sms|weryfikacyjny)|sms-code|verificatiecode|"
    r"tan(?=[ :#=*\"']{1,4}(?:(?:ist|lautet|auf|war|is) )?[\"']?\d{6}(?!\d))|2fa"
)
"""What names a code of digits for a card, a door or a sign-in."""
SEED_WORDS: Final = (
    r"(?:seed|recovery|mnemonic|backup|secret recovery)[ _-](?:phrase|words)|mnemonic(?:[ _-]phrase)?|"
    r"wiederherstellungs(?:phrase|wörter)|frase (?:semilla|de recuperación)|phrase (?:de récupération|secrète)"
)
"""What names the words of a wallet."""
SEED_HINT: Final = HintParts("seed|recovery|mnemonic|backup|wiederherst|frase|phrase")
ACCESS_CODE: Final = r"(?!(?:19|20)\d\d(?!\d))\d{4,8}"
ACCESS_GAP: Final = r"(?:[ ,:]{1,2}(?!pin\b|zip\b|post)[^\W\d_]{1,14}){0,4}[ ,:#=\"'`*>]{1,4}"
ACCESS_HINT: Final = Hints(
    re.compile("[0-9]{4}"), HintParts("pin|code|codice|código|codigo|kod |kodu|код|otp|one-time|one time|tan|2fa")
)
NO_SAMPLE: Final = "(?!1Z999AA1|1Z12345E)"
"""No tracking number of the documentation of UPS."""
USER_NAME_WORDS: Final = (
    r"user ?name|nome utente|nombre de usuario|nome de (?:usuário|utilizador)|nom d['’]utilisateur|gebruikersnaam|"
    r"nazwa użytkownika|benutzername|anmeldename|kullanıcı adı"
)
"""Words for the name of a user that name nothing else."""
LOG_FIELD: Final = (
    r"(?i:user|user[_ -]?name|user[_ -]?id|login|uid|screen_name|usuario|usuário|utente|utilisateur|benutzer(?:name)?|"
    r"gebruiker(?:snaam)?|użytkownik|konto)"
)
"""Names of fields of users in logs, settings and JSON."""
USER_HINT: Final = HintParts(
    "user|login|uid|screen_name|usuario|usuário|utente|utilisateur|utilizador|nutzer|gebruiker|użytkownik|konto|nick|"
    "identifiant|anmeldename|kullanıcı"
)
NO_USER: Final = (
    r"(?:str|string|int|integer|text|char|varchar|required|optional|yes|no|password|email|e-mail|value|type)"
)
"""Words behind `username:` in schemas and forms."""
SPOKEN_USER: Final = (
    r"(?i:(?:for )?(?:invalid )?user|(?:be)?nutzer|usuario|usuário|utente|(?:l['’])?utilisateur|gebruiker|użytkownika?)"
)
HOST_HINT: Final = HintParts(
    "host|server|rechner|serveur|poste|servidor|máquina|macchina|nodo|serwer|主机|服务器|ホスト|サーバ"
)
SERVICE_WORDS: Final = frozenset((
    "", "api", "app", "auth", "backend", "backup", "broker", "cache", "cluster", "container", "data", "database", "db",
    "dev", "docker", "elasticsearch", "frontend", "gateway", "host", "internal", "kafka", "lb", "local", "mail", "main",
    "memcached", "mongo", "mongodb", "my", "mysql", "nginx", "node", "pg", "postgres", "postgresql", "primary",
    "prod", "production", "proxy", "queue", "rabbitmq", "redis", "replica", "search", "secondary", "server", "service",
    "master", "smtp", "sql", "srv", "stage", "staging", "standby", "test", "vm", "web", "worker", "your",
))  # fmt: skip
"""Words of names of hosts in examples and settings, which name no machine of anybody."""
SAMPLE_ACCOUNTS: Final = frozenset(("123456789012", "012345678901", "111122223333", "444455556666", "210987654321"))
"""Account numbers of the documentation of Amazon Web Services."""


USER_PLACES: Final = (
    (rf"(?<!\w)'(?P<value>{NO_SERVICE}{LOGIN})'@'", "'@'"),  # an account of SQL
    (
        rf"(?i:\b(?:user(?:[ _]?name|[ _]?id)?|uid)=)(?P<value>{NO_SERVICE}{LOGIN})(?=[&;][^\s]{{0,80}}?(?i:pass|pwd))",
        "=",
    ),
    (rf"\bsudo: +(?P<value>{NO_SERVICE}{LOGIN}) : ", "sudo:"),
    (rf"\barn:aws[\w-]*:iam::\d{{12}}:user/(?P<value>{NO_SERVICE}[\w+=,.@-]{{2,64}})", "arn:aws"),
    (rf"\bmachine\s{{1,8}}\S{{1,80}}\s{{1,8}}login\s{{1,8}}(?P<value>{NO_SERVICE}{LOGIN})\s", "machine"),
    (rf"(?<![\w-])-u ?[\"']?(?P<value>{NO_SERVICE}{LOGIN}):[^\s:]", "-u"),
    (
        rf"(?<![A-Za-z0-9+/])AAAA[A-Za-z0-9+/]{{20,2000}}={{0,2}} (?P<value>{NO_SERVICE}{LOGIN})@{LOGIN}",
        "AAAA",
    ),  # of an SSH key
    (r"(?m)^(?P<value>[a-z_][a-z0-9_.-]{1,31}):x?:[1-9]\d{3,4}:\d{1,6}:[^:\n]{0,100}:/home/", ":/home/"),
    (rf"(?i:auth\w{{0,12}} ?(?:= ?)?\()[\"'](?P<value>{NO_SERVICE}{LOGIN})[\"'], ?[\"']", "("),
    (  # an assignment above that of a password
        rf"(?m)(?<![\w.$/\"'-])(?:export )?(?i:\w{{0,20}}?user(?:[_-]?name|[_-]?id)?|\w{{0,12}}login)\s?[=:]\s?"
        r"(?P<quote>[\"']?)"
        rf"(?P<value>{NO_SERVICE}(?!{NO_USER}\b){LOGIN})(?P=quote)[ \t]*\r?\n(?:[^\n]{{0,80}}\n)?[ \t>*-]*(?:export )?"
        r"(?i:\w{0,24}?(?:pass|pwd)\w{0,12}\s?[=:]\s?(?:[\"']|[^\s\"'()]{0,30}?[0-9]))",
        "\n",
    ),
    (  # JSON within a text
        rf"(?i:[\"'](?:user_?name|login|screen_?name|db_?user|smtp_?user)[\"'])\s?:\s?[\"'](?P<value>{NO_SERVICE}"
        rf"(?!{NO_USER}\b){LOGIN})[\"']",
        '"',
    ),
    (  # two words with a dot, as in addresses
        rf"(?i:[\"'](?:user|owner|assignee|author|created_by)[\"'])\s?:\s?[\"'](?P<value>{NO_SERVICE}"
        rf"[a-z]{{2,20}}\.[a-z]{{3,24}})[\"']",
        '"',
    ),
    (
        rf"(?i:define\( ?[\"'](?:\w{{1,12}}_)?user(?:_?name)?[\"'], ?)'(?P<value>{NO_SERVICE}(?!{NO_USER}\b){LOGIN})'",
        "define",
    ),
)
"""Where names of users stand in commands, files and statements, each with a part of every such text."""


def _is_login(text: str) -> bool:
    """Whether a name has a digit behind letters, unlike most identifiers in code."""
    return re.fullmatch(r"[a-z_.-]{3,}[0-9]{1,6}", text) is not None and not text.endswith(("_1", "_2", "_id1"))


def _is_named_host(text: str) -> bool:
    """Whether the name of a host has a word beside its service and its number: anybody has a `db-server-1`."""
    return any(
        part not in SERVICE_WORDS and not part.isdigit() for part in re.sub("[0-9]", "", text.lower()).split("-")
    )


def _is_account(text: str) -> bool:
    """Whether a number of twelve digits is none of an example."""
    return len(set(text)) > 3 and text not in SAMPLE_ACCOUNTS


ACCOUNT_VALUES: Final = (
    # an assignment in code (`zip_code = "90210"`) stays: a postal code alone is nobody's
    named("postal_code", rf"(?:{POSTAL_WORDS})(?!\w* = [\"'`])", POSTAL_CODE, hint=POSTAL_HINT),
    unspaced("postal_code", "〒|郵便番号|邮编|邮政编码|우편번호|पिन ?कोड|पिन", r"\d{3}-\d{4}|\d{6}|\d{5}", hint=DIGIT),
    ValueForm(
        "postal_code",  # of the United Kingdom, behind a town or alone in its line
        lazy_pattern(
            r"(?m)(?:(?<=, )|(?<=[a-z] )|^)(?P<value>[A-PR-UWYZ][A-HK-Y]?\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2})"
            r"(?=[\s.,;)\"']|$)"
        ),
        hint=re.compile(r"\d [0-9][A-Z]{2}"),
    ),
    named(
        "card_security_code",
        r"cvv2?|cvc2?|(?:card )?(?:security|verification) (?:code|value)|(?:karten)?prüf(?:nummer|ziffer)|"
        r"sicherheitscode|"
        r"cryptogramme(?: visuel)?|code de sécurité|c[óo]digo de (?:seguridad|segurança|seguranca|verificaci[óo]n)|"
        r"codice di (?:sicurezza|verifica)|beveiligingscode|kod (?:cvv|cvc|bezpieczeństwa)|код безопасности|"
        r"güvenlik kodu",
        r"\d{3,4}",
        hint=Hints(
            DIGIT,
            HintParts(
                "cvv|cvc|security|verification|prüf|sicherheitsc|cryptog|sécurité|seguridad|segurança|"
                "seguranca|verifica|sicurezza|beveiliging|bezpiecz|код безоп|güvenlik"
            ),
        ),
    ),
    unspaced(
        "card_security_code",
        "(?i:cv[vc]2?)(?=[^\0-\u02ff])|安全码|安全碼|セキュリティー?(?:コード|番号)|보안 ?코드",
        r"\d{3,4}",
        hint=DIGIT,
    ),
    named("card_security_code", r"cv[vc]2?", r"\d{3}", gap=FREE_GAP, hint=Hints(DIGIT, HintParts("cvv|cvc"))),
    named(
        "tracking_number",
        r"tracking(?:[ _-]?(?:id|no\.?|num(?:ber)?|code))?|shipment|parcel|paket|colis|"
        r"трек-?(?:номер|код)\w*|номер\w* (?:отправления|накладной|посылки)|(?:numer|nr) (?:paczki|przesyłki)|"
        r"c[óo]digo de rast\w+|zending(?:s?nummer)?|trackingcode|track & trace|"
        r"(?:numero|codice) di tracciamento|(?:kargo )?takip (?:numara\w*|no\.?)|sendungs\w+|paket(?:nummer|nr\.?)|"
        r"num[ée]ro de (?:suivi|colis)|n[úu]mero de (?:seguimiento|gu[ií]a|envío|rastreio)|c[óo]digo de rastreio|"
        r"numero di (?:spedizione|tracking)|numer przesyłki|track-?and-?trace",
        rf"{NO_SAMPLE}(?-i:(?=(?:[A-Z]{{0,4}}\d){{8}})[A-Z0-9]{{10,30}}|\d{{4}}(?: \d{{4}}){{2,5}}(?: \d{{1,4}})?)",
    ),
    unspaced(
        "tracking_number",
        "运单(?:编?号)?|(?:快递|物流)(?:单号|编号)|追跡番号|送り状番号|운?송장(?:번호)?",
        r"[A-Z]{0,4}\d{8,20}[A-Z]{0,2}",
    ),
    anywhere("tracking_number", rf"{NO_SAMPLE}1Z[0-9A-Z]{{6}}\d{{10}}"),
    named("password", SEED_WORDS, r"(?-i:[a-z]{3,8}(?: [a-z]{3,8}){11,23})", hint=SEED_HINT),
    named("access_code", ACCESS_WORDS, ACCESS_CODE, gap=ACCESS_GAP, hint=ACCESS_HINT),
    unspaced("access_code", "(?i:pin)码|핀 ?번호", r"\d{4,6}", hint=DIGIT),
    unspaced("access_code", "验证码|驗證碼|認証コード|確認コード|인증 ?번호|門禁|门禁码?", r"\d{4,8}", hint=DIGIT),
    anywhere("customer_number", r"MRN\d{6,10}", hint=LONG_NUMBER),
    named(
        "customer_number",
        r"mrn|pnr|record locator|(?:booking|reservation|confirmation)[ _-](?:ref(?:erence)?|code|number|no\.?)|"
        r"frequent[ _-]flyer(?: number)?|loyalty(?: (?:card|number))?|buchungs(?:nummer|code)|vielflieger\w*",
        GROUPED_CODE,
        hint=Hints(
            DIGIT, HintParts("mrn|pnr|record|booking|reservation|confirmation|frequent|loyalty|buchungs|vielflieger")
        ),
    ),
    anywhere("in_gstin", r"\d{2}[A-Z]{5}\d{4}[A-Z][A-Z0-9]Z[A-Z0-9]", compact("in_.gstin"), CODE_HINT),
    named("it_partita_iva", r"p\.? ?iva|partita iva", r"(?:IT)?\d{11}"),
    anywhere("vat_number", r"(?:DE|FR|BE|PL|DK|FI|SE|PT|LU|HU)[A-Z0-9]{2}\d{6,10}", compact("eu.vat"), CODE_HINT),
    named(
        "cloud_account",
        r"aws account(?:[ _-]?(?:id|no\.?|number))?|aws[ _-]?account[ _-]?id",
        r"\d{4}-?\d{4}-?\d{4}",
        lambda text: _is_account(text.replace("-", "")),
        gap=FREE_GAP,
    ),
    ValueForm(
        "cloud_account",
        lazy_pattern(r"(?<!\w)arn:aws[\w-]*:[\w-]*:[\w-]*:(?P<value>\d{12})(?=[:/])"),
        _is_account,
        mark="arn:aws",
    ),
    unspaced(
        "bank_account",
        "口座(?:番号)?|普通|当座|账号|帳號|银行卡号|卡号|계좌(?:번호)?|खाता (?:नंबर|संख्या|क्रमांक)",
        r"\d(?:[ -]?\d){5,17}",
        hint=DIGIT,
    ),
    unspaced("phone", "मोबाइल|फ़ोन|फोन|दूरभाष", r"(?:\+91[ -]?)?[6-9]\d{4}[ -]?\d{5}|0\d{2,4}[ -]?\d{6,8}"),
    unspaced(
        "date_of_birth",
        "जन्म(?:तिथि| ?तारीख| तिथि| दिनांक)?",
        rf"{UNSPACED_DATE}|\d{{1,2}}[-/.]\d{{1,2}}[-/.](?:19|20)\d{{2}}",
        hint=DIGIT,
    ),
    ValueForm(
        "phone",
        lazy_pattern(r"(?i)(?<![\w.])(?:ext\.|extn\.?|durchwahl|ramal) ?(?P<value>\d{3,6})(?![\w.])"),
        hint=HintParts("ext.|extn|durchwahl|ramal"),
    ),
    ValueForm(
        "user_name",  # in a line of a log, behind its time
        lazy_pattern(
            rf"(?m)\d\d:\d\d(?::\d\d)?[^\n]{{0,120}}?(?<![\w.]){LOG_FIELD}[=:] ?[\"']?(?P<value>{NO_SERVICE}{LOGIN}"
            r"(?<![.-]))(?=[\s,;\"'\])]|$)"
        ),
        hint=re.compile(r"\d\d:\d\d"),
    ),
    ValueForm(
        "user_name",
        lazy_pattern(
            rf"(?<![\w.]){LOG_FIELD}[\"']?\s?[=:]\s?[\"']?(?P<value>{NO_SERVICE}{LOGIN}(?<![.-]))(?=[\s,;\"'\]}}]|$)"
        ),
        _is_login,
        hint=Hints(DIGIT, USER_HINT),
    ),
    ValueForm(
        "user_name",  # in messages of servers
        lazy_pattern(
            rf"(?:for|{SPOKEN_USER}) [\"'«]?(?P<value>{NO_SERVICE}{LOGIN}(?<![.-]))[\"'»]? (?:from|by|von|desde|depuis|"
            rf"dal?|de|"
            r"vanaf|van|z|od)(?: (?:the )?(?:ip|IP|host))? \[?[0-9a-f]{1,4}[.:]"
        ),
        hint=re.compile(r" \[?[0-9a-f]{1,4}[.:][0-9a-f]"),
    ),
    ValueForm(
        "user_name",  # in sentences: with a digit or `_`, before a verb of signing in or at the end of one
        lazy_pattern(
            rf"(?<![\w.])(?:{SPOKEN_USER}|"
            rf"[Tt]he user) [\"'«`]?(?P<value>{NO_SERVICE}(?=[a-z.-]*[0-9_]){LOGIN}(?<![.-]))[\"'»`]?"
            r"(?= (?:logg|log|sign|authent|fail|cannot|can't|could|tried|entr|inici|acced|se connect|s'est|n'a|konnte|"
            r"hat|kann|"
            r"meldet|ha |è |non |inlog|kan|heeft|is |zalog|nie |wygas|expir|est |ist |wird |wurde |está |foi |é |"
            r"got|was |has )|,? ?(?:and )?(?:sets?|"
            r"with)\b|(?<=[a-z][0-9])(?=[ ,.;)]|$)|(?<=[a-z][0-9]{2})(?=[ ,.;)]|$))"
        ),
        hint=USER_HINT,
    ),
    ValueForm(
        "user_name",
        lazy_pattern(
            rf"(?:用户|用戶|ユーザー?|사용자)[  ]?(?P<value>{NO_SERVICE}(?=[a-z.-]*[0-9_.]){LOGIN}(?<![.-]))(?![\w@])"
        ),
        hint=Hints(NOT_ASCII, re.compile("用[户戶]|ユーザ|사용자")),
    ),
    *(ValueForm("user_name", lazy_pattern(pattern), mark=mark) for pattern, mark in USER_PLACES),
    ValueForm("password", PASSWORD_HASH, hint=HASH_HINT),
    ValueForm(
        "social_handle",  # behind words without a border
        lazy_pattern(
            r"(?:微博|推特|인스타|트위터|(?i:телеграм|инстаграм|твиттер)|"
            r"(?i:twitter|instagram|telegram|tiktok|insta)(?=[^\0-\u02ff]))"
            r"[^\n@]{0,20}(?P<value>@(?!(?:media|import|param|returns?)\b)[A-Za-z0-9_.]{2,29}[A-Za-z0-9_])"
            r"(?![A-Za-z0-9_@(])"
        ),
        hint=Hints(NOT_ASCII, re.compile("@[A-Za-z0-9_]")),
    ),
    ValueForm(
        "social_handle",  # of a person in the address of a page
        lazy_pattern(
            r"(?i)(?<!\w)(?:linkedin\.com/in/|t\.me/(?!joinchat|share|addstickers)|instagram\.com/(?!p/|reel|explore|stories)|"
            r"tiktok\.com/@)(?P<value>[\w.-]{3,40}\w)"
        ),
        hint=HintParts("linkedin.com/in/|t.me/|instagram.com/|tiktok.com/@"),
    ),
    ValueForm(
        "user_name",  # in commands
        lazy_pattern(
            rf"(?<![\w-])(?:mysql(?:dump)?|psql|mongo(?:sh)?|smbclient|redis-cli|ftp|curl)(?: [^\s|;]{{1,40}}){{0,6}} "
            rf"-[uU] ?(?P<value>{NO_SERVICE}{LOGIN}(?<![.-]))(?![\w@/])"
        ),
        hint=HintParts(" -u"),
    ),
    ValueForm(
        "host_name",  # a full name with a number in its first part, behind a word
        lazy_pattern(
            r"(?i)(?:\b(?:host(?:name)?|server|rechner|serveur|poste|servidor|máquina|macchina|nodo|serwer\w{0,2})|"
            r"主机|服务器|ホスト|サーバー?)"
            r"[ :=]{1,2}[\"'(]?(?P<value>[a-z]{2,12}-?[0-9]{1,4}(?:\.[a-z0-9-]{1,40}){2,4})(?![\w-])"
        ),
        hint=HOST_HINT,
    ),
    ValueForm(
        "host_name",
        lazy_pattern(
            rf"(?i)(?:\b(?:on|from|to|at) host |\bhost(?:name)?[=:] ?[\"']?)(?P<value>(?!{EXAMPLE_HOST})"
            r"[a-z][a-z0-9]{0,20}-[a-z0-9-]{2,40}[a-z0-9])(?![\w.-])"
        ),
        _is_named_host,
        hint=HintParts("host"),
    ),
    ValueForm(
        "social_handle",
        lazy_pattern(
            rf"(?i)(?<![\w@.])(?P<value>{HANDLE})[^\n@.?!]{{0,40}} (?:on|via|through|from|auf|über|bei|sur|en|por|"
            rf"su|no|na|pelo) (?:{PLATFORMS})\b"
        ),
        mark="@",
    ),
    ValueForm(
        "social_handle",
        lazy_pattern(
            rf"(?i)(?<!\w)(?:users?(?:name)?|usu[aá]rio|benutzer|utilisateur|profile?|perfil|follow(?:ed|ing)?|"
            rf"folge|s[ií]g[au]\w*) (?P<value>{HANDLE})"
        ),
        mark="@",
    ),
    ValueForm(
        "user_name",  # as commands name and show them
        lazy_pattern(
            rf"(?<![\w-])(?:sudo -u |[ug]id=\d{{1,10}}\(|chown (?:-\w+ )?|su - |login as:? |\$ whoami\s*\n)"
            rf"(?P<value>{NO_SERVICE}{LOGIN}(?<![.-]))(?=[\s):;]|$)"
        ),
        hint=HintParts("sudo -u|uid=|gid=|chown|su - |login as|whoami"),
    ),
    ValueForm(
        "user_name",  # the last word of a command
        lazy_pattern(
            rf"(?<![\w-])(?:useradd|adduser|usermod|userdel|deluser|sudo passwd) "
            rf"(?:-[\w-]{{1,20}} (?:[\w,/.-]{{1,40}} )??){{0,4}}(?P<value>{NO_SERVICE}{LOGIN}(?<![.-]))"
            r"(?=\s*(?:[\n;|&\"'`]|$))"
        ),
        hint=HintParts("useradd|adduser|usermod|userdel|deluser|sudo passwd"),
    ),
    ValueForm(
        "user_name",  # alone in a line behind its name
        lazy_pattern(
            rf"(?im)^[ \t>*-]*(?:{USER_NAME_WORDS}|login|usuario|usuário|utente|utilisateur|utilizador)"
            rf"\s?: ?[\"'`]?(?P<value>{NO_SERVICE}(?!{NO_USER}\b)(?-i:{LOGIN})(?<![.-]))[\"'`]?[ \t]*\r?$"
        ),
        hint=USER_HINT,
    ),
    ValueForm(
        "user_name",
        lazy_pattern(rf"(?<![\w-])chown (?:-\w+ )?{LOGIN}:(?P<value>{NO_SERVICE}{LOGIN}(?<![.-]))(?=\s|$)"),
        mark="chown",
    ),
    ValueForm(
        "social_handle",
        lazy_pattern(
            rf"(?i)(?:{PLATFORMS})\b[^\n@#]{{0,40}}?(?<![\w.#@])(?P<value>[a-z0-9_.]{{2,32}}#\d{{4}}|live:[\w.-]{{4,40}})"
            r"(?![\w#])"
        ),
        hint=re.compile("#[0-9]{4}|live:"),
    ),
    ValueForm(
        "user_name",  # words that also name a page: only with a sign or a digit
        lazy_pattern(
            rf"(?i:\b(?:login|nick|usu[aá]rio|usuario|benutzername|identifiant|utente)(?: (?:to|é|es|est|ist|je|is))?|"
            rf"\b(?:{USER_NAME_WORDS})(?: [^\W\d_]{{1,10}}){{0,3}})[\s:]{{1,3}}"
            rf"(?P<value>{NO_SERVICE}(?=[a-z.-]*[0-9_]){LOGIN}(?<![.-]))(?![\w@(])"
        ),
        hint=Hints(re.compile("[0-9_]"), USER_HINT),
    ),
    ValueForm(
        "user_name",  # two words with a dot, as in addresses
        lazy_pattern(
            rf"(?i:\b(?:{USER_NAME_WORDS}|login|identifiant|usuário|usuario) (?:is|ist|est|es|é|è|to)) [\"'`]?"
            rf"(?P<value>{NO_SERVICE}[a-z]{{2,20}}\.(?!(?:com|org|net|io)\b)[a-z]{{3,24}})(?![\w(\[@/-]|\.\w)"
        ),
        hint=USER_HINT,
    ),
    ValueForm(
        "user_name",  # a text under a key of JSON
        lazy_pattern(rf"\A{LOG_FIELD}: (?P<value>{NO_SERVICE}[a-z]{{2,20}}[._][a-z]{{2,24}})\Z"),
        hint=USER_HINT,
    ),
    ValueForm(
        "user_name",  # behind words that no code has
        lazy_pattern(
            rf"(?i:\b(?!user)(?:{USER_NAME_WORDS})) ?: [\"'`]?"
            rf"(?P<value>{NO_SERVICE}(?!{NO_USER}\b){LOGIN}(?<![.-]))(?![\w@(])"
        ),
        lambda text: len(text) > 4,
        hint=USER_HINT,
    ),
    named(
        "customer_number",
        r"frequent[ _-]flyer|miles (?:&|and) more|aadhaar enrol?ment",
        r"\d{2,4}(?:[ -]?\d{2,4}){2,4}",
        gap=FREE_GAP,
        hint=Hints(DIGIT, HintParts("frequent|miles|aadhaar")),
    ),
)
"""Forms in the order of precedence."""
