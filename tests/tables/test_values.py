from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunebook.core.errors import TableError
from tunebook.core.params import Declaration, Row
from tunebook.tables.declared import declared, settings_rows
from tunebook.tables.values import is_nothing, number, read_value, whole, word


def declaration(kind, *, choices=(), nullable=False, bounds=(), owner="training"):
    return Declaration("x", owner, "x", kind, None, Row("x", zh="x"), choices, nullable, bounds)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (2e-5, 2e-5),
        ("2e-5", 2e-5),
        ("1e-4", 1e-4),
        ("1E-4", 1e-4),
        (" 0.01 ", 0.01),
        ("5%", 0.05),
        ("0.1 %", 0.001),
        ("1e-1%", 0.001),
        ("5％", 0.05),
        ("０．０１", 0.01),
        ("２ｅ－５", 2e-5),
        ("1e−4", 1e-4),
        ("1e–4", 1e-4),
        ("2×10⁻⁵", 2e-5),
        ("2 × 10^-5", 2e-5),
        ("2x10^－5", 2e-5),
        ("1.5*10-3", 1.5e-3),
        (".5", 0.5),
        (1, 1.0),
        ("1", 1.0),
        (np.float32(0.5), 0.5),
        (np.int64(1), 1.0),
    ],
)
def test_fractions(given, expected):
    found = read_value(settings_rows()["learning_rate"], given)
    assert found == expected
    assert type(found) is float


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (16, 16),
        ("16", 16),
        (" 16 ", 16),
        ("１６", 16),
        (16.0, 16),
        ("16.0", 16),
        ("1e3", 1000),
        ("1,000", 1000),
        ("1，000", 1000),
        ("+8", 8),
        ("1_000", 1000),
        (np.int32(8), 8),
        (np.float64(8), 8),
    ],
)
def test_whole_numbers(given, expected):
    found = read_value(settings_rows()["batch_size"], given)
    assert found == expected
    assert type(found) is int


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("batch_size", 3.5),
        ("batch_size", "3.5"),
        ("batch_size", True),
        ("batch_size", "true"),
        ("batch_size", "16 rows"),
        ("batch_size", "100%"),
        ("batch_size", ""),
        ("batch_size", None),
        ("batch_size", "auto"),
        ("batch_size", [16]),
        ("batch_size", 0),
        ("batch_size", "0,001"),
        ("batch_size", "1,00"),
        ("batch_size", "5_0"),
        ("batch_size", "1_00"),
        ("learning_rate", "0.0_1"),
        ("batch_size", "1" * 400),
        ("batch_size", "1e999"),
        ("batch_size", date(2024, 1, 1)),
        ("batch_size", {}),
        ("learning_rate", float("nan")),
        ("learning_rate", "nan"),
        ("learning_rate", float("inf")),
        ("learning_rate", "-inf"),
        ("learning_rate", "nan%"),
        ("learning_rate", "%"),
        ("learning_rate", False),
        ("learning_rate", "1,000"),
        ("learning_rate", "0,5"),
        ("learning_rate", 0),
        ("learning_rate", 1.5),
        ("learning_rate", 10**400),
        ("learning_rate", b"0.1"),
        ("learning_rate", Decimal("0.1")),
        ("warmup_ratio", 1),
        ("base_model", 3),
        ("base_model", ""),
        ("base_model", "  "),
        ("base_model", None),
        ("optimizer", "adam"),
        ("optimizer", None),
        ("optimizer", True),
        ("optimizer", 1),
        ("class_weights", False),
        ("gradient_checkpointing", "maybe"),
        ("gradient_checkpointing", 2),
        ("gradient_checkpointing", None),
        ("dropout", "off"),
    ],
)
def test_refused_with_key_value_and_what_is_allowed(name, given):
    declared_row = settings_rows()[name]
    with pytest.raises(TableError) as caught:
        read_value(declared_row, given)
    error = caught.value
    assert error.code == "row.value"
    assert error.key == name
    assert error.allowed == declared_row.allowed
    assert name in str(error)


@pytest.mark.parametrize("given", [None, "None", "none", "NULL", " null ", "无", "空", "auto", "~", "Ｎｏｎｅ"])
def test_nothing_where_it_is_allowed(given):
    assert read_value(settings_rows()["max_length"], given) is None


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("metric", "auto", "auto"),
        ("precision", "AUTO", "auto"),
        ("class_weights", "none", "none"),
        ("class_weights", None, "none"),
        ("class_weights", "无", "none"),
        ("length_bucketing", True, "on"),
        ("length_bucketing", False, "off"),
        ("length_bucketing", "yes", "on"),
        ("length_bucketing", "否", "off"),
        ("length_bucketing", "ON", "on"),
        ("optimizer", "ＡｄａｍＷ", "adamw"),
        ("base_model", Path("models/bert"), "models/bert"),
        ("base_model", " 模型/中文ＢＥＲＴ ", "模型/中文ＢＥＲＴ"),
        ("shake.depth", "ALL", "all"),
        ("shake.depth", "3", 3),
        ("shake.parts", "a, b，c、d;", ["a", "b", "c", "d"]),
        ("shake.parts", '["a", "b"]', ["a", "b"]),
        ("shake.parts", ("a ", "b"), ["a", "b"]),
        ("shake.parts", [], []),
        ("shake.note", "auto", "auto"),
        ("shake.note", "none", None),
    ],
)
def test_words(name, given, expected):
    assert read_value(declared()[name], given) == expected


@pytest.mark.parametrize("given", ["[a", '["a", 1]', [1], [""], {"a": 1}, 3, "{}", '{"a": 1}'])
def test_lists_hold_words_only(given):
    if given in ("{}", '{"a": 1}'):
        assert read_value(declaration("list of str"), given) == [given]
        return
    with pytest.raises(TableError):
        read_value(declaration("list of str"), given)


@pytest.mark.parametrize("given", [True, "yes", "Yes", "TRUE", "on", "是", "开"])
def test_true(given):
    assert read_value(settings_rows()["gradient_checkpointing"], given) is True


@pytest.mark.parametrize("given", [False, "no", "FALSE", "off", "否", "关"])
def test_false(given):
    assert read_value(settings_rows()["gradient_checkpointing"], given) is False


def test_none_in_a_technique_tells_how_to_switch_it_off():
    with pytest.raises(TableError) as caught:
        read_value(declared()["shake.size"], "none")
    assert caught.value.code == "row.off"
    assert "shake=off" in str(caught.value)


def test_unions_try_each_kind_in_turn():
    both = declaration("true or false or float or text")
    assert read_value(both, "yes") is True
    assert read_value(both, "5%") == 0.05
    assert read_value(both, "word") == "word"
    assert read_value(declaration("int or choice", choices=(8, "all")), 8) == 8
    with pytest.raises(TableError):
        read_value(declaration("list of int"), [1])


def test_bounds_open_and_closed():
    open_ends = declaration("float", bounds=((">", 0), ("<", 1)))
    for edge in (0, 1):
        with pytest.raises(TableError):
            read_value(open_ends, edge)
    closed = declaration("int", bounds=((">=", 0), ("<=", 1)))
    assert [read_value(closed, edge) for edge in (0, 1)] == [0, 1]


def test_large_whole_numbers_keep_every_digit():
    assert whole(2**60 + 1) == 2**60 + 1
    assert whole(str(2**60 + 1)) == 2**60 + 1


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_float_reads_back_from_its_repr(value):
    assert number(repr(value)) == value


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text())))
def test_any_value_is_read_or_refused_by_a_table_error(value):
    for row in settings_rows().values():
        try:
            found = read_value(row, value)
        except TableError:
            continue
        assert read_value(row, found) == found


def test_words_of_nothing():
    assert is_nothing(None)
    assert not is_nothing(0)
    assert word(3) == ""
