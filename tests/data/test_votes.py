from __future__ import annotations

from tunebook.data.votes import Answer, join_answers


def answers(*given):
    return [Answer(item, row, {"text": f"text {item}"}, who, said, left) for row, item, who, said, left in given]


def test_an_item_that_several_labelled_is_one_row_with_all_votes():
    given = answers((1, "a", "x", ("good",), ""), (2, "a", "y", ("good",), ""), (3, "b", "x", ("bad",), ""))
    found = join_answers(given, "label", {"text": "text"})
    assert found.table.to_pydict() == {
        "text": ["text a", "text b"],
        "label": ["good", "bad"],
        "annotator x": ["good", "bad"],
        "annotator y": ["good", None],
    }
    assert found.rows.tolist() == [1, 3]
    assert found.roles == {"text": "text", "label": "label", "annotators": ["annotator x", "annotator y"]}


def test_most_votes_win_and_as_many_give_a_row_each():
    three = answers(*[(row, "a", who, (said,), "") for row, (who, said) in enumerate(["xn", "yp", "zn"], 1)])
    assert join_answers(three, "label", {}).table["label"].to_pylist() == ["n"]
    tie = join_answers(three[:2], "label", {}).table
    assert tie["label"].to_pylist() == ["n", "p"]
    assert tie["annotator x"].to_pylist() == ["n", "n"]


def test_the_rows_of_an_item_have_the_numbers_of_the_first_votes_for_their_labels():
    given = answers(
        (4, "a", "x", ("n",), ""), (2, "a", "y", ("p",), ""), (5, "a", "z", ("p",), ""), (6, "a", "w", ("n",), "")
    )
    assert join_answers(given, "label", {}).rows.tolist() == [4, 2]


def test_several_labels_are_lists_and_a_repeated_one_counts_once():
    given = answers((1, "a", "x", ("p", "q", "p"), ""), (2, "b", "x", ("q",), ""))
    found = join_answers(given, "label", {})
    assert found.table["label"].to_pylist() == [["p", "q"], ["q"]]
    assert "annotators" not in found.roles


def test_answers_that_do_not_count_are_left_out_with_the_reason_of_most():
    given = answers(
        (1, "a", "x", (), "skipped"),
        (1, "a", "y", ("good",), ""),
        (2, "b", "x", (), "unlabelled"),
        (3, "c", "x", (), "skipped"),
        (3, "c", "y", (), "unlabelled"),
        (3, "c", "z", (), "unlabelled"),
    )
    found = join_answers(given, "label", {})
    assert found.table["label"].to_pylist() == ["good"]
    assert found.faults == {"unlabelled": {2: "", 3: ""}}


def test_the_latest_answer_of_a_person_counts():
    given = [Answer("a", 1, {}, "x", (said,), when=when) for said, when in [("old", "1"), ("new", "3"), ("mid", "2")]]
    assert join_answers(given, "label", {}).table["label"].to_pylist() == ["new"]


def test_very_many_people_are_columns_by_the_place_of_their_vote():
    crowd = [Answer(item, item, {}, f"{item}-{place}", ("n",)) for item in range(15) for place in range(2)]
    found = join_answers([*crowd, Answer(99, 99, {}, "last", ("p",))], "label", {})
    assert found.roles["annotators"] == ["annotator 1", "annotator 2"]
    assert found.table["annotator 2"].to_pylist() == ["n"] * 15 + [None]


def test_what_several_people_say_of_several_labels():
    def said(*votes):
        given = [Answer("a", 1, {}, str(who), labels) for who, labels in enumerate(votes)]
        filler = Answer("b", 2, {}, "0", ("p", "q"))
        return join_answers([*given, filler], "label", {}).table["label"].to_pylist()[0]

    assert said(("p", "q"), ("q",)) == ["p", "q"]
    assert said(("p", "q"), ("q",), ("q", "r")) == ["q"]
    assert said(("p",), ("q",), ("r",)) == ["p", "q", "r"]
    assert said((), (), ("p",)) == []
    assert said((), ("p",), ("q",), ("p",)) == ["p"]


def test_rows_to_predict_are_all_items_whatever_was_said():
    given = answers((1, "a", "x", ("good",), ""), (2, "a", "y", (), "skipped"), (3, "b", "x", (), "unlabelled"))
    found = join_answers(given, None, {"text": "text"})
    assert found.table.to_pydict() == {"text": ["text a", "text b"]}
    assert not found.faults


def test_another_text_under_a_number_that_came_before_is_a_row_of_its_own():
    given = [
        Answer(7, 1, {"text": "one", "id": 7}, "", ("a",)),
        Answer(7, 2, {"text": "two", "id": 7}, "", ("b",)),
        Answer(7, 3, {"text": "one", "id": 7}, "y", ("a",)),
    ]
    table = join_answers(given, "label", {"text": "text"}).table
    assert table["text"].to_pylist() == ["one", "two"] and table["label"].to_pylist() == ["a", "b"]
    assert join_answers(given, None, {"text": "text"}).rows.tolist() == [1, 2]


def test_a_second_answer_of_one_person_is_counted_where_no_time_decides():
    given = [
        Answer(item, row, {"text": item}, who, (said,), when=when)
        for row, (item, who, said, when) in enumerate(
            [("a", "", "n", ""), ("a", "", "p", ""), ("b", "x", "n", "1"), ("b", "x", "p", "2"),
             ("c", "x", "n", ""), ("c", "x", "n", ""), ("d", "x", "n", "2"), ("d", "x", "p", "1")], start=1)
    ]  # fmt: skip
    found = join_answers(given, "label", {"text": "text"})
    assert found.table["label"].to_pylist() == ["n", "p", "n", "n"]
    assert found.changed == {"answered_again": [1]}
    assert join_answers(given[2:], "label", {"text": "text"}).changed == {}
