import numpy as np

from sav_core.figures.heads import head_heatmap, similarity_heatmap
from sav_core.heads.classifier import HeadClassifier
from sav_core.types import Head
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
    assert list(figure.layout.xaxis.ticktext) == ["a&lt;b&gt;c", '"x" &amp; y', "&lt;a href='http…"]
    assert [cell[1] for cell in figure.data[0].customdata[0]][::2] == [
        "a&lt;b&gt;c",
        "&lt;a href='https://x.org'&gt;long&lt;/a&gt;",
    ]
