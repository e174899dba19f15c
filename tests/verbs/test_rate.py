"""Studies of real runs: drawn from what they answer, told and logged, and held by the gate of a promotion."""

from __future__ import annotations

import shutil
import sqlite3
from typing import Any

import numpy as np
import pytest

from tests import rated
from tests.ab_book import set_gate
from tunebook.bundle.calibrated import Calibrated
from tunebook.core.errors import BookError, RefusedError, TunebookError
from tunebook.rating.session import Session
from tunebook.rating.store import Given
from tunebook.rating.study import FILE
from tunebook.report.named import short_names
from tunebook.report.rating import PAGE, called, runs_of
from tunebook.stats.bootstrap import Units
from tunebook.verbs import rate as module
from tunebook.verbs.abtest.rated import check_rating
from tunebook.verbs.abtest.verdicts import newest_verdicts
from tunebook.verbs.promote import promote
from tunebook.verbs.rate import changes, new_rating, open_rating, rating_result, ratings_of
from tunebook.verbs.rate_study import Wanted, check_study, typed_study
from tunebook.verbs.steps.book import Book, open_book


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "en")


def arms(book: Book) -> list[str]:
    """The first run of either arm of the book's test, A's first."""
    (verdict,) = newest_verdicts(book)
    return [verdict.extra["runs"][side][0] for side in "ab"]


def code(call: Any, *given: Any, **named: Any) -> str:
    with pytest.raises(TunebookError) as caught:
        call(*given, **named)
    return str(caught.value.code)


def prefer(session: Session, run: int, raters: tuple[str, ...] = ("ann", "bo", "cy")) -> None:
    """All raters prefer one run wherever they see it."""
    from tunebook.rating.draw import assigned

    session.store.give(
        [
            Given(
                rater=rater, item=shown.item.key, question=key, left=shown.left,
                value="1" if shown.item.runs[shown.left] == [run] else "2",
            )
            for rater in raters
            for shown in assigned(session.study, rater)
            for key in session.study.keys
        ]
    )  # fmt: skip


def test_a_study_of_two_runs_compares_what_they_answer_differently(proven: Book) -> None:
    session = new_rating(proven, arms(proven), Wanted(raters=("ann", "bo"), rows=10, by=()))
    study = session.study
    (known,) = study.differing
    assert 0 < known.differ <= known.rows == proven.data.rows["validation"]
    assert len(study.items) == min(10, known.differ) and study.keys == ["overall"]
    assert all(len(set(item.answers)) == 2 for item in study.items)
    assert not any(run in item.model_dump_json() for item in study.items for run in arms(proven))
    assert new_rating(proven, arms(proven), Wanted(raters=("ann", "bo"), rows=10)).folder == session.folder
    assert len(proven.log.entries("rating")) == 1
    assert open_rating(proven, study.id[:5]).study == study == open_rating(proven).study


def test_people_judge_what_a_calibrated_model_gives_and_groups_are_kept(
    proven: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = list(proven.run(arms(proven)[0]).plan.labels.names)
    reads = dict(zip(arms(proven), names, strict=False))

    def read(run: Any) -> Calibrated:  # each run always says a class of its own
        return Calibrated(names=names, costs=[[float(one != reads[run.id]) for one in names]] * len(names))

    monkeypatch.setattr("tunebook.verbs.rate_study.calibration_of", read)
    count = proven.data.rows["validation"]
    units = Units.of(count, np.arange(count) // 4)
    monkeypatch.setattr("tunebook.verbs.rate_study.units_of", lambda rows, data: units)
    study = new_rating(proven, arms(proven), Wanted(rows=12)).study
    assert all(item.answers == names[:2] for item in study.items) and study.differing[0].differ == count
    assert set(study.groups) == {item.row for item in study.items} and max(study.groups.values()) < units.count
    assert study.effective == [units.count]  # nothing tells how groups differ: each is worth a row


def test_versions_name_the_newest_runs_of_their_tables(proven: Book) -> None:
    study = new_rating(proven, ["v2", "v3"]).study
    assert [run.table for run in study.runs] == [proven.tables.get(name).values_id for name in ("v2", "v3")]


def test_scores_judge_what_is_alike_once(proven: Book) -> None:
    study = new_rating(proven, arms(proven), Wanted(kind="both", rows=20)).study
    scores = [item for item in study.items if item.kind == "scores"]
    beside = {item.row for item in study.items if item.kind == "pairs"}
    alone = {item.row for item in scores}
    assert len(beside | alone) == 20 and len(beside) - len(alone) in (0, 1), "at most so many rows, of each as many"
    assert {len(item.runs[0]) for item in scores} == {1, 2}
    one = new_rating(proven, arms(proven)[:1]).study
    assert one.keys == ["accuracy"] and {item.kind for item in one.items} == {"scores"}
    assert one.questions[0].points == 2, "a class is right or wrong"


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Wanted(rows=0), "rate.how"),
        (Wanted(kind="both", rows=1), "rate.how"),
        (Wanted(raters=("ann", "\u202e")), "rate.name"),
        (Wanted(overlap=1.5), "rate.how"),
        (Wanted(kind="triples"), "rate.how"),  # type: ignore[arg-type]
        (Wanted(raters=("a", "a ")), "rate.who_rates"),
        (Wanted(by=("colour",)), "rate.column"),
        (Wanted(questions="beauty"), "rate.which_questions"),
        (Wanted(split="best"), "data.no_split"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_study(proven: Book, wanted: Wanted, told: str) -> None:
    assert code(new_rating, proven, arms(proven), wanted) == told
    assert ratings_of(proven) == []


def test_runs_that_cannot_be_judged(proven: Book) -> None:
    a, b = arms(proven)
    assert code(new_rating, proven, []) == code(new_rating, proven, [a, a]) == "rate.which_runs"
    assert code(new_rating, proven, [a], Wanted(kind="pairs")) == "rate.kind"
    assert code(new_rating, proven, [a, "zzz"]) == "book.run"
    with pytest.raises(BookError) as told:
        new_rating(proven, [a, "v1"])
    assert told.value.code == "rate.no_run" and a in told.value.advice and "--run " not in told.value.advice
    shutil.copytree(proven.path / "runs" / b, proven.path / "runs" / "twin")
    assert code(new_rating, proven, [b, "twin"]) == "rate.alike"


def test_answers_that_say_nothing_are_refused(proven: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebook.tasks.text_classification import TextClassification

    monkeypatch.setattr(TextClassification, "say", lambda self, answers, rows, labels: [{"label": None}] * len(rows))
    assert code(new_rating, proven, arms(proven)) == "rate.task"


def test_a_result_is_written_logged_once_and_tells_what_changed(proven: Book) -> None:
    runs = arms(proven)
    session = new_rating(proven, runs)
    assert code(rating_result, proven) == "rate.no_ratings"
    prefer(session, 1)
    found = rating_result(proven)
    assert found.judged[0].duels[0].won_b == pytest.approx(1)
    page = (session.folder / PAGE).read_text("utf-8")
    shown = called(found, proven).judged[0].duels[0]
    first, second = short_names([proven.run(run) for run in runs], proven).values()
    assert (shown.a, shown.b) == (first, second) and found.judged[0].duels[0].b == runs[1], "the JSON keeps the ids"
    assert f"{second} is rated better: {second} against {first}" in page and f"{second} − {first}" in page
    assert all(page.count(run) == 1 and text in page for run, text in zip(runs, runs_of(found, proven), strict=True))
    rating_result(proven)
    (entry,) = [entry for entry in proven.log.entries("rating") if entry.evidence["event"] == "result"]
    assert entry.evidence["judged"][0]["duels"][0]["b"] == runs[1]
    assert entry.reason.endswith(" ratings; asked for: overall")
    (line,) = ratings_of(proven)
    assert line.ratings == 3 * line.items and [one.done for one in line.raters] == [line.items] * 3
    assert changes(proven, session.study) == []
    shutil.rmtree(proven.path / "runs" / runs[0])
    assert runs_of(found, proven)[0] == called(found, proven).judged[0].duels[0].a == runs[0], "one that is gone"
    assert runs[0] in changes(proven, session.study)[0]
    assert any(runs[0] in note for note in rating_result(proven).notes)
    other = session.study.model_copy(update={"content": "other"})
    assert len(changes(proven, other)) == 3  # the rows, the run that is gone, and one that learnt from other rows


def test_a_page_of_points_and_of_three_runs(proven: Book) -> None:
    session = rated.make_session(proven.path, rated.make_study(24, 3, ("pairs", "scores"), raters=["ann", "bo"]))
    for rater in ("ann", "bo"):
        rated.rate_all(session, rater, gain=1.0)
    rating_result(proven)
    page = (session.folder / PAGE).read_text("utf-8")
    assert "Gap of points" in page and "Strengths" in page and "language: Chinese" in page
    one = rated.make_session(proven.path, rated.make_study(3, 1, ("scores",)).model_copy(update={"created": "2030"}))
    rated.rate_all(one, "ann")
    rating_result(proven)
    assert "Rows rated: 3." in (one.folder / PAGE).read_text("utf-8")


def test_a_page_escapes_what_models_and_people_wrote(proven: Book) -> None:
    study = rated.make_study(2, raters=["ann", "bo"], overlap=1.0)
    items = [item.model_copy(update={"text": "<script>alert(1)</script>"}) for item in study.items]
    session = rated.make_session(proven.path, study.model_copy(update={"items": items}))
    for rater in ("ann", "bo"):
        session.give(rater, items[0].key, {"overall": "1"})
    rating_result(proven)
    page = (session.folder / PAGE).read_text("utf-8")
    assert "&lt;script&gt;alert(1)" in page and "<script>alert(1)" not in page


def test_a_study_that_cannot_be_read_is_told_in_the_list(proven: Book) -> None:
    session = new_rating(proven, arms(proven))
    (session.folder / FILE).write_text("{}", encoding="utf-8")
    (line,) = ratings_of(proven)
    assert "file.damaged" in line.fault and code(open_rating, proven) == "file.damaged"


def gated(book: Book, **rating: Any) -> Book:
    return set_gate(book, rating={"rows": 1, **rating})


def refusal(book: Book) -> str:
    with pytest.raises(RefusedError) as caught:
        promote(book, 3, reason="better")
    assert book.champion.version == 2
    return str(caught.value.code)


def test_a_gate_that_asks_people_waits_for_them_and_keeps_what_they_said(proven: Book) -> None:
    book = gated(proven, better=True)
    runs = arms(book)
    assert refusal(book) == "rate.gate_missing"
    new_rating(book, runs[:1])  # no run of the other arm
    assert refusal(book) == "rate.gate_missing"
    session = new_rating(book, runs[::-1], Wanted(seed=1))  # the order of the runs is nobody's matter
    assert refusal(book) == "rate.gate_missing"
    prefer(session, 0, ("ann",))
    assert refusal(book) == "rate.gate_few"
    prefer(session, 0)
    entry = promote(book, 3, reason="better")
    assert entry.table == 3 and not entry.forced
    assert entry.evidence["rating"]["study"] == session.study.id and entry.evidence["rating"]["gain"]["low"] > 0
    assert open_book(book.path).file.gate.rating == book.file.gate.rating


def test_people_who_like_the_old_table_stop_the_new_one_unless_it_is_forced(proven: Book) -> None:
    book = gated(proven)
    prefer(new_rating(book, arms(book)), 0)
    assert refusal(book) == "rate.gate_below"
    entry = promote(book, 3, reason="they are wrong", force=True)
    assert entry.forced and entry.evidence["refusal"] == "rate.gate_below"


def test_a_study_that_is_not_finished_is_no_proof_and_others_are_counted(proven: Book) -> None:
    book = gated(proven)
    prefer(new_rating(book, arms(book)), 1)
    session = new_rating(book, arms(book), Wanted(raters=("ann", "bo", "cy"), overlap=1.0))
    prefer(session, 1, ("ann", "bo"))
    (verdict,) = newest_verdicts(book)
    assert code(check_rating, book, verdict) == "rate.gate_unfinished"
    prefer(session, 1, ("cy",))
    found = check_rating(book, verdict)
    assert found is not None and found["others"] == 1


@pytest.mark.parametrize(
    ("rating", "told"),
    [
        ({"question": "safety"}, "rate.gate_missing"),
        ({"kind": "scores"}, "rate.gate_missing"),
        ({"rows": 10_000}, "rate.gate_few"),
        ({"raters": 4}, "rate.gate_few"),
        ({"study": "zzz"}, "rate.no_study"),
    ],
)
def test_what_a_rating_may_lack(proven: Book, rating: dict[str, Any], told: str) -> None:
    book = gated(proven, **rating)
    prefer(new_rating(book, arms(book)), 1)
    (verdict,) = newest_verdicts(book)
    assert code(check_rating, book, verdict) == told


def test_raters_who_disagree_are_no_proof(proven: Book) -> None:
    book = gated(proven, agreement=0.5)
    session = new_rating(book, arms(book))
    prefer(session, 1, ("ann", "bo"))
    prefer(session, 0, ("cy", "di"))
    assert refusal(book) == "rate.gate_agreement"


def test_a_study_that_is_not_the_books_own_does_not_count(proven: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    book = gated(proven)
    (verdict,) = newest_verdicts(book)
    monkeypatch.setattr(module, "localized", lambda *a, **k: "")
    session = new_rating(book, arms(book))
    prefer(session, 1)
    assert check_rating(book, verdict) is not None
    forged = session.study.model_copy(update={"seed": 5, "created": "2030"})
    rated.make_session(book.path, forged)
    prefer(Session(book.path / "ratings" / forged.id), 1)
    assert code(check_rating, book, verdict) == "rate.gate_not_logged"
    shutil.rmtree(book.path / "ratings" / forged.id)
    assert code(check_rating, book, verdict.model_copy(update={"content": "x"})) == "rate.gate_other_rows"
    with sqlite3.connect(session.store.path) as db:
        db.execute("DROP TRIGGER no_update")
        db.execute("UPDATE ratings SET value = '1'")
    assert code(check_rating, book, verdict) == "rate.gate_changed"


def test_a_model_that_is_not_the_one_that_was_rated(proven: Book) -> None:
    book = gated(proven)
    prefer(new_rating(book, arms(book)), 1)
    (verdict,) = newest_verdicts(book)
    shutil.rmtree(book.path / "runs" / arms(book)[1] / "model")
    assert code(check_rating, book, verdict) == "rate.gate_changed"
    broken = book.path / "ratings" / "x"  # one that cannot be read is passed over
    broken.mkdir()
    (broken / FILE).write_text('{"created": "2030"}', encoding="utf-8")
    assert code(check_rating, book, verdict) == "rate.gate_changed"
    assert check_rating(proven, verdict) is None


def test_what_is_typed_of_a_study_is_checked_before_any_run_is_asked(proven: Book) -> None:
    assert typed_study({"rows": "", "kind": ""}) == Wanted()
    typed = {"rows": "20", "overlap": "40%", "raters": "ann, bo", "by": "shop", "kind": "scores", "questions": "safety"}
    wanted = typed_study(typed)
    assert wanted == Wanted("safety", "scores", 20, ("ann", "bo"), 0.4, by=("shop",))
    check_study(proven, ["v2", "v3"], wanted)
    for faulty, code in (({"rows": "-1"}, "rate.how"), ({"overlap": "x"}, "rate.how")):
        with pytest.raises(TunebookError) as caught:
            typed_study(faulty)
        assert caught.value.code == code
    for runs, asked, code in ((["v9"], wanted, "table.no_version"), (["v2"], Wanted(kind="both"), "rate.kind")):
        with pytest.raises(TunebookError) as caught:
            check_study(proven, runs, asked)
        assert caught.value.code == code
