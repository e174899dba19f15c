"""A book of instructions from end to end: what is asked of models at looks, at the end, and in tests."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests import instructions
from tests.verbs.test_chat import QUICK, written  # noqa: F401 - a fixture
from tunebook.core.kept_looks import KeptLooks
from tunebook.core.written import Written
from tunebook.data.options import DataOptions
from tunebook.engine.load import load_model
from tunebook.tables.make import child
from tunebook.tasks.instruction import Instruction
from tunebook.verbs.abtest.arms import Result, known
from tunebook.verbs.abtest.pairs import described
from tunebook.verbs.abtest.scored import Exam, answers_of, scores_of_arm, split_exam
from tunebook.verbs.check import check
from tunebook.verbs.evaluate import evaluate
from tunebook.verbs.init import init
from tunebook.verbs.predict import predict
from tunebook.verbs.steps.answers import kept_at
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.merge import merge
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import fit_of, train

Given = tuple[Book, Run]


def trained(book: Book, **changed: Any) -> Run:
    return train(plan(child(book.champion, {**QUICK, **changed}), book.data), book.path / "runs", track=())


def result_of(run: Run) -> Result:
    found = known(run.path.parent, run.plan)
    assert found is not None
    return found


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever lets a model write fails."""

    def refused(*asked: Any) -> None:
        raise AssertionError("nobody needs a text")

    monkeypatch.setattr(Instruction, "written", refused)


def test_a_run_is_scored_with_what_it_writes_beside_its_base_model(written: Given) -> None:  # noqa: F811
    run = written[1]
    report = evaluate(run)
    assert report.metrics.keys() == report.baselines["base"].keys() and "rouge_l/chars" in report.metrics
    assert np.isfinite(list(report.metrics.values())).all()
    assert report.metrics["log_likelihood"] > report.baselines["base"]["log_likelihood"] and report.ahead is not None
    lines = [json.loads(line) for line in (run.path / "predictions.jsonl").read_text("utf-8").splitlines()]
    assert all({"answer", "prompt", "tokens", "stopped", "true"} <= line.keys() for line in lines)
    card = (run.model / "README.md").read_text("utf-8")
    assert "apply_chat_template" in card and "text-generation" in card
    assert (
        "chat_template" in (run.model / "tokenizer_config.json").read_text("utf-8")
        or (run.model / "chat_template.jinja").is_file()
    )
    (answer,) = predict(run, ["swap the room , the food"])
    assert list(answer) == ["answer", "prompt", "tokens", "stopped", "notes"] and answer["tokens"] <= 12


def exams(book: Book) -> tuple[Exam, Exam]:
    """The validation rows for a score of the true answers, and for one of texts."""
    found = [split_exam(book.data, "validation", metric) for metric in ("log_likelihood", "exact_match")]
    assert [exam.texts for exam in found] == [False, True]
    return found[0], found[1]


def test_looks_and_tests_of_the_true_answers_let_nothing_be_written(written: Given, silent: None) -> None:  # noqa: F811
    book, run = written
    looks = KeptLooks.read(run.path)
    assert looks is not None and looks.complete
    scores = [entry for entry in run.history if "eval_log_likelihood" in entry]
    assert scores and not any("eval_exact_match" in entry for entry in scores)
    exam = exams(book)[0]
    result = result_of(run)
    found = answers_of(result, exam)
    assert found is not None and not found.uncrossed
    arm = scores_of_arm(book.data, exam, [found, found])
    assert np.isfinite(arm.scores("log_likelihood")).all() and arm.collapsed == [False, False]
    told = described(arm, arm, "log_likelihood", 0.05)
    assert set(told["metrics"]) == {"log_likelihood", "next_token_accuracy"} and "mcnemar" not in told
    elsewhere = replace(exam, place="elsewhere")
    asked = answers_of(result, elsewhere)
    assert asked is not None and kept_at(run, "elsewhere", texts=False).is_file()
    assert not kept_at(run, "elsewhere").is_file()


def test_tests_of_texts_ask_for_them_once(written: Given, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    book, run = written
    quick, whole = exams(book)
    result = result_of(run)
    found = answers_of(result, whole)
    assert found is not None and np.isfinite(Written.of(found.logits).made).all()
    monkeypatch.setattr(Instruction, "written", None)
    again = answers_of(result, whole)
    assert again is not None and np.array_equal(again.logits, found.logits)
    other = answers_of(result, replace(quick, place="validation"))
    assert other is not None


def test_a_checkpoint_may_be_chosen_by_its_texts(written: Given) -> None:  # noqa: F811
    book = written[0]
    run = trained(book, metric="chrf", max_epochs=2)
    assert any("eval_chrf" in entry for entry in run.history)
    found = answers_of(result_of(run), exams(book)[1])
    assert found is not None and not found.uncrossed, "the looks hold what was written"
    assert np.isfinite(Written.of(found.logits).made).all()


def test_a_stage_of_plain_text_comes_before(written: Given, tmp_path: Any) -> None:  # noqa: F811
    book, file = written[0], tmp_path / "raw.txt"
    file.write_text("".join(f"the room number {number} was fine\n" for number in range(40)), encoding="utf-8")
    run = trained(book, **{"pretrain.file": str(file), "pretrain.max_epochs": 1, "pretrain.max_length": 64})
    (stage,) = run.plan.stages
    assert stage.task == "causal_lm" and run.plan.task == "instruction" and run.finished


def test_narrow_maps_answer_and_are_added_up(written: Given, tmp_path: Any) -> None:  # noqa: F811
    book = written[0]
    run = trained(book, **{"lora.rank": 2})
    loaded = load_model(run.model, run.plan)
    names = [name for name, item in loaded.model.named_parameters() if item.requires_grad]
    assert not any("lm_head" in name or "embed" in name for name in names)
    merged = merge(run, tmp_path / "merged")
    assert merged is not None and (tmp_path / "merged" / "model.safetensors").is_file()


@pytest.mark.parametrize("row", ["replay.choice=reservoir", "ewc=on", "lwf=on", "mas=on"])
def test_what_protects_an_earlier_run_acts(row: str, written: Given) -> None:  # noqa: F811
    book, run = written
    name, _, value = row.partition("=")
    table = child(book.champion, {**QUICK, name: True if value == "on" else value})
    later = train(plan(table, book.data, continue_from=run.id), book.path / "runs", track=())
    key = name.partition(".")[0]
    assert later.outcome["counters"][key], "it says what it did"
    assert all(np.isfinite(value) for value in later.outcome["counters"][key].values())


def with_long_rows(folder: Path, every: int) -> Book:
    """A book of which every so many rows have an answer that does not fit into 96 tokens."""
    rows = instructions.rows(40)
    for row in rows[::every]:
        row["output"] += " and on" * 40
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    base = instructions.base_model(folder / "base")
    return init(folder / "book", file, model=base, options=DataOptions(task="instruction", split="8:1:1"))


def test_rows_that_teach_nothing_take_no_place_in_a_step(tmp_path: Path) -> None:
    """One count for plan, check, training and page; steps and warm-up go by the rows that remain."""
    book, rows = with_long_rows(tmp_path, 4), 32
    changed = {**QUICK, "batch_size": 2, "max_length": 96, "max_epochs": 2, "warmup_ratio": 0.5}
    made = plan(child(book.champion, changed), book.data)
    left = round(made.estimate.left_out_share * rows)
    assert book.data.rows["train"] == rows and 4 < left < 12 and made.estimate.cut_share == 0
    steps = 2 * math.ceil((rows - left) / 2)
    assert made.estimate.steps == steps and made.params.warmup_steps == steps // 2
    found = check(book, child(book.champion, changed)).learnt
    assert found is not None and (found.without, found.rows) == (left, rows)
    run = train(made, book.path / "runs", track=())
    assert run.outcome["steps"] == steps and run.outcome["counters"]["instruction"]["unlearnt"] == left
    evaluate(run, with_baselines=False)
    page = (run.path / "report.html").read_text("utf-8")
    assert f"{left} of the training rows teach nothing and were left out" in page and f"{left / rows:.1%}" in page
    marked = plan(child(book.champion, {**changed, "instruction.cut": "mark"}), book.data)
    assert marked.estimate.left_out_share == 0 and marked.estimate.cut_share == left / rows
    assert marked.estimate.steps == rows


def test_a_training_without_some_rows_is_resumed_where_it_stopped(tmp_path: Path) -> None:
    book = with_long_rows(tmp_path, 3)
    made = plan(child(book.champion, {**QUICK, "batch_size": 2, "max_length": 96, "max_epochs": 2}), book.data)
    once = fit_of(made, Run(tmp_path / "once"))
    once.run()
    again = fit_of(made, Run(tmp_path / "again"))
    checkpoint = sorted((tmp_path / "once" / "checkpoints").glob("checkpoint-*"))[0]
    shutil.copytree(checkpoint, tmp_path / "again" / "checkpoints" / checkpoint.name)
    again.run(tmp_path / "again" / "checkpoints" / checkpoint.name)
    one, two = (load_file(folder / "model" / "model.safetensors") for folder in (once.folder, again.folder))
    assert all(np.array_equal(one[name], two[name]) for name in one)
