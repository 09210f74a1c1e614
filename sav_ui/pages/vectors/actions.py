"""What a visitor does on the page Function vectors, by the name of the action."""

from __future__ import annotations

from sav_core.errors import InputError
from sav_core.types import Head
from sav_core.vectors import Site
from sav_ui.host.dispatch import Action, Actions, Steps, dispatch
from sav_ui.pages.shared.actions import INSPECTOR, WORK, head_asked_for
from sav_ui.pages.vectors.analogy_actions import ANALOGY
from sav_ui.pages.vectors.setup import drawn_task
from sav_ui.pages.vectors.state import PANEL, VectorState
from sav_ui.pages.vectors.study import BUILT, SLIDER_SCALES, Study
from sav_ui.pages.vectors.study_runs import NOTHING_ADDED
from sav_ui.pages.vectors.uploads import read_task
from sav_ui.panels.downloads import made_file
from sav_ui.session.context import Context, Data
from sav_ui.session.work import Kind, NotYetError
from sav_ui.uploads.files import describe_skipped, uploads

__all__ = ["ACTIONS", "act"]

_CHANGE_THE_WORK = frozenset(
    {"bring", "demonstrations", "n_heads", "place", "prompts", "relation", "scenes", "told_by", "use"}
)
"""What waits while the model is at work, for it would change what the work is about."""

_AT_WORK = (Kind.EFFECTS, Kind.VECTOR, Kind.TUNING, Kind.ANALOGY)


def act(context: Context, data: Data) -> None:
    """Do what was asked for; what would change the work under way, or what waits for its turn, waits until it is done."""
    with context.session.changing():
        at_work = context.session.work.at(*_AT_WORK) is not None
        if not at_work:  # or what is under way would not be brought into sight
            _state(context).latest = str(data.get("do", ""))
    if at_work and data.get("do") in _CHANGE_THE_WORK:
        why, work = "The model is at work on this page: wait until it is done, or cancel it.", context.session.work
        context.say(NotYetError(why, until=lambda: work.at(*_AT_WORK) is None))
        return
    dispatch(ACTIONS, context, data)


def _state(context: Context) -> VectorState:
    return context.session.state(VectorState)


def _study(context: Context) -> Study | None:
    return _state(context).study(context.session.project.model)


def _relation(context: Context, data: Data) -> Steps:
    """Choose a relation; drawn scenes come with the first."""
    relation, state = str(data["relation"]), _state(context)
    drawn = drawn_task() if state.task is None else None
    yield
    if drawn is not None:
        state.open(drawn, relation)
        state.latest = "open"
    else:
        state.choose(relation=relation)


def _scenes(context: Context, data: Data) -> Steps:
    drawn = drawn_task()
    yield
    _state(context).open(drawn, "above")
    context.did("Opened the drawn scenes in place of what was here.")


def _bring(context: Context, data: Data) -> Steps:
    """Take the visitor's own relations, or scenes drawn with their own cut-outs."""
    state = _state(context)
    task, skipped = read_task(uploads(data.get("files")))
    if not task.relations:
        raise InputError("No relation has items for training, validation and test alike: bring more pictures of each.")
    yield
    first = state.task is None
    items = (*task.train, *task.validation, *task.test)
    context.session.check_room(item.picture for item in items if item.picture is not None)
    state.open(task, task.listed[0])
    count = len(task.train) + len(task.validation) + len(task.test)
    dropped = f"{task.dropped} had no place in a part that shares nothing with the others." if task.dropped else ""
    short = f" Too few to be in all three parts are those of {', '.join(task.short)}." if task.short else ""
    left_out = describe_skipped(skipped)
    more = f"{dropped}{short} {left_out}".strip()
    words = f"Took {count} items of {len(task.relations)} relations."
    if first:  # which took nothing's place, so that there is nothing to undo
        context.say(f"{words} {more}".strip(), "part" if left_out else "done", left_out=skipped)
    else:
        context.did(words, more, left_out=skipped)


def _setup(name: str) -> Action:
    def change(context: Context, data: Data) -> None:
        _state(context).choose(**{name: int(data["value"])})

    return change


def _told_by(context: Context, data: Data) -> None:
    if data["value"] in ("demonstrations", "words"):
        _state(context).choose(told_by=data["value"])


def _next_prompt(context: Context, data: Data) -> None:
    _state(context).prompt += 1


def _corrupted(context: Context, data: Data) -> None:
    _state(context).corrupted = data.get("mixed") == "yes"


def _cancel(context: Context, data: Data) -> None:
    context.session.work.cancel(*_AT_WORK, Kind.PROMPT, Kind.POINT)


def _effect_head(context: Context, data: Data) -> None:
    """Look into a head, from the map or from a row of the table; the inspector of Teach shows the same."""
    session, study = context.session, _study(context)
    layer, index = head_asked_for(data)
    if study is None or study.effects is None:
        return
    _, layers, heads = study.effects.changes.shape
    if 0 <= layer < layers and 0 <= index < heads:
        _state(context).head = Head(layer, index)
        if "layer" in data:  # from the table, which stands below what opens
            _state(context).latest = "effect_row"
        if session.current_fit is not None:
            session.look_at(head=Head(layer, index), versus=None, cell=None)


def _close_effect(context: Context, data: Data) -> None:
    _state(context).head = None


def _overlap(context: Context, data: Data) -> None:
    _state(context).overlap = bool(data.get("value"))


def _n_heads(context: Context, data: Data) -> None:
    study = _study(context)
    if study is not None and study.effects is not None:
        study.n_heads = max(1, min(int(data["value"]), len(study.effects.ranking)))


def _site(context: Context, data: Data) -> None:
    """Add the vector elsewhere, from a cell of the map: x is the scale, y the layer."""
    study = _study(context)
    row, column = int(data["y"]), int(data["x"])
    if study is None or study.sites is None:
        return
    layers, scales = study.sites.layers, study.sites.scales
    if 0 <= row < len(layers) and 0 <= column < len(scales):
        study.use, study.at[BUILT] = BUILT, Site(layers[row], scales[column])


def _scale(context: Context, data: Data) -> None:
    """Add more or less of the vector in use: the one scale that answers, is judged, tuned and saved."""
    study = _study(context)
    if study is not None and study.vector is not None:
        scale = max(0.0, min(float(data["value"]), SLIDER_SCALES[-1]))
        study.at[study.use] = study.site._replace(scale=scale)


def _query(context: Context, data: Data) -> None:
    _state(context).query = max(0, int(data["query"]))


def _use(context: Context, data: Data) -> None:
    """Let the built vector answer, or one that was tuned."""
    study, name = _study(context), str(data["use"])
    if study is not None and name in study.usable:
        study.use = name


def _save(context: Context, data: Data) -> Steps:
    """Make the vector in use a file, as the command line writes and reads it."""
    study = _study(context)
    vector = None if study is None else study.in_use
    if vector is None:
        raise InputError("There is no vector yet to save: build it first.")
    if not vector.scale:
        raise InputError(NOTHING_ADDED)
    plain = "".join(sign if sign.isalnum() else "-" for sign in vector.relation)[:60] or "vector"
    tuned = "" if vector.origin == "heads" else f"-{vector.origin}"
    path = made_file(f"{plain}{tuned}.fv", vector.save)
    yield
    context.session.offer(path, PANEL)
    context.say(f"{path.name} is on its way to you: after layer {vector.layer}, at scale {vector.scale:g}.", "done")


def _upload_failed(context: Context, data: Data) -> None:
    raise InputError("The files did not arrive, for they are too large or the connection broke: try again with fewer.")


ACTIONS: Actions = {
    **INSPECTOR,
    **ANALOGY,
    "bring": _bring,
    "cancel": _cancel,
    "close_effect": _close_effect,
    "demonstrations": _setup("demonstrations"),
    "dismiss": WORK["dismiss"],
    "effect_head": _effect_head,
    "mixed": _corrupted,
    "n_heads": _n_heads,
    "next_prompt": _next_prompt,
    "overlap": _overlap,
    "place": _site,
    "prompts": _setup("prompts"),
    "query": _query,
    "redo": WORK["redo"],
    "relation": _relation,
    "save": _save,
    "scale": _scale,
    "scenes": _scenes,
    "told_by": _told_by,
    "undo": WORK["undo"],
    "upload_failed": _upload_failed,
    "use": _use,
}
"""What the page can ask for."""
