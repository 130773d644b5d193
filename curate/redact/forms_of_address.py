"""The names of persons beside a form of address of another language than those of `names`: Turkish, Polish, Russian,
Vietnamese, Arabic, Persian, Hindi, Bengali, Thai, Japanese, Korean and Chinese.

Scripts without capitals do not tell a name from the word behind it: there, a last name, a common first name or the
ending of last names is required, or a list of words that are no name.
"""

# ruff: noqa: E501  (characters of some scripts count as two columns)

from collections.abc import Iterator
from typing import Any, Final

from curate.core.lazy import lazy_pattern

UPPER: Final = "[A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĘĚĞİĹŁŃŇŐŘŚŞŠŤŪŮŰŹŻŽƠƯẠ-Ỹ]"
WORD: Final = rf"(?:{UPPER}[a-zß-öø-ÿāăąćčďđęěğĩĺłńňőřśşšťũūůűźżžıơưạ-ỹ]+)"
CYRILLIC: Final = "(?:[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?)"
ARABIC: Final = "[\u0620-\u0652\u066e-\u06d3]"
BENGALI: Final = "[\u0980-\u09e3\u09f0-\u09ff]"
DEVANAGARI: Final = "[\u0900-\u0963\u0970-\u097f]"
HAN: Final = "[\u4e00-\u9fff]"
SURNAMES_ZH: Final = (
    "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林罗羅郑鄭梁谢謝宋唐许許韩韓冯馮邓鄧曹彭曾萧蕭董袁潘蒋蔣蔡杜叶葉苏蘇魏吕呂丁沈姚卢盧"
    "姜崔钟鍾谭譚陆陸汪范石廖贾賈夏韦韋邹鄒孟熊秦邱尹薛闫侯龙龍陶贺賀顾顧龚龔齐齊汤湯施岳赖賴乔喬兰蘭邵钱錢严嚴戴莫孔"
)
SURNAMES_JA: Final = (
    "佐藤|鈴木|高橋|田中|伊藤|渡辺|渡邊|渡部|山本|中村|小林|加藤|吉田|山田|佐々木|山口|松本|井上|木村|斎藤|斉藤|齋藤|清水|山崎|阿部|池田|橋本|石川|"
    "山下|小川|石井|長谷川|後藤|岡田|近藤|前田|藤田|遠藤|青木|坂本|村上|太田|金子|藤井|福田|西村|三浦|竹内|中川|岡本|松田|原田|中野|小野|田村|藤原|中山|"
    "石田|小島|和田|森田|内田|柴田|酒井|原口|横山|宮崎|宮本|安藤|島田|谷口|工藤|高木|今井|丸山|杉山|増田|大野|小山|千葉|上野|河野|村田|武田|菅原|平野|大塚|"
    "久保|松井|野口|岩崎|木下|松尾|野村|佐野|菊地|菊池|杉本|古川|大西|新井|浜田|市川|水野|小松|島袋|吉川|山内|桜井|櫻井|高田|本田|荒木|飯田|五十嵐|大久保|"
    "矢野|樋口|関口|上田|黒田|永井|川口|須藤|岩田|平田|熊谷|川崎|松岡|服部|福島|土屋|成田|中島|中田|小池|小田|三宅|秋山|尾崎|片山|北村|内藤|早川|望月"
)
SURNAMES_KO: Final = "김이박최정강조윤장임한오서신권황안송류홍전고문양손배백허유남심노하곽성차주우구민진나지엄채원천방공현함염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국"
SURNAMES_VI: Final = "Nguyễn|Trần|Lê|Phạm|Hoàng|Huỳnh|Phan|Vũ|Võ|Đặng|Bùi|Đỗ|Hồ|Ngô|Dương|Lý|Đinh|Trịnh|Đoàn|Mai|Trương|Lâm|Tạ|Cao|Châu|Tô|Hà|Đào|Lương|Vương"
SURNAMES_HI: Final = (
    "शर्मा|वर्मा|गुप्ता|सिंह|कुमार|कुमारी|देवी|यादव|मिश्रा|मिश्र|तिवारी|पांडे|पाण्डेय|जैन|अग्रवाल|चौधरी|पटेल|शाह|मेहता|जोशी|चौहान|ठाकुर|राजपूत|सक्सेना|"
    "श्रीवास्तव|दुबे|त्रिपाठी|शुक्ला|भट्ट|नायर|अय्यर|रेड्डी|राव|दास|बनर्जी|मुखर्जी|घोष|खान|अंसारी|मलिक|कपूर|खन्ना|मल्होत्रा|चोपड़ा|अरोड़ा|सेठी|बंसल|गोयल|सिन्हा|झा|पाटिल|देशमुख|कुलकर्णी"
)
SURNAMES_BN: Final = (
    "হাসান|হোসেন|হোসাইন|আহমেদ|আহমদ|রহমান|ইসলাম|আলী|আলম|খান|চৌধুরী|আক্তার|বেগম|খাতুন|সুলতানা|উদ্দিন|মিয়া|মিয়া|দাস|রায়|রায়|সাহা|সেন|ঘোষ|বসু|"
    "মুখার্জি|ব্যানার্জি|চক্রবর্তী|শেখ|মন্ডল|মণ্ডল|সরকার|হক|কবির|করিম|মাহমুদ|হায়দার|ভট্টাচার্য|দত্ত|পাল|শর্মা|ইয়াসমিন|পারভীন"
)
GIVEN_TH: Final = (
    "สมชาย|สมศรี|สมหมาย|สมศักดิ์|สมพร|สมใจ|ประเสริฐ|ประยุทธ์|ประภา|วิภา|วิชัย|วิไล|วันดี|สุดา|สุชาติ|สุรชัย|สุพจน์|สุภาพร|สุนีย์|อนุชา|อรุณี|อารีย์|"
    "มาลี|มานี|มานะ|ปรีชา|ณัฐพล|ณัฐวุฒิ|ธนพล|ธีรพงษ์|กิตติ|กมล|กานดา|จันทร์เพ็ญ|จิราพร|ชัยวัฒน์|นภา|นิภา|พรทิพย์|พิมพ์ใจ|เพ็ญศรี|ลัดดา|วรรณา|ศิริพร|สาวิตรี|อภิชาติ|อำนวย"
)
SECOND_TH: Final = (
    "(?:(?:วรรณา?|พร|ชัย|ศักดิ์|ทิพย์|รัตน์|พง[ษศ]์|วัฒน์|พัฒน์|ชนก|เนตร|ลักษณ์|มาศ|นันท์|ภรณ์|พล|วุฒิ|กานต์|นุช|วดี|มณี|ศรี|วิทย์|ฤทธิ์|เดช|"
    "รักษ์|ชาติ|สิทธิ์|ธิดา|พันธ[์ุ]์?|ภัทร)(?![ะ-ฺ็-๎])){1,2}"
)
"""Second parts of first names: `วรรณ` in `กมลวรรณ`."""
NO_THAI: Final = (
    "ของ|สั่ง|หนึ่ง|ใน|ไม้|ไทย|จะ|ก็|คน|บอก|ให้|ชื่อ|ที่|ซึ่ง|ได้|เป็น|ไม่|อยู่|ใหญ่|กับ|และ|หรือ|เขา|เธอ|มาถึง|มาหา|มาแล้ว|ไปแล้ว|โทร"
)
"""Words behind `นาย` (master, boss) and `นาง` (lady) that are not before a name."""
NO_TURKISH: Final = (
    "Doktor|Dr|Hoca|Öğretmen|Müdür|Başkan|Avukat|Mühendis|Sayın|Sevgili|Değerli|Komiser|Hakim|Savcı|Profesör|Prof|Hemşire|"
    "Memur|Şoför|Evet|Hayır|Peki|Tamam|Bu|Şu|O|Bir|Ev|Küçük|Büyük|Genç|Yaşlı|Türk|Osmanlı|Ama|Ve|Lütfen|Merhaba|Bay|"
    "Hanım|Bey|Usta|Dün|Bugün|Yarın|Sonra|Önce|Ben|Sen|Biz|Siz|Onlar|Ayrıca|Fakat|Ancak|Sabah|Akşam|Geçen|Eğer|"
    "Çünkü|Belki|Artık|Hem|Ne|Kim|Sadece|Şimdi|Acaba|Bence|Kaptan|Paşa|Eczacı|Kuaför|Garson|Türkiye|Selçuklu|"
    "Yetkili|Komşu|Hizmetçi|Bankacı|Patron|Berber|Kasap|Bakkal|İsim|Kızılay"
)
NO_POLISH: Final = (
    "Prezes|Dyrektor|Minister|Premier|Prezydent|Profesor|Doktor|Kierownik|Marszałek|Mecenas|Redaktor|Ksiądz|Bóg|Młody|"
    "Młoda|Panowie|Panie|Samochodzik|Kleks|Tadeusz|Twardowski|Jezus|Inżynier|Burmistrz|Poseł|Senator|Generał|Bog(?:a|u|iem)|Boże|Nikt|Domu"
)
NO_RUSSIAN: Final = (
    "(?:Президент|Министр|Премьер|Посол|Директор|Председатель|Бог|Великий|Новгород|Судья|Генерал|Никто)"
    "(?:а|у|ом|е|ем|ю|и|ей)?(?![а-яё])"
)
NO_ARABIC: Final = (
    "في|من|إلى|على|عن|مع|أمس|اليوم|غدا|قبل|بعد|بخصوص|إعادة|هو|هي|كان|كانت|قد|لم|لن|لا|أن|إن|هذا|هذه|ذلك|التي|الذي|و|أو|ثم|"
    "عند|حول|ضد|بين|حتى|كما|لكن|ليس|المدير|الرئيس|الوزير|رئيس|وزير|مدير|حيث|منذ|خلال|فيثاغورس|المسيح|نفسه|جدا|شكرا|لقد|عبر|"
    "[فو]?قال(?:ت|وا)?|[بف]?[أإ]ن(?:ه|ها|هم|ني)|[فو]?نصح(?:ت?ني|ه|ها)?|[فو]?طلب(?:ت|ني)?|[فو]?وصف(?:ت)?|[فو]?أخبر(?:ت?ني|ه|ها)?|أكد|أشار|"
    f"ي(?!اس|وسف|حيى|ونس|زن|عقوب|زيد){ARABIC}+|ت(?!امر|ركي|وفيق|يسير|غريد|سنيم|هاني|ماضر){ARABIC}+|س(?:ي(?!ف|د)|ت){ARABIC}+"
)
NO_PERSIAN: Final = (
    "محترم|رئیس|دکتر|مهندس|استاد|عزیز|وزیر|مدیر|مسئول|دیگر|ایرانی|خارجی|دیگری|باردار|خانه|خانم|آقا|داماد|جوان|های|ها|که|را|"
    "است|از|به|در|با|و|این|آن|هم|یا|من|ما|شما|او|تو|خود|سرهنگ|سردار|قاضی"
)
AFTER_PERSIAN: Final = (
    "تماس|زنگ|گفت|گفتند|بدهید|بده|آمد|رفت|فردا|امروز|دیروز|ساعت|هم|نیز|هستم|هست|بود|شد|کرد|می[\u0620-\u06d3]*|خواست|لطفا|سلام|"
    "درباره|برای|تا|بر|روی|پیش|بعد|قبل|دعوت|صحبت|جلسه|نامه|شماره|خانهدار|زیبا|مسن|معلم|پرستار|مجرد|متاهل|بازیگر|جوانی|هایی"
)
"""Words behind a name, and what is no name behind `خانم`."""
NO_HINDI: Final = (
    "हाँ|हां|जी|नहीं|अच्छा|माता|पिता|गुरु|दादा|दादी|नाना|नानी|भाई|बहन|मास्टर|डॉक्टर|सर|मैडम|पंडित|स्वामी|बाबा|भगवान|हनुमान|राम|शिव|"
    "चाचा|चाची|मामा|मौसी|पापा|मम्मी|माँ|सेठ|साहब|गांधी|नेहरू|ठीक|सही|शुक्रिया|धन्यवाद|नमस्ते|गणेश|लक्ष्मी|वकील|शास्त्री|महाराज|आप|उन|वे|दीदी|भैया|मंत्री|नेता|"
    "नानक|देव|राधा|कृष्ण|सीता|पानी|ज़रूर|जरूर|क्यों|पुरोहित|मुख्यमंत्री|प्रधानमंत्री|राष्ट्रपति|अध्यक्ष|सचिव|शिक्षक|सरपंच|विधायक|सांसद|प्रधान"
)
BEFORE_HINDI: Final = "आज|कल|और|फिर|मैंने|हमने|हमारे|मेरे|आपके|उनके|तो|कि|से|को|में|पर|के|की|का|ने|भी|यह|वह|ये|श्री|श्रीमती|अब|तब|जब|लिए|साथ|एक|इस|उस|कृपया|क्या"
"""Words before a name."""
AFTER_BENGALI: Final = "আজ|কাল|আগামীকাল|গতকাল|এখন|ফোন|ওষুধ|সাহেব|খুব|একটি|একজন|না|নেই|এবং|ও|কি|যে|কিন্তু|তার|[\u0980-\u09ff]+(?:েন|লাম|ছি|ছে|বে|কে|এর|ের|তে)"
"""Words behind a name."""
NO_KOREAN: Final = (
    "[가-힣]{2}(?:자|사|장|인|객)|[가-힣]?(?:선배|선생|교수|팀장|작가|과장|부장|대표|기사|대리|사원|회원|고객|손님|위원|간사|목사)|"
    "전문가|이모부|고모부|하느님|여러분|유가족|공무원|지원관|장학관|조교수|부모님|주인공|임신부|임산부|"
    "[가-힣]{2}[날글솜말불](?=씨)"
)
"""Offices, customers and relatives: most end in one of these syllables, as few names do; words such as `날씨`."""
NO_CHINESE: Final = (
    "任何|上周|本周|每周|许多|许多位|白人|黄人|高龄|孔雀|马上|何种|石头|龙虾|周围|周年|周末|张贴|严格|严肃|万一|[李王张刘陈]?老师|[王李张刘陈]?医生|石油|金发|"
    "何时|何人|许可|严重|顾客|韩国|唐朝|黄金|苏格兰|陆军|石家庄|施工|陈列|马路|高级|高中|高效|范围"
)
SAN: Final = "san|sama|kun|chan|sensei|senpai|ssi|nim"


def hints_and_pattern(hints: str, pattern: str) -> tuple[tuple[str, ...], Any]:
    """Parts of which a text must contain one before it is searched, and the pattern of a name."""
    return tuple(hints.split("|")), lazy_pattern(pattern)


FORMS_OF_ADDRESS: Final = (
    hints_and_pattern(
        " Hanım| Bey| Beyefendi| Hanımefendi",
        rf"(?<![\w'’])(?:Sayın )?(?P<name>(?!(?:{NO_TURKISH}) ){WORD}(?: (?!(?:{NO_TURKISH}) ){WORD}){{0,2}})"
        r"(?= (?:Hanım(?:efendi)?|Bey(?:efendi)?)(?![^\W\d_]))",
    ),
    hints_and_pattern(
        "pani|pana|panu|panem|panią|Pani|Panu|Pana|Panem|Panią|Panie",
        rf"(?<!\w)(?:[Pp]ani[ąe]?|[Pp]an(?:em|a|u|ie)) (?:(?:doktor|profesor|mecenas|inżynier|magister|dyrektor|prezes)\w* )?(?P<name>(?!(?:{NO_POLISH})(?!\w)){WORD}(?:-{WORD})?"
        rf"(?: {WORD}(?:-{WORD})?)?)",
    ),
    hints_and_pattern(
        "ą|ć|ę|ł|ń|ś|ź|ż|Ł|Ś|Ź|Ż|Ć",  # in English and Spanish, a pan is for frying, and bread
        rf"(?<!\w)[Pp]an (?P<name>(?!(?:{NO_POLISH})(?!\w)){WORD}(?: {WORD}(?:-{WORD})?|(?P<last>(?! {WORD}))))",
    ),
    hints_and_pattern(
        "осподин|оспож|г-н|г-ж",
        rf"(?<!\w)(?:[Гг]осподин(?:а|у|ом|е)?|[Гг]осподину|[Гг]оспож(?:а|и|е|у|ой)|[Гг]-н(?:а|у|ом)?|[Гг]-ж(?:а|и|е|у|ой))"
        rf" (?P<name>(?!(?:{NO_RUSSIAN})){CYRILLIC}(?:(?: {CYRILLIC}){{1,2}}|(?P<last>)))",
    ),
    hints_and_pattern(
        "вич|вна|ична|ьич",  # first name and patronymic in a salutation, or before a comma at the beginning
        rf"(?:(?i:уважаем(?:ый|ая)|дорог(?:ой|ая)|здравствуйте,?|добрый (?:день|вечер)[,!]?|доброе утро[,!]?) |(?m:^))"
        rf"(?P<name>{CYRILLIC} [А-ЯЁ][а-яё]+(?:вич|вна|ична|ьич))(?=[,!])",
    ),
    hints_and_pattern(
        "nh |hị |ng |à |ác |ô |hú |ạn |m ",
        rf"(?<!\w)(?i:anh|chị|ông|bà|bác|cô|chú|bạn|em|thầy) (?P<name>(?!Hà (?:Nội|Nam|Tĩnh|Giang)|Cao Bằng|Lâm Đồng|Hồ Tây)(?:{SURNAMES_VI})(?: {WORD}){{1,3}})",
    ),
    hints_and_pattern(
        "السيد|الأستاذ|الدكتور|المهندس|الآنسة|السيدة",
        rf"(?<!{ARABIC})[ولب]?(?:السيدة?|الأستاذة?|الدكتورة?|المهندسة?|الآنسة) (?P<name>(?!(?:{NO_ARABIC}|ال{ARABIC}+)(?!{ARABIC}))"
        rf"{ARABIC}{{2,}}(?: (?!(?:{NO_ARABIC}|لل{ARABIC}+|بال{ARABIC}+)(?!{ARABIC}))(?:(?:بن|أبو|عبد|آل) )?{ARABIC}{{2,}})?"
        rf"(?: (?:بن|آل|ابن|أبو) {ARABIC}{{2,}})*)",
    ),
    hints_and_pattern(
        "آقای|خانم|جناب",
        rf"(?<!{ARABIC})(?:آقای|خانم|جناب) (?:(?:دکتر|مهندس) )?(?P<name>(?:(?!(?:{NO_PERSIAN}|{AFTER_PERSIAN})(?!{ARABIC}))"
        rf"{ARABIC}{{2,}})(?: (?!(?:{NO_PERSIAN}|{AFTER_PERSIAN})(?!{ARABIC})){ARABIC}{{2,}})?"
        rf"(?: {ARABIC}{{2,}}(?:ی|پور|زاده|نژاد|فر|یان|راد|نیا|وند)(?!{ARABIC}))?)",
    ),
    hints_and_pattern(
        " जी",
        rf"(?<!{DEVANAGARI})(?P<name>(?:(?!(?:{NO_HINDI}|{BEFORE_HINDI}) ){DEVANAGARI}{{2,}} )?(?:(?:{SURNAMES_HI})|(?!(?:{NO_HINDI}) )"
        rf"{DEVANAGARI}{{3,}})) जी(?= (?:ने|को|से|का|की|के|और|आप|नमस्ते)(?!{DEVANAGARI})|[,!।])",
    ),
    hints_and_pattern(
        "জনাব|বেগম|ডাঃ|ড.|ডা.|শ্রী|মোঃ|মোছাঃ",
        rf"(?<!{BENGALI})(?:জনাবা?|ডাঃ|ডা\.|ড\.|শ্রী(?:মতী)?|মোঃ|মোছাঃ) (?P<name>(?!(?:সাহেব|কৃষ্ণ)(?!{BENGALI})){BENGALI}{{2,}}(?: (?!(?:{AFTER_BENGALI})(?!{BENGALI})){BENGALI}{{2,}})?"
        rf"(?: (?:{SURNAMES_BN})(?!{BENGALI}))*)",
    ),
    hints_and_pattern(
        "คุณ|นาย|นาง|ดร.",
        r"(?<!เจ้า)(?<!คุณ)(?<!ขุน)(?:นางสาว|นาย(?!ก|จ้าง|แพทย์|ทหาร|ทุน|หน้า|อำเภอ|ตำรวจ|ช่าง|ท่า|พล|ทะเบียน|ประกัน|แบบ|เรือ)|"
        r"นาง(?!ฟ้า|เอก|แบบ|งาม|พยาบาล|ร้าย|สาว|เงือก)|ดร\. ?)"
        rf"(?P<name>(?!{NO_THAI})[ก-๎]{{3,14}} [ก-๎]{{3,18}}?)(?= |$|[,.!?]|ส่ง|มา|ไป|ได้|เป็น)",
    ),
    hints_and_pattern(
        "คุณ", rf"คุณ(?P<name>(?:{GIVEN_TH})(?:{SECOND_TH}|(?![ะ-ฺ็-๎]|ครับ|ค่ะ|ไหม))(?: (?!{NO_THAI})[ก-๎]{{3,14}}(?= |$))?)"
    ),
    hints_and_pattern(
        "-san|-sama|-kun|-chan|-sensei|-senpai|-ssi|-nim",
        rf"(?<![\w'’-])(?P<name>(?!(?:Santa|Oyaji|Onii|Onee|Oni|Mr|Sun|San|Baby|Neko|Inu|Fuji|Mount Fuji)-)[A-Z][a-zāīūēō]{{1,14}}(?: [A-Z][a-zāīūēō]{{1,14}})?)"
        rf"(?=-(?:{SAN})(?![\w-]))",
    ),
    hints_and_pattern(
        "님|씨",
        rf"(?<![가-힣])(?P<name>(?!(?:{NO_KOREAN}) ?[님씨])[{SURNAMES_KO}][가-힣]{{2}})(?= ?(?:님|씨)(?:[은이의을도과]|께|에게|가|는|를|와|에|,|\.|!|\?| |$))",
    ),
    hints_and_pattern(
        "先生|女士|小姐|太太",
        rf"(?P<name>(?!{NO_CHINESE})(?:(?<![任如为若格])[{SURNAMES_ZH}]|欧阳|歐陽|司马|司馬|上官|诸葛|諸葛){HAN}{{0,2}}?)(?=(?:先生(?!成(?!功)|产|產|效)|女士|小姐|太太)(?!们|們))",
    ),
)
"""What stands before or behind the name of a person, and parts of which each text with it has one."""

IN_ASCII: Final = tuple(form for form in FORMS_OF_ADDRESS if any(hint in ("pani", "-san") for hint in form[0]))
"""Those of them that texts in ASCII have."""


def names_beside_forms_of_address(text: str) -> Iterator[tuple[int, int, bool]]:
    """The start and the end of each name that a form of address is beside, and whether it is a last name alone."""
    for hints, pattern in IN_ASCII if text.isascii() else FORMS_OF_ADDRESS:
        if any(hint in text for hint in hints):
            for match in pattern.finditer(text):
                yield *match.span("name"), "last" in match.groupdict() and match["last"] is not None
