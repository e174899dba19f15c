"""A study is what was frozen; questions come from names or a file."""

from __future__ import annotations

import pytest
from tests.rated import make_session, make_study

from tunebook.core.errors import BookError, DataError
from tunebook.rating.study import FILE, find_study, questions_of, read_study, studies_in


def test_a_study_is_found_by_its_start_and_the_newest_without_name(tmp_path):
    old = make_session(tmp_path, make_study(2)).folder
    new = make_session(tmp_path, make_study(3).model_copy(update={"created": "2027"})).folder
    assert studies_in(tmp_path) == [old.name, new.name]
    assert find_study(tmp_path) == new and find_study(tmp_path, old.name[:6]) == old
    for name in ("", "zz"):
        with pytest.raises(BookError) as caught:
            find_study(tmp_path / "none" if not name else tmp_path, name)
        assert caught.value.code == "rate.no_study"


def test_an_edited_study_is_told(tmp_path):
    session = make_session(tmp_path, rows=2)
    path = session.folder / FILE
    assert read_study(session.folder) is read_study(session.folder)  # large ones are asked for at each click
    path.write_text(path.read_text("utf-8").replace("answer 0 of 1", "another"), encoding="utf-8")
    with pytest.raises(BookError) as caught:
        read_study(session.folder)
    assert caught.value.code == "rate.study_changed"
    path.write_text("{", encoding="utf-8")
    assert studies_in(tmp_path) == [session.folder.name]


def test_built_in_questions_are_there_in_both_languages():
    pairs, scores = questions_of("overall，safety", "pairs"), questions_of("overall", "scores")
    assert [one.key for one in pairs] == ["overall", "safety"]
    assert pairs[0].words["zh"] and pairs[0].words["en"] != scores[0].words["en"]
    assert pairs[0].text == pairs[0].words["en"]


def test_a_class_is_right_or_wrong():
    found = questions_of("overall,accuracy,safety", "scores", classes=True)
    assert [one.points for one in found] == [2, 2, 5]
    assert [one.points for one in questions_of("accuracy", "scores")] == [5]


def test_own_questions(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text('[tone]\nzh = "语气合适吗？"\npoints = 3\n', encoding="utf-8")
    (found,) = questions_of(str(path), "scores")
    assert (found.key, found.points, found.text) == ("tone", 3, "语气合适吗？")


@pytest.mark.parametrize("asked", ["", "overall,overall", "overall,beauty"])
def test_unknown_questions(asked):
    with pytest.raises(DataError) as caught:
        questions_of(asked, "pairs")
    assert caught.value.code == "rate.which_questions"


@pytest.mark.parametrize(
    "text", ["", "[a]", "[A b]\nen='x'", "a = 1", "[a]\nen='x'\npoints=1", "[a]\nen='x'\nmore=1", "[", None]
)
def test_a_file_of_no_questions(tmp_path, text):
    path = tmp_path / "own.toml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        questions_of(str(path), "pairs")
    assert caught.value.code == "rate.questions_file"


def test_what_may_be_said():
    study = make_study(1, kinds=("pairs", "scores"))
    assert study.values(study.item("p0-01"), study.question("overall")) == ["1", "2", "0"]
    assert study.values(study.item("s0-0"), study.question("overall")) == ["1", "2", "3", "4", "5"]
    with pytest.raises(DataError) as caught:
        study.question("zzz")
    assert caught.value.code == "rate.question"
