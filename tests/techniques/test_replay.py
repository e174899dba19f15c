"""Replay: which rows are kept, how often they come, and where they stand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from tests import tiny
from tests.techniques.chains import Net, Past, run_of, some_rows, together
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import Facts, View
from tunebook.techniques.replay import Replay, fair_shares, features_of, herd

ACTS = {"size": 20, "share": 0.3}


def seen(technique: Replay, new: Any, past: Any, problem: str = "single_label") -> View:
    net = Net().eval()
    return technique.prepare_data(View(new), run_of(net, Past(past, old=net), problem))


def kept(view: View) -> Any:
    return view.rows.take(np.flatnonzero(view.rows.fixed["row"] == -1))


def test_everything_is_joint_training() -> None:
    new, past = some_rows(10), together(some_rows(6, age=1), some_rows(4, age=2))
    view = seen(Replay(size="all"), new, past)
    assert view.order is None and len(view.rows) == 20
    assert (view.rows.fixed["labels"] == np.concatenate([new.fixed["labels"], past.fixed["labels"]])).all()
    assert "past.age" not in view.rows.fixed and (view.rows.fixed["row"][10:] == -1).all()


def test_targets_that_are_lists_are_as_long_as_the_longest() -> None:
    new = some_rows(2).with_fixed(labels=np.array([[1, 0, 2, 5], [0, 0, 0, 0]]))
    past = some_rows(1, age=1).with_fixed(labels=np.array([[2, 0, 2, 5, 3, 4, 1]]))
    found = seen(Replay(size="all"), new, past).rows.fixed["labels"]
    assert found.tolist() == [[1, 0, 2, 5, 0, 0, 0], [0] * 7, [2, 0, 2, 5, 3, 4, 1]]


def test_a_reservoir_is_a_uniform_sample() -> None:
    past, counts = some_rows(10, age=1), np.zeros(10)
    for seed in range(600):
        net = Net()
        view = Replay(size=4, choice="reservoir").prepare_data(
            View(some_rows(3)), replace(run_of(net, Past(past)), seed=seed)
        )
        counts += [(kept(view).fixed["numbers"] == row).all(1).any() for row in past.fixed["numbers"]]
    assert counts.sum() == 2400
    assert ((counts - 240) ** 2 / 144).max() < 16, "each row is kept with chance 0.4: within 4 standard deviations"


def test_balanced_takes_as_many_of_each_class() -> None:
    labels = np.array([0] * 30 + [1] * 8 + [2] * 2)
    past = some_rows(40, age=1).with_fixed(labels=labels)
    found = kept(seen(Replay(size=12), some_rows(5), past)).fixed["labels"]
    assert np.bincount(found).tolist() == [5, 5, 2]


def test_rows_of_several_labels_belong_to_their_rarest() -> None:
    labels = np.array([[1, 0, 0]] * 20 + [[1, 1, 0]] * 3 + [[0, 0, 0]] * 7, dtype=np.float32)
    past = some_rows(30, age=1).with_fixed(labels=labels)
    new = some_rows(5, problem="multi_label")
    found = kept(seen(Replay(size=9), new, past, "multi_label")).fixed["labels"]
    assert sorted(map(tuple, found.tolist())) == [(0, 0, 0)] * 3 + [(1, 0, 0)] * 3 + [(1, 1, 0)] * 3


def test_herding_keeps_the_mean_of_each_class_nearer_than_chance_does() -> None:
    past = some_rows(90, age=1)
    net = Net().eval()
    from tunebook.techniques.replay import features_of

    features = features_of(net, Past(None).batches(past))

    def far(view: View) -> float:
        mine = features_of(net, Past(None).batches(kept(view)))
        both = ((features, past.fixed["labels"]), (mine, kept(view).fixed["labels"]))
        means = [[part[labels == place].mean(0) for place in range(3)] for part, labels in both]
        return float(np.linalg.norm(np.array(means[0]) - np.array(means[1])))

    herded, drawn = (far(seen(Replay(size=15, choice=how), some_rows(5), past)) for how in ("herding", "balanced"))
    assert herded < drawn / 2


def test_a_share_of_each_epoch() -> None:
    view = seen(Replay(size=4, choice="reservoir", share=0.25), some_rows(30), some_rows(9, age=1))
    assert view.order is not None
    first, second = view.order(0), view.order(1)
    assert len(first) == len(second) == 40 and (first == view.order(0)).all() and (first != second).any()
    assert sorted(first[first < 30]) == list(range(30))
    again = np.bincount(first[first >= 30] - 30)
    assert again.sum() == 10 and again.min() >= 2 and again.max() <= 3, "all four come before one comes again"
    places = np.flatnonzero(first >= 30)
    assert places.min() < 15 < places.max(), "in between, not at one end"


def test_the_order_of_another_technique_stays() -> None:
    new = some_rows(12)
    given = View(new, lambda epoch: np.arange(8)[:: 1 if epoch else -1])
    run = run_of(Net(), Past(some_rows(9, age=1)))
    view = Replay(size=3, choice="reservoir").prepare_data(given, run)
    assert view.order is not None
    order = view.order(0)
    assert len(order) == 11 and order[order < 12].tolist() == list(range(8))[::-1]
    assert run.counters["replay"] == {"rows_kept": 3, "rows_an_epoch": 3, "share": 3 / 11}


def test_weights_and_columns_of_others() -> None:
    weights = np.full(5, 0.5, dtype=np.float32)
    new, past = some_rows(5), some_rows(4, age=1)
    view = seen(Replay(size="all"), new.with_fixed(sample_weight=weights, **{"other.mark": np.ones((5, 2))}), past)
    assert view.rows.fixed["sample_weight"].tolist() == [0.5] * 5 + [1.0] * 4
    assert view.rows.fixed["other.mark"].tolist() == [[1, 1]] * 5 + [[0, 0]] * 4
    view = seen(Replay(size="all"), new, past.with_fixed(sample_weight=np.full(4, 2.0, dtype=np.float32)))
    assert view.rows.fixed["sample_weight"].tolist() == [1.0] * 5 + [2.0] * 4


def test_fair_shares() -> None:
    assert fair_shares([30, 8, 2], 12) == [5, 5, 2]
    assert fair_shares([3, 3], 10) == [3, 3]
    assert fair_shares([9, 9, 9], 4) == [2, 1, 1]
    assert fair_shares([9, 9, 9], 2) == [1, 1, 0]


def test_numbers_have_no_classes() -> None:
    facts = Facts("text_classification", Labels(problem="regression"), {}, {}, frozenset(), 9)
    with pytest.raises(PlanError) as caught:
        Replay().refuse(facts)
    assert caught.value.code == "forgetting.classes"
    Replay(choice="reservoir").refuse(facts)
    Replay().refuse(replace(facts, labels=Labels(problem="ordinal")))


def greedy(features: np.ndarray, count: int) -> list[int]:
    """Rebuffi et al., algorithm 4, term by term."""
    chosen: list[int] = []
    for _ in range(count):
        costs = {}
        for place in range(len(features)):
            if place not in chosen:
                mean = features[[*chosen, place]].mean(0)
                costs[place] = float(np.linalg.norm(features.mean(0) - mean))
        chosen.append(min(costs, key=lambda place: costs[place]))
    return chosen


def test_the_choice_is_the_algorithm() -> None:
    features = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    assert herd(features, 12).tolist() == greedy(features, 12)
    assert sorted(herd(features, 30)) == list(range(30))
    assert herd(features, 0).shape == (0,)


def test_features_are_the_mean_over_a_rows_own_tokens() -> None:
    model = tiny.classifier("bert").eval()
    batch = tiny.collate(tiny.rows(5))
    found = features_of(model, [batch])
    assert found.shape == (5, 16)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    alone = {
        name: value[2:3, : int(batch["attention_mask"][2].sum())] for name, value in batch.items() if name != "labels"
    }
    with torch.no_grad():
        last = model.bert(**alone).last_hidden_state[0].mean(0)
    assert np.allclose(found[2], (last / last.norm()).numpy(), atol=1e-4)


def test_features_of_a_model_without_tokens() -> None:
    found = features_of(Net().eval(), Past(None).batches(some_rows(9)))
    assert found.shape == (9, 7)
