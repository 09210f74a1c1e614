"""A benchmark's name and a folder -> its items, whichever layout lies there."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from sav_core.benchmarks.facts import benchmark_named
from sav_core.benchmarks.folder import Folder
from sav_core.benchmarks.items import Item, Loaded
from sav_core.benchmarks.layouts import OWN
from sav_core.benchmarks.release import read_release, release_files
from sav_core.benchmarks.row import Benchmark
from sav_core.data.sets.kinds import kinds_of
from sav_core.errors import DatasetError, SkippedWarning

__all__ = ["load_benchmark"]

_SHOWN = 3


def load_benchmark(name: str, data: str | Path, *, tasks: Sequence[str] = ()) -> Loaded:
    """List a benchmark's items; no image is opened.

    Args:
        name: one of ``BENCHMARKS``.
        data: the folder of the data set in its owners' layout, or one with the SAV release's JSON or JSONL files for it
            and the images, or one such file.
        tasks: only these sub-tasks; all by default.

    Raises:
        SettingError: there is no such benchmark or sub-task.
        DatasetError: the folder has neither layout; the message says what was expected and where to get it.
    """
    benchmark, path = benchmark_named(name), Path(data)
    if path.is_file():
        folder = Folder(path.parent, benchmark)
        if path.suffix not in (".json", ".jsonl"):
            raise folder.wrong(f"{path.name} is neither a folder nor a .json or .jsonl of the SAV release")
        layout, items = "release", list(read_release(folder, [path.name]))
    elif path.is_dir():
        folder = Folder(path, benchmark)
        layout, items = _either(folder)
    else:
        raise DatasetError(f"There is no folder or file {str(path)!r}: give the place of {benchmark.title}.")
    items = _whole_groups(items, benchmark)
    if not items and layout == "release":
        raise DatasetError(
            f"The files of the SAV release for {benchmark.title} are read, but not one of the images that they name is in "
            f"{folder.root} or below, such as {folder.missing[:1]}: put them there; they come from {benchmark.url}"
        )
    if not items:
        raise folder.wrong(f"not one of the images that its files name is there, such as {folder.missing[:1]}")
    if folder.missing:
        missing = list(dict.fromkeys(folder.missing))
        verb = "is" if len(missing) == 1 else "are"
        warnings.warn(
            f"{kinds_of(missing)} of {benchmark.title} that its files name {verb} not there, such as "
            f"{', '.join(missing[:_SHOWN])}: what needs them is left out. Get them from {benchmark.url}",
            SkippedWarning,
            stacklevel=2,
        )
    return Loaded(benchmark, tuple(items), layout, tuple(dict.fromkeys(folder.missing))).of_tasks(tasks)


def _either(folder: Folder) -> tuple[str, list[Item]]:
    """Read the own layout; if it is not there but the release's files are, read those."""
    try:
        return "own", list(OWN[folder.benchmark.name](folder))
    except OSError as error:
        raise folder.wrong(f"{error.filename} cannot be read ({error.strerror})") from error
    except DatasetError as not_own:
        names = release_files(folder)
        if not names:
            raise
        folder.missing.clear()
        try:
            return "release", list(read_release(folder, names))
        except DatasetError as not_release:
            raise DatasetError(f"{not_own} As files of the SAV release they cannot be read either: {not_release}") from None


def _whole_groups(items: list[Item], benchmark: Benchmark) -> list[Item]:
    """Leave out groups of which an image is missing: they could never be right."""
    size = {"pairs": 2, "groups": 4}.get(benchmark.rule)
    sizes: dict[str, int] = {}
    for item in items:
        sizes[item.group] = sizes.get(item.group, 0) + 1
    return [item for item in items if size is None or not item.group or sizes[item.group] == size]
