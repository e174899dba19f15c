"""The commands that make a run again, however it came about."""

from __future__ import annotations

import json
from pathlib import Path

from tunebook.core.nouns import Interval, write_json
from tunebook.core.places import write_plan
from tunebook.core.soup import Ingredient, Recipe
from tunebook.tables.files import read_table
from tunebook.tables.make import child
from tunebook.verbs.again import again
from tunebook.verbs.book import Book
from tunebook.verbs.plan import plan
from tunebook.verbs.runs import Run, keep_table

SCORE = "tunebook eval BOOK --run latest"


def test_a_version_an_arm_of_a_test_and_a_run_of_an_older_version(book: Book) -> None:
    run, made = Run(book.path / "runs" / "one"), plan(book.champion, book.data)
    write_plan(made, run.path)
    keep_table(made, run)
    assert again(run) == ["tunebook train BOOK --table v1 --again", SCORE]
    assert not (run.path / "table.json").exists(), "the version has it"
    write_plan(made.with_seed(5), run.path)
    assert again(run) == ["tunebook train BOOK --table v1 --set seed=5 --again", SCORE]
    write_plan(made.model_copy(update={"table_version": 9}), run.path)
    assert again(run)[0] == f"tunebook train BOOK --table v9 --set seed={made.seed} --again", "it is gone"
    write_plan(made.model_copy(update={"table_version": 0}), run.path)
    assert again(run)[0] == "tunebook train BOOK --again", "an older version kept no table"


def test_a_changed_table_is_kept_with_its_seed(book: Book, tmp_path: Path) -> None:
    made = plan(child(book.champion, {"max_steps": 3}), book.data, seed=4, allow=frozenset({"unknown_tokens"}))
    run = Run(book.path / "runs" / "one")
    write_plan(made, run.path)
    keep_table(made.with_seed(6), run)
    table = read_table(run.path / "table.json")
    assert (table.values()["max_steps"], table.values()["seed"]) == (3, 6)
    assert again(run)[0] == ("tunebook train BOOK --table BOOK/runs/one/table.json --allow-unknown-tokens --again")
    other = Run(tmp_path / "elsewhere" / "run")
    write_plan(made, other.path)
    assert again(other)[0] == f"tunebook train BOOK --table {other.path}/table.json --allow-unknown-tokens --again"
    assert json.loads((run.path / "table.json").read_text())["max_steps"] == 3


def test_a_run_that_continues_and_a_soup(book: Book) -> None:
    run, made = Run(book.path / "runs" / "one"), plan(book.champion, book.data)
    for before, told in ((book.path / "runs" / "zero", "zero"), (book.path / "far", str(book.path / "far"))):
        write_plan(made.model_copy(update={"continues": before}), run.path)
        before.mkdir()
        assert again(run)[0] == f"tunebook train BOOK --table v1 --continue-from {told} --again"
    one, gain = Ingredient(run="a", score=0.8, mean=0.8, taken=True), Interval(value=0, low=0, high=0)
    recipe = Recipe(method="uniform", metric="f1", rows=9, ingredients=[one, one.model_copy(update={"run": "b"})],
                    score=0.8, gain=gain, ensemble=0.8)  # fmt: skip
    write_json(recipe, run.path / "soup.json")
    assert again(run) == ["tunebook soup BOOK a b --method uniform", SCORE]
