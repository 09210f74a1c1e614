import json
import re

import pytest

from sav_core.data.examples import Example
from sav_core.data.pictures.picture import as_picture
from sav_core.types import Progress
from sav_ui.pages.header import masthead
from sav_ui.pages.teach import view as teach_view
from sav_ui.pages.teach.actions import act
from sav_ui.serving.menu import MENU
from sav_ui.session.focus import Loading
from sav_ui.session.project import Project
from sav_ui.session.session import Session
from sav_ui.session.work import Kind
from sav_ui.uploads.ready_tasks import ready_tasks
from tests.support.people import context, html_of, small_project, taught
from tests.support.tiny_models import example_image


@pytest.fixture
def session(models):
    return taught(models, small_project())


def test_the_first_screen_offers_every_ready_task_and_says_what_to_do():
    session = Session()
    start, bench, findings = (html_of(show(session)) for show in (teach_view.start, teach_view.bench, teach_view.findings))
    assert start.count('data-act="task"') == len(ready_tasks())
    assert "Start from an example" in bench
    assert "Which heads know your labels?" in findings


def test_what_a_visitor_types_is_text_and_never_markup():
    session = Session()
    evil = '<img src=x onerror="alert(1)">'
    session.project = small_project(labels=(evil, "b"), question=f"{evil}?")
    html = html_of(teach_view.bench(session))
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html


def test_the_headline_says_how_many_are_right_left_out_and_in_what_interval(session):
    html = teach_view.findings(session)["html"]
    right, n = session.fit.left_out.right, session.fit.left_out.n
    assert f"Left out one by one: {right} of {n} right" in html
    assert "95 % interval" in html


def test_one_example_a_label_makes_no_claim(models):
    session = taught(models, small_project(each=1))
    html = teach_view.findings(session)["html"]
    assert "cannot be checked" in html
    assert "Left out" not in html
    assert "curve" not in teach_view.findings(session)["figures"]


def test_the_heatmap_frames_and_numbers_the_kept_heads(session):
    figure = json.loads(teach_view.findings(session)["figures"]["heads"])
    assert len(figure["layout"]["shapes"]) == len(session.fit.kept) == 5
    numbers = {note["text"]: (note["y"], note["x"]) for note in figure["layout"]["annotations"]}
    assert [numbers[str(place)] for place in range(1, 6)] == [(head.layer, head.index) for head in session.fit.kept]


def test_figures_are_drawn_again_only_when_they_changed(session):
    first = teach_view.findings(session)["figures"]["heads"]
    session.say("anything", where="bench")
    assert teach_view.findings(session)["figures"]["heads"] is first
    session.set(n_kept=2)
    assert teach_view.findings(session)["figures"]["heads"] != first


def test_copies_are_named_and_one_click_keeps_one(session):
    item = session.project.items[0]
    session.edit(lambda project: project.with_examples(item.label, [project.example(item)]))
    html = html_of(teach_view.bench(session))
    assert "are the same picture" in html
    copy = session.project.items[-1].id
    assert re.search(rf'data-act="remove" data-item="{copy}"[^>]*>Keep one<', html)


def test_a_copy_under_another_label_asks_which_to_keep(session):
    project = session.project
    first, other = project.items[0], project.labels[1]
    session.edit(lambda project: project.with_examples(other.id, [project.example(first)]))
    html = html_of(teach_view.bench(session))
    assert "under 2 labels" in html
    assert "Keep in “a cat”" in html
    assert "Keep in “hund”" in html


def test_a_label_with_many_examples_shows_some_and_offers_more():
    session = Session()
    project = small_project(labels=("a", "b"))
    label = project.labels[0].id
    examples = [Example(example_image(seed), project.question, "a") for seed in range(1000, 1130)]
    session.project = project.with_examples(label, examples)
    first = html_of(teach_view.bench(session))
    assert "Show 100 earlier" in first
    session.focus = type(session.focus)(expanded=(label,))
    html = html_of(teach_view.bench(session))
    assert "Show 15 earlier" in html
    assert html.count('data-act="remove"') == first.count('data-act="remove"') + 100


def test_texts_show_by_themselves_where_examples_have_their_own(session):
    assert "<textarea" not in html_of(teach_view.bench(session))
    session.edit(lambda project: project.with_text(project.items[0].id, "Is it this one?"))
    html = html_of(teach_view.bench(session))
    assert html.count("<textarea") == 9
    assert ">Is it this one?</textarea>" in html


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (None, "Starting"),
        (Progress(0, 40, 0.0), "0 of 40 examples"),
        (Progress(10, 40, 5.0), "10 of 40 examples, 2.0 a second, 15 s left"),
        (Progress(40, 40, 5.0), "40 of 40 examples, 8 a second"),
        (Progress(1, 4, 5.0, frames=8, all_frames=32), "1 of 4 examples (8 of 32 frames), 0.2 a second, 15 s left"),
        (Progress(10, 4000, 10.0), "1.0 a second, 66 min left"),
    ],
)
def test_progress_in_words(progress, words):
    session = Session()
    with session.work.doing(Kind.FIND_HEADS) as task:
        task.progress = progress
        html = html_of(teach_view.bench(session))
    assert words in html
    assert 'data-act="cancel"' in html


def test_the_model_menu_has_the_embedded_model_first_and_says_size_and_memory():
    html = masthead.show(Session())["html"]
    assert html.index("Demo model") < html.index("SmolVLM 256M") < html.index("Qwen3-VL 4B")
    for choice in MENU:
        assert choice.size in html
        assert f"needs {choice.memory}" in html


def test_while_a_model_loads_the_old_one_is_named_no_more_but_work_goes_on():
    session = Session()
    session.loading = Loading("HuggingFaceTB/SmolVLM-256M-Instruct")
    assert "Loading SmolVLM 256M" in masthead.show(session)["html"]
    assert "you can go on meanwhile" in masthead.word(session)["html"]


def test_warnings_are_settled_one_by_one_and_those_not_shown_are_counted(models):
    session = Session()
    session.project = Project(question="Which?")
    near = [example_image(1, (64, 48)), example_image(1, (80, 60))]
    pictures = [(f"{number}-{copy}.png", example_image(10 + number)) for number in range(8) for copy in range(2)]
    examples = [Example(as_picture(image, name), "Which?", "a") for name, image in pictures]
    examples += [Example(as_picture(image, f"near-{place}.png"), "Which?", "b") for place, image in enumerate(near)]
    session.project = session.project.with_labelled(examples)
    html = html_of(teach_view.bench(session))
    assert html.count('data-key="twice-') == 6
    assert "and 3 more" in html
    session.project = session.project.without_items(
        [item.id for item in session.project.items if item.name.endswith("-1.png")][:7]
    )
    html = html_of(teach_view.bench(session))
    (key,) = re.findall(r'data-act="fine" data-item="([^"]+)"', html)
    act(context(session, models), {"do": "fine", "item": f"doubt-{session.project.items[0].id}"})
    assert key in html_of(teach_view.bench(session))
    act(context(session, models), {"do": "fine", "item": key})
    html = html_of(teach_view.bench(session))
    assert key not in html
    assert html.count('data-key="twice-') == 1, "the exact copy is still told"


def test_examples_stand_in_the_order_they_came_and_an_empty_label_is_said(session):
    project = session.project
    html = html_of(teach_view.bench(session))
    assert "no picture yet" not in html
    shown = re.findall(r'class="frame[^>]*data-item="(\w+)"', html)
    assert shown == [item.id for label in project.labels for item in project.of_label(label.id)]
    session.edit(lambda project: project.with_label("owl"))
    session.due = False
    assert "“owl” has no picture yet and is left out." in html_of(teach_view.bench(session))


def test_an_example_is_shown_large_between_its_neighbours(session):
    first, second, third = session.project.of_label(session.project.labels[0].id)
    session.look_at(enlarged=second.id)
    html = html_of(teach_view.bench(session))
    dialog = html[html.index("<dialog") :]
    assert "2 of 3 under “a cat”" in dialog
    assert re.findall(r'data-act="enlarge" data-item="(\w+)"', dialog) == [first.id, third.id]
    session.edit(lambda project: project.without_items([second.id]))
    assert "<dialog" not in html_of(teach_view.bench(session))
