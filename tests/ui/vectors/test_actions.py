"""The page Function vectors: what a visitor does there, on a tiny real model that is made to answer right."""

import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sav_core.types import Head
from sav_core.vectors import (
    SCALES,
    FunctionVector,
    Outcome,
    PromptReader,
    RelationItem,
    RelationPrompt,
    WordShares,
    mean_head_vectors,
    mediate,
    next_words,
    scale_sweep,
)
from sav_ui.pages.vectors import setup as vector_setup
from sav_ui.pages.vectors import tasks as vector_tasks
from sav_ui.pages.vectors.actions import ACTIONS
from sav_ui.pages.vectors.analogies import JudgedSum, base_vectors, missing_bases
from sav_ui.pages.vectors.analogy_view import _verdict, analogy
from sav_ui.pages.vectors.effects_view import effects
from sav_ui.pages.vectors.parts import word_bars
from sav_ui.pages.vectors.relation_view import relations
from sav_ui.pages.vectors.run import run
from sav_ui.pages.vectors.state import VectorState
from sav_ui.pages.vectors.study import SLIDER_SCALES
from sav_ui.pages.vectors.tuning_view import tuning
from sav_ui.pages.vectors.vector_view import vector
from sav_ui.session.session import Session
from sav_ui.session.work import Kind
from tests.support.people import context, dropped, pool_with, sent, small_project, taught
from tests.support.pictures import encoded, noise
from tests.support.vector_page import begun, do, go, state_of, study_of


def test_before_a_relation_is_chosen_there_are_only_relations_to_choose(models):
    session = Session()
    assert 'data-relation="above left"' in relations(session)["html"]
    assert [vector(session)["html"], tuning(session)["html"], analogy(session)["html"]] == ["", "", ""]
    assert "Find heads" not in effects(session)["html"]
    assert not list(run(context(session, models), {"do": "find_effects"}))


def test_a_prompt_is_shown_clean_and_corrupted(models):
    session = begun(models)
    study = study_of(session)
    html = relations(session)["html"]
    for item, answer in zip(study.prompts.clean[0].demonstrations, study.prompts.clean[0].answers, strict=True):
        assert f"Q: {item.anchor}. A: <b>{answer}</b>." in html
    assert html.count('class="mixed"') == 0
    do(session, models, "mixed", mixed="yes")
    html = relations(session)["html"]
    assert html.count('class="mixed"') == 4
    assert f"<b>{study.prompts.corrupted[0].answers[0]}</b>" in html
    do(session, models, "next_prompt")
    assert "Prompt 2 of 3" in relations(session)["html"]


def test_what_the_page_finds_is_what_the_library_finds(found, models):
    study, reader = study_of(found), PromptReader(models.get(""))
    means = mean_head_vectors(reader, study.prompts.clean)
    np.testing.assert_allclose(study.means.values, means["above"].values, atol=1e-5)
    whole = mediate(reader, study.prompts.corrupted, means)
    np.testing.assert_allclose(study.effects.changes, whole.changes, atol=1e-4)
    assert study.complete
    shown = effects(found)
    figure = json.loads(shown["figures"]["effects"])
    assert figure["data"][0]["zmin"] == -figure["data"][0]["zmax"]
    assert f"right on {round(means['above'].accuracy * 3)} of 3" in relations(found)["html"]
    assert str(study.effects.ranking[0]) in shown["html"]


def test_cancelling_keeps_what_is_done_and_goes_on_there(models, monkeypatch):
    session = begun(models, prompts=4)
    mediated = []
    real = vector_tasks.find_effects

    def stopped_after_one(backbone, clean, corrupted, known, *, progress, cancel):
        def report(each):
            progress(each)
            mediated.append(each.done)
            if each.done == 1 and not known:
                do(session, models, "cancel")

        return real(backbone, clean, corrupted, known, progress=report, cancel=cancel)

    monkeypatch.setattr("sav_ui.pages.vectors.tasks.find_effects", stopped_after_one)
    go(session, models, "find_effects")
    study = study_of(session)
    assert len(study.effects.changes) == 1
    assert "Stopped after 1 of 4" in session.notice.text
    assert ">Go on<" in effects(session)["html"]
    first = study.effects.changes.copy()
    go(session, models, "find_effects")
    assert study.complete
    assert (study.effects.changes[0] == first[0]).all()
    assert mediated == [0, 1, 1, 2, 3, 4]
    assert session.notice is None


def test_what_would_change_the_work_waits_until_it_is_done(models):
    session = begun(models)
    with session.work.doing(Kind.EFFECTS):
        do(session, models, "relation", relation="left")
        do(session, models, "prompts", value="20")
    assert (session.state(VectorState).setup.relation, session.state(VectorState).setup.prompts) == ("above", 3)
    assert "at work" in session.notice.text
    do(session, models, "next_prompt")
    assert session.state(VectorState).prompt == 1


def test_what_waits_for_its_turn_shows_that_it_does_and_can_be_cancelled(models):
    session = begun(models)
    with session.work.doing(Kind.PROMPT), session.work.waiting(Kind.EFFECTS, "find_effects") as task:
        html = effects(session)["html"]
        assert "Starting …" in html
        assert 'data-act="cancel"' in html
        assert 'data-run="find_effects"' not in html
        do(session, models, "relation", relation="below")
        assert study_of(session).setup.relation == "above", "it would find the heads of another relation"
        do(session, models, "cancel")
        assert task.cancelled()
    assert "Starting …" not in effects(session)["html"]


def test_a_late_act_does_not_take_a_result_out_of_sight(found, models, few):
    steps = run(context(found, models), {"do": "build"})
    next(steps)
    do(found, models, "close_effect")
    list(steps)
    assert re.search(r'data-key="vector-result-\d+" data-reveal', vector(found)["html"])


def test_a_click_opens_the_head_with_effect_rank_interval_and_attention(found, models):
    best = study_of(found).effects.ranking[0]
    do(found, models, "effect_head", x=best.index, y=best.layer)
    shown = effects(found)
    assert shown["next"]
    assert f"Head {best} and “above”" in shown["html"]
    assert "Number 1 of 64" in shown["html"]
    assert "as far as so few prompts can say" in shown["html"]
    go(found, models)
    shown = effects(found)
    assert not shown["next"]
    assert shown["html"].count("Attention of ") == 5
    for _ in study_of(found).prompts.clean:
        do(found, models, "next_prompt")
    assert not effects(found)["next"], "the first prompt again, which is known"
    assert "Inside head" not in shown["html"], "nothing is taught"
    do(found, models, "effect_head", x=99, y=0)
    assert found.state(VectorState).head == best
    do(found, models, "close_effect")
    assert "effect-head" not in effects(found)["html"].replace("effect_head", "")


def test_the_heads_of_a_taught_task_are_ringed_counted_and_inspected(models):
    session = taught(models, small_project(n_kept=6))
    do(session, models, "relation", relation="above")
    do(session, models, "prompts", value="2")
    go(session, models, "find_effects")
    study, fit = study_of(session), session.fit
    both = len(set(study.effects.ranking[:10]) & set(fit.kept))
    shown = effects(session)
    words = f"{both} of the 10 leading heads are among its 6 voting ones; by chance {10 * 6 / 64:.1f} would be"
    assert words in shown["html"]
    rings = [s for s in json.loads(shown["figures"]["effects"])["layout"]["shapes"] if s["type"] == "circle"]
    middles = {Head(int(s["y0"] + 0.5), int(s["x0"] + 0.5)) for s in rings}
    assert middles == set(fit.kept)
    do(session, models, "effect_head", x=3, y=2)
    go(session, models)
    shown = effects(session)["html"]
    assert "Inside head L2.H3" in shown
    assert 'id="effect-inspector"' in shown
    assert session.focus.head == Head(2, 3)
    do(session, models, "overlap", value=False)
    shapes = json.loads(effects(session)["figures"]["effects"])["layout"]["shapes"]
    assert not [s for s in shapes if s["type"] == "circle"]


def test_the_vector_stands_where_the_map_is_best_and_moves_on_a_click(built, models):
    study = study_of(built)
    assert study.sites.accuracy.shape == (8, len(SCALES))
    assert study.sites.accuracy[study.sites.cell(study.site)] == study.sites.accuracy.max()
    assert study.vector.heads == study.effects.ranking[:10]
    do(built, models, "place", x=1, y=3)
    assert (study.in_use.layer, study.in_use.scale, study.site) == (3, SCALES[1], (3, SCALES[1]))
    assert vector(built)["next"], "another layer is asked by itself"
    do(built, models, "place", x=1, y=30)
    assert study.site == (3, SCALES[1])


def test_the_slider_shows_what_the_library_says_at_that_scale(built, models):
    state, study = built.state(VectorState), study_of(built)
    (words,) = study.words.values()
    assert words.scales == SLIDER_SCALES
    example = RelationPrompt(state.own("above").test[0]).example
    bare = next_words(models.get(""), example, top=3)
    strong = next_words(models.get(""), example, study.vector.at(study.site.layer, 2.0), top=3)
    table = dict(zip(words.words, words.shares.T, strict=True))
    for word, share in bare.items():
        assert table[word][0] == pytest.approx(share, abs=1e-4)
    for word, share in strong.items():
        assert table[word][SLIDER_SCALES.index(2.0)] == pytest.approx(share, abs=1e-4)
    calls = []
    built_run = models.run
    try:
        models.run = lambda *args, **more: calls.append(args) or built_run(*args, **more)
        do(built, models, "scale", value=0.0)
        none = vector(built)
        do(built, models, "scale", value=2.0)
        some = vector(built)
    finally:
        del models.run
    assert calls == [], "a slider never runs the model"
    assert not none["next"]
    assert f"<b>{round(100 * next(iter(strong.values())))} %</b>" in some["html"]
    pairs = re.findall(r"</span>(\d+) <span aria-hidden.*?<b>(\d+) %</b>", none["html"])
    assert len(pairs) >= 3
    assert all(before == now for before, now in pairs), "at scale 0 nothing is added"


def test_another_number_of_heads_makes_another_vector(built, models):
    study = study_of(built)
    before = study.vector.values
    do(built, models, "n_heads", value=2)
    assert not vector(built)["next"], "no model runs before it is built"
    go(built, models, "build")
    assert len(study.vector.heads) == 2
    assert np.abs(study.vector.values - before).max() > 0


def test_the_vector_comes_home_as_the_file_that_the_library_reads(built, models):
    do(built, models, "scale", value=1.5)
    do(built, models, "save")
    saved = vector(built)["saved"]
    assert saved["name"] == "above.fv"
    loaded = FunctionVector.load(Path(saved["url"].removeprefix("gradio_api/file=")), models.get(""))
    study = study_of(built)
    assert (loaded.layer, loaded.scale, loaded.relation) == (study.site.layer, 1.5, "above")
    np.testing.assert_array_equal(loaded.values, study.vector.values)


def test_the_scale_belongs_to_the_relation_and_the_download_says_it(built, models):
    at_best = study_of(built).in_use.scale
    do(built, models, "relation", relation="left")
    do(built, models, "scale", value=3)
    do(built, models, "relation", relation="above")
    study = study_of(built)
    assert study.site.scale == study.in_use.scale == at_best
    assert f"Download at scale {at_best:g} (.fv)" in vector(built)["html"]
    do(built, models, "scale", value=5)
    assert f"Download at scale {SLIDER_SCALES[-1]:g} (.fv)" in vector(built)["html"], "as far as the map goes"


def test_an_answer_of_several_tokens_is_right_by_its_first_word():
    item = RelationItem(None, "cup", "left", "wine glass", {"left": "wine glass", "above": "fork"})
    words = WordShares(("wine", "fork", "cup"), (0.0, 1.0), np.array([[0.1, 0.6, 0.2], [0.7, 0.2, 0.1]]), "wine")
    wine, fork, cup = word_bars(words, 1.0, item)
    assert (wine["right"], wine["role"], wine["first"]) == (True, "left", True)
    assert [(bar["right"], bar["role"]) for bar in (fork, cup)] == [(False, "above"), (False, "what was asked about")]
    assert not any(bar["right"] for bar in word_bars(replace(words, wanted="plate"), 1.0, item))


def test_the_wanted_word_is_the_first_token_of_the_answer(models):
    backbone, example = models.get(""), RelationPrompt(vector_setup.drawn_task().test[0]).example
    vector = FunctionVector(np.zeros(1, np.float32), "above", 0)
    words = scale_sweep(PromptReader(backbone), example, vector, [0.0], wanted="cat apple")
    assert words.wanted == "cat"
    assert scale_sweep(PromptReader(backbone), example, vector, [0.0]).wanted is None


def test_the_analogy_board_weighs_by_the_pair_until_the_visitor_does(models, few):
    session = begun(models, prompts=2)
    go(session, models, "find_effects")
    go(session, models, "build")
    state = session.state(VectorState)
    assert missing_bases(state.bases("")) == ["below", "left", "right"]
    assert "Make the missing vectors" in analogy(session)["html"]
    go(session, models, "bases")
    assert session.notice is None, session.notice
    assert missing_bases(state.bases("")) == []
    assert len({(each.layer, each.scale) for each in base_vectors(state.bases(""))}) == 1
    assert state.setup.relation == "above"
    assert sum(state.analogy("").weights.values()) == pytest.approx(len(state.task.bases))
    assert state.analogy("").words is not None
    by_pair = dict(state.analogy("").weights)
    do(session, models, "board_weight", relation="left", value="1.5")
    assert analogy(session)["next"]
    go(session, models)
    assert state.analogy("").weights == {**by_pair, "left": 1.5}
    assert "as you set it" in analogy(session)["html"]
    go(session, models, "judge_board")
    names = {"zero-shot", "in context, same pair", "composed", "equal weights", "best base vector"}
    assert set(state.analogy("").judged.outcomes) == names
    do(session, models, "board_auto")
    go(session, models)
    assert state.analogy("").weights == pytest.approx(by_pair)
    do(session, models, "board_relation", value="below right")
    assert (state.analogy("").relation, state.analogy("").words) == ("below right", None)
    do(session, models, "board_relation", value="inside")
    assert state.analogy("").relation == "below right"
    assert "choose among" in session.notice.text


def test_a_board_belongs_to_the_model_and_the_way_to_prompt(models):
    session = begun(models, prompts=2)
    state = session.state(VectorState)
    answered = replace(
        state.analogy(""), source=3, weights={"above": 1.0}, words="said", judged=JudgedSum(3, {"above": 1.0}, {})
    )
    state.keep("", answered)
    do(session, models, "prompts", value="3")
    asked = replace(answered, weights=None, words=None, judged=None)
    assert state.analogy("") == asked, "the pair stays, its answers do not"
    do(session, models, "relation", relation="left")
    do(session, models, "prompts", value="2")
    assert state.analogy("") is answered, "which relation is looked at changes nothing"
    session.project = replace(session.project, model="another")
    assert session.state(VectorState).analogy("another").words is None


@pytest.mark.parametrize(
    ("right", "base", "words"),
    [(38, 10, "better than the best"), (38, 38, "not surely better"), (3, 20, "no better than"), (10, 2, "too few")],
)
def test_the_verdict_on_a_sum_claims_no_more_than_its_interval(right, base, words):
    assert words in _verdict({"composed": Outcome(right, 40, 0.5), "best base vector": Outcome(base, 40, 0.5)}, 0.2)


def brought(tmp_path, images=12, outside=None, name="mine.zip"):
    """A ZIP of relations between letters on pictures of noise."""
    lines, path = [], tmp_path / name
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(images):
            archive.writestr(f"pictures/{number}.png", encoded(noise(seed=number)))
            for relation, shift in (("near", 1), ("under", 2)):
                pair = {"anchor": f"thing {number}", "related": f"thing {number + 50 * shift}"}
                lines.append({"image": f"pictures/{number}.png", "relation": relation, **pair})
        if outside is not None:
            lines += [{**lines[0], "image": outside, "anchor": "secret"}]
        archive.writestr("relations.jsonl", "\n".join(map(json.dumps, lines)))
    return path


def test_a_visitors_own_relations_are_taken_from_a_zip(models, tmp_path):
    session = Session()
    do(session, models, "bring", files=[sent(brought(tmp_path))])
    assert session.notice.kind == "done", session.notice
    assert "Took 24 items of 2 relations." in session.notice.text
    assert session.state(VectorState).task.listed == ("near", "under")
    assert "Q: thing " in relations(session)["html"]


def test_a_strangers_file_never_reads_what_lies_outside_its_zip(models, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(encoded(noise(seed=99)))
    for outside in (str(secret), "../secret.png"):
        session = Session()
        do(session, models, "bring", files=[sent(brought(tmp_path, outside=outside))])
        assert "is not beside the file" in session.notice.text
        parts = session.state(VectorState).task
        assert all(item.anchor != "secret" for part in (parts.train, parts.validation, parts.test) for item in part)


def loose(tmp_path, outside=None):
    """The same as a JSONL and its pictures in a folder, not packed."""
    with zipfile.ZipFile(brought(tmp_path, outside=outside)) as archive:
        return dropped({f"mine/{name}": archive.read(name) for name in archive.namelist()})


def test_a_folder_with_relations_and_pictures_is_taken(models, tmp_path):
    session = Session()
    do(session, models, "bring", files=loose(tmp_path))
    assert "Took 24 items of 2 relations." in session.notice.text


def test_a_strangers_loose_file_never_reads_what_did_not_come_with_it(models, tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(encoded(noise(seed=99)))
    for outside in (str(secret), str(tmp_path / "missing.png"), f"../../../..{secret}", "pictures/" + "x" * 999, "a\0.png"):
        session = Session()
        do(session, models, "bring", files=loose(tmp_path, outside=outside))
        assert "Took 24 items of 2 relations. " in session.notice.text
        parts = session.state(VectorState).task
        assert all(item.anchor != "secret" for part in (parts.train, parts.validation, parts.test) for item in part)
    lines = json.dumps({"image": "a.png", "anchor": "a", "relation": "on", "related": "b"}).encode()
    for name in ("..", "../../x.jsonl", "/tmp/x.jsonl", "x" * 300 + ".jsonl"):
        do(session, models, "bring", files=[{**dropped({"x.jsonl": lines})[0], "name": name, "inside": name}])
        assert session.notice.kind == "error"
        assert session.state(VectorState).task is parts


def test_all_relations_of_a_file_are_offered_the_commonest_first_and_one_with_too_few_items_is_told(models, tmp_path):
    path, lines, names = tmp_path / "many.zip", [], ("a", "b", "c", "d", "under")
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(12):
            archive.writestr(f"{number}.png", encoded(noise(seed=number)))
            for place, relation in enumerate((*names, *names[4:], *(["rare"] if number == 0 else []))):
                pair = {"anchor": f"thing {number} {place}", "related": f"other {number} {place}"}
                lines.append({"image": f"{number}.png", "relation": relation, **pair})
        archive.writestr("relations.jsonl", "\n".join(map(json.dumps, lines)))
    session = Session()
    do(session, models, "bring", files=[sent(path)])
    assert session.state(VectorState).task.listed == ("under", "a", "b", "c", "d")
    assert "Too few to be in all three parts are those of rare." in session.notice.text


def test_files_without_relations_are_told_and_what_was_there_stays(models, tmp_path):
    empty, broken = tmp_path / "notes.zip", tmp_path / "broken.zip"
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("notes.txt", "nothing")
    broken.write_bytes(b"PK no zip at all")
    session = begun(models)
    task = session.state(VectorState).task
    for path, words in ((empty, "There are no relations in it"), (broken, "not a ZIP archive")):
        do(session, models, "bring", files=[sent(path)])
        assert words in session.notice.text
        assert session.state(VectorState).task is task
    do(session, models, "bring", files=[{"path": "/etc/passwd"}])
    assert "did not arrive" in session.notice.text


def test_prompts_that_cannot_be_made_say_why_and_find_nothing(models, tmp_path):
    session = Session()
    do(session, models, "bring", files=[sent(brought(tmp_path, images=6))])
    do(session, models, "demonstrations", value="8")
    assert "ask for fewer" in relations(session)["html"]
    assert "disabled" in effects(session)["html"]
    go(session, models, "find_effects")
    assert "ask for fewer" in session.notice.text


def test_prompts_that_cannot_be_corrupted_are_left_out_and_counted(models, tmp_path):
    session, path = Session(), tmp_path / "some.zip"
    with zipfile.ZipFile(brought(tmp_path)) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            lines = old.read(name).split(b"\n")  # every other picture holds one relation alone
            kept = [line for n, line in enumerate(lines) if n % 4] if name.endswith(".jsonl") else lines
            new.writestr(name, b"\n".join(kept))
    do(session, models, "bring", files=[sent(path)])
    do(session, models, "relation", relation="under")
    do(session, models, "told_by", value="words")
    study = study_of(session)
    assert study.prompts.left_out > 0
    assert [prompt.item for prompt in study.prompts.clean] == [prompt.item for prompt in study.prompts.corrupted]
    assert f"{study.prompts.left_out} of the prompts asked for are left out" in relations(session)["html"]


def test_a_model_that_answers_nothing_right_is_told_where_the_visitor_looks(tiny_backbone):
    models = pool_with(tiny_backbone("llava"))
    session = begun(models, prompts=2)
    go(session, models, "find_effects")
    assert "none of 2 prompts" in relations(session)["html"]
    assert study_of(session).effects is None


def test_every_action_survives_nonsense(built, models):
    state = built.state(VectorState)
    for name in sorted(set(ACTIONS) - {"cancel", "scenes"}):
        for data in ({}, {"value": "x", "relation": 3, "x": "a", "y": None, "query": "?", "files": "no", "use": []}):
            do(built, models, name, **data)
            for show in (relations, effects, vector, tuning, analogy):
                assert "html" in show(built)
    assert state.task is not None


def test_two_visitors_share_the_scenes_and_nothing_else(models):
    one, other = begun(models), begun(models, "left")
    assert one.state(VectorState).task is other.state(VectorState).task is vector_setup.drawn_task()
    assert study_of(one) is not study_of(other)
    do(one, models, "next_prompt")
    assert other.state(VectorState).prompt == 0


def test_what_was_found_is_there_again_when_one_comes_back(found, models):
    study = study_of(found)
    do(found, models, "relation", relation="left")
    assert study_of(found).effects is None
    do(found, models, "relation", relation="above")
    assert study_of(found) is study


def test_a_task_that_another_took_the_place_of_comes_back_with_what_was_found(found, models, tmp_path):
    before, study = state_of(found).task, study_of(found)
    assert found.to_undo is None, "the first task replaced nothing"
    do(found, models, "bring", files=[sent(brought(tmp_path))])
    own = state_of(found).task
    assert own is not before, found.notice
    assert found.to_undo.words.startswith("Took ")
    do(found, models, "undo")
    assert state_of(found).task is before
    assert study_of(found) is study
    assert study_of(found).complete
    do(found, models, "redo")
    assert state_of(found).task is own
    do(found, models, "scenes")
    do(found, models, "undo")
    assert state_of(found).task is own
