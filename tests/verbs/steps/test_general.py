"""The base model beside the tuned one on rows of another book, against sentence-transformers."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

import tunebook as tb
from tests import small
from tests.tasks.embedding.test_passages import file_of
from tunebook.core.errors import BookError, DataError, PlanError, RunError
from tunebook.core.nouns import HeadStart
from tunebook.data.load import load
from tunebook.tables.make import child
from tunebook.tasks.embedding.space import uniformity
from tunebook.verbs.evaluate import evaluate
from tunebook.verbs.steps.book import open_book
from tunebook.verbs.steps.general import general, read_general
from tunebook.verbs.steps.space import space
from tunebook.verbs.steps.untrained import refuse_untrained

EMBEDDING = tb.DataOptions(task="embedding")


def graded(path: Path, count: int = 240) -> Path:
    """Pairs of texts of which a part of the words is shared, and that part."""
    draw, words = random.Random(2), small.words()
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["first", "second", "score"])
        for _ in range(count):
            one = draw.sample(words, 4)
            shared = draw.randint(0, 4)
            other = draw.sample([word for word in words if word not in one], 4 - shared)
            writer.writerow([" ".join(one), " ".join(one[:shared] + other), shared])
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("general")
    base = small.base_model(folder / "base")
    book = tb.init(folder / "book", file_of(folder / "rows.jsonl"), model=base, options=EMBEDDING)
    changes = {"max_steps": "6", "learning_rate": "1e-2", "embedding.query": "room {text}"}
    return tb.train(tb.plan(child(book.champion, changes), book.data))


@pytest.fixture(scope="module")
def pairs(run: Any) -> Any:
    folder = run.book.parent
    options = tb.DataOptions(text="first", text_pair="second", label="score", problem="regression", task="embedding")
    return tb.init(folder / "sts", graded(folder / "pairs.csv"), model=folder / "base", options=options)


def spearman(folder: Path, rows: Any, prompt: str) -> float:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder))
    first, second = model.encode([prompt + text for text in rows.texts]), model.encode(list(rows.pairs))
    cosines = (first * second).sum(1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
    return float(spearmanr(cosines, rows.targets).statistic)


def test_both_models_score_as_sentence_transformers_says_and_the_difference_is_paired(run: Any, pairs: Any) -> None:
    (found,) = general(run, [pairs.path])
    rows = load(pairs.data, "test")
    assert (found.book, found.rows, found.metric) == ("sts", len(rows), "spearman")
    base, tuned = (spearman(folder, rows, "") for folder in (run.book.parent / "base", run.model))
    assert found.base.value == pytest.approx(base, abs=2e-3), "texts that are the same tie up to rounding"
    assert found.tuned.value == pytest.approx(tuned, abs=2e-3), "passages have no prompt, and so pairs have none"
    assert abs(base - tuned) > 0.005 and abs(spearman(run.model, rows, "room ") - tuned) > 0.003
    assert found.gain.value == pytest.approx(found.tuned.value - found.base.value)
    assert found.gain.low < found.gain.value < found.gain.high
    alone = (found.base.high - found.base.low) + (found.tuned.high - found.tuned.low)
    assert found.gain.high - found.gain.low < alone, "on the same rows"
    assert general(run, [pairs.path]) == [found] == read_general(run), "from what was kept; each book once"


def test_the_interval_is_that_of_the_report(run: Any) -> None:
    (found,) = general(run, [run.book])
    report = evaluate(run, with_baselines=False)
    assert found.metric == report.headline and found.tuned == report.intervals[report.headline]


def test_the_page_and_the_next_evaluation_show_it(run: Any, pairs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for language, heading in (("en", "On general sets"), ("zh", "在通用样本上")):
        monkeypatch.setenv("TUNEBOOK_LANG", language)
        evaluate(run, with_baselines=False, general=[pairs.path] if language == "en" else [])
        page = (run.path / "report.html").read_text(encoding="utf-8")
        assert f">{heading}</h2>" in page and "sts" in page
    evaluate(run, split="validation", with_baselines=False)
    assert "在通用样本上" not in (run.path / "validation" / "report.html").read_text(encoding="utf-8")


def test_how_vectors_lie_is_told_of_the_model_and_its_base(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from sentence_transformers import SentenceTransformer

    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    report = evaluate(run)
    rows = load(open_book(run.book).data, "test")
    lie = report.extra["space"]
    assert set(lie) == {"alignment", "uniformity", "uniformity_queries"}
    passages = list(dict.fromkeys(rows.passages))
    for side, folder in (("model", run.model), ("base", run.book.parent / "base")):
        theirs = SentenceTransformer(str(folder)).encode_document(passages)
        assert lie["uniformity"][side] == pytest.approx(uniformity(theirs), abs=1e-4)
    assert "Uniformity of queries" in (run.path / "report.html").read_text(encoding="utf-8")
    alone = evaluate(run, with_baselines=False)
    assert alone.extra["space"] == {name: {"model": sides["model"]} for name, sides in lie.items()}
    reranks = SimpleNamespace(plan=run.plan.model_copy(update={"task": "reranking"}))
    assert space(reranks, rows, open_book(run.book).data) == {}


def test_its_own_book_is_a_set_like_any(run: Any) -> None:
    report = evaluate(run)
    book = run.book
    (found,) = general(run, [book])
    assert found.tuned.value == pytest.approx(report.metrics["ndcg@10"])
    assert found.base.value == pytest.approx(report.baselines["base"]["ndcg@10"])


def test_what_cannot_be_compared_is_refused_with_the_way_out(
    run: Any, pairs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BookError) as file:
        general(run, [run.book.parent / "pairs.csv"])
    assert file.value.code == "general.book" and "tunebook init" in file.value.advice
    with pytest.raises(BookError):
        general(run, [tmp_path])
    with pytest.MonkeyPatch.context() as patch, pytest.raises(BookError) as early:
        patch.setattr("tunebook.verbs.evaluate.answers", None)  # before the model is asked
        evaluate(run, general=[run.book.parent / "pairs.csv"])
    assert early.value.code == "general.book"
    small.write_csv(tmp_path / "rows.csv", 60)
    other = tb.init(tmp_path / "classes", tmp_path / "rows.csv", model=run.book.parent / "base")
    with pytest.raises(PlanError) as task:
        general(run, [other.path])
    assert task.value.code == "general.task" and task.value.allowed == "embedding"
    split = json.loads((pairs.data.path / "split.json").read_text())
    rows = {**split["rows"], "test": 0}
    monkeypatch.setattr("tunebook.verbs.steps.general.open_book", lambda path: _With(pairs, rows))
    with pytest.raises(DataError) as empty:
        general(run, [pairs.path])
    assert empty.value.code == "data.no_split"


def test_texts_with_a_class_are_answered_by_those_of_their_own_book(run: Any, pairs: Any, tmp_path: Path) -> None:
    """Against the nearest training text by sentence-transformers; the book of the run has no classes at all."""
    from sentence_transformers import SentenceTransformer

    options = tb.DataOptions(task="embedding", problem="single_label")
    small.write_csv(tmp_path / "rows.csv", 120)
    book = tb.init(tmp_path / "classes", tmp_path / "rows.csv", model=run.book.parent / "base", options=options)
    (found,) = general(run, [book.path])
    train, test = (load(book.data, split) for split in ("train", "test"))
    for folder, share in ((run.model, found.tuned.value), (run.book.parent / "base", found.base.value)):
        model = SentenceTransformer(str(folder))
        model.max_seq_length = run.plan.params.max_length
        near = model.similarity(model.encode(list(test.texts)), model.encode(list(train.texts))).argmax(1).numpy()
        assert share == pytest.approx((train.targets[near] == test.targets).mean())
    assert found.metric == "accuracy" and found.rows == len(test)


class _With:
    def __init__(self, book: Any, rows: dict[str, int]) -> None:
        self.path, self.data = book.path, book.data.model_copy(update={"rows": rows})


def test_a_base_model_without_a_head_answers_nothing(run: Any) -> None:
    plan = run.plan.model_copy(update={"task": "reranking"})
    with pytest.raises(RunError) as caught:
        refuse_untrained(plan, "r")
    assert caught.value.code == "general.no_base" and caught.value.value == plan.model
    refuse_untrained(plan.model_copy(update={"head": HeadStart(number=True)}), "r")


def test_a_reranker_of_a_reranker_is_scored_beside_it(tmp_path: Path) -> None:
    """The base of the second run is the model of the first, whose own report says what it is worth."""
    from tests.tasks.reranking.test_book import records

    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in records(60)), encoding="utf-8")
    options, quick = tb.DataOptions(task="reranking"), {"max_steps": "3", "batch_size": "4", "learning_rate": "1e-3"}
    first = tb.init(tmp_path / "first", file, model=small.base_model(tmp_path / "base"), options=options)
    old = tb.train(tb.plan(child(first.champion, quick), first.data))
    with pytest.raises(RunError) as fresh:
        general(old, [first.path])
    assert fresh.value.code == "general.no_base" and "predict" in fresh.value.advice
    (tmp_path / "more.jsonl").write_text("".join(json.dumps(row) + "\n" for row in records(60, 5)), encoding="utf-8")
    second = tb.init(tmp_path / "second", tmp_path / "more.jsonl", model=old.model, options=options)
    run = tb.train(tb.plan(child(second.champion, {**quick, "wise_ft.alpha": "0.5"}), second.data))
    report = evaluate(old, with_baselines=False)
    (found,) = general(run, [first.path])
    assert found.metric == "ndcg@10" and found.base.value == pytest.approx(report.metrics["ndcg@10"], abs=1e-5)
    assert run.outcome["counters"]["wise_ft"]["distance"] > 0
