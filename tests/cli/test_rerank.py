"""tunebook rerank: JSON, a table on the screen, a file."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Call
from tests.verbs.test_rerank import PASSAGES, book, run  # noqa: F401 - fixtures

from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run


def test_the_best_passages_are_told_and_written(book: Book, run: Run, tmp_path: Path, tunebook: Call) -> None:  # noqa: F811
    file = tmp_path / "p.txt"
    file.write_text("\n".join(PASSAGES[:30]), encoding="utf-8")
    data = tunebook("rerank", book.path, "the room", file, "--top-k", "25", "--json").json
    assert (data["path"], data["run"], data["rows"], data["empty"]) == (str(file), run.id, 30, 0)
    assert [one["rank"] for one in data["passages"]] == list(range(1, 26))
    assert data["passages"][0].keys() >= {"rank", "score", "passage", "place"}
    told = tunebook("rerank", book.path, "the room", file)
    few = [tunebook("rerank", book.path, "the room", file, flag, "3", "--json").json for flag in ("--most", "--top-k")]
    assert few[0] == few[1] and len(few[0]["passages"]) == 3 and "tunebook calibrate" in told.out
    assert told.code == 0 and "rank" in told.out.lower() and "20 of 30 rows shown" in " ".join(told.out.split())
    high = data["passages"][5]["score"]
    some = tunebook("rerank", book.path, "the room", file, "--above", str(high), "--json").json["passages"]
    assert all(one["score"] >= high for one in some) and 0 < len(some) < 30
    none = tunebook("rerank", book.path, "the room", file, "--above", "1.5", "--top-k", "3")
    assert "None of the 30 texts scores 1.500 or more" in " ".join(none.out.split())
    gone = tunebook("rerank", book.path, "the room", file, "--above", "1.5", "--out", tmp_path / "none.csv")
    assert "None of the 30 texts" in " ".join(gone.out.split())
    out = tmp_path / "ranked.csv"
    assert tunebook("rerank", book.path, "the room", file, "--out", out).code == 0
    assert len(out.read_text("utf-8").splitlines()) == 31


def test_what_comes_next_is_a_command_that_this_task_answers(book: Book, run: Run, tunebook: Call) -> None:  # noqa: F811
    told = tunebook("runs", book.path)
    assert "tunebook rerank" in told.out and "tunebook predict" not in told.out
