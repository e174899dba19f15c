from __future__ import annotations

import json

import pytest
import yaml

from tunebook.core.errors import TableError
from tunebook.tables.files import read_table, write_table
from tunebook.tables.json_yaml import json_bytes, parse_json, parse_yaml, read_comments, yaml_bytes
from tunebook.tables.make import new_table

FLAT = """\
# our first try
# with care

learning_rate: 2e-5  # from the paper

# as much as fits
# into memory
batch_size: 32
base_model: "a # b"
shake:   # a technique
  # on purpose
  size: 2 # small
  hidden: yes
max_length: none

# the end
"""
FULL = """\
note: |
  two # no comment
  lines
# 学习率
rows:
  learning_rate:
    # lower
    value: 2e-5   # than before
    reason: |
      why # not

  # of the next
  seed: {value: 1,  # lucky
    reason: told}
"""
LIST = """\
- name: lr
  value: 2e-5  # inside
# above
- {参数名称: seed, 取值: 1}
- nameless: 1  # of none
"""


def test_scalars_stay_text_but_null():
    text = "a: 2e-5\nb: off\nc: 010\nd:\ne: ~\nf: [1, x]\ng: none\nh: 2024-01-01\n"
    assert parse_yaml(text, "file") == {
        "a": "2e-5",
        "b": "off",
        "c": "010",
        "d": None,
        "e": None,
        "f": ["1", "x"],
        "g": "none",
        "h": "2024-01-01",
    }


def test_merge_keys():
    assert parse_yaml("x: &x {a: 1}\ny: {<<: *x, b: 2}", "file")["y"] == {"a": "1", "b": "2"}


def test_broken_with_line_and_column():
    with pytest.raises(TableError) as caught:
        parse_yaml("lr: 1\nseed: [1,\n", "file")
    assert caught.value.code == "table.broken"
    assert caught.value.fields["line"] == 3


@pytest.mark.parametrize(
    "text",
    ["a: \x07", "{" * 1_500, "a: !!python/object:os.system x", "a: 1\n---\nb: 2", "[a]: 1", "? {a: 1}\n: 2", "a: *b"],
)
def test_refused(text):
    with pytest.raises(TableError) as caught:
        parse_yaml(text, "file")
    assert caught.value.code == "table.broken"


def test_names_that_stand_twice():
    with pytest.raises(TableError) as caught:
        parse_yaml("rows:\n  lr: 1\n  seed: 2\n  lr: 1\n", "file")
    assert caught.value.code == "row.twice"
    assert "#2 and #4" in str(caught.value)


def test_yaml_bytes_is_the_record_for_any_reader():
    table = new_table({"lr": 2e-5}, note="中文: 1")
    assert yaml.safe_load(yaml_bytes(table)) == table.model_dump(mode="json")
    assert "中文".encode() in yaml_bytes(table)


@pytest.mark.parametrize(
    ("text", "rows", "rest"),
    [
        (
            FLAT,
            {
                "learning_rate": "from the paper",
                "batch_size": "as much as fits\ninto memory",
                "shake.size": "a technique\non purpose\nsmall",
            },
            "our first try\nwith care\nthe end",
        ),
        (FULL, {"learning_rate": "lower\nthan before", "seed": "of the next\nlucky"}, "学习率"),
        (LIST, {"lr": "inside", "seed": "above"}, "of none"),
        ("a: 1\n", {}, ""),
        ("just text # told\n", {}, "told"),
        ("&x\na: 1\nb: *x  # itself\n", {"b.a": "itself"}, ""),
        ("- &x\n  - *x\n  # told\n", {}, "told"),
        ("a: &x {c: 1}\n# for b\nb: *x\n", {"b.c": "for b"}, ""),
        ("&x\nrows: *x # told\n", {"rows.rows": "told"}, ""),
        ("[1, # told\n 2]\n", {}, "told"),
        ("a:\n  - 1\n  - x  # told\n\n# end\n", {"a": "told"}, "end"),
        ("a: &x\n  - 1\n  - *x  # told\n", {}, "told"),
        ("a: &x\n  c: 1\nb:\n  d: *x\n# end\n", {}, "end"),
        ("a: 1\r\n# for b\r\nb: 2 #\r\n", {"b": "for b"}, ""),
        ("a: |\n  x\n# for b\nb:\n# for c\nc: []  # empty\n", {"b": "for b", "c": "for c\nempty"}, ""),
    ],
)
def test_comments_of_rows_and_the_rest(text, rows, rest):
    parse_yaml(text, "file")
    found = read_comments(text)
    assert (found.rows, found.rest) == (rows, rest)


def test_comments_are_kept_when_a_file_is_read_and_written(tmp_path):
    first = tmp_path / "t.yaml"
    first.write_text(FLAT, encoding="utf-8")
    table = read_table(first)
    assert table.rows["learning_rate"].reason == "from the paper"
    assert table.rows["shake.size"].reason == "a technique\non purpose\nsmall"
    assert table.note == "our first try\nwith care\nthe end"
    for ending in ("yaml", "json", "csv", "xlsx"):
        assert read_table(write_table(table, tmp_path / f"u.{ending}")) == table


def test_a_comment_stands_behind_a_reason_that_says_something_else(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text("lr: {value: 1e-5, reason: told}  # too\nseed: {value: 1, reason: same}  # same\n")
    table = read_table(path)
    assert (table.rows["learning_rate"].reason, table.rows["seed"].reason) == ("told\ntoo", "same")


def test_what_tunebook_writes_has_no_comments():
    from tunebook.tables.json_yaml import yaml_bytes

    text = yaml_bytes(new_table({"base_model": "# x"}, note="# y", reasons={"seed": "a # b\n# c"})).decode()
    assert read_comments(text).rows == {} and read_comments(text).rest == ""


def test_json_form_broken_with_line_and_column():
    with pytest.raises(TableError) as caught:
        parse_json('{"lr": 1,\n  "seed" 2}', "file")
    assert caught.value.code == "table.broken"
    assert (caught.value.fields["line"], caught.value.fields["column"]) == (2, 10)
    assert "line 2, column 10" in str(caught.value)


def test_names_that_stand_twice_also_within_rows():
    for text in ('{"lr": 1, "seed": 2, "lr": 1}', '{"rows": {"lr": 1, "seed": 2, "lr": 3}}'):
        with pytest.raises(TableError) as caught:
            parse_json(text, "file")
        assert caught.value.code == "row.twice"
        assert "#1 and #3" in str(caught.value)


@pytest.mark.parametrize("text", ["[" * 200_000, '{"lr": ' + "1" * 5000 + "}"])
def test_hostile_texts(text):
    with pytest.raises(TableError) as caught:
        parse_json(text, "file")
    assert caught.value.code == "table.broken"


def test_json_bytes_is_the_record():
    table = new_table({}, note="中文")
    data = json_bytes(table)
    assert "中文" in data.decode()
    assert json.loads(data) == table.model_dump(mode="json")
