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
from tests.support.people import pool_with, small_project, taught
from tests.support.tiny_models import example_image


@pytest.fixture
def models(tiny_backbone):
    return pool_with(tiny_backbone("llava"))


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
    "never none of these": {"threshold": 0.0},
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
def session(request, models, here):
    """Somebody whose project is taught and saved."""
    options = dict(PROJECTS[request.param])
    own_text = options.pop("own_text", False)
    project = small_project(**options)
    if own_text:
        project = project.with_text(project.items[0].id, "Another question?")
    session = taught(models, project)
    write_project(here / f"{file_name(project)}.zip", session.project, session.fit)
    return session


def of_the_page(session, models):
    """What the page itself says of the picture."""
    from sav_core.activations.extraction import extract_head_vectors
    from sav_core.data.examples import Example
    from sav_core.data.pictures.picture import open_picture

    own_texts = any(item.text for item in session.project.items)
    query = Example(open_picture("photo.jpg"), session.project.question or ("Your question?" if own_texts else ""))
    return session.fit.classifier.predict(extract_head_vectors(models.get(""), [query]))[0]


def test_the_python_finds_the_heads_and_labels_of_the_page(session, models):
    names, out = {}, io.StringIO()
    with redirect_stdout(out):
        exec(python_code(session.project, session.fit), names)
    page = of_the_page(session, models)
    assert names["classifier"].kept_heads_ == session.fit.kept
    assert tuple(names["classifier"].classes_) == session.fit.labels
    assert (names["classifier"].head_scores_ == session.fit.scores.accuracy).all()
    assert names["prediction"].label == page.label
    assert names["prediction"].shares == page.shares
    answer = "none of these" if page.is_rejected(session.project.threshold) else page.label
    assert out.getvalue().splitlines() == [str(session.fit.kept), f"{answer} {dict(page.shares)}"]


def test_the_commands_find_the_heads_and_labels_of_the_page(session, models, capsys):
    outputs = []
    for command in commands(session.project, session.fit):
        words = shlex.split(command)
        assert words[:3] == ["python", "-m", "sav_core"]
        assert cli.main([*words[3:], *(["--json"] if words[3] == "heads" else [])]) == 0, capsys.readouterr().err
        outputs.append(capsys.readouterr().out)
    heads, line = json.loads(outputs[1]), json.loads(outputs[2])
    page = of_the_page(session, models)
    assert [row["head"] for row in heads["heads"]] == [str(head) for head in session.fit.kept]
    assert tuple(heads["labels"]) == session.fit.labels
    assert (line["label"], line["shares"]) == (page.label, dict(page.shares))
    if session.project.threshold is not None or session.fit.acceptances is not None:
        assert line["none"] is page.is_rejected(session.project.threshold)
        assert line["acceptance"] == page.acceptance
    else:
        assert "none" not in line


def test_another_model_is_named_in_both(models):
    session = taught(models, small_project())
    project = replace(session.project, model="Qwen/Qwen2-VL-2B-Instruct")
    assert 'load_backbone("Qwen/Qwen2-VL-2B-Instruct", dtype="float32")' in python_code(project, session.fit)
    assert "--model Qwen/Qwen2-VL-2B-Instruct" in commands(project, session.fit)[0]
