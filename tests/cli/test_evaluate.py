"""tunebook eval: scores of a run."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from tests import small
from tests.cli.conftest import EPOCHS, Call
from tests.web.visitor import Visitor, words_of

from tunebook.cli.evaluate import retention_data
from tunebook.data.load import kept_table
from tunebook.verbs.steps.book import open_book


def test_scores_with_baselines(tunebook: Call, book: Path) -> None:
    done = tunebook("eval", book, "--json")
    assert done.code == 0 and done.json["split"] == "test"
    assert set(done.json) >= {"run", "metrics", "intervals", "baselines"}
    assert set(done.json["baselines"]) == {"majority", "tfidf_logreg", "frozen_logreg"}
    assert all(len(ends) == 2 for ends in done.json["intervals"].values())


def test_another_split_without_baselines(tunebook: Call, book: Path) -> None:
    done = tunebook("eval", book, "--split", "validation", "--no-baselines")
    assert done.code == 0 and "validation (" in done.out and "Best baseline" not in done.out
    whole = tunebook("eval", book)
    assert whole.code == 0  # leaves the report of the test rows
    assert f"  tunebook predict {book} 'some text'\n" in whole.out
    run = tunebook("runs", book, "--json").json["runs"][0]["run"]
    assert (
        f"'some text' --run {run}\n"
        in tunebook("eval", book, "--run", run, "--split", "validation", "--no-baselines").out
    )


def test_scores_of_rows_that_have_changed_since_are_told_as_such(tunebook: Call, book: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(book, tmp_path / "book"))
    ids = next(iter(kept_table(open_book(place).data).select(["_id"]).to_pylist()))
    (tmp_path / "put.csv").write_text(f"id,label\n{ids['_id']},\n", encoding="utf-8")
    words = (("eval", place, "--split", "validation", "--no-baselines"), ("challenge", place, "--only", "casing"))
    assert all(tunebook(*asked, "--json").json["warnings"] == [] for asked in words)
    assert tunebook("correct", place, tmp_path / "put.csv").code == 0
    for asked in words:
        (warning,) = tunebook(*asked, "--json").json["warnings"]
        assert "trained on the rows v1, and the rows v2 are in force" in warning
        assert warning in " ".join(tunebook(*asked).out.split())
    assert warning in words_of(Visitor(place).get("/book/book/scores").text)


def test_what_does_not_exist(tunebook: Call, book: Path, fresh: Path) -> None:
    assert "train | validation | test" in tunebook("eval", book, "--split", "all").err
    assert "zzz" in tunebook("eval", book, "--run", "zzz").err
    assert tunebook("eval", fresh, "--json").json["error"]["code"] == "book.no_runs"


@pytest.fixture
def second(model: Path, tmp_path: Path, tunebook: Call) -> Path:
    """A book with a class that the first has not."""
    rows = [row for row in small.texts(300, 3, seed=5) if row[1] != "bad"][:120]
    with (tmp_path / "rows.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("text", "label"), *rows])
    assert tunebook("init", tmp_path / "book", "--data", tmp_path / "rows.csv", "--model", model).code == 0
    return tmp_path / "book"


def test_continue_from_a_run_of_another_book(tunebook: Call, book: Path, second: Path) -> None:
    run = next(path.parent for path in sorted(book.glob("runs/*/outcome.json")))
    words = ("train", second, "--continue-from", run, "--set", "max_epochs=2", "--set", "replay.size=20", *EPOCHS[2:])
    dry = tunebook(*words, "--dry-run", "--json")
    assert dry.json["plan"]["labels"]["names"] == ["bad", "good", "so"] and dry.json["plan"]["continues"] == str(run)
    done = tunebook(*words, "--json")
    said = " ".join(done.err.split())
    assert done.code == 0 and f"Continuing from run {run.name}" in said and "base_model =" in said
    assert "grows by 1 classes: so" in said
    kept = done.json["retention"]
    assert kept["tasks"][0]["run"] == run.name and set(kept["summary"]) == {
        "learned", "final", "forgetting", "backward_transfer", "forward_transfer",
    }  # fmt: skip
    again = tunebook(*words)
    assert "finished already" in again.err and "kept of earlier tasks" in again.out and "Forgetting" in again.out
    scored = tunebook("eval", second, "--no-baselines")
    assert "Mean when learned" in scored.out
    assert "retention" in tunebook("eval", second, "--no-baselines", "--json").json
    assert "retention" not in tunebook("eval", second, "--split", "validation", "--no-baselines", "--json").json
    same = tunebook("train", book, "--continue-from", run, "--set", "max_epochs=1", "--dry-run", "--json")
    assert "Continuing" in same.err and "grows" not in same.err


def test_refusals(tunebook: Call, book: Path, tmp_path: Path) -> None:
    missing = tunebook("train", book, "--continue-from", "nosuch", "--json")
    assert missing.code == 2 and missing.json["error"]["code"] == "input.run"
    alone = tunebook("train", book, "--set", "ewc=on", "--json")
    assert alone.json["error"]["code"] == "forgetting.past" and "--continue-from" in alone.json["error"]["advice"]
    raw = tmp_path / "raw.txt"
    raw.write_text("the room was great\n" * 200)
    run = next(path.parent for path in sorted(book.glob("runs/*/outcome.json")))
    staged = tunebook("train", book, "--continue-from", run.name, "--set", f"pretrain.file={raw}", "--json")
    assert staged.json["error"]["code"] == "forgetting.stages"


def test_a_run_that_continues_from_none_says_nothing(tunebook: Call, book: Path) -> None:
    assert retention_data(None) == {}
    done = tunebook("train", book, *EPOCHS)
    assert "earlier tasks" not in done.out
    assert "retention" not in json.dumps(tunebook("train", book, *EPOCHS, "--json").json)
