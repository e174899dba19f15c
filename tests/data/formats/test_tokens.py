from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError
from tunebook.data.options import DataOptions
from tunebook.data.read import read


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_a_tag_for_each_word(write):
    rows = [{"tokens": ["a", "b"], "ner_tags": [0, 1], "n": 7}, {"tokens": ["c"], "ner_tags": [0], "n": 8}]
    path = write("x.jsonl", lines(*rows))
    source = read(path)
    assert source.table["text"].to_pylist() == ["a b", "c"]
    assert source.table["ner_tags"].to_pylist()[0] == [
        {"start": 0, "end": 1, "tag": "0"},
        {"start": 2, "end": 3, "tag": "1"},
    ]
    assert source.table["n"].to_pylist() == [7, 8]
    assert (source.roles["text"], source.roles["label"]) == ("text", "ner_tags")
    bare = read(path, labelled=False)
    assert bare.table.select(["text", "n"]).to_pydict() == {"text": ["a b", "c"], "n": [7, 8]}
    words = bare.table[bare.roles["words"]].to_pylist()
    assert [[(word["start"], word["end"]) for word in row] for row in words] == [[(0, 1), (2, 3)], [(0, 1)]]


def test_the_letters_of_a_text_with_a_tag_each(write):
    path = write(
        "x.jsonl", lines({"text": "我在北京", "labels": ["O", "O", "B-LOC", "I-LOC"]}, {"text": "好", "labels": ["O"]})
    )
    source = read(path)
    assert source.table["text"].to_pylist() == ["我在北京", "好"]
    assert [word["tag"] for word in source.table["labels"].to_pylist()[0]] == ["O", "O", "B-LOC", "I-LOC"]


@pytest.mark.parametrize("joint", [",", " ", ", ", None])
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
@pytest.mark.parametrize("letters", [False, True])
def test_tags_of_a_text_with_commas_or_blanks_between(write, joint, suffix, letters):
    texts = ["我在北京", "好"] if letters else ["I saw New York", "Hi"]
    tags = [["O", "O", "B-LOC", "I-LOC"], ["O"]]
    rows = [
        {"text": text, "tags": joint.join(row) if joint else row} for text, row in zip(texts * 2, tags * 2, strict=True)
    ] + [{"text": texts[0], "tags": joint.join(tags[0]) if joint else tags[0]}]
    table = "text,tags\n" + "".join(f'{row["text"]},"{row["tags"]}"\n' for row in rows)
    path = write(f"x.{suffix}", table if suffix == "csv" else lines(*rows))
    source = read(path)
    assert source.table["text"].to_pylist() == [row["text"] for row in rows]
    found = source.table["tags"].to_pylist()
    assert [[word["tag"] for word in row] for row in found[:2]] == tags
    assert (found[0][2]["start"], found[0][3]["end"]) == ((2, 4) if letters else (6, 14))
    whole = read(path, DataOptions(problem="multi_label"))
    assert whole.notes.get("tool") is None and whole.table["tags"].to_pylist()[1] in ("O", "['O']", ["O"])


def test_tags_that_are_no_tags_of_each_word_are_left(write):
    for cells in (["O negative", "B-type", "A B"], ["O", "B-X", "O"]):  # blood groups; a word a row
        rows = [{"text": f"word{number}", "label": cell} for number, cell in enumerate(cells)]
        assert read(write("x.jsonl", lines(*rows))).table["label"].to_pylist() == cells


def test_of_several_columns_of_tags_the_names_are_taken(write):
    rows = [{"tokens": ["a", "b"], "pos_tags": ["X", "Y"], "ner_tags": ["O", "B-A"], "tokens_too": ["c", "d"]}] * 3
    path = write("x.jsonl", lines(*rows))
    assert read(path).roles["label"] == "ner_tags"
    assert read(path, DataOptions(label="pos_tags")).roles["label"] == "pos_tags"
    odd = [{"tokens": ["a", "b"], "first": ["X", "Y"], "second": ["O", "B-A"]}] * 3
    with pytest.raises(DataError) as caught:
        read(write("y.jsonl", lines(*odd)))
    assert (caught.value.code, caught.value.allowed) == ("format.questions", "first, second")


def test_rows_whose_words_and_tags_do_not_go_together_are_left_out_with_the_reason(write):
    bad = {
        "tags_words": {"tokens": ["a", "b", "c"], "ner_tags": ["O", "B-X"]},
        "tag_twice": {"tokens": ["a"], "ner_tags": [["B-X", "B-Y"]]},
        "no_words": {"tokens": [], "ner_tags": []},
        "word_no_text": {"tokens": [7], "ner_tags": ["O"]},
        "tag_no_name": {"tokens": ["a"], "ner_tags": [None]},
    }
    good = [{"tokens": ["a", "b"], "ner_tags": ["O", ["B-X"]]}] * 20
    source = read(write("x.jsonl", lines(*good, *bad.values(), {"tokens": ["a", "b"]}, {"ner_tags": ["O"]})))
    assert {reason: list(rows) for reason, rows in source.faults.items()} == {
        "tags_words": [21, 26],
        "tag_twice": [22],
        "no_words": [23],
        "word_no_text": [24, 27],
        "tag_no_name": [25],
    }
    assert source.faults["tags_words"][21] == "3 / 2"
    assert source.table.num_rows == 20
    with pytest.raises(DataError) as caught:
        read(write("y.jsonl", lines(*[bad["tags_words"]] * 3)))
    assert caught.value.code == "data.dropped"
    assert "not as many tags as words: 3 (y.jsonl: 1, 2, 3; 3 / 2)" in caught.value.message


@pytest.mark.parametrize(
    "texts", [["a good room", "and more", "so bad"], ["房间很干净服务好", "早餐一般位置方便", "隔音非常差不来"]]
)
def test_columns_of_whole_texts_are_a_table(write, texts):
    path = write("x.json", json.dumps({"text": texts, "label": ["a", "b", "a"]}))
    assert read(path).table.to_pydict() == {"text": texts, "label": ["a", "b", "a"]}


@pytest.mark.parametrize(
    "rows",
    [
        [{"tokens": ["a", "b"], "labels": ["x"]}, {"tokens": ["c"], "labels": ["y"]}],
        [{"tokens": ["a"], "labels": ["x"]}, {"tokens": ["c"], "labels": ["y"]}],
        [{"tokens": ["a", "b"], "labels": None}],
        [{"text": "a b", "labels": ["x", "y"]}],
        [{"text": "ab", "labels": ["x", "y"]}],
    ],
)
def test_lists_of_other_lengths_are_not(write, rows):
    assert read(write("x.jsonl", lines(*rows))).notes["format"] == "jsonl"


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("tokens,ner_tags", "\"['Eve', 'saw', 'it{n}']\",\"['B-P', 'O', 'O']\""),
        ("tokens,ner_tags", '"[""Eve"", ""saw"", ""it{n}""]","[""B-P"", ""O"", ""O""]"'),
        ("tokens,ner_tags", "\"['Eve' 'saw'\n 'it{n}']\",\"['B-P' 'O'\n 'O']\""),
        ("Sentence #,Sentence,POS,Tag", "Sentence: {n},Eve saw it{n},\"['N', 'V', 'P']\",\"['B-P', 'O', 'O']\""),
    ],
)
def test_lists_in_the_cells_of_a_delimited_file(write, head, row):
    path = write("x.csv", head + "\n" + "".join(row.replace("{n}", str(n)) + "\n" for n in range(20)))
    source = read(path)
    assert source.table["text"].to_pylist() == [f"Eve saw it{n}" for n in range(20)]
    cells = source.table[source.roles["label"]].to_pylist()
    assert all([word["tag"] for word in cell] == ["B-P", "O", "O"] for cell in cells)
    assert [word["start"] for word in cells[0]] == [0, 4, 8]


def test_lists_of_classes_in_the_cells_of_a_delimited_file_are_none(write):
    for labels in ("['joy', 'fear']", "['3', '0']", "[1, 0, 0]", "['O', 'A']"):
        rows = "".join(f'a text of some words {n},"{labels}"\n' for n in range(20))
        assert read(write("x.csv", "text,labels\n" + rows)).notes["format"] == "csv"


def test_a_list_that_holds_no_tags_far_below_is_one_row_that_is_left_out(write):
    rows = "".join(f"\"['Eve', 'it{n}']\",\"['B-P', 'O']\"\n" for n in range(300))
    source = read(write("x.csv", "tokens,ner_tags\n" + rows + "\"['a', 'b']\",\"['odd']\"\nx\n"))
    assert source.table.num_rows == 300
    assert {reason: list(found) for reason, found in source.faults.items()} == {"tags_words": [302], "ragged": [303]}
