import json

import pytest

from tunebook.core.errors import TableError
from tunebook.tables.json_form import json_bytes, parse_json
from tunebook.tables.make import new_table


def test_broken_with_line_and_column():
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
