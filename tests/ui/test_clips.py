"""Clips on the pages: dropped, shown as frames, taught, classified, saved with the project and opened again."""

import base64
import io
import json
import re
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from sav_core.activations.extraction import extract_head_vectors
from sav_core.data.clips.clip import Clip
from sav_core.data.clips.sampling import ClipSampling
from sav_core.data.examples import Example
from sav_core.data.pictures.picture import Picture, as_picture
from sav_core.data.sets.datasets import read_examples
from sav_core.models.backbones import load_backbone
from sav_core.sav import SavClassifier
from sav_core.types import Progress
from sav_ui.api import calls
from sav_ui.limits import Limits
from sav_ui.pages.classify import actions as classify
from sav_ui.pages.classify import keeping, live, opened
from sav_ui.pages.classify import view as classify_view
from sav_ui.pages.classify.run import run as classify_run
from sav_ui.pages.classify.state import WHERE as CLASSIFY
from sav_ui.pages.classify.state import ClassifyState
from sav_ui.pages.header import kept_work, project_menu
from sav_ui.pages.shared import webcam
from sav_ui.pages.shared.live_window import asked_of
from sav_ui.pages.teach import actions as teach
from sav_ui.pages.teach import view as teach_view
from sav_ui.pages.teach.run import run as teach_run
from sav_ui.panels.wording import progress_bar
from sav_ui.session.manifest import describe
from sav_ui.session.memory import Memory
from sav_ui.session.opened_sav import OpenedSavState
from sav_ui.session.pieces import cut_up
from sav_ui.session.project import Project
from sav_ui.session.project_file import read_project, write_project
from sav_ui.session.session import Session
from sav_ui.uploads.drops import read_drop
from sav_ui.uploads.files import read_pictures, uploads
from tests.support.clips import COLOURS, clip, gif
from tests.support.people import context, dropped, html_of, pool_with, taught
from tests.support.pictures import encoded, noise
from tests.support.video_models import with_video_places

RIGHT, LEFT = gif(), gif(rightwards=False)


@pytest.fixture(scope="module")
def models(tiny_backbone):
    return pool_with(tiny_backbone("llava"))


@pytest.fixture(scope="module")
def video_models(tiny_checkpoint, tmp_path_factory):
    """With a model that has tokens for video."""
    folder = shutil.copytree(tiny_checkpoint("qwen2_vl"), tmp_path_factory.mktemp("video") / "qwen2_vl")
    return pool_with(load_backbone(with_video_places("qwen2_vl", folder)))


@pytest.fixture(scope="module")
def mp4(tmp_path_factory):
    return clip(tmp_path_factory.mktemp("clips") / "a.mp4").read_bytes()


@pytest.fixture(scope="module")
def project(mp4):
    """Two labels of clips, one of which is a video."""
    project = Project(question="Which way?", n_kept=3).with_label("right").with_label("left")
    both = {"a.gif": RIGHT, "a.mp4": mp4}, {"b.gif": LEFT, "c.gif": gif(rightwards=False, seed=2)}
    for label, files in zip(project.labels, both, strict=True):
        good, bad = read_pictures(uploads(dropped(files)))
        assert not bad
        project = project.with_examples(label.id, [Example(picture, "Which way?", label.name) for _, picture in good])
    return project


def do(session, models, act, where, action, **data):
    act(context(session, models, where), {"do": action, **data})


def test_what_is_dropped_on_a_card_is_shown_as_the_frames_that_are_looked_at(models, mp4):
    session = Session()
    session.project = Project().with_label("right")
    (label,) = session.project.labels
    files = dropped({"a.gif": RIGHT, "b.mp4": mp4, "still.png": encoded(noise())})
    do(session, models, teach.act, "bench", "add", label=label.id, files=files)
    first, second, still = (item.pictures[0] for item in session.project.items)
    assert (len(first.times), len(second.times), isinstance(still, Clip)) == (4, 8, False)
    words = "Added 1 picture and 2 clips to “right”. The model is shown 4 to 8 frames of each clip, at even distances"
    assert session.notice.text.startswith(words)
    html = html_of(teach_view.bench(session))
    assert len(re.findall(r'class="frame +reel"', html)) == 2
    assert [html.count("0.3 s"), html.count("1.9 s")] == [1, 1]
    do(session, models, teach.act, "bench", "enlarge", item=session.project.items[1].id)
    dialog = html_of(teach_view.bench(session)).partition("<dialog")[2]
    assert f'data-film="{second.digest[:32]}"' in dialog
    assert re.findall(r'data-seconds="([\d.]+)"', dialog) == [str(round(time, 3)) for time in second.times]
    assert "The model is shown 8 frames of it at even distances, from the first to the last, 1.9 s later" in dialog
    assert session.weigh() >= len(RIGHT) + len(mp4)


def test_heads_are_found_in_clips_and_what_they_look_at_is_drawn_over_each_frame(models, project):
    session = taught(models, project)
    session.look_at(head=session.fit.ranking[0], item=project.items[0].id)
    for _ in teach_run(context(session, models), {}):
        pass
    assert not isinstance(session.look, str), session.look
    (view,) = session.look.of_head(session.fit.ranking[0])
    assert [frame["time"] for frame in view["frames"]] == ["0.0 s", "0.1 s", "0.2 s", "0.3 s"]
    assert html_of(teach_view.findings(session)).count(f'alt="{view["alt"]} at 0.2 s"') == 1
    assert session.look.held_bytes > 4 * 40 * 60 * 3


def test_a_clip_is_classified_beside_pictures_and_learned_from(models, project):
    session = taught(models, project)
    files = dropped({"new.gif": gif(seed=3), "still.png": encoded(noise())})
    do(session, models, classify.act, CLASSIFY, "query", files=files)
    assert session.notice.text.startswith("Added 1 picture and 1 clip.")
    for _ in classify_run(context(session, models, CLASSIFY), {}):
        pass
    state = session.state(ClassifyState)
    assert len(state.answers(session.project, session.fit)) == 2
    html = classify_view.answers(session)["html"]
    assert html.count("data-seconds") == 4
    moving = state.shown(session.project)[0]
    do(session, models, classify.act, CLASSIFY, "teach", query=moving.id, label=project.labels[0].id)
    assert session.project.items[-1].content == moving.content


def choose(session, models, what, value):
    """Choose it as the visitor does, and let the model see what it has not seen."""
    do(session, models, teach.act, "bench", what, value=value)
    for _ in teach_run(context(session, models), {}):
        pass


def test_another_number_of_frames_is_looked_at_everywhere_once_it_is_chosen(models, project):
    session = taught(models, project)
    do(session, models, classify.act, CLASSIFY, "query", files=dropped({"new.gif": gif(seed=3)}))
    assert "8 frames of each are looked at" in classify_view.tray(session)["html"]
    state, before, eight = session.state(ClassifyState), session.fit, session.project
    for _ in classify_run(context(session, models, CLASSIFY), {}):
        pass
    assert re.search(r'value="8" +selected>8 frames', html_of(teach_view.bench(session)))
    do(session, models, teach.act, "bench", "clip_frames", value="2")
    assert re.match(r"Read 5 clips anew in \d+\.\d s\. The model is shown 2 frames of each clip", session.notice.text)
    assert session.current_fit is None, "until the model has seen them"
    choose(session, models, "clip_frames", "2")
    assert {len(item.pictures[0].times) for item in session.project.items} == {2}
    assert session.fit.vectors.values.shape == before.vectors.values.shape
    assert not (session.fit.vectors.values == before.vectors.values).all()
    (query,) = state.queries
    assert (len(query.pictures[0].times), state.missing(session.project)) == (2, [query])
    assert "2 frames of each are looked at" in classify_view.tray(session)["html"]
    do(session, models, teach.act, "bench", "undo")
    assert (session.project, session.current_fit is not None) == (eight, True)
    assert (len(state.queries[0].pictures[0].times), state.missing(session.project)) == (4, [])
    choose(session, models, "clip_frames", "2/s")
    assert (session.project.clips.per_second, len(session.project.items[1].pictures[0].times)) == (2.0, 4)
    for wrong in ("many", "0", "-1/s", ""):
        do(session, models, teach.act, "bench", "clip_frames", value=wrong)
        assert (session.notice.kind, session.project.clips.per_second) == ("error", 2.0)


def test_clips_are_shown_as_video_where_the_model_takes_it(models, video_models, project):
    assert 'id="clip-way"' not in html_of(teach_view.bench(taught(models, project)))
    session = taught(video_models, project)
    assert 'id="clip-way"' in html_of(teach_view.bench(session))
    choose(session, video_models, "clip_way", "native")
    assert session.notice.text.startswith("Shown as one video from now on: 4 clips.")
    assert (session.project.clips.way, session.current_fit is not None) == ("native", True)
    assert {item.pictures[0].sampling.way for item in session.project.items} == {"native"}
    assert "as one video" in classify_view.tray(session)["html"]
    do(session, video_models, teach.act, "bench", "undo")
    assert {item.pictures[0].sampling.way for item in session.project.items} == {"frames"}


def essence(project):
    names = {label.id: label.name for label in project.labels}
    return [(names[item.label], item.name, item.content) for item in project.items], project.clips


def test_a_saved_project_brings_its_clips_back_and_the_library_reads_them(models, project, tmp_path):
    session = taught(models, project)
    do(session, models, classify.act, CLASSIFY, "query", files=dropped({"new.gif": gif(seed=3)}))
    here = context(session, models, "project")
    here.keepers["classify"] = keeping.KEEPER
    project_menu.act(here, {"do": "save"})
    saved = session.download.path
    reopened, skipped = read_project(saved, Project())
    assert (essence(reopened), skipped) == (essence(project), ())
    found = read_examples(saved, clips=project.clips)
    assert [each.images for each in found] == [each.images for each in project.examples()]
    with zipfile.ZipFile(saved) as archive:
        assert archive.read("images/1 right/0001 a.gif") == RIGHT
        (tmp_path / "classifier.sav").write_bytes(archive.read("classifier.sav"))
    assert SavClassifier.load(tmp_path / "classifier.sav", models.get("")).clips_ == project.clips
    other = context(Session(), models, "project")
    other.keepers["classify"] = keeping.KEEPER
    (entry,) = dropped({"p.zip": Path(saved).read_bytes()})
    project_menu.act(other, {"do": "open", "files": [entry]})
    (query,) = other.session.state(ClassifyState).queries
    assert query.pictures[0] == session.state(ClassifyState).queries[0].pictures[0]
    piece = cut_up(project, {}).read(project.items[0].pictures[0].digest[:32])
    assert piece == RIGHT


def test_in_a_project_of_before_there_were_clips_a_moving_picture_stays_a_still(tmp_path):
    still = as_picture(RIGHT, "a.gif")
    project = Project().with_labelled([Example(still, "", "a"), Example(noise(), "", "b")])
    manifest = json.loads(describe(project, None))
    del manifest["settings"]["clips"]
    lines = [{"images": ["images/a.gif"], "label": "a"}, {"images": ["images/b.png"], "label": "b"}]
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as old:
        old.writestr("project.json", json.dumps(manifest))
        old.writestr("examples.jsonl", "\n".join(map(json.dumps, lines)))
        old.writestr("images/a.gif", RIGHT)
        old.writestr("images/b.png", encoded(noise()))
    first, _ = read_project(tmp_path / "old.zip", Project())
    write_project(tmp_path / "new.zip", first)
    again, _ = read_project(tmp_path / "new.zip", Project())
    for opened_project in (first, again):
        picture = opened_project.items[0].pictures[0]
        assert (type(picture), picture) == (Picture, still)


def test_limits_leave_out_what_is_too_large_or_too_long_and_nothing_else(monkeypatch, mp4):
    small = Limits(clip_mib=1, clip_seconds=1)
    monkeypatch.setattr("sav_ui.session.memory.limits", lambda: small)
    huge = b"\0\0\0\x18ftypmp42" + bytes(1 << 20)
    with Memory().reading():
        good, bad = read_pictures(uploads(dropped({"a.gif": RIGHT, "long.mp4": mp4, "huge.mp4": huge})))
    assert [file.name for file, _ in good] == ["a.gif"]
    assert [skip.reason for skip in bad] == [
        "'long.mp4' lasts 2 seconds, and clips of up to 1 are read here: cut out what matters.",
        "'huge.mp4' has 2 MiB, and clips of up to 1 MiB are read here: shorten it, or make its frames smaller.",
    ]
    assert Limits().clips_in_words == "MP4, WebM, MOV, MKV, AVI, or a GIF that moves; up to 10 minutes and 32 MiB each"


def test_lists_and_archives_bring_clips_too(mp4):
    line = {"video": "a.mp4", "question": "Which way?", "label": "right"}
    found = read_drop(uploads(dropped({"t.jsonl": [line], "a.mp4": mp4})), "")
    assert [len(each.images[0].times) for each in found.examples] == [8]
    missing = read_drop(uploads(dropped({"t.jsonl": [line, {**line, "video": "b.mp4"}], "a.mp4": mp4})), "")
    assert "The picture 'b.mp4' did not come with 't.jsonl'" in missing.skipped[0].reason
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("left/a.gif", LEFT)
        archive.writestr("right/a.mp4", mp4)
    few = ClipSampling(3, animated=True)
    found = read_drop(uploads(dropped({"t.zip": packed.getvalue()})), "", clips=few)
    assert [(each.label, len(each.images[0].times)) for each in found.examples] == [("left", 3), ("right", 3)]


def test_the_endpoints_take_clips_and_answer_as_the_library(models, mp4, tmp_path):
    paths = []
    for name, content in {"a.mp4": mp4, "b.mp4": clip(tmp_path / "c.mp4", COLOURS[::-1]).read_bytes()}.items():
        (tmp_path / name).write_bytes(content)
        paths.append(str(tmp_path / name))
    fitted = calls.fit_images(models, paths, ["right", "left"], n_kept=3)
    library = SavClassifier(models.get(""), n_kept=3).fit([Example(path, "") for path in paths], ["right", "left"])
    assert SavClassifier.load(fitted.classifier, models.get("")).clips_ == library.clips_ == ClipSampling()
    answers = calls.classify_images(models, paths, fitted.classifier)
    assert answers == [prediction.as_dict() for prediction in library.predict(paths)]


def test_a_classifier_that_is_brought_samples_clips_as_its_support(models, project, tmp_path):
    fit = taught(models, project).fit
    few = ClipSampling(2, animated=True)
    SavClassifier.from_heads(models.get(""), fit.classifier, "Which way?", clips=few).save(tmp_path / "ways.sav")
    session = Session()
    (entry,) = dropped({"ways.sav": (tmp_path / "ways.sav").read_bytes()})
    do(session, models, project_menu.act, "project", "open", files=[entry])
    do(session, models, opened.act, CLASSIFY, "ask_opened", files=dropped({"a.gif": RIGHT}))
    assert session.notice.text.startswith("The model is shown 2 frames of it at even distances")
    (asked,) = session.state(OpenedSavState).asked
    assert len(asked.picture.times) == 2
    html = opened.show(session)["html"]
    assert (html.count("data:image"), html.count("data-play")) == (3, 1), "a poster above two frames"
    assert "2 frames of each are looked at, at even distances from the first to the last, as pictures" in html
    told = kept_work.answer(session, {}, {"want": [asked.picture.digest[:32]]})
    assert [base64.b64decode(piece) for piece in told["pieces"].values()] == [RIGHT]


def jpeg(seed):
    return "data:image/jpeg;base64," + base64.b64encode(encoded(noise(64, 48, seed=seed), "JPEG")).decode()


def test_the_webcam_is_looked_at_in_windows_like_the_clips_that_are_taught(models, project):
    session = taught(models, project)
    assert 'data-frames="8" data-seconds="0.5"' in live.show(session)["html"]
    here = context(session, models, CLASSIFY)
    webcam.look(here, {"images": [jpeg(0)], "serial": 1})
    assert "8 frames of the webcam are looked at together, but 1 came" in live.show(session)["html"]
    webcam.look(here, {"images": [jpeg(seed) for seed in range(8)], "serial": 2})
    seen = session.state(webcam.WebcamState).at(CLASSIFY)
    assert seen.refused == ""
    do(session, models, classify.act, CLASSIFY, "keep_frame")
    for _ in classify_run(here, {}):
        pass
    state = session.state(ClassifyState)
    (query,) = state.queries
    assert query.pictures[0].times == pytest.approx([0.071 * place for place in range(8)])
    answer = state.answers(session.project, session.fit)[query.id]
    assert answer.prediction.shares == seen.answers[-1].prediction.shares, "it is the same clip to the model"


def test_a_question_that_marks_the_place_of_a_clip_marks_that_of_each_frame(project):
    frames = [as_picture(noise(seed=seed)) for seed in range(3)]
    for marker in ("<video>", "<image>"):
        asked = asked_of(frames, 0.5, replace(project, question=f"Look: {marker} Which way?"))
        assert asked.question == "Look: <image><image><image> Which way?"
    (video,) = asked_of(frames, 0.5, replace(project, clips=ClipSampling(way="native"))).images
    assert (video.times, video.sampling.way) == ((0.0, 0.25, 0.5), "native")


def test_progress_counts_frames(models, project):
    told = []
    models.run("", extract_head_vectors, project.examples(), progress=told.append)
    assert (told[-1].frames, told[-1].all_frames) == (20, 20)
    extract_head_vectors(models.get(""), project.examples(), cache=None, progress=told.append)
    assert (told[-1].frames, told[-1].all_frames) == (20, 20)
    assert progress_bar(Progress(1, 4, 1.0, frames=4, all_frames=20), "examples")["words"].startswith(
        "1 of 4 examples (4 of 20 frames)"
    )


def test_a_picture_that_moves_is_known_by_its_frames_alone():
    one = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(one, "GIF")
    good, _ = read_pictures(uploads(dropped({"one.gif": one.getvalue(), "two.gif": RIGHT})))
    assert [isinstance(picture, Clip) for _, picture in good] == [False, True]
