"""Scores of a reranker in a file of queries and passages, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Call, tunebook  # noqa: F401 - a fixture
from tests.tasks.reranking.test_book import make_book
from tunebook.core.errors import DataError, RunError
from tunebook.tables.make import child
from tunebook.tasks.ranking.mining import Rules
from tunebook.verbs.mine import Models, mine
from tunebook.verbs.rerank import rerank
from tunebook.verbs.score import add_scores
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import train


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return make_book(tmp_path_factory.mktemp("teaching"))


@pytest.fixture(scope="module")
def run(book: Book) -> Run:
    return train(plan(child(book.champion, {"max_steps": 2, "learning_rate": 3e-3}), book.data), track=())


def test_each_passage_has_the_logit_that_the_reranker_gives_it(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    lines = [
        {"query": "the room", "pos": ["it was great"], "neg": ["we found it", "sad and slow"], "other": 3},
        {"query": "nothing", "pos": [], "neg": []},
        {"query": "a hotel", "pos": ["it was great"], "neg": []},
    ]
    lines[2]["note"] = "a\u2028b\x85c"  # no line ends here
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), encoding="utf-8")
    assert add_scores(path, run) == 4
    made = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
    assert made[2]["note"] == lines[2]["note"]
    assert made[0]["other"] == 3 and made[1]["pos_scores"] == made[1]["neg_scores"] == []
    for line in (made[0], made[2]):
        texts = [*line["pos"], *line["neg"]]
        expected = {one.text: one.score for one in rerank(run, line["query"], texts)}
        found = 1 / (1 + np.exp(-np.array([*line["pos_scores"], *line["neg_scores"]])))
        np.testing.assert_allclose(found, [expected[text] for text in texts], atol=1e-4)


@pytest.mark.parametrize("line", ["{", "[]", '{"query": "a", "pos": ["b"]}', '{"query": "a", "pos": [1], "neg": []}'])
def test_other_files_are_refused(line: str, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(line)
    with pytest.raises(DataError) as caught:
        add_scores(path, run)
    assert caught.value.code == "score.file" and path.read_text() == line


def test_mined_passages_are_scored_and_make_a_book(book: Book, run: Run, tmp_path: Path, tunebook: Call) -> None:  # noqa: F811
    from tunebook.data.options import DataOptions
    from tunebook.data.prepare import prepare

    out = tmp_path / "scored.jsonl"
    said = tunebook("mine", book.path, "--into", out, "--negatives", "2", "--scores", book.path)
    assert said.code == 0 and "--task embedding" in " ".join(said.out.split())
    made = prepare([out], tmp_path / "data", DataOptions(task="embedding", split_column="split"))
    assert made.stats["passages"]["taught"] == made.stats["judged"]["all"]
    error = tunebook("mine", book.path, "--into", tmp_path / "out", "--scores", run.path, "--json").json["error"]
    assert error["code"] == "mine.form"
    named, no = tmp_path / "named.jsonl", tmp_path / "no.jsonl"
    made = tunebook("mine", book.path, "--into", named, "--negatives", "2", "--scores", run.id[:12], "--json").json
    assert made["scored"] and named.read_text() == out.read_text(), "a run by the start of its id"
    for source, allowed in ((book.path, run.id), (out, "")):
        error = tunebook("mine", source, "--into", no, "--scores", "nothing", "--json").json["error"]
        assert (error["code"], error["allowed"]) == ("score.run", allowed)


def test_a_scoring_that_is_interrupted_leaves_nothing(
    book: Book,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tunebook.verbs import score

    def stopped(*given: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(score, "add_scores", stopped)
    with pytest.raises(RunError) as caught:
        mine(book.path, tmp_path / "out.jsonl", Rules(count=2), by=Models(scores=run.id))
    assert caught.value.code == "mine.interrupted" and not list(tmp_path.iterdir())
