"""A short part of ``python -m perf.fuzz``: whatever strangers send is read, or refused by a sentence."""

import warnings

import pytest

from perf.fuzz import fuzz
from perf.messages import messages
from perf.strangers import files
from tests.support.people import pool_with

CASES = {
    "pictures": 60,
    "classifiers": 100,
    "function vectors": 100,
    "archives and projects": 16,
    "lists and tables": 30,
    "events of pages": 16,
    "calls of the API": 20,
}


@pytest.fixture(scope="module")
def strangers(tmp_path_factory, tiny_backbone):
    folder = tmp_path_factory.mktemp("fuzz")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {each.name: each for each in (*files(folder), *messages(folder, pool_with(tiny_backbone("llava"))))}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_what_strangers_send_is_read_or_refused_by_a_sentence(strangers, name):
    found = fuzz(strangers[name], seed=1, cases=CASES[name], limited=False)
    assert found.failed == []
    assert found.taken > 0, "the cases are of no use if all are nonsense"
    assert found.refused > 0 or name == "events of pages", "and if none is"


def test_every_kind_is_in_it(strangers):
    assert strangers.keys() == CASES.keys()


def test_what_fails_is_found(strangers):
    broken = type(strangers["pictures"])("broken", 1, lambda chance: chance.random(), lambda sent: 1 / 0)
    found = fuzz(broken, seed=0, cases=3)
    assert [number for number, _ in found.failed] != []
    assert list(found.kinds) == ["ZeroDivisionError at elsewhere: division by zero"]
