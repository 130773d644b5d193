"""Words by what they do to the meaning of a text, for the comparison of facts. English, and what is common in a few other languages.

A word that is missing here is no error: it counts as one of meaning, and keeps two examples apart rather than merging them.
"""

from typing import Final

# How often a word denies; "cannot" is as good as "can not".
NEGATIONS: Final = dict.fromkeys(
    """not no never none nobody nothing neither nor without cannot hardly
    don't doesn't didn't isn't aren't wasn't weren't won't wouldn't can't couldn't shouldn't mustn't haven't hasn't hadn't ain't needn't
    don’t doesn’t didn’t isn’t aren’t wasn’t weren’t won’t wouldn’t can’t couldn’t shouldn’t mustn’t haven’t hasn’t hadn’t ain’t needn’t
    nicht kein keine keinen keiner keines nie niemals ohne ne pas jamais aucun aucune sans sin nunca ningún ninguna não nem sem non mai senza
    не нет ни никогда без 不 没 沒 未 无 無 非 别 否 ない ません 안 못""".split(),  # noqa: SIM905  (a list of words reads better as words)
    1,
)
# Words that tell nothing by themselves: grammar, politeness, what a request or an answer begins with.
FILLER: Final = frozenset(
    """a an and are as at be been being both but by did do does for from had has have how i i'm i've i'd if in into is it its it's me my of on or
    our so that that's the their them then there there's these they this those to us was we were what what's when where which who who's whom whose
    why will with would you your yours he she him her his hers about also just very really quite some am shall should may might must
    please kindly could can tell give let know say show help need want like wonder wondering ask question answer following hi hello hey thanks thank
    sure certainly absolutely course okay ok well great happy glad here however therefore thus additionally moreover furthermore
    exactly precisely simply basically actually quickly briefly
    der die das den dem des ein eine einen einem und oder ist sind war bitte kannst könntest mir ich du sie es wie was
    le la les un une des de du et est sont et s'il te vous plaît plait je tu il elle el los las una y es son por favor
    的 了 吗 呢 吧 请 請 问 問 是 在 和 与 啊 我 你 您 の は が を に で と も か ね よ て た だ す ま し せ さ
    은 는 이 가 을 를 에 의 도 요 니 다 까 ๆ""".split()  # noqa: SIM905
)
# Grammar that is no politeness: of short texts, exercises in it among them, these words have to agree.
PERSONS: Final = frozenset("he she him her his hers they them their theirs".split())  # noqa: SIM905
FORMS: Final = frozenset("am is are was were be been has have had do does did".split())  # noqa: SIM905
# What decides what a request asks, though each is grammar elsewhere: who does it, what is asked for, when it happens, and whether it has to.
ASKS: Final = frozenset("how why when where who whom whose".split())  # noqa: SIM905
TENSES: Final = frozenset("should shall must may might ought will was were did had been being".split())  # noqa: SIM905
OWNERS: Final = frozenset("my mine your yours our ours its".split())  # noqa: SIM905
STRICT: Final = PERSONS | ASKS | TENSES | OWNERS
# Pairs of words that one swapped or doubled letter makes of each other; names and what is seldom used are left out.
TWINS: Final = frozenset(
    frozenset(pair.split("/"))
    for pair in """pairs/paris noble/nobel arise/aries farmers/framers macro/marco finish/finnish poses/posses
    aboard/abroad angel/angle angels/angles barely/barley beast/beats below/bellow biter/bitter board/broad boost/boots canon/cannon canons/cannons
    caned/canned carton/cartoon cartons/cartoons carving/craving casual/causal casually/causally cavalry/calvary choose/chose coast/coats comet/commet
    complaint/compliant cooper/copper corps/crops crate/carte cures/curse dairy/diary denies/denise desert/dessert deserts/desserts diner/dinner
    diners/dinners discus/discuss exist/exits farming/framing feast/feats field/filed filed/filled files/flies filing/filling fired/fried fires/fries
    griped/gripped hoping/hopping later/latter liter/litter liters/litters loins/lions losing/loosing loses/losses loser/looser mantel/mantle
    marital/martial mater/matter moped/mopped moping/mopping pining/pinning planed/planned planing/planning polling/pooling polls/pools
    prefect/perfect preform/perform preformed/performed quiet/quite rated/ratted rating/ratting robed/robbed sacred/scared scared/scarred
    scaring/scarring scraped/scrapped scraping/scrapping shoots/shots signed/singed signers/singers signing/singing signs/sings silver/sliver
    skate/stake slave/salve slaves/salves sloping/slopping snail/slain solider/soldier spilt/split spirt/sprit stared/starred staring/starring
    steak/stake striped/stripped super/supper taping/tapping there/three tiling/tilling tilted/titled timelines/timeliness tired/tried tires/tries
    tools/tolls trail/trial trails/trials unite/untie united/untied waist/waits wining/winning""".split()  # noqa: SIM905
)
# Words that stand for a value: in another's place they change what is said, wherever they stand.
NUMERALS: Final = """zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
    nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion trillion dozen half twice thrice second
    third fourth fifth sixth seventh eighth ninth tenth single double triple"""
TIMES: Final = """january february march april may june july august september october november december monday tuesday wednesday thursday
    friday saturday sunday spring summer autumn fall winter morning noon afternoon evening night midnight today tomorrow yesterday am pm bc
    ad seconds minute minutes hour hours day days week weeks month months year years decade decades century centuries daily weekly monthly
    yearly annually"""
UNITS: Final = """mm cm m km meter meters metre metres centimeter centimeters centimetre centimetres millimeter millimeters millimetre
    millimetres kilometer kilometers kilometre kilometres inch inches foot feet yard yards mile miles mg g kg gram grams kilogram kilograms
    milligram milligrams ton tons tonne tonnes ounce ounces oz lb lbs pound pounds ml l liter liters litre litres gallon gallons cup cups
    pint pints celsius fahrenheit kelvin degrees watt watts kw kwh volt volts joule joules calorie calories hz khz mhz ghz byte bytes kb mb
    gb tb percent dollar dollars usd euro euros eur cents yen rupee rupees knots mph kmh"""
POLES: Final = """yes true false correct incorrect right wrong left before after above below over under up down more less most least greater
    smaller larger fewer higher lower high low big small large increase increases increased decrease decreases decreased rise fall first
    last earliest latest oldest newest older younger longest shortest longer shorter tallest best worst better worse hot cold warm cool fast
    slow open closed inside outside always sometimes often rarely all every only north south east west northern southern eastern
    western maximum minimum max min highest lowest positive negative male female man woman men women boy girl king queen father mother son
    daughter brother sister husband wife buy sell win lose won lost start end begin started ended add subtract multiply divide plus minus
    sum difference product quotient ascending descending odd even single plural singular past present future perfect active passive legal illegal
    allowed forbidden safe unsafe possible impossible red green blue yellow black white orange purple brown pink"""
PARTICULAR: Final = frozenset(f"{NUMERALS} {TIMES} {UNITS} {POLES}".split())
