import numpy as np
import pytest

from sav_core.figures.heads import accuracy_curve, head_heatmap, similarity_heatmap
from sav_core.figures.style import OUTLINE, numbered
from sav_core.heads.classifier import HeadClassifier
from sav_core.types import Head
from sav_core.wording import percent
from tests.support.problems import clusters


def test_the_heatmap_shows_every_head_and_outlines_the_kept():
    classifier = HeadClassifier(n_kept=6).fit(clusters())
    figure = head_heatmap(classifier.fitted_.scores, classifier.kept_heads_, title="Heads")
    assert figure.data[0].z.shape == (4, 5)
    assert len(figure.layout.shapes) == 6
    first = figure.layout.annotations[0]
    assert (first.text, first.y, first.x) == ("1", classifier.kept_heads_[0].layer, classifier.kept_heads_[0].index)


def test_hover_gives_rank_margin_and_counts():
    classifier = HeadClassifier().fit(clusters())
    scores = classifier.fitted_.scores
    figure = head_heatmap(scores, classifier.kept_heads_)
    best = scores.ranking[0]
    correct, margin, rank = figure.data[0].customdata[best.layer, best.index]
    assert (correct, margin, rank) == (scores.correct[best.layer, best.index], scores.margin[best.layer, best.index], 1)


def test_a_label_is_shown_as_it_is_written_and_never_taken_for_html():
    labels = ["a<b>c", '"x" & y', "<a href='https://x.org'>long</a>"]
    figure = similarity_heatmap(np.eye(3), [Head(0, 0), Head(0, 1), Head(1, 0)], labels)
    assert list(figure.layout.xaxis.ticktext) == ["a&lt;b&gt;c", '"x" &amp; y', "&lt;a href…ng&lt;/a&gt;"]
    assert [cell[1] for cell in figure.data[0].customdata[0]][::2] == [
        "a&lt;b&gt;c",
        "&lt;a href='https://x.org'&gt;long&lt;/a&gt;",
    ]


def test_every_kept_head_is_numbered_where_there_is_room_and_else_the_best():
    assert [numbered(count, columns) for count, columns in ((64, 8), (20, 28), (50, 28))] == [64, 20, 30]
    classifier = HeadClassifier(n_kept=20).fit(clusters())
    figure = head_heatmap(classifier.fitted_.scores, classifier.kept_heads_)
    assert [note.text for note in figure.layout.annotations[:20]] == [str(rank) for rank in range(1, 21)]


def test_what_is_seen_of_a_heads_vote_is_said_on_hover_and_named_at_the_scale():
    similarities = np.array([[0.9, 0.5], [0.1, 0.3]])
    figure = similarity_heatmap(similarities, [Head(0, 0), Head(0, 1)], ["a", "b"], selected=Head(0, 1))
    trace = figure.data[0]
    np.testing.assert_allclose(trace.z, [[0.2, -0.2], [-0.1, 0.1]])
    assert trace.colorbar.title.text == "cosine above average"
    assert "%{z:+.4f} above the head's average" in trace.hovertemplate
    row = figure.layout.shapes[-1]
    assert (row.line.color, row.x0, row.x1) == (OUTLINE, -0.5, 1.5)
    assert (row.y0 + row.y1) / 2 == 1


@pytest.mark.parametrize("right", [[5, 5, 5, 5], [1, 2, 3, 9], [9, 5, 4, 2], [0, 0, 0, 0], [10, 10, 10, 10], [2, 9, 2, 9]])
def test_the_words_at_the_level_of_guessing_do_not_lie_on_the_curve(right):
    figure = accuracy_curve(np.repeat(right, 16), 10, 20, chance=0.5)
    words = next(note for note in figure.layout.annotations if note.text == "guessing")
    curve = np.repeat(right, 16) / 10
    near = curve[-12:] if words.x == 1 else curve[:12]
    middle = 0.5 + (0.05 if words.yanchor == "bottom" else -0.05)
    assert not near.min() <= middle <= near.max()
    assert figure.layout.yaxis.range[0] < middle - 0.04


def test_the_curve_has_names_at_both_axes():
    notes = {note.text for note in accuracy_curve(np.array([3, 4]), 5, 1).layout.annotations}
    assert notes == {"accuracy", "number of heads that vote"}


def test_a_share_is_written_with_a_space():
    assert (percent(0.941), percent(np.float32(0.5), 1), percent(1)) == ("94 %", "50.0 %", "100 %")
