"""The log says what was done and how it went, and nothing of what a visitor wrote or brought."""

import json
import logging
from contextlib import nullcontext

import pytest
from starlette.testclient import TestClient

from sav_core.errors import InputError
from sav_ui.host.page_host import PageHost
from sav_ui.panels.errors import unexpected
from sav_ui.panels.panel import content
from sav_ui.serving.closed_routes import ClosedRoutes
from sav_ui.serving.event_log import REQUEST, JsonLines, logged
from sav_ui.serving.request_ids import HEADER, RequestIds
from sav_ui.session.store import SessionStore
from tests.support.people import pool_with

SECRET = "my-cousin.png"


@pytest.fixture
def lines(caplog):
    """``lines()`` is what was logged until now, as objects."""
    caplog.set_level(logging.INFO, "sav_ui")
    return lambda: [json.loads(JsonLines().format(record)) for record in caplog.records]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(None, "done"), (InputError(SECRET), "refused"), (ValueError(SECRET), "broken"), (GeneratorExit(), "left")],
)
def test_an_event_is_a_line_with_its_outcome(lines, error, outcome):
    REQUEST.set("r1")
    with pytest.raises(type(error)) if error else nullcontext(), logged("bench act"):
        if error is not None:
            raise error
    (line,) = lines()
    assert (line["event"], line["request"], line["outcome"]) == ("bench act", "r1", outcome)
    assert line["seconds"] >= 0
    assert SECRET not in json.dumps(line)


def test_a_fault_is_logged_by_its_kind_and_place_without_its_words(lines):
    def deep(depth):
        if depth == 0:
            raise ValueError(SECRET * 1000)
        deep(depth - 1)

    try:
        deep(100)
    except ValueError as error:
        unexpected(error)
    (line,) = lines()
    assert line["error"] == "ValueError"
    assert len(line["at"]) <= 16
    assert line["at"][-1].startswith("test_event_log.py:")
    assert SECRET not in json.dumps(line)
    assert len(json.dumps(line)) < 2000


def test_what_is_done_on_a_page_is_logged_by_the_panels_name(lines):
    def act(context, data):
        if data["value"] == SECRET:
            context.say(f"{SECRET} cannot be read.")

    host = PageHost(pool_with(None), SessionStore())
    host.panel("bench", lambda _: content(""), act=act)
    tab = host.open("0" * 32)
    for data in ({"do": "rename", "value": SECRET}, {"do": SECRET, "value": ""}, {"do": "rename"}):
        host.acted(tab, "bench", data)
    told = [(line["event"], line["outcome"]) for line in lines() if "event" in line]
    assert told == [("bench rename", "refused"), ("bench", "done"), ("bench rename", "broken")]
    assert SECRET not in json.dumps(lines())


def test_a_refused_request_is_logged_with_the_id_of_its_answer_and_no_address(lines):
    client = TestClient(RequestIds(ClosedRoutes(None)))
    answer = client.get(f"/monitoring/{SECRET}", headers={HEADER: "forged"})
    (line,) = lines()
    assert line["request"] == answer.headers[HEADER] != "forged"
    assert (line["event"], line["outcome"]) == ("other 404", "refused")
    assert SECRET not in json.dumps(line)
