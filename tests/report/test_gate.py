"""The gate in words."""

from __future__ import annotations

from tunebook.core.verdict import Gate
from tunebook.report.gate import gate_facts, typed_delta


def test_what_a_gate_says_and_what_holds_without_a_word() -> None:
    plain = dict(gate_facts(Gate()))
    assert plain["Seeds"] == "5" and plain["Least gain"] == "2pt" and "Guardrails" not in plain
    said = Gate(
        delta=0.015, delta_kind="relative", guard={"time": 0.2, "size": "off"}, challenges=["typos"],
        rating={"question": "overall"},
    )  # fmt: skip
    told = dict(gate_facts(said))
    assert told["Guardrails"] == "time=20pt, size=off" and told["Challenge files"] == "typos"
    assert told["Asked of people"] == "overall" and typed_delta(said) == "1.5%"
