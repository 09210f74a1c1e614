import re
from html.parser import HTMLParser

import pytest

from sav_core.settings import Settings
from sav_ui.pages.about import view as about_view
from sav_ui.pages.about.citations import CITATIONS
from sav_ui.pages.about.view import model_card
from sav_ui.pages.shared.drawings import steps
from sav_ui.panels.panel import fill


def page():
    return fill("about/page.html", **steps(), card=model_card(), citations=CITATIONS)


@pytest.fixture
def card(tmp_path, monkeypatch):
    """Write a model card and have the page read it."""

    def write(text):
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "README.md").write_text(text)

    monkeypatch.setattr(about_view, "settings", lambda: Settings(assets=tmp_path))
    return write


def test_without_a_card_the_page_says_that_it_cannot_say(card):
    assert model_card() is None
    assert "nothing can be said here of how well it does" in page()


def test_a_card_is_shown_without_front_matter_and_below_the_pages_headings(card):
    card("---\nlicense: mit\n---\n# The model\n\n## Numbers\n\n| task | right |\n| --- | --- |\n| names | 81 % |\n")
    html = str(model_card())
    assert "license" not in html
    assert "<h3>The model</h3>" in html
    assert "<h4>Numbers</h4>" in html
    assert "<td>81 %</td>" in html
    assert html in page()


def test_a_card_cannot_bring_code_into_the_page(card):
    card("<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>")
    assert "<script" not in str(model_card())
    assert "<img" not in str(model_card())
    assert 'href="javascript' not in str(model_card())


def test_every_drawing_is_described_and_every_tag_closed():
    class Balance(HTMLParser):
        open, drawings = [], 0

        def handle_starttag(self, tag, attributes):
            if tag not in {"br", "img", "input"}:
                self.open.append(tag)
            if tag == "svg":
                self.drawings += 1
                assert dict(attributes)["role"] == "img"
                assert len(dict(attributes)["aria-label"]) > 30

        def handle_startendtag(self, tag, attributes):
            pass

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    parser = Balance()
    parser.feed(page())
    assert parser.drawings == 7
    assert parser.open == []


def test_the_drawn_point_is_nearer_to_the_mean_it_is_joined_to():
    drawing = steps()
    assert drawing["nearest"] == drawing["centres"][1]
    assert sorted(cell["rank"] for cell in drawing["cells"])[-3:] == [1, 2, 3]
    shares = sorted((cell["share"] for cell in drawing["cells"]), reverse=True)
    ranked = sorted((cell for cell in drawing["cells"] if cell["rank"]), key=lambda cell: cell["rank"])
    assert [cell["share"] for cell in ranked] == shares[:3]


def test_both_papers_are_named_and_linked():
    html = page()
    for number in ("2412.00142", "2510.02528"):
        assert f"https://arxiv.org/abs/{number}" in html
    for citation in CITATIONS:
        assert re.search(r"@\w+\{\w+,", citation.bibtex)
        assert citation.bibtex.count("{") == citation.bibtex.count("}")


def test_the_client_code_it_shows_is_python_that_calls_what_there_is():
    code = re.search(r'<pre id="about-client"[^>]*>(.*?)</pre>', page(), re.DOTALL)[1]
    compile(code.replace("&#34;", '"').replace("&quot;", '"'), "about", "exec")
    assert re.findall(r'api_name="(/\w+)"', code) == ["/fit", "/classify"]
