"""The code a page shows is run as it stands, and must find the page's own heads and labels."""

import io
import json
import shlex
from contextlib import redirect_stdout
from dataclasses import replace

import pytest

from sav_core.cli import app as cli
from sav_core.settings import Settings
from sav_ui.pages.header.show_code import commands, python_code
from sav_ui.session.project_file import file_name, write_project
from tests.support.people import shelf_with, small_project, taught
from tests.support.tiny_models import example_image


@pytest.fixture
def shelf(tiny_backbone):
    return shelf_with(tiny_backbone("llava"))


@pytest.fixture
def here(tmp_path, monkeypatch, tiny_checkpoint):
    """A folder with a picture to classify, where the embedded model is the tiny one."""
    model = str(tiny_checkpoint("llava"))
    monkeypatch.setattr("sav_core.models.backbones.settings", lambda: Settings(model=model))
    monkeypatch.chdir(tmp_path)
    example_image(99).save("photo.jpg", quality=95)
    return tmp_path


PROJECTS = {
    "plain": {},
    "the paper's scoring": {"scoring": "resubstitution", "n_kept": 3},
    "none of these": {"threshold": 0.99},
    "none of these, perhaps": {"threshold": 0.4},
    "gaussian": {"voting": "gaussian", "threshold": 0.3},
    "reliability": {"voting": "reliability", "n_kept": 2},
    "reliability of one picture each": {"voting": "reliability", "each": 1},
    "more heads than there are": {"n_kept": 1000},
    "one picture each": {"each": 1},
    "no question": {"question": ""},
    "odd names": {"labels": ('say "hi"', "it's", "a\\b"), "question": 'It\'s "what"? $HOME `ls`'},
    "texts of their own": {"own_text": True},
    "texts of their own and no question": {"own_text": True, "question": ""},
}


@pytest.fixture(params=PROJECTS)
def visit(request, shelf, here):
    """Somebody whose project is taught and saved."""
    options = dict(PROJECTS[request.param])
    own_text = options.pop("own_text", False)
    project = small_project(**options)
    if own_text:
        project = project.with_text(project.items[0].id, "Another question?")
    visit = taught(shelf, project)
    write_project(here / f"{file_name(project)}.zip", visit.project, visit.fit)
    return visit


def of_the_page(visit, shelf):
    """What the page itself says of the picture."""
    from sav_core.activations.extraction import extract_head_vectors
    from sav_core.data.examples import Example
    from sav_core.data.images import open_picture

    own_texts = any(item.text for item in visit.project.items)
    query = Example(open_picture("photo.jpg"), visit.project.question or ("Your question?" if own_texts else ""))
    return visit.fit.classifier.predict(extract_head_vectors(shelf.get(""), [query]))[0]


def test_the_python_finds_the_heads_and_labels_of_the_page(visit, shelf):
    names, out = {}, io.StringIO()
    with redirect_stdout(out):
        exec(python_code(visit.project, visit.fit), names)
    page = of_the_page(visit, shelf)
    assert names["classifier"].kept_heads_ == visit.fit.kept
    assert tuple(names["classifier"].classes_) == visit.fit.labels
    assert (names["classifier"].head_scores_ == visit.fit.scores.accuracy).all()
    assert names["prediction"].label == page.label
    assert names["prediction"].shares == page.shares
    answer = "none of these" if page.doubted(visit.project.threshold) else page.label
    assert out.getvalue().splitlines() == [str(visit.fit.kept), f"{answer} {dict(page.shares)}"]


def test_the_commands_find_the_heads_and_labels_of_the_page(visit, shelf, capsys):
    outputs = []
    for command in commands(visit.project, visit.fit):
        words = shlex.split(command)
        assert words[:3] == ["python", "-m", "sav_core"]
        assert cli.main([*words[3:], *(["--json"] if words[3] == "heads" else [])]) == 0, capsys.readouterr().err
        outputs.append(capsys.readouterr().out)
    heads, line = json.loads(outputs[1]), json.loads(outputs[2])
    page = of_the_page(visit, shelf)
    assert [row["head"] for row in heads["heads"]] == [str(head) for head in visit.fit.kept]
    assert tuple(heads["labels"]) == visit.fit.labels
    assert (line["label"], line["shares"]) == (page.label, dict(page.shares))
    if visit.project.threshold:
        assert line["none"] is page.doubted(visit.project.threshold)


def test_another_model_is_named_in_both(shelf):
    visit = taught(shelf, small_project())
    project = replace(visit.project, model="Qwen/Qwen2-VL-2B-Instruct")
    assert 'load_backbone("Qwen/Qwen2-VL-2B-Instruct", dtype="float32")' in python_code(project, visit.fit)
    assert "--model Qwen/Qwen2-VL-2B-Instruct" in commands(project, visit.fit)[0]
