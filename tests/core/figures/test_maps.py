import json

import numpy as np
from scipy.spatial.distance import pdist

from sav_core.figures.maps import MEANS, QUERIES, head_map, head_map_values
from sav_core.figures.style import CATEGORIES
from sav_core.retrieval.projection import project
from sav_core.types import Head
from tests.support.problems import clusters, head_vectors


def drawn(**changes):
    vectors, queries = clusters(), clusters(per_label=1, seed=4)
    found = project(vectors, [Head(1, 1)], queries)
    taken = np.where(np.arange(len(vectors)) == 2, 1, found.codes)
    figure = head_map(
        found, vectors.names, ["q1", "<q2>", "q3"], taken=taken, ids=[f"e{row}" for row in range(18)], **changes
    )
    return found, figure


def test_its_values_alone_are_the_figure_which_plotly_finds_nothing_wrong_with():
    found, figure = drawn()
    taken = np.where(np.arange(len(found.codes)) == 2, 1, found.codes)
    names = [f"example {row}" for row in range(18)]
    values = head_map_values(found, names, ["q1", "<q2>", "q3"], taken=taken, ids=[f"e{row}" for row in range(18)])
    whole = json.loads(figure.to_json())
    whole["layout"].pop("template")
    assert json.loads(json.dumps(values)) == whole


def test_every_label_is_a_trace_and_means_and_queries_stand_above_them():
    found, figure = drawn()
    assert [trace.name for trace in figure.data] == [*found.labels, MEANS, QUERIES]
    assert [len(trace.x) for trace in figure.data] == [6, 6, 6, 3, 3]
    assert [*figure.data[0].ids, *figure.data[1].ids] == [f"e{row}" for row in range(12)]


def test_hover_gives_the_exact_cosine_and_what_an_example_is_taken_for():
    found, figure = drawn()
    first = figure.data[0]
    np.testing.assert_allclose(first.customdata, found.example_similarity[:6, 0], atol=5e-5)
    assert list(first.hovertext) == ["", "", "<br>taken for label 1", "", "", ""]
    queries = figure.data[-1]
    np.testing.assert_allclose(queries.customdata, found.query_similarity.max(1), atol=5e-5)
    assert queries.text[1] == "&lt;q2&gt;"


def test_both_directions_have_one_scale_and_the_farthest_point_is_inside():
    found, figure = drawn()
    assert figure.layout.yaxis.scaleanchor == "x"
    places = np.concatenate([np.stack([trace.x, trace.y], axis=1) for trace in figure.data])
    assert np.abs(places).max() == 1
    every = np.concatenate([found.examples, found.means, found.queries])
    np.testing.assert_allclose(pdist(places), pdist(every) * 2 / np.ptp(every, axis=0).max(), atol=2e-3)


def test_labels_differ_in_colour_and_shape_together_up_to_forty():
    vectors = head_vectors(np.eye(40)[:, None, None, :], [f"{row:02}" for row in range(40)])
    figure = head_map(project(vectors, [Head(0, 0)]), vectors.names)
    marks = {(trace.marker.color, trace.marker.symbol) for trace in figure.data[:40]}
    assert len(marks) == 40
    assert not figure.layout.showlegend
    assert len(set(CATEGORIES)) == 8


def test_examples_that_are_all_equal_lie_in_the_middle():
    vectors = head_vectors(np.ones((3, 1, 1, 4)), ["a", "b", "b"])
    figure = head_map(project(vectors, [Head(0, 0)]), vectors.names)
    assert {value for trace in figure.data for value in (*trace.x, *trace.y)} == {0.0}
