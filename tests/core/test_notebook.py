"""Results show themselves in a notebook, and the notebook of ``docs/`` shows what it would show today."""

import re
from html.parser import HTMLParser

import nbformat
import numpy as np
import pytest

from sav_core import Example, ExampleSet, Head, HeadScores, Prediction, SavClassifier, Vote
from sav_core.figures.heads import classifier_heatmap
from sav_core.notebook import SHOWN, bar, card
from sav_core.vectors import Effects
from tests.support.tiny_models import example_image
from tools.notebook import NOTEBOOK, run

NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Table(HTMLParser):
    """Title and note, cells of each row, and the tags that a page would obey."""

    def __init__(self, html):
        super().__init__()
        self.words, self.rows, self.tags, self.open = [], [], set(), []
        self.feed(html)
        self.close()
        assert not self.open, f"{self.open} stay open"

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.rows += [[]] if tag == "tr" else []
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.rows:
            self.rows[-1][-1] += data
        else:
            self.words.append(data)


def read(result):
    return Table(result._repr_html_())


@pytest.fixture
def classifier(tiny_backbone):
    support = ExampleSet(tuple(Example(example_image(seed), "Which?", f"<b>{seed % 3}</b>") for seed in range(9)))
    return SavClassifier(tiny_backbone("llava"), n_kept=5, cache=None).fit(support)


def scores(layers=2, heads=8):
    correct = np.arange(layers * heads).reshape(layers, heads) % 5
    return HeadScores(correct, correct / 10, scored=5, scoring="leave_one_out")


def test_a_card_escapes_all_that_it_is_told():
    hostile = '<script>"&'
    table = Table(card(hostile, hostile, (hostile,), [(hostile,), (3,)]))
    assert table.words == [hostile, hostile]
    assert table.rows == [[hostile], [hostile], ["3"]]
    assert "script" not in table.tags


def test_a_bar_is_as_wide_as_its_share_and_never_wider_than_its_frame():
    assert "width:62.5%" in bar(0.625)
    assert bar(0.625).endswith("62 %")
    assert "width:100.0%" in bar(1.2)
    assert "width:0.0%" in bar(-0.1)


def test_a_prediction_shows_its_labels_largest_share_first():
    votes = (Vote(Head(0, 1), "cat", 0.9), Vote(Head(1, 0), "cat", 0.8), Vote(Head(1, 1), "<i>", 0.7))
    one = Prediction("cat", {"<i>": 1 / 3, "cat": 2 / 3, "owl": 0.0}, votes, np.zeros((3, 3)), 1 / 3, 2 / 3, "a.png", 0.75)
    table = read(one)
    assert table.words == ["cat", "a.png, 3 heads vote, right with a probability of 75 %"]
    assert [[cell.strip() for cell in row] for row in table.rows[1:]] == [
        ["cat", "67 %", "2"],
        ["<i>", "33 %", "1"],
        ["owl", "0 %", "0"],
    ]


def test_scores_show_their_best_heads():
    table = read(scores())
    assert table.words == ["Best heads", "16 heads, 5 examples judged, leave_one_out"]
    assert len(table.rows) == 1 + SHOWN
    assert [cell.strip() for cell in table.rows[0]] == ["rank", "head", "right of these 5", "margin"]
    assert [cell.strip() for cell in table.rows[1]] == ["1", "L0.H4", "80 %", "0.400"]
    assert repr(scores()) == "HeadScores(best L0.H4 with 4 of 5 right, leave_one_out)"


def test_effects_show_their_leading_heads():
    changes = np.zeros((4, 2, 2), dtype=np.float32)
    changes[:, 1, 0] = [0.5, 0.5, 0.25, -0.25]
    table = read(Effects(changes, np.zeros(4, np.float32), ("above", "left") * 2, 5))
    assert table.words == ["Leading heads", "4 of 5 prompts of above, left"]
    assert table.rows[1] == ["1", "L1.H0", "+0.2500", "75 %"]
    empty = read(Effects(changes[:0], np.zeros(0, np.float32), (), 5))
    assert empty.words == ["No effects yet", "0 of 5 prompts of no relation"]


def test_a_classifier_shows_the_heads_that_vote_and_runs_no_model(classifier, monkeypatch):
    monkeypatch.setattr(classifier.backbone, "forward", None)
    table = read(classifier)
    assert table.words == ["SavClassifier of llava", "3 labels, 5 heads vote, majority voting, resubstitution scoring"]
    assert [row[1] for row in table.rows[1:]] == [str(head) for head in classifier.kept_heads_]
    assert classifier._repr_mimebundle_(include=None, exclude=None)["text/html"] == classifier._repr_html_()


def test_a_classifier_that_is_not_fitted_says_so(tiny_backbone):
    table = read(SavClassifier(tiny_backbone("llava")))
    assert table.words[1] == "not fitted; 20 heads will vote, majority voting, resubstitution scoring"
    assert table.rows == []


def test_one_of_another_model_shows_whose_heads_they_are(classifier, tiny_backbone, tmp_path):
    classifier.save(tmp_path / "pets.sav")
    opened = SavClassifier.load(tmp_path / "pets.sav", tiny_backbone("qwen2_vl"))
    assert read(opened).words == read(classifier).words
    assert opened.plot_heads() == classifier.plot_heads()


def test_the_figure_is_that_of_the_command(classifier):
    fitted = classifier.head_classifier_.fitted_
    assert classifier.plot_heads() == classifier_heatmap(fitted.scores, classifier.kept_heads_, "llava")
    assert classifier.plot_heads().layout.title.text == "Accuracy of every head of llava (resubstitution, 9 examples)"


def shown(cell):
    """What a cell shows, by kind; of a figure only that there is one, for ``figures`` has tests of its own."""
    outputs = cell.get("outputs", ())
    assert all(output.output_type in ("execute_result", "display_data") for output in outputs), outputs
    return {kind: text if kind.startswith("text/") else "" for output in outputs for kind, text in output.data.items()}


def test_the_notebook_shows_what_it_would_show_today(tmp_path):
    stored = nbformat.read(NOTEBOOK, as_version=4)
    before, after = ([shown(cell) for cell in notebook.cells] for notebook in (stored, run(stored, tmp_path)))
    assert sum("text/html" in cell for cell in before) >= 3
    for old, new in zip(before, after, strict=True):
        assert set(old) == set(new), "run `make notebook`"
        for kind in old:
            assert NUMBER.sub("#", old[kind]) == NUMBER.sub("#", new[kind]), "run `make notebook`"
            numbers = [[float(number) for number in NUMBER.findall(text[kind])] for text in (old, new)]
            assert numbers[0] == pytest.approx(numbers[1], abs=2e-3), "run `make notebook`"


def test_the_notebook_carries_no_script_and_teaches_in_ten_lines():
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert len(text) < 100_000
    assert "<script" not in text
    first = next(cell for cell in nbformat.reads(text, as_version=4).cells if cell.cell_type == "code")
    assert len([line for line in first.source.splitlines() if line.strip()]) <= 10
