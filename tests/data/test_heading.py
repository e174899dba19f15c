from __future__ import annotations

import pytest

from tunebook.data.heading import Heading, column_names, find_heading, is_header, repeated_names

BODY = [
    [f"the {thing} stopped working after a day", ("bad", "good", "odd")[n % 3]]
    for n, thing in enumerate("abcdefghijkl")
]


@pytest.mark.parametrize(
    ("first", "rest", "header"),
    [
        (["text", "label"], [["a", "b"]], True),
        (["内容", "意图"], [["a", "b"]], True),
        (["text"], [["a"]], True),
        (["a plain sentence"], [["another"]], False),
        (["nice film", "1"], [["bad film", "0"]], False),
        (["ham", "Go until jurong"], [["ham", "Ok lar"], ["spam", "Win"]], False),
        (["Quality", "#1 ID"], [["1", "702876"]], True),
        (["remark", "kind"], [["good", "x"], ["bad", "y"]], True),
        (["remark", ""], [["good", "x"]], False),
        (["a", "a"], [["b", "c"]], False),
        (["x" * 61, "label"], [["b", "c"]], True),
        (["", ""], [["b", "c"]], False),
        (["remark", "kind"], [], False),
        (["标注员1", "annotator_2"], [["a", "b"]], True),
        # a name of a text over classes is a class; a class that comes again is no heading
        (["the film stopped after a day", "question"], BODY, False),
        (["review", "the film stopped"], [["review", "x"], ["essay", "y"]], False),
        # the first row of a file without a heading, of a class that no other row has
        (["the lamp stopped working after a day", "rare"], BODY, False),
        (["机器今天又停止工作了", "少见"], [[f"机器{n}今天停止工作了两次", "好坏"[n % 2]] for n in range(12)], False),
        # questions of a survey, however long, over texts of other words
        (["What would you like to tell us about your last visit to one of our shops?", "Which shop?"], BODY, True),
        (["Bitte beschreiben Sie kurz, was Sie zuletzt gekauft haben", "Filiale"], BODY, True),
        # words over numbers or dates
        (["bought on", "the lamp stopped working"], [["2024-01-05", row[0]] for row in BODY], True),
        # what is no list over lists of words
        (["tokens"], [['["Ada", "ran"]'], ["[]"], ["['Li']"]], True),
        (["['Wu', 'sat']"], [['["Ada", "ran"]'], ["[]"]], False),
        (["Ada ran"], [['["Ada", "ran"]'], ["Li sat"]], False),
        (["Ada ran"], [["[quietly]"], ["[loudly]"]], False),
        (["", "remark", "kind"], [[str(n), *row] for n, row in enumerate(BODY)], True),
    ],
)
def test_finds_the_header(first, rest, header):
    assert is_header(first, rest) is header


def test_titles_stand_above_the_heading():
    title, again = ["Messages, export of March", ""], ["", "internal"]
    assert find_heading([title, ["text", "label"], *BODY]) == Heading(1, ("text", "label"), 2, titles=(0,))
    assert find_heading([["Messages"], again, ["remark", "kind"], *BODY]).place == 2
    assert find_heading([["Export", "2024"], ["by", "me"], ["text", "label"], *BODY]).titles == (0, 1)
    assert find_heading(BODY) == Heading()
    assert find_heading([["text", ""], *BODY]).place == 0


def test_a_first_row_that_has_the_name_is_the_heading():
    plain = [["remark"], ["a plain sentence"], ["another"]]
    assert find_heading(plain) == find_heading(plain, None, "sentence") == Heading()
    assert find_heading(plain, None, "remark") == Heading(0, ("remark",), 1)
    assert find_heading(plain, False, "remark") == Heading()


def test_headings_of_several_rows():
    assert find_heading([["message", "note"], ["text", "label"], *BODY]) == Heading(
        1, ("text", "label"), 2, titles=(0,)
    )
    across = [["Message", "", "Annotation"], ["id", "text", "label"], *([str(n), *row] for n, row in enumerate(BODY))]
    assert find_heading(across).cells == ("id", "text", "label")
    down = [["id", "text", "Annotation"], ["", "", "label"], *([str(n), *row] for n, row in enumerate(BODY))]
    assert find_heading(down) == Heading(1, ("id", "text", "label"), 2, titles=(0,))


def test_rows_that_describe_the_columns():
    told = find_heading([["text", "label"], ["what was written", "kind, see guide"], *BODY])
    assert told == Heading(0, ("text", "label"), 2, notes=(1,)) and told.asides == {"description": (1,)}
    rare = find_heading([["text", "label"], ["the lamp stopped working", "very odd indeed"], *BODY])
    assert rare.body == 1, "a row like the others is data, whatever its class"
    assert find_heading([["text", "label"], ["string", "category"], *BODY]).notes == (1,)
    numbers = [[row[0], str(n)] for n, row in enumerate(BODY)]
    assert find_heading([["text", "score"], ["string", "from 0 to 11"], *numbers]).notes == (1,)


def test_a_survey_of_qualtrics():
    imports = ['{"ImportId":"QID1"}', '{"ImportId":"QID2"}']
    told = find_heading([["Q1", "Q2"], ["Your message", "Where?"], imports, *BODY])
    assert told == Heading(0, ("Q1", "Q2"), 3, notes=(1, 2))
    named = find_heading([["Q1", "Q2"], ["Text", "Topic"], imports, *BODY])
    assert (named.place, named.cells, named.body) == (0, ("Q1", "Q2"), 3)


def test_as_told():
    assert find_heading([["a", "b"], ["text", "label"]], True) == Heading(0, ("a", "b"), 1)
    assert find_heading([["text", "label"], *BODY], False) == Heading()


def test_column_names():
    assert column_names(None, 3) == ["c1", "c2", "c3"]
    assert column_names([" a ", "a", None, "a"], 5) == ["a", "a_2", "c3", "a_3", "c5"]
    assert column_names(["a_2", "a", "a"], 3) == ["a_2", "a", "a_3"]
    assert repeated_names(["a", "b", "a", "", ""]) == ["a"]


def test_many_equal_names_take_no_longer_each(benchmark=None):
    assert column_names(["a"] * 20_000, 20_000)[-1] == "a_20000"
