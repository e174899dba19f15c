import pytest
import yaml

from tunebook.core.errors import TableError
from tunebook.tables.make import new_table
from tunebook.tables.yaml_form import parse_yaml, yaml_bytes


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
