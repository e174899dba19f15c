from __future__ import annotations

import csv
import errno
import json
import os
import random
import tempfile
from itertools import pairwise, permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from tests.drawn import ALL

from tunebook.core.errors import MachineError, TableError
from tunebook.tables import files as text
from tunebook.tables.declared import settings_rows
from tunebook.tables.files import publish, read_bytes, read_table, read_text, replace, writable, write_table
from tunebook.tables.make import Given, make_table, new_table

FORMS = ("json", "yml", "csv", "xlsx")
ANY_TEXT = st.text(max_size=30) | st.sampled_from(
    ["=1+1", "'=x", "none", "null", "~", "1e5", "TRUE", "# x", "a # b", "备注：\n第二行", "\u2028", "a\r\nb"]
)
RATE = st.floats(min_value=1e-300, max_value=1)
CELLS = {
    "learning_rate": RATE,
    "batch_size": st.integers(1, 65536),
    "max_length": st.none() | st.integers(4, 131072),
    "dropout": st.none() | st.floats(min_value=0, max_value=0.99),
    "max_grad_norm": st.floats(min_value=0, allow_nan=False, allow_infinity=False),
    "class_weights": st.sampled_from(["none", "balanced", "sqrt"]),
    "length_bucketing": st.sampled_from(["auto", "on", "off"]),
    "gradient_checkpointing": st.booleans(),
    "base_model": st.text(min_size=1).filter(lambda text: make_ok(text)),
    "seed": st.integers(0, 2**32 - 1),
    "shake.size": st.floats(min_value=1e-9, max_value=10),
    "shake.parts": st.lists(st.text(st.characters(exclude_categories=("Cc", "Cs", "Z")), min_size=1), max_size=3),
    "shake.depth": st.just("all") | st.integers(),
}


def file(tmp_path, name, text, encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def refused(path, code):
    with pytest.raises(TableError) as caught:
        read_table(path)
    assert caught.value.code == code
    assert str(caught.value)
    return caught.value


def test_a_flat_json_object_is_a_table(tmp_path):
    table = read_table(file(tmp_path, "t.json", '{"learning_rate": 2e-5, "batch_size": 32, "fade.last": 3}'))
    assert table == new_table({"learning_rate": 2e-5, "batch_size": 32, "fade.last": 3})


CHINESE = (
    "参数名称,默认值,推荐新值,说明\nlearning_rate,5e-5,２e-5,学习率\nnum_train_epochs,3,,轮数\nmax_length,128,无,\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_chinese_headings_without_a_value_column(tmp_path, encoding):
    table = read_table(file(tmp_path, "t.csv", CHINESE, encoding))
    rate = table.rows["learning_rate"]
    assert (rate.value, rate.default, rate.recommended, rate.description) == (2e-5, 5e-5, 2e-5, "学习率")
    assert table.values()["max_epochs"] == 3
    assert (table.values()["max_length"], table.rows["max_length"].default) == (None, 128)
    assert table.note == "renamed: num_train_epochs -> max_epochs"


def test_tsv_yaml_and_xlsx(tmp_path):
    expected = new_table({"lr": 2e-5, "length_bucketing": "off"}).values()
    assert read_table(file(tmp_path, "t.tsv", "name\tvalue\nlr\t2e-5\nlength_bucketing\toff\n")).values() == expected
    for name in ("t.yaml", "t.YML"):
        assert read_table(file(tmp_path, name, "lr: 2e-5\nlength_bucketing: off\n")).values() == expected
    book = Workbook()
    for row in (["参数", "值"], ["lr", 2e-5], ["length_bucketing", "off"]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    assert read_table(str(tmp_path / "t.xlsx")).values() == expected


def test_facts(tmp_path):
    text = json.dumps({"version": "3", "parent": 2.0, "note": 5, "owner": None, "created": "now", "rows": {"seed": 1}})
    table = read_table(file(tmp_path, "t.json", text))
    assert (table.version, table.parent, table.note, table.owner, table.created) == (3, 2, "5", "", "now")


@pytest.mark.parametrize("given", [-1, "x", 1.5, True])
def test_wrong_facts(tmp_path, given):
    error = refused(file(tmp_path, "t.json", json.dumps({"version": given, "rows": {"seed": 1}})), "row.value")
    assert error.key == "version"


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("t.json", "", "table.empty"),
        ("t.csv", "\n\n", "table.empty"),
        ("t.yaml", "# nothing\n", "table.empty"),
        ("t.json", "null", "table.empty"),
        ("t.json", "{}", "table.empty"),
        ("t.json", "[]", "table.empty"),
        ("t.csv", "name,value\n名称,取值\nlr,1\n", "table.headings_twice"),
        ("t.json", '{"version": 2, "parent": 2, "rows": {"seed": 1}}', "table.cycle"),
        ("t.csv", "name,value\n# version,2\n# parent,3\nseed,1\n", "table.cycle"),
        ("t.csv", "name,value\nlr,2 e-5\n", "row.value"),
        ("t.json", '{"lr": 1', "table.broken"),
        ("t.json", "[1, 2]", "table.not_table"),
        ("t.yaml", "- 1\n- 2\n", "table.not_table"),
        ("t.yaml", "just text\n", "table.not_table"),
        ("t.csv", "text,label\ngood,1\n", "table.no_name"),
        ("t.txt", "lr=1", "table.form"),
        ("t.xls", "x", "table.form"),
        ("t.xlsx", "x", "table.workbook"),
        ("t.csv", "name,value\nlr,=1+1\n", "table.formula"),
        ("t.csv", "name,value\nlr,1e-5\nlr,1e-5\n", "row.twice"),
        ("t.csv", "name,value\nlr,1e-5\nlearning_rate,1e-5\n", "row.twice"),
        ("t.csv", "name,value\nlerning_rate,1e-5\n", "row.unknown"),
        ("t.csv", "name,value\nlr,2\n", "row.value"),
        ("t.csv", "name,value\nlr,fast\n", "row.value"),
        ("t.csv", "name,value\nfade.last,\n", "row.off"),
        ("t.csv", "name,value\nwarmup_steps,9\nmax_steps,9\n", "row.together"),
        ("t.json", '{"fade": {"first": 20}}', "row.together"),
        ("t.json", '{"lr": {"value": 1e-5, "reson": "x"}}', "table.column"),
        ("t.json", '{"fade": {"value": 1e-5, "reson": "x"}}', "row.unknown_many"),
        ("t.json", '{"lr": NaN}', "row.value"),
        ("t.json", '{"lr": [1e-5]}', "row.value"),
        ("t.json", '{"batch_size": true}', "row.value"),
        ("t.csv", "name,effect\nlr,much\n", "row.effect"),
    ],
)
def test_refused(tmp_path, name, text, code):
    refused(file(tmp_path, name, text), code)


@pytest.mark.no_cover
def test_ten_thousand_rows(tmp_path):
    path = tmp_path / "t.csv"
    names = [f"row_{number}" for number in range(10_000)]
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([["name", "value"], *([name, random.random()] for name in names)])
    error = refused(path, "row.unknown_many")
    assert error.key == "'row_0', 'row_1', 'row_2', 'row_3', 'row_4' …" and "10000 names" in error.message
    path.write_text("name,value\nlerning_rate,1\nbach_size,2\n")
    told = str(refused(path, "row.unknown_many"))
    assert "lerning_rate -> learning_rate, bach_size -> batch_size" in told and "…" not in told
    path.write_text("name,value\n" + "# remark,1\n" * 10_000 + "lr,1e-4\n")
    assert read_table(path).values()["learning_rate"] == 1e-4


def test_a_missing_file(tmp_path):
    refused(tmp_path / "t.json", "table.missing")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
def test_encodings(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes("参数名称,取值\n学习率,1\n".encode(encoding))
    assert read_text(path) == "参数名称,取值\n学习率,1\n"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "table.empty"),
        (b" \n ", "table.empty"),
        (b"\xff\xff\xff", "table.encoding"),
        (b"ab\0cd", "table.encoding"),
        (b"\xff\xfe\x00", "table.encoding"),
    ],
)
def test_text_refused(tmp_path, data, code):
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(TableError) as caught:
        read_text(path)
    assert caught.value.code == code


def test_missing_folder_and_large(tmp_path, monkeypatch):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(TableError) as caught:
            read_bytes(path)
        assert caught.value.code == "table.missing"
    monkeypatch.setattr(text, "LIMIT", 3)
    path = tmp_path / "a.csv"
    path.write_bytes(b"four")
    with pytest.raises(TableError) as caught:
        read_bytes(path)
    assert caught.value.code == "table.large"


def fail(number):
    def raised(*_, **__):
        raise OSError(number, os.strerror(number))

    return raised


def test_publish_makes_a_file_once(tmp_path):
    path = publish(tmp_path / "a" / "b.json", b"one")
    with pytest.raises(FileExistsError):
        publish(path, b"two")
    assert path.read_bytes() == b"one"
    assert list(path.parent.iterdir()) == [path]


def test_replace(tmp_path):
    path = replace(tmp_path / "b.json", b"one")
    replace(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("write", [publish, replace])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_or_closed_disk_leaves_nothing(tmp_path, monkeypatch, write, number):
    old = tmp_path / "old.json"
    old.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail(number))
    for path in (tmp_path / "new.json", old):
        with pytest.raises(MachineError) as caught:
            write(path, b"new")
        assert caught.value.code == "table.unwritable"
        assert os.strerror(number) in str(caught.value)
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_bytes() == b"old"


def test_file_systems_without_links(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", fail(errno.EPERM))
    path = publish(tmp_path / "a.json", b"one")
    with pytest.raises(FileExistsError):
        publish(path, b"two")
    assert path.read_bytes() == b"one"
    monkeypatch.setattr(os, "link", fail(errno.EIO))
    with pytest.raises(MachineError):
        publish(tmp_path / "b.json", b"one")
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_without_words(tmp_path):
    with pytest.raises(MachineError) as caught, writable(tmp_path):
        raise OSError("odd")
    assert "odd" in str(caught.value)


def make_ok(text):
    """Texts that a parameter may have: no ends of white space, nothing that cannot be written."""
    return text.strip() == text and text.isprintable() and not text.lower().startswith("[")


@st.composite
def tables(draw):
    names = draw(st.lists(st.sampled_from(sorted(CELLS)), unique=True))
    rows = {}
    for name in names:
        recommended = draw(CELLS[name])
        rows[name] = Given(
            draw(CELLS[name]),
            draw(CELLS[name]),
            *([recommended] if recommended is not None and draw(st.booleans()) else []),
            description=draw(ANY_TEXT),
            reason=draw(ANY_TEXT),
            effect=draw(st.none() | st.floats(allow_nan=False, allow_infinity=False)),
        )
    table = make_table(rows, note=draw(ANY_TEXT), owner=draw(ANY_TEXT))
    version = draw(st.integers(0, 999))
    parent = draw(st.none() | st.integers(1, version - 1 if version > 1 else 999)) if version != 1 else None
    return table.model_copy(update={"version": version, "parent": parent})


# A walk that goes once from each form to each other one: 12 ways of 4 forms.
WALK = ("json", "yml", "json", "csv", "json", "xlsx", "yml", "csv", "yml", "xlsx", "csv", "xlsx", "json")


@settings(max_examples=25 if ALL else 8)
@given(table=tables(), languages=st.lists(st.sampled_from(["en", "zh"]), min_size=13, max_size=13))
def test_every_form_gives_the_same_table_back_to_every_other(table, languages):
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        last = table
        for place, (form, language) in enumerate(zip(WALK, languages, strict=True)):
            patch.setenv("TUNEBOOK_LANG", language)
            last = read_table(write_table(last, Path(name) / f"{place}.{form}"))
            assert last == table
            assert last.id == table.id


def test_the_walk_takes_every_way():
    assert set(pairwise(WALK)) == set(permutations(FORMS, 2))


def test_flat_files_hold_names_and_values_alone(tmp_path):
    table = new_table(
        {"lr": 2e-5, "length_bucketing": "off", "shake.parts": ["中", "b"]}, reasons={"lr": "why"}, note="n"
    )
    for ending in ("json", "yaml", "yml"):
        path = write_table(table, tmp_path / f"t.{ending}", flat=True)
        assert read_table(path).values() == table.values()
        assert "why" not in path.read_text(encoding="utf-8") and "中" in path.read_text(encoding="utf-8")
    assert json.loads((tmp_path / "t.json").read_text()) == table.values()
    with pytest.raises(TableError) as caught:
        write_table(table, tmp_path / "t.csv", flat=True)
    assert caught.value.code == "table.form" and ".csv" not in caught.value.allowed


def test_the_filter_of_texts_lets_declared_rows_through():
    assert set(CELLS) - set(settings_rows()) == {"shake.size", "shake.parts", "shake.depth"}


def test_nothing_is_overwritten_unasked(tmp_path):
    path = write_table(new_table({}), tmp_path / "deep" / "t.json")
    with pytest.raises(TableError) as caught:
        write_table(new_table({"seed": 1}), path)
    assert caught.value.code == "table.exists"
    assert read_table(path) == new_table({})
    write_table(new_table({"seed": 1}), path, overwrite=True)
    assert read_table(path).values()["seed"] == 1
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", ["t", "t.txt", "t.tsv"])
def test_unknown_forms(tmp_path, name):
    with pytest.raises(TableError) as caught:
        write_table(new_table({}), tmp_path / name)
    assert caught.value.code == "table.form"
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "t.json", tmp_path / "file" / "deeper" / "t.json"):
        with pytest.raises(MachineError) as caught:
            write_table(new_table({}), path)
        assert caught.value.code == "table.unwritable"
