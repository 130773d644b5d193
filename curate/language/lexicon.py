"""Word lists by their effect on the meaning of a text. English, and common words of a few other languages.

A word that is in no list counts as a content word, so that two examples that differ in it are not merged.
"""

from typing import Final


def _word_set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


def _word_pairs(listed: str) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(pair.split("/")) for pair in listed.split())


ENGLISH_NEGATIONS: Final = _word_set("not no never none nobody nothing neither nor without cannot hardly")
"""Words of negation in English, without contractions."""
NEGATING_WORDS: Final = _word_set("unlikely impossible unable incorrect untrue false fails fail failed lacks lack too")
"""Words that negate as "not" does: "it is impossible that" means the same as "cannot"."""
NEGATIONS: Final = ENGLISH_NEGATIONS | _word_set(
    """don't doesn't didn't isn't aren't wasn't weren't won't wouldn't can't couldn't shouldn't mustn't haven't hasn't
    hadn't ain't needn't
    don’t doesn’t didn’t isn’t aren’t wasn’t weren’t won’t wouldn’t can’t couldn’t shouldn’t mustn’t haven’t hasn’t
    hadn’t ain’t needn’t
    nicht kein keine keinen keiner keines nie niemals ohne ne pas jamais aucun aucune sans sin nunca ningún ninguna não
    nem sem non mai senza
    не нет ни никогда без нельзя 不 没 沒 未 无 無 非 别 否 ない ません 안 못"""
)
"""Words of negation, as written, in all languages."""
STOPWORDS: Final = _word_set(
    """a an and are as at be been but by can could did do does for from had has have how i if in into is it its me my of
    on or our please shall should so
    some tell that the their them there these they this those to us was we were what when where which who whom whose why
    will with would you your"""
)
"""Words of grammar and politeness in a question or an answer."""
FILLER_WORDS: Final = STOPWORDS | _word_set(
    """being both i'm i've i'd it's that's then there's what's who's yours he she him her his hers about also just very
    really quite am may might must
    kindly give let know say show help need want like wonder wondering ask question answer following hi hello hey thanks
    thank sure certainly
    absolutely course okay ok well great happy glad here however therefore thus additionally moreover furthermore
    exactly precisely simply basically uh uhm umm erm hmm ehm äh ähm euh
    actually quickly briefly der die das den dem des ein eine einen einem und oder ist sind war bitte kannst könntest
    mir ich du sie es wie le la les
    un une des de du et est sont et s'il te vous plaît plait je tu il elle el los las una y es son por favor 的 了 吗 呢 吧 请
    請 问 問 是
    在 和 与 啊 我 你 您 の は が を に で と も か ね よ て た だ す ま し せ さ 은 는 이 가 을 를 에 의 도 요 니 다 까 ๆ"""  # noqa: E501
)
"""Function words, polite words, and words that open requests and answers."""
PERSONAL_PRONOUNS: Final = _word_set("he she him her his hers they them their theirs")
VERB_FORMS: Final = _word_set("am is are was were be been has have had do does did")
"""Grammar words other than politeness: short texts, such as exercises, must agree in these and in
`PERSONAL_PRONOUNS`.
"""
QUESTION_WORDS: Final = _word_set("how why when where who whom whose")
TENSE_WORDS: Final = _word_set("should shall must may might ought will was were did had been being")
POSSESSIVE_PRONOUNS: Final = _word_set("my mine your yours our ours its")
REQUEST_WORDS: Final = PERSONAL_PRONOUNS | QUESTION_WORDS | TENSE_WORDS | POSSESSIVE_PRONOUNS
"""Function words that change what a request asks for: persons, interrogatives, tense and obligation."""
NEUTRAL_ADVERBS: Final = _word_set("moment currently now yet anymore longer today present")
"""Adverbs that do not change a negation."""
NO_NAME_WORDS: Final = _word_set(
    "answer question no not none unknown unsure different other another same both all any it he she one"
)
"""Words that are not a name, as an answer to a question for one."""
FREE_WORDS: Final = _word_set("free gratis complimentary included include includes")
PAID_WORDS: Final = _word_set("pay pays paying cost costs fee fees charge charges charged extra")
ALLOWED_WORDS: Final = _word_set("can could may able allowed permitted possible welcome")
NEEDED_WORDS: Final = _word_set("need needs needed require required requires must necessary mandatory compulsory")
OPTIONAL_WORDS: Final = _word_set("without optional skip")
"""Words of questions with opposite meaning: "is it free" and "does it cost", "is it needed" and "can it be done
without". In an answer, `NEEDED_WORDS` and `ALLOWED_WORDS` also state what is needed or allowed.
"""
NEUTRAL_PROMPT_WORDS: Final = _word_set(
    "helpful assistant ai chatbot bot honest harmless friendly polite kind useful respectful knowledgeable "
    "language model"
)
"""Content words of system prompts without influence on the answer."""
NON_FINAL_WORDS: Final = (
    "the",
    "an",
    "and",
    "or",
    "of",
    "to",
    "with",
    "from",
    "because",
    "which",
    "is",
    "are",
    "was",
    "were",
    "such as",
)
"""Words that do not end a sentence."""
CONFUSED_WORDS: Final = _word_pairs(
    """pairs/paris noble/nobel arise/aries farmers/framers macro/marco finish/finnish poses/posses aboard/abroad
    angel/angle angels/angles barely/barley
    beast/beats below/bellow biter/bitter board/broad boost/boots canon/cannon canons/cannons caned/canned
    carton/cartoon cartons/cartoons
    carving/craving casual/causal casually/causally cavalry/calvary choose/chose coast/coats comet/commet
    complaint/compliant cooper/copper
    corps/crops crate/carte cures/curse dairy/diary denies/denise desert/dessert deserts/desserts diner/dinner
    diners/dinners discus/discuss
    exist/exits farming/framing feast/feats field/filed filed/filled files/flies filing/filling fired/fried fires/fries
    griped/gripped hoping/hopping
    later/latter liter/litter liters/litters loins/lions losing/loosing loses/losses loser/looser mantel/mantle
    marital/martial mater/matter
    moped/mopped moping/mopping pining/pinning planed/planned planing/planning polling/pooling polls/pools
    prefect/perfect preform/perform
    preformed/performed quiet/quite rated/ratted rating/ratting robed/robbed sacred/scared scared/scarred
    scaring/scarring scraped/scrapped
    scraping/scrapping shoots/shots signed/singed signers/singers signing/singing signs/sings silver/sliver skate/stake
    slave/salve slaves/salves
    sloping/slopping snail/slain solider/soldier spilt/split spirt/sprit stared/starred staring/starring steak/stake
    striped/stripped super/supper
    taping/tapping there/three tiling/tilling tilted/titled timelines/timeliness tired/tried tires/tries tools/tolls
    trail/trial trails/trials
    unite/untie united/untied waist/waits wining/winning"""
)
"""Pairs of words that differ by one swapped or doubled letter; names and rare words are left out."""
CONTRASTS: Final = tuple(
    map(
        _word_set,
        """red blue green yellow black white brown pink purple orange grey
thousand million billion trillion
thousands millions billions trillions
morning afternoon night
morning evening
spring summer autumn winter
mother father sister brother son daughter wife husband aunt uncle cousin
sunny rainy cloudy snowy
text image video audio
breakfast lunch dinner
daily weekly monthly yearly""".splitlines(),
    )
)
"""Words of which one thing has one."""
OPPOSITES: Final = _word_pairs(
    """always/never always/rarely often/rarely more/less more/fewer most/least higher/lower high/low greater/smaller
    larger/smaller bigger/smaller before/after above/below over/under increase/decrease increases/decreases
    increased/decreased rises/falls true/false correct/incorrect right/wrong possible/impossible legal/illegal
    safe/unsafe safe/dangerous likely/unlikely required/optional mandatory/optional allowed/forbidden
    allowed/prohibited permitted/prohibited permitted/forbidden free/paid included/excluded includes/excludes
    refundable/nonrefundable available/unavailable open/closed opens/closes open/close with/without can/cannot
    must/cannot fast/slow faster/slower strong/weak stronger/weaker early/late earlier/later first/last
    older/younger longer/shorter heavier/lighter easy/difficult rich/poor cheap/expensive cheaper/costlier buy/sell
    win/lose won/lost alive/dead east/west north/south northern/southern eastern/western positive/negative
    acidic/basic maximum/minimum max/min enable/disable enabled/disabled accept/reject accepts/rejects
    accepted/rejected accept/refuse approve/deny approved/denied everyone/nobody everybody/nobody all/none all/no
    both/neither some/no any/no everything/nothing everywhere/nowhere start/stop starts/stops add/remove
    adds/removes adding/removing attach/detach agree/disagree agrees/disagrees beneficial/harmful helpful/harmful
    healthy/unhealthy permanent/temporary public/private internal/external guilty/innocent inhale/exhale
    import/export lend/borrow wide/narrow deep/shallow upload/download encrypt/decrypt encode/decode push/pull
    pass/fail passes/fails passed/failed clockwise/counterclockwise allow/deny allows/denies read/write
    clockwise/anticlockwise upper/lower top/bottom left/right horizontal/vertical ascending/descending asc/desc
    harmful/harmless good/bad better/worse hot/cold on/off small/large big/small easy/hard easier/harder new/old
    common/rare simple/complex simpler/complex similar/different same/different increase/reduce increases/reduces
    increased/reduced increasing/decreasing increasing/reducing improves/worsens improve/worsen improved/worsened
    raise/lower raises/lowers raised/lowered raising/lowering support/oppose supports/opposes supported/opposed
    supporting/opposing success/failure succeed/fail gain/loss gains/losses gain/lose gained/lost profit/loss
    profits/losses input/output opening/closing buying/selling buys/sells bought/sold maximize/minimize
    maximizes/minimizes maximizing/minimizing optimistic/pessimistic local/international domestic/foreign
    beginning/end enter/leave arrive/depart arrival/departure attack/defend attacks/defends love/hate loves/hates
    like/dislike likes/dislikes remember/forget strength/weakness strengths/weaknesses advantage/disadvantage
    advantages/disadvantages active/passive confirm/deny confirms/denies confirmed/denied victory/defeat ban/allow
    bans/allows banned/allowed banning/allowing agree/refuse agrees/refuses agreed/refused full/empty
    heavy/light thick/thin majority/minority specific/general specific/generic automatic/manual
    automatically/manually autonomous/manual rising/falling rose/fell rise/fall rise/decline growth/decline
    superior/inferior outperforms/underperforms outperform/underperform happy/sad calm/angry praise/criticize
    praises/criticizes praised/criticized praising/criticizing encourage/discourage encourages/discourages
    encouraged/discouraged encouraging/discouraging hire/fire hired/fired created/destroyed build/destroy
    include/exclude save/waste saving/wasting saved/wasted abundant/scarce modern/ancient urban/rural indoor/outdoor
    indoors/outdoors inside/outside inner/outer winning/losing winner/loser alive/died injured/unharmed
    guilty/acquitted expert/novice experts/novices professional/amateur close/distant quick/slow quickly/slowly
    rapid/slow rapidly/slowly high-level/low-level upward/downward forward/backward forwards/backwards
    alone/together together/apart accepts/declines accept/decline accepted/declined borrows/lends ill/healthy
    sick/healthy tight/loose smooth/rough wet/dry hard/soft sweet/sour often/seldom frequently/rarely
    commonly/rarely usually/rarely optional/compulsory voluntary/mandatory voluntary/compulsory enough/insufficient
    static/dynamic discrete/continuous linear/nonlinear linear/non-linear global/local theoretical/empirical
    sparse/dense upstream/downstream individual/collective minor/major slight/significant slightly/significantly
    slightly/greatly partially/completely partially/fully partly/fully distant/recent explicit/implicit
    friend/enemy friends/enemies ally/enemy allies/enemies crucial/irrelevant essential/unnecessary
    vital/irrelevant important/irrelevant important/trivial affordable/expensive luxury/budget thriving/struggling
    flourishing/struggling booming/struggling triumphant/defeated generous/stingy polite/rude brave/cowardly
    peace/war peaceful/violent truth/lie honest/deceptive transparent/opaque clear/vague clean/dirty safe/risky
    loud/quiet noisy/quiet bright/dark young/old huge/tiny enormous/tiny vast/tiny broad/narrow expand/shrink
    expands/shrinks expanded/shrank expanding/shrinking grow/shrink grows/shrinks grew/shrank growing/shrinking
    growing/declining grows/declines increase/decline increases/declines increased/declined increasing/declining
    strengthen/weaken strengthens/weakens strengthened/weakened strengthening/weakening succeeded/failed
    succeeds/fails succeeding/failing robust/fragile online/offline centralized/decentralized lossy/lossless
    convex/concave arrested/released imprisoned/freed jailed/freed jailed/released convicted/acquitted
    survived/died survives/dies hopeful/hopeless exciting/boring interesting/boring excited/bored enjoy/hate
    enjoys/hates enjoyed/hated likes/hates like/hate liked/hated loved/hated delighted/disappointed
    pleased/disappointed pleased/upset proud/ashamed confident/doubtful married/divorced buyer/seller
    buyers/sellers employer/employee employers/employees teacher/student teachers/students ahead/behind
    morning/evening day/night daytime/nighttime summer/winter spring/autumn past/future male/female man/woman
    men/women boy/girl boys/girls husband/wife brother/sister brothers/sisters son/daughter sons/daughters
    father/mother uncle/aunt king/queen boyfriend/girlfriend tall/short heroes/villains hero/villain
    victim/perpetrator victims/perpetrators gains/loses gaining/losing added/removed started/stopped
    starting/stopping begin/end begins/ends began/ended opened/closed minimize/increase minimizes/increases
    mitigate/worsen mitigates/worsens alleviate/worsen alleviates/worsens prevent/cause prevents/causes
    prevented/caused preventing/causing reveal/conceal reveals/conceals revealed/concealed reveals/hides
    revealed/hidden admit/deny admits/denies admitted/denied admits/rejects respect/despise respects/despises
    follow/ignore follows/ignores followed/ignored obey/defy obeys/defies create/destroy creates/destroys
    creating/destroying unite/divide unites/divides united/divided attract/repel attracts/repels absorb/emit
    absorbs/emits admired/despised borrow/repay hard-working/lazy diligent/lazy wise/foolish intelligent/stupid
    smart/stupid beautiful/ugly wealthy/poor cheerful/gloomy delicious/disgusting tasty/disgusting fresh/stale
    raw/cooked sharp/blunt steep/gentle fertile/barren tame/wild humid/dry warm/cool warmer/cooler hotter/colder
    simple/complicated straightforward/complicated subtle/obvious partial/complete voluntary/forced
    temporarily/permanently publicly/privately"""
)
"""Pairs of opposites."""
PRAISE: Final = _word_set(
    """admirable affordable amazing ample awesome bargain beautiful beautifully best better bliss blissful brilliant
    brilliantly buzzing candid captivating charm charming cheerful clean clear clever coherent comfortable comfy
    compelling convincing cosy courteous cozy crisp crispy dazzling delicious delight delighted delightful delivers
    dependable deserved disarming divine dreamy durable effortless elated elegant enchanting endearing engaging enjoy
    enjoyable enjoyed enjoying entertaining enthralled enthralling essential exceeded excellent exceptional
    exceptionally exciting exquisite fabulous fantastic fascinating faultless favorite favourite fine finest flawless
    flawlessly foolproof fresh friendly fun funny gem generous genius gleaming glorious glowing golden gorgeous
    grateful great gripping handsome happy hearty heavenly helpful hilarious hit hoot idyllic immaculate impeccable
    impressed impressive incredible incredibly ingenious insightful inspired inspiring intuitive invaluable
    irresistible joy juicy keeper likable lively love loved lovely loves loving lucid luscious luxurious magnificent
    marvelous masterful masterpiece memorable mesmerizing miracle nice original outstanding patient perfect perfectly
    phenomenal pleasant pleased pleasure polished praise pristine prompt punctual quality rave realistic recommend
    recommended refreshing relaxing reliable remarkable restored revelation rewarding riveting robust satisfied
    satisfying seamless sensational serene sharp smart smitten smooth smoothly snug solid soothing spacious sparkling
    spectacular splendid spotless steal stellar stunning sturdy stylish sublime success succulent superb superbly
    tasty tender terrific thoughtful thrilled thrilling tidy touching treasure triumph trustworthy unforgettable
    unmissable versatile vibrant vivid warm welcoming winner witty wonderful wonderfully worthwhile wow"""
)
"""Words of a positive judgement. Near-duplicates with a word of praise and one of blame have opposite judgements."""
BLAME: Final = _word_set(
    """abrasive abysmal amateurish annoyance annoying appalling atrocious atrociously avoid awful awkward bad badly
    bland bloated bore bored boring botched broken brusque buggy burnt careless carelessly chaotic cheap cheated
    cliched clueless clumsy clunky cluttered cold confused confusing contrived crackle cramped crap cringe
    cringeworthy crude dated decrepit defective depressing dire dirty disappointed disappointing disappointment
    disappoints disaster disgusting dislike disliked dismal dismissive dreadful dreary dreck dud dull dump
    embarrassing evasive excruciating exhausting failed fails failure faulty fiasco fiddly filthy flat flawed flimsy
    flop forgettable fraud frustrated frustrating frustratingly frustration garbage garbled glitchy gloomy grating
    greasy grim grotty grubby hate hated hates hopeless horrendous horrible horribly horrid hostile inadequate
    incoherent incompetent incomprehensible inferior insipid insufferable insulting irritating joke junk lackluster
    lacklustre laggy lame laughable lazy letdown lifeless limp lousy lumpy meagre mediocre mess messy miserable
    miserably monotonous muddled mushy nauseating nightmare noisy obnoxious oily outdated overcooked overhyped
    overpriced overrated painful painfully pathetic pitiful pointless poor poorest poorly predictable pretentious rank
    regret regretted rotten rubbish rude ruined rushed sadly scam scathing scratchy senseless shabby shallow shambles
    shoddily shoddy skip sloppy slow sluggish soggy soulless sour stained stale stingy stodgy stupid surly tacky
    tasteless tedious tepid terrible terribly tinny tired tiresome torture trash travesty trite turgid ugly
    unacceptable unbalanced unbearable uncaring uncomfortable underwhelmed underwhelming unfit unfunny unhappy
    unhelpful unimpressed unimpressive uninspired uninteresting unnatural unpleasant unreliable unusable unwatchable
    upset useless vile waste wasted watery weak wearisome wooden worse worst worthless wretched"""
)
"""Words of a negative judgement."""

_ONES: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
NUMERALS: Final = {word: value for value, word in enumerate(_ONES.split())} | {
    word: 10 * value for value, word in enumerate(_TENS.split(), start=2)
}
ROMAN: Final = _word_set("II III IV VI VII VIII IX XI XII XIII XIV XV XVI XVII XVIII XIX XX")
"""Roman numerals of more than one letter, as written."""
SCALES: Final = {
    "hundred": 1e2,
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
    "k": 1e3,
    "m": 1e6,
    "bn": 1e9,
    "dozen": 12.0,
    "pair": 2.0,
    "pairs": 2.0,
}
_NTH: Final = """first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
fifteenth sixteenth
    seventeenth eighteenth nineteenth twentieth"""
ORDINALS: Final = _NTH.split()
FREQUENCY_WORDS: Final = ("once", "twice", "thrice")
MONTHS: Final = "january february march april may june july august september october november december".split()  # noqa: SIM905
DAYS: Final = "monday tuesday wednesday thursday friday saturday sunday".split()  # noqa: SIM905
FACTORS: Final[dict[str, dict[str, float]]] = {
    "time": {
        "ms millisecond milliseconds": 1e-3,
        "s sec secs second seconds": 1,
        "min mins minute minutes": 60,
        "h hr hrs hour hours": 3600,
        "day days": 86400,
        "week weeks": 604800,
    },
    "months": {
        "month months": 1,
        "quarter quarters": 3,
        "year years yr yrs": 12,
        "decade decades": 120,
        "century centuries": 1200,
    },
    "length": {
        "mm millimeter millimeters millimetre millimetres": 1e-3,
        "cm centimeter centimeters centimetre centimetres": 1e-2,
        "m meter meters metre metres": 1,
        "km kilometer kilometers kilometre kilometres": 1e3,
        "inch inches": 0.0254,
        "ft foot feet": 0.3048,
        "yard yards": 0.9144,
        "mile miles": 1609.344,
    },
    "mass": {
        "mg milligram milligrams": 1e-6,
        "g gram grams": 1e-3,
        "kg kilogram kilograms": 1,
        "ton tons tonne tonnes": 1e3,
        "oz ounce ounces": 0.028349523,
        "lb lbs pound pounds": 0.45359237,
    },
    "volume": {
        "ml milliliter milliliters millilitre millilitres": 1e-3,
        "l liter liters litre litres": 1,
        "gallon gallons": 3.78541,
    },
    "percent": {"% percent": 1, "tenth tenths": 10},
    "data": {
        "byte bytes": 1,
        "kb kilobyte kilobytes": 1e3,
        "mb megabyte megabytes": 1e6,
        "gb gigabyte gigabytes": 1e9,
        "tb terabyte terabytes": 1e12,
    },
    "USD": {"$ usd dollar dollars": 1, "cent cents": 0.01},
    "EUR": {"€ eur euro euros": 1},
    "GBP": {"£ gbp": 1},
    "JPY": {"¥ jpy yen": 1},
    "INR": {"₹ inr rupee rupees": 1},
    "CNY": {"cny yuan": 1},
    "BRL": {"brl reais": 1},
    "RUB": {"ruble rubles": 1},
    "PLN": {"zloty zlotys": 1},
    "TRY": {"lira liras": 1},
    "KRW": {"krw": 1},
    "celsius": {"°c celsius": 1},
    "fahrenheit": {"°f fahrenheit": 1},
}
"""Units of each kind of quantity, with the factor to its base unit."""
UNITS: Final = {
    name: (kind, factor) for kind, names in FACTORS.items() for group, factor in names.items() for name in group.split()
}
VALUE_WORDS: Final = frozenset(
    word
    for word in (*NUMERALS, *SCALES, *ORDINALS, *FREQUENCY_WORDS, *MONTHS, *DAYS, *UNITS)
    if len(word) > 1 and word != "one"
) | _word_set(
    """mi μg mcg μl μm μs μmol mmol nmol mol ppm ppb psi rpm fps kbps mbps gbps lumen lumens tablespoon tablespoons tbsp
    teaspoon teaspoons tsp quart quarts
    zwei drei vier fünf sechs sieben acht neun zehn deux trois quatre cinq sept huit neuf dix dos tres cuatro cinco seis
    siete ocho nueve diez два три четыре пять шесть семь восемь девять десять дважды трижды
    half single double triple spring summer autumn fall winter morning noon afternoon evening night midnight today
    tomorrow yesterday am pm bc ad
    daily weekly monthly yearly annually cup cups pint pints kelvin degrees watt watts kw kwh volt volts joule joules
    calorie calories hz khz mhz ghz
    knots mph kmh yes true false correct incorrect right wrong left before after above below over under up down more
    less most least greater smaller
    larger fewer higher lower high low big small large increase increases increased decrease decreases decreased rise
    last earliest latest oldest
    newest older younger longest shortest longer shorter tallest best worst better worse hot cold warm cool fast slow
    open closed inside outside
    always sometimes often rarely all every only north south east west northern southern eastern western maximum minimum
    max highest lowest positive
    negative male female man woman men women boy girl king queen father mother son daughter brother sister husband wife
    buy sell win lose won lost
    start end begin started ended add subtract multiply divide plus minus sum difference product quotient ascending
    descending odd even plural
    singular past present future perfect active passive legal illegal allowed forbidden safe unsafe possible impossible
    red green blue yellow black
    white orange purple brown pink"""
)
"""Words whose substitution changes the meaning: numbers, times, units, opposites, relatives, colors."""
AMBIGUOUS_UNITS: Final = _word_set(
    """am bar bc cup cups day days degrees double fall feet foot half hour hours may march min minute minutes month
    months ms oz pair pairs pm pound pounds quarter quarters second seconds sec single spring tenth today tomorrow
    triple week weeks yard yards year years yesterday"""
)
"""Units, months and parts that also have other meanings, or little meaning without a number."""
ADDED_FACT_WORDS: Final = (
    frozenset(word for word in (*NUMERALS, *SCALES, *MONTHS, *DAYS, *UNITS) if len(word) > 2 and word != "one")
    | _word_set("inr usd eur gbp jpy")
) - AMBIGUOUS_UNITS | _word_set(
    """only solely exclusively except excluding unless without until online offline abroad indoors outdoors overnight
    mandatory optional optionally nearly almost approximately under below above beyond maximum minimum"""
)
"""Words that add a fact or a restriction: the unambiguous units, numerals, months and days of `VALUE_WORDS`, and words
of restriction.
"""
