"""Phrases before a request, as `docs/leaks.md` lists them."""

from collections.abc import Container
from functools import cache
from typing import Final

from curate.verify.words import Words, words_of

LISTED: Final = """\
can/could/would/will you -/please/kindly tell me
can/could/would/will you please/kindly
please can/could/would/will you -/kindly
please/kindly/just/- tell me
i would/d like to know
i would/d like/want you to
i want to know
i want/need you to
please answer this/the question
answer this/the question
please answer the following question
kannst/könntest du mir -/bitte sagen/verraten
können/könnten sie mir -/bitte sagen/verraten
bitte/- sag/sage mir -/bitte
bitte/- sagen sie mir -/bitte
ich möchte/würde -/gern/gerne wissen
peux/pourrais tu -/s_il_te_plaît me/nous dire -/s_il_te_plaît
pouvez/pourriez vous -/s_il_vous_plaît me/nous dire -/s_il_vous_plaît
-/s_il_te_plaît dis moi -/s_il_te_plaît
-/s_il_vous_plaît dites moi -/s_il_vous_plaît
s il te/vous plaît
j aimerais/voudrais savoir
je voudrais/veux savoir
por_favor/- puedes/puede/podrías/podría decirme -/por_favor
por_favor/- me puedes/puede/podrías/podría decir -/por_favor
por_favor/- dime/dígame -/por_favor
por favor
me gustaría saber
quiero/quisiera saber
puoi/può/potresti/potrebbe dirmi -/per_favore
mi puoi/può/potresti/potrebbe dire -/per_favore
mi puoi/può/potresti/potrebbe per favore dire
per_favore/- dimmi/mi_dica -/per_favore
per favore
vorrei sapere
-/você pode/poderia/podes/poderias me dizer -/por_favor
-/você pode/poderia/podes/poderias dizer me -/por_favor
por_favor/- me diga/diz -/por_favor
por_favor/- diga/diz me -/por_favor
gostaria/quero -/de saber
kun/kan/kunt je/jij/u me/mij -/alstublieft/alsjeblieft vertellen/zeggen
zou je/jij/u me/mij -/alstublieft/alsjeblieft kunnen vertellen/zeggen
alstublieft/alsjeblieft/- vertel/zeg me/mij -/alstublieft/alsjeblieft
ik wil/zou -/graag weten
czy/- możesz/może_pan/może_pani/mógłbyś/mogłabyś mi -/proszę powiedzieć
proszę/- powiedz mi -/proszę
můžeš/můžete/mohl_bys/mohli_byste/mohl_byste mi -/prosím říct/říci
prosím/- řekni/řekněte mi -/prosím
скажи/скажите/подскажи/подскажите -/мне -/пожалуйста
можешь/можете/можешь_ли/можете_ли -/ты/вы -/мне -/пожалуйста сказать/подсказать
не мог/могла бы ты -/мне -/пожалуйста сказать/подсказать
не могли бы вы -/мне -/пожалуйста сказать/подсказать
скажи/скажіть/підкажи/підкажіть -/мені -/будь_ласка
чи/- можеш/можете/могли_б -/ти/ви -/мені -/будь_ласка сказати/підказати
будь ласка
bana söyle/söyler_misin/söyler_misiniz
söyler misin/misiniz
snälla/- berätta för mig
kan/kunde/skulle du -/snälla säga/berätta -/för mig
kan/kunne/vil du -/venligst/vennligst fortælle/fortelle/sige/si mig/meg
fortæl/fortell mig/meg
vær/ver venlig/vennlig at/å fortælle/fortelle mig/meg
voisitko/voitko/voisitteko/voitteko -/ystävällisesti kertoa/sanoa -/minulle
kerro/kertokaa -/ystävällisesti minulle
kérlek/kérem/- mondd/mondja meg/el -/nekem
meg tudnád/tudná/tudod/tudja mondani -/kérlek/kérem -/nekem
-/te_rog/vă_rog spune/spuneți mi -/te_rog/vă_rog
poți/puteți/ai_putea/ați_putea să mi spui/spuneți -/te_rog/vă_rog
îmi poți/puteți spune -/te_rog/vă_rog
te/vă rog
πες/πείτε μου -/παρακαλώ
μπορείς/μπορείτε/θα_μπορούσες/θα_μπορούσατε να μου πεις/πείτε -/παρακαλώ
-/من_فضلك أخبرني/اخبرني -/من_فضلك
هل يمكنك/تستطيع/بإمكانك أن تخبرني
هل يمكنك/بإمكانك إخباري
من فضلك
תוכל/תוכלי/אתה_יכול/את_יכולה להגיד/לומר לי -/בבקשה
תגיד/תגידי/אמור לי -/בבקשה
मुझे बताएं/बताएँ/बताइए/बताओ
क्या आप मुझे -/कृपया बता/बताना सकते/सकती हैं
beri_tahu/beritahu/katakan saya/aku
bisakah/dapatkah kamu/anda -/tolong memberi_tahu/memberitahu/memberitahukan saya/aku
apakah kamu/anda bisa/dapat -/tolong memberi_tahu/memberitahu saya/aku
-/xin/làm_ơn/vui_lòng -/hãy cho tôi/mình biết
bạn/anh/chị/em có thể -/vui_lòng cho tôi/mình biết
请/请你/请您/- 告诉/告知 我 -/一下
-/请问 你/您 能/能不能/能否/可以/可不可以/可否 -/请 告诉 我 -/一下
请/- 能/能不能/能否/可以/可不可以/可否 -/请 告诉 我 -/一下
请问 -/一下
我 想 知道/问/问一下/请问
請/請你/請您/- 告訴 我 -/一下
-/請問 你/您 能/能不能/能否/可以/可不可以/可否 -/請 告訴 我 -/一下
請問 -/一下
教えて ください/下さい
말해/알려/말씀해 주세요/줘/주실래요
"""
"""Phrases as the page lists them."""
SMALL_BEFORE: Final = 3
"""Number of small words that may stand before a phrase."""


def phrase_end(words: Words, small: Container[str]) -> int:
    """The number of words up to the end of the phrase at the beginning of a question, 0 without one. small: words that
    may stand before it.
    """
    phrases, most = _phrases()
    for begin in range(min(len(words), SMALL_BEFORE + 1)):
        for end in range(min(len(words), begin + most), begin, -1):
            if tuple(words[begin:end]) in phrases:
                return end
        if words[begin] not in small:
            return 0
    return 0


@cache
def _phrases() -> tuple[frozenset[tuple[str, ...]], int]:
    """The phrases, and the number of words of the longest one."""
    spelled: list[str] = []
    for line in LISTED.splitlines():
        begun = [""]
        for choice in line.split():
            parts = choice.replace("_", " ").split("/")
            begun = [text if part == "-" else f"{text} {part}" for text in begun for part in parts]
        spelled += begun
    phrases = frozenset(map(tuple, words_of(spelled)))
    return phrases, max(map(len, phrases))
