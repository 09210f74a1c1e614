import dataclasses
import json
import pickle

import numpy as np
import pytest
from safetensors.numpy import load, save

from sav_core.errors import ClassifierFileError, SettingError, StorageError
from sav_core.heads.calibration import Calibration
from sav_core.heads.classifier import HeadClassifier
from sav_core.heads.classifier_file import _FILE, Provenance, read_classifier, write_classifier
from sav_core.heads.rejection import Rejection
from sav_core.heads.ties import Ties
from tests.support.problems import clusters

PROVENANCE = Provenance("tiny", "abc", "float32", "pil", "What is this?", 4, "majority")


@pytest.fixture
def fitted():
    return HeadClassifier(n_kept=4).fit(clusters()).fitted_


@pytest.fixture
def path(tmp_path, fitted):
    write_classifier(tmp_path / "pets.sav", fitted, PROVENANCE)
    return tmp_path / "pets.sav"


def rewrite(path, edit):
    """Doctor a file in a way that keeps it a well-formed safetensors file with a matching checksum where possible."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    header, arrays = json.loads(metadata["sav"]), load(content)
    edit(header, arrays)
    text = json.dumps(header, sort_keys=True)
    path.write_bytes(_FILE.content(arrays, text))


def test_what_was_written_is_read(path, fitted):
    read, provenance = read_classifier(path)
    assert provenance == PROVENANCE
    assert read.labels == fitted.labels
    assert read.examples == fitted.examples
    np.testing.assert_array_equal(read.centroids, fitted.centroids)
    assert read.scores.ranking == fitted.scores.ranking


def test_a_read_classifier_predicts_to_the_bit_what_the_written_one_did(path):
    queries = clusters(seed=5)
    before = HeadClassifier(n_kept=4).fit(clusters()).predict(queries)
    after = HeadClassifier.from_fitted(read_classifier(path)[0], n_kept=4).predict(queries)
    for one, other in zip(before, after, strict=True):
        assert (one.label, one.shares, one.votes) == (other.label, other.shares, other.votes)
        np.testing.assert_array_equal(one.similarities, other.similarities)


def test_a_belief_is_written_and_a_file_from_before_there_were_any_is_of_margins(path, fitted):
    write_classifier(path, fitted, dataclasses.replace(PROVENANCE, belief="brier"))
    assert read_classifier(path)[1].belief == "brier"
    rewrite(path, lambda header, arrays: header.pop("belief"))
    assert read_classifier(path)[1].belief == "margin"
    rewrite(path, lambda header, arrays: header.update(belief="hope"))
    with pytest.raises(ClassifierFileError, match="the names are known"):
        read_classifier(path)


def test_counts_of_examples_left_out_are_written_and_an_earlier_file_has_none(path, fitted):
    read = read_classifier(path)[0].left_out
    np.testing.assert_array_equal(read.correct, fitted.left_out.correct)
    assert read.n == fitted.left_out.n == 18

    def as_before(header, arrays):
        header.pop("left_out_scored")
        arrays.pop("left_out_correct")

    rewrite(path, as_before)
    assert read_classifier(path)[0].left_out is None
    write_classifier(path, fitted, PROVENANCE)
    rewrite(path, lambda header, arrays: arrays.update(left_out_correct=arrays["left_out_correct"] + 18))
    with pytest.raises(ClassifierFileError, match="the counts of examples left out are possible"):
        read_classifier(path)
    write_classifier(path, fitted, PROVENANCE)
    rewrite(path, lambda header, arrays: header.pop("left_out_scored"))
    with pytest.raises(ClassifierFileError, match="come with their number"):
        read_classifier(path)


@pytest.mark.parametrize("voting", ["gaussian", "reliability"])
def test_every_voting_rule_survives_the_file(tmp_path, voting):
    queries = clusters(seed=5)
    classifier = HeadClassifier(n_kept=4, voting=voting).fit(clusters())
    calibration = Calibration(1.7, 18)
    provenance = dataclasses.replace(PROVENANCE, voting=voting, calibration=calibration)
    write_classifier(tmp_path / "pets.sav", classifier.fitted_, provenance)
    fitted, read = read_classifier(tmp_path / "pets.sav")
    assert read == provenance
    after = HeadClassifier.from_fitted(fitted, 4, voting, read.calibration)
    assert after.kept_heads_ == classifier.kept_heads_
    for one, other in zip(classifier.predict(queries), after.predict(queries), strict=True):
        assert (one.label, one.shares, one.votes) == (other.label, other.shares, other.votes)
        shares = np.array([list(other.shares.values())])
        assert other.probability == calibration.probabilities(shares).max()


def test_a_file_from_before_there_was_a_grid_compares_to_ten_decimals(path, fitted):
    assert read_classifier(path)[0].ties == Ties(6)
    rewrite(path, lambda header, arrays: header.pop("decimals"))
    assert read_classifier(path)[0].ties == Ties(10)
    rewrite(path, lambda header, arrays: header.update(decimals=11))
    with pytest.raises(ClassifierFileError, match="the decimals are possible"):
        read_classifier(path)


def test_the_same_classifier_is_the_same_bytes(path, fitted, tmp_path):
    write_classifier(tmp_path / "again.sav", fitted, PROVENANCE)
    write_classifier(tmp_path / "and again.sav", fitted, PROVENANCE)
    assert (tmp_path / "again.sav").read_bytes() == (tmp_path / "and again.sav").read_bytes()


def test_a_file_of_an_older_version_is_read(path, fitted):
    rewrite(path, lambda header, arrays: header.pop("calibration"))
    assert read_classifier(path)[1] == PROVENANCE


def test_radii_are_kept_and_a_file_from_before_they_were_known_has_none(path, fitted):
    classifier = HeadClassifier(n_kept=4).fit(clusters())
    write_classifier(path, fitted, dataclasses.replace(PROVENANCE, reach=classifier.reach_))
    kept, provenance = read_classifier(path)
    again = HeadClassifier.from_fitted(kept, 4, reach=provenance.reach)
    queries = clusters(noise=4.0, seed=9)
    assert [one.closeness for one in again.predict(queries)] == [one.closeness for one in classifier.predict(queries)]
    rewrite(path, lambda header, arrays: header.pop("reach_of_every_head"))
    assert read_classifier(path)[1].reach == dataclasses.replace(classifier.reach_, every_head=False)
    rewrite(path, lambda header, arrays: header.pop("reach"))
    assert read_classifier(path)[1].reach is None
    for reach in ([0.1], ["0.1", 0.1, 0.1], [True, 0.1, 0.1], [0.1, 0.1, 3.0], 5, "abc"):
        rewrite(path, lambda header, arrays, reach=reach: header.update(reach=reach))
        with pytest.raises(ClassifierFileError, match=r"reach is possible|no usable classifier"):
            read_classifier(path)


def test_when_to_say_none_is_kept_and_a_file_from_before_that_was_learned_has_none(path, fitted):
    rejection = Rejection(0.43, 18, 1, 18, 4)
    write_classifier(path, fitted, dataclasses.replace(PROVENANCE, rejection=rejection))
    kept, provenance = read_classifier(path)
    assert provenance.rejection == rejection
    again = HeadClassifier.from_fitted(kept, 4, rejection=provenance.rejection)
    assert {each.none_below for each in again.predict(clusters())} == {0.43}
    rewrite(path, lambda header, arrays: header.pop("rejection"))
    assert read_classifier(path)[1].rejection is None
    for wrong in ({"threshold": 1.5}, {"refused": 19}, {"passed": -1}, {"threshold": "much"}, {"of": 3}):
        told = {**dataclasses.asdict(rejection), **wrong}
        rewrite(path, lambda header, arrays, told=told: header.update(rejection=told))
        with pytest.raises(ClassifierFileError, match=r"limit of none is possible|no usable classifier"):
            read_classifier(path)


def test_a_rule_that_was_not_fitted_is_refused(fitted):
    with pytest.raises(SettingError, match="was not fitted for gaussian voting"):
        HeadClassifier.from_fitted(fitted, voting="gaussian")


@pytest.mark.parametrize("length", [0, 5, 8, 100, 700, -1])
def test_a_truncated_file_is_refused(path, length):
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ClassifierFileError, match=r"is not a whole \.sav file"):
        read_classifier(path)


def test_every_flipped_byte_is_noticed(path):
    content = path.read_bytes()
    for position in np.random.default_rng(0).integers(0, len(content), size=60):
        flipped = bytearray(content)
        flipped[position] ^= 0x10
        path.write_bytes(flipped)
        with pytest.raises(ClassifierFileError):
            read_classifier(path)


@pytest.mark.parametrize(
    ("edit", "law"),
    [
        (lambda header, arrays: header.update(format="sav-explorer/9"), "sav-explorer/9"),
        (lambda header, arrays: header.pop("labels"), "labels"),
        (lambda header, arrays: header["labels"].reverse(), "sorted"),
        (lambda header, arrays: header["labels"].pop(), "labels, counts and centroids agree"),
        (lambda header, arrays: header.update(voting="loudest"), "names are known"),
        (lambda header, arrays: header.update(voting="gaussian"), "what gaussian voting needs is there"),
        (lambda header, arrays: header.update(voting="reliability"), "what reliability voting needs is there"),
        (
            lambda header, arrays: (header.update(voting="reliability"), arrays.update(reliability=np.zeros((2, 2, 2)))),
            "what reliability voting needs",
        ),
        (lambda header, arrays: header.update(calibration={"temperature": -1, "n": 3}), "the temperature is possible"),
        (lambda header, arrays: header.update(n_kept=0), "heads are kept"),
        (lambda header, arrays: header.update(n_kept="many"), "holds no usable classifier"),
        (lambda header, arrays: header.update(scored=0), "scores are possible"),
        (lambda header, arrays: header.update(question=5), "texts are texts"),
        (lambda header, arrays: header.update(model=["hub/id"]), "texts are texts"),
        (lambda header, arrays: header.update(labels=[1, 2]), "texts are texts"),
        (lambda header, arrays: header.update(labels=["", "b"]), "texts are texts"),
        (lambda header, arrays: header.update(calibration="warm"), "holds no usable classifier"),
        (lambda header, arrays: arrays.pop("margin"), "margin"),
        (lambda header, arrays: arrays["centroids"].fill(np.nan), "finite"),
        (lambda header, arrays: arrays.update(margin=arrays["margin"] > 0), "counts are whole numbers and the"),
        (lambda header, arrays: arrays.update(correct=arrays["correct"] + 0.5), "counts are whole numbers"),
        (lambda header, arrays: header.update(levels={"uint16": [0, 10**400]}), "holds no usable classifier"),
        (lambda header, arrays: arrays.update(correct=arrays["correct"][:1]), "scores and centroids agree"),
        (lambda header, arrays: arrays.update(centroids=arrays["centroids"][0]), "holds no usable classifier"),
    ],
)
def test_a_doctored_file_with_a_right_checksum_is_still_refused(path, edit, law):
    rewrite(path, edit)
    with pytest.raises(ClassifierFileError, match=law):
        read_classifier(path)


def test_other_files_are_refused(tmp_path):
    other = tmp_path / "other.sav"
    other.write_bytes(pickle.dumps({"labels": ["a", "b"]}))
    with pytest.raises(ClassifierFileError, match=r"not a whole \.sav file"):
        read_classifier(other)
    others = {b"$FL2@(#) IBM SPSS": "data of SPSS", pickle.dumps([1]): "a pickle", b"SR\0\x04": "data of IDL"}
    for content, kind in others.items():
        other.write_bytes(content)
        with pytest.raises(
            ClassifierFileError, match=rf"not a whole \.sav file \(it is {kind}.*, which another program wrote\)"
        ):
            read_classifier(other)
    other.write_bytes(save({"weights": np.zeros(3)}))
    with pytest.raises(ClassifierFileError, match=r"but not a \.sav file"):
        read_classifier(other)
    with pytest.raises(ClassifierFileError, match="There is no classifier file"):
        read_classifier(tmp_path / "none.sav")


def test_a_full_disk_leaves_the_old_file(path, fitted, monkeypatch):
    before = path.read_bytes()

    def full(self, *_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(StorageError, match="No space left"):
        write_classifier(path, fitted, dataclasses.replace(PROVENANCE, model="other"))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
