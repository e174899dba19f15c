"""Files for raters elsewhere: out, filled in, and back, with whatever a hand can do to them."""

from __future__ import annotations

import csv
import json

import pytest
from tests.rated import make_session, make_study

from tunebook.core.errors import DataError, MachineError
from tunebook.rating.files import COLUMNS, export_rows, import_file, write_rows
from tunebook.rating.study import Question


@pytest.fixture
def session(tmp_path):
    return make_session(tmp_path / "book", rows=4, raters=["ann", "bo"], overlap=0.5)


def filled(session, path, change=lambda rows: rows):
    rows = [{**row, "value": "1"} for row in export_rows(session)]
    return write_rows(change(rows), path)


@pytest.mark.parametrize("name", ["back.csv", "back.jsonl"])
def test_a_file_comes_back_and_the_same_again_changes_nothing(session, tmp_path, name):
    path = filled(session, tmp_path / name)
    found = import_file(session, path)
    assert (found.rows, found.kept.fresh, found.refused) == (6, 6, [])
    assert import_file(session, path).kept.same == 6
    assert session.next("ann") is None
    assert {row["value"] for row in export_rows(session, "ann")} == {"1"}


def test_a_file_says_what_its_values_mean_and_one_that_does_not_comes_back_too(session, tmp_path):
    assert {row["means"] for row in export_rows(session)} == {"1: the left one. 2: the right one. 0: neither."}
    study = session.study
    item = study.items[0].model_copy(update={"kind": "scores"})
    [sure, fine] = (Question(key=key, words={"en": "?"}, points=2) for key in ("overall", "style"))
    assert (sure.right_or_wrong, fine.right_or_wrong) == (True, False)
    assert study.meant(item, sure) == "1: wrong. 2: right."
    assert study.meant(item, fine) == "1: the worst there can be. 2: the best there can be."
    path = tmp_path / "old.jsonl"
    write_rows([{name: cell for name, cell in row.items() if name != "means"} for row in export_rows(session)], path)
    path.write_text(path.read_text(encoding="utf-8").replace('"value": ""', '"value": "1"'), encoding="utf-8")
    assert import_file(session, path).kept.fresh == 6


def test_a_text_may_be_longer_than_a_reader_of_csv_takes(session, tmp_path):
    csv.field_size_limit(131_072)
    path = filled(session, tmp_path / "back.csv", lambda rows: [{**row, "asked": "x" * 200_000} for row in rows])
    assert import_file(session, path).kept.fresh == 6


def test_a_tie_may_be_the_number_nought(session, tmp_path):
    values = iter([0, "0", 1, 2, None, 0])
    path = filled(session, tmp_path / "back.jsonl", lambda rows: [{**row, "value": next(values)} for row in rows])
    found = import_file(session, path)
    assert (found.kept.fresh, found.empty, found.refused) == (5, 1, [])


def test_sides_that_have_changed_places_are_refused(session, tmp_path):
    def spoilt(rows):
        rows[0] |= {"left": rows[0]["right"], "right": rows[0]["left"]}
        rows[1] |= {"left": rows[2]["left"], "check": ""}
        rows[3] |= {"text": f" {rows[3]['text']}\r\n", "left": rows[3]["left"].replace(" ", "\n")}
        rows[4] |= {"left": "", "right": "", "text": ""}
        return rows

    found = import_file(session, filled(session, tmp_path / "back.csv", spoilt))
    assert [(one.row, one.code) for one in found.refused] == [(1, "rate.file_check"), (2, "rate.file_check")]
    assert found.kept.fresh == 4


def test_an_old_file_does_not_take_back_what_was_said_since(session, tmp_path):
    path = filled(session, tmp_path / "back.csv")
    import_file(session, path)
    session.give("ann", "p0-01", {"overall": "2"})
    assert import_file(session, path).kept.same == 6
    assert session.said("ann", "p0-01") == {"overall": "2"}


def spoilt(rows):
    rows[0]["item"] = "zzz"
    rows[1]["value"] = "7"
    rows[2]["check"] = "00000000"
    rows[3]["value"] = " "
    rows[4]["rater"] = "eve"
    rows += [dict(rows[5]), {**rows[5], "question": "beauty"}, {**rows[5], "study": ""}]
    return rows


def test_every_bad_row_is_told_with_its_reason(session, tmp_path):
    found = import_file(session, filled(session, tmp_path / "back.csv", spoilt))
    assert [(one.row, one.code) for one in found.refused] == [
        (1, "rate.item"), (2, "rate.value"), (3, "rate.file_check"), (5, "rate.who"), (8, "rate.question"),
        (9, "rate.file_study"),
    ]  # fmt: skip
    assert (found.rows, found.empty, found.twice, found.kept.fresh) == (9, 1, 1, 1)
    assert "zzz" in found.refused[0].reason
    assert "back.csv is about the study" in found.refused[5].reason


def test_a_rater_who_says_two_things_of_one_item_says_none(session, tmp_path):
    found = import_file(session, filled(session, tmp_path / "b.csv", lambda rows: [*rows, {**rows[0], "value": "2"}]))
    assert [(one.row, one.code) for one in found.refused] == [(1, "rate.twice"), (7, "rate.twice")]
    assert found.kept.fresh == 5


def test_a_file_of_another_study(session, tmp_path):
    path = filled(make_session(tmp_path / "book", make_study(5, raters=["ann"])), tmp_path / "b.csv")
    with pytest.raises(DataError) as caught:
        import_file(session, path)
    assert caught.value.code == "rate.file_study"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b"study,rater\nx,y\n", "rate.file_columns"),
        ("a.csv", b"\xff\xfe", "rate.file"),
        ("a.csv", b'study,rater,item,question,value\n"a,b\n', "rate.file"),
        ("a.jsonl", b"[1]\n", "rate.file"),
        ("a.jsonl", b"{", "rate.file"),
        ("a.csv", None, "rate.file"),
        ("a.csv", b"", "rate.file_columns"),
    ],
)
def test_files_that_are_none(session, tmp_path, name, content, code):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        import_file(session, path)
    assert caught.value.code == code


def test_a_semicolon_and_other_columns_are_read(session, tmp_path):
    rows = [{**row, "value": "2", "note": "x;y"} for row in export_rows(session, "bo")]
    path = tmp_path / "b.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*COLUMNS, "note"], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    assert import_file(session, path).kept.fresh == 3


def test_a_cell_is_no_formula_for_a_spreadsheet(tmp_path):
    study = make_study(1)
    item = study.items[0].model_copy(update={"text": "=1+1", "answers": ["@a", "+b"]})
    session = make_session(tmp_path, study.model_copy(update={"items": [item]}))
    path = write_rows(export_rows(session, "ann"), tmp_path / "out.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["text"] == "'=1+1" and {row["left"], row["right"]} == {"'@a", "'+b"}
    line = json.loads(write_rows(export_rows(session, "ann"), tmp_path / "out.jsonl").read_text("utf-8"))
    assert line["text"] == "=1+1" and "run0" not in str(line)


@pytest.mark.parametrize("rater", ["@bob", "-ann", "=1"])
def test_a_name_that_a_spreadsheet_would_run_comes_back_as_itself(tmp_path, rater):
    session = make_session(tmp_path, rows=2)
    rows = [{**row, "value": "1"} for row in export_rows(session, rater)]
    found = import_file(session, write_rows(rows, tmp_path / "back.csv"))
    assert found.refused == [] and {one.rater for one in session.store.current()} == {rater}


def test_texts_with_line_breaks_of_any_kind_come_back_as_lines(tmp_path):
    study = make_study(1)
    item = study.items[0].model_copy(update={"text": "a\u2028b\x85c\x0bd"})
    session = make_session(tmp_path, study.model_copy(update={"items": [item]}))
    rows = [{**row, "value": "1"} for row in export_rows(session, "ann")]
    found = import_file(session, write_rows(rows, tmp_path / "back.jsonl"))
    assert found.refused == [] and found.kept.fresh == 1


def test_somebody_has_to_be_named_where_the_study_names_nobody(tmp_path):
    with pytest.raises(DataError) as caught:
        export_rows(make_session(tmp_path, rows=1))
    assert caught.value.code == "rate.who"


def test_a_file_that_cannot_be_written(session, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError):
        write_rows(export_rows(session), tmp_path / "file" / "a.csv")
