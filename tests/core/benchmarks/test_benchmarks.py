"""Every benchmark read from a miniature of its exact layout, and told apart from what is nearly one."""

import json
import shutil
import warnings
from collections import Counter

import pytest

from sav_core.benchmarks import (
    BENCHMARKS,
    draw_split,
    load_benchmark,
    question_of,
    read_split,
    repeated,
    write_split,
)
from sav_core.benchmarks.layouts import OWN
from sav_core.benchmarks.prompts import default_options
from sav_core.data.folders.listings import Listed
from sav_core.data.sets.datasets import EIGHT_FRAMES, open_listed
from sav_core.errors import DatasetError, SettingError, SkippedWarning
from tests.support.miniatures import MINIATURES, dump, judged_pairs, moving_clip, moving_line, picture

# Items, labels, parts, tasks of each miniature.
COUNTS = {
    "mhalubench": (14, 2, {"train": 8, "test": 6}),
    "vlguard": (15, 2, {"train": 9, "test": 6}),
    "blink": (123, 4, {"": 123}),
    "vizwiz": (12, 2, {"train": 8, "test": 4}),
    "naturalbench": (36, 4, {"": 36}),
    "sugarcrepe": (28, 2, {"": 28}),
    "eurosat": (40, 10, {"": 40}),
    "pets": (21, 3, {"train": 12, "test": 9}),
    "cub": (10, 2, {"train": 6, "test": 4}),
    "flowers": (12, 3, {"train": 6, "test": 6}),
    "imagenet": (18, 3, {"train": 12, "test": 6}),
    "camerabench": (16, 2, {"": 16}),
    "mm-rewardbench": (14, 2, {"": 14}),
    "mm-rewardbench-single": (28, 2, {"": 28}),
}


@pytest.fixture(scope="module")
def miniature(tmp_path_factory):
    """``miniature("pets")`` is a folder with that data set; never write into it, copy it."""
    made = {}

    def folder(name):
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name)
            MINIATURES[name](made[name])
        return made[name]

    return folder


@pytest.fixture
def copy(miniature, tmp_path):
    """``copy("pets")`` is one to break."""

    def folder(name):
        return shutil.copytree(miniature(name), tmp_path / name)

    return folder


def by_id(loaded):
    return {item.id: item for item in loaded.items}


def test_every_benchmark_of_the_table_has_a_reader_and_a_miniature():
    assert set(BENCHMARKS) == set(OWN) == set(MINIATURES) == set(COUNTS)


@pytest.mark.parametrize("name", sorted(BENCHMARKS))
def test_the_own_layout_is_read_whole(miniature, name):
    loaded = load_benchmark(name, miniature(name))
    assert (len(loaded.items), len(loaded.labels), Counter(item.part for item in loaded.items)) == COUNTS[name]
    assert loaded.layout == "own"
    assert loaded.missing == ()
    assert len(by_id(loaded)) == len(loaded.items), "two items share an id"
    assert load_benchmark(name, miniature(name)).items == loaded.items


@pytest.mark.parametrize("name", sorted(BENCHMARKS))
def test_every_item_opens_and_has_a_question(miniature, name):
    loaded = load_benchmark(name, miniature(name))
    listed = [
        Listed(item.source, item.images, question_of(loaded.benchmark, item, loaded.labels, "all"), item.label)
        for item in loaded.items
    ]
    rows, examples = open_listed(listed, clips=EIGHT_FRAMES)
    assert list(rows) == list(range(len(loaded.items)))
    assert all(example.question.strip() for example in examples)
    assert [len(example.images) for example in examples] == [len(item.images) for item in loaded.items]


@pytest.mark.parametrize("name", sorted(BENCHMARKS))
def test_an_empty_folder_is_told_what_belongs_there_and_where_to_get_it(tmp_path, name):
    with pytest.raises(DatasetError) as refused:
        load_benchmark(name, tmp_path)
    message = str(refused.value)
    assert BENCHMARKS[name].url in message
    assert all(line in message for line in BENCHMARKS[name].expects)


@pytest.mark.parametrize(
    ("name", "lost", "named"),
    [
        ("eurosat", "2750/River", "2750/River/ is missing"),
        ("pets", "annotations/test.txt", "annotations/test.txt is missing"),
        ("cub", "CUB_200_2011/classes.txt", "CUB_200_2011/classes.txt is missing"),
        ("flowers", "setid.mat", "setid.mat is missing"),
        ("imagenet", "val", "val/ is missing"),
        ("sugarcrepe", "data/swap_obj.json", "data/swap_obj.json is missing"),
    ],
)
def test_what_is_missing_is_named(copy, name, lost, named):
    folder = copy(name)
    shutil.rmtree(folder / lost) if (folder / lost).is_dir() else (folder / lost).unlink()
    with pytest.raises(DatasetError, match=named):
        load_benchmark(name, folder)


def test_one_part_of_vizwiz_is_enough_though_both_lists_are_there(copy):
    folder = copy("vizwiz")
    shutil.rmtree(folder / "train")
    with pytest.warns(SkippedWarning, match=r"has no train/ here, so what Annotations/train\.json lists is left out"):
        loaded = load_benchmark("vizwiz", folder)
    assert Counter(item.part for item in loaded.items) == {"test": 4}
    shutil.rmtree(folder / "val")
    with pytest.raises(DatasetError, match="train/, val/ are missing"):
        load_benchmark("vizwiz", folder)


def test_an_image_that_is_not_there_costs_its_own_group_only(copy):
    folder = copy("sugarcrepe")
    (folder / "coco/images/val2017/000000000001.jpg").unlink()
    with pytest.warns(SkippedWarning, match="1 image of SugarCrepe .* 000000000001.jpg"):
        loaded = load_benchmark("sugarcrepe", folder)
    assert len(loaded.items) == 14
    assert loaded.missing == ("000000000001.jpg",)


def test_without_any_image_it_is_refused(copy):
    folder = copy("pets")
    shutil.rmtree(folder / "images")
    (folder / "images").mkdir()
    with pytest.raises(DatasetError, match="not one of the images"):
        load_benchmark("pets", folder)


def test_damaged_files_are_told_by_line(copy):
    folder = copy("pets")
    (folder / "annotations/test.txt").write_text("Abyssinian_5 1\n")
    with pytest.raises(DatasetError, match=r"line 1 of annotations/test.txt should have 4 columns"):
        load_benchmark("pets", folder)
    folder = copy("vizwiz")
    dump(folder / "Annotations/val.json", [{"image": "VizWiz_val_00000000.jpg", "question": "?"}])
    with pytest.raises(DatasetError, match=r"entry 0 of Annotations/val\.json has no 'answerable'"):
        load_benchmark("vizwiz", folder)
    folder = copy("blink")
    (folder / "Art_Style/val-00000-of-00001.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(DatasetError, match="cannot be read as Parquet"):
        load_benchmark("blink", folder)


@pytest.mark.parametrize(
    ("name", "file", "content", "told"),
    [
        (
            "mhalubench",
            "MHaluBench_train.json",
            [{"image_path": 3, "claim_list": []}],
            "a text under 'image_path', but has 3",
        ),
        ("mhalubench", "MHaluBench_train.json", [{"image_path": "x", "claim_list": "all"}], "a list under 'claim_list'"),
        ("mhalubench", "MHaluBench_train.json", [{"image_path": "x", "claim_list": ["a"]}], "not as many labels"),
        ("vlguard", "test.json", [{"image": None, "instr-resp": []}], "a text under 'image'"),
        ("vlguard", "test.json", [{"image": "x", "instr-resp": ["a"]}], "has none of safe_instruction"),
        ("vlguard", "test.json", [{"image": "x", "instr-resp": [{"instruction": 4}]}], "a text under 'instruction'"),
        ("sugarcrepe", "data/add_att.json", {"0": {"filename": "x"}}, "has no 'caption', only 'filename'"),
        ("sugarcrepe", "data/add_att.json", ["x"], "should hold a list of objects"),
        ("vizwiz", "Annotations/val.json", [{"image": "x", "question": 1, "answerable": 1}], "a text under 'question'"),
    ],
)
def test_an_entry_of_another_form_is_told_not_a_fault(copy, name, file, content, told):
    folder = copy(name)
    dump(folder / file, content)
    with pytest.raises(DatasetError) as refused:
        load_benchmark(name, folder)
    assert told in str(refused.value)


def test_files_that_are_no_matlab_and_no_csv_are_told(copy):
    folder = copy("flowers")
    for content in (b"", b"no matlab" * 40, (folder / "setid.mat").read_bytes()[:150]):
        (folder / "setid.mat").write_bytes(content)
        with pytest.raises(DatasetError, match="lack labels, trnid, valid or tstid"):
            load_benchmark("flowers", folder)
    folder = copy("imagenet")
    shutil.rmtree(folder / "val")
    (folder / "val").mkdir()
    (folder / "LOC_val_solution.csv").write_text("one,two\n1,2\n")
    with pytest.raises(DatasetError, match="lacks ImageId or PredictionString"):
        load_benchmark("imagenet", folder)


def test_facts_of_each_layout(miniature):
    claims = by_id(load_benchmark("mhalubench", miniature("mhalubench")))
    assert claims["MHaluBench_train.json:0:1"].label == "non-hallucination"
    assert claims["MHaluBench_val-v0.2.json:0:1"].plain == "Claim:A bus. Is the Claim hallucinating?"
    assert not any("v0.1" in name for name in claims), "the newer of two versions of one file is read, not both"
    guard = [item.label for item in load_benchmark("vlguard", miniature("vlguard")).items]
    assert guard[:3] == ["unharmful", "harmful", "harmful"]
    blink = by_id(load_benchmark("blink", miniature("blink")))
    assert len(blink["val_Art_Style_1"].images) == 3
    assert blink["val_Relative_Reflectance_3"].label == "C"
    assert load_benchmark("pets", miniature("pets")).labels == ("Abyssinian", "American Bulldog", "Egyptian Mau")
    assert load_benchmark("cub", miniature("cub")).labels == ("Black footed Albatross", "Laysan Albatross")
    assert load_benchmark("flowers", miniature("flowers")).labels == (
        "blackberry lily",
        "hard-leaved pocket orchid",
        "pink primrose",
    )
    assert load_benchmark("imagenet", miniature("imagenet")).labels == ("crane (n02012849)", "crane (n03126707)", "tench")


def test_kaggles_flat_validation_folder(copy):
    folder = copy("imagenet")
    shutil.rmtree(folder / "val")
    picture(folder / "val" / "ILSVRC2012_val_00000001.JPEG", 1)
    (folder / "LOC_val_solution.csv").write_text("ImageId,PredictionString\nILSVRC2012_val_00000001,n01440764 1 2 3 4\n")
    (item,) = [item for item in load_benchmark("imagenet", folder).items if item.part == "test"]
    assert (item.id, item.label) == ("val/ILSVRC2012_val_00000001.JPEG", "tench")


def test_tasks_can_be_chosen(miniature):
    loaded = load_benchmark("blink", miniature("blink"), tasks=["Art_Style"])
    assert {item.task for item in loaded.items} == {"Art_Style"}
    with pytest.raises(SettingError, match="no sub-task Chess: it has Art_Style, Counting, Forensic_Detection"):
        load_benchmark("blink", miniature("blink"), tasks=["Chess"])
    with pytest.raises(SettingError, match="There is no benchmark 'blonk': choose from mhalubench"):
        load_benchmark("blonk", miniature("blink"))


# The SAV release's files.


def lines(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def test_release_files_of_every_form(tmp_path):
    picture(tmp_path / "images/train/bad_ads/1.png", 1)
    picture(tmp_path / "images/test/bad_ads/1.png", 2)
    far = "/home/someone/data/vlguard"
    dump(
        tmp_path / "vlguard_train.json",
        [
            {"image": f"{far}/train/bad_ads/1.png", "instruction": "Share this.", "answer": "harmful"},
            {"image": f"{far}/train/bad_ads/1.png", "instruction": "What is it?", "answer": "unharmful"},
        ],
    )
    loaded = load_benchmark("vlguard", tmp_path)
    assert loaded.layout == "release"
    assert [item.label for item in loaded.items] == ["harmful", "unharmful"]
    assert loaded.items[0].images == ("images/train/bad_ads/1.png",), "found by the end of its path, not by its name alone"
    assert loaded.items[0].full == (
        "Instruction:Share this. Is the image and instruction harmful? Answer the question with Yes or No."
    )


def test_release_claims_and_lines(tmp_path):
    picture(tmp_path / "1.jpg", 1)
    record = {"image_path": "/far/away/1.jpg", "claim": "A cat", "claim_label": "hallucination"}
    dump(tmp_path / "mahalu_train.json", [record])
    (item,) = load_benchmark("mhalubench", tmp_path / "mahalu_train.json").items
    assert (item.plain, item.label, item.part) == ("Claim:A cat. Is the Claim hallucinating?", "hallucination", "")
    pets = tmp_path / "pets"
    pets.mkdir()
    picture(pets / "1.jpg", 1)
    question = "Which breed? A. Pug B. Boxer C. Persian D. Bengal"
    lines(pets / "pets_train.jsonl", [{"image": "1.jpg", "question": question, "question_id": 0, "label": "Pug"}])
    (item,) = load_benchmark("pets", pets).items
    assert item.full == f"{question} Answer with the class name."


def test_release_lines_may_be_in_a_file_that_is_named_json(tmp_path):
    for name in ("1.jpg", "2.jpg"):
        picture(tmp_path / name, 1)
    records = [{"image": f"{number}.jpg", "question": "Which breed?", "label": "Pug"} for number in (1, 2)]
    lines(tmp_path / "pets_train.json", records)
    assert [item.images for item in load_benchmark("pets", tmp_path).items] == [("1.jpg",), ("2.jpg",)]
    (tmp_path / "pets_train.json").write_text(json.dumps(records[0]) + "\n{no")
    with pytest.raises(DatasetError, match=r"pets_train\.json is not JSON \(line 2: "):
        load_benchmark("pets", tmp_path)
    (tmp_path / "pets_train.json").write_text(json.dumps(records, indent=1)[:-1])
    with pytest.raises(DatasetError, match=r"pets_train\.json is not JSON \(Expecting"):
        load_benchmark("pets", tmp_path)


def test_release_blink_files_are_told_apart_by_their_names(tmp_path):
    for name in ("1.jpg", "2.jpg"):
        picture(tmp_path / name, 1)
    record = {"image_1": "1.jpg", "image_2": "2.jpg", "image_3": "", "image_4": "", "question": "Which?", "label": "A"}
    dump(tmp_path / "blink_multi_view_reasoning_train.json", [record])
    dump(tmp_path / "blink_art_style_train.json", [record])
    items = load_benchmark("blink", tmp_path).items
    assert [(item.task, len(item.images)) for item in items] == [("Art_Style", 2), ("Multi-view_Reasoning", 2)]
    dump(tmp_path / "blink_art_style_train_2.json", [record])
    with pytest.raises(DatasetError, match="are both for training Art_Style; keep one of them"):
        load_benchmark("blink", tmp_path)


def natural_lines(first, count):
    return [
        {"image": f"{first + k // 4}_{k % 2}.jpg", "question": f"Q{first + k // 4}{k % 4 // 2}?", "label": "YNNY"[k % 4]}
        for k in range(4 * count)
    ]


def test_a_training_item_that_is_also_in_the_test_file_is_never_asked(tmp_path):
    for number in range(4):
        picture(tmp_path / f"{number}_0.jpg", number)
        picture(tmp_path / f"{number}_1.jpg", number)
    lines(tmp_path / "natural_ret_train.jsonl", natural_lines(0, 1))
    lines(tmp_path / "natural_ret_test.jsonl", natural_lines(0, 4))
    loaded = load_benchmark("naturalbench", tmp_path)
    split = draw_split(loaded, shots=2)
    assert len(split.overlap) == 4
    assert len(split.queries) == 12
    lines(tmp_path / "natural_ret_test.jsonl", natural_lines(0, 4)[:-1])
    with pytest.raises(DatasetError, match="15 entries, which are no groups of 4"):
        load_benchmark("naturalbench", tmp_path)


# Splits.


@pytest.mark.parametrize("name", sorted(BENCHMARKS))
def test_a_split_holds_so_many_of_each_label_and_divides_no_group(miniature, name):
    loaded = load_benchmark(name, miniature(name))
    items = by_id(loaded)
    split = draw_split(loaded, shots=2, seed=3)
    counts = Counter((loaded.fitting_task(items[name]), label) for name, label in split.support.items())
    assert set(counts.values()) == {2}
    assert not {items[i].unit for i in split.support} & {items[i].unit for i in split.queries}
    if any(item.part for item in loaded.items):
        assert {items[i].part for i in split.support} == {"train"}
        assert {items[i].part for i in split.queries} == {"test"}


def test_a_seed_always_draws_the_same_and_fewer_shots_are_among_more(miniature):
    loaded = load_benchmark("eurosat", miniature("eurosat"))
    one, same, other = (draw_split(loaded, shots=1, seed=seed) for seed in (0, 0, 1))
    assert one == same
    assert one.support != other.support
    assert set(one.support) < set(draw_split(loaded, shots=2, seed=0).support)
    # Pinned: whoever has this seed and these ids draws these, with any version of anything.
    assert sorted(one.support)[:3] == PINNED


PINNED = ["AnnualCrop/AnnualCrop_2.jpg", "Forest/Forest_3.jpg", "HerbaceousVegetation/HerbaceousVegetation_2.jpg"]


def test_queries_can_be_limited_and_groups_stay_whole(miniature):
    split = draw_split(load_benchmark("eurosat", miniature("eurosat")), shots=1, queries=2)
    assert set(Counter(split.queries.values()).values()) == {2}
    loaded = load_benchmark("sugarcrepe", miniature("sugarcrepe"))
    split = draw_split(loaded, shots=1, queries=3)
    units = Counter(by_id(loaded)[name].unit for name in split.queries)
    assert set(units.values()) == {2}
    assert len(units) == 3


def test_too_many_shots_are_refused_with_what_there_is(miniature):
    loaded = load_benchmark("cub", miniature("cub"))
    with pytest.raises(SettingError, match="has only 3 examples of 'Black footed Albatross' for the support, not 4"):
        draw_split(loaded, shots=4)
    with pytest.raises(SettingError, match="no example of EuroSAT is left to ask"):
        draw_split(load_benchmark("eurosat", miniature("eurosat")), shots=4)
    with pytest.raises(SettingError, match="shots must be 1 or more"):
        draw_split(loaded, shots=0)


def test_a_split_is_read_back_as_it_was_written(miniature, tmp_path):
    loaded = load_benchmark("blink", miniature("blink"))
    split = draw_split(loaded, shots=1, seed=5)
    write_split(tmp_path / "split.json", split)
    assert read_split(tmp_path / "split.json", loaded) == split


def test_a_split_of_other_data_is_refused(miniature, copy, tmp_path):
    loaded = load_benchmark("pets", miniature("pets"))
    path = tmp_path / "split.json"
    write_split(path, draw_split(loaded, shots=2))
    with pytest.raises(DatasetError, match="is a split of pets, not of cub"):
        read_split(path, load_benchmark("cub", miniature("cub")))
    folder = copy("pets")
    listing = folder / "annotations/test.txt"
    listing.write_text(listing.read_text().replace("Abyssinian_5 1 1 1\n", ""))
    with pytest.raises(DatasetError, match=r"names 'Abyssinian_5.jpg' .* is not there"):
        read_split(path, load_benchmark("pets", folder))
    for content in ("{", "[]", '{"format": "other"}', '{"format": "sav-split-1"}'):
        path.write_text(content)
        with pytest.raises(DatasetError, match="is not a split file"):
            read_split(path, loaded)


def test_a_split_of_data_with_other_questions_is_refused(copy, tmp_path):
    folder = copy("vizwiz")
    write_split(tmp_path / "split.json", draw_split(load_benchmark("vizwiz", folder), shots=2))
    listing = folder / "Annotations/val.json"
    listing.write_text(listing.read_text().replace("What is this 1?", "What is that 1?"))
    with pytest.raises(DatasetError, match="other questions or image names"):
        read_split(tmp_path / "split.json", load_benchmark("vizwiz", folder))


# Prompts.


def test_prompts_with_and_without_options(miniature):
    loaded = load_benchmark("eurosat", miniature("eurosat"))
    item = loaded.items[0]
    plain, four, every = (question_of(loaded.benchmark, item, loaded.labels, kind) for kind in ("none", "four", "all"))
    assert plain == "What type of land use does this satellite image show?"
    assert every == f"{plain} Choose from: {', '.join(loaded.labels)}. Answer with the class name."
    named = four.removeprefix(f"{plain} Choose from: ").removesuffix(". Answer with the class name.").split(", ")
    assert len(set(named)) == 4
    assert item.label in named
    assert four == question_of(loaded.benchmark, item, loaded.labels, "four")
    places = Counter(
        question_of(loaded.benchmark, each, loaded.labels, "four").split("from: ")[1].split(", ").index(each.label)
        for each in loaded.items
        if f", {each.label}." not in question_of(loaded.benchmark, each, loaded.labels, "four")
    )
    assert len(places) == 3, "the true option stands now here, now there"
    assert default_options(loaded.benchmark) == "none"


def test_questions_of_their_own_have_their_own_options(miniature):
    loaded = load_benchmark("naturalbench", miniature("naturalbench"))
    letter, yes = loaded.items[0], loaded.items[4]
    assert question_of(loaded.benchmark, letter, loaded.labels, "none") == "Is it the first 0?"
    assert question_of(loaded.benchmark, letter, loaded.labels, "all").endswith("corresponding to the correct option.")
    assert question_of(loaded.benchmark, yes, loaded.labels, "all") == "Is it the first 1? Answer with Yes or No."
    assert default_options(loaded.benchmark) == "all"
    with pytest.raises(SettingError, match="have options of their own: use all or none"):
        question_of(loaded.benchmark, yes, loaded.labels, "four")
    with pytest.raises(SettingError, match="options must be one of none, four, all"):
        question_of(loaded.benchmark, yes, loaded.labels, "some")


def test_reading_warns_of_nothing_when_nothing_is_missing(miniature):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in BENCHMARKS:
            load_benchmark(name, miniature(name))


def statements(part, count):
    return [
        {"image": f"/far/val2017/{part}{k // 2}.jpg", "question": f"Is this '{k}'?", "label": ("Yes", "No")[k % 2]}
        for k in range(2 * count)
    ]


@pytest.mark.parametrize("place", ["", "sugarcrepe_testset", "data/sugarcrepe_testset"])
@pytest.mark.parametrize("whole", [True, False])
def test_the_release_has_a_folder_for_sugarcrepe(tmp_path, place, whole):
    folder = tmp_path / place
    folder.mkdir(parents=True, exist_ok=True)
    parts = {part: statements(part, 2) for part in ("add_att", "swap_obj")}
    for part, records in parts.items():
        lines(folder / f"SC_{part}.jsonl", records)
        for number in range(2):
            picture(tmp_path / "coco" / f"{part}{number}.jpg", number)
    if whole:
        lines(folder / "SC_test.jsonl", [record for records in parts.values() for record in records])
    if place:  # what else lies in the release's data/
        dump(tmp_path / "data" / "eurosat_train.json", [{"image": "1.jpg", "question": "?", "label": "x"}])
    loaded = load_benchmark("sugarcrepe", tmp_path)
    assert (loaded.layout, len(loaded.items), {item.label for item in loaded.items}) == ("release", 8, {"Yes", "No"})
    assert len({item.group for item in loaded.items}) == 4
    assert len(by_id(loaded)) == 8


def test_a_release_file_without_its_pictures_says_that_they_are_missing(tmp_path):
    dump(tmp_path / "vlguard_train.json", [{"image": "/far/1.png", "instruction": "Share.", "label": "harmful"}])
    for place in (tmp_path, tmp_path / "vlguard_train.json"):
        with pytest.raises(
            DatasetError, match=r"are read, but not one of the images that they name is in .*, such as \['/far"
        ):
            load_benchmark("vlguard", place)


# Clips, and answers that are judged.


def camera_release(root, *, shown=8):
    """The release's lists: four training lines of each label, the first of them twice, and two of each to test."""
    for number in range(shown):
        moving_clip(root / "videos", number)
    for task in ("has_zoom_in", "fixed_camera"):
        train = [moving_line(max(n, 2), "Yes" if max(n, 2) % 2 else "No") for n in (0, 3, 2, 5)]
        test = [moving_line(n, "Yes" if n % 2 else "No") for n in (4, 6, 7, 1)]
        for part, records in (("trainset", train), ("testset", test)):
            (root / f"data/camerabench_{part}").mkdir(parents=True, exist_ok=True)
            lines(root / f"data/camerabench_{part}/{task}.jsonl", records)


@pytest.mark.parametrize("place", ["", "data"])
def test_a_published_split_is_kept_as_it_is_and_what_it_repeats_is_counted(tmp_path, place):
    camera_release(tmp_path)
    if place:  # the clips lie elsewhere, so the folder of the lists alone knows none
        (tmp_path / "videos").rename(tmp_path / "data" / "clips")
    loaded = load_benchmark("camerabench", tmp_path / place)
    assert (loaded.layout, loaded.has_own_split) == ("release", True)
    assert {item.task for item in loaded.items} == {"has_zoom_in", "fixed_camera"}
    assert loaded.items[0].full == "Does the camera zoom in? Please answer with Yes or No."
    split = draw_split(loaded, shots=None)
    parts = {item.id: item.part for item in loaded.items}
    assert {parts[name] for name in split.support} == {"train"}
    assert {parts[name] for name in split.queries} == {"test"}
    assert (len(split.support), len(split.queries), split.shots, split.published) == (8, 8, 2, True)
    assert len(repeated(loaded, split)) == 2
    write_split(tmp_path / "split.json", split)
    assert read_split(tmp_path / "split.json", loaded) == split


def test_a_split_file_of_before_published_ones_is_read(miniature, tmp_path):
    loaded = load_benchmark("pets", miniature("pets"))
    split = draw_split(loaded, shots=2)
    write_split(tmp_path / "split.json", split)
    content = json.loads((tmp_path / "split.json").read_text())
    assert content.pop("published") is False
    dump(tmp_path / "split.json", content)
    assert read_split(tmp_path / "split.json", loaded) == split
    with pytest.raises(SettingError, match="Oxford-IIIT Pets here has no published split to keep"):
        draw_split(loaded, shots=None)


def test_clips_that_are_not_there_are_named_and_cost_their_lines_only(tmp_path):
    camera_release(tmp_path, shown=7)
    with pytest.warns(SkippedWarning, match=r"1 clip of CameraBench .* such as /data3/someone/videos/7\.mp4"):
        loaded = load_benchmark("camerabench", tmp_path)
    assert len(draw_split(loaded, shots=None).queries) == 6


def test_a_list_of_no_sub_task_is_refused(tmp_path):
    moving_clip(tmp_path, 0)
    lines(tmp_path / "has_dolly_zoom.jsonl", [moving_line(0, "No")])
    with pytest.raises(DatasetError, match=r"has_dolly_zoom\.jsonl is named after none of the sub-tasks fixed_camera"):
        load_benchmark("camerabench", tmp_path / "has_dolly_zoom.jsonl")


def test_pairs_are_asked_whole_or_one_answer_at_a_time(miniature):
    pairs = load_benchmark("mm-rewardbench", miniature("mm-rewardbench"))
    assert pairs.items[1].plain == "Question: What is 1?\n\nAnswer 1: One 1\n\nAnswer 2: Two 1"
    assert (pairs.items[1].label, pairs.items[1].task) == ("Output2", "safety")
    assert question_of(pairs.benchmark, pairs.items[1], pairs.labels, "all") == pairs.items[1].plain
    single = load_benchmark("mm-rewardbench-single", miniature("mm-rewardbench-single"))
    first = [(item.plain, item.label) for item in single.items[2:4]]
    assert first == [
        ("Question: What is 1?\n\n Answer: One 1", "non-preferred"),
        ("Question: What is 1?\n\n Answer: Two 1", "preferred"),
    ]
    assert len({item.group for item in single.items}) == 12, "two entries that ask one question are one group"


def one_by_one(entry):
    shared = {key: entry[key] for key in ("Category", "Text", "Image")} | {"ID_original": entry["ID"]}
    for key in ("Output1", "Output2"):
        label = "preferred" if entry["label"] == key else "non-preferred"
        yield shared | {"ID": f"{entry['ID']}_{key.lower()}", "Output": entry[key], "label": label}


def test_the_release_has_a_list_for_each_category_and_one_for_its_answers(tmp_path):
    home = tmp_path / "data" / "mm_rwbench_testset"
    entries = judged_pairs(home / "somewhere", better="label")
    for category in {entry["Category"] for entry in entries}:
        some = [entry for entry in entries if entry["Category"] == category]
        dump(home / f"{category.replace('/', '_')}.json", some)
        dump(home / "individual" / f"{category.replace('/', '_')}.json", [each for one in some for each in one_by_one(one)])
    pairs, single = (load_benchmark(name, tmp_path) for name in ("mm-rewardbench", "mm-rewardbench-single"))
    assert (pairs.layout, len(pairs.items), single.layout, len(single.items)) == ("release", 14, "release", 28)
    own = tmp_path / "own"
    dump(own / "all_data.json", judged_pairs(own))
    for name, found in (("mm-rewardbench", pairs), ("mm-rewardbench-single", single)):
        asked = [(item.task, item.plain, item.label) for item in load_benchmark(name, own).items]
        assert sorted(asked) == sorted((item.task, item.plain, item.label) for item in found.items)
    lists = load_benchmark("mm-rewardbench-single", home / "safety.json")
    assert len(lists.items) == 14, "answers one at a time are made of a list of pairs too"


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("mm-rewardbench", {"Better": "both"}, "should say that Output1 or Output2 is better, but says 'both'"),
        ("mm-rewardbench", {"Text": None}, "should have a text under 'Text'"),
        (
            "mm-rewardbench-single",
            {"Output": "Yes", "label": "good"},
            "the label preferred or non-preferred",
        ),
    ],
)
def test_an_entry_that_judges_nothing_is_told(tmp_path, name, change, told):
    dump(tmp_path / "all_data.json", [judged_pairs(tmp_path)[0] | change])
    with pytest.raises(DatasetError, match=told):
        load_benchmark(name, tmp_path)


def test_of_several_images_of_one_name_that_of_another_folder_is_not_taken(tmp_path):
    for folder in ("status/casual", "status/formal"):
        picture(tmp_path / "images" / folder / "man.png", 1)
    lists = [{"image": f"/far/{folder}/man.png", "question": "Who?", "label": "a"} for folder in ("casual", "work")]
    dump(tmp_path / "pets_train.json", lists)
    with pytest.warns(SkippedWarning, match=r"such as /far/work/man\.png"):
        loaded = load_benchmark("pets", tmp_path)
    assert [item.images for item in loaded.items] == [("images/status/casual/man.png",)]
