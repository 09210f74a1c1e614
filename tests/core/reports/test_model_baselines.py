import numpy as np
import pytest

from sav_core import Example, SavClassifier, load_backbone
from sav_core.errors import CancelledError, InputError
from sav_core.evaluation.baselines import episode_pixels, pixel_baseline
from sav_core.evaluation.episodes import Episode, draw_episodes
from sav_core.reports.model_baselines import episode_model_baselines, model_baselines
from tests.support.tiny_models import example_image


@pytest.fixture(scope="module")
def classifier(tiny_checkpoint, support):
    backbone = load_backbone(tiny_checkpoint("llava"), dtype="float32")
    return SavClassifier(backbone, n_kept=5, cache=None).fit(support, hidden=True)


@pytest.fixture(scope="module")
def support():
    return [Example(example_image(seed), "Which?", f"label {seed % 3}") for seed in range(9)]


@pytest.fixture
def test_set():
    return [Example(example_image(seed), label=f"label {seed % 3}") for seed in range(3, 8)]


def test_a_sentence_that_names_the_label_is_right_over_episodes_too(classifier, support, monkeypatch):
    """Two labels of three take part in each: the third may be spoken of."""
    monkeypatch.setattr("sav_core.reports.model_baselines.generate_text", lambda *_, **__: "It is label 0, no label 2.")
    rows = [row for row in range(9) if row % 3 < 2]
    episode = Episode(np.array(rows[:2]), np.array(rows[2:]), ("label 0", "label 1"))
    both = Episode(np.arange(3), np.arange(3, 9), ("label 0", "label 1", "label 2"))
    found, _ = episode_model_baselines(classifier.backbone, support, [episode, both], demonstrations=0)
    assert found["zero_shot_text"].tolist() == [0.5, 0.0]


def test_what_a_model_cannot_be_asked_is_told_with_the_reason(classifier, support, test_set):
    queries = [classifier.as_query(example) for example in test_set]
    asked, refused = model_baselines(classifier.backbone, queries, ["label 0", " "], support)
    assert [each.name for each in asked] == ["zero_shot_text"]
    assert set(refused) == {"zero_shot_likelihood", "in_context"}
    assert all("none of them empty" in reason for reason in refused.values())


@pytest.fixture
def encodings(classifier, monkeypatch):
    """The examples that the backbone is asked to prepare."""
    counted = []
    encode = type(classifier.backbone).encode
    monkeypatch.setattr(
        type(classifier.backbone), "encode", lambda self, example: counted.append(example) or encode(self, example)
    )
    return counted


def test_a_query_is_prepared_once_for_both_ways_to_ask_without_demonstrations(classifier, support, test_set, encodings):
    queries = [classifier.as_query(example) for example in test_set]
    asked, _ = model_baselines(classifier.backbone, queries, ["label 0", "label 1"], support, demonstrations=0)
    assert [each.name for each in asked] == ["zero_shot_likelihood", "zero_shot_text"]
    assert encodings == queries


def test_episodes_ask_each_example_once_and_show_each_its_own_support(classifier, support, encodings):
    episodes = draw_episodes([example.label for example in support], shots=2, count=5, n_way=2)
    asked = {int(row) for episode in episodes for row in episode.queries}
    found, refused = episode_model_baselines(classifier.backbone, support, episodes, demonstrations=0)
    assert (set(found), refused) == ({"zero_shot_likelihood", "zero_shot_text"}, {})
    assert len(encodings) == len(asked)
    reports = []
    found, _ = episode_model_baselines(classifier.backbone, support, episodes, demonstrations=2, progress=reports.append)
    assert set(found) == {"zero_shot_likelihood", "zero_shot_text", "in_context"}
    assert all(accuracy.shape == (5,) for accuracy in found.values())
    assert reports[-1].done == reports[-1].total == len(reports) == 2 * len(asked) + sum(len(e.queries) for e in episodes)
    with pytest.raises(CancelledError, match="answering by itself"):
        episode_model_baselines(classifier.backbone, support, episodes, cancel=lambda: True)


def test_an_episode_judges_the_model_and_the_pixels_as_its_split_does(classifier, support):
    rows = np.arange(6), np.arange(6, 9)
    labels = tuple(sorted({example.label for example in support}))
    learnt, queries = support[:6], support[6:]
    found, _ = episode_model_baselines(classifier.backbone, support, [Episode(*rows, labels)], demonstrations=2)
    plain, _ = model_baselines(classifier.backbone, queries, labels, learnt, demonstrations=2)
    assert {name: accuracy.tolist() for name, accuracy in found.items()} == {each.name: [each.accuracy] for each in plain}
    assert episode_pixels(support, [Episode(*rows, labels)]).tolist() == [pixel_baseline(learnt, queries).accuracy]
    words = [Example((), f"word {row}", example.label) for row, example in enumerate(support)]
    assert episode_pixels(words, [Episode(*rows, labels)]) is None


def test_episodes_tell_what_a_model_cannot_be_asked(classifier, support, monkeypatch):
    def refuse(*args, **options):
        raise InputError("it does not read")

    monkeypatch.setattr("sav_core.reports.model_baselines.generate_text", refuse)
    episodes = draw_episodes([example.label for example in support], shots=2, count=2)
    found, refused = episode_model_baselines(classifier.backbone, support, episodes, demonstrations=0)
    assert set(found) == {"zero_shot_likelihood"}
    assert "it does not read" in refused["zero_shot_text"]
