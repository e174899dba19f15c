from __future__ import annotations

import pyarrow as pa
import pytest

from tunebook.core.errors import DataError
from tunebook.data.given_split import fold_column, given_splits, places_rows, split_column, split_of


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


def test_columns_that_say_yes_or_no_to_a_split():
    for name, yes, no in (("is_test", 2, 0), ("Is Train", 0, 2), ("is_val", 1, 0)):
        for cells in ([1, 0, 1], [True, False, True], ["yes", "No", "YES"], ["是", "否", "是"], [1.0, 0.0, 1.0]):
            table = pa.table({"text": ["a", "b", "c"], name: cells})
            assert split_column(table) == name
            assert given_splits(table, name, "a.csv").tolist() == [yes, no, yes]
    assert given_splits(pa.table({"is_test": ["test", "1", "0"]}), "is_test", "a.csv").tolist() == [2, 2, 0]
    assert split_column(pa.table({"is_valid": [1, 0], "is_testy": [1, 0], "test": [0, 1]})) is None
    assert split_column(pa.table({"is_test": ["maybe", "1"]})) is None
    with pytest.raises(DataError):
        given_splits(pa.table({"is_test": ["1", None]}), "is_test", "a.csv")


def test_numbers_of_folds():
    assert fold_column(pa.table({"text": ["a", "b"], "fold": [0, 4]})) == "fold"
    assert fold_column(pa.table({"kfold": ["1", "2", None]})) == "kfold"
    assert fold_column(pa.table({"fold": ["1", "b"], "number": [1, 2], "set": [[1], [2]]})) is None
    assert fold_column(pa.table({"fold": pa.array([None], pa.string())})) is None


def test_what_places_rows_is_no_label():
    assert places_rows("fold", pa.chunked_array([[1, 2]])) and places_rows("split", pa.chunked_array([["train"]]))
    assert places_rows("is_test", pa.chunked_array([[True, False]]))
    assert not places_rows("set", pa.chunked_array([["tools", "toys"]])) and not places_rows(
        "kind", pa.chunked_array([[1]])
    )


def test_such_a_column_is_told_of_and_never_the_label(tmp_path):
    from tests import small

    from tunebook.data.options import DataOptions
    from tunebook.data.prepare import prepare

    lines = [f"{text},{label},{n % 5},{int(n % 5 == 0)}" for n, (text, label) in enumerate(small.texts(100))]
    (tmp_path / "a.csv").write_text("\n".join(["review,kind,fold,is_test", *lines]), encoding="utf-8")
    ref = prepare([tmp_path / "a.csv"], tmp_path / "one")
    told = {item["code"]: item["fields"]["column"] for item in ref.stats["warnings"] if "column" in item["fields"]}
    assert ref.roles.label == "kind" and told == {"split_column": "is_test", "fold_column": "fold"}
    ref = prepare([tmp_path / "a.csv"], tmp_path / "two", DataOptions(split_column="is_test"))
    assert ref.rows["test"] == 20 and not {"split_column", "fold_column"} & {w["code"] for w in ref.stats["warnings"]}
