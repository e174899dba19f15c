from __future__ import annotations

import json
import zipfile

import pytest

from tunebook.core.errors import DataError
from tunebook.data.options import DataOptions
from tunebook.data.read import read


def document(number, *labels, **more):
    return {"id": number, "text": f"words {number}", "label": list(labels), "Comments": [], **more}


def jsonl(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def package(path, **files):
    with zipfile.ZipFile(path, "w") as inside:
        for name, text in files.items():
            inside.writestr(name.replace("_", "."), text)
    return path


def test_documents_without_labels_are_not_done(write):
    source = read(write("all.jsonl", jsonl(document(1, "late"), document(2), document(3, "broken"))))
    assert source.table.to_pydict() == {"id": [1, 3], "text": ["words 1", "words 3"], "label": ["late", "broken"]}
    assert source.faults == {"unlabelled": {2: ""}}


def test_a_repeated_label_counts_once(write):
    source = read(write("all.json", json.dumps([document(1, "a", "a", "b"), document(2, "b")])))
    assert source.table["label"].to_pylist() == [["a", "b"], ["b"]]


def test_csv_joins_labels_with_a_hash(write):
    source = read(write("all.csv", "id,text,label,Comments,n\n1,one,late#rude,,2\n2,two,,,\n3,three,late,,\n"))
    assert source.table["label"].to_pylist() == [["late", "rude"], ["late"]]
    assert source.faults == {"unlabelled": {3: ""}}


@pytest.mark.parametrize("kind", ["jsonl", "csv", "txt"])
def test_a_file_a_user_gives_votes(tmp_path, kind):
    texts = {
        "jsonl": [jsonl(document(1, "a"), document(2, "b")), jsonl(document(1, "a"), document(2))],
        "csv": ["id,text,label,Comments\n1,words 1,a,\n2,words 2,b,\n", "id,text,label,Comments\n1,words 1,a,\n"],
        "txt": ['__label__a words 1 \n"__label__b words 2 "\n', "__label__a words 1 \n words 2 \n"],
    }[kind]
    path = package(tmp_path / "x.zip", **{f"ann_{kind}": texts[0], f"bob_{kind}": texts[1]})
    source = read(path)
    assert source.table["text"].to_pylist() == ["words 1", "words 2"]
    assert source.table["label"].to_pylist() == ["a", "b"]
    assert source.table["annotator ann"].to_pylist() == ["a", "b"]
    assert source.table["annotator bob"].to_pylist() == ["a", None]


def test_a_user_who_did_nothing_has_an_empty_file(tmp_path):
    rows = json.dumps([document(1, "a"), document(2, "b")])
    assert read(package(tmp_path / "a.zip", ann_json=rows, bob_json="[]")).table["label"].to_pylist() == ["a", "b"]
    with pytest.raises(DataError, match=r"data\.empty"):
        read(package(tmp_path / "b.zip", ann_json="[]", bob_json="[]"))


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"id": 1, "text": "x", "entities": [], "relations": [], "Comments": []}, "format.unlabelled"),
        ({"id": 1, "text": "x", "cats": ["ask"], "entities": [[0, 1, "A"]], "Comments": []}, "format.intent"),
        (document(1, "Dear customer,\nwe are sorry."), "format.writing"),
    ],
)
def test_other_work_is_refused_by_its_name(write, row, code):
    with pytest.raises(DataError) as caught:
        read(write("all.jsonl", jsonl(row, document(2))))
    assert caught.value.code == code
    assert "doccano" in caught.value.message


def test_intents_are_read_where_their_classes_are_named(write):
    rows = [{"id": n, "text": "x", "cats": [c], "entities": [], "Comments": []} for n, c in enumerate("ab")]
    source = read(write("all.jsonl", jsonl(*rows)), DataOptions(label="cats"))
    assert source.table[source.roles["label"]].to_pylist() == ["a", "b"]


def test_older_versions_call_the_text_data(write):
    row = {"id": 1, "data": "words", "label": ["a"], "annotation_approver": None}
    assert read(write("a.jsonl", jsonl(row, row | {"id": 2}))).table["text"].to_pylist() == ["words", "words"]


def test_marked_places_in_both_of_its_forms(write):
    """Without relations a list of three; with them objects, and documents without any are not done yet."""
    source = read(write("all.jsonl", jsonl(document(1, [0, 5, "A"]), document(2))))
    assert source.table["label"].to_pylist() == [[{"start": 0, "end": 5, "label": "A"}]]
    assert list(source.faults) == ["unlabelled"]
    spans = [{"id": n, "label": "AB"[n], "start_offset": 3 * n, "end_offset": 3 * n + 2} for n in (1, 0)]
    row = {"id": 7, "text": "words one", "entities": spans, "relations": [{"id": 1, "from_id": 0, "to_id": 1}]}
    source = read(write("all.jsonl", jsonl({**row, "Comments": []})))
    assert source.table["label"].to_pylist() == [
        [{"start": 0, "end": 2, "label": "A"}, {"start": 3, "end": 5, "label": "B"}]
    ]
    assert source.notes["relations_left"] == "1"
    assert source.table.column_names == ["id", "text", "label"]


def test_places_of_intents_are_read_where_they_are_named(write):
    row = {"id": 1, "text": "on lamp", "cats": ["ask"], "entities": [[3, 7, "ITEM"]], "Comments": []}
    source = read(write("all.jsonl", jsonl(row)), DataOptions(label="entities"))
    assert source.table["entities"].to_pylist() == [[{"start": 3, "end": 7, "label": "ITEM"}]]


def test_users_who_mark_alone_are_annotators(tmp_path):
    marks = [[0, 4, "A"]], [[0, 4, "A"], [4, 5, "B"]], [[0, 4, "A"]]
    rows = {f"{who}_jsonl": jsonl(document(1, *found)) for who, found in zip(("ann", "bob", "eve"), marks, strict=True)}
    source = read(package(tmp_path / "a.zip", **rows))
    assert source.table["label"].to_pylist() == [[{"start": 0, "end": 4, "label": "A"}]]
    assert len(source.table["annotator bob"].to_pylist()[0]) == 2


def test_documents_without_marks_count_where_it_was_said_what_is_not_labelled(write):
    path = write("all.jsonl", jsonl(document(1, [0, 5, "A"]), document(2)))
    assert read(path, DataOptions(no_label=["-"])).table["label"].to_pylist()[1] == []


def test_texts_that_were_written_are_read_where_these_are_wanted(write, tmp_path):
    rows = [{"id": n, "text": f"Say {n}.", "label": [f"{n}!", f"{n}?"][: 1 + n % 2], "Comments": []} for n in range(12)]
    path = write("all.jsonl", "\n".join(map(json.dumps, rows)))
    for task in ("seq2seq", "instruction"):
        source = read(path, DataOptions(task=task))
        assert source.table["text"].to_pylist()[:3] == ["Say 0.", "Say 1.", "Say 1."]
        assert source.table["label"].to_pylist()[:3] == ["0!", "1!", "1?"]
    joined = write("all.csv", "id,text,label,Comments\n1,Say 1.,1!#1?,\n2,Say 2.,2!,\n")
    with pytest.raises(DataError) as caught:
        read(joined, DataOptions(task="seq2seq"))
    assert caught.value.code == "format.joined"
