"""The style sheets keep to the scale, hold nothing that no page uses, and overrule Gradio in one place only."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
THEME = ROOT / "assets" / "theme"
SHEETS = sorted(THEME.rglob("*.css"))
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)

_SIZES = re.compile(r"var\(--text-(s|m|l|xl|xxl)\)|inherit|0")
_CORNERS = re.compile(r"(var\(--r(-tiny|-small|-large)?\)|50%|inherit|0)")
_HIDDEN_COPY = 6  # px: what Gradio measures the pages' names by, never seen

# Written by Gradio, by Plotly, or put together in a template or a script.
_ELSEWHERE = {
    *("gradio-container", "main", "app", "wrap", "column", "row", "divider", "html-container", "contain"),
    *("tab-wrapper", "tab-container", "tabitem", "visually-hidden", "selected", "nsewdrag", "dark"),
    *("js-plotly-plot", "plotly", "modebar", "modebar-btn"),
    *("n2", "over", "error", "part", "prose"),
}


def rules(path):
    """The rules of a sheet without its comments: selectors and declarations, those inside of ``@media`` too."""
    text = COMMENT.sub("", path.read_text(encoding="utf-8"))
    return [(head.strip(), body) for head, body in re.findall(r"([^{}]+)\{([^{}]*)\}", text) if "@" not in head]


def declarations(name):
    """Every value that is given to a property, with its sheet."""
    pattern = re.compile(rf"(?<![\w-]){name}:\s*([^;]+);")
    return [(path.name, value.strip()) for path in SHEETS for _, body in rules(path) for value in pattern.findall(body)]


@pytest.mark.parametrize(("name", "scale"), [("font-size", _SIZES), ("border-radius", _CORNERS)])
def test_sizes_and_corners_are_of_the_scale(name, scale):
    found = [(sheet, value.removesuffix(" !important")) for sheet, value in declarations(name)]
    assert len(found) > 20
    odd = [(sheet, value) for sheet, value in found if not scale.fullmatch(value) and value != f"{_HIDDEN_COPY}px"]
    assert not odd, f"{name} takes tokens.css's values: {odd}"


def test_colours_are_named_once():
    plain = {"#fff", "#000"}  # on a picture, on a video
    odd = [
        (path.name, colour)
        for path in SHEETS
        if path.name != "tokens.css"
        for _, body in rules(path)
        for colour in re.findall(r"(?<!%23)(?<!\w)#[0-9a-fA-F]{3,8}\b|rgba?\([^)]*\)", body)
        if colour not in plain
    ]
    assert not odd, f"a colour gets a name in tokens.css: {odd}"


def test_nothing_takes_the_ring_from_what_has_the_keyboard():
    rings = [body for head, body in rules(THEME / "gradio.css") if ".stage :focus-visible" in head]
    assert len(rings) == 1
    assert "solid var(--accent) !important" in rings[0]
    bare = [(path.name, head) for path in SHEETS for head, body in rules(path) if ":focus" in head and "outline: 0" in body]
    assert not bare


def test_what_holds_all_pages_asks_nothing_of_what_is_inside():
    """Or all of it is styled anew at each change anywhere: Plotly makes forty of them to draw a map."""
    holders = re.compile(r"(html|body|\.gradio-container|\.contain|\.gradio-container .column)[^\s>]*:has\(")
    assert holders.search("body:has(.stage[data-asked])::after")
    assert not [(path.name, head) for path in SHEETS for head, _ in rules(path) if holders.search(head)]


def test_every_token_is_defined_and_used():
    text = "".join(COMMENT.sub("", path.read_text(encoding="utf-8")) for path in SHEETS)
    scripts = "".join(path.read_text(encoding="utf-8") for path in THEME.rglob("*.js"))
    templates = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "sav_ui" / "templates").rglob("*.html"))
    defined = set(re.findall(r"(--[\w-]+)\s*:", text)) | set(re.findall(r"(--[\w-]+)\s*:", templates))
    defined |= set(re.findall(r"setProperty\(\s*[\"'](--[\w-]+)", scripts))
    used = set(re.findall(r"var\((--[\w-]+)", text)) | set(re.findall(r"[\"'](--[\w-]+)[\"']", scripts))
    assert used <= defined, f"not defined: {sorted(used - defined)}"
    assert defined <= used, f"not used: {sorted(defined - used)}"


def test_every_class_in_the_sheets_is_in_some_page():
    words = set()
    for folder, kind, pattern in [
        ("sav_ui/templates", "html", r'class="([^"]*)"'),
        ("sav_ui", "py", r"elem_classes=\[([^\]]*)\]"),
        ("assets/theme", "js", r"[\"'`]([^\"'`]*)[\"'`]"),
    ]:
        for path in (ROOT / folder).rglob(f"*.{kind}"):
            words.update(re.findall(r"[\w-]+", " ".join(re.findall(pattern, path.read_text(encoding="utf-8")))))
    styled = {
        (path.name, name)
        for path in SHEETS
        for head, _ in rules(path)
        for name in re.findall(r"\.(-?[A-Za-z_][\w-]*)", re.sub(r'"[^"]*"', "", head))
    }
    assert len(styled) > 100
    dead = sorted((sheet, name) for sheet, name in styled if name not in words | _ELSEWHERE)
    assert not dead, f"no template, module or script has these classes: {dead}"


def test_gradio_is_overruled_in_one_place():
    allowed = {"gradio.css", "base.css"}  # base.css: those who want no motion get none, whatever a part says
    odd = [path.name for path in SHEETS if path.name not in allowed and "!important" in path.read_text(encoding="utf-8")]
    assert not odd, f"!important against Gradio belongs into gradio.css: {odd}"
    inside = [head for head, _ in rules(THEME / "base.css") if "!important" in _]
    assert len(inside) == 1
