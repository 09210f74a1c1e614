import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from sav_core.data.examples import Example
from sav_core.errors import InputError
from sav_core.types import Head
from sav_ui.limits import limits
from sav_ui.pages.teach import actions as teach
from sav_ui.pages.teach import view as teach_view
from sav_ui.pages.teach.run import run
from sav_ui.session.session import Session
from tests.support.people import context, dropped, sent, small_project, taught
from tests.support.tiny_models import example_image


@pytest.fixture
def session(models):
    """Somebody who has taught three labels with three pictures each."""
    return taught(models, small_project())


@pytest.fixture
def file(tmp_path):
    """``file("a.png", seed=1)`` is a picture as the browser uploads it; ``file("a.zip", {...})`` an archive."""

    def make(name, content=None, seed=0, folder=""):
        path = tmp_path / name
        if content is None:
            example_image(seed).save(path)
        elif isinstance(content, dict):
            with zipfile.ZipFile(path, "w") as archive:
                for member, data in content.items():
                    archive.writestr(member, data)
        else:
            path.write_bytes(content)
        return {**sent(path), "folder": folder}

    return make


def png(seed):
    buffer = io.BytesIO()
    example_image(seed).save(buffer, "PNG")
    return buffer.getvalue()


def label_id(session, name):
    return next(label.id for label in session.project.labels if label.name == name)


def names(session):
    return [label.name for label in session.project.labels]


def do(session, models, action, **data):
    teach.act(context(session, models), {"do": action, **data})


def go_on(session, models):
    """What the browser does when the page says that heads are waited for."""
    for _ in run(context(session, models), {}):
        pass


def no_model(monkeypatch):
    """From here on a forward fails the test."""

    def forward(*arguments, **named):
        pytest.fail("the model ran")

    monkeypatch.setattr("sav_core.activations.extraction.extract_head_vectors", forward)


def test_renaming_a_label_runs_no_model_and_changes_no_head(session, models, monkeypatch):
    no_model(monkeypatch)
    before = session.fit
    do(session, models, "rename", label=label_id(session, "hund"), value="  a dog ")
    assert names(session) == ["a cat", "a dog", "鳥"]
    assert session.fit.labels == ("a cat", "a dog", "鳥")
    assert session.fit.kept == before.kept
    assert (session.fit.scores.correct == before.scores.correct).all()
    assert not session.due


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("hund", "already a label"),
        (" ", "needs a name"),
        ("x" * 81, "at most 80 characters"),
        ("a\u202eb", "U+202E"),
        ("\ud800", "U+D800"),
    ],
)
def test_a_name_that_cannot_be_keeps_the_old_one_and_says_why(session, models, value, told):
    do(session, models, "rename", label=label_id(session, "a cat"), value=value)
    assert names(session) == ["a cat", "hund", "鳥"]
    assert told in session.notice.text
    assert session.fit is not None


def test_adding_one_picture_refits_with_one_forward(session, models, file, monkeypatch):
    from sav_core.activations import extraction

    seen = []
    original = extraction.extract_head_vectors
    monkeypatch.setattr(
        "sav_core.activations.extraction.extract_head_vectors",
        lambda backbone, examples, **more: seen.append(len(examples)) or original(backbone, examples, **more),
    )
    do(session, models, "add", label=label_id(session, "hund"), files=[file("new.png", seed=99)])
    assert session.waits_for_heads
    go_on(session, models)
    assert seen == [1]
    assert len(session.fit.items) == 10
    assert not session.waits_for_heads


def test_removing_and_undoing_run_no_model(session, models, monkeypatch):
    no_model(monkeypatch)
    before = session.fit
    do(session, models, "remove", item=session.project.items[0].id)
    assert len(session.fit.items) == 8
    assert session.notice.undo
    do(session, models, "undo")
    assert [item.id for item in session.fit.items] == [item.id for item in before.items]
    np.testing.assert_array_equal(session.fit.scores.correct, before.scores.correct)


def test_with_one_label_left_there_is_no_result_and_the_page_says_what_to_do(session, models):
    for name in ("hund", "鳥"):
        do(session, models, "drop_label", label=label_id(session, name))
    assert session.fit is None
    assert "second label" in session.project.why_not_ready()
    do(session, models, "undo")
    assert session.fit is not None, "everything is known already, so the result is back at once"


def test_several_pictures_become_an_example_each_or_one_together(session, models, file):
    files = [file(f"{seed}.png", seed=seed) for seed in range(40, 43)]
    do(session, models, "add", label=label_id(session, "hund"), files=files)
    assert len(session.project.items) == 12
    files = [file(f"{seed}.png", seed=seed) for seed in range(50, 53)]
    do(session, models, "add", label=label_id(session, "hund"), files=files, together="yes")
    assert len(session.project.items) == 13
    assert [picture.name for picture in session.project.items[-1].pictures] == ["50.png", "51.png", "52.png"]
    go_on(session, models)
    assert len(session.fit.items) == 13


def test_a_bad_file_among_good_ones_costs_only_itself(session, models, file):
    files = [file("good.png", seed=60), file("bad.png", b"GIF89a, or so it says")]
    do(session, models, "add", label=label_id(session, "hund"), files=files)
    assert len(session.project.items) == 10
    assert session.notice.kind == "part"
    assert "Added 1 picture to “hund”." in session.notice.text
    assert "bad.png" in session.notice.text


def test_what_is_dropped_must_be_an_upload(session, models, tmp_path):
    path = tmp_path / "secret.png"
    Image.new("RGB", (4, 4)).save(path)
    do(session, models, "add", label=label_id(session, "hund"), files=[{"path": str(path), "name": "a.png"}])
    assert len(session.project.items) == 9
    assert "did not arrive" in session.notice.text


def test_a_zip_of_label_folders_adds_to_labels_by_name(session, models, file):
    members = {"hund/1.png": png(70), "hund/2.png": png(71), "fish/1.png": png(72), "fish/notes.txt": b"not a picture"}
    do(session, models, "import", files=[file("more.zip", members)])
    assert names(session) == ["a cat", "hund", "鳥", "fish"]
    assert len(session.project.of_label(label_id(session, "hund"))) == 5
    assert len(session.project.of_label(label_id(session, "fish"))) == 1


def test_a_jsonl_with_its_images_as_a_zip_keeps_texts_and_groups(models, file):
    rows = [
        {"images": ["a.png", "b.png"], "question": "<image><image>Same?", "label": "yes"},
        {"image": "a.png", "question": "Is it red?", "label": "no"},
    ]
    members = {"a.png": png(1), "b.png": png(2), "train.jsonl": "\n".join(json.dumps(row) for row in rows)}
    session = Session()
    do(session, models, "import", files=[file("task.zip", members)])
    assert [len(item.pictures) for item in session.project.items] == [2, 1]
    assert session.project.items[1].text == "Is it red?"
    assert session.project.why_not_ready() == ""


@pytest.mark.parametrize("action", ["import", "add_new", "add"])
def test_a_jsonl_dropped_with_its_pictures_is_imported(session, models, action):
    lines = [{"images": ["a.png", "b.png"], "question": "Same?", "label": "yes"}, {"image": "a.png", "label": "no"}]
    files = dropped({"a.png": png(81), "b.png": png(82), "train.jsonl": lines})
    do(session, models, action, files=files, label=label_id(session, "hund"))
    assert session.notice.kind == "done", session.notice
    assert [len(item.pictures) for item in session.project.items[9:]] == [2, 1]
    assert names(session)[3:] == ["yes", "no"]


def test_a_jsonl_names_no_file_of_the_server(session, models, tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "secret.png")
    before, told = session.project, set()
    for path in (tmp_path / "secret.png", tmp_path / "missing.png", "../" * 12 + f"{tmp_path}/secret.png"):
        do(session, models, "import", files=dropped({"t.jsonl": [{"image": str(path), "label": "hund"}]}))
        assert session.project == before
        told.add(session.notice.text)
    assert len(told) == 1, "what is there is told apart from what is not"


def test_a_picture_that_came_without_its_line_is_told(session, models):
    lines = [{"image": "a.png", "label": "yes"}, {"image": "c.png", "label": "yes"}]
    do(session, models, "import", files=dropped({"t.jsonl": lines, "a.png": png(81), "b.png": png(82)}))
    assert len(session.project.items) == 10
    assert session.notice.text == "Added 1 picture under 1 label. 1 picture and 1 example were left out."
    told = teach_view.bench(session)["html"]
    assert "&#39;c.png&#39; did not come with &#39;t.jsonl&#39;" in told
    assert "is named by no line of &#39;t.jsonl&#39;" in told


def test_a_folder_of_label_folders_takes_the_folders_names(models, file):
    session = Session()
    do(session, models, "import", files=[file("1.png", seed=1, folder="oak"), file("2.png", seed=2, folder="elm")])
    assert names(session) == ["oak", "elm"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("broken.zip", b"PK\x03\x04 and no more", "broken.zip"),
        ("empty.zip", {}, "empty.zip"),
        ("texts.zip", {"a/1.txt": b"text"}, ""),
        ("loose.png", None, "need a label"),
    ],
)
def test_an_import_that_holds_nothing_says_so_and_keeps_the_work(session, models, file, name, content, told):
    before = session.project
    do(session, models, "import", files=[file(name, content)])
    assert session.project == before
    assert session.fit is not None
    assert session.notice.kind == "error"
    assert told in session.notice.text


def test_a_question_that_places_images_which_are_not_there_is_refused(session, models):
    do(session, models, "question", value="<image> and <image>: same?")
    assert session.project.question == "Which animal?"
    assert "image" in session.notice.text
    do(session, models, "text", item=session.project.items[0].id, value="<image><image>?")
    assert session.project.items[0].text == ""


def test_a_new_question_and_a_text_of_ones_own_are_asked(session, models):
    do(session, models, "question", value="What lives here?")
    do(session, models, "text", item=session.project.items[0].id, value="Is it a cat?")
    assert session.waits_for_heads
    go_on(session, models)
    assert [example.question for example in session.project.examples()][:2] == ["Is it a cat?", "What lives here?"]
    assert not session.due


def test_moving_a_doubtful_example_puts_it_under_the_other_label(session, models, monkeypatch):
    no_model(monkeypatch)
    item = session.project.items[0]
    do(session, models, "move", item=item.id, label=label_id(session, "hund"))
    assert session.project.item(item.id).label == label_id(session, "hund")
    assert len(session.fit.items) == 9


def order(session, name):
    return [item.id for item in session.project.of_label(label_id(session, name))]


@pytest.mark.parametrize(
    ("moved", "before", "then"),
    [((2,), 0, (2, 0, 1)), ((0,), None, (1, 2, 0)), ((0, 1), 2, (0, 1, 2)), ((0, 2), 0, (0, 2, 1)), ((2, 0), 1, (0, 2, 1))],
)
def test_examples_are_sorted_by_hand_and_heads_stay_as_they_are(session, models, monkeypatch, moved, before, then):
    no_model(monkeypatch)
    ids, kept = order(session, "hund"), session.fit.kept
    place = "" if before is None else ids[before]
    do(session, models, "place", item=",".join(ids[n] for n in moved), label=label_id(session, "hund"), before=place)
    assert order(session, "hund") == [ids[n] for n in then]
    assert session.fit.kept == kept
    assert session.fit.items == session.project.items
    assert (session.to_undo is None) == (order(session, "hund") == ids)
    do(session, models, "undo")
    assert order(session, "hund") == ids


def test_an_example_is_put_under_another_label_at_a_place_of_it(session, models):
    item, there = order(session, "hund")[0], order(session, "a cat")
    do(session, models, "place", item=item, label=label_id(session, "a cat"), before=there[1])
    assert order(session, "a cat") == [there[0], item, *there[1:]]
    assert session.notice.text.endswith("to “a cat”.")
    do(session, models, "place", item=item, label=label_id(session, "a cat"), before=order(session, "hund")[0])
    assert "another label" in session.notice.text
    assert order(session, "a cat") == [there[0], item, *there[1:]]


def test_an_example_goes_one_place_on_and_no_further_than_the_ends(session, models):
    first, middle, last = order(session, "hund")
    for by, then in (
        ("later", [middle, first, last]),
        ("later", [middle, last, first]),
        ("later", [middle, last, first]),
        ("earlier", [middle, first, last]),
    ):
        do(session, models, "shift", item=first, by=by)
        assert order(session, "hund") == then


def test_the_slider_changes_how_many_heads_vote_and_nothing_else(session, models, monkeypatch):
    no_model(monkeypatch)
    ranking = session.fit.ranking
    for value, kept in ((1, 1), (7, 7), (10**6, len(ranking)), (-3, 1)):
        do(session, models, "keep", value=value)
        assert session.fit.kept == ranking[:kept]
        assert session.project.n_kept == kept


def test_training_accuracy_and_leave_one_out_are_a_toggle(session, models):
    do(session, models, "scoring", scoring="resubstitution")
    assert session.fit.scores.scoring == "resubstitution"
    do(session, models, "scoring", scoring="leave_one_out")
    assert session.fit.scores.scoring == "leave_one_out"
    do(session, models, "scoring", scoring="the best")
    assert session.fit.scores.scoring == "leave_one_out"


def test_a_head_is_opened_from_a_cell_or_a_row_compared_and_closed(session, models):
    do(session, models, "head", x=2, y=1)
    assert session.focus.head == Head(1, 2)
    do(session, models, "versus", value="L0.H3")
    assert session.focus.versus == Head(0, 3)
    do(session, models, "head", layer="2", index="0")
    assert (session.focus.head, session.focus.versus) == (Head(2, 0), None)
    do(session, models, "close_head")
    assert session.focus.head is None


@pytest.mark.parametrize(
    "data",
    [
        {"do": "head", "x": 99, "y": 0},
        {"do": "head", "x": "no", "y": []},
        {"do": "cell", "row": 5, "column": -1},
        {"do": "keep", "value": None},
        {"do": "keep", "value": float("inf")},
        {"do": "head", "layer": float("inf"), "index": 0},
        {"do": "cell", "row": float("inf"), "column": 0},
        {"do": "add", "label": "l1", "files": [{"path": "a\0b"}]},
        {"do": "rename"},
        {"do": "remove", "item": "e999"},
        {"do": "drop_label", "label": "l999"},
        {"do": "add", "label": "l1", "files": "none"},
        {"do": "add", "label": "l1", "files": [3]},
        {"do": "task", "task": "../../etc"},
        {"do": "no such thing"},
        {},
    ],
)
def test_nothing_that_a_page_could_send_loses_work(session, models, data):
    before = session.project
    teach.act(context(session, models), data)
    assert session.project == before
    assert session.fit is not None


def test_a_ready_task_takes_the_place_of_what_was_there_and_can_be_undone(session, models):
    before = session.project
    do(session, models, "task", task="which-colour")
    assert session.project.title == "Which colour is the car?"
    assert session.waits_for_heads
    assert session.notice.undo
    do(session, models, "undo")
    assert session.project == before
    assert session.fit is not None


def test_starting_over_can_be_undone(session, models):
    before = session.project
    do(session, models, "clear")
    assert session.project.empty
    assert session.fit is None
    do(session, models, "undo")
    assert session.project == before
    assert session.fit is not None


def test_there_are_as_many_labels_as_there_may_be_and_no_more(session, models):
    session.edit(
        lambda project: project.with_labelled([Example(example_image(n), "", f"{n}") for n in range(limits().labels - 3)])
    )
    before = session.project
    assert len(before.labels) == limits().labels
    do(session, models, "add_label", value="one more")
    assert session.notice.text == "A project holds up to 200 labels, but this would make 201: use fewer."
    assert session.project is before
    more = [Example(example_image(n), "", f"more {n}") for n in range(1000)]
    with pytest.raises(InputError, match="would make 1,200"):
        session.edit(lambda project: project.with_labelled(more))
    assert session.project is before


def test_two_labels_that_begin_with_the_same_letters_are_not_mixed(session, models):
    before, same = session.project, "x" * 80
    both = [Example(example_image(0), "", same + end) for end in ("one", "two")]
    with pytest.raises(InputError, match="two here begin with the same 80"):
        session.edit(lambda project: project.with_labelled(both))
    assert session.project is before
    session.edit(lambda project: project.with_labelled([Example(example_image(n), "", same + "one") for n in range(2)]))
    assert names(session)[-1] == same


def test_undo_leaves_settings_that_the_edit_did_not_change(session, models):
    do(session, models, "remove", item=session.project.items[0].id)
    do(session, models, "keep", value=2)
    do(session, models, "scoring", scoring="resubstitution")
    do(session, models, "undo")
    assert len(session.project.items) == 9
    assert (session.project.n_kept, session.project.scoring) == (2, "resubstitution")
    assert (session.fit.n_kept, session.fit.scoring) == (2, "resubstitution")
    do(session, models, "clear")
    do(session, models, "undo")
    assert session.project.n_kept == 2, "starting over did change it"


def test_find_heads_says_at_once_that_it_waits_and_can_be_called_off(models):
    session = Session()
    session.project = small_project()
    do(session, models, "find")
    scene = teach_view.bench(session)
    assert scene["next"]
    assert "Waiting for the model" in scene["html"]
    do(session, models, "cancel")
    scene = teach_view.bench(session)
    assert not scene["next"]
    assert "Find heads</button>" in scene["html"]
    go_on(session, models)
    assert session.fit is None, "the run that was already queued finds nothing to do"
    do(session, models, "find")
    go_on(session, models)
    assert session.fit is not None


def test_too_little_to_find_heads_is_said_at_once(models):
    session = Session()
    do(session, models, "find")
    assert session.notice.text == session.project.why_not_ready()
    assert not session.due
