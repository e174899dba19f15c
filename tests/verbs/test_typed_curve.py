"""What is asked of a curve as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunebook.core.errors import TunebookError
from tunebook.verbs.curve import CurveCost, CurveOptions, PointCost
from tunebook.verbs.curve_words import begins, cost_lines
from tunebook.verbs.typed_curve import typed_curve


def test_what_is_left_out_is_as_usual() -> None:
    assert typed_curve({"sizes": "", "seeds": 3, "target": None, "frozen": False, "budget": None}) == CurveOptions(
        sizes=[]
    )
    said = {"sizes": "500，0.5, 1", "seeds": "2", "target": "90%", "budget": "1.5", "frozen": True, "metric": "mcc"}
    assert typed_curve(said, frozenset({"pickle"})) == CurveOptions(
        [500, 0.5, 1], 2, "mcc", 0.9, 1.5, True, frozenset({"pickle"})
    )


@pytest.mark.parametrize(
    "wrong",
    [{"sizes": "5,many"}, {"sizes": ","}, {"sizes": " ， "}, {"seeds": "1.5"}, {"target": "much"}, {"budget": "long"}],
    ids=str,
)
def test_a_slip_names_its_option(wrong: dict[str, str]) -> None:
    with pytest.raises(TunebookError) as caught:
        typed_curve(wrong)
    assert caught.value.code == "cli.option" and caught.value.key == f"--{next(iter(wrong))}"


def test_its_cost_in_words(tmp_path: Path) -> None:
    sizes = [PointCost(rows=8, runs=2, seconds=30.0), PointCost(rows=1600, runs=2, seconds=90.0)]
    told = CurveCost(curve="x", metric="accuracy", seeds=[1, 2], sizes=sizes, runs=4, seconds=120.0, trainings=2.7)
    assert cost_lines(told)[1] == [
        ["8", "2", "30.0 s", "25%"],
        ["1,600", "2", "1.5 min", "75%"],
    ] and "4 runs" in begins(told, tmp_path)
    frozen = told.model_copy(update={"seconds": None, "sizes": [PointCost(rows=8, runs=2)]})
    assert cost_lines(frozen)[1] == [["8", "2", "–", "–"]] and "4" in begins(frozen, tmp_path)
