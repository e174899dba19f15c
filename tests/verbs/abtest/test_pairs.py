"""Pairs: both arms with the same seed, examined and remembered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests import ab_book
from tunebook.core.kept_looks import FOLDER, KeptLooks
from tunebook.core.nouns import Plan, read_json
from tunebook.core.task import Rows
from tunebook.verbs.abtest import pairs as module
from tunebook.verbs.abtest.arms import Arm
from tunebook.verbs.abtest.pairs import Seen, latencies, pairs_ahead, run_pair
from tunebook.verbs.abtest.scored import Exam, answers_of, split_exam
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run


@pytest.fixture(scope="module")
def parts(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    book = ab_book.make_book(tmp_path_factory.mktemp("pairs"), base)
    tables = [book.tables.get(n) for n in (2, 3)]
    return book, tuple(Arm(table, plan(table, book.data, seed=0)) for table in tables)


def test_a_pair_is_trained_examined_and_remembered(parts: Any, tmp_path: Path, monkeypatch: Any) -> None:
    book, arms = parts
    order: list[int] = []
    train = module.trained
    monkeypatch.setattr(
        module,
        "trained",
        lambda runs, plan, watch: (order.append(plan.params.max_epochs), train(runs, plan, watch))[1],
    )
    exam = split_exam(book.data, "validation")
    pair = run_pair(arms, 1, [exam], tmp_path / "test")
    assert order == [1, 4], "A first for an odd seed"
    a, b = pair.answers[exam.key]
    assert a is not None and b is not None and a.logits.shape == b.logits.shape == (len(exam.rows), 2)
    assert not np.array_equal(a.logits, b.logits)
    assert not (a.uncrossed or b.uncrossed)
    assert pair.seen.reused == (False, False)
    assert len(pair.seen.latency[0]) == len(pair.seen.latency[1]) == min(64, len(exam.rows))
    assert pair.seen == read_json(Seen, tmp_path / "test" / "pairs" / "1.json")
    assert [side.run.plan.seed for side in pair.sides] == [1, 1]
    again = run_pair(arms, 1, [exam], tmp_path / "test")
    assert again.seen == pair.seen and not again.sides[0].run.path.joinpath("report.html").exists()
    assert [(x and x.logits.tolist()) for x in again.answers[exam.key]] == [a.logits.tolist(), b.logits.tolist()]
    other = run_pair(arms, 1, [exam], tmp_path / "other")
    assert other.seen.reused == (True, True)


def test_pairs_are_begun_in_their_order_and_counted_as_the_tests_own(
    parts: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    _, arms = parts
    asked: list[Any] = []

    @contextmanager
    def begun(plans: list[Plan], folder: Path) -> Iterator[list[Plan]]:
        asked.extend([folder, *plans])
        yield plans[1:]

    monkeypatch.setattr(module, "ahead", begun)
    with pairs_ahead(arms, [41, 42], tmp_path / "test"):
        marks = {path.name for path in (tmp_path / "test" / "begun").iterdir()}
    order = [arms[0].plan(41), arms[1].plan(41), arms[1].plan(42), arms[0].plan(42)]
    assert asked == [parts[0].path / "runs", *order] and marks == {plan.id for plan in order[1:]}


def test_b_goes_first_for_an_even_seed_and_a_lost_model_is_left_out(
    parts: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    from dataclasses import replace

    book, arms = parts
    exam = split_exam(book.data, "validation")
    done = run_pair(arms, 1, [exam], tmp_path / "first")
    order: list[int] = []

    def trained(runs: Path, plan: Any, watch: Any) -> Any:
        order.append(plan.params.max_epochs)
        if plan.params.max_epochs == 4:
            return replace(done.sides[1], run=Run(tmp_path / "lost"), failed="run.diverged")
        return done.sides[0]

    monkeypatch.setattr(module, "trained", trained)
    pair = run_pair(arms, 2, [exam], tmp_path / "second")
    assert order == [4, 1]
    assert pair.answers[exam.key][1] is None and pair.answers[exam.key][0] is not None
    assert pair.seen.latency == ([], [])


def test_looks_answer_the_validation_rows_and_the_model_all_others(parts: Any, tmp_path: Path) -> None:
    """The model is not asked where the looks have answered; without looks it is, and that is told."""
    import shutil
    from dataclasses import replace
    from types import SimpleNamespace

    book, arms = parts
    exam, elsewhere = split_exam(book.data, "validation"), split_exam(book.data, "test")
    kept = run_pair(arms, 1, [exam], tmp_path / "test").sides[1]
    copied = shutil.copytree(kept.run.path, tmp_path / "run")
    result = replace(kept, run=Run(copied))
    asked: list[int] = []

    def load() -> Any:
        asked.append(1)
        return SimpleNamespace(logits=lambda rows, progress, **more: np.ones((len(rows), 2), np.float32))

    found = answers_of(result, exam, load)
    looks = KeptLooks.read(copied)
    assert found is not None and looks is not None and len(looks.looks) == 4 and not asked
    right = [looks.answers(step)[looks.folds() == fold] for fold, step in enumerate(looks.chosen()[1:])]
    assert [found.logits[looks.folds() == fold].tolist() for fold in range(10)] == [part.tolist() for part in right]
    other = answers_of(result, elsewhere, load)
    assert other is not None and (other.logits == 1).all() and not other.uncrossed and len(asked) == 1
    shutil.rmtree(copied / FOLDER)
    old = answers_of(result, exam, load)
    assert old is not None and (old.logits == 1).all() and old.uncrossed and len(asked) == 2
    shutil.rmtree(copied / "model")
    known = answers_of(result, exam, load)
    assert known is not None and (known.logits == 1).all() and len(asked) == 2, "what it answered is known"
    (copied / "validation" / "logits.npz").unlink()
    assert answers_of(result, exam, load) is None


def model(name: str, asked: list[tuple[str, str]]) -> Any:
    def logits(rows: Rows, texts: bool) -> None:
        assert len(rows) == 1 and texts is (rows.targets is None)
        asked.append((name, rows.texts[0]))

    return SimpleNamespace(logits=logits)


def test_both_models_answer_each_row_in_turns() -> None:
    asked: list[tuple[str, str]] = []
    rows = Rows([f"t{n}" for n in range(9)], [f"p{n}" for n in range(9)], None, [str(n) for n in range(9)])
    a, b = latencies(model("a", asked), model("b", asked), Exam("e", "e", rows, "e"), 6)
    assert len(a) == len(b) == 6 and min(a + b) >= 0
    assert len(asked) == 2 * (4 + 6), "some rows first to warm up"
    pairs = [tuple(name for name, _ in asked[n : n + 2]) for n in range(0, len(asked), 2)]
    assert set(pairs) == {("a", "b"), ("b", "a")}
    assert all(asked[n][1] == asked[n + 1][1] for n in range(0, len(asked), 2))


def test_few_rows() -> None:
    rows = Rows(["t"], None, np.array([1]), ["0"])
    for texts in (True, False):
        a, b = latencies(model("a", []), model("b", []), Exam("e", "e", rows, "e", texts=texts))
    assert len(a) == len(b) == 1
