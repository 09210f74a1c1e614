"""What training reads: resource collections, the names it teaches, and what it keeps apart."""

import struct
import zlib
from pathlib import Path

import pytest

from tools.evaluation_photographs import COLLECTIONS, label
from tools.names import CLASSES, NEW_WORDS, more, teachable
from tools.photographs import REPOSITORIES, SOURCES
from tools.resources import unpack
from tools.text import build_tokenizer
from tools.world import HELD_OUT, TRAINED, held_out_icons


def collection(packed_otherwise: bool = False) -> bytes:
    """A collection of two files in a folder, one of them deflated, as Qt writes it."""
    names, places = b"", {}
    for name in ("folder", "plain.txt", "deflated.txt"):
        places[name] = len(names)
        names += struct.pack(">HI", len(name), 0) + name.encode("utf-16-be")
    squeezed = struct.pack(">I", 9) + zlib.compress(b"squeezed!")
    bodies = [b"as it is", squeezed]
    data = b"".join(struct.pack(">I", len(body)) + body for body in bodies)
    tree = struct.pack(">IHII", 0, 2, 1, 1)  # the root: one child, node 1
    tree += struct.pack(">IHII", places["folder"], 2, 2, 2)
    tree += struct.pack(">IHII", places["plain.txt"], 4 if packed_otherwise else 0, 0, 0)
    tree += struct.pack(">IHII", places["deflated.txt"], 1, 0, 4 + len(bodies[0]))
    head = 20
    return struct.pack(">4s4I", b"qres", 1, head, head + len(tree), head + len(tree) + len(data)) + tree + data + names


def test_a_resource_collection_is_read(tmp_path: Path) -> None:
    path = tmp_path / "some.rcc"
    path.write_bytes(collection())
    assert unpack(path) == {"/folder/plain.txt": b"as it is", "/folder/deflated.txt": b"squeezed!"}


def test_what_is_packed_otherwise_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "some.rcc"
    path.write_bytes(collection(packed_otherwise=True))
    with pytest.raises(ValueError, match="flags 4"):
        unpack(path)
    path.write_bytes(b"something else entirely")
    with pytest.raises(ValueError, match="no Qt resource collection"):
        unpack(path)


def test_names_held_out_are_taught_nowhere() -> None:
    assert len(CLASSES) == 1000
    assert not set(HELD_OUT) & {*TRAINED, *more(), *NEW_WORDS, *teachable()}
    assert not held_out_icons() & set(more().values())


def test_every_name_but_those_that_begin_with_a_colour_is_one_token() -> None:
    tokenizer = build_tokenizer()
    several = [n for n in (*TRAINED, *more(), *NEW_WORDS) if len(tokenizer.encode(f" {n}", add_special_tokens=False)) > 1]
    assert several == []
    text = " how many polar bears and a red wolf are left of the labrador retriever?"
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


def test_no_photograph_of_the_tests_is_among_the_sources_of_training() -> None:
    taken = {Path(source.pattern).name for source in SOURCES}
    assert not taken & {collection.file for collection in COLLECTIONS}
    assert not any("tuxpaint" in source.package or "GPL" in source.licence for source in SOURCES)
    assert all(repository.licence.startswith("CC") and len(repository.commit) == 40 for repository in REPOSITORIES)


def test_photographs_are_labelled_by_their_names() -> None:
    things, animals, paintings = COLLECTIONS
    assert label(things, "tools-hammer3") == "hammer"
    assert label(things, "others-plate") is None
    assert label(animals, "resource-gorilla") == "primate"
    assert label(paintings, "image-Arcimboldo_Spring_b2") == "Arcimboldo_Spring"
