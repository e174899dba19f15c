"""What the stage intermediate plans, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import small
from tunebook.core.errors import PlanError
from tunebook.tables.make import child
from tunebook.verbs.init import init
from tunebook.verbs.stages.intermediate import Intermediate
from tunebook.verbs.steps.book import Book


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, Book]:
    folder = tmp_path_factory.mktemp("books")
    model = small.base_model(folder / "model")
    made = []
    for seed, name in enumerate(("own", "other")):
        file = small.write_csv(folder / f"{name}.csv", 60, seed=seed)
        made.append(init(folder / name, file, model=str(model)))
    other = made[1]
    other.tables.add(child(other.champion, {"max_epochs": 1, "base_model": "builtin:minilm"}))
    other.tables.add(child(other.champion, {"pretrain.file": "raw.txt"}))
    return made[0], other


def refused(stage: Intermediate, book: Book) -> PlanError:
    with pytest.raises(PlanError) as caught:
        stage.parts(book.champion, book.data)
    assert caught.value.advice
    return caught.value


def test_a_part_for_each_book_by_its_own_table_on_this_base_model(books: tuple[Book, Book]) -> None:
    own, other = books
    parts = Intermediate(books=["../other", str(other.path)], table="v2", seed=9).parts(own.champion, own.data)
    assert len(parts) == 2
    values = parts[0].table.values()
    assert (values["max_epochs"], values["base_model"]) == (1, own.champion.values()["base_model"])
    assert (parts[0].data.content, parts[0].seed) == (other.data.content, 9)


def test_what_cannot_be_a_stage(books: tuple[Book, Book], tmp_path: Path) -> None:
    own, _ = books
    assert refused(Intermediate(), own).code == "stages.books"
    assert refused(Intermediate(books=["nowhere"]), own).code == "input.book"
    assert refused(Intermediate(books=[str(own.path)]), own).code == "stages.same"
    assert refused(Intermediate(books=["../other"], table="v3"), own).code == "stages.nested"
