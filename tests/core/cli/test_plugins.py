from importlib.metadata import EntryPoint

import pytest

from sav_core.cli import app as cli
from sav_core.cli import plugins


@pytest.fixture
def brings(monkeypatch):
    """``brings(app="module:name")`` lets some package bring these commands."""

    def install(**values):
        found = [EntryPoint(name, value, plugins.GROUP) for name, value in values.items()]
        monkeypatch.setattr(plugins, "entry_points", lambda group: found if group == plugins.GROUP else [])

    return install


def test_a_command_of_the_pages_stands_beside_ours(brings, capsys):
    brings(app="sav_ui.commands:app")
    assert cli.main(["app", "--help"], program="sav") == 0
    out = capsys.readouterr().out
    assert "Usage: sav app [OPTIONS]" in out
    assert all(option in out for option in ("--host", "--port", "--mcp"))
    assert cli.main(["app", "--port", "0"]) == 2


def test_without_packages_that_bring_any_there_are_ours_alone(brings, capsys):
    brings()
    assert cli.main(["app"]) == 2
    assert "No such command 'app'" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["no_such_package:app", "sav_ui.commands:nothing"])
def test_one_that_cannot_be_loaded_stops_no_other(brings, capsys, value):
    brings(broken=value)
    assert cli.main(["--version"]) == 0
    assert f"warning: The command 'broken' of {value} is left out" in capsys.readouterr().err


def test_none_takes_the_place_of_ours(brings, capsys):
    brings(fit="sav_ui.commands:app")
    assert cli.main(["fit", "--help"]) == 0
    told = capsys.readouterr()
    assert "--train" in told.out
    assert "warning: The command 'fit' of sav_ui.commands:app is left out: there is one of that name" in told.err


def test_help_calls_the_program_as_it_was_called(brings, capsys):
    brings()
    for program in ("sav", "python -m sav_core"):
        assert cli.main(["vectors", "tune", "--help"], program=program) == 0
        out = " ".join(capsys.readouterr().out.split())
        assert f"Usage: {program} vectors tune" in out
        assert f"Example: {program} vectors tune" in out
