"""When a verdict lets a table pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tunebook.core.nouns import read_json, write_json
from tunebook.core.verdict import Guardrail, Verdict


def verdict(**changes: Any) -> Verdict:
    facts = {
        "test": "t", "verdict": "PROMOTE", "a": 1, "b": 2, "a_values": "x", "b_values": "y", "content": "c",
        "split": "validation", "metric": "accuracy", "gain": 0.03, "lower": 0.01, "upper": 0.05, "delta": 0.02,
        "delta_kind": "absolute", "alpha": 0.05, "seeds": 5, "n": 100, "looks": 1, "path": Path("tests/t"),
    }  # fmt: skip
    return Verdict.model_validate({**facts, **changes})


def guardrail(held: bool) -> Guardrail:
    return Guardrail(name="time", kind="ratio", margin=0.1, gain=0.0, lower=-0.2, upper=0.2, held=held)


@pytest.mark.parametrize(
    ("decision", "held", "passed"),
    [
        ("STRONG", [], True),
        ("PROMOTE", [True, True], True),
        ("PROMOTE", [True, False], False),
        ("STRONG", [False], False),
        ("REJECT", [], False),
        ("INCONCLUSIVE", [True], False),
    ],
)
def test_only_what_is_proven_and_breaks_nothing_passes(decision: str, held: list[bool], passed: bool) -> None:
    found = verdict(verdict=decision, guardrails=[guardrail(item) for item in held])
    assert found.passed is passed


def test_a_guardrail_without_a_margin_is_only_reported() -> None:
    assert not guardrail(True).reported and not guardrail(False).reported
    assert guardrail(True).model_copy(update={"margin": float("inf")}).reported


def test_it_is_read_back_as_it_was_written_and_shares_nothing(tmp_path: Path) -> None:
    found = verdict(gain=float("-inf"))
    assert read_json(Verdict, write_json(found, tmp_path / "verdict.json")) == found
    found.extra["note"] = 1
    assert verdict().extra == {}
