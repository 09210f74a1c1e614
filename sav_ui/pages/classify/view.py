"""What the Classify page shows of a session: plain values for the templates, and the heads' heatmap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sav_core.data.examples import Example
from sav_core.data.pictures.picture import Picture
from sav_core.figures.heads import similarity_heatmap
from sav_core.retrieval.nearest import nearest
from sav_core.types import Head, HeadVectors
from sav_ui.limits import limits
from sav_ui.pages.classify.run import waits_for_answer_without, waits_for_answers, waits_for_model_answer
from sav_ui.pages.classify.state import FRAME, MAX_QUERIES, NONE, PANEL, WHERE, ClassifyState, ModelAnswer, Query
from sav_ui.pages.classify.strictness import reasons, strictness
from sav_ui.pages.classify.where import where_shown
from sav_ui.pages.classify.without import WithoutState, known_without
from sav_ui.pages.shared.answer_bars import bars, squares
from sav_ui.pages.shared.answers import Answer, percent
from sav_ui.pages.shared.head_map import Mapped, mapped
from sav_ui.pages.shared.ready_tiles import nothing_taught
from sav_ui.pages.shared.used import used
from sav_ui.panels.films import brought, film, looked_at
from sav_ui.panels.panel import Content, content, fill
from sav_ui.panels.thumbnails import thumb
from sav_ui.panels.wording import counted, in_line, progress_bar
from sav_ui.serving.menu import choice_of
from sav_ui.session.fit import Fit
from sav_ui.session.head_attention import HeadAttention
from sav_ui.session.project import Project
from sav_ui.session.session import Session
from sav_ui.session.work import Kind
from sav_ui.uploads.ready_tasks import queries_of

__all__ = ["answers", "tray"]

_NEAR = 6
_ALONE = 2  # of the deciding heads, beside their mean
_ROWS = 120  # of the table; more come in the files
_DRAWN = 40  # heads of the heatmap
_BUTTONS = 6  # labels offered as buttons to correct a guess; more are offered as a menu


def tray(session: Session) -> Content:
    """Where pictures come in: dropped, pasted, from the webcam, or of the ready task; or what to do before that."""
    project, fit = session.project, session.current_fit
    if fit is None:
        return nothing_taught(session, "classify/empty.html", WHERE)
    queries = queries_of(project.title, project.clips)
    state = session.state(ClassifyState)
    here = {query.content for query in state.shown(project)}
    html = fill(
        "classify/tray.html",
        labels=list(fit.labels),
        groups=any(len(item.pictures) > 1 for item in project.items),
        notice=session.notice_at(WHERE),
        used=used(session, (len(state.queries), MAX_QUERIES, "pictures to classify")),
        clip_limits=limits().clips_in_words,
        looked_at="" if project.clips_taught is None else looked_at(project.clips),
        clips_to_try=any(query.clips for query in queries),
        tiles=[_query_tile(number, queries[number], project, here) for number in _in_turn(queries)],
    )
    return content(html)


def answers(session: Session) -> Content:
    """The table of all pictures, and the one that is looked at in full."""
    fit = session.current_fit
    if fit is None:
        return content("")
    state, project = session.state(ClassifyState), session.project
    found, shown, current = state.answers(project, fit), state.shown(project), state.current(project)
    answer = None if current is None else found.get(current.id)
    height, figures = (0, {}) if answer is None else _figures(session, answer, fit)
    where = None if current is None or answer is None else _map(session, current, answer, fit)
    figures |= {} if where is None else {where.values["figure"]: where.figure}
    html = fill(
        "classify/answers.html",
        rows=[_row(query, found.get(query.id), query is current, state, project, fit) for query in shown[:_ROWS]],
        more=max(0, len(shown) - _ROWS),
        count=len(shown),
        what=brought(query.pictures for query in shown),
        tally=_tally(shown, found, state, project, fit),
        strictness=strictness(fit, project.threshold),
        off=[str(head) for head in fit.off],
        progress=_progress(session),
        stopped=len(state.missing(project)) if session.work.paused(Kind.CLASSIFY) else 0,
        detail=None if current is None else _detail(session, current, answer, fit),
        map_height=height,
        where=None if where is None else where.values,
        by=session.focus.projection,
    )
    waits = waits_for_answers(session) or waits_for_model_answer(session) or waits_for_answer_without(session)
    pieces, saved = () if where is None else where.pieces, session.download_at(PANEL)
    return content(html, figures, next_run=waits and not session.work.busy, saved=saved, pieces=pieces)


def _detail(session: Session, query: Query, answer: Answer | None, fit: Fit) -> dict[str, Any]:
    project = session.project
    shown = [each.id for each in session.state(ClassifyState).shown(project)]
    place, moving = shown.index(query.id), film(query.pictures, FRAME)
    detail: dict[str, Any] = {
        "id": query.id,
        "place": place + 1,
        "count": len(shown),
        "before": shown[place - 1] if place else "",
        "after": shown[place + 1] if place + 1 < len(shown) else "",
        "name": query.name,
        "pictures": [] if moving else [thumb(picture, 480) for picture in query.pictures[:4]],
        "film": moving,
        "text": query.text,
        "asks": bool(query.text) or any(item.text for item in project.items),
        "question": project.question,
        "refused": session.state(ClassifyState).refusal(query, project),
        "line": "" if session.work.place is None else in_line(session.work.place),
        "answer": None,
    }
    if answer is None:
        return detail
    state = session.state(ClassifyState)
    learned = state.model_answers.get(state.about(query, project, fit))
    votes = answer.prediction.votes
    agree = sum(vote.label == answer.prediction.label for vote in votes)
    return detail | {
        "answer": {
            "label": answer.prediction.label,
            "none": answer.none,
            "unlike": answer.unlike,
            "percent": percent(answer.acceptance),
            "agree": agree,
            "heads": len(votes),
            "reasons": reasons(answer),
            "bars": bars(answer.prediction.shares, answer.prediction.label),
            "squares": squares(answer),
            "drawn": min(_DRAWN, len(votes)),
        },
        "verdict": _verdict(query, answer, state.taught(query, project), project, fit),
        "voting": fit.rule.voting,
        "one_vote": answer.prediction.opinions is None,  # a head has no opinion but its vote
        "near": _near(query, project, state, fit, fit.kept),
        "labels": len(fit.labels),
        "head": _vote_head(query, answer, project, state, fit),
        "model": choice_of(project.model).title,
        "insight": None if learned is None else _model_answer(learned, answer),
        "without": _without(session, query, fit),
        "where": where_shown(session, learned, fit),
        "has_grid": learned is not None and learned.looks is not None,
        "grid": _grid(learned.looks, answer) if learned is not None and state.grid else [],
        "asking": session.work.at(Kind.CLASSIFY, Kind.ASK_MODEL) is not None or waits_for_model_answer(session),
    }


def _verdict(query: Query, answer: Answer, taught: str | None, project: Project, fit: Fit) -> dict[str, Any]:
    """Whether the guess is right, as far as anybody has said, and what to say otherwise."""
    given = _given(answer, fit)
    names = {label.id: label.name for label in project.labels}
    options = [{"id": id_, "name": name} for id_, name in names.items() if id_ != given]
    return {
        "taught": names.get(taught or ""),
        "known": _knows(query, project),
        "right": query.truth == given,
        "truth": names.get(query.truth),
        "truth_id": query.truth,
        "options": options,
        "as_buttons": len(options) <= _BUTTONS,
    }


def _given(answer: Answer, fit: Fit) -> str:
    return NONE if answer.none else fit.label_ids[answer.code]


def _knows(query: Query, project: Project) -> bool:
    """Whether anybody has said what a query shows, in labels that are here."""
    return query.truth == NONE or any(label.id == query.truth for label in project.labels)


def _vote_head(query: Query, answer: Answer, project: Project, state: ClassifyState, fit: Fit) -> dict[str, Any] | None:
    """The head of the vote that is looked into: how it votes here, what it looks at, and what it finds alike."""
    votes = answer.prediction.votes
    row = next((row for row, vote in enumerate(votes[:_DRAWN]) if vote.head == state.head), None)
    if row is None:
        return None
    vote, learned = votes[row], state.model_answers.get(state.about(query, project, fit))
    with_it = "as the answer is" if vote.label == answer.prediction.label else f"not for “{answer.prediction.label}”"
    looks = None if learned is None else learned.looks
    return {
        "name": str(vote.head),
        "row": row,
        "column": fit.labels.index(vote.label),
        "label": vote.label,
        "words": f"It is number {row + 1} of the {counted(len(votes), 'head')} that vote. "
        f"Here it is for “{vote.label}”, {with_it}.",
        "views": [] if looks is None else looks.of_head(vote.head),
        "why_not": "" if learned is None else learned.refused,
        "near": _near(query, project, state, fit, [vote.head]),
    }


def _map(session: Session, query: Query, answer: Answer, fit: Fit) -> Mapped | None:
    """Where the head of the vote that is looked into puts the query among the examples."""
    state = session.state(ClassifyState)
    head = _looked_into(answer, state)
    if head is None:
        return None
    me = [each for each in state.classified(session.project) if each.id == query.id]
    return mapped(session, fit, [head], "vote-map", by=session.focus.projection, queries=me)


def _looked_into(answer: Answer, state: ClassifyState) -> Head | None:
    return next((vote.head for vote in answer.prediction.votes[:_DRAWN] if vote.head == state.head), None)


def _grid(looks: HeadAttention | None, answer: Answer) -> list[dict[str, Any]]:
    """What each head that votes looks at, best first, with its vote."""
    if looks is None:
        return []
    return [
        {
            "row": row,
            "head": str(vote.head),
            "label": vote.label,
            "agrees": vote.label == answer.prediction.label,
            "picture": looks.in_small(vote.head),
        }
        for row, vote in enumerate(answer.prediction.votes[:_DRAWN])
    ]


def _near(query: Query, project: Project, state: ClassifyState, fit: Fit, heads: Sequence[Head]) -> list[dict[str, Any]]:
    """The examples that some heads together find most like the query."""
    vector = state.vector(query, project)
    if vector is None:
        return []
    me = HeadVectors(vector[None], (None,), (query.name,), (0,), 1, fit.vectors.model)
    found = nearest(fit.vectors, me, heads, k=_NEAR)
    return [
        {
            "id": fit.items[row].id,
            "name": fit.items[row].name,
            "picture": thumb(fit.items[row].pictures[0]) if fit.items[row].pictures else "",
            "label": fit.labels[fit.codes[row]],
            "similarity": float(similarity),
        }
        for row, similarity in zip(found.positions[0], found.similarity[0], strict=True)
    ]


def _model_answer(learned: ModelAnswer, answer: Answer) -> dict[str, Any]:
    likeliest = max(learned.likelihoods, key=learned.likelihoods.__getitem__, default="")
    return {
        "bars": bars(learned.likelihoods, likeliest),
        "label": likeliest,
        "same": likeliest == answer.prediction.label,
        "words": learned.words,
        "views": [] if learned.looks is None else _views(learned.looks, answer.deciding),
        "refused": learned.refused,
    }


def _without(session: Session, query: Query, fit: Fit) -> dict[str, Any]:
    """The switch that knocks the heads that vote out, and what the model then says by itself."""
    on, said = session.state(WithoutState).on, known_without(session, query, fit)
    likelihoods = {} if said is None else said.likelihoods
    likeliest = max(likelihoods, key=likelihoods.__getitem__, default="")
    return {
        "on": on,
        "heads": len(fit.kept),
        "known": said is not None,
        "label": likeliest,
        "words": "" if said is None else said.words,
        "bars": bars(likelihoods, likeliest),
        "refused": "" if said is None else said.refused,
    }


def _views(looks: HeadAttention, heads: Sequence[Head]) -> list[dict[str, Any]]:
    """What the deciding heads look at: their mean, then the best of them alone."""
    if len(heads) == 1:
        return looks.of_head(heads[0])
    caption = f"the {len(heads)} heads that decided, on average"
    together = [{**view, "caption": caption} for view in looks.of_mean(heads)]
    return [*together, *(view for head in heads[:_ALONE] for view in looks.of_head(head))]


def _row(
    query: Query, answer: Answer | None, current: bool, state: ClassifyState, project: Project, fit: Fit
) -> dict[str, Any]:
    verdict = None if answer is None else _verdict(query, answer, state.taught(query, project), project, fit)
    return {
        "id": query.id,
        "name": query.name,
        "pictures": _faces(query.pictures),
        "current": current,
        "refused": state.refusal(query, project),
        "label": "" if answer is None else "none of these" if answer.none else answer.prediction.label,
        "percent": None if answer is None else percent(answer.acceptance),
        "unlike": answer is not None and answer.unlike,
        "verdict": verdict,
    }


def _faces(images: Sequence[Picture]) -> list[str]:
    """What a query is known by in the table: its pictures, or of a clip four of its frames."""
    moving = film(images, most=4)
    return [each["picture"] for each in moving["frames"]] if moving else [thumb(image, 88) for image in images[:4]]


def _tally(
    shown: tuple[Query, ...], found: dict[str, Answer], state: ClassifyState, project: Project, fit: Fit
) -> dict[str, int] | None:
    """How many guesses are right of those whose truth is known; none counts twice, nor what was taught since."""
    judged = {
        query.content: (query.truth, _given(found[query.id], fit))
        for query in shown
        if query.id in found and _knows(query, project) and state.taught(query, project) is None
    }
    right = sum(truth == given for truth, given in judged.values())
    refused = sum(given == NONE != truth for truth, given in judged.values())
    return {"right": right, "refused": refused, "n": len(judged)} if judged else None


def _progress(session: Session) -> dict[str, Any] | None:
    progress = session.work.progress(Kind.CLASSIFY)
    return None if progress is None else progress_bar(progress, "pictures", place=session.work.place)


def _figures(session: Session, answer: Answer, fit: Fit) -> tuple[int, dict[str, str]]:
    """The heatmap of the vote and its height in pixels."""
    chosen = session.state(ClassifyState).head

    def draw() -> tuple[int, str]:
        heads = [vote.head for vote in answer.prediction.votes][:_DRAWN]
        figure = similarity_heatmap(answer.prediction.similarities[:_DRAWN], heads, fit.labels, chosen)
        return int(figure.layout.height), str(figure.to_json())

    height, votes = session.memo("votes", (answer.prediction, chosen), draw)
    return height, {"votes": votes}


def _in_turn(queries: Sequence[Example]) -> list[int]:
    """Where the queries stand, one of each label in turn: the first few already show what the labels are."""
    seen: Counter[str] = Counter()
    turns = []
    for number, query in enumerate(queries):
        turns.append((seen[str(query.label)], number))
        seen[str(query.label)] += 1
    return [number for _, number in sorted(turns)]


def _query_tile(number: int, example: Example, project: Project, here: set[tuple[str, ...]]) -> dict[str, Any]:
    text = "" if example.question.strip() == project.question.strip() else example.question
    return {
        "place": number,
        "pictures": _faces(example.images),
        "text": text,
        "here": (*(picture.digest for picture in example.images), text) in here,
    }
