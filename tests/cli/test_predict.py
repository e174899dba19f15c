"""tunebook predict: texts, files, the standard input."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from tests.cli.conftest import Call

TEXTS = ("the room was great", "we found it awful")


def test_texts(tunebook: Call, book: Path) -> None:
    rows = tunebook("predict", book, *TEXTS, "--json").lines
    assert [row["text"] for row in rows] == list(TEXTS)
    assert [row["label"] for row in rows] == ["good", "bad"]
    for row in rows:
        assert row["score"] == max(row["scores"].values()) and set(row["scores"]) == {"good", "bad"}
    shown = tunebook("predict", book, *TEXTS).out
    assert "the room was great" in shown and "good" in shown


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_the_standard_input_keeps_its_lines(tunebook: Call, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = f"{TEXTS[0]}\r\n\n  \n{TEXTS[1]}\n\n".encode()
    stdin(monkeypatch, data)
    rows = tunebook("predict", book, "-", "--json").lines
    assert [row["line"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["label"] for row in rows] == ["good", None, None, "bad", None]
    assert [row["notes"] for row in rows] == [[], ["no_text"], ["no_text"], [], ["no_text"]]
    stdin(monkeypatch, data)
    shown = tunebook("predict", book, "-").out
    assert shown.count("(no text)") == 3 and "without a label: 3 of 5" in shown
    assert any(line.lstrip().startswith("4 ") and "bad" in line for line in shown.splitlines())


def test_the_standard_input_in_another_encoding(tunebook: Call, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, "房间很好 great\n".encode("gb18030"))
    (row,) = tunebook("predict", book, "-", "--encoding", "gb18030", "--json").lines
    assert (row["text"], row["label"]) == ("房间很好 great", "good")
    stdin(monkeypatch, b"")
    assert tunebook("predict", book, "-", "--json").lines == []
    monkeypatch.setattr("sys.stdin", None)
    assert tunebook("predict", book, "-", "--json").lines == []


def test_blank_texts_are_told(tunebook: Call, book: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "new.csv", tmp_path / "answers.csv"
    source.write_text(f"id,text\n7,{TEXTS[0]}\n8,\u200b \n9,\n", encoding="utf-8")
    done = tunebook("predict", book, "--file", source, "--out", out, "--json").json
    assert (done["rows"], done["no_text"], done["cut"], done["rejected"]) == (3, 2, 0, 0)
    with out.open(encoding="utf-8-sig", newline="") as stream:
        assert [(row["label"], row["notes"]) for row in csv.DictReader(stream)] == [
            ("good", ""), ("", "no_text"), ("", "no_text"),
        ]  # fmt: skip
    shown = tunebook("predict", book, "--file", source, "--top-k", 1, "--reject-below", "60%", "--delimiter", ",").out
    assert "--top-k 1 --reject-below 60% --delimiter , --out answers.csv" in shown, "the next command asks for as much"
    told = tunebook("predict", book, "--file", source, "--out", tmp_path / "more.csv").out
    assert "without a label: 2 of 3" in told
    assert tunebook("predict", book, "").code == 0


def test_texts_that_are_cut_are_told(tunebook: Call, book: Path) -> None:
    long = "the room was very " * 20
    first, second = tunebook("predict", book, long, TEXTS[0], "--json").lines
    assert (first["notes"], second["notes"]) == (["cut"], [])
    shown = tunebook("predict", book, long, TEXTS[0]).out
    assert "cut off: 1 of 2" in " ".join(shown.split())


def test_the_best_classes_alone(tunebook: Call, book: Path) -> None:
    (row,) = tunebook("predict", book, TEXTS[0], "--top-k", "1", "--json").lines
    assert list(row["scores"]) == ["good"] and row["label"] == "good"
    assert "Next best" not in tunebook("predict", book, TEXTS[0], "--top-k", "1").out
    (row,) = tunebook("predict", book, TEXTS[1], "--top-k", "9", "--json").lines
    assert list(row["scores"]) == ["bad", "good"]


def test_the_best_classes_in_a_file(tunebook: Call, book: Path, tmp_path: Path) -> None:
    """Side by side in the order of their scores; a column for each class would mostly be empty."""
    out = tmp_path / "answers.csv"
    assert tunebook("predict", book, *TEXTS, "", "--top-k", "2", "--out", out).code == 0
    with out.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["text", "label", "score", "notes", "label 1", "score 1", "label 2", "score 2"]
    assert [(row["label 1"], row["label 2"]) for row in rows] == [("good", "bad"), ("bad", "good"), ("", "")]
    assert float(rows[0]["score 1"]) == float(rows[0]["score"]) > float(rows[0]["score 2"])
    tunebook("predict", book, *TEXTS, "--top-k", "1", "--out", tmp_path / "answers.jsonl")
    assert '"scores": {"good":' in (tmp_path / "answers.jsonl").read_text(encoding="utf-8")


def test_unsure_answers_get_no_label(tunebook: Call, book: Path) -> None:
    rows = tunebook("predict", book, *TEXTS, "--reject-below", "100%", "--json").lines
    assert [(row["label"], row["notes"]) for row in rows] == [(None, ["rejected"])] * 2
    assert all(0.5 < row["score"] < 1 for row in rows)
    shown = tunebook("predict", book, *TEXTS, "--reject-below", "1").out
    assert "unsure" in shown and "left out: 2 of 2" in shown and "good 0." in shown
    rows = tunebook("predict", book, *TEXTS, "--reject-below", "0.1", "--json").lines
    assert [row["label"] for row in rows] == ["good", "bad"]


def test_rows_at_once(tunebook: Call, book: Path) -> None:
    alone = tunebook("predict", book, *TEXTS, "--batch-size", "1", "--json").lines
    for one, other in zip(alone, tunebook("predict", book, *TEXTS, "--json").lines, strict=True):
        assert one["scores"] == pytest.approx(other["scores"], abs=1e-5)


def test_help_says_what_json_prints(tunebook: Call) -> None:
    assert "one object a line" in " ".join(tunebook("predict", "--help").out.split())
    assert "one object as the last line" in " ".join(tunebook("check", "--help").out.split())


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
        (["text", "--top-k", "0"], "predict.how"),
        (["text", "--reject-below", "1.5"], "predict.how"),
        (["text", "--reject-below", "much"], "cli.option"),
        (["text", "--batch-size", "0"], "predict.how"),
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


@pytest.mark.parametrize("columns", [40, 80])
def test_a_long_text_hides_nothing(tunebook: Call, book: Path, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = tunebook("predict", book, f"{TEXTS[0]} {'very ' * 12}great").out
    assert "good" in shown and "bad 0." in shown and max(map(len, shown.splitlines())) <= columns


def test_a_file_shows_its_column_of_texts(tunebook: Call, book: Path, tmp_path: Path) -> None:
    source = tmp_path / "new.csv"
    source.write_text(f"name,text\nsome name,{TEXTS[0]}\nother,{TEXTS[1]}\n", encoding="utf-8")
    assert TEXTS[0] in tunebook("predict", book, "--file", source).out
    source.write_text(f"heading\n{TEXTS[0]}\n{TEXTS[1]}\n", encoding="utf-8")
    assert TEXTS[0] in tunebook("predict", book, "--file", source).out


def test_cells_that_are_no_strings_read_as_their_text(tunebook: Call, book: Path, tmp_path: Path) -> None:
    """As training reads them: through JSON Lines, and typed."""
    source = tmp_path / "new.jsonl"
    cells = [["great", "room"], 3.0, True, {"b": 1.0, "a": "awful"}]
    source.write_text("".join(json.dumps({"text": cell}) + "\n" for cell in cells), encoding="utf-8")
    typed = ('["great", "room"]', "3", "true", '{"a": "awful", "b": 1}')
    answers = tunebook("predict", book, *typed, "--json").lines
    for row, answer in zip(tunebook("predict", book, "--file", source, "--json").lines, answers, strict=True):
        assert row["scores"] == pytest.approx(answer["scores"], abs=1e-6)
