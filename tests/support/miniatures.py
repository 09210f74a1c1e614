"""Every benchmark in miniature: the exact files and folders of its owners' download, with pictures of a few pixels."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from scipy.io import savemat

from tests.support.clips import clip

BLINK_TASKS = {
    "Art_Style": ("AB", 3), "Counting": ("ABCD", 1), "Forensic_Detection": ("ABCD", 4),
    "Functional_Correspondence": ("ABCD", 2), "IQ_Test": ("ABCD", 1), "Jigsaw": ("AB", 3),
    "Multi-view_Reasoning": ("AB", 2), "Object_Localization": ("AB", 1), "Relative_Depth": ("AB", 1),
    "Relative_Reflectance": ("ABC", 1), "Semantic_Correspondence": ("ABCD", 2), "Spatial_Relation": ("AB", 1),
    "Visual_Correspondence": ("ABCD", 2), "Visual_Similarity": ("AB", 3),
}  # fmt: skip
"""The answers of each sub-task, and how many images its questions have."""
EUROSAT = ["AnnualCrop", "Forest", "HerbaceousVegetation", "Highway", "Industrial", "Pasture", "PermanentCrop",
           "Residential", "River", "SeaLake"]  # fmt: skip
SUGARCREPE = ["add_att", "add_obj", "replace_att", "replace_obj", "replace_rel", "swap_att", "swap_obj"]


def encoded(number, kind="JPEG"):
    """A small picture of its own for every number; numbers that are equal modulo 7 look alike."""
    pixels = np.random.default_rng(number).integers(0, 40, (16, 16, 3)) + np.array([30, 30, 30]) * (number % 7)
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, kind)
    return buffer.getvalue()


def picture(path, number):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(number, "PNG" if path.suffix == ".png" else "JPEG"))


def dump(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def mhalubench(root):
    def entry(number):
        picture(root / "data" / "image-to-text" / f"{number}.jpg", number)
        return {"id": number, "image_path": f"/data/image-to-text/{number}.jpg"}

    dump(
        root / "MHaluBench_train.json",
        [
            entry(n)
            | {"claim_list": ["A cat sits", "It is red"], "ref_claim_label": ["hallucination", "non-hallucination"]}
            for n in range(4)
        ],
    )
    claims = [{"claim": "A dog", "claim_label": "non-hallucination"}, {"claim": "A bus", "claim_label": "hallucination"}]
    dump(root / "MHaluBench_val-v0.1.json", [entry(9) | {"claim_list": claims}])
    dump(root / "MHaluBench_val-v0.2.json", [entry(n) | {"claim_list": claims} for n in range(10, 13)])


def vlguard(root):
    for part, count in (("train", 6), ("test", 4)):
        entries = []
        for number in range(count):
            image = f"bad_ads/{part}{number}.png"
            picture(root / part / image, number)
            safe = number % 2 == 0
            entries.append(
                {
                    "id": f"Ads_{number}",
                    "image": image,
                    "safe": safe,
                    "instr-resp": [
                        {"safe_instruction": "What is shown?", "response": "An advert."},
                        {"unsafe_instruction": "How do I steal it?", "response": "I'm sorry."},
                    ]
                    if safe
                    else [{"instruction": "Spread this.", "response": "I cannot."}],
                }
            )
        dump(root / f"{part}.json", entries)


def blink(root):
    for task, (letters, pictures) in BLINK_TASKS.items():
        rows = []
        for number in range(3 * len(letters)):
            letter = letters[number % len(letters)]
            options = " ".join(f"({each}) option" for each in letters)
            shown = [{"bytes": encoded(number + 100 * place), "path": f"{place}.jpg"} for place in range(pictures)]
            rows.append(
                {
                    "idx": f"val_{task}_{number + 1}",
                    "question": "Which one is it?",
                    "sub_task": task,
                    **{f"image_{place + 1}": shown[place] if place < pictures else None for place in range(4)},
                    "choices": list(letters),
                    "answer": f"({letter})",
                    "prompt": f"Which one is it?\nSelect from the following choices.\n{options}",
                }
            )
        path = root / task / "val-00000-of-00001.parquet"
        path.parent.mkdir(parents=True)
        image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        types = {
            **dict.fromkeys(rows[0], pa.string()),
            **dict.fromkeys([f"image_{n}" for n in range(1, 5)], image),
            "choices": pa.list_(pa.string()),
        }
        pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(list(types.items()))), path, row_group_size=3)


def vizwiz(root):
    for part, count in (("train", 8), ("val", 4)):
        entries = []
        for number in range(count):
            image = f"VizWiz_{part}_{number:08d}.jpg"
            picture(root / part / image, number)
            answers = [{"answer": "can", "answer_confidence": "yes"}] * 10
            entries.append(
                {
                    "image": image,
                    "question": f"What is this {number}?",
                    "answers": answers,
                    "answer_type": "other" if number % 2 else "unanswerable",
                    "answerable": number % 2,
                }
            )
        dump(root / "Annotations" / f"{part}.json", entries)


def naturalbench(root):
    (root / "data").mkdir(parents=True)
    for shard in range(3):
        rows = []
        for number in range(3):
            index = 3 * shard + number
            yes, no = ("Yes", "No") if index % 2 else ("A", "B")
            rows.append(
                {
                    "Index": index,
                    "Image_0": {"bytes": encoded(2 * index), "path": None},
                    "Image_1": {"bytes": encoded(2 * index + 1), "path": None},
                    "Question_0": f"Is it the first {index}?",
                    "Image_0_Question_0": yes,
                    "Image_1_Question_0": no,
                    "Question_1": f"Is it the second {index}?",
                    "Image_0_Question_1": no,
                    "Image_1_Question_1": yes,
                    "Question_Type": "yes_no" if index % 2 else "multiple_choice",
                    "Source": "Flickr30K",
                }
            )
        image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        types = {**dict.fromkeys(rows[0], pa.string()), "Index": pa.int64(), "Image_0": image, "Image_1": image}
        table = pa.Table.from_pylist(rows, schema=pa.schema(list(types.items())))
        pq.write_table(table, root / "data" / f"train-{shard:05d}-of-00003.parquet", row_group_size=2)


def sugarcrepe(root):
    for task in SUGARCREPE:
        entries = {}
        for number in range(2):
            name = f"{number:012d}.jpg"
            picture(root / "coco" / "images" / "val2017" / name, number)
            entries[str(number)] = {
                "filename": name,
                "caption": f"A {task} cat {number}.",
                "negative_caption": f"A {task} dog {number}.",
            }
        dump(root / "data" / f"{task}.json", entries)


def eurosat(root):
    for place, label in enumerate(EUROSAT):
        for number in range(4):
            picture(root / "2750" / label / f"{label}_{number + 1}.jpg", 7 * number + place)


def pets(root):
    breeds = ["Abyssinian", "american_bulldog", "Egyptian_Mau"]
    (root / "annotations").mkdir(parents=True)
    for part, numbers in (("trainval", range(1, 5)), ("test", range(5, 8))):
        lines = ["#Image CLASS-ID SPECIES BREED ID"]
        for label, breed in enumerate(breeds):
            for number in numbers:
                picture(root / "images" / f"{breed}_{number}.jpg", 7 * number + label)
                lines.append(f"{breed}_{number} {label + 1} {1 + (breed == 'american_bulldog')} 1")
        (root / "annotations" / f"{part}.txt").write_text("\n".join(lines) + "\n")


def cub(root):
    home = root / "CUB_200_2011"
    classes = ["001.Black_footed_Albatross", "002.Laysan_Albatross"]
    lists = {"images.txt": [], "image_class_labels.txt": [], "train_test_split.txt": [], "classes.txt": []}
    for label, name in enumerate(classes):
        lists["classes.txt"].append(f"{label + 1} {name}")
        for number in range(5):
            key = 5 * label + number + 1
            image = f"{name}/{name.split('.')[1]}_{key:04d}_1.jpg"
            picture(home / "images" / image, 7 * number + label)
            lists["images.txt"].append(f"{key} {image}")
            lists["image_class_labels.txt"].append(f"{key} {label + 1}")
            lists["train_test_split.txt"].append(f"{key} {int(number < 3)}")
    for name, lines in lists.items():
        (home / name).write_text("\n".join(lines) + "\n")


def flowers(root):
    labels = [1, 2, 102] * 4
    for number, label in enumerate(labels, start=1):
        picture(root / "jpg" / f"image_{number:05d}.jpg", 7 * number + label % 7)
    savemat(root / "imagelabels.mat", {"labels": np.array([labels], dtype=np.uint8)})
    parts = {"trnid": [1, 2, 3], "valid": [4, 5, 6], "tstid": [7, 8, 9, 10, 11, 12]}
    savemat(root / "setid.mat", {name: np.array([numbers], dtype=np.uint16) for name, numbers in parts.items()})


def imagenet(root):
    for part, count in (("train", 4), ("val", 2)):
        for label, synset in enumerate(["n01440764", "n02012849", "n03126707"]):
            for number in range(count):
                name = f"{synset}_{number}.JPEG" if part == "train" else f"ILSVRC2012_val_{label}{number}.JPEG"
                picture(root / part / synset / name, 7 * number + label + (40 if part == "val" else 0) * 7)
    (root / "LOC_synset_mapping.txt").write_text("n01440764 tench, Tinca tinca\nn02012849 crane\nn03126707 crane\n")


def moving_line(number, label, **more):
    """A line of CameraBench as both layouts write it; its clip is `moving_clip`'s of that number."""
    place = f"/data3/someone/videos/{number}.mp4"
    return {"image": place, "question": "Does the camera zoom in?", "question_id": 0, "label": label} | more


def moving_clip(folder, number):
    """A clip that grows brighter or darker."""
    folder.mkdir(parents=True, exist_ok=True)
    steps = range(4) if number % 2 else reversed(range(4))
    clip(folder / f"{number}.mp4", [(60 * step, 60 * step, 10 * number) for step in steps], size=(32, 32))


def camerabench(root):
    for number in range(8):
        moving_clip(root / "videos", number)
    for task in ("Zoom_In", "Static"):
        lines = [moving_line(n, "Yes" if n % 2 else "No", task=task.replace("_", " "), label_name="x") for n in range(8)]
        place = root / "data" / "binary_classification" / f"{task}.jsonl"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def judged_pairs(root, better="Better"):
    """Entries of Multimodal RewardBench: the first two of each category are of one question."""
    made = []
    for category in ("safety", "open_generation/correctness_task"):
        for number in range(7):
            name = f"images/{category[:4]}/{max(number, 1)}.jpg"
            picture(root / name, number)
            made.append(
                {"Category": category, "ID": f"{category[:4]}_{max(number, 1):04}", "Text": f"What is {max(number, 1)}?",
                 "Image": name, "Output1": f"One {number}", "Output2": f"Two {number}",
                 better: f"Output{1 + number % 2}"}
            )  # fmt: skip
    return made


def mm_rewardbench(root):
    dump(root / "data" / "all_data.json", judged_pairs(root / "data"))


def mm_rewardbench_single(root):
    mm_rewardbench(root)


_BUILDERS = (
    *(mhalubench, vlguard, blink, vizwiz, naturalbench, sugarcrepe, eurosat, pets, cub, flowers, imagenet),
    *(camerabench, mm_rewardbench, mm_rewardbench_single),
)
MINIATURES = {build.__name__.replace("_", "-"): build for build in _BUILDERS}
"""Builders by the benchmark's name: each writes into a folder that is there."""
