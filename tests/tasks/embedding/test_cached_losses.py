"""The cached loss (GradCache) has the gradients of the plain one, whatever the loss, and Matryoshka around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import small
from tunebook.core.hooks import Case
from tunebook.tasks.embedding import Embedding
from tunebook.tasks.embedding.classes import mated

TASK = Embedding()
CASES = {case.name: case for case in TASK.cases()}
QUIET = {"dropout": 0.0, "attention_dropout": 0.0, "classifier_dropout": 0.0}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    words = sorted({word for case in CASES.values() for text in case.rows.texts for word in text.lower().split()})
    return small.base_model(tmp_path_factory.mktemp("base"), "bert", words)


def gradients(case: Case, base: Path, rows: list[int], **more: Any) -> tuple[float, dict[str, torch.Tensor]]:
    from tunebook.models.source import load_tokenizer

    params = small.filled(**{**QUIET, **case.params, **more})
    torch.manual_seed(1)
    model = TASK.build(base, case.labels, params).train()
    encoded = TASK.encode(case.rows, load_tokenizer(base), 24)
    encoded = mated(encoded, (1,)) if case.labels.names else encoded
    loss, _ = TASK.criterion(case.labels, params, encoded).loss(model, TASK.collate(encoded, rows, 0))
    (3 * loss).backward()
    return loss.item(), {name: one.grad for name, one in model.named_parameters() if one.grad is not None}


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=st.permutations(range(10)).map(lambda order: list(order[:7])),
    lines=st.integers(1, 12),
    dims=st.sampled_from([None, ["16", "5"]]),
)
def test_gradients_are_those_of_one_pass(name: str, base: Path, rows: list[int], lines: int, dims: Any) -> None:
    plain = gradients(CASES[name], base, rows, **{"embedding.dims": dims})
    cached = gradients(CASES[name], base, rows, **{"embedding.dims": dims, "embedding.mini_batch": lines})
    assert cached[0] == pytest.approx(plain[0], rel=1e-5, abs=1e-7)
    assert cached[1].keys() == plain[1].keys() and any(one.any() for one in plain[1].values())
    for part, gradient in plain[1].items():
        least = 1e-6 + 1e-5 * float(gradient.abs().max())
        torch.testing.assert_close(cached[1][part], gradient, rtol=1e-3, atol=least)
