import pytest

from sav_core.data.sets.kinds import kinds_of


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], ""),
        (["a.PNG", "b.cr2"], "2 images"),
        (["pets/a.mp4", "b.WebM", "c.mpg"], "3 clips"),
        (["a.jpg", "b.mov", "c.gif"], "2 images and 1 clip"),
        (["a.jpg", "b.mov", "Line 3 of 'pets.jsonl'", "notes.txt", "folder"], "1 image, 1 clip, 1 example and 2 files"),
    ],
)
def test_each_is_counted_as_what_it_is(names, words):
    assert kinds_of(names) == words
    assert kinds_of(names, "picture") == words.replace("image", "picture")
