"""What is learnt from a teacher is Hinton's gradient; several teachers are one with their mean probability."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.ground import FIRST, Ground
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.registry import task_of
from tunebook.core.task import Items
from tunebook.core.technique import Facts, RunContext
from tunebook.techniques.distill import Distill
from tunebook.verbs.steps.order import order

ACTS = {"teacher": [FIRST]}
NEUTRAL = {"teacher": [FIRST], "weight": 0.0}
BATCH = {"row": torch.tensor([2, 0, -1, 1]), "labels": torch.tensor([0, 1, 2, 0])}
WEIGHTS = torch.tensor([1.0, 3.0, 2.0, 0.5])


def learnt(
    technique: Distill, logits: torch.Tensor, taught: np.ndarray, problem: Any = "single_label", unit: float = 1.0
) -> Any:
    """The loss around one of 5, of rows with weights."""
    run = RunContext(
        labels=Labels(problem=problem, names=["a", "b", "c"]),
        source=SimpleNamespace(taught=lambda name: taught.astype(np.float32)),  # type: ignore[arg-type]
        criterion=SimpleNamespace(flat=lambda out, batch: Items(out / unit, batch["labels"], WEIGHTS), unit=unit),  # type: ignore[arg-type]
    )
    inner = lambda model, batch: (torch.tensor(5.0), logits)  # noqa: E731
    return technique.around_loss(inner, run)(None, BATCH)[0], run  # type: ignore[arg-type]


@pytest.fixture
def pair() -> tuple[torch.Tensor, np.ndarray]:
    draw = np.random.default_rng(0)
    logits = torch.from_numpy(draw.normal(size=(4, 3))).requires_grad_()
    return logits, draw.normal(size=(3, 3)).astype(np.float32)


def test_it_is_the_divergence_of_the_softened_probabilities(pair: tuple[torch.Tensor, np.ndarray]) -> None:
    logits, taught = pair
    value, run = learnt(Distill(weight=0.3, temperature=4.0), logits, taught)
    total = 0.0
    for place, row in enumerate([2, 0, None, 1]):
        if row is None:
            continue
        p, q = (
            np.exp(z / 4) / np.exp(z / 4).sum() for z in (taught[row].astype(float), logits.detach().numpy()[place])
        )
        total += float(WEIGHTS[place]) * 16 * (p * np.log(p / q)).sum()
    assert float(value.detach()) == pytest.approx(0.7 * 5 + 0.3 * total / 6.5, rel=1e-6)
    assert run.counters["distill"]["rows"] == 3


def test_a_high_temperature_matches_logits(pair: tuple[torch.Tensor, np.ndarray]) -> None:
    """Formula 4 of the paper times T^2: the gradient tends to (z - v) / N for logits of mean zero."""
    logits, taught = pair
    value, _ = learnt(Distill(weight=1.0, temperature=1e3), logits, taught)
    value.backward()
    z, v = logits.detach()[[0, 1, 3]], torch.from_numpy(taught)[[2, 0, 1]].double()
    apart = (z - z.mean(1, keepdim=True)) - (v - v.mean(1, keepdim=True))
    weights = WEIGHTS[[0, 1, 3]][:, None] / 6.5
    assert logits.grad is not None
    torch.testing.assert_close(logits.grad[[0, 1, 3]], weights * apart / 3, rtol=2e-3, atol=1e-5)
    assert (logits.grad[2] == 0).all(), "the teacher was not asked about a row from elsewhere"


def test_numbers_are_drawn_to_the_teachers() -> None:
    logits = torch.tensor([[1.0], [2.0], [9.0], [4.0]])
    value, _ = learnt(Distill(weight=1.0, temperature=3.0), logits, np.array([[2.0], [4.0], [0.0]]), "regression")
    assert float(value) == pytest.approx((1 * 1 + 3 * 0 + 0.5 * 0) / 6.5, abs=1e-5)
    wide, taught = 64 * logits, 64 * np.array([[2.0], [4.0], [0.0]])
    assert learnt(Distill(weight=1.0, temperature=3.0), wide, taught, "regression", unit=64.0)[0] == value


def test_nobody_to_learn_from_is_refused() -> None:
    facts = Facts("text_classification", Labels(problem="regression"), {}, {}, frozenset(), 9)
    Distill(teacher=["r"]).refuse(facts)
    for teacher in (None, []):
        with pytest.raises(PlanError) as caught:
            Distill(teacher=teacher).refuse(facts)
        assert caught.value.code == "distillation.teacher"


def test_a_teacher_alone_is_copied(ground: Ground, tmp_path: Path) -> None:
    """With the whole loss the teacher's, what is learnt comes near its answers on every row."""
    rows = Distill(teacher=[FIRST, FIRST], weight=1.0).model_dump()
    training = ground.fit(tmp_path, ground.plan({"distill": rows}, max_steps=40, eval_every=40))
    outcome = training.run()
    assert outcome.counters["distill"]["divergence"] < 0.01


def test_without_weight_it_is_not_there() -> None:
    def inner(model: Any, batch: Any) -> Any: ...

    assert Distill(teacher=["r"], weight=0.0).around_loss(inner, RunContext()) is inner


def test_models_that_write_learn_each_next_token_from_one_teacher() -> None:
    draw = np.random.default_rng(0)
    said, taught = (torch.from_numpy(draw.normal(size=(4, 3))) for _ in range(2))
    run = RunContext(
        gives=frozenset({"words"}),
        labels=Labels(problem="written"),
        source=SimpleNamespace(teacher=lambda name: lambda **inputs: taught),  # type: ignore[arg-type]
        criterion=SimpleNamespace(flat=lambda out, batch: Items(out, batch["labels"], torch.ones(4))),  # type: ignore[arg-type]
    )
    loss = Distill(weight=0.25, temperature=2.0).around_loss(lambda model, batch: (torch.tensor(5.0), said), run)  # type: ignore[arg-type]
    value, _ = loss(None, {"labels": torch.tensor([0, 1, 2, 0])})
    p, q = ((part / 2).softmax(-1) for part in (taught, said))
    expected = 4 * (p * (p / q).log()).sum(-1).mean()  # T^2 KL(teacher || student)
    assert float(value) == pytest.approx(0.75 * 5 + 0.25 * float(expected), rel=1e-6)


def test_what_it_cannot_learn_is_refused() -> None:
    facts = Facts("instruction", Labels(problem="written"), SimpleNamespace(), {}, frozenset(), 9)  # type: ignore[arg-type]
    with pytest.raises(PlanError) as caught:
        Distill(teacher=["one", "two"]).refuse(facts)
    assert caught.value.code == "distillation.several"
    with pytest.raises(PlanError) as caught:
        order({"distill": {}}, task_of("tagging")())
    assert (caught.value.code, caught.value.value) == ("plan.needs", "answer_logits")
