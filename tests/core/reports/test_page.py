"""The report as one HTML page: everything is in it, nothing is fetched, and no label can write into it."""

import base64
import gzip
import json
import re
from dataclasses import replace
from html import escape
from html.parser import HTMLParser

import numpy as np
from PIL import Image

from sav_core.data.examples import Skipped
from sav_core.data.notes import Note
from sav_core.data.pictures.picture import as_picture
from sav_core.evaluation.metrics import evaluate_labels
from sav_core.figures.plotly_script import plotly_script
from sav_core.heads.classifier import HeadClassifier
from sav_core.reports.figures import figures
from sav_core.reports.measure_vectors import measure_vectors
from sav_core.reports.page import as_html
from sav_core.reports.wording import BASELINES, SECTIONS
from sav_core.wording import unbroken_percent
from tests.support.problems import clusters


def body_of(page):
    """What is shown: the page without its scripts."""
    return re.sub(r"<script.*?</script>", "", page.rpartition("</head>")[2], flags=re.DOTALL)


def script(page, name):
    """The data of that name which the page's script reads."""
    return re.search(rf'id="{name}">(.*?)</script>', page, re.DOTALL)[1]


def test_the_page_holds_everything_and_fetches_nothing(found):
    page = as_html(found)
    assert page.startswith("<!doctype html>")
    assert unbroken_percent(found.evaluation.accuracy, 1) in page
    assert "A &lt;b&gt;task&lt;/b&gt;" in page
    assert set(json.loads(script(page, "figures"))) == {*figures(found), "map"}
    assert gzip.decompress(base64.b64decode(script(page, "plotly"))).decode() == plotly_script()
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=(?!.data:image/)", page)
    assert "x: not judged; why" in body_of(page)
    assert len(page) < 1_000_000, "two thirds of what plotly.js takes unpacked"


def test_the_page_tells_what_was_measured_and_how_to_read_it(found):
    about = replace(found.about, identity="0123abcd", scoring="leave_one_out", date="2024-02-29")
    body = body_of(as_html(replace(found, about=about)))
    rows = dict(re.findall(r"<tr><td>([^<]*)</td><td>([^<]*)</td></tr>", body))
    assert rows["measured"] == "2024-02-29"
    assert (rows["fingerprint of its weights"], rows["computed in"]) == ("0123abcd", "float32")
    assert "left out" in rows["heads ranked by"]
    assert not {"identity", "dtype", "scoring", "title", "question asked"} & set(rows)
    told = {**BASELINES, **SECTIONS}
    for each in (*found.beside.judged, *found.rules.judged):
        assert each.name == "always_first" or escape(told[each.name], quote=False).replace("'", "&#39;") in body
    label, share = found.evaluation.labels[0], found.evaluation.per_label[found.evaluation.labels[0]]
    assert re.search(rf"<tr><td>{label}</td>(<td>\d+</td>)+<td>{unbroken_percent(share, 1)} of 4</td></tr>", body)
    assert f"{found.unknown.n} examples of labels that were not taught" in body


def test_every_part_has_its_heading_and_caption(found):
    page = as_html(found)
    assert set(figures(found)) | {"confusion", "transfer", "answers"} == set(SECTIONS)
    for name, section in SECTIONS.items():
        shown = [escape(part, quote=False).replace("'", "&#39;") in page for part in section]
        assert shown == [name != "transfer"] * 2, name  # no other task's heads were tried


def test_what_was_not_asked_for_is_not_there_and_what_cannot_be_says_why(problem):
    classifier, _, test = problem
    page = as_html(measure_vectors(classifier, None, test))
    assert re.findall(r"<h2>(.*?)</h2>", page) == [SECTIONS[name].heading for name in ("confusion", "answers")]
    support = clusters(per_label=1, seed=2)
    refused = measure_vectors(HeadClassifier(n_kept=3).fit(support), support, test, confidence=True)
    assert refused.untrusted
    assert f"Not judged: {refused.untrusted}" in as_html(refused)


def test_a_megabyte_is_enough_for_thousands_of_answers_and_what_is_left_out_for_it_is_counted(found):
    noise, many = np.random.default_rng(0), 2500
    labels = [f"{'a long label ' * 9}{number}" for number in range(70)]
    truth, answers = (tuple(labels[code] for code in noise.integers(0, 70, many)) for _ in range(2))
    drawn = [as_picture(Image.fromarray(noise.integers(0, 255, (80, 80, 3), dtype=np.uint8))) for _ in range(20)]
    large = replace(
        found,
        names=tuple(f"{'a long name ' * 20}{row}.png" for row in range(many)),
        truth=truth,
        answers=answers,
        confidence=noise.uniform(size=many),
        evaluation=evaluate_labels(truth, answers, labels),
        pictures=tuple(drawn[row % 20] for row in range(many)),
        skipped=tuple(Skipped(f"{row}.png", f"'{row}.png' is no picture.") for row in range(500)),
    )
    page = as_html(large)
    body = body_of(page)
    assert 800_000 < len(page.encode()) < 1_000_000
    assert "500 of 2500 are listed, wrong ones first" in body
    shown = body.count("<img")
    assert shown > 20
    assert f"{shown} have their picture here" in body
    assert "The 20 worst confusions of 70 labels" in body
    assert "500 files or lines were left out, the first because" in body
    assert "&#39;7.png&#39; is no picture." in body


def test_what_makes_the_figure_too_good_is_said_and_what_was_converted(found):
    assert "also among the examples" not in body_of(as_html(replace(found, overlap=0)))
    told = replace(found, overlap=2, notes=(Note("profile", "Converted to sRGB", 1, ("a.jpg",)),))
    body = body_of(as_html(told))
    assert "2 of the test examples are also among the examples learnt from" in body
    assert "Converted to sRGB: &#39;a.jpg&#39;." in body


class Tags(HTMLParser):
    """Counts elements, and remembers handlers."""

    def __init__(self):
        super().__init__()
        self.count, self.handlers = {}, []

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def test_a_hostile_label_or_name_writes_nothing_into_the_page(found):
    evil = '</script><script>alert(1)</script><img src=x onerror="alert(1)">'
    rename = {label: f"{evil} {number}" for number, label in enumerate(found.evaluation.labels)}
    attacked = replace(
        found,
        about=replace(found.about, title=evil, question=evil),
        names=tuple(f"{evil}{name}" for name in found.names),
        truth=tuple(rename[label] for label in found.truth),
        answers=tuple(rename[label] for label in found.answers),
        evaluation=replace(found.evaluation, labels=tuple(rename.values())),
        baselines=replace(found.baselines, judged=(replace(found.baselines.judged[0], name=evil),), refused={evil: evil}),
    )
    plain, shown = Tags(), Tags()
    plain.feed(as_html(replace(found, baselines=replace(found.baselines, judged=found.baselines.judged[:1]))))
    shown.feed(as_html(attacked))
    assert (shown.count.get("img"), shown.handlers) == (plain.count.get("img"), plain.handlers)
    assert shown.count["script"] == plain.count["script"]
    assert evil not in as_html(attacked)


def test_the_page_names_the_app_lists_and_maps_the_heads_and_shows_each_picture(found, problem):
    body = body_of(as_html(found))
    assert "SAV Explorer" in body
    scores, best = found.scores, found.heads[0]
    right = f"{scores.correct[best.layer, best.index]} of {scores.scored}"
    assert f"<td>1</td><td>{best}</td><td>{right}</td>" in body
    assert len(json.loads(script(as_html(found), "figures"))["map"]["layout"]["shapes"]) == len(found.heads) == 3
    assert body.count("<img") == len(found.names) - 1, "one has no picture"
