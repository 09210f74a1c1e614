import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from sav_core.data.examples import Example
from sav_core.types import Head
from sav_ui.pages.teach import actions as teach
from sav_ui.pages.teach import view as teach_view
from sav_ui.session.project import MAX_LABELS
from sav_ui.session.session import Visit
from tests.support.people import dropped, sent, small_project, taught
from tests.support.tiny_models import example_image


@pytest.fixture
def visit(shelf):
    """Somebody who has taught three labels with three pictures each."""
    return taught(shelf, small_project())


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


def label_id(visit, name):
    return next(label.id for label in visit.project.labels if label.name == name)


def names(visit):
    return [label.name for label in visit.project.labels]


def do(visit, shelf, action, **data):
    teach.act(visit, shelf, {"do": action, **data})


def go_on(visit, shelf):
    """What the browser does when the page says that heads are waited for."""
    for _ in teach.run(visit, shelf, {}):
        pass


def no_model(monkeypatch):
    """From here on a forward fails the test."""

    def forward(*arguments, **named):
        pytest.fail("the model ran")

    monkeypatch.setattr("sav_core.activations.extraction.extract_head_vectors", forward)


def test_renaming_a_label_runs_no_model_and_changes_no_head(visit, shelf, monkeypatch):
    no_model(monkeypatch)
    before = visit.fit
    do(visit, shelf, "rename", label=label_id(visit, "hund"), value="  a dog ")
    assert names(visit) == ["a cat", "a dog", "鳥"]
    assert visit.fit.labels == ("a cat", "a dog", "鳥")
    assert visit.fit.kept == before.kept
    assert (visit.fit.scores.correct == before.scores.correct).all()
    assert not visit.due


@pytest.mark.parametrize(
    ("value", "told"), [("hund", "already a label"), (" ", "needs a name"), ("x" * 81, "at most 80 characters")]
)
def test_a_name_that_cannot_be_keeps_the_old_one_and_says_why(visit, shelf, value, told):
    do(visit, shelf, "rename", label=label_id(visit, "a cat"), value=value)
    assert names(visit) == ["a cat", "hund", "鳥"]
    assert told in visit.notice.text
    assert visit.fit is not None


def test_adding_one_picture_refits_with_one_forward(visit, shelf, file, monkeypatch):
    from sav_core.activations import extraction

    seen = []
    original = extraction.extract_head_vectors
    monkeypatch.setattr(
        "sav_core.activations.extraction.extract_head_vectors",
        lambda backbone, examples, **more: seen.append(len(examples)) or original(backbone, examples, **more),
    )
    do(visit, shelf, "add", label=label_id(visit, "hund"), files=[file("new.png", seed=99)])
    assert visit.waits_for_heads
    go_on(visit, shelf)
    assert seen == [1]
    assert len(visit.fit.items) == 10
    assert not visit.waits_for_heads


def test_removing_and_undoing_run_no_model(visit, shelf, monkeypatch):
    no_model(monkeypatch)
    before = visit.fit
    do(visit, shelf, "remove", item=visit.project.items[0].id)
    assert len(visit.fit.items) == 8
    assert visit.notice.undo
    do(visit, shelf, "undo")
    assert [item.id for item in visit.fit.items] == [item.id for item in before.items]
    np.testing.assert_array_equal(visit.fit.scores.correct, before.scores.correct)


def test_with_one_label_left_there_is_no_result_and_the_page_says_what_to_do(visit, shelf):
    for name in ("hund", "鳥"):
        do(visit, shelf, "drop_label", label=label_id(visit, name))
    assert visit.fit is None
    assert "second label" in visit.project.why_not_ready()
    do(visit, shelf, "undo")
    assert visit.fit is not None, "everything is known already, so the result is back at once"


def test_several_pictures_become_an_example_each_or_one_together(visit, shelf, file):
    files = [file(f"{seed}.png", seed=seed) for seed in range(40, 43)]
    do(visit, shelf, "add", label=label_id(visit, "hund"), files=files)
    assert len(visit.project.items) == 12
    files = [file(f"{seed}.png", seed=seed) for seed in range(50, 53)]
    do(visit, shelf, "add", label=label_id(visit, "hund"), files=files, together="yes")
    assert len(visit.project.items) == 13
    assert [picture.name for picture in visit.project.items[-1].pictures] == ["50.png", "51.png", "52.png"]
    go_on(visit, shelf)
    assert len(visit.fit.items) == 13


def test_a_bad_file_among_good_ones_costs_only_itself(visit, shelf, file):
    files = [file("good.png", seed=60), file("bad.png", b"GIF89a, or so it says")]
    do(visit, shelf, "add", label=label_id(visit, "hund"), files=files)
    assert len(visit.project.items) == 10
    assert visit.notice.kind == "error"
    assert "bad.png" in visit.notice.text


def test_what_is_dropped_must_be_an_upload(visit, shelf, tmp_path):
    path = tmp_path / "secret.png"
    Image.new("RGB", (4, 4)).save(path)
    do(visit, shelf, "add", label=label_id(visit, "hund"), files=[{"path": str(path), "name": "a.png"}])
    assert len(visit.project.items) == 9
    assert "did not arrive" in visit.notice.text


def test_a_zip_of_label_folders_adds_to_labels_by_name(visit, shelf, file):
    members = {"hund/1.png": png(70), "hund/2.png": png(71), "fish/1.png": png(72), "fish/notes.txt": b"not a picture"}
    do(visit, shelf, "import", files=[file("more.zip", members)])
    assert names(visit) == ["a cat", "hund", "鳥", "fish"]
    assert len(visit.project.of_label(label_id(visit, "hund"))) == 5
    assert len(visit.project.of_label(label_id(visit, "fish"))) == 1


def test_a_jsonl_with_its_images_as_a_zip_keeps_texts_and_groups(shelf, file):
    rows = [
        {"images": ["a.png", "b.png"], "question": "<image><image>Same?", "label": "yes"},
        {"image": "a.png", "question": "Is it red?", "label": "no"},
    ]
    members = {"a.png": png(1), "b.png": png(2), "train.jsonl": "\n".join(json.dumps(row) for row in rows)}
    visit = Visit()
    do(visit, shelf, "import", files=[file("task.zip", members)])
    assert [len(item.pictures) for item in visit.project.items] == [2, 1]
    assert visit.project.items[1].text == "Is it red?"
    assert visit.project.why_not_ready() == ""


@pytest.mark.parametrize("action", ["import", "add_new", "add"])
def test_a_jsonl_dropped_with_its_pictures_is_imported(visit, shelf, action):
    lines = [{"images": ["a.png", "b.png"], "question": "Same?", "label": "yes"}, {"image": "a.png", "label": "no"}]
    files = dropped({"a.png": png(81), "b.png": png(82), "train.jsonl": lines})
    do(visit, shelf, action, files=files, label=label_id(visit, "hund"))
    assert visit.notice.kind == "done", visit.notice
    assert [len(item.pictures) for item in visit.project.items[9:]] == [2, 1]
    assert names(visit)[3:] == ["yes", "no"]


def test_a_jsonl_names_no_file_of_the_server(visit, shelf, tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "secret.png")
    before, told = visit.project, set()
    for path in (tmp_path / "secret.png", tmp_path / "missing.png", "../" * 12 + f"{tmp_path}/secret.png"):
        do(visit, shelf, "import", files=dropped({"t.jsonl": [{"image": str(path), "label": "hund"}]}))
        assert visit.project == before
        told.add(visit.notice.text)
    assert len(told) == 1, "what is there is told apart from what is not"


def test_a_picture_that_came_without_its_line_is_told(visit, shelf):
    lines = [{"image": "a.png", "label": "yes"}, {"image": "c.png", "label": "yes"}]
    do(visit, shelf, "import", files=dropped({"t.jsonl": lines, "a.png": png(81), "b.png": png(82)}))
    assert len(visit.project.items) == 10
    assert "Added 1 picture under 1 labels. 2 files were left out" in visit.notice.text
    assert "'c.png' did not come with 't.jsonl'" in visit.notice.text


def test_a_folder_of_label_folders_takes_the_folders_names(shelf, file):
    visit = Visit()
    do(visit, shelf, "import", files=[file("1.png", seed=1, folder="oak"), file("2.png", seed=2, folder="elm")])
    assert names(visit) == ["oak", "elm"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("broken.zip", b"PK\x03\x04 and no more", "broken.zip"),
        ("empty.zip", {}, "empty.zip"),
        ("texts.zip", {"a/1.txt": b"text"}, ""),
        ("loose.png", None, "need a label"),
    ],
)
def test_an_import_that_holds_nothing_says_so_and_keeps_the_work(visit, shelf, file, name, content, told):
    before = visit.project
    do(visit, shelf, "import", files=[file(name, content)])
    assert visit.project == before
    assert visit.fit is not None
    assert visit.notice.kind == "error"
    assert told in visit.notice.text


def test_a_question_that_places_images_which_are_not_there_is_refused(visit, shelf):
    do(visit, shelf, "question", value="<image> and <image>: same?")
    assert visit.project.question == "Which animal?"
    assert "image" in visit.notice.text
    do(visit, shelf, "text", item=visit.project.items[0].id, value="<image><image>?")
    assert visit.project.items[0].text == ""


def test_a_new_question_and_a_text_of_ones_own_are_asked(visit, shelf):
    do(visit, shelf, "question", value="What lives here?")
    do(visit, shelf, "text", item=visit.project.items[0].id, value="Is it a cat?")
    assert visit.waits_for_heads
    go_on(visit, shelf)
    assert [example.question for example in visit.project.examples()][:2] == ["Is it a cat?", "What lives here?"]
    assert not visit.due


def test_moving_a_doubtful_example_puts_it_under_the_other_label(visit, shelf, monkeypatch):
    no_model(monkeypatch)
    item = visit.project.items[0]
    do(visit, shelf, "move", item=item.id, label=label_id(visit, "hund"))
    assert visit.project.item(item.id).label == label_id(visit, "hund")
    assert len(visit.fit.items) == 9


def test_the_slider_changes_how_many_heads_vote_and_nothing_else(visit, shelf, monkeypatch):
    no_model(monkeypatch)
    ranking = visit.fit.ranking
    for value, kept in ((1, 1), (7, 7), (10**6, len(ranking)), (-3, 1)):
        do(visit, shelf, "keep", value=value)
        assert visit.fit.kept == ranking[:kept]
        assert visit.project.n_kept == kept


def test_training_accuracy_and_leave_one_out_are_a_toggle(visit, shelf):
    do(visit, shelf, "scoring", scoring="resubstitution")
    assert visit.fit.scores.scoring == "resubstitution"
    do(visit, shelf, "scoring", scoring="leave_one_out")
    assert visit.fit.scores.scoring == "leave_one_out"
    do(visit, shelf, "scoring", scoring="the best")
    assert visit.fit.scores.scoring == "leave_one_out"


def test_a_head_is_opened_from_a_cell_or_a_row_compared_and_closed(visit, shelf):
    do(visit, shelf, "head", x=2, y=1)
    assert visit.focus.head == Head(1, 2)
    do(visit, shelf, "versus", value="L0.H3")
    assert visit.focus.versus == Head(0, 3)
    do(visit, shelf, "head", layer="2", index="0")
    assert (visit.focus.head, visit.focus.versus) == (Head(2, 0), None)
    do(visit, shelf, "close_head")
    assert visit.focus.head is None


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
def test_nothing_that_a_page_could_send_loses_work(visit, shelf, data):
    before = visit.project
    teach.act(visit, shelf, data)
    assert visit.project == before
    assert visit.fit is not None


def test_a_ready_task_takes_the_place_of_what_was_there_and_can_be_undone(visit, shelf):
    before = visit.project
    do(visit, shelf, "task", task="which-colour")
    assert visit.project.title == "Which colour is the car?"
    assert visit.waits_for_heads
    assert visit.notice.undo
    do(visit, shelf, "undo")
    assert visit.project == before
    assert visit.fit is not None


def test_starting_over_can_be_undone(visit, shelf):
    before = visit.project
    do(visit, shelf, "clear")
    assert visit.project.empty
    assert visit.fit is None
    do(visit, shelf, "undo")
    assert visit.project == before
    assert visit.fit is not None


def test_there_are_as_many_labels_as_there_may_be_and_no_more(visit, shelf):
    visit.edit(
        lambda project: project.with_labelled([Example(example_image(n), "", f"{n}") for n in range(MAX_LABELS - 3)])
    )
    before = visit.project
    assert len(before.labels) == MAX_LABELS
    do(visit, shelf, "add_label", value="one more")
    assert visit.notice.text == "A project holds up to 200 labels, but this would make 201: use fewer."
    assert visit.project is before
    visit.edit(lambda project: project.with_labelled([Example(example_image(n), "", f"more {n}") for n in range(1000)]))
    assert "would make 1,200" in visit.notice.text
    assert visit.project is before


def test_two_labels_that_begin_with_the_same_letters_are_not_mixed(visit, shelf):
    before, same = visit.project, "x" * 80
    visit.edit(lambda project: project.with_labelled([Example(example_image(0), "", same + end) for end in ("one", "two")]))
    assert "two here begin with the same 80" in visit.notice.text
    assert visit.project is before
    visit.edit(lambda project: project.with_labelled([Example(example_image(n), "", same + "one") for n in range(2)]))
    assert names(visit)[-1] == same


def test_undo_leaves_settings_that_the_edit_did_not_change(visit, shelf):
    do(visit, shelf, "remove", item=visit.project.items[0].id)
    do(visit, shelf, "keep", value=2)
    do(visit, shelf, "scoring", scoring="resubstitution")
    do(visit, shelf, "undo")
    assert len(visit.project.items) == 9
    assert (visit.project.n_kept, visit.project.scoring) == (2, "resubstitution")
    assert (visit.fit.n_kept, visit.fit.scoring) == (2, "resubstitution")
    do(visit, shelf, "clear")
    do(visit, shelf, "undo")
    assert visit.project.n_kept == 2, "starting over did change it"


def test_find_heads_says_at_once_that_it_waits_and_can_be_called_off(shelf):
    visit = Visit()
    visit.project = small_project()
    do(visit, shelf, "find")
    scene = teach_view.bench(visit)
    assert scene["next"]
    assert "Waiting for the model" in scene["html"]
    do(visit, shelf, "cancel")
    scene = teach_view.bench(visit)
    assert not scene["next"]
    assert "Find heads</button>" in scene["html"]
    go_on(visit, shelf)
    assert visit.fit is None, "the run that was already queued finds nothing to do"
    do(visit, shelf, "find")
    go_on(visit, shelf)
    assert visit.fit is not None


def test_too_little_to_find_heads_is_said_at_once(shelf):
    visit = Visit()
    do(visit, shelf, "find")
    assert visit.notice.text == visit.project.why_not_ready()
    assert not visit.due
