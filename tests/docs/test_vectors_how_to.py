"""What the page on function vectors shows is run as it stands there, with fewer prompts."""

import re
import shlex
from functools import partial
from pathlib import Path

import pytest

from sav_core.cli.app import main

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "vectors-how-to.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^python -m sav_core (vectors .*)$", PAGE, flags=re.MULTILINE)
FEWER = {"extract": ["--prompts", "2"], "evaluate": ["--prompts", "2"], "tune": ["--steps", "1"], "compose": []}


@pytest.fixture(autouse=True)
def few_scenes(monkeypatch, tmp_path):
    """A folder to write to, and few scenes, of a seed with which each part has the diagonal all the same."""
    from sav_core import vectors

    draw = vectors.draw_task
    monkeypatch.setattr("sav_core.vectors.evaluation._PROMPTS", 3)
    monkeypatch.setattr(vectors, "unrelated_questions", partial(vectors.unrelated_questions, count=12))
    few = {"scenes": (16, 4, 6), "seed": 23}
    monkeypatch.setattr(vectors, "draw_task", lambda *given, **more: draw(*given, **{**more, **few}))
    monkeypatch.chdir(tmp_path)


def test_the_commands_run_one_after_the_other(tmp_path, capsys):
    assert [command.split()[1] for command in COMMANDS] == ["extract", "extract", "evaluate", "tune", "compose"]
    for command in COMMANDS:
        words = shlex.split(command)
        assert main([*words, *FEWER[words[1]], "--dtype", "float32"]) == 0, (command, capsys.readouterr().err)
    assert {path.name for path in tmp_path.glob("*.fv")} == {"above.fv", "left.fv", "above-tuned.fv", "above-left.fv"}
    assert "By layer and scale" in capsys.readouterr().out


def test_the_python_runs():
    (session,) = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    names = {}
    exec(session.replace("[:25]", "[:2]"), names)
    assert names["vector"].relation == "above"


def test_the_readme_links_it():
    assert "(docs/vectors-how-to.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
