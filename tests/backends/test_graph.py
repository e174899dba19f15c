"""onnxruntime in the place of a forward pass, against torch, for every case of every task that it may answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AutoTokenizer

from tests.backends.models import CASES, base_model, made
from tunebook.backends import graph as module
from tunebook.backends.graph import check, make_graph, strange
from tunebook.backends.measured import Trial
from tunebook.core.errors import MachineError, ModelError, PlanError
from tunebook.core.task import Rows
from tunebook.engine.infer import vectors
from tunebook.nets.linear_chain import NAME as CRF
from tunebook.nets.linear_chain import LinearChain


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: base_model(tmp_path_factory.mktemp(kind), kind) for kind in ("bert", "roberta")}


def both(found: Any, **how: Any) -> tuple[Any, Any]:
    """Answers of torch and of the graph."""
    inference = replace(found.inference, **how)
    right = inference.run(found.model, found.encoded).logits
    check(found.model)
    made_graph, runs = make_graph(found.model, found.model.config.to_dict(), 1), list[Any]()
    graph = replace(made_graph, run=lambda *given: runs.append(given) or made_graph.run(*given))
    with graph.on(found.model):
        other = inference.run(found.model, found.encoded).logits
    assert runs and "forward" not in found.model.__dict__
    np.testing.assert_array_equal(inference.run(found.model, found.encoded).logits, right, "torch answers again")
    return right, other


@pytest.mark.parametrize("kind", ["bert", "roberta"])
@pytest.mark.parametrize(("key", "place"), CASES)
def test_the_answers_are_those_of_torch(key: str, place: int, kind: str, bases: dict[str, Path]) -> None:
    found = made(bases[kind], key, place)
    right, other = both(found)
    trial = Trial(found.inference, found.model, found.labels, found.encoded, right, 1.0)
    difference, same = trial.compared(other)
    assert same and difference < 1e-5, difference
    assert len(np.unique(right, axis=0)) > 1, "rows that the model tells apart"


@pytest.mark.parametrize("size", [1, 5])
def test_vectors_in_batches_of_any_size(size: int, bases: dict[str, Path]) -> None:
    found = made(bases["bert"], "embedding", 0)
    texts = sorted(set(found.rows.texts))
    alone = found.task.encode(
        Rows(texts, None, None, [""] * len(texts)), AutoTokenizer.from_pretrained(bases["bert"]), 24
    )
    right, other = both(replace(found, encoded=alone), read=vectors, batch_size=size)
    np.testing.assert_allclose(other, right, atol=1e-5)


def test_what_a_crf_has_learnt_still_decides(bases: dict[str, Path]) -> None:
    found = made(bases["bert"], "tagging", 0)
    plain, _ = both(found)
    chain = LinearChain(found.model.config.num_labels)
    torch.manual_seed(0)
    with torch.no_grad():
        chain.transitions.copy_(torch.randn(chain.transitions.shape) * 9)
    found.model.add_module(CRF, chain)
    right, other = both(found)
    np.testing.assert_allclose(other, right, atol=1e-5)
    assert right.shape != plain.shape or not np.allclose(right, plain)


def test_tokens_alone_are_all_real_and_of_one_type(bases: dict[str, Path]) -> None:
    found = made(bases["bert"], "text_classification", 0)
    ids = torch.tensor([[2, 5, 6, 3]])
    given = make_graph(found.model, found.model.config.to_dict(), 1).forward(ids).logits
    with torch.inference_mode():
        torch.testing.assert_close(given, found.model(ids).logits, atol=1e-5, rtol=0)


def refused(model: nn.Module) -> str:
    with pytest.raises(ModelError) as error:
        check(model)
    assert error.value.code == "backend.unfit"
    return str(error.value.fields["value"]).strip("'")


class Other(nn.Linear):
    """Computes something else than its weights say."""


def test_parts_that_are_not_usual_are_named(bases: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    model = made(bases["bert"], "text_classification", 0).model
    assert strange(model) == ""
    hook = model.bert.pooler.register_forward_hook(lambda *_: None)
    assert refused(model) == "bert.pooler (BertPooler)"
    hook.remove()
    hook = model.bert.register_forward_pre_hook(lambda *_: None)
    assert refused(model) == "bert (BertModel)"
    hook.remove()
    model.forward = lambda **given: None
    assert refused(model).startswith("model (")
    del model.forward
    model.add_module("extra_head", Other(2, 2))
    assert strange(model) == "", "it serves the training alone"
    model.bert.pooler.dense = Other(16, 16)
    assert refused(model) == "bert.pooler.dense (Other)"
    monkeypatch.setattr(module, "MOST", 10)
    assert "10 parameters" in refused(model)


def test_another_device_and_a_missing_package_are_told(bases: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(nn.Linear(2, 2, device="meta")) == "meta"
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "onnx" else object())
    with pytest.raises(MachineError, match="onnx"):
        check(nn.Linear(2, 2))


def test_what_has_no_graph_or_no_session_is_told(tmp_path: Path, bases: dict[str, Path], monkeypatch: Any) -> None:
    from tunebook.export import operators

    other = made(base_model(tmp_path, "distilbert"), "text_classification", 0).model
    with pytest.raises(PlanError, match="distilbert"):
        make_graph(other, other.config.to_dict(), 1)
    model = made(bases["bert"], "text_classification", 0).model

    def session(*given: Any) -> Any:
        raise RuntimeError("no such operator\nat all")

    monkeypatch.setattr(operators, "session", session)
    with pytest.raises(ModelError) as error:
        make_graph(model, model.config.to_dict(), 1)
    assert error.value.fields["value"] == "'no such operator'"
