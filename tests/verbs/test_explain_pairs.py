"""Explanations of what searches and orders: a query and the passage that is found for it, words of either."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tunebook as tb
from tests import small
from tests.tasks.embedding.test_passages import file_of
from tests.tasks.reranking.test_book import make_book
from tunebook.core.answers import Rows
from tunebook.core.errors import DataError
from tunebook.explain import answered as module
from tunebook.explain.answered import answered
from tunebook.tables.make import child
from tunebook.verbs.embed import embed


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("embed")
    book = tb.init(
        folder / "book", file_of(folder / "rows.jsonl"), model=small.base_model(folder / "base"),
        options=tb.DataOptions(task="embedding"),
    )  # fmt: skip
    changes = {"max_steps": "2", "embedding.query": "room {text}", "embedding.passage": "the {text}"}
    return tb.train(tb.plan(child(book.champion, changes), book.data))


@pytest.fixture(scope="module")
def ordered(tmp_path_factory: pytest.TempPathFactory) -> Any:
    book = make_book(tmp_path_factory.mktemp("reranked"))
    return tb.train(tb.plan(child(book.champion, {"max_steps": "2"}), book.data))


def test_a_query_beside_the_passage_that_is_given(searched: Any, ordered: Any) -> None:
    for run in (searched, ordered):
        found = tb.explain(run, ["we found it", "the food"], ["great  room", "dirty food"], method="occlusion")
        assert {item.number for item in found.items} == {0, 1}
        for item in found.items:
            texts = {"text": ("we found it", "the food")[item.number]}
            texts[f"passage:{item.number}"] = ("great room", "dirty food")[item.number]
            assert {part.name: part.text for part in item.parts} == texts
        words = {unit.text for item in found.items if item.number == 0 for unit in item.units}
        assert words == {"we", "found", "it", "great", "room"}  # and nothing of the prompts
    with pytest.raises(DataError) as refused:
        tb.explain(searched, ["we"], ["a", "b"])
    assert refused.value.code == "predict.pair_count"


def test_the_score_of_vectors_is_their_cosine(searched: Any) -> None:
    first, second = tb.explain(searched, ["we found it"], ["great room"], method="integrated_gradients").items
    cosine = float(np.dot(embed(searched, ["we found it"], side="query")[0], embed(searched, ["great room"])[0]))
    assert first.score == pytest.approx(cosine, abs=1e-5) == second.score and first.chance is None
    assert {unit.part for unit in first.units} == {"text"} and {unit.part for unit in second.units} == {"passage:0"}


def test_without_a_passage_the_nearest_one_of_the_book_is_taken(searched: Any, ordered: Any) -> None:
    (best,) = tb.predict(searched, ["we found it"])
    found = tb.explain(searched, ["we found it"], method="random")
    assert found.items[0].said == best["passages"][0]["id"]
    assert found.items[0].score == pytest.approx(best["passages"][0]["score"], abs=1e-5)
    with pytest.raises(DataError) as refused:
        tb.explain(ordered, ["we found it"])
    assert refused.value.code == "explain.passage"


def test_rows_of_the_book_are_explained_by_what_is_found_or_ordered_first(searched: Any, ordered: Any) -> None:
    for run in (searched, ordered):
        found = tb.explain(run, errors=2, method="random")
        assert found.items and all(item.units for item in found.items)
        measured = tb.faithful(run, 3).faithful
        assert measured is not None and measured.chance == (run is ordered)


def test_a_text_with_a_class_stands_beside_the_nearest_training_text_of_that_class(monkeypatch: Any) -> None:
    vectors = {"a": [1.0, 0], "b": [0.9, 0.1], "c": [0.8, 0], "d": [0, 1.0]}
    train = Rows(["a", "b", "c", "d"], None, np.array([0, 0, 1, 1]), list("0123"))

    class Task:
        def seen(self, rows: Rows, params: Any) -> Rows:
            return rows

    class Net:
        def vectors(self, texts: Any) -> Any:
            return np.array([vectors[text] for text in texts])

    class Loaded:
        task, net = Task(), Net()
        plan = type("Plan", (), {"params": None, "labels": None})()

        def logits(self, rows: Rows) -> Any:
            return np.array([[1.0, 0], [0, 1.0]])

    monkeypatch.setattr("tunebook.data.frozen.prepared_data", lambda plan: None)
    monkeypatch.setattr("tunebook.data.load.load", lambda data, split: train)
    found = module._beside_nearest(Loaded(), Rows(["a", "a"], None, None, ["x", "y"]))  # type: ignore[arg-type]
    assert found.pairs == ["b", "c"]  # not itself; of the class that is said
    assert answered is module.answered and replace(found, pairs=None).pairs is None


def test_the_folder_is_that_of_the_split(searched: Any) -> None:
    made = tb.explain(searched, ["we"], ["room"], method="random", split="test")
    assert made.page is not None and made.page.parent == Path(searched.path)
