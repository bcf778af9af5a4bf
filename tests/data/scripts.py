"""The parts of invented names, by language, and the language of each country's contacts.

Family names are made up or are plain words ("example", "pattern", a tree, a bird), so that nobody is meant.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_LATIN = str.maketrans(
    {"ø": "o", "æ": "ae", "ß": "ss", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ə": "e", "ʻ": "", "œ": "oe"}
)


@dataclass(frozen=True, slots=True)
class Part:
    """A given or family name as it is written, in Latin letters, and as it stands in an address."""

    written: str
    roman: str
    local: str


@dataclass(frozen=True, slots=True)
class Language:
    """What the names of a language are made of.

    `order` says how: "g" for "Given Family", "f" for "Family Given", "j" for "FamilyGiven" (joined). `is_latin` is
    whether they are written in Latin letters.
    """

    tag: str
    order: str
    is_latin: bool
    registry: str
    given: tuple[Part, ...]
    family: tuple[Part, ...]


# Tag | order: g(iven first), f(amily first) or j(oined, family first) | what registries are called | given names |
# family names. "_" is a space inside a name; ":" gives the romanisation where the script is not Latin.
_TABLE = """
en|g|Example Registry|Jane John Alice Seán Zoë Grace Owen Ruth Tom Ngaire|O'Example Doe Samplewood Testerly\
 Hawthorne-Oak Nightjar Demoworth Sandpiper Placeholder Fieldmouse
nl|g|Voorbeeldregister|Jan Sanne Daan Anouk Joëlle Wouter Femke Thijs|Voorbeeld van_der_Proef de_Bedachte\
 Monsterveld van_'t_Hoekje Specht IJsvogel Verzonnen
fr|g|Registre Exemple|Régis Chloé Benoît Inès François Zélie Noël Aïcha|Exemple d'Échantillon Lemodèle du_Chêne\
 Mésange Fictif L'Œuvre Hêtre
de|g|Beispielregister|Jürgen Käthe Björn Sören Lotte Günther Annemarie Till|Beispiel Mustergrün Größenprobe\
 Spaßvogel von_der_Übung Erdacht Eichelhäher Weißdorn
es|g|Registro Ejemplo|María José Íñigo Begoña Raúl Lucía Ángel Inés|de_la_Muestra Ejemplo_Núñez Petirrojo Roble_Peña\
 Ficción Cigüeña Olmo_Viña Modelo
pt|g|Registro Exemplo|João Inês Mário Conceição Tomé Sofía Gonçalo Lúcia|da_Amostra Exemplo Pardal Carvalho_Ficção\
 Andorinha do_Ensaio Sobreiro Maçã
it|g|Registro Esempio|Niccolò Giulia Dario Noemi Iacopo Letizia Ugo Mercè|Esempio Della_Prova Campione_Fittizio\
 Pettirosso Betulla Inventati Ghiandaia Libertà
sv|g|Exempelregistret|Åsa Björn Måns Tova Göran Ebba Örjan Linnéa|Exempelström Provgren Påhittad Blåmes Sävsångare\
 Övningsdal Mönsterås Järnek
nb|g|Eksempelregisteret|Håkon Ingrid Øystein Pål Sølvi Bård Åse Kjærsti|Eksempel Prøveland Oppdiktet Rødstrupe\
 Blåbærlyng Mønsterø Kråkeli Bjørkeæsj
is|g|Dæmaskrá|Þór Guðrún Ægir Sigríður Örn Ásdís Jökull Hrefna|Dæmason Prufudóttir Sýnisson Æfingadóttir Þrastarson\
 Lóudóttir Bjarkarson Mýrdóttir
fi|g|Esimerkkirekisteri|Väinö Aino Jäärä Päivi Yrjö Säde Eero Helmi|Esimerkki Näyte Mallila Keksitty Peippo Närhi\
 Pähkinä Tyhjänen
lv|g|Piemēra reģistrs|Jānis Līga Mārtiņš Žanete Uģis Kristīne Ēriks Rūta|Piemērs Paraugs Izdoma Žagata Bērzkalne\
 Mēģins Ķeizarpūce Ozolzīle
pl|g|Rejestr Przykładowy|Łukasz Żaneta Michał Małgorzata Wojciech Róża Błażej Jagoda|Przykład Wzór Próba Gołąb-Żuk\
 Wróbel Zmyśleń Dąbczak Łoś
cs|g|Ukázkový registr|Jiří Zdeňka Ondřej Růžena Šimon Květa Tomáš Žofie|Příkladů Vzorů Zkoušků Smyšlených Čížků Dubí\
 Dolejší Křížalů
hu|f|Példa Nyilvántartó|Győző Erzsébet Árpád Zsófia Ödön Ágnes Ottó Tünde|Példa Mintás Próbafű Képzelt Őszapó\
 Tölgyfa Vörösbegy Űrhajó
ro|g|Registrul Exemplu|Ștefan Ioana Țepeș Rodica Răzvan Măriuca Ionuț Brândușa|Exemplu Mostră Închipuit Pițigoi\
 Stejăriș Probă Măceș Țarină
hr|g|Ogledni registar|Željko Đurđica Šime Ljiljana Hrvoje Vesna Čedo Nađa|Primjerić Uzorčić Izmišljaj Češljugar\
 Žirović Pokusić Hrašće Đumbir
sq|g|Regjistri Shembull|Besnik Çelike Gëzim Drita Përparim Vjollcë Artan Mirë|Shembulli Provëza Trillimi Çafka\
 Lisharrë Kampioni Mëllënja Dëllinja
tr|g|Örnek Kayıt|Işıl Çağrı Gökçe Şükrü İpek Oğuz Ümit Ayşegül|Örnekoğlu Denemeci Uydurma Ağaçkakan Çınaraltı\
 Kırlangıç Şablon Meşelik
vi|f|Đăng ký Mẫu|Thị_Ánh Văn_Đức Hồng_Nhung Quốc_Bảo Thuỳ_Dương Minh_Trí Tuyết_Mai Hữu_Phước|Nguyễn_Mẫu Trần_Thử\
 Lê_Dụ Phạm_Giả Đặng_Ví Võ_Tưởng Bùi_Sẻ Đỗ_Sồi
id|g|Registri Contoh|Budi Siti Agus Dewi Putu Ayu Joko Rini|Contohwati Percobaan Rekaan Merpati Beringin Teladan\
 Jalakputih Cendana
sw|g|Sajili ya Mfano|Juma Neema Baraka Zawadi Hamisi Imani Tumaini Asha|Mfano Jaribio wa_Sampuli Shomoro Mbuyuni\
 Kubuni Ng'ombeza Korongo
sm|g|Resitara Faʻataʻitaʻi|Sione Mele Tavita Leilani Ioane Sina Fetu Moana|Faʻataʻitaʻi Taʻahine Lupe Fauʻolo Maʻupu\
 Niuʻafo Talaʻi Vaʻaloa
ru|g|Реестр Пример|Иван:Ivan Ольга:Olga Пётр:Pyotr Юлия:Yulia Семён:Semyon Анна:Anna Фёдор:Fyodor Дарья:Darya|\
Пример:Primer Образец:Obrazets Проба:Proba Снегирь:Snegir Вымысленко:Vymyslenko Дубовых:Dubovykh Щегол:Shchegol\
 Черёмуха:Cheryomukha
uk|g|Реєстр Приклад|Їжак:Yizhak Олена:Olena Єгор:Yehor Оксана:Oksana Ґречко:Grechko Соломія:Solomiia Тарас:Taras\
 Яна:Yana|Прикладенко:Prykladenko Зразко:Zrazko Спробейко:Sprobeiko Вигаданко:Vyhadanko Синичка:Synychka\
 Калиненко:Kalynenko Горобець:Horobets Дубко:Dubko
bg|g|Регистър Пример|Кирил:Kiril Ваня:Vanya Асен:Asen Йоана:Yoana Борис:Boris Елица:Elitsa Юлиан:Yulian Рада:Rada|\
Примерски:Primerski Образец:Obrazets Пробата:Probata Измислен:Izmislen Косачето:Kosacheto Дъбчо:Dabcho Щърк:Shtark\
 Синигер:Siniger
sr|g|Регистар Пример|Ђорђе:Djordje Љубица:Ljubica Његош:Njegos Ћира:Cira Џана:Dzana Вук:Vuk Јелена:Jelena\
 Жарко:Zarko|Примерић:Primeric Узорчић:Uzorcic Пробић:Probic Измишљај:Izmisljaj Сеничић:Senicic Храстић:Hrastic\
 Ћуковић:Cukovic Бреза:Breza
mk|g|Регистар Пример|Ѓорѓи:Gjorgji Ќиро:Kjiro Билјана:Biljana Ѕвездан:Dzvezdan Лидија:Lidija Џоле:Dzole Њежна:Njezna\
 Васил:Vasil|Примерски:Primerski Обидоски:Obidoski Даб:Dab Измислица:Izmislica Врапче:Vrapche Мостра:Mostra\
 Јавор:Javor Сеница:Senica
mn|g|Жишээ Бүртгэл|Бат:Bat Өлзий:Ulzii Ганболд:Ganbold Сарнай:Sarnai Түвшин:Tuvshin Нарантуяа:Narantuya Дорж:Dorj\
 Үүл:Uul|Жишээт:Jisheet Загварт:Zagvart Туршилт:Turshilt Болжмор:Boljmor Хуст:Khust Өвөлж:Uvulj Нохойт:Nokhoit\
 Дээж:Deej
el|g|Μητρώο Παράδειγμα|Γιώργος:Giorgos Ελένη:Eleni Οδυσσέας:Odysseas Χαρά:Chara Μιχάλης:Michalis Ξένια:Xenia\
 Θανάσης:Thanasis Ιώ:Io|Παραδείγματος:Paradeigmatos Δείγμα:Deigma Δοκιμή:Dokimi Σπουργίτης:Spourgitis\
 Βελανιδιά:Velanidia Υποθετικός:Ypothetikos Κοτσύφι:Kotsyfi Ψέμας:Psemas
hy|g|Օրինակ Գրանցում|Արամ:Aram Անահիտ:Anahit Գարիկ:Garik Լուսինե:Lusine Վահե:Vahe Նարե:Nare Սուրեն:Suren\
 Մարիամ:Mariam|Օրինակյան:Orinakyan Նմուշյան:Nmushyan Փորձյան:Pordzyan Ծիտիկյան:Tsitikyan Կաղնյան:Kaghnyan\
 Հորինյան:Horinyan Կեչյան:Kechyan Արտույտ:Artuyt
ka|g|რეესტრი მაგალითი|გიორგი:Giorgi ნინო:Nino ლევან:Levan თამარ:Tamar ზურაბ:Zurab ელენე:Elene ირაკლი:Irakli\
 მზია:Mzia|მაგალითაძე:Magalitadze ნიმუშვილი:Nimushvili ცდაშვილი:Tsdashvili ბეღურაძე:Beghuradze მუხაძე:Mukhadze\
 გამოგონილი:Gamogonili ჩიტაძე:Chitadze არყაშვილი:Arqashvili
he|g|מרשם לדוגמה|נועה:Noa יוסף:Yosef תמר:Tamar אורי:Ori רבקה:Rivka איתן:Eitan שירה:Shira גדעון:Gidon|לדוגמה:Ledugma\
 מדגם:Midgam ניסיון:Nisayon דרור:Dror אלון:Alon בדיוני:Bidyoni דוכיפת:Duchifat תדהר:Tidhar
ar|g|سجل مثال|عمر:Omar ليلى:Layla يوسف:Yusuf فاطمة:Fatima كريم:Karim نور:Nour إبراهيم:Ibrahim هدى:Huda|مثال:Mithal\
 التجربة:Tajriba النموذجي:Namudhaji العصفور:Usfour الخيالي:Khayali السنديان:Sindian الهدهد:Hudhud عينة:Ayyina
fa|g|دفتر نمونه|علی\u200cرضا:Alireza مریم:Maryam پرویز:Parviz ژاله:Zhaleh کاوه:Kaveh گلناز:Golnaz چنگیز:Changiz\
 شیرین:Shirin|نمونه:Nemooneh آزمایشی:Azmayeshi خیالی:Khiali گنجشک:Gonjeshk بلوط:Balout پندار:Pendar چکاوک:Chakavak\
 سروستان:Sarvestan
ur|g|مثال رجسٹری|احمد:Ahmed عائشہ:Aisha بلال:Bilal نگہت:Nighat فہد:Fahad ثنا:Sana زبیر:Zubair ہما:Huma|مثالی:Misali\
 نمونہ:Namoona آزمائش:Azmaish چڑیا:Chirya خیالی:Khayali شیشم:Sheesham بلبل:Bulbul ٹیلا:Teela
dv|g|މިސާލު ރަޖިސްޓްރީ|އަލީ:Ali މަރިޔަމް:Mariyam އަޙްމަދު:Ahmed ޢާއިޝާ:Aishath|މިސާލު:Misaalu ނަމޫނާ:Namoonaa\
 ދޫނި:Dhooni ރުއް:Ruh
hi|g|उदाहरण पंजी|अमित:Amit प्रिया:Priya राजेश:Rajesh सुनीता:Sunita विक्रम:Vikram श्रेया:Shreya कृष्ण:Krishna\
 ज्योति:Jyoti|उदाहरण:Udaharan नमूना:Namuna परीक्षण:Parikshan कल्पित:Kalpit गौरैया:Gauraiya बरगद:Bargad मयूर:Mayur\
 आदर्शक:Adarshak
bn|g|উদাহরণ নিবন্ধন|রহিম:Rahim শিউলি:Shiuli তানভীর:Tanvir মৌসুমী:Mousumi আয়েশা:Ayesha বিজয়:Bijoy কৃষ্ণা:Krishna\
 জয়ন্ত:Jayanta|উদাহরণ:Udaharan নমুনা:Namuna পরীক্ষা:Pariksha চড়ুই:Chorui কল্পিত:Kolpito বটগাছ:Botgachh দোয়েল:Doel\
 শালিক:Shalik
ta|g|எடுத்துக்காட்டு பதிவகம்|கண்ணன்:Kannan மீனா:Meena முருகன்:Murugan வள்ளி:Valli குமார்:Kumar யாழினி:Yazhini|\
மாதிரி:Mathiri சோதனை:Sothanai கற்பனை:Karpanai குருவி:Kuruvi ஆலமரம்:Alamaram மயில்:Mayil
si|g|උදාහරණ ලේඛනය|සුනිල්:Sunil කුමාරි:Kumari නිමල්:Nimal ශාන්ති:Shanthi රුවන්:Ruwan මාලා:Mala|උදාහරණ:Udaharana\
 නියැදි:Niyadi පරීක්ෂා:Pariksha කුරුල්ලා:Kurulla නුගගස:Nugagasa මනඃකල්පිත:Manakalpitha
th|g|ทะเบียนตัวอย่าง|สมชาย:Somchai มาลี:Malee ณัฐพล:Nattapon ศิริพร:Siriporn ปิยะ:Piya กัญญา:Kanya ธนา:Thana\
 น้ำฝน:Namfon|ตัวอย่าง:Tuayang ทดสอบ:Todsob สมมุติ:Sommut นกกระจอก:Nokkrajok ต้นไทร:Tonsai แบบอย่าง:Baebyang\
 กาเหว่า:Kawao ไม้สัก:Maisak
lo|g|ທະບຽນຕົວຢ່າງ|ບຸນມີ:Bounmy ນາງແກ້ວ:Nangkeo ສົມສັກ:Somsak ດາລາ:Dala|ຕົວຢ່າງ:Tuayang ທົດລອງ:Thotlong\
 ນົກຈອກ:Nokchok ໄມ້ສັກ:Maisak
km|f|បញ្ជីគំរូ|សុខា:Sokha ចាន់ថា:Chantha ដារ៉ា:Dara ស្រីមុំ:Sreymom|ឧទាហរណ៍:Uteaharn គំរូ:Kumrou សាកល្បង:Saklbong\
 ចាប:Chab
my|g|ဥပမာမှတ်ပုံ|အောင်:Aung သီတာ:Thida မင်းသူ:Minthu ခင်လှ:Khinhla|ဥပမာ:Upama နမူနာ:Namuna စမ်းသပ်:Santhat\
 စာကလေး:Sakale
zh|j|示例注册局|小明:Xiaoming 丽华:Lihua 建国:Jianguo 雨桐:Yutong 志强:Zhiqiang 思远:Siyuan 晓燕:Xiaoyan\
 天佑:Tianyou|示:Shi 例:Li 范:Fan 麻雀:Maque 杨柳:Yangliu 虚构:Xugou 试:Ce 榕:Rong
zh-Hant|j|範例註冊局|家豪:Chiahao 淑芬:Shufen 志偉:Chihwei 雅婷:Yating 俊傑:Chunchieh 美玲:Meiling 詠詩:Wingsze\
 國華:Kwokwah|範例:Fanli 試:Shih 麻雀:Machueh 虛構:Hsukou 榕樹:Jungshu 樣:Yang 楓:Feng 鷺:Lu
ja|f|例示レジストリ|太郎:Taro 花子:Hanako 健一:Kenichi さくら:Sakura 翔太:Shota 美咲:Misaki ケン:Ken 結衣:Yui|\
例示:Reiji 見本:Mihon 架空:Kaku 雀:Suzume 試験:Shiken 楠木野:Kusukino 四十雀:Shijukara 仮名:Kamei
ko|j|예시등록소|민준:Minjun 서연:Seoyeon 지훈:Jihoon 하은:Haeun 도윤:Doyoon 수빈:Subin 은우:Eunwoo 다인:Dain|\
예시:Yesi 견본:Gyeonbon 시험:Siheom 참새:Chamsae 가상:Gasang 소나무:Sonamu 까치:Kkachi 보기:Bogi
am|g|የምሳሌ መዝገብ|አበበ:Abebe ሰላም:Selam ዮሐንስ:Yohannes ትዕግስት:Tigist ብርሃኑ:Birhanu ሀና:Hana|ምሳሌ:Misale ናሙና:Namuna ሙከራ:Mukera\
 ድንቢጥ:Dinbit ዋርካ:Warka ልቦለድ:Libolled
"""

_SPOKEN: Mapping[str, str] = {
    "nl": "NL BE SR AW CW SX",
    "fr": "FR RE PM YT WF GP MQ GF NC PF MC LU BJ BF BI CF CG CI CD CM DJ GA GN HT KM MG ML NE SN TD TG",
    "de": "DE AT CH LI",
    "es": "ES AD AR BO CL CO CR CU DO EC GQ GT HN MX NI PA PE PH PR PY SV UY VE",
    "pt": "PT BR AO MZ CV GW ST TL",
    "it": "IT SM VA",
    "sv": "SE AX",
    "nb": "NO SJ DK FO GL",
    "lv": "LV LT EE",
    "cs": "CZ SK",
    "ro": "RO MD",
    "hr": "HR SI BA ME",
    "sq": "AL",
    "tr": "TR AZ TM UZ",
    "vi": "VN",
    "id": "ID MY BN",
    "sw": "KE TZ UG RW",
    "sm": "WS TO AS TK NU CK TV KI NR FJ",
    "ru": "RU BY KZ KG TJ",
    "uk": "UA",
    "sr": "RS",
    "el": "GR CY",
    "hy": "AM",
    "ka": "GE",
    "he": "IL",
    "ar": "AE BH DZ EG IQ JO KW LB LY MA MR OM PS QA SA SD SO SY TN YE",
    "fa": "IR AF",
    "ur": "PK",
    "dv": "MV",
    "hi": "IN NP",
    "bn": "BD",
    "si": "LK",
    "lo": "LA",
    "km": "KH",
    "my": "MM",
    "zh": "CN SG",
    "zh-Hant": "TW HK MO",
    "ja": "JP",
    "ko": "KR KP",
    "am": "ET ER",
}
_LANGUAGE_OF = {region: tag for tag, regions in _SPOKEN.items() for region in regions.split()}


def _part(text: str) -> Part:
    written, _, roman = unicodedata.normalize("NFC", text.replace("_", " ")).partition(":")
    letters = unicodedata.normalize("NFKD", (roman or written).lower().translate(_LATIN))
    local = "".join(char for char in letters if char.isascii() and char.isalpha())
    return Part(written, roman or written, local)


@lru_cache(maxsize=1)
def languages() -> Mapping[str, Language]:
    """Return every language by its tag (BCP 47)."""
    found = {}
    for line in _TABLE.strip().splitlines():
        tag, order, registry, given, family = line.split("|")
        names = tuple(map(_part, given.split())), tuple(map(_part, family.split()))
        is_latin = unicodedata.name(names[0][0].written[0]).startswith("LATIN")
        found[tag] = Language(tag, order, is_latin, unicodedata.normalize("NFC", registry), *names)
    return found


def language_of(region: str) -> Language:
    """Return the language of the contacts in a country (ISO 3166 code); English where none is set down."""
    return languages()[_LANGUAGE_OF.get(region) or (region.lower() if region.lower() in languages() else "en")]
