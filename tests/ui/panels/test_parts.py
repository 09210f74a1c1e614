import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import escape

from sav_ui.panels import panel
from sav_ui.panels.packing import unpacked
from sav_ui.panels.panel import Piece, content, fill
from sav_ui.panels.parts import cut, joined, piece

LONG = "x" * 200
PICTURE = "data:image/webp;base64," + "A" * 400


def whole(packed, parts):
    """What the browser makes of it, as the content that it was."""
    figures = {name: json.loads(joined(text, parts), object_hook=unpacked) for name, text in packed["figures"].items()}
    apart = {name: value for name, value in packed.items() if name != "moving"}
    html = joined(packed["html"], parts, packed["moving"])
    return {**apart, "html": html, "figures": figures, "pieces": []}


def test_what_is_cut_is_joined_again():
    html = (
        f'<div a="1 > 2"><p title="{LONG}">{LONG}</p><br><svg><path d="M0"/></svg><img src="{PICTURE}" alt=""></div>{LONG}'
    )
    figure = {"data": [{"z": [[1, None]], "text": [LONG, "<b>"]}], "layout": {"title": "ü", "shapes": [{"x": LONG}] * 2}}
    packed, parts = cut(content(html, {"map": json.dumps(figure)}, go_to="Teach"))
    assert whole(packed, parts) == {**content(html, go_to="Teach"), "figures": {"map": figure}}
    assert len(packed["html"]) < 20
    assert PICTURE in parts.values()


@given(st.recursive(st.text(max_size=150), lambda inside: st.lists(inside, max_size=5), max_leaves=30))
@settings(deadline=None)
def test_any_nesting_is_joined_again(tree):
    def markup(node):
        if isinstance(node, str):
            return "<p>" + node.replace("&", "&amp;").replace("<", "&lt;") + "</p>"
        return "<div>" + "".join(map(markup, node)) + "</div>"

    html, figure = markup(tree), json.dumps({"data": tree})
    packed, parts = cut(content(html, {"f": figure}))
    assert whole(packed, parts) == {**content(html), "figures": {"f": json.loads(figure)}}


def test_a_change_makes_only_the_parts_around_it_new():
    rows = [f'<li data-key="{row}">{row} {LONG}</li>' for row in range(50)]
    _, before = cut(content(f"<section><ul>{''.join(rows)}</ul><p>{LONG}</p></section>"))
    rows[7] = rows[7].replace("7", "seven")
    _, after = cut(content(f"<section><ul>{''.join(rows)}</ul><p>{LONG}</p></section>"))
    fresh = [text for name, text in after.items() if name not in before]
    assert [text for text in fresh if text.startswith("<li")] == [rows[7]]
    assert len(fresh) <= 4
    assert sum(map(len, fresh)) < 1500


def test_of_short_neighbours_only_those_around_a_change_are_new():
    rows = [f"<option>{row}</option>" for row in range(300)]
    shapes = [{"x0": row, "x1": row + 1} for row in range(300)]

    def parts():
        figure = json.dumps({"layout": {"shapes": shapes}})
        return cut(content(f"<select>{''.join(rows)}</select>", {"map": figure}))[1]

    before = parts()
    del rows[20], shapes[200]
    fresh = [text for name, text in parts().items() if name not in before]
    assert sum(map(len, fresh)) < sum(map(len, before.values())) / 5


def test_indentation_is_not_sent():
    packed, parts = cut(content("<div>\n      <p>a</p>\n   b</div>"))
    assert joined(packed["html"], parts) == "<div>\n<p>a</p>\n   b</div>"


def test_no_line_ends_between_a_number_and_its_per_cent_sign():
    html = '<p title="5 %">35 % of <b>40 %</b>, 50 %</p><textarea>60 %</textarea>'
    packed, parts = cut(content(html))
    assert whole(packed, parts)["html"] == (
        '<p title="5 %">35\xa0% of <b>40\xa0%</b>, 50\xa0%</p><textarea>60 %</textarea>'
    )


def texts_that_move(packed, parts):
    """Each of them, with those of the given parts that it refers to."""
    known = re.sub("<=([\\w-]{12})>", lambda found: parts.get(found[1], found[0]), packed["moving"])
    return known.split("\x1f")[:-1]


def test_what_moves_at_every_step_makes_no_part_new():
    def step(progress):
        bar = fill("teach/findings_empty.html", looking=True, progress=progress)
        assert piece_refused(bar)
        return cut(content(bar))

    first, parts = step({"percent": 5, "words": "1 of 20 <b>, 3 a second"})
    second, others = step({"percent": 10, "words": "2 of 20"})
    assert (first["html"], parts) == (second["html"], others)
    assert texts_that_move(first, parts) == ["5", "5", "1 of 20 &lt;b&gt;, 3 a second"]
    shown = joined(first["html"], parts, first["moving"])
    assert 'aria-valuenow="5"' in shown
    assert 'style="width: 5%"' in shown
    assert "<span>1 of 20 &lt;b&gt;, 3 a second</span>" in shown


def test_what_moves_is_laid_out_as_what_stands_and_its_pictures_are_parts():
    line = '<p title="{{ a | moving }}">{{ a | moving }}</p><img src="{{ b | moving }}" alt="{{ b | moving }}">'
    packed, parts = cut(content(panel._TEMPLATES.from_string(line).render(a="5 % of \x02a\x03", b=PICTURE)))
    moving = texts_that_move(packed, {name: text for name, text in parts.items() if text != PICTURE})
    assert moving[:2] == ["5 % of \x02a\x03", "5\xa0% of \x02a\x03"]
    assert list(parts.values()).count(PICTURE) == 1
    assert moving[2] == f"<={next(name for name, text in parts.items() if text == PICTURE)}>"
    assert moving[3] == PICTURE, "somebody's words"
    shown = joined(packed["html"], parts, packed["moving"])
    assert f'<img src="{PICTURE}" alt="{PICTURE}">' in shown


def test_of_much_that_moves_a_number_that_ticks_takes_few_along():
    line = "".join(f"<b>{{{{ v[{n}] | moving }}}}</b>" for n in range(200))
    of = panel._TEMPLATES.from_string(line)
    values = [f"a value {n}\x1f that stays" for n in range(200)]
    _, parts = cut(content(of.render(v=["1", *values])))
    second, others = cut(content(of.render(v=["2", *values])))
    fresh = set(others) - set(parts)
    assert sum(map(len, (second["html"], second["moving"], *map(others.get, fresh)))) < sum(map(len, values)) / 2
    assert "<b>2</b><b>a value 0  that stays</b>" in joined(second["html"], others, second["moving"])


def piece_refused(html):
    with pytest.raises(ValueError, match="moves"):
        piece(html)
    return True


def test_signs_of_what_moves_in_somebodys_words_move_nothing():
    words = f"<p>{LONG} \x02a\x03 \x02b</p><p>\x03 &lt;~0></p>"
    packed, parts = cut(content(words))
    assert packed["moving"] == ""
    assert joined(packed["html"], parts, packed["moving"]) == words


def test_a_piece_is_cut_once_and_stands_where_it_is_shown():
    faces = piece(f'<img src="{PICTURE}" alt=""><i>“שלום”</i>' + f"<p>{LONG}</p>" * 3)
    assert isinstance(faces, Piece)
    assert len(faces.html) == len("<=abcdefghijkl>")
    short = piece("<div class='a'><h1>short</h1></div>")
    assert joined(cut(content(short.html, pieces=[short]))[0]["html"], short.parts) == "<div class='a'><h1>short</h1></div>"
    packed, parts = cut(content(f"<div>{faces.html}</div>", pieces=[faces]))
    shown = joined(packed["html"], parts)
    assert shown == joined(f"<div>{faces.html}</div>", faces.parts)
    assert PICTURE in shown
    assert "“\u2068שלום\u2069”" in shown, "as in all that is shown"
    with pytest.raises(ValueError, match="1 pieces stand in the HTML"):
        cut(content(f"<div>{faces.html}</div>"))


def test_a_picture_that_is_shown_twice_is_one_part():
    _, parts = cut(content(f'<img src="{PICTURE}" alt="a"><img src="{PICTURE}" alt="b">'))
    assert list(parts.values()).count(PICTURE) == 1


def test_words_that_look_like_a_reference_or_a_picture_stay_words():
    words = fill_field("<=abcdefghijkl> " + PICTURE)
    packed, parts = cut(content(words, {"map": json.dumps({"text": ["<=abcdefghijkl>" * 20]})}))
    assert whole(packed, parts)["html"] == words
    assert PICTURE not in parts.values()


def fill_field(value):
    return f'<p>{LONG}</p><input value="{escape(value)}">'


@pytest.mark.parametrize("html", ["<div>", "<div></p>", "</div>", "<ul><li></ul>"])
def test_an_element_that_is_not_closed_is_refused(html):
    with pytest.raises(ValueError, match="closed"):
        cut(content(html))
