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
    assert found(NONE, asked=False, query=WORDS, passage=WORDS, label=["good", "bad"]) is None, "a class of pairs"
    assert found(query=WORDS, docs=[["a", "b"]] * 2, labels=[[0, 1]] * 2) == Columns("query", ("docs",), (), "labels")


PAIRS_OF_WORDS = [
    ("yes", "no"), ("True", "FALSE"), ("relevant", "irrelevant"), ("Relevant", "not-relevant"),
    ("positive", "negative"), ("是", "否"), ("相关", "不相关"), ("正例", "负例"), (" y ", "n"),
]  # fmt: skip


@pytest.mark.parametrize("words", PAIRS_OF_WORDS)
def test_a_gain_may_be_a_plain_yes_or_no(words):
    for column in ("label", "relevance", "相关性"):
        assert judged(query=WORDS, passage=WORDS, **{column: list(words)}) == [[("a b", 1)], [("c d", 0)]]
    assert judged(query=["q"], docs=[["a", "b"]], labels=[list(words)]) == [[("a", 1), ("b", 0)]]
    told = EMBED.model_copy(update={"label": "label"})
    assert judged(told, query=WORDS, passage=WORDS, label=list(words)) == [[("a b", 1)], [("c d", 0)]]
    assert judged(text_a=WORDS, text_b=WORDS, label=list(words)) == [[("a b", 1)], [("c d", 0)]]


def test_answers_that_are_yes_and_no_are_passages():
    told = EMBED.model_copy(update={"label": "answer"})
    for options in (EMBED, told):
        assert found(options, question=WORDS, answer=["yes", "no"]) == Columns("question", ("answer",))


@pytest.mark.parametrize(
    "columns",
    [
        {"query": WORDS, "passage": WORDS, "label": ["entailment", "contradiction"]},
        {"query": WORDS, "pos": WORDS, "grade": ["yes", "partly"]},
        {"query": WORDS, "passage": WORDS, "label": ["high", "low"], "score": [0.5, 1.0]},
        {"query": WORDS, "docs": [["a", "b"]] * 2, "labels": [["good", "bad"]] * 2},
        {"text_a": ["a", "b", "c"], "text_b": ["d", "e", "f"], "label": ["neutral", None, "neutral"]},
        {"query": WORDS, "passage": WORDS, "label": [[{"start": 1}], []]},
    ],
)
def test_a_column_of_gains_that_says_none_is_never_passed_over(columns):
    with pytest.raises(DataError) as caught:
        found(**columns)
    assert caught.value.code == "data.gain_words" and caught.value.key in ("label", "labels", "grade")
    assert "irrelevant" in caught.value.allowed and "--label" in caught.value.advice
    passages = caught.value.fields["passages"]
    told = DataOptions(task="reranking", label=passages)
    there = found(told, **columns)  # the way out that the message names
    assert there is not None and there.passages == (passages,) and there.gain in (None, "score")


def test_a_label_that_is_told_beside_told_texts_is_no_passage():
    columns = {"a": WORDS, "b": WORDS, "c": ["entailment", "neutral"]}
    told = DataOptions(task="reranking", text="a", text_pair="b", label="c")
    with pytest.raises(DataError) as caught:
        found(told, **columns)
    assert caught.value.code == "data.gain_words"
    assert found(told.model_copy(update={"task": "embedding"}), **columns, graded=True) is None, "classes of pairs"
    faq = found(DataOptions(task="reranking", text="a", label="b"), a=["x", "y", "z"] * 4, b=["one", "two"] * 6)
    assert faq == Columns("a", ("b",)), "few passages are no classes where no others are there"
    assert judged(told, a=WORDS, b=WORDS, c=["yes", "no"]) == [[("a b", 1)], [("c d", 0)]]


def test_a_column_of_gains_without_any_is_none():
    assert found(query=WORDS, passage=WORDS, label=["", None]) == Columns("query", ("passage",))
    assert judged(query=WORDS, passage=WORDS, label=["", "1"])[1] == [("c d", 1)]


@pytest.mark.parametrize("wrong", ["inf", "-Infinity", "1e300", "-1e10", "nan"])
def test_numbers_that_are_none_or_too_large_are_refused(wrong):
    with pytest.raises(DataError) as caught:
        judged(query=WORDS, passage=WORDS, label=["1", wrong])
    assert (caught.value.code, caught.value.fields["row"]) == ("data.gain", 2)
    with pytest.raises(DataError) as caught:
        judged(query=["q"], docs=[["a", "b"]], labels=[["1", wrong]])
    assert caught.value.code == "data.gain"
    for given in (float(wrong), f"[{wrong}]", [float(wrong)]):
        with pytest.raises(DataError) as caught:
            judged(query=["q"], pos=[["a"]], pos_scores=[given]) if given == given else judged(
                query=["q"], pos=[["a"]], pos_scores=["[nan]"]
            )
        assert caught.value.code == "data.taught"


@pytest.mark.parametrize("scores", [[0.5, None, -2.0], "[0.5, null, -2]"])
def test_a_teacher_may_have_left_out_passages(scores):
    made = judged_table(
        table(query=["q"], pos=["p"], neg=[["a", "b", "c"]], neg_scores=[scores]), EMBED, asked=True, graded=False
    )
    assert made is not None
    assert [one["taught"] for one in made[0]["pos"].to_pylist()[0]] == [None, 0.5, None, -2.0]


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
    words = graded_pairs(table(sentence1=WORDS, sentence2=WORDS, score=["yes", "no"]), EMBED)
    assert words is not None and words[0]["score"].to_pylist() == [1.0, 0.0] and words[1] == parts
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
    assert rows[3] == [('["broken', 1), ("", 0), ("m", 0)], "a blank one is left out where it is counted"
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
