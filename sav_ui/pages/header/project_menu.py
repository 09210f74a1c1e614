"""The project menu: save, open, take the classifier home, see the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sav_core.errors import InputError
from sav_ui.host.dispatch import Actions, Steps, dispatch
from sav_ui.pages.header.show_code import commands, python_code
from sav_ui.pages.header.state import HeaderState
from sav_ui.panels.downloads import made_file, remove
from sav_ui.panels.films import film
from sav_ui.panels.panel import Content, content, fill
from sav_ui.serving.menu import choice_of
from sav_ui.session.context import Context, Data
from sav_ui.session.fit import Fit
from sav_ui.session.kept_file import read_kept
from sav_ui.session.opened_sav import OpenedSav, OpenedSavState
from sav_ui.session.places import CLASSIFIER
from sav_ui.session.project import Project
from sav_ui.session.project_file import file_name, read_project, write_project
from sav_ui.session.sav_file import open_sav
from sav_ui.session.session import Session
from sav_ui.session.switch_model import known_detail, switch_model
from sav_ui.session.work import NotYetError
from sav_ui.uploads.files import Upload, describe_skipped, uploads

__all__ = ["PANEL", "WHERE", "act", "load_model", "show"]

PANEL = "project"
"""The panel of the menu, which hands saved files over."""

WHERE = "project"
"""The part of the page that this one's sentences concern: the line under the masthead."""

_LINE = re.compile("[0-9a-f]{16}")
_DRAWN = 18  # of a label, as many as its card shows at first


def act(context: Context, data: Data) -> None:
    """Do what the menu asks for."""
    context.session.state(HeaderState).leads_to = ""
    dispatch(ACTIONS, context, data)


def load_model(context: Context, data: Data) -> Iterator[None]:
    """Load another model and change to it; yields now and then while it loads."""
    yield from switch_model(context.session, context.models, str(data.get("model", "")))


def show(session: Session) -> Content:
    """The menu; the code when it is asked for; the file to download when one was made."""
    project, fit = session.project, session.current_fit
    opened = session.state(HeaderState).code_shown and fit is not None
    html = fill(
        "header/project.html",
        empty=project.empty,
        fitted=fit is not None,
        opened=opened,
        python=python_code(project, fit) if opened and fit else "",
        commands=commands(project, fit) if opened and fit else (),
        file=f"{file_name(project)}.zip",
        name=project.name,
        begun=project.begun,
    )
    return content(html, saved=session.download_at(PANEL), go_to=session.state(HeaderState).leads_to)


def _current(session: Session) -> tuple[Project, Fit | None]:
    """The project and the fit of just this project."""
    with session.changing():
        return session.project, session.current_fit


def _save(context: Context, data: Data) -> Steps:
    with context.session.changing():
        project, fit = _current(context.session)
        about = {name: keeper.about(context.session) for name, keeper in context.keepers.items()}
    if project.empty:
        raise InputError("There is nothing to save yet: add some pictures first.")
    classifier = None if fit is None else _classifier(context, project, fit, CLASSIFIER)
    kept = {name: keeper.save(project, about[name]) for name, keeper in context.keepers.items()}
    try:
        path = made_file(f"{file_name(project)}.zip", lambda path: write_project(path, project, fit, classifier, kept))
    finally:
        if classifier is not None:
            remove(classifier)  # which is in the ZIP
    yield
    context.session.offer(path, PANEL)


def _save_classifier(context: Context, data: Data) -> Steps:
    project, fit = _current(context.session)
    if fit is None:
        raise _no_heads(context.session, "There is no classifier yet: find heads first.")
    path = _classifier(context, project, fit, f"{file_name(project)}.sav")
    yield
    context.session.offer(path, PANEL)


def _open(context: Context, data: Data) -> Steps:
    files, session = uploads(data.get("files")), context.session
    if len(files) > 1:
        raise InputError(f"One project is open at a time, but {len(files)} files came: choose one.")
    kind = files[0].path.suffix.lower()
    if kind not in (".zip", ".sav"):
        raise InputError(
            f"“{files[0].name}” is neither a project (.zip) nor a classifier (.sav): choose a file that was saved here. "
            "Pictures go where they are to be taught or classified."
        )
    if kind == ".sav":
        yield from _open_classifier(context, files[0])
        return
    line = str(data.get("line", ""))
    kept_here = bool(_LINE.fullmatch(line))  # by the visitor's own browser
    project, skipped = read_project(files[0].path, session.project)
    parts, more_skipped = read_kept(files[0].path, context.keepers)
    skipped = (*skipped, *more_skipped)
    _draw_strips(project)
    puts = [context.keepers[name].take(project, part) for name, part in parts.items()]
    here = context.models.ready(project.model)
    stays = here or context.models.ready(session.project.model)
    detail = project.detail if stays is None else known_detail(stays, project.detail)
    yield
    if kept_here:
        project = project.named(str(data.get("name", "")))
    words = []
    if project.model != session.project.model and here is None:
        words.append(
            f"It was made with {choice_of(project.model).title}, and {choice_of(session.project.model).title} is here: "
            "choose that model in the menu to see the same heads."
        )
        project = replace(project, model=session.project.model, max_layer=None)
    if detail != project.detail:
        words.append(f"Its pictures were looked at in {project.detail} detail, which the model here has not: now in full.")
        project = replace(project, detail=detail)
    if skipped:
        words.append(describe_skipped(skipped))
    session.replace_project(project, due=not project.empty)
    for put in puts:
        put(session)
    if kept_here:
        session.line = line
    done = "Your work is here again." if kept_here else f"Opened “{files[0].name}”."
    context.did(done, " ".join(words), left_out=skipped)


def _draw_strips(project: Project) -> None:
    """Draw the frames of clips that the page shows at once, while nobody waits for the session."""
    for label in project.labels:
        for item in project.of_label(label.id)[-_DRAWN:]:
            film(item.pictures)


def _open_classifier(context: Context, file: Upload) -> Steps:
    """Open a ``.sav`` file on the Classify page; the project stays as it is."""
    model, classifier = open_sav(context.models, file.path)
    heads, question = classifier.head_classifier_, classifier.question_
    opened = OpenedSav(file.name, model, question, heads, classifier.clips_, classifier.levels_, classifier.detail_)
    yield
    session = context.session
    session.state(OpenedSavState).open(opened)
    session.state(HeaderState).leads_to = "Classify"
    session.say(f"Opened the classifier “{file.name}”: drop pictures on it.", "done", where=context.where)


def _name(context: Context, data: Data) -> None:
    """Call the project something, or no longer so."""
    session, name = context.session, str(data["value"])
    session.edit(lambda project: project.named(name))
    name = session.project.name
    context.did(f"Named the project “{name}”." if name else "Took the project's name away.", shown=False)


def _code(context: Context, data: Data) -> None:
    if context.session.current_fit is None:
        raise _no_heads(context.session, "There is nothing to show as code yet: find heads first.")
    context.session.state(HeaderState).code_shown = True


def _close_code(context: Context, data: Data) -> None:
    context.session.state(HeaderState).code_shown = False


def _upload_failed(context: Context, data: Data) -> None:
    raise InputError("The project did not arrive, for it is too large or the connection broke: try again.")


def _no_heads(session: Session, sentence: str) -> NotYetError:
    """What to say while heads are still to be found."""
    return NotYetError(sentence, until=lambda: session.current_fit is not None)


def _classifier(context: Context, project: Project, fit: Fit, name: str) -> Path:
    """Write the fitted classifier as a ``.sav`` file of that name."""
    from sav_core.sav import SavClassifier  # torch takes seconds, and the page must not wait for them

    questions = {example.question for example in project.examples()}
    backbone = context.models.get(project.model)
    question = questions.pop() if len(questions) == 1 else None
    heads, detail = fit.whole.classifier, project.detail
    classifier = SavClassifier.from_heads(backbone, heads, question, project.levels, project.clips_taught, detail)
    return made_file(name, classifier.save)


def _save_report(context: Context, data: Data) -> Steps:
    """Make a page to show of what was taught, with every head on."""
    from sav_core.reports.heads_page import heads_page

    project, fit = _current(context.session)
    if fit is None:
        raise _no_heads(context.session, "There is nothing to report yet: find heads first.")
    pictures = [item.pictures[0] if item.pictures else None for item in fit.items]
    questions = {example.question for example in project.examples()}
    page = heads_page(
        fit.whole.rule,
        fit.dial,
        pictures,
        title=project.name or project.title or " and ".join(fit.labels[:2]) + (" …" if len(fit.labels) > 2 else ""),
        model=choice_of(project.model).title,
        question=questions.pop() if len(questions) == 1 else "",
    )
    path = made_file(f"{file_name(project)}.html", lambda path: path.write_text(page, encoding="utf-8"))
    yield
    context.session.offer(path, PANEL)


ACTIONS: Actions = {
    "close_code": _close_code,
    "code": _code,
    "name": _name,
    "open": _open,
    "save": _save,
    "save_classifier": _save_classifier,
    "save_report": _save_report,
    "upload_failed": _upload_failed,
}
"""What the menu can ask for."""
