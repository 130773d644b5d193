"""Answers that loop, are garbled, are in another language, refuse, or repeat sentences of many other answers."""

import re
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Final

import xxhash

from curate.core.lazy import Bytes, Floats, Numbers, np
from curate.core.text import normalised, words
from curate.corpus.strata import is_label
from curate.language.detection import language_shares
from curate.language.refusals import OPENING_CHARS, refuses
from curate.language.tokens import letters, main_script

MAX_CHARS: Final = 4_000
SAMPLE_CHARS: Final = 400
CAPITALIZED_WORD: Final = re.compile(r"\b[A-Z\u00c0-\u00de][A-Za-z\u00c0-\u024f'’]*")
"""Texts that consist mostly of these are lists of names, which have no language."""
NO_LANGUAGE: Final = re.compile(r"```.*?(?:```|\Z)|https?://\S+|[\d{}\[\]<>=/\\|_*#`]+", re.DOTALL)
"""Code, addresses, digits and signs."""
MIN_PLAIN: Final = 0.3
"""Minimum share of the letters in other words to detect a language."""
MIN_LETTERS: Final = 40
END_CHARS: Final = 200
"""Number of characters at both ends of a request that contain the task."""
MIN_LANGUAGE_SHARE: Final = 0.1
"""Share of the answers in a language from which it is a language of the file."""
CLEAR_SHARE: Final = 0.99
"""Probability that an answer is in a language of the file from which it counts as good: the language of its request
could not change the result by more than 0.01.
"""
OTHER_LANGUAGE_WEIGHT: Final = 0.2
"""If the request is about languages."""
KNOWN_WORD_TEXTS: Final = 3
"""Number of texts of the file with a word from which it counts as a word of their language."""
MAX_PHRASE_WORDS: Final = 60
MIN_LOOP: Final = 6
HALF_DOUBT_LOOP_WORDS: Final = 20
ALPHABET_SIZE: Final = 96
OTHER_CHAR_CLASSES: Final = 3
"""Classes of characters that are not among the most frequent: Latin letters, other letters, other characters."""
NO_LETTERS: Final = re.compile(r"[\s\d!-@\[-`{-~\u2010-\u206f\u3000-\u303f\uff00-\uff20]+")
TRIGRAM_VARIANCE: Final = 6.0
"""Variance of the information of one sequence of three letters."""
MIN_ANSWERS_OF_SCRIPT: Final = 20
"""Number of answers in a script from which they are compared with each other; fewer count as usual."""
MIN_TRIGRAMS: Final = 20
EXTRA_DEVIATIONS: Final = 8.0
"""Additional standard deviations for answers to requests about languages, or in a script with few answers."""
GARBLED_DEVIATIONS: Final = 5.0
"""Standard deviations below the usual text of a file at which an answer is garbled with a probability of one half."""
ABOUT_LANGUAGES: Final = re.compile(
    r"translat|traduc|übersetz|翻译"
    r"|(?<!natural )(?<!programming )(?<!query )(?<!markup )\blanguages?\b(?! model| processing)"
    r"|\b(?:afrikaans|arabic|bengali|bulgarian|chinese|croatian|czech|danish|dutch|english"
    r"|esperanto|finnish|french|gaelic|german|greek|hebrew|hindi|hungarian|icelandic|indonesian|irish|italian|japanese|korean|latin|malay"
    r"|mandarin|norwegian|persian|polish|portuguese|romanian|russian|serbian|spanish|swahili|swedish|tamil|telugu|thai|turkish|ukrainian"
    r"|urdu|vietnamese|welsh)\b"
)
"""Requests about languages, in lower case, whose answers may be in another language."""


def loops(answers: Sequence[str]) -> Floats:
    """1 without a phrase that occurs three times in a row, near 0 for an answer that consists mostly of repetitions."""
    return np.array([1 - _loop_doubt(answer) for answer in answers])


def _loop_doubt(answer: str) -> float:
    """0 to 1: 0 without a phrase that occurs three times in a row, and higher with the number of words of such a loop.

    A loop that does not reach the end of the answer counts 0.6 times.
    """
    words = re.findall(r"\w+|[^\w\s]", answer[-2 * MAX_CHARS :].casefold())
    if len(words) < MIN_LOOP:
        return 0.0
    codes_by_word: dict[str, int] = {}
    codes = np.array([codes_by_word.setdefault(word, len(codes_by_word)) for word in words])
    worst = 0.0
    for period in range(1, min(MAX_PHRASE_WORDS, len(words) // 3) + 1):
        same = codes[period:] == codes[:-period]
        if np.count_nonzero(same) < (2 * period if same[-1] else max(2 * period, MIN_LOOP)):
            continue
        edges = np.flatnonzero(np.diff(np.concatenate(([0], same.view(np.int8), [0]))))
        runs, ends = edges[1::2] - edges[::2], edges[1::2]
        for run, end in zip(runs.tolist(), ends.tolist(), strict=True):
            covered = run + period
            phrase = words[end : end + period]
            if run < 2 * period or covered < MIN_LOOP or not any(len(word) > 1 and word.isalpha() for word in phrase):
                continue
            doubt = covered / (covered + HALF_DOUBT_LOOP_WORDS) * (1.0 if end >= len(same) - 1 else 0.6)
            worst = max(worst, doubt)
    return worst


def _points(text: str) -> Numbers:
    """The code points of the words of a text, between spaces."""
    plain = f" {NO_LETTERS.sub(' ', text[:MAX_CHARS].casefold())} "
    return np.frombuffer(plain.encode("utf-32-le", "replace"), dtype=np.uint32)


def _codes(texts: Sequence[str]) -> list[Bytes]:
    """The characters of texts as numbers of a byte: one for each frequent character, one per class for the others."""
    spread: Counter[int] = Counter()
    for text in texts:
        spread.update(np.unique(_points(text)).tolist())
    frequent = [point for point, _ in sorted(spread.items(), key=lambda item: (-item[1], item[0]))[:ALPHABET_SIZE]]
    table = np.full(0x110000, ALPHABET_SIZE + 1, dtype=np.uint8)
    table[:0x250], table[0x80:0xC0] = ALPHABET_SIZE, ALPHABET_SIZE + 2
    table[0xE000:0xF900], table[:0x20], table[0xFFF0:0x10000] = ALPHABET_SIZE + 2, ALPHABET_SIZE + 2, ALPHABET_SIZE + 2
    table[np.array(frequent, dtype=np.int64)] = np.arange(len(frequent))
    return [table[_points(text)] for text in texts]


def _trigrams(codes: Bytes) -> Numbers:
    """The sequences of three characters, a number each."""
    size, code = ALPHABET_SIZE + OTHER_CHAR_CLASSES, codes.astype(np.int64)
    return (code[:-2] * size + code[1:-1]) * size + code[2:] if len(code) > 2 else code[:0]


def garbled(requests: Sequence[str], answers: Sequence[str]) -> Floats:
    """1 for answers whose sequences of three letters are usual in the file, near 0 for garbled ones.

    Computed from the share of the other texts of the file that have each sequence; punctuation is ignored.
    """
    size, texts = ALPHABET_SIZE + OTHER_CHAR_CLASSES, [*answers, *requests]
    codes = _codes(texts)  # a byte for each character: the numbers of all sequences would take 16 times as much
    spread = np.zeros(size**3, dtype=np.int64)
    for code in codes:
        spread[np.unique(_trigrams(code))] += 1
    means, lengths = np.zeros(len(answers)), np.zeros(len(answers))
    for index, code in enumerate(codes[: len(answers)]):
        grams = _trigrams(code)
        if len(grams):
            means[index] = np.log((spread[grams] - 0.5) / len(texts)).mean()
            lengths[index] = len(grams)
    scripts = np.array([main_script(text[:SAMPLE_CHARS]) for text in answers])
    is_requested = np.array([script in _scripts(text) for script, text in zip(scripts.tolist(), requests, strict=True)])
    about_languages = np.array([_is_about_languages(text) for text in requests])
    sizes = Counter(scripts.tolist())
    probabilities = np.ones(len(answers))
    for script in sizes:
        of_it = scripts == script
        common = sizes[script] >= MIN_ANSWERS_OF_SCRIPT
        usual = (lengths > MIN_TRIGRAMS) & (of_it if common else True)
        middle = np.median(means[usual]) if usual.any() else 0.0
        width = 1.4826 * np.median(np.abs(means[usual] - middle)) if usual.any() else 1.0
        z = (means - middle) / np.sqrt(width**2 + TRIGRAM_VARIANCE / np.maximum(lengths, 1) + 0.01)
        judged = of_it & (lengths > 3)
        z += EXTRA_DEVIATIONS * (about_languages | (is_requested & (not common)))
        probabilities[judged] = 1 / (1 + np.exp(-np.clip(z[judged] + GARBLED_DEVIATIONS, -30, 30)))
    return np.minimum(probabilities, [0.02 if _is_misdecoded(answer) else 1.0 for answer in answers])


def _scripts(text: str) -> set[str]:
    """The scripts with more than a few letters in a text."""
    return {name for name, count in letters(text[:MAX_CHARS]).items() if count >= MIN_ANSWERS_OF_SCRIPT}


def _is_about_languages(request: str) -> bool:
    return ABOUT_LANGUAGES.search(f"{request[:END_CHARS]}\n{request[-END_CHARS:]}".lower()) is not None


def _is_misdecoded(answer: str) -> bool:
    if answer.isascii():
        return False
    from ftfy.badness import is_bad  # a few hundredths of a second

    return "\ufffd" in answer or bool(is_bad(answer))


def languages(requests: Sequence[str], answers: Sequence[str]) -> Floats:
    """The probability that an answer is in the language of its request, or in one of many answers of the file.

    Detected by py3langid (extra `language`), otherwise by the script alone. Words that other texts of the file have
    lower the probability of another language, and requests about languages have a low weight.
    """
    detected = _languages_of(answers)
    total: Counter[str] = Counter()
    for shares in detected:
        total.update({name: share for name, share in shares.items() if share > 0.5})
    usual = {name for name, count in total.items() if count >= MIN_LANGUAGE_SHARE * total.total()}
    unclear = [index for index, shares in enumerate(detected) if shares and _share(shares, usual) < CLEAR_SHARE]
    own_words = {index: _sampled_words(answers[index]) for index in unclear}
    looked_up = frozenset().union(*own_words.values())
    spread = Counter(
        word for text in ((*answers, *requests) if looked_up else ()) for word in looked_up & _sampled_words(text)
    )
    probabilities = np.ones(len(answers))
    detected_in_requests = _languages_of([requests[index] for index in unclear])
    for (index, words_here), of_request in zip(own_words.items(), detected_in_requests, strict=True):
        expected = usual | {name for name, share in of_request.items() if share > 0.5}
        weight = OTHER_LANGUAGE_WEIGHT if _is_about_languages(requests[index]) else 1.0
        known_share = (
            sum(spread[word] > KNOWN_WORD_TEXTS for word in words_here) / len(words_here) if words_here else 0.0
        )
        probabilities[index] = (
            1 - weight * max(0.0, 1 - _share(detected[index], expected)) * (1 - known_share) if expected else 1.0
        )
    return probabilities


def _sampled_words(text: str) -> set[str]:
    return set(words(text[:SAMPLE_CHARS].casefold()))


def _share(shares: Mapping[str, float], names: Set[str]) -> float:
    return sum(share for name, share in shares.items() if name in names)


def _languages_of(texts: Sequence[str]) -> list[dict[str, float]]:
    """The most probable languages of each text with their probabilities; none for a text with few letters."""
    samples = [NO_LANGUAGE.sub(" ", text[:SAMPLE_CHARS]) for text in texts]
    scripts = list(map(letters, samples))
    judged = [index for index, sample in enumerate(samples) if _has_language(sample, scripts[index])]
    position_by_sample = {sample: position for position, sample in enumerate(dict.fromkeys(samples[i] for i in judged))}
    shares = language_shares([*position_by_sample])
    languages: list[dict[str, float]] = [{} for _ in texts]
    for index in judged:
        counts = scripts[index]
        languages[index] = (
            {name: count / counts.total() for name, count in counts.items()}
            if shares is None
            else shares[position_by_sample[samples[index]]]
        )
    return languages


def _has_language(text: str, scripts: Counter[str]) -> bool:
    """Whether a text has letters of a script other than Latin, or enough Latin ones outside of names."""
    if set(scripts) - {"Latin"}:
        return True
    return scripts.total() >= MIN_LETTERS and (
        letters(CAPITALIZED_WORD.sub(" ", text)).total() >= MIN_PLAIN * scripts.total()
    )


def refusals(answers: Sequence[str], neighbours: Sequence[Sequence[int]] | None = None) -> Floats:
    """1 for an answer that is not a refusal; for refusals, the share of refusals in the file or among the answers to
    the nearest questions, whichever is larger.

    `neighbours`: for each answer, the positions of those to the nearest questions.
    """
    refused = np.array([refuses(answer[:OPENING_CHARS]) for answer in answers], dtype=np.float64)
    share = refused.mean() if len(refused) else 0.0
    scores = np.ones(len(answers))
    for index in np.flatnonzero(refused).tolist():
        near = refused[list(neighbours[index])].mean() if neighbours and neighbours[index] else 0.0
        scores[index] = max(share, near)
    return scores


def boilerplate(requests: Sequence[str], answers: Sequence[str]) -> Floats:
    """1 minus the share of sentences of an answer that are in several answers to other requests; 1 for labels."""
    digest = xxhash.xxh64_intdigest
    owners, sizes, sentences, asked = (array(code) for code in "qqQQ")
    for index, (request, answer) in enumerate(zip(requests, answers, strict=True)):
        request_digest = digest(normalised(request)[:200].encode("utf-8", "surrogatepass"))
        for sentence in _sentences(answer):
            owners.append(index)
            sizes.append(len(sentence))
            sentences.append(digest(sentence.encode("utf-8", "surrogatepass")))
            asked.append(request_digest)
    numbers = np.array(sentences, dtype=np.uint64)
    pairs = np.stack([numbers, np.array(asked, dtype=np.uint64)])
    pairs = pairs[:, np.lexsort(pairs[::-1])]
    first = np.append(True, (pairs[:, 1:] != pairs[:, :-1]).any(axis=0))[: len(numbers)]
    values, counts = np.unique(pairs[0, first], return_counts=True)
    is_common = np.isin(numbers, values[counts >= max(3, len(answers) // 100)])
    owner, size = np.array(owners, dtype=np.int64), np.array(sizes, dtype=np.int64)
    total = np.bincount(owner, size, len(answers))
    common = np.bincount(owner[is_common], size[is_common], len(answers))
    counted = (total > 0) & ~np.array(list(map(is_label, answers)), dtype=np.bool_)
    return np.asarray(np.where(counted, 1 - common / np.maximum(total, 1), 1.0))


def _sentences(answer: str) -> Iterator[str]:
    for part in re.split(r"(?<=[.!?。！？])\s+|\n+", answer[:MAX_CHARS]):
        sentence = " ".join(words(normalised(part)))
        if len(sentence) >= 12:
            yield sentence
