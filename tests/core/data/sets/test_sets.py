"""Sets as people have them: split folders, wrappings, files of other formats, lists of every kind, twins of labels."""

import base64
import json
import os
import unicodedata

import pytest

from sav_core.data.sets.datasets import read_examples, read_queries
from sav_core.errors import DatasetError, NotedWarning, SkippedWarning
from tests.support.archives import zipped
from tests.support.pictures import BLUE, GREEN, RED, encoded, noise, solid

PNG, OTHER = solid(RED), solid(BLUE)


def write(root, files):
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


@pytest.fixture(params=["folder", "zip"])
def source(request, tmp_path):
    """The same files once as a folder and once as a ZIP."""

    def made(files):
        if request.param == "folder":
            return write(tmp_path / "pets", files)
        (tmp_path / "pets.zip").write_bytes(zipped(files))
        return tmp_path / "pets.zip"

    return made


def noise_of(seed):
    return encoded(noise(seed=seed))


def jsonl(*records):
    return "\n".join(map(json.dumps, records)).encode()


def notes(examples):
    return {note.kind: note for note in examples.notes}


# Parts of a set ---------------------------------------------------------------------------------------------------------

SPLITS = [
    (("seg_train", "seg_test"), "seg_train"),
    (("seg_train", "seg_test", "seg_pred"), "seg_train"),
    (("training_set", "test_set"), "training_set"),
    (("TrainingData", "ValidationData"), "TrainingData"),
    (("train", "val", "pred"), "train"),
    (("train2017", "val2017"), "train2017"),
    (("x_train", "x_test"), "x_train"),
    (("trainset", "testset"), "trainset"),
    (("1. train", "2. test"), "1. train"),
    (("lernen", "pruefen"), "lernen"),
    (("2019", "2020"), "2019"),
    (("fold1", "fold2", "fold3"), "fold1"),
    (("treino", "teste"), "treino"),
    (("\u8bad\u7ec3\u96c6", "\u6d4b\u8bd5\u96c6"), "\u8bad\u7ec3\u96c6"),
]


@pytest.mark.parametrize(("parts", "first"), SPLITS)
@pytest.mark.parametrize("wrapping", ["", "archive/", "archive/images/"])
def test_parts_of_a_set_are_no_labels_and_one_is_named(source, parts, first, wrapping):
    files = {f"{wrapping}{part}/{label}/1.png": PNG for part in parts for label in ("cat", "dog")}
    with pytest.raises(
        DatasetError, match=r"holds the sets .* but label folders were expected: read one set at a"
    ) as caught:
        read_examples(source(files))
    assert f"{wrapping}{first}'" in str(caught.value)
    known = first not in ("lernen", "2019")
    assert known != ("if these are the labels, list the examples in a .csv" in str(caught.value))


def test_parts_that_hold_a_folder_of_their_own_name_or_no_folders():
    from sav_core.data.folders.parts import parts_among

    assert parts_among({"seg_train": {"cat", "dog"}, "seg_test": {"cat", "dog"}, "seg_pred": set()})
    assert parts_among({"train": set(), "test": set()})
    assert parts_among({"fold1": {"indoor", "outdoor"}, "fold2": {"indoor", "outdoor"}})
    assert not parts_among({"house": {"indoor", "outdoor"}, "shop": {"indoor", "outdoor"}})


@pytest.mark.parametrize(
    "parts",
    [
        ("trn", "tst"),
        ("entrenamiento", "prueba"),
        ("\u8bad\u7ec3\u96c6", "\u9a8c\u8bc1\u96c6", "\u6d4b\u8bd5\u96c6"),
        ("\u5b66\u7fd2\u7528", "\u8a55\u4fa1\u7528"),
        ("\ud6c8\ub828", "\ud14c\uc2a4\ud2b8"),
        ("\u043e\u0431\u0443\u0447\u0430\u044e\u0449\u0430\u044f", "\u0442\u0435\u0441\u0442\u043e\u0432\u0430\u044f"),
        ("fold_1", "fold_2"),
        ("pets split 1", "pets split 2"),
    ],
)
def test_parts_without_label_folders_are_known_by_their_names(source, parts):
    with pytest.raises(DatasetError, match="holds the sets"):
        read_examples(source({f"{part}/{number}.png": noise_of(number) for number, part in enumerate(parts)}))


@pytest.mark.parametrize(
    "labels",
    [
        ("train", "bus", "car"),
        ("part 1", "part 2"),
        ("tst", "fee"),
        ("valley", "hill"),
        ("valid", "invalid"),
        ("positive test", "negative test"),
        ("train station", "test track"),
        ("developer", "tester"),
    ],
)
def test_labels_that_only_sound_like_parts_are_labels(source, labels):
    assert set(read_examples(source({f"{label}/1.png": PNG for label in labels})).labels) == set(labels)


@pytest.mark.parametrize("inside", [("train", "test"), ("images", "masks"), ("indoor", "outdoor"), ("left", "right")])
def test_labels_with_the_usual_folders_inside_are_labels(source, inside):
    files = {f"{label}/{part}/1.png": PNG for label in ("cat", "dog") for part in inside}
    assert read_examples(source(files)).labels == ("cat", "dog")


@pytest.mark.parametrize("wrapping", ["a/", "a/b/", "a/b/c/"])
def test_any_number_of_wrapping_folders(source, wrapping):
    assert read_examples(source({f"{wrapping}cat/1.png": PNG, f"{wrapping}dog/x/1.png": OTHER})).labels == ("cat", "dog")


@pytest.mark.parametrize("stray", ["cover.png", "pets/cover.png", "pets/old/cover.png"])
def test_a_stray_picture_beside_the_wrapping_folder_is_told_and_the_labels_are_read(source, stray):
    wrapping = "pets/old/" if stray.count("/") == 2 else "pets/"
    files = {f"{wrapping}{label}/{n}.png": noise_of(n) for n, label in enumerate(("cat", "dog", "cat", "dog"))}
    with pytest.warns(SkippedWarning, match=f"'{stray}' lies outside the label folders"):
        examples = read_examples(source({**files, stray: OTHER}))
    assert examples.labels == ("cat", "dog")
    assert [skip.name for skip in examples.skipped] == [stray]


def test_a_label_whose_pictures_lie_at_two_depths_stays_one(source):
    files = {f"cat/{place}{n}.png": noise_of(n) for n in range(4) for place in ("", "near/", "far/")}
    assert read_examples(source(files)).labels == ("cat",)


# Files that look like pictures --------------------------------------------------------------------------------------------


def test_pictures_are_known_by_their_bytes(source):
    files = {"cat/one": PNG, "cat/2.jpg?123": PNG, "dog/3.dat": OTHER, "dog/4.jp2": encoded(noise(32, 32), "JPEG2000")}
    examples = read_examples(source(files))
    assert [example.name for example in examples] == ["cat/2.jpg?123", "cat/one", "dog/3.dat", "dog/4.jp2"]
    assert examples.skipped == ()


UNREAD = {
    "a.jxl": (b"\xff\x0a" + bytes(40), "a JPEG XL image"),
    "a.cr2": (b"II*\0\x10\0\0\0CR\x02\0" + bytes(40), "a camera's RAW file"),
    "a.nef": (encoded(noise(), "TIFF"), "a camera's RAW file"),
    "a.cr3": (b"\0\0\0\x18ftypcrx " + bytes(40), "a camera's RAW file"),
    "a.mpg": (b"\0\0\x01\xba" + bytes(40), "a video"),
    "film": (b"FLV\x01" + bytes(40), "a video"),
    "a.psd": (b"8BPS\0\x01" + bytes(40), "a Photoshop document"),
    "a.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
    "scan": (bytes(128) + b"DICM" + bytes(40), "a DICOM image"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_looks_like_a_picture_and_is_not_read_is_named_and_counted(source, name):
    data, kind = UNREAD[name]
    path = source({"cat/1.png": PNG, f"cat/{name}": data, "dog/1.png": OTHER, "dog/notes.txt": b"x"})
    with pytest.warns(SkippedWarning, match=rf"'cat/{name}' is not a PNG.* but {kind}: "):
        examples = read_examples(path)
    assert [(skip.name, skip.kind) for skip in examples.skipped] == [(f"cat/{name}", kind)]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"<!DOCTYPE html><title>404", "a web page: download the picture itself"),
        (b'{"error": "gone"}', "a JSON text"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer: fetch the file itself"),
        (zipped({"1.png": PNG}), "an archive: unpack it"),
    ],
)
def test_what_stands_where_a_picture_should_be_is_named(source, data, what):
    with pytest.warns(SkippedWarning, match=f"'cat/2.jpg' is not a PNG, .* image but {what}"):
        read_examples(source({"cat/1.png": PNG, "cat/2.jpg": data, "dog/1.png": OTHER}))


def test_pictures_under_the_names_of_texts_are_read(source):
    files = {"cat/1.png": PNG, "cat/1.txt": PNG, "cat/2.txt": b"BM", "cat/3.html": noise_of(3), "dog/1.php": OTHER}
    assert [example.name for example in read_examples(source(files))] == ["cat/1.png", "cat/3.html", "dog/1.php"]


def test_thumbnails_that_systems_leave_are_passed_over(source):
    left = {"cat/@eaDir/1.png/SYNOFILE_THUMB_M.png": OTHER, "#recycle/2.png": OTHER, "$RECYCLE.BIN/3.png": OTHER}
    assert len(read_examples(source({"cat/1.png": PNG, "dog/1.png": OTHER, "lost+found/x": b"", **left}))) == 2


def test_a_folder_that_is_linked_twice_is_read_twice(tmp_path):
    root = write(tmp_path, {"cat/1.png": PNG, "dog/1.png": OTHER})
    (root / "kitten").symlink_to(root / "cat")
    (root / "dog" / "round").symlink_to(root)
    assert [example.name for example in read_examples(root)] == ["cat/1.png", "dog/1.png", "kitten/1.png"]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"data/train-0.parquet": b"PAR1"}, "holds no images that are read, but 1 times a Parquet or Arrow file, such as"),
        ({"cat.zip": b"PK", "dog.zip": b"PK"}, "2 times an archive, such as 'cat.zip'"),
        ({"1.png": PNG, "metadata.parquet": b"PAR1"}, "and 'metadata.parquet' is not read as a list"),
    ],
)
def test_what_may_hold_the_pictures_or_the_labels_is_named(source, files, reason):
    with pytest.raises(DatasetError, match=reason):
        read_examples(source(files))


PACKED = {
    "vectors.h5": (b"x", "A file of arrays"),
    "vectors": (b"\x89HDF\r\n\x1a\n", "A file of arrays"),
    "cat/pixels.npz": (b"PK\x03\x04", "A file of arrays"),
    "train.tfrecord-00000-of-00005": (b"x", "A file of records"),
    "cat/shards/000.tar": (b"x", "An archive"),
    "cat/shards/000": (bytes(257) + b"ustar\0", "An archive"),
    "cat/data/train-00000-of-00001.parquet": (b"PAR1", "A Parquet or Arrow file"),
    "cat/data/part-0": (b"PAR1", "A Parquet or Arrow file"),
    "model.ckpt": (b"x", "A pickle or a checkpoint"),
    "labels.sqlite": (b"x", "A database"),
    "labels.xlsx": (b"PK\x03\x04", "A table"),
}


@pytest.mark.parametrize("name", PACKED)
def test_what_is_packed_beside_label_folders_is_counted_by_its_kind(source, name):
    data, kind = PACKED[name]
    files = {"cat/1.png": PNG, "dog/1.png": OTHER, "LICENSE": b"MIT", "cat/1.npy.txt": b"x"}
    assert "packed" not in notes(read_examples(source(files)))
    path = source({**files, name: data})
    told = f"{kind} is not looked into, and passed over: {name!r}."
    assert notes(read_examples(path))["packed"].sentence == told
    assert notes(read_queries(path))["packed"].sentence == told


def test_a_folder_of_packed_files_is_no_label_and_they_are_named(source):
    files = {"cat/1.png": PNG, "dog/1.png": OTHER, "shards/000.tar": b"x", "shards/001.tar": b"x"}
    with pytest.raises(DatasetError, match=r"'shards' .* holds no images that are read, but 2 times an archive, such as"):
        read_examples(source(files))


def test_flif_is_told_by_its_bytes_and_by_its_name(source):
    with pytest.warns(SkippedWarning, match="but a FLIF image"):
        found = read_examples(source({"cat/1.png": PNG, "dog/1.png": OTHER, "dog/2.flif": b"?", "dog/3": b"FLIF44"}))
    assert [skip.kind for skip in found.skipped] == ["a FLIF image"] * 2


def test_a_list_that_is_not_read_beside_label_folders_is_told(source):
    with pytest.warns(NotedWarning, match="the folders are the labels: 'metadata.parquet'"):
        read_examples(source({"cat/1.png": PNG, "dog/1.png": OTHER, "metadata.parquet": b"PAR1"}))


def test_a_pipe_in_a_folder_blocks_nothing(tmp_path):
    write(tmp_path, {"cat/1.png": PNG, "dog/1.png": OTHER})
    os.mkfifo(tmp_path / "cat" / "pipe")
    assert len(read_examples(tmp_path)) == 2


def test_many_of_one_kind_are_warned_about_briefly(source):
    files = {f"cat/{number}.jxl": b"\xff\x0a" for number in range(40)} | {"cat/1.png": PNG, "dog/1.png": OTHER}
    with pytest.warns(SkippedWarning) as caught:
        examples = read_examples(source(files))
    assert len(examples.skipped) == 40
    assert len(caught) == 6
    assert "35 more were left out" in str(caught[-1].message)


def test_a_set_of_nothing_but_videos_says_so(source):
    files = {f"{label}/{number}.wmv": b"0&\xb2u\x8ef\xcf\x11" for label in ("a", "b") for number in range(3)}
    with pytest.raises(DatasetError, match=r"holds no images that are read, but 6 times a video, such as 'a/0\.wmv'"):
        read_examples(source(files))


def test_queries_name_what_is_not_read(tmp_path):
    write(tmp_path, {"1.png": PNG, "2.jxl": b"\xff\x0a", "sub/three": OTHER})
    with pytest.warns(SkippedWarning, match="JPEG XL"):
        queries = read_queries(tmp_path)
    assert [query.name for query in queries] == [str(tmp_path / "1.png"), str(tmp_path / "sub/three")]
    assert [skip.name for skip in queries.skipped] == [str(tmp_path / "2.jxl")]


# Labels that are one to the eye -------------------------------------------------------------------------------------------

TWINS = [
    ("cat", "Cat"),
    ("cat", "cat "),
    ("cat", " cat"),
    ("cat", "c\u200bat"),
    ("cat", "cat\u200d"),
    ("cat", "\ufeffcat"),
    ("a cat", "a  cat"),
    ("a cat", "a\u00a0cat"),
    ("stra\u00dfe", "STRASSE"),
    ("K\u00f6ln", unicodedata.normalize("NFD", "k\u00f6ln")),
    ("\u2764", "\u2764\ufe0f"),
    ("cat", "cat\u3164"),
    ("cat", "cat\U000e0100"),
    ("cat", "\u0441at"),
    ("t-shirt", "T\u2011shirt"),
]


@pytest.mark.parametrize(("one", "other"), TWINS)
@pytest.mark.parametrize("form", ["folders", "lines", "table"])
def test_labels_that_are_one_to_the_eye_are_refused_everywhere(source, one, other, form):
    if form == "folders":
        files = {f"{one}/1.png": PNG, f"{other}/2.png": OTHER}
    elif form == "lines":
        files = {"1.png": PNG, "l.jsonl": jsonl(*({"image": "1.png", "label": label} for label in (one, other)))}
    else:
        files = {"1.png": PNG, "l.csv": f'image,label\n1.png,"{one}"\n1.png,"{other}"\n'.encode()}
    with pytest.raises(DatasetError, match=r"The label.* of '.*' differ only in upper and lower case or in invisible"):
        read_examples(source(files))


# Lists ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record",
    [
        {"image_path": "1.png", "question": "Which?", "label": "x"},
        {"img": "1.png", "text": "Which?", "label": "x"},
        {"file_name": "1.png", "instruction": "Which?", "answer": "x"},
        {"filename": "1.png", "claim": "Which?", "claim_label": "x"},
        {"Image": "1.png", "Text": "Which?", "Label": "x"},
        {"Image-Path": "1.png", "prompt": "Which?", "class": "x"},
        {"imagePath": "1.png", "query": "Which?", "category": "x"},
        {"image": "1.png", "path": "/elsewhere/1.png", "question": "Which?", "label": "x"},
        {"image": None, "image_path": "1.png", "question": "Which?", "label": "x"},
        {"image": "1.png", "image_url": "https://example.org/1.png", "question": "Which?", "label": "x"},
        {"image": ".\\1.png", "question": "Which?", "label": "x"},
    ],
)
def test_what_published_sets_call_pictures_questions_and_labels(source, record):
    (example,) = read_examples(source({"1.png": PNG, "l.jsonl": jsonl(record)}))
    assert (len(example.images), example.question, example.label) == (1, "Which?", "x")


@pytest.mark.parametrize(
    "keys", [("image_1", "image_2", "image_10"), ("image0", "image1", "image2"), ("img_1", "img_2", "img_3")]
)
def test_numbered_pictures_come_in_the_order_of_their_numbers(source, keys):
    record = dict(zip(reversed(keys), ("3.png", "2.png", "1.png"), strict=True)) | {"image_99": "", "label": "x"}
    (example,) = read_examples(source({"1.png": PNG, "2.png": OTHER, "3.png": solid(GREEN), "l.jsonl": jsonl(record)}))
    assert [picture.name for picture in example.images] == ["1.png", "2.png", "3.png"]


@pytest.mark.parametrize(
    "record",
    [
        {"photo_location": "1.png", "question": "Which?", "label": "x"},
        {"left_image": "1.png", "question": "Which?", "label": "x"},
        {"image_id": 17, "question": "Which?", "label": "x"},
        {"screenshot": "shots/1.PNG", "question": "Which?", "label": "x"},
        {"audio": "1.wav", "question": "Which?", "label": "x"},
    ],
)
def test_a_key_that_seems_to_name_a_picture_is_never_passed_over(source, record):
    odd = next(iter(record))
    with pytest.raises(
        DatasetError, match=f"names no picture under image, images, .* but has '{odd}' among its keys '{odd}'"
    ):
        read_examples(source({"1.png": PNG, "l.jsonl": jsonl(record)}))


@pytest.mark.parametrize("key", ["video", "image", "videos"])
def test_videos_of_formats_that_are_not_read_are_refused_as_what_they_are(source, key):
    with pytest.raises(DatasetError, match=r"Line 1 of 'l\.jsonl' names a video: .* convert it to MP4"):
        read_examples(source({"1.png": PNG, "l.jsonl": jsonl({key: "a/1.wmv", "question": "Which?", "label": "x"})}))


def test_lines_without_a_picture_are_counted(source):
    records = [{"image": "1.png", "question": "Which?", "label": "x"}, {"question": "Polite?", "id": 3, "label": "y"}]
    examples = read_examples(source({"1.png": PNG, "l.jsonl": jsonl(*records)}))
    assert notes(examples)["without picture"].sentence == "1 of 2 examples are without a picture, text alone."


def test_two_questions_in_one_line_are_not_passed_over(source):
    record = {"image": "1.png", "question": "Harmful?", "instruction": "Share this.", "label": "x"}
    with pytest.warns(NotedWarning, match="'instruction' is not read, for 'question' is the question: \"Line 1"):
        read_examples(source({"1.png": PNG, "l.jsonl": jsonl(record)}))


def test_a_video_beside_a_picture_is_told_when_it_is_not_read(source):
    record = {"image": "1.png", "video": "1.mp4", "question": "Which?", "label": "x"}
    with pytest.warns(NotedWarning, match="'video' is not read, for 'image' names the pictures: \"Line 1"):
        (example,) = read_examples(source({"1.png": PNG, "l.jsonl": jsonl(record)}))
    assert len(example.images) == 1


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("https://example.org/a/1.png", "'https://example.org/a/1.png' lies on the web, and pictures are read from files"),
        ("s3://bucket/1.png", "'s3://bucket/1.png' lies in a cloud"),
        ("gs://bucket/1.png", "'gs://bucket/1.png' lies in a cloud"),
    ],
)
def test_addresses_are_refused_as_what_they_are(source, path, reason):
    lines = jsonl({"image": "1.png", "label": "x"}, {"image": path, "label": "x"}, {"image": "2.png", "label": "y"})
    with pytest.warns(SkippedWarning, match=f"Line 2 of 'l.jsonl': {reason}"):
        assert len(read_examples(source({"1.png": PNG, "2.png": OTHER, "l.jsonl": lines}))) == 2


def test_a_path_of_windows_is_refused_as_what_it_is(tmp_path):
    lines = jsonl({"image": "C:\\Users\\me\\1.png", "label": "x"})
    with pytest.raises(DatasetError, match="is a path of a Windows computer: name the file as it is called here"):
        read_examples(write(tmp_path, {"l.jsonl": lines}) / "l.jsonl")


def test_a_picture_in_the_line_itself_is_read(source):
    written = base64.b64encode(PNG).decode()
    records = [{"image": f"data:image/png;base64,{written}", "label": "x"}, {"image": written, "label": "y"}]
    examples = read_examples(source({"l.jsonl": jsonl(*records)}))
    assert {example.images[0].rgb().getpixel((0, 0)) for example in examples} == {RED}
    assert [example.images[0].name for example in examples] == ["data:image/png", "base64 text"]


def test_a_picture_in_the_line_that_is_damaged_is_told_briefly(source):
    records = [{"image": f"data:image/png;base64,{text}", "label": "x"} for text in ("????" * 99, "AAAA" * 999)]
    with pytest.raises(DatasetError) as caught:
        read_examples(source({"l.jsonl": jsonl(*records)}))
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("l.csv", "image,label,question\n1.png,x,Which?\n2.png,y,Which?\n"),
        ("l.csv", "image;label;question\r\n1.png;x;Which?\r\n2.png;y;Which?\r\n"),
        ("l.tsv", "image\tlabel\tquestion\n1.png\tx\tWhich?\n2.png\ty\tWhich?\n"),
        ("l.csv", '\ufeff"file_name","class","text","id"\n"1.png","x","Which?",1\n\n2.png,y,Which?,2\n'),
    ],
)
def test_tables_are_read_like_lines(source, name, text):
    path = source({"1.png": PNG, "2.png": OTHER, name: text.encode()})
    for one in (path, path / name) if path.is_dir() else (path,):
        examples = read_examples(one)
        assert [(e.images[0].name, e.question, e.label) for e in examples] == [
            ("1.png", "Which?", "x"),
            ("2.png", "Which?", "y"),
        ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1.png,cat\n2.png,dog\n", r"begins with '1\.png', 'cat', none of which names an image"),
        ("image,label\n1.png,x,y,z\n", r"Line 2 of 'l\.csv' has 4 cells, but the first line names 2 columns"),
        ("image,label\n1.png\n", "lacks a 'label'"),
        ("image,label,label\n1.png,x,y\n", "has the column 'label' twice"),
        ("", "holds no examples"),
    ],
)
def test_a_bad_table_is_refused_in_one_sentence(tmp_path, text, reason):
    path = write(tmp_path, {"1.png": PNG, "l.csv": text.encode()}) / "l.csv"
    with pytest.raises(DatasetError, match=reason):
        read_examples(path)


def test_a_table_beside_label_folders_changes_nothing(source):
    with pytest.warns(NotedWarning, match=r"list of pictures beside label folders is not read: .*: 'results\.csv'"):
        examples = read_examples(source({"cat/1.png": PNG, "dog/1.png": OTHER, "results.csv": b"image,label\n1.png,fox\n"}))
    assert examples.labels == ("cat", "dog")


CHATS = [
    {"image": name, "conversations": [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": label}]}
    for name, label in (("in/1.png", "cat"), ("in/2.png", "dog"))
]


def test_one_json_list_speaks_for_the_pictures_it_lies_with(source):
    other = json.dumps({"images": [{"file_name": "1.png"}], "annotations": []}).encode()
    files = {"in/1.png": PNG, "in/2.png": OTHER, "train.json": json.dumps(CHATS).encode(), "instances.json": other}
    examples = read_examples(source(files))
    assert [(example.images[0].name, example.label) for example in examples] == [("in/1.png", "cat"), ("in/2.png", "dog")]


def test_a_json_list_beside_label_folders_is_said_and_any_other_json_is_not(source):
    files = {"a/1.png": PNG, "b/1.png": OTHER, "config.json": b'{"lr": 1}', "train.json": json.dumps(CHATS).encode()}
    with pytest.warns(NotedWarning, match=r"is not read: the folders are the labels, .*: 'train\.json'"):
        assert read_examples(source(files)).labels == ("a", "b")


def test_metadata_of_an_imagefolder_is_read_by_its_file_names(source):
    lines = jsonl({"file_name": "a/1.png", "label": "x"}, {"file_name": "b/2.png", "label": "y"})
    examples = read_examples(source({"a/1.png": PNG, "b/2.png": OTHER, "metadata.jsonl": lines}))
    assert [(example.images[0].name, example.label) for example in examples] == [("a/1.png", "x"), ("b/2.png", "y")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("metadata.jsonl", jsonl({"file_name": "cat/1.png", "text": "a cat"}, {"file_name": "dog/1.png", "text": "a dog"})),
        ("metadata.csv", b"file_name,text\ncat/1.png,a cat\n"),
    ],
)
def test_metadata_without_labels_leaves_them_to_the_folders(source, name, text):
    with pytest.warns(NotedWarning, match="A list of pictures beside label folders is not read"):
        examples = read_examples(source({"cat/1.png": PNG, "dog/1.png": OTHER, name: text}))
    assert examples.labels == ("cat", "dog")
    assert notes(examples)["unread list"].examples == (name,)


def test_a_table_of_pictures_beside_label_folders_is_said_and_one_of_figures_is_not(source):
    files = {"cat/1.png": PNG, "dog/1.png": OTHER, "results.csv": b"epoch,loss\n1,0.2\n", "bad.csv": b"\xff"}
    with pytest.warns(NotedWarning, match=r"is not read: the folders are the labels, .*: 'labels\.csv'"):
        examples = read_examples(source({**files, "labels.csv": b"filename,breed\n1.png,pug\n"}))
    assert notes(examples)["unread list"].count == 1


@pytest.mark.parametrize(
    "mask", ["1_mask.png", "1_mask_2.png", "mask_1.png", "1-seg.png", "1_GT.png", "1 segmentation.png"]
)
def test_masks_of_other_pictures_are_said(source, mask):
    with pytest.warns(NotedWarning, match="called masks or maps of others"):
        examples = read_examples(source({"cat/1.png": PNG, "dog/1.png": OTHER, f"cat/{mask}": noise_of(1)}))
    assert notes(examples)["masks"].examples == (f"cat/{mask}",)


def test_pictures_of_masks_are_no_masks_of_pictures(source):
    names = ("cat/mask_1.png", "cat/2_mask.png", "dog/1.png", "dog/depth.png")
    assert "masks" not in notes(read_examples(source({name: noise_of(seed) for seed, name in enumerate(names)})))


def test_pictures_that_no_line_names_are_noted(source):
    files = {f"{number}.png": PNG for number in range(9)} | {"l.jsonl": jsonl({"image": "./3.png", "label": "x"})}
    note = notes(read_examples(source(files)))["unnamed"]
    assert (note.count, note.examples) == (8, ("0.png", "1.png", "2.png"))


def test_one_picture_under_two_labels_is_noted(source):
    note = notes(read_examples(source({"cat/1.png": PNG, "dog/2.png": PNG, "dog/3.png": OTHER})))["two labels"]
    assert (note.count, note.examples) == (1, ("cat/1.png (cat) and dog/2.png (dog)",))


def test_what_was_converted_is_noted_once(source):
    from tests.support.profiles import P3

    files = {f"{label}/{n}.png": encoded(noise(seed=n), icc_profile=P3) for label in ("a", "b") for n in range(5)}
    note = notes(read_examples(source(files)))["profile"]
    assert note.count == 10
    assert note.sentence == (
        "Converted to sRGB from the colour profile 'Display P3': 10, such as 'a/0.png', 'a/1.png', 'a/2.png'."
    )


# Labels that are written in two ways -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "labels",
    [
        *(("1", "01"), ("1", "1.0"), ("1", "\uff11"), ("2", "\u0662"), ("0", "00"), ("1.5", "1,50"), ("+3", "3")),
        *(("hot dog", "hot_dog"), ("t-shirt", "t shirt"), ("cat", "cat (1)"), ("cat", "cat - Copy"), ("cat", "cat_")),
        *(("room 7", "room 07"), ("class_1", "class_001"), ("cat", "\uff43\uff41\uff54"), ("x\u00b2", "x2")),
    ],
)
def test_one_number_in_two_spellings_is_told_and_kept(source, labels):
    with pytest.warns(NotedWarning, match="Labels that only their spelling tells apart are kept apart: "):
        examples = read_examples(source({f"{label}/{n}.png": noise_of(n) for n, label in enumerate(labels)}))
    assert set(examples.labels) == set(labels)


@pytest.mark.parametrize(
    "labels",
    [
        ("1", "10"),
        ("0", "1"),
        ("1.1", "1.10.0"),
        ("10", "100"),
        ("1", "-1"),
        ("a1", "a10"),
        ("2.05", "2.5"),
        ("x", "0x"),
        ("cat", "cats"),
        ("c", "c++"),
        ("a (1)", "a (2) b"),
    ],
)
def test_numbers_that_differ_are_told_nothing_of(source, labels):
    examples = read_examples(source({f"{label}/{n}.png": noise_of(n) for n, label in enumerate(labels)}))
    assert "labels alike" not in notes(examples)


def test_labels_of_lines_in_two_spellings_are_told_too(source):
    lines = [{"image": f"{n}.png", "label": label} for n, label in enumerate((1, "1.0"))]
    with pytest.warns(NotedWarning, match=r"kept apart: '1 and 1.0'"):
        read_examples(source({"0.png": PNG, "1.png": OTHER, "l.jsonl": jsonl(*lines)}))


@pytest.mark.parametrize("label", ["NaN", "N/A", "null", "<NA>", "#REF!"])
def test_labels_that_may_stand_for_none_are_told(source, label):
    lines = f"image,label\n1.png,cat\n2.png,{label}\n"
    with pytest.warns(NotedWarning, match=f"may have written for none are labels here: '{label}'"):
        read_examples(source({"1.png": PNG, "2.png": OTHER, "l.csv": lines.encode()}))


GARBLED = {"caf\u00c3\u00a9": "caf\u00e9", "#U732b": "\u732b", "%E7%8C%AB": "\u732b", "\u00d0\u00bb": "\u043b"}


@pytest.mark.parametrize("label", GARBLED)
def test_garbled_labels_are_told_with_what_they_may_be(source, label):
    with pytest.warns(NotedWarning, match=f"Labels look garbled and are kept so: '{label} for {GARBLED[label]}'"):
        assert label in read_examples(source({f"{label}/1.png": PNG, "dog/1.png": OTHER})).labels


@pytest.mark.parametrize("label", ["caf\u00e9", "\u732b", "100%", "#Ufo", "50%25", "\u00c3"])
def test_odd_but_sound_labels_are_not_called_garbled(source, label):
    assert "garbled labels" not in notes(read_examples(source({f"{label}/1.png": PNG, "dog/1.png": OTHER})))


@pytest.mark.parametrize("folder", ["masks", "Thumbnails", "unlabeled", "docs"])
def test_folders_that_are_no_labels_as_a_rule_are_told(source, folder):
    files = {"cat/1.png": PNG, "dog/1.png": OTHER, f"{folder}/1.png": noise_of(1)}
    with pytest.warns(NotedWarning, match=f"What is no label as a rule is one here; .*: '{folder}'"):
        assert folder in read_examples(source(files)).labels


@pytest.mark.parametrize("joined", ["cat|dog", "dog, cat", "cat & dog"])
def test_labels_that_are_several_others_are_told(source, joined):
    lines = jsonl(
        *({"image": "1.png", "question": label, "label": label} for label in ("cat", "dog", joined, "salt & pepper"))
    )
    with pytest.warns(NotedWarning, match=f"several others at once .*: '{joined}'".replace("|", "[|]")):
        read_examples(source({"1.png": PNG, "l.jsonl": lines}))


def test_labels_that_hardly_come_twice_are_told(source):
    files = {f"{n / 7:.3f}/1.png": noise_of(n) for n in range(10)}
    with pytest.warns(NotedWarning, match="Hardly a label comes twice: 10 labels of 10 examples"):
        read_examples(source(files))
    files |= {f"{n / 7:.3f}/2.png": noise_of(n + 10) for n in range(10)}
    assert "labels alone" not in notes(read_examples(source(files)))
