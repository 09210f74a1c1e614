"""What a panel shows, cut into parts that are named by what they hold, so that a browser is sent each of them once.

    <div>                                          {"html": "<=root>", ...} and
      <p>Something long enough</p>         ->        root: <div><=p1></div>
    </div>                                           p1:   <p>Something long enough</p>

Every element, picture and piece of a figure that is long enough becomes a part, and a reference stands in its place; of
what is short a few neighbours are one part. So parts that hold parts are short, and what has changed is sent with the few
that are around it. What moves at every step of a run, or is another with every head that is looked at, is apart from the
HTML, where ``<~0>`` stands for the first of that.
``assets/theme/scripts/parts.js`` puts it together again. No visitor can write a reference: what they write is escaped.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from sav_ui.panels.packing import packed
from sav_ui.panels.panel import MOVING, Content, Piece, content

__all__ = ["Parts", "cut", "joined", "piece"]

Parts = dict[str, str]
"""Texts by their names."""

_SHORTEST = 100  # characters: a reference takes 15, and sending a part some 20 more
_SHORT_WORDS = 40  # characters of the words of a packed list, which many figures share
_BETWEEN = "\x1f"  # what moves
_ENDS_GROUP = 2  # one piece in so many ends a group of neighbours that is long enough
_NAME_BYTES = 9
_REFERENCE = re.compile(r"<=([\w-]{12})>")
_PLACE = re.compile(r"<~(\d+)>")
_PICTURE = re.compile(r"(?<=src=\")data:image/[a-z+.-]+;base64,[A-Za-z0-9+/=]+(?=\")")
_INDENTED = re.compile(r">\n\s+<")
_PERCENT = re.compile(r"(?<=\d) %(?=[^<>]*(?:<(?!/(?:textarea|option|code|pre)\b)|$))")
"""Of a page's words, not of an attribute or of what a visitor writes."""
_TAG = re.compile(r"<(/?)([A-Za-z][\w-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}  # no end tag
_CUT_FIGURES, _CUT_WORDS = 64, 512
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def piece(html: str) -> Piece:
    """Cut HTML that grows with the pictures once, when it is drawn, and not at every click.

        faces = session.memo("faces", about, lambda: piece(fill("faces.html", ...)))
        content(fill("page.html", faces=faces), pieces=[faces])

    Raises:
        ValueError: an element is not closed where it should be, or something in it moves.
    """
    packed, parts = cut(content(html))
    if MOVING.search(html):
        raise ValueError("A piece stays as it is, but something in it moves.")
    return Piece(_named(packed["html"], parts), parts)  # also where it is short: an element may end outside of its part


def cut(content: Content) -> tuple[Content, Parts]:
    """Return content whose HTML, as it is to be laid out, and figures are cut, and the parts that they refer to.

    What moves in the HTML is in the text ``moving``, in its order.

    Raises:
        ValueError: an element of the HTML is not closed where it should be, or a piece in it was not given to ``content``.
    """
    parts: Parts = {}
    for known in content["pieces"]:
        parts |= known.parts
    figures = {}
    for name, figure in content["figures"].items():
        figures[name], pieces = _cut_figure(figure)
        parts |= pieces
    lost = [name for name in _REFERENCE.findall(content["html"]) if name not in parts]
    if lost:
        raise ValueError(f"{len(lost)} pieces stand in the HTML, but were not given to content(pieces=...).")
    moving: list[str] = []

    def keep(found: re.Match[str]) -> str:
        moving.append(_cut_moving(found, parts).replace(_BETWEEN, " "))  # somebody's words may hold anything
        return f"<~{len(moving) - 1}>"

    html = _cut_html(MOVING.sub(keep, content["html"]), parts)
    apart = _grouped([text + _BETWEEN for text in moving], parts)  # a number that ticks takes few of its neighbours along
    left = {name: value for name, value in content.items() if name != "pieces"}
    return {**left, "html": html, "moving": apart, "figures": figures}, parts


def joined(text: str, parts: Mapping[str, str], moving: str = "") -> str:
    """Return a text with the parts that it refers to, and what moves, in their places, as the browser does it.

    Raises:
        KeyError: a part is missing.
    """
    whole = _REFERENCE.sub(lambda reference: joined(parts[reference[1]], parts), text)
    if not moving:
        return whole
    texts = joined(moving, parts).split(_BETWEEN)
    return _PLACE.sub(lambda place: texts[int(place[1])], whole)


def _cut_moving(found: re.Match[str], parts: Parts) -> str:
    """What moves, as it is laid out where it stands: a picture is a part there too."""
    html, start = found.string, found.start()
    if html.endswith('src="', 0, start):
        return _refer(found[1], parts)
    inside_tag = html.rfind("<", 0, start) > html.rfind(">", 0, start)
    return found[1] if inside_tag else _PERCENT.sub("\u00a0%", found[1])


def _cut_html(html: str, parts: Parts) -> str:
    html = _PICTURE.sub(lambda picture: _refer(picture[0], parts), html)  # first: they are nearly all of it
    html = _PERCENT.sub("\u00a0%", _INDENTED.sub(">\n<", html))  # no line ends between a number and its sign
    around: list[tuple[str, list[str]]] = [("", [])]  # the open elements: tag, and what is in them so far
    place = 0
    for tag in _TAG.finditer(html):
        end, name, attributes = tag.groups()
        if end:
            opened, inside = around.pop()
            if opened != name:
                raise ValueError(
                    f"<{opened or 'nothing'}> was to be closed, not <{name}>, at {html[place : tag.end()][-200:]!r}"
                )
            inside.append(html[place : tag.end()])
            around[-1][1].append(_refer(_grouped(inside, parts), parts))
            place = tag.end()
        elif name not in _VOID and not attributes.endswith("/"):
            around[-1][1].append(html[place : tag.start()])
            around.append((name, []))
            place = tag.start()
    if len(around) > 1:
        raise ValueError(f"<{around[-1][0]}> is not closed.")
    return _refer(_grouped([*around[0][1], html[place:]], parts), parts)


@lru_cache(_CUT_FIGURES)  # a figure is drawn anew only when it has changed, see ``Memo``
def _cut_figure(figure: str) -> tuple[str, Parts]:
    parts: Parts = {}
    return _cut_value(json.loads(figure), parts), parts


def _cut_value(value: Any, parts: Parts) -> str:
    whole = _as_json(value)
    if len(whole) < _SHORTEST:
        return whole  # nothing in it can be a part
    if isinstance(value, dict):
        ordered = sorted(value.items(), key=lambda pair: _changes(pair[1]))  # what changes alone, apart from what stays
        inside = [f"{_as_json(key)}:{_cut_value(item, parts)}" for key, item in ordered]
        text = "{" + _grouped(_with_commas(inside), parts) + "}"
    elif isinstance(value, list) and (short := packed(value)) is not None:
        inside = [f"{_as_json(key)}:{_cut_words_of(item, parts)}" for key, item in short.items()]
        text = "{" + ",".join(inside) + "}"
    elif isinstance(value, list) and all(type(item) is str for item in value):
        text, inside_it = _cut_words(tuple(value))
        parts |= inside_it
    elif isinstance(value, list) and any(isinstance(item, (dict, list, str)) for item in value):
        text = "[" + _grouped(_with_commas([_cut_value(item, parts) for item in value]), parts) + "]"
    else:
        text = whole
    return _refer(text, parts)


def _changes(value: Any) -> bool:
    """Whether another figure of the same things has another of it: numbers, or one of a few words for each thing."""
    return isinstance(value, list) and bool(value) and (isinstance(value[0], (int, float)) or packed(value) is not None)


def _cut_words_of(value: Any, parts: Parts) -> str:
    """What a packed list holds; its few words stay when what they are said of changes."""
    text = _as_json(value)
    return _named(text, parts) if isinstance(value, list) and len(text) > _SHORT_WORDS else text


@lru_cache(_CUT_WORDS)  # the names in a figure stay when its numbers change
def _cut_words(words: tuple[str, ...]) -> tuple[str, Parts]:
    parts: Parts = {}
    return "[" + _grouped(_with_commas([_refer(_as_json(word), parts) for word in words]), parts) + "]", parts


def _grouped(pieces: Iterable[str], parts: Parts) -> str:
    """Join pieces, of which some neighbours become a part each.

    Where one ends is decided by what stands there, not by counting, so a piece more or less changes only the part it is in.
    """
    pieces = list(pieces)
    if sum(map(len, pieces)) < _SHORTEST:
        return "".join(pieces)
    texts, group = [], ""
    for piece in pieces:
        group += piece
        if len(group) >= _SHORTEST and piece.strip() and _number(piece) % _ENDS_GROUP == 0:
            texts.append(_refer(group, parts))
            group = ""
    return "".join([*texts, group])


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=2).digest(), "big")


def _with_commas(items: Sequence[str]) -> list[str]:
    return [*items[:1], *("," + item for item in items[1:])]


def _as_json(value: Any) -> str:
    return _JSON.encode(value).replace("<", "\\u003c")


def _refer(text: str, parts: Parts) -> str:
    """Make a text a part and return the reference to it; one that is too short for that is returned itself."""
    return text if len(text) < _SHORTEST else _named(text, parts)


def _named(text: str, parts: Parts) -> str:
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_NAME_BYTES).digest()
    name = urlsafe_b64encode(digest).decode()
    parts[name] = text
    return f"<={name}>"
