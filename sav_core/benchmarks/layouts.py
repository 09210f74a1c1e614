"""The data sets' own layouts -> items. Each reader is a generator over one folder; `OWN` is the table of them.

The layouts are those of the owners' downloads, as their repositories and cards describe them. A reader insists first on
what it needs, so that a wrong folder is told at once and whole.
"""

from __future__ import annotations

import csv
import posixpath
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from sav_core.benchmarks.camera import read_camerabench
from sav_core.benchmarks.facts import BLINK_TASKS, SUGARCREPE_TASKS
from sav_core.benchmarks.folder import Folder
from sav_core.benchmarks.items import Item
from sav_core.benchmarks.prompts import ask
from sav_core.benchmarks.rewards import PAIRS, SINGLE, read_rewards
from sav_core.data.lists.parquet import ParquetSource
from sav_core.errors import SkippedWarning

__all__ = ["OWN", "Reader"]

Reader: TypeAlias = Callable[[Folder], Iterator[Item]]

_EUROSAT = (
    "AnnualCrop", "Forest", "HerbaceousVegetation", "Highway", "Industrial", "Pasture", "PermanentCrop", "Residential",
    "River", "SeaLake",
)  # fmt: skip


def _mhalubench(folder: Folder) -> Iterator[Item]:
    """A list of answers, each with its claims and a label for every claim."""
    lists = {
        "train": ("MHaluBench_train.json", "train.json"),
        "test": ("MHaluBench_val-v0.2.json", "MHaluBench_val-v0.1.json", "MHaluBench_val.json", "val.json"),
    }
    for part, name in _first_of(folder, lists):
        for number, record in enumerate(folder.records(name)):
            where = f"entry {number} of {name}"
            images = folder.find([folder.text(record, "image_path", where).lstrip("/")])
            for place, (claim, label) in enumerate(_claims(folder, record, where)):
                plain, full = ask("claim", claim)
                if images:
                    yield Item(f"{name}:{number}:{place}", folder.source, images, label, plain, full, part)


def _claims(folder: Folder, record: dict[str, Any], where: str) -> list[tuple[str, str]]:
    """Return claims with labels: objects of both, or texts beside a list of labels."""
    claims = folder.objects(record, "claim_list", where)
    if all(isinstance(claim, dict) for claim in claims):
        return [(folder.text(claim, "claim", where), folder.text(claim, "claim_label", where)) for claim in claims]
    labels = record.get("ref_claim_label", record.get("claim_label"))
    if not isinstance(labels, list) or len(labels) != len(claims):
        raise folder.wrong(f"{where} has {len(claims)} claims, but not as many labels under 'ref_claim_label'")
    if not all(isinstance(text, str) for text in (*claims, *labels)):
        raise folder.wrong(f"{where} has a claim or a label that is no text")
    return list(zip(claims, labels, strict=True))


def _vlguard(folder: Folder) -> Iterator[Item]:
    """Safe images each have a safe and an unsafe instruction, unsafe images one instruction."""
    home = folder.home("train.json", "data") or folder.home("test.json", "data")
    lists = {part: (posixpath.join(home, f"{part}.json"),) for part in ("train", "test")}
    labels = {"safe_instruction": "unharmful", "unsafe_instruction": "harmful", "instruction": "harmful"}
    for part, name in _first_of(folder, lists):
        for number, record in enumerate(folder.records(name)):
            where = f"entry {number} of {name}"
            images = folder.find([posixpath.join(home, part, folder.text(record, "image", where))])
            for place, pair in enumerate(folder.objects(record, "instr-resp", where)):
                kind = next((kind for kind in labels if isinstance(pair, dict) and kind in pair), None)
                if kind is None:
                    raise folder.wrong(f"{where} has none of {', '.join(labels)}")
                plain, full = ask("instruction", folder.text(pair, kind, where))
                if images:
                    yield Item(f"{name}:{number}:{place}", folder.source, images, labels[kind], plain, full, part)


def _blink(folder: Folder) -> Iterator[Item]:
    """A folder of Parquet files for each sub-task; only the validation answers are public."""
    columns = ["idx", "question", "image_1", "image_2", "image_3", "image_4", "answer", "prompt"]
    shards = [(task, path) for task in BLINK_TASKS for path in sorted((folder.root / task).glob("val-*.parquet"))]
    if not shards:
        raise folder.wrong("no val-*.parquet in a folder named after a sub-task")
    for task, path in shards:
        source = ParquetSource(path)
        for number, row in enumerate(source.rows(columns)):
            images = tuple(f"{number}/{name}" for name in columns if name.startswith("image_") and row[name])
            words = [folder.text(row, key, f"row {number} of {task}") for key in ("idx", "answer", "question", "prompt")]
            yield Item(words[0], source, images, words[1].strip("()"), words[2], words[3], task=task)


def _vizwiz(folder: Folder) -> Iterator[Item]:
    """A list of questions for each part, with whether the photograph can answer them."""
    home = folder.home("train.json", "Annotations", "annotations") or folder.home("val.json", "Annotations", "annotations")
    lists = {part: (posixpath.join(home, f"{name}.json"),) for part, name in (("train", "train"), ("test", "val"))}
    places = {name: posixpath.basename(name).removesuffix(".json") for _, name in _first_of(folder, lists)}
    there = [place for place in places.values() if (folder.root / place).is_dir()]
    if not there:
        folder.require(*(f"{place}/" for place in places.values()))
    for part, name in _first_of(folder, lists):
        images_folder = places[name]
        if images_folder not in there:
            warnings.warn(
                f"{folder.benchmark.title} has no {images_folder}/ here, so what {name} lists is left out: unpack the "
                f"images there. Get them from {folder.benchmark.url}",
                SkippedWarning,
                stacklevel=2,
            )
            continue
        for number, record in enumerate(folder.records(name)):
            where = f"entry {number} of {name}"
            image = folder.text(record, "image", where)
            plain, full = ask("photograph", folder.text(record, "question", where))
            label = "answerable" if folder.field(record, "answerable", where) else "unanswerable"
            if images := folder.there([posixpath.join(images_folder, image)]):
                yield Item(image, folder.source, images, label, plain, full, part)


def _naturalbench(folder: Folder) -> Iterator[Item]:
    """Every row is two questions on two images: four items, in the order in which they are scored."""
    kinds = {"yes_no": "yes or no", "multiple_choice": "letter"}
    places = [(0, 0), (0, 1), (1, 0), (1, 1)]  # (question, image)
    answers = [f"Image_{image}_Question_{question}" for question, image in places]
    columns = ["Index", "Image_0", "Image_1", "Question_0", "Question_1", "Question_Type", *answers]
    shards = sorted((folder.root / folder.home("data", "default")).glob("data/train-*.parquet"))
    if not shards:
        raise folder.wrong("no data/train-*.parquet")
    for path in shards:
        source = ParquetSource(path)
        for number, row in enumerate(source.rows(columns)):
            kind = row["Question_Type"]
            if kind not in kinds:
                raise folder.wrong(f"row {number} of {path.name} has the question type {kind!r}, not one of {list(kinds)}")
            for (question, image), answer in zip(places, answers, strict=True):
                where = f"row {number} of {path.name}"
                plain, full = ask(kinds[kind], folder.text(row, f"Question_{question}", where))
                name, group = f"{row['Index']}:q{question}i{image}", str(row["Index"])
                images = (f"{number}/Image_{image}",)
                yield Item(name, source, images, folder.text(row, answer, where).strip(), plain, full, "", kind, group)


def _sugarcrepe(folder: Folder) -> Iterator[Item]:
    """Every entry is an image with a true and a false caption: two items."""
    home = folder.home("swap_att.json", "data")
    names = {task: posixpath.join(home, f"{task}.json") for task in SUGARCREPE_TASKS}
    folder.require(*names.values())
    for task, name in names.items():
        for number, record in enumerate(folder.records(name)):
            where = f"entry {number} of {name}"
            images = folder.find([folder.text(record, "filename", where)])
            for key, label in (("caption", "Yes"), ("negative_caption", "No")):
                plain, full = ask("caption", folder.text(record, key, where))
                place, group = f"{task}:{number}:{key}", f"{task}:{number}"
                if images:
                    yield Item(place, folder.source, images, label, plain, full, task=task, group=group)


def _eurosat(folder: Folder) -> Iterator[Item]:
    """A folder for each of the ten classes."""
    home = folder.home("AnnualCrop", "2750", "EuroSAT", "EuroSAT/2750", "EuroSAT_RGB")
    folder.require(*(posixpath.join(home, name, "") for name in _EUROSAT))
    for label in _EUROSAT:
        for image in folder.images(posixpath.join(home, label)):
            yield Item(posixpath.relpath(image, home or "."), folder.source, (image,), label)


def _pets(folder: Folder) -> Iterator[Item]:
    """Lists of ``name class species breed``; a class's name is its images' without the number."""
    home = folder.home("annotations", "oxford-iiit-pet")
    lists = {
        "train": posixpath.join(home, "annotations/trainval.txt"),
        "test": posixpath.join(home, "annotations/test.txt"),
    }
    folder.require(*lists.values(), posixpath.join(home, "images/"))
    for part, name in lists.items():
        for row in folder.rows(name, 4):
            label = row[0].rpartition("_")[0].replace("_", " ").title()
            if images := folder.there([posixpath.join(home, "images", f"{row[0]}.jpg")]):
                yield Item(f"{row[0]}.jpg", folder.source, images, label, part=part)


def _cub(folder: Folder) -> Iterator[Item]:
    """Four lists that share the image's number."""
    home = folder.home("images.txt", "CUB_200_2011")
    names = ("images.txt", "image_class_labels.txt", "train_test_split.txt", "classes.txt")
    paths = [posixpath.join(home, name) for name in names]
    folder.require(*paths, posixpath.join(home, "images/"))
    images, labels, splits, classes = ({row[0]: row[1] for row in folder.rows(path, 2)} for path in paths)
    if not images.keys() == labels.keys() == splits.keys() or not set(labels.values()) <= classes.keys():
        raise folder.wrong(f"{', '.join(names)} do not number the same images and classes")
    for number, image in images.items():
        label = classes[labels[number]].split(".", 1)[-1].replace("_", " ")
        part = "train" if splits[number] == "1" else "test"
        if there := folder.there([posixpath.join(home, "images", image)]):
            yield Item(image, folder.source, there, label, part=part)


def _flowers(folder: Folder) -> Iterator[Item]:
    """Two MATLAB files: every image's class, and the numbers of the images in each part."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    home = folder.home("setid.mat", "flowers-102", "102flowers")
    labels_file, parts_file = (posixpath.join(home, name) for name in ("imagelabels.mat", "setid.mat"))
    folder.require(labels_file, parts_file, posixpath.join(home, "jpg/"))
    names = Path(__file__).with_name("flowers102.txt").read_text(encoding="utf-8").splitlines()
    try:
        labels = loadmat(folder.root / labels_file)["labels"].ravel().tolist()
        numbers = {key: loadmat(folder.root / parts_file)[key].ravel().tolist() for key in ("trnid", "valid", "tstid")}
    except (KeyError, ValueError, OSError, NotImplementedError, MatReadError, zlib.error) as error:
        raise folder.wrong(f"{labels_file} and {parts_file} lack labels, trnid, valid or tstid ({error})") from error
    for key, part in (("trnid", "train"), ("valid", "train"), ("tstid", "test")):
        for number in numbers[key]:
            if not 1 <= number <= len(labels) or not 1 <= labels[number - 1] <= len(names):
                raise folder.wrong(f"{parts_file} names image {number}, which {labels_file} gives no class of the 102")
            image = f"image_{number:05d}.jpg"
            if there := folder.there([posixpath.join(home, "jpg", image)]):
                yield Item(image, folder.source, there, names[labels[number - 1] - 1], part=part)


def _imagenet(folder: Folder) -> Iterator[Item]:
    """A folder for each part with one for each class; Kaggle's flat validation folder has its answers in a list."""
    home = folder.home("train", "ILSVRC/Data/CLS-LOC")
    tests = [name for name in ("val", "test", "validation") if (folder.root / home / name).is_dir()]
    folder.require(posixpath.join(home, "train/"), *([] if tests else [posixpath.join(home, "val/")]))
    names = _synsets(folder)
    for part, name in (("train", "train"), ("test", tests[0])):
        place = posixpath.join(home, name)
        classes = folder.folders(place)
        if not classes and part == "test" and (folder.root / "LOC_val_solution.csv").is_file():
            yield from _kaggle_validation(folder, place, names)
            continue
        if not classes:
            raise folder.wrong(f"{place}/ holds no folder for a class")
        for label in classes:
            for image in folder.images(posixpath.join(place, label)):
                key = posixpath.join(name, label, posixpath.basename(image))
                yield Item(key, folder.source, (image,), names.get(label, label), part=part)


def _kaggle_validation(folder: Folder, place: str, names: dict[str, str]) -> Iterator[Item]:
    with (folder.root / "LOC_val_solution.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if not row.get("ImageId") or not row.get("PredictionString"):
                raise folder.wrong("LOC_val_solution.csv lacks ImageId or PredictionString")
            label = row["PredictionString"].split()[0]
            if images := folder.there([posixpath.join(place, f"{row['ImageId']}.JPEG")]):
                yield Item(f"val/{row['ImageId']}.JPEG", folder.source, images, names.get(label, label), part="test")


def _synsets(folder: Folder) -> dict[str, str]:
    """Return the first name of each WordNet number; a name that two share (there are two cranes) keeps its number."""
    if not (folder.root / "LOC_synset_mapping.txt").is_file():
        return {}
    first = {number: names.split(",")[0] for number, names in folder.rows("LOC_synset_mapping.txt", 2)}
    shared = {name for name in first.values() if list(first.values()).count(name) > 1}
    return {number: f"{name} ({number})" if name in shared else name for number, name in first.items()}


def _first_of(folder: Folder, lists: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield for each part the first of its files that is there."""
    found = {part: next((n for n in names if (folder.root / n).is_file()), None) for part, names in lists.items()}
    if not any(found.values()):
        raise folder.wrong(f"none of {', '.join(name for names in lists.values() for name in names)} is there")
    yield from ((part, name) for part, name in found.items() if name is not None)


OWN: dict[str, Reader] = {
    "mhalubench": _mhalubench,
    "vlguard": _vlguard,
    "blink": _blink,
    "vizwiz": _vizwiz,
    "naturalbench": _naturalbench,
    "sugarcrepe": _sugarcrepe,
    "eurosat": _eurosat,
    "pets": _pets,
    "cub": _cub,
    "flowers": _flowers,
    "imagenet": _imagenet,
    "camerabench": read_camerabench,
    PAIRS: read_rewards,
    SINGLE: read_rewards,
}
