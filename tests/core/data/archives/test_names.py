"""Names in ZIPs of every age: decoded as they were meant, and said where that is a guess."""

import struct
import zlib

import pytest

from sav_core.data.archives.archive import Archive
from sav_core.data.archives.name_guess import decoded, guess_encoding
from sav_core.data.sets.datasets import read_examples
from sav_core.errors import DatasetError, NotedWarning
from tests.support.archives import zipped, zipped_raw
from tests.support.pictures import BLUE, RED, solid

LABELS = [
    ("cp932", ("猫", "犬"), "Shift-JIS"),
    ("cp932", ("表", "ソファ"), "Shift-JIS"),  # whose second bytes are backslashes
    ("cp932", ("りんご", "能面"), "Shift-JIS"),
    ("gbk", ("猫", "狗"), "GBK"),
    ("gbk", ("正常", "异常"), "GBK"),
    ("cp1251", ("кошка", "собака"), "cp1251"),
    ("cp1251", ("Кот", "Пёс"), "cp1251"),
    ("cp866", ("кошка", "собака"), "cp866"),
    ("cp437", ("Köln", "Zürich"), "cp437"),
    ("cp437", ("Café", "Bär"), "cp437"),
    ("cp1252", ("Köln", "Zürich"), "cp1252"),
    ("big5", ("貓", "狗"), "Big5"),
    ("cp949", ("고양이", "강아지"), "Korean"),
    ("cp949", ("정상", "불량"), "Korean"),
    ("cp949", ("사과", "바나나"), "Korean"),
    ("gbk", ("合格", "不合格"), "GBK"),
    ("gbk", ("可回收物", "其他垃圾"), "GBK"),
    ("cp850", ("São", "Ñandú"), "cp850"),
    ("euc_jp", ("猫", "犬"), "EUC-JP"),
    ("euc_jp", ("良品", "不良品"), "EUC-JP"),
    ("euc_jp", ("カブトムシ", "クワガタ"), "EUC-JP"),
    ("cp737", ("γάτα", "σκύλος"), "cp737"),
    ("cp869", ("μήλο", "αχλάδι"), "cp869"),
    ("iso8859-7", ("ναι", "όχι"), "Greek"),
    ("cp1253", ("Αθήνα", "Θεσσαλονίκη"), "Greek"),
    ("cp1253", ("ΓΑΤΑ", "ΣΚΥΛΟΣ"), "Greek"),
    ("cp862", ("חתול", "כלב"), "cp862"),
    ("cp1255", ("תפוח", "אגס"), "cp1255"),
    ("cp720", ("قطة", "كلب"), "cp720"),
    ("cp1256", ("سليم", "مريض"), "cp1256"),
    ("cp874", ("ปกติ", "ผิดปกติ"), "Thai"),
    ("cp874", ("แมว", "หมา"), "Thai"),
    ("cp852", ("książka", "krzesło"), "cp852"),
    ("cp1250", ("jabłko", "gruszka"), "cp1250"),
    ("cp852", ("žába", "kůň"), "cp852"),
    ("cp1250", ("třešeň", "hruška"), "cp1250"),
    ("cp852", ("kő", "fű", "víz"), "cp852"),
    ("cp857", ("kuş", "balık"), "cp857"),
    ("cp437", ("groß", "klein"), "cp437"),
    ("cp1252", ("pièce", "élève", "forêt"), "cp1252"),
]

LONE = {  # names that stand alone in a ZIP, the encodings they may be written in, and how many are misread
    ("cp437", "cp850", "cp1252"): (
        "groß Fuß Straße weiß heiß süß Spaß Gefäß Grün Käse Löwe Äpfel Überzug öffnen Schlüssel Tür Vögel Kühe Müll schön "
        "fröhlich Hülle Körper Bär Möhre île pièce élève pêche forêt château Noël café bébé école été légume fenêtre hôtel "
        "rêve mère première éléphant zèbre chèvre crème âne défaut_léger rayé cassé août hélicoptère vélo musée cuillère "
        "niño español montaña pájaro árbol ratón león avión limón jabón lápiz corazón señal autobús médico música día "
        "perché città più caffè università lunedì tiramisù sjö smörgås träd blåbär äpple fågel röd grön häst räv älg "
        "hämähäkki päärynä tyttö käärme mökki hyvä yö géén knieën",
        0,
    ),
    ("cp850", "cp1252"): (
        "pão maçã avião cão leão feijão mão São ônibus água lâmpada pêssego estação bebê chá sofá rød grøn blå æble dør"
        " bjørn får smør tå år kjøkken nøtt gråspurv þröstur fótur tré hús",
        1,
    ),
    ("cp852", "cp1250"): (
        "książka krzesło jabłko żółty gołąb świnia koń wąż róża łódź pół łóżko kość uśmiech kočka třešeň hruška žába kůň"
        " pták tráva chléb sýr červený zelený mačka líška vták kő fű erdő eső hó kutyák zöldség pisică câine čovjek"
        " miš kuća hiša",
        5,
    ),
    ("cp857", "cp1254"): ("balık çiçek köpek ağaç gül şeker sığır kırmızı yeşil çürük sağlam tavşan", 6),
    ("cp866", "cp1251"): (
        "кошка собака лошадь яблоко лес зима красный зелёный хорошо плохо брак норма медведь Кот Пёс",
        0,
    ),
    ("cp737", "cp1253"): ("γάτα σκύλος αχλάδι σπίτι δέντρο ναι ψάρι πουλί άνθρωπος", 0),
}


def in_shapes(word):
    """Arabic as DOS stores it, letter by letter in the shape that it has at its place."""
    shapes = {"ص": "\ufebb", "و": "\ufeed", "ر": "\ufead", "ب": "\ufe91", "ي": "\ufef3", "ت": "\ufe95"}
    return "".join(shapes[letter] for letter in word).encode("cp864")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "pets.zip"


@pytest.mark.parametrize(("encoding", "labels", "called"), LABELS)
def test_old_encodings_are_guessed_and_that_is_said(path, encoding, labels, called):
    files = {f"{label}/{n}.png".encode(encoding): solid((n, 9, n)) for n, label in enumerate(labels * 2)}
    path.write_bytes(zipped_raw(files))
    with pytest.warns(NotedWarning, match=rf"The names in 'pets\.zip' say no encoding, and are read as .*{called}"):
        examples = read_examples(path)
    assert examples.labels == tuple(sorted(labels))
    (note,) = [note for note in examples.notes if note.kind == "zip names"]
    assert note.count == sum(not label.isascii() for label in labels * 2)


def test_letters_that_are_stored_by_their_shapes_are_letters_again(path):
    path.write_bytes(zipped_raw({in_shapes(label) + b"/1.png": solid() for label in ("صور", "بيت")}))
    with pytest.warns(NotedWarning, match="Arabic"):
        assert set(read_examples(path).labels) == {"صور", "بيت"}


@pytest.mark.parametrize("encodings", LONE)
def test_a_name_alone_is_mostly_read_as_it_was_meant(encodings):
    """Some are words in several encodings, such as bebê and bebę, so only their number is held."""
    words, most = LONE[encodings]
    stored = [(word, word.encode(encoding)) for word in words.split() for encoding in encodings if _can_say(encoding, word)]
    wrong = [(word, data) for word, data in stored if decoded(data, guess_encoding([data + b"/1.png"])) != word]
    assert len(wrong) <= most, wrong


def _can_say(encoding, word):
    return word.encode(encoding, "replace").decode(encoding) == word


def test_many_names_are_guessed_by_all_of_them_together():
    """One short name may be of many languages; what stands beside it decides."""
    assert guess_encoding([word.encode("cp1255") for word in ("כן/1", "לא/1")]) != "cp1255"
    assert guess_encoding([word.encode("cp1255") for word in ("כן/1", "לא/1", "תמונות/1", "ירושלים/1")]) == "cp1255"
    assert guess_encoding([word.encode("cp1250") for word in ("koń/1", "krowa/1", "świnia/1", "gołąb/1")]) == "cp1250"


@pytest.mark.parametrize("labels", [("猫", "犬"), ("Köln", "Zürich"), ("cat", "dog")])
def test_utf8_needs_no_guess(path, labels):
    path.write_bytes(zipped_raw({f"{label}/1.png".encode(): solid() for label in labels}))
    assert set(read_examples(path).labels) == set(labels)
    path.write_bytes(zipped({f"{label}/1.png": solid() for label in labels}))
    assert set(read_examples(path).labels) == set(labels)


def unicode_path(name):
    """Info-ZIP's extra field, which says the name again in UTF-8."""
    body = struct.pack("<BI", 1, zlib.crc32(name)) + name.decode("cp932").encode()
    return struct.pack("<HH", 0x7075, len(body)) + body


def test_the_name_of_info_zip_is_taken_at_its_word(path):
    files = {f"{label}/1.png".encode("cp932"): solid() for label in ("猫", "表")}
    path.write_bytes(zipped_raw(files, unicode_path))
    assert set(read_examples(path).labels) == {"猫", "表"}
    other = {name: unicode_path(b"x" + name) for name in files}  # made for another name, as after a renaming
    path.write_bytes(zipped_raw(files, other.get))
    with pytest.warns(NotedWarning, match="Shift-JIS"):
        assert set(read_examples(path).labels) == {"猫", "表"}


@pytest.mark.parametrize("wrapping", ["", "pets\\"])
def test_backslashes_alone_separate_as_powershell_writes_them(path, wrapping):
    files = {f"{wrapping}{label}\\1.png": solid() for label in ("cat", "dog")}
    path.write_bytes(zipped(files))
    assert read_examples(path).labels == ("cat", "dog")
    path.write_bytes(zipped_raw({name.replace("cat", "表").encode("cp932"): data for name, data in files.items()}))
    with pytest.warns(NotedWarning, match="Shift-JIS"):
        assert set(read_examples(path).labels) == {"表", "dog"}


@pytest.mark.parametrize("name", ["..\\evil.png", "a\\..\\..\\evil.png", "C:\\evil.png", "\\evil.png"])
def test_backslashes_lead_nowhere_else(path, name):
    path.write_bytes(zipped({"cat\\1.png": solid(), name: solid()}))
    with pytest.raises(DatasetError, match="is refused because of its entry"):
        Archive(path)


def test_entries_that_begin_with_a_dot_are_those_of_tar(path):
    files = {"./": b"", "./cat/": b"", "./cat/1.png": solid(RED), "././dog/./1.png": solid(BLUE)}
    path.write_bytes(zipped(files))
    with Archive(path) as archive:
        assert archive.names == ("cat/", "cat/1.png", "dog/1.png")
    examples = read_examples(path)
    assert [example.label for example in examples] == ["cat", "dog"]
    assert examples[1].images[0].rgb().getpixel((0, 0)) == BLUE


def test_the_dot_hides_no_way_out(path):
    path.write_bytes(zipped({"cat/1.png": solid(), "./../evil.png": solid()}))
    with pytest.raises(DatasetError, match="which leads out of the archive"):
        Archive(path)
