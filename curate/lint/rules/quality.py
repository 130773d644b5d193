"""Family Q, answer quality: short, refusing, truncated, or about missing input. No line is dropped for these."""

import json
import re
from typing import Final

from curate.core.finding import Severity
from curate.core.lazy import lazy_pattern, pl
from curate.core.text import excerpt
from curate.language.lexicon import NON_FINAL_WORDS
from curate.language.reasoning_marks import MARK_HINT, REASONING_ONLY
from curate.language.refusals import APOLOGY_ONLY, APOLOGY_REQUEST
from curate.lint.rules.message_frame import (
    BARE_URL,
    CUT_NOTE,
    CUT_NOTE_CHARS,
    CUT_TEXT,
    EMPTY_ITEM,
    MISSING_TEXT,
    PADDED_TEXT,
    POINTING_PHRASE,
    REFUSED_REQUEST,
    SHORT_QUESTION_BYTES,
    SHOWN_TEXT,
)
from curate.lint.rules.polars_text_helpers import (
    answer,
    answered_question,
    any_of_pattern,
    asked,
    judged_by,
    matching,
    question,
    rust_pattern,
)
from curate.lint.rules.prefilter import Flag, answer_patterns, foreign_patterns, shared_patterns
from curate.lint.rules.rule import text_rule

OPEN_REQUEST: Final = r"(?i)\A(?:please |could you |can you )?(?:explain|describe|discuss|elaborate|compare|write an? (?:\w+ )?(?:essay|story|article|poem|report|blog|letter|speech|review)|tell me (?:more )?about)"
SHORT_ANSWER_REQUEST: Final = (
    r"(?i)\b(?:one|single|few|two|three) (?:\w+ )?(?:words?|sentence|letter|number|line)|\badjectives?|brief|short|yes or no|only|just|choose|pick|answer with"
    r"|\b(?:or|whether|which|class|label|categor|sentiment|tone|polarity|emotion|intent|topic|genre|type|rating|score|similar|equal|same)|[\n:\"“”(\[]"
)
"""Requests for a short answer: for a class label above all, or with a text to judge."""
MIN_LONG_ANSWER_BYTES: Final = 120
"""Minimum size in bytes of an answer that is more than a phrase."""
MAX_REQUEST_BYTES: Final = 120
"""Maximum size in bytes of a question that is only a request."""
VENDORS: Final = ("openai", "anthropic", "google", "meta", "microsoft", "alibaba", "deepseek", "mistral")
"""Companies whose models write data."""
VENDOR: Final = f"(?:{'|'.join(VENDORS)})"
VENDOR_CLAIM: Final = (
    r"\bi(?: a|['’])m [a-z ,-]{0,40}(?:ai|chatbot|assistant|model)\b[a-z ,]{0,20} (?:developed|created|trained|made|built|designed) "
    rf"by {VENDOR}\b|\b(?:ki|sprachmodell|assistent)\b[a-zäöü ,]{{0,20}} von {VENDOR}\b"
    rf"|\b(?:ia|modelo|asistente|assistente|assistant|modèle)\b[a-zà-ü ,]{{0,50}} pa?o?r {VENDOR}\b"
    r"|\bi(?: a|['’])m (?:just|only|merely) an (?:ai|artificial intelligence)[a-z ]{0,20} (?:developed|created|trained|made|built|designed) by\b"
    rf"|\bas an (?:ai|artificial intelligence)[a-z ]{{0,20}} (?:developed|created|trained|made|built|designed) by {VENDOR}\b"
    rf"|我是[^。\n]{{1,20}}由(?:{VENDOR}|阿里|百度|腾讯|字节|智谱|谷歌|微软|深度求索|科大讯飞)[^。，\n]{{0,8}}(?:开发|研发|训练|创造)的"
)
OTHER_LANGUAGES: Final = (
    r"\bals (?:ki|künstliche intelligenz|(?:ki-|großes )?sprachmodell|ki-(?:modell|assistent(?:in)?))(?: von \w+)? (?:habe|kann|bin|besitze|verfüge|darf) ich\b"
    r"|\ben tant qu(?:e (?:grand )?modèle de langage|['’](?:ia|intelligence artificielle|assistant (?:virtuel|ia))),? (?:je |j['’])"
    r"|\bcomo (?:un |una )?(?:modelo de (?:lenguaje|inteligencia artificial|ia)|inteligencia artificial|ia|asistente (?:virtual|de ia)), (?:no|yo|soy|mi|puedo|carezco)\b"
    r"|\bcomo (?:um |uma )?(?:modelo de linguagem|inteligência artificial|ia), (?:não|eu|sou)\b|\b(?:come|in quanto) modello linguistico,? (?:non|sono)\b"
    r"|作为(?:一个|一种|一款|一名)?(?:ai|人工智能|大型语言模型|语言模型)[^。，\n]{0,8}，我"
)
"""The same clause in German, French, Spanish, Portuguese, Italian and Chinese."""
CUTOFF: Final = (
    r"\b(?:as of|up to|up until|until) my (?:last|latest|most recent) (?:knowledge |training |data )?(?:update|training|cut-?off)\b"
    r"|\bmy (?:knowledge|training data)\b[^.\n]{0,30} (?:ends?|ended|stops?|stopped|goes|extends?|up to|until|as of|to)\b[^.\n]{0,20}\b20[0-9][0-9]\b"
    r"|\bstand (?:meine[rs]?) (?:letzten|jüngsten) (?:aktualisierung|update|training|wissensstand)"
    r"|\b(?:mein wissensstand|meine trainingsdaten|mis datos de entrenamiento|mes données d['’]entraînement)\b[^.\n]{0,40}\b20[0-9][0-9]\b"
    r"|\b(?:mein wissen|mi conocimiento|mis conocimientos|mes connaissances) (?:(?:nur|solo|no|ne) )?(?:endet|reicht|geht|llegan?|terminan?|se (?:limitan?|extienden?)|abarcan?|vont|s['’]arrêtent|s['’]étendent|datent|remontent)\b[^.\n]{0,40}\b20[0-9][0-9]\b"
    r"|\b(?:según|hasta|conforme|até) (?:mi|minha) última (?:actualización|atualização)|\b(?:à|selon|jusqu['’]à) ma dernière mise à jour"
    r"|(?:截至|截止)到?我的?(?:最后|最近|上)一?次?的?(?:更新|训练)|我的(?:知识|训练数据)(?:[^。\n]{0,10}(?:截止|截至|更新到)|库?(?:只|仅)?到20)"
)
"""Phrases about the last data of a model, in English, German, Spanish, Portuguese, French and Chinese."""
DISCLAIMER_ENDS: Final = ' \n\t,."“”()!?:;'
DISCLAIMER: Final = lazy_pattern(
    r"(?i)\bas an? (?:artificial intelligence|ai|large) ?(?:language )?(?:model|assistant|chatbot|system)?,|\bas an? (?:ai|large) language model|\bas a language model,"
    r"|\bi['’ ]?a?m (?:just |only |merely )?an? (?:ai|artificial intelligence)(?: language model| model| assistant)?(?:,| and| so)(?: i)? (?:do not|don['’]t|cannot|can['’]t|am unable|am not|have no)|knowledge cut-?off"
    rf"|{VENDOR_CLAIM}|{OTHER_LANGUAGES}|{CUTOFF}"
)
DISCLAIMERS: Final = (
    "as an ai", "as a large", "as a language", "as an artificial", "as a ai", "am an artificial", "knowledge cut",
    "als ki", "als sprachmodell", "als großes", "als künstliche", "en tant qu", "como modelo", "como un", "como ia,",
    "como inteli", "come modello", "in quanto modello", "my last ", "my latest ", "my most recent", "my knowledge",
    "my training", "stand meine", "mein wissen", "meine trainingsdaten", "mi conocimiento", "mis conocimientos",
    "mis datos de", "mes connaissances", "mes donn", "ltima actuali", "ltima atuali", "re mise ",
    *(f"{before} an ai{after}" for before in ("m", "just", "only", "merely") for after in (" ", ",")),
)  # fmt: skip
MADE_BY_HINT: Final = rf"(?i-u:(?:by|von|por|par) {VENDOR})"
DISCLAIMER_HINT: Final = any_of_pattern(*DISCLAIMERS)
CHINESE_HINT: Final = "作为|我是|我的?(?:最后|最近|上|知识|训练)"
MERGED_INSTRUCTION: Final = lazy_pattern(
    r"\n[ \t]*(?:(?P<number>\d{1,2})\. ?|(?P<mark>#{2,4} ?)?)(?:Instruction|Next instruction|Task \d+|(?P<input>Input)) ?\d*:"
    r"(?P<rest>[^\n]*(?:\n[^\n]*){0,3}?\n[ \t]*(?:\d{1,2}\. ?|#{1,4} ?)?(?:Output|Response|Answer|Input|API) ?\d*:)?"
)
"""Another instruction, numbered or with hashes as in generated data, and the heading of its answer, if one follows."""
LIST_STEP: Final = lazy_pattern(r"^[ \t]*([0-9]+)\. ?(?!Output|Input|Instruction)", re.MULTILINE)
OPEN_END: Final = rf"(?:\s\S{{1,40}}, *|(?-u:\b)(?:{'|'.join(NON_FINAL_WORDS[:-1])})|[a-z,] \()\z"
SHORT_OPEN_END: Final = r"\A(?:\S+ ){4,}(?:the|an|and|or|of|because|which|such as)\z|\b(?:capital|name|author|number|answer|result|reason|difference)\b.{0,40} (?:is|was)\z"
"""Words that do not end a complete short answer; "to", "is" and "are" may end one: "more than there are"."""
NO_FINAL_STOP: Final = (
    r"\p{Ll}[.!?][\"')”’]? [\p{Lu}\"“][^\n.!?#@/_<>{}=|]* [^\n.!?#@/_<>{}=|]+ [^\n.!?#@/_<>{}=|]*\p{Ll}\z"
    r"|(?:\A|\n)(?:[-*•]|[0-9]+[.)]) [^\n]*\p{Ll}[.!?]\n+(?:[-*•]|[0-9]+[.)]) [^\n]*\p{Ll}[.!?]\n+(?:[-*•]|[0-9]+[.)]) (?:[^\n#@/_<>{}=|]* )?[^\n.!?#@/_<>{}=|]*\p{Ll}\z"
    r"|[。！？][^。！？\n：:#@/_<>{}=|]{8,}[\p{Han}，、]\z"
)
"""The last words of a text after a complete sentence or after items that are sentences, without an end: no tag, URL or
code.
"""
ANNOUNCED: Final = (
    r"(?i)\A[^\n]{0,160}(?:\bhere(?: is| are|['’]s)\b|\bhier (?:ist|sind)\b|\bvoici\b|\baquí (?:está|tiene)|\baqui está|\becco\b|以下是|这是|如下)"
    r"[^\n?]{0,160}[:：]\s*\z"
)
"""An answer that announces what it does not contain."""
COLON_END: Final = r"\A[^\n]*(?:\S +\S[^\n]* +\S[^\n]* [^\n]*\p{L}{2}|[\p{Han}\p{Hiragana}\p{Katakana}]{4})[:：]\s*\z"
"""A line of four words or more and a colon: shorter ones are labels and salutations."""
COMPLETE_COLON: Final = (
    r"\A(?:for|if|elif|while|def|class|with|except|async|match|case) |(?i)\A(?:dear|estimad|querid|to whom|sehr geehrte|liebe|cher|chère|caro|prezad)"
    r"|:[\w+-]+:\s*\z|\?|\bplease (?:send|paste|enter|type|share|provide|tell|give|choose|fill)\b"
    r"|\b(?:send|tell|give|show) me\b|\bpaste\b|\b(?:type|enter|choose|pick) (?:a|an|one|your)\b|\byour (?:answer|guess|choice|move|turn|name|text|message|input)\b|请"
)
"""Code of one line, a salutation, the name of an emoji, or a request to the user to go on."""
PROGRAM_REQUEST: Final = r"(?i)\b(?:function|program|script|algorithm|method|class|query|regex|regular expression|formula|macro)s?\b[^?!]* given\b"
"""Asks for a program; its "given list" is an argument."""
OTHER_SCRIPT_SENTENCE: Final = r"[.?!:,] ?[^\x00-\x{2fff}]"
"""A sentence without spaces between its words, which follows the request."""
SIGNATURE: Final = r"[-–—~] ?[A-Z][\w. ]*\z"
CLOSING_PHRASE: Final = r"(?i)\b(?:help|questions|assistance|information|anything else|feedback|day|regards)\z"
"""Last words of a polite closing, which often lacks its full stop."""
SIGNED: Final = (
    r"(?i)[.!?][\"')”’]?\s+(?:[^\s.,!?]+ ){0,3}(?:grüßen?|gruß|regards|wishes|sincerely|faithfully|thanks|cheers|cordialement|salutations|saludos|atentamente"
    r"|saluti|cumprimentos|atenciosamente|groet(?:en)?|hilsen|hälsningar|pozdravem|pozdrawiam|poważaniem)(?: [^\s.,!?]+)?[,–—-]? (?:[^\s.,!?]+ ){0,4}[^\s.,!?]+\z"
)
"""The closing of a letter and who signs it, on one line after a sentence."""
PROSE_END: Final = r"(?:\A|\n)[ \t]*(?:[-*•] +|[0-9]+\. +)?[A-Z][^\n{};=<>]* [^\n{};=<>]*[.!?:)]\s*\z"
"""A last line that is a sentence: no code of an open block."""
CALL: Final = lazy_pattern(r"[A-Za-z_]\w*\(")
JSON_START: Final = r'\A\s*(?:\{\s*"[^"\n]*"\s*:|\[\s*\{\s*")'
MERGED_HINT: Final = r"\n[ \t]*(?:#{2,4} ?|[0-9]{1,2}\. ?)?(?:Instruction|Next instruction|Input|Task)[ :]"


@text_rule(
    "Q001",
    "short-answer",
    Severity.INFO,
    default=False,
    prefilter=(PADDED_TEXT, Flag("brief")),
    hint="Write a full answer, or ask for a short one.",
)
def short_answer() -> "pl.Expr":
    """An answer has one or two words although the request asks for more.

    The rule judges by the request, not by length alone: "Yes" is fine, but not for "Explain ...". Requests that name
    classes or show a text to judge are skipped. Runs only when selected: on real files, 0 of 11 findings were right
    before class labels were skipped, and it reports nothing there since.
    Bad: {"messages": [{"role": "user", "content": "Explain how rain forms."}, {"role": "assistant", "content": "Clouds."}]}
    Good: {"messages": [{"role": "user", "content": "Does rain form in clouds?"}, {"role": "assistant", "content": "Yes."}]}
    """
    text = answer().str.strip_chars()
    request = pl.when(text.str.len_bytes().is_between(1, 24) & ~text.str.contains(r"\S\s+\S+\s+\S")).then(
        answered_question()
    )
    request = pl.when(request.str.len_bytes() <= MAX_REQUEST_BYTES).then(request)
    too_short = request.str.contains(OPEN_REQUEST) & ~request.str.contains(SHORT_ANSWER_REQUEST) & ~pl.col("called")
    return pl.when(too_short).then(pl.format("an answer of {} characters to an open request", text.str.len_chars()))


@text_rule(
    "Q004",
    "refusal",
    Severity.INFO,
    prefilter=(REFUSED_REQUEST, answer_patterns(APOLOGY_ONLY)),
    hint="Keep the refusal if the model should refuse here. Otherwise write an answer.",
)
def refusal() -> "pl.Expr":
    """An answer opens with a refusal, or is an apology and nothing else.

    A few refusals teach where to stop. Many teach the model to refuse everything (F003 reports the share). The rule
    reads the first 200 characters only. Precision 92%, recall 100% on faults planted into 16 real
    files; most of the other findings were refusals that the files had before.
    Bad: {"messages": [{"role": "user", "content": "Name a good book."}, {"role": "assistant", "content": "I'm sorry, but I can't help with that."}]}
    Good: {"messages": [{"role": "user", "content": "Name a good book."}, {"role": "assistant", "content": "Moby-Dick."}]}
    """
    apologizes = answer().str.contains(APOLOGY_ONLY) & ~pl.col("called") & ~asked().str.contains(APOLOGY_REQUEST)
    return (
        pl.when(pl.col("declines"))
        .then(pl.lit("the answer opens with a refusal"))
        .when(apologizes)
        .then(pl.lit("the answer is an apology and nothing else"))
    )


@text_rule(
    "Q005",
    "ai-disclaimer",
    Severity.INFO,
    prefilter=(shared_patterns(DISCLAIMER_HINT, MADE_BY_HINT), foreign_patterns(CHINESE_HINT)),
    hint="Remove the clause, or write the answer in your assistant's voice.",
)
def ai_disclaimer() -> "pl.Expr":
    """An answer says "as an AI language model" or "as of my last update", or that a company such as OpenAI made it.

    Another model wrote this phrase. A model that learns it repeats it unprompted. Precision 89%, recall 100% on
    faults planted into 16 real files.
    Bad: {"messages": [{"role": "user", "content": "Name a good book."}, {"role": "assistant", "content": "As an AI language model, I have no taste, but many like Moby-Dick."}]}
    Good: {"messages": [{"role": "user", "content": "Name a good book."}, {"role": "assistant", "content": "Many like Moby-Dick."}]}
    """
    texts = matching(answer(), f"{DISCLAIMER_HINT}|{MADE_BY_HINT}|{CHINESE_HINT}")
    return judged_by(texts.str.extract(f"({rust_pattern(DISCLAIMER)})"), _disclaimer_message)


def _disclaimer_message(phrase: str) -> str:
    """The message with the phrase, without signs around it."""
    return f'the answer says "{excerpt(phrase.strip(DISCLAIMER_ENDS))}"'


def _invalid_json(text: str) -> str | None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        # an object followed by other text, or calls in place of values
        if error.msg == "Extra data" or CALL.match(text, error.pos):
            return None
        return f"the answer looks like JSON, but is not valid: {error.msg.lower()} at character {error.pos + 1}"
    except (RecursionError, ValueError):
        return None
    return None


@text_rule(
    "Q008",
    "cut-answer",
    Severity.INFO,
    prefilter=(*CUT_TEXT, shared_patterns(MARK_HINT)),
    hint="Finish the answer, or remove the example. To avoid this, raise the token limit of the generation.",
)
def cut_answer() -> "pl.Expr":
    r"""An answer is cut off.

    Signs are an unclosed code block, nothing after the reasoning or after a colon at the end, invalid JSON, an unfinished last sentence, an empty last
    item of a list, or a note such as "[truncated]" at the end. The generation hit its token
    limit, and the model learns to stop there. Of 62 findings in shared chats and six other real files, read by hand, 57
    were right (92%). Recall 29% on faults planted into 16 real files: `curate score` finds more by the signal `ending`.
    Bad: {"messages": [{"role": "user", "content": "Print 1."}, {"role": "assistant", "content": "```python\nprint(1)"}]}
    Good: {"messages": [{"role": "user", "content": "Print 1."}, {"role": "assistant", "content": "```python\nprint(1)\n```"}]}
    """
    text = answer()
    fenced = pl.when(text.str.contains("```", literal=True)).then(text)
    # A closing fence behind other text, or a fence too many at the end, leaves an odd number of fences, too.
    unclosed = (fenced.str.count_matches(r"(?m)^\s*```") % 2 == 1) & ~(
        fenced.str.contains(r"```\s*\z")
        | (fenced.str.contains(PROSE_END) & (fenced.str.count_matches("```", literal=True) % 2 == 0))
    )
    long = text.str.len_bytes() > MIN_LONG_ANSWER_BYTES
    tail = pl.when(long).then(text.str.tail(400))
    short = pl.when(~long).then(text).str.contains(SHORT_OPEN_END)
    open_ended = pl.coalesce(
        tail.str.contains(OPEN_END)
        | (
            tail.str.contains(NO_FINAL_STOP)
            & ~tail.str.contains(SIGNATURE)
            & ~tail.str.contains(CLOSING_PHRASE)
            & ~tail.str.contains(SIGNED)
        ),
        short,
    )
    looks_json = pl.when(text.str.contains(JSON_START)).then(text)
    return (
        pl.when(unclosed)
        .then(pl.lit("a code block of the answer is not closed"))
        .when(~pl.col("called") & text.str.contains(REASONING_ONLY))
        .then(pl.lit("the answer is its reasoning, with nothing after it"))
        .when(~pl.col("called") & ~pl.col("media") & text.str.contains(ANNOUNCED))
        .then(pl.lit("the answer announces what it does not contain"))
        .when(
            ~(pl.col("called") | pl.col("media") | pl.col("next_called"))
            & text.str.contains(COLON_END)
            & ~text.str.contains(COMPLETE_COLON)
        )
        .then(pl.lit("the answer ends with a colon"))
        .when(text.str.contains(rf"(?:{EMPTY_ITEM})\s*\z"))
        .then(pl.lit("the last item of a list is empty"))
        .when(text.str.tail(CUT_NOTE_CHARS).str.contains(rf"(?:{CUT_NOTE})\s*\z"))
        .then(pl.lit("the answer ends with a note that it is cut off"))
        .when(open_ended & unclosed.fill_null(False).not_())
        .then(pl.lit("the answer stops in the middle of a sentence"))
        .otherwise(judged_by(looks_json, _invalid_json))
    )


@text_rule(
    "Q015", "missing-input", Severity.INFO, prefilter=MISSING_TEXT, hint="Add the text that the question refers to."
)
def missing_input() -> "pl.Expr":
    """A question refers to a text that is missing.

    It says "Summarize the text below" with nothing below, or gives only an address that the model cannot open. The
    answer is invented, and the model learns to invent. Precision 99%, recall 81% on faults planted into 16 real files;
    of the 7 findings that were read by hand in real files, 7 were right.
    Bad: {"messages": [{"role": "user", "content": "Summarize the following text."}, {"role": "assistant", "content": "It is about love."}]}
    Good: {"messages": [{"role": "user", "content": "Summarize the following text: Rain falls when drops grow heavy."}, {"role": "assistant", "content": "Heavy drops fall."}]}
    """
    opens = pl.col("previous").ne_missing("assistant")
    is_question = opens & ~pl.col("media") & ~pl.col("next_called")
    short = pl.when(is_question & (pl.col("text").str.len_bytes() < SHORT_QUESTION_BYTES)).then(
        question().str.strip_chars()
    )
    points = short.str.contains(POINTING_PHRASE) & ~(
        short.str.contains(SHOWN_TEXT) | short.str.contains(OTHER_SCRIPT_SENTENCE) | short.str.contains(PROGRAM_REQUEST)
    )
    bare = short.str.contains(BARE_URL)
    return (
        pl.when(points)
        .then(pl.lit("the question refers to a text that it does not contain"))
        .when(bare)
        .then(pl.lit("the question is about an address that the model cannot open"))
    )


@text_rule(
    "Q016",
    "merged-instructions",
    Severity.INFO,
    prefilter=shared_patterns(MERGED_HINT),
    hint="Split the example into two.",
)
def merged_instructions() -> "pl.Expr":
    r"""An answer continues with another instruction.

    The model that wrote the answer did not stop, and invented the next task. The trained model learns to do the same.
    Precision 100%, recall 96% on faults planted into 16 real files.
    Bad: {"messages": [{"role": "user", "content": "Name a colour."}, {"role": "assistant", "content": "Blue.\n\nInstruction: Name a number.\nOutput: 7"}]}
    Good: {"messages": [{"role": "user", "content": "Name a colour."}, {"role": "assistant", "content": "Blue."}]}
    """
    return judged_by(answer(), _merged_message)


def _merged_message(text: str) -> str | None:
    """The message for an answer with an embedded instruction, unless it is a list step or code; None for others."""
    if "```" in text:
        return None
    steps: dict[str, int] = {}
    for step in LIST_STEP.finditer(text):
        steps.setdefault(step[1], step.start())
    for match in MERGED_INSTRUCTION.finditer(text):
        number, instruction = match["number"], match["rest"]
        listed = number is not None and steps.get(str(int(number) - 1), len(text)) < match.start()
        if (instruction and (match["mark"] or number or not match["input"]) and not listed) or (
            number and int(number) > 1 and not listed and not match["input"]
        ):
            return "the answer continues with another instruction" + (" and its output" if instruction else "")
    return None
