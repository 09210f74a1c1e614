"""A project as one ``.zip``: pictures, labels, texts, settings and the fitted classifier, for this app and for others.

    pets.zip
    ├── project.json     title, labels, question, settings, model: to be read by people too
    ├── examples.jsonl   one line an example, in their order: the format of ``read_examples``
    ├── images/          the pictures and clips as they were given, a folder for each label
    ├── classify.rows    what pages keep beside it, a line an example, and pictures by their content: see ``kept_file``
    ├── measure.rows
    ├── work.json        what they keep that is no picture
    └── classifier.sav   when heads were found

One that a browser has kept lays all its pictures by their content, see ``pieces``.
So ``read_examples("pets.zip")`` and ``python -m sav_core fit --train pets.zip`` read it as it is.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from sav_core.data.archives.processes import open_archive
from sav_core.data.examples import Example, Skipped
from sav_core.data.pictures.levels import Levels
from sav_core.data.pictures.picture import as_picture
from sav_core.data.sets.datasets import read_examples
from sav_core.data.sets.one_scale import at_levels
from sav_core.errors import DatasetError, StorageError
from sav_ui.session.fit import Fit
from sav_ui.session.keeper import SavedPart
from sav_ui.session.kept_file import line_of, values_of
from sav_ui.session.manifest import MANIFEST, describe, parse_manifest
from sav_ui.session.places import (
    CLASSIFIER,
    EXAMPLES,
    WORK,
    content_of,
    label_places,
    listing_of,
    own_name,
    piece_place,
)
from sav_ui.session.project import Item, Project

__all__ = ["CLASSIFIER", "EXAMPLES", "file_name", "read_project", "write_project"]


def file_name(project: Project) -> str:
    """What to call a project's files, without an ending: letters, digits and hyphens."""
    words = re.findall(r"[^\W_]+", project.name or project.title or "-".join(label.name for label in project.labels[:3]))
    return "-".join(words)[:60].strip("-").lower() or "sav-project"


def write_project(
    path: Path,
    project: Project,
    fit: Fit | None = None,
    classifier: Path | None = None,
    kept: Mapping[str, SavedPart] | None = None,
) -> None:
    """Write a project as a ``.zip``.

    Args:
        path: where to.
        project: with one example or more.
        fit: of just this project, if there is one.
        classifier: the ``.sav`` file of that fit.
        kept: what pages keep beside it, by name.

    Raises:
        StorageError: the disk refuses.
    """
    places = label_places(project)
    try:
        with ZipFile(path, "w", ZIP_DEFLATED) as archive:
            archive.writestr(MANIFEST, describe(project, fit))
            archive.writestr(EXAMPLES, "".join(_line(project, item, places[item.id]) for item in project.items))
            for item in project.items:
                for picture, place in zip(item.pictures, places[item.id], strict=True):
                    archive.writestr(place, content_of(picture), ZIP_STORED)  # pictures are compressed as they are
            if kept is not None:
                _write_kept(archive, project, kept)
            if classifier is not None:
                archive.write(classifier, CLASSIFIER)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StorageError(f"The project cannot be saved ({error.strerror or error}): try again later.") from error


def read_project(path: Path, base: Project) -> tuple[Project, tuple[Skipped, ...]]:
    """Open a saved project.

    Args:
        path: a file from wherever; nothing of it reaches the disk.
        base: the project that it takes the place of; identities go on from its own.

    Returns:
        The project, with the model it was made with, and the pictures that had to be left out.

    Raises:
        DatasetError: it is no saved project, is damaged, or is crafted to do harm.
        InputError: it is larger than a project may be.
    """
    with open_archive(path) as archive:
        if MANIFEST not in archive.names:
            raise DatasetError(
                f"{path.name!r} is no saved project, for it holds no {MANIFEST}: to add pictures from a ZIP of label "
                "folders, use Import on the Teach page."
            )
        try:
            manifest = parse_manifest(archive.read(MANIFEST))
        except OSError as error:
            raise DatasetError(f"{path.name!r} cannot be read, for {error}: save the project again.") from error
    project = Project(
        question=manifest.question,
        n_kept=manifest.n_kept,
        scoring=manifest.scoring,
        voting=manifest.voting,
        threshold=manifest.threshold,
        model=manifest.model,
        title=manifest.title,
        name=manifest.name,
        clips=manifest.clips or Project.clips,
        detail=manifest.detail,
        max_layer=manifest.max_layer,
        next_id=base.next_id,
    )
    for name in manifest.labels:
        project = project.with_label(name)
    if not manifest.n_examples:
        return project, ()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what was skipped is in the answer
        found = read_examples(path, question=manifest.question, clips=manifest.clips)
    examples = at_levels(found, Levels.from_dict(manifest.levels)) if manifest.levels else list(found)
    return project.with_labelled([_renamed(example) for example in examples]), found.skipped


def _write_kept(archive: ZipFile, project: Project, kept: Mapping[str, SavedPart]) -> None:
    archive.writestr(WORK, values_of(kept))
    for name, part in kept.items():
        lines = [json.dumps(line_of(project, row), ensure_ascii=False) + "\n" for row in part.rows]
        if lines:
            archive.writestr(listing_of(name), "".join(lines))
    pictures = {piece_place(picture): picture for part in kept.values() for row in part.rows for picture in row.pictures}
    for place, picture in pictures.items():
        archive.writestr(place, content_of(picture), ZIP_STORED)


def _line(project: Project, item: Item, places: tuple[str, ...]) -> str:
    record = {
        "images": list(places),
        "question": item.text or project.question,
        "label": project.label(item.label).name,
    }
    return json.dumps(record, ensure_ascii=False) + "\n"


def _renamed(example: Example) -> Example:
    """With its pictures called as they were before they were saved."""
    return Example([as_picture(picture, own_name(picture)) for picture in example.images], example.question, example.label)
