"""Which columns hold queries and passages, by their usual names or as told, and what their cells say."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tunebook.core.errors import DataError
from tunebook.data.judged_columns import Columns, find_columns, graded_pairs, judged_table
from tunebook.data.kinds.regression import Regression
from tunebook.data.kinds.relevance import Relevance
from tunebook.data.options import DataOptions
from tunebook.data.passages import JUDGED

NONE = DataOptions()
EMBED = DataOptions(task="embedding")


def table(**columns):
    return pa.table({name.replace("__", " "): column for name, column in columns.items()})


def found(options=EMBED, *, asked=True, graded=False, **columns):
    return find_columns(table(**columns), options, asked=asked, graded=graded)


def judged(options=EMBED, *, asked=True, **columns):
    made = judged_table(table(**columns), options, asked=asked, graded=False)
    assert made is not None
    return [[(one["text"], one["gain"]) for one in row] for row in made[0][made[1]["label"]].to_pylist()]


WORDS = ["a b", "c d"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("anchor", "positive"), Columns("anchor", ("positive",))),
        (("anchor", "positive", "negative"), Columns("anchor", ("positive",), ("negative",))),
        (("Query", "POS", "neg"), Columns("Query", ("POS",), ("neg",))),
        (
            ("query", "positive", "negative_1", "negative_2"),
            Columns("query", ("positive",), ("negative_1", "negative_2")),
        ),
        (("query", "positive_passages", "neg"), Columns("query", ("positive_passages",), ("neg",))),
        (("q", "positive_ctxs", "hard_negative_ctxs"), Columns("q", ("positive_ctxs",), ("hard_negative_ctxs",))),
        (("query", "passage"), Columns("query", ("passage",))),
        (("查询", "段落"), Columns("查询", ("段落",))),
    ],
)  # fmt: skip
def test_names_that_mean_nothing_else_are_known_unasked(names, expected):
    assert found(NONE, asked=False, **dict.fromkeys(names, WORDS)) == expected


@pytest.mark.parametrize(
    "names", [("question", "answer"), ("sentence1", "sentence2"), ("text1", "text2"), ("s1", "s2")]
)
def test_names_of_other_rows_are_pairs_only_where_they_are_asked_for(names):
    columns = dict.fromkeys(names, WORDS)
    assert found(NONE, asked=False, **columns) is None
    assert found(**columns) == Columns(names[0], (names[1],))


def test_a_gain_is_a_column_of_numbers():
    assert found(query=WORDS, passage=WORDS, label=["0", "1"]) == Columns("query", ("passage",), (), "label")
    assert found(query=WORDS, pos=WORDS, topic=[0, 1]) == Columns("query", ("pos",)), "a class of queries"
    assert found(query=WORDS, passage=WORDS, label=["good", "bad"]) == Columns("query", ("passage",))
    assert found(NONE, asked=False, query=WORDS, passage=WORDS, label=["good", "bad"]) is None, "a class of pairs"
    assert found(query=WORDS, docs=[["a", "b"]] * 2, labels=[[0, 1]] * 2) == Columns("query", ("docs",), (), "labels")


def test_two_like_texts_with_a_number_may_be_of_another_kind():
    columns = {"sentence1": WORDS, "sentence2": WORDS, "score": [0.5, 1.0]}
    assert found(**columns, graded=True) is None
    assert found(**columns) == Columns("sentence1", ("sentence2",), (), "score")
    assert found(sentence1=WORDS, sentence2=WORDS, graded=True) == Columns("sentence1", ("sentence2",))


def test_graded_pairs_are_two_like_texts_and_a_number():
    parts = {"text": "sentence1", "text_pair": "sentence2", "label": "score"}
    rows = table(sentence1=WORDS, sentence2=WORDS, score=["0", "5"])
    assert graded_pairs(rows, EMBED) == (rows, parts)
    assert graded_pairs(rows, DataOptions(task="embedding", problem="relevance")) is None
    assert graded_pairs(table(sentence1=WORDS, sentence2=WORDS), EMBED) is None
    assert graded_pairs(table(sentence1=WORDS, sentence2=WORDS, score=WORDS), EMBED) is None
    assert graded_pairs(table(query=WORDS, passage=WORDS, score=[0, 1]), EMBED) is None
    told = EMBED.model_copy(update={"text": "a", "text_pair": "b", "label": "c"})
    rows = table(a=WORDS, b=WORDS, c=[0, 1])
    assert graded_pairs(rows, told) == (rows, {"text": "a", "text_pair": "b", "label": "c"})
    asked = EMBED.model_copy(update={"text": "query", "text_pair": "passage"})
    assert graded_pairs(table(query=WORDS, passage=WORDS, score=[0, 1]), asked) is None


def test_whole_numbers_beside_two_texts_are_grades_for_embeddings_alone():
    rows = table(sentence1=WORDS, sentence2=WORDS, label=["0", "5"])
    parts = {"text": "sentence1", "text_pair": "sentence2", "label": "label"}
    assert Regression().shaped(rows, EMBED, True) == (rows, parts)
    for other in (NONE, DataOptions(task="text_classification"), DataOptions(task="reranking")):
        assert Regression().shaped(rows, other, True) is None
    assert Regression().shaped(rows, EMBED, False) is None


def test_columns_are_as_told():
    told = DataOptions(task="embedding", text="c1", text_pair="c2", label="c3")
    assert found(told, c1=WORDS, c2=WORDS, c3=["0", "1"]) == Columns("c1", ("c2",), (), "c3")
    assert found(told, c1=WORDS, c2=WORDS, c3=["0", "1"], graded=True) is None
    assert found(DataOptions(text="b", text_pair="a"), asked=False, a=WORDS, b=WORDS) is None
    assert found(DataOptions(label="pos"), asked=False, query=WORDS, pos=WORDS) is None
    assert found(a=WORDS, label=WORDS) is None


def test_passages_are_texts_lists_objects_or_lists_written_as_json():
    rows = judged(
        query=["q"] * 5,
        pos=pa.array(["plain", '["one", "two"]', '[{"title": "T", "text": "x", "docid": 7}]', '["broken', None]),
        neg=[["n"], [], None, ["", "m"], ["k"]],
    )
    assert rows[0] == [("plain", 1), ("n", 0)]
    assert rows[1] == [("one", 1), ("two", 1)]
    assert rows[2] == [("T x", 1)]
    assert rows[3] == [('["broken', 1), ("m", 0)]
    assert rows[4] == [("k", 0)]


def test_ids_of_passages_are_kept():
    made = judged_table(table(query=WORDS, passage=WORDS, doc_id=[4, 5]), NONE, asked=False, graded=False)
    assert made is not None
    assert [row[0]["id"] for row in made[0]["passage"].to_pylist()] == ["4", "5"]
    assert made[0].column_names == ["query", "passage"] and made[1] == {
        "text": "query",
        "text_pair": None,
        "label": "passage",
    }


def test_a_gain_goes_with_its_passage():
    assert judged(query=WORDS, passage=WORDS, label=["0", "2.5"]) == [[("a b", 0)], [("c d", 2.5)]]
    assert judged(query=["q"], docs=[["a", "b"]], labels=[[0, 3]]) == [[("a", 0), ("b", 3)]]


def test_gains_that_are_none_are_refused_with_their_row():
    with pytest.raises(DataError) as caught:
        judged(query=WORDS, passage=WORDS, label=["1", "good"])
    assert (caught.value.code, caught.value.fields["row"], caught.value.value) == ("data.gain", 2, "good")
    with pytest.raises(DataError) as caught:
        judged(query=["q"], docs=[["a", "b"]], labels=[[0]])
    assert caught.value.code == "data.gain_lists" and caught.value.fields["gains"] == 1


def test_a_column_of_judged_passages_is_taken_as_it_is():
    rows = pa.table({"text": WORDS, "j": pa.array([[{"id": "1", "text": None, "gain": 1.0}]] * 2, JUDGED)})
    assert judged_table(rows, NONE, asked=False, graded=False) == (rows, {"label": "j"})


def test_rows_to_predict_have_no_judgements():
    assert Relevance().shaped(table(anchor=WORDS, positive=WORDS), NONE, False) is None
    assert Relevance().shaped(table(anchor=WORDS, positive=WORDS), NONE, True) is not None
