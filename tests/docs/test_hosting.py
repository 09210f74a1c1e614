"""The page on hosting says what is so; the image's steps are followed as far as they can be without an engine."""

import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest

from tests.support.serving import ROOT, serve
from tools.licences import page

PAGE = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")


def steps():
    """The Dockerfile's instructions and what they are given, in their order."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    whole = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    return [tuple(line.split(maxsplit=1)) for line in whole.splitlines() if line.strip()]


def given(name):
    return [value for instruction, value in steps() if instruction == name]


def copied():
    """``(file or folder here, place below the image's work folder)``."""
    for value in given("COPY"):
        *sources, place = value.split()
        yield from ((source, source if place == "./" else place) for source in sources)


def environment():
    return dict(pair.split("=", 1) for pair in shlex.split(" ".join(given("ENV"))))


def test_the_table_of_settings_holds_those_that_the_code_reads():
    read = set()
    for path in [ROOT / "app.py", *(ROOT / "sav_core").rglob("*.py"), *(ROOT / "sav_ui").rglob("*.py")]:
        read |= set(re.findall(r'"(SAV_[A-Z_]+)"', path.read_text(encoding="utf-8")))
    assert set(re.findall(r"^\| `(SAV_\w+)` \|", PAGE, flags=re.MULTILINE)) == read
    assert set(re.findall(r"`(SAV_\w+)", PAGE)) == read, "each that the page names is one"


def test_the_image_runs_as_no_root_says_its_memory_and_asks_after_its_health():
    order = [name for name, _ in steps()]
    assert given("FROM")[0].endswith("-slim")
    assert given("USER") == ["1000"]
    assert order.index("USER") < order.index("CMD")
    assert order.index("RUN") < order.index("USER"), "what is installed belongs to root"
    assert "--memory 2g" in (ROOT / "Dockerfile").read_text()
    assert "/health" in given("HEALTHCHECK")[0]
    assert set(environment()) >= {"GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT", "SAV_LOG"}
    assert given("EXPOSE") == [environment()["GRADIO_SERVER_PORT"]]


def test_every_file_it_copies_is_there_and_none_that_the_app_needs_is_missing():
    names = [source for source, _ in copied()]
    assert [name for name in names if not (ROOT / name).exists()] == []
    assert {"app.py", "assets", "requirements.txt", "sav_core", "sav_ui"} <= set(names)
    (installed,) = [value for value in given("RUN") if "pip install" in value]
    assert installed.endswith("-r requirements.txt")


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """A folder with what the image would hold, and nothing else."""
    folder = tmp_path_factory.mktemp("image")
    for source, place in copied():
        here, there = ROOT / source, folder / place
        if here.is_dir():
            shutil.copytree(here, there, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(here, there)
    return folder


def test_it_starts_from_the_files_it_copies_and_passes_its_own_health_check(image, tmp_path, monkeypatch):
    assert given("CMD") == ['["python", "app.py"]']
    program = (sys.executable, *shlex.split(given("CMD")[0].strip("[]").replace(",", ""))[1:])
    kept = {name: value for name, value in os.environ.items() if name in ("HOME", "PATH", "LANG", "OMP_NUM_THREADS")}
    monkeypatch.setattr(os, "environ", kept | environment() | {"SAV_CACHE_DIR": str(tmp_path / "cache")})
    with serve(tmp_path, program=program, cwd=image) as address:
        check = re.search(r'\["python", (.*)\]$', given("HEALTHCHECK")[0])[1]
        port = {"GRADIO_SERVER_PORT": address.rstrip("/").rpartition(":")[2]}
        arguments = re.findall(r'"([^"]*)"', check)
        subprocess.run([sys.executable, *arguments], env=os.environ | port, check=True, timeout=60)


def test_the_licences_listed_are_those_of_what_is_required():
    assert (ROOT / "docs" / "licences.md").read_text(encoding="utf-8").strip() == page().strip()
    assert "not stated" not in page()


def test_the_audit_fails_where_it_cannot_look_anything_up():
    rule = re.search(r"^audit:.*?(?=^\S)", (ROOT / "Makefile").read_text(), flags=re.MULTILINE | re.DOTALL)[0]
    (asked,) = re.findall(r"^\t\$\(BIN\)/pip-audit (.*)$", rule, flags=re.MULTILINE)
    assert "--strict" in asked, "what could not be looked up is no pass"
    failing = asked.partition("||")[2].replace("$$", "$")
    done = subprocess.run(["sh", "-c", f"false || {failing}"], capture_output=True, text=True, check=False)
    assert (done.returncode, "did NOT pass" in done.stdout) == (1, True)
