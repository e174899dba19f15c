"""What a gate asks of people: read from a name or a section, and held against an earlier one."""

from __future__ import annotations

import pytest

from tunebook.core.rated import WantedRating
from tunebook.core.verdict import Gate


def test_a_question_alone_stands_for_its_defaults():
    assert Gate(rating="safety").rating == WantedRating(question="safety")
    assert Gate().rating is None


@pytest.mark.parametrize(
    ("now", "lax"),
    [
        (None, True), ({"margin": 0.1}, True), ({"raters": 1}, True), ({"question": "safety"}, True),
        ({"margin": 0.01}, False), ({"better": True}, False), ({"agreement": 0.5, "rows": 50}, False),
    ],
)  # fmt: skip
def test_a_gate_that_asks_less_of_people_is_looser(now, lax):
    was = Gate(rating={"question": "overall"})
    assert Gate(rating=now).looser(was) == (["rating"] if lax else [])
    assert Gate(rating=now).looser(Gate()) == []
