"""A classifier that is brought as a file classifies, says what it cannot do, and leaves the work alone."""

import numpy as np
import pytest
from PIL import Image

from sav_core.data.examples import Example
from sav_core.data.pictures.levels import Levels
from sav_core.heads.classifier_file import read_classifier
from sav_core.sav import SavClassifier
from sav_ui.pages.classify import opened
from sav_ui.pages.classify.state import WHERE
from sav_ui.pages.header import project_menu
from sav_ui.session.opened_sav import OpenedSavState
from sav_ui.session.project import Project
from sav_ui.session.session import Session
from tests.support.people import context, pool_with, sent, small_project, taught
from tests.support.pictures import encoded, noise


@pytest.fixture
def models(tiny_backbone):
    return pool_with(tiny_backbone("llava"))


@pytest.fixture
def saved(models, tmp_path):
    """A ``.sav`` file, and the session that it is of."""
    session = taught(models, small_project())
    SavClassifier.from_heads(models.get(""), session.fit.classifier, "Which animal?").save(tmp_path / "pets.sav")
    return tmp_path / "pets.sav", session


def bring(session, models, path):
    project_menu.act(context(session, models, project_menu.WHERE), {"do": "open", "files": [sent(path)]})


def ask(session, models, *paths):
    here = context(session, models, WHERE)
    opened.act(here, {"do": "ask_opened", "files": [sent(path) for path in paths]})
    for _ in opened.run(here, {}):
        pass


def test_it_gives_the_answers_of_the_library_and_the_project_stays(saved, models, tmp_path):
    path, _ = saved
    session = Session()
    bring(session, models, path)
    assert session.project == Project()
    assert project_menu.show(session)["go"] == "Classify"
    html = opened.show(session)["html"]
    assert "pets.sav" in html
    assert "A classifier holds no examples" in html
    pictures = []
    for seed in range(3):
        (tmp_path / f"{seed}.png").write_bytes(encoded(noise(40, 40, seed=seed)))
        pictures.append(tmp_path / f"{seed}.png")
    ask(session, models, *pictures)
    theirs = SavClassifier.load(path, models.get("")).predict([str(picture) for picture in pictures])
    ours = [each.prediction for each in session.state(OpenedSavState).asked]
    assert [each.as_dict() for each in ours] == [each.as_dict() for each in theirs]
    assert opened.show(session)["html"].count("<li>") == 3
    project_menu.act(context(session, models, project_menu.WHERE), {"do": "close_code"})
    assert project_menu.show(session)["go"] == "", "it leads there once"


def test_it_goes_when_it_is_closed_and_another_takes_its_place(saved, models, tmp_path):
    path, session = saved
    before = session.project
    bring(session, models, path)
    (tmp_path / "a.png").write_bytes(encoded(noise()))
    ask(session, models, tmp_path / "a.png")
    bring(session, models, path)
    assert session.state(OpenedSavState).asked == ()
    opened.act(context(session, models, WHERE), {"do": "close_opened"})
    assert opened.show(session)["html"] == ""
    assert session.project is before
    ask(session, models, tmp_path / "a.png")
    assert "no longer open" in session.notice_at(WHERE).text


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"\x08" + b"\0" * 40])
def test_a_bad_file_is_a_sentence_and_what_is_open_stays(saved, models, tmp_path, content):
    path, session = saved
    bring(session, models, path)
    (tmp_path / "bad.sav").write_bytes(content)
    bring(session, models, tmp_path / "bad.sav")
    assert "bad.sav is not a whole .sav file" in session.notice_at("project").text
    assert str(tmp_path) not in session.notice.text
    assert session.state(OpenedSavState).opened.name == "pets.sav"


def test_a_classifier_of_another_model_is_refused_with_the_reason(saved, tiny_backbone):
    path, _ = saved
    session, others = Session(), pool_with(tiny_backbone("qwen2_vl"))
    bring(session, others, path)
    assert "was made with" in session.notice_at("project").text
    assert session.state(OpenedSavState).opened is None


def test_a_picture_that_cannot_be_read_and_too_many_are_told(saved, models, tmp_path):
    path, session = saved
    bring(session, models, path)
    (tmp_path / "no.png").write_bytes(b"no picture")
    ask(session, models, tmp_path / "no.png")
    assert "no.png" in session.notice_at(WHERE).text
    state = session.state(OpenedSavState)
    (tmp_path / "a.png").write_bytes(encoded(noise()))
    here = context(session, models, WHERE)
    opened.act(here, {"do": "ask_opened", "files": [sent(tmp_path / "a.png")] * 201})
    assert "Up to 200 pictures" in session.notice_at(WHERE).text
    assert state.asked == ()


@pytest.mark.parametrize(("architecture", "detail"), [("llava", "full"), ("smolvlm", "fast")])
def test_pictures_are_scaled_and_looked_at_as_the_support_was(tiny_backbone, tmp_path, architecture, detail):
    backbone = tiny_backbone(architecture)
    models, depth = pool_with(backbone), 4095  # twelve bits
    for seed in range(6):
        values = (
            np.asarray(noise(60, 40, seed=seed))[..., 0].astype(np.uint32) * (depth if seed < 4 else depth // 3)
        ) // 255
        Image.fromarray(values.astype(np.uint16)).save(tmp_path / f"{seed}.png")
    support = [Example(tmp_path / f"{seed}.png", "Which?", f"pet {seed % 2}") for seed in range(4)]
    SavClassifier(backbone, n_kept=3, cache=None, detail=detail).fit(support).save(tmp_path / "pets.sav")
    session = Session()
    bring(session, models, tmp_path / "pets.sav")
    queries = [tmp_path / f"{seed}.png" for seed in (4, 5)]
    ask(session, models, *queries)
    ours = [each.prediction for each in session.state(OpenedSavState).asked]
    assert [each.as_dict() for each in ours] == [
        each.as_dict() for each in SavClassifier.load(tmp_path / "pets.sav", backbone).predict(queries)
    ]
    asked = session.state(OpenedSavState).opened.as_query(session.state(OpenedSavState).asked[0].picture)
    assert asked.detail == detail
    assert str(asked.images[0].levels) == str(support_levels(tmp_path))


def test_where_each_example_had_its_own_question_a_picture_without_one_is_refused(models, tmp_path):
    session = taught(models, small_project())
    SavClassifier.from_heads(models.get(""), session.fit.classifier, None).save(tmp_path / "pets.sav")
    (tmp_path / "0.png").write_bytes(encoded(noise(40, 40, seed=0)))
    session = Session()
    bring(session, models, tmp_path / "pets.sav")
    ask(session, models, tmp_path / "0.png")
    (asked,) = session.state(OpenedSavState).asked
    assert asked.prediction is None
    assert "each have their own question" in asked.refused


def support_levels(folder):
    """What is black and white in the support of that file."""
    return Levels.from_dict(read_classifier(folder / "pets.sav")[1].levels)
