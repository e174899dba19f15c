"""tunebook errors: what is told, as JSON too, in both languages, and what is refused."""

from __future__ import annotations

import shutil
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tunebook.cli.errors import _next, _tell, errors
from tunebook.core.nouns import Interval
from tunebook.data.load import load_table
from tunebook.diagnosis.cause import MERGE, Cause, Try
from tunebook.diagnosis.records import Errors
from tunebook.verbs.steps.book import open_book
from tunebook.verbs.steps.runs import Run

from .conftest import Call


def test_errors_are_told(tunebook: Call, lent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = tunebook("errors", lent)
    assert found.code == 0, found.err
    assert "validation rows" in found.out
    assert "errors.html" in found.out.replace("\n", "")
    data = tunebook("errors", lent, "--split", "test", "--json")
    assert data.code == 0
    assert data.json["split"] == "test"
    assert data.json["slices"]["searched"] >= 0
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "这些是测试集样本" in tunebook("errors", lent, "--split", "test").out.replace("\n", "")
    assert callable(errors)


def test_rows_that_have_changed_since_are_told(tunebook: Call, book: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(book, tmp_path / "copied")
    assert tunebook("errors", copied, "--json").json["warnings"] == []
    first = load_table(open_book(copied).data).select(["_id", "label"]).to_pylist()[0]
    other = next(name for name in open_book(copied).data.labels.names if name != first["label"])
    (tmp_path / "right.csv").write_text(f"id,label\n{first['_id']},{other}\n", encoding="utf-8")
    assert tunebook("correct", copied, tmp_path / "right.csv").code == 0
    for verb, *more in (["errors"], ["explain", "a lovely room", "--method", "random"]):
        told = tunebook(verb, copied, *more, "--json")
        assert told.code == 0, told
        (warning,) = told.json["warnings"]
        assert "trained on the rows v1" in warning and "rows v2 are in force" in warning
        found = tunebook(verb, copied, *more)
        assert "rows v2 are in force" in " ".join(found.out.split()) and "tunebook train" in found.out
    assert "--run latest" in " ".join(tunebook("errors", copied).out.split())


def test_a_split_that_there_is_not(tunebook: Call, lent: Path) -> None:
    found = tunebook("errors", lent, "--split", "dev")
    assert found.code == 2
    assert "train | validation | test" in found.err


def test_what_causes_advise_is_told_for_this_book(monkeypatch: pytest.MonkeyPatch) -> None:
    share = Interval(value=0.4, low=0.3, high=0.5)
    first = Try(kind="table", command="tunebook table set BOOK max_epochs=4")
    tried = [first, Try(kind="command"), Try(kind="data", command=MERGE)]  # the last needs a file that is not there
    cause = Cause(key="underfit", side="training", share=share, p_value=0.001, what="Too short.", next=tried)
    found = Errors(
        run="r", split="validation", content="c", rows=9, measure="accuracy", errors=share, wrong=3, causes=[cause]
    )
    assert _next(found, Run(Path("my book/runs/r")), Path("my book")) == ("tunebook table set 'my book' max_epochs=4",)
    screen = Console(width=100, file=StringIO())
    _tell(screen, found, Run(Path("runs/r")))
    told = screen.file.getvalue()  # type: ignore[attr-defined]
    assert "Nothing serious was found" not in told
    assert "Too short. 40.0% (30.0% – 50.0%)" in told
