"""The rooms of both packages, and which of them may know which. The folder is the room, so the table cannot go stale."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

GROUND = {"notebook", "types", "errors", "settings", "files", "tensor_file", "wording", "lazy"}
READING = {"data.allowance", "data.formats", "data.notes", "data.places"}
BELOW_PAGES = {"limits", "panels", "serving", "session", "uploads", "host"}

# Room -> what it may import of its own package besides itself: rooms, or single modules of them.
ROOMS = {
    "sav_core": {
        **dict.fromkeys(GROUND, GROUND),
        **dict.fromkeys(READING, READING | GROUND),
        "data.workers": GROUND,
        "data.pictures": {"data.workers"} | READING | GROUND,
        "data.archives": {"data.pictures", "data.workers"} | READING | GROUND,
        "data.clips": {"data.pictures", "data.workers"} | READING | GROUND,
        "data.examples": {"data.clips", "data.pictures"} | READING | GROUND,
        "data.folders": {"data.examples", "data.clips", "data.archives", "data.pictures"} | READING | GROUND,
        "data.lists": {"data.folders", "data.examples", "data.clips", "data.pictures"} | READING | GROUND,
        "data.sets": {
            "data.lists", "data.folders", "data.examples", "data.clips", "data.archives", "data.pictures",
        } | READING | GROUND,
        "scenes": GROUND,
        "deploy": GROUND,
        "models": {"data"} | GROUND,
        "activations": {"models", "data"} | GROUND,
        "heads": GROUND,
        "retrieval": {"heads", "data"} | GROUND,
        "evaluation": {"heads", "retrieval", "data"} | GROUND,
        "atlas": {"evaluation", "heads"} | GROUND,
        "figures": {"atlas", "evaluation", "retrieval", "heads", "data"} | GROUND,
        "vectors": {"activations", "models", "scenes", "data", "evaluation.intervals"} | GROUND,
        "causes": {"vectors.prefix_cache", "activations", "models", "figures", "evaluation", "data"} | GROUND,
        "bulk": {"sav", "activations", "models", "heads", "retrieval", "data"} | GROUND,
        "rivals": {"models", "evaluation", "data"} | GROUND,
        "pointing": {"activations", "models", "scenes", "data", "evaluation.intervals"} | GROUND,
        "sav": {"activations", "figures", "evaluation", "heads", "models", "data"} | GROUND,
        "reports": {
            "activations.prefixes", "sav", "rivals", "models", "atlas", "evaluation", "figures", "retrieval", "heads",
            "data",
        } | GROUND,
        "benchmarks": {"sav", "models", "evaluation", "data"} | GROUND,
        "cli": {
            "bulk", "sav", "reports", "benchmarks", "deploy", "causes", "rivals", "vectors", "atlas", "figures",
            "evaluation", "retrieval", "heads", "activations", "models", "scenes", "data", "pointing", "__init__",
        } | GROUND,
        "__main__": {"cli"},
        "__init__": {"sav", "reports", "figures", "evaluation", "heads", "activations", "models", "data"} | GROUND,
    },
    "sav_ui": {
        "limits": set(),
        "panels": set(),
        "uploads": {"limits", "serving.arrivals"},
        "serving": {"limits", "panels.errors", "panels.jobs", "panels.theme"},
        "session": {"limits", "panels", "serving"},
        "host": {"limits", "panels", "serving", "session", "uploads"},
        "pages.shared": BELOW_PAGES,
        "pages.header": {"pages.shared"} | BELOW_PAGES,
        "pages.teach": {"pages.shared"} | BELOW_PAGES,
        "pages.classify": {"pages.shared"} | BELOW_PAGES,
        "pages.measure": {"pages.shared"} | BELOW_PAGES,
        "pages.atlas": {"pages.shared"} | BELOW_PAGES,
        "pages.vectors": {"pages.shared"} | BELOW_PAGES,
        "pages.about": {"pages.shared"} | BELOW_PAGES,
        "api": BELOW_PAGES,
        "app": {
            "api", "pages.header", "pages.teach", "pages.classify", "pages.measure", "pages.atlas", "pages.vectors",
            "pages.about",
        } | BELOW_PAGES,
        "port": set(),
        "launch": {"port"} | BELOW_PAGES,
        "commands": {"app", "api", "launch", "port"} | BELOW_PAGES,
        "__init__": set(),
    },
}  # fmt: skip

WITHOUT_MODEL = ("heads", "retrieval", "evaluation", "atlas", "figures", "data", "scenes")


@cache
def modules(package):
    """Every module of a package by its dotted name, a folder's own as ``room.__init__``."""
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in sorted((ROOT / package).rglob("*.py"))}


def exists(name):
    """Whether a dotted name is a module or a folder of modules."""
    return name in modules(name.split(".")[0]) or f"{name}.__init__" in modules(name.split(".")[0])


@cache
def imported(path):
    """Every module that a file imports, wherever in the file, for type checkers too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            ours = node.module.split(".")[0] in ROOMS
            found |= {name if ours and exists(name) else node.module for name in whole}
    return found


def room_of(name):
    """The room that a module lies in, without its package."""
    package, _, inside = name.partition(".")
    inside = inside or "__init__"
    parts = inside.split(".")
    for end in range(len(parts), 0, -1):
        if ".".join(parts[:end]) in ROOMS[package]:
            return ".".join(parts[:end])
    return None


def rooms_of(package, name):
    """The rooms that a name of the table means: the one it lies in, or all of its corridor."""
    room = room_of(f"{package}.{name}")
    return {room} if room else {each for each in ROOMS[package] if each.startswith(f"{name}.")}


def is_corridor(name):
    """Whether a module is the ``__init__.py`` of a folder that holds nothing but rooms."""
    package, _, inside = name.removesuffix(".__init__").partition(".")
    return name.endswith(".__init__") and any(room.startswith(f"{inside}.") for room in ROOMS[package])


def against_the_table(package):
    """Every arrow that the table does not allow, (module, what it imports)."""
    for name, path in modules(package).items():
        if is_corridor(name):
            assert not imported(path), f"{name} holds rooms and nothing else"
            continue
        here = room_of(name)
        for target in imported(path) if here else ():
            if target.split(".")[0] != package:
                continue
            inside = target.partition(".")[2]
            allowed = {here, *ROOMS[package][here]}
            if room_of(target) not in allowed and not any(f"{inside}.".startswith(f"{each}.") for each in allowed):
                yield name.removesuffix(".__init__"), target


def assert_no_circle(needs):
    """Fail if names need each other in a circle: ``needs`` is each name with those it needs."""
    done = set()
    while ready := {name for name, others in needs.items() if others <= done} - done:
        done |= ready
    assert sorted(set(needs) - done) == [], "a circle is among them"


@pytest.mark.parametrize("package", ROOMS)
def test_every_module_has_a_room(package):
    homeless = [name for name in modules(package) if room_of(name) is None and not is_corridor(name)]
    assert not homeless, "give them a room in the table, or a place in one"


@pytest.mark.parametrize("package", ROOMS)
def test_every_name_in_the_table_exists(package):
    named = set(ROOMS[package]).union(*ROOMS[package].values())
    assert [name for name in sorted(named) if not exists(f"{package}.{name}")] == []


@pytest.mark.parametrize("package", ROOMS)
def test_every_module_that_is_imported_exists(package):
    ours = {(name, target) for name, path in modules(package).items() for target in imported(path)}
    assert sorted(arrow for arrow in ours if arrow[1].split(".")[0] in ROOMS and not exists(arrow[1])) == []


@pytest.mark.parametrize("package", ROOMS)
def test_every_import_follows_the_table(package):
    assert sorted(against_the_table(package)) == []


@pytest.mark.parametrize("package", ROOMS)
def test_the_rooms_of_the_table_stand_in_an_order(package):
    assert_no_circle(
        {
            name: set().union(*(rooms_of(package, each) for each in may)) - {name} - GROUND - READING
            for name, may in ROOMS[package].items()
        }
    )


@pytest.mark.parametrize("package", ROOMS)
def test_nothing_imports_in_a_circle(package):
    known = modules(package)
    assert_no_circle(
        {
            name: {each for target in imported(path) for each in (target, f"{target}.__init__") if each in known}
            for name, path in known.items()
        }
    )


def test_the_core_knows_no_user_interface():
    for name, path in modules("sav_core").items():
        assert not {each.split(".")[0] for each in imported(path)} & {"gradio", "sav_ui", "app"}, name


def test_the_pages_know_no_command_line():
    for name, path in modules("sav_ui").items():
        assert not [each for each in imported(path) if each.startswith("sav_core.cli")], name


@pytest.mark.parametrize("room", WITHOUT_MODEL)
def test_rooms_of_arrays_and_files_know_no_model(room):
    here = {name: path for name, path in modules("sav_core").items() if name.split(".")[1] == room}
    assert here
    for name, path in here.items():
        assert not {each.split(".")[0] for each in imported(path)} & {"torch", "transformers"}, name
