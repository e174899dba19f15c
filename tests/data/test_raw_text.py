"""Raw text: documents of every kind of file, each once, none that judges the book, every one accounted for."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from tests import small

from tunebook.core.errors import DataError
from tunebook.data.load import load
from tunebook.data.prepare import prepare
from tunebook.data.raw_text import prepare_raw

LINES = [text for text, _ in small.texts(40)]


def documents(file: Path, into: Path, **how: object) -> list[str]:
    data = prepare_raw(file, into, task="masked_lm", **how)  # type: ignore[arg-type]
    return [text for split in ("train", "validation") for text in load(data, split).texts]  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["lines", "paragraphs", "gz", "jsonl", "csv", "other"])
def test_every_kind_of_file(kind: str, tmp_path: Path) -> None:
    column = None
    if kind in ("lines", "paragraphs"):
        file = tmp_path / "raw.txt"
        file.write_text(("\n" if kind == "lines" else "\nand so on\n\n").join(LINES) + "\n\n")
    elif kind == "gz":
        file = tmp_path / "raw.txt.gz"
        file.write_bytes(gzip.compress("\n".join(LINES).encode()))
    elif kind == "jsonl":
        file = tmp_path / "raw.jsonl"
        file.write_text("".join(json.dumps({"id": str(n), "body": line}) + "\n" for n, line in enumerate(LINES)))
    else:
        file, column = small.write_csv(tmp_path / "raw.csv", 40), "label" if kind == "other" else None
    if kind == "other":
        with pytest.raises(DataError, match=r"text \| label"):
            documents(file, tmp_path, column="nothing")
        with pytest.raises(DataError) as caught:
            documents(file, tmp_path, column=column)
        assert (caught.value.code, caught.value.value) == ("stages.documents", 2)
        return
    found = documents(file, tmp_path)
    expected = [f"{line} and so on" if kind == "paragraphs" and line != LINES[-1] else line for line in LINES]
    assert sorted(found) == sorted(expected)


def test_a_document_is_a_line_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "raw.txt"
    odd = [line.replace(" ", "\u2028", 1) for line in LINES]
    file.write_text("\n".join(odd), encoding="utf-8")
    assert len(documents(file, tmp_path)) == len(LINES)


def test_a_stray_blank_line_does_not_make_paragraphs(tmp_path: Path) -> None:
    file = tmp_path / "raw.txt"
    file.write_text("\n".join([*LINES[:20], "", *LINES[20:]]))
    assert len(documents(file, tmp_path)) == 40


def test_what_is_left_out_stands_in_the_ledger(tmp_path: Path) -> None:
    book = prepare([small.write_csv(tmp_path / "rows.csv", 60, seed=3)], tmp_path / "data")
    judged = load(book, "test").texts[0]
    file = tmp_path / "raw.txt"
    file.write_text("\n".join([*LINES, LINES[0], " ", judged, f"{LINES[1]}\u200b"]))
    data = prepare_raw(file, tmp_path, known=book, task="masked_lm", share=0.1)
    assert data.stats["ledger"] == {
        "read": 44, "kept": 40, "dropped": {"empty_text": 1, "duplicate": 2, "leaked": 1},
        "changed": {}, "changed_rows": 0, "truncated": 0,
    }  # fmt: skip
    written = [json.loads(line) for line in (data.path / "ledger.jsonl").read_text().splitlines()[1:]]
    assert sorted(entry["row"] for entry in written) == [41, 42, 43, 44]
    assert data.rows == {"train": 36, "validation": 4, "test": 0}
    kept = [*load(data, "train").texts, *load(data, "validation").texts]
    assert sorted(kept) == sorted(LINES)
    assert load(data, "train").targets is None


def test_the_same_call_again_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebook.data import raw_text

    file = tmp_path / "raw.txt"
    file.write_text("\n".join(LINES))
    first = prepare_raw(file, tmp_path, task="masked_lm")
    monkeypatch.setattr(raw_text, "_documents", None)
    assert prepare_raw(file, tmp_path, task="masked_lm") == first
    monkeypatch.undo()
    file.write_text("\n".join(LINES[:30]))
    assert prepare_raw(file, tmp_path, task="masked_lm").content != first.content


def test_a_file_without_a_column_of_texts(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    file = tmp_path / "raw.parquet"
    parquet.write_table(pa.table({"number": [1, 2, 3]}), file)
    with pytest.raises(DataError) as caught:
        prepare_raw(file, tmp_path, task="masked_lm")
    assert (caught.value.code, caught.value.allowed) == ("outside.column", "number")
