from __future__ import annotations

import inspect
import json
import zipfile

import pytest

from tunebook.core.errors import DataError
from tunebook.core.messages import catalogue
from tunebook.data.exports import Format, find_format, formats, told
from tunebook.data.files import members
from tunebook.data.options import DataOptions
from tunebook.data.preview import Preview
from tunebook.data.read import read

TASK = {"id": 7, "data": {"text": "fine"}, "annotations": [{"result": []}]}


def test_each_module_of_the_folder_is_one_format():
    assert len({item.key for item in formats()}) == len(formats())
    own = {item: [kind for kind in type(item).__mro__ if kind not in Format.__mro__] for item in formats()}
    refusing = [item for item, kinds in own.items() if any("self.refusal(" in inspect.getsource(k) for k in kinds)]
    assert {f"format.choose.{item.key}" for item in refusing} == {
        code for code in catalogue() if code.startswith("format.choose.")
    }


@pytest.mark.parametrize(
    "text",
    [
        "text,label\nsome words,good\n",
        '[{"text": "some words", "label": "good"}]',
        '{"text": ["a"], "label": ["b"]}',
        "# A heading\n\nsome words\n",
        "| a | b |\n| --- | --- |\n",
        "good\tsome words\n",
        "",
    ],
)
def test_ordinary_files_are_of_no_tool(write, text):
    path = write("a.txt", text)
    assert find_format(Preview(path, members(path), DataOptions())) is None


def test_a_format_that_is_told_is_not_looked_for(write):
    path = write("a.json", json.dumps([TASK]))
    assert read(path, DataOptions(format="json")).table.column_names == ["id", "data", "annotations"]
    with pytest.raises(DataError, match=r"format\.unlabelled"):
        read(path)


def test_the_user_knows_better_than_the_format():
    known = {"text": "body", "label": "topic", "annotators": ["a 1", "a 2"], "time": "when"}
    options = told(DataOptions(label="tone"), known, ["body", "topic", "tone", "a 1", "a 2"])
    assert (options.text, options.label, options.time) == ("body", "tone", None)
    assert options.annotators == ["a 1", "a 2"]
    assert told(DataOptions(text="topic"), known, ["body", "topic"]).label is None
    assert told(DataOptions(group="a 1"), known, ["body", "topic", "a 1", "a 2"]).annotators is None


def test_a_folder_and_a_package_of_several_files_of_no_tool(write, tmp_path):
    write("a.csv", "text,label\na,b\n")
    with pytest.raises(DataError, match=r"data\.folder"):
        read(tmp_path)
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as package:
        package.writestr("a.csv", "text,label\na,b\n")
        package.writestr("b.csv", "text,label\na,b\n")
    with pytest.raises(DataError, match=r"data\.archive"):
        read(tmp_path / "two.zip")


def test_rows_to_predict_need_no_labels(write):
    tasks = write("tasks.json", json.dumps([TASK, {**TASK, "annotations": []}]))
    assert read(tasks, labelled=False).table["text"].to_pylist() == ["fine", "fine"]
    spans = write("spans.jsonl", '{"text": "fine", "label": [[0, 4, "A"]]}\n')
    assert read(spans, labelled=False).table["text"].to_pylist() == ["fine"]


def test_values_that_the_tool_does_not_write_are_told(write):
    tasks = [{"id": 1, "data": {"text": "a"}, "annotations": [{"result": [{"from_name": "q", "type": "choices"}]}]}]
    with pytest.raises(DataError) as caught:
        read(write("x.json", json.dumps(tasks)))
    assert caught.value.code == "format.damaged"
    assert "Label Studio" in caught.value.message


@pytest.mark.parametrize("labelled", [True, False])
def test_rows_with_a_wrong_number_of_cells_are_faults(write, labelled):
    path = write("x.csv", "id,text,label,Comments\n1,one,a,\n2,two\n3,three,b,,\n4,four,b,\n")
    source = read(path, labelled=labelled)
    assert source.table["text"].to_pylist() == ["one", "four"]
    assert list(source.faults["ragged"]) == [3, 4]
