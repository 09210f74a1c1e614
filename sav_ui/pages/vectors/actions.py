"""What a visitor does on the page Function vectors: plain functions of a visit and plain values, by the action's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sav_core.errors import InputError, SavError
from sav_core.types import Head
from sav_core.vectors import Site
from sav_ui.pages.classify.state import fit_of
from sav_ui.pages.teach import actions as teach
from sav_ui.pages.vectors.state import ASKING, SLIDER_SCALES, Board, Lab, drawn_task, lab_of
from sav_ui.pages.vectors.uploads import read_task
from sav_ui.panels.downloads import fresh_path, link
from sav_ui.panels.errors import NOT_UNDERSTOOD, UNREADABLE
from sav_ui.panels.host import Data
from sav_ui.serving.pool import Shelf
from sav_ui.session.session import Visit
from sav_ui.uploads.files import told, uploads

__all__ = ["ACTIONS", "act"]

_OF_TEACH = frozenset({"cell", "close_head", "dismiss", "head", "look", "undo", "versus"})
"""What means the same there: the inspector is one."""

_CHANGE_THE_WORK = frozenset(
    {"bring", "demonstrations", "n_heads", "place", "prompts", "relation", "scenes", "told_by", "use"}
)
"""What waits while the model is at work, for it would change what the work is about."""


def act(visit: Visit, shelf: Shelf, data: Data) -> None:
    """Do what needs no model; what goes wrong is told beside where it was done."""
    name, lab = str(data.get("do", "")), lab_of(visit)
    if name in _OF_TEACH:
        teach.act(visit, shelf, data)
        return
    if name not in ACTIONS:
        return
    where, action = ACTIONS[name]
    if lab.busy and lab.busy != ASKING and name in _CHANGE_THE_WORK:
        visit.say("The model is at work on this page: wait until it is done, or cancel it.", where=where)
        return
    lab.saved = None
    try:
        with visit.lock:
            action(visit, lab, data)
    except SavError as error:
        visit.say(str(error), where=where)
    except UNREADABLE:
        visit.say(NOT_UNDERSTOOD, where=where)


def _relation(visit: Visit, lab: Lab, data: Data) -> None:
    """Choose a relation; drawn scenes come with the first."""
    relation = str(data["relation"])
    if lab.task is None:
        lab.open(drawn_task(), relation)
    else:
        lab.choose(relation=relation)


def _scenes(visit: Visit, lab: Lab, data: Data) -> None:
    lab.open(drawn_task(), "above")


def _bring(visit: Visit, lab: Lab, data: Data) -> None:
    """Take the visitor's own relations, or scenes drawn with their own cut-outs."""
    task, skipped = read_task(uploads(data.get("files")))
    if not task.relations:
        raise InputError("No relation has items for training, validation and test alike: bring more pictures of each.")
    lab.open(task, task.listed[0])
    count = len(task.train) + len(task.validation) + len(task.test)
    dropped = f" {task.dropped} had no place in a part that shares nothing with the others." if task.dropped else ""
    short = f" Too few to be in all three parts are those of {', '.join(task.short)}." if task.short else ""
    left_out = told(skipped)
    visit.say(
        f"Took {count} items of {len(task.relations)} relations.{dropped}{short} {left_out}".strip(),
        "error" if left_out else "done",
        "relations",
    )


def _setup(name: str) -> Callable[[Visit, Lab, Data], None]:
    def change(visit: Visit, lab: Lab, data: Data) -> None:
        lab.choose(**{name: int(data["value"])})

    return change


def _told_by(visit: Visit, lab: Lab, data: Data) -> None:
    if data["value"] in ("demonstrations", "words"):
        lab.choose(told_by=data["value"])


def _next_prompt(visit: Visit, lab: Lab, data: Data) -> None:
    lab.prompt += 1


def _corrupted(visit: Visit, lab: Lab, data: Data) -> None:
    lab.corrupted = data.get("mixed") == "yes"


def _cancel(visit: Visit, lab: Lab, data: Data) -> None:
    lab.cancelled.set()


def _effect_head(visit: Visit, lab: Lab, data: Data) -> None:
    """Look into a head, from a cell (x, y) or from a row of the table; the inspector of Teach shows the same."""
    study = lab.study(visit.project.model)
    layer, index = int(data.get("layer", data.get("y", -1))), int(data.get("index", data.get("x", -1)))
    if study is None or study.effects is None:
        return
    _, layers, heads = study.effects.changes.shape
    if 0 <= layer < layers and 0 <= index < heads:
        lab.head = Head(layer, index)
        if fit_of(visit) is not None:
            visit.focus = replace(visit.focus, head=lab.head, versus=None, cell=None)


def _close_effect(visit: Visit, lab: Lab, data: Data) -> None:
    lab.head = None


def _overlap(visit: Visit, lab: Lab, data: Data) -> None:
    lab.overlap = bool(data.get("value"))


def _n_heads(visit: Visit, lab: Lab, data: Data) -> None:
    study = lab.study(visit.project.model)
    if study is not None and study.effects is not None:
        study.n_heads = max(1, min(int(data["value"]), len(study.effects.ranking)))


def _site(visit: Visit, lab: Lab, data: Data) -> None:
    """Add the vector elsewhere, from a cell of the map: x is the scale, y the layer."""
    study = lab.study(visit.project.model)
    row, column = int(data["y"]), int(data["x"])
    if study is None or study.sites is None:
        return
    layers, scales = study.sites.layers, study.sites.scales
    if 0 <= row < len(layers) and 0 <= column < len(scales):
        study.site, study.use, study.judged = Site(layers[row], scales[column]), "built", {}
        study.scale = study.site.scale


def _scale(visit: Visit, lab: Lab, data: Data) -> None:
    study = lab.study(visit.project.model)
    if study is not None:
        study.scale = max(0.0, min(float(data["value"]), SLIDER_SCALES[-1]))


def _query(visit: Visit, lab: Lab, data: Data) -> None:
    lab.query = max(0, int(data["query"]))


def _use(visit: Visit, lab: Lab, data: Data) -> None:
    study = lab.study(visit.project.model)
    name = str(data["use"])
    known = {"built", *(study.tuning.vectors if study is not None and study.tuning is not None else ())}
    if study is not None and name in known:
        study.use, study.judged = name, {}
        vector = study.in_use
        study.scale = study.scale if vector is None else vector.scale


def _save(visit: Visit, lab: Lab, data: Data) -> None:
    """Make the vector in use a file at the slider's scale, as the command line writes and reads it."""
    study = lab.study(visit.project.model)
    vector = None if study is None else study.to_save
    if vector is None:
        raise InputError("There is no vector yet to save: build it first.")
    plain = "".join(sign if sign.isalnum() else "-" for sign in vector.relation)[:60] or "vector"
    tuned = "" if vector.origin == "heads" else f"-{vector.origin}"
    path = fresh_path(f"{plain}{tuned}.fv")
    vector.save(path)
    lab.saved = link(path)


def _board_relation(visit: Visit, lab: Lab, data: Data) -> None:
    relation = str(data["value"])
    lab.own(relation)  # refused if the task has none
    lab.keep(visit.project.model, Board(relation))


def _board_source(visit: Visit, lab: Lab, data: Data) -> None:
    board = lab.board(visit.project.model)
    _change_board(visit, lab, source=board.source + 1, words=None, judged={}, weights=None, own=False)


def _board_target(visit: Visit, lab: Lab, data: Data) -> None:
    _change_board(visit, lab, target=lab.board(visit.project.model).target + 1, words=None)


def _board_weight(visit: Visit, lab: Lab, data: Data) -> None:
    weights = lab.board(visit.project.model).weights
    relation, value = str(data["relation"]), float(data["value"])
    if weights is None or relation not in weights:
        return
    most = float(max(2, len(weights)))  # a pair that only one base vector predicts gives that one all the weight
    weights = {**weights, relation: max(-most, min(value, most))}
    _change_board(visit, lab, weights=weights, own=True, words=None, judged={})


def _board_auto(visit: Visit, lab: Lab, data: Data) -> None:
    _change_board(visit, lab, weights=None, own=False, words=None, judged={})


def _change_board(visit: Visit, lab: Lab, **changes: Any) -> None:
    lab.keep(visit.project.model, replace(lab.board(visit.project.model), **changes))


def _upload_failed(visit: Visit, lab: Lab, data: Data) -> None:
    raise InputError("The files did not arrive, for they are too large or the connection broke: try again with fewer.")


_Action = Callable[[Visit, Lab, Data], None]
ACTIONS: Mapping[str, tuple[str, _Action]] = {
    "board_auto": ("analogy", _board_auto),
    "board_relation": ("analogy", _board_relation),
    "board_source": ("analogy", _board_source),
    "board_target": ("analogy", _board_target),
    "board_weight": ("analogy", _board_weight),
    "bring": ("relations", _bring),
    "cancel": ("effects", _cancel),
    "close_effect": ("effects", _close_effect),
    "demonstrations": ("relations", _setup("demonstrations")),
    "effect_head": ("effects", _effect_head),
    "mixed": ("relations", _corrupted),
    "n_heads": ("vector", _n_heads),
    "next_prompt": ("relations", _next_prompt),
    "overlap": ("effects", _overlap),
    "place": ("vector", _site),
    "prompts": ("relations", _setup("prompts")),
    "query": ("vector", _query),
    "relation": ("relations", _relation),
    "save": ("vector", _save),
    "scenes": ("relations", _scenes),
    "strength": ("vector", _scale),
    "told_by": ("relations", _told_by),
    "upload_failed": ("relations", _upload_failed),
    "use": ("vector", _use),
}
"""What the page can ask for: where its sentences stand, and what does it."""
