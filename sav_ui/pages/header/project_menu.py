"""The project menu: save, open, take the classifier home, see the code. Plain functions of a visit and plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sav_core.errors import InputError, SavError
from sav_ui.pages.header.show_code import commands, python_code
from sav_ui.panels.downloads import fresh_path, link
from sav_ui.panels.errors import NOT_UNDERSTOOD, UNREADABLE
from sav_ui.panels.host import Data
from sav_ui.panels.panel import fill, scene
from sav_ui.serving.menu import choice_of
from sav_ui.serving.pool import Shelf
from sav_ui.session.find_heads import settle
from sav_ui.session.fit import Fit
from sav_ui.session.project_file import CLASSIFIER, file_name, read_project, write_project
from sav_ui.session.session import Focus, Visit
from sav_ui.uploads.files import told, uploads

__all__ = ["act", "current_fit", "show"]


def act(visit: Visit, shelf: Shelf, data: Data) -> None:
    """Do what the menu asks for; what goes wrong becomes a sentence under the masthead, and the work stays."""
    action = _ACTIONS.get(str(data.get("do", "")))
    if action is None:
        return
    visit.extras.pop("saved", None)
    try:
        action(visit, shelf, data)
    except SavError as error:
        visit.say(str(error), where="project")
    except UNREADABLE:
        visit.say(NOT_UNDERSTOOD, where="project")
    settle(visit, shelf)


def show(visit: Visit) -> dict[str, Any]:
    """The menu; the code when it is asked for; the file to download when one was made."""
    project, fit = visit.project, current_fit(visit)
    opened = bool(visit.extras.get("code")) and fit is not None
    html = fill(
        "header/project.html",
        empty=project.empty,
        fitted=fit is not None,
        opened=opened,
        python=python_code(project, fit) if opened and fit else "",
        commands=commands(project, fit) if opened and fit else (),
        file=f"{file_name(project)}.zip",
    )
    return {**scene(html, visit.version()), "saved": visit.extras.pop("saved", None)}


def current_fit(visit: Visit) -> Fit | None:
    """The fit of the project as it is now; ``None`` while heads are still to be found."""
    return None if visit.due else visit.fit


def _save(visit: Visit, shelf: Shelf, data: Data) -> None:
    with visit.lock:
        project, fit = visit.project, current_fit(visit)
    if project.empty:
        raise InputError("There is nothing to save yet: add some pictures first.")
    classifier = None if fit is None else _classifier(visit, shelf, fit, fresh_path(CLASSIFIER))
    path = fresh_path(f"{file_name(project)}.zip")
    write_project(path, project, fit, classifier)
    visit.extras["saved"] = link(path)


def _save_classifier(visit: Visit, shelf: Shelf, data: Data) -> None:
    fit = current_fit(visit)
    if fit is None:
        raise InputError("There is no classifier yet: find heads first.")
    visit.extras["saved"] = link(_classifier(visit, shelf, fit, fresh_path(f"{file_name(visit.project)}.sav")))


def _open(visit: Visit, shelf: Shelf, data: Data) -> None:
    files = uploads(data.get("files"))
    if len(files) > 1:
        raise InputError(f"One project is open at a time, but {len(files)} files came: choose one.")
    project, skipped = read_project(files[0].path, visit.project)
    words = [f"Opened “{files[0].name}”."]
    if project.model != visit.project.model and shelf.ready(project.model) is None:
        words.append(
            f"It was made with {choice_of(project.model).title}, and {choice_of(visit.project.model).title} is here: "
            "choose that model in the menu to see the same heads."
        )
        project = replace(project, model=visit.project.model)
    if skipped:
        words.append(told(skipped))
    with visit.lock:
        visit.edit(lambda _: project, where="project")
        visit.due, visit.held, visit.fit, visit.focus = not project.empty, False, None, Focus()
        visit.say(" ".join(words), "done", "project", undo=True)


def _code(visit: Visit, shelf: Shelf, data: Data) -> None:
    if current_fit(visit) is None:
        raise InputError("There is nothing to show as code yet: find heads first.")
    visit.extras["code"] = True


def _close_code(visit: Visit, shelf: Shelf, data: Data) -> None:
    visit.extras.pop("code", None)


def _upload_failed(visit: Visit, shelf: Shelf, data: Data) -> None:
    raise InputError("The project did not arrive, for it is too large or the connection broke: try again.")


def _classifier(visit: Visit, shelf: Shelf, fit: Fit, path: Path) -> Path:
    """Write the fitted classifier as a ``.sav`` file."""
    from sav_core.sav import SavClassifier  # torch takes seconds, and the page must not wait for them

    questions = {example.question for example in visit.project.examples()}
    backbone = shelf.get(visit.project.model)
    SavClassifier.from_heads(backbone, fit.classifier, questions.pop() if len(questions) == 1 else None).save(path)
    return path


_ACTIONS: Mapping[str, Callable[[Visit, Shelf, Data], None]] = {
    "close_code": _close_code,
    "code": _code,
    "open": _open,
    "save": _save,
    "save_classifier": _save_classifier,
    "upload_failed": _upload_failed,
}
