"""Groups of rows as numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tunebook.core.nouns import Roles
from tunebook.core.task import Rows
from tunebook.data.groups import group_codes
from tunebook.data.load import load
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare


def rows_with(cells: list[object], name: str = "user") -> Rows:
    texts = [f"text {place}" for place in range(len(cells))]
    return Rows(texts=texts, pairs=None, targets=None, ids=texts, other={name: cells})


def codes(cells: list[object]) -> list[int] | None:
    found = group_codes(rows_with(cells), Roles(text="text", group="user"))
    return None if found is None else found.tolist()


def test_rows_of_one_name_are_one_group_and_rows_without_a_name_are_none():
    assert codes(["b", "a", " b ", None, "", "a", float("nan")]) == [0, 1, 0, 2, 3, 1, 4]
    assert codes([7, 8, 7]) == [0, 1, 0]
    assert codes(["0", None, "0", "1"]) == [0, 1, 0, 2]  # the place of the nameless row is no name


def test_without_groups_there_are_no_codes():
    assert codes(["a", "b", None]) is None
    assert group_codes(rows_with(["a", "a"]), Roles(text="text")) is None
    assert group_codes(rows_with(["a", "a"]).at([0, 1]), Roles(text="text", group="user")) is None


def test_the_group_column_of_a_book_is_found_whatever_it_is_called(write, tmp_path: Path):
    lines = [f"text number {n},{'ab'[n % 2]},shop {n % 20}" for n in range(200)]
    for name in ("shop", "pair"):
        path = write(f"{name}.csv", "\n".join([f"text,label,{name}", *lines]) + "\n")
        ref = prepare([path], tmp_path / name, DataOptions(group=name))
        rows = load(ref, "train")
        found = group_codes(rows, ref.roles)
        assert found is not None and ref.roles.group == name
        shops = [int(text.split()[-1]) % 20 for text in rows.texts]
        assert len(np.unique(found)) == len(set(shops))
        assert len(set(zip(found.tolist(), shops, strict=True))) == len(set(shops))
