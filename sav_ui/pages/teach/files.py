"""The heads of the Teach page as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io

from sav_ui.session.fit import Fit

__all__ = ["HEADS", "heads_as_csv"]

HEADS = "heads.csv"
"""What the file is called."""

_COLUMNS = ("rank", "head", "layer", "index", "right", "of", "accuracy", "margin", "scoring", "votes")


def heads_as_csv(fit: Fit) -> str:
    """One line for each head of the model, best first; layers and heads are counted from zero."""
    buffer, kept, scores = io.StringIO(), set(fit.kept), fit.scores
    table = csv.writer(buffer)
    table.writerow(_COLUMNS)
    for rank, head in enumerate(fit.ranking, start=1):
        at = head.layer, head.index
        right, share, margin = int(scores.correct[at]), f"{scores.accuracy[at]:.4f}", f"{scores.margin[at]:.6f}"
        votes = "off" if head in fit.off else "yes" if head in kept else "no"
        table.writerow([rank, head, *at, right, scores.scored, share, margin, scores.scoring, votes])
    return buffer.getvalue()
