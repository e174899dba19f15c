"""A book of preferences from its file to a report: the reference is asked once, accuracy moves, techniques go along."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest

from tests import small
from tunebook.cli.answer import predict_command
from tunebook.core.errors import DataError, ModelError, PlanError
from tunebook.core.nouns import Report
from tunebook.core.reference import Refers
from tunebook.core.registry import tasks
from tunebook.data.load import load
from tunebook.data.options import DataOptions
from tunebook.engine.load import LoadedModel, load_model
from tunebook.engine.reference import REFERENCE, Reference, reference_of
from tunebook.models.source import base_of, model_id
from tunebook.tables.make import child
from tunebook.tasks.preference.batches import BEFORE
from tunebook.tasks.preference.told import Told
from tunebook.verbs.chat import begin
from tunebook.verbs.evaluate import evaluate
from tunebook.verbs.init import init
from tunebook.verbs.predict import predict, predict_file, text_columns
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import fit_of, train
from tunebook.verbs.steps.untrained import untrained

SLOW = {"max_epochs": 1, "learning_rate": 1e-3, "batch_size": 8, "max_length": 32, "precision": "fp32"}
FAST = {"max_epochs": 3, "learning_rate": 3e-3, "batch_size": 8, "max_length": 32, "precision": "fp32",
        "preference.template": "plain"}  # fmt: skip


def records(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Prompts of which that answer is better which has a good word."""
    draw = random.Random(seed)
    words = small.words()
    good, bad, filler = words[:6], words[6:12], words[-14:]

    def text(one: str) -> str:
        found = [*draw.choices(filler, k=draw.randint(2, 5)), one]
        draw.shuffle(found)
        return " ".join(found)

    return [
        {
            "prompt": " ".join(draw.choices(filler, k=4)),
            "chosen": text(draw.choice(good)),
            "rejected": text(draw.choice(bad)),
        }
        for _ in range(count)
    ]


def make_book(folder: Path, rows: list[dict[str, Any]]) -> Book:
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    model = small.base_model(folder / "model", "llama", [*small.words(), "user", "assistant", ":"])
    return init(folder / "book", file, model=model, options=DataOptions(task="preference"))


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return make_book(tmp_path_factory.mktemp("preferred"), records(120))


@pytest.fixture(scope="module")
def run(book: Book) -> Run:
    return train(plan(child(book.champion, dict(FAST)), book.data))


def test_accuracy_moves_and_is_compared_with_baselines(book: Book, run: Run) -> None:
    assert run.validation_scores["preference_accuracy"] > 0.9
    report = evaluate(run, book.data)
    assert isinstance(report, Report) and report.headline == "preference_accuracy"
    assert report.metrics["preference_accuracy"] > 0.9 and report.metrics["reward_margin"] > 0
    assert set(report.baselines) == {"base", "longer"}
    assert report.baselines["longer"]["preference_accuracy"] < report.metrics["preference_accuracy"]
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert "What became of the answers" in page
    line = json.loads((run.path / "predictions.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert set(line["rewards"]) == {"chosen", "rejected"} and line["true"] in (line["better"], line["true"])


def test_the_model_before_is_asked_once_for_each_split_and_kept(
    book: Book, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = sorted((book.path / "cache").glob("reference-*.npy"))
    assert len(kept) >= 2
    monkeypatch.setattr(Reference, "_built", lambda self: pytest.fail("asked again"))
    fit = fit_of(run.plan, run)
    assert BEFORE in fit.material.train.fixed and BEFORE in fit.material.validation.fixed
    kept[0].write_bytes(b"")
    kept[1].write_bytes(b"")
    with pytest.raises(pytest.fail.Exception, match="asked again"):
        fit_of(run.plan, run)


def test_before_training_a_model_is_as_likely_as_its_reference(book: Book, run: Run) -> None:
    rows = load(book.data, "validation")
    told = Told.of(untrained(run.plan, run.plan.labels).logits(rows))
    np.testing.assert_allclose(told.logs, told.before, rtol=1e-5)
    trained = Told.of(load_model(run.model, run.plan).logits(rows, cache=book.path / "cache"))
    assert np.abs(trained.gained).max() > 0.1
    np.testing.assert_allclose(trained.before, told.before, rtol=1e-5)


def test_a_model_that_does_not_say_its_reference_is_refused(run: Run, tmp_path: Path) -> None:
    assert reference_of(run.model, run.plan) == Path(run.plan.model)
    with pytest.raises(ModelError, match="reference"):
        reference_of(tmp_path, run.plan)
    loaded = load_model(run.model, run.plan)
    bare = LoadedModel(run.plan, loaded.task, loaded.model, loaded.tokenizer)
    with pytest.raises(ModelError, match="reference"):
        bare.logits(load_rows(run))
    (run.model / REFERENCE).rename(run.model / "gone.json")
    try:
        with pytest.raises(ModelError, match="reference"):
            loaded.logits(load_rows(run))
    finally:
        (run.model / "gone.json").rename(run.model / REFERENCE)


def test_a_reference_whose_files_are_others_is_refused(tmp_path: Path) -> None:
    made = make_book(tmp_path, records(40))
    run = train(plan(child(made.champion, {**SLOW, "max_steps": 1}), made.data))
    assert load_model(run.model, run.plan).logits(load(made.data, "validation")).shape[1] == 6
    weights = tmp_path / "model" / "model.safetensors"
    told = bytearray(weights.read_bytes())
    told[-3] ^= 1
    weights.write_bytes(told)
    with pytest.raises(ModelError, match="files in") as caught:
        load_model(run.model, run.plan).logits(load(made.data, "validation"))
    assert caught.value.code == "model.reference_changed"
    assert base_of(run.plan.model_copy(update={"model_id": model_id(tmp_path / "model")})) == tmp_path / "model"
    for ask in (lambda: base_of(run.plan), lambda: untrained(run.plan, run.plan.labels)):
        with pytest.raises(ModelError, match="train again") as caught:
            ask()
        assert caught.value.code == "model.changed"
    assert base_of(run.plan.model_copy(update={"before": run.plan})) == tmp_path / "model"


def test_files_and_rows_of_pairs_are_scored(run: Run, tmp_path: Path) -> None:
    given = records(8, seed=3)
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in given), encoding="utf-8")
    found = predict_file(run, file)
    assert [(one["prompt"], one["chosen"], one["rejected"]) for one in found] == [tuple(row.values()) for row in given]
    assert np.mean([one["better"] == one["chosen"] for one in found]) > 0.8
    assert [one["rewards"] for one in predict(run, given)] == [one["rewards"] for one in found]
    table = tmp_path / "pairs.csv"
    pandas.DataFrame(given).to_csv(table, index=False)
    assert [one["rewards"] for one in predict_file(run, table)] == [one["rewards"] for one in found]
    talk = [{"role": "user", "content": given[0]["prompt"]}, {"role": "assistant", "content": given[0]["chosen"]}]
    (alone,) = predict(run, [{"messages": talk, "label": True}])
    assert alone["judged"] == given[0]["chosen"] and alone["better"] == "good"
    assert alone["rewards"] == {"chosen": found[0]["rewards"]["chosen"]}
    assert text_columns(run) == ("prompt", None)


@pytest.mark.parametrize(
    ("row", "code"),
    [({"prompt": "a"}, "no_answers"), ({"prompt": "a", "chosen": "b", "rejected": "b"}, "lost")],
)
def test_what_cannot_be_judged_is_refused_with_its_rows(
    run: Run, tmp_path: Path, row: dict[str, Any], code: str
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in [*records(2)[: code == "lost"], row]), encoding="utf-8")
    for ask in (lambda: predict_file(run, file), lambda: predict(run, [row])):
        with pytest.raises(DataError) as caught:
            ask()
        assert caught.value.code == f"preference.{code}"
    if code == "lost":
        with pytest.raises(DataError, match=r"rows 2 .*the same"):
            predict_file(run, file)


def load_rows(run: Run) -> Any:
    from tunebook.data.frozen import prepared_data

    return load(prepared_data(run.plan), "test")


def test_orpo_asks_no_model_about_training_rows(book: Book) -> None:
    made = plan(child(book.champion, {**FAST, "preference.loss": "orpo"}), book.data)
    fit = fit_of(made, Run(book.path / "runs" / "none"))
    assert BEFORE not in fit.material.train.fixed and BEFORE in fit.material.validation.fixed


@pytest.mark.parametrize("change", [{"lora": "on"}, {"preference.loss": "kto", "ema": "on"}])
def test_small_parts_and_kto_learn_too(book: Book, change: dict[str, str]) -> None:
    made = plan(child(book.champion, {**FAST, **change, "learning_rate": 1e-2}), book.data)
    found = train(made)
    assert found.validation_scores["preference_accuracy"] > 0.8
    told = Told.of(load_model(found.model, made).logits(load(book.data, "test")))
    assert np.abs(told.gained).max() > 0.01


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"mixup": "on"}, "plan.needs"),
        ({"distill.teacher": ["somewhere"]}, "plan.needs"),
        ({"class_weights": "balanced"}, "plan.numbers"),
        ({"preference.loss": "kto", "gradient_accumulation_steps": 2}, "plan.whole"),
        ({"preference.loss": "ipo", "label_smoothing": 0.1}, "preference.smoothing"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(book: Book, change: dict[str, Any], code: str) -> None:
    with pytest.raises(PlanError) as caught:
        plan(child(book.champion, {**FAST, **change}), book.data)
    assert caught.value.code == code


def test_whoever_talks_with_a_run_reads_its_words(run: Run) -> None:
    talk = begin(run, max_new_tokens=3)
    heard = "".join(talk.asked("we found it"))
    assert talk.chat.turns[-1].content == heard and talk.loaded.task.longest(run.plan.params) > 3


def test_a_training_begins_at_the_model_of_another_book(book: Book, tmp_path: Path) -> None:
    """First instruction tuning, then preferences: the second holds its model against that of the first."""
    file = tmp_path / "answers.jsonl"
    rows = [{"prompt": row["prompt"], "completion": row["chosen"]} for row in records(60, 1)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    model = str(book.champion.rows["base_model"].value)
    first = init(tmp_path / "first", file, model=model, options=DataOptions(task="instruction"))
    tuned = child(first.champion, {**SLOW, "instruction.template": "plain"})
    first.tables.add(tuned)
    change = {"intermediate.books": [str(tmp_path / "first")], "intermediate.table": "v2"}
    made = plan(child(book.champion, {**FAST, **change, "max_epochs": 1}), book.data)
    found = train(made)
    stage = reference_of(found.model, made)
    assert stage != Path(made.model) and (stage / "model.safetensors").is_file()
    told = Told.of(load_model(found.model, made).logits(load(book.data, "validation")))
    base = Told.of(untrained(made, made.labels).logits(load(book.data, "validation")))
    assert np.abs(told.before - base.before).max() > 0.1, "not that of the book's base model"


def test_the_task_says_that_it_refers() -> None:
    assert isinstance(tasks()["preference"](), Refers) and not isinstance(tasks()["text_classification"](), Refers)


def test_what_comes_next_is_a_talk(book: Book) -> None:
    assert predict_command(book) == f"tunebook chat {book.path}"
    assert predict_command(book, "a").endswith("--run a")


def test_rows_of_which_no_reference_was_asked_are_not_replayed(book: Book, run: Run) -> None:
    change = {**FAST, "replay.choice": "reservoir", "replay.size": 8}
    with pytest.raises(PlanError) as caught:
        plan(child(book.champion, change), book.data, continue_from=run.id)
    assert caught.value.code == "preference.replay"
    plan(child(book.champion, {**change, "preference.loss": "orpo"}), book.data, continue_from=run.id)
