"""Single rows are timed in turns."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tunebook.abtest.latency import latencies
from tunebook.core.task import Rows


def model(name: str, asked: list[tuple[str, str]]) -> Any:
    def logits(rows: Rows) -> None:
        assert len(rows) == 1 and rows.targets is None
        asked.append((name, rows.texts[0]))

    return SimpleNamespace(logits=logits)


def test_both_models_answer_each_row_in_turns() -> None:
    asked: list[tuple[str, str]] = []
    rows = Rows([f"t{n}" for n in range(9)], [f"p{n}" for n in range(9)], None, [str(n) for n in range(9)])
    a, b = latencies(model("a", asked), model("b", asked), rows, 6)
    assert len(a) == len(b) == 6 and min(a + b) >= 0
    assert len(asked) == 2 * (4 + 6), "some rows first to warm up"
    pairs = [tuple(name for name, _ in asked[n : n + 2]) for n in range(0, len(asked), 2)]
    assert set(pairs) == {("a", "b"), ("b", "a")}
    assert all(asked[n][1] == asked[n + 1][1] for n in range(0, len(asked), 2))


def test_few_rows() -> None:
    rows = Rows(["t"], None, None, ["0"])
    a, b = latencies(model("a", []), model("b", []), rows)
    assert len(a) == len(b) == 1
