"""Relations between tokens, written out head by head; models of any width and number of layers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from tests import small, tiny
from tests.ground import FIRST, Ground
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import Facts, RunContext
from tunebook.techniques.distill_attention import DistillAttention, divergence

ACTS = {"teacher": FIRST, "weight": 10.0}
NEUTRAL = {"teacher": FIRST, "weight": 0.0}


def by_hand(teacher: torch.Tensor, student: torch.Tensor, length: int, heads: int) -> float:
    """Formulas 5 to 7 for one row: mean over heads and tokens of sum_j p_ij log(p_ij / q_ij)."""
    total = 0.0
    for head in range(heads):
        both = []
        for part in (teacher, student):
            width = part.shape[1] // heads
            cut = part[:length, head * width : (head + 1) * width]
            both.append(torch.softmax(cut @ cut.T / math.sqrt(width), dim=1))
        total += float((both[0] * (both[0] / both[1]).log()).sum()) / length
    return total / heads


def test_the_divergence_is_that_of_the_formula() -> None:
    draw = torch.Generator().manual_seed(0)
    teacher = torch.randn(3, 7, 24, generator=draw, dtype=torch.float64)
    student = torch.randn(3, 7, 12, generator=draw, dtype=torch.float64).requires_grad_()
    mask = torch.tensor([[1] * n + [0] * (7 - n) for n in (7, 4, 1)])
    found = divergence(teacher, student, mask, 4)
    wanted = [by_hand(teacher[row], student[row].detach(), n, 4) for row, n in enumerate((7, 4, 1))]
    assert found.tolist() == pytest.approx(wanted, abs=1e-9)
    found.sum().backward()
    assert student.grad is not None and torch.isfinite(student.grad).all() and (student.grad[1, 4:] == 0).all()
    assert float(divergence(teacher, teacher, mask, 4).abs().max()) < 1e-12


def teacher_of(kind: str, width: int = 24, layers: int = 4) -> Any:
    from transformers import AutoModelForSequenceClassification

    config = tiny.config(kind, labels=2)
    config.hidden_size, config.num_hidden_layers, config.vocab_size = width, layers, len(small.words()) + 5
    torch.manual_seed(3)
    return AutoModelForSequenceClassification.from_config(config).eval()


def woven(ground: Ground, folder: Path, teacher: Any, **rows: Any) -> Any:
    values = DistillAttention(teacher=FIRST, **rows).model_dump()
    training = ground.fit(folder, ground.plan({"distill_attention": values}))
    training.context.source.teacher = lambda name: teacher  # type: ignore[union-attr, method-assign]
    return training, training.prepare()


@pytest.mark.parametrize("kind", ["bert", "deberta-v2", "modernbert"])
def test_a_teacher_of_another_width_depth_and_architecture(kind: str, ground: Ground, tmp_path: Path) -> None:
    width = 24 if kind == "bert" else 16
    config = {"layers": 3} if kind == "modernbert" else {}
    training, trainer = woven(ground, tmp_path, teacher_of(kind, width, **config), layer=2)
    run = training.context
    batch = next(run.source.batches(training.view.rows, 6))
    run.model.train()
    trainer._loss(run.model, batch)[0].backward()
    assert run.counters["distill_attention"]["divergence"] > 0
    assert run.counters["distill_attention"]["heads"] == 2


def test_heads_layers_and_attention_that_do_not_go_together_are_refused(ground: Ground, tmp_path: Path) -> None:
    bare = teacher_of("bert")
    bare.bert.encoder.layer[3].attention = torch.nn.Identity()
    for number, (teacher, rows, code) in enumerate(
        [
            (teacher_of("bert"), {"heads": 3}, "distillation.heads"),
            (teacher_of("bert"), {"layer": 5}, "distillation.pairs"),
            (bare, {}, "distillation.attention"),
        ]
    ):
        with pytest.raises(PlanError) as caught:
            woven(ground, tmp_path / str(number), teacher, **rows)
        assert caught.value.code == code and caught.value.advice
    with pytest.raises(PlanError, match=r"1 . 2 . 4 . 8"):
        woven(ground, tmp_path / "more", teacher_of("bert"), heads=16)


def test_nobody_to_learn_from_is_refused() -> None:
    facts = Facts("text_classification", Labels(problem="regression"), {}, {}, frozenset(), 9)
    DistillAttention(teacher="r").refuse(facts)
    with pytest.raises(PlanError):
        DistillAttention().refuse(facts)


def test_without_weight_it_is_not_there() -> None:
    def inner(model: Any, batch: Any) -> Any: ...

    assert DistillAttention(teacher="r", weight=0.0).around_loss(inner, RunContext()) is inner
