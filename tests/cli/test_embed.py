"""tunebook embed and tunebook search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests import small
from tests.cli.conftest import Call
from tests.tasks.embedding.test_passages import file_of

from tunebook.cli.calibrate import below, mark_of, marked
from tunebook.tables.make import child


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Any:
    import tunebook as tb

    folder = tmp_path_factory.mktemp("embed")
    base = small.base_model(folder / "base")
    made = tb.init(
        folder / "book", file_of(folder / "rows.jsonl"), model=base, options=tb.DataOptions(task="embedding")
    )
    tb.train(tb.plan(child(made.champion, {"max_steps": "2"}), made.data))
    return made.path


def test_embed_and_search(book: Path, tmp_path: Path, tunebook: Call) -> None:
    source = tmp_path / "texts.csv"
    source.write_text("body\ngreat room\nslow food\n" + "dirty " * 60 + "\n")
    done = tunebook("embed", book, source, "--into", tmp_path / "v.parquet", "--text", "body")
    assert done.code == 0 and "tunebook search" in done.out and "some text" in done.out
    assert "so that the end was cut off: 1 of 3" in " ".join((done.out + done.err).split())
    long = tunebook("search", book, tmp_path / "v.parquet", "dirty " * 60)
    assert "its end was cut off" in " ".join((long.out + long.err).split())
    told = tunebook("embed", book, source, "--into", tmp_path / "v.npy", "--side", "query", "--json").json
    assert told["rows"] == 3 and told["path"] == str(tmp_path / "v.npy")
    ask = ("search", book, tmp_path / "v.parquet", "great room")
    found = tunebook(*ask, "--most", "2", "--json").json["rows"]
    assert found == tunebook(*ask, "--top-k", "2", "--json").json["rows"]
    assert "tunebook calibrate" in tunebook(*ask).out
    assert len(found) == 2 and found[0]["score"] >= found[1]["score"] and set(found[0]) == {"body", "score"}
    assert "slow food" in tunebook("search", book, tmp_path / "v.parquet", "great room").out


def test_vectors_come_after_training(book: Path, tunebook: Call) -> None:
    done = tunebook("train", book, "--set", "max_steps=2", "--no-eval")
    assert done.code == 0 and "--into vectors.parquet" in done.out


def test_an_index_and_what_it_misses_are_told(book: Path, tmp_path: Path, tunebook: Call, monkeypatch: Any) -> None:
    from tunebook.tasks.embedding import kept_index as index

    source, into = tmp_path / "texts.csv", tmp_path / "v.parquet"
    source.write_text("body\ngreat room\nslow food\n")
    assert "faiss" in tunebook("embed", book, source, "--into", into, "--index", "faiss").out
    assert "faiss" in tunebook("search", book, into, "room").out
    monkeypatch.setattr(index, "recall_of", lambda made, vectors: 0.987)
    assert "98.7%" in tunebook("embed", book, source, "--into", into, "--index", "faiss").out
    source.write_text("body\nother food\n")
    tunebook("embed", book, source, "--into", into)
    said = " ".join(tunebook("search", book, into, "room").out.split())
    assert "--index hnswlib" in said


def test_rows_without_a_text_are_told(book: Path, tmp_path: Path, tunebook: Call) -> None:
    source = tmp_path / "texts.csv"
    source.write_text("name,body\na,great room\nb,\n")
    call = ("embed", book, source, "--into", tmp_path / "v.npy", "--text", "body")
    done = tunebook(*call)
    assert "Rows without a text: 1" in done.out + done.err
    assert tunebook(*call, "--json").json["empty"] == 1


def test_options_out_of_bounds_are_refused(book: Path, tmp_path: Path, tunebook: Call) -> None:
    side = tunebook("embed", book, tmp_path / "a.csv", "--into", "b.npy", "--side", "both", "--json").json
    most = tunebook("search", book, tmp_path / "v.parquet", "a", "--most", "0", "--json").json
    assert side["error"]["code"] == most["error"]["code"] == "cli.option"


def test_a_calibrated_threshold_marks_what_reaches_it(book: Path, tmp_path: Path, tunebook: Call) -> None:
    source = tmp_path / "texts.csv"
    source.write_text("body\ngreat room\nslow food\ndirty hotel\n")
    index = tmp_path / "v.parquet"
    assert tunebook("embed", book, source, "--into", index, "--text", "body").code == 0
    ask = ("search", book, index, "great room")
    none = tunebook(*ask, "--above", "calibrated", "--json").json
    assert none["error"]["code"] == "calibrate.none"
    made = tunebook("calibrate", book, "--json").json
    assert made.keys() >= {"path", "rows", "threshold", "precision", "recall", "f1", "low", "high"}
    assert made["low"] <= made["f1"] <= made["high"] and Path(made["path"]).is_file()
    told = tunebook("calibrate", book, "--precision", "10%")
    assert told.code == 0 and "tunebook embed" in told.out and "tunebook search" in told.out
    assert "--above calibrated" in " ".join(told.out.split())
    bound = tunebook("calibrate", book, "--json").json["threshold"]
    rows = tunebook(*ask, "--json").json["rows"]
    assert "--above calibrated" in tunebook(*ask).out and "Next" not in tunebook(*ask, "--above", "0").out
    assert [row["match"] for row in rows] == [row["score"] >= bound for row in rows]
    assert tunebook(*ask, "--above", "calibrated", "--json").json["rows"] == [row for row in rows if row["match"]]
    half = (rows[0]["score"] + rows[-1]["score"]) / 2
    some = tunebook(*ask, "--above", str(half), "--json").json["rows"]
    assert some == [row for row in rows if row["score"] >= half] and 0 < len(some) < len(rows)
    assert ("✓" in tunebook(*ask).out) == any(row["match"] for row in rows)
    for wrong in ("high", "nan", "inf"):
        assert tunebook(*ask, "--above", wrong, "--json").json["error"]["code"] == "cli.option"
    none = " ".join(tunebook(*ask, "--above", "1.5").out.split())
    assert f"None of the 3 texts scores 1.500 or more; the best has {rows[0]['score']:.3f}." in none
    assert tunebook(*ask, "--above", "1.5", "--json").json["rows"] == []


def test_without_a_threshold_hits_are_as_they_were() -> None:
    rows = [{"score": 0.7}, {"score": 0.2}]
    assert marked(rows, (None, None)) == rows and [mark_of(row) for row in rows] == ["", ""]
    assert marked(rows, (None, 0.5)) == rows[:1]
    assert [mark_of(row) for row in marked(rows, (0.5, None))] == ["✓ ", "  "]
    assert below(rows, (None, 0.5), 2) == "" and "no text" in below([], (None, None), 0)
