"""Prompts with answers to be judged, of files and objects; what a model makes of them is tested with its book."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from tests.data.test_preference_kind import judged, made, pairs

from tunebook.core.errors import DataError
from tunebook.data.answers_asked import answers_in, answers_of
from tunebook.data.options import DataOptions


def test_the_file_that_a_book_was_made_of_is_read_as_it_was(tmp_path: Path) -> None:
    ref = made(tmp_path, pairs(40))
    file = tmp_path / "again.json"
    for rows, sides in ((pairs(3), [(True, True)] * 3), (judged(4), [(True, False), (False, True)] * 2)):
        file.write_text(json.dumps(rows), encoding="utf-8")
        found, table = answers_in(ref, file, DataOptions())
        assert found.targets is not None and found.chats is not None and len(found.chats) == len(found.texts)
        assert sorted(map(tuple, (found.targets != "").tolist())) == sorted(sides)
        assert table["prompt"].to_pylist() == found.texts and {"chosen", "rejected"} <= set(table.column_names)


def test_rows_that_cannot_be_judged_are_named(tmp_path: Path) -> None:
    ref = made(tmp_path, pairs(40))
    table = pa.table({"prompt": ["a", "b"], "chosen": ["x", "y"], "rejected": ["z", "y"]})
    with pytest.raises(DataError, match="rows 2") as caught:
        answers_of(ref, table, "texts")
    assert caught.value.code == "preference.lost"
    with pytest.raises(DataError, match="tunebook chat"):
        answers_of(ref, table.select(["prompt"]), "texts")
