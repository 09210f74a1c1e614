"""The names in a ZIP -> text: what says its encoding is taken at its word, the rest is a guess for all of them together.

Before 2007 a ZIP had no way to say its encoding, and many programs still write that of the computer they run on.
"""

from __future__ import annotations

import re
import struct
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from zipfile import ZipInfo

__all__ = ["read_names"]

_UTF8 = 0x800
_UNICODE_PATH = 0x7075
_ENCODINGS = {  # the earlier one where two are as likely
    "cp437": "the encoding of old PCs (cp437)",
    "cp1251": "Cyrillic of Windows (cp1251)",
    "cp866": "Cyrillic of DOS (cp866)",
    "cp932": "Japanese (Shift-JIS)",
    "gbk": "Chinese (GBK)",
    "big5": "Chinese (Big5)",
    "cp949": "Korean (cp949)",
    "cp1252": "Western Windows (cp1252)",
    "cp850": "Western DOS (cp850)",
}

# Syllables of everyday Korean words. The bytes of Korean are all Chinese too, and what tells the two apart is that Chinese,
# read as Korean, is made of any of 2,350 syllables, most of which no word has.
_SYLLABLES = frozenset(
    "가각간갈감갑강개객거건걸검것게겨격견결경계고곡골곰공과관광괴교구국군굴궁권귀규균그극근글금급긍기긴길김까깨꺼께꼬꽃꾸끼"
    "나난날남납낮내너널넓네녀년노녹논놀농높누눈뉴느는늘능니님다단달담답당대더덕던데도독돈돌동두둑뒤뒷드득든들등디따딸때떡또뚜"
    "라락란람랑래랙랜량러럭런럼레려력련렬렁령례로록론롤료루류르른름릉리린릴림립링마막만말맛망매맥맹머먹멀메멘면멸명모목몬몸못묘"
    "무묵문물뮤미민밀밑바박반발밝밤밥방배백뱀뱅버번벌범법베벤벨벽변별병보복본볼봄봉부북분불붉붓브블비빈빌빗빙빛빨빵뿌"
    "사산살삼상새색샌생샤서석선설섬성세센셔소속손송쇠쇼수숙순숟술숨숫숭쉬스슬습승시식신실심십싱싸쌀썰쓰씨씰"
    "아악안알암압앙앞애액앤야약양어억언얼업없엉에엔엘여역연열염엽영옆예오옥온올옷와완왕왜외요욕용우운울원월위유육율윤은을음응의이익인일임입잉잎"
    "자작잔잘잠장재쟁저적전절점접정제젝젠조족졸종좌죄주죽준줄중즈즐증지직진질짐집짜짝째쪽찍찢차착찬참창채책처척천철첨첫청체초촌총촬최추축춘출충취츠측층치칙친칠침"
    "카칸칼캐캔커컨컬컴컵케켓코콘콜콩쿠퀴크큰클키킨킹타탁탄탈탐탑탕태택탱터턴털테텍텐텔토톤톱통퇴투튜트특튼틀티틱팀파판팔패팩팬퍼페편평폐포폭폰폴표푸풀품풍퓨프플피픽필핑"
    "하학한할함합항해핵햄행향허험헤혁현혈협형혜호혹혼홀홈홍화확환활황회획효후훈휴흉흐흑흔흙흡흥희흰히힘"
)


# And characters of everyday Chinese, of which two thirds could be Korean as well.
_CHARACTERS = frozenset(
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然"
    "没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二"
    "理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信"
    "北少关并内加化由却代军产入先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提"
    "感金何更反合格放做系计或司利受光王果亲界及今京务制解各任至清物台象记边共风战干接它许八特觉望直服毛林题建南度统色字请交爱"
    "让认算论百吃义科怎元社术结六功指思非流每青管夫连远资队跟带花快条院变联权往展该领传近留红治决周保达办运武半候七必城父强步"
    "完革深区即求品士转量空甚众技轻程告江语英基派满式李息写呢识极令黄德收脸钱党倒未持取设始版双历越史商千片容研像找友孩站广改"
    "议形委早房音火际则首单据导影失拿网香似斯专石若兵弟谁校读志飞观争究包组造落视济喜离虽坏兴切错误缺陷裂纹划痕污染良否害假垃"
    "圾厨余湿猫狗牛羊猪鸡鸭鱼鸟虎狮熊兔猴蛇蝴蝶苹蕉葡萄草莓瓜橙汽摩托船桥椅桌床沙脑钟瓶杯勺树河湖云雨雪左右蓝绿黑紫灰阳阴肺炎"
    "肿瘤癌骨折皮肤病异积消照图"
)


def read_names(entries: Sequence[ZipInfo]) -> tuple[list[str], str]:
    """Decode the names of a ZIP's entries.

    Returns:
        The names in their order, with slashes and without ``./``; and how they were read where that is a guess.
    """
    raw = [_bytes(entry) for entry in entries]
    told = [_told(entry, name) for entry, name in zip(entries, raw, strict=True)]
    unknown = [name for name, text in zip(raw, told, strict=True) if text is None]
    encoding = _guess(unknown) if unknown else ""
    names = [name.decode(encoding) if text is None else text for name, text in zip(raw, told, strict=True)]
    if not any("/" in name for name in names):  # PowerShell 5 separates with backslashes alone
        names = [name.replace("\\", "/") for name in names]
    return [re.sub(r"(^|(?<=/))\./+", "", name) for name in names], _ENCODINGS.get(encoding, "")


def _bytes(entry: ZipInfo) -> bytes:
    """The name as it is stored, which zipfile has decoded."""
    return entry.orig_filename.encode("utf-8" if entry.flag_bits & _UTF8 else "cp437", "surrogateescape")


def _told(entry: ZipInfo, name: bytes) -> str | None:
    """The name where its encoding is known: by the flag, by Info-ZIP's extra field, or because it is plain ASCII."""
    if entry.flag_bits & _UTF8:
        return entry.orig_filename
    for kind, body in _extra_fields(entry.extra):
        if kind == _UNICODE_PATH and len(body) > 5 and struct.unpack_from("<BI", body) == (1, zlib.crc32(name)):
            try:
                return body[5:].decode("utf-8")
            except UnicodeDecodeError:
                break
    return name.decode("ascii") if name.isascii() else None


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, place)
        yield kind, extra[place + 4 : place + 4 + length]
        place += 4 + length


def _guess(names: Sequence[bytes]) -> str:
    """UTF-8 where all names are that, as macOS writes them; else the encoding in which they look most like words."""
    with suppress(UnicodeDecodeError):
        b"/".join(names).decode("utf-8")
        return "utf-8"
    distinct = {part for name in names for part in re.split(rb"/", name) if not part.isascii()}
    scores: dict[str, float] = {}
    for encoding in _ENCODINGS:
        try:
            scores[encoding] = sum(_likeness(part.decode(encoding), encoding) for part in distinct)
        except UnicodeDecodeError:
            continue
    return max(scores, key=lambda encoding: scores[encoding])


def _likeness(text: str, encoding: str) -> float:
    """How much a name looks like words, by its bytes: each counts once, or against it what no word has."""
    score = 0.0
    for word in re.findall(r"[^\W\d_]+", text):
        scripts = {_script(letter) for letter in word}
        score -= 3.0 * (len(scripts - {"KANA", "HAN"}) + bool(scripts & {"KANA", "HAN"}) - 1)
        if re.search(r"[^\W\d_A-Z]", word[:1]) and word != word.lower() and word != word.upper():
            score -= 1.5  # capitals inside a word that begins with a small letter
        score -= 0.3 * (word == word.upper() != word.lower()) * (len(word) < 4)
    for character in text:
        if not character.isascii():
            score += _worth(character, encoding)
    return score


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "")
    if letter.isascii():
        return "LATIN"
    if "HIRAGANA" in name or "KATAKANA" in name:
        return "KANA"
    return "HAN" if name.startswith("CJK") else name.split(" ")[0]


def _worth(character: str, encoding: str) -> float:
    """What one character that is not ASCII says for an encoding."""
    try:
        stored = character.encode(encoding)
    except UnicodeEncodeError:
        return -3.0
    if not character.isalpha():
        return -2.0 if len(stored) == 1 else -0.5
    if len(stored) == 1:
        return -1.0 if encoding == "cp932" else 1.0  # katakana of half width, which nobody uses in names
    lead, trail = stored
    common = {
        "cp932": _script(character) == "KANA" or 0x88 <= lead <= 0x97,
        "gbk": 0xB0 <= lead <= 0xD7 and trail >= 0xA1,
        "big5": 0xA4 <= lead <= 0xC6,
    }
    if encoding == "cp949" and 0xB0 <= lead <= 0xC8 and trail >= 0xA1:
        return 3.0 if character in _SYLLABLES else 0.5
    level_two = {"gbk": 0xD8 <= lead <= 0xF7 and trail >= 0xA1}
    if common.get(encoding):
        return 3.0 if encoding == "gbk" and character in _CHARACTERS else 2.0
    return 0.5 if level_two.get(encoding) else -1.0
