import pytest

from tunebook.core.errors import TableError
from tunebook.tables.grid import from_cells, to_cells
from tunebook.tables.make import Given, new_table

HEAD = ["name", "value", "default"]


def refused(cells, code):
    with pytest.raises(TableError) as caught:
        from_cells(cells, "file")
    assert caught.value.code == code
    return str(caught.value)


def test_rows_facts_comments_and_empty_rows():
    cells = [
        [None, ""],
        ["参数名称", "说明", None, "取值"],
        ["# version", None, None, "3"],
        ["# note", "told", None, None],
        ["# owner", None],
        ["# a comment", None, None, "x"],
        [" ", None],
        [" lr ", "words", None, "1e-4"],
        ["seed"],
    ]
    found = from_cells(cells, "file")
    assert found.rows == {"lr": Given("1e-4", description="words"), "seed": Given()}
    assert found.facts == {"version": "3", "note": "told\na comment, x", "owner": ""}


def test_comments_right_above_a_row_are_its_reason():
    cells = [
        ["# made by Ann", "for the demo"],
        HEAD,
        ["# from the paper"],
        ["＃ and it worked"],
        ["lr", 1],
        ["seed", 1],
        ["# 备注", "told"],
        ["# of none"],
    ]
    found = from_cells(cells, "file", {5: "from the paper", 6: "a note", 7: "beside a fact", 2: "beside headings"})
    assert found.rows["lr"].reason == "from the paper\nand it worked"
    assert found.rows["seed"].reason == "a note"
    assert found.facts == {"note": "told\nmade by Ann, for the demo\nbeside headings\nbeside a fact\nof none"}


def test_facts_stand_in_any_column_and_above_the_headings():
    cells = [[None, "# version", 3], [None, "name", "value"], [None, "lr", 1], [None, "# 创建时间", "now"]]
    found = from_cells(cells, "file")
    assert found.facts == {"version": 3, "created": "now"}


def test_an_empty_row_switches_no_technique_on():
    assert from_cells([HEAD, ["fade.last"]], "file").rows == {"fade.last": Given(None)}
    assert from_cells([HEAD, ["fade.last", None, 5]], "file").rows == {"fade.last": Given(default=5)}


@pytest.mark.parametrize(
    ("cells", "code", "told"),
    [
        ([], "table.empty", "file"),
        ([["", None]], "table.empty", "file"),
        ([HEAD], "table.empty", "file"),
        ([HEAD, ["# note", "x"]], "table.empty", "file"),
        ([["text", "label"], ["a", "b"]], "table.no_name", "text"),
        ([["value", "default"], [1, 2]], "table.no_name", "value"),
        ([["name", "colour"], ["lr", 1]], "table.column", "colour"),
        ([["name", "value", "取值"], ["lr", 1, 2]], "table.column_twice", "value"),
        ([HEAD, [None, 3]], "table.nameless", "Row 2"),
        ([HEAD, ["lr", 1, 2, "x"]], "table.cells", "Row 2"),
        ([["name", None, "value"], ["lr", 1, 2]], "table.cells", "Row 2"),
        ([HEAD, ["lr", 1], ["seed", 1], ["lr", 1]], "row.twice", "#2 and #4"),
        ([HEAD, HEAD, ["lr", 1]], "table.headings_twice", "Row 2"),
        ([HEAD, ["参数名称", "取值", None], ["lr", 1]], "table.headings_twice", "Row 2"),
        ([HEAD, ["lr", 1], ["name", "value"], ["seed", 1]], "table.headings_twice", "Row 3"),
    ],
)
def test_refused(cells, code, told):
    assert told in refused(cells, code)


def test_to_cells():
    table = new_table({"shake.parts": ["a", "b"], "max_length": None}, recommended={"seed": 1}, note="n")
    cells = to_cells(table)
    assert cells[0] == ["name", "value", "default", "recommended", "description", "reason", "effect"]
    assert cells[1] == ["# note", "n", None, None, None, None, None]
    by_name = {row[0]: row for row in cells}
    assert by_name["shake.parts"][1:4] == ['["a", "b"]', '["embeddings"]', None]
    assert by_name["max_length"][1:4] == ["none", "none", None]
    assert by_name["seed"][1:4] == [1, 42, 1]
    assert {len(row) for row in cells} == {7}
