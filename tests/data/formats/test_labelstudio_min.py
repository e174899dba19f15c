from __future__ import annotations

import csv
import io
import json

import pytest

from tunebook.core.errors import DataError
from tunebook.data.options import DataOptions
from tunebook.data.read import read


def row(number, who, text="words", **answers):
    aside = {"annotator": who, "annotation_id": who and number, "created_at": "c", "updated_at": who and f"u{number}"}
    return {"text": f"{text} {number}", "id": number, **answers, **aside, "lead_time": 1.0}


def as_csv(rows, delimiter):
    names = sorted({name for item in rows for name in item})
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(names)
    for item in rows:
        cells = [item.get(name) for name in names]
        writer.writerow(["" if c is None else json.dumps(c) if isinstance(c, dict | list) else c for c in cells])
    return stream.getvalue()


@pytest.fixture(params=["json", ",", "\t"])
def export(request, write):
    def put(*rows):
        if request.param == "json":
            return write("export.json", json.dumps(rows))
        return write("export.csv", as_csv(rows, request.param))

    return put


def test_rows_of_a_task_become_one_with_the_votes(export):
    source = read(
        export(
            row(1, 2, topic={"choices": ["late", "rude"]}, stars=[{"rating": 2}]),
            row(1, 1, topic="late"),
            row(2, 1, topic="broken"),
            row(3, 1),
            row(4, None),
        )
    )
    table = source.table.to_pydict()
    assert table["text"] == ["words 1", "words 2"]
    assert table["topic"] == [["late", "rude"], ["broken"]]
    assert table["annotator 1"] == [["late"], ["broken"]]
    assert table["annotator 2"] == [["late", "rude"], None]
    assert not {"annotator", "lead_time", "annotation_id"} & set(table)
    assert source.roles["label"] == "topic"
    assert [list(rows) for rows in source.faults.values()] == [[source.rows[-1] + 1, source.rows[-1] + 2]]


def test_a_single_choice_is_a_plain_word_and_is_found_by_its_look(export):
    rows = [row(number, 1, mood=["calm", "cross"][number % 2], source="mail") for number in range(1, 13)]
    assert read(export(*rows)).table["mood"].to_pylist() == [item["mood"] for item in rows]


def test_paths_and_numbers(export):
    assert read(export(row(1, 1, tax=[{"taxonomy": [["A", "B"], ["C"]]}]))).table["tax"].to_pylist() == [["A / B", "C"]]
    assert read(export(row(1, 1, stars=[{"rating": 3}]))).table["stars"].to_pylist() == [3]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ([{"selected": "left"}], "format.preference"),
        ([{"ranker": {"good": ["x"], "_": []}}], "format.ranking"),
    ],
)
def test_other_work_is_refused_by_its_name(export, answer, code):
    with pytest.raises(DataError) as caught:
        read(export(row(1, 1, q=answer, source="mail"), row(2, 1, q=answer, source="mail")))
    assert caught.value.code == code


def test_dialogues_are_refused(export):
    with pytest.raises(DataError, match=r"format\.chat"):
        read(export(row(1, 1, turns=[{"who": "a", "text": "x"}], verdict="ok")))


def test_two_questions_need_one_word(export):
    path = export(*[row(n, 1, mood=["calm", "cross"][n % 2], kind=["ask", "tell"][n // 2 % 2]) for n in range(1, 13)])
    with pytest.raises(DataError, match=r"--label"):
        read(path)
    assert read(path, DataOptions(label="kind")).roles["label"] == "kind"


def test_nothing_labelled_is_told(export):
    with pytest.raises(DataError, match=r"unlabelled|label"):
        read(export(row(1, None), row(2, None)))


def test_marked_places(export):
    marks = [{"start": 0, "end": 5, "text": "words", "labels": ["A"]}]
    source = read(export(row(1, 1, ner=marks), row(1, 2, ner=marks), row(2, 1), row(3, None)))
    assert source.table["ner"].to_pylist() == [[{"start": 0, "end": 5, "label": "A"}], []]
    assert source.roles["annotators"] == ["annotator 1", "annotator 2"]
    assert list(source.faults) == ["unlabelled"]
