import dataclasses

import numpy as np
import pytest
from PIL import Image

from sav_core.data.examples import Example, ExampleSet
from sav_core.errors import ImageError, InputError
from sav_core.types import Geometry, Head, HeadScores, Progress
from tests.support.problems import clusters, head_vectors

RED, BLUE = Image.new("RGB", (4, 4), "red"), Image.new("RGB", (4, 4), "blue")


def test_a_head_prints_as_the_field_writes_it():
    assert str(Head(14, 3)) == repr(Head(14, 3)) == "L14.H3"
    assert Head(1, 9) < Head(2, 0)


def test_a_geometry_prints_its_axes():
    assert str(Geometry(28, 12, 128)) == "28 layers x 12 heads x 128 dim"


def test_an_example_opens_its_images_and_cannot_be_changed():
    example = Example(RED, "What is this?", "red")
    assert example.images[0].size == (4, 4)
    with pytest.raises(dataclasses.FrozenInstanceError):
        example.label = "blue"
    assert example.with_label("blue").label == "blue"
    assert example.with_question("Which colour?").images == example.images


def test_images_come_first_unless_markers_say_otherwise():
    plain = Example([RED, BLUE], "Which?")
    assert plain.parts == (*plain.images, "Which?")
    marked = Example([RED, BLUE], "First <image> then <image> which?")
    assert marked.parts == ("First", marked.images[0], "then", marked.images[1], "which?")
    assert Example(RED).parts == Example(RED).images
    assert Example((), "Only text").parts == ("Only text",)


@pytest.mark.parametrize(
    ("images", "question", "error", "message"),
    [
        ([RED], "<image> and <image>", InputError, "marks 2 image places with <image> but the example has 1 image:"),
        ([RED], "What is \ud83d?", InputError, r"has half of a character \(U\+D83D\)"),
        ([], "<image>", InputError, "marks 1 image places with <image> but the example has 0 images:"),
        ([], "  ", InputError, "needs an image or a question"),
        (["nowhere.png"], "", ImageError, "nowhere.png"),
    ],
)
def test_an_example_that_cannot_be_is_refused(images, question, error, message):
    with pytest.raises(error, match=message):
        Example(images, question)


def test_an_example_set_is_a_sequence():
    examples = ExampleSet((Example(RED, label="red"), Example(BLUE, label="blue"), Example(BLUE)))
    assert len(examples) == 3
    assert examples[0].label == "red"
    assert [example.label for example in examples[1:]] == ["blue", None]
    assert examples.labels == ("blue", "red")


def test_progress_tells_rate_and_time_left():
    assert Progress(10, 40, 2.0).rate == 5
    assert Progress(10, 40, 2.0).seconds_left == 6
    assert Progress(0, 40, 0.0).seconds_left == float("inf")


def test_head_vectors_check_their_axes():
    with pytest.raises(ValueError, match="axes"):
        head_vectors(np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match="2 head vectors need as many labels"):
        dataclasses.replace(clusters(n_labels=2, per_label=1), labels=("a",))


def test_taking_rows_keeps_them_together():
    vectors = clusters()
    taken = vectors.take([7, 0])
    assert taken.labels == (vectors.labels[7], vectors.labels[0])
    assert taken.names == ("example 7", "example 0")
    assert taken.complete
    np.testing.assert_array_equal(taken.values, vectors.values[[7, 0]])


def test_scores_rank_by_count_margin_layer_head():
    scores = HeadScores(
        correct=np.array([[3, 5], [5, 5]]), margin=np.array([[0.9, 0.1], [0.2, 0.1]]), scored=6, scoring="resubstitution"
    )
    assert scores.ranking == (Head(1, 0), Head(0, 1), Head(1, 1), Head(0, 0))
    assert scores.accuracy[0, 0] == 0.5
    assert "L1.H0" in repr(scores)
