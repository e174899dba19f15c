import pytest

from tunebook.tables.make import new_table
from tunebook.tables.read import read_table
from tunebook.tables.write import write_table
from tunebook.tables.yaml_form import parse_yaml, read_comments

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
    from tunebook.tables.yaml_form import yaml_bytes

    text = yaml_bytes(new_table({"base_model": "# x"}, note="# y", reasons={"seed": "a # b\n# c"})).decode()
    assert read_comments(text).rows == {} and read_comments(text).rest == ""
