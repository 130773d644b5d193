"""Answers that deny one another: yes against no, a sentence with and without "not", a word against its opposite.

Parity of negations is no rule by itself: it tells contradictions from paraphrases no better than chance. Here both sentences
must be the same but for the negation.
"""

import re
from difflib import SequenceMatcher
from typing import Final

from curate.language.sentences import Aligned
from curate.language.tokens import STOPWORDS, stem
from curate.text import normalised, words

YES: Final = re.compile(
    r"^\W*(?:yes|yeah|yep|yup|true|correct|absolutely|definitely|that is correct|that's correct|indeed)\b"
    r"(?!\s+(?:answers?|statements?|option|sentence|spelling|version|form)\b)",
    re.IGNORECASE,
)
NO: Final = re.compile(
    r"^\W*(?:no|nope|false|incorrect|that is incorrect|that's incorrect|not true|not (?:really|necessarily)|never)\b"
    r"(?!\s+(?:problem|worries|doubt|one|matter))",
    re.IGNORECASE,
)
CONTRACTED: Final = re.compile(r"\b(?:can|won|ain|\w+?)n['’]t\b", re.IGNORECASE)
DENIES: Final = frozenset("not no never none nobody nothing neither nor without cannot hardly".split())  # noqa: SIM905
NOW: Final = frozenset(stem(word) for word in "moment currently now yet anymore longer today present".split())  # noqa: SIM905
"""Adverbs that add nothing to what is denied."""
DOUBTS: Final = frozenset("unlikely impossible unable incorrect untrue false fails fail failed lacks lack too".split())  # noqa: SIM905
"""Words that deny as "not" does: "it is impossible that" says what "cannot" says."""
EXPANDED: Final = {"can't": "can not", "won't": "will not", "cannot": "can not", "ain't": "is not"}
# "Not only ... but also" and "none other than" deny nothing; "0 points" denies as "no points" does.
NOT_ONLY: Final = re.compile(
    r"\bnot (?:only|just|merely|necessarily)\b|\bno (?:doubt|matter|problem|wonder|exception|stranger|less|longer than|later than|more than)\b"
    r"|\bwhether or not\b|\bnone other\b|\bnothing (?:short|but|less)\b|\bnever (?:fails?|before)\b|\b(?:zero|0)\b",
    re.IGNORECASE,
)
OPPOSITES: Final = frozenset(
    frozenset(pair.split("/"))
    for pair in """always/never always/rarely often/rarely more/less more/fewer most/least higher/lower high/low greater/smaller larger/smaller bigger/smaller
    before/after above/below over/under increase/decrease increases/decreases increased/decreased rises/falls true/false
    correct/incorrect right/wrong possible/impossible legal/illegal safe/unsafe safe/dangerous likely/unlikely required/optional mandatory/optional
    allowed/forbidden allowed/prohibited permitted/prohibited permitted/forbidden free/paid included/excluded includes/excludes refundable/nonrefundable
    available/unavailable open/closed opens/closes open/close with/without can/cannot must/cannot fast/slow faster/slower
    strong/weak stronger/weaker early/late earlier/later first/last older/younger longer/shorter heavier/lighter
    easy/difficult rich/poor cheap/expensive cheaper/costlier buy/sell win/lose won/lost alive/dead
    east/west north/south northern/southern eastern/western positive/negative acidic/basic maximum/minimum max/min enable/disable enabled/disabled
    accept/reject accepts/rejects accepted/rejected accept/refuse approve/deny approved/denied everyone/nobody everybody/nobody all/none all/no both/neither
    some/no any/no everything/nothing everywhere/nowhere start/stop starts/stops add/remove adds/removes adding/removing attach/detach agree/disagree
    agrees/disagrees beneficial/harmful helpful/harmful healthy/unhealthy permanent/temporary public/private internal/external guilty/innocent
    inhale/exhale import/export lend/borrow
    wide/narrow deep/shallow""".split()  # noqa: SIM905
)


def opening(left: str, right: str) -> tuple[str, str] | None:
    """The words by which one answer says yes and the other no."""
    for one, other in ((YES, NO), (NO, YES)):
        if (a := one.match(left)) and (b := other.match(right)):
            return a.group().strip(), b.group().strip()
    return None


def denials(text: str) -> int:
    """How often a text denies."""
    return sum(word in DENIES or word in DOUBTS for word in _words(text))


def negation(pair: Aligned) -> tuple[str, str] | None:
    """Two sentences of the same words, of which exactly one denies: the words around the negation, and those where it is not."""
    if NOT_ONLY.search(pair.left) or NOT_ONLY.search(pair.right) or pair.left.endswith("?") or pair.right.endswith("?"):
        return None
    a, b = _words(pair.left), _words(pair.right)
    denied = [sum(word in DENIES or word in DOUBTS for word in side) for side in (a, b)]
    if denied[0] % 2 == denied[1] % 2 or max(denied) > 2:
        return None
    mine, others = ({stem(word) for word in side if word not in STOPWORDS and word not in DENIES} for side in (a, b))
    mine, others = mine - NOW, others - NOW
    if not mine or not others:
        return None
    # What is denied of a thing is denied of it within 30 days, too; the other way round both may hold.
    less, more = (mine, others) if denied[0] % 2 else (others, mine)
    if len(mine & others) < 0.75 * len(mine | others) and not (len(less) > 1 and less <= more and not min(denied)):
        return None
    return pair.left, pair.right


def opposite(pair: Aligned) -> tuple[str, str] | None:
    """Two sentences that are equal but for a word in the place of its opposite."""
    a, b = _words(pair.left), _words(pair.right)
    changes = [op for op in SequenceMatcher(None, a, b, autojunk=False).get_opcodes() if op[0] != "equal"]
    if not changes or len(changes) > 2 or pair.alike < 0.5:
        return None
    found = None
    for _, a0, a1, b0, b1 in changes:
        mine, others = ([w for w in side if w not in STOPWORDS or w in ("with", "can")] for side in (a[a0:a1], b[b0:b1]))
        if not mine and not others:
            continue
        if len(mine) > 2 or len(others) > 2:
            return None
        clashing = next(((x, y) for x in mine for y in others if opposed(x, y)), None)
        if clashing is None:
            return None
        found = found or clashing
    return found


def opposed(one: str, other: str) -> bool:
    """Whether two words are opposites: in the list, or one is the other with un-, in-, im-, il-, ir-, dis- or non- before it."""
    if frozenset((one, other)) in OPPOSITES:
        return True
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) >= 4 and longer.endswith(shorter) and longer[: -len(shorter)].rstrip("-") in ("un", "in", "im", "il", "ir", "dis", "non")


def _words(text: str) -> list[str]:
    """The words of a text with its contractions written out."""
    plain = normalised(text).replace("’", "'")
    plain = CONTRACTED.sub(lambda match: EXPANDED.get(match.group(), match.group()[:-3] + " not"), plain).replace("cannot", "can not")
    return words(plain)
