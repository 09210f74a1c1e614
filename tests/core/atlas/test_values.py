"""An atlas as JSON, as sentences, as tables, as figures and as a page."""

import csv
import io
import json

import numpy as np
import pytest

from sav_core.atlas import Atlas, TaskVectors, atlas_values, findings, read_atlas, row_of, survey, transfer_heads
from sav_core.errors import InputError
from sav_core.figures.atlas import atlas_heatmap, atlas_size, head_order, overlap_heatmap, sharing_figure, transfer_heatmap
from sav_core.heads.classifier import HeadClassifier
from sav_core.reports.atlas_page import atlas_page
from sav_core.reports.atlas_tables import as_cells, as_pairs
from sav_core.types import Head
from tests.support.atlases import knowing, row

NAMES = ("=left", "<b>right</b>")


@pytest.fixture(scope="module")
def report():
    """Two tasks that other heads know, with transfer, and a file of an earlier version."""
    vectors = [knowing([(0, 0)], seed=1), knowing([(1, 1)], seed=2)]
    fits = [HeadClassifier(2).fit(each) for each in vectors]
    rows = [
        row_of(name, fit.fitted_, fit.kept_heads_, model="m", identity="id") for name, fit in zip(NAMES, fits, strict=True)
    ]
    found = Atlas.of([*rows, row("old", [(0, 0)], identity="id", model="m", left_out=False)])
    tasks = [TaskVectors(name, each) for name, each in zip(NAMES, vectors, strict=True)]
    return survey(found, transfer_heads(tasks, found, HeadClassifier(2)))


def test_what_is_written_is_read(report, tmp_path):
    told = json.loads(json.dumps(atlas_values(report)))
    (tmp_path / "atlas.json").write_text(json.dumps(told))
    again = read_atlas(tmp_path / "atlas.json")
    assert json.loads(json.dumps(atlas_values(again))) == told
    assert set(told) == {"format", "model", "tasks", "overlaps", "sharing", "clusters", "transfer"}
    assert set(told["tasks"][0]) == {"name", "labels", "examples", "counted", "n", "chance", "right", "kept", "best"}
    assert [task["counted"] for task in told["tasks"]] == ["left out", "left out", "training score"]
    assert told["model"] == {"name": "m", "identity": "id", "layers": 2, "heads": 4}
    assert again.transfer == report.transfer


def test_what_no_atlas_can_be_is_refused(report, tmp_path):
    def refused(change, message):
        told = json.loads(json.dumps(atlas_values(report)))
        change(told)
        (tmp_path / "atlas.json").write_text(json.dumps(told))
        with pytest.raises(InputError, match=message):
            read_atlas(tmp_path / "atlas.json")

    refused(lambda told: told.update(format="other"), "its format is 'other'")
    refused(lambda told: told["tasks"][0].update(right=[[999]]), "the counts of '=left' are not possible")
    refused(lambda told: told["tasks"][0].update(kept=["L9.H9"]), "the kept heads of '=left' are not possible")
    refused(lambda told: told["tasks"][0].update(examples=[8]), "counts|labels")
    refused(lambda told: told.pop("tasks"), "no usable atlas")
    (tmp_path / "atlas.json").write_text("[")
    with pytest.raises(InputError, match="is no JSON"):
        read_atlas(tmp_path / "atlas.json")
    with pytest.raises(InputError, match="cannot be read"):
        read_atlas(tmp_path / "nowhere.json")


def test_sentences_say_what_was_found(report):
    said = findings(report, {"old": "An old file"})
    assert said["counts"].startswith("Of An old file training scores are shown")
    assert "of tasks" in said["overlaps"]
    assert "task alone" in said["sharing"]
    assert "A task's own heads are right on 100 % of its examples" in said["transfer"]
    alone = findings(survey(Atlas.of([row("a", [(0, 0)])])))
    assert alone == {}, "of one task there is nothing to compare"
    every = findings(survey(Atlas.of([row("a", [(0, 0)]), row("b", [(0, 0)])])))
    assert every["sharing"].startswith("1 head (L0.H0) serves all 2 tasks; by chance that many or more do with p 0.12.")


def test_tables_have_a_line_for_each_cell_and_each_pair_and_no_formula(report):
    cells = list(csv.DictReader(io.StringIO(as_cells(report))))
    assert len(cells) == 3 * 8
    assert {line["task"] for line in cells} == {"'=left", "<b>right</b>", "old"}
    first = next(line for line in cells if (line["task"], line["head"]) == ("'=left", "L0.H0"))
    assert (first["right"], first["n"], first["counted"], first["rank"]) == ("16", "16", "left out", "1")
    pairs = list(csv.DictReader(io.StringIO(as_pairs(report))))
    assert len(pairs) == 6
    old = next(line for line in pairs if (line["heads of"], line["on"]) == ("old", "'=left"))
    assert (old["shared"], old["own heads"], old["n"]) == ("1", "1", "16")
    assert next(line for line in pairs if line["on"] == "old")["accuracy"] == "", "there are no vectors of a file"


def test_figures_have_a_cell_for_each_head_and_say_its_counts(report):
    figure = atlas_heatmap(report.atlas, selected=(1, Head(1, 1)))
    cells, dots = figure.data
    assert np.shape(cells.z) == (3, 8)
    assert len(dots.x) == 5
    assert "16 of 16 right (100.0 %), left out" in cells.customdata[0][0]
    assert "&lt;b&gt;right" in cells.customdata[1][0]
    assert "training score" in cells.customdata[2][7]
    assert figure.layout.height == atlas_size(report.atlas)[1]
    groups = [[Head(1, 1)], [Head(0, 0), Head(0, 2)]]
    columns, blocks = head_order(report.atlas, groups)
    assert columns[:3] == [Head(1, 1), Head(0, 0), Head(0, 2)]
    assert blocks == [("1", 1), ("2", 2), ("–", 5)]
    assert np.shape(atlas_heatmap(report.atlas, groups=groups).data[0].z) == (3, 8)
    shared = overlap_heatmap(report.overlaps, report.atlas.names)
    assert np.isnan(np.diag(np.array(shared.data[0].z, dtype=float))).all()
    assert list(sharing_figure(report.sharing).data[0].y) == report.sharing.observed.tolist()
    moved = transfer_heatmap(report.transfer, dict.fromkeys(report.atlas.names, "t"))
    assert np.shape(moved.data[0].z) == (2, 3)
    assert not json.loads(moved.to_json())["layout"].get("template", {}).get("nothing")


def test_the_page_shows_all_of_it_and_no_tag_of_a_name(report):
    page = atlas_page(report)
    assert page.count("data-figure=") == 4
    assert "<b>right</b>" not in page
    assert "&lt;b&gt;right&lt;/b&gt;" in page
    for heading in ("Do tasks share heads?", "Heads of one task, heads of all", "Do heads travel?"):
        assert heading in page
