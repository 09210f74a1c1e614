"""Lists as other programs write them: other spellings of paths, pictures written out, encodings, keys that are not read."""

import base64
import json
import warnings

import pytest

from sav_core.data.sets.datasets import read_examples
from sav_core.errors import DatasetError, NotedWarning, SkippedWarning
from tests.support.archives import zipped
from tests.support.pictures import BLUE, RED, solid

PNG, OTHER, JPEG = solid(RED), solid(BLUE), solid(RED, "JPEG")
B64 = base64.b64encode(JPEG).decode()


@pytest.fixture(params=["folder", "zip"])
def source(request, tmp_path):
    """The same files once as a folder and once as a ZIP."""

    def made(files):
        if request.param == "zip":
            (tmp_path / "pets.zip").write_bytes(zipped(files))
            return tmp_path / "pets.zip"
        for name, data in files.items():
            (tmp_path / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "pets" / name).write_bytes(data)
        return tmp_path / "pets"

    return made


def jsonl(*records):
    return "\n".join(map(json.dumps, records)).encode()


@pytest.mark.parametrize(
    "path",
    [
        *("a b/1.png", "a%20b/1.png", "a%20b\\1.png", " a b/1.png\n", "\u202aa b/1.png", "a b/1.png?v=3", "a b/1.png#x"),
        *("./a b/1.png", "/data/local-files/?d=a%20b/1.png", "file:a%20b/1.png", "FILE:a b/1.png"),
    ],
)
def test_a_path_is_found_under_its_other_spellings(source, path):
    (example,) = read_examples(source({"a b/1.png": PNG, "l.jsonl": jsonl({"image": path, "label": "x"})}))
    assert example.images[0].rgb().getpixel((0, 0)) == RED


def test_what_is_written_comes_before_what_it_may_stand_for(source):
    files = {"a%20b.png": PNG, "a b.png": OTHER, "l.jsonl": jsonl({"image": "a%20b.png", "label": "x"})}
    (example,) = read_examples(source(files))
    assert example.images[0].rgb().getpixel((0, 0)) == RED


@pytest.mark.parametrize(
    "path", ["%2e%2e/secret.png", "..%2fsecret.png", "?d=../secret.png", " ../secret.png", "file:../secret.png"]
)
def test_no_spelling_leads_out_of_an_archive(tmp_path, path):
    (tmp_path / "secret.png").write_bytes(PNG)
    (tmp_path / "a.zip").write_bytes(zipped({"l.jsonl": jsonl({"image": path, "label": "x"})}))
    with pytest.raises(DatasetError, match=r"lies outside|there is no such file"):
        read_examples(tmp_path / "a.zip")


@pytest.mark.parametrize(
    "written",
    [
        f"data:image/jpeg;charset=utf-8;base64,{B64}",
        f"data:image/png;base64,{B64}",
        f"DATA:image/jpeg;BASE64,{B64}",
        f"data:image/jpeg;name=a,b.jpg;base64,{B64}",
        f"data:image/jpeg,{B64}",
        f"data:image/jpeg;base64,{B64.rstrip('=')}",
        f"data:image/jpeg;base64,{base64.urlsafe_b64encode(JPEG).decode()}",
        B64,
        base64.urlsafe_b64encode(JPEG).decode().rstrip("="),
        "\n".join(B64[start : start + 76] for start in range(0, len(B64), 76)),
        f"base64,{B64}",
        f"image/jpeg;base64,{B64}",
        repr(base64.b64encode(JPEG)),
        *(base64.b64encode(solid(RED, kind)).decode() for kind in ("BMP", "WEBP", "AVIF", "JPEG2000", "TIFF")),
    ],
)
def test_a_picture_that_is_written_out_is_read_in_any_dress(source, written):
    (example,) = read_examples(source({"l.jsonl": jsonl({"image": written, "label": "x"})}))
    red, green, blue = example.images[0].rgb().getpixel((0, 0))
    assert red > 250
    assert max(green, blue) < 5


def test_other_addresses_are_refused_as_what_they_are(source):
    lines = jsonl({"image": "1.png", "label": "x"}, {"image": "ipfs://Qm/1.png", "label": "x"})
    with pytest.warns(SkippedWarning, match="'ipfs://Qm/1.png' is a 'ipfs' address, and pictures are read from files"):
        read_examples(source({"1.png": PNG, "l.jsonl": lines}))


@pytest.mark.parametrize(
    "given", [{"path": "1.png", "bytes": None}, {"bytes": B64, "path": "gone.jpg"}, {"url": f"data:,{B64}"}]
)
def test_a_picture_in_an_object_is_read(source, given):
    records = [{"image": given, "label": "x"}, {"images": [given, given], "label": "y"}]
    one, two = read_examples(source({"1.png": PNG, "l.jsonl": jsonl(*records)}))
    assert (len(one.images), len(two.images)) == (1, 2)


TABLE = "image,label\n1.png,caf\u00e9\n2.png,b\n"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("l.csv", TABLE.encode("utf-16")),
        ("l.csv", TABLE.encode("utf-32")),
        ("l.tsv", TABLE.replace(",", "\t").replace("\n", "\r\n").encode("utf-16")),
        ("l.csv", b"sep=;\r\n" + TABLE.replace(",", ";").encode()),
        ("l.tsv", TABLE.encode()),
        ("l.csv", b"\xef\xbb\xbfsep=|\n\n" + TABLE.replace(",", "|").encode()),
        (
            "l.jsonl",
            jsonl({"image": "1.png", "label": "caf\u00e9"}, {"image": "2.png", "label": "b"}).replace(b"\n", b"\r"),
        ),
        (
            "l.jsonl",
            json.dumps([{"image": "1.png", "label": "caf\u00e9"}, {"image": "2.png", "label": "b"}], indent=1).encode(),
        ),
    ],
)
def test_other_programs_write_lists_otherwise(source, name, data):
    examples = read_examples(source({"1.png": PNG, "2.png": OTHER, name: data}))
    assert [(one.images[0].name, one.label) for one in examples] == [("1.png", "caf\u00e9"), ("2.png", "b")]


@pytest.mark.parametrize("cell", ['"[""1.png"", ""2.png""]"', "\"['1.png', '2.png']\""])
def test_a_cell_may_hold_a_list_of_pictures(source, cell):
    (example,) = read_examples(source({"1.png": PNG, "2.png": OTHER, "l.csv": f"images,label\n{cell},x\n".encode()}))
    assert [picture.name for picture in example.images] == ["1.png", "2.png"]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("l.csv", 'image,question,label\n1.png,"So,x\n1.png,"Why" not,y\n', "is no row of a table"),
        ("l.tsv", 'image\tquestion\tlabel\n1.png\t"So\tx\n1.png\tWhy?"\ty\n', "closes a quote that was opened lines above"),
        ("l.csv", "image,label,Label\n1.png,x,y\n", "Line 2 of 'l.csv' has both 'label' and 'Label', and they differ"),
        ("l.jsonl", '{"image": "1.png", "image": "2.png", "label": "x"}', "the key 'image' comes twice: keep one"),
        (
            "l.json",
            '{"images": [{"id": 1}], "annotations": []}',
            "is one object with the keys 'images', 'annotations', but a",
        ),
        ("l.json", '{"0.png": {"filename": "0.png"}}', "is one object with the keys '0.png', but a list"),
    ],
)
def test_what_would_lose_a_part_in_silence_is_refused(tmp_path, name, text, reason):
    (tmp_path / name).write_text(text)
    with pytest.raises(DatasetError, match=reason):
        read_examples(tmp_path / name)


@pytest.mark.parametrize(
    ("beside", "said"),
    [
        ({"caption": "It sleeps on a mat."}, "'caption' is not read, for no question or label is called so"),
        ({"choices": ["mat", "roof"]}, "'choices' is not read"),
        ({"mask": "1-mask.png"}, "'mask' is not read, for 'image' names the pictures"),
        ({"right_image": "2.png"}, "'right_image' is not read, for 'image' names the pictures"),
        ({"answer": "cat"}, "'answer' is not read, for 'label' is the label"),
        ({"label": "A", "choices": ["mat", "roof"]}, "'choices' is not read, though the label names one of them"),
        ({"label": 1, "options": "['a', 'b']"}, "'options' is not read, though the label names one of them"),
        ({"label": "B", "A": "mat", "B": "roof"}, "'[AB]' is not read, though the label names one of them"),
    ],
)
def test_what_a_line_says_besides_is_told(source, beside, said):
    record = {"image": "1.png", "label": 0, "id": "17", "split": "train", "coco_url": "http://example.org/17.png"}
    files = {"1.png": PNG, "2.png": OTHER, "1-mask.png": OTHER, "l.jsonl": jsonl(record | beside)}
    with pytest.warns(NotedWarning, match=said):
        read_examples(source(files))
    files["l.jsonl"] = jsonl(record)
    with warnings.catch_warnings():
        warnings.simplefilter("error", NotedWarning)
        read_examples(source(files))


@pytest.mark.parametrize("column", [("split", "train", "test"), ("is_valid", "False", "True"), ("fold", "0", "1")])
def test_parts_that_are_read_together_are_told(source, column):
    key, one, other = column
    table = f"image,label,{key}\n1.png,cat,{one}\n2.png,dog,{other}\n"
    with pytest.warns(NotedWarning, match=f"All parts that '{key}' names are read together"):
        assert len(read_examples(source({"1.png": PNG, "2.png": OTHER, "l.csv": table.encode()}))) == 2


def test_short_texts_that_are_not_read_are_noted_once(source):
    records = [
        {
            "image": f"{n}.png",
            "label": label,
            "caption": "red car",
            "site": "Basel",
            "taken_at": "noon",
            "n": "12",
            "f": "a.txt",
        }
        for n, label in enumerate("ab")
    ]
    files = {"0.png": PNG, "1.png": OTHER, "l.jsonl": jsonl(*records)}
    with warnings.catch_warnings():
        warnings.simplefilter("error", NotedWarning)
        (note,) = [note for note in read_examples(source(files)).notes if note.kind == "short texts"]
    assert (note.sentence, note.count) == ("Short texts under 'caption', 'site' are not read.", 2)


def test_lines_that_differ_in_an_unread_text_alone_are_refused(source):
    twins = [{"image": "1.png", "id": str(n), "remark": text, "label": text} for n, text in enumerate(("safe", "harmful"))]
    with pytest.raises(DatasetError, match=r"2 of 2 lines are alike in .* what they differ in, 'remark', is not read"):
        read_examples(source({"1.png": PNG, "l.jsonl": jsonl(*twins)}))
    for record in twins:
        del record["remark"]
    assert len(read_examples(source({"1.png": PNG, "l.jsonl": jsonl(*twins)}))) == 2  # a contradiction, which is noted
