"""Rating in a browser, without scripts: two people, a crash, a form that is sent twice, and no name of a run."""

from __future__ import annotations

import re

import pytest
from tests.rated import make_session, rate_all
from tests.rolled import make_run
from tests.web.visitor import Visitor, words_of

from tunebook.rating.files import export_rows, write_rows
from tunebook.rating.session import Session
from tunebook.web.door import Door
from tunebook.web.jobs import Jobs
from tunebook.web.pages.rate import PAGE
from tunebook.web.reports import written_in

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@pytest.fixture
def book(tmp_path):
    from tests.logged import make_book

    return make_book(tmp_path / "book")


def form_of(page):
    """What the form of an item sends along."""
    inside = page[page.index('class="rating"') :]
    return dict(HIDDEN.findall(inside[: inside.index("</form>")]))


def step(visitor, at, rater, value, **more):
    """Answer the item that is shown; gives the form and the answer of the server."""
    form = form_of(visitor.get(f"{at}/next?rater={rater}").text)
    return form, visitor.submit(f"{at}/next", {**form, "q-overall": value, **more}, follow_redirects=False)


def test_two_people_rate_with_a_crash_between(book):
    session = make_session(book.path, rows=4, raters=["ann", "bo"], overlap=1.0)
    at, visitor = f"/book/{book.path.name}/{PAGE.tab}/{session.study.id}", Visitor(book.path)
    shown = visitor.get(f"/book/{book.path.name}/rate").text
    assert "Two runs answer 4 of 8 rows differently" in visitor.get(at).text, "why there are no more items"
    assert session.study.id in shown and "run0<br>run1" in shown, "runs that are gone keep their ids"
    item = visitor.get(f"{at}/next?rater=ann").text
    assert ">the first (1)<" in item and ">the second (2)<" in item, "on a phone they stand one below the other"
    form, answer = step(visitor, at, "ann", "1")
    assert answer.status_code == 303 and answer.headers["location"] == f"{at}/next?rater=ann"
    assert session.said("ann", form["item"]) == {"overall": "1"}
    again = visitor.submit(f"{at}/next", {**form, "q-overall": "1"}, follow_redirects=False)  # a second click
    assert again.status_code == 303 and len(session.store.history()) == 1
    visitor = Visitor(book.path)  # the server died; another one answers
    for _ in range(3):
        step(visitor, at, "ann", "2")
    assert "has rated everything" in words_of(visitor.get(f"{at}/next?rater=ann").text)
    rate_all(session, "bo", gain=9.0)
    assert (session.done("ann").done, session.done("bo").done) == (4, 4)
    assert visitor.submit(f"{at}/next", {**form, "q-overall": "1"}).status_code == 403  # the word of the dead server
    del form["word"]
    late = visitor.submit(f"{at}/next", {**form, "q-overall": "1"}, follow_redirects=False)
    assert late.status_code == 303 and session.said("ann", form["item"]) == {"overall": "1"}


def test_no_page_for_raters_names_a_run_and_texts_are_escaped(book):
    session = make_session(book.path, rows=2)
    study = session.study
    items = [item.model_copy(update={"text": "<script>x</script>", "pair": "<i>"}) for item in study.items]
    session = make_session(book.path, study.model_copy(update={"items": items}))
    at = f"/book/{book.path.name}/rate/{session.study.id}"
    page = Visitor(book.path).get(f"{at}/next?rater=ann").text
    assert not {"run0", "run1"} & set(re.findall(r"\w+", page.partition("<details")[0]))
    assert "&lt;script&gt;x" in page and "<script>x" not in page and "&lt;i&gt;" in page
    assert "<progress" in page and 'value="1"' in page


def test_a_rater_sees_what_classes_there_are_and_what_the_points_mean(book):
    session = make_session(book.path, rows=2, kinds=("scores",))
    page = words_of(Visitor(book.path).get(f"/book/{book.path.name}/rate/{session.study.id}/next?rater=ann").text)
    assert "1: the worst there can be. 5: the best there can be." in page
    assert " · ".join(book.data.labels.names) in page
    pairs = make_session(book.path, rows=2)
    page = words_of(Visitor(book.path).get(f"/book/{book.path.name}/rate/{pairs.study.id}/next?rater=ann").text)
    assert "the worst there can be" not in page


def test_a_class_is_judged_right_or_wrong(book):
    study = make_session(book.path, rows=2, kinds=("scores",)).study
    questions = [question.model_copy(update={"points": 2}) for question in study.questions]
    session = make_session(book.path, study.model_copy(update={"questions": questions}))
    at, visitor = f"/book/{book.path.name}/rate/{session.study.id}", Visitor(book.path)
    page = words_of(visitor.get(f"{at}/next?rater=ann").text)
    assert "wrong 1 right 2" in page and "the worst there can be" not in page
    assert "a digit answers and goes on" in page and "Enter" not in page
    step(visitor, at, "ann", "2")
    assert session.done("ann").done == 1


def test_undo_shows_the_last_item_again(book):
    session = make_session(book.path, rows=3)
    at, visitor = f"/book/{book.path.name}/rate/{session.study.id}", Visitor(book.path)
    form, _ = step(visitor, at, "ann", "1")
    page = visitor.get(f"{at}/next?rater=ann").text
    sent = dict(HIDDEN.findall(page[page.index('class="undo"') :]))
    for _ in range(2):  # twice sent, once taken back
        assert visitor.submit(f"{at}/undo", sent, follow_redirects=False).status_code == 303
    assert form_of(visitor.get(f"{at}/next?rater=ann").text)["item"] == form["item"]
    assert session.done("ann").done == 0


def test_several_questions_are_kept_together(book):
    session = make_session(book.path, rows=2, kinds=("scores",), keys=("accuracy", "safety"))
    at, visitor = f"/book/{book.path.name}/rate/{session.study.id}", Visitor(book.path)
    page = visitor.get(f"{at}/next?rater=ann").text
    assert page.count('type="radio"') == 10 and page.count("<fieldset>") == 2
    form = form_of(page)
    visitor.submit(f"{at}/next", {**form, "q-accuracy": "4", "q-safety": ""})
    assert session.said("ann", form["item"]) == {"accuracy": "4"}
    assert visitor.get(f"{at}/next?rater=ann").text.count("<fieldset>") == 1


def test_an_arbiter_decides_and_the_result_is_shown(book):
    session = make_session(book.path, rows=2, raters=["ann", "bo"], overlap=1.0)
    at, visitor = f"/book/{book.path.name}/rate/{session.study.id}", Visitor(book.path)
    for rater in ("ann", "bo"):
        for item in session.study.items:
            session.give(rater, item.key, {"overall": "1"})
    assert "wait for an arbiter: 2" in words_of(visitor.get(at).text)
    for _ in range(2):
        form = form_of(visitor.get(f"{at}/decide?rater=chief").text)
        visitor.submit(f"{at}/decide", {**form, "q-overall": "1"})
    assert "No disagreement waits" in words_of(visitor.get(f"{at}/decide?rater=chief").text)
    page = visitor.submit(f"{at}/result").text
    assert "result.html" in page and "<iframe" in page
    assert visitor.get(f"/book/{book.path.name}/file/ratings/{session.study.id}/result.html").status_code == 200
    path = f"ratings/{session.study.id}/result.html"
    visitor.submit(f"/book/{book.path.name}/anew?lang=zh", {"path": path})
    assert written_in(book.path / path) == "zh"
    assert session.store.verify().entries == 6
    assert "worked out with" not in visitor.get(f"{at}?lang=en").text
    session.give("ann", session.study.items[0].key, {"overall": "2"})
    assert "worked out with 6 ratings" in visitor.get(at).text
    visitor.submit(f"{at}/result")
    assert "worked out with" not in visitor.get(at).text


def test_a_file_goes_out_and_comes_back(book, tmp_path):
    session = make_session(book.path, rows=3, raters=["ann"])
    at, visitor = f"/book/{book.path.name}/rate/{session.study.id}", Visitor(book.path)
    sent = visitor.get(f"{at}/file?rater=ann")
    assert sent.headers["content-disposition"].startswith("attachment") and sent.text.count("\n") == 4
    rows = [{**row, "value": "1"} for row in export_rows(session)]
    rows[0]["item"] = "zzz"
    path = write_rows(rows, tmp_path / "back.csv")
    page = visitor.submit(f"{at}/file", files={"file": ("back.csv", path.read_bytes())}).text
    assert "zzz" in page and "2 new" in words_of(page)
    assert visitor.submit(f"{at}/file", {"file": "text"}).status_code == 422
    assert visitor.submit(f"{at}/file", files={"file": ("a.csv", b"x" * 50_000_001)}).status_code == 422


def test_a_study_is_begun_as_a_command(book):
    visitor, at = Visitor(book.path), f"/book/{book.path.name}/rate"
    assert "Begin a study" in visitor.get(at).text
    for name in ("a", "b", "c"):
        make_run(book, name, 1)
    assert 'value="100"' in visitor.get(at).text and 'value="30%"' in visitor.get(at).text
    answer = visitor.submit(at, {"run": ["a", "b"], "rows": "20", "raters": "ann"}, follow_redirects=False)
    (job,) = Jobs(book.path).all()
    assert job.words[2:] == ["new", "--runs", "a,b", "--rows", "20", "--raters", "ann"]
    assert answer.headers["location"].endswith(job.number)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"rows": "many"}, "rate.how"),
        ({"rows": "0"}, "rate.how"),
        ({"overlap": "half"}, "rate.how"),
        ({"overlap": "300%"}, "rate.how"),
        ({"raters": "ann,ann"}, "rate.who_rates"),
        ({"questions": "taste"}, "rate.which_questions"),
        ({"run": ["a"], "kind": "pairs"}, "rate.kind"),
        ({"run": []}, "rate.which_runs"),
        ({"run": ["gone"]}, "book.run"),
    ],
)
def test_a_study_that_cannot_be_keeps_what_was_typed(book, wrong, code):
    visitor, at = Visitor(book.path), f"/book/{book.path.name}/rate"
    for name in ("a", "b", "c"):
        make_run(book, name, 1)
    typed = {"run": ["a", "c"], "rows": "20", "raters": "ann, bo", "overlap": "50%", "kind": "scores", **wrong}
    answer = visitor.submit(at, typed)
    assert answer.status_code == 422 and code in answer.text and not Jobs(book.path).all()
    for name in ("rows", "raters", "overlap", "questions"):
        assert f'value="{typed.get(name, "")}"' in re.search(rf'<input name="{name}"[^>]*>', answer.text)[0]
    assert f'value="{typed["kind"]}" selected' in answer.text
    ticked = re.findall(r'name="run" value="([^"]*)"[^>]* checked', answer.text)
    assert set(ticked) == set(typed["run"]) - {"gone"}


def test_behind_a_proxy_nobody_rates_in_anothers_name(book):
    session = make_session(book.path, rows=2)
    at = f"/book/{book.path.name}/rate/{session.study.id}"
    visitor = Visitor(book.path, door=Door("owner", user_header="x-user"), enter=False)
    visitor.headers["x-user"] = "ann"
    page = visitor.get(f"{at}/next").text
    assert "ann" in page and visitor.get(f"{at}/next?rater=bo").status_code == 422
    assert 'value="ann"' in visitor.get(at).text


def test_behind_a_proxy_a_file_says_nothing_in_anothers_name(book, tmp_path):
    session = make_session(book.path, rows=2, raters=["ann", "王芳"], overlap=1.0)
    at = f"/book/{book.path.name}/rate/{session.study.id}"
    visitor = Visitor(book.path, door=Door("owner", user_header="x-user"), enter=False)
    visitor.headers.update({b"x-user": "王芳".encode()})  # as proxies send it
    path = write_rows([{**row, "value": "1"} for row in export_rows(session)], tmp_path / "back.csv")
    word = visitor.door.word("王芳")
    visitor.submit(f"{at}/file", {"word": word}, files={"file": ("back.csv", path.read_bytes())})
    assert (session.done("ann").done, session.done("王芳").done) == (0, 2)
    assert "王芳" in visitor.get(f"{at}/next").text


def test_no_file_says_which_run_gave_which_answer(book):
    session = make_session(book.path, rows=2)
    visitor, at = Visitor(book.path), f"/book/{book.path.name}/file/ratings/{session.study.id}"
    assert (session.folder / "study.json").is_file() and visitor.get(f"{at}/study.json").status_code == 404
    (session.folder / "result.json").write_text("{}", encoding="utf-8")
    assert visitor.get(f"{at}/result.json").status_code == 200


def test_what_is_wrong_is_told(book):
    session = make_session(book.path, rows=2, raters=["ann"])
    at, visitor = f"/book/{book.path.name}/rate/{session.study.id}", Visitor(book.path)
    assert visitor.get(f"{at}/next?rater=eve").status_code == 422
    assert visitor.get(f"/book/{book.path.name}/rate/zzz").status_code == 422
    anybody = make_session(book.path, rows=2)
    assert "rate.name" in visitor.get(f"/book/{book.path.name}/rate/{anybody.study.id}/next?rater=%E2%80%AE").text
    form, answer = step(visitor, at, "ann", "9")
    assert answer.status_code == 422 and "rate.value" in answer.text
    twice = visitor.submit(f"{at}/next", {**form, "q-overall": ["1", "2"]})
    assert twice.status_code == 422 and "ui.twice" in twice.text
    assert visitor.post(f"{at}/next", data={**form, "q-overall": "1"}).status_code == 403  # from another site
    reader = Visitor(book.path, door=Door("ann", read_only=True))
    assert 'class="rating"' not in reader.get(f"{at}/next?rater=ann").text
    assert Session(session.folder).store.current() == []
    session.store.path.write_bytes(b"no database")
    assert "rate.damaged" in visitor.get(f"{at}/next?rater=ann").text


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_both_languages(book, lang):
    session = make_session(book.path, rows=2, kinds=("pairs", "scores"))
    at, visitor = f"/book/{book.path.name}/rate/{session.study.id}", Visitor(book.path)
    for path in (f"/book/{book.path.name}/rate", at, f"{at}/next?rater=ann"):
        answer = visitor.get(path, params={"lang": lang} if "?" not in path else None)
        assert answer.status_code == 200, words_of(answer.text)
