"""CSV and TSV text -> a record for each row, by the names in its first line."""

from __future__ import annotations

import csv
import io
import posixpath
import re
from collections.abc import Iterator

from sav_core.data.lists.keys import LABELS, PICTURES, QUESTIONS, found_keys, pictures_of, plain
from sav_core.errors import DatasetError

__all__ = ["read_table"]

_LONGEST = 64 << 20  # of a cell: some tables hold whole pictures in base64
_HEADER = "image,label"
_SAYS_SEPARATOR = re.compile(r'[ \t]*"?sep=(.)"?[ \t]*(?=[\r\n])', re.IGNORECASE)  # Excel's own first line


def read_table(text: str, listing: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield where each row stands, for messages, and what it says under each column.

    Args:
        text: of the file; columns are separated by what makes most of the header's names, or as Excel's ``sep=;`` says.
        listing: the file's name.

    Raises:
        DatasetError: the first line names no column that is read, or a row has more cells than there are columns.
    """
    if csv.field_size_limit() < _LONGEST:
        csv.field_size_limit(_LONGEST)  # of the whole process: Python has no other
    told = _SAYS_SEPARATOR.match(text)
    text = text[told.end() :] if told else text  # its line stays, an empty one, so that all keep their numbers
    separator = told[1] if told else _separator(text, listing)
    # Strict, for a quote that opens a cell and closes none would swallow the rows that follow.
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    header: list[str] | None = None
    try:
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if header is None:
                header = _checked([cell.strip() for cell in row], listing)
                continue
            where = f"Line {rows.line_num} of {listing!r}"
            if separator == "\t" and any("\t" in cell and "\n" in cell for cell in row):
                raise DatasetError(f"{where} closes a quote that was opened lines above: double the quotes in a text.")
            if len(row) > len(header):
                raise DatasetError(
                    f"{where} has {len(row)} cells, but the first line names {len(header)} columns: put a text that holds "
                    "the separator in quotes."
                )
            yield where, {name: cell for name, cell in zip(header, row, strict=False) if cell.strip()}
    except csv.Error as error:
        raise DatasetError(f"Line {rows.line_num} of {listing!r} is no row of a table ({error}): save it again.") from error


def _separator(text: str, listing: str) -> str:
    header = next((line for line in text.splitlines() if line.strip()), "")
    marks = "\t,;|" if posixpath.splitext(listing)[1].lower() == ".tsv" else ",;\t|"
    return max(marks, key=lambda mark: sum(map(_is_known, header.split(mark))))


def _is_known(column: str) -> bool:
    name = plain(column.strip().strip('"'))
    return name in {*PICTURES, *QUESTIONS, *LABELS} or bool(pictures_of({name: "x"}))


def _checked(header: list[str], listing: str) -> list[str]:
    if not any(map(_is_known, header)):
        raise DatasetError(
            f"{listing!r} begins with {found_keys(dict.fromkeys(header))}, none of which names an image, a question or a "
            f"label: let its first line name the columns, as {_HEADER}."
        )
    twice = {name for name in header if name and header.count(name) > 1}
    if twice:
        raise DatasetError(f"{listing!r} has the column {sorted(twice)[0]!r} twice: rename one.")
    return header
