from __future__ import annotations

import pytest

from tunebook.data.formats.word_rows import WordRows
from tunebook.data.options import DataOptions
from tunebook.data.read import read

HEAD = "Sentence #,Word,POS,Tag\n"
FIRST = 'Sentence: 1,He,X,O\n,said,X,O\n,"""",X,O\n,"New York, N.Y.",X,B-geo\n'
SECOND = "Sentence: 2,Ada,X,B-per\n,Byron,X,I-per\n,,,\n"


def test_a_word_a_row_becomes_a_sentence_a_row(write):
    source = read(write("ner.csv", HEAD + FIRST + SECOND))
    assert source.notes["tool"] == WordRows.title
    assert source.table["text"].to_pylist() == ['He said " New York, N.Y.', "Ada Byron"]
    assert [[word["tag"] for word in row] for row in source.table["Tag"].to_pylist()] == [
        ["O", "O", "O", "B-geo"],
        ["B-per", "I-per"],
    ]
    assert source.table["Sentence #"].to_pylist() == ["Sentence: 1", "Sentence: 2"]
    assert source.rows.tolist() == [2, 6]


def test_numbers_in_every_row_words_without_a_tag_and_lines_that_are_cut(write):
    rows = "".join(f"{n // 2},w{n},O,B-x\n" for n in range(8))
    text = "sent_id,token,tag,other\n" + rows + "9,bare,,O\n9,cut\n"
    source = read(write("ner.csv", text))
    assert source.roles["label"] == "tag" and source.table.num_rows == 4
    assert {reason: list(found) for reason, found in source.faults.items()} == {"tag_no_name": [10], "ragged": [11]}
    assert read(write("ner.csv", text), DataOptions(label="other")).roles["label"] == "other"


def test_other_tables_are_none(write):
    rows = "".join(f"{n},some text {n},{'ab'[n % 2]}\n" for n in range(30))
    assert read(write("x.csv", "sentence,word,tag\n" + rows)).notes["format"] == "csv"


@pytest.mark.parametrize(("tab", "quotes"), [("\t", "auto"), (",", "auto"), ("\t", "literal")])
def test_quotes_that_are_words_swallow_no_rows(write, tab, quotes):
    rows = [(0, '"', "O"), (0, "Eve", "B-P"), (0, '"', "O"), (1, "Rome", "B-L"), (1, '"', "O"), (2, "ja", "O")]
    text = "\nsent_id,word,tag\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    source = read(write("w.csv", text.replace(",", tab)), DataOptions(quotes=quotes))
    assert source.table["text"].to_pylist() == ['" Eve "', 'Rome "', "ja"]
    assert [[word["tag"] for word in row] for row in source.table["tag"].to_pylist()] == [
        ["O", "B-P", "O"], ["B-L", "O"], ["O"],
    ]  # fmt: skip
    assert source.rows.tolist() == [3, 6, 8] and not source.faults


def test_cells_of_several_lines_beside_the_words_stay_whole(write):
    rows = "".join(f'{n},w{n},B-x,"a note\nof two lines"\n{n},ja,O,\n' for n in range(3))
    source = read(write("w.csv", "sent_id,word,tag,note\n" + rows))
    assert source.table["text"].to_pylist() == ["w0 ja", "w1 ja", "w2 ja"] and not source.faults


def test_words_without_tags_are_sentences_where_answers_are_asked_for(write):
    text = "sent_id,word,note\n0,Ada,x\n0,ran,\n1,Rome,\n"
    source = read(write("w.csv", text), labelled=False)
    assert source.table["text"].to_pylist() == ["Ada ran", "Rome"] and "words" in source.roles
    assert read(write("w.csv", text)).notes["format"] == "csv" and "text" not in read(write("w.csv", text)).roles
    gaps = read(write("w.csv", "sent_id,word\n,\n0,Ada\n0,ran\n,\n1,\n1,\n2,Rome\n"), labelled=False)
    assert gaps.table["text"].to_pylist() == ["Ada ran", "", "Rome"] and gaps.rows.tolist() == [3, 6, 8]
    assert gaps.table[gaps.roles["words"]].to_pylist()[1] == [] and not gaps.faults
    for other in ("sent_id,word\n0,Ada\n1,ran\n", "sent_id,word\n0,Ada ran home\n0,ran\n"):
        assert read(write("w.csv", other), labelled=False).table["word"].to_pylist()[0].startswith("Ada")
