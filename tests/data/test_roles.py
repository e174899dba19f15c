from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from tunebook.core.errors import DataError
from tunebook.data.columns import to_table
from tunebook.data.options import DataOptions
from tunebook.data.roles import check_columns, find_roles, other_text, show_columns

LONG = "a sentence of quite some length, number"


def table(**columns: Any) -> pa.Table:
    return pa.table(columns)


def found(data: pa.Table, need_label: bool = True, **options: Any) -> dict[str, Any]:
    roles = find_roles(data, DataOptions(**options), need_label=need_label, file="f.csv").model_dump(exclude_none=True)
    return {role: name for role, name in roles.items() if name != []}


def test_roles_by_english_and_chinese_names():
    english = ["id", "date", "product", "message", "intent", "annotator_1", "annotator_2", "sample_weight"]
    chinese = ["编号", "日期", "产品", "内容", "意图", "标注员1", "标注员2", "样本权重"]
    for names in (english, chinese):
        data = pa.table(
            [["1", "2"], ["d", "d"], ["p", "q"], ["hello", "you"], ["a", "b"], ["a", "b"], ["a", "b"], ["1", "0.5"]],
            names,
        )
        assert list(found(data).items()) == [
            ("text", names[3]),
            ("label", names[4]),
            ("row_id", names[0]),
            ("group", names[2]),
            ("time", names[1]),
            ("weight", names[7]),
            ("annotators", names[5:7]),
        ]


@pytest.mark.parametrize(
    ("first", "second"),
    [("sentence1", "sentence2"), ("Premise", "Hypothesis"), ("#1 String", "#2 String"), ("句子1", "句子2")],
)
def test_pairs_by_name(first, second):
    roles = found(table(**{first: ["x", "y"], second: ["z", "w"], "label": ["1", "0"]}))
    assert roles == {"text": first, "text_pair": second, "label": "label"}


def test_a_group_by_a_later_name():
    data = table(text=["a", "b"], label=["x", "y"], user=["u", "v"], domain=["d", "e"])
    assert found(data)["group"] == "domain"
    assert found(data, group="user")["group"] == "user"


def test_a_strong_name_wins_and_weak_ones_must_be_alone():
    assert found(table(text=["a"] * 20, topic=["x", "y"] * 10, label=["1", "0"] * 10))["label"] == "label"
    assert found(table(text=["a"] * 20, topic=["x", "y"] * 10))["label"] == "topic"
    with pytest.raises(DataError) as caught:
        found(table(text=["a"] * 20, topic=["x", "y"] * 10, rating=["1", "0"] * 10))
    assert caught.value.code == "data.label_unclear"
    assert "topic: x | y" in caught.value.message and "rating: 1 | 0" in caught.value.message


def test_a_weight_is_a_number_and_says_that_it_is_of_the_row():
    assert "weight" not in found(table(text=["a", "b"], label=["x", "y"], sample_weight=["heavy", "light"]))
    assert found(table(text=["a", "b"], label=["x", "y"], sample_weight=[1, 2]))["weight"] == "sample_weight"
    assert "weight" not in found(table(text=["a", "b"], label=["x", "y"], weight=[1, 2])), "perhaps that of a parcel"
    assert found(table(text=["a", "b"], label=["x", "y"], weight=[1, 2]), weight="weight")["weight"] == "weight"
    assert found(table(text=["a", "b"], label=["x", "y"], weight=[1, 2], w=[3, 4]), weight="w")["weight"] == "w"


def test_a_text_column_holds_words():
    roles = found(table(title=[1, 2], content=["1", "2"], query=["what is", "who was"], label=["x", "y"]))
    assert roles["text"] == "query"


def test_roles_by_look():
    data = table(c1=[f"{LONG} {i}" for i in range(20)], c2=["0", "1"] * 10, c3=[f"key{i}" for i in range(20)])
    assert found(data) == {"text": "c1", "label": "c2"}
    assert found(data.drop_columns("c2"), need_label=False) == {"text": "c1"}
    only = table(c1=[f"{LONG} {i}" for i in range(4)], c2=["0", "1", "2", "3"])
    assert found(only) == {"text": "c1", "label": "c2"}
    assert found(table(c1=[LONG, LONG], tags2=[["a"], ["b"]])) == {"text": "c1", "label": "tags2"}


def test_unclear_columns_are_shown_with_examples():
    data = table(
        c1=[f"{LONG} {i}" for i in range(9)], c2=[f"other {LONG} {i}" for i in range(9)], c3=["0", "1", "2"] * 3
    )
    with pytest.raises(DataError) as caught:
        found(data)
    assert caught.value.code == "data.text_unclear"
    assert "c1: a sentence of quite some length, number… |" in caught.value.message
    with pytest.raises(DataError) as caught:
        found(table(n=[1, 2], m=["3", "4"]))
    assert caught.value.code == "data.text_missing"
    with pytest.raises(DataError) as caught:
        found(table(text=["a"]))
    assert caught.value.code == "data.label_missing"


def test_a_column_that_says_the_same_in_every_row_is_no_text():
    data = table(c1=["sort it by topic"] * 20, c2=[f"a b {i}" for i in range(20)], c3=["x", "y"] * 10)
    assert found(data) == {"text": "c2", "label": "c3"}


def test_two_columns_of_words_are_a_text_and_its_class():
    data = table(word=[f"word{i}" for i in range(20)], pos=["noun", "adverb"] * 10)
    assert found(data) == {"text": "word", "label": "pos"}
    assert found(data.select(["pos", "word"])) == {"text": "word", "label": "pos"}
    with pytest.raises(DataError, match=r"data\.text_unclear"):
        found(table(a=[f"word{i}" for i in range(20)], b=[f"other{i}" for i in range(20)]))


def test_an_answer_beside_a_text_is_its_label_unless_it_judges_rows():
    texts = [f"{LONG} {i}" for i in range(20)]
    assert found(table(question=texts, answer=["yes", "no"] * 10)) == {"text": "question", "label": "answer"}
    for data in (
        table(question=texts, answer=["Accept", "reject"] * 10),
        table(question=texts, answer=["yes", "no"] * 10, user_name=["u1", "u2"] * 10),
    ):
        with pytest.raises(DataError, match=r"data\.label_unclear"):
            found(data)


def test_told_columns_win_and_must_exist():
    data = table(text=["a", "b"], label=["x", "y"], other=["c", "d"], kind=["1", "2"])
    roles = found(data, text="other", label="kind", annotators=["label"])
    assert roles == {"text": "other", "label": "kind", "annotators": ["label"]}
    with pytest.raises(DataError) as caught:
        found(data, text="Text")
    assert caught.value.code == "data.column"
    assert "f.csv" in caught.value.message and "(--text)" in caught.value.message and "text" in caught.value.advice
    for part, flag in (("label", "--label"), ("row_id", "--id"), ("annotators", "--annotators")):
        with pytest.raises(DataError) as caught:
            found(data, **{part: ["tone"] if part == "annotators" else "tone"})
        assert f"no column 'tone' ({flag})." in caught.value.message
    with pytest.raises(DataError) as caught:
        check_columns(data, ["zzz"], "f.csv")
    assert "no column 'zzz'." in caught.value.message
    assert "c1, c2" in caught.value.advice and "mean" not in caught.value.advice
    with pytest.raises(DataError) as caught:
        found(data, text="other", label="other")
    assert caught.value.code == "data.role_twice"
    assert "--text, --label" in caught.value.message
    with pytest.raises(DataError) as caught:
        found(data, row_id="other", annotators=["other"])
    assert "--id, --annotators" in caught.value.message


def test_of_very_many_columns_some_are_shown():
    shown = show_columns(table(**{f"k{n}": [n] for n in range(100)}))
    assert shown.count("\n") == 41 and shown.endswith("…")


def test_examples_are_short_and_distinct():
    shown = show_columns(table(a=["x", "x", "", None, "y" * 50], b=[1, 2, 3, 4, 5]))
    assert shown == f"\n  - a: x | {'y' * 39}…\n  - b: 1 | 2 | 3"


def test_columns_that_hold_nothing_are_no_labels():
    data = to_table([{"text": f"words of row {n}", "a": None, "b": "xy"[n % 2], "c": {}} for n in range(20)])
    assert found(data)["label"] == "b"
    with pytest.raises(DataError, match=r"data\.label_unclear"):
        found(data.drop_columns(["b"]))


def test_a_second_column_of_texts():
    """Sentences that differ; no names, numbers, addresses nor what repeats."""
    rows = {
        "text": [f"the room number {n} was fine" for n in range(8)],
        "name": [f"Mr Smith {n}" for n in range(8)],
        "link": [f"https://example.org/a/b/{n}" for n in range(8)],
        "same": ["a b c d e"] * 8,
        "few": ["only this cell has words", *[None] * 7],
        "n": list(range(8)),
    }
    assert other_text(pa.table(rows), ["text"]) is None
    assert other_text(pa.table({**rows, "reply": [f"we are sorry {n} times" for n in range(8)]}), ["text"]) == "reply"
    assert other_text(pa.table({**rows, "reply": [f"非常抱歉让您久等{n}" for n in range(8)]}), ["text"]) == "reply"
