"""tunebook eval: scores of a run."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Call


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


def test_what_does_not_exist(tunebook: Call, book: Path, fresh: Path) -> None:
    assert "train | validation | test" in tunebook("eval", book, "--split", "all").err
    assert "zzz" in tunebook("eval", book, "--run", "zzz").err
    assert tunebook("eval", fresh, "--json").json["error"]["code"] == "book.no_runs"
