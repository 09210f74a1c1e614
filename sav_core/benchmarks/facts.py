"""The benchmarks as one table: what each expects on disk, asks, counts, and what was published on it."""

from __future__ import annotations

from sav_core.benchmarks.row import Benchmark, Published
from sav_core.errors import SettingError

__all__ = ["BENCHMARKS", "BLINK_TASKS", "CAMERA_TASKS", "SUGARCREPE_TASKS", "benchmark_named"]

LLAVA, QWEN = "LLaVA-OneVision-7B", "Qwen2-VL-7B"

BLINK_TASKS = (
    "Art_Style", "Counting", "Forensic_Detection", "Functional_Correspondence", "IQ_Test", "Jigsaw",
    "Multi-view_Reasoning", "Object_Localization", "Relative_Depth", "Relative_Reflectance",
    "Semantic_Correspondence", "Spatial_Relation", "Visual_Correspondence", "Visual_Similarity",
)  # fmt: skip

SUGARCREPE_TASKS = ("add_att", "add_obj", "replace_att", "replace_obj", "replace_rel", "swap_att", "swap_obj")

CAMERA_TASKS = {
    "Static": "fixed_camera",
    "Move_Out": "has_backward_wrt_camera",
    "Move_Down": "has_downward_wrt_camera",
    "Move_In": "has_forward_wrt_camera",
    "Move_Left": "has_leftward",
    "Pan_Left": "has_pan_left",
    "Pan_Right": "has_pan_right",
    "Move_Right": "has_rightward",
    "Roll_Clockwise": "has_roll_clockwise",
    "Roll_Counterclockwise": "has_roll_counterclockwise",
    "Tilt_Down": "has_tilt_down",
    "Tilt_Up": "has_tilt_up",
    "Move_Up": "has_upward_wrt_camera",
    "Zoom_In": "has_zoom_in",
    "Zoom_Out": "has_zoom_out",
}
"""The owners' name of each sub-task of CameraBench, and the SAV release's, which names it here."""

_FOUR_OPTIONS = "The published prompt lists four options, one of them true: the published figures are of a 4-way choice."

_REWARDS = "https://github.com/facebookresearch/multimodal_rewardbench"
_REWARD_FILES = (
    "all_data.json, here or in data/, as scripts/0_download_data.py writes it",
    "images/ beside it, which that script fills",
)

_TABLE = (
    Benchmark(
        name="mhalubench",
        title="MHaluBench",
        url="https://huggingface.co/datasets/openkg/MHaluBench",
        expects=(
            "MHaluBench_train.json and MHaluBench_val-v0.2.json (or -v0.1, or train.json and val.json), one or both",
            "the images they name, anywhere in the folder; those of the train file come from COCO and TextVQA",
        ),
        published=(Published(LLAVA, 34.7, 78.3, 80.8), Published(QWEN, 24.0, 84.8, 85.1)),
        spoken={"hallucination": "Yes", "non-hallucination": "No"},
    ),
    Benchmark(
        name="vlguard",
        title="VLGuard",
        url="https://huggingface.co/datasets/ys-zong/VLGuard",
        expects=("train.json and test.json, one or both", "train/ and test/, the unpacked train.zip and test.zip"),
        published=(Published(LLAVA, 31.4, 90.0, 94.3), Published(QWEN, 26.9, 87.7, 96.0)),
        caveats=("The release has three training files for it and does not say which one the figures used.",),
        spoken={"harmful": "Yes", "unharmful": "No"},
    ),
    Benchmark(
        name="blink",
        title="BLINK",
        url="https://huggingface.co/datasets/BLINK-Benchmark/BLINK",
        expects=("Art_Style/val-00000-of-00001.parquet and so on: a folder for each sub-task, at least one of the 14",),
        rule="mean_over_tasks",
        per_task=True,
        published=(Published(LLAVA, 45.0, 47.0, 51.8), Published(QWEN, 43.3, 46.3, 47.2)),
        caveats=("The test answers are not public: support and queries both come from the validation set, disjoint.",),
    ),
    Benchmark(
        name="vizwiz",
        title="VizWiz",
        url="https://vizwiz.org/tasks-and-datasets/vqa/",
        expects=(
            "Annotations/train.json and Annotations/val.json (or both beside the folders), one or both",
            "train/ and val/, the unpacked images",
        ),
        caveats=("Its own files are read as the answerability task: answerable or unanswerable.",),
    ),
    Benchmark(
        name="naturalbench",
        title="NaturalBench",
        url="https://huggingface.co/datasets/BaiqiL/NaturalBench",
        expects=("data/train-00000-of-00003.parquet and so on: every shard",),
        rule="groups",
        per_task=True,
        published=(Published(LLAVA, 27.0, 32.4, 35.1),),
        caveats=(
            "The figures are group accuracy: all four answers of two questions on two images.",
            "40 training items of the release's NaturalBench-Retrieval are also in its test file: here a group with an "
            "item of the support is never asked.",
        ),
    ),
    Benchmark(
        name="sugarcrepe",
        title="SugarCrepe",
        url="https://github.com/RAIVNLab/sugar-crepe",
        expects=(
            "add_att.json, add_obj.json, replace_att.json, replace_obj.json, replace_rel.json, swap_att.json, "
            "swap_obj.json, here or in data/",
            "the images they name, those of COCO val2017, anywhere in the folder",
        ),
        rule="pairs",
        published=(Published(LLAVA, 15.3, 30.4, 37.6),),
        caveats=("The figures are pair accuracy: yes to the caption and no to its negative, judged one at a time.",),
    ),
    Benchmark(
        name="eurosat",
        title="EuroSAT",
        url="https://github.com/phelber/EuroSAT",
        expects=(
            "AnnualCrop/, Forest/, HerbaceousVegetation/, Highway/, Industrial/, Pasture/, PermanentCrop/, Residential/, "
            "River/, SeaLake/ with .jpg images, here or in 2750/, EuroSAT/ or EuroSAT_RGB/",
        ),
        question="What type of land use does this satellite image show?",
        published=(Published(LLAVA, 66.5, 85.0, 86.7), Published(QWEN, 54.7, 72.9, 79.9)),
        caveats=(_FOUR_OPTIONS, "It has no split of its own: neighbouring tiles may be in support and queries."),
    ),
    Benchmark(
        name="pets",
        title="Oxford-IIIT Pets",
        url="https://www.robots.ox.ac.uk/~vgg/data/pets/",
        expects=("annotations/trainval.txt and annotations/test.txt", "images/ with the .jpg they name"),
        question="Which breed of pet is in this image?",
        published=(Published(LLAVA, 88.1, 96.8, 97.0), Published(QWEN, 92.6, 98.4, 98.1)),
        caveats=(_FOUR_OPTIONS, "The release has 35 labels for it, the data set 37."),
    ),
    Benchmark(
        name="cub",
        title="Caltech-UCSD Birds 200-2011",
        url="https://data.caltech.edu/records/20098",
        expects=(
            "images.txt, image_class_labels.txt, train_test_split.txt, classes.txt",
            "images/ with the .jpg they name",
        ),
        question="Which species of bird is in this image?",
    ),
    Benchmark(
        name="flowers",
        title="Oxford 102 Flowers",
        url="https://www.robots.ox.ac.uk/~vgg/data/flowers/102/",
        expects=("imagelabels.mat and setid.mat", "jpg/ with image_00001.jpg and so on"),
        question="Which flower is in this image?",
    ),
    Benchmark(
        name="imagenet",
        title="ImageNet-style folders",
        url="https://www.image-net.org/download.php",
        expects=(
            "train/ and val/ (or test/), each with a folder of images for each class",
            "LOC_synset_mapping.txt, if the folders are named n01440764 and so on and names are wanted",
        ),
        question="What is in this image?",
    ),
    Benchmark(
        name="camerabench",
        title="CameraBench",
        url="https://huggingface.co/datasets/syCen/CameraBench",
        expects=(
            "binary_classification/Move_In.jsonl and so on, here or in data/: a file for each sub-task, at least one of "
            "the 15; they lie in camerabench/data of https://github.com/linzhiqiu/t2v_metrics",
            "the .mp4 they name, anywhere in the folder",
        ),
        rule="mean_over_tasks",
        per_task=True,
        caveats=(
            "The release prints the accuracy of each sub-task and no mean. About one test answer in eight is Yes: whoever "
            "says No to everything is right on 87.8 % of a sub-task's clips on average.",
            "33 of the release's 600 training entries show a clip that their list has shown already; a split keeps them.",
            "The release shows LLaVA-OneVision 16 frames of a clip and Qwen2-VL 8 a second, as video: --frames 16, or "
            "--fps 8, with --clips-as native.",
            "The owners' files have no training part, so support and queries are drawn from the same lists, disjoint.",
            "The owners' tables give average precision, not accuracy: they are no figures to compare with.",
        ),
        moving=True,
        own_split=True,
    ),
    Benchmark(
        name="mm-rewardbench",
        title="Multimodal RewardBench",
        url=_REWARDS,
        expects=_REWARD_FILES,
        per_task=True,
        published=(
            Published("Llama-3.2-90B-Vision-Instruct", 62.4),
            Published("Aria", 57.3),
            Published("Molmo-7B-D-0924", 54.3),
            Published("Llama-3.2-11B-Vision-Instruct", 52.4),
            Published("LLaVA-1.5-13B", 48.9),
        ),
        published_in="the owners' leaderboard",
        caveats=(
            "The published figures are of models that judge in words, on all pairs; their safety pairs include Hateful "
            "Memes, which the owners do not give away.",
            "It has no training part: support and queries are drawn from the same lists, and all pairs of one question "
            "stay together. The release takes a file's first 40 pairs as support and does not say which file.",
        ),
        spoken={"Output1": "Answer 1", "Output2": "Answer 2"},
    ),
    Benchmark(
        name="mm-rewardbench-single",
        title="Multimodal RewardBench, one answer at a time",
        url=_REWARDS,
        expects=_REWARD_FILES,
        per_task=True,
        caveats=(
            "The release counts each answer by itself, preferred or not, so chance is 50 %; the owners' leaderboard is of "
            "pairs and says nothing about it.",
            "It has no training part: support and queries are drawn from the same lists, and all answers to one question "
            "stay together. The release takes a file's first 20 answers as support and does not say which file.",
        ),
    ),
)

BENCHMARKS = {each.name: each for each in _TABLE}
"""By name, in the order of the documentation."""


def benchmark_named(name: str) -> Benchmark:
    """Return one row.

    Raises:
        SettingError: there is no benchmark of that name.
    """
    if name not in BENCHMARKS:
        raise SettingError(f"There is no benchmark {name!r}: choose from {', '.join(BENCHMARKS)}.")
    return BENCHMARKS[name]
