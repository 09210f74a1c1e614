"""The command that lays the tasks of one model beside each other: which heads know which, and whether heads travel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sav_core.cli.console import print_json, print_line, print_table, progress_bar
from sav_core.cli.opening import (
    clip_sampling,
    open_backbone,
    open_examples,
    print_dtype,
)
from sav_core.cli.options import AsJson, BelievedBy, Dtype, KeptHeads, Model, Question, ScoredBy, Voting
from sav_core.cli.readings import print_readings, reading_values
from sav_core.data.examples import Example, Skipped
from sav_core.data.notes import Note
from sav_core.data.sets.ready_tasks import is_ready_task, read_ready_task, ready_task_folders
from sav_core.errors import InputError

if TYPE_CHECKING:
    from sav_core.atlas import AtlasReport, TaskRow
    from sav_core.heads.classifier import HeadClassifier
    from sav_core.models.backbones import Backbone
    from sav_core.reports.atlas_tasks import FittedTask

__all__ = ["add_atlas"]

_PAIRS = 12  # that are listed


def add_atlas(app: typer.Typer) -> None:
    """Mount the command."""
    app.command(epilog="Example: [bold]python -m sav_core atlas --ready pets.sav birds/ --html atlas.html[/bold]")(atlas)


def atlas(
    tasks: Annotated[
        list[str] | None,
        typer.Argument(
            help="Each a .sav file, labelled examples (folder, .zip, .jsonl, .csv, a saved project) or a ready task.",
            show_default=False,
        ),
    ] = None,
    ready: Annotated[bool, typer.Option("--ready", help="Also every ready task that comes with the program.")] = False,
    model: Model = None,
    dtype: Dtype = "auto",
    heads: KeptHeads = 20,
    voting: Voting = "majority",
    scoring: ScoredBy = "resubstitution",
    belief: BelievedBy = "margin",
    question: Question = "",
    seed: Annotated[int, typer.Option("--seed", help="Of the random heads: the same seed draws the same.")] = 0,
    html: Annotated[Path | None, typer.Option("--html", help="Also write everything as a page of its own.")] = None,
    cells: Annotated[Path | None, typer.Option("--csv", help="Also write a line for each task and head (CSV).")] = None,
    pairs: Annotated[Path | None, typer.Option("--pairs", help="Also write a line for each two tasks (CSV).")] = None,
    as_json: AsJson = False,
) -> None:
    """Lay tasks of one model beside each other: which heads know which, what tasks share, whether heads travel.

    A .sav file gives its row and lends its heads. What is read by the model is also answered by the heads of the others.
    """
    from sav_core.heads.classifier import HeadClassifier  # scikit-learn takes a second, and help must not wait for it

    settings = HeadClassifier(heads, voting, scoring, belief)
    settings.check_settings()
    sources = [*(ready_task_folders() if ready else ()), *map(Path, tasks or ())]
    if not sources:
        raise InputError(
            "An atlas needs tasks: name .sav files, sets of labelled examples or ready tasks, or give --ready."
        )
    found = [_opened(source, question) for source in sources]
    given = [each for each in found if isinstance(each, _Given)]
    backbone = _backbone(found, model, dtype) if given else None
    report = _surveyed(found, backbone, settings, seed)
    _write(report, html, cells, pairs)
    if as_json:
        from sav_core.atlas import atlas_values

        print_json({**atlas_values(report), **reading_values(*given)})
        return
    _print_report(report)
    if backbone is not None:
        print_dtype(backbone)
    print_readings(*given)


@dataclass(frozen=True)
class _Given:
    """A task whose examples the model is to see."""

    name: str
    support: Sequence[Example]
    queries: Sequence[Example] = ()
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[Note, ...] = ()


def _opened(source: Path, question: str) -> TaskRow | _Given:
    """The row of a ``.sav`` file, or the examples of anything else; what they lack is told before a model is loaded."""
    named = next((folder for folder in ready_task_folders() if folder.name == str(source)), source)
    folder = source if source.exists() else named
    if source.suffix == ".sav":
        from sav_core.atlas import row_of_file

        return row_of_file(source)
    if is_ready_task(folder):
        task = read_ready_task(folder)
        return _Given(task.name, task.support, task.queries)
    from sav_core.heads.support_checks import check_labels

    examples = open_examples(str(source), question, clip_sampling(8, None, "still", "frames"))
    check_labels([example.label for example in examples], [example.name for example in examples])
    return _Given(source.stem, examples, (), tuple(examples.skipped), tuple(examples.notes))


def _backbone(found: Sequence[TaskRow | _Given], model: str | None, dtype: str) -> Backbone:
    """The model that is asked for, or that the files remember; files of another are refused before anything is read."""
    rows = [each for each in found if not isinstance(each, _Given)]
    remembered = next((row.model for row in rows if "/" in row.model), None)
    backbone = open_backbone(model or remembered, dtype)
    for row in rows:
        row.check_model("what is read here", backbone.name, backbone.identity, backbone.geometry.heads)
    return backbone


def _surveyed(
    found: Sequence[TaskRow | _Given], backbone: Backbone | None, settings: HeadClassifier, seed: int
) -> AtlasReport:
    from sav_core.reports.atlas_tasks import fit_task, survey_tasks  # takes torch with it

    tasks: list[FittedTask | TaskRow] = []
    for each in found:
        if isinstance(each, _Given):
            assert backbone is not None
            with progress_bar(f"reading {each.name}") as progress:
                tasks.append(fit_task(backbone, each.name, each.support, each.queries, settings, progress=progress))
        else:
            tasks.append(each)
    return survey_tasks(tasks, settings, seed=seed)


def _write(report: AtlasReport, html: Path | None, cells: Path | None, pairs: Path | None) -> None:
    from sav_core.files import write_atomically

    if html is not None:
        from sav_core.reports.atlas_page import atlas_page

        write_atomically(html, atlas_page(report).encode())
    if cells is not None or pairs is not None:
        from sav_core.reports.atlas_tables import as_cells, as_pairs

        for path, told in ((cells, as_cells), (pairs, as_pairs)):
            if path is not None:
                write_atomically(path, told(report).encode())


def _print_report(report: AtlasReport) -> None:
    from sav_core.atlas import findings
    from sav_core.reports.atlas_page import TASK_COLUMNS, cluster_rows, overlap_rows, task_rows, transfer_rows

    atlas = report.atlas
    names, said = list(atlas.names), findings(report)
    print_table(TASK_COLUMNS, [list(map(str, row)) for row in task_rows(atlas, names)])
    if "counts" in said:
        print_line(f"\n{said['counts']}")
    if report.overlaps:
        print_line(f"\n{said['overlaps']}\n")
        columns = ["task", "and", "shared", "by chance", "p", "q", "in the same layers", "p", "q"]
        print_table(columns, [list(map(str, row)) for row in overlap_rows(report, names)[:_PAIRS]])
        if len(report.overlaps) > _PAIRS:
            print_line(f"{len(report.overlaps) - _PAIRS} more pairs are in --json and --pairs.")
        print_line(f"\n{said['sharing']}")
    if report.clusters is not None:
        print_line(f"\n{said['clusters']}\n")
        rows = [list(map(str, row)) for row in cluster_rows(report.clusters, names)]
        print_table(["cluster", "heads", "mean skill", "knows best", "which"], rows)
    if report.transfer is not None:
        print_line(f"\n{said.get('transfer', '')}\n")
        columns = ["on", "examples", "commonest", "own heads", "others' heads", "best of others", "worst", "random heads"]
        print_table(columns, [list(map(str, row)) for row in transfer_rows(report, {name: name for name in names})])
    print_line("")
