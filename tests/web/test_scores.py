"""Scores of a run on their page: splits, metrics of the owner, a calibration, and the commands that find out more."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.books import Trained, base, book, trained  # noqa: F401
from tests.web.test_run import Idle
from tests.web.visitor import Visitor, words_of

from tunebook.core.locations import CALIBRATION
from tunebook.verbs.calibrate import calibrate, calibration_files
from tunebook.verbs.evaluate import evaluate
from tunebook.verbs.steps.book import Book, open_book
from tunebook.web.jobs import Jobs
from tunebook.web.pages import scores


@pytest.fixture
def copied(trained: Callable[[str], Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Book:  # noqa: F811
    monkeypatch.setenv("TUNEBOOK_ALLOW_CODE", "1")
    shutil.copytree(trained("classes").book.path, tmp_path / "book", ignore=shutil.ignore_patterns("jobs"))
    with (tmp_path / "book" / "book.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[business.profit]\nfunction = "money.py:profit"\nunit = "EUR"\n')
    (tmp_path / "book" / "money.py").write_text(
        "def profit(*given):\n    return [1.0] * len(given[0])\n", encoding="utf-8"
    )
    return open_book(tmp_path / "book")


def test_scores_and_a_calibration_are_shown(copied: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunebook.verbs.steps.chances.LEAST", 20)  # fewer test rows than one would calibrate by
    run = copied.run()
    evaluate(run, split="validation", with_baselines=False)
    visitor, at = Visitor(copied.path), f"/book/book/{scores.PAGE.tab}"
    page = visitor.get(at).text
    assert f"runs/{run.id}/report.html" in page and f"runs/{run.id}/validation/report.html" in page
    assert "nothing was calibrated" in page and page.count('class="lead"') == 2
    assert page.index('value="validation"') < page.index('value="test"') and "--split validation" in words_of(page)
    made = calibrate(run, accuracy=0.5)
    page = visitor.get(f"{at}?run={run.id}").text
    assert f"{made.temperature.value:.3f}" in page and "coverage" in words_of(page) and "<svg" in page  # type: ignore[union-attr]
    assert ' style="' not in page.partition("<main")[2], "the policy of content allows no style of a page's own"
    visitor.submit(f"{at}/uncalibrate", {"run": run.id, "reason": "older rows"})
    assert "nothing was calibrated" in visitor.get(at).text
    (run.path / "report.json").write_text("{", encoding="utf-8")
    broken = visitor.get(at)
    assert broken.status_code == 200 and "report.json" in broken.text and "Score this run" in broken.text


def test_a_calibration_that_cannot_be_read_can_be_taken_back(copied: Book) -> None:
    run, visitor = copied.run(), Visitor(copied.path)
    (run.model / CALIBRATION).write_text("{", encoding="utf-8")
    broken = visitor.get("/book/book/scores").text
    assert "file.damaged" in broken and "/scores/uncalibrate" in broken and "--remove" in broken
    assert 'class="lead"' in broken and "nothing was calibrated" not in broken, "scores are shown all the same"
    visitor.submit("/book/book/scores/uncalibrate", {"run": run.id})
    assert calibration_files(run) == [] and "nothing was calibrated" in visitor.get("/book/book/scores").text


def test_a_metric_of_the_owner_stands_among_the_scores(copied: Book) -> None:
    evaluate(copied.run(), split="validation", with_baselines=False)
    page = words_of(Visitor(copied.path).get("/book/book/scores").text)
    assert "profit (EUR)" in page and "Metrics of yours: profit" in page


def test_work_begins_once_as_the_command_does_it(copied: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunebook.web.jobs.subprocess.Popen", Idle)
    visitor, run = Visitor(copied.path), copied.run()
    for _ in range(2):
        visitor.submit("/book/book/scores/calibrate", {"run": run.id, "precision": "0.9", "reason": "asked for"})
    (job,) = Jobs(copied.path).all()
    assert job.words[:6] == ["calibrate", str(copied.path), "--run", run.id, "--precision", "0.9"]
    assert job.words[6:] == ["--owner=ann", "--reason=asked for"]
    other = visitor.submit("/book/book/scores/calibrate", {"run": run.id, "accuracy": "0.8", "reason": "too sure"})
    assert other.status_code == 409 and "yours was not begun" in other.text and Jobs(copied.path).all() == [job]
    assert 'href="/book/book/work"' in other.text, "where the other one is stopped is one of the tabs above it"
    visitor.submit("/book/book/scores/eval", {"run": run.id, "split": "validation", "no_baselines": "1"})
    assert Jobs(copied.path).all()[0].words[4:] == ["--split", "validation", "--no-baselines"]
    assert visitor.submit("/book/book/scores/rm", {"run": run.id}).status_code == 422
    assert "errors_page.work" in visitor.submit("/book/book/scores/rm", {"run": run.id}).text


@pytest.mark.parametrize(
    ("kind", "offered"),
    [
        ("classes", {"accuracy"}),
        ("binary", {"accuracy", "precision", "recall", "class"}),
        ("several", {"precision", "recall"}),
        ("number", None),
    ],
)
def test_a_form_offers_what_answers_of_the_kind_can_have(
    kind: str,
    offered: set[str] | None,
    trained: Callable[[str], Trained],  # noqa: F811
) -> None:
    made = trained(kind).book
    page = Visitor(made.path).get("/book/book/scores").text
    form = page.partition('/scores/calibrate"')[2].partition("</form>")[0]
    found = {field.key for field in scores.CALIBRATE if f'name="{field.key}"' in form}
    assert found == (offered or set()) and ("no costs to go by" in page) == (offered is not None)
    assert bool(form) == (offered is not None), "numbers have no probabilities"


def test_only_costs_decide_between_more_than_two_classes(copied: Book) -> None:
    page = Visitor(copied.path).get("/book/book/scores").text
    assert 'name="cost"' not in page and "no costs to go by" in page, "a function is worth no table of costs"
    with (copied.path / "book.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[business.price]\ncosts = "costs.csv"\n')
    page = Visitor(copied.path).get("/book/book/scores").text
    assert 'name="cost"' in page and ">price</option>" in page and ">profit</option>" not in page
    assert "no costs to go by" not in page


def test_a_book_without_a_model_says_so(book: Book) -> None:  # noqa: F811
    assert "train one first" in words_of(Visitor(book.path).get(f"/book/{book.path.name}/scores").text)
