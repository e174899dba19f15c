"""Points, thinned where there are too many, and a field where all are alike."""

from tunebook.report.plots.scatter import scatter_plot


def test_every_point_is_drawn():
    assert scatter_plot("fit", [(1.0, 1.5), (2.0, 2.5)], ("true", "predicted")).count("<circle") == 2


def test_very_many_points_are_thinned():
    points = [(float(i), float(i)) for i in range(10_000)]
    assert 1000 < scatter_plot("fit", points, ("true", "predicted")).count("<circle") <= 1500


def test_equal_points_have_a_field():
    plot = scatter_plot("fit", [(2.0, 2.0)], ("true", "predicted"))
    assert plot.count("<circle") == 1
    assert "nan" not in plot
