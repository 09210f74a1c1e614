import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import sav_core

CONTRACT = {"load_backbone", "read_examples", "Example", "SavClassifier"}


def modules():
    folder = Path(sav_core.__path__[0])
    names = [".".join(path.relative_to(folder.parent).with_suffix("").parts) for path in folder.rglob("*.py")]
    return sorted(name.removesuffix(".__init__") for name in names if name != "sav_core.__main__")


def test_the_contract_is_public():
    assert set(sav_core.__all__) >= CONTRACT


def test_what_is_public_is_exactly_what_has_a_home_and_resolves():
    assert sorted(sav_core.__all__) == sorted(sav_core._HOMES) == dir(sav_core)
    for name in sav_core.__all__:
        assert not inspect.ismodule(getattr(sav_core, name))


def test_a_function_of_its_modules_name_is_found_after_the_module_was_imported():
    code = "import sav_core.settings; from sav_core import settings; settings()"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_names_of_vectors_are_exactly_what_has_a_home_and_resolve():
    from sav_core import vectors

    assert sorted(vectors.__all__) == sorted(vectors._HOMES) == dir(vectors)
    for name in vectors.__all__:
        assert getattr(vectors, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        vectors.nothing  # noqa: B018


def test_the_names_of_rules_and_scorings_are_those_that_exist():
    from typing import get_args

    from sav_core.heads.rules import RULES, VotingName
    from sav_core.heads.scoring import SCORINGS, Scoring

    assert get_args(VotingName) == tuple(RULES)
    assert get_args(Scoring) == SCORINGS


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        sav_core.nothing  # noqa: B018


@pytest.mark.parametrize("name", modules())
def test_every_module_says_what_it_is_and_exports_what_it_defines(name):
    module = importlib.import_module(name)
    assert module.__doc__
    only_a_room = hasattr(module, "__path__") and not hasattr(module, "__all__")
    for public in () if only_a_room else module.__all__:
        value = getattr(module, public)
        if inspect.isfunction(value) or inspect.isclass(value):
            assert inspect.getdoc(value), f"{name}.{public} has no docstring"


def test_relations_prompts_and_conditions_do_not_wait_for_torch():
    names = "SCALES, TUNED, Prompting, RelationTask, Site, draw_task"
    code = f"import sys; from sav_core.vectors import {names}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_help_does_not_wait_for_torch_and_its_like():
    slow = {"torch", "transformers", "sklearn", "plotly", "pyarrow"}
    code = f"import sys, sav_core.cli.app; sys.exit({slow} & set(sys.modules) or None)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "package", ["sav_core", "sav_core.atlas", "sav_core.causes", "sav_core.pointing", "sav_core.vectors"]
)
def test_a_package_lists_its_names_and_refuses_others(package):
    module = importlib.import_module(package)
    assert dir(module) == sorted(module.__all__)
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        module.nothing  # noqa: B018
