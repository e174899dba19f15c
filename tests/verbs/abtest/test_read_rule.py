"""A rule as it is typed, which the command line and the page read alike; more of it is in tests/cli/test_ab_options."""

from __future__ import annotations

import pytest

from tunebook.core.errors import PlanError, TunebookError
from tunebook.verbs.abtest.read_rule import Typed, read_rule


def test_what_is_not_typed_is_left_to_the_gate() -> None:
    assert read_rule({}) == {"aa": False, "challenges": []}
    typed: Typed = {"seeds": "4", "looks": "无", "guard": ["time=关", "worst_class=5pt"], "challenge": ["x.csv=5pt"]}
    assert read_rule(typed) == {
        "aa": False, "seeds": 4, "looks": [], "guard": {"time": "off", "worst_class": 0.05},
        "challenges": ["x.csv=0.05"],
    }  # fmt: skip


def test_a_guard_has_one_margin() -> None:
    with pytest.raises(TunebookError, match=r"cli\.twice"):
        read_rule({"guard": ["worst_class=1pt", " worst_class = off"]})


def test_a_metric_of_the_owner_may_be_guarded_where_there_is_one() -> None:
    with pytest.raises(PlanError, match=r"ab\.guard"):
        read_rule({"guard": ["profit=1"]})
    assert read_rule({"guard": ["profit=1"]}, ["profit"])["guard"] == {"profit": 1.0}
