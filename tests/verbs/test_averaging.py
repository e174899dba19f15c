"""Answers of runs and of means of them: to the last bit those of transformers, asked for once, scored by hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.books import Trained
from tests.soups import Pantry, forged, pantry
from tunebook.core.errors import ModelError
from tunebook.core.progress import Silent
from tunebook.data.load import load
from tunebook.engine.load import LoadedModel, load_model
from tunebook.nets.averages import Mix
from tunebook.verbs import averaging as module
from tunebook.verbs.averaging import Evaluator, Logits, WeightAverager, validation_evaluator
from tunebook.verbs.steps.answers import answers, kept_at
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.merge import plain_model
from tunebook.verbs.steps.runs import Run

__all__ = ["pantry"]


def table_of(book: Book, run: Run) -> Evaluator:
    return validation_evaluator(book.data, run.plan, "accuracy")


def averager(book: Book, runs: Sequence[Run]) -> WeightAverager:
    return WeightAverager(table_of(book, runs[0]), Silent())


def by_hand(evaluator: Evaluator, runs: Sequence[Run]) -> Logits:
    """With whole models of transformers, one added to the other."""

    def whole(run: Run) -> LoadedModel:
        loaded = load_model(run.model, run.plan)
        return replace(loaded, model=plain_model(run, loaded))

    first = whole(runs[0])
    if len(runs) > 1:
        mix = Mix.of(first.model)
        for run in runs[1:]:
            mix = mix.plus(whole(run).model)
        mix.into(first.model)
    return evaluator.logits(first)


def no_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "net", lambda run: pytest.fail(f"{run.id} was loaded"))


@pytest.mark.parametrize("key", ["", "lora"])
def test_answers_are_those_of_transformers_bit_for_bit_and_kept(
    key: str, pantry: Pantry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, runs = pantry.copy(tmp_path / "book", *(pantry.train(seed, key) for seed in (1, 2)), pantry.train(3))
    one, two, three = runs
    asked = [[one], [two], [three], [one, two], [one, three], [one, three, two], [two, one]]
    fresh = averager(book, runs)
    found = [fresh.answers(part) for part in asked]
    evaluator = table_of(book, one)
    for part, logits in zip(asked, found, strict=True):
        assert logits.dtype == np.float32
        np.testing.assert_array_equal(logits, by_hand(evaluator, part))
    assert not (found[3] == found[4]).all(), "else this shows little"
    no_loading(monkeypatch)
    again = averager(book, runs)
    for part, logits in zip(asked, found, strict=True):
        np.testing.assert_array_equal(again.answers(part), logits)
    moved = Book(Path(shutil.move(book.path, tmp_path / "elsewhere")))
    there = [Run(moved.path / "runs" / run.id) for run in runs]
    np.testing.assert_array_equal(averager(moved, there).answers(there[:2]), found[3])


def test_means_that_are_kept_are_taken_up_where_one_is_not(pantry: Pantry, tmp_path: Path) -> None:
    book, runs = pantry.copy(tmp_path / "book", *(pantry.train(seed) for seed in (1, 2, 3)))
    fresh = averager(book, runs)
    for part in ([runs[0]], runs[:2]):
        fresh.answers(part)
    evaluator = table_of(book, runs[0])
    np.testing.assert_array_equal(averager(book, runs).answers(runs), by_hand(evaluator, runs))
    again = averager(book, runs)
    mix = again.mix(runs)
    assert mix.count == 3
    back = again.mix([runs[0], runs[2]])
    for name, item in (
        Mix.of(load_model(runs[0].model, runs[0].plan).model)
        .plus(load_model(runs[2].model, runs[2].plan).model)
        .total.items()
    ):
        assert back.total[name].equal(item)


def test_another_model_in_a_runs_folder_is_asked_itself(pantry: Pantry, tmp_path: Path) -> None:
    book, (run, lora) = pantry.copy(tmp_path / "book", pantry.train(1), pantry.train(1, "lora"))
    before = averager(book, [run]).answers([run])
    other = forged(run, "other", lambda held: {name: item * 2 for name, item in held.items()})
    shutil.copy(other.model / "model.safetensors", run.model / "model.safetensors")
    after = averager(book, [run]).answers([run])
    assert np.abs(after - before).max() > 1e-3
    np.testing.assert_array_equal(after, by_hand(table_of(book, run), [run]))
    averager(book, [lora]).answers([lora])
    base = Path(shutil.copytree(lora.plan.model, tmp_path / "base"))
    (base / "vocab.txt").write_text("another")
    with pytest.raises(ModelError, match="base"):
        changed = forged(lora, "changed", model=str(base))
        averager(book, [changed]).answers([changed])


def test_what_a_test_of_tables_has_asked_is_known(
    pantry: Pantry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, (run, lora) = pantry.copy(tmp_path / "book", pantry.train(1), pantry.train(1, "lora"))
    evaluator = table_of(book, run)
    for one in (run, lora):
        answers(one, evaluator.rows, evaluator.exam.place)
    wanted = by_hand(evaluator, [run])
    apart = averager(book, [lora]).answers([lora])
    np.testing.assert_array_equal(apart, by_hand(evaluator, [lora]), "the sum of base and factors rounds otherwise")
    no_loading(monkeypatch)
    np.testing.assert_array_equal(averager(book, [run]).answers([run]), wanted)


def test_models_wait_in_memory_only_where_there_is_room(
    pantry: Pantry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, runs = pantry.copy(tmp_path / "book", *(pantry.train(seed) for seed in (1, 2)))
    loads: list[str] = []
    whole = module.net

    def counted(run: Run) -> Any:
        loads.append(run.id)
        return whole(run)

    monkeypatch.setattr(module, "net", counted)

    def asked() -> tuple[list[str], Logits]:
        loads.clear()
        shutil.rmtree(book.path / "cache", ignore_errors=True)
        for run in runs:
            kept_at(run, "validation").unlink(missing_ok=True)
        fresh = averager(book, runs)
        for part in ([runs[0]], [runs[1]]):
            fresh.answers(part)
        return loads, fresh.answers(runs)

    counts, held = asked()
    assert counts == [runs[0].id, runs[1].id, runs[0].id], "each once, and the first for what is mixed into it"
    monkeypatch.setattr(module, "_HELD", 0)
    counts, anew = asked()
    assert sorted(counts) == sorted([runs[0].id] * 3 + [runs[1].id] * 2)
    np.testing.assert_array_equal(held, anew)


def test_a_run_scores_as_its_model_does(trained: Callable[[str], Trained]) -> None:
    made = trained("classes")
    evaluator = validation_evaluator(made.book.data, made.run.plan, "auto")
    rows = load(made.book.data, "validation")
    assert evaluator.metric == "accuracy" and evaluator.rows.texts == rows.texts
    loaded = load_model(made.run.model, made.run.plan)
    logits = evaluator.logits(loaded)
    np.testing.assert_allclose(logits, loaded.logits(rows), atol=1e-6)
    assert evaluator.score(logits) == pytest.approx(float((logits.argmax(1) == rows.targets).mean()))
    assert validation_evaluator(made.book.data, made.run.plan, "macro_f1").metric == "macro_f1"


def test_an_ensemble_is_the_mean_of_probabilities(trained: Callable[[str], Trained]) -> None:
    made = trained("classes")
    evaluator = validation_evaluator(made.book.data, made.run.plan, "accuracy")
    draw = np.random.default_rng(0)
    parts = [draw.normal(size=(len(evaluator.rows), 3)).astype(np.float32) * scale for scale in (1, 3, 5)]
    shares = [np.exp(part) / np.exp(part).sum(1, keepdims=True) for part in parts]
    by_shares, by_logits = (np.mean(side, axis=0).argmax(1) for side in (shares, parts))
    assert (by_shares != by_logits).any(), "else this could not fail"
    assert evaluator.ensemble(parts) == pytest.approx(float((by_shares == evaluator.targets).mean()))


@pytest.mark.parametrize(("kind", "metric"), [("classes", "accuracy"), ("classes", "macro_f1"), ("number", "spearman")])
def test_a_gain_is_the_difference_with_its_interval(kind: str, metric: str, trained: Callable[[str], Trained]) -> None:
    made = trained(kind)
    evaluator = validation_evaluator(made.book.data, made.run.plan, metric)
    worse = evaluator.logits(load_model(made.run.model, made.run.plan))
    better = worse.copy()
    if kind == "number":
        better[:, 0] = evaluator.targets
    else:
        better[np.arange(len(better)), evaluator.targets] += 100
    gain = evaluator.gain(worse, better)
    assert (
        gain.value == pytest.approx(evaluator.score(better) - evaluator.score(worse))
        and gain.low <= gain.value <= gain.high
    )
    back = evaluator.gain(better, worse)
    assert back.value == pytest.approx(-gain.value)
    together = replace(evaluator.exam, groups=np.zeros(len(evaluator.rows), dtype=np.int64))
    one_group = replace(evaluator, exam=together).gain(worse, better)
    assert one_group.low == one_group.high == pytest.approx(gain.value), "a single draw is always the same"
    same = evaluator.gain(worse, worse)
    assert (same.value, same.low, same.high) == (0, 0, 0)
