from __future__ import annotations

import pyarrow as pa
import pytest

from tunebook.core.errors import DataError
from tunebook.data.given_split import given_splits, split_column, split_of


def test_a_column_of_splits_is_known_by_name_and_values():
    assert split_column(pa.table({"text": ["train"], "split": [" Train "]})) == "split"
    assert split_column(pa.table({"划分": ["训练", "测试集", None]})) == "划分"
    assert split_column(pa.table({"split": ["wood", "train"]})) is None
    assert split_column(pa.table({"part": ["train"], "set": [["test"]]})) is None
    assert split_column(pa.table({"part": ["train", "dev", None]})) == "part"
    assert split_column(pa.table({"part": ["dev", "test"]})) is None


def test_splits_by_their_many_names():
    rows = pa.table({"fold": ["train", "Training", "dev", "valid", "test", "holdout"]})
    assert given_splits(rows, "fold", "a.csv").tolist() == [0, 0, 1, 1, 2, 2]
    with pytest.raises(DataError) as caught:
        given_splits(pa.table({"fold": ["train", "3", None]}), "fold", "a.csv")
    assert caught.value.code == "data.split_column" and "'3'" in caught.value.message


def test_parts_of_a_split():
    assert [split_of(word) for word in ("oos_train", "Train-2", "oos-val", "test", "2_dev", "wood", "")] == [
        "train", None, "validation", "test", "validation", None, None,
    ]  # fmt: skip
