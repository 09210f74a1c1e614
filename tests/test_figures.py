from sav_core.classifier import HeadClassifier
from sav_core.figures import head_heatmap
from tests.problems import clusters


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
