"""Files of found entities are read back as the same entities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tunebook.data.options import DataOptions
from tunebook.data.read import read
from tunebook.tasks.tagging.words import EntityWords
from tunebook.tasks.tagging.writers import WRITERS, brat, conll

TEXTS = [
    "Anna Lee flew from Oslo to Bergen.",
    "she saw\nNew York\nCity, 北京大学很大",
    "nothing here",
    "Oslo Oslo, O'Neil!",
]
PLACES = [
    [(0, 8, "PER"), (19, 23, "LOC"), (27, 33, "LOC")],
    [(8, 21, "LOC"), (23, 27, "ORG")],
    [],
    [(0, 4, "LOC"), (5, 9, "LOC"), (11, 17, "PER")],
]
ANSWERS = [
    {"spans": [{"start": start, "end": end, "label": label, "score": 0.5} for start, end, label in reversed(row)]}
    for row in PLACES
]


def words(text: str, places: list[tuple[int, int, str]]) -> list[tuple[str, str]]:
    """Type and signs of each entity, without blanks."""
    return [(label, "".join(text[start:end].split())) for start, end, label in places]


def found(path: Path) -> list[dict[str, Any]]:
    return read(path, DataOptions(), labelled=True).table.to_pylist()


def label_of(row: dict[str, Any]) -> Any:
    (column,) = (value for value in row.values() if isinstance(value, list))
    return column


def test_brat_reads_the_same_places(tmp_path: Path) -> None:
    for name, text in brat(TEXTS, ANSWERS).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert (tmp_path / "2.ann").read_text("utf-8").startswith("T1\tLOC 8 16;17 21\tNew York City\n")
    rows = sorted(found(tmp_path), key=lambda row: str(row["document"]))
    assert [row["text"] for row in rows] == TEXTS
    assert [
        words(row["text"], [(one["start"], one["end"], one["label"]) for one in label_of(row)]) for row in rows
    ] == [words(*item) for item in zip(TEXTS, PLACES, strict=True)]


def test_conll_reads_the_same_entities(tmp_path: Path) -> None:
    file = tmp_path / "found.conll"
    file.write_text(conll(TEXTS, ANSWERS)[""], encoding="utf-8")
    rows = found(file)
    assert len(rows) == len(TEXTS)
    for row, text, places in zip(rows, TEXTS, PLACES, strict=True):
        entities: list[tuple[str, str]] = []
        for word in label_of(row):
            sign = "".join(row["text"][word["start"] : word["end"]].split())
            if word["tag"].startswith("B-"):
                entities.append((word["tag"][2:], sign))
            elif word["tag"].startswith("I-"):
                entities[-1] = (entities[-1][0], entities[-1][1] + sign)
        assert entities == words(text, places)
        assert "".join(row["text"].split()) == "".join(text.split())


@pytest.mark.parametrize("empty", ["", " \n"])
def test_texts_keep_their_places_in_the_file(empty: str) -> None:
    assert conll([empty, "a"], [{"spans": []}] * 2)[""] == "_\tO\n\na\tO\n"
    assert next(iter(brat(["a"] * 10, [{"spans": []}] * 10))) == "01.txt"


def test_a_type_with_blanks_is_one_word_for_brat() -> None:
    (line,) = brat(["a"], [{"spans": [{"start": 0, "end": 1, "label": "big place"}]}])["1.ann"].splitlines()
    assert line == "T1\tbig_place 0 1\ta"


def test_they_are_those_of_the_task() -> None:
    assert EntityWords.writers(None) is WRITERS  # type: ignore[arg-type]
    assert {name: writer.suffix for name, writer in WRITERS.items()} == {"conll": ".conll", "brat": ""}
