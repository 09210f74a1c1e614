"""Everything that takes bytes or messages from strangers, each with something sound to spoil, see ``perf.fuzz``."""

from __future__ import annotations

import io
import json
import random
import shutil
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pillow_heif import encode

from perf.mutations import mutated_archive, mutated_arrays, mutated_bytes, mutated_json, mutated_text
from sav_core.data.examples import Example
from sav_core.data.pictures.picture import as_picture, read_picture
from sav_core.data.pictures.processes import read_in_processes
from sav_core.data.pictures.raster import raster_file
from sav_core.data.sets.datasets import read_examples, read_queries
from sav_core.errors import InputError
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.classifier_file import _FILE, Provenance, read_classifier, write_classifier
from sav_core.heads.rules import RULES
from sav_core.types import HeadVectors
from sav_core.vectors.annotation_files import clear_facts
from sav_core.vectors.build import FunctionVector
from sav_core.vectors.vector_file import VECTOR_FILE
from sav_ui.session.keeper import SavedPart, SavedRow
from sav_ui.session.kept_file import read_kept
from sav_ui.session.memory import Memory
from sav_ui.session.project import Project
from sav_ui.session.project_file import read_project, write_project

__all__ = ["Stranger", "files"]

_TARGET = "opened"
_KEPT = ("classify", "measure")


@dataclass(frozen=True)
class Stranger:
    """One way in.

    Attributes:
        name: of what comes in.
        cases: how many are tried of it by default.
        make: something that a stranger could send.
        take: what the app does with it; it may raise ``SavError`` alone.
    """

    name: str
    cases: int
    make: Callable[[random.Random], Any]
    take: Callable[[Any], object]


def files(folder: Path) -> list[Stranger]:
    """Files of every kind; what must lie on a disk lies in that folder."""
    return [
        Stranger("pictures", 40_000, _of_bytes(list(pictures().values())), _take_picture),
        Stranger("classifiers", 15_000, _classifiers(folder), _from_file(folder / "a.sav", _take_classifier)),
        Stranger("function vectors", 5_000, _function_vectors(folder), _from_file(folder / "a.fv", _take_vector)),
        Stranger("archives and projects", 15_000, _archives(folder), _from_file(folder / "a.zip", _take_archive)),
        Stranger("lists and tables", 15_000, _lists, lambda sent: _take_list(folder / "set", *sent)),
    ]


def noise(seed: int = 0, width: int = 13, height: int = 9) -> Image.Image:
    """A small picture."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def pictures() -> dict[str, bytes]:
    """A small file of each kind of picture, by its ending."""
    image, more = noise(), noise(1)
    heic = io.BytesIO()
    encode("RGB", image.size, image.tobytes(), heic, quality=80)
    grey = np.arange(13 * 9, dtype=np.uint16).reshape(9, 13) * 500
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        "png": _encoded(image, "PNG", exif=exif),
        "palette.png": _encoded(image.quantize(16), "PNG", transparency=3),
        "grey16.png": _encoded(Image.fromarray(grey), "PNG"),
        "apng": _encoded(image, "PNG", save_all=True, append_images=[more]),
        "jpg": _encoded(image, "JPEG", exif=exif),
        "progressive.jpg": _encoded(image, "JPEG", progressive=True),
        "cmyk.jpg": _encoded(image.convert("CMYK"), "JPEG"),
        "webp": _encoded(image, "WEBP"),
        "lossless.webp": _encoded(image, "WEBP", lossless=True),
        "gif": _encoded(image, "GIF", save_all=True, append_images=[more]),
        "tif": _encoded(image, "TIFF"),
        "deflate.tif": _encoded(image, "TIFF", compression="tiff_deflate"),
        "lzw.tif": _encoded(image.convert("L"), "TIFF", compression="tiff_lzw"),
        "grey16.tif": raster_file(grey),
        "float.tif": raster_file(grey.astype(np.float32)),
        "bands.tif": raster_file(np.dstack([grey] * 5)),
        "heic": heic.getvalue(),
        "avif": _encoded(image, "AVIF"),
        "jp2": _encoded(image, "JPEG2000"),
        "bmp": _encoded(image, "BMP"),
        "ppm": _encoded(image, "PPM"),
    }


def _encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _of_bytes(sound: list[bytes]) -> Callable[[random.Random], bytes]:
    return lambda chance: mutated_bytes(chance, chance.choice(sound), sound)


def _from_file(path: Path, take: Callable[[Path], object]) -> Callable[[bytes], object]:
    def taken(data: bytes) -> object:
        path.write_bytes(data)
        return take(path)

    return taken


def _take_picture(data: bytes) -> None:
    """As the app reads them, and every fourth as the library does."""
    read_in_processes(data[-1:] > b"\x40" or len(data) > 20_000)
    try:
        read_picture(data, "a.png").thumbnail(8)
    finally:
        read_in_processes(False)


def _some_vectors(shape: tuple[int, int, int, int] = (6, 2, 3, 4), labels: tuple[str | None, ...] = ()) -> HeadVectors:
    rows = shape[0]
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    return HeadVectors(values, labels or (None,) * rows, ("a",) * rows, tuple(range(rows)), rows)


def _classifiers(folder: Path) -> Callable[[random.Random], bytes]:
    """``.sav`` files whose bytes are spoiled, or whose content is and whose checksum is right."""
    whole: list[tuple[dict[str, Any], dict[str, Any]]] = []
    encoded = []
    for voting in RULES:
        heads = HeadClassifier(n_kept=3, voting=voting).fit(_some_vectors(labels=("a", "b") * 3))
        provenance = Provenance("m", "i", "float32", "pil", "What?", 3, voting, levels={"uint16": (0.0, 9.0)})
        write_classifier(folder / "sound.sav", heads.fitted_, provenance)
        encoded.append((folder / "sound.sav").read_bytes())
        arrays, header = _FILE.read(folder / "sound.sav")
        more = {"calibration": {"temperature": 1.5, "n": 6}, "reach": [0.5, 0.25], "reach_of_every_head": True}
        limit = {"rejection": {"threshold": 0.5, "own": 6, "refused": 1, "strangers": 6, "passed": 2}}
        whole.append(({**json.loads(header), **more, **limit}, arrays))

    def make(chance: random.Random) -> bytes:
        if chance.random() < 0.3:
            return mutated_bytes(chance, chance.choice(encoded), encoded)
        header, arrays = chance.choice(whole)
        return _FILE.content(mutated_arrays(chance, arrays), json.dumps(mutated_json(chance, header)))

    return make


def _take_classifier(path: Path) -> None:
    """Open it, classify with it, and show what is said of it."""
    fitted, told = read_classifier(path)
    heads = HeadClassifier.from_fitted(
        fitted, told.n_kept, told.voting, told.calibration, told.belief, told.reach, told.rejection
    )
    layers, n_heads, _, dim = fitted.centroids.shape
    for prediction in heads.predict(_some_vectors((2, layers, n_heads, dim))):
        json.dumps(prediction.as_dict())
    write_classifier(path, fitted, told)


def _function_vectors(folder: Path) -> Callable[[random.Random], bytes]:
    vector = FunctionVector(np.ones(8, np.float32), "above", 1, 2.0, "m", "i", notes={"n": 3})
    vector.save(folder / "sound.fv")
    encoded = (folder / "sound.fv").read_bytes()
    arrays, text = VECTOR_FILE.read(folder / "sound.fv")
    header = {**json.loads(text), "heads": [[0, 1], [1, 0]]}

    def make(chance: random.Random) -> bytes:
        if chance.random() < 0.3:
            return mutated_bytes(chance, encoded)
        return VECTOR_FILE.content(mutated_arrays(chance, arrays), json.dumps(mutated_json(chance, header)))

    return make


def _take_vector(path: Path) -> None:
    vector = FunctionVector.load(path)
    repr(vector.at(vector.layer + 1, vector.scale * 2))
    vector.save(path)


def _archives(folder: Path) -> Callable[[random.Random], bytes]:
    """ZIPs of label folders, of a list with its pictures, and saved projects."""
    some = pictures()
    labelled = {f"{'ab'[row % 2]}/{row}.{kind}": data for row, (kind, data) in enumerate(some.items())}
    lines = [{"image": f"i/{row}.png", "question": "What?", "label": "ab"[row % 2]} for row in range(4)]
    listed = {"list.jsonl": _lines(lines), **{f"i/{row}.png": some["png"] for row in range(4)}}
    table = {"metadata.csv": b"file_name,label\na.png,x\nb.jpg,y\n", "a.png": some["png"], "b.jpg": some["jpg"]}
    project = Project(question="What?").with_labelled(
        [Example(as_picture(noise(row), f"{row}.png"), "What?", "ab"[row % 2]) for row in range(4)]
    )
    rows = (SavedRow((as_picture(noise(7), "q.png"),), "Why?", {"right": "a", "of": 3}),)
    write_project(folder / "sound.zip", project, kept={name: SavedPart(rows, {"threshold": 0.5}) for name in _KEPT})
    import zipfile

    with zipfile.ZipFile(folder / "sound.zip") as archive:
        saved = {name: archive.read(name) for name in archive.namelist()}
    sound = (labelled, listed, table, saved, saved)
    return lambda chance: mutated_archive(chance, chance.choice(sound), lambda name, data: _spoiled(chance, name, data))


def _spoiled(chance: random.Random, name: str, data: bytes) -> bytes:
    """A file of an archive, spoiled as what it is."""
    if chance.random() < 0.3 or not name.endswith((".json", ".jsonl", ".rows", ".csv")):
        return mutated_bytes(chance, data)
    try:
        text = data.decode()
        if name.endswith(".json"):
            return json.dumps(mutated_json(chance, json.loads(text))).encode()
    except ValueError:  # it is spoiled already
        return mutated_bytes(chance, data)
    return _spoiled_lines(chance, text).encode("utf-8", "surrogatepass")


def _spoiled_lines(chance: random.Random, text: str) -> str:
    lines = text.split("\n")
    whole = [row for row, line in enumerate(lines) if line.startswith("{")]
    if not whole or chance.random() < 0.4:
        return mutated_text(chance, text)
    row = chance.choice(whole)
    try:
        lines[row] = json.dumps(mutated_json(chance, json.loads(lines[row])))
    except ValueError:
        return mutated_text(chance, text)
    return "\n".join(lines)


def _take_archive(path: Path) -> None:
    """As a set, as pictures to classify, as a project and as relations: whatever it is taken for."""
    tries = (read_examples, read_queries, _take_project)
    _each(tuple(lambda each=each: each(path) for each in tries))  # type: ignore[misc]


def _take_project(path: Path) -> None:
    read_project(path, Project())
    read_kept(path, _KEPT)


def _each(tries: tuple[Callable[[], object], ...]) -> None:
    """Try all of them; raises a refusal where not one took it."""
    refused: list[InputError] = []
    for each in tries:
        try:
            with Memory().reading(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                each()
        except InputError as error:
            refused.append(error)
    if len(refused) == len(tries):
        raise refused[-1]


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


_LISTS: Mapping[str, str] = {
    "a.jsonl": '{"image": "0.png", "question": "What?", "label": "a"}\n{"images": ["1.jpg", "0.png"], "text": "Why?", '
    '"answer": "b"}\n{"image": "data:image/png;base64,iVBORw0KGgo=", "label": "a"}\n',
    "a.json": '[{"image": "0.png", "question": "What?", "label": "a"}, {"image": {"path": "1.jpg"}, "label": "b"}]',
    "chat.json": '[{"id": "1", "image": "0.png", "conversations": [{"from": "human", "value": "<image>\\nWhat?"}, {"from": '
    '"gpt", "value": "a"}]}, {"image": "1.jpg", "conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", '
    '"value": "b"}]}]',
    "a.csv": 'image,question,label\n0.png,"What, then?",a\n1.jpg,Why?,b\n',
    "a.tsv": "file_name\tlabel\n0.png\ta\n1.jpg\tb\n",
    "r.jsonl": '{"image": "0.png", "anchor": "table", "relation": "on", "related": "cup"}\n',
    "gqa.json": '{"0": {"objects": {"1": {"name": "cup", "relations": [{"name": "on", "object": "2"}]}, '
    '"2": {"name": "table"}}}}',
    "vg.json": '[{"image_id": 0, "objects": [{"object_id": 1, "names": ["cup"]}, {"object_id": 2, "name": "table"}], '
    '"relationships": [{"predicate": "on", "subject_id": 1, "object_id": 2}]}]',
}


def _lists(chance: random.Random) -> tuple[str, bytes]:
    name = chance.choice(list(_LISTS))
    text = _LISTS[name]
    if chance.random() < 0.2:
        return name, mutated_bytes(chance, text.encode())
    if name.endswith(".json"):
        return name, json.dumps(mutated_json(chance, json.loads(text))).encode()
    encoding = chance.choice(("utf-8", "utf-8", "utf-8", "utf-16"))
    return name, _spoiled_lines(chance, text).encode(encoding, "surrogatepass")


def _take_list(folder: Path, name: str, data: bytes) -> None:
    """As a set, as pictures to classify and as relations, with two pictures beside it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "0.png").write_bytes(_encoded(noise(), "PNG"))
    (folder / "1.jpg").write_bytes(_encoded(noise(1), "JPEG"))
    path = folder / name
    path.write_bytes(data)
    _each((lambda: read_examples(path), lambda: read_queries(path), lambda: clear_facts(path)))
