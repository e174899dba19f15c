"""The task on queries with judged passages, from the file to answers."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from tests import small
from tunebook.core.errors import PlanError
from tunebook.core.judged import Judged
from tunebook.core.registry import tasks
from tunebook.tables.make import child


def file_of(path: Path, count: int = 60) -> Path:
    """Queries of two words; the passage of each holds both and more, another passage neither."""
    draw, words, lines = random.Random(1), small.words(), []
    for _ in range(count):
        query = draw.sample(words, 2)
        others = draw.sample([word for word in words if word not in query], 8)
        lines.append(
            {"query": " ".join(query), "pos": [" ".join([*query, *others[:3]])], "neg": [" ".join(others[3:])]}
        )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_from_file_to_answers(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    import tunebook as tb
    from tunebook.data.load import load

    base = small.base_model(tmp_path / "base")
    options = tb.DataOptions(task="embedding")
    book = tb.init(tmp_path / "book", file_of(tmp_path / "rows.jsonl"), model=base, options=options)
    assert (book.data.task, book.data.labels.problem) == ("embedding", "relevance")
    changes = {
        "max_steps": "4", "batch_size": "16", "gradient_accumulation_steps": "1", "embedding.mini_batch": "8",
        "embedding.dims": "8,16", "embedding.symmetric": "on", "candidates.negatives": "1", "candidates.positives": "1",
    }  # fmt: skip
    run = tb.train(tb.plan(child(book.champion, changes), book.data))
    report = tb.evaluate(run)
    assert list(report.metrics) == ["ndcg@10", "mrr@10", "recall@10", "map"]
    assert set(report.baselines) == {"bm25", "base"} and report.baselines["bm25"]["ndcg@10"] > 0.5
    rows = load(book.data, "test")
    answers = Judged.of(np.load(run.path / "test" / "logits.npz")["logits"])
    theirs = SentenceTransformer(str(run.path / "model"))
    scores = theirs.similarity(
        theirs.encode_query(list(rows.texts)), theirs.encode_document(list(rows.passages))
    ).numpy()
    assert answers.counts.tolist() == [min(100, len(rows.passages))] * len(rows)
    np.testing.assert_allclose(answers.value, scores[answers.row, answers.passage], atol=1e-5)
    assert (np.diff(answers.value)[np.diff(answers.row) == 0] <= 0).all()
    (said,) = tb.predict(run, [rows.texts[0]], top_k=3)
    assert [one["id"] for one in said["passages"]] == [rows.passage_ids[number] for number in answers.passage[:3]]
    for wrong in ({"embedding.loss": "cosent"}, {"embedding.dims": "8,640"}, {"gradient_accumulation_steps": "2"}):
        with pytest.raises(PlanError) as caught:
            tb.plan(child(book.champion, wrong), book.data)
        assert caught.value.code in ("embedding.loss", "embedding.dims", "plan.whole")
    assert "mini_batch" in caught.value.advice


def test_looks_search_a_part_of_the_passages_that_is_the_same_for_all_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The score of a look is that of a search by sentence-transformers in that part, and differs from one in all."""
    from sentence_transformers import SentenceTransformer

    import tunebook as tb
    from tunebook.core.passage_sample import with_fewer
    from tunebook.data.load import load
    from tunebook.tasks.ranking.scores import ndcg
    from tunebook.verbs.steps import looked_in

    monkeypatch.setattr(looked_in, "_PASSAGES", 20)
    options, base = tb.DataOptions(task="embedding"), small.base_model(tmp_path / "base")
    book = tb.init(tmp_path / "book", file_of(tmp_path / "rows.jsonl"), model=base, options=options)
    whole = load(book.data, "validation")
    rows = with_fewer(whole, 20)
    assert rows.passages is not None and len(rows.passages) < len(whole.passages or ())
    for query in ("room {text}", "{text}"):
        changes = {"max_steps": "2", "eval_every": "2", "embedding.query": query, "learning_rate": "1e-3"}
        run = tb.train(tb.plan(child(book.champion, changes), book.data))
        model = SentenceTransformer(str(run.path / "model"))
        scores = model.similarity(model.encode_query(list(rows.texts)), model.encode_document(list(rows.passages)))
        found = np.array([row[np.argsort(-row, kind="stable")] for row in scores.numpy()])
        order = np.argsort(-scores.numpy(), axis=1, kind="stable")
        answers = Judged(np.repeat(np.arange(len(rows)), order.shape[1]), order.ravel(), found.ravel(), len(rows))
        expected = ndcg(answers.matrix(np.float32), rows.targets, book.data.labels).mean()
        assert run.validation_scores["ndcg@10"] == pytest.approx(expected, abs=1e-4)


def test_a_run_is_judged_by_looks_that_its_rows_have_not_chosen(tmp_path: Path) -> None:
    import tunebook as tb
    from tunebook.verbs.abtest.scored import crossed, split_exam, uncrossed

    base = small.base_model(tmp_path / "base")
    options = tb.DataOptions(task="embedding")
    book = tb.init(tmp_path / "book", file_of(tmp_path / "rows.jsonl"), model=base, options=options)
    changes = {"max_steps": "4", "eval_every": "2", "batch_size": "8", "learning_rate": "1e-2"}
    run = tb.train(tb.plan(child(book.champion, changes), book.data))
    exam = split_exam(book.data, "validation")
    answers = crossed(run, exam, None)
    assert answers is not None and not answers.uncrossed and not uncrossed(run, exam)
    found = tasks()["embedding"]().scores(answers.logits, exam.targets, book.data.labels)["ndcg@10"]
    looks = [entry["eval_ndcg@10"] for entry in run.history if "eval_ndcg@10" in entry]
    assert len(looks) == 2 and min(looks) - 1e-6 <= found <= max(looks) + 1e-6
