"""The command line of the benchmarks: ``python -m sav_core benchmark [NAME --data DIR]``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sav_core.benchmarks.facts import BENCHMARKS
from sav_core.benchmarks.prompts import Options
from sav_core.benchmarks.row import Benchmark
from sav_core.cli.console import print_json, print_line, print_table, progress_bar
from sav_core.cli.opening import clip_sampling, open_backbone
from sav_core.cli.options import (
    AsJson,
    BelievedBy,
    ClipsAs,
    Dtype,
    Frames,
    FramesPerSecond,
    KeptHeads,
    Model,
    ScoredBy,
    Voting,
)
from sav_core.cli.readings import print_notes
from sav_core.data.notes import Note
from sav_core.errors import SettingError
from sav_core.wording import percent, percent_range

if TYPE_CHECKING:
    from sav_core.benchmarks import Loaded, Split

__all__ = ["add_benchmark"]


def add_benchmark(app: typer.Typer) -> None:
    """Mount the command."""
    app.command(
        "benchmark",
        epilog=(
            "Example: [bold]python -m sav_core benchmark pets --data oxford-iiit-pet/ --shots 20 --seed 0 --split pets.json"
            "[/bold] draws a split, writes it and runs it; whoever has pets.json repeats it."
        ),
    )(benchmark)


def benchmark(
    name: Annotated[str, typer.Argument(help="Which one; without a name all are listed.", show_default=False)] = "",
    data: Annotated[
        Path | None, typer.Option("--data", help="The data set's folder, in its owners' or the SAV release's layout.")
    ] = None,
    shots: Annotated[
        int | None,
        typer.Option("--shots", help="Examples per label in the support; the published split where there is one, else 20."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the draw.")] = 0,
    split: Annotated[
        Path | None,
        typer.Option(
            "--split", help="Split file: used if it is there (then --shots and --seed are its own), else written."
        ),
    ] = None,
    split_only: Annotated[bool, typer.Option("--split-only", help="Draw and write the split, run no model.")] = False,
    task: Annotated[
        list[str] | None, typer.Option("--task", help="Only this sub-task; may be given several times.")
    ] = None,
    queries: Annotated[int | None, typer.Option("--queries", help="Ask about at most so many examples per label.")] = None,
    options: Annotated[
        Options | None,
        typer.Option(
            "--options", help="Answers that the question names; four class names, as published, make it a 4-way choice."
        ),
    ] = None,
    model: Model = None,
    dtype: Dtype = "auto",
    heads: KeptHeads = 20,
    voting: Voting = "majority",
    scoring: ScoredBy = "resubstitution",
    belief: BelievedBy = "margin",
    frames: Frames = 8,
    fps: FramesPerSecond = None,
    clips_as: ClipsAs = "frames",
    zero_shot: Annotated[
        bool, typer.Option("--zero-shot", help="Also ask the model itself, by label likelihood, without any support.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run a published benchmark on your own copy of its data, beside the published figures."""
    from sav_core.benchmarks import load_benchmark
    from sav_core.benchmarks.facts import benchmark_named
    from sav_core.benchmarks.prompts import default_options

    if not name:
        _list(as_json)
        return
    row = benchmark_named(name)
    if data is None:
        raise SettingError(f"--data is missing: give the folder of {row.title}, which you get from {row.url}")
    if split_only and split is None:
        raise SettingError("--split-only needs --split FILE: name the file to write.")
    everything = load_benchmark(name, data)
    loaded = everything.of_tasks(task or ())
    drawn, read_back = _split(everything, loaded, split, shots, seed, queries)
    facts = _split_facts(everything, drawn, split, read_back)
    if split_only:
        if as_json:
            print_json(facts)
        else:
            print_line(_about(facts))
        return
    chosen = options or default_options(row)
    clips = clip_sampling(frames, fps, "still", clips_as)
    result = {
        "benchmark": name,
        "title": row.title,
        "layout": loaded.layout,
        "missing": len(loaded.missing),
        "split": facts,
        "options": chosen,
        "heads": heads,
        "voting": voting,
        "scoring": scoring,
        "belief": belief,
        **({"clips": {"frames": frames, "per_second": fps, "way": clips_as}} if row.moving else {}),
        **_run(
            loaded,
            drawn,
            model,
            dtype,
            options=chosen,
            n_kept=heads,
            voting=voting,
            scoring=scoring,
            belief=belief,
            zero_shot=zero_shot,
            clips=clips,
        ),
        "published": [each._asdict() for each in row.published],
        "published_in": row.published_in if row.published else None,
        "caveats": row.caveats,
    }
    if as_json:
        print_json(result)
    else:
        print_line(_about(facts))
        _print(row, result)


def _run(loaded: Loaded, split: Split, model: str | None, dtype: str, **settings: Any) -> dict[str, Any]:
    from sav_core.benchmarks.run import run_benchmark

    backbone = open_backbone(model, dtype)
    with progress_bar(loaded.benchmark.title) as progress:
        run = run_benchmark(backbone, loaded, split, progress=progress, **settings)
    return {"model": backbone.name, "dtype": backbone.dtype_name, **run.as_dict()}


def _split(
    everything: Loaded, loaded: Loaded, path: Path | None, shots: int | None, seed: int, queries: int | None
) -> tuple[Split, bool]:
    """Return the split of the file if it is there, else a new one, written if there is a place for it.

    The file may be of more sub-tasks than are run: it is read for all the data, then narrowed.
    """
    from sav_core.benchmarks import draw_split, narrow_split, read_split, write_split

    if path is not None and path.exists():
        if queries is not None:
            raise SettingError(f"{path} says already what is asked: leave --queries out, or write another split.")
        return narrow_split(read_split(path, everything), loaded), True
    few = shots if shots is not None or loaded.has_own_split else 20
    drawn = draw_split(loaded, shots=few, seed=seed, queries=queries)
    if path is not None:
        write_split(path, drawn)
    return drawn, False


def _split_facts(loaded: Loaded, split: Split, path: Path | None, read_back: bool) -> dict[str, Any]:
    from sav_core.benchmarks import repeated

    return {
        "file": None if path is None else str(path),
        "read_back": read_back,
        "sha256": None if path is None else hashlib.sha256(path.read_bytes()).hexdigest(),
        "shots": split.shots,
        "seed": split.seed,
        "support": len(split.support),
        "queries": len(split.queries),
        "overlap_left_out": len(split.overlap),
        "published": split.published,
        "repeated": len(repeated(loaded, split)),
    }


def _about(facts: dict[str, Any]) -> str:
    where = "" if facts["file"] is None else f", {'read from' if facts['read_back'] else 'written to'} {facts['file']}"
    overlap = f"; {facts['overlap_left_out']} that are also in the support are not asked" * bool(facts["overlap_left_out"])
    again = f"; {facts['repeated']} of the support repeat another of their sub-task" * bool(facts["repeated"])
    most, how = ("up to ", "as published") if facts["published"] else ("", f"seed {facts['seed']}")
    return (
        f"Split: {most}{facts['shots']} of each label support ({facts['support']}), {facts['queries']} are asked, "
        f"{how}{where}{overlap}{again}."
    )


def _print(row: Benchmark, result: dict[str, Any]) -> None:
    print_line(
        f"{row.title} with {result['model']} ({result['dtype']}), {result['heads']} heads, {result['voting']}, "
        f"answer options in the question: {result['options']}.\n"
    )
    print_table(["", "score", "95 % interval", "n"], [_line(name, score) for name, score in result["scores"].items()])
    if result["zero_shot"]:
        print_line("\nThe model itself, zero-shot by label likelihood:")
        rows = [_line(name, score) for name, score in result["zero_shot"].items()]
        print_table(["", "score", "95 % interval", "n"], rows)
    if len(result["per_task"]) > 1:
        print_line("")
        headline = next(iter(next(iter(result["per_task"].values()))))
        rows = [_line(task, next(iter(scores.values()))) for task, scores in result["per_task"].items()]
        print_table(["sub-task", headline.replace("_", " "), "95 % interval", "n"], rows)
    if row.published:
        print_line(f"\nPublished (read off {row.published_in}):")
        print_table(
            ["model", "zero-shot", "LoRA", "SAV"],
            [[each.model, *map(_published, (each.zero_shot, each.lora, each.sav))] for each in row.published],
        )
    for caveat in row.caveats:
        print_line(f"Note: {caveat}")
    print_notes([Note(each["kind"], each["text"], each["count"], tuple(each["examples"])) for each in result["notes"]])
    if left_out := len(result["skipped"]) + result["missing"]:
        print_line(f"{left_out} file{'s were' if left_out > 1 else ' was'} missing or unreadable; the warnings say why.")


def _published(score: float | None) -> str:
    return "" if score is None else percent(score / 100, 1)


def _line(name: str, score: dict[str, Any]) -> list[str]:
    return [name.replace("_", " "), percent(score["value"], 1), percent_range(score["interval"], 1), str(score["n"])]


def _list(as_json: bool) -> None:
    if as_json:
        print_json([{"name": b.name, "title": b.title, "url": b.url, "expects": b.expects} for b in BENCHMARKS.values()])
        return
    for each in BENCHMARKS.values():
        print_line(f"{each.name:<13} {each.title}: {each.url}")
        for line in each.expects:
            print_line(f"{'':<13}   {line}")
