"""tunebook predict: texts, files, the standard input."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from tests.cli.conftest import Call

from tunebook.cli.answer import console
from tunebook.cli.predict import tell_answers

TEXTS = ("the room was great", "we found it awful")


def test_texts(tunebook: Call, book: Path) -> None:
    rows = tunebook("predict", book, *TEXTS, "--json").lines
    assert [row["text"] for row in rows] == list(TEXTS)
    assert [row["label"] for row in rows] == ["good", "bad"]
    for row in rows:
        assert row["score"] == max(row["scores"].values()) and set(row["scores"]) == {"good", "bad"}
    shown = tunebook("predict", book, *TEXTS).out
    assert "the room was great" in shown and "good" in shown


def test_the_standard_input(tunebook: Call, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{TEXTS[0]}\n\n{TEXTS[1]}\n"))
    assert [row["label"] for row in tunebook("predict", book, "-", "--json").lines] == ["good", "bad"]


def test_a_file_into_a_file(tunebook: Call, book: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "new.csv", tmp_path / "answers.csv"
    source.write_text(f"id,text\n7,{TEXTS[0]}\n8,{TEXTS[1]}\n", encoding="utf-8")
    done = tunebook("predict", book, "--file", source, "--out", out, "--json")
    assert done.code == 0 and done.json["rows"] == 2 and done.json["out"] == str(out)
    with out.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["id"], row["label"]) for row in rows] == [("7", "good"), ("8", "bad")]
    again = tunebook("predict", book, "--file", source, "--out", out)
    assert again.code == 2 and "cli.out_exists" in again.err
    assert "Wrote 2 answers" in tunebook("predict", book, "--file", source, "--out", tmp_path / "b.jsonl").out


def test_a_long_file_is_shown_in_part(tunebook: Call, book: Path, tmp_path: Path) -> None:
    source = tmp_path / "new.csv"
    source.write_text("label,text\n" + f"x,{'very ' * 30}great\n" * 25, encoding="utf-8")
    done = tunebook("predict", book, "--file", source)
    assert "20 of 25 rows" in done.out and "…" in done.out and "--out" in done.out
    rows = tunebook("predict", book, "--file", source, "--json").lines
    assert len(rows) == 25 and rows[0]["label"] == "x" and rows[0]["predicted_label"] in ("good", "bad")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], "cli.predict_what"),
        (["text", "--file", "x.csv"], "cli.predict_what"),
        (["text", "--pair", "other"], "predict.pair_unwanted"),
        (["text", "--pair", "a", "--pair", "b"], "cli.pairs"),
        (["text", "--out", "x.docx"], "cli.option"),
        (["text", "--run", "zzz"], "book.run"),
    ],
)
def test_wrong_use(tunebook: Call, book: Path, words: list[str], code: str) -> None:
    done = tunebook("predict", book, *words, "--json")
    assert (done.code, done.json["error"]["code"]) == (2, code)


def test_a_file_without_the_column(tunebook: Call, book: Path, tmp_path: Path) -> None:
    source = tmp_path / "new.csv"
    source.write_text("a,b\n1,the room was great\n2,it was awful\n", encoding="utf-8")
    assert tunebook("predict", book, "--file", source, "--json").json["error"]["code"] == "predict.column"
    rows = tunebook("predict", book, "--file", source, "--text", "b", "--json").lines
    assert [row["label"] for row in rows] == ["good", "bad"]


@pytest.mark.parametrize(
    ("row", "headings"),
    [
        ({"label": 2.5, "score": 2.5, "scores": {}}, ["Text", "Label"]),
        ({"label": "mid", "score": 1.2, "scores": {}}, ["Text", "Label", "Score"]),
        ({"label": "a", "score": 0.9, "scores": {"a": 0.9, "b": 0.1}}, ["Text", "Label", "Score", "Next", "best"]),
    ],
)
def test_no_column_repeats_another(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, row: dict[str, object], headings: list[str]
) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    tell_answers(console(), [{"text": "a room", **row}])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == headings
    assert lines[-1].count("2.5") == (row["label"] == 2.5)
