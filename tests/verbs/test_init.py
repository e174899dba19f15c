"""A book is made whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import small
from tunebook.core.errors import BookError, DataError, MachineError, ModelError, TunebookError
from tunebook.core.nouns import SPLITS
from tunebook.verbs import init as module
from tunebook.verbs.init import SAMPLES, init
from tunebook.verbs.steps.book import Book, open_book


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_layout_of_a_book(book: Book) -> None:
    expected = {
        "book.toml", "data/rows.parquet", "data/split.json", "data/ledger.jsonl", "data/report.html",
        "tables/fine_tune_params_v1.json", "log.sqlite", "log.head",
    }  # fmt: skip
    found = names(book.path) - {"tables/.lock"}
    cached = {name for name in found if name.startswith("cache/")}  # what a plan need not work out again
    assert found - cached == expected
    assert any(name.startswith("cache/tokens-") for name in cached)
    opened = open_book(book.path)
    assert opened.file.owner == opened.champion.owner == "Ada"
    assert opened.file.sources == {"train": [str((book.path.parent / "rows.csv").resolve())]}
    assert opened.champion.version == 1
    assert all(row.description for row in opened.champion.rows.values())
    assert sum(opened.data.rows.values()) == 80
    assert not [path for path in book.path.parent.iterdir() if path.name.startswith(".")]


def test_an_empty_folder_is_taken(base: Path, tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    file = small.write_records(tmp_path / "rows.csv", "binary", 60)
    assert init(tmp_path / "book", file, model=str(base), options=small.options("binary")).champion.owner


def test_a_base_without_a_pooler_is_proposed_a_faster_head(base: Path, tmp_path: Path) -> None:
    from transformers import AutoModel

    file = small.write_records(tmp_path / "rows.csv", "binary", 60)
    small.tokenizer(tmp_path / "bare")
    AutoModel.from_pretrained(base, add_pooling_layer=False).save_pretrained(tmp_path / "bare")
    bare = init(tmp_path / "one", file, model=str(tmp_path / "bare"), options=small.options("binary"))
    assert bare.champion.values()["head_rate.factor"] == 10
    whole = init(tmp_path / "whole", file, model=str(base), options=small.options("binary"))
    assert "head_rate.factor" not in whole.champion.values()


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_there_is_never_overwritten(kind: str, base: Path, tmp_path: Path) -> None:
    place = tmp_path / "book"
    if kind == "folder":
        place.mkdir()
    precious = place / "thesis.txt" if kind == "folder" else place
    precious.write_text("years of work")
    with pytest.raises(BookError) as caught:
        init(place, tmp_path / "rows.csv", model=str(base))
    assert caught.value.code == "book.exists"
    assert precious.read_text() == "years of work"


def test_nothing_is_left_when_it_fails(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = small.write_records(tmp_path / "rows.csv", "binary", 60)
    before = names(tmp_path)
    attempts: list[dict[str, Any]] = [
        {"data": tmp_path / "missing.csv", "model": str(base)},
        {"data": file, "model": str(tmp_path / "no" / "model" / "here")},
        {"data": {"test": file}, "model": str(base)},
        {"data": {"train": file, "dev": file}, "model": str(base)},
    ]
    for attempt in attempts:
        with pytest.raises(TunebookError):
            init(tmp_path / "book", **attempt)
    monkeypatch.setattr(module, "write_book_file", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        init(tmp_path / "book", file, model=str(base), options=small.options("binary"))
    assert names(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


def test_a_folder_that_init_has_not_made_stays(base: Path, tmp_path: Path) -> None:
    file = small.write_records(tmp_path / "rows.csv", "binary", 60)
    (tmp_path / ".book.part" / "data").mkdir(parents=True)
    (tmp_path / ".book.part" / "data" / "split.json").write_text("{")
    init(tmp_path / "book", file, model=str(base), options=small.options("binary"))
    assert (tmp_path / ".book.part" / "data" / "split.json").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".book.part", "book", "rows.csv"]


def test_a_place_that_cannot_be_written(base: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    rows = small.write_csv(tmp_path / "rows.csv", 20)
    with pytest.raises(MachineError) as caught:
        init(tmp_path / "file" / "book", rows, model=str(base))
    assert caught.value.code == "machine.place"


def test_the_parts_of_the_data(base: Path, tmp_path: Path) -> None:
    files = {
        part: small.write_records(tmp_path / f"{part}.csv", "binary", 40, seed) for seed, part in enumerate(SPLITS)
    }
    book = init(tmp_path / "book", files, model=str(base), options=small.options("binary"))
    assert set(book.file.sources) == set(SPLITS)
    assert book.data.rows["validation"] <= 40
    assert book.data.rows["test"] == 40
    with pytest.raises(DataError) as caught:
        init(tmp_path / "other", {"validation": files["test"]}, model=str(base))
    assert caught.value.code == "data.parts"


def test_a_wrong_model_is_told_before_the_data_are_read(base: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.csv").write_bytes(b"\x00\xff")
    with pytest.raises(ModelError):
        init(tmp_path / "book", tmp_path / "broken.csv", model="./no-model")


def test_the_log_begins_with_the_book(book: Book) -> None:
    made, begun = book.log.entries()
    assert (made.action, begun.action, begun.table, begun.actor) == ("table", "init", 1, "Ada")
    assert begun.evidence["content"] == book.data.content
    assert begun.evidence["rows"]["train"] == book.data.rows["train"]
    assert book.log.verify().ok


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_samples_are_there(sample: str, base: Path, tmp_path: Path) -> None:
    book = init(tmp_path / "book", sample, model=str(base), allow=frozenset({"unknown_tokens"}))
    assert sum(book.data.rows.values()) > 100
    assert len(book.data.labels.names) >= 2


def test_several_validation_files_are_refused(tmp_path: Path) -> None:
    files = [small.write_csv(tmp_path / f"{name}.csv", 20) for name in ("a", "b", "c")]
    with pytest.raises(DataError, match=r"data\.one_file"):
        init(tmp_path / "book", {"train": files[0], "validation": files[1:]})
    assert not (tmp_path / "book").exists()
