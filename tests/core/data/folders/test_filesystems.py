"""Sets that lie elsewhere: the same examples as from a folder, whatever filesystem of pyarrow or fsspec has them."""

import json

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest

from sav_core.data.sets.datasets import read_examples, read_queries
from sav_core.data.sets.search_sets import read_index
from sav_core.errors import DatasetError
from tests.support.pictures import solid

RED, BLUE = (250, 10, 10), (10, 10, 250)


@pytest.fixture(params=["file", "memory"])
def root(request, tmp_path):
    """The address of an empty folder, and what writes a file there."""
    address = f"file://{tmp_path}" if request.param == "file" else f"memory://{tmp_path.name}"
    files, path = pafs.FileSystem.from_uri(address if request.param == "file" else f"fsspec+{address}")

    def write(name, content):
        files.create_dir(f"{path}/{name}".rpartition("/")[0], recursive=True)
        with files.open_output_stream(f"{path}/{name}") as file:
            file.write(content)

    return address, write


def facts(examples):
    return [(example.name, example.label) for example in examples]


def test_folders_are_labels_and_what_is_broken_or_hidden_is_left_out(root):
    address, write = root
    for name in ("cat/10.png", "cat/2.png", "dog/1.png", ".git/1.png"):
        write(name, solid(RED if "cat" in name else BLUE))
    write("dog/2.png", b"no picture")
    with pytest.warns(UserWarning, match=r"dog/2\.png"):
        examples = read_examples(address)
    assert facts(examples) == [("cat/2.png", "cat"), ("cat/10.png", "cat"), ("dog/1.png", "dog")]
    assert examples[2].images[0].rgb().getpixel((0, 0)) == BLUE
    with pytest.warns(UserWarning, match=r"dog/2\.png"):
        index = read_index(f"{address}/")
    assert facts(index) == [(f"{address}/{name}", label) for name, label in facts(examples)]
    assert [example.name for example in read_queries([f"{address}/cat/2.png"])] == [f"{address}/cat/2.png"]


def test_lines_name_pictures_beside_them_or_by_their_address(root):
    address, write = root
    write("pictures/1.png", solid(RED))
    write("lists/pets.jsonl", b"".join(
        json.dumps({"image": image, "label": label, "question": "Which?"}).encode() + b"\n"
        for image, label in (("../pictures/1.png", "cat"), (f"{address}/pictures/1.png", "dog"))
    ))  # fmt: skip
    examples = read_examples(f"{address}/lists/pets.jsonl")
    assert [(example.label, example.question) for example in examples] == [("cat", "Which?"), ("dog", "Which?")]
    assert examples[0].images == examples[1].images


def test_rows_of_parquet_hold_pictures_or_name_them(root):
    address, write = root
    write("a/0.png", solid(BLUE))
    held = [{"bytes": solid(RED), "path": "x.png"}, {"bytes": solid(BLUE), "path": None}, {"bytes": b"no", "path": ""}]
    for name, table in (
        ("a/held.parquet", pa.table({"image": held, "label": [1, 2, 1], "split": ["a"] * 3})),
        ("b/part-0.parquet", pa.table({"image": pa.array([solid(RED)]), "answer": ["cat"]})),
        ("b/part-1.parquet", pa.table({"image": pa.array([solid(BLUE)]), "answer": ["dog"]})),
        ("a/named.parquet", pa.table({"image_path": ["0.png"], "question": ["What?"]})),
    ):
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        write(name, sink.getvalue().to_pybytes())
    with pytest.warns(UserWarning, match=r"Row 3 of 'held\.parquet'"):
        examples = read_examples(f"{address}/a/held.parquet")
    assert facts(examples) == [("held.parquet:0/image", "1"), ("held.parquet:1/image", "2")]
    assert [label for _, label in facts(read_index(f"{address}/b"))] == ["cat", "dog"]
    (named,) = read_queries(f"{address}/a/named.parquet")
    assert (named.question, named.images[0].rgb().getpixel((0, 0))) == ("What?", BLUE)
    assert facts(read_index(f"{address}/a/named.parquet"))[0][1] is None


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("file:///nowhere/at/all", "There is nothing at"),
        ("nonsense://bucket/pets", "cannot be opened"),
        ("memory://empty.txt", "There is nothing at"),
    ],
)
def test_what_is_not_there_is_one_sentence(address, told):
    for read in (read_examples, read_queries, read_index):
        with pytest.raises(DatasetError, match=told):
            read(address)
