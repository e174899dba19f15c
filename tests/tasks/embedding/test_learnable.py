"""Losses that have nothing to learn are refused, by the figures of a book or its rows; and idle rows are counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import small
from tunebook.core.encoded import Encoded
from tunebook.core.errors import PlanError
from tunebook.core.formatting import noticed
from tunebook.core.judged import Judged
from tunebook.nets.candidates import TAUGHT
from tunebook.tables.make import child
from tunebook.tasks.embedding.learnable import check_rows, check_stats, enough_shown, left_out, unlearnt

HAS = {"rows": 9, "passages": 9, "relevant": 9, "both": 9, "scored_both": 9, "scored_two": 9}


def stats(**more: int) -> dict[str, Any]:
    return {"passages": {"taught": 3}, "judged": {"train": {**HAS, **more}}}


def refused(call: Any, *args: Any) -> PlanError:
    with pytest.raises(PlanError) as caught:
        call(*args)
    return caught.value


@pytest.mark.parametrize(
    ("loss", "asked"), [("triplet", "both"), ("margin_mse", "scored_both"), ("kl", "scored_two"), ("auto", "relevant")]
)
def test_a_book_of_which_no_query_has_what_the_loss_asks_for(loss: str, asked: str) -> None:
    check_stats(loss, stats(), 8)
    check_stats(loss, stats(**{asked: 1}), 8)
    assert refused(check_stats, loss, stats(**{asked: 0}), 8).code == "embedding.nothing"
    assert refused(check_stats, loss, stats(passages=1), 8).code == "embedding.nothing"
    check_stats(loss, {"passages": {"taught": 3}, "judged": {"rows": 9}}, 8)  # of an older version


def test_texts_of_one_class_or_of_one_each() -> None:
    for classes in ({"a": 5, "b": 0}, {"a": 1, "b": 1}):
        assert refused(check_stats, "supcon", {"classes": {"train": classes}}, 8).code == "embedding.nothing"
    check_stats("contrastive", {"classes": {"train": {"a": 5, "b": 1}}}, 8)


def test_a_step_of_one_row_has_nothing_to_compare() -> None:
    classes = {"classes": {"train": {"a": 5, "b": 5}}}
    for loss, facts in (("in_batch", stats(both=0)), ("supcon", classes), ("contrastive", classes), ("cosent", {})):
        assert refused(check_stats, loss, facts, 1).code == "embedding.batch"
        check_stats(loss, facts, 2)
    for loss, facts in (("in_batch", stats()), ("contrastive", {}), ("cosine_mse", {}), ("triplet", stats())):
        check_stats(loss, facts, 1)


def rows_of(*gains: list[float], said: list[list[float]] | None = None) -> Encoded:
    """Queries whose passages have these gains; NaN where the teacher said nothing."""
    row = np.repeat(np.arange(len(gains)), [len(one) for one in gains])
    judged = Judged(row, np.arange(len(row)), np.concatenate([np.array(one) for one in gains]), len(gains))
    fixed = {"labels": judged.matrix()}
    if said is not None:
        scores = np.concatenate([np.array(one) for one in said])
        fixed[TAUGHT] = Judged(row, judged.passage, scores, len(gains)).at(np.isfinite(scores)).matrix()
    return Encoded({}, np.zeros(len(gains) + 1, dtype=np.int64), fixed)


def test_rows_are_looked_at_as_techniques_left_them() -> None:
    nan = float("nan")
    rows = rows_of([1, 0], [1], [2, 0, 0], said=[[nan, 3.0], [1.0], [nan, 2.0, 1.0]])
    without = [unlearnt(loss, rows).tolist() for loss in ("in_batch", "triplet", "margin_mse", "kl", "cosent")]
    none = [False] * 3  # of margin_mse all lack it, which is refused
    assert without == [none, [False, True, False], none, [True, True, False], none]
    for loss in ("in_batch", "triplet", "kl"):
        check_rows(loss, rows)
    assert refused(check_rows, "margin_mse", rows).fields["rows"] == 3
    assert refused(check_rows, "in_batch", rows_of([1])).code == "embedding.nothing"
    grades = Encoded({}, np.zeros(4, dtype=np.int64), {"labels": np.array([2.0, 2.0, 2.0])})
    assert "pairs of several grades" in str(refused(check_rows, "contrastive", grades))
    check_rows("supcon", Encoded({}, np.zeros(1, dtype=np.int64), {"labels": np.zeros(0, dtype=np.int64)}))
    assert len(unlearnt("supcon", Encoded({}, np.zeros(1, dtype=np.int64), {}))) == 0


def test_candidates_have_to_show_what_the_loss_asks_for() -> None:
    found = {loss: [enough_shown(loss, *shown) for shown in ((1, 0), (2, 0), (1, 1))] for loss in ("in_batch", "kl")}
    assert found == {"in_batch": [True] * 3, "kl": [False, True, True]}
    assert not enough_shown("margin_mse", 9, 0) and enough_shown("triplet", 1, 1)


def test_from_a_file_to_a_refusal_and_to_a_count(tmp_path: Path) -> None:
    import tunebook as tb

    base, texts = small.base_model(tmp_path / "base"), [text for text, _ in small.texts(90, seed=5)]
    lines = [{"query": f"{one} {n}", "pos": [f"{one} yes"], "neg": [f"{n} no"]} for n, one in enumerate(texts[:40])]
    scored = [{**line, "neg_scores": [-1.0]} for line in lines]
    some = [{**line, "pos_scores": [1.0]} if n % 2 else line for n, line in enumerate(scored)]
    books = {}
    for name, rows in {"scored": scored, "some": some, "bare": [{**one, "neg": [""]} for one in lines]}.items():
        file = tmp_path / f"{name}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        books[name] = tb.init(tmp_path / name, file, model=base, options=tb.DataOptions(task="embedding"))
    for name, changes, code in (
        ("scored", {"embedding.loss": "margin_mse"}, "embedding.nothing"),
        ("bare", {"embedding.loss": "triplet"}, "embedding.nothing"),
        ("bare", {"batch_size": "1"}, "embedding.batch"),
        ("some", {"embedding.loss": "kl", "candidates.negatives": "0"}, "candidates.nothing"),
        ("some", {"embedding.loss": "margin_mse", "candidates.negatives": "0"}, "candidates.nothing"),
    ):
        book = books[name]
        assert refused(tb.plan, child(book.champion, changes), book.data).code == code
    table = child(books["some"].champion, {"embedding.loss": "margin_mse", "batch_size": "1", "max_epochs": "1"})
    plan = tb.plan(table, books["some"].data)
    run = tb.train(plan)
    counted = books["some"].data.stats["judged"]["train"]
    idle = counted["rows"] - counted["scored_both"]
    counters = run.outcome["counters"]
    assert plan.estimate.steps == run.outcome["steps"] == counted["scored_both"]
    assert plan.estimate.left_out_share == idle / counted["rows"]
    assert left_out("in_batch", books["some"].data.stats) == left_out("triplet", {}) == 0
    assert idle > 0 and counters["embedding"]["unlearnt"] == idle
    assert any(str(idle) in line for line in noticed(counters))
