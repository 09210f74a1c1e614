import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score

from sav_core import Example, ExampleSet, SavClassifier, VectorCache, load_backbone
from sav_core.errors import CancelledError, ClassifierFileError, ImageError, InputError, SettingError
from sav_core.heads.classifier_file import read_classifier
from tests.support.tiny_models import example_image, write_checkpoint


@pytest.fixture(scope="module")
def backbone(tiny_checkpoint):
    return load_backbone(tiny_checkpoint("llava"), dtype="float32")


@pytest.fixture
def support():
    return ExampleSet(tuple(Example(example_image(seed), "Which?", f"label {seed % 3}") for seed in range(9)))


@pytest.fixture
def classifier(backbone, tmp_path):
    return SavClassifier(backbone, n_kept=5, cache=VectorCache(tmp_path / "cache", 1 << 24))


def forwards(backbone, monkeypatch):
    """Count the examples that go through the model from now on."""
    seen = []
    forward = backbone.forward
    monkeypatch.setattr(backbone, "forward", lambda batch: seen.append(len(batch["input_ids"])) or forward(batch))
    return seen


def test_the_contract_of_the_design(classifier, support, backbone, tmp_path):
    assert classifier.fit(support) is classifier
    assert classifier.head_scores_.shape == (3, 4)
    assert len(classifier.kept_heads_) == 5
    query = tmp_path / "query.png"
    example_image(0).save(query)
    prediction = classifier.predict([query])[0]
    assert prediction.label in prediction.shares
    head, label, similarity = prediction.votes[0]
    assert head == classifier.kept_heads_[0]
    assert label in classifier.classes_
    assert -1 <= similarity <= 1
    assert 0 < prediction.confidence <= 1
    classifier.save(tmp_path / "pets.sav")
    loaded = SavClassifier.load(tmp_path / "pets.sav", backbone)
    again = loaded.predict([query])[0]
    assert (again.label, again.shares, again.votes) == (prediction.label, prediction.shares, prediction.votes)
    assert loaded.question_ == "Which?"
    assert loaded.kept_heads_ == classifier.kept_heads_


def test_an_image_alone_is_asked_the_question_of_the_support(classifier, support):
    classifier.fit(support)
    image = example_image(4)
    plain, asked = classifier.predict([image, Example(image, "Which?")])
    assert plain.votes == asked.votes
    (other,) = classifier.predict([Example(image, "What else?")])
    assert other.votes != asked.votes


def test_plain_images_are_fitted_with_labels_beside_them(classifier):
    images, labels = [example_image(seed) for seed in range(4)], ["a", "b", "a", "b"]
    assert classifier.fit(images, labels).predict([images[1]])[0].label == "b"
    with pytest.raises(InputError, match="4 examples need as many labels, but y has 3"):
        classifier.fit(images, labels[:3])


@pytest.mark.parametrize("given", ["cat.png", Path("cat.png"), Example(example_image(1), "Which?", "a")])
def test_one_thing_where_several_are_taken_is_told(classifier, support, given):
    with pytest.raises(InputError, match=r"write \[it\]"):
        classifier.fit(given)
    with pytest.raises(InputError, match=r"write \[it\]"):
        classifier.fit(support).predict(given)


def test_questions_of_their_own_need_a_question_to_answer(classifier):
    support = [Example(example_image(seed), f"Question {seed}?", "yes" if seed % 2 else "no") for seed in range(4)]
    classifier.fit(support)
    assert classifier.question_ is None
    assert classifier.predict([Example(example_image(1), "Question 1?")])[0].label == "yes"
    with pytest.raises(InputError, match="a query needs one too"):
        classifier.predict([example_image(1)])


def test_the_model_runs_once_for_each_example_and_never_for_a_slider(classifier, support, backbone, monkeypatch):
    seen = forwards(backbone, monkeypatch)
    classifier.fit(support)
    assert sum(seen) == 9
    classifier.set_params(n_kept=2, scoring="leave_one_out").refit()
    assert len(classifier.kept_heads_) == 2
    classifier.refit(rows=range(8))
    assert sum(seen) == 9
    classifier.fit([*support, Example(example_image(20), "Which?", "label 0")])
    assert sum(seen) == 10  # one more image, one more forward


def test_refit_without_rows_is_the_fit(classifier, support):
    heads = classifier.fit(support).kept_heads_
    assert classifier.refit(rows=[0, 1, 2]).fit(support).kept_heads_ == heads
    assert classifier.refit().kept_heads_ == heads


def test_what_refit_leaves_out_stays_out_of_vectors_and_calibration_until_it_is_taken_back(classifier, support):
    rows = [0, 1, 2, 3, 4, 5]
    some = classifier.fit(support).refit(rows=rows)
    assert some.vectors_.labels == tuple(support[row].label for row in rows)
    temperature = some.calibrate()
    assert temperature == SavClassifier(some.backbone, some.n_kept, cache=None).fit([support[r] for r in rows]).calibrate()
    assert len(some.all_vectors_) == len(support)
    assert some.refit().vectors_ is some.all_vectors_


def test_examples_that_are_all_the_same_are_refused_at_fit_and_at_refit(classifier, support):
    same = [support[0].with_label(label) for label in "abab"]
    with pytest.raises(InputError, match="All 4 examples are the same to the model"):
        classifier.fit(same)
    classifier.fit([*same, *support])
    with pytest.raises(InputError, match="All 4 examples are the same to the model"):
        classifier.refit(rows=[0, 1, 2, 3])


def test_y_replaces_the_labels(classifier, support):
    classifier.fit([example.with_label(None) for example in support], ["a", "b", "b"] * 3)
    assert classifier.classes_.tolist() == ["a", "b"]
    assert classifier.score(support, ["a", "b", "b"] * 3) > 0.5


def test_it_keeps_the_estimator_contract(classifier, support, backbone):
    copy = clone(classifier.fit(support))
    assert copy.backbone is backbone  # a frozen model is shared, never copied
    assert copy.get_params()["n_kept"] == 5
    for attribute in ("classes_", "head_scores_", "kept_heads_"):
        assert not hasattr(copy, attribute)
    with pytest.raises(NotFittedError):
        copy.predict([example_image(0)])


def test_it_serves_in_scikit_learns_own_searches(classifier, support):
    labels = [example.label for example in support]
    assert cross_val_score(classifier, support, labels, cv=3).shape == (3,)
    search = GridSearchCV(classifier, {"n_kept": [1, 5]}, cv=3, error_score="raise").fit(support, labels)
    assert search.best_params_["n_kept"] in {1, 5}
    assert search.best_estimator_.backbone is classifier.backbone


def test_bad_input_is_refused_before_the_model_runs(classifier, support, backbone, monkeypatch):
    seen = forwards(backbone, monkeypatch)
    with pytest.raises(InputError, match="no example at all"):
        classifier.fit([])
    with pytest.raises(InputError, match="at least two labels"):
        classifier.fit(support[::3])
    with pytest.raises(InputError, match="needs a label"):
        classifier.fit([Example(example_image(0))])
    with pytest.raises(SettingError, match="n_kept"):
        classifier.set_params(n_kept=0).fit(support)
    classifier.set_params(n_kept=5).fit(support)
    with pytest.raises(ImageError):
        classifier.predict(["nowhere.png"])
    assert sum(seen) == 9


def test_cancelling_says_so_and_keeps_what_was_done(classifier, support, backbone, monkeypatch):
    seen = forwards(backbone, monkeypatch)
    with pytest.raises(CancelledError, match=r"Stopped after \d of 9 examples"):
        classifier.fit(support, cancel=lambda: bool(seen))
    done = sum(seen)
    assert 0 < done < 9
    classifier.fit(support)
    assert sum(seen) == 9


def test_progress_reaches_the_end(classifier, support):
    steps = []
    classifier.fit(support, progress=steps.append)
    assert (steps[-1].done, steps[-1].total) == (9, 9)


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("other", r"was made with llava .*, but the model here is other .*: load that model \(--model\), or fit again\.$"),
        ("llava", r"was made with another version of llava and cannot classify with this one: fit again \(its heads"),
    ],
)
def test_a_classifier_of_another_model_opens_but_does_not_predict(classifier, support, tmp_path, folder, message):
    classifier.fit(support).save(tmp_path / "pets.sav")
    other = load_backbone(write_checkpoint("llava", tmp_path / folder, seed=1), dtype="float32")
    opened = SavClassifier.load(tmp_path / "pets.sav", other)
    np.testing.assert_array_equal(opened.head_scores_, classifier.head_scores_)
    assert opened.kept_heads_ == classifier.kept_heads_
    for ask in (opened.predict, opened.score):
        with pytest.raises(ClassifierFileError, match=message) as caught:
            ask([support[0]])
        assert "\n" not in str(caught.value)
    opened.save(tmp_path / "again.sav")
    assert read_classifier(tmp_path / "again.sav")[1] == read_classifier(tmp_path / "pets.sav")[1]
    assert opened.fit(support).predict([support[0]])[0].label in opened.classes_


def test_the_same_model_in_another_place_and_precision_serves(classifier, support, tiny_checkpoint, tmp_path):
    classifier.fit(support).save(tmp_path / "pets.sav")
    moved = shutil.copytree(tiny_checkpoint("llava"), tmp_path / "moved")
    loaded = SavClassifier.load(tmp_path / "pets.sav", load_backbone(moved, dtype="bfloat16"))
    queries = [example_image(seed) for seed in range(3)]
    for before, after in zip(classifier.predict(queries), loaded.predict(queries), strict=True):
        np.testing.assert_allclose(after.similarities, before.similarities, atol=0.03)  # bfloat16 has eight bits


def test_a_loaded_classifier_cannot_fit_again_without_examples(classifier, support, backbone, tmp_path):
    classifier.fit(support).save(tmp_path / "pets.sav")
    with pytest.raises(InputError, match="call fit with examples"):
        SavClassifier.load(tmp_path / "pets.sav", backbone).refit()


@pytest.mark.parametrize("voting", ["majority", "gaussian", "reliability"])
def test_every_rule_and_its_calibration_survive_the_file(classifier, support, backbone, tmp_path, voting):
    classifier.set_params(voting=voting).fit(support).calibrate()
    classifier.save(tmp_path / "pets.sav")
    (before,) = classifier.predict([example_image(7)])
    (after,) = SavClassifier.load(tmp_path / "pets.sav", backbone).predict([example_image(7)])
    assert (after.label, after.shares, after.probability) == (before.label, before.shares, before.probability)
    assert 0 < after.probability <= 1
    with pytest.raises(InputError, match="no support vectors to calibrate on"):
        SavClassifier.load(tmp_path / "pets.sav", backbone).calibrate()


def test_nothing_warns_and_the_model_is_not_changed(classifier, support, backbone):
    before = {name: tensor.clone() for name, tensor in backbone.model.state_dict().items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classifier.fit(support).predict([example_image(0)])
    for name, tensor in backbone.model.state_dict().items():
        np.testing.assert_array_equal(tensor.numpy(), before[name].numpy())


def deepest_run(backbone, monkeypatch):
    """The number of the last decoder layer that ran of each forward from now on."""
    deepest = []
    for number, layer in enumerate(backbone.decoder.layers):
        forward = layer.forward

        def noting(*args, number=number, forward=forward, **options):
            if number == 0:
                deepest.append(0)
            deepest[-1] = number
            return forward(*args, **options)

        monkeypatch.setattr(layer, "forward", noting)
    return deepest


def test_a_query_runs_no_layer_after_the_last_kept_head(backbone, support, monkeypatch):
    query = example_image(20)
    whole_classifier = SavClassifier(backbone, cache=None).fit(support)
    classifier = SavClassifier(backbone, cache=None, max_layer="kept").fit(support)
    for n_kept in range(1, 13):
        whole = whole_classifier.set_params(n_kept=n_kept).refit().predict([query])[0]
        classifier.set_params(n_kept=n_kept).refit()
        assert classifier.kept_heads_ == whole_classifier.kept_heads_
        with monkeypatch.context() as patch:
            deepest = deepest_run(backbone, patch)
            early = classifier.predict([query])[0]
        assert deepest == [max(head.layer for head in classifier.kept_heads_)]
        assert (early.label, early.shares, early.votes) == (whole.label, whole.shares, whole.votes)


def test_max_layer_keeps_heads_of_the_first_layers_and_runs_no_others(backbone, support, tmp_path, monkeypatch):
    whole = SavClassifier(backbone, n_kept=12, cache=None).fit(support)
    deepest = deepest_run(backbone, monkeypatch)
    early = SavClassifier(backbone, n_kept=12, cache=None, max_layer=1).fit(support)
    answer = early.predict([example_image(20)])[0]
    assert set(deepest) == {1}
    assert early.kept_heads_ == tuple(head for head in whole.kept_heads_ if head.layer <= 1)
    np.testing.assert_array_equal(early.head_scores_, whole.head_scores_[:2])
    early.calibrate()
    early.save(tmp_path / "early.sav")
    loaded = SavClassifier.load(tmp_path / "early.sav", backbone)
    assert loaded.max_layer == 1
    assert loaded.predict([example_image(20)])[0].votes == answer.votes
    again = whole.set_params(max_layer=1).refit()  # from the vectors that are there
    assert again.kept_heads_ == early.kept_heads_
    assert set(deepest) == {1}
    with pytest.raises(InputError, match="fewer layers"):
        early.set_params(max_layer=None).refit()


@pytest.mark.parametrize("max_layer", [-1, 3, 1.5, "all"])
def test_a_layer_that_the_model_has_not_is_refused_before_it_runs(backbone, support, max_layer):
    with pytest.raises(SettingError, match="0 to 2"):
        SavClassifier(backbone, cache=None, max_layer=max_layer).fit(support)


def test_vectors_that_end_before_a_kept_head_are_refused(backbone, support):
    classifier = SavClassifier(backbone, n_kept=12, cache=None).fit(support)
    with pytest.raises(InputError, match="fitted on 3 layers"):
        classifier.head_classifier_.predict(classifier.vectors_.up_to(1))
    shallow = classifier.vectors_.up_to(1)
    other = SavClassifier(backbone, cache=None, max_layer=0).fit(support).head_classifier_
    with pytest.raises(InputError, match="fitted on 1 layers"):
        other.predict(shallow)
