"""One truth: the page, the command line and the library say the same figures of the same examples, under the same keys."""

import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from sav_core import SavClassifier, load_backbone, read_examples
from sav_core.cli.app import main
from sav_core.reports.measure import measure as measure_in_python
from sav_core.reports.values import values
from sav_ui.pages.measure import actions as measure
from sav_ui.pages.measure import view as measure_view
from sav_ui.pages.measure.run import run as measure_run
from sav_ui.pages.measure.state import WHERE
from tests.support.people import context, sent, small_project, taught
from tests.support.tiny_models import example_image

LABELS = ("a cat", "hund")
TOLD_APART = {"title", "date", "test"}  # what people call it, and when


@pytest.fixture
def sets(tmp_path):
    """The project of the page, and its examples, a test set and pictures of something else as files."""
    project = small_project(LABELS, each=4)
    lines = []
    for number, item in enumerate(project.items):
        example = project.example(item)
        (tmp_path / f"{number}.png").write_bytes(example.images[0].encoded)
        lines.append(json.dumps({"image": f"{number}.png", "label": example.label}))
    (tmp_path / "train.jsonl").write_text("\n".join(lines), encoding="utf-8")
    for name, folders in (("tests.zip", {"a cat": 3, "hund": 2}), ("unknown.zip", {"fish": 2})):
        with zipfile.ZipFile(tmp_path / name, "w") as zipped:
            for number, (folder, count) in enumerate(folders.items()):
                for row in range(count):
                    buffer = io.BytesIO()
                    example_image(200 + 10 * (number + len(name)) + row).save(buffer, "PNG")
                    zipped.writestr(f"{folder}/{row}.png", buffer.getvalue())
    return project, tmp_path


def on_the_page(models, project, files):
    session = taught(models, project)
    for file in files:
        measure.act(context(session, models, WHERE), {"do": "bring_tests", "files": [sent(file)]})
    measure.act(context(session, models, WHERE), {"do": "ask", "value": True})
    for _ in measure_run(context(session, models, WHERE), {"do": "measure"}):
        pass
    measure.act(context(session, models, WHERE), {"do": "save_report", "format": "json"})
    link = measure_view.setup(session)["saved"]
    saved = json.loads(Path(link["url"].removeprefix("gradio_api/file=")).read_text(encoding="utf-8"))
    html = measure_view.report(session)["html"]
    tips = r'\s*<span data-key="tip-[^>]*>&nbsp;<button[^>]*class="tip".*?</span><span class="tip-words".*?</span>'
    shown = re.sub(tips, "", html, flags=re.DOTALL)  # what a term means
    return saved, " ".join(shown.split())


def test_the_page_the_command_line_and_the_library_say_the_same(models, sets, tiny_checkpoint, capsys):
    project, folder = sets
    page, shown = on_the_page(models, project, [folder / "tests.zip", folder / "unknown.zip"])
    train, test, unknown = (folder / name for name in ("train.jsonl", "tests.zip", "unknown.zip"))
    settings = ["--heads", "5", "--voting", page["voting"], "--scoring", page["scoring"], "--dtype", "float32"]
    asked = ["--controls", "--rules", "--sweep", "--confidence", "--foreign", str(unknown), "--json"]
    names = [
        "--train",
        str(train),
        "--test",
        str(test),
        "--question",
        project.question,
        "--model",
        tiny_checkpoint("llava"),
    ]
    assert main(["evaluate", *names, *settings, *asked]) == 0
    command = json.loads(capsys.readouterr().out)
    backbone = load_backbone(tiny_checkpoint("llava"), dtype="float32")
    python = measure_in_python(
        SavClassifier(backbone, n_kept=5, voting=page["voting"], scoring=page["scoring"]),
        read_examples(train, question=project.question),
        read_examples(test, question=project.question),
        unknown=read_examples(unknown, question=project.question),
        **dict.fromkeys(("baselines", "own_answers", "rules", "sweeps", "confidence"), True),
    )
    library = json.loads(json.dumps(values(python)))
    assert set(page) == set(command) == set(library)
    assert {"controls", "rules", "sweep", "confidence", "foreign", "examples", "overlap"} < set(page)
    for key in sorted(set(page) - TOLD_APART):
        assert page[key] == command[key] == library[key], key
    assert f"<strong>{round(100 * command['accuracy'])}<span> %" in shown
    assert f"ROC area of {command['foreign']['area']:.3f}" in shown
    assert f"{round(100 * command['confidence']['left_out_accuracy'])} % of {command['confidence']['left_out_n']}" in shown
