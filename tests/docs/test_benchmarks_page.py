"""The page on benchmarks says what the table of facts says."""

import re
from pathlib import Path

import pytest

from sav_core.benchmarks.facts import BENCHMARKS
from sav_core.benchmarks.scoring import HEADLINE
from sav_core.cli.app import app

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md").read_text(encoding="utf-8")
PROSE = " ".join(PAGE.split())


def rows():
    """Cells of the table of figures, names and rules carried down."""
    lines = [line for line in PAGE.splitlines() if re.match(r"\| .*\|$", line)]
    start = next(k for k, line in enumerate(lines) if "SAV here" in line)
    named = ["", "", ""]
    for line in lines[start + 2 :]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 8:
            return
        named = [cell or before for cell, before in zip(cells[:3], named, strict=True)]
        yield (*named, *cells[3:])


def test_the_figures_are_those_of_the_table_of_facts():
    expected = []
    for each in BENCHMARKS.values():
        head = (each.title, f"`{each.name}`", HEADLINE[each.rule].replace("_", " "))
        for figures in each.published:
            expected.append((*head, figures.model, *("" if number is None else f"{number:.1f}" for number in figures[1:])))
        if not each.published:
            expected.append((*head, "none read", "", "", ""))
    assert [row[:7] for row in rows()] == expected


@pytest.mark.parametrize("name", sorted(BENCHMARKS))
def test_every_caveat_and_layout_stands_there(name):
    assert all(caveat in PROSE for caveat in BENCHMARKS[name].caveats)
    (row,) = re.findall(rf"^\| `{name}` \| .*$", PAGE, flags=re.MULTILINE)
    assert not BENCHMARKS[name].question or BENCHMARKS[name].question in row


def test_every_command_it_shows_exists_with_its_options():
    from typer.main import get_command

    commands = get_command(app).commands
    shown = re.findall(r"^python -m sav_core (\w+)(.*?)(?: +#.*)?$", PAGE, flags=re.MULTILINE)
    assert len(shown) == 7
    for name, rest in shown:
        known = {option for parameter in commands[name].params for option in parameter.opts}
        assert set(re.findall(r"--[\w-]+", rest)) <= known, name
