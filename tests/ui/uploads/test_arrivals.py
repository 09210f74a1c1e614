"""An upload is deleted as soon as all have read it who sent it; a full disk is told by the upload itself."""

import base64
import errno
import os
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from sav_core.errors import InputError
from sav_ui.api import files as api_files
from sav_ui.pages.teach import actions as teach
from sav_ui.serving.arrivals import ARRIVALS, Arrivals, CountedUploads
from sav_ui.session.session import Session
from sav_ui.uploads.files import reading_uploads
from tests.support.people import context, dropped, small_project
from tests.support.pictures import encoded, noise


def add(models, files):
    session = Session()
    session.project = small_project(labels=("a", "b"), each=1)
    teach.act(context(session, models), {"do": "add", "label": session.project.labels[0].id, "files": files})
    return session


def test_equal_files_of_two_visitors_go_when_both_have_read_them(models):
    files = dropped({"a.png": encoded(noise(seed=5)), "b.png": b"no picture"})
    paths = [Path(file["path"]) for file in files]
    for path in (*paths, *paths):
        ARRIVALS.came(str(path.resolve()))
    assert len(add(models, files).project.items) == 3
    assert all(path.exists() for path in paths), "the other has not read them"
    assert len(add(models, files).project.items) == 3
    assert not any(path.exists() or path.parent.exists() for path in paths), "also the one that could not be read"


def test_an_upload_goes_when_it_was_refused(models):
    (file,) = dropped({"a.zip": b"PK no"})
    ARRIVALS.came(str(Path(file["path"]).resolve()))
    assert "not a ZIP archive" in add(models, [file]).notice.text
    assert not Path(file["path"]).exists()


def test_a_picture_that_a_call_brings_goes_with_the_call():
    sent = "data:image/png;base64," + base64.b64encode(encoded(noise(seed=6))).decode()
    with reading_uploads():
        path = Path(api_files.file_of({"path": sent}))
        assert path.read_bytes() == encoded(noise(seed=6))
    assert not path.exists()


def test_a_call_is_told_of_a_full_disk_and_not_where_it_is(monkeypatch):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/secret/place/a.png")
    monkeypatch.setattr(api_files, "save_base64_to_cache", lambda *_: (_ for _ in ()).throw(full))
    with pytest.raises(InputError, match="No space left on device") as told:
        api_files.file_of({"path": "data:image/png;base64,AAAA"})
    assert "/secret" not in str(told.value)


@pytest.mark.parametrize("path", ["a\0b", "", "/etc/passwd"])
def test_a_call_that_names_no_upload_is_told_so(path):
    with pytest.raises(InputError):
        api_files.file_of({"path": path})


def answering(answer):
    def upload(request):
        if isinstance(answer, Exception):
            raise answer
        return JSONResponse(answer)

    routes = [Route("/gradio_api/{name}", upload, methods=["POST"])]
    arrivals = Arrivals()
    layer = Middleware(CountedUploads, arrivals=arrivals)  # as in the app: within what makes any error a status
    return TestClient(Starlette(routes=routes, middleware=[layer])), arrivals


def test_what_an_upload_leaves_is_counted_and_nothing_else(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(b"1")
    client, arrivals = answering([str(tmp_path / "a" / "1.png")])
    client.post("/gradio_api/call")
    arrivals.were_read([tmp_path / "a" / "1.png"])
    assert (tmp_path / "a" / "1.png").exists()
    client.post("/gradio_api/upload")
    arrivals.were_read([tmp_path / "a" / "1.png"])
    assert not (tmp_path / "a").exists()


def test_an_upload_to_a_full_disk_is_a_sentence():
    client, _ = answering(OSError(errno.ENOSPC, "No space left on device"))
    answer = client.post("/gradio_api/upload")
    assert answer.status_code == 507
    assert answer.json()["detail"].startswith("There is no room here for more files just now")
