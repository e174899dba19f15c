"""The budget of ranks falls as the formula says, and the loss keeps P and Q orthogonal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.efficient import scatter, under
from tests.ground import Ground, weights
from tunebook.core.errors import TableError
from tunebook.core.params import build
from tunebook.techniques.adalora import AdaLoRA, unorthogonal

ACTS = {"rank": 2, "first_rank": 4, "every": 1, "warmup": 0.25, "final": 0.25}


def test_the_penalty_is_the_mean_distance_from_orthogonal() -> None:
    model, _, _ = under("adalora", first_rank=3, rank=2)
    scatter(model, "lora_")
    distances = []
    for name, item in model.named_parameters():
        matrix = item.detach().numpy().astype(np.float64)
        if "lora_A" in name or "lora_B" in name:
            square = matrix @ matrix.T if "lora_A" in name else matrix.T @ matrix
            distances.append(np.sqrt(((square - np.eye(3)) ** 2).sum()))
    assert len(distances) == 36
    assert float(unorthogonal(model).detach()) == pytest.approx(np.mean(distances), rel=1e-5)


def test_without_weight_there_is_no_penalty() -> None:
    _, run, technique = under("adalora", orthogonal=0.0)
    inner = lambda net, rows: (torch.tensor(1.0), None)  # noqa: E731
    assert technique.around_loss(inner, run) is inner  # type: ignore[attr-defined]
    _, run, technique = under("adalora", orthogonal=2.0)
    loss = technique.around_loss(inner, run)(run.model, {})[0]  # type: ignore[attr-defined]
    assert float(loss.detach()) == pytest.approx(1 + 2 * float(unorthogonal(run.model).detach()), rel=1e-6)


def budgets(total: int, first: int, last: int, begin: int, end: int) -> list[int]:
    """Formula 12: constant, then falling with the third power, then constant."""
    out = []
    for step in range(1, total + 1):
        left = 1 - (step - begin) / (total - end - begin)
        out.append(first if step <= begin else last if step >= total - end else int(last + (first - last) * left**3))
    return out


def test_ranks_are_taken_as_the_formula_says(ground: Ground, tmp_path: Path) -> None:
    used = {"adalora": build(AdaLoRA, ACTS).model_dump()}
    made = ground.plan(used, max_steps=8, eval_every=8)
    training = ground.fit(tmp_path, made)
    left: list[int] = []
    technique: Any = training.woven[0]
    plain = technique._choose

    def seen(run: Any) -> None:
        plain(run)
        left.append(sum(int((item != 0).sum()) for name, item in run.model.named_parameters() if "lora_E" in name))

    object.__setattr__(technique, "_choose", seen)
    outcome = training.run()
    wanted = budgets(8, 18 * 4, 18 * 2, 2, 2)
    assert wanted[0] == 72 and wanted[-1] == 36 and left[2:] == wanted[2:]  # in the first steps some e are still zero
    assert outcome.counters["adalora"]["ranks_left"] == 36 == outcome.counters["adalora"]["ranks_taken"]
    kept = sum(int((item != 0).sum()) for name, item in weights(tmp_path, made).items() if "lora_E" in name)
    assert kept == 36, "what was taken is zero in the model that is kept"


@pytest.mark.parametrize("rows", [{"rank": 12}, {"rank": 4, "first_rank": 4}, {"warmup": 0.6, "final": 0.4}])
def test_rows_that_contradict_each_other(rows: dict[str, Any]) -> None:
    with pytest.raises(TableError) as caught:
        build(AdaLoRA, rows)
    assert caught.value.code == "row.together"
