"""What is imported is declared, and what is declared agrees with what is pinned and tested."""

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
OURS = {"app", "perf", "sav_core", "sav_ui", "tests", "tools"}
ON_REQUEST = (
    "index",
    "lora",
    "ray",
)  # extras that are imported where an option asks for them, which says how to install
ON_A_SPACE = {"spaces"}  # imported where a ZeroGPU Space brings it, and nowhere needed


def key(requirement):
    """The package and its extras: ``gradio[mcp]`` is another line than ``gradio``."""
    return canonicalize_name(requirement.name), frozenset(requirement.extras)


def by_key(lines):
    found = {key(requirement): requirement for requirement in map(Requirement, lines)}
    assert len(found) == len(lines), "a package stands there twice"
    return found


def pinned(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return by_key([line for line in lines if line.strip() and not line.startswith(("#", "-r "))])


def imported(*places):
    """``{top-level name: a file that imports it}``, of what is neither Python's own nor this project's."""
    found = {}
    for path in (path for place in places for path in ([place] if place.is_file() else sorted(place.rglob("*.py")))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            found |= {name.split(".")[0]: path for name in names}
    return {name: path for name, path in found.items() if name not in sys.stdlib_module_names | OURS | ON_A_SPACE}


@cache
def homes():
    """``{top-level name: packages that install it}``."""
    return packages_distributions()


def undeclared(imports, declared):
    """Imports of no declared package. What is not installed here, such as the tools' extra, is known by its own name."""
    known = {name for name, _ in declared}
    return {
        name: str(path.relative_to(ROOT))
        for name, path in imports.items()
        if not {canonicalize_name(home) for home in homes().get(name, (name,))} & known
    }


def test_every_import_of_the_package_is_declared():
    imports = imported(ROOT / "sav_core", ROOT / "sav_ui", ROOT / "app.py")
    assert {"numpy", "PIL", "sklearn", "gradio"} <= set(imports)  # found at all, under names that are not their packages'
    declared = by_key([*PROJECT["dependencies"], *(line for name in ON_REQUEST for line in EXTRAS[name])])
    assert undeclared(imports, declared) == {}


def test_every_import_of_tests_and_tools_is_declared():
    imports = imported(ROOT / "tests", ROOT / "tools", ROOT / "perf")
    extras = dict.fromkeys(line for name in ("dev", "tools", *ON_REQUEST) for line in EXTRAS[name])
    assert undeclared(imports, by_key([*PROJECT["dependencies"], *extras])) == {}


@pytest.mark.parametrize(
    ("ranges", "file"),
    [
        (PROJECT["dependencies"], "requirements.txt"),
        *((EXTRAS[name], f"requirements-{name}.txt") for name in ("audit", "dev", "index", "lora", "mcp", "ray", "tools")),
    ],
    ids=["dependencies", "audit", "dev", "index", "lora", "mcp", "ray", "tools"],
)
def test_every_pin_lies_in_its_range(ranges, file):
    declared, pins = by_key(ranges), pinned(file)
    assert set(declared) == set(pins), f"pyproject.toml and {file} name other packages"
    for each, pin in pins.items():
        exact = re.fullmatch(r"==([^*]+)", str(pin.specifier))
        if exact is None:  # a range in both places
            assert declared[each].specifier == pin.specifier, f"{pin} is not {declared[each]}"
        else:
            assert declared[each].specifier.contains(exact[1]), f"{pin} is outside {declared[each]}"


def test_the_extras_are_those_of_the_files():
    assert {f"requirements-{name}.txt" for name in EXTRAS} == {path.name for path in ROOT.glob("requirements-*.txt")}
