"""Biases and head are trained, nothing else; models without biases are refused."""

from __future__ import annotations

import pytest

from tests import tiny
from tests.efficient import facts, under
from tunebook.core.errors import PlanError
from tunebook.core.technique import RunContext
from tunebook.techniques.bitfit import BitFit


@pytest.mark.parametrize("kind", ["bert", "distilbert", "deberta"])
def test_biases_and_head_are_trained(kind: str) -> None:
    model, _, _ = under("bitfit", kind)
    head = ("classifier", "pre_classifier", "pooler", "bert.pooler")
    for name, item in model.named_parameters():
        assert item.requires_grad == (name.endswith("bias") or name.startswith(head)), name


def test_a_model_without_biases_is_refused_by_its_kind_and_by_its_names() -> None:
    with pytest.raises(PlanError, match="modernbert"):
        BitFit().refuse(facts("modernbert"))
    net = tiny.classifier("modernbert")
    with pytest.raises(PlanError) as caught:
        BitFit().prepare_model(net, RunContext(model=net))
    assert caught.value.code == "peft.no_biases" and caught.value.allowed == "ia3=on"
