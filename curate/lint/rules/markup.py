"""Family Q, markup: placeholders, template variables and HTML that should have been replaced or removed."""

import re
from itertools import takewhile
from typing import Final

from curate.core.finding import Severity
from curate.core.lazy import lazy_pattern, pl
from curate.core.text import excerpt, plural
from curate.language.refusals import OPENING_CHARS
from curate.lint.rules.message_frame import PADDED_TEXT
from curate.lint.rules.polars_text_helpers import (
    answer,
    answered_question,
    any_of_pattern,
    asked,
    judged_by,
    matching,
)
from curate.lint.rules.prefilter import Flag, literals, shared_patterns
from curate.lint.rules.rule import text_rule

MASKED_VALUES: Final = (
    "NAME", "DATE", "TIME", "E?-?MAIL", "PHONE", "ADDRESS", "COMPANY", "PERSON", "LOCATION", "NUMBER", "ORGANIZATION",
    "LINK", "CITY", "COUNTRY", "AMOUNT", "PRICE", "VORNAME", "DATUM", "UHRZEIT", "TELEFON(?:NUMMER)?", "ADRESSE", "FIRMA",
    "ORT", "STADT", "BETRAG", "PREIS", "NOMBRE", "APELLIDO", "FECHA", "HORA", "CORREO", "TEL[ÉE]FONO", "DIRECCI[ÓO]N",
    "EMPRESA", "LUGAR", "CIUDAD", "IMPORTE", "PRECIO", "NOM", "PR[ÉE]NOM", "HEURE", "COURRIEL", "T[ÉE]L[ÉE]PHONE",
    "ENTREPRISE", "LIEU", "VILLE", "MONTANT", "PRIX", "NOME", "CIDADE", "VALOR",
)  # fmt: skip
MASKED: Final = (
    rf"[\[<](?:[A-ZÀ-Ý]{{2,15}}[ _]){{0,3}}(?:USER)?(?:{'|'.join(MASKED_VALUES)})(?:[ _]?[0-9]{{1,2}})?(?: HERE)?[\]>]"
    r"|\[(?:客户|用户|您的?|你的?)?(?:姓名|名字|日期|时间|地址|电话|手机号|公司|金额|链接|城市)\]"
    r"|[\[<](?:Name|Datum|Betrag|Nombre|Fecha|Importe|Nom|Montant) (?:der|des|del|de la|de|du|of) [^<>\[\]\n]{2,30}[\]>]"
    r"|\[(?:Telefonnummer|Teléfono|Phone number|Numéro de téléphone)\]"
    r"|[$€£]X{2,4}(?:[.,]X{2})?\b"
)
"""A kind of value in capitals and brackets, as in anonymized data: `[CUSTOMER NAME]`, `[PERSON_1]`."""
FILL_IN: Final = (
    r"\[(?i:your|dein|deine|ihr|ihre|votre|tu|su|seu|sua|insert|enter your|insertar|insérer|inserir|einfügen)[ _-][^\[\]\n]{1,40}\](?:[^(]|\z)"
    r"|\[[^\[\]\n]{1,40} (?i:goes here|go here|einfügen|eintragen|aquí|ici|here)\](?:[^(]|\z)|[\[(](?i:to be (?:added|filled in|completed|determined|written)|fill in|add text here)[^\[\]()\n]{0,30}[\])]"
    r"|\[(?:(?:Company|Customer|Client|First|Last|Full|Product|Author|Book|Recipient|Business|Organi[sz]ation|Phone|Contact|Street|Email)(?: |[’']s )(?:Name|Number|Address|Email)|Kundenname|Firmenname|Nachname|Vorname)\](?:[^(]|\z)"
    r"|(?:^|[.!?\n] ?)TODO ?[-–:]"
)
"""What is left to fill in: `[Your Name]`, `[Company Name]`, `[Description goes here]`, `(to be added)`."""
FILL_IN_HINT: Final = (
    r"\[(?i:your|dein|deine|ihr|ihre|votre|tu|su|seu|sua|insert|enter your|insertar|insérer|inserir|einfügen)[ _-]"
    r"|(?i:here|einfügen|eintragen|aquí|ici)\]|[\[(](?i:to be |fill in|add text)|TODO ?[-–:]|(?:[Nn]ame|Number|Address|Email)\]"
)
DATES: Final = r"MM/DD/YYYY|DD/MM/YYYY|YYYY-MM-DD|TT\.MM\.JJJJ|DD\.MM\.YYYY|DD/MM/AAAA|JJ/MM/AAAA"
DATE_FORM: Final = rf"\b(?:on|by|until|from|since|am|zum|vom|seit|el|día|le|au|du) (?:{DATES})"
"""The form of a date in place of a date."""
MASKED_HINT: Final = (
    r"[\[<][A-ZÀ-Ý-][A-ZÀ-Ý-]|\[(?:客户|用户|您|你|姓名|名字|日期|时间|地址|电话|手机号|公司|金额|链接|城市)"
    rf"|[\[<](?:Name|Datum|Betrag|Nombre|Fecha|Importe|Nom|Montant) |\[(?:Telef|Teléf|Phone n|Numéro )|[$€£]XX|{DATES}"
)
"""What `MASKED` and `DATE_FORM` begin with or contain."""
PLACEHOLDER: Final = lazy_pattern(
    r"(?im)^\W*lorem ipsum dolor|\[insert [^\]\n]{1,60}\]|<no ?(?:input|output)>|\[your (?:answer|response|text|code) here\]|\[(?:todo|tbd)\]|\bTODO:|\b(?-i:TBD)\b"
    rf"|(?-i:{MASKED}|{DATE_FORM}|FILL_IN)".replace("FILL_IN", FILL_IN.replace(r"(?:[^(]|\z)", r"(?!\()"))
)
PLACEHOLDERS: Final = (
    "lorem ipsum", "[insert ", "<noinput", "<nooutput", "<no input", "<no output", "[your answer", "[your response",
    "[your text", "[your code", "[todo",
    "todo:",
)  # fmt: skip
FAILURES: Final = (
    "internal server error", "rate limit", "timed out", "service unavailable", "temporarily unavailable", "bad gateway",
    "gateway time", "too many requests", "network error", "error generating", "error in generating", "traceback (most", "test session starts", "npm err!",
)  # fmt: skip
FAILURE: Final = (
    r"(?:Internal Server Error|Rate limit (?:exceeded|reached)|request timed out|Service (?:Temporarily )?Unavailable|Bad Gateway|Gateway Time-?out|Too many requests"
    r"|Network error|error (?:in )?generating (?:a|the) response|Traceback \(most recent call last\))"
)
TEST_RUN: Final = lazy_pattern(r"\s*(?:=+ test session starts =+|[.FEsx]{1,80}\n[=-]{20}|Ran \d+ tests? in |npm ERR! )")
"""The beginning of an answer that is the output of a test run."""
FAILURE_START: Final = lazy_pattern(
    rf"(?i)\s*(?:\W*(?:\w+ )?error\W{{0,3}})?(?:code\W{{0,3}})?(?:[45]\d\d\W{{0,3}})?(?:there was an |the )?{FAILURE}(?=\s*\Z|[.:!]|\n| please| for [^.\n]{{1,80}}\.)"
)
"""The beginning of an answer that is the error message of a service or a program."""
ABOUT_FAILURES: Final = lazy_pattern(
    r"(?i)\b(?:errors?|http|status|codes?|exceptions?|trace(?:back)?s?|logs?|api|servers?|gateway|rate.limit\w*|messages?|outputs?|prints?|programs?|python|tests?|pytest|unittest|npm)\b|[(`]"
)
PLACEHOLDER_HINT: Final = f"{any_of_pattern(*PLACEHOLDERS, 'tbd')}|{MASKED}|{DATE_FORM}|{FILL_IN}"
FAILURE_HINT: Final = any_of_pattern(*FAILURES)
CODE_COMMENT: Final = lazy_pattern(r"```|//|/\*|#")
"""Code, in which such a mark is a note."""
USAGE_BEFORE: Final = lazy_pattern(
    r"\b(?:cp|mv|rm|scp|ssh|cd|curl|wget|git|pip3?|npm|npx|docker|kubectl|python3?|sudo|chmod|mkdir|tar|grep)(?: +[\w./:@-]+){0,4} +\Z|\w\Z"
)
"""A command of a shell, or a name without a space, before the argument in brackets that a user chooses."""
VALUE_BEFORE: Final = lazy_pattern(r"[=(,:]\s*\Z")
"""A sign of a program before a name with an underscore."""
TEMPLATE_REQUEST: Final = lazy_pattern(
    r"(?i)\b(?:templates?|vorlagen?|plantillas?|modèles?|modelos?|muster\w*|formular\w*|brief|anschreiben|vertrag|carta|correo|contrato|lettre|courrier|contrat|anonymi[sz]\w*|redact\w*|letter|e-?mails?|samples?|examples?|scripts?|drafts?|contracts?|to-?dos?|placeholders?|lorem"
    r"|(?<!to )(?<!in the )(?<!same )forms?(?! of| an?| the))\b|模板|范文|格式|信|邮件|申请|请假条"
)
"""Requests for a template: whole words, since "information" contains "form"."""
EMPTY_ANSWER: Final = r"(?i)\A\s*(?:n/a|nan|tbd|todo|\.{2,}|…|-{1,3}|\?+|<(?:empty|none|blank)>|output|response|placeholder|\[object Object\])[^\w!-]*\z"
TEMPLATE_VARIABLE: Final = lazy_pattern(
    r"\{\{ ?[A-Za-z_][\w.]{0,40} ?\}\}|(?:^|[\s,\"“(])\{[a-z]{2,30}(?:_[a-z]{2,30})*\}(?:[\s.,!?:;\"”)]|$)|(?:^|[ ,])%s(?:[ .,!?]|$)|\$\{[a-z_]{2,30}\}|(?:^|[ ,(])%\([a-z_]{2,30}\)[sd]"
)
VARIABLE_HINT: Final = r"\{\{ ?[A-Za-z_]|\{[a-z_]+\}|%s(?:[ .,!?]|\z|\n)|%\([a-z_]"
ABOUT_VARIABLE: Final = lazy_pattern(
    r"(?i)(?:\b(?:what|how|why|when)\b|[¿？]|was |wie |que )[^.\n]{0,40}(?:%s|\{\{|\$\{)[^.\n]{0,60}[?？]"
)
"""A question about a variable."""
CODE: Final = lazy_pattern(
    r"```|`[^`\n]+`|;\n|\bdef |\bfunction\b|\{\n|\\(?:frac|begin|text|mathbb|[a-z]+\{)|printf|print\(|=>|</|\{%|\bf\"|\.format\(|console\.|template|placeholder"
    r"|jinja|handlebars|\bbrac(?:es|kets)|\$\{\{",
    re.IGNORECASE,
)
LITERAL_NEWLINE: Final = r"(?:[^\W_]|[.,:;?!)]|\\n)\\n(?:[^a-z]|\z)"
IN_STRING: Final = lazy_pattern(
    r"(?<!\w)[\"'`“‘(\[][^\"'`“”\n]{0,200}\\n|\\[trdsw\\]|^[^\n]*[|/_]{2}|(?i:new ?line|line break|reg(?:ular )?ex|escap|backslash)",
    re.MULTILINE,
)
"""A string, a pattern, a drawing or a text about them, in which the two characters are meant."""
TAGS: Final = ("div", "span", "font", "br", "td", "tr", "table", "p", "ul", "li", "strong", "em")
ENTITIES: Final = (
    "&nbsp;", "&amp;", "&lt;", "&gt;", "&quot;",
    "&apos;", "&rsquo;", "&lsquo;", "&ldquo;", "&rdquo;", "&mdash;", "&ndash;", "&hellip;",
)  # fmt: skip
NOTICES: Final = (
    "click here to", "accept cookies", "accept all cookies", "we use cookies", "uses cookies to", "cookie policy", "all rights reserved",
    "subscribe to our newsletter", "sign up for our newsletter", "share on facebook", "skip to main content",
    "wir verwenden cookies", "utilizamos cookies", "nous utilisons des cookies", "alle cookies akzeptieren",
    "accepter les cookies", "accepter tous les cookies", "aceptar cookies", "aceptar todas las cookies",
    "utiliza cookies propias", "ce site utilise des cookies", "seite verwendet cookies",
    "teilen auf facebook", "auf facebook teilen", "partager sur facebook", "compartir en facebook",
    "inscrivez-vous à notre newsletter", "abonnez-vous à notre newsletter", "suscríbete a nuestro boletín",
    "alle rechte vorbehalten", "tous droits réservés", "todos los derechos reservados",
    "your email address will not be published", "required fields are marked", "share this article",
    "unsubscribe from this list", "unsubscribe from this mailing list", "unsubscribe from our newsletter",
)  # fmt: skip
MAIL_REMAINS: Final = (
    r"^(?:sent from my (?:iphone|ipad|android|phone|mobile|samsung|galaxy|blackberry)|sent from (?:outlook|yahoo|mail) for|get outlook for"
    r"|von meinem (?:iphone|ipad|handy|mobiltelefon) gesendet|enviado desde mi (?:iphone|ipad|m[oó]vil|tel[eé]fono)|enviado do meu (?:iphone|ipad|celular)"
    r"|envoy[eé] de mon (?:iphone|ipad|t[eé]l[eé]phone|mobile)|inviato da(?:l mio)? iphone)\b[^\n]{0,40}$"
    r"|^-{3,} ?(?:original message|forwarded message|ursprüngliche nachricht|weitergeleitete nachricht|mensaje original|mensaje reenviado|message d['’]origine|message transféré|mensagem original) ?-{3,}"
    r"|\bthis (?:e-?mail|message)(?: and (?:any|its|all) (?:\w+ )?(?:attachments|files))?(?: transmitted with it)? (?:is|are|was|may|contains?)\b[^.\n]{0,60} (?:intended (?:only|solely)|confidential)[^\n]{0,80}(?:addressee|recipient|individual|intended)"
)
"""The signature of a mail program, the mark of a quoted mail, and the notice at the foot of a mail."""
MAIL: Final = lazy_pattern(MAIL_REMAINS, re.IGNORECASE | re.MULTILINE)
MAIL_HINT: Final = (
    r"(?i-u:sent from |outlook for|gesendet|enviado d|de mon |inviato da|--- ?(?:original|forwarded|urspr|weiterg|mensa|messag)"
    r"|intended solely|intended only|confidential)"
)
MAIL_REQUEST: Final = lazy_pattern(
    r"(?i)e-?mail|\bmails?\b|signature|signatur|firma\b|newsletter|confidential|vertraulich|letter|brief|carta|correo|courriel|notice|footer|forward|iphone|ipad|phone|邮件|郵件|签名|メール|ईमेल|ایمیل"
)
"""Requests for a mail, which may have such parts."""
MARKS: Final = (
    "[citation needed]", "[clarification needed]", "[when?]", "[who?]", "[by whom?]", "[according to whom?]",
    "[beleg fehlt]", "[cita requerida]", "[réf. nécessaire]", "[bearbeiten | quelltext bearbeiten]", "[edit | edit source]",
)  # fmt: skip
"""Marks of an encyclopedia for what needs work."""
HTML: Final = lazy_pattern(
    rf"【\d+[:†][^【】\n]{{0,20}}】|{'|'.join(ENTITIES)}|&#x?[0-9a-f]{{2,5}};|</?(?:{'|'.join(TAGS)})(?: [^<>\n]{{0,200}})?/?>|\b(?:{'|'.join(NOTICES)})|{'|'.join(map(re.escape, MARKS))}",
    re.IGNORECASE,
)
CERTAIN_REMAINS: Final = lazy_pattern(
    rf"【\d+[:†][^【】\n]{{0,20}}】|&(?:nbsp|apos|[lr][sd]quo|[mn]dash|hellip|#x?[0-9a-f]{{2,5}});|</[a-z]+>|<br ?/?>|{'|'.join(map(re.escape, (*NOTICES, *MARKS)))}",
    re.IGNORECASE,
)
"""Remains that no text contains on purpose; of others, two are required."""
RIGHTS: Final = (
    "all rights reserved",
    "alle rechte vorbehalten",
    "tous droits réservés",
    "todos los derechos reservados",
)
LEGAL_TEXT: Final = lazy_pattern(r"copyright|\blicen[cs]|\bpermission\b|©|\(c\) ?[12]", re.IGNORECASE)
"""A text about rights, in which "all rights reserved" is not a remain of a page."""
CODE_SPANS: Final = lazy_pattern(r"```.*?(?:```|\Z)|`[^`\n]*`|^[ \t]*\|[^\n]*$", re.DOTALL | re.MULTILINE)
"""Code and table rows, which contain markup of their own."""
PROGRAM_LINE: Final = lazy_pattern(
    r"[;{}]\s*$|^\s*(?:def |class |import |#include|function |const |var |let |return\b|SELECT )|\w\(.*\)\s*$|=>",
    re.MULTILINE,
)
SEPARATORS: Final = ("--|", "-- |", "--:|", "--: |")
SEPARATOR_LINE: Final = lazy_pattern(r"[ \t]*\|?(?:[ \t]*:?-{2,}:?[ \t]*\|)+(?:[ \t]*:?-{2,}:?[ \t]*)?")
"""The line of dashes below the header of a table."""
FENCED: Final = lazy_pattern(r"(?s)```.*?(?:```|\Z)")
NO_BARS: Final = lazy_pattern(r"`[^`]*`|\\\||\$(?=[^\s\d])[^$]*\$")
HTML_HINTS: Final = (
    rf"(?i-u:</?(?:{'|'.join(TAGS)})[ />])",
    rf"(?i-u:{'|'.join(ENTITIES)}|&#[0-9x])",
    r"(?i-u:cookies|cookie policy|newsletter|click here to|all rights reserved|facebook|skip to main|rechte vorbehalten|tous droits r|derechos reservados|address will not be|fields are marked|a nuestro bolet)",
    r"【[0-9]+[:†]",
    r"(?i-u:share this |unsubscribe from)",
    MAIL_HINT,
    any_of_pattern(*(mark for mark in MARKS if mark.isascii())),
    "(?i)" + "|".join(re.escape(mark) for mark in MARKS if not mark.isascii()),
)
ABOUT_HTML: Final = r"(?i-u:\{\{|\{%|html|css|xml|```|markup|react|\bjsx?\b|javascript|php|<!doctype|web ?page|website|\btags?\b|\bdom\b)"


@text_rule(
    "Q002",
    "placeholder",
    Severity.INFO,
    prefilter=(
        shared_patterns(any_of_pattern(*PLACEHOLDERS, "tbd"), FAILURE_HINT, FILL_IN_HINT, MASKED_HINT),
        PADDED_TEXT,
        Flag("brief"),
    ),
    hint="Write the missing content, or remove the example.",
)
def placeholder() -> "pl.Expr":
    """An answer is or contains a placeholder.

    Examples are "[insert name]", "[CUSTOMER NAME]", "[Your Name]", "(to be added)", "lorem ipsum", "N/A" as the whole answer, and an error message such as "Internal
    Server Error" instead of an answer. The content is missing, and the model learns to omit it. Precision 99%, recall
    30% on faults planted into 16 real files.
    Bad: {"messages": [{"role": "user", "content": "Thank Kim."}, {"role": "assistant", "content": "Dear [insert name], thank you!"}]}
    Good: {"messages": [{"role": "user", "content": "Thank Kim."}, {"role": "assistant", "content": "Dear Kim, thank you!"}]}
    """
    text = answer()
    short = pl.when(text.str.len_bytes() < 20).then(text)
    opening = matching(pl.when(answered_question().is_not_null()).then(text).str.head(OPENING_CHARS), FAILURE_HINT)
    return (
        pl.when(short.str.contains(EMPTY_ANSWER))
        .then(pl.lit("the answer is nothing but a placeholder"))
        .otherwise(
            pl.coalesce(
                judged_by(matching(text, PLACEHOLDER_HINT), _placeholder_message, asked()),
                judged_by(opening, _failure_message, asked()),
            )
        )
    )


def _failure_message(prompt: str, answer: str) -> str | None:
    """The message for an answer that is an error message, unless the question is about errors or programs; None for
    others.
    """
    failure = FAILURE_START.match(answer)
    match = failure or TEST_RUN.match(answer)
    if match is None or ABOUT_FAILURES.search(prompt):
        return None
    kind = "an error message" if failure else "the output of a test run"
    return f"the answer is {kind}: {excerpt(match.group().strip(), 40)}"


def _placeholder_message(prompt: str, answer: str) -> str | None:
    """The message for an answer with a placeholder, unless the question asks for one; None for others."""
    match = PLACEHOLDER.search(answer)
    return (
        None
        if match is None
        or TEMPLATE_REQUEST.search(prompt)
        or match.group() in prompt
        or match.group().rpartition(" ")[2] in prompt  # the form of a date, without its preposition
        or CODE_COMMENT.search(answer)
        or _is_quoted(answer, match.start())
        or USAGE_BEFORE.search(answer, max(0, match.start() - 80), match.start())
        or ("_" in match.group() and VALUE_BEFORE.search(answer, max(0, match.start() - 80), match.start()))
        else f"the answer contains a placeholder: {match.group().strip()}"
    )


@text_rule(
    "Q003",
    "unfilled-variable",
    Severity.INFO,
    prefilter=shared_patterns(VARIABLE_HINT),
    hint="Fill the template before writing the data.",
)
def unfilled_variable() -> "pl.Expr":
    """A message contains an unfilled template variable.

    The text has `{{name}}` or `{city}` in place of a value, and the model learns to write the braces. Code, texts
    about templates and variables in quotation marks are skipped. Precision 81%, recall 80% on faults planted into 16
    real files; all other findings were right as well, on variables that the files had before.
    Bad: {"messages": [{"role": "user", "content": "Who are you?"}, {"role": "assistant", "content": "I am {{name}}, made by {{author}}."}]}
    Good: {"messages": [{"role": "user", "content": "Who are you?"}, {"role": "assistant", "content": "I am Ada, made by Acme."}]}
    """
    return judged_by(pl.col("text"), _variable_message, pl.col("system"), asked())


def _variable_message(system: str, prompt: str, answer: str) -> str | None:
    """The message for a text with a variable, unless it is code, quotes the variable or answers a text with braces;
    None for others.
    """
    match = TEMPLATE_VARIABLE.search(answer)
    if (
        match is None
        or CODE.search(answer)
        or CODE.search(prompt)
        or ABOUT_VARIABLE.search(answer)
        or any(m in system + prompt for m in ("{", "%s"))
    ):
        return None
    if _is_quoted(answer, match.start()):  # it describes the form of an answer
        return None
    variable = excerpt(match.group().strip(' \n\t,."“”()!?:;'))
    return f"{variable} is not filled in"


def _is_quoted(text: str, index: int) -> bool:
    """Whether a quotation that is opened in a line before an index is not closed there."""
    line = text[text.rfind("\n", 0, index) + 1 : index + 1]
    return line.count('"') % 2 == 1 or line.count("“") > line.count("”")


@text_rule(
    "Q025",
    "written-line-break",
    Severity.INFO,
    prefilter=shared_patterns(LITERAL_NEWLINE),
    hint="Write real line breaks. The text was escaped twice, or copied from a string of code.",
)
def written_line_break() -> "pl.Expr":
    r"""A message has a backslash and an n in place of a line break.

    The text was escaped twice, and the model learns to write the two characters. Code, quoted strings and texts about
    line breaks are skipped. All 23 findings on 764 real files were right.
    Bad: {"messages": [{"role": "user", "content": "Name two trees."}, {"role": "assistant", "content": "1. Beech\\n2. Oak"}]}
    Good: {"messages": [{"role": "user", "content": "Name two trees."}, {"role": "assistant", "content": "1. Beech\n2. Oak"}]}
    """
    return judged_by(matching(pl.col("text"), LITERAL_NEWLINE), _written_breaks)


def _written_breaks(text: str) -> str | None:
    if CODE.search(text) or IN_STRING.search(text):
        return None
    count = len(re.findall(r"\\n(?![a-z])", text))
    return f"{plural(count, 'line break')} written as a backslash and an n"


@text_rule(
    "Q011",
    "html-remains",
    Severity.INFO,
    prefilter=shared_patterns(*HTML_HINTS),
    hint="Extract the page as plain text or Markdown.",
)
def html_remains() -> "pl.Expr":
    """An answer contains remains of a web page or of a mail.

    Entities, tags, "click here" and "[citation needed]" come from scraping, "Sent from my iPhone" and notices of confidentiality from mailboxes.
    Answers about HTML are skipped, and so are remains of mails where one is requested. Precision 99%, recall 54% on
    faults planted into 16 real files: a single entity or `<br>` is not reported.
    Bad: {"messages": [{"role": "user", "content": "What is Rome?"}, {"role": "assistant", "content": "Rome is a&nbsp;city.<br>All rights reserved."}]}
    Good: {"messages": [{"role": "user", "content": "What is Rome?"}, {"role": "assistant", "content": "Rome is a city."}]}
    """
    about_html = answered_question().str.contains(ABOUT_HTML).fill_null(False) | answer().str.contains(ABOUT_HTML)
    return judged_by(pl.when(~about_html).then(answer()), _html_message, pl.col("system"), asked())


def _html_message(system: str, prompt: str, answer: str) -> str | None:
    """The message for an answer with remains of a web page, unless it or the question is about or contains HTML; None
    for others.
    """
    answer = CODE_SPANS.sub(" ", answer)
    mail = MAIL.search(answer)
    if mail and not (MAIL_REQUEST.search(prompt) or MAIL_REQUEST.search(system) or MAIL.search(prompt)):
        return f"remains of a mail: {excerpt(mail.group(), 40)}"
    legal = LEGAL_TEXT.search(answer) is not None
    tags = [match.group() for match in HTML.finditer(answer) if not (legal and match.group().lower() in RIGHTS)]
    if (
        not tags
        or HTML.search(prompt)
        or ("cookie" in tags[0].lower() and "cookie" in prompt.lower())
        or HTML.search(system)
        or "html" in system.lower()
        or len(PROGRAM_LINE.findall(answer)) > 2
        or (len(tags) < 2 and not CERTAIN_REMAINS.fullmatch(tags[0]))
    ):
        return None
    return f"remains of a web page: {excerpt(tags[0], 40)}"


@text_rule(
    "Q027",
    "uneven-table",
    Severity.INFO,
    prefilter=literals(SEPARATORS),
    hint="Give each row of the table as many cells as its header has.",
)
def uneven_table() -> "pl.Expr":
    r"""A row of a Markdown table has more or fewer cells than the header.

    Renderers drop additional cells, and show no table at all if the line of dashes has another number of columns.
    Tables in code blocks are skipped. Precision 100%, recall 100% on faults planted into 16 real files; the one
    finding in 61 real files, a chat in Chinese, was right.
    Bad: {"messages": [{"role": "user", "content": "Compare."}, {"role": "assistant", "content": "| A | B |\n|---|---|\n| 1 | 2 | 3 |"}]}
    Good: {"messages": [{"role": "user", "content": "Compare."}, {"role": "assistant", "content": "| A | B |\n|---|---|\n| 1 | 2 |"}]}
    """
    return judged_by(answer(), _uneven_table_message)


def _uneven_table_message(text: str) -> str | None:
    lines = FENCED.sub("", text).splitlines()
    for index, line in enumerate(lines[1:], 1):
        if not SEPARATOR_LINE.fullmatch(line) or "|" not in lines[index - 1]:
            continue
        columns = _cells(lines[index - 1])
        if _cells(line) != columns:
            return f"the header of a table has {plural(columns, 'cell')}, the line below it {_cells(line)}"
        for number, row in enumerate(takewhile(lambda row: "|" in row, lines[index + 1 :]), 1):
            if _cells(row) != columns:
                return f"row {number} of a table has {plural(_cells(row), 'cell')}, its header {columns}"
    return None


def _cells(row: str) -> int:
    """The number of cells of a row; bars in code, in formulas and after a backslash separate none."""
    return NO_BARS.sub("", row).strip().removeprefix("|").removesuffix("|").count("|") + 1
