"""A classifier's answers -> a file, as they come: ``.jsonl`` as ``classify --json`` prints them, or ``.parquet``.

A Parquet file has a row for each query: ``name`` and ``label`` as that of vectors, then ``truth``, ``confidence``,
``probability``, ``closeness``, ``acceptance``, ``none_below``, ``none``, ``shares`` by label and the ``votes``; empty where
not known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from sav_core.errors import SettingError
from sav_core.files import whole_file

__all__ = ["ANSWER_SUFFIXES", "answer_table", "check_answers", "doubted", "open_answers"]

ANSWER_SUFFIXES = (".jsonl", ".parquet")

Answers = Sequence[Mapping[str, Any]]


def doubted(answer: Mapping[str, Any], none_below: float | None) -> dict[str, Any]:
    """Return an answer with "none of these" as it was asked for, in place of what the classifier learned.

    Args:
        answer: as `Prediction.as_dict` has it.
        none_below: the acceptance below which it is none; as learned with ``None``.
    """
    if none_below is None:
        return dict(answer)
    acceptance = answer["confidence"] * answer.get("closeness", 1.0)
    return {**answer, "acceptance": acceptance, "none_below": none_below, "none": acceptance < none_below}


def check_answers(path: str | Path) -> None:
    """Refuse a file name of another kind, before any model runs.

    Raises:
        SettingError: the name does not end as one of ``ANSWER_SUFFIXES``.
    """
    if Path(path).suffix.lower() not in ANSWER_SUFFIXES:
        raise SettingError(
            f"Answers are written as {' or '.join(ANSWER_SUFFIXES)}, but the file is to be {path}: rename it."
        )


@contextmanager
def open_answers(path: Path) -> Iterator[Callable[[Answers], None]]:
    """Yield what writes some answers after others; the file is there when this is left without an error.

    Raises:
        SettingError: another ending.
        StorageError: the disk refuses.
    """
    check_answers(path)
    with whole_file(path) as file:
        if path.suffix.lower() == ".jsonl":
            yield lambda answers: _write_lines(file, answers)
            return
        import pyarrow.parquet as pq

        with pq.ParquetWriter(file, answer_table([]).schema, compression="zstd") as written:
            yield lambda answers: written.write_table(answer_table(answers))


def answer_table(answers: Answers, truth: Sequence[str | None] | None = None) -> Any:
    """Return answers as a table of Arrow.

    Args:
        answers: as `Prediction.as_dict` has them.
        truth: the label that each query has, if any.
    """
    import pyarrow as pa

    vote = pa.struct([("head", pa.string()), ("label", pa.string()), ("similarity", pa.float64())])
    numbers = ("confidence", "probability", "closeness", "acceptance", "none_below")
    schema = pa.schema(
        [
            ("name", pa.string()),
            ("label", pa.string()),
            ("truth", pa.string()),
            *((name, pa.float64()) for name in numbers),
            ("none", pa.bool_()),
            ("shares", pa.map_(pa.string(), pa.float64())),
            ("votes", pa.list_(vote)),
        ]
    )
    rows = [
        {**answer, "name": answer["image"], "truth": label, "shares": list(answer["shares"].items())}
        for answer, label in zip(answers, truth or [None] * len(answers), strict=True)
    ]
    return pa.Table.from_pylist(rows, schema)


def _write_lines(file: BinaryIO, answers: Answers) -> None:
    for answer in answers:
        file.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
