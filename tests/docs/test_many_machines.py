"""The page on many machines shows commands that exist, and says what the code does."""

import re
from pathlib import Path

from sav_core.bulk.extracting import _MOST_JUDGED
from sav_core.bulk.part_files import _TRIES, part_name
from sav_core.bulk.task import PORTION
from sav_core.cli.app import app

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "many-machines.md").read_text(encoding="utf-8")
PROSE = " ".join(PAGE.split())


def test_every_command_it_shows_exists_with_its_options():
    from typer.main import get_command

    commands = get_command(app).commands
    shown = re.findall(r"^python -m sav_core (\w+)(.*)$", PAGE, flags=re.MULTILINE)
    assert {name for name, _ in shown} == {"classify", "evaluate", "extract", "index", "search"}
    for name, rest in shown:
        known = {option for parameter in commands[name].params for option in parameter.opts}
        assert set(re.findall(r"--[\w-]+", rest)) <= known, name


def test_its_numbers_are_those_of_the_code():
    assert f"in parts of {PORTION} examples" in PROSE
    assert f"judged on {_MOST_JUDGED:,} examples" in PROSE
    assert f"`{part_name(0)}`" in PROSE
    assert _TRIES == 5
    assert "one that has ended five workers is given up" in PROSE
