"""The map: a cell for each pair of few classes, only filled ones for many."""

from tunebook.report.plots.heatmap import COUNTED, NAMED, heat_map


def test_cells_carry_counts_and_shares():
    plot = heat_map("map", [[8, 2], [0, 5]], ["yes", "no"], ("true", "predicted"))
    assert "yes → no: 2 (20.0%)" in plot
    assert plot.count("cell right") == 2
    assert plot.count("cell wrong") == 1
    assert plot.count("cell none") == 1
    assert "rotate(-40" not in plot


def test_long_names_are_turned_and_cut():
    names = ["a class with quite a long name", "another class with a long name"]
    plot = heat_map("map", [[1, 0], [0, 1]], names, ("true", "predicted"))
    assert "rotate(-40" in plot
    assert "…" in plot


def test_a_class_without_rows_divides_by_nothing():
    assert "0 (0.0%)" in heat_map("map", [[0, 0], [1, 3]], ["a", "b"], ("true", "predicted"))


def test_names_stand_at_the_axes_of_many_classes_too():
    count = COUNTED + 40
    confusion = [[int(i == j) for j in range(count)] for i in range(count)]
    plot = heat_map("map", confusion, [f"class {i}" for i in range(count)], ("true", "predicted"))
    assert plot.count(">class 3<") == 2 and plot.count(f">class {count - 1}<") == 2
    assert "cell none" not in plot and ">1<" not in plot


def test_many_classes_draw_only_what_is_there():
    count = NAMED + 10
    confusion = [[int(i == j) * 5 for j in range(count)] for i in range(count)]
    plot = heat_map("map", confusion, [f"c{i}" for i in range(count)], ("true", "predicted"))
    assert plot.count("cell right") == count
    assert "cell none" not in plot
    assert "<text" in plot and ">c3<" not in plot
