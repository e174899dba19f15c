"""Near queries share a batch, every row comes once, and a resume goes on with the order of the epoch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests import small
from tests.engine.test_fit import BombError, bomb
from tests.ground import Ground
from tests.tasks.embedding.test_steps import LABELS, rows_of
from tunebook.core.encoded import Encoded
from tunebook.core.errors import PlanError
from tunebook.core.nouns import DataRef, Roles
from tunebook.core.technique import Facts, RunContext, View
from tunebook.engine.fit import Fit
from tunebook.engine.material import Material
from tunebook.engine.outcome import last_checkpoint
from tunebook.engine.tokens import encode
from tunebook.engine.track import read_history
from tunebook.tasks.embedding import Embedding
from tunebook.techniques.ngame import NGAME, mixed, nearness, parted, read_queries

ACTS: dict[str, Any] = {}
ROWS, SIZE = 44, 8


class Searched(Ground):
    """A ground of queries with a relevant passage each."""

    task = "embedding"

    def _filled(self, made: Any, woven: list[Any]) -> Any:
        params = made.params.model_copy(update={"metric": "ndcg@10", "embedding.loss": "in_batch", "batch_size": SIZE})
        return super()._filled(made, woven).model_copy(update={"params": params})

    def fit(self, folder: Path, made: Any, **more: Any) -> Fit:
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer, task = small.tokenizer(), Embedding()
        rows = [encode(rows_of("relevance", count), task, tokenizer, 16) for count in (ROWS, 12)]
        return Fit(made, Material(Path(made.model), tokenizer, rows[0], rows[1]), folder, **more)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Searched:
    folder = tmp_path_factory.mktemp("searched")
    told: dict[str, Any] = {"rows": {"train": ROWS, "validation": 12, "test": 0}, "content": "c"}
    data = DataRef(
        path=folder, task="embedding", sources={}, roles=Roles(text="text"), labels=LABELS["relevance"], **told
    )
    return Searched(folder, small.base_model(folder / "model"), data)


def planned(ground: Searched, rows: dict[str, Any] | None, **settings: Any) -> Any:
    used = {} if rows is None else {"ngame": NGAME(**rows).model_dump()}
    return ground.plan(used, **{"precision": "fp32", "warmup_steps": 0, "max_epochs": 4, **settings})


def unit(count: int, width: int = 5, seed: int = 0) -> NDArray[np.float32]:
    drawn = np.random.default_rng(seed).normal(size=(count, width))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def brute(vectors: NDArray[np.float32], size: int) -> float:
    """The mean cosine of all pairs that lie in the same group."""
    found = [
        float(vectors[one] @ vectors[two])
        for one in range(len(vectors))
        for two in range(len(vectors))
        if one != two and one // size == two // size
    ]
    return float(np.mean(found))


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 61])
@pytest.mark.parametrize("size", [2, 4, 5, 100])
def test_each_row_is_in_one_group(count: int, size: int) -> None:
    near = parted(unit(count), size)
    assert sorted(near) == list(range(count))
    drawn = mixed(near, size, (3, 1))
    cut = [set(rows) for rows in np.split(near, range(size, count, size))]
    assert sorted(drawn) == list(range(count))
    assert all(set(rows) in cut for rows in np.split(drawn, range(size, count, size))), "groups stay together"
    assert np.array_equal(drawn, mixed(near, size, (3, 1)))
    if count == 61:
        assert not np.array_equal(drawn, mixed(near, size, (3, 2)))


def test_groups_are_nearer_than_any_at_random() -> None:
    vectors = unit(128)
    found = brute(vectors[parted(vectors, 8)], 8)
    draw = np.random.default_rng(1)
    chance = [brute(vectors[draw.permutation(128)], 8) for _ in range(20)]
    assert found > 0.4 and max(chance) < 0.1
    assert nearness(vectors[parted(vectors, 8)], 8) == pytest.approx(found, abs=1e-6)
    assert nearness(vectors, 48) == pytest.approx(brute(vectors, 48), abs=1e-6)
    assert nearness(vectors[:1], 8) == 0


def test_clusters_are_found_and_equal_rows_are_no_trouble() -> None:
    cluster = np.random.default_rng(2).permutation(np.repeat(np.arange(8), 4))
    vectors = unit(8, 8, seed=3)[cluster] + 0.01 * unit(32, 8)
    groups = cluster[parted(vectors, 4)].reshape(8, 4)
    assert (groups == groups[:, :1]).all()
    assert parted(np.ones((6, 3), dtype=np.float32), 2).tolist() == [0, 1, 2, 3, 4, 5]


def test_batches_hold_nearer_queries_than_at_random_and_each_row_once(ground: Searched, tmp_path: Path) -> None:
    training = ground.fit(tmp_path, planned(ground, {"group": 4}))
    trainer = training.prepare()
    sampler = trainer.get_train_dataloader().batch_sampler
    before = [step.tolist() for step in sampler.steps()]
    plain = ground.fit(tmp_path / "plain", planned(ground, None, length_bucketing="off")).prepare()
    assert before == [step.tolist() for step in plain.get_train_dataloader().batch_sampler.steps()]
    trainer.weave.tell("epoch")
    vectors = read_queries(training.context)

    def negatives(steps: list[list[int]]) -> float:
        """Mean cosine of each query with the passages of the others in its batch; a passage has its query's text."""
        cosines = [vectors[step] @ vectors[step].T for step in steps]
        return float(np.mean([one[~np.eye(len(one), dtype=bool)].mean() for one in cosines]))

    after = [step.tolist() for step in sampler.steps()]
    assert sorted(np.concatenate(after)) == sorted(np.concatenate(before)) == list(range(ROWS))
    assert negatives(after) > negatives(before)
    counters = training.context.counters["ngame"]
    assert counters["refreshed"] == 1 and counters["cosine"] > counters["cosine_of_all"] > 0
    assert counters["cosine_of_all"] == pytest.approx(nearness(vectors, ROWS))


def test_queries_are_read_without_passages_and_dropout(ground: Searched, tmp_path: Path) -> None:
    training = ground.fit(tmp_path, planned(ground, {}))
    model = training.prepare().model.train()
    found = read_queries(training.context)
    assert model.training
    model.eval()
    for row in range(ROWS):
        batch = training.task.collate(training.view.rows, [row], 0)
        inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "token_type_ids")}
        with torch.no_grad():
            query = model(**inputs).logits[0]
        np.testing.assert_allclose(found[row], torch.nn.functional.normalize(query, dim=0), atol=1e-5)


def test_it_reads_anew_as_often_as_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunebook.techniques.ngame.read_queries", lambda run: unit(12, seed=int(run.epoch)))
    run = RunContext(seed=1)
    rows = Encoded({}, np.zeros(13, dtype=np.int64), {"row": np.arange(12)})
    technique = NGAME(start=1, refresh=2, group=3)
    order = technique.prepare_data(View(rows), run).order
    assert order is not None
    places = []
    for epoch in range(5):
        run.epoch = float(epoch)
        technique.on("epoch", run)
        technique.on("look", run)
        places.append(run.state.get("ngame", {}).get("place"))
        assert sorted(order(epoch)) == list(range(12)) and np.array_equal(order(epoch), order(epoch))
    assert places[0] is None and run.counters["ngame"]["refreshed"] == 2
    assert torch.equal(places[1], places[2]) and torch.equal(places[3], places[4])
    assert not torch.equal(places[2], places[3]) and not np.array_equal(order(3), order(4))


def test_it_keeps_to_the_rows_of_another_order() -> None:
    run = RunContext(seed=1, state={"ngame": {"place": torch.arange(12).flip(0)}})
    rows = Encoded({}, np.zeros(13, dtype=np.int64), {"row": np.arange(12)})
    order = NGAME(group=2).prepare_data(View(rows, lambda epoch: np.array([0, 5, 5, 11, 10])), run).order
    assert order is not None
    assert sorted(order(0)) == [0, 5, 5, 10, 11] and order(0)[-1] == 0
    assert {frozenset(order(0)[:2]), frozenset(order(0)[2:4])} == {frozenset({10, 11}), frozenset({5})}


def test_a_batch_is_one_group_unless_the_table_says_otherwise() -> None:
    run = RunContext(seed=1, settings=small.filled(batch_size=4), state={"ngame": {"place": torch.arange(12)}})
    rows = Encoded({}, np.zeros(13, dtype=np.int64), {"row": np.arange(12)})
    for group, found in ((None, 4), (2, 2)):
        order = NGAME(group=group).prepare_data(View(rows), run).order
        assert order is not None
        groups = order(0).reshape(-1, found) // found
        assert (groups == groups[:, :1]).all()


@pytest.mark.parametrize("rows", [{"group": 4}, {"start": 1, "refresh": 2}])  # the second: each batch is one group
def test_a_resume_inside_an_epoch_is_as_if_never_stopped(
    rows: dict[str, Any], ground: Searched, tmp_path: Path
) -> None:
    made = planned(ground, rows, max_steps=14, eval_every=4, **{"embedding.mini_batch": 4})
    whole = ground.fit(tmp_path / "whole", made).run()
    with pytest.raises(BombError):
        ground.fit(tmp_path / "parts", made, callbacks=[bomb(10)]).run()
    parts = ground.fit(tmp_path / "parts", made).run(last_checkpoint(tmp_path / "parts"))
    assert parts.counters == whole.counters and whole.counters["ngame"]["refreshed"] >= 1
    assert read_history(tmp_path / "whole" / "metrics.jsonl") == read_history(tmp_path / "parts" / "metrics.jsonl")


def refused(technique: NGAME, problem: str = "relevance", rows: int = ROWS, **settings: Any) -> PlanError:
    facts = Facts("embedding", LABELS[problem], small.filled(**settings), {}, frozenset(), rows)
    with pytest.raises(PlanError) as caught:
        technique.refuse(facts)
    return caught.value


def test_what_has_nothing_to_gain_is_refused() -> None:
    fine = {"batch_size": SIZE, "max_epochs": 3}
    NGAME(start=2).refuse(Facts("embedding", LABELS["relevance"], small.filled(**fine), {}, frozenset(), ROWS))
    for problem in ("single_label", "regression"):
        error = refused(NGAME(), problem)
        assert (error.code, error.allowed) == ("losses.problem", "relevance")
    error = refused(NGAME(), **{"embedding.loss": "triplet"})
    assert (error.code, error.key, error.value) == ("ngame.loss", "embedding.loss", "triplet")
    error = refused(NGAME(start=3), **fine)
    assert (error.code, error.allowed) == ("ngame.start", "0 … 2")
    error = refused(NGAME(start=2), **fine, max_steps=12)
    assert (error.code, error.value, error.allowed) == ("ngame.start", 2, "0 … 1")
