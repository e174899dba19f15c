"""The difference of hidden states is that of transformers' own, over the tokens of each row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests import small, tiny
from tests.ground import FIRST, Ground, weights
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import Facts, RunContext
from tunebook.techniques.distill_hidden import DistillHidden

ACTS = {"teacher": FIRST}
NEUTRAL = {"teacher": FIRST, "weight": 0.0}


def prepared(ground: Ground, folder: Path, teacher: Any = None, **rows: Any) -> Any:
    """A training without dropout, its loss woven, perhaps with another teacher."""
    still = {"dropout": 0.0, "attention_dropout": 0.0, "classifier_dropout": 0.0}
    training = ground.fit(
        folder, ground.plan({"distill_hidden": DistillHidden(teacher=FIRST, **rows).model_dump()}, **still)
    )
    if teacher is not None:
        training.context.source.teacher = lambda name: teacher
    training.trainer_made = training.prepare()
    return training


def by_hand(training: Any, teacher: Any, pairs: list[tuple[int, int]], batch: Any) -> float:
    """The same with a loop over rows, tokens and pairs."""
    ask = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"], "output_hidden_states": True}
    net = training.context.model
    kinds = {"token_type_ids": batch["token_type_ids"]}
    with torch.no_grad():
        ours, theirs = net(**ask, **kinds).hidden_states, teacher(**ask, **kinds).hidden_states
    total = 0.0
    bridge = net.get_submodule("extra_distill_hidden")
    for number, (low, high) in enumerate(pairs):
        apart = (bridge[number](ours[low]) - theirs[high]) ** 2
        for row, length in enumerate(batch["attention_mask"].sum(1)):
            total += float(apart[row, :length].mean().detach())
    return total / len(pairs) / len(batch["row"])


@pytest.mark.parametrize("width", [16, 24])
def test_it_is_the_mean_over_pairs_rows_and_tokens(width: int, ground: Ground, tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification

    config = tiny.config("bert", labels=2)
    config.hidden_size, config.num_hidden_layers, config.vocab_size = width, 6, len(small.words()) + 5
    torch.manual_seed(3)
    teacher = AutoModelForSequenceClassification.from_config(config).eval()
    training = prepared(ground, tmp_path, teacher, weight=0.5)
    run = training.context
    run.model.train()
    batch = next(run.source.batches(training.view.rows, 6))
    value = training.trainer_made._loss(run.model, batch)[0] - training.criterion.loss(run.model, batch)[0]
    wanted = by_hand(training, teacher, [(0, 0), (1, 2), (2, 4), (3, 6)], batch)
    assert float(value.detach()) == pytest.approx(0.5 * wanted, rel=1e-3)
    assert run.counters["distill_hidden"]["pairs"] == 4
    bridged = [name for name, _ in run.model.named_parameters() if name.startswith("extra_")]
    assert len(bridged) == (0 if width == 16 else 4)


def test_a_projection_is_not_kept(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({"distill_hidden": DistillHidden(teacher=FIRST).model_dump()}, max_steps=2, eval_every=2)
    ground.fit(tmp_path, made).run()
    assert not any("extra" in name for name in weights(tmp_path, made))


@pytest.mark.parametrize(
    ("pairs", "student", "teacher", "expected"),
    [
        ("uniform", 3, 6, [(0, 0), (1, 2), (2, 4), (3, 6)]),
        ("uniform", 6, 6, [(n, n) for n in range(7)]),
        ("uniform", 4, 2, [(0, 0), (2, 1), (3, 2), (4, 2)]),  # what falls on the embeddings is left out
        ("last", 2, 6, [(0, 0), (1, 5), (2, 6)]),
        ("first", 2, 6, [(0, 0), (1, 1), (2, 2)]),
        ("1:2,3:6", 3, 6, [(1, 2), (3, 6)]),
    ],
)
def test_layers_are_paired(pairs: str, student: int, teacher: int, expected: list[tuple[int, int]]) -> None:
    assert DistillHidden(pairs=pairs).paired(student, teacher) == expected
    if expected[0] == (0, 0):
        assert DistillHidden(pairs=pairs, embeddings=False).paired(student, teacher) == expected[1:]


@pytest.mark.parametrize("pairs", ["", "1", "1:2:3", "4:1", "1:7", "-1:1", "all"])
def test_pairs_that_are_not_there_are_refused(pairs: str) -> None:
    with pytest.raises(PlanError) as caught:
        DistillHidden(pairs=pairs).paired(3, 6)
    assert caught.value.code == "distillation.pairs" and "0…6" in str(caught.value)


def test_nobody_to_learn_from_is_refused() -> None:
    facts = Facts("text_classification", Labels(problem="regression"), {}, {}, frozenset(), 9)
    DistillHidden(teacher="r").refuse(facts)
    with pytest.raises(PlanError):
        DistillHidden().refuse(facts)


def test_without_weight_it_is_not_there() -> None:
    def inner(model: Any, batch: Any) -> Any: ...

    assert DistillHidden(teacher="r", weight=0.0).around_loss(inner, RunContext()) is inner
