"""One thing that speaks for or against."""

from __future__ import annotations

import json
import math

from tunebook.rollout.evidence import Evidence


def test_a_gate_holds_until_its_limit_is_reached():
    below, over = Evidence("errors", math.log(99.9), 100, "abort"), Evidence("errors", math.log(100.1), 100, "abort")
    assert below.ok
    assert not below.reached
    assert over.reached
    assert not over.ok
    assert Evidence("labels_better", math.log(200), 20).ok  # good news stops nothing


def test_what_is_strange_or_only_told():
    assert not Evidence("bought", 0.0, 100, "abort", strange=1).ok
    told = Evidence("agreement", challenger=0.9, n=10).to_json()
    assert told == {
        "name": "agreement", "e_value": None, "ok": True, "reached": False, "limit": None, "stops": None, "n": 10,
        "challenger": 0.9,
    }  # fmt: skip


def test_json_holds_numbers_only():
    found = Evidence("x", 5000.0, 100, "abort", champion=math.nan, low=-0.5, strange=2).to_json()
    assert math.isfinite(found["e_value"])
    assert (found["low"], found["strange"]) == (-0.5, 2)
    assert "champion" not in found
    json.dumps(found, allow_nan=False)
