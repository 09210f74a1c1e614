"""Rivals on the Measure page: chosen, timed before anything begins, measured into the same table, and stopped."""

import json
import re
from dataclasses import replace

import pytest

from sav_core.errors import CancelledError, DatasetError
from sav_core.rivals.lora_state import LoraSettings
from sav_core.rivals.spec import LORA, Rival
from sav_ui.pages.measure import actions as measure
from sav_ui.pages.measure import keeping, rivals
from sav_ui.pages.measure import view as measure_view
from sav_ui.pages.measure.run import run as measure_run
from sav_ui.pages.measure.state import WHERE, MeasureState
from sav_ui.session.session import Session
from sav_ui.session.work import Kind
from tests.support.people import context, small_project, taught


@pytest.fixture
def session(models, monkeypatch):
    """Somebody who has taught two labels with four pictures each, and sets one of each aside; LoRA trains for a moment."""
    monkeypatch.setattr("sav_core.reports.lora_row.DEFAULTS", LoraSettings(epochs=1))
    session = taught(models, small_project(("a cat", "hund"), each=4))
    do(session, models, "each", value=1)
    return session


def do(session, models, action, **data):
    measure.act(context(session, models, WHERE), {"do": action, **data})


def run(session, models, data):
    kinds = [session.work.kind for _ in measure_run(context(session, models, WHERE), data)]
    assert not session.work.busy
    return kinds


def setup(session):
    return measure_view.setup(session)


def test_lora_says_its_minutes_before_it_starts_and_stands_in_the_same_table(session, models):
    assert not setup(session)["next"]
    do(session, models, "lora", value=True)
    assert setup(session)["next"]  # the browser asks for the time by itself
    assert Kind.TIME_LORA in run(session, models, {})
    shown = setup(session)
    assert re.search(r"LoRA trains 7,680 numbers, .* seconds? for 20 epochs, by a step measured here", shown["html"])
    assert not shown["next"]
    assert run(session, models, {}) == []  # it is known already
    assert Kind.TRAIN_LORA in run(session, models, {"do": "measure"})
    found = session.state(MeasureState).measured.measurement
    assert found.baselines.judged[-1].name == "lora"
    report = re.sub(r"\s+", " ", measure_view.report(session)["html"])
    assert '<th scope="col">Trained numbers</th>' in report
    assert re.search(r"<td>lora</td>.*?<td>6</td><td>[\d.]+</td><td>[\d.]+ [GM]B</td><td>7,680</td></tr>", report)
    assert "the model's weights are the same before and after" in report.replace("&#39;", "'")
    do(session, models, "save_report", format="json")
    link = setup(session)["saved"]
    with open(link["url"].removeprefix("gradio_api/file="), encoding="utf-8") as file:  # noqa: PTH123
        assert json.load(file)["control_details"]["lora"]["cost"]["trained"] == 7680
    do(session, models, "lora", value=False)
    assert "The choice above has changed" in measure_view.report(session)["html"]


def test_a_model_of_pictures_is_chosen_by_its_id_and_where_models_may_be_chosen(session, models, monkeypatch):
    do(session, models, "add_rival", kind="clip", model=" org/clip ")
    do(session, models, "add_rival", kind="clip", model="org/clip")
    assert session.state(MeasureState).setup.rivals == (Rival("clip", "org/clip"),)
    assert "CLIP: org/clip" in setup(session)["html"]
    for model, sentence in [
        ("/etc", "A model is named like"),
        ("", "names no model"),
        ("../../x", "A model is named like"),
    ]:
        do(session, models, "add_rival", kind="clip", model=model)
        assert sentence in session.notice.text
    do(session, models, "add_rival", kind="lora", model="x/y")
    assert "write lora" in session.notice.text
    for number in range(rivals.MOST):
        do(session, models, "add_rival", kind="siglip", model=f"org/{number}")
    assert "Up to 4 such models" in session.notice.text
    do(session, models, "drop_rival", rival="clip:org/clip")
    assert len(session.state(MeasureState).setup.rivals) == rivals.MOST - 1
    monkeypatch.setattr("sav_ui.pages.measure.rivals.any_allowed", lambda: False)
    do(session, models, "add_rival", kind="siglip", model="org/other")
    assert "org/other is not offered here" in session.notice.text


def test_what_is_missing_is_one_sentence_and_what_was_measured_stays(session, models, monkeypatch):
    run(session, models, {"do": "measure"})
    before = session.state(MeasureState).measured
    do(session, models, "add_rival", kind="clip", model="org/not-here")
    run(session, models, {"do": "measure"})
    assert "'org/not-here' is not wholly on this disk" in session.notice.text
    assert session.state(MeasureState).measured is before
    monkeypatch.setattr("sav_core.rivals.packages.find_spec", lambda name: None)
    assert "pip install 'sav-explorer[lora]'" in setup(session)["html"].replace("&#39;", "'")
    do(session, models, "lora", value=True)
    assert LORA not in session.state(MeasureState).setup.rivals


def test_stopped_it_says_that_it_goes_on(session, models, monkeypatch):
    def stopped(*_, **__):
        raise CancelledError("Stopped while LoRA was trained; it goes on from there the next time.")

    do(session, models, "lora", value=True)
    monkeypatch.setattr("sav_core.reports.rival_answers.lora_row", stopped)
    run(session, models, {"do": "measure"})
    assert session.notice.text.endswith("measuring again goes on from there.")


def test_the_choice_is_kept_with_the_work(session, models):
    do(session, models, "lora", value=True)
    do(session, models, "add_rival", kind="clip", model="org/clip")
    kept = keeping.KEEPER.save(session.project, keeping.KEEPER.about(session))
    other = Session()
    keeping.KEEPER.take(session.project, kept)(other)
    assert other.state(MeasureState).setup.rivals == (LORA, Rival("clip", "org/clip"))
    with pytest.raises(DatasetError, match="'rivals'"):
        keeping.KEEPER.take(session.project, replace(kept, values={**kept.values, "rivals": ["blip:x"]}))
