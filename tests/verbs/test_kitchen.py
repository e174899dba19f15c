"""Answers of runs and of means of them: to the last bit those of transformers, and asked for once."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.soups import Pantry, forged, pantry
from tunebook.core.errors import ModelError
from tunebook.core.progress import Silent
from tunebook.engine.load import LoadedModel, load_model
from tunebook.nets.mix import Mix
from tunebook.verbs import kitchen as module
from tunebook.verbs.answers import answers, kept_at
from tunebook.verbs.book import Book
from tunebook.verbs.kitchen import Kitchen
from tunebook.verbs.merge import plain_model
from tunebook.verbs.runs import Run
from tunebook.verbs.tasting import Logits, Tasting, tasting

__all__ = ["pantry"]


def table_of(book: Book, run: Run) -> Tasting:
    return tasting(book.data, run.plan, "accuracy")


def kitchen(book: Book, runs: Sequence[Run]) -> Kitchen:
    return Kitchen(table_of(book, runs[0]), Silent())


def by_hand(table: Tasting, runs: Sequence[Run]) -> Logits:
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
    return table.logits(first)


def no_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "net", lambda run: pytest.fail(f"{run.id} was loaded"))


@pytest.mark.parametrize("key", ["", "lora"])
def test_answers_are_those_of_transformers_bit_for_bit_and_kept(
    key: str, pantry: Pantry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, runs = pantry.copy(tmp_path / "book", *(pantry.train(seed, key) for seed in (1, 2)), pantry.train(3))
    one, two, three = runs
    asked = [[one], [two], [three], [one, two], [one, three], [one, three, two], [two, one]]
    fresh = kitchen(book, runs)
    found = [fresh.answers(part) for part in asked]
    table = table_of(book, one)
    for part, logits in zip(asked, found, strict=True):
        assert logits.dtype == np.float32
        np.testing.assert_array_equal(logits, by_hand(table, part))
    assert not (found[3] == found[4]).all(), "else this shows little"
    no_loading(monkeypatch)
    again = kitchen(book, runs)
    for part, logits in zip(asked, found, strict=True):
        np.testing.assert_array_equal(again.answers(part), logits)
    moved = Book(Path(shutil.move(book.path, tmp_path / "elsewhere")))
    there = [Run(moved.path / "runs" / run.id) for run in runs]
    np.testing.assert_array_equal(kitchen(moved, there).answers(there[:2]), found[3])


def test_means_that_are_kept_are_taken_up_where_one_is_not(pantry: Pantry, tmp_path: Path) -> None:
    book, runs = pantry.copy(tmp_path / "book", *(pantry.train(seed) for seed in (1, 2, 3)))
    fresh = kitchen(book, runs)
    for part in ([runs[0]], runs[:2]):
        fresh.answers(part)
    table = table_of(book, runs[0])
    np.testing.assert_array_equal(kitchen(book, runs).answers(runs), by_hand(table, runs))
    again = kitchen(book, runs)
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
    before = kitchen(book, [run]).answers([run])
    other = forged(run, "other", lambda held: {name: item * 2 for name, item in held.items()})
    shutil.copy(other.model / "model.safetensors", run.model / "model.safetensors")
    after = kitchen(book, [run]).answers([run])
    assert np.abs(after - before).max() > 1e-3
    np.testing.assert_array_equal(after, by_hand(table_of(book, run), [run]))
    kitchen(book, [lora]).answers([lora])
    base = Path(shutil.copytree(lora.plan.model, tmp_path / "base"))
    (base / "vocab.txt").write_text("another")
    with pytest.raises(ModelError, match="base"):
        changed = forged(lora, "changed", model=str(base))
        kitchen(book, [changed]).answers([changed])


def test_what_a_test_of_tables_has_asked_is_known(
    pantry: Pantry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, (run, lora) = pantry.copy(tmp_path / "book", pantry.train(1), pantry.train(1, "lora"))
    table = table_of(book, run)
    for one in (run, lora):
        answers(one, table.rows, table.exam.place)
    wanted = by_hand(table, [run])
    apart = kitchen(book, [lora]).answers([lora])
    np.testing.assert_array_equal(apart, by_hand(table, [lora]), "the sum of base and factors rounds otherwise")
    no_loading(monkeypatch)
    np.testing.assert_array_equal(kitchen(book, [run]).answers([run]), wanted)


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
        fresh = kitchen(book, runs)
        for part in ([runs[0]], [runs[1]]):
            fresh.answers(part)
        return loads, fresh.answers(runs)

    counts, held = asked()
    assert counts == [runs[0].id, runs[1].id, runs[0].id], "each once, and the first for what is mixed into it"
    monkeypatch.setattr(module, "_HELD", 0)
    counts, anew = asked()
    assert sorted(counts) == sorted([runs[0].id] * 3 + [runs[1].id] * 2)
    np.testing.assert_array_equal(held, anew)
