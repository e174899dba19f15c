"""A book of questions, from its file to a report and to answers in the user's own text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import small
from tests.tasks.question_answering import made
from tunebook.core.errors import PlanError
from tunebook.data.options import DataOptions
from tunebook.tables.make import child
from tunebook.verbs.evaluate import evaluate
from tunebook.verbs.init import init
from tunebook.verbs.predict import predict, predict_file
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import train


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    folder = tmp_path_factory.mktemp("asked")
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in made.records(300)), encoding="utf-8")
    model = small.base_model(folder / "model")
    return init(folder / "book", file, model=model, options=DataOptions(task="question_answering"))


@pytest.fixture(scope="module")
def run(book: Book) -> Run:
    """Of a model that learns which word answers in a second or two."""
    changes = {"max_epochs": 6, "learning_rate": 3e-3, "batch_size": 16, "early_stopping_patience": None}
    return train(plan(child(book.champion, changes), book.data), track=())


def test_the_first_table_is_for_such_data(book: Book) -> None:
    assert book.data.task == "question_answering" and book.data.stats["split_by"] == "group"
    values = book.champion.values()
    assert (values["learning_rate"], values["max_epochs"]) == (3e-4, 6)
    assert "narrow encoders" in book.champion.rows["learning_rate"].reason
    with pytest.raises(PlanError):
        plan(child(book.champion, {"label_smoothing": 0.1}), book.data)


def test_a_run_beats_the_baselines_and_keeps_its_margin(run: Run) -> None:
    report = evaluate(run)
    assert report.metrics["f1"] > max(scores["f1"] for scores in report.baselines.values())
    assert set(report.baselines) == {"sentence", "window", "no_answer"}
    assert report.intervals["f1"].low <= report.metrics["f1"] <= report.intervals["f1"].high
    config = json.loads((run.model / "config.json").read_text("utf-8"))
    assert isinstance(config["null_threshold"], float) and config["null_threshold"] != 0.0
    assert config["max_answer_tokens"] == 50 and config["architectures"] == ["BertForQuestionAnswering"]
    told = [json.loads(line) for line in (run.results("test") / "predictions.jsonl").read_text("utf-8").splitlines()]
    assert all(one["answer"] == (one["pair"][one["start"] : one["end"]] if one["answer"] else "") for one in told)
    assert "pipeline_tag: question-answering" in (run.model / "README.md").read_text("utf-8")


def test_answers_are_places_in_the_users_own_text(run: Run, tmp_path: Path) -> None:
    contexts = ["it was  a <b>lovely</b> room", "it was a slow room", ""]
    found = predict(run, ["what was very good"] * 3, contexts)
    for one, context in zip(found[:2], contexts, strict=False):
        assert one["answer"] == ("" if one["start"] is None else context[one["start"] : one["end"]])
    assert found[2]["notes"] == ["no_text"] and found[2]["answer"] == ""
    rows = [{"id": 1, "context": contexts[0], "question": "what was very good", "more": "x"}]
    (tmp_path / "ask.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (answer,) = predict_file(run, tmp_path / "ask.jsonl")
    assert answer["answer"] == found[0]["answer"] and answer["more"] == "x"
    nested = {
        "data": [
            {
                "title": "t",
                "paragraphs": [{"context": contexts[0], "qas": [{"id": 1, "question": "what was very good"}]}],
            }
        ]
    }
    (tmp_path / "ask.json").write_text(json.dumps(nested), encoding="utf-8")
    assert predict_file(run, tmp_path / "ask.json")[0]["answer"] == found[0]["answer"]
    assert predict(run, ["what was very good"], contexts[:1], top_k=1)[0]["others"] == []


def test_a_part_of_a_model_keeps_its_margin_too(book: Book) -> None:
    run = train(plan(child(book.champion, {"bitfit": "on", "max_epochs": 1}), book.data), track=())
    from tunebook.engine.load import load_model

    kept = json.loads((run.model / "config.json").read_text("utf-8"))["null_threshold"]
    assert load_model(run.model, run.plan).model.config.null_threshold == kept != 0.0
