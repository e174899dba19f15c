from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from tunebook.core.errors import DataError
from tunebook.data.kind import Labelled, class_counts
from tunebook.data.labels import find_labels
from tunebook.data.options import DataOptions
from tunebook.data.span_columns import SPANS, TAGGED


def labels_of(values: list[Any], **options: Any) -> Labelled:
    return find_labels(pa.chunked_array([pa.array(values)]), DataOptions(**options))


def refused(values: list[Any], **options: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        labels_of(values, **options)
    assert caught.value.message and caught.value.advice
    return caught.value


def test_classes():
    found = labels_of(["b", "a", None, " b ", "", "NaN", "B"])
    assert found.labels.problem == "single_label"
    assert found.labels.names == ["a", "b"]
    assert found.column.to_pylist() == ["b", "a", None, "b", None, None, "b"]
    assert found.bad["no_label"].tolist() == [2, 4, 5]
    assert found.merged == {"B": "b"}
    assert found.merged_rows.tolist() == [6]


def test_none_is_a_name():
    assert labels_of(["none", "some", "None", "none"]).labels.names == ["none", "some"]


def test_numbers_as_classes_are_in_order_and_written_alike():
    found = labels_of([10.0, 2.0, None, 2.0])
    assert found.labels.names == ["2", "10"]
    assert found.column.to_pylist() == ["10", "2", None, "2"]
    assert found.merged == {}
    assert labels_of(["1.0", "1", "0"]).merged == {"1.0": "1"}
    assert labels_of([True, False]).labels.names == ["false", "true"]
    assert labels_of([4, 0, 3, 1, 2]).labels.problem == "single_label"


def test_names_given():
    found = labels_of(["1", "0", "1"], label_names=["no", "yes", "never"])
    assert found.labels.names == ["no", "yes"]
    assert found.column.to_pylist() == ["yes", "no", "yes"]
    assert labels_of(["1", "0"], label_names={"0": "z", "1": "a"}).labels.names == ["z", "a"]


def test_several_labels():
    found = labels_of(["b,a", "a", "b", "c,a,a", "c", ""])
    assert found.labels.problem == "multi_label"
    assert found.facts["separator"] == ","
    assert found.column.to_pylist() == [["a", "b"], ["a"], ["b"], ["a", "c"], ["c"], None]
    assert class_counts(found.column, found.labels) == {"a": 3, "b": 2, "c": 2}
    assert labels_of(["x;y", "Y", "y"], label_separator=";").column.to_pylist() == [["x", "y"], ["y"], ["y"]]
    assert labels_of(["x", "y"], problem="multi_label").column.to_pylist() == [["x"], ["y"]]
    assert labels_of(["x,y", "z,w"], problem="multi_label").labels.names == ["w", "x", "y", "z"]


def test_list_columns_and_json_lists():
    found = labels_of([["b", "a"], [], None, ["b"]])
    assert found.column.to_pylist() == [["a", "b"], [], None, ["b"]]
    assert labels_of(['["b", "a"]', "[]", '["b"]']).column.to_pylist() == [["a", "b"], [], ["b"]]
    assert labels_of([[2, 10], [2]]).labels.names == ["2", "10"]


def test_regression():
    found = labels_of([str(n / 3) for n in range(12)] + ["", "inf", "three"], problem="regression")
    assert found.labels.problem == "regression"
    assert found.labels.low == 0.0 and found.labels.high == pytest.approx(11 / 3)
    assert found.bad["no_label"].tolist() == [12]
    assert found.bad["bad_number"].tolist() == [13, 14]
    assert found.column.null_count == 3
    assert labels_of([n / 3 for n in range(12)] + [float("nan")]).bad["no_label"].tolist() == [12]
    assert refused(["a", "b"], problem="regression").code == "data.label_numbers"
    assert refused([1.5, 1.5], problem="regression").code == "data.one_class"
    assert refused([1e-300, 2e-300], problem="regression").code == "data.one_class", "models see float32"
    beyond = refused(["1", "-1e300", "2"], problem="regression")
    assert (beyond.code, beyond.value) == ("data.number_range", "-1e300") and "1e+30" in beyond.allowed
    assert labels_of([1e29, -1e29], problem="regression").labels.high == 1e29


def test_yes_and_no_are_numbers_of_a_file_where_the_books_go_from_0_to_1():
    from tunebook.core.nouns import DataRef, Labels, Roles
    from tunebook.data.kinds.regression import Regression

    column = pa.chunked_array([["yes", "不相关", "0.5", "maybe", "1e300"]])
    for high, expected in ((1.0, [1.0, 0.0, 0.5, None, None]), (5.0, [None, None, 0.5, None, None])):
        labels = Labels(problem="regression", low=0.0, high=high)
        data = DataRef.model_construct(labels=labels, stats={}, roles=Roles(text="a", label="b"))
        numbers, unknown = Regression().known(column, data)
        assert numbers.to_pylist() == expected and unknown[-2:] == ["maybe", "1e300"]


def test_ordered_classes_need_their_order():
    found = labels_of(["low", "high", "mid"], label_order=["low", "mid", "high"])
    assert found.labels.problem == "ordinal"
    assert found.labels.names == ["low", "mid", "high"]
    assert (found.labels.low, found.labels.high, found.labels.outputs) == (0.0, 2.0, 1)
    assert refused(["low", "high"], problem="ordinal").code == "data.label_order"
    wrong = refused(["low", "high"], label_order=["low", "mid"])
    assert wrong.code == "data.label_order_wrong" and "missing: high" in wrong.message
    twice = refused(["low", "high"], label_order=["low", "high", "low"])
    assert twice.code == "data.label_order_wrong" and "missing: –" in twice.message
    assert labels_of(["1", "2"], problem="single_label", label_order=["1", "2"]).labels.problem == "single_label"


def test_useless_labels_are_refused():
    assert refused(["", None]).code == "data.labels_empty"
    assert refused(["a", "a"]).code == "data.one_class"
    assert refused(["a", "A"], merge_label_case=False).code == "data.label_case"
    many = [f"class {n}" for n in range(10_000)]
    assert refused(many * 2).code == "data.classes_limit"
    assert refused(many, max_classes=20_000).code == "data.classes_many"
    texts = refused([f"how the boat no {n} floats" for n in range(60)])
    assert texts.code == "data.classes_texts" and "--task seq2seq" in texts.advice
    assert refused([f"第{n}篇关于猫的文章" for n in range(60)]).code == "data.classes_texts"
    amounts = refused([f"{n}%" for n in range(60)])
    assert amounts.code == "data.label_amounts" and "--problem regression" in amounts.advice
    assert len(labels_of(many * 3, max_classes=20_000).labels.names) == 10_000
    error = refused([n / 7 for n in range(100)], problem="single_label")
    assert error.code == "data.label_floats"
    assert "regression" in error.advice


def test_counts_of_classes():
    found = labels_of(["b", "a", "b"])
    assert class_counts(found.column, found.labels) == {"a": 1, "b": 2}
    number = labels_of([n / 3 for n in range(12)])
    assert class_counts(number.column, number.labels) == {}


@pytest.mark.parametrize("problem", ["single_label", "multi_label", "regression"])
def test_marked_places_and_tags_of_words_are_no_labels_of_texts(problem):
    for kind in (TAGGED, SPANS):
        cells = [[dict.fromkeys(("tag", "label"), name) | {"start": 0, "end": 2}] for name in "abab"]
        with pytest.raises(DataError) as caught:
            find_labels(pa.chunked_array([pa.array(cells, kind)]), DataOptions(problem=problem))
        assert (caught.value.code, caught.value.fields["rows"]) == ("data.label_spans", 4)
