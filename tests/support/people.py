"""Sessions with something taught, on a tiny real model."""

import json
import secrets
import shutil
from pathlib import Path, PurePosixPath
from unittest import mock

from gradio.utils import get_upload_folder

from sav_core.data.examples import Example
from sav_core.data.pictures.picture import as_picture
from sav_ui.pages.teach.state import WHERE
from sav_ui.panels.parts import cut, joined
from sav_ui.serving import zerogpu
from sav_ui.serving.pool import ModelPool
from sav_ui.session.context import Context
from sav_ui.session.find_heads import find_heads
from sav_ui.session.project import Project
from sav_ui.session.session import Session
from tests.support.tiny_models import example_image


def pool_with(backbone):
    """A pool that has loaded this model as the embedded one."""
    models = ModelPool()
    put(models, "", backbone)
    return models


def context(session, models, where=WHERE):
    """What a handler is given when somebody does something at that part of the page."""
    return Context(session, models, where)


def put(models, model, backbone):
    """Let a pool load this backbone under a model's id."""
    with mock.patch.object(zerogpu, "load", return_value=backbone), mock.patch.object(zerogpu, "fetch"):
        models.get(model)


def small_project(labels=("a cat", "hund", "鳥"), each=3, question="Which animal?", **settings):
    """A project of a few pictures under each label, taken in turns, so that labels and examples interleave."""
    project = Project(question=question, **{"n_kept": 5, **settings})
    for name in labels:
        project = project.with_label(name)
    examples = [
        Example(as_picture(example_image(10 * number + row), f"{name} {row}.png"), question, name)
        for row in range(each)
        for number, name in enumerate(labels)
    ]
    return project.with_labelled(examples)


def taught(models, project):
    """The session of somebody who has found the heads of a project."""
    session = Session()
    session.project = project
    for _ in find_heads(session, models, WHERE):
        pass
    assert session.notice is None, session.notice
    assert session.fit is not None
    return session


def sent(path, name=None):
    """A file as the browser says that it has uploaded it."""
    folder = Path(get_upload_folder()) / "test-uploads"
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / Path(path).name
    shutil.copy(path, copy)
    return {"path": str(copy), "name": name or copy.name, "folder": ""}


def dropped(files):
    """``{path: bytes, or lines of a JSONL}`` as the browser says that they came in one drop, folders and all."""
    entries = []
    for inside, content in files.items():
        place = PurePosixPath(inside)
        path = Path(get_upload_folder()) / "test-uploads" / secrets.token_hex(8) / place.name
        path.parent.mkdir(parents=True)
        data = content if isinstance(content, bytes) else "\n".join(json.dumps(line) for line in content).encode()
        path.write_bytes(data)
        entries.append({"path": str(path), "name": place.name, "folder": place.parent.name, "inside": inside})
    return entries


def html_of(content):
    """What of a panel's content is HTML, as the browser has it."""
    packed, parts = cut(content)
    return joined(packed["html"], parts, packed["moving"])
