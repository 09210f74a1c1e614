from pathlib import Path

import pytest

from sav_core.errors import InputError
from sav_ui.uploads.drops import read_drop
from sav_ui.uploads.files import read_pictures, uploads
from tests.support.archives import zipped
from tests.support.people import dropped, sent
from tests.support.pictures import encoded, noise


def test_equal_files_of_two_visitors_serve_both(tmp_path):
    """Gradio keeps them as one file, so reading it must leave it."""
    (tmp_path / "a.png").write_bytes(encoded(noise()))
    (tmp_path / "pets.zip").write_bytes(zipped({f"{label}/1.png": encoded(noise(seed=ord(label))) for label in "ab"}))
    picture, archive = sent(tmp_path / "a.png"), sent(tmp_path / "pets.zip")
    for _ in range(2):
        good, bad = read_pictures(uploads([picture]))
        assert (len(good), bad) == (1, [])
        assert [each.label for each in read_drop(uploads([archive]), "").examples] == ["a", "b"]


def test_no_file_but_an_upload_is_read(tmp_path):
    for path in ("/etc/passwd", str(tmp_path), "", "../" * 9 + "etc/passwd"):
        with pytest.raises(InputError, match="did not arrive"):
            uploads([{"path": path, "name": "a.png"}])


def test_a_link_among_the_uploads_to_a_file_outside_is_no_upload(tmp_path):
    (tmp_path / "secret.png").write_bytes(encoded(noise()))
    (entry,) = dropped({"a.png": b""})
    link = Path(entry["path"])
    link.unlink()
    link.symlink_to(tmp_path / "secret.png")
    with pytest.raises(InputError, match="did not arrive"):
        uploads([entry])


@pytest.mark.parametrize(
    "inside",
    ["/etc/a.png", "../a.png", "b/../../a.png", "b//a.png", "./a.png", "C:/a.png", "b\\a.png", "b/\0/a.png", "b/" * 999],
)
def test_a_path_that_leads_anywhere_but_inside_is_taken_for_the_name_alone(inside):
    (entry,) = dropped({"a.png": b""})
    (file,) = uploads([{**entry, "inside": inside}])
    assert file.inside == "a.png"


@pytest.mark.parametrize("name", ["..", ".", "/", "b/..", ""])
def test_a_name_that_is_none_is_that_of_the_file(name):
    (entry,) = dropped({"a.png": b""})
    (file,) = uploads([{**entry, "name": name, "inside": ""}])
    assert (file.name, file.inside) == ("a.png", "a.png")


def test_what_a_file_is_read_as_is_not_for_the_browser_to_say():
    (entry,) = dropped({"a.jsonl": b""})
    (file,) = uploads([{**entry, "name": "a.zip", "inside": "a.zip"}])
    assert (file.archive, file.listing) == (False, True)


@pytest.mark.parametrize(("inside", "listing"), [("a.json", True), ("pets/a.json", False), ("pets/a.jsonl", True)])
def test_a_json_in_a_folder_is_no_list_of_examples(inside, listing):
    (file,) = uploads(dropped({inside: b""}))
    assert file.listing is listing
