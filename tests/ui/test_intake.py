import pytest

from sav_core.errors import InputError
from sav_ui.intake import read_archive, read_pictures, uploads
from tests.archives import zipped
from tests.pictures import encoded, noise
from tests.ui.people import sent


def test_equal_files_of_two_visitors_serve_both(tmp_path):
    """Gradio keeps them as one file, so reading it must leave it."""
    (tmp_path / "a.png").write_bytes(encoded(noise()))
    (tmp_path / "pets.zip").write_bytes(zipped({f"{label}/1.png": encoded(noise(seed=ord(label))) for label in "ab"}))
    picture, archive = sent(tmp_path / "a.png"), sent(tmp_path / "pets.zip")
    for _ in range(2):
        good, bad = read_pictures(uploads([picture]))
        assert (len(good), bad) == (1, [])
        (file,) = uploads([archive])
        assert read_archive(file, "").labels == ("a", "b")


def test_no_file_but_an_upload_is_read(tmp_path):
    for path in ("/etc/passwd", str(tmp_path), "", "../" * 9 + "etc/passwd"):
        with pytest.raises(InputError, match="did not arrive"):
            uploads([{"path": path, "name": "a.png"}])
