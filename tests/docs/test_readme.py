"""What the README shows is run as it stands there."""

import re
import shlex
from pathlib import Path

import pytest

from sav_core.cli.app import main
from sav_core.models.architectures import PROVEN

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.DOTALL | re.MULTILINE)
    return [block for named, block in fenced if named == language]


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder that has the assets at the same place and may be written to."""
    (tmp_path / "assets").symlink_to(ROOT / "assets")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_library_session_runs_and_answers_right(clone):
    (session,) = blocks("python")
    assert len([line for line in session.splitlines() if line.strip()]) == 10
    names = {}
    exec(session, names)
    assert names["prediction"].label == "zebra"
    (told,) = re.findall(r"printed as (\(.*\))", session)
    assert str(names["classifier"].kept_heads_[:3]) == told
    assert len(names["classifier"].kept_heads_) == 20
    assert (clone / "things.sav").exists()


def test_every_command_runs(clone, capsys):
    commands = [line for block in blocks("") for line in block.splitlines() if line.startswith("python -m sav_core")]
    assert len(commands) == 6
    for command in commands:
        assert main(shlex.split(command)[3:]) == 0, command
    assert (clone / "heads.html").exists()
    assert (clone / "things.html").stat().st_size < 1_000_000
    capsys.readouterr()


def test_every_file_it_links_exists():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_architectures_it_calls_tested_are_the_proven_ones():
    (told,) = re.findall(r"Tested end to end: ([\w\s,;]+)\.", README)
    assert sorted(re.findall(r"\w+", told)) == sorted(PROVEN)
