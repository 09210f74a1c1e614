"""The plotly.js that pages carry: all that the figures need, in one file that fetches nothing."""

import gzip
import re
from pathlib import Path

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs_version

import sav_core
from sav_core.figures.plotly_script import as_page, packed_script, plotly_script

KINDS = set(re.findall(r'moduleType:"trace",name:"(\w+)"', plotly_script()))


def test_it_draws_every_kind_that_a_figure_of_ours_is_made_of():
    drawn = set()
    for path in Path(sav_core.__file__).parent.rglob("*.py"):
        drawn |= set(re.findall(r"\bgo\.([A-Z]\w+)\(|\.add_(scatter|bar|heatmap)\(", path.read_text(encoding="utf-8")))
    drawn = {(whole or short).lower() for whole, short in drawn} - {"figure"}
    assert {"bar", "heatmap", "scatter"} <= drawn <= KINDS


def test_it_is_of_the_plotly_that_makes_the_figures():
    version = re.search(r"plotly\.js \(cartesian - minified\) v(\d+)\.", plotly_script())[1]
    assert get_plotlyjs_version().split(".")[0] == version, "take plotly-cartesian.min.js from that release"
    assert gzip.decompress(packed_script()).decode() == plotly_script()


def test_a_figure_alone_is_a_page_that_fetches_nothing():
    page = as_page(go.Figure(go.Bar(y=[1, 2])))
    assert page.count(plotly_script()) == 1
    assert page.index(plotly_script()) < page.index("Plotly.newPlot")
    assert not re.search(r"<script[^>]+src=", page)
