"""A visit that reaches most branches of the templates, on a tiny real model, and variations that reach the rest."""

from dataclasses import replace
from unittest import mock

import numpy as np

from sav_core.activations.reading_cost import ReadingCosts
from sav_core.data.clips.clip import read_clip
from sav_core.data.examples import Example, Skipped
from sav_core.data.pictures.picture import as_picture
from sav_core.heads.classifier import HeadClassifier
from sav_core.types import Progress
from sav_ui.limits import CLIPS
from sav_ui.pages.atlas import actions as atlas
from sav_ui.pages.atlas import view as atlas_view
from sav_ui.pages.atlas.run import run as atlas_run
from sav_ui.pages.atlas.state import FILE, OWN, AtlasState
from sav_ui.pages.classify import actions as classify
from sav_ui.pages.classify import live, opened
from sav_ui.pages.classify import view as classify_view
from sav_ui.pages.classify.run import run as classify_run
from sav_ui.pages.classify.state import NONE, ClassifyState, Query
from sav_ui.pages.header import kept_work, masthead, project_menu, undo_bar
from sav_ui.pages.measure import actions as measure
from sav_ui.pages.measure import uses
from sav_ui.pages.measure import view as measure_view
from sav_ui.pages.measure.run import run as measure_run
from sav_ui.pages.measure.state import MeasureState
from sav_ui.pages.shared.webcam import WebcamFrame, WebcamState
from sav_ui.pages.teach import actions as teach
from sav_ui.pages.teach import preview
from sav_ui.pages.teach import view as teach_view
from sav_ui.pages.teach.run import run as teach_run
from sav_ui.pages.teach.state import TeachState
from sav_ui.pages.vectors.actions import act as vectors_act
from sav_ui.pages.vectors.analogy_view import analogy
from sav_ui.pages.vectors.effects_view import effects
from sav_ui.pages.vectors.relation_view import relations
from sav_ui.pages.vectors.run import run as vectors_run
from sav_ui.pages.vectors.tuning_view import tuning
from sav_ui.pages.vectors.vector_view import vector
from sav_ui.session.focus import Loading, Notice
from sav_ui.session.opened_sav import OpenedSav, OpenedSavState
from sav_ui.session.project import Project
from sav_ui.session.session import Session
from sav_ui.session.work import Kind
from sav_ui.uploads.ready_tasks import task_named
from tests.support.clips import gif
from tests.support.people import context, pool_with, small_project, taught
from tests.support.problems import clusters
from tests.support.tiny_models import example_image

RECORDED_BY = [
    "sav_ui.pages.about.page",
    "sav_ui.pages.atlas.view",
    "sav_ui.pages.classify.live",
    "sav_ui.pages.classify.opened",
    "sav_ui.pages.classify.view",
    "sav_ui.pages.header.kept_work",
    "sav_ui.pages.header.masthead",
    "sav_ui.pages.header.project_menu",
    "sav_ui.pages.header.undo_bar",
    "sav_ui.pages.measure.uses",
    "sav_ui.pages.measure.view",
    "sav_ui.pages.shared.head_map",
    "sav_ui.pages.shared.ready_tiles",
    "sav_ui.pages.teach.preview",
    "sav_ui.pages.teach.view",
    "sav_ui.pages.vectors.analogy_view",
    "sav_ui.pages.vectors.effects_view",
    "sav_ui.pages.vectors.relation_view",
    "sav_ui.pages.vectors.tuning_view",
    "sav_ui.pages.vectors.vector_view",
]
"""Where templates are filled."""

_SHOWS = (
    masthead.show,
    masthead.word,
    project_menu.show,
    undo_bar.show,
    teach_view.start,
    teach_view.bench,
    teach_view.findings,
    lambda session: kept_work.show(session, {}),
    opened.show,
    classify_view.tray,
    live.show,
    preview.show,
    classify_view.answers,
    measure_view.setup,
    measure_view.report,
    uses.show,
    atlas_view.show,
    relations,
    effects,
    vector,
    tuning,
    analogy,
)


def look(session):
    """Show every panel."""
    for show in _SHOWS:
        show(session)


def story(backbone, embedded):
    """Somebody comes, teaches, classifies, measures and takes up a relation; every panel is shown at every step.

    Args:
        backbone: a tiny model, which learns no relation.
        embedded: the demo model, which does.
    """
    models = pool_with(backbone)
    look(Session())
    _loads_a_model()
    _opens_a_classifier()
    _begins()
    _plays_clips(models)
    session = taught(models, small_project(each=4))
    _looks_into_heads(session, models)
    _is_warned(session, models)
    _classifies(session, models)
    _measures(session, models)
    look(taught(models, small_project(each=1)))
    _lays_out_tasks(models)
    _takes_up_a_relation(pool_with(embedded))


def _loads_a_model():
    session = Session()
    session.loading = Loading("HuggingFaceTB/SmolVLM-256M-Instruct")
    look(session)


def _opens_a_classifier():
    """A file of one's own, which holds no examples; its pictures are to be seen, were seen, or were refused."""
    session = Session()
    state = session.state(OpenedSavState)
    heads = HeadClassifier(n_kept=2).fit(clusters())
    state.open(OpenedSav("pets.sav", "", "Which?", heads))
    look(session)
    state.add([as_picture(example_image(500 + seed), f"{seed}.png") for seed in range(3)])
    look(session)
    first, second, _ = state.asked
    state.answer(first, heads.predict(clusters(per_label=1))[0])
    state.answer(second, None, "It cannot be read.")
    look(session)


def _begins():
    """Labels, one of them empty; then heads wait for the model, and are being found."""
    session = Session()
    session.project = small_project(each=1).with_label("empty")
    session.one_detail[""] = "It has no more sizes."
    look(session)
    costs = ReadingCosts(("full", "fast"), (((32, 24),),), np.array([[20, 4]]), np.array([[2.0, 0.2]]))
    session.state(TeachState).costs, session.one_detail[""] = ("", costs), ""
    look(session)
    session.project = small_project()
    session.due = True
    look(session)
    session.say("It went wrong.", where="bench")
    with session.work.doing(Kind.FIND_HEADS) as task:
        task.progress = Progress(3, 9, 1.0)
        look(session)


def _looks_into_heads(session, models):
    best, worst = session.fit.ranking[0], session.fit.ranking[-1]
    session.look_at(head=best)
    look(session)
    for _ in teach_run(context(session, models), {}):
        look(session)
    teach.act(context(session, models), {"do": "versus", "value": str(worst)})
    for row in range(3):
        session.look_at(head=worst, versus=best, cell=(row, 1))
        look(session)
    session.look_at(head=best, mapped="kept", cell=None)
    look(session)
    session.look_at(mapped="head", projection="distances", switching=True)
    for head in session.fit.kept[:2]:
        teach.act(context(session, models), {"do": "switch", "layer": head.layer, "index": head.index})
        look(session)
    session.look_at(switching=False, projection="pca")
    look(session)
    teach.act(context(session, models), {"do": "all_on"})
    session.look_at(head=None, versus=None)


def _is_warned(session, models):
    item, other = session.project.items[0], session.project.labels[1]
    session.edit(lambda project: project.with_examples(other.id, [project.example(item)]))
    session.edit(lambda project: project.with_text(project.items[1].id, "Is it this one?"))
    session.say("Removed.", "done", where="bench", undo=True)
    session.look_at(enlarged=session.project.items[1].id)
    look(session)
    session.look_at(enlarged="")
    session.say("It is done.", "done", where="bench")
    look(session)
    while session.project.items != taught_items(session):
        session.undo()
        look(session)
    session.due = False


def taught_items(session):
    """The examples that the fit was made of."""
    return session.fit.items


def _classifies(session, models):
    state = session.state(ClassifyState)
    labels = session.project.labels
    pictures = [as_picture(example_image(100 + seed), f"{seed}.png") for seed in range(4)]
    here = session.project.items[0]
    state.add([Query("", (pictures[0],), truth=labels[0].id), Query("", (pictures[1],), truth=labels[1].id)])
    state.add([Query("", (pictures[2], pictures[3]), truth=NONE), Query("", here.pictures)])
    look(session)
    with session.work.doing(Kind.CLASSIFY) as task:
        task.progress = Progress(1, 4, 1.0)
        look(session)
    session.work.pause(Kind.CLASSIFY)
    look(session)
    session.work.resume(Kind.CLASSIFY)
    for _ in classify_run(context(session, models, "classify"), {}):
        look(session)
    for query in state.shown(session.project):
        state.chosen = query.id
        look(session)
        for _ in classify_run(context(session, models, "classify"), {"do": "insight"}):
            pass
        look(session)
    classify.act(context(session, models, "classify"), {"do": "vote_head", "x": 0, "y": 1})
    classify.act(context(session, models, "classify"), {"do": "grid"})
    classify.act(context(session, models, "classify"), {"do": "without", "value": True})
    look(session)
    for _ in classify_run(context(session, models, "classify"), {}):
        look(session)
    session.set(threshold=1.0)
    look(session)
    session.set(threshold=0.0)
    state.refuse(replace(state.query(state.chosen), id="refused"), session.project, "It cannot be read.")
    answer = state.answers(session.project, session.fit)[state.chosen]
    for frame in (WebcamFrame(1, pictures[:1], answers=(answer,)), WebcamFrame(2, refused="It is no JPEG.")):
        for where in ("classify", "bench"):
            session.state(WebcamState).put(where, frame)
        look(session)
    project_menu.act(context(session, models, "project"), {"do": "code"})
    look(session)
    classify.act(context(session, models, "classify"), {"do": "dismiss"})


def _measures(session, models):
    state = session.state(MeasureState)
    measure.act(context(session, models, "measure"), {"do": "each", "value": 1})
    look(session)
    for _ in measure_run(context(session, models, "measure"), {"do": "measure"}):
        look(session)
    for _ in uses.run(context(session, models, "measure"), {"do": "uses"}):
        look(session)
    session.look_at(head=session.fit.ranking[0])
    look(session)
    session.look_at(head=None)
    labels = len(session.fit.labels)
    for row in range(labels):
        for column in range(labels):
            state.cell = (row, column)
            look(session)
    session.set(n_kept=2)
    look(session)
    unknown = [Example(as_picture(example_image(300 + seed), f"u{seed}.png"), "", "stranger") for seed in range(2)]
    known = [
        Example(as_picture(example_image(400 + seed), f"k{seed}.png"), "", session.fit.labels[seed % labels])
        for seed in range(4)
    ]
    measure_state_add(state, [*unknown, *known], session)
    look(session)
    for _ in measure_run(context(session, models, "measure"), {"do": "measure"}):
        pass
    look(session)


def _plays_clips(models):
    """On a card, large, under the heads, as a query, and for a classifier that was brought."""
    clips = [read_clip(gif(seed % 2 == 0, seed=seed), CLIPS, f"{seed}.gif") for seed in range(4)]
    examples = [Example(each, "", name) for each, name in zip(clips, ("left", "right") * 2, strict=True)]
    session = taught(models, Project(n_kept=3).with_labelled(examples))
    session.look_at(head=session.fit.ranking[0], enlarged=session.project.items[0].id)
    for _ in teach_run(context(session, models), {}):
        look(session)
    session.state(ClassifyState).add([Query("", (clips[0],))])
    for _ in classify_run(context(session, models, "classify"), {"do": "insight"}):
        look(session)
    state = session.state(OpenedSavState)
    state.open(OpenedSav("pets.sav", "", "", session.fit.classifier))
    state.add(clips[:1])
    look(session)


def measure_state_add(state, examples, session):
    """Bring a test set of one's own."""
    state.add(examples, session.project.question)
    state.setup = replace(state.setup, source="own")


def _takes_up_a_relation(models):
    """Few prompts and few items of each part: what they come to is no matter here."""
    session = Session()

    def do(name, **data):
        vectors_act(context(session, models, "effects"), {"do": name, **data})
        look(session)

    def go(name="", **data):
        for _ in vectors_run(context(session, models, "effects"), {"do": name, **data}):
            look(session)
        look(session)

    do("relation", relation="above")
    do("prompts", value="2")
    do("mixed", mixed="yes")
    with mock.patch.multiple("sav_ui.pages.vectors.study_runs", _VALIDATION=2, TEST=2, _TRAIN=4):
        go("find_effects")
        do("effect_head", layer=0, index=0)
        go("build")
        go("judge_board")
        go("tune", steps="10", control=False)


def _lays_out_tasks(models):
    """The atlas for a model that none came for: empty, of one's own task and file, and with two ready tasks."""
    session = Session()

    def do(name, **data):
        atlas.act(context(session, models, "atlas"), {"do": name, **data})
        atlas_view.show(session)

    def go(name=""):
        for _ in atlas_run(context(session, models, "atlas"), {"do": name}):
            atlas_view.show(session)

    tasks = (task_named("true-or-false"), task_named("is-there-a-key"))
    with mock.patch("sav_ui.pages.atlas.run.ready_tasks", return_value=tasks):
        do("refresh")
        with session.work.doing(Kind.READ_TASKS):
            atlas_view.show(session)
        session = taught(models, small_project(each=2))
        do("refresh")
        do("head", x=0, y=0)
        do("close_head")
        with session.work.doing(Kind.READ_TASKS):
            atlas_view.show(session)
        session.state(OpenedSavState).open(OpenedSav("pets.sav", "", None, session.fit.classifier))
        do("refresh")
        do("head", task=FILE, layer=0, index=0)
        go("read_ready")
        do("refresh")
        do("order", by="clusters")
        last, best = session.fit.ranking[-1], session.fit.ranking[0]
        for head in (best, last):
            do("head", task=OWN, layer=head.layer, index=head.index)
        go("try_heads")
        do("shared", x=0, y=1)
        do("travel", x=0, y=1)
        do("travel", x=0, y=0)
        session.state(AtlasState).fits.clear()
        do("head", task="true-or-false", layer=0, index=0)
        go()


def _inspector(said):
    return said["teach/findings.html"][-1]["inspector"]


_OPTIONS = [{"id": "l1", "name": "lion"}]
_RIGHT = {"taught": None, "known": True, "right": True, "truth": "owl", "truth_id": "l2", "options": _OPTIONS}
_WRONG = {**_RIGHT, "right": False, "as_buttons": True}
_INSIGHT = {"bars": [], "label": "", "same": False, "words": "", "views": [], "refused": "It cannot be seen."}
_WITHOUT = {
    "on": True,
    "heads": 1,
    "known": True,
    "label": "lion",
    "words": "",
    "bars": [],
    "refused": "It cannot be read.",
}
_ASKED = {"find": "find_points", "scenes": 48, "refused": "", "progress": None}
_UNKNOWN = {"words": "", "points": False}
_VIEW = {"picture": "", "frames": [], "alt": "", "caption": ""}
_WHERE = {"on": True, "views": [_VIEW], "heads": "L0.H0", "sure": "It is seldom right.", "asked": None}
_SEEN = {**_INSIGHT, "label": "owl", "views": [_VIEW]}
_CELL = {"row": 0, "head": "L0.H0", "label": "owl", "agrees": True, "picture": ""}
_MODELS = [("clip:org/clip", "CLIP", "org/clip")]
_REFUSED = [{"name": "in context", "why": "there are too many examples."}]
_OUTCOMES = [{"name": "injected", "percent": 50, "low": 10, "high": 90, "n": 2, "own": True}]
_CHOICES = [{"value": value, "words": value, "chosen": value == "2"} for value in ("2", "4")]
_CLIPS = {"frames": _CHOICES, "ways": _CHOICES}
_REASONS = (("a.txt", "is no picture."), ("b.txt", "is no picture."), ("c.png", "is empty."))
_TASK = {"title": "Owls", "what": "24 pictures"}
_OWN = {"count": 3, "known": 1, "unknown": 2, "unknown_names": ["cow"]}
_TWICE = {"kind": "twice", "key": "twice-1", "about": None, "text": "They are the same.", "fixes": [], "picture": ""}
_JUDGING_A_SUM = {"busy": "analogy", "doing": "judge_board", "latest": "judge_board"}
_JUDGED = {
    "turn": 1,
    "use": "built",
    "conditions": _OUTCOMES,
    "right": 1,
    "n": 2,
    "without": 0,
    "at": "after layer 2 at scale 1",
    "stale": "These figures are of the vector as it was built before.",
    "random_heads": False,
}
_LEFT_OUT = Notice(
    "Undone.", "part", "bench", redo=True, left_out=tuple(Skipped(name, reason) for name, reason in _REASONS)
)
_ROW = {"layers": 1, "right": 3, "share": "0.500000", "percent": "50 %", "low": 19, "high": 81, "time": "35 %"}
_CURVE = {"height": 244, "timed": True, "enough": 2, "time": "70 %", "n": 6, "rows": [{**_ROW, "time_share": "0.350000"}]}
_DEPTH = {"open": True, "layers": 3, "depth": 2, "judging": False, "refused": "", "curve": _CURVE}
_PROGRESS = {"percent": 10, "words": "1 of 10 steps"}
_LABELS = [f"label {number}" for number in range(6)]

_ALONE = [{"title": "Owls", "heads": ["L0.H1"]}]
_SAID = dict.fromkeys(("counts", "overlaps", "sharing", "clusters", "transfer"), "This is so.")
_CLUSTERS = [(1, 2, "0.50", "Owls 0.70", "L0.H1, L0.H2")]

VARIATIONS = [
    ("about/page.html", {"card": None}),
    ("atlas/atlas.html", {"cell.words": "", "columns": 900, "alone": _ALONE, "clusters": [], "busy": True, "said": _SAID}),
    ("atlas/atlas.html", {"cell.words": "", "cell.kept": False, "inspector": None}),
    ("atlas/atlas.html", {"heads.0.cells": [None], "cell": None, "transfer": [], "clusters": _CLUSTERS}),
    ("atlas/empty.html", {"progress": None, "busy": True}),
    ("classify/answers.html", {"rows.0.refused": "It cannot be read.", "rows.1.unlike": True, "more": 3, "detail": None}),
    ("classify/answers.html", {"rows.1.unlike": True, "count": 3, "tally": {"right": 1, "refused": 1, "n": 3}}),
    ("classify/answers.html", {"detail.refused": "It cannot be read.", "detail.answer": None}),
    ("classify/answers.html", {"detail.answer.none": True, "detail.asks": True, "detail.verdict": _WRONG}),
    (
        "classify/answers.html",
        {"detail.answer.none": False, "detail.answer.unlike": False, "detail.verdict": {**_RIGHT, "as_buttons": True}},
    ),
    ("classify/answers.html", {"detail.answer.drawn": 1, "detail.verdict": {**_RIGHT, "as_buttons": False}}),
    ("classify/answers.html", {"detail.has_grid": True, "detail.grid": [_CELL], "detail.answer.heads": 90}),
    ("classify/answers.html", {"detail.one_vote": False, "detail.verdict": {**_RIGHT, "known": False, "as_buttons": True}}),
    ("classify/answers.html", {"detail.insight": _INSIGHT, "detail.asking": False}),
    ("classify/answers.html", {"detail.insight": {**_INSIGHT, "label": "owl"}, "detail.without": _WITHOUT}),
    (
        "classify/answers.html",
        {"detail.insight": {**_INSIGHT, "label": "owl"}, "detail.without": {**_WITHOUT, "words": "a lion", "refused": ""}},
    ),
    ("classify/answers.html", {"detail.insight": {**_INSIGHT, "label": "owl", "words": "an owl"}}),
    ("classify/answers.html", {"detail.insight": _SEEN, "detail.where": _WHERE}),
    ("classify/answers.html", {"detail.insight": _SEEN, "detail.where": {**_WHERE, "sure": "", "asked": _ASKED}}),
    ("classify/answers.html", {"detail.insight": _SEEN, "detail.where": {**_WHERE, "sure": ""}}),
    ("classify/answers.html", {"detail.insight": None, "detail.asking": False, "off": ["L1.H2"]}),
    ("classify/answers.html", {"detail.head.views": [], "detail.head.why_not": "It cannot be seen."}),
    ("classify/answers.html", {"detail.head.views": [], "detail.head.why_not": "", "detail.asking": True}),
    ("classify/answers.html", {"detail.head.views": [], "detail.head.why_not": "", "detail.asking": False}),
    ("classify/answers.html", {"strictness.moved": True, "strictness.learned": 40}),
    ("classify/answers.html", {"strictness.moved": False, "strictness.learned": 40}),
    ("classify/tray.html", {"labels": _LABELS, "groups": True}),
    ("classify/tray.html", {"tiles": [{"place": 0, "pictures": [""], "text": "Which?", "here": True}]}),
    ("header/undo.html", {"undo": "", "redo": "removed a picture."}),
    ("header/undo.html", {"undo": "removed a picture.", "redo": ""}),
    ("header/word.html", {"loading.hub": ""}),
    ("measure/report.html", {"overlap": 1, "refused": _REFUSED, "rules_refused": _REFUSED, "rows.0.n": 0}),
    ("measure/report.html", {"pictures.shown.0.picture": "", "pictures.more": 2}),
    ("measure/report.html", {"drawn": set(), "trust": None, "untrusted": "The examples cannot judge it."}),
    ("measure/report.html", {"trust.threshold": "0.62"}),
    ("measure/report.html", {"worst": [{"label": "a", "other": "b", "count": 2, "n": 4, "row": 0, "column": 1}]}),
    ("measure/report.html", {"worst": [], "rows": []}),
    ("measure/report.html", {"trust.threshold": None}),
    ("measure/setup.html", {"task": _TASK, "busy": True, "asks": True, "progress": _PROGRESS}),
    ("measure/setup.html", {"taught": 1, "source": "own", "busy": False}),
    (
        "measure/setup.html",
        {"said": "LoRA trains.", "rivals.lora": True, "rivals.time": "A minute.", "rivals.models": _MODELS},
    ),
    ("measure/setup.html", {"busy": True, "progress": _PROGRESS, "rivals.models": _MODELS, "rivals.timing": True}),
    ("measure/setup.html", {"rivals.installed": False, "rivals.any": False}),
    ("measure/report.html", {"costs": ("examples", "seconds"), "baselines.0.costs": ("4", "")}),
    ("measure/uses.html", {"heads": 1, "progress": None, "busy": True}),
    ("measure/setup.html", {"taught": 2, "source": "own", "busy": True, "progress": _PROGRESS}),
    ("measure/setup.html", {"own": _OWN, "busy": True, "progress": _PROGRESS}),
    (
        "teach/bench.html",
        {"warnings": [_TWICE], "more_warnings": 2},
    ),
    ("teach/bench.html", {"notice": _LEFT_OUT, "clips": _CLIPS}),
    ("teach/bench.html", {"progress": None, "fitted": True, "due": False, "bare": ["“owl”"]}),
    ("teach/bench.html", {"progress": None, "fitted": True, "due": False, "bare": ["“owl”", "“cow”"]}),
    ("teach/bench.html", {"enlarged.text": "", "enlarged.before": "", "enlarged.after": ""}),
    ("teach/bench.html", {"enlarged.text": "Which?", "enlarged.before": "e1", "enlarged.after": "e2"}),
    ("teach/card.html", {"card.items.0.doubt": "lion", "card.items.1.pictures": []}),
    ("teach/card.html", {"card.more": 3, "card.expanded": True}),
    (
        "teach/findings.html",
        {"accuracy": 94, "alone": False, "right": 34, "n": 36, "low": 80, "high": 99, "how": "in 5 groups"},
    ),
    ("teach/findings.html", {"accuracy": None, "can_leave_out": True, "kept": 12, "dial": 5}),
    ("teach/findings.html", {"per_label": True, "off": None}),
    ("teach/findings.html", {"by_depth": _DEPTH}),
    ("teach/findings.html", {"by_depth": {**_DEPTH, "depth": 3, "curve": {**_CURVE, "enough": 3, "timed": False}}}),
    ("teach/findings.html", {"by_depth": {**_DEPTH, "curve": {**_CURVE, "timed": False}}}),
    ("teach/findings.html", {"by_depth": {**_DEPTH, "curve": None}}),
    ("teach/findings.html", {"by_depth": None}),
    ("teach/findings.html", {"elsewhere": {"waiting": 24}, "inspector.count": 900, "caveat": "photographs"}),
    ("teach/findings.html", {"inspector.heads.0.points": {"words": "It points.", "points": True}}),
    ("teach/findings.html", {"inspector.heads.0.points": {"words": "It does not point.", "points": False}}),
    (
        "teach/findings.html",
        {"inspector.heads.0.points": _UNKNOWN, "inspector.pointing": {**_ASKED, "progress": _PROGRESS}},
    ),
    (
        "teach/findings.html",
        {"inspector.heads.0.points": _UNKNOWN, "inspector.pointing": {**_ASKED, "refused": "It cannot be seen."}},
    ),
    ("teach/findings.html", {"inspector.heads.0.wrong": [], "inspector.heads.0.attention.why_not": "There is no picture."}),
    (
        "vectors/analogy.html",
        {"progress": _PROGRESS, "busy": "analogy", "doing": "bases", "missing": ["above"], "refused": "They do not fit."},
    ),
    ("vectors/analogy.html", {"board.answer": None, "board.why_not": "It was refused.", "latest": "board_start"}),
    ("vectors/analogy.html", {"board.answer.right": False, "board.own": True, "latest": "board_start"}),
    ("vectors/analogy.html", {"board.own": False, "board.even": True, "judged.stale": "They are of other weights."}),
    ("vectors/analogy.html", {"board.own": False, "board.even": False, "progress": _PROGRESS, **_JUDGING_A_SUM}),
    ("vectors/effects.html", {"refused": "It knows none.", "complete": False, "busy": ""}),
    (
        "vectors/effects.html",
        {"overlap": {"both": 1, "leading": 10, "voting": 20, "chance": "3.1"}, "head.why_not": "There is no picture."},
    ),
    (
        "vectors/effects.html",
        {"head.name": "L0.H0", "inspector": lambda said: said["teach/findings.html"][-1]["inspector"]},
    ),
    ("vectors/task.html", {"drawn": False, "refused": "The model cannot read it.", "left_out": 2}),
    ("vectors/vector.html", {"latest": "query", "judged": [_JUDGED], "built.use": "tuned"}),
    ("vectors/tuning.html", {"ended": True, "moved": True, "stale": "It began with another vector."}),
    (
        "vectors/vector.html",
        {"asked.bars": [], "asked.why_not": "It was refused.", "built.share": "", "built.between": True},
    ),
    ("vectors/vector.html", {"built.use": "tuned", "built.uses": ["built", "tuned"], "built.share": "", "busy": "tuning"}),
    ("vectors/vector.html", {"judged": [_JUDGED], "built.use": "built", "latest": "judge", "built.between": False}),
    ("vectors/vector.html", {"progress": _PROGRESS, "busy": "vector", "doing": "judge", "latest": "judge"}),
]
"""``(template, {path: value})``: as a view filled it last, but for these; a function gets what all views have said."""
