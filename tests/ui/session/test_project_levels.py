"""A project's pictures of more than eight bits: one scale for all, kept with it, however it grows."""

import numpy as np

from sav_core.data.examples import Example
from sav_core.data.pictures.levels import Levels
from sav_core.data.pictures.picture import as_picture, read_picture
from sav_ui.session.project import Project
from sav_ui.session.project_file import read_project, write_project
from tests.support.pictures import noise
from tests.support.tiffs import tiff

TWELVE = Levels((("uint16", 0.0, 4095.0),))


def wide(top, seed=0):
    values = np.random.default_rng(seed).integers(0, top + 1, (20, 20)).astype(np.uint16)
    return read_picture(tiff(values), f"{seed}.tif")


def project():
    one = Project(question="").with_labelled([Example(wide(4095), "", "a")])
    return one.with_labelled([Example(wide(65535, 1), "", "b"), Example(as_picture(noise()), "", "b")])


def test_the_first_pictures_decide():
    assert project().levels == TWELVE
    assert [item.pictures[0].levels for item in project().items] == [TWELVE, TWELVE, None]


def test_a_saved_project_comes_back_on_its_scale(tmp_path):
    path = tmp_path / "p.zip"
    write_project(path, project())
    again, skipped = read_project(path, Project())
    assert skipped == ()
    assert again.levels == TWELVE
    assert [item.content for item in again.items] == [item.content for item in project().items]


def test_examples_that_are_all_the_same_are_not_ready():
    same = [Example(as_picture(noise()), "", label) for label in "ab"]
    assert "All examples are the same" in Project().with_labelled(same).why_not_ready()
    assert project().why_not_ready() == ""
