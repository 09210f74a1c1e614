"""How results show themselves in a notebook: small tables of HTML that need no style sheet, script or file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from sav_core.wording import percent

__all__ = ["SHOWN", "bar", "card"]

SHOWN = 10
"""Rows of a ranking that are shown; all of them would be hundreds."""

# Colours of the notebook itself, so that dark ones stay dark.
_CARD = Markup(
    '<table style="border-collapse:collapse;font-variant-numeric:tabular-nums">'
    '<caption style="caption-side:top;text-align:left;padding:4px 8px"><b>{title}</b>{note}</caption>{head}{body}</table>'
)
_CELL = Markup('<{tag} style="text-align:left;padding:2px 8px">{content}</{tag}>')
_BAR = Markup(
    '<div style="display:inline-block;vertical-align:middle;width:8em;border:1px solid currentColor">'
    '<div style="width:{width:.1f}%;height:0.7em;background:currentColor"></div></div> {text}'
)


def bar(share: float) -> Markup:
    """A share, 0 to 1, as a bar with its per cent beside it."""
    return _BAR.format(width=100 * min(max(share, 0.0), 1.0), text=percent(share))


def card(title: str, note: str = "", columns: Sequence[str] = (), rows: Iterable[Sequence[object]] = ()) -> str:
    """Return a table under a title and a note; whatever is no ``Markup`` is escaped, for labels may hold anything."""
    return str(
        _CARD.format(
            title=title,
            note=Markup("<br>{}").format(note) if note else "",
            head=_row("th", columns) if columns else "",
            body=Markup("").join(_row("td", row) for row in rows),
        )
    )


def _row(tag: str, cells: Sequence[object]) -> Markup:
    filled = (_CELL.format(tag=tag, content=escape(cell)) for cell in cells)
    return Markup("<tr>{}</tr>").format(Markup("").join(filled))
