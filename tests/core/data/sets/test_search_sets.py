import json
import zipfile

import pytest

from sav_core.data.sets.search_sets import read_index
from sav_core.errors import DatasetError
from tests.support.pictures import solid


def lay(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(solid())
    return root


def labels(source):
    return [example.label for example in read_index(source)]


def test_label_folders_give_labels(tmp_path):
    lay(tmp_path, "cat/1.png", "cat/deep/2.png", "dog/1.png")
    assert labels(tmp_path) == ["cat", "cat", "dog"]


def test_a_wrapping_folder_is_passed_over(tmp_path):
    assert labels(lay(tmp_path, "pets/all/cat/1.png", "pets/all/dog/1.png")) == ["cat", "dog"]


def test_a_heap_of_images_has_no_labels(tmp_path):
    assert labels(lay(tmp_path, "1.png", "cat/2.png", "dog/3.png")) == [None] * 3
    assert labels(lay(tmp_path / "one", "holiday/1.png", "holiday/2.png")) == [None] * 2


def test_a_zip_says_the_same(tmp_path):
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for name in ("pets/cat/1.png", "pets/dog/1.png"):
            archive.writestr(name, solid())
    assert labels(tmp_path / "pets.zip") == ["cat", "dog"]


def test_lines_have_their_own_labels(tmp_path):
    lay(tmp_path, "1.png")
    (tmp_path / "pets.jsonl").write_text(json.dumps({"image": "1.png", "label": "cat"}))
    assert labels(tmp_path / "pets.jsonl") == ["cat"]


def test_nothing_to_read_is_refused(tmp_path):
    with pytest.raises(DatasetError):
        read_index(tmp_path)
