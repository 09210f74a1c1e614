"""A run over every benchmark's miniature, with a tiny model: what is asked, what is counted, what is lost on the way."""

import shutil

import pytest

from sav_core.benchmarks import BENCHMARKS, draw_split, load_benchmark
from sav_core.benchmarks.prompts import default_options
from sav_core.benchmarks.run import run_benchmark
from sav_core.data.clips.sampling import ClipSampling
from sav_core.errors import CancelledError, DatasetError, SkippedWarning
from tests.support.miniatures import BLINK_TASKS, MINIATURES


@pytest.fixture
def backbone(tiny_backbone):
    return tiny_backbone("llava")


def run(backbone, loaded, split, **options):
    chosen = options.pop("options", default_options(loaded.benchmark))
    return run_benchmark(backbone, loaded, split, options=chosen, n_kept=5, cache=None, **options)


def test_every_movement_gets_heads_of_its_own_and_they_see_it(backbone, tmp_path):
    MINIATURES["camerabench"](tmp_path)
    loaded = load_benchmark("camerabench", tmp_path)
    split = draw_split(loaded, shots=2)
    short, long = (run(backbone, loaded, split, clips=ClipSampling(frames)) for frames in (1, 3))
    assert set(long.per_task) == {"fixed_camera", "has_zoom_in"}
    assert long.scores["mean_over_tasks"].value > 0.7, "clips that grow brighter or darker, four of each"
    assert len(short.outcomes) == len(long.outcomes) == 8


@pytest.mark.parametrize("name", sorted(BENCHMARKS))
def test_every_benchmark_runs_from_its_files_to_its_score(backbone, tmp_path, name):
    MINIATURES[name](tmp_path)
    loaded = load_benchmark(name, tmp_path)
    split = draw_split(loaded, shots=2)
    seen = []
    result = run(backbone, loaded, split, progress=lambda each: seen.append((each.done, each.total)))
    assert {outcome.id: outcome.label for outcome in result.outcomes} == dict(split.queries)
    total = len(split.support) + len(split.queries)
    assert seen == sorted(seen)
    assert seen[-1] == (total, total)
    first = next(iter(result.scores))
    assert first == {
        "accuracy": "accuracy", "mean_over_tasks": "mean_over_tasks", "pairs": "pair_accuracy", "groups": "group_accuracy",
    }[loaded.benchmark.rule]  # fmt: skip
    assert set(result.per_task) == {loaded.by_id()[name].task for name in split.queries} - {""}


def test_labels_that_a_picture_shows_are_found(backbone, tmp_path):
    """The miniature's pets differ in brightness, which even a random model's heads can tell."""
    MINIATURES["pets"](tmp_path)
    loaded = load_benchmark("pets", tmp_path)
    result = run(backbone, loaded, draw_split(loaded, shots=4))
    assert result.scores["accuracy"].value > 0.6
    low, high = result.scores["accuracy"].interval
    assert low < result.scores["accuracy"].value < high or result.scores["accuracy"].value == 1


def test_the_mean_over_tasks_weighs_tasks_alike(backbone, tmp_path):
    MINIATURES["blink"](tmp_path)
    loaded = load_benchmark("blink", tmp_path)
    result = run(backbone, loaded, draw_split(loaded, shots=1))
    values = [scores["accuracy"].value for scores in result.per_task.values()]
    assert list(result.per_task) == list(BLINK_TASKS)
    mean = result.scores["mean_over_tasks"]
    assert mean.value == pytest.approx(sum(values) / 14)
    assert mean.interval[0] < mean.value < mean.interval[1]
    assert result.as_dict()["scores"]["mean_over_tasks"]["interval"] == mean.interval
    assert all(outcome.answer in BLINK_TASKS[outcome.task][0] for outcome in result.outcomes), "tasks have their own labels"


def test_options_change_what_the_model_reads(backbone, tmp_path):
    MINIATURES["eurosat"](tmp_path)
    loaded = load_benchmark("eurosat", tmp_path)
    split = draw_split(loaded, shots=2, queries=1)
    plain, four = (run(backbone, loaded, split, options=kind) for kind in ("none", "four"))
    assert [o.id for o in plain.outcomes] == [o.id for o in four.outcomes]
    assert [o.answer for o in plain.outcomes] != [o.answer for o in four.outcomes]


def test_an_unreadable_image_costs_its_own_query_only(backbone, tmp_path):
    MINIATURES["cub"](tmp_path)
    loaded = load_benchmark("cub", tmp_path)
    split = draw_split(loaded, shots=2)
    lost = next(iter(split.queries))
    (tmp_path / "CUB_200_2011/images" / lost).write_bytes(b"no image")
    with pytest.warns(SkippedWarning):
        result = run(backbone, loaded, split)
    assert {outcome.id for outcome in result.outcomes} == set(split.queries) - {lost}
    assert len(result.skipped) == 1
    assert result.as_dict()["n"] == len(split.queries) - 1


def test_a_label_without_a_readable_support_is_refused(backbone, tmp_path):
    MINIATURES["cub"](tmp_path)
    loaded = load_benchmark("cub", tmp_path)
    split = draw_split(loaded, shots=1)
    (tmp_path / "CUB_200_2011/images" / next(iter(split.support))).write_bytes(b"no image")
    with (
        pytest.warns(SkippedWarning),
        pytest.raises(DatasetError, match="Not one image of the support of Black footed Albatross"),
    ):
        run(backbone, loaded, split)


def test_without_a_readable_query_it_is_refused(backbone, tmp_path):
    MINIATURES["cub"](tmp_path)
    loaded = load_benchmark("cub", tmp_path)
    split = draw_split(loaded, shots=1)
    for name in split.queries:
        (tmp_path / "CUB_200_2011/images" / name).write_bytes(b"no image")
    with pytest.warns(SkippedWarning), pytest.raises(DatasetError, match="that was to be asked about can be read"):
        run(backbone, loaded, split)


def test_a_run_can_be_stopped(backbone, tmp_path):
    MINIATURES["pets"](tmp_path)
    loaded = load_benchmark("pets", tmp_path)
    with pytest.raises(CancelledError):
        run(backbone, loaded, draw_split(loaded, shots=1), cancel=lambda: True)


def test_moving_the_data_changes_nothing(backbone, tmp_path):
    MINIATURES["vizwiz"](tmp_path / "here")
    loaded = load_benchmark("vizwiz", tmp_path / "here")
    split = draw_split(loaded, shots=2)
    first = run(backbone, loaded, split)
    shutil.move(tmp_path / "here", tmp_path / "there")
    again = load_benchmark("vizwiz", tmp_path / "there")
    assert draw_split(again, shots=2) == split
    assert run(backbone, again, split).outcomes == first.outcomes


@pytest.mark.parametrize("name", ["blink", "naturalbench", "vlguard"])
def test_the_model_itself_is_asked_the_same_and_counted_by_the_same_rule(backbone, tmp_path, name):
    MINIATURES[name](tmp_path)
    loaded = load_benchmark(name, tmp_path)
    split = draw_split(loaded, shots=1, queries=4)
    result = run(backbone, loaded, split, zero_shot=True)
    assert {key: each.n for key, each in result.zero_shot.items()} == {key: each.n for key, each in result.scores.items()}
    assert run(backbone, loaded, split).zero_shot == {}


def test_a_label_is_spoken_as_the_question_asks(backbone, tmp_path, monkeypatch):
    """VLGuard asks for Yes or No: a model that always finds Yes likeliest is right where the label is harmful."""
    asked = []

    def always_yes(_, example, words):
        asked.append(words)
        return {word: float(word == "Yes") for word in words}

    monkeypatch.setattr("sav_core.models.generation.label_likelihoods", always_yes)
    MINIATURES["vlguard"](tmp_path)
    loaded = load_benchmark("vlguard", tmp_path)
    split = draw_split(loaded, shots=1)
    result = run(backbone, loaded, split, zero_shot=True)
    assert set(map(frozenset, asked)) == {frozenset({"Yes", "No"})}
    harmful = sum(label == "harmful" for label in split.queries.values()) / len(split.queries)
    assert result.zero_shot["accuracy"].value == harmful
