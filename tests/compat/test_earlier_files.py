"""Files that an earlier version wrote still open and vote as they did: see the README beside them."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from sav_core.cli.app import main
from sav_core.data.sets.datasets import read_examples
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.classifier_file import read_classifier
from sav_core.sav import SavClassifier
from sav_core.types import HeadVectors
from sav_ui.pages.header import project_menu
from sav_ui.session.find_heads import find_heads, refit_if_ready
from sav_ui.session.session import Session
from tests.support.people import context, pool_with, sent
from tests.support.tiny_models import example_image

FILES = Path(__file__).resolve().parent
RULES = ("majority", "gaussian", "reliability")
KEYS = {"image", "label", "shares", "votes", "confidence", "probability", "closeness"}


def lines(rule):
    """What ``classify --json`` said with a rule's classifier."""
    return [json.loads(line) for line in (FILES / f"colour-{rule}.jsonl").read_text().splitlines()]


def stored(name, labels, names):
    """Head vectors of the model that made the files."""
    values = load_file(FILES / f"{name}.safetensors")["values"]
    return HeadVectors(values, tuple(labels), tuple(names), tuple(range(len(values))), len(values))


def kept_by(project):
    """The heads that a saved project says it kept."""
    with zipfile.ZipFile(project) as archive:
        return json.loads(archive.read("project.json"))["result"]["kept_heads"]


@pytest.fixture
def other_model(tiny_backbone):
    """Not the model that made the files."""
    return tiny_backbone("llava")


@pytest.fixture
def session(other_model):
    """A session that has opened the project as the page does, and the models there."""
    session, models = Session(), pool_with(other_model)
    project_menu.act(context(session, models, project_menu.WHERE), {"do": "open", "files": [sent(FILES / "project.zip")]})
    assert session.notice.kind == "done", session.notice
    return session, models


@pytest.mark.parametrize("rule", RULES)
def test_an_earlier_classifier_votes_as_it_did(rule, other_model):
    classifier = SavClassifier.load(FILES / f"colour-{rule}.sav", other_model)
    before = lines(rule)
    vectors = stored("queries", [None] * 4, [line["image"] for line in before])
    for line, prediction in zip(before, classifier.head_classifier_.predict(vectors), strict=True):
        said = prediction.as_dict()
        assert said.keys() == line.keys() == KEYS
        assert (said["image"], said["label"]) == (line["image"], line["label"])
        if rule == "majority":
            assert said["shares"] == line["shares"]  # counted votes; the other rules' shares move with the similarities
        assert said["shares"] == pytest.approx(line["shares"], abs=1e-6)
        for name in ("confidence", "probability", "closeness"):
            assert said[name] == pytest.approx(line[name], abs=1e-4), name
        for vote, vote_before in zip(said["votes"], line["votes"], strict=True):
            assert (vote["head"], vote["label"]) == (vote_before["head"], vote_before["label"])
            assert vote["similarity"] == pytest.approx(vote_before["similarity"], abs=1e-4)


@pytest.mark.parametrize("rule", RULES)
def test_an_earlier_classifier_shows_its_heads_without_its_model(rule, capsys):
    assert main(["heads", "--classifier", str(FILES / f"colour-{rule}.sav"), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["labels"] == ["blue", "green", "red", "yellow"]
    assert [row["head"] for row in shown["heads"]] == [vote["head"] for vote in lines(rule)[0]["votes"]]
    assert all(0.25 <= row["accuracy"] <= 1 for row in shown["heads"])


@pytest.mark.parametrize("rule", RULES)
def test_an_earlier_classifier_does_not_classify_with_another_model(rule, capsys, tiny_checkpoint, tmp_path):
    example_image(0).save(tmp_path / "query.png")
    file, model = str(FILES / f"colour-{rule}.sav"), str(tiny_checkpoint("llava"))
    status = main(["classify", "--classifier", file, "--model", model, str(tmp_path / "query.png")])
    said = capsys.readouterr()
    assert (status, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert (
        "was made with the embedded model (8 layers x 8 heads x 32 dim, float32), but the model here is llava" in said.err
    )


def test_an_earlier_project_opens_on_the_page_and_finds_its_heads_again(session):
    session, models = session
    project = session.project
    assert project.title == "Things it was never taught"
    assert [label.name for label in project.labels] == ["papillon", "lion", "owl", "robot", "shark", "zebra"]
    assert len(project.items) == 36
    values = load_file(FILES / "project.safetensors")["values"]
    backbone = models.ready("")
    session.vectors = {backbone.key(e): vector for e, vector in zip(project.examples(), values, strict=True)}
    refit_if_ready(session, models)
    assert [str(head) for head in session.fit.kept] == kept_by(FILES / "project.zip")


def test_an_earlier_projects_own_classifier_is_the_one_that_its_pictures_make(tmp_path):
    examples = read_examples(FILES / "project.zip")
    with zipfile.ZipFile(FILES / "project.zip") as archive:
        (tmp_path / "classifier.sav").write_bytes(archive.read("classifier.sav"))
    before, provenance = read_classifier(tmp_path / "classifier.sav")
    vectors = stored("project", [example.label for example in examples], [example.name for example in examples])
    now = HeadClassifier(provenance.n_kept, provenance.voting, before.scores.scoring).fit(vectors).fitted_
    assert (now.labels, now.examples) == (before.labels, before.examples)
    np.testing.assert_allclose(now.centroids, before.centroids, atol=1e-4)
    np.testing.assert_allclose(now.scores.margin, before.scores.margin, atol=1e-4)


def test_an_earlier_project_finds_heads_in_another_model(session):
    session, models = session
    for _ in find_heads(session, models, "bench"):
        pass
    assert session.fit is not None, session.notice
    assert len(session.fit.kept) == min(20, len(session.fit.ranking))
    assert session.fit.vectors.geometry == models.ready("").geometry
