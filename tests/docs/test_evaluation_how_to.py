"""What the page on evaluation shows is run as it stands there."""

import re
import shlex
from pathlib import Path

from sav_core.cli.app import main
from sav_core.rivals.lora_state import LoraSettings

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "evaluation-how-to.md").read_text(encoding="utf-8")


def test_every_command_runs(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    commands = re.findall(r"^python -m sav_core (.*)$", PAGE, flags=re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        assert main(shlex.split(command)) == 0, (command, capsys.readouterr().err)
    assert '"episodes": {"count": 5, "shots": 2' in capsys.readouterr().out


def test_the_python_runs_and_what_it_claims_is_so(monkeypatch):
    monkeypatch.chdir(ROOT)
    session, causes, rivals = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    lines = session.strip().splitlines()
    names = {}
    exec("\n".join(lines[:-1]), names)
    assert eval(lines[-1], names) is True
    assert names["found"].evaluation.n == len(names["test"]) == 20
    assert len(names["over"].result.accuracy) == 20
    names |= {"support": list(names["support"])[::3], "test": list(names["test"])[::5]}
    exec(causes, names)
    assert names["found"].n == 4
    monkeypatch.setattr("sav_core.reports.lora_row.DEFAULTS", LoraSettings(epochs=1))
    exec(rivals, names)
    assert names["found"].baselines.judged[-1].name == "lora"


def test_every_option_it_names_is_one():
    from typer.main import get_command

    from sav_core.cli.app import app

    commands = get_command(app).commands
    known = {
        option for name in ("evaluate", "classify", "ablate") for each in commands[name].params for option in each.opts
    }
    assert set(re.findall(r"(?<![-\w])--[a-z][a-z-]+", PAGE)) <= known


def test_the_readme_links_it():
    assert "(docs/evaluation-how-to.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
