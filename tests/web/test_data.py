"""Rows of a book on their pages: turned over, put right with a reason, and a book made of files that are sent."""

from __future__ import annotations

import csv
import html
import json
import re
from pathlib import Path

import pytest
from tests import small
from tests.books import base, book  # noqa: F401
from tests.web.visitor import Visitor, words_of

from tunebook.core.files import write_whole
from tunebook.core.nouns import Report, write_json
from tunebook.data.load import kept_table
from tunebook.data.options import DataOptions
from tunebook.verbs.init import init
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.chosen import changed_table
from tunebook.verbs.steps.plan import plan
from tunebook.web.glance import Glance, glance
from tunebook.web.pages import data
from tunebook.web.rows import SIZE, Turned, Wanted, turn


def test_rows_are_turned_over_and_filtered(book: Book) -> None:  # noqa: F811
    ref, table = book.data, kept_table(book.data)
    whole = turn(ref, Wanted())
    assert isinstance(whole, Turned) and whole.count == table.num_rows and len(whole.rows) == SIZE and whole.pages == 2
    assert len(turn(ref, Wanted(page=1)).rows) == whole.count - SIZE and turn(ref, Wanted(page=99)).page == 1
    label = ref.labels.names[0]
    some = turn(ref, Wanted(split="test", label=label))
    assert {(row["split"], row["label"]) for row in some.rows} == {("test", label)}
    one = whole.rows[3]
    assert turn(ref, Wanted(ids=[one["id"]])).rows == [one]
    named = [whole.rows[place]["id"] for place in (5, 2, 9)]
    assert [row["id"] for row in turn(ref, Wanted(ids=named)).rows] == named
    assert turn(ref, Wanted(text=one["text"].upper())).count >= 1
    assert turn(ref, Wanted(text="(")).count == sum("(" in text for text in table["text"].to_pylist())


def test_an_address_names_rows_whose_ids_hold_commas(tmp_path: Path, base: Path) -> None:  # noqa: F811
    file = small.write_records(tmp_path / "rows.csv", "binary", 80)
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    with file.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["key", "text", "label"])
        out.writerows([f"doc,{number}", row["text"], row["label"]] for number, row in enumerate(rows))
    options = DataOptions(text="text", label="label", row_id="key")
    made = init(tmp_path / "book", file, model=str(base), options=options)
    at = "/book/book/data/rows?ids=doc%2C7&ids=doc%2C3"
    page = Visitor(made.path).get(at).text
    assert re.findall(r'name="label:([^"]+)"', page) == ["doc,7", "doc,3"]
    assert "ids=doc%2C7&amp;ids=doc%2C3" in page, "the form and the next page are of the same rows"


def test_several_labels_and_places_are_shown_as_files_write_them(tmp_path: Path, base: Path) -> None:  # noqa: F811
    names, texts = ["a b", "g, h", "i|j"], [text for text, _ in small.texts(60)]
    several, places = tmp_path / "several.jsonl", tmp_path / "places.jsonl"
    marks = [{"start": 0, "end": 2, "label": "g, h"}]
    for path, labels in ((several, [names[:2], names[1:], names[:1]]), (places, [marks])):
        lines = [json.dumps({"text": text, "label": labels[n % len(labels)]}) for n, text in enumerate(texts)]
        path.write_text("\n".join(lines), encoding="utf-8")
    made = init(tmp_path / "several", several, model=str(base))
    found = turn(made.data, Wanted(label="a b"))
    assert found.mendable and {row["label"] for row in found.rows} == {'["a b", "g, h"]', '["a b"]'}
    visitor, row = Visitor(made.path), found.rows[0]
    form = {"content": made.data.content, f"was:{row['id']}": row["label"], f"label:{row['id']}": '["i|j", "g, h"]'}
    visitor.submit("/book/several/data/rows", {**form, "reason": "read again"})
    now = turn(open_book(made.path).data, Wanted(ids=[row["id"]]))
    assert [one["label"] for one in now.rows] == ['["g, h", "i|j"]']
    tagged = turn(init(tmp_path / "places", places, model=str(base)).data, Wanted(label="g, h"))
    assert tagged.count > 0 and not tagged.mendable
    assert tagged.rows[0]["label"] == '[{"end": 2, "label": "g, h", "start": 0}]'
    assert tagged.rows[0]["places"] == [("g, h", tagged.rows[0]["text"][:2])] and not found.rows[0]["places"]
    assert f"g, h {html.escape(tagged.rows[0]['text'][:2])}" in words_of(
        Visitor(tmp_path / "places").get("/book/places/data/rows").text
    )
    assert "label:" not in Visitor(tmp_path / "places").get("/book/places/data/rows").text


def test_annotators_are_shown_where_they_disagree(tmp_path: Path, base: Path) -> None:  # noqa: F811
    file = small.write_records(tmp_path / "rows.csv", "binary", 80)
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    names = sorted({row["label"] for row in rows})
    with file.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["text", "label", "ann", "bo", "cy"])
        for n, row in enumerate(rows):  # cy is silent or agrees, in another spelling
            out.writerow([row["text"], row["label"], row["label"], names[n % 2], f" {row['label']} " if n % 3 else ""])
    options = DataOptions(text="text", label="label", annotators=["ann", "bo", "cy"])
    made = init(tmp_path / "book", file, model=str(base), options=options)
    found = turn(made.data, Wanted(disagreed=True))
    assert found.annotated and 0 < found.count < 80 and all(len(set(row["votes"])) == 2 for row in found.rows)
    every = [row for page in (0, 1) for row in turn(made.data, Wanted(page=page)).rows]
    assert [row["id"] for row in found.rows] == [row["id"] for row in every if len(set(row["votes"])) > 1]
    page = Visitor(made.path).get(f"/book/book/{data.PAGE.tab}/rows?disagreed=1")
    assert page.status_code == 200 and "Annotators" in words_of(page.text)


def form_of(page: str) -> dict[str, object]:
    """The fields of the form in which labels are put right, as a browser would send them."""
    found = dict(re.findall(r'<input[^>]*name="((?:was|label):[^"]+|content)"[^>]*value="([^"]*)"', page))
    chosen = re.findall(r'<select[^>]*name="(label:[^"]+)".*?<option(?: value="([^"]*)")? selected>([^<]*)<', page)
    return {**found, **{key: label if value == "" else value for key, value, label in chosen}}


def test_labels_are_put_right_with_a_reason(book: Book) -> None:  # noqa: F811
    visitor, at = Visitor(book.path), f"/book/{book.path.name}/data"
    form = form_of(visitor.get(f"{at}/rows?split=train").text)
    key = next(name for name in form if name.startswith("label:"))
    other = next(name for name in book.data.labels.names if name != form[key])
    fault = visitor.submit(f"{at}/rows", {**form, key: other, "reason": ""})
    assert fault.status_code == 422 and form_of(fault.text)[key] == other and list(book.data_versions) == [1]
    row = key.removeprefix("label:")
    wrong = visitor.submit(f"{at}/rows", {**form, key: "none of them", "reason": "read again"}).text
    assert f'data-key="{row}"' in wrong and "none of them" in words_of(wrong), "the row is marked, not the filter"
    done = visitor.submit(f"{at}/rows?q=&page=0", {**form, key: other, "reason": "read again"}, follow_redirects=False)
    assert done.status_code == 303 and done.headers["location"].endswith("changed=1&scored=0")
    shown = visitor.get(done.headers["location"]).text
    assert "1 rows were put right" in shown and "validation or test rows" not in shown
    now = open_book(book.path)
    assert now.file.data == 2 and now.log.entries("correct")[-1].actor == "ann"
    late = visitor.submit(f"{at}/rows", {**form, key: other, "reason": "again"})
    assert late.status_code == 422 and "data_page.moved" in late.text and list(now.data_versions) == [1, 2]
    assert "labels put right" in words_of(visitor.get(at).text)
    back = visitor.submit(f"{at}/adopt", {"version": "v1"}, follow_redirects=False)
    assert back.status_code == 303 and open_book(book.path).file.data == 1
    assert visitor.submit(f"{at}/adopt", {"version": "x"}).status_code == 422


def test_a_late_form_sent_again_leaves_what_another_person_put_right(book: Book) -> None:  # noqa: F811
    visitor, at = Visitor(book.path), f"/book/{book.path.name}/data/rows?split=train"
    mine = form_of(visitor.get(at).text)
    first, second = [name for name in mine if name.startswith("label:")][:2]
    theirs = {key: next(name for name in book.data.labels.names if name != mine[key]) for key in (first, second)}
    visitor.submit(at, {**mine, first: theirs[first], "reason": "theirs"})
    late = visitor.submit(at, {**mine, second: theirs[second], "reason": "mine"})
    shown = form_of(late.text)
    assert late.status_code == 422 and (shown[first], shown[second]) == (theirs[first], theirs[second])
    visitor.submit(at, {**shown, "reason": "mine"})
    ids = [key.removeprefix("label:") for key in (first, second)]
    kept = {row["id"]: row["label"] for row in turn(open_book(book.path).data, Wanted(ids=ids)).rows}
    assert kept == {ids[0]: theirs[first], ids[1]: theirs[second]}


def test_a_label_is_chosen_of_those_that_there_are(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    page = Visitor(book.path).get(f"/book/{book.path.name}/data/rows").text
    row = re.search(r'<select class="label".*?</select>', page)
    assert row is not None and re.findall(r"<option[^>]*>([^<]+)", row[0]) == [*book.data.labels.names, "drop this row"]
    assert turn(book.data, Wanted()).one and "<datalist" not in page
    monkeypatch.setattr("tunebook.web.rows._CHOICES", 1)
    page = Visitor(book.path).get(f"/book/{book.path.name}/data/rows").text
    assert "<datalist" in page and 'list="labels"' in page and '<select class="label"' not in page


def test_a_book_at_a_glance(book: Book, tmp_path: Path) -> None:  # noqa: F811
    found = glance("book", book.path)
    assert (
        isinstance(found, Glance)
        and found.fault is None
        and (found.champion, found.score, found.test) == (1, None, None)
    )
    (tmp_path / "x").mkdir()
    assert glance("x", tmp_path / "x").fault is not None


def test_a_run_with_a_seed_of_its_own_is_one_of_its_table(book: Book) -> None:  # noqa: F811
    visitor, at = Visitor(book.path), f"/book/{book.path.name}/overview"

    def page() -> str:
        return words_of(visitor.get(at).text)

    def trained(time: str, seed: str, **more: str) -> Path:
        folder = book.path / "runs" / f"20260101-{time}-a"
        write_json(plan(changed_table(book, "champion", {"seed": seed, **more}), book.data), folder / "plan.json")
        outcome = {"seconds": 2.5, "rows_per_second": 1, "peak_memory_bytes": 1, "steps": 1, "device": "cpu"}
        write_whole(folder / "outcome.json", json.dumps(outcome))
        return folder

    trained("000000", "5", max_epochs="2")
    assert "Score of v1 not trained yet: every run so far has other values" in page()
    scored = trained("000001", "5")
    assert "Score of v1 trained, not scored on test rows yet" in page() and "Score v1 on test rows" in page()
    assert "Train v1, the table in force" not in page() and "trained, not scored" in words_of(visitor.get("/").text)
    worth = {"accuracy": 0.75}
    found = Report(run=scored.name, split="test", rows=9, content="c", headline="accuracy", metrics=worth)
    write_json(found, scored / "report.json")
    trained("000002", "6")
    one = glance("book", book.path)
    assert one.trained and one.score is not None and (one.score["seed"], one.score["value"]) == (5, 0.75)
    assert "Score of v1 Accuracy 0.750 · test" in page() and "Newest score" not in page()
