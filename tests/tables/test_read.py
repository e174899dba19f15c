import csv
import json
import random

import pytest
from openpyxl import Workbook

from tunebook.core.errors import TableError
from tunebook.tables.make import new_table
from tunebook.tables.read import read_table


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
