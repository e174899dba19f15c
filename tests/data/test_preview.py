from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError
from tunebook.data.files import members
from tunebook.data.options import DataOptions
from tunebook.data.preview import Preview


def preview(path):
    return Preview(path, members(path), DataOptions(), folder=path.is_dir())


@pytest.mark.parametrize("text", ['[{"a": 1},\n {"a": 2}]', '{"a": 1}\n\n{"a": 2}\n', ' [{"a": 1}, {"a": 2}, {"a": '])
def test_objects_of_lists_of_lines_and_of_the_whole_part_of_a_cut_list(write, text):
    assert preview(write("x.json", text)).objects == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("text", ["[1, 2]", "[link] and {more}", "plain", "", "[" * 100_000, '[["a"]]'])
def test_what_holds_no_objects(write, text):
    assert preview(write("x.txt", text)).objects == []


def test_rows_have_the_number_that_people_count(write):
    assert preview(write("x.jsonl", '{"a": 1}\n\n{"a": 2}\n')).rows() == [(1, {"a": 1}), (3, {"a": 2})]
    assert preview(write("x.json", '[{"a": 1}, {"a": 2}]')).rows() == [(1, {"a": 1}), (2, {"a": 2})]
    with pytest.raises(DataError, match=r"data\.json"):
        preview(write("x.jsonl", '{"a": 1}\n{"a": \n')).rows()


def test_only_the_first_rows_are_looked_at_but_all_are_read(write):
    path = write("x.jsonl", "\n".join(json.dumps({"a": number}) for number in range(500)))
    assert len(preview(path).objects) == 200
    assert len(preview(path).rows()) == 500


def test_cells_with_the_line_in_which_a_row_begins(write):
    found = preview(write("x.tsv", 'id\ttext\n1\t"two\nlines"\n\n2\t\n3\n'))
    assert found.delimiter == "\t"
    assert found.grid == [["id", "text"], ["1", "two\nlines"], ["2", ""], ["3"]]
    rows, ragged = found.cells()
    assert rows == [(2, {"id": "1", "text": "two\nlines"}), (5, {"id": "2", "text": None})]
    assert ragged == {6: "1"}


def test_bytes_that_are_no_text_have_no_lines(write):
    found = preview(write("x.bin", bytes(range(256)) * 8))
    assert (found.head, found.lines, found.grid, found.objects) == ("", [], [], [])


def test_a_large_file_is_cut_at_a_line(write):
    lines = ["好" * 50] * 8000
    found = preview(write("x.txt", "\n".join(lines)))
    assert set(found.lines) == {"好" * 50}
    assert len(found.head) < len(found.text)


def test_a_folder_has_a_look_for_each_file(write, tmp_path):
    write("a.txt", "one")
    write("b.jsonl", '{"a": 1}')
    found = preview(tmp_path)
    assert [(part.name, part.suffix) for part in found.parts] == [("a.txt", ".txt"), ("b.jsonl", ".jsonl")]
    assert (found.data, found.objects, found.blank) == (b"", [], True)
