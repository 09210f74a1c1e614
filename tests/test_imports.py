"""The import direction of the design: the model side and the maths side meet only in the floor above both."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

BELOW = {
    "errors", "settings", "storage", "decoding", "images", "records", "archives", "sources", "listings", "jsonl",
    "datasets", "cache", "scenes", "scene_tasks", "duplicates", "benchmarks", "features", "indexes", "in_context",
    "notebook",
}  # fmt: skip
MODEL = {
    "quiet", "checkpoints", "decoders", "processors", "prompts", "batching", "precision", "backbones", "hooks",
    "lookahead", "extraction", "answers", "attention", "placement", "overlays", "probes", "weights", "catalogue",
    "vectors",
}  # fmt: skip
MATHS = {
    "heads", "voting", "classifier", "classifier_file", "evaluation", "retrieval", "figures", "blocks", "ties",
    "gaussian", "reliability", "confidence", "abstention", "held_out", "comparison", "episodes", "sweeps", "controls",
    "measure_figures", "vector_figures", "compression", "exports", "majority_left_out", "support_fit",
}  # fmt: skip
ABOVE = {
    "sav", "reports", "model_controls", "evaluate_cli", "evaluate_words", "command_parts", "console", "cli", "space",
    "space_cli", "space_facts", "benchmark_runs", "benchmark_cli", "vectors_cli", "vectors_options", "vectors_runs",
    "vectors_words", "opening", "retrieval_cli", "retrieval_reports", "measurement", "measurement_files", "report_values",
    "measurement_page", "measurement_words", "plugins", "__main__", "__init__",
}  # fmt: skip

MAY_IMPORT = {
    **dict.fromkeys(BELOW, BELOW),
    **dict.fromkeys(MODEL, BELOW | MODEL),
    **dict.fromkeys(MATHS, BELOW | MATHS),
    **dict.fromkeys(ABOVE, BELOW | MODEL | MATHS | ABOVE),
}


def imported(path):
    """Every module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            yield node.module


def sources(package):
    return sorted((ROOT / package).rglob("*.py"))


def dotted(path):
    """A file's name inside the core: ``heads``, ``benchmarks.facts``, ``benchmarks`` for a package's own."""
    return ".".join(path.relative_to(ROOT / "sav_core").with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", sources("sav_core"), ids=dotted)
def test_every_import_in_the_core_points_down(path):
    ours = {name.split(".")[1] for name in imported(path) if name.startswith("sav_core.")}
    top = dotted(path).split(".")[0]  # a package has one floor
    assert top in MAY_IMPORT, f"{top} has no floor yet: give it one in this test"
    assert ours <= MAY_IMPORT[top]


@pytest.mark.parametrize("path", sources("sav_core"), ids=dotted)
def test_the_core_knows_no_user_interface(path):
    assert not {name.split(".")[0] for name in imported(path)} & {"gradio", "sav_ui", "app"}


@pytest.mark.parametrize("name", sorted(MATHS))
def test_the_maths_side_knows_no_model(name):
    path = ROOT / "sav_core" / f"{name}.py"
    if path.exists():
        assert not {module.split(".")[0] for module in imported(path)} & {"torch", "transformers"}


def test_nothing_below_imports_in_a_circle():
    order, seen = [], set()

    def visit(name, path=()):
        assert name not in path, f"a circle: {' -> '.join((*path, name))}"
        if name in seen:
            return
        seen.add(name)
        for module in imported(files[name]):
            if module.startswith("sav_core."):
                visit(module.removeprefix("sav_core."), (*path, name))
        order.append(name)

    files = {dotted(path): path for path in sources("sav_core")}
    for name in files:
        if name not in {"__init__", "sav"}:  # sav names Backbone for type checkers only
            visit(name)
    assert order
