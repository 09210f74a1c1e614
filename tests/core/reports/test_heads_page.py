"""What examples taught as a page: everything is in it, nothing runs or is fetched, and no name can write into it."""

import re
from dataclasses import replace
from html import escape
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from sav_core.data.pictures.picture import as_picture
from sav_core.errors import InputError
from sav_core.evaluation.support_fit import fit_support
from sav_core.reports.heads_page import heads_page
from sav_core.reports.thumbnails import MOST_LETTERS, thumbnails
from sav_core.retrieval.projection import project
from sav_core.wording import unbroken_percent
from tests.support.problems import clusters, head_vectors

LABELS, EACH, KEPT = 3, 6, 5
EVIL = '<script>alert("&")</script>'


def noise(number, side=80):
    values = np.random.default_rng(number).integers(0, 255, (side, side, 3), dtype=np.uint8)
    return as_picture(Image.fromarray(values), f"{number}.png")


@pytest.fixture(scope="module")
def fit():
    return fit_support(clusters(LABELS, EACH, noise=3.0), scoring="leave_one_out")


@pytest.fixture(scope="module")
def pictures():
    return [None, *(noise(number, 8) for number in range(LABELS * EACH - 1))]


@pytest.fixture(scope="module")
def page(fit, pictures):
    return heads_page(fit, KEPT, pictures, title="My <pets>", model="a/model", question="Which?")


class Elements(HTMLParser):
    """Counts elements, and which are left open."""

    def __init__(self, page):
        super().__init__()
        self.found, self.open = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_says_how_good_the_heads_are_and_which(page, fit):
    judged = fit.left_out.at(KEPT)
    assert f"<strong>{unbroken_percent(judged.accuracy)}</strong>" in page
    assert f"{judged.right} of {judged.n} (95 % interval" in page
    assert 0 < judged.right < judged.n, "a figure that could be made up"
    rows = re.findall(r"<tr><td>(\d+)</td><td>(L\d+\.H\d+)</td><td>(\d+) of 18</td>", page)
    best = fit.scores.ranking[:KEPT]
    assert rows == [(str(rank), str(h), str(fit.scores.correct[h.layer, h.index])) for rank, h in enumerate(best, start=1)]
    titles = re.findall(r"<title>(L\d+\.H\d+): [^<]* of 18, rank \d+(, votes)?</title>", page)
    assert len(titles) == 20
    assert {name for name, votes in titles if votes} == {str(head) for head in best}
    assert "SAV Explorer" in page
    assert "My &lt;pets&gt;" in page


def test_the_maps_show_every_example_where_the_projection_has_it(page, fit):
    for heads in (fit.scores.ranking[:1], fit.scores.ranking[:KEPT]):
        assert f"{unbroken_percent(project(fit.vectors, heads).kept)} of the distances" in page
    assert page.count('<use href="#e') == 3 * (LABELS * EACH - 1)  # both maps and the galleries
    assert len(re.findall(r'<circle cx="[\d.]+" cy="[\d.]+" r="5"', page)) == 2  # the one without a picture
    points = {
        name: (float(x), float(y))
        for name, x, y in re.findall(r'<title>(example \d+);[^<]*</title><use href="#e\d+" x="([\d.]+)" y="([\d.]+)"', page)
    }
    flat = project(fit.vectors, fit.scores.ranking[:KEPT]).examples
    drawn = np.array([points[f"example {row}"] for row in range(1, 18)])
    assert np.corrcoef(flat[1:, 0], drawn[:, 0])[0, 1] > 0.9999
    assert np.corrcoef(flat[1:, 1], drawn[:, 1])[0, 1] < -0.9999  # SVG counts downwards


def test_what_is_said_on_a_mark_stands_in_a_table_too_for_who_cannot_point_at_it(page, fit):
    cells = {tuple(re.findall("<td>(.*?)</td>", row)) for row in re.findall("<tr>(<td>.*?)</tr>", page)}
    for said in re.findall(r"<title>(example \d+;[^<]*)</title>", page):
        name, label, *taken, cosine = said.split("; ")
        assert (name, label, "".join(taken).removeprefix("taken for "), cosine.split()[-1]) in cells, said
    for name, share, right, rank, votes in re.findall(
        r"<title>(L\d+\.H\d+): ([^,]*), ([^,]*), rank (\d+)(, votes)?</title>", page
    ):
        assert (name, right, share, rank, "yes" if votes else "") in cells
    for number, right in enumerate(fit.left_out.right, start=1):
        assert any(row[:2] == (str(number), f"{right} of 18") for row in cells)
    assert page.count("<details>") == 4


def test_names_of_means_that_lie_together_stand_apart_and_those_without_room_are_counted(pictures):
    together = head_vectors(np.ones((18, 1, 1, 4)), [f"name {row % 2}" for row in range(18)])
    page = heads_page(fit_support(together), 1, pictures)
    named = re.findall(r'class="mean-name" x="([\d.]+)" y="([\d.]+)" dy="[\d.em]+" text-anchor="(\w+)">name \d<', page)
    assert len(named) == len(set(named)) == 2
    assert "no room for a name" not in page
    many = replace(together, labels=tuple(f"name {row:02}" for row in range(18)))
    page = heads_page(fit_support(many), 1, pictures)
    named = page.count('class="mean-name" x=')
    assert 4 <= named < 18
    told = re.search(rf"{18 - named} of the crosses have no room for a name: ([^.…]*)", page)
    assert told is not None
    assert len(told[1].split(", ")) == min(12, 18 - named)


def test_what_is_wrong_when_left_out_is_said_everywhere(page, fit):
    judged = fit.left_out.at(KEPT)
    wrong = [(row, given) for row, own, given in zip(judged.rows, judged.codes, judged.winner, strict=True) if own != given]
    assert wrong
    for row, given in wrong:
        assert page.count(f"<title>example {row}; label {fit.codes[row]}; taken for label {given};") == 2
    for code in range(LABELS):
        right = int((judged.winner[judged.codes == code] == code).sum())
        assert f"<td>label {code}</td><td>{EACH}</td><td>{right} of {EACH}</td>" in page


def test_nothing_runs_nothing_is_fetched_and_every_element_is_closed(page):
    parsed = Elements(page)
    assert parsed.open == []
    assert not [tag for tag, _ in parsed.found if tag in ("script", "link", "iframe", "img", "object")]
    fetched = [value for _, attributes in parsed.found for name, value in attributes.items() if name in ("src", "href")]
    assert fetched
    assert all(value.startswith(("data:image/webp;base64,", "#e")) for value in fetched)
    assert "default-src 'none'" in page
    assert not re.search(r"url\(|@import|http", page.replace("http-equiv", ""))
    assert "prefers-color-scheme: dark" in page
    assert "width=device-width" in page


def test_no_name_can_write_into_it(pictures):
    vectors = clusters(LABELS, EACH, noise=3.0)
    labels = [f"{EVIL} {label}" for label in vectors.labels]
    named = replace(vectors, labels=tuple(labels), names=tuple(f"{row} {EVIL}" for row in range(len(labels))))
    page = heads_page(fit_support(named), KEPT, pictures, title=EVIL, model=EVIL, question=EVIL)
    assert "<script" not in page
    assert Elements(page).open == []
    assert page.count(str(escape(EVIL)).replace("&quot;", "&#34;")) > 10


def test_where_nothing_can_be_left_out_the_page_says_so(pictures):
    page = heads_page(fit_support(clusters(4, 1)), 1, pictures[:4])
    assert "cannot be judged on these examples" in page
    assert "How many heads are needed" not in page
    assert page.count("where the examples lie") == 1
    assert "<td>label 0</td><td>1</td><td>not judged</td>" in page


@pytest.mark.parametrize(
    ("examples", "labels", "layers", "heads", "least"), [(160, 40, 1, 3, 400_000), (9, 3, 80, 64, 200_000)]
)
def test_a_megabyte_is_enough_for_many_noisy_pictures_with_long_names_and_for_thousands_of_heads(
    examples, labels, layers, heads, least
):
    codes = np.arange(examples) % labels
    values = np.random.default_rng(0).normal(size=(examples, layers, heads, 2)) + codes[:, None, None, None]
    vectors = head_vectors(values, [f"{'label ' * 12}{code}" for code in codes])
    vectors = replace(vectors, names=tuple(f"{'a long name ' * 20}{row}.png" for row in range(examples)))
    page = heads_page(fit_support(vectors), 64, [noise(number % 20) for number in range(examples)])
    assert least < len(page.encode()) < 1_000_000


def test_of_pictures_that_are_too_many_evenly_chosen_ones_are_shown():
    made = thumbnails([None, *[noise(1)] * 600])
    assert made[0] == ""
    shown = [place for place, text in enumerate(made) if text]
    assert sum(map(len, made)) <= MOST_LETTERS
    assert 100 < len(shown) < 300
    assert shown[0] < 10
    assert shown[-1] > 590


def test_another_number_of_pictures_than_examples_is_refused(fit, pictures):
    with pytest.raises(InputError, match="each of 18 examples, but 17 came"):
        heads_page(fit, KEPT, pictures[1:])
