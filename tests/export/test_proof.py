"""What a proof compares."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tunebook.core.errors import ModelError, PlanError, RunError
from tunebook.core.operation import Exporting
from tunebook.export.proof import check, latency, odd_shapes, prove, same
from tunebook.export.record import Exported, Proof, size_of
from tunebook.export.source import Source, check_task
from tunebook.export.standalone import needed


class Fake:
    """A bundle whose outputs are the sum of a row's tokens."""

    manifest = SimpleNamespace(reading={"max_length": 20, "pad": 0, "vocabulary": 50})

    def run(self, feeds: Any) -> Any:
        return (feeds["input_ids"] * feeds["attention_mask"]).sum(1, keepdims=True).astype(np.float32)

    def outputs(self, rows: Any) -> Any:
        return [np.array([float(row.sum())]) for row in rows]

    def outputs_by(self, rows: Any, run: Any) -> Any:
        return [run({"input_ids": row[None], "attention_mask": np.ones_like(row)[None]})[0] for row in rows]


def test_the_largest_difference_is_found_wherever_it_is():
    fake: Any = Fake()
    rows: Any = [np.array([2, 3]), np.array([4])]
    assert prove(fake, fake.run, rows, (["a", "b"], ["a", "c"])) == Proof(rows=2, equal_share=0.5, max_difference=0)

    def off(feeds: Any) -> Any:
        return fake.run(feeds) + (0.25 if feeds["input_ids"].shape[1] == 1 else 0)

    assert prove(fake, off, rows, ([], [])) == Proof(rows=2, equal_share=1, max_difference=0.25)
    assert prove(fake, lambda feeds: fake.run(feeds)[:, 0], rows[:0], ([], [])).max_difference == np.inf


def test_of_tokens_padding_does_not_count():
    class Tokens(Fake):
        def run(self, feeds: Any) -> Any:
            return np.where(feeds["attention_mask"] > 0, 1.0, np.random.default_rng().random())[:, :, None]

    fake: Any = Tokens()
    assert prove(fake, fake.run, [], ([], [])).max_difference == 0


def test_odd_shapes_have_one_token_the_longest_and_holes():
    shapes = [feeds["input_ids"].shape for feeds in odd_shapes(Fake())]  # type: ignore[arg-type]
    assert {(1, 1), (1, 20), (3, 20)} <= set(shapes)
    holes = [feeds for feeds in odd_shapes(Fake()) if not feeds["attention_mask"].all()]  # type: ignore[arg-type]
    assert holes
    assert all((feeds["input_ids"][feeds["attention_mask"] == 0] == 0).all() for feeds in holes)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ({"label": "a", "score": 0.5}, {"label": "a", "score": 0.9}, True),
        ({"label": "a"}, {"label": "b"}, False),
        ({"label": 1.0}, {"label": 1.0005}, True),
        ({"label": 1.0}, {"label": 1.1}, False),
        ({"spans": [{"start": 1, "score": 0.1}]}, {"spans": [{"start": 1, "score": 0.2}]}, True),
        ({"spans": [{"start": 1}]}, {"spans": [{"start": 2}]}, False),
        ({"spans": [{"start": 1}]}, {"spans": []}, False),
        ({"label": None}, {"label": "a"}, False),
        ({"label": "a"}, {"best": "a"}, False),
    ],
)
def test_answers_are_the_same_where_they_decide_the_same(one: Any, other: Any, equal: bool):
    assert same(one, other) is equal


def test_limits_hold():
    check(Proof(rows=2, equal_share=1, max_difference=1e-4), Exporting(), "r")
    for proof, code in (
        (Proof(rows=2, equal_share=1, max_difference=0.1), "differs"),
        (Proof(rows=2, equal_share=1, max_difference=float("nan")), "differs"),
        (Proof(rows=2, equal_share=0.5, max_difference=0), "unequal"),
    ):
        with pytest.raises(RunError, match=rf"export\.{code}"):
            check(proof, Exporting(), "r")


def test_rounding_grows_with_the_outputs():
    proof = Proof(rows=2, equal_share=1, max_difference=0.05)
    check(proof, Exporting(), "r", scale=1000)
    with pytest.raises(RunError, match=r"export\.differs"):
        check(proof, Exporting(), "r", scale=0.01)


def test_a_tokenizer_without_a_backend_is_refused():
    source: Any = SimpleNamespace(tokenizer=object(), run="r")
    with pytest.raises(ModelError, match=r"export\.slow_tokenizer"):
        Source.tokenizer_text(source)


def test_latency_of_rows():
    fake: Any = Fake()
    assert latency(fake, []) == {}
    assert sorted(latency(fake, [np.array([1])])) == ["p50", "p95", "p99"]  # type: ignore[list-item]


def test_a_task_without_a_graph_is_refused():
    with pytest.raises(PlanError, match=r"export\.task"):
        check_task("instruction")


def test_what_a_bundle_needs_is_light():
    assert not {"tunebook.core.nouns", "tunebook.core.task"} & set(needed())
    assert "tunebook.data.cleaning" in needed()


def test_an_export_as_json(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"abc")
    made = Exported(folder=tmp_path, run="r", kind="onnx", bytes=size_of(tmp_path), latency_ms={"p50": 1.0})
    shown = made.to_json()
    assert (shown["bundle"], shown["bytes"], shown["proof"]) == (str(tmp_path), 3, None)
