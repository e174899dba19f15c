"""Books that an older version has made: they open, their runs answer and go on, their figures are found again."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.older.make_books import KINDS, QUICK
from tunebook.tables.make import child
from tunebook.verbs.checkup import checkup
from tunebook.verbs.evaluate import evaluate
from tunebook.verbs.predict import predict
from tunebook.verbs.steps.book import open_book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.train import train

ARCHIVE = Path(__file__).with_name("books.tar.xz")
MADE_IN = "/tmp/kept"


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("older")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    for path in folder.glob("*/runs/**/*.json"):  # the base model has moved
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(MADE_IN, str(folder)), encoding="utf-8")
    return folder


@pytest.fixture
def books(unpacked: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(unpacked, tmp_path / "books"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_has_the_plan_that_would_be_made_today(kind, books):
    book = open_book(books / kind)
    assert book.run().id.endswith(book.run().plan.id)
    table = child(book.champion, {**QUICK, "base_model": str(books / "base")})
    assert plan(table, book.data).id == book.run().plan.id


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_is_worth_what_it_was(kind, books):
    run = open_book(books / kind).run()
    before = run.report
    assert before is not None
    after = evaluate(run, with_baselines=False)
    assert after.metrics == pytest.approx(before.metrics, rel=1e-4, abs=1e-6, nan_ok=True)
    assert after.content == before.content


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_answers_as_it_did(kind, books):
    run = open_book(books / kind).run()
    told = [json.loads(line) for line in (run.path / "predictions.jsonl").read_text(encoding="utf-8").splitlines()]
    pairs = [row["pair"] for row in told] if kind == "pairs" else None
    answers = predict(run, [row["text"] for row in told], pairs)
    assert [answer["score"] for answer in answers] == pytest.approx([row["score"] for row in told], abs=1e-4)
    same = [answer["label"] == pytest.approx(row["label"]) for answer, row in zip(answers, told, strict=True)]
    assert sum(same) >= len(same) - 1  # one may lie on the border on another machine


def test_the_log_holds_and_the_champion_stands(books):
    book = open_book(books / "tested")
    assert book.tables.champion == 3
    assert [entry.action for entry in book.log.entries()].count("test") == 1
    assert [finding for finding in checkup(book.path) if finding.code.startswith(("log", "table"))] == []


def test_an_interrupted_run_goes_on(books):
    book = open_book(books / "tested")
    begun = [run for run in book.runs if not run.finished]
    assert len(begun) == 1
    run = train(begun[0].plan, book.path / "runs", track=())
    assert run.id == begun[0].id
    assert run.finished
    assert [entry["step"] for entry in run.history if "eval_loss" in entry] == [5, 10, 15, 20, 25]


def test_a_partial_model_answers(books):
    book = open_book(books / "tested")
    run = next(run for run in book.runs if "lora" in run.plan.techniques)
    report = run.report
    assert report is not None
    assert evaluate(run, with_baselines=False).metrics == pytest.approx(report.metrics, rel=1e-4, abs=1e-6)
