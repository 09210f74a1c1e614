"""The experiments on function vectors: what they return, and that command line, page and report show nothing else."""

import json
from dataclasses import replace

import numpy as np
import pytest

from sav_core.cli.app import main
from sav_core.data.pictures.picture import as_picture
from sav_core.errors import CancelledError, SettingError
from sav_core.models.backbones import load_backbone
from sav_core.scenes.draw import RELATIONS
from sav_core.vectors import (
    BASES_OF,
    Prompting,
    PromptReader,
    PromptSet,
    RelationItem,
    RelationTask,
    Site,
    SiteMap,
    draw_task,
    judge_composition,
    judge_tuned,
    layer_scale_map,
    map_sites,
    mediate_relation,
    outcome_of,
    pair_weights,
    random_vector,
    read_relation_task,
    shipped_sprites,
    sweep_settings,
    tune_vector,
    tune_with_controls,
    zero_shot,
)
from sav_ui.pages.vectors import tasks as vector_tasks
from tests.support.relations import a_vector, items
from tests.support.tiny_models import example_image
from tools.report import vectors as report_vectors

SUMS = ["zero-shot", "in context, same pair", "composed", "equal weights", "best base vector"]


TASK = RelationTask(tuple(items(8)), tuple(items(4, 10)), tuple(items(4, 20)), "tiny", 0)


@pytest.fixture(scope="module")
def reader(tiny_backbone):
    return PromptReader(tiny_backbone("llava"))


@pytest.fixture(scope="module")
def bases(reader):
    return [a_vector(reader.backbone, seed=seed) for seed in range(2)]


def sets(reader, cancel=None):
    return tuple(PromptSet(reader, zero_shot(part), cancel=cancel) for part in (TASK.train, TASK.validation, TASK.test))


# --- what they return


def test_a_tuning_has_a_random_start_and_five_examples_beside_it(reader, bases):
    train, validation, test = sets(reader)
    seen = []
    found = tune_with_controls(bases[0], train, validation, steps=4, every=2, progress=seen.append)
    assert list(found) == ["tuned", "tuned random start", "tuned on five"]
    assert [each.vector.notes["prompts"] for each in found.values()] == [8, 8, 5]
    alone = tune_vector(random_vector(bases[0]), train, validation, steps=4, every=2)
    np.testing.assert_array_equal(found["tuned random start"].vector.values, alone.vector.values)
    assert (seen[-1].done, seen[-1].total) == (12, 12)
    assert [each.done for each in seen] == sorted(each.done for each in seen)
    for name, tuned in found.items():
        assert [each for each in seen if each.name == name][-1].points == tuned.curve
    judged = judge_tuned(test, bases[0], found)
    assert list(judged) == ["before tuning", *found]
    assert judged["before tuning"] == outcome_of(test, bases[0])
    assert judged["tuned on five"] == outcome_of(test, found["tuned on five"].vector)
    assert list(tune_with_controls(bases[0], train, validation, steps=1, controls=False)) == ["tuned"]


@pytest.mark.parametrize("steps_done", [1, 3])
def test_a_cancelled_tuning_returns_what_it_reached_though_its_prompts_are_cancelled_with_it(reader, bases, steps_done):
    stop = []
    train, validation, _ = sets(reader, cancel=lambda: bool(stop))
    found = tune_with_controls(
        bases[0],
        train,
        validation,
        steps=50,
        every=50,
        progress=lambda each: stop.append(1) if each.done == steps_done else None,
        cancel=lambda: bool(stop),
    )
    assert list(found) == ["tuned"]
    assert found["tuned"].curve[0].step == 0
    stop.clear()
    train, validation, _ = sets(reader, cancel=lambda: bool(stop))
    stop.append(1)
    with pytest.raises(CancelledError):
        tune_with_controls(bases[0], train, validation, controls=False, steps=2, cancel=lambda: True)


def test_a_sum_is_judged_beside_simpler_ways(reader, bases):
    source, seen = TASK.train[0], []
    found = judge_composition(reader, TASK.test, bases, [1.5, 0.5], source, progress=seen.append)
    assert list(found) == SUMS
    assert [outcome.n for outcome in found.values()] == [4] * 5
    test = sets(reader)[2]
    best = max((outcome_of(test, base) for base in bases), key=lambda outcome: outcome.right)
    assert (found["zero-shot"], found["best base vector"]) == (outcome_of(test), best)
    even = judge_composition(reader, TASK.test, bases, [1.0, 1.0], source)
    assert found["equal weights"] == even["equal weights"] == even["composed"]
    assert found["composed"] != even["composed"]
    rival = a_vector(reader.backbone, seed=9)
    wider = judge_composition(reader, TASK.test, bases, [1.0, 1.0], source, rivals=[rival])
    assert wider["best base vector"].right == max(best.right, outcome_of(test, rival).right)
    with pytest.raises(CancelledError):
        judge_composition(reader, TASK.test, bases, [1.0, 1.0], source, cancel=lambda: True)


def test_the_site_is_the_best_on_validation_and_one_site_for_several_vectors_the_best_in_their_mean(reader, bases):
    validation = sets(reader)[1]
    found = map_sites(validation, bases[0])
    np.testing.assert_array_equal(found.accuracy, layer_scale_map(validation, bases[0]))
    assert (found.layers, found.n) == ((0, 1, 2), 4)
    one = SiteMap(np.array([[0.1, 0.8], [0.8, 0.2]]), (0, 1), (1.0, 2.0), 5)
    other = SiteMap(np.array([[0.1, 0.2], [0.9, 0.2]]), (0, 1), (1.0, 2.0), 5)
    assert (one.best, one.cell(one.best)) == (Site(0, 2.0), (0, 1))  # the lower layer of two that are as good
    assert SiteMap.mean([one, other]).best == Site(1, 1.0)
    assert SiteMap.mean([one, other]).n == 10
    assert bases[0].at(*one.best).scale == 2.0
    with pytest.raises(SettingError, match="same layers and scales"):
        SiteMap.mean([one, found])
    with pytest.raises(SettingError, match="no layer 7"):
        one.cell(Site(7, 1.0))


def test_mediation_counts_the_items_that_have_no_corrupted_prompt(reader):
    lonely = RelationItem(as_picture(example_image(99)), "a", "on", "s")
    task = RelationTask((*items(4), lonely), TASK.validation, TASK.test)
    named = [RelationItem(item.picture, item.anchor, "on", item.related, {"by": "z"}) for item in items(4)]
    found = mediate_relation(reader, RelationTask((*named, lonely), (), ()), 5, Prompting("words"), only_right=False)
    assert (found.left_out, found.effects.asked, found.means.asked) == (1, 4, 5)
    assert mediate_relation(reader, task, 3, Prompting(demonstrations=2), only_right=False).left_out == 0


def test_sweeps_end_at_the_vectors_own_settings(reader):
    prompting = Prompting(demonstrations=2)
    found = mediate_relation(reader, TASK, 3, prompting, only_right=False)
    from sav_core.vectors import build_vector

    vector = build_vector(reader.backbone, found.means, found.effects.ranking[:4], layer=1)
    swept = sweep_settings(reader, TASK, vector, found.means, prompting)
    assert (list(swept.heads), list(swept.demonstrations)) == ([1, 2, 3, 4], [0, 1, 2])
    assert swept.sites.accuracy.shape == (3, 6)
    assert sweep_settings(reader, TASK, random_vector(vector), None, prompting).heads == {}


# --- and that all three show it


@pytest.fixture(scope="module")
def on_disk(tiny_checkpoint, tmp_path_factory):
    """A model, relations and two vectors as files; and the same in memory."""
    folder = tmp_path_factory.mktemp("studies")
    model = str(tiny_checkpoint("llava"))
    lines = []
    for number in range(24):
        example_image(number).save(folder / f"{number}.png")
        pair = {"anchor": f"anchor {chr(97 + number)}", "related": f"{chr(97 + number)} thing"}
        lines.append({"image": f"{number}.png", "relation": "on", **pair})
    data = folder / "relations.jsonl"
    data.write_text("\n".join(map(json.dumps, lines)))
    backbone = load_backbone(model, dtype="float32")
    vectors = [a_vector(backbone, seed=seed) for seed in range(2)]
    for name, vector in zip("ab", vectors, strict=True):
        vector.save(folder / f"{name}.fv")
    task, _ = read_relation_task(data, relations=["on"])
    return folder, ["--data", str(data), "--model", model, "--dtype", "float32", "--json"], backbone, task, vectors


def described(outcomes):
    return {name: (outcome.accuracy, outcome.probability, outcome.n) for name, outcome in outcomes.items()}


def of_json(capsys, *arguments):
    assert main(["vectors", *map(str, arguments)]) == 0
    found = json.loads(capsys.readouterr().out)
    return {name: (each["accuracy"], each["probability"], each["n"]) for name, each in found["conditions"].items()}


def nothing(*_):
    return None


def test_command_line_page_and_report_show_the_figures_of_one_composition(on_disk, capsys):
    folder, place, backbone, task, vectors = on_disk
    found = judge_composition(PromptReader(backbone), task.test, vectors, [1.0, 0.5], task.train[0])
    given = ["--vector", folder / "a.fv", "--vector", folder / "b.fv", "--weights", "1,0.5", "--out", folder / "sum.fv"]
    assert of_json(capsys, "compose", *given, "--relation", "on", *place) == described(found)
    args = (task.test, vectors, [1.0, 0.5], task.train[0])
    page = vector_tasks.judge_sum(backbone, *args, progress=nothing, cancel=lambda: False)
    assert page == found
    reader, drawn = PromptReader(backbone), draw_task(shipped_sprites(), scenes=(20, 6, 12), seed=3)
    vectors = {
        relation: replace(a_vector(backbone, seed=seed), relation=relation) for seed, relation in enumerate(RELATIONS)
    }
    counts, weighed = report_vectors.compose(reader, drawn, vectors, Prompting(demonstrations=1))
    for number, (relation, pair) in enumerate(BASES_OF.items()):
        own, base = drawn.of(relation), [vectors[name] for name in pair]
        weights = pair_weights(PromptSet(reader, zero_shot(own.train[:1])), base).tolist()
        assert list(weighed[relation].values()) == weights
        found = judge_composition(reader, own.test, base, weights, own.train[0], rivals=list(vectors.values()))
        assert {name: counts[name][number] for name in SUMS} == {name: (o.right, o.n) for name, o in found.items()}


def test_command_line_page_and_report_show_the_figures_of_one_tuning(on_disk, capsys):
    folder, place, backbone, task, vectors = on_disk
    reader, start = PromptReader(backbone), vectors[0]
    train, validation, test = (PromptSet(reader, zero_shot(part)) for part in (task.train, task.validation, task.test))
    found = tune_with_controls(start, train, validation, steps=2)
    judged = judge_tuned(test, start, found)
    given = ["--vector", folder / "a.fv", "--out", folder / "tuned.fv", "--steps", 2, "--controls"]
    assert of_json(capsys, "tune", *given, *place) == described(judged)
    args = (start, task.train, task.validation, zero_shot(task.validation), 2, True)
    page = vector_tasks.tune(backbone, *args, progress=nothing, cancel=lambda: False)
    every = tune_with_controls(start, train, validation, steps=2, every=1)  # the page looks oftener, for its live curve
    assert {name: tuned.curve[1:] for name, tuned in page.items()} == {n: t.curve[1:] for n, t in every.items()}
    _, counts = report_vectors.tune(reader, task, {"on": start}, 2)
    assert counts == {name: [(outcome.right, outcome.n)] for name, outcome in judged.items()}
