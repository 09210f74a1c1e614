"""What a ``.sav`` file says of values of more than eight bits; a file that says nothing is one of an earlier version."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sav_core.errors import ClassifierFileError
from sav_core.heads import classifier_file
from sav_core.heads.classifier_file import read_classifier, write_classifier

EARLIER = Path(__file__).parents[2] / "compat" / "colour-majority.sav"


def test_an_earlier_file_has_no_levels_and_a_new_one_keeps_them(tmp_path):
    fitted, provenance = read_classifier(EARLIER)
    assert provenance.levels is None
    levels = {"uint16": (0.0, 4095.0), "int16": (-1024.0, 3071.0)}
    write_classifier(tmp_path / "x.sav", fitted, replace(provenance, levels=levels))
    assert read_classifier(tmp_path / "x.sav")[1].levels == levels


@pytest.mark.parametrize(
    "levels", [{"uint16": [5, 5]}, {"uint16": [0]}, {"uint16": ["a", 1]}, [1], {"f": [0, float("inf")]}]
)
def test_levels_that_cannot_be_are_refused(tmp_path, levels):
    fitted, provenance = read_classifier(EARLIER)
    write_classifier(tmp_path / "x.sav", fitted, provenance)
    arrays, header = classifier_file._FILE.read(tmp_path / "x.sav")
    told = {**json.loads(header), "levels": levels}
    (tmp_path / "x.sav").write_bytes(classifier_file._FILE.content(dict(arrays), json.dumps(told)))
    with pytest.raises(ClassifierFileError, match="holds no usable classifier"):
        read_classifier(tmp_path / "x.sav")
