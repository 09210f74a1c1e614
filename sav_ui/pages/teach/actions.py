"""What a visitor does on the Teach page, by the name of the action."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sav_core.data.examples import Example
from sav_core.data.notes import Note, noted
from sav_core.errors import InputError
from sav_core.heads.rules import RULES
from sav_core.heads.scoring import SCORINGS
from sav_ui.host.dispatch import Actions, Steps, dispatch
from sav_ui.limits import limits
from sav_ui.pages.shared.actions import INSPECTOR, WORK
from sav_ui.pages.teach.clip_choice import CLIP_CHOICE
from sav_ui.pages.teach.depth_choice import DEPTH_CHOICE
from sav_ui.pages.teach.detail_choice import DETAIL_CHOICE
from sav_ui.pages.teach.files import HEADS, heads_as_csv
from sav_ui.pages.teach.sorting import place, shift
from sav_ui.pages.teach.state import TeachState
from sav_ui.panels.downloads import made_file
from sav_ui.panels.films import brought, called, film, sampled
from sav_ui.session.context import Context, Data
from sav_ui.session.project import MAX_LABEL_LENGTH, Project
from sav_ui.session.switch_model import stop_loading
from sav_ui.session.work import Kind
from sav_ui.uploads.files import (
    LeftOutError,
    as_examples,
    as_one_example,
    describe_notes,
    describe_skipped,
    notes_on,
    read_pictures,
    uploads,
)
from sav_ui.uploads.labelled import read_labelled

__all__ = ["ACTIONS", "act"]


def act(context: Context, data: Data) -> None:
    """Do what was asked for."""
    dispatch(ACTIONS, context, data)


def _add_label(context: Context, data: Data) -> None:
    context.session.edit(lambda project: project.with_label(str(data["value"])))
    context.did(f"Added the label “{context.session.project.labels[-1].name}”.", shown=False)


def _stop_loading(context: Context, data: Data) -> None:
    stop_loading(context.session)


def _rename(context: Context, data: Data) -> None:
    session, label_id = context.session, str(data["label"])
    before = session.project.label(label_id)
    session.edit(lambda project: project.renamed(label_id, str(data["value"])))
    context.did(f"Renamed “{before.name}” to “{session.project.label(label_id).name}”.", shown=False)


def _drop_label(context: Context, data: Data) -> None:
    session = context.session
    label = session.project.label(str(data["label"]))
    items = session.project.of_label(label.id)
    session.edit(lambda project: project.without_label(label.id))
    context.did(f"Deleted the label “{label.name}”{f' with {brought(item.pictures for item in items)}' if items else ''}.")


def _add(context: Context, data: Data) -> Steps:
    """Add pictures to one label; a ZIP or a JSONL says itself what its pictures' labels are."""
    session, files = context.session, uploads(data.get("files"))
    label = session.project.label(str(data["label"]))
    if any(file.archive or file.listing for file in files):
        yield from _import(context, data)
        return
    good, bad = read_pictures(files, together=bool(data.get("together")), clips=session.project.clips)
    if bad and not good:
        raise LeftOutError(bad)
    make = as_one_example if data.get("together") else as_examples
    examples = make(good, session.project.question, label.name)
    found = [picture for _, picture in good]
    _draw_strips(examples)
    yield
    session.edit(lambda project: project.with_examples(label.id, examples))
    more = " ".join(filter(None, (sampled(found), describe_skipped(bad), describe_notes(notes_on(good)))))
    context.did(f"Added {brought([each] for each in found)} to “{label.name}”.", more, left_out=bad)


def _import(context: Context, data: Data) -> Steps:
    """Add labelled examples: of ZIPs, of a JSONL with its pictures, and those labelled by the folder they came in."""
    found = read_labelled(
        uploads(data.get("files")),
        context.session.project.question,
        without_folder="Pictures need a label: drop them on a label's card, or give a folder for each label.",
        clips=context.session.project.clips,
    )
    _draw_strips(found.examples)
    yield
    context.session.edit(lambda project: project.with_labelled(found.examples))
    labels = len({example.label for example in found.examples})
    words = (
        f"Added {brought(each.images for each in found.examples)} under {'1 label' if labels == 1 else f'{labels} labels'}."
    )
    notes = (*found.notes, *_cut(found.examples))
    looked = sampled(image for example in found.examples for image in example.images)
    more = " ".join(filter(None, (looked, describe_skipped(found.left_out), describe_notes(notes))))
    context.did(words, more, left_out=found.left_out)


def _draw_strips(examples: Sequence[Example]) -> None:
    """Draw what the cards show of clips, while nobody waits for the session."""
    for example in examples:
        film(example.images)


def _cut(examples: Sequence[Example]) -> tuple[Note, ...]:
    """Say which labels are longer than they may be, for those are cut."""
    names = {" ".join(str(example.label).split()) for example in examples}
    text = f"Labels of more than {MAX_LABEL_LENGTH} characters are cut to these"
    return noted(("cut labels", text, f"{name[:40]}…") for name in sorted(names) if len(name) > MAX_LABEL_LENGTH)


def _remove(context: Context, data: Data) -> None:
    ids = str(data["item"]).split(",")
    gone = [item for item in context.session.project.items if item.id in ids]
    context.session.edit(lambda project: project.without_items(ids))
    if gone:
        context.did(f"Removed {called(gone)}.")


def _move(context: Context, data: Data) -> None:
    """Put one example, or several, under another label."""
    project = context.session.project
    label = project.label(str(data.get("label") or data["value"]))
    items = [project.item(name) for name in str(data["item"]).split(",")]
    context.session.edit(lambda project: project.moved([item.id for item in items], label.id))
    context.session.look_at(enlarged="")
    context.did(f"Moved {called(items)} to “{label.name}”.")


def _settle_warning(context: Context, data: Data) -> None:
    state = context.session.state(TeachState)
    state.settled |= {str(data["item"])}
    context.did("Left as it is what a warning was about.", shown=False)


def _question(context: Context, data: Data) -> None:
    context.session.edit(lambda project: _askable(replace(project, question=limits().checked_question(str(data["value"])))))
    context.did("Changed the question to the model.", shown=False)


def _text(context: Context, data: Data) -> None:
    session, item_id = context.session, str(data["item"])
    session.edit(lambda project: _askable(project.with_text(item_id, limits().checked_question(str(data["value"])))))
    context.did(f"Changed the question of “{session.project.item(item_id).name}”.", shown=False)


def _askable(project: Project) -> Project:
    """Return a project whose every example can be asked.

    Raises:
        InputError: a question marks places for other images than its example has.
    """
    project.examples()
    return project


def _clear(context: Context, data: Data) -> None:
    old = context.session.project
    context.session.replace_project(Project(model=old.model, detail=old.detail, next_id=old.next_id), due=False)
    context.did("Cleared everything on this page.")


def _expand(context: Context, data: Data) -> None:
    session = context.session
    session.look_at(expanded=(*session.focus.expanded, session.project.label(str(data["label"])).id))


def _fold(context: Context, data: Data) -> None:
    session = context.session
    session.look_at(expanded=tuple(label for label in session.focus.expanded if label != data["label"]))


def _enlarge(context: Context, data: Data) -> None:
    """Show an example's pictures large."""
    context.session.look_at(enlarged=context.session.project.item(str(data["item"])).id)


def _close_picture(context: Context, data: Data) -> None:
    context.session.look_at(enlarged="")


def _editing(context: Context, data: Data) -> None:
    """Show each example's own question, or hide them."""
    session, shown = context.session, context.session.focus.texts
    if shown is None:
        shown = any(item.text for item in session.project.items)
    session.look_at(texts=not shown)


def _keep(context: Context, data: Data) -> None:
    """Move the slider: another number of heads votes."""
    session = context.session
    if session.fit is not None:
        session.set(n_kept=max(1, min(int(data["value"]), len(session.fit.ranking))))


def _scoring(context: Context, data: Data) -> Steps:
    """Rank the heads by another score; the examples are left out anew, which takes its time."""
    fit, scoring = context.session.fit, data.get("scoring")
    if scoring not in SCORINGS:
        return
    if fit is not None:
        replace(fit, wanted=scoring).prepared()
    yield
    context.session.set(scoring=scoring)


def _voting(context: Context, data: Data) -> Steps:
    """Count the votes by another rule; one that cannot be fitted leaves the rule as it was."""
    session, fit, voting = context.session, context.session.fit, str(data.get("value", ""))
    if fit is None or voting not in RULES:
        return
    fitted = fit.under(voting) is not None
    if fitted:
        replace(fit, voting=voting).prepared()
    yield
    session.notice = None
    if fitted:
        session.set(voting=voting)
    else:
        context.say(f"{RULES[voting].needs} Votes are counted by {fit.rule.voting}, as before.")


def _find(context: Context, data: Data) -> None:
    """Ask for heads: the page says at once that it waits, though the model may still be another visitor's."""
    why = context.session.project.why_not_ready()
    if why:
        raise InputError(why)
    if context.session.work.kind is not Kind.FIND_HEADS:
        context.session.ask_for_heads()


def _save_heads(context: Context, data: Data) -> Steps:
    """Make the table of the heads a file to download."""
    fit = context.session.fit
    if fit is None:
        raise InputError("There are no heads to save yet: find some first.")
    text = heads_as_csv(fit)
    path = made_file(HEADS, lambda path: path.write_text(text, encoding="utf-8", newline=""))
    yield
    context.session.offer(path, "findings")


def _cancel(context: Context, data: Data) -> None:
    """Stop what is under way, or stop waiting for it."""
    work = context.session.work
    if not work.cancel(Kind.FIND_HEADS, Kind.LOOK, Kind.POINT):
        work.pause(Kind.FIND_HEADS)


ACTIONS: Actions = {
    **WORK,
    **INSPECTOR,
    **CLIP_CHOICE,
    **DEPTH_CHOICE,
    **DETAIL_CHOICE,
    "add": _add,
    "add_label": _add_label,
    "add_new": _import,  # what is dropped on the empty card: a ZIP, or folders whose names become labels
    "cancel": _cancel,
    "clear": _clear,
    "close_picture": _close_picture,
    "drop_label": _drop_label,
    "editing": _editing,
    "enlarge": _enlarge,
    "expand": _expand,
    "find": _find,
    "fine": _settle_warning,
    "fold": _fold,
    "import": _import,
    "keep": _keep,
    "move": _move,
    "place": place,
    "question": _question,
    "remove": _remove,
    "rename": _rename,
    "save_heads": _save_heads,
    "scoring": _scoring,
    "shift": shift,
    "stop_loading": _stop_loading,
    "text": _text,
    "voting": _voting,
}
"""What the page can ask for."""
