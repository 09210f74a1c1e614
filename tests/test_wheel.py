"""The package as people install it: a wheel in an environment outside the checkout, used from an empty folder."""

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

import sav_core
from tests.support.serving import serve

ROOT = Path(__file__).resolve().parent.parent


def call(*words, cwd, status=0):
    """Run a program as a stranger does, with nothing that leads back to the checkout; return its standard output."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "SAV_ASSETS")}
    done = subprocess.run(list(map(str, words)), cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built by what ``pip install .`` builds with; neither it nor what it needs comes over a network."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ("--no-build-isolation", "--no-deps", "--no-index", "--quiet", "--disable-pip-version-check")
    call(sys.executable, "-m", "pip", "wheel", ROOT, "--wheel-dir", folder, *options, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder of an environment's programs, the wheel being installed there.

    It finds this environment's other packages through a ``.pth``. pip looks nowhere else, so it installs only if what is
    pinned and tested is all that the wheel asks for.
    """
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    places = {"base": str(folder), "platbase": str(folder)}
    library, programs = (Path(sysconfig.get_path(kind, "venv", places)) for kind in ("purelib", "scripts"))
    (library / "pinned.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = (sys.executable, "-m", "pip", "--python", programs / "python", "--disable-pip-version-check")
    call(*pip, "install", "--no-index", "--quiet", wheel, cwd=folder)
    return programs


def names_in(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def tracked(folder):
    """Every file of a folder but what Python makes there."""
    every = (path for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts)
    return {path.relative_to(ROOT).as_posix() for path in every if path.is_file()}


def test_the_wheel_holds_both_packages_and_the_assets_and_nothing_else(wheel):
    folders = [path for path in (ROOT / "assets").iterdir() if path.is_dir() and path.name != "screenshots"]
    assets = {f"sav_core/{name}" for folder in folders for name in tracked(folder)}
    names = {name for name in names_in(wheel) if ".dist-info/" not in name}
    assert names == tracked("sav_core") | tracked("sav_ui") | assets
    assert {"sav_core/py.typed", "sav_ui/py.typed", "sav_core/assets/model/model.safetensors"} <= names


def test_the_source_that_is_shipped_leaves_out_no_part_of_the_repository():
    """Whatever lies at the top of a checkout, but for what is hidden or made, is in the source archive."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shipped = set(project["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]) | {"pyproject.toml"}
    made = {path for pattern in ("__pycache__", "dist", "*.egg-info", "*.sav") for path in ROOT.glob(pattern)}
    assert {path.name for path in set(ROOT.iterdir()) - made if not path.name.startswith(".")} == shipped


def test_it_says_its_version_from_where_it_is_installed(installed, tmp_path):
    assert call(installed / "sav", "--version", cwd=tmp_path) == f"sav-explorer {sav_core.__version__}\n"
    code = "import sav_core, importlib.metadata as m; print(sav_core.__file__); print(m.version('sav-explorer'))"
    place, version = call(installed / "python", "-c", code, cwd=tmp_path).splitlines()
    assert Path(place).is_relative_to(installed.parent)
    assert version == sav_core.__version__


def test_fit_and_classify_need_nothing_but_what_is_installed(installed, tmp_path):
    code = "from sav_core import settings; print(settings().assets)"
    assets = Path(call(installed / "python", "-c", code, cwd=tmp_path).strip())
    assert assets.is_relative_to(installed.parent)
    task, asked = assets / "examples" / "new-things", ("--question", "What is this?")
    fitted = call(
        installed / "sav",
        "fit",
        "--train",
        task / "support",
        "--out",
        "things.sav",
        *asked,
        "--dtype",
        "float32",
        "--json",
        cwd=tmp_path,
    )
    assert json.loads(fitted)["model"] == "the embedded model"
    zebra = task / "queries" / "zebra" / "1.jpg"
    told = call(installed / "sav", "classify", "--classifier", "things.sav", zebra, "--json", cwd=tmp_path)
    assert json.loads(told)["label"] == "zebra"


def test_the_app_answers_from_another_folder(installed, tmp_path):
    here = {"PYTHONPATH": "", "SAV_ASSETS": ""}
    with serve(tmp_path, "app", program=(str(installed / "sav"),), cwd=tmp_path, **here) as address:
        with urllib.request.urlopen(address, timeout=60) as answer:
            page = answer.read().decode()
        assert '"title":"SAV Explorer"' in page
        assert "sav-plotly" in page
