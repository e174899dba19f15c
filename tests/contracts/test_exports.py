"""Every task's cases either become a bundle that answers as the model does, or are refused with a reason.

A graph takes seconds to be written: the first case of each task is, the others are answered by torch in its place, so
that all that is done beside the graph (cleaning, tokens, windows, decoding, words) is compared for each of them.
"""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests import small
from tunebook.bundle.intact import sealed
from tunebook.bundle.runtime import Bundle
from tunebook.core.errors import PlanError
from tunebook.core.operation import Exporting
from tunebook.core.registry import tasks
from tunebook.core.searches import Searches
from tunebook.engine.load import LoadedModel
from tunebook.export import bundles
from tunebook.export.smaller import How
from tunebook.export.source import HEADS, Source, check_task
from tunebook.export.trials import trial
from tunebook.nets.linear_chain import NAME as CRF
from tunebook.nets.linear_chain import LinearChain

LENGTH = 24
EVERY = [(key, place) for key in HEADS for place in range(len(tasks()[key].cases()))]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    words = {
        word
        for key in HEADS
        for case in tasks()[key].cases()
        for text in (*case.rows.texts, *(case.rows.pairs or ()), *(case.rows.passages or ()))
        for word in text.lower().split()
    }
    return small.base_model(tmp_path_factory.mktemp("base"), "bert", sorted(words))


@cache
def source_of(base: Path, key: str, place: int) -> Source:
    from transformers import AutoTokenizer

    task, tokenizer = tasks()[key](), AutoTokenizer.from_pretrained(base)
    case = tasks()[key].cases()[place]
    params = small.filled(**{**case.params, "max_length": LENGTH})
    torch.manual_seed(1)
    model = task.build(base, case.labels, params).eval()
    with torch.no_grad():  # as large as trained ones, so that answers differ
        for parameter in model.parameters():
            parameter.mul_(4 if parameter.dim() > 1 else 1)
    plan: Any = SimpleNamespace(id="p", task=key, model="base", labels=case.labels, params=params)
    rows = replace(case.rows, words=None)
    loaded = LoadedModel(plan, task, model, tokenizer)
    vectors = isinstance(task, Searches)
    roles = SimpleNamespace(text_pair="pair" if rows.pairs is not None else None)
    data: Any = SimpleNamespace(stats={"cleaning": {"rules": ["space"]}}, roles=roles)
    searches = vectors and task.searches(case.labels) and rows.passages is None
    said = np.zeros((len(rows), 1), np.float32) if searches else loaded.logits(rows)
    return Source(
        "r", plan, task, model, tokenizer, data, rows, said, loaded.net.vectors, lambda: rows, LENGTH, base
    )  # fmt: skip


@pytest.mark.parametrize(("key", "place"), EVERY)
def test_a_bundle_answers_as_the_model(
    key: str, place: int, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_of(base, key, place)
    if place:
        monkeypatch.setattr("tunebook.bundle.runtime._session_run", lambda *given: source.ask)
        monkeypatch.setattr(bundles, "write_graph", lambda *given: given[3].write_bytes(b""))
    made = bundles.write_bundle(source, tmp_path, Exporting(), {"kind": "onnx", "options": {}}, How())
    assert made.proof is not None
    assert made.proof.equal_share == 1
    assert made.proof.max_difference < 1e-4
    assert made.scores
    bundle = Bundle(tmp_path)
    assert len({str(answer) for answer in trial(source, bundle).said}) > 1
    rows = bundle.read(["a room", "Oslo"], ["we found Oslo"] * 2 if wants_pairs(source) else None)
    together = bundle.outputs(rows)
    for row, output in zip(rows, together, strict=True):
        np.testing.assert_allclose(bundle.outputs([row])[0], output, atol=1e-4)
    assert len(bundle.answers(rows, together)) == 2


def test_what_a_crf_has_learnt_comes_with_it(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_of(base, "tagging", 0)
    chain = LinearChain(1 + 2 * len(source.plan.labels.names))
    torch.manual_seed(5)
    for item in chain.parameters():
        item.data = 3 * torch.randn_like(item)
    model = copy.deepcopy(source.model)
    model.add_module(CRF, chain)
    loaded = LoadedModel(source.plan, source.task, model, source.tokenizer)
    said = loaded.logits(source.validation)
    source = replace(source, model=model, said=said)
    monkeypatch.setattr("tunebook.bundle.runtime._session_run", lambda *given: source.ask)
    monkeypatch.setattr(bundles, "write_graph", lambda *given: given[3].write_bytes(b""))
    made = bundles.write_bundle(source, tmp_path, Exporting(), {"kind": "onnx", "options": {}}, How())
    assert made.proof is not None
    assert made.proof.equal_share == 1
    (tmp_path / "bundle.json").write_text(
        json.dumps(sealed({**json.loads((tmp_path / "bundle.json").read_text()), "decoding": {}})), encoding="utf-8"
    )
    without = Bundle(tmp_path)
    asked = trial(source, without)
    assert asked.asked(without.outputs_of(asked.rows)) != asked.said


def wants_pairs(source: Source) -> bool:
    if source.plan.task == "text_classification":
        return source.validation.pairs is not None
    return source.plan.task in ("reranking", "question_answering")


@pytest.mark.parametrize("key", sorted(set(tasks()) - set(HEADS)))
def test_other_tasks_are_refused_with_a_way_out(key: str) -> None:
    with pytest.raises(PlanError) as caught:
        check_task(key)
    assert caught.value.code == "export.task"
    assert "--to hf" in str(caught.value)
