"""Tests on pages: begun with their cost told, watched by what they leave, gone on with, and their verdict."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from tests.books import base, proven, proven_path  # noqa: F401
from tests.web.test_run import Idle
from tests.web.visitor import Visitor, words_of

from tunebook.core.errors import TunebookError
from tunebook.verbs.abtest.prepared import foreseen_test, prepare_test
from tunebook.verbs.abtest.standing import Seat, read_plan_of, seats
from tunebook.verbs.steps.book import Book
from tunebook.web.jobs import Jobs
from tunebook.web.known_tests import VERDICT, Known, known_tests, view_of
from tunebook.web.pages.ab import PAGE, Wish


@pytest.fixture(autouse=True)
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunebook.web.jobs.subprocess.Popen", Idle)
    monkeypatch.setattr("tunebook.web.jobs._STARTING", 600.0)  # nothing takes the lock, on a slow machine too


def at(book: Book) -> str:
    return f"/book/{book.path.name}/{PAGE.tab}"


def test_what_is_asked_for_becomes_a_command(proven_path: Path, tmp_path: Path) -> None:  # noqa: F811
    book = Book(proven_path)
    wish = Wish("v1", "v2", {"metric": "accuracy", "seeds": "3，5，7"})
    assert wish.rule(book) == {
        "metric": "accuracy", "seeds": [3, 5, 7], "aa": False, "challenges": [], "allow": frozenset(),
    }  # fmt: skip
    assert wish.words(book) == ["ab", proven_path, "v1", "v2", "--metric", "accuracy", "--seeds", "3，5，7"]
    (tmp_path / "prices.toml").write_text("cpu_hour = 2.0", encoding="utf-8")
    more = {
        "guard": "time=20%\n\nsize=off", "challenge": "hard.csv=5pt", "delta": "1%", "aa": "1", "effects": "1",
        "prices": str(tmp_path / "prices.toml"), "allow_unknown_tokens": "1", "looks": "none",
    }  # fmt: skip
    rule = Wish("v1", "v1", more).rule(book)
    assert rule["guard"] == {"time": 0.2, "size": "off"} and rule["challenges"] == ["hard.csv=0.05"]
    assert rule["delta_kind"] == "relative" and rule["prices"].cpu_hour == 2 and rule["looks"] == [] and rule["aa"]
    assert rule["allow"] == {"unknown_tokens"}
    line = Wish("v1", "v1", more).words(book)
    assert line.count("--guard") == 2 and "--effects" in line and "1" not in line
    with pytest.raises(TunebookError, match=r"cli\.option"):
        Wish("v1", "v2", {"seeds": "three"}).rule(book)


def test_a_finished_test_shows_its_verdict_and_what_comes_next(proven: Book) -> None:  # noqa: F811
    visitor = Visitor(proven.path)
    (known,) = known_tests(proven)
    page = visitor.get(at(proven)).text
    assert known.test in page and "v2 → v3" in page and known.figures["verdict"] in page and "Over" in page
    page = visitor.get(f"{at(proven)}/{known.test}").text
    assert f"tests/{known.test}/report.html" in page and f"/book/{proven.path.name}/promote/v3" in page
    assert page.count("judged") == 6 and "every" not in page
    assert "errors?run=" in page and "/tables/v3/change" in page and "/data/curve" not in page
    part = visitor.get(f"{at(proven)}/{known.test}", headers={"hx-request": "true"})
    assert part.headers["hx-refresh"] == "true"
    assert visitor.get(f"{at(proven)}/none").status_code == 422
    shown = visitor.get(f"{at(proven)}/new", params={"a": "v2", "b": "v3", "look": "1"}).text
    assert "This very test has been done" in shown and "Start the test" not in shown
    assert (known.a, known.b, known.state) == (2, 3, "done")
    (known.book.path / "tests" / known.test / VERDICT).write_text("{", encoding="utf-8")
    assert "verdict.json" in visitor.get(f"{at(proven)}/{known.test}").text


@pytest.mark.parametrize("verdict", ["INCONCLUSIVE", "REJECT"])
def test_whatever_a_test_says_one_knows_where_to_go(proven: Book, verdict: str) -> None:  # noqa: F811
    (known,) = known_tests(proven)
    path = proven.path / "tests" / known.test / VERDICT
    told = json.loads(path.read_text(encoding="utf-8")) | {"verdict": verdict}
    path.write_text(json.dumps(told), encoding="utf-8")
    page = Visitor(proven.path).get(f"{at(proven)}/{known.test}").text
    assert "See what speaks against promoting v3" in page and "See what v3 gets wrong" in page
    assert ("/data/curve" in page) == (verdict == "INCONCLUSIVE")


def test_what_it_takes_is_told_and_nothing_written(proven: Book) -> None:  # noqa: F811
    visitor, before = Visitor(proven.path), sorted((proven.path / "tests").iterdir())
    assert "Start the test" not in visitor.get(f"{at(proven)}/new").text
    asked = {"a": "v2", "b": "v4", "seeds": "1,2,3,5", "look": "1"}
    page = words_of(visitor.get(f"{at(proven)}/new", params=asked).text)
    assert "1, 2, 3, 5" in page and "2 / 8" in page and "Start the test" in page and "--seeds 1,2,3,5" in page
    assert sorted((proven.path / "tests").iterdir()) == before
    for wrong in ({"a": "v2", "b": "v2"}, {"seeds": "x"}, {"b": "v9"}, {"metric": "nothing"}):
        answer = visitor.get(f"{at(proven)}/new", params={**asked, **wrong})
        assert answer.status_code == 422 and 'role="alert"' in answer.text and 'name="seeds"' in answer.text


def test_the_form_says_what_each_option_is_and_what_the_gate_has(proven: Book) -> None:  # noqa: F811
    visitor, gate = Visitor(proven.path), proven.file.gate
    page = visitor.get(f"{at(proven)}/new").text
    assert "by how much something may get worse" in page and f'placeholder="{gate.seeds}"' in page
    assert "The gate of this book" in page and f"{100 * gate.delta:g}pt" in page and "<details>" in page
    kept = {"guard": "time=20%\nsize=off", "prices": "nowhere.toml", "look": "1"}
    answer = visitor.get(f"{at(proven)}/new", params=kept)
    assert answer.status_code == 422 and "ab.prices" in answer.text and "time=20%\nsize=off</textarea>" in answer.text
    assert "<details open><summary>More options" in answer.text  # what was typed there is seen
    shown = visitor.get(f"{at(proven)}/new", params={"guard": "time=20%", "effects": "1", "look": "1"}).text
    assert "--guard time=20%" in words_of(shown) and 'name="effects" value="1"' in shown


def test_a_book_of_one_version_is_told_what_a_test_needs(proven: Book, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    visitor = Visitor(proven.path)
    assert "has one version" not in visitor.get(f"{at(proven)}/new").text
    monkeypatch.setattr("tunebook.tables.store.TableStore.versions", lambda self: [proven.tables.champion])
    page = visitor.get(f"{at(proven)}/new").text
    assert "has one version" in page and f"/tables/v{proven.tables.champion}/change" in page


def test_one_that_is_sent_twice_begins_once(proven: Book) -> None:  # noqa: F811
    visitor, jobs = Visitor(proven.path), Jobs(proven.path)
    form = {"a": "v2", "b": "v4", "metric": "", "seeds": "1,2,3,5", "looks": ""}
    where = {visitor.submit(at(proven), form, follow_redirects=False).headers["location"] for _ in range(2)}
    (job,) = jobs.all()
    assert job.owner and job.words[-1] == f"--owner={job.owner}", "the log names who asked for it"
    assert where == {f"{at(proven)}/{job.about}"}
    page = visitor.get(where.pop()).text
    assert "Begins" in page and "every 2s" in page and "to come" in page and "6 of 8" in words_of(page)
    (jobs.folder / job.number / "end.json").write_text('{"code": 3}', encoding="utf-8")
    (jobs.folder / job.number / "out.txt").write_text(
        '{"error": {"code": "x.y", "message": "No memory", "allowed": "a", "advice": "Less"}}'
    )
    page = visitor.get(f"{at(proven)}/{job.about}").text
    assert "No memory" in page and "Go on" in page and "every 5s" in page
    visitor.submit(f"{at(proven)}/{job.about}/on")
    assert [item.words for item in jobs.all()] == [job.words, job.words]
    assert view_of(proven, jobs, known_tests(proven)[0])["state"] == "begins"


def test_one_that_was_begun_elsewhere_is_watched(proven: Book) -> None:  # noqa: F811
    visitor, jobs = Visitor(proven.path), Jobs(proven.path)
    plan = prepare_test(proven, 2, 4, seeds=[1, 2, 3, 5], alpha=0.04, delta=0.01, delta_kind="relative").plan
    address = f"{at(proven)}/{plan.id}"
    with FileLock(proven.path / "tests" / plan.id / ".lock"):
        page = visitor.get(address).text
        assert "At work" in page and "Ctrl-C" in page and "/stop" not in page
        listed = visitor.get(at(proven))
        assert listed.status_code == 200 and plan.id in listed.text and "At work" in listed.text
        assert "train_page.elsewhere" in visitor.submit(f"{address}/stop").text
    assert "Stopped" in visitor.get(address).text
    visitor.submit(f"{address}/on")
    (job,) = jobs.all()
    assert job.about == plan.id and job.words[2:6] == ["v2", "v4", "--seeds", "1,2,3,5"]
    assert job.words[6:-1] == ["--delta", "1%", "--alpha", "0.04"]


def test_a_test_whose_runs_have_ended_says_that_its_verdict_is_worked_out(proven: Book) -> None:  # noqa: F811
    (known,) = known_tests(proven)
    (proven.path / "tests" / known.test / VERDICT).unlink()
    visitor, address = Visitor(proven.path), f"{at(proven)}/{known.test}"
    with FileLock(proven.path / "tests" / known.test / ".lock"):
        page = visitor.get(address).text
        assert "6 of 6 runs have ended" in page and "The verdict is being worked out" in page and "every 2s" in page
    assert "being worked out" not in visitor.get(address).text  # nobody is at it


def test_one_that_says_more_than_a_page_goes_on_where_it_was_begun(proven: Book) -> None:  # noqa: F811
    plan = prepare_test(proven, 2, 4, seeds=[1, 2, 3, 5], guard={"time": 0.2}).plan
    answer = Visitor(proven.path).submit(f"{at(proven)}/{plan.id}/on")
    assert answer.status_code == 409 and "ab_page.otherwise" in answer.text
    (proven.path / "tests" / plan.id / "plan.json").write_text("{", encoding="utf-8")
    found = Known(proven, plan.id)
    assert found.plan is None and found.a is None and found.b is None
    assert "ab_page.otherwise" in Visitor(proven.path).submit(f"{at(proven)}/{plan.id}/on").text


def test_each_seed_has_its_place(proven: Book) -> None:  # noqa: F811
    plan = foreseen_test(proven, 2, 4, seeds=[1, 2, 3, 5]).plan
    lines = seats(proven, plan)
    assert [line[0] for line in lines] == [1, 2, 3, 5] and lines[3][1] == Seat("waits")
    assert {seat.where for _, *pair in lines[:3] for seat in pair} == {"trained"}
    assert all(seat.score is not None for _, *pair in lines[:3] for seat in pair)
    run = lines[0][1].run
    assert run is not None
    (run.path / "outcome.json").unlink()
    assert seats(proven, plan)[0][1].where == "stopped"
    with FileLock(run.path / ".lock"):
        assert seats(proven, plan)[0][1].where == "trains"
    cost = {"seconds": 1.0, "peak_memory_bytes": 1, "device": "cpu"}
    run.fail({"code": "run.diverged", **cost})
    assert seats(proven, plan)[0][1].where == "failed"
    (run.path / "plan.json").write_text("{", encoding="utf-8")
    assert {line[1].where for line in seats(proven, plan)} == {"waits"}
    (done,) = known_tests(proven)
    shutil.rmtree(run.path)
    assert done.plan == read_plan_of(proven, done.test)
    assert [seat.score is None for seat in seats(proven, read_plan_of(proven, done.test))[0][1:]] == [True, False]
