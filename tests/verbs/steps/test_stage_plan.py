"""What plan() says of a stage's techniques: everything that it says of a table's, with the stage's name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import small
from tests.books import QUICK
from tunebook.core.errors import PlanError, TableError, TunebookError
from tunebook.core.nouns import Plan
from tunebook.tables.make import child
from tunebook.verbs.init import init
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan

RAW = {"pretrain.file": "raw.txt", "pretrain.max_steps": 4, "pretrain.batch_size": 4, "pretrain.max_length": 16}


@pytest.fixture(scope="module")
def books(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, Book]:
    """A book beside raw text, and another of three classes whose v2 trains with lora."""
    folder = tmp_path_factory.mktemp("planned")
    own, other = (
        init(folder / name, small.write_records(folder / f"{name}.csv", kind, 80, seed=seed), model=str(base),
             options=small.options(kind))
        for seed, (name, kind) in enumerate((("own", "binary"), ("other", "classes")))
    )  # fmt: skip
    (own.path / "raw.txt").write_text("\n".join(text for text, _ in small.texts(60, 3, seed=9)))
    other.tables.add(child(other.champion, {**QUICK, "max_steps": 4, "eval_every": 2, "lora": "on"}))
    return own, other


def made(book: Book, *entries: str, **changes: Any) -> Plan:
    given = {"pretrain.techniques": list(entries)} if entries else {}
    return plan(child(book.champion, {**QUICK, **RAW, **given, **changes}), book.data)


def of_other(book: Book, *entries: str, table: str = "champion") -> Plan:
    rows = {"intermediate.books": "../other", "intermediate.table": table, "intermediate.techniques": list(entries)}
    return plan(child(book.champion, {**QUICK, **rows}), book.data)


def refused(make: Any) -> TunebookError:
    with pytest.raises((PlanError, TableError)) as caught:
        make()
    assert caught.value.message and caught.value.advice
    return caught.value


def test_techniques_of_a_stage_are_in_its_plan_and_in_its_id(books: tuple[Book, Book]) -> None:
    own, _ = books
    bare, found = made(own), made(own, "ema.decay=0.9", "layer_decay.rate=0.5", "r_drop")
    (stage,) = found.stages
    assert stage.techniques["ema"]["decay"] == 0.9 and stage.techniques["layer_decay"]["rate"] == 0.5
    assert set(stage.techniques) == {"ema", "layer_decay", "r_drop"} and not found.techniques
    assert stage.id != bare.stages[0].id and found.id != bare.id
    assert made(own, "ema.decay=0.9", "layer_decay.rate=0.4", "r_drop").id != found.id
    text = {"pretrain.techniques": "ema.decay=0.9, layer_decay.rate=0.5, r_drop"}
    assert made(own, **text).id == found.id, "a list of a table, or a text with commas"
    assert bare.stages[0].id == made(own, **{"pretrain.techniques": "none"}).stages[0].id


def test_a_stage_of_another_book_has_its_techniques_and_the_ones_named_here(books: tuple[Book, Book]) -> None:
    own, _ = books
    (stage,) = of_other(own, "ema", "lora.rank=2", table="v2").stages
    assert stage.techniques["lora"]["rank"] == 2 and "ema" in stage.techniques
    (stage,) = of_other(own, "lora=off", "fgm", table="v2").stages
    assert list(stage.techniques) == ["fgm"]
    (stage,) = of_other(own, table="v2").stages
    assert list(stage.techniques) == ["lora"], "lora is added up when the stage is handed on"


@pytest.mark.parametrize(
    ("entries", "code", "cause", "said"),
    [
        (["focal"], "stages.unfit", "plan.needs", "head"),
        (["mixup"], "stages.unfit", "plan.needs", "one answer to each row as a whole"),
        (["sample_weights.run=x"], "stages.unfit", "input.run", "sample_weights.run"),
        (["ema", "swa"], "stages.unfit", "plan.conflict", "swa"),
        (["fgm.epsilon=-1"], "stages.unfit", "row.value", "fgm.epsilon"),
        (["fgmm"], "stages.unfit", "row.unknown", "fgm"),
        (["soup", "gradual_unfreezing.by=day"], "stages.unfit", "row.value", "epoch"),
        (["freeze.layers=99"], "stages.unfit", "freeze.layers", "99"),
        (["learning_rate=1"], "stages.setting", "", "pretrain.learning_rate"),
        (["intermediate"], "stages.inner", "", "intermediate"),
        (["replay"], "stages.past", "", "l2_sp"),
        (["ewc"], "stages.past", "", "l2_sp"),
        (["lora"], "stages.no_head", "", "freeze"),
        (["prefix"], "stages.no_head", "", "layer_decay"),
    ],
)
def test_what_the_pretraining_cannot_have(
    entries: list[str], code: str, cause: str, said: str, books: tuple[Book, Book]
) -> None:
    error = refused(lambda: made(books[0], *entries))
    assert (error.code, error.fields.get("cause", "")) == (code, cause) or cause == "freeze.layers"
    assert said in str(error) and "pretrain" in str(error)


@pytest.mark.parametrize("key", ["prefix", "prompt", "p_tuning", "adapter"])
def test_what_stays_beside_the_model_cannot_be_handed_on(key: str, books: tuple[Book, Book]) -> None:
    error = refused(lambda: of_other(books[0], key))
    assert (error.code, error.value, error.allowed) == ("stages.beside", key, "lora | adalora | ia3 | bitfit")
    assert "intermediate" in error.message and f"intermediate.techniques={key}=off" in error.advice


def test_fewer_layers_cannot_be_handed_on(books: tuple[Book, Book]) -> None:
    error = refused(lambda: of_other(books[0], "student"))
    assert (error.code, error.value) == ("stages.shape", "student") and "intermediate" in error.message


def test_the_other_books_own_table_is_checked_too(books: tuple[Book, Book]) -> None:
    own, other = books
    other.tables.add(child(other.champion, {"prompt": "on"}))
    assert refused(lambda: of_other(own, table="latest")).code == "stages.beside"
    assert of_other(own, "prompt=off", table="latest").stages[0].techniques == {}


def test_files_that_a_stage_names_are_seen_from_this_book(books: tuple[Book, Book]) -> None:
    own, _ = books
    small.write_csv(own.path / "more.csv", 24, seed=7)
    (stage,) = of_other(own, "mmd.target=more.csv").stages
    assert stage.techniques["mmd"]["target"] == "../own/more.csv"  # from other/, which lies beside own/
    assert (stage.data_path.parent / str(stage.techniques["mmd"]["target"])).resolve() == own.path / "more.csv"
    whole = str(own.path / "more.csv")
    (stage,) = of_other(own, f"mmd.target={whole}").stages
    assert stage.techniques["mmd"]["target"] == whole
    (own.path / "runs").mkdir(exist_ok=True)
    assert refused(lambda: of_other(own, "mmd.target=nowhere.csv")).fields["cause"] == "input.file"
