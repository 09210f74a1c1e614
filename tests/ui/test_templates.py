"""Every template, every branch: what a page shows is rendered as its views fill it, and no name is missing or shadowed."""

import copy
import json
from unittest import mock

import pytest
from jinja2 import StrictUndefined, nodes

from sav_core.reports import page as report_page
from sav_ui.pages.about import page as about_page
from sav_ui.pages.teach import view as teach_view
from sav_ui.panels import panel
from sav_ui.panels.parts import cut, joined
from tests.support.template_branches import watched
from tests.support.template_story import RECORDED_BY, VARIATIONS, story

SHADOWED = frozenset(dir(dict))
"""What ``card.items`` finds in place of ``card["items"]``: Jinja looks for an attribute before it looks for a key."""


_PARTS = (
    "macros.html",
    "shared/ghost.html",
    "shared/head_map.html",
    "shared/inspector.html",
    "shared/points.html",
    "shared/steps.html",
    "shared/uses.html",
    "classify/detail.html",
    "measure/rivals.html",
    "vectors/drawing.html",
)
"""Filled as a part of others."""

ENVIRONMENTS = {"pages": panel._TEMPLATES, "report": report_page._TEMPLATES}
TEMPLATES = [
    (where, name)
    for where, each in ENVIRONMENTS.items()
    for name in each.list_templates(filter_func=lambda name: name.endswith((".html", ".jinja")))
]


@pytest.mark.parametrize(("where", "name"), TEMPLATES)
def test_no_attribute_is_a_method_of_a_dict(where, name):
    environment = ENVIRONMENTS[where]
    tree = environment.parse(environment.loader.get_source(environment, name)[0])
    called = {id(call.node) for call in tree.find_all(nodes.Call)}
    trapped = [
        f"{name}, line {each.lineno}: write [{each.attr!r}], for .{each.attr} is the dict's method"
        for each in tree.find_all(nodes.Getattr)
        if each.attr in SHADOWED and id(each) not in called
    ]
    assert not trapped


@pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_a_missing_name_fails(environment):
    assert environment.undefined is StrictUndefined


@pytest.fixture(scope="module")
def rendered(tiny_backbone, embedded_backbone):
    """Play the story, then the variations on it; returns the branches seen and known, by template."""
    values = {}
    fill = panel.fill
    teach_view._start.cache_clear()  # or another test has had it filled

    def recorded(template, **given):
        values.setdefault(template, []).append(given)
        return fill(template, **given)

    with watched(panel._TEMPLATES) as (seen, known):
        with pytest.MonkeyPatch.context() as patch:
            for module in RECORDED_BY:
                patch.setattr(f"{module}.fill", recorded)
            about_page.build(mock.Mock())
            story(tiny_backbone("llava"), embedded_backbone)
        for template, changes in VARIATIONS:
            said = {path: value(values) if callable(value) else value for path, value in changes.items()}
            fill(template, **_changed(values[template], said))
    return values, seen, known


def _changed(filled, changes):
    """What a view said last of these names, but for some: ``{"inspector.heads.0.near": None}``."""
    for values in reversed(filled):
        changed = copy.deepcopy(values)
        if all(_put(changed, path.split("."), value) for path, value in changes.items()):
            return changed
    return pytest.fail(f"no view says {', '.join(changes)}")


def _put(place, path, value):
    """Put a value in its place; returns whether there is such a place."""
    *way, last = (int(step) if step.isdecimal() else step for step in path)
    try:
        for step in way:
            place = place[step]
        place[last]
    except (LookupError, TypeError):
        return False
    place[last] = value
    return True


@pytest.mark.parametrize("name", [name for where, name in TEMPLATES if where == "pages"])
def test_every_branch_of_a_page_is_rendered(rendered, name):
    values, seen, known = rendered
    assert name in values or name.endswith(_PARTS), "nobody fills it: add its view to the story"
    missed = sorted({branch[1:] for branch in known - seen if branch[0] == name})
    assert not missed, "not shown by the story or a variation, tests/support/template_story.py"


def test_what_is_shown_is_json_and_its_tags_are_closed(rendered):
    values, _, _ = rendered
    for template, filled in values.items():
        html = panel.fill(template, **filled[-1])
        json.dumps(html)
        pieces = list(_pieces(filled[-1]))
        packed, parts = cut(panel.content(html, pieces=pieces))  # refuses a tag that is not closed
        shown = joined(packed["html"], parts, packed["moving"])
        assert shown.split() == joined(panel.MOVING.sub(r"\1", html), parts).split(), template


def _pieces(value):
    """Those in what a template is filled with."""
    if isinstance(value, panel.Piece):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        for inside in value.values() if isinstance(value, dict) else value:
            yield from _pieces(inside)
